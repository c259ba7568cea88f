# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the account files hold at this moment.

Note that this module util is **PRIVATE** to the collection.
"""

from typing import Dict

from .accounts import Shadow, parse_passwd, parse_shadow


def read_shadows() -> Dict[str, Shadow]:
    """/etc/shadow, read afresh."""
    with open("/etc/shadow", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
        return parse_shadow(stream.read())


def read_uids() -> Dict[str, int]:
    """Numbers of all accounts in /etc/passwd, read afresh."""
    with open("/etc/passwd", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
        return {name: account.uid for name, account in parse_passwd(stream.read()).items()}

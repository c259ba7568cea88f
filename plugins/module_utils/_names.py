# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the product is called in what it leaves on hosts. Names that earlier versions gave are known, so that they are taken over.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Tuple

PRODUCT = "alicloud-ecs-access"


def temporary_names(name: str) -> Tuple[str, ...]:
    """Beside a file, where its successor is written; then the names that earlier versions gave it.

    Always the same, so that what a killed run left is cleared by the next. The dot keeps it out of the wildcards of sshd and sudo.
    """
    return (".%s.%s" % (name, PRODUCT), ".%s.ecs-access" % name, ".%s.ecs_access-new" % name.lstrip("."))

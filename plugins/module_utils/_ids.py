# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be an instance's id, a region or an address, wherever it comes from: all three become words of commands.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import ipaddress
import re
from typing import Any

# Instances of ECS, and servers elsewhere that Cloud Assistant manages.
_ID = re.compile(r"m?i-[A-Za-z0-9]+(-[A-Za-z0-9]+)*\Z")
_LONGEST_ID = 64
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{1,62}\Z")


def is_instance_id(text: Any) -> bool:
    """Whether the text can be an instance's id: ids become words of commands, names of files and hosts in known_hosts."""
    return isinstance(text, str) and len(text) <= _LONGEST_ID and _ID.match(text) is not None


def is_region(text: Any) -> bool:
    """Whether the text can be a region's id: it becomes part of a host name."""
    return isinstance(text, str) and _REGION.match(text) is not None


def is_address(text: str) -> bool:
    """Whether the text is an IP address and nothing else: addresses become words of commands."""
    try:
        return not getattr(ipaddress.ip_address(text), "scope_id", None)
    except ValueError:
        return False

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How modules document check mode, diff mode and other attributes."""


class ModuleDocFragment:
    """The usual attributes; each module adds its C(support) and C(details)."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change without changing it.
  diff_mode:
    description: Shows in C(diff_mode) what has changed, or would change in C(check_mode).
  idempotent:
    description: When run twice in a row outside check mode with the same arguments, the second run changes nothing.
  platform:
    description: The systems that can be managed.
    support: full
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details: This module changes nothing.
  diff_mode:
    support: N/A
    details: This module changes nothing.
  idempotent:
    support: full
    details: This module changes nothing.
"""

    ACTIONGROUP_ECS = r"""
options: {}
attributes:
  platform:
    platforms: posix
  action_group:
    description: Use C(group/alicloud.ecs_access.ecs) in C(module_defaults) to set options of all cloud modules at once.
    support: full
    membership:
      - alicloud.ecs_access.ecs
"""

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a private key that was pasted from the module, which would log it."""

from __future__ import annotations

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.key_action import KeyAction


class ActionModule(KeyAction):
    """Runs the module in one round trip."""

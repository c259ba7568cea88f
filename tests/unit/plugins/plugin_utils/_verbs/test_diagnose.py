# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong variables of diagnose."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import diagnose
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import StepFailed


def tools(**variables):
    return SimpleNamespace(get=lambda name, default=None: variables.get(name, default), path=lambda name: "")


@pytest.mark.parametrize("address", ["here", "192.0.2.0/24", "192.0.2.1,192.0.2.2"])
def test_what_is_no_address_is_a_sentence(address):
    with pytest.raises(StepFailed, match="ecs_access_address must be the IPv4 or IPv6 address that the user logs in from"):
        diagnose.check(tools(ecs_access_user="anna", ecs_access_address=address))


@pytest.mark.parametrize("address", ["", None, "192.0.2.1", "2001:db8::1"])
def test_addresses(address):
    diagnose.check(tools(ecs_access_user="anna", ecs_access_address=address))

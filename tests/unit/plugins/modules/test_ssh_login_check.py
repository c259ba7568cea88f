# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of ssh_login_check that would come out as causes that do not exist."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import ModuleFailure
from ansible_collections.alicloud.ecs_access.plugins.modules import ssh_login_check


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"address": "here"}, "address 'here' is not one IPv4 or IPv6 address"),
        ({"address": "192.0.2.0/24"}, "address '192.0.2.0/24' is not one IPv4 or IPv6 address"),
        ({"address": "192.0.2.1 "}, "address '192.0.2.1 ' is not one IPv4 or IPv6 address"),
        ({"port": 0}, "port must be from 1 to 65535, not 0"),
        ({"port": 70000}, "port must be from 1 to 65535, not 70000"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_read(monkeypatch, options, sentence):
    monkeypatch.setattr(ssh_login_check, "read_facts", lambda *_all: pytest.fail("the host was read"))
    params = {"user": "anna", "public_key": None, "address": None, "port": None, "session": "command", "prove": False, **options}
    with pytest.raises(ModuleFailure) as caught:
        ssh_login_check.check_login(params, False)
    assert str(caught.value) == sentence

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils import _ids


@pytest.mark.parametrize("name", ["root", "ecs-user", "john.doe", "_apt", "j@example.com", "0day", "a" * 64])
def test_names_of_users_that_may_be_sent(name):
    assert _ids.check_user_name(name) == name


@pytest.mark.parametrize("name", ["", "-x", "--ssh-public-key", ".x", "@x", "a b", "a;b", "$(id)", "a" * 65, "root\n", "pc$"])
def test_names_of_users_that_are_refused(name):
    with pytest.raises(_ids.NameRefused, match="cannot be sent") as caught:
        _ids.check_user_name(name)
    assert caught.value.code == "name_refused"


@pytest.mark.parametrize("name", ["root", "ann@example.com", "EXAMPLE\\ann", "j.o-e+1", "zo\u00eb", "_x"])
def test_users_of_logins(name):
    assert _ids.is_login_name(name)


@pytest.mark.parametrize("name", ["", "-x", "$HOME", "x$HOME", "a b", "a;b", "`a`", '"a', "a\\", "a\\\\b", "a%h", "a\n", "{{a}}", "a" * 129, None, ["a"]])
def test_what_is_more_than_a_word_is_no_login(name):
    assert not _ids.is_login_name(name)


@pytest.mark.parametrize("text", ["", "*", "i-a b", "-i", "i-a\n", "@cert-authority", "i-" + "a" * 63])
def test_ids_of_instances_that_are_refused(text):
    with pytest.raises(_ids.NameRefused, match="is not one"):
        _ids.check_instance_id(text)


@pytest.mark.parametrize("text", ["i-bp1abcdefghijklmnop", "mi-hz0123", "i-web-1"])
def test_ids_of_instances_that_are_taken(text):
    assert _ids.check_instance_id(text) == text

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not a hash of a password never leaves the controller."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted_hashes import with_plain_hashes
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted_keys import WantedError


def test_hashes_are_sent_without_the_blanks_around_them():
    given = {"users": [{"name": "a", "password_hash": " $6$abc$def\n"}, {"name": "b"}, "c"], "groups": []}
    assert with_plain_hashes(given) == {"users": [{"name": "a", "password_hash": "$6$abc$def"}, {"name": "b"}, "c"], "groups": []}
    assert given["users"][0]["password_hash"].endswith("\n")


@pytest.mark.parametrize("text", ["secret", "$6$abc\n$def", "$6$abc'$def", ""])
def test_what_is_no_hash(text):
    with pytest.raises(WantedError) as caught:
        with_plain_hashes({"users": [{"password_hash": text}]})
    assert "users[0].password_hash is not the output of crypt(3)" in str(caught.value)
    assert not text or text not in str(caught.value)


def test_whoever_goes_is_kept_by_no_hash():
    assert with_plain_hashes({"users": [{"name": "a", "state": "absent", "password_hash": "secret"}]}) == {"users": [{"name": "a", "state": "absent"}]}


@pytest.mark.parametrize("options", [{}, {"users": None}, {"users": "{{ users }}"}, {"users": [None, 1]}, {"users": [{"password_hash": None}]}])
def test_what_the_module_itself_will_refuse(options):
    assert with_plain_hashes(options) == options

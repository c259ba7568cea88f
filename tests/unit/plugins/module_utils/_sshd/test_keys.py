# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether one of a user's keys would be accepted, however many there are."""

import base64

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.facts import AccountFacts, KeyCommandFacts, KeyFileFacts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd import keys

PATH = "/home/bob/.ssh/authorized_keys"
SETTINGS = {"authorizedkeysfile": [".ssh/authorized_keys"], "pubkeyauthentication": ["yes"]}


def line(number, options=""):
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + number.to_bytes(32, "big")
    return "%sssh-ed25519 %s\n" % (options, base64.b64encode(blob).decode())


@pytest.fixture
def find(monkeypatch):
    """find(content): the problem, and how many keys were tried."""

    def call(content):
        tried = []
        seen = (KeyFileFacts(PATH, "ok", (), (), "", content.encode(), ""),)
        account = AccountFacts(found=True, uid=1000, gid=1000, home="/home/bob")
        answers = {"read_account": account, "query_key_command": KeyCommandFacts(), "is_debians": False, "read_key_files": seen}
        for name, answer in answers.items():
            monkeypatch.setattr(keys, name, lambda _asked, answer=answer: answer)
        monkeypatch.setattr(keys, "read_revoked", lambda facts: tried.append(facts.request.key) or ("", "", False))
        return keys.find_key_problem("/usr/sbin/sshd", SETTINGS, "bob", None), len(tried)

    return call


EXPIRED = 'expiry-time="20200101" '


def test_one_good_key_is_enough(find):
    assert find(line(1, EXPIRED) + line(2)) == (None, 2)


def test_a_key_that_stands_there_twice_is_tried_once(find):
    problem, tried = find(line(1, EXPIRED) * 3)
    assert tried == 1 and "is over" in problem and "were tried" not in problem


def test_an_account_with_any_number_of_keys_keeps_nobody_waiting(find):
    problem, tried = find("".join(line(number, EXPIRED) for number in range(60)))
    assert tried == 50 and problem.endswith("; of its 60 keys, only the first 50 were tried")


def test_nor_does_one_whose_files_take_long_to_read(find, monkeypatch):
    monkeypatch.setattr(keys, "_SECONDS", -1)
    problem, tried = find(line(1, EXPIRED) + line(2, EXPIRED))
    assert tried == 0 and problem.endswith("; of its 2 keys, only the first 0 were tried")

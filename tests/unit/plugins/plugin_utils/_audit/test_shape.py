# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance answers is read field by field, whoever wrote it."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.shape import LONGEST, read_host

from .fleet import account, fingerprint_of, host, key_method, right

ESCAPE = "\x1b[2J"


def test_a_whole_answer_is_read():
    facts = read_host(
        host(
            accounts=[account("anna", record={"owner": "default", "since": "2026-01-01", "keys": [fingerprint_of("anna")]})],
            login_methods=[key_method("anna", last_used="2026-11-20T08:00:00Z")],
            root=[right("anna", 4, commands=["/bin/ls"])],
            private_keys=[{"path": "/home/anna/.ssh/id", "account": "anna", "fingerprint": None, "encrypted": None}],
            at_next_boot=["a key returns"],
            unread=[{"what": "/etc/shadow", "why": "too large"}],
        )
    )
    assert facts.seen
    assert facts.accounts[0].owner == "default" and facts.accounts[0].given_keys == (fingerprint_of("anna"),)
    assert (facts.methods[0].source, facts.methods[0].last_used) == ("/home/anna/.ssh/authorized_keys:1", "2026-11-20T08:00:00Z")
    assert facts.rights[0].commands == ("/bin/ls",)
    assert facts.private_keys[0].encrypted is None
    assert facts.at_next_boot == ("a key returns",)
    assert [(each.what, each.why) for each in facts.unread] == [("/etc/shadow", "too large")]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "the answer is not a dictionary"),
        (["seen"], "the answer is not a dictionary"),
        ({"seen": True}, "the answer is not of the form alicloud.ecs_access/host/1"),
        ({**host(), "schema": "alicloud.ecs_access/host/2"}, "the answer is not of the form alicloud.ecs_access/host/1"),
        ({**host(), "seen": "yes", "why": "no route"}, "no route"),
        ({**host(), "seen": False}, "no reason given"),
        ({**host(), "seen": False, "why": 5}, "no reason given"),
    ],
)
def test_what_is_no_answer_is_not_seen(answer, why):
    facts = read_host(answer)
    assert not facts.seen and facts.why == why and facts.accounts == ()


def test_a_reason_that_is_no_text_ends_nothing():
    """The answers of all hosts are read in one step: what one of them answers must not end it."""
    assert read_host({**host(accounts=[account("anna")]), "why": ["no route"]}).seen


@pytest.mark.parametrize(
    ("part", "entry"),
    [
        pytest.param("accounts", {**account("anna"), "name": "an na"}, id="a name with a blank"),
        pytest.param("accounts", {**account("anna"), "name": ESCAPE}, id="a name that drives the terminal"),
        pytest.param("accounts", {**account("anna"), "uid": True}, id="a uid that is a truth value"),
        pytest.param("accounts", {**account("anna"), "uid": -1}, id="a negative uid"),
        pytest.param("accounts", {**account("anna"), "state": "fine"}, id="a state that does not exist"),
        pytest.param("accounts", "anna", id="an account that is a text"),
        pytest.param("login_methods", {**key_method("anna"), "fingerprint": None}, id="a key without a fingerprint"),
        pytest.param("login_methods", {**key_method("anna"), "fingerprint": "SHA256:<script>"}, id="a fingerprint that is none"),
        pytest.param("login_methods", {**key_method("anna"), "effective": ["yes"]}, id="a list for a word"),
        pytest.param("login_methods", {**key_method("anna"), "kind": "telepathy"}, id="a kind that does not exist"),
        pytest.param("root", {**right("anna"), "commands": None}, id="no list of commands, which would mean all of them"),
        pytest.param("root", {**right("anna"), "nopasswd": "no"}, id="a text for a truth value"),
        pytest.param("private_keys", {"path": 7}, id="a path that is a number"),
        pytest.param("at_next_boot", {"a": 1}, id="a sentence that is a dictionary"),
    ],
)
def test_an_entry_of_another_form_is_left_out_and_said(part, entry):
    facts = read_host(host(**{part: [entry]}))
    assert facts.seen
    assert (facts.accounts, facts.methods, facts.rights, facts.private_keys, facts.at_next_boot) == ((), (), (), (), ())
    assert [each.what for each in facts.unread] == [part]


def test_a_part_that_is_missing_is_said():
    answer = host()
    del answer["login_methods"]
    assert [each.what for each in read_host(answer).unread] == ["login_methods"]


def test_too_many_entries_are_cut_and_said():
    facts = read_host(host(at_next_boot=[f"sentence {index}" for index in range(150)]))
    assert len(facts.at_next_boot) == 100
    assert facts.unread[0].why.startswith("50 entries")


def test_texts_are_short_and_inert():
    facts = read_host(host(login_methods=[key_method("anna", comment=f"{ESCAPE}{{{{ 6 * 7 }}}}" + "x" * 9000)]))
    comment = facts.methods[0].comment
    assert "\x1b" not in comment and "{{" not in comment and len(comment) <= LONGEST + 1

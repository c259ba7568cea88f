# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which findings there are, how severe they are, and what is none."""

from __future__ import annotations

import datetime
import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.accepted import read_acceptances
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.finding import KINDS, counts_for
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.judge import judge
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.judge_instances import find_paths

from .fleet import NOW, account, audit_of, fingerprint_of, host, key_method, key_of, password_method, picture_of, right, small_fleet, team_of

RECORD = {"owner": "default", "since": "2026-01-01", "keys": []}
ROOT = account("root", 0, password="none")
TEAM = team_of(
    accounts=[
        {"name": "anna", "authorized_keys": [key_of("anna")]},
        {"name": "ben", "authorized_keys": [key_of("ben")]},
        {"name": "mary", "state": "absent", "authorized_keys": [key_of("mary")]},
        {"name": "emil", "authorized_keys": [key_of("emil")], "until": "2026-10-31"},
        {"name": "lena", "state": "locked", "authorized_keys": [key_of("lena")]},
        {"name": "oleg", "authorized_keys": [key_of("oleg")]},
    ],
    access=[
        {"users": ["anna"], "hosts": "all", "sudo": "nopasswd"},
        {"users": ["ben", "emil", "lena"], "hosts": "all"},
        {"users": ["oleg"], "hosts": "role_db", "sudo": "password"},
    ],
)
USED = "2026-11-20T08:00:00Z"


def good() -> dict:
    """A host that is as the team file has it."""
    return host(
        accounts=[ROOT, account("anna"), account("ben", 1001)],
        login_methods=[key_method("anna", last_used=USED), key_method("ben", last_used=USED)],
        root=[right("root"), right("anna")],
    )


def found(answer: dict, team=TEAM, groups=()) -> list[tuple[str, str, str]]:
    audit = audit_of({"web-1": answer}, team, {"web-1": groups})
    return [(finding.kind, finding.severity, finding.subject) for finding in audit.findings]


def changed(**parts) -> dict:
    answer = good()
    for part, entries in parts.items():
        answer[part] = [*answer[part], *entries]
    return answer


def test_what_the_team_file_gives_is_no_finding():
    assert found(good()) == []


CASES = {
    "a key of nobody in root": (
        {"login_methods": [key_method("root", "stranger", last_used=USED)]},
        [("unknown_key", "high", fingerprint_of("stranger"))],
    ),
    "a key of nobody in a person's account": (
        {"login_methods": [key_method("ben", "stranger", 2, last_used=USED)]},
        [("unknown_key", "medium", fingerprint_of("stranger"))],
    ),
    "the same where the person can become root": (
        {"login_methods": [key_method("anna", "stranger", 2, last_used=USED)]},
        [("unknown_key", "high", fingerprint_of("stranger"))],
    ),
    "a key that does not work": ({"login_methods": [key_method("root", "stranger", effective="no", why="revoked")]}, []),
    "a key of which nobody knows whether it works": (
        {"login_methods": [key_method("root", "stranger", effective="unknown", last_used=USED)]},
        [("unknown_key", "high", fingerprint_of("stranger"))],
    ),
    "an account that nobody lists": (
        {"accounts": [account("guest", 1009)], "login_methods": [key_method("guest", last_used=USED)]},
        [("not_in_team", "medium", "guest")],
    ),
    "the same with root": (
        {"accounts": [account("guest", 1009)], "login_methods": [key_method("guest", last_used=USED)], "root": [right("guest")]},
        [("not_in_team", "high", "guest")],
    ),
    "an account without any login": ({"accounts": [account("guest", 1009)], "root": [right("guest")]}, []),
    "an account that another team's file gave": (
        {
            "accounts": [account("kim", 1010, record={"owner": "data", "since": "2026-01-01", "keys": [fingerprint_of("kim")]})],
            "login_methods": [key_method("kim", last_used=USED)],
        },
        [],
    ),
    "a key that the other team did not give": (
        {
            "accounts": [account("kim", 1010, record={"owner": "data", "since": "2026-01-01", "keys": []})],
            "login_methods": [key_method("kim", last_used=USED)],
        },
        [("unknown_key", "medium", fingerprint_of("kim"))],
    ),
    "a person who was in the file once": (
        {"accounts": [account("former", 1011, record=RECORD)], "login_methods": [key_method("former", last_used=USED)]},
        [("leaver", "high", "former")],
    ),
    "a person who is absent": (
        {"accounts": [account("mary", 1012)], "login_methods": [key_method("mary", last_used=USED)]},
        [("leaver", "high", "mary")],
    ),
    "her key in somebody else's account": (
        {"login_methods": [key_method("ben", "mary", 2, last_used=USED)]},
        [("leaver", "high", "mary"), ("shared_key", "medium", fingerprint_of("mary"))],
    ),
    "a person who is locked": (
        {"accounts": [account("lena", 1013)], "login_methods": [key_method("lena", last_used=USED)]},
        [("leaver", "high", "lena")],
    ),
    "a person whose last day is over": (
        {"accounts": [account("emil", 1014)], "login_methods": [key_method("emil", last_used=USED)]},
        [("expired_open", "high", "emil")],
    ),
    "a person whom the rules put elsewhere": (
        {"accounts": [account("oleg", 1015)], "login_methods": [key_method("oleg", last_used=USED)]},
        [("not_in_team", "medium", "oleg")],
    ),
    "more rights than the file gives": ({"root": [right("ben", 7)]}, [("not_in_team", "high", "ben")]),
    "a person's key in root": (
        {"login_methods": [key_method("root", "anna", last_used=USED)]},
        [("root_by_key", "medium", fingerprint_of("anna"))],
    ),
    "a key in root of a person who must not be root": (
        {"login_methods": [key_method("root", "ben", last_used=USED)]},
        [("root_by_key", "high", fingerprint_of("ben"))],
    ),
    "a key in the accounts of two people": (
        {"login_methods": [key_method("ben", "anna", 2, last_used=USED)]},
        [("shared_key", "medium", fingerprint_of("anna"))],
    ),
    "an old key": (
        {"login_methods": [key_method("ben", "ben", 2, type="ssh-rsa", bits=1024, last_used=USED)]},
        [],
    ),
    "a password": ({"login_methods": [password_method("ben")]}, [("password_login", "medium", "ben")]),
    "a password of root": ({"login_methods": [password_method("root")]}, [("password_login", "high", "root")]),
    "a password that is not accepted": ({"login_methods": [password_method("root", effective="no")]}, []),
    "a private key": (
        {"private_keys": [{"path": "/home/ben/.ssh/id", "account": "ben", "fingerprint": fingerprint_of("x"), "encrypted": False}]},
        [("private_key_on_host", "medium", fingerprint_of("x"))],
    ),
    "a private key with a passphrase": (
        {"private_keys": [{"path": "/home/ben/.ssh/id", "account": "ben", "fingerprint": None, "encrypted": True}]},
        [("private_key_on_host", "low", "/home/ben/.ssh/id")],
    ),
    "the machine's own keys": (
        {"private_keys": [{"path": "/etc/ssh/ssh_host_rsa_key", "account": None, "fingerprint": None, "encrypted": False}]},
        [],
    ),
    "a private key that opens another account": (
        {"private_keys": [{"path": "/home/ben/.ssh/id", "account": "ben", "fingerprint": fingerprint_of("anna"), "encrypted": False}]},
        [("path", "high", fingerprint_of("anna")), ("private_key_on_host", "medium", fingerprint_of("anna"))],
    ),
    "what comes back": ({"at_next_boot": ["cloud-init writes root's key"]}, [("returns_at_boot", "medium", "web-1")]),
    "what was not read": ({"unread": [{"what": "/etc/shadow", "why": "too large"}]}, [("not_seen", "medium", "web-1")]),
    "an account of two files": (
        {"accounts": [account("oleg", 1015, record={"owner": "data", "since": "", "keys": []})]},
        [("two_owners", "low", "oleg")],
    ),
}


@pytest.mark.parametrize(("parts", "expected"), CASES.values(), ids=CASES)
def test_findings(parts, expected):
    assert found(changed(**parts)) == expected


def test_a_weak_key_is_one_whoever_holds_it():
    answer = good()
    answer["login_methods"][1].update(type="ssh-rsa", bits=1024)
    assert found(answer) == [("weak_key", "medium", fingerprint_of("ben"))]
    answer["login_methods"][1].update(type="ssh-rsa", bits=3072)
    assert found(answer) == []


def test_missing_access():
    answer = good()
    answer["login_methods"].pop()
    assert found(answer) == [("missing", "medium", "ben")]
    answer["unread"] = [{"what": "keys", "why": "too long"}]
    assert ("missing", "info", "ben") in found(answer)
    answer = good()
    answer["root"].pop()
    assert found(answer) == [("missing", "medium", "anna")]


def test_a_password_that_the_team_file_asks_for():
    answer = changed(accounts=[account("oleg", 1015)], login_methods=[key_method("oleg", last_used=USED)], root=[right("oleg", nopasswd=False)])
    assert found(answer, groups=("role_db",)) == []
    answer["root"][-1]["nopasswd"] = True
    assert found(answer, groups=("role_db",)) == [("passwordless_sudo", "medium", "oleg")]


def test_a_key_is_unused_only_where_the_log_reaches_back():
    answer = good()
    answer["login_methods"][1]["last_used"] = "2026-08-01T00:00:00Z"
    assert found(answer) == [("unused", "low", fingerprint_of("ben"))]
    answer["log_since"] = "2026-10-01T00:00:00Z"
    assert found(answer) == []
    answer["log_since"] = None
    assert found(answer) == []


def test_an_instance_that_was_not_seen_has_nothing_missing():
    assert found({**host(), "seen": False, "why": "timed out"}) == [("not_seen", "medium", "web-1")]


def test_without_a_team_nothing_is_unexpected():
    answer = changed(login_methods=[key_method("root", "stranger", last_used=USED)])
    assert found(answer, team_of()) == [("passwordless_sudo", "medium", "anna"), ("root_by_key", "medium", fingerprint_of("stranger"))]


def test_an_alias_is_the_same_person():
    team = team_of(accounts=[{"name": "anna", "aliases": ["asmith"], "authorized_keys": [key_of("anna")]}])
    answer = host(accounts=[account("asmith")], login_methods=[key_method("asmith", "anna", last_used=USED)])
    assert found(answer, team) == []


def test_a_name_proves_nothing_where_the_key_is_unknown():
    answer = good()
    answer["login_methods"][1]["fingerprint"] = fingerprint_of("not ben")
    assert found(answer) == [("unknown_key", "medium", fingerprint_of("not ben"))]


def test_ids_stay_where_only_a_line_has_moved():
    first = audit_of({"web-1": changed(login_methods=[key_method("root", "stranger", 1, last_used=USED)])}, TEAM).findings
    second = audit_of({"web-1": changed(login_methods=[key_method("root", "stranger", 9, last_used=USED)])}, TEAM).findings
    assert [finding.id for finding in first] == [finding.id for finding in second]
    assert first[0].evidence != second[0].evidence
    other = audit_of({"web-2": changed(login_methods=[key_method("root", "stranger", 1, last_used=USED)])}, TEAM).findings
    assert other[0].id != first[0].id


def test_every_kind_is_explained():
    assert {finding.kind for finding in small_fleet().findings} <= set(KINDS)


ACCEPTED = {"kind": "unknown_key", "hosts": "role_web", "reason": "the vendor's", "by": "anna", "until": datetime.date(2026, 11, 27)}


@pytest.mark.parametrize(
    ("entry", "groups", "accepted"),
    [
        pytest.param({}, ("role_web",), True, id="on its last day"),
        pytest.param({"until": "2026-11-26"}, ("role_web",), False, id="back a day later"),
        pytest.param({}, ("role_cache",), False, id="on another host"),
        pytest.param({"kind": "leaver"}, ("role_web",), False, id="of another kind"),
        pytest.param({"subject": fingerprint_of("stranger")}, ("role_web",), True, id="about this key"),
        pytest.param({"subject": fingerprint_of("anna")}, ("role_web",), False, id="about another key"),
    ],
)
def test_accepted_findings_are_shown_and_do_not_count(entry, groups, accepted):
    answer = changed(login_methods=[key_method("root", "stranger", last_used=USED)])
    picture = picture_of({"web-1": answer}, TEAM, {"web-1": groups})
    (finding,) = judge(picture, None, read_acceptances([{**ACCEPTED, **entry}]), NOW).findings
    assert (finding.accepted is not None) is accepted
    assert counts_for(finding, "high") is not accepted


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ("text", "must be a dictionary"),
        ({**ACCEPTED, "kind": "unknown_keys"}, "there is no kind of finding unknown_keys; did you mean unknown_key?"),
        ({**ACCEPTED, "reason": " "}, "has no reason"),
        ({word: value for word, value in ACCEPTED.items() if word != "until"}, "has no until"),
        ({**ACCEPTED, "until": "soon"}, "until must be a day such as 2027-01-31"),
        ({**ACCEPTED, "hosts": "web[0]"}, "has a subscript"),
        ({**ACCEPTED, "host": "web"}, "unknown word host; did you mean hosts?"),
    ],
)
def test_an_acceptance_that_cannot_be_used_is_refused(entry, part):
    with pytest.raises(ValueError, match=r"ecs_access_accepted\[0\]") as caught:
        read_acceptances([entry])
    assert part in str(caught.value)


@pytest.mark.parametrize(("fail_on", "fails"), [("high", False), ("medium", True), ("low", True), ("never", False)])
def test_what_makes_a_host_fail(fail_on, fails):
    (finding,) = audit_of({"web-1": changed(login_methods=[password_method("ben")])}, TEAM).findings
    assert counts_for(finding, fail_on) is fails


def test_many_private_keys_that_open_many_accounts_take_no_longer_than_both():
    """A rooted host can answer two thousand files with the key of twenty thousand accounts of its own."""
    many = range(4000)
    answer = host(
        accounts=[account(f"a{number}", uid=2000 + number) for number in many],
        login_methods=[key_method(f"a{number}", "fleet") for number in many],
        private_keys=[{"path": f"/k{number}", "account": "a1", "fingerprint": fingerprint_of("fleet"), "encrypted": False} for number in range(1500)],
    )
    picture = picture_of({"web-1": answer}, TEAM)
    start = time.process_time()
    paths = find_paths(picture)
    assert time.process_time() - start < 5
    assert {(len(path.opens), path.opens_count, path.opens[0].account) for path in paths} == {(200, 3999, "a0")}

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a team file gives on one host, and whose a key is."""

from __future__ import annotations

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.roster import Expected, join_digests, read_expected, read_roster
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.people_of_host import Host

from .fleet import NOW, fingerprint_of, key_of, team_of


def expected(groups=(), **variables):
    return read_expected(team_of(**variables), Host("web-1", groups), NOW.date())


def test_whose_a_key_is():
    people = [
        {"name": "anna", "aliases": ["asmith"], "authorized_keys": [key_of("anna"), {"key": key_of("old"), "state": "absent"}]},
        {"name": "mary", "state": "absent", "authorized_keys": [key_of("mary")]},
        {"name": "team", "authorized_keys": [key_of("anna")]},
    ]
    roster = read_roster(team_of(accounts=people, owner="ops"))
    assert roster.given and roster.owner == "ops"
    assert roster.holders == {fingerprint_of("anna"): ("anna", "team"), fingerprint_of("mary"): ("mary",)}
    assert roster.accounts == {"anna": "anna", "asmith": "anna", "mary": "mary", "team": "team"}


def test_without_people_there_is_no_team():
    assert not read_roster(team_of()).given
    assert read_roster(team_of()).sha256 is None


def test_rights_ends_and_states():
    people = [
        {"name": "anna"},
        {"name": "ben", "until": "2027-01-31"},
        {"name": "carl", "until": "2026-11-26"},
        {"name": "dora", "state": "locked"},
        {"name": "ed", "state": "absent"},
        {"name": "flo"},
    ]
    access = [
        {"users": ["anna"], "hosts": "all", "sudo": "nopasswd"},
        {"users": ["ben"], "hosts": "all", "sudo_commands": ["/bin/ls"]},
        {"users": ["carl"], "hosts": "all", "sudo": "password"},
        {"users": ["flo"], "hosts": "role_db"},
    ]
    assert expected(accounts=people, access=access) == {
        "anna": Expected("present", "root", None, True),
        "ben": Expected("present", "some", "2027-01-31", True),
        "carl": Expected("expired", "none", "2026-11-26"),
        "dora": Expected("locked"),
        "ed": Expected("absent"),
    }
    assert expected(("role_db",), accounts=people, access=access)["flo"] == Expected("present", "login")


def test_a_password_is_asked_for_once_the_rule_without_has_ended():
    access = [
        {"users": ["anna"], "hosts": "all", "sudo": "password"},
        {"users": ["anna"], "hosts": "all", "sudo": "nopasswd", "until": "2026-11-26"},
    ]
    assert expected(accounts=[{"name": "anna"}], access=access)["anna"].nopasswd is False


def test_a_team_has_one_digest_wherever_it_is_written():
    one, two = ({"name": "anna", "authorized_keys": [key_of("anna")]}, {"name": "ben"})
    first, second = (read_roster(team_of(accounts=people)).sha256 for people in ([one, two], [two, one]))
    assert first == second
    changed = [{**one, "state": "locked"}, two], [one, {**two, "until": "2027-01-01"}]
    assert len({first, *(read_roster(team_of(accounts=people)).sha256 for people in changed)}) == 3
    ruled = read_roster(team_of(accounts=[one, two], access=[{"users": ["anna"], "hosts": "all"}])).sha256
    assert ruled != first
    assert join_digests([first, None, first]) == first
    assert join_digests([first, ruled]) == join_digests([ruled, first]) != first

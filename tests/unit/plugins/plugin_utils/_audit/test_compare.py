# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has changed, by person; what was not seen in both audits is never called new or removed."""

from __future__ import annotations

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.compare import compare, first_seen
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.judge import judge

from .fleet import NOW, account, fingerprint_of, host, key_method, key_of, picture_of, right, team_of

TEAM = team_of(accounts=[{"name": "emil", "authorized_keys": [key_of("emil")]}])
PLAIN = host(accounts=[account("emil")], login_methods=[key_method("emil")])
ROOTED = host(accounts=[account("emil")], login_methods=[key_method("emil")], root=[right("emil")])
EMPTY = host(accounts=[account("emil")])
UNSEEN = {**host(), "seen": False, "why": "timed out"}


def changes(before: dict, now: dict) -> list[str]:
    return compare(picture_of(before, TEAM), picture_of(now, TEAM)).changes


def test_nothing_has_changed():
    assert changes({"db-1": PLAIN}, {"db-1": PLAIN}) == []


def test_more_and_less():
    assert changes({"db-1": PLAIN}, {"db-1": ROOTED}) == ["+ emil can become root on db-1"]
    assert changes({"db-1": ROOTED}, {"db-1": PLAIN}) == ["- emil can no longer become root on db-1"]
    key = fingerprint_of("emil")
    assert changes({"db-1": PLAIN}, {"db-1": EMPTY}) == ["- emil can no longer log in on db-1", f"- the key {key} no longer opens the account emil on db-1"]
    assert changes({"db-1": EMPTY}, {"db-1": PLAIN}) == ["+ emil can log in on db-1", f"+ the key {key} now opens the account emil on db-1"]


def test_many_instances_are_one_sentence():
    names = [f"web-{index}" for index in range(7)]
    assert changes(dict.fromkeys(names, PLAIN), dict.fromkeys(names, ROOTED)) == ["+ emil can become root on web-0, web-1, web-2, web-3, web-4 and 2 more"]


def test_people_of_the_team_come_first():
    more = host(accounts=[account("emil"), account("aaa", 1001)], login_methods=[key_method("emil"), key_method("aaa")], root=[right("emil")])
    assert changes({"db-1": PLAIN}, {"db-1": more})[:2] == ["+ emil can become root on db-1", "+ aaa can log in on db-1"]


def test_what_was_not_seen_is_not_removed():
    assert changes({"db-1": ROOTED}, {"db-1": UNSEEN}) == ["? db-1 could not be read this time; nothing is known of changes there"]
    assert changes({"db-1": UNSEEN}, {"db-1": ROOTED}) == []
    assert changes({"db-1": PLAIN, "db-2": PLAIN}, {"db-1": PLAIN}) == ["? db-2 was in the earlier audit only; nothing is known of changes there"]
    assert changes({"db-1": PLAIN}, {"db-1": PLAIN, "db-2": ROOTED}) == ["+ db-2 is in the audit for the first time"]


def test_an_instance_that_a_rule_has_gained():
    team = team_of(accounts=[{"name": "emil", "authorized_keys": [key_of("emil")]}], access=[{"users": ["emil"], "hosts": "role_db"}])
    before = picture_of({"x-1": host()}, team, {"x-1": ()})
    now = picture_of({"x-1": PLAIN}, team, {"x-1": ("role_db",)})
    findings = judge(now, before, [], NOW).findings
    assert [(finding.kind, finding.subject) for finding in findings if finding.kind == "moved"] == [("moved", "x-1")]
    assert "now have emil here" in next(finding.evidence for finding in findings if finding.kind == "moved")
    other = team_of(accounts=[{"name": "emil", "authorized_keys": [key_of("emil")]}])
    assert not [finding for finding in judge(picture_of({"x-1": PLAIN}, other), before, [], NOW).findings if finding.kind == "moved"]


def test_first_seen_is_kept():
    old = first_seen(None, picture_of({"db-1": PLAIN}, TEAM, generated_at="2026-01-01T00:00:00Z"))
    new = first_seen(old, picture_of({"db-1": PLAIN}, TEAM))
    assert new.keys[fingerprint_of("emil")].first_seen == "2026-01-01T00:00:00Z"
    assert judge(picture_of({"db-1": PLAIN}, TEAM), None, [], NOW).picture.keys[fingerprint_of("emil")].first_seen == "2026-11-27T09:30:00Z"

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of an audit are one picture, which is judged as if it had been one from the start."""

from __future__ import annotations

import json

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.document import render_document
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.judge import judge
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.merge import merge

from .fleet import NOW, account, fingerprint_of, host, key_method, key_of, picture_of, team_of

TEAM = team_of(accounts=[{"name": name, "authorized_keys": [key_of(name)]} for name in ("anna", "ben")])
ONE = host(accounts=[account("anna"), account("ben", 1001)], login_methods=[key_method("anna"), key_method("ben")])
OTHER = host(accounts=[account("anna"), account("ben", 1001)], login_methods=[key_method("anna"), key_method("ben", "anna")])
UNSEEN = {**host(), "seen": False, "why": "timed out"}


def test_parts_are_what_the_whole_would_have_been():
    whole = picture_of({"web-1": ONE, "web-2": OTHER}, TEAM)
    parts = [picture_of({"web-1": ONE}, TEAM, inventory=2), picture_of({"web-2": OTHER}, TEAM, inventory=2)]
    first, second = (json.dumps(render_document(judge(picture, None, [], NOW))) for picture in (whole, merge(parts)))
    assert first == second


def test_what_only_the_parts_together_show():
    """A key that is in one person's account in one slice and in another's in the other."""
    team = team_of(accounts=[{"name": "carl"}])
    parts = [picture_of({name: host(accounts=[account(who)], login_methods=[key_method(who, "shared")])}, team) for name, who in (("a", "kim"), ("b", "lee"))]
    kinds = [{finding.kind for finding in judge(picture, None, [], NOW).findings if finding.subject == fingerprint_of("shared")} for picture in parts]
    assert kinds == [{"unused"}, {"unused"}]
    assert "shared_key" in {finding.kind for finding in judge(merge(parts), None, [], NOW).findings}


def test_the_latest_that_was_seen_counts():
    old = picture_of({"web-1": ONE}, TEAM, generated_at="2026-11-01T00:00:00Z")
    new = picture_of({"web-1": OTHER}, TEAM, generated_at="2026-11-02T00:00:00Z")
    unseen = picture_of({"web-1": UNSEEN}, TEAM, generated_at="2026-11-03T00:00:00Z")
    assert merge([new, old]).places == new.places
    joined = merge([new, old, unseen])
    assert joined.instances["i-web-1"].seen and joined.places == new.places
    assert set(joined.keys) == set(new.keys)


def test_the_accounts_of_all_parts_are_named():
    parts = [picture_of({name: ONE}, TEAM, account=account_id) for name, account_id in (("a", "2222"), ("b", None), ("c", "1111"), ("d", "2222"))]
    joined = merge(parts)
    assert joined.origin.account == "1111, 2222"
    assert merge([joined, picture_of({"e": ONE}, TEAM, account="0000")]).origin.account == "0000, 1111, 2222"
    assert merge(parts[1:2]).origin.account is None

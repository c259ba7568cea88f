# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""access.json: the same fleet gives the same bytes, and what was written is read back."""

from __future__ import annotations

import json

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.document import render_document
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.document_read import DocumentRefused, read_document
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.judge import judge

from .fleet import NOW, account, audit_of, fingerprint_of, host, key_method, key_of, picture_of, right, small_fleet, team_of

FIELDS = {
    "schema", "collection", "run_by", "limit", "generated_at", "account", "regions", "team", "owner", "team_sha256", "expected", "seen", "part", "instances",
    "people", "keys", "paths", "findings", "compared",
}  # fmt: skip


def test_its_fields():
    document = render_document(small_fleet())
    assert set(document) == FIELDS
    assert document["schema"] == "alicloud.ecs_access/audit/1"
    assert (document["expected"], document["seen"]) == (12, 11)
    assert {"id", "name", "region", "seen", "why", "via", "log_since"} <= set(document["instances"][0])
    assert {"name", "kind", "accounts", "until", "in_team", "owner"} == set(document["people"][0])
    assert {"fingerprint", "type", "bits", "holders", "where", "first_seen", "last_used", "certain"} <= set(document["keys"][0])
    assert {"id", "kind", "severity", "subject", "instance", "evidence", "accepted", "place"} == set(document["findings"][0])
    emil = next(person for person in document["people"] if person["name"] == "emil")
    assert emil["until"] == "2027-01-31"


def test_two_audits_of_one_fleet_are_equal_whatever_order_it_answers_in():
    team = team_of(accounts=[{"name": name, "authorized_keys": [key_of(name)]} for name in ("anna", "ben")])
    hosts = {
        name: host(accounts=[account("anna"), account("ben", 1001)], login_methods=[key_method("anna"), key_method("ben")], root=[right("ben"), right("anna")])
        for name in ("web-1", "web-2", "db-1")
    }
    turned = {
        name: {part: list(reversed(value)) if isinstance(value, list) else value for part, value in hosts[name].items()} for name in reversed(list(hosts))
    }
    first, second = (json.dumps(render_document(audit_of(some, team))) for some in (hosts, turned))
    assert first == second


def test_what_was_written_is_read_back():
    audit = small_fleet()
    content = json.dumps(render_document(audit)).encode()
    picture = read_document(content)
    assert picture == audit.picture
    again = judge(picture, None, [], NOW)
    assert [finding.id for finding in again.findings] == [finding.id for finding in audit.findings]
    assert again.paths == audit.paths


def test_no_secret_and_no_key_is_in_it():
    content = json.dumps(render_document(small_fleet()))
    assert key_of("anna").split()[1] not in content
    assert fingerprint_of("anna") in content


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is not JSON"),
        (b"[" * 100000, "is not JSON"),
        (b"[]", "is not an access.json"),
        (b'{"schema": "alicloud.ecs_access/audit/2"}', "is not an access.json of the form alicloud.ecs_access/audit/1"),
        (b'{"schema": "alicloud.ecs_access/audit/1"}', "does not have the form"),
    ],
)
def test_a_file_that_is_none_is_refused(content, part):
    with pytest.raises(DocumentRefused, match=r"^(is|does)") as caught:
        read_document(content)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda document: document["instances"][0].update(seen="yes"),
        lambda document: document["instances"].pop(),
        lambda document: document["people"][0].update(kind="god"),
        lambda document: document["people"][0]["accounts"][0].update(right="all"),
        lambda document: document["people"][0].update(accounts={}),
        lambda document: document["keys"][0].update(fingerprint="<b>"),
        lambda document: document["keys"][0]["where"][0].update(effective=None),
        lambda document: document.update(generated_at="yesterday"),
    ],
)
def test_a_damaged_file_is_refused(damage):
    document = render_document(audit_of({"a": host(accounts=[account("anna")], login_methods=[key_method("anna")])}, team_of()))
    read_document(json.dumps(document).encode())
    damage(document)
    with pytest.raises(DocumentRefused):
        read_document(json.dumps(document).encode())


def test_a_part_of_the_inventory_is_said():
    picture = picture_of({"web-1": host()}, team_of(), inventory=7)
    assert render_document(judge(picture, None, [], NOW))["part"] == {"hosts": 1, "of": 7}

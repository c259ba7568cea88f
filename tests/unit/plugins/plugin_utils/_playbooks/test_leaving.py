# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host answers that is left, when it is refused, and the row that it gets."""

from __future__ import annotations

import base64
import hashlib

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.leaving import Seen, outcome, read_seen, read_taken, record_name, refusal

CONTENT = b'{"format": 1}'
HASH = hashlib.sha256(CONTENT).hexdigest()
OTHERS_LINES = "sshd_config has lines for temporary keys that are not of this collection; they stay"
SEEN = Seen("present", "", CONTENT, HASH, ["ann", "ben"], [], ["remove /x"], [], "none", "root")


def answer(**record):
    full = {"state": "present", "problem": "", "content": base64.b64encode(CONTENT).decode(), "sha256": HASH, "people": ["ann", "ben"], "others": {}, **record}
    return {"record": full, "actions": ["remove /x"], "kept": [], "temporary_keys": "none", "login": "root"}


def test_an_answer_is_read():
    assert read_seen(answer()) == SEEN
    assert read_seen({**answer(), "login": None}).login == ""


@pytest.mark.parametrize("login", ["$HOME", "x;id", "-x", ["root"], {"a": 1}])
def test_a_host_names_nobody_who_is_more_than_a_word(login):
    """The name would stand in commands that ssh has a shell run here."""
    with pytest.raises(ValueError, match="that no user can have"):
        read_seen({**answer(), "login": login})


@pytest.mark.parametrize(
    "record",
    [
        pytest.param({"sha256": "0" * 64}, id="another hash"),
        pytest.param({"content": "%%%"}, id="no base64"),
        pytest.param({"content": ""}, id="nothing but a hash"),
        pytest.param({"content": base64.b64encode(b"x" * 1048577).decode(), "sha256": hashlib.sha256(b"x" * 1048577).hexdigest()}, id="too much"),
    ],
)
def test_a_record_that_did_not_arrive_whole_stops_the_host(record):
    with pytest.raises(ValueError, match="a record that cannot be read; nothing was changed"):
        read_seen(answer(**record))


def test_a_host_may_answer_anything():
    seen = read_seen({"record": [], "actions": {"a": 1}, "kept": [1, "x"]})
    assert (seen.content, seen.people, seen.others, seen.files, seen.kept) == (b"", [], [], [], ["x"])


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("web-1", f"web-1-{HASH[:12]}.json"),
        ("../../etc/passwd", f"_.._etc_passwd-{HASH[:12]}.json"),
        ("x" * 300, f"{'x' * 100}-{HASH[:12]}.json"),
    ],
)
def test_a_record_is_kept_under_a_plain_name(host, name):
    assert record_name(host, HASH) == name


@pytest.mark.parametrize(
    ("seen", "login", "protected", "sentence"),
    [
        pytest.param(SEEN, "root", ["root"], "", id="another login"),
        pytest.param(SEEN, "ann", ["root"], "this run is logged in as ann, who is one of those to go", id="one of those to go"),
        pytest.param(SEEN, "ann", ["root", "ann"], "", id="one who is protected"),
        pytest.param(SEEN, "", ["root"], "who this run is logged in as cannot be seen", id="nobody knows"),
        pytest.param(SEEN._replace(state="damaged", problem="is damaged"), "root", [], "the record of this host is damaged, so", id="damaged"),
        pytest.param(SEEN._replace(state="foreign", problem="is that of i-2"), "root", [], "the record of this host is that of i-2, so", id="copied"),
        pytest.param(SEEN._replace(state="missing", people=[]), "root", [], "", id="no record"),
    ],
)
def test_who_must_not_be_locked_out(seen, login, protected, sentence):
    found = refusal(seen, login, protected)
    assert found.startswith(sentence)
    assert bool(found) == bool(sentence)


def test_who_was_taken_is_only_who_was_there():
    taken = {"record": {"removed": ["ann", "root"], "notes": ["user ben stays"]}, "remains": ["user ann still has a crontab"]}
    assert read_taken(taken, ["ann", "ben"]) == (["ann"], ["user ben stays", "user ann still has a crontab"])
    assert read_taken({}, ["ann"]) == ([], [])


@pytest.mark.parametrize(
    ("seen", "everything", "failed", "why"),
    [
        pytest.param(SEEN, False, False, "", id="done"),
        pytest.param(SEEN._replace(kept=["/x: it is a symbolic link"]), False, True, "not removed: /x: it is a symbolic link", id="in the way"),
        pytest.param(SEEN._replace(others=["dba"]), False, False, "dba also manages this host: only the part of default was left", id="another team"),
        pytest.param(SEEN._replace(others=["dba", "web"]), True, False, "dba, web also manage this host: only the part of default was left", id="two teams"),
        pytest.param(SEEN._replace(state="damaged", problem="is damaged"), False, False, "the record is damaged", id="damaged"),
        pytest.param(SEEN._replace(state="missing"), True, False, "without a record nobody is known whose access could be removed", id="no record"),
        pytest.param(SEEN._replace(state="missing"), False, False, "", id="no record is needed"),
        pytest.param(SEEN._replace(temporary_keys="others"), False, False, OTHERS_LINES, id="lines of others"),
    ],
)
def test_the_row(seen, everything, failed, why):
    row = outcome(seen, everything, {"files": 3}, "default")
    assert (row["failed"], row["why"], row["files"]) == (failed, why, 3)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what was given: read back as it was written, and refused where it is not usable."""

import json

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.record import (
    FORMAT,
    MOST_ROTATIONS,
    Given,
    Place,
    Record,
    RecordError,
    Rotation,
    merge,
    parse_record,
    render_record,
)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO8wYMOdond7NfyrYRxXB+EX63TVAoZRsLQhDq6OCGvN"
HERE = Place("i-one", "m-one")
ANN = Given(1001, "2027-01-31", {KEY: ("expiry-time",)}, "root", ("dev",), "22279")
RECORD = Record(HERE, {"one": {"ann": ANN, "CORP\\bob": Given(None, "2027-01-01", made=True)}, "two": {"ann": Given(1001, "2026-01-01", {}, "some", ("ops",))}})

ROTATION = Rotation("SHA256:" + "a" * 43, "SHA256:" + "b" * 43, "team", "2027-01-01T00:00:00Z")


def test_a_record_is_read_as_it_was_written():
    assert parse_record(render_record(RECORD), HERE) == RECORD


def test_rotations_are_read_as_they_were_written_and_only_so_many_are_kept():
    record = RECORD
    for number in range(MOST_ROTATIONS + 5):
        record = record.with_rotation(ROTATION._replace(new="SHA256:%043d" % number))
    assert [rotation.new[-2:] for rotation in record.rotations] == ["%02d" % number for number in range(5, MOST_ROTATIONS + 5)]
    ended = record.with_rotation(record.rotations[3]._replace(ended="2027-01-03T00:00:00Z"))
    assert ended.rotations[-1].ended
    assert len(ended.rotations) == MOST_ROTATIONS
    assert parse_record(render_record(ended), HERE) == ended


def test_what_others_gave_is_joined():
    assert RECORD.others("three")["ann"] == Given(1001, "2026-01-01", {KEY: ("expiry-time",)}, "root", ("dev", "ops"), "22279")
    assert set(RECORD.others("one")) == {"ann"}
    assert merge({}, {}) == {}


def changed(**values):
    return json.dumps({**json.loads(render_record(RECORD)), **values}).encode()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "damaged"),
        (b"\xff\xfe", "damaged"),
        (b"[" * 100000, "damaged"),
        (b"[]", "damaged"),
        (b'{"format": 1}', "damaged"),
        (render_record(RECORD)[:-20], "damaged"),
        (changed(format="1"), "damaged"),
        (changed(format=0), "damaged"),
        (changed(format=True), "damaged"),
        (changed(format=FORMAT + 1), "future"),
        (json.dumps({"format": 99}).encode(), "future"),
        (changed(instance="i-two"), "foreign"),
        (changed(instance="", machine="m-two"), "foreign"),
        (changed(owners={"one": {"ann": {}}}), "damaged"),
        (changed(owners={"one": []}), "damaged"),
        (changed(owners={"a:b": {}}), "damaged"),
        (changed(rotations=[{}]), "damaged"),
        (changed(rotations=[{**ROTATION._asdict(), "old": "SHA256:short"}]), "damaged"),
        (changed(rotations=[{**ROTATION._asdict(), "since": "yesterday"}]), "damaged"),
        (changed(rotations=[{**ROTATION._asdict(), "ended": "2027-01-01"}]), "damaged"),
        (changed(rotations=[{**ROTATION._asdict(), "pair": 7}]), "damaged"),
    ],
)
def test_what_is_not_usable_is_refused(content, code):
    with pytest.raises(RecordError) as caught:
        parse_record(content, HERE)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "values",
    [
        {"uid": "0"},
        {"uid": -1},
        {"uid": True},
        {"since": "today"},
        {"sudo": "all"},
        {"groups": ["a b"]},
        {"groups": [1]},
        {"keys": {"x": []}},
        {"keys": []},
        {"expires": "never"},
        {"expires": 1},
    ],
)
def test_a_value_of_the_wrong_kind_is_damage(values):
    content = json.loads(render_record(RECORD))
    content["owners"]["one"]["ann"].update(values)
    with pytest.raises(RecordError, match="is damaged"):
        parse_record(json.dumps(content).encode(), HERE)


@pytest.mark.parametrize(
    ("one", "two", "other"),
    [
        (Place("i-1", "m-1"), Place("i-1", "m-2"), False),
        (Place("i-1", "m-1"), Place("i-2", "m-1"), True),
        (Place("", "m-1"), Place("i-2", "m-1"), False),
        (Place("", "m-1"), Place("i-2", "m-2"), True),
        (Place(), Place("i-2", "m-2"), False),
    ],
)
def test_a_copied_image_is_known_by_the_id_of_its_instance(one, two, other):
    assert one.is_other(two) is other

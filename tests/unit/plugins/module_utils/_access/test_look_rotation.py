# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where two keys lie on a host, and what its record says of them."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import record_files
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.look_rotation import KeyPlace, RotationBook, RotationError, next_rotation, places_of
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.record import Given, Record, Rotation, parse_record, render_record
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.state import KeyFile, Snapshot
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import Revoked, parse_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key

OLD = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPVoWFOqcpnDYKpCV4AESiQyBP2Ps2ZdePPBGX2Hvxt"
NEW = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6sbKpsFKGPnoLvqJ2jPzUdlo3A2GNmiXqSFR+bMhGD"
OLD_KEY, NEW_KEY = parse_public_key(OLD), parse_public_key(NEW)
ROTATION = Rotation(OLD_KEY.fingerprint_sha256, NEW_KEY.fingerprint_sha256, "team", "2027-01-01T00:00:00Z")
PARAMS = {"old_fingerprint": ROTATION.old, "new_fingerprint": ROTATION.new, "pair": "team", "step": "start", "at": "2027-02-01T00:00:00Z"}


def file(path, text, **more):
    return KeyFile(path, True, tuple(parse_key_file(text.encode())), **more)


def test_places_in_files_that_sshd_reads_and_in_those_that_it_does_not():
    snapshot = Snapshot(
        {},
        {},
        {},
        key_files={
            "root": (file("/root/a", OLD + " boss\n" + NEW + "\n"),),
            "deploy": (KeyFile("/d/a"), file("/etc/keys/deploy", 'from="192.0.2.1" %s\n' % OLD)),
            "hidden": (KeyFile("/h/a", True, None, problem="no"),),
        },
        spare_files={"root": (file("/root/b", OLD + "\n"),)},
    )
    only_fingerprint = Revoked(frozenset(), frozenset({ROTATION.old}))
    assert list(places_of(snapshot, only_fingerprint)) == [
        KeyPlace("deploy", "/etc/keys/deploy", ROTATION.old, OLD, 'from="192.0.2.1"', True),
        KeyPlace("root", "/root/a", ROTATION.old, OLD, "", True),
        KeyPlace("root", "/root/b", ROTATION.old, OLD, "", False),
    ]
    both = Revoked(frozenset({OLD_KEY.blob, NEW_KEY.blob}))
    assert [place.fingerprint for place in places_of(snapshot, both) if place.path == "/root/a"] == [ROTATION.old, ROTATION.new]


def test_all_keys_of_an_account_if_asked_and_whether_the_file_is_others_too():
    one, two = file("/home/ann/a", OLD + "\n"), file("/etc/keys/all", NEW + "\n")
    snapshot = Snapshot({}, {}, {}, key_files={"ann": (one, two._replace(shared=("bob",))), "bob": (two._replace(shared=("ann",)),)})
    assert [(place.user, place.path, place.shared) for place in places_of(snapshot, Revoked(), frozenset(("ann",)))] == [
        ("ann", "/home/ann/a", False),
        ("ann", "/etc/keys/all", True),
    ]


@pytest.mark.parametrize(
    ("found", "step", "since", "ended"),
    [
        pytest.param(None, "start", PARAMS["at"], "", id="it begins"),
        pytest.param(ROTATION, "start", ROTATION.since, "", id="it has begun"),
        pytest.param(ROTATION._replace(since="2030-01-01T00:00:00Z"), "start", PARAMS["at"], "", id="a beginning that is yet to come"),
        pytest.param(ROTATION._replace(ended="2027-01-02T00:00:00Z"), "start", ROTATION.since, "", id="the old key has come back"),
        pytest.param(ROTATION, "end", ROTATION.since, PARAMS["at"], id="it ends"),
        pytest.param(None, "end", PARAMS["at"], PARAMS["at"], id="it ends without a beginning"),
    ],
)
def test_what_is_written_down(found, step, since, ended):
    assert next_rotation(found, {**PARAMS, "step": step}) == ROTATION._replace(since=since, ended=ended)


@pytest.fixture
def disk(monkeypatch):
    """The content of the file; None if there is none."""
    files = {"record": None}
    monkeypatch.setattr(record_files, "read_record_file", lambda: files["record"])
    monkeypatch.setattr(record_files, "write_record_file", lambda content: files.__setitem__("record", content))
    monkeypatch.setattr(record_files, "set_aside", lambda: None)
    return files


def test_the_record_keeps_what_it_has_of_people(disk):
    place = record_files.find_place("i-1")
    disk["record"] = render_record(Record(place, {"one": {"ann": Given(1001, "2027-01-01")}}))
    assert RotationBook("i-1").find(ROTATION.old, ROTATION.new) is None
    assert RotationBook("i-1").write(ROTATION) is True
    assert RotationBook("i-1").write(ROTATION) is False
    kept = parse_record(disk["record"], place)
    assert (set(kept.owners["one"]), kept.rotations) == ({"ann"}, (ROTATION,))
    assert RotationBook("i-1").ended("team") is None
    RotationBook("i-1").write(ROTATION._replace(ended=PARAMS["at"]))
    assert RotationBook("i-1").ended("team").ended == PARAMS["at"]
    assert RotationBook("i-1").ended("") is None


def test_a_record_of_a_newer_version_is_not_written(disk):
    disk["record"] = b'{"format": 99}'
    with pytest.raises(RotationError, match="newer version"):
        RotationBook("i-1").write(ROTATION)
    assert disk["record"] == b'{"format": 99}'

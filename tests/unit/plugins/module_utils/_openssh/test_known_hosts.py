# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest's answer may make us trust, and known_hosts files that others have written into."""

import base64
import hashlib
import hmac
import struct

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh import known_hosts as model

MARK, FORMER = MARKS = ("alicloud-ecs-access/default", "alicloud.ecs_access/default")


def key(fill: int = 0, kind: bytes = b"ssh-ed25519"):
    blob = struct.pack(">I", len(kind)) + kind + struct.pack(">I", 32) + bytes([fill]) * 32
    return f"{kind.decode()} {base64.b64encode(blob).decode()}"


def token_key() -> str:
    """A sound key of a type that no server should have."""
    kind = b"sk-ssh-ed25519@openssh.com"
    blob = b"".join(struct.pack(">I", len(part)) + part for part in (kind, bytes(32), b"ssh:"))
    return f"{kind.decode()} {base64.b64encode(blob).decode()}"


def parsed(fill: int = 0):
    return model.parse_host_key(key(fill))


def hashed(alias: str) -> str:
    salt = b"0123456789abcdefghij"
    digest = hmac.new(salt, alias.encode(), hashlib.sha1).digest()
    return "|1|%s|%s" % (base64.b64encode(salt).decode(), base64.b64encode(digest).decode())


@pytest.mark.parametrize(
    "line",
    [
        "@cert-authority * " + key(), "* " + key(), "i-2 " + key(), "i-1,* " + key(), "@revoked i-1 " + key(), hashed("i-1") + " " + key(),
        token_key(), "ssh-dss AAAA", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519-cert-v01@openssh.com " + key().split()[1],
        "ssh-rsa " + key().split()[1], key()[:-4], "garbage", "\x1b[2J", "#" + key(),
    ],
)  # fmt: skip
def test_lines_that_are_not_believed(line):
    reading = model.read_host_keys([line, key(1) + " root@* i-2", ""])
    assert [found.line for found in reading.keys] == [key(1)]
    assert len(reading.dropped) == 1


def test_a_flood_ends():
    reading = model.read_host_keys([key(number) for number in range(200)] + ["x"] * 1000)
    assert len(reading.keys) == 16 and len(reading.dropped) <= 16


def test_all_that_was_known_of_an_instance_is_replaced_and_the_rest_stays():
    others = ["# mine", "", f"i-9 {key(9)}", f"@revoked i-1 {key(8)}", f"@cert-authority *.example {key(8)}", f"{hashed('i-9')} {key(9)}", "odd"]
    known = [f"i-1 {key(2)}", f"{hashed('i-1')} {key(3)}", f"i-1,i-8 {key(4)} shared"]
    edit = model.edit_known_hosts("\n".join(known + others), {"i-1": [parsed(1)]}, MARKS)
    assert edit.text.splitlines() == [f"i-8 {key(4)} shared", *others, f"i-1 {key(1)} {MARK}"]
    assert edit.replaced == ("i-1",)
    again = model.edit_known_hosts(edit.text, {"i-1": [parsed(1)]}, MARKS)
    assert again.text == edit.text and again.replaced == ()


def test_ours_go_when_their_instance_goes_and_stay_when_it_was_not_asked():
    text = f"i-1 {key(1)} {MARK}\ni-2 {key(2)} {MARK}\ni-3 {key(3)} alicloud-ecs-access/other\ni-4 {key(4)}\n"
    edit = model.edit_known_hosts(text, {}, MARKS, keep=["i-2"])
    assert sorted(edit.text.splitlines()) == sorted(text.splitlines()[1:])
    assert model.edit_known_hosts(text, {}, MARKS).text.splitlines() == text.splitlines()[2:]


def test_lines_of_an_earlier_version_are_ours_and_get_the_mark_of_today():
    text = f"i-1 {key(1)} {FORMER}\ni-2 {key(2)} {FORMER}\ni-3 {key(3)} {FORMER}\n"
    edit = model.edit_known_hosts(text, {"i-2": [parsed(2)]}, MARKS, keep=["i-1"])
    assert edit.text.splitlines() == [f"i-1 {key(1)} {MARK}", f"i-2 {key(2)} {MARK}"]
    assert edit.replaced == ()


def test_who_is_known():
    text = f"i-1 {key()}\n{hashed('i-2')} {key()}\n@revoked i-3 {key()}\n#i-4 {key()}\n"
    assert model.find_known(text, ["i-1", "i-2", "i-3", "i-4"]) == ["i-1", "i-2"]

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against the embedded cloud; guests are scripted, real ones are in tests/system."""

import base64
import re
import struct

import pytest
from ecs_emulator.testing import CommandOutcome, running

MODULE = "ecs_host_key_info"
BLOB = base64.b64encode(struct.pack(">I", 11) + b"ssh-ed25519" + struct.pack(">I", 32) + b"k" * 32).decode()
KEY = f"ssh-ed25519 {BLOB}"


@pytest.fixture
def read(run_module, monkeypatch):
    """read(emulator, ids, **options)"""

    def run(emulator, ids, **options):
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", emulator.access_key_id)
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", emulator.access_key_secret)
        return run_module(MODULE, region=emulator.region, endpoint=emulator.endpoint, instance_ids=ids, **options)

    return run


def answer(body, before="motd\n"):
    """A guest that prints this between our script's marks."""

    def run(script, _username):
        mark = re.search(r"echo '(\S+) begin'", script).group(1)
        return CommandOutcome(0, f"{before}{mark} begin\n{body}\n{mark} end\n".encode())

    return run


INSTANCES = [
    {"name": "good", "instance_id": "i-good"}, {"name": "evil", "instance_id": "i-evil"}, {"name": "mute", "instance_id": "i-mute"},
    {"name": "off", "instance_id": "i-off", "status": "Stopped"}, {"name": "win", "instance_id": "i-win", "os_type": "windows"},
    {"name": "away", "instance_id": "i-away", "assistant": {"online": False}},
]  # fmt: skip


def test_each_instance_answers_for_itself(read):
    with running({"instances": INSTANCES}) as emulator:
        emulator.on_command(answer(f"{KEY} root@good\n\n{KEY}"), "good")
        emulator.on_command(answer(f"@cert-authority * {KEY}\ni-good {KEY}\n{KEY}", before=f"{KEY}\n"), "evil")
        emulator.on_command(lambda *_args: CommandOutcome(0, KEY.encode()), "mute")
        ids = ["i-good", "i-evil", "i-mute", "i-off", "i-win", "i-away", "i-none"]
        result = read(emulator, ids, fail_on="never")
        commands = len(emulator.requests("RunCommand"))
        strict = read(emulator, ids)
    assert not result["failed"] and not result["changed"] and commands == 1
    entries = {entry["instance_id"]: entry for entry in result["instances"]}
    assert list(entries) == ids
    expected = [{"type": "ssh-ed25519", "key": BLOB, "fingerprint": entries["i-good"]["host_keys"][0]["fingerprint"]}]
    assert entries["i-good"]["host_keys"] == expected == entries["i-evil"]["host_keys"]
    assert [len(entries[name]["dropped"]) for name in ("i-good", "i-evil")] == [0, 2]
    why = {name: entry["msg"] for name, entry in entries.items() if entry["failed"]}
    assert set(why) == {"i-mute", "i-off", "i-win", "i-away", "i-none"}
    for name, word in (("i-mute", "cut off"), ("i-off", "Stopped"), ("i-win", "Windows"), ("i-away", "not online"), ("i-none", "no such")):
        assert word in why[name]
    assert strict["failed"] and "5 of 7 instances" in strict["msg"] and strict["instances"] == result["instances"]


def test_nothing_to_do_is_no_call(read):
    with running({"instances": INSTANCES}) as emulator:
        assert read(emulator, [])["instances"] == []
        assert not emulator.requests()

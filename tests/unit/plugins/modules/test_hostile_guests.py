# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One of three instances answers what it likes: it fails, and the others don't."""

import json
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "fuzz"))

from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key import make_private_key
from ecs_emulator.testing import CommandOutcome, running
from guests import EVIL, FLEET, IDS, Guests, answer
from hostile import raw_characters

KEY = make_private_key("ecdsa", 256, None, "").public_key.line
STARS = "*a" * 2000 + "b"


def with_every(value):
    """The value in place of every text of the answer, as a name, a path or a setting."""

    def replace(found):
        if isinstance(found, dict):
            return {key: replace(item) for key, item in found.items()}
        if isinstance(found, list):
            return [replace(item) for item in found]
        return value if isinstance(found, str) else found

    return replace


def settings_of(name, words):
    def change(found):
        rows = found.get("rows") or found.get("seen", {}).get("users", [])
        for row in rows:
            row["settings"] = {**row["settings"], name: words}
        return found

    return change


ANSWERS = {
    "deep": "[" * 20000,
    "deep objects": '{"a":' * 10000,
    "deep and whole": lambda found: {**found, "rows": json.loads("[" * 400 + "]" * 400), "seen": json.loads("[" * 400 + "]" * 400)},
    "infinite": lambda found: {**found, "clock": float("inf"), "boot": float("inf"), "up": float("-inf")},
    "no number": lambda found: {**found, "clock": float("nan"), "boot": float("nan")},
    "too large": lambda found: '{"clock": 1e999, "boot": 1e999}',
    "years away": lambda found: {**found, "clock": 1e300, "boot": 5},
    "names that are lists": with_every(["x"]),
    "names that are tables": with_every({"x": 1}),
    "numbers for texts": with_every(5),
    "true for all": lambda found: dict.fromkeys(found, True),
    "a list": [],
    "a text": '"x"',
    "nothing": "",
    "an error that is none": {"error": [{"x": 1}]},
    "stars": settings_of("allowusers", [STARS] * 2),
    "stars and an address": settings_of("allowusers", [f"{STARS}@{STARS}"] * 2),
    "stars for groups": settings_of("denygroups", [STARS] * 2),
    "escapes": with_every("\x1b[2J\x9b\u202e\u2028 {{ 7 * 7 }}"),
    "no rows": lambda found: {**found, "rows": [], "seen": {}},
    "a key for two": '{"a": 1, "a": ',
    "half a pair": with_every("\ud800"),
}


@pytest.fixture
def cloud(run_module, monkeypatch):
    with running(FLEET) as emulator:
        emulator.call("DeleteKeyPairs", KeyPairNames='["team"]')
        emulator.call("ImportKeyPair", KeyPairName="team", PublicKeyBody=KEY)
        Guests(emulator)
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        yield emulator


CALLS = [
    ("ecs_attach_key_pair", {"key_pair_name": "team"}),
    ("ecs_attach_key_pair", {"key_pair_name": "team", "state": "absent", "allow_lockout": True}),
    ("ecs_temp_public_key", {"public_key": KEY}),
]


@pytest.mark.parametrize(("module", "options"), CALLS, ids=["bind", "unbind", "register"])
@pytest.mark.parametrize("kind", ANSWERS)
def test_one_bad_answer_spoils_its_own_instance_only(cloud, run_module, kind, module, options):
    def reply(script, _user):
        head, brace, body = answer(script).partition(b"{")
        if not brace:
            return CommandOutcome(0, head)
        given = ANSWERS[kind]
        given = given(json.loads(brace + body)) if callable(given) else given
        return CommandOutcome(0, head + (given if isinstance(given, str) else json.dumps(given)).encode("utf-8", "surrogatepass") + b"\n")

    cloud.on_command(reply, EVIL)
    started = time.monotonic()
    result = run_module(module, instance_ids=IDS, fail_on="never", check_mode=True, **options)
    assert time.monotonic() - started < 60 and "Traceback" not in result["_output"]
    assert "instances" in result, result["msg"]
    entries = {entry["instance_id"]: entry for entry in result["instances"]}
    assert not result["failed"] and [entries[one]["failed"] for one in IDS if EVIL not in one] == [False, False]
    assert entries["i-" + EVIL]["failed"] or kind == "stars for groups" or options.get("state") == "absent", entries["i-" + EVIL]
    assert not raw_characters({key: value for key, value in result.items() if key != "_output"}) and "{{" not in result["_output"]

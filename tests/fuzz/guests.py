# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three instances of an embedded cloud: two answer what an instance in order answers, one in between what its attacker likes."""

from __future__ import annotations

import base64
import json
import re
import shlex
import time
from random import Random
from typing import Any

from ecs_emulator.testing import CommandOutcome
from hostile import mangle, mutate, text, to_json

GOOD, EVIL = ("good-1", "good-2"), "evil"
FLEET = {
    "instances": [{"name": name, "instance_id": "i-" + name, "public_ip": f"127.0.0.{number}"} for number, name in enumerate((GOOD[0], EVIL, GOOD[1]), 5)],
    "key_pairs": [{"name": "team"}],
}
IDS = ["i-" + GOOD[0], "i-" + EVIL, "i-" + GOOD[1]]
HELPER = "/usr/local/share/aliyun-assist/plugin/config_ecs_instance_connect/ecs_config_instance_connect"
SETTINGS = {
    "authorizedkeyscommand": ["/usr/bin/timeout", "5s", HELPER, "%u", "%f"], "permitrootlogin": ["yes"],
    "authorizedkeyscommanduser": ["ecs-instance-connect"],
    "passwordauthentication": ["no"], "usepam": ["yes"], "allowusers": ["root", "ops*"], "denygroups": ["nobody"],
    "authorizedkeysfile": [".ssh/authorized_keys"],
}  # fmt: skip
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIYIS8zbMSBThCUImRdQH4HjYXijGLhjMLKh84/EJ2to root@host"


class Guests:
    """Answers for all of them; the evil one's are changed while I(random) is set."""

    def __init__(self, emulator: Any) -> None:
        self.random: Random | None = None
        for name in GOOD:
            emulator.on_command(lambda script, _user: CommandOutcome(0, answer(script)), name)
        emulator.on_command(self._evil, EVIL)

    def _evil(self, script: str, _user: str) -> CommandOutcome:
        random = self.random
        if random is None:
            return CommandOutcome(0, answer(script))
        kind = random.random()
        if kind < 0.1:
            return CommandOutcome(random.choice((0, 0, 1, 126, 255)), text(random).encode("utf-8", "replace"))
        honest = answer(script)
        if kind < 0.15:
            return CommandOutcome(0, mangle(random, honest)[-20000:])
        head, brace, body = honest.partition(b"{")
        if not brace:
            lines = honest.split(b"\n")
            lines.insert(random.randrange(len(lines)), text(random).encode("utf-8", "replace"))
            return CommandOutcome(0, b"\n".join(lines))
        changed = to_json(mutate(random, json.loads(brace + body), random.choice((1, 1, 2, 5))))
        return CommandOutcome(0, head + (mangle(random, changed) if random.random() < 0.25 else changed)[-20000:] + b"\n")


def answer(script: str) -> bytes:
    """What an instance in order answers."""
    if script.startswith("send_ssh_public_key"):
        return b""
    words = re.search(r"(?m)^set -- (.*)", script)
    if words is None:
        marker = re.search(r"ecs-access-[0-9a-f]{32}", script)
        return f"{marker[0]} begin\n{HOST_KEY}\n{marker[0]} end\n".encode() if marker else b""
    request, marker_word = shlex.split(words[1])
    return f"\n{marker_word}{json.dumps(_reply(json.loads(base64.b64decode(request))))}\n".encode()


def _reply(request: dict[str, Any]) -> dict[str, Any]:
    if "keys" in request:
        return {"missing": []}
    if "seconds" in request:
        users = [
            {"name": name, "exists": True, "uid": 0, "home": "/root", "shell": "/bin/sh", "groups": ["root"], "settings": SETTINGS, "ours": True}
            for name in request["users"]
        ]
        seen = {"plugin": True, "command": ["", "AuthorizedKeysCommand " + HELPER], "manager": "/usr/sbin/acs-plugin-manager", "users": users}
        return {"done": [], "up": True, "sshd_error": "", "seen": seen, "wanted": False, "clock": time.time()}
    names = [*("root" if name == "auto" else name for name in request["users"]), "root"]
    return {"up": True, "rows": [_row(name, request["key"]) for name in names], "ways": [_row("ops", request["key"])], "boot": "boot-1\n"}


def _row(name: str, key: str) -> dict[str, Any]:
    return {
        "name": name, "done": ["keys in authorized_keys"], "lines": [key], "uid": 0, "home": "/root", "shell": "/bin/bash", "shell_works": True,
        "revoked": False,
        "groups": ["root", "ops"], "locked": False, "password": True, "aging": "19000:0:99999:7:::", "missing": ["none", "/etc/nologin", "/run/nologin"],
        "settings": SETTINGS, "sudo": "User may run:\n    (ALL) NOPASSWD: ALL\n",
    }  # fmt: skip

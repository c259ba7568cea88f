# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of hosts, and the file as Ansible reads it."""

from __future__ import annotations

import base64
import datetime
import json
import struct
from typing import Any

import yaml
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._adoption.render import render_team_file
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._adoption.seen import SCHEMA, Host, read_answer
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._adoption.team_file import TeamFile
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people import people_of_host
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.team import Team, read_team

TODAY = datetime.date(2026, 11, 27)


class Unsafe(str):
    """A text that must not be taken for a template."""


class Loader(yaml.SafeLoader):
    """As Ansible reads files of variables."""


Loader.add_constructor("!unsafe", lambda loader, node: Unsafe(loader.construct_scalar(node)))


def key(number: int) -> str:
    """A public key, another one for each number."""
    blob = struct.pack(">I11sI", 11, b"ssh-ed25519", 32) + struct.pack(">QQQQ", number, 1, 2, 3)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def held(number: int, options: str = "", comment: str = "") -> dict[str, str]:
    return {"key": key(number), "options": options, "comment": comment}


def right(commands: tuple[str, ...] = (), nopasswd: bool = True, runas: str = "ALL:ALL") -> dict[str, Any]:
    return {"nopasswd": nopasswd, "commands": list(commands), "runas": runas}


def account(name: str, *keys: dict[str, str], rights: tuple = (), **more: Any) -> dict[str, Any]:
    plain = {"state": "open", "system": False, "local": True, "password": False, "expires": "", "owner": "", "fingerprints": [], "groups": [], "notes": []}
    return {"name": name, **plain, "keys": list(keys), "rights": list(rights), "left_out": "", **more}


def encode(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def seen(name: str, *accounts: dict[str, Any], unread: tuple[str, ...] = ()) -> Host:
    return read_answer(name, encode({"schema": SCHEMA, "accounts": list(accounts), "unread": list(unread)}))


def load(file: TeamFile, owner: str = "") -> dict[str, Any]:
    """The variables that the text sets; the text says the same as the values that were checked."""
    values = yaml.load(render_team_file(file, owner), Loader)
    assert {name: value for name, value in values.items() if name != "ssh_users_owner"} == file.values
    return values


def team_of(file: TeamFile) -> Team:
    team = read_team(load(file), str)
    assert team.blocking == []
    return team


def users_on(team: Team, host: str, *groups: str) -> dict[str, dict[str, Any]]:
    """What onboard would ask of ssh_access there."""
    found = people_of_host.people_of(team, people_of_host.Host(host, groups), TODAY)
    assert found.problems == ()
    return {user["name"]: user for user in found.users}

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each playbook asks of the cloud: its own steps, in this process, on guests that answer whatever they are sent."""

from __future__ import annotations

import base64
import json
import re
import shlex
import tempfile
from types import SimpleNamespace
from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.chunks import chunks_of
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.offboarding import Leaver
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import (
    adopt,
    audit,
    bind_key_pair,
    cloud,
    diagnose,
    leave,
    offboard,
    onboard,
    recover_access,
    rotate_key_pair,
    temporary_login,
)
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.account import find_account
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.store import RunStore
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import Tools
from ecs_emulator.replay import Replay

from .plugins.connection.shell_guest import ShellGuest, connect
from .plugins.modules.test_ecs_attach_key_pair import KEY, OTHER, Guest
from .plugins.modules.test_ecs_host_key_info import KEY as HOST_KEY
from .plugins.modules.test_ecs_host_key_info import answer as host_keys
from .plugins.modules.test_ecs_ssh_access_info import RECORDING
from .plugins.modules.test_ecs_temp_public_key import Guests

AT_ONCE = 2
"""Instances of one call, so that a few instances are several calls."""


class Desk(Tools):
    """The surroundings of a step, without Ansible's."""

    def __init__(self, world: Any, **variables: Any) -> None:
        self.action: Any = SimpleNamespace(_task=SimpleNamespace(tags=["bind", "users", "server", "proof"]), _connection=None)
        self.store = RunStore(tempfile.mkdtemp(dir=world.folder))
        self.check_mode = False
        self._world = world
        given = {"ecs_access_key_pair_name": "new", "ecs_access_public_key": KEY}
        hosts = {name: {"ecs_instance_id": name, "ecs_region": world.emulator.region} for name in world.ids()}
        self.variables = {**given, "hostvars": hosts, "ansible_play_batch": list(hosts), "ansible_run_tags": ["all"], "ansible_skip_tags": [], **variables}

    def get(self, name: str, default: Any = None) -> Any:
        """As it is: there are no templates."""
        value = self.variables.get(name)
        return default if value is None else value

    def on_controller(self, module: str, arguments: Any, check: bool = False) -> dict[str, Any]:
        """A cloud module as the RAM user."""
        return self._world.result(module, check_mode=check, **arguments)

    def chunks(self) -> list[dict[str, Any]]:
        """As the playbook calls them."""
        return [chunk._asdict() for chunk in chunks_of(self.variables["hostvars"], self.variables["hostvars"], AT_ONCE)]

    def told(self) -> str:
        """What the rows of the hosts say that were not done."""
        answers = cloud.read_answers(self)
        whys = [row["msg"] for row in answers.values() if row.get("failed")]
        return " ".join(dict.fromkeys([*whys, *(self.store.read("host_keys") or {}).values()])).strip()


def guests(world: Any) -> None:
    """Have the instances answer the programs of every module, and the connection ecs_assistant."""
    binding, temporary = Guest(world.emulator), Guests(world.emulator)
    folder = world.folder / "system"
    if not folder.exists():
        folder.mkdir()
        world.shell = ShellGuest(world.emulator, "web-1", folder)
    keys, replay = host_keys(HOST_KEY), Replay(RECORDING)

    def answer(script: str, username: str) -> Any:
        if "ecs-assistant-" in script:
            return world.shell.answer(script, username)
        if " begin'" in script:
            return keys(script, username)
        request = _request(script)
        if "chapter" in request:
            return replay(script, username)
        # Those about temporary keys have none, or several.
        return (binding if "key" in request else temporary).answer(script, username)

    world.emulator.on_command(answer)


def _request(script: str) -> dict[str, Any]:
    """What a program of ours is given."""
    found = re.search(r"(?m)^set -- (.*)", script)
    return json.loads(base64.b64decode(shlex.split(found[1])[0])) if found else {}


def _inventory(world: Any) -> None:
    """Every playbook takes its hosts from there."""
    EcsClient(read_settings(world.given, {})).describe_instances()


def _assistant(world: Any) -> None:
    """The connection to hosts that SSH does not reach."""
    assert connect(world.ids()[0], **world.given).exec_command("/bin/sh -c 'echo done'")[1] == b"done\n"


def _each_chunk(world: Any, desk: Desk, step: Any) -> str:
    guests(world)
    _inventory(world)
    for chunk in desk.chunks():
        step(desk, chunk)
    return desk.told()


def run_bind_key_pair(world: Any) -> str:
    """With a private key of its own, which takes time to make."""
    return _each_chunk(world, Desk(world, ecs_access_public_key="", ecs_access_private_key_path=str(world.folder / "key")), bind_key_pair.cloud_step)


def run_onboard(world: Any) -> str:
    return _each_chunk(world, Desk(world), onboard.cloud_step)


def run_onboard_and_unbind(world: Any) -> str:
    desk = Desk(world, ecs_access_bootstrap_key="unbind")
    told = _each_chunk(world, desk, onboard.cloud_step)
    for host in desk.variables["hostvars"]:
        desk.store.write("row", {"root_proven": True, "login": ["john"], "sudo": ["john"]}, host)
    onboard.follow_step(desk)
    return told or desk.told()


def run_temporary_login(world: Any) -> str:
    return _each_chunk(world, Desk(world, ecs_access_private_key_path=str(world.folder / "key")), temporary_login.cloud_step)


def run_diagnose(world: Any) -> str:
    desk = Desk(world, ecs_access_address="203.0.113.5", ansible_play_hosts_all=world.ids())
    told = _each_chunk(world, desk, diagnose.cloud_step)
    _assistant(world)
    return told + " ".join(diagnose.ending(desk))


def run_recover_access(world: Any) -> str:
    """With the removal of the previous key, which needs nothing more."""
    desk = Desk(world)
    told = _each_chunk(world, desk, recover_access.cloud_step)
    _assistant(world)
    for host in desk.variables["hostvars"]:
        desk.store.write("recovery", {"bind_again": True}, host)
        desk.store.write("row", {"login": True, "previous_pair": "old", "failed": False}, host)
    recover_access.follow_step(desk)
    told = told or desk.told()
    recover_access.remove_step(desk)
    removed = cloud.read_answers(desk, "removals").values()
    return told or " ".join(dict.fromkeys(row["msg"] for row in removed if row["failed"]))


def run_rotate_key_pair(world: Any) -> str:
    """From the pair old, whose key every host gives up at once."""
    path = str(world.folder / "key")
    desk = Desk(world, ecs_access_old_key="old", ecs_access_public_key="", ecs_access_private_key_path=path, ansible_play_hosts_all=world.ids())
    told = _each_chunk(world, desk, rotate_key_pair.cloud_step)
    (keys,), rows = (desk.store.read("keys") or {"": {"problem": "no region"}}).values(), desk.store.read("instances") or {}
    told = told or " ".join(dict.fromkeys(row["msg"] for row in rows.values() if row.get("failed")))
    if told or keys["problem"]:
        # Where the pair is gone, the run before this one has ended.
        return told or ("" if keys["missing"] else keys["problem"])
    for host in world.ids():
        desk.store.write("rotation", {"to_bind": rows[host]["key_pair_name"] == "old", "concerned": True}, host)
    for chunk in desk.chunks():
        rotate_key_pair.bind_step(desk, chunk)
    told = desk.told()
    for host in [] if told else world.ids():
        desk.store.write("rotation", {"done": True}, host)
    return told or rotate_key_pair.delete_step(desk).get("msg", "")


def run_offboard(world: Any) -> str:
    """Of somebody whose key is that of the pair old, which is bound everywhere."""
    desk = Desk(world, ecs_access_keys=[OTHER], ansible_play_hosts_all=world.ids())
    key = parse_public_key(OTHER)
    desk.store.write("leaver", Leaver("", (), {key.fingerprint_sha256: key.line}, {})._asdict())
    told = _each_chunk(world, desk, offboard.cloud_step)
    told = told or " ".join(pairs["problem"] for pairs in desk.store.read("pairs_of_leaver").values())
    rows = desk.store.read("instances") or {}
    told = told or " ".join(dict.fromkeys(row["msg"] for row in rows.values() if row.get("failed")))
    for host in [] if told else world.ids():
        desk.store.write("taking", {"bound": rows[host]["key_pair_name"]}, host)
    for chunk in [] if told else desk.chunks():
        offboard.bind_step(desk, chunk)
    return told or desk.told()


def run_adopt(world: Any) -> str:
    return _each_chunk(world, Desk(world), adopt.cloud_step)


def run_audit(world: Any) -> str:
    """Through Cloud Assistant; over SSH it only reads host keys there, which needs no more."""
    desk = Desk(world)
    world.emulator.on_command(Replay(RECORDING))
    _inventory(world)
    for chunk in desk.chunks():
        audit.ask_step(desk, chunk)
    assert find_account(desk, desk.variables["hostvars"].values()) == world.emulator.cloud.fleet.account_id
    stored = [desk.store.read("facts", host) for host in desk.variables["hostvars"]]
    return " ".join(dict.fromkeys(facts["why"] for facts in stored if facts["access"] is None))


def run_leave(world: Any) -> str:
    """Only reads host keys."""
    return _each_chunk(world, Desk(world), leave.cloud_step)


PLAYBOOKS = {
    "The playbook bind_key_pair": run_bind_key_pair,
    "The playbook onboard": run_onboard,
    "The playbook temporary_login": run_temporary_login,
    "The playbook diagnose": run_diagnose,
    "The playbook recover_access": run_recover_access,
    "The playbook rotate_key_pair": run_rotate_key_pair,
    "The playbook offboard": run_offboard,
    "The playbook adopt": run_adopt,
    "The playbook audit": run_audit,
    "The playbook leave": run_leave,
}
"""By the title of the section with its policy."""

MORE = {
    "ecs_access_bootstrap_key=unbind": ("The playbook onboard", run_onboard_and_unbind, "ecs:DetachKeyPair"),
}
"""Variables, and the action that they need besides."""

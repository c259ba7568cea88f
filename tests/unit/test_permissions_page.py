# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every policy of docs/permissions.md does its work, and does not with one action less."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh import cloud
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.folder import RunFolder
from ecs_emulator.testing import running

from .plugins.connection.shell_guest import ShellGuest, connect
from .plugins.modules import conftest as modules
from .plugins.modules.test_ecs_attach_key_pair import KEY, Guest
from .plugins.modules.test_ecs_host_key_info import KEY as HOST_KEY
from .plugins.modules.test_ecs_host_key_info import answer
from .plugins.modules.test_ecs_temp_public_key import Guests

run_module = modules.run_module

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "permissions.md").read_text(encoding="utf-8")
ROOT = {"ecs:RunCommand", "ecs:InvokeCommand", "ecs:SendFile", "ecs:StartTerminalSession"}
_PARTS = [part.partition("\n\n") for part in PAGE.split("\n## ")[1:]]
SECTIONS = {title: (text, json.loads(text.split("```json\n")[1].split("```")[0])["Statement"]) for title, _blank, text in _PARTS}
ACTIONS = {title: [action for statement in statements for action in statement["Action"]] for title, (_text, statements) in SECTIONS.items()}
LESS = [(title, action) for title, actions in ACTIONS.items() for action in actions]


class World:
    """An embedded cloud, seen by a RAM user."""

    def __init__(self, emulator, run, folder):
        self.emulator, self.folder = emulator, folder
        self.given = {"access_key_id": "LTAIann", "access_key_secret": "secret", "endpoint": emulator.endpoint, "region": emulator.region, "api_retries": 0}
        self._run = run

    def module(self, module, /, **options):
        """The error of a module, or nothing."""
        result = self._run(module, **{**self.given, **options})
        return json.dumps(result) if result["failed"] else ""

    def ids(self):
        return list(self.emulator.cloud.instances)

    def changed(self):
        """The instances that a key pair is bound to."""
        return sorted(one.instance_id for one in self.emulator.cloud.instances.values() if one.key_pair_name)


def _inventory(world):
    assert len(EcsClient(read_settings(world.given, {})).describe_instances()) == 2


def _key_pair(world):
    return world.module("ecs_key_pair", name="new", private_key_path=str(world.folder / "key"))


def _bind(world):
    Guest(world.emulator)
    return world.module("ecs_attach_key_pair", key_pair_name="team", instance_ids=world.ids())


def _host_keys(world):
    world.emulator.on_command(answer(HOST_KEY))
    return world.module("ecs_host_key_info", instance_ids=world.ids())


def _temporary(world):
    Guests(world.emulator)
    return world.module("ecs_temp_public_key", instance_ids=world.ids(), public_key=KEY)


def _ssh(world):
    client = cloud.make_client({**dict.fromkeys(cloud.OPTIONS), "network": "public", "api_timeout": 20, "api_concurrency": 8, **world.given})
    os.mkdir(world.folder / "ecs_ssh", 0o700)
    cloud.register(client, world.ids()[0], "root", RunFolder.of(str(world.folder)))
    cloud.open_session(client, world.ids()[0], 22)


def _assistant(world):
    ShellGuest(world.emulator, "web-1", world.folder)
    connection = connect(world.ids()[0], **world.given)
    assert connection.exec_command("/bin/sh -c 'echo done'")[1] == b"done\n"


WORK = {
    "Inventory": _inventory,
    "Key pairs": _key_pair,
    "Bind a key pair": _bind,
    "Read host keys": _host_keys,
    "Temporary login": _temporary,
    "Connect with temporary keys": _ssh,
    "Connect through Cloud Assistant": _assistant,
}


@pytest.fixture
def start(run_module, tmp_path):
    """start(actions): a World whose user may do just these."""
    contexts = []

    def begin(actions, count=2):
        user = {"user": "ann", "access_key_id": "LTAIann", "access_key_secret": "secret"}
        policy = dict(user, statements=[{"Effect": "Allow", "Action": list(actions), "Resource": "*"}])
        fleet = {
            "instances": [{"name": "web", "instance_id": "i-web", "count": count}],
            "key_pairs": [{"name": "team", "public_key": KEY}],
            "policies": [policy],
        }
        contexts.append(running(fleet))
        return World(contexts[-1].__enter__(), run_module, tmp_path)

    yield begin
    for context in contexts:
        context.__exit__(None, None, None)


def _do(title, world):
    """The error, or nothing."""
    try:
        return WORK[title](world) or ""
    except (AccessError, AnsibleConnectionFailure) as exc:
        return str(exc)


def test_every_section_is_tried():
    assert list(SECTIONS) == list(WORK)


@pytest.mark.parametrize("title", SECTIONS)
def test_what_is_root_begins_with_that(title):
    held = sorted(ROOT & set(ACTIONS[title]))
    first = SECTIONS[title][0].split("\n")[0]
    assert first.startswith("**This is root**") is bool(held)
    assert all(f"`{action}`" in first for action in held)


def test_the_condition_that_limits_it_is_shown():
    assert '"Condition": {"StringEquals": {"acs:ResourceTag/' in PAGE


@pytest.mark.parametrize("title", SECTIONS)
def test_a_policy_suffices(title, start):
    assert _do(title, start(ACTIONS[title])) == ""


@pytest.mark.parametrize(("title", "missing"), LESS)
def test_with_one_action_less_nothing_is_begun_and_the_action_is_named(title, missing, start):
    world = start([action for action in ACTIONS[title] if action != missing] or ["ecs:Nothing"])
    before = world.changed()
    error = _do(title, world)
    assert f"RAM action {missing}" in error
    assert world.changed() == before
    if title != "Connect with temporary keys":  # there a key may have been delivered, for its minute
        assert not world.emulator.keys.keys(world.ids()[0], "root")


@pytest.mark.parametrize(("title", "missing"), [each for each in LESS if each[0] == "Bind a key pair"])
def test_an_action_that_is_taken_away_on_the_way_is_named_and_the_next_run_completes_it(title, missing, start):
    world = start(ACTIONS[title], count=60)  # AttachKeyPair takes 50
    guest = Guest(world.emulator)
    world.emulator.faults(missing[len("ecs:") :], "error", code="Forbidden.RAM", status=403, skip=1)
    options = {"key_pair_name": "team", "instance_ids": world.ids()}
    error = world.module("ecs_attach_key_pair", **options)
    if error:
        assert f"RAM action {missing}" in error
        # Without a list, it ended before it began.
        entries = json.loads(error).get("instances")
        assert world.changed() == [] if entries is None else {one["instance_id"] for one in entries if not one["failed"]} <= set(world.changed())
    world.emulator.clear_faults()
    assert world.module("ecs_attach_key_pair", **options) == ""
    assert world.changed() == sorted(world.ids())
    assert guest.has

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every policy of docs/permissions.md does its work, and does not with one action less: of each capability, and of each playbook."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.session import EcsSession
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh import cloud
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.folder import RunFolder
from ecs_emulator.replay import Replay
from ecs_emulator.testing import running

from .playbook_calls import MORE, PLAYBOOKS
from .plugins.connection.shell_guest import ShellGuest, connect
from .plugins.modules import conftest as modules
from .plugins.modules.test_ecs_attach_key_pair import KEY, OTHER, Guest
from .plugins.modules.test_ecs_host_key_info import KEY as HOST_KEY
from .plugins.modules.test_ecs_host_key_info import answer
from .plugins.modules.test_ecs_ssh_access_info import RECORDING
from .plugins.modules.test_ecs_temp_public_key import Guests

run_module = modules.run_module

ROOT_FOLDER = Path(__file__).resolve().parents[2]
PAGE = (ROOT_FOLDER / "docs" / "permissions.md").read_text(encoding="utf-8")
# For what comes after the binding, which stays.
LATE = [("The playbook recover_access", "ecs:SendFile"), ("The playbook recover_access", "ecs:DescribeSendFileResults")]
# What is recovered, rotated or offboarded is bound to another pair at first.
ROTATION = "The playbook rotate_key_pair"
OFFBOARDING = "The playbook offboard"
FROM_OLD = (ROTATION, OFFBOARDING)
BOUND = ("The playbook recover_access", *FROM_OLD)
# Asks nothing of the cloud.
WITHOUT_CLOUD = {"check_team"}
ROOT = {"ecs:RunCommand", "ecs:InvokeCommand", "ecs:SendFile", "ecs:StartTerminalSession"}
_PARTS = [part.partition("\n\n") for part in PAGE.split("\n## ")[1:]]
SECTIONS = {title: (text, json.loads(text.split("```json\n")[1].split("```")[0])["Statement"]) for title, _blank, text in _PARTS}
ACTIONS = {title: [action for statement in statements for action in statement["Action"]] for title, (_text, statements) in SECTIONS.items()}
LESS = [(title, action) for title, actions in ACTIONS.items() for action in actions]


class World:
    """An embedded cloud, seen by a RAM user."""

    def __init__(self, emulator, run, folder):
        self.emulator, self.folder = emulator, folder
        self.given = {"access_key_id": "LTAIann", "access_key_secret": "secret", "region": emulator.region, "api_retries": 0}
        self.given.update({"endpoint": emulator.endpoint, "sts_endpoint": emulator.endpoint})
        self._run = run

    def result(self, module, /, **options):
        """What a module answers."""
        return self._run(module, **{**self.given, **options})

    def module(self, module, /, **options):
        """The error of a module, or nothing."""
        result = self.result(module, **options)
        return json.dumps(result) if result["failed"] else ""

    def ids(self):
        return list(self.emulator.cloud.instances)

    def bound(self):
        """The key pair of each instance."""
        return {one.instance_id: one.key_pair_name for one in self.emulator.cloud.instances.values()}

    def changed(self):
        """The instances that a key pair is bound to."""
        return sorted(instance_id for instance_id, pair in self.bound().items() if pair)

    def has_pair(self):
        """Whether the key pair that playbooks make is there."""
        return "new" in self.emulator.cloud.regions[self.emulator.region].key_pairs


def _inventory(world):
    assert len(EcsClient(read_settings(world.given, {})).describe_instances()) == 2


def _key_pair(world):
    return world.module("ecs_key_pair", name="new", private_key_path=str(world.folder / "key"))


def _bind(world):
    Guest(world.emulator)
    return world.module("ecs_attach_key_pair", key_pair_name="team", instance_ids=world.ids())


def _names_of_pairs(world):
    return world.module("ecs_key_pair_info", include_instances=True, include_launch_templates=True)


def _host_keys(world):
    world.emulator.on_command(answer(HOST_KEY))
    return world.module("ecs_host_key_info", instance_ids=world.ids())


def _access(world):
    world.emulator.on_command(Replay(RECORDING))
    return world.module("ecs_ssh_access_info", instance_ids=world.ids())


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
    "What names a key pair": _names_of_pairs,
    "Read host keys": _host_keys,
    "Read who can log in": _access,
    "Temporary login": _temporary,
    "Connect with temporary keys": _ssh,
    "Connect through Cloud Assistant": _assistant,
    **PLAYBOOKS,
}


@pytest.fixture
def start(run_module, tmp_path, monkeypatch):
    """start(actions): a World whose user may do just these."""
    contexts = []
    # Nobody waits for guests that answer at once.
    _region, clock, _sleep, jitter = EcsSession.__init__.__defaults__
    monkeypatch.setattr(EcsSession.__init__, "__defaults__", (None, clock, lambda seconds: time.sleep(min(seconds, 0.02)), jitter))

    def begin(actions, count=2, pair=""):
        user = {"user": "ann", "access_key_id": "LTAIann", "access_key_secret": "secret"}
        policy = dict(user, statements=[{"Effect": "Allow", "Action": list(actions), "Resource": "*"}])
        fleet = {
            "instances": [{"name": "web", "instance_id": "i-web", "count": count, "key_pair": pair, "security_groups": ["open"]}],
            "key_pairs": [{"name": "team", "public_key": KEY}, {"name": "old", "public_key": OTHER}],
            "security_groups": [{"name": "open", "security_group_id": "sg-open", "rules": [{}]}],
            "launch_templates": [{"name": "scaling", "key_pairs": ["team"]}],
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
    assert _do(title, start(ACTIONS[title], pair="old" if title in FROM_OLD else "")) == ""


@pytest.mark.parametrize(("title", "missing"), LESS)
def test_with_one_action_less_nothing_is_begun_and_the_action_is_named(title, missing, start):
    world = start([action for action in ACTIONS[title] if action != missing] or ["ecs:Nothing"], pair="old" if title in FROM_OLD else "")
    before = world.changed()
    error = _do(title, world)
    assert f"RAM action {missing}" in error
    assert world.changed() == (world.ids() if (title, missing) in LATE else before)
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


def _world(start, title, actions):
    """Where the playbook has something to do: what is recovered is bound to another pair."""
    return start(actions, count=4, pair="old" if title in BOUND else "")


def _run(title, world, calls=None):
    try:
        return (calls or PLAYBOOKS[title])(world)
    except (AccessError, AnsibleConnectionFailure) as exc:
        return str(exc)


def test_every_playbook_has_a_section():
    playbooks = {path.stem for path in (ROOT_FOLDER / "playbooks").glob("*.yml")} - WITHOUT_CLOUD
    assert {f"The playbook {name}" for name in playbooks} == set(PLAYBOOKS)


@pytest.mark.parametrize(("title", "missing"), [each for each in LESS if each[0] in PLAYBOOKS])
def test_a_playbook_that_loses_an_action_after_its_first_call_names_it_and_the_next_run_completes_it(title, missing, start):
    """Mid-batch: the first call of an action is allowed, later ones are not."""
    world = _world(start, title, ACTIONS[title])
    before = world.bound()
    world.emulator.faults(missing[len("ecs:") :], "error", code="Forbidden.RAM", status=403, skip=1, times=1000)
    error = _run(title, world)
    if len(world.emulator.requests(missing[len("ecs:") :])) > 1:
        assert f"RAM action {missing}" in error
    else:
        assert error == ""
    # Bound to one or the other, and the key of a pair that was made is at hand.
    assert all(pair in (before[instance_id], "" if title == OFFBOARDING else "new") for instance_id, pair in world.bound().items())
    if title == "The playbook bind_key_pair":
        assert world.has_pair() is (world.folder / "key").exists()
    world.emulator.clear_faults()
    assert _run(title, world) == ""
    if "ecs:AttachKeyPair" in ACTIONS[title]:
        assert set(world.bound().values()) == {"new"}


@pytest.mark.parametrize("variable", MORE)
def test_what_a_variable_needs_besides_is_said_and_enough(variable, start):
    title, calls, action = MORE[variable]
    assert f"`{variable}` needs `{action}` too" in " ".join(SECTIONS[title][0].split())
    lacking = _world(start, title, ACTIONS[title])
    assert f"RAM action {action}" in _run(title, lacking, calls)
    assert set(lacking.bound().values()) == {"new"}


@pytest.mark.parametrize("variable", MORE)
def test_with_it_the_work_is_done(variable, start):
    title, calls, action = MORE[variable]
    world = _world(start, title, [*ACTIONS[title], action])
    assert _run(title, world, calls) == ""
    assert set(world.bound().values()) == {""}

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every world in which a login fails: a real ssh is refused, the check names the cause first, its fix lets the same ssh in."""

from __future__ import annotations

from typing import Callable, Iterator

import pytest

from lab import ssh as lab_ssh
from lab.instance import Instance
from worlds import scenarios
from worlds.scenarios import Scenario
from worlds.world import World

# What every login prints that runs its command: an exit status alone would also be that of a forced command.
MARK = "inside"
ALL_IMAGES = "debian12"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Callable:
    """keys("rsa:2048"): one key of each kind, made once."""
    folder = tmp_path_factory.mktemp("keys")
    made = {}

    def get(kind: str):
        if kind not in made:
            name, _colon, bits = kind.partition(":")
            made[kind] = lab_ssh.make_key(folder, f"{name}{bits}", name, int(bits) if bits else None)
        return made[kind]

    return get


@pytest.fixture(scope="module")
def get_world(keys: Callable) -> Iterator[Callable]:
    """get_world(instance): its world, put back to how it was."""
    worlds: dict[str, World] = {}

    def get(instance: Instance) -> World:
        if instance.name not in worlds:
            worlds[instance.name] = World(instance, keys("ed25519"))
        else:
            worlds[instance.name].reset()
        return worlds[instance.name]

    yield get
    for world in worlds.values():
        world.close()


def _is_in(world: World, user: str, key=None) -> bool:
    done = world.login(f"echo {MARK}", user=user, key=key)
    return done.returncode == 0 and MARK in done.stdout


@pytest.mark.parametrize("scenario", scenarios.ALL, ids=lambda scenario: scenario.id)
def test_the_cause_comes_first_and_its_fix_works(fleet, get_world: Callable, keys: Callable, scenario: Scenario) -> None:
    name = next((image for image in scenario.images if image != "debian12" and "debian12" not in scenario.images), "debian12")
    if name not in fleet.instances:
        pytest.skip(f"{name} takes no part in this run")
    world = get_world(fleet[name])
    _fails_is_explained_and_mended(world, keys, scenario)


def _fails_is_explained_and_mended(world: World, keys: Callable, scenario: Scenario) -> None:
    key = keys(scenario.key) if scenario.key else world.key
    if scenario.key:
        world.sh(f"printf '%s\\n' '{key.public}' >> $A")
    world.sh(scenario.setup)
    assert not _is_in(world, scenario.user, key), "the world is healthy although it should not be"
    checked = world.check(user=scenario.user, public_key=key.public, **dict(scenario.check))
    assert checked.first == scenario.cause, checked.findings
    assert checked.can_log_in == scenario.verdict, checked.findings
    assert len(set(checked.blocking)) <= 1, checked.findings
    fix = scenario.fix or checked.findings[0]["fix_command"]
    said = world.sh(fix)
    assert _is_in(world, scenario.user, key), f"{fix}: {said}"
    after = world.check(user=scenario.user, public_key=key.public)
    assert scenario.cause not in [finding["cause"] for finding in after.findings if finding["severity"] == "blocks"], after.findings

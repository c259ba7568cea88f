# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as a user calls them: by their full names, with the inventory plugin, on an account of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab import screen
from lab.verbs import known_inventory

ONBOARD = "alicloud.ecs_access.onboard"
BIND = "alicloud.ecs_access.bind_key_pair"
TWO = ("web-1", "web-2")


class World:
    """An account with two systems, one stopped instance and one with Windows; nobody's key is anywhere."""

    def __init__(self, fleet, folder: Path, playbook, ssh) -> None:
        self.fleet, self.folder, self._playbook, self._ssh = fleet, folder, playbook, ssh
        self.inventory, self.known_hosts = known_inventory(fleet, folder)

    def run(self, playbook: str, variables: dict, *options: str, environment: dict | None = None):
        # Wide enough that no row of the table is wrapped.
        full = {**(environment or self.fleet.environment()), "COLUMNS": "400"}
        return self._playbook(playbook, self.inventory, extra_vars=variables, options=options, environment=full)

    def logs_in(self, name: str, user: str, key, command: str = "true") -> bool:
        done = self._ssh(self.fleet[name], user, key, command, known_hosts=self.known_hosts)
        assert done.returncode != 255 or "Permission denied" in done.stderr, done.stderr
        return done.returncode == 0


@pytest.fixture(scope="module")
def world(start_fleet, tmp_path_factory, playbook, ssh):
    instances = [
        {"name": "web-1", "backend": "container", "image": "debian12"},
        {"name": "web-2", "backend": "container", "image": "el-like"},
        {"name": "off", "backend": "api", "status": "Stopped"},
        {"name": "win", "backend": "api", "os_type": "windows"},
    ]
    with start_fleet({"instances": instances}) as fleet:
        yield World(fleet, tmp_path_factory.mktemp("playbooks"), playbook, ssh)


def team(*people: dict) -> dict:
    """A file of its own: the people of other tests on the same instances are not missing from it."""
    return {"ssh_users_accounts": list(people), "ssh_users_owner": people[0]["name"]}


def table_row(run, host: str) -> str:
    return screen.table_row(run.stdout, host)


def test_a_team_is_brought_on_and_the_bootstrap_key_leaves(world, make_key, new_name, tmp_path):
    pair, boss, worker = new_name("pair"), new_name("boss"), new_name("worker")
    boss_key, worker_key, private = make_key(), make_key(), tmp_path / "pair-key"
    variables = {
        "ecs_access_hosts": "web-*",
        "ecs_access_key_pair_name": pair,
        "ecs_access_private_key_path": str(private),
        "ecs_access_private_keys": {boss: str(boss_key.path), worker: str(worker_key.path)},
        **team(
            {"name": boss, "sudo": "nopasswd", "authorized_keys": [boss_key.public]},
            {"name": worker, "authorized_keys": [worker_key.public]},
        ),
    }
    boots = [world.fleet[name].boot_id() for name in TWO]

    check = world.run(ONBOARD, variables, "--check")
    assert check.returncode == 0, check.output
    assert not private.exists()
    assert not world.fleet["web-1"].exec(f"getent passwd {boss}", check=False)
    assert "check mode" in table_row(check, "web-1")

    real = world.run(ONBOARD, variables)
    assert real.returncode == 0, real.output
    assert table_row(real, "web-1") == f"web-1 yes yes 2 {boss} {worker} {boss} -"
    for name in TWO:
        assert world.logs_in(name, "root", private)
        assert world.logs_in(name, boss, boss_key, "sudo -n true")
        assert world.logs_in(name, worker, worker_key)
        assert not world.logs_in(name, worker, worker_key, "sudo -n true")
        assert not world.logs_in(name, worker, boss_key)

    again = world.run(ONBOARD, variables)
    assert (again.returncode, again.changed()) == (0, []), again.output
    quiet = world.run(ONBOARD, variables, "--check")
    assert (quiet.returncode, quiet.changed()) == (0, []), quiet.output

    unbound = world.run(ONBOARD, {**variables, "ecs_access_bootstrap_key": "unbind"})
    assert unbound.returncode == 0, unbound.output
    assert "bootstrap key unbound" in table_row(unbound, "web-1")
    for name in TWO:
        assert not world.logs_in(name, "root", private)
        assert world.logs_in(name, boss, boss_key, "sudo -n true")
    assert [world.fleet[name].boot_id() for name in TWO] == boots


def test_the_bootstrap_key_stays_where_nobody_became_root(world, make_key, new_name, tmp_path):
    pair, worker, key, private = new_name("pair"), new_name("worker"), make_key(), tmp_path / "pair-key"
    run = world.run(
        ONBOARD,
        {
            "ecs_access_hosts": "web-1",
            "ecs_access_key_pair_name": pair,
            "ecs_access_private_key_path": str(private),
            "ecs_access_replace_bound": True,
            "ecs_access_private_keys": {worker: str(key.path)},
            "ecs_access_bootstrap_key": "unbind",
            **team({"name": worker, "authorized_keys": [key.public]}),
        },
    )
    assert run.returncode == 2, run.output
    assert "bootstrap key kept" in table_row(run, "web-1")
    assert world.logs_in("web-1", "root", private)


def test_a_person_whose_key_was_not_given_out_is_reported(world, make_key, new_name, controller_key):
    person, right, wrong = new_name("person"), make_key(), make_key()
    run = world.run(
        ONBOARD,
        {
            "ecs_access_hosts": "web-1",
            "ecs_access_private_keys": {person: str(wrong.path)},
            **team({"name": person, "authorized_keys": [right.public]}),
        },
        environment={**world.fleet.environment(), "ANSIBLE_PRIVATE_KEY_FILE": str(controller_key.path)},
    )
    assert run.returncode == 2, run.output
    assert f"login refused: {person}" in table_row(run, "web-1")


def test_hosts_that_cannot_be_done_do_not_stop_the_others(world, make_key, new_name, tmp_path):
    pair, person, key = new_name("pair"), new_name("person"), make_key()
    world.fleet["web-2"].exec("systemctl stop sshd")
    try:
        run = world.run(
            ONBOARD,
            {
                "ecs_access_hosts": "all",
                "ecs_access_key_pair_name": pair,
                "ecs_access_private_key_path": str(tmp_path / "pair-key"),
                "ecs_access_replace_bound": True,
                "ecs_access_private_keys": {person: str(key.path)},
                **team({"name": person, "authorized_keys": [key.public]}),
            },
        )
    finally:
        world.fleet["web-2"].exec("systemctl start sshd")
    assert run.returncode == 2
    assert table_row(run, "web-1").endswith(f"1 {person} - -")
    assert "Stopped" in table_row(run, "off")
    assert "Windows" in table_row(run, "win")
    assert "the SSH server is not running" in table_row(run, "web-2")
    assert "3 of 4 hosts need attention" in run.output


def test_an_imported_key_is_bound_with_the_private_half_elsewhere(world, make_key, new_name):
    key = make_key(kind="rsa")
    variables = {
        "ecs_access_hosts": "web-1",
        "ecs_access_key_pair_name": new_name("imported"),
        "ecs_access_public_key_path": str(key.path) + ".pub",
        "ecs_access_replace_bound": True,
        "ecs_access_previous_key": "remove",
    }
    run = world.run(BIND, variables)
    assert run.returncode == 0, run.output
    assert world.logs_in("web-1", "root", key)
    again = world.run(BIND, variables)
    assert (again.returncode, again.changed()) == (0, []), again.output


@pytest.mark.parametrize(
    ("name", "variables", "sentence"),
    [
        pytest.param(ONBOARD, team({"name": "a"}), "No hosts were named", id="no host pattern"),
        pytest.param(ONBOARD, {"ecs_access_hosts": "nowhere-*", **team({"name": "a"})}, "matches no host", id="pattern matches none", marks=pytest.mark.long),
        pytest.param(ONBOARD, {"ecs_access_hosts": "web-1"}, "The team is empty", id="no team", marks=pytest.mark.long),
        pytest.param(ONBOARD, {"ecs_access_hosts": "web-1", "ssh_users_accounts": []}, "The team is empty", id="empty team", marks=pytest.mark.long),
        pytest.param(
            ONBOARD,
            {"ecs_access_hosts": "web-1", "ecs_access_bootstrap_key": "unbind", **team({"name": "a"})},
            "unbind needs ecs_access_key_pair_name",
            id="unbinding without a proof",
            marks=pytest.mark.long,
        ),
        pytest.param(BIND, {"ecs_access_hosts": "web-1"}, "Set the name of the", id="no key pair", marks=pytest.mark.long),
        pytest.param(
            BIND,
            {"ecs_access_hosts": "web-1", "ecs_access_key_pair_name": "no-such-pair"},
            "no-such-pair",
            id="a pair that does not exist",
        ),
        pytest.param(
            BIND,
            {"ecs_access_hosts": "web-1", "ecs_access_key_pair_name": "pair", "ecs_access_private_key_path": "/proc/nowhere/key"},
            "/proc/nowhere",
            id="a path that cannot be written",
        ),
    ],
)
def test_wrong_input_gets_a_sentence_and_changes_nothing(world, name, variables, sentence):
    before = [world.fleet[one].exec("cat /etc/passwd /etc/shadow /root/.ssh/authorized_keys 2>/dev/null; true") for one in TWO]
    run = world.run(name, variables)
    assert run.returncode != 0
    assert sentence in run.output
    assert "Traceback" not in run.output
    assert run.changed() == []
    assert [world.fleet[one].exec("cat /etc/passwd /etc/shadow /root/.ssh/authorized_keys 2>/dev/null; true") for one in TWO] == before


def test_no_secret_in_the_most_talkative_run(world, make_key, new_name, tmp_path):
    pair, person, key, private = new_name("pair"), new_name("person"), make_key(), tmp_path / "pair-key"
    password_hash = "$6$saltsalt$" + "Q" * 86
    run = world.run(
        ONBOARD,
        {
            "ecs_access_hosts": "web-*",
            "ecs_access_key_pair_name": pair,
            "ecs_access_private_key_path": str(private),
            "ecs_access_replace_bound": True,
            "ecs_access_private_keys": {person: str(key.path)},
            **team({"name": person, "password_hash": password_hash, "authorized_keys": [key.public]}),
        },
        "-vvvv",
        "--diff",
    )
    assert run.returncode == 0, run.output
    registered = repr(run.results)
    secrets = [world.fleet.access_key_secret, password_hash]
    for path in (private, key.path):
        lines = path.read_text().splitlines()
        assert len(lines) > 4
        secrets += lines[1:-1]
    for place, text in (("output", run.output), ("results", registered), ("log of the cloud", world.fleet.log.read_text())):
        found = [secret[:12] for secret in secrets if secret in text]
        assert not found, f"{len(found)} secrets in the {place}"

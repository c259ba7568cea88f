# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A team file from hosts that others have set up: nothing changes with it, nothing spreads, and who leaves it loses exactly their own access."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

import pytest
import yaml
from lab import screen
from lab import ssh as lab_ssh

ADOPT, ONBOARD, CHECK_TEAM = (f"alicloud.ecs_access.{name}" for name in ("adopt", "onboard", "check_team"))
TEMPLATE = "{{ lookup('pipe','touch /tmp/evaluated') }}"
RESTART = "/usr/bin/systemctl restart nginx"

PLANT = """
useradd -m -s /bin/bash {name} && mkdir -m 0700 ~{name}/.ssh && chown {name}: ~{name}/.ssh
"""


class Loader(yaml.SafeLoader):
    """As Ansible reads it; texts that it must not take for templates are marked."""


class Unsafe(str):
    """A text that is marked so."""


Loader.add_constructor("!unsafe", lambda loader, node: Unsafe(loader.construct_scalar(node)))


class World:
    """Systems that people have set up by hand, the last of which is rooted; and an instance that does not run."""

    def __init__(self, fleet, folder: Path, controller, controller_key, names: list[str]) -> None:
        self.fleet, self.folder, self._controller, self.names = fleet, folder, controller, names
        self.known_hosts = folder / "known_hosts"
        lab_ssh.write_known_hosts(self.known_hosts, fleet)
        self.inventory = folder / "my.ecs.yml"
        arguments = f"-F none -o IdentityAgent=none -o UserKnownHostsFile={self.known_hosts}"
        compose = {"ansible_user": "'root'", "ansible_ssh_private_key_file": f"'{controller_key.path}'", "ansible_ssh_common_args": f"'{arguments}'"}
        self.inventory.write_text(yaml.safe_dump({"plugin": "alicloud.ecs_access.ecs", "hostnames": ["name"], "compose": compose}))
        people = ("anna", "ben-1", "ben-2", "emil", "carl", "dora", "robot", "otto", "evil")
        self.keys = {name: lab_ssh.make_key(folder, name) for name in people}
        self.team = folder / "team.yml"

    def blob(self, name: str) -> str:
        return " ".join(self.keys[name].public.split()[:2])

    def plant(self) -> None:
        first, rooted = self.names[0], self.names[-1]
        for name in self.names:
            self.account(name, "anna", f"{self.blob('anna')} {TEMPLATE}")
            self.account(name, "ben", self.keys["ben-2" if name == rooted else "ben-1"].public)
            self.account(name, "carl", f'restrict,command="/bin/echo carl" {self.blob("carl")} carl # not & *alias !!python')
            self.fleet[name].exec("useradd -r -m -s /bin/bash robot && mkdir -m 0700 ~robot/.ssh")
            self.fleet[name].put("/home/robot/.ssh/authorized_keys", self.keys["robot"].public + "\n", "0600", "robot:robot")
            self.fleet[name].exec("chown robot: ~robot/.ssh && groupadd deployers")
            self.fleet[name].put("/etc/sudoers.d/deployers", f"%deployers ALL=(root) NOPASSWD: {RESTART}, /usr/bin/true\n", "0440")
            self.account(name, "dora", self.keys["dora"].public)
            self.fleet[name].exec("usermod -aG deployers dora")
        self.account(first, "emil", self.keys["emil"].public)
        self.fleet[first].put("/etc/sudoers.d/emil", "emil ALL=(ALL) NOPASSWD: ALL\nemil ALL=(nobody:nogroup) /usr/bin/id\n", "0440")
        self.account(first, "mary")
        self.fleet[first].exec("usermod -aG sudo mary && echo mary:secret | chpasswd")
        self.account(first, "otto", self.keys["otto"].public)
        self.fleet[first].exec("usermod -e 2020-01-01 otto")
        # What whoever is root there would like to have everywhere.
        self.fleet[rooted].exec(f"echo '{self.keys['evil'].public}' >> /home/anna/.ssh/authorized_keys")
        self.fleet[rooted].put("/etc/sudoers.d/anna", "anna ALL=(ALL:ALL) NOPASSWD: ALL\n", "0440")

    def account(self, host: str, name: str, line: str = "") -> None:
        self.fleet[host].exec(PLANT.format(name=name))
        if line:
            self.fleet[host].put(f"/home/{name}/.ssh/authorized_keys", line + "\n", "0600", f"{name}:{name}")

    def run(self, playbook: str, *options: str, environment: dict | None = None, team: bool = True, **variables):
        given = {"ecs_access_hosts": ",".join(self.names), **variables}
        full = {**self.fleet.environment(), "COLUMNS": "400", "ANSIBLE_TIMEOUT": "3", **(environment or {})}
        with_team = ["-e", f"@{self.team}"] if team else []
        return self._controller.playbook(playbook, self.inventory, extra_vars=given, options=[*with_team, *options], environment=full)

    def adopt(self, *options: str, environment: dict | None = None, **variables):
        given = {"ecs_access_hosts": "all", "ecs_access_team_file": str(self.team), **variables}
        return self.run(ADOPT, *options, environment=environment, team=False, **given)

    def file(self) -> dict:
        return yaml.load(self.team.read_text(), Loader)

    def save(self, values: dict) -> None:
        """The file as a person edits it: texts stay marked."""
        dumper = type("Dumper", (yaml.SafeDumper,), {})
        dumper.add_representer(Unsafe, lambda self, text: self.represent_scalar("!unsafe", str(text), style='"'))
        self.team.write_text(yaml.dump(values, Dumper=dumper))

    def state(self, name: str) -> str:
        """All that decides about access to a host."""
        return self.fleet[name].exec(
            "getent passwd; getent group; getent shadow; cd /home; tail -n +1 */.ssh/authorized_keys /root/.ssh/authorized_keys; tail -n +1 /etc/sudoers.d/*; "
            "sshd -T | sort"
        )

    def logs_in(self, name: str, user: str, key: str) -> bool:
        done = lab_ssh.ssh(self.fleet[name], user, self.keys[key], "true", self.known_hosts)
        assert done.returncode != 255 or "Permission denied" in done.stderr, done.stderr
        return done.returncode == 0


def entry(values: dict, name: str) -> dict:
    (found,) = [one for one in values["ssh_users_accounts"] if one["name"] == name]
    return found


def keys_of(values: dict, name: str) -> dict[str, list[str]]:
    """The hosts of each key; none where it is on all of the account's."""
    return {key["key"]: key.get("hosts", []) for key in entry(values, name).get("authorized_keys", [])}


def rights_of(values: dict, name: str) -> list[tuple]:
    rules = [rule for rule in values["ssh_users_access"] if name in rule["users"]]
    return [(rule["hosts"], rule.get("sudo", ""), rule.get("sudo_commands", []), rule.get("sudo_runas", ""), rule.get("groups", [])) for rule in rules]


@contextlib.contextmanager
def planted(start_fleet, folder, controller, controller_key, count):
    """So many instances on which people have left their accounts, keys and rights, and one that is stopped."""
    names = [f"web-{number}" for number in range(1, count + 1)]
    instances = [{"name": name, "backend": "container", "image": "debian12"} for name in names]
    with start_fleet({"instances": [*instances, {"name": "off", "backend": "api", "status": "Stopped"}]}) as fleet:
        world = World(fleet, folder, controller, controller_key, names)
        world.plant()
        yield world


@pytest.fixture(scope="module")
def world(start_fleet, tmp_path_factory, controller, controller_key):
    with planted(start_fleet, tmp_path_factory.mktemp("adopt"), controller, controller_key, 2) as made:
        yield made


@pytest.mark.parametrize(
    ("variables", "environment", "part"),
    [
        ({}, {"JOB_ID": "7"}, "ecs_access_team_file_lasts=true"),
        ({"ecs_access_team_file": "/etc/hostname"}, {}, "There is a file /etc/hostname already"),
    ],
)
def test_what_cannot_be_done_is_refused_before_a_host_is_asked(world, variables, environment, part):
    run = world.adopt(environment=environment, **variables)
    assert run.returncode == 2, run.output
    assert part in run.output
    assert "Read accounts" not in run.output
    assert not world.team.exists()


@pytest.fixture(scope="module")
def adopted(world):
    before = {name: world.state(name) for name in world.names}
    checked = world.adopt("--check", "--diff")
    assert "+ssh_users_accounts:" in checked.output
    assert not world.team.exists()
    run = world.adopt()
    assert {name: world.state(name) for name in world.names} == before
    return run


def test_it_names_what_was_seen_and_no_more(world, adopted):
    first, rooted = world.names[0], world.names[-1]
    assert adopted.returncode == 2, adopted.output  # one was not seen
    assert screen.table_row(adopted.stdout, first).split()[1:5] == ["6", "5", "3", "3"]
    assert stat.S_IMODE(world.team.stat().st_mode) == 0o600
    text, values = world.team.read_text(), world.file()
    assert [one["name"] for one in values["ssh_users_accounts"]] == ["anna", "ben", "carl", "dora", "emil", "mary"]
    assert keys_of(values, "anna") == {world.blob("anna"): [], world.blob("evil"): [rooted]}
    assert keys_of(values, "ben") == {world.blob("ben-1"): world.names[:-1], world.blob("ben-2"): [rooted]}
    assert keys_of(values, "carl") == {world.blob("carl"): []}
    assert entry(values, "carl")["authorized_keys"][0]["options"] == 'restrict,command="/bin/echo carl"'
    assert entry(values, "carl")["authorized_keys"][0]["comment"] == "carl # not & *alias !!python"
    comment = next(key["comment"] for key in entry(values, "anna")["authorized_keys"] if key["key"] == world.blob("anna"))
    assert comment == TEMPLATE
    assert isinstance(comment, Unsafe)
    assert rights_of(values, "anna") == [(world.names[:-1], "", [], "", []), ([rooted], "nopasswd", [], "", [])]
    assert rights_of(values, "dora") == [(world.names, "nopasswd", [RESTART, "/usr/bin/true"], "root", ["deployers"])]
    assert rights_of(values, "emil") == [([first], "nopasswd", [], "ALL", []), ([first], "password", ["/usr/bin/id"], "nobody:nogroup", [])]
    assert rights_of(values, "mary") == [([first], "password", [], "", [])]
    head = text[: text.index("ssh_users_accounts:")]
    assert "off: " in head
    assert "otto on web-1: it has expired" in head
    assert "robot on" in head
    assert "secret" not in text
    assert "$y$" not in text
    assert f"# Seen on {rooted} only." in text


def test_nothing_changes_with_it(world, adopted):
    before = {name: world.state(name) for name in world.names}
    run = world.run(ONBOARD, "--check", "--diff")
    assert run.returncode == 0, run.output
    assert run.changed() == []
    again = world.run(ONBOARD)
    assert again.returncode == 0, again.output
    assert again.changed() == []
    assert {name: world.state(name) for name in world.names} == before
    assert not Path("/tmp/evaluated").exists()


def test_who_leaves_the_file_loses_exactly_their_access(world, adopted):
    """After the run above, from which on the hosts know whose access it is."""
    values = world.file()
    values["ssh_users_accounts"].remove(entry(values, "ben"))
    for rule in values["ssh_users_access"]:
        rule["users"] = [name for name in rule["users"] if name != "ben"]
    values["ssh_users_access"] = [rule for rule in values["ssh_users_access"] if rule["users"]]
    world.save(values)
    before = {name: world.state(name) for name in world.names}
    run = world.run(ONBOARD)
    assert run.returncode == 0, run.output
    for name in world.names:
        key = "ben-2" if name == world.names[-1] else "ben-1"
        assert not world.logs_in(name, "ben", key)
        assert world.logs_in(name, "anna", "anna")
        assert world.state(name) == before[name].replace(world.keys[key].public + "\n", "")
    assert world.logs_in(world.names[-1], "anna", "evil")
    assert not world.logs_in(world.names[0], "anna", "evil")


@pytest.mark.long
def test_six_systems(start_fleet, tmp_path_factory, controller, controller_key):
    with planted(start_fleet, tmp_path_factory.mktemp("six"), controller, controller_key, 6) as world:
        names = world.names
        run = world.adopt(ecs_access_serial="2,4")
        assert run.returncode == 2, run.output
        values = world.file()
        assert keys_of(values, "ben") == {world.blob("ben-1"): names[:-1], world.blob("ben-2"): [names[-1]]}
        before = {name: world.state(name) for name in names}
        check = world.run(CHECK_TEAM)
        assert check.returncode == 0, check.output
        for options in (["--check"], []):
            run = world.run(ONBOARD, *options)
            assert run.returncode == 0, run.output
            assert run.changed() == []
        assert {name: world.state(name) for name in names} == before

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A shared key is rotated over six instances: there is a working login at every moment, and nothing goes before everything is proven."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from lab import screen
from lab import ssh as lab_ssh
from lab.verbs import known_inventory

ROTATE = "alicloud.ecs_access.rotate_key_pair"
NAMES = [f"web-{number}" for number in range(1, 7)]
FINGERPRINT = re.compile(r"SHA256:\S{43}")


class World:
    """Six instances that the pair team is bound to; on one of them its key has been given to more accounts, one with a file elsewhere."""

    def __init__(self, fleet, folder: Path, playbook, ssh, old) -> None:
        self.fleet, self.folder, self._playbook, self._ssh, self.old = fleet, folder, playbook, ssh, old
        self.new = folder / "new-key"
        self.report = folder / "report.json"
        self.inventory, self.known_hosts = known_inventory(fleet, folder)

    def run(self, mode: str, *options: str, environment: dict | None = None, **variables):
        full = {
            "ecs_access_hosts": "web-*",
            "ecs_access_old_key": "team",
            "ecs_access_key_pair_name": "team-2",
            "ecs_access_private_key_path": str(self.new),
            "ecs_access_report": str(self.report),
            "ecs_access_overlap": "0",
            "ecs_access_mode": mode,
            **variables,
        }
        place = {**self.fleet.environment(), "COLUMNS": "400", "ANSIBLE_PRIVATE_KEY_FILE": str(self.old.path), **(environment or {})}
        return self._playbook(ROTATE, self.inventory, extra_vars=full, options=options, environment=place)

    def logs_in(self, name: str, user: str, key, command: str = "true") -> bool:
        done = self._ssh(self.fleet[name], user, key, command, known_hosts=self.known_hosts)
        assert done.returncode != 255 or "Permission denied" in done.stderr, done.stderr
        return done.returncode == 0

    def pairs(self) -> list[str]:
        return sorted(pair["KeyPairName"] for pair in self.fleet.call("DescribeKeyPairs")["KeyPairs"]["KeyPair"])

    def bound(self) -> list[str]:
        return [entry.get("KeyPairName", "") for entry in self.fleet.call("DescribeInstances", MaxResults=100)["Instances"]["Instance"]]


def fleet_of(old, count: int = 6, templates: tuple = ()) -> dict:
    return {
        "key_pairs": [{"name": "team", "public_key": old.public}],
        "launch_templates": list(templates),
        "instances": [{"name": name, "backend": "container", "image": "debian12", "key_pair": "team"} for name in NAMES[:count]],
    }


def spread(instance, old) -> None:
    """The old key for two more accounts, one of which has it in a file of the administrator's."""
    instance.exec("useradd -m -s /bin/bash deploy && useradd -m -s /bin/bash backup2 && install -d -m 0755 /etc/ssh/keys")
    instance.exec("install -d -m 0700 -o deploy -g deploy /home/deploy/.ssh")
    instance.put("/home/deploy/.ssh/authorized_keys", f"# robots\nno-port-forwarding {old.public}\n", "0600", "deploy:deploy")
    instance.put("/etc/ssh/keys/backup2", f"{old.public}\n", "0644")
    instance.put("/etc/ssh/sshd_config.d/50-keys.conf", "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u\n")
    instance.exec("sshd -t && systemctl reload ssh")


@pytest.fixture(scope="module")
def small_world(start_fleet, tmp_path_factory, playbook, ssh):
    """One instance, for what is refused before anything is changed."""
    folder = tmp_path_factory.mktemp("refused")
    old = lab_ssh.make_key(folder, "old-key", "rsa")
    with start_fleet(fleet_of(old, 1)) as fleet:
        yield World(fleet, folder, playbook, ssh, old)


@pytest.fixture
def world(start_fleet, tmp_path_factory, playbook, ssh):
    folder = tmp_path_factory.mktemp("rotation")
    old = lab_ssh.make_key(folder, "old-key", "rsa")
    templates = ({"name": "scaling", "launch_template_id": "lt-scaling", "key_pairs": ["", "team"]},)
    with start_fleet(fleet_of(old, templates=templates)) as fleet:
        made = World(fleet, folder, playbook, ssh, old)
        spread(fleet["web-2"], old)
        yield made


@pytest.mark.parametrize(
    ("variables", "environment", "sentence"),
    [
        pytest.param({"ecs_access_old_key": ""}, {}, "Set the key that leaves", id="no old key", marks=pytest.mark.long),
        pytest.param({"ecs_access_key_pair_name": "team"}, {}, "are the same key pair", id="the same pair", marks=pytest.mark.long),
        pytest.param({"ecs_access_private_key_path": ""}, {}, "Set where the private key", id="no private key", marks=pytest.mark.long),
        pytest.param({"ecs_access_overlap": "soon"}, {}, "ecs_access_overlap must be a time", id="an overlap that is none", marks=pytest.mark.long),
        pytest.param({"ecs_access_mode": "aply"}, {}, "ecs_access_mode must be plan, apply or verify", id="a mode that is none"),
        pytest.param({"ecs_access_old_key": "/no/such.pub"}, {}, "/no/such.pub, which cannot be read", id="no such file", marks=pytest.mark.long),
        pytest.param({"ecs_access_old_key": "teem"}, {}, "there is no key pair teem", id="no such pair"),
        pytest.param({}, {"JOB_ID": "7"}, "none is made in a job", id="a key made in a job"),
        pytest.param(
            {"ecs_access_private_key_lasts": True}, {"JOB_ID": "7"}, "none is made in a job", id="even in one whose disk lasts", marks=pytest.mark.long
        ),
    ],
)
def test_wrong_input_gets_a_sentence_and_changes_nothing(small_world, variables, environment, sentence):
    run = small_world.run("apply", environment=environment, **{"ecs_access_hosts": "web-1", **variables})
    assert run.returncode == 2, run.output
    assert sentence in run.output
    assert "Traceback" not in run.output
    assert run.changed() == []
    assert small_world.pairs() == ["team"]


def account(instance, name: str, lines: str) -> None:
    instance.exec(f"useradd -m -s /bin/bash {name}; install -d -m 0700 -o {name} -g {name} /home/{name}/.ssh")
    instance.put(f"/home/{name}/.ssh/authorized_keys", lines, "0600", f"{name}:{name}")


def test_what_could_open_less_afterwards_is_refused_with_the_plan(small_world, tmp_path):
    """The new key is there for another purpose, and the old one twice: the copy of one line would not open what two did."""
    new, web, old = lab_ssh.make_key(tmp_path, "new-key", "rsa"), small_world.fleet["web-1"], small_world.old
    account(web, "narrow", f'{old.public}\ncommand="/bin/false" {new.public}\n')
    account(web, "twice", f'no-pty {old.public}\nfrom="192.0.2.1" {old.public}\n')
    try:
        run = small_world.run("apply", ecs_access_hosts="web-1", ecs_access_private_key_path=str(new.path))
    finally:
        web.exec("userdel -r narrow; userdel -r twice")
    assert run.returncode == 2, run.output
    assert "the old key is in several lines with different options for twice" in run.output
    assert "for narrow, with other options than the old one" in " ".join(run.output.split())
    assert run.changed() == []
    assert small_world.pairs() == ["team"]


@pytest.mark.long
def test_check_mode_and_an_account_that_has_expired(start_fleet, tmp_path, playbook, ssh):
    old, new = (lab_ssh.make_key(tmp_path, name, "rsa") for name in ("old-key", "new-key"))
    with start_fleet(fleet_of(old, 1)) as fleet:
        world, web = World(fleet, tmp_path, playbook, ssh, old), fleet["web-1"]
        account(web, "gone", f"{old.public}\n")
        web.exec("chage -E 1 gone")
        first = world.run("apply", "--check")
        assert first.returncode == 0, first.output
        assert "the new key would be added" in first.output
        assert (world.pairs(), set(world.bound())) == (["team"], {"team"})

        added = world.run("apply", ecs_access_overlap="1h")
        assert added.returncode == 0, added.output
        second = world.run("apply", "--check")
        assert second.returncode == 0, second.output
        assert "the old key would be removed" in second.output
        assert "The key pair team in cn-hangzhou would be deleted" in second.output
        assert world.logs_in("web-1", "root", old)
        assert world.pairs() == ["team", "team-2"]

        done = world.run("apply")
        assert done.returncode == 0, done.output
        assert "neither key opens a login: gone" in done.output
        assert web.exec("cat /home/gone/.ssh/authorized_keys").split()[1] == new.public.split()[1]
        assert (world.logs_in("web-1", "root", old), world.logs_in("web-1", "root", new)) == (False, True)
        web.exec("chage -E -1 gone")
        assert world.logs_in("web-1", "gone", new)
        assert world.pairs() == ["team-2"]


@pytest.mark.long
def test_six_instances_one_of_them_unreachable(world):
    """In one piece, because each part begins where the last one ends."""
    web = world.fleet["web-2"]
    boots = [world.fleet[name].boot_id() for name in NAMES]
    world.fleet["web-6"].exec("systemctl stop ssh")

    unseen = world.run("plan")
    assert unseen.returncode == 2, unseen.output
    assert unseen.changed() == []
    assert world.pairs() == ["team"]
    assert not world.new.exists()
    first = json.loads(world.report.read_text())["plan_id"]
    assert f"ecs_access_plan={first}" in unseen.output

    # One is not reached: the others get the new key, and the old one stays everywhere.
    added = world.run("apply", ecs_access_plan=first)
    assert added.returncode == 2, added.output
    assert "because web-6 is" in added.output
    for name in NAMES[:5]:
        assert world.logs_in(name, "root", world.new), name
        assert world.logs_in(name, "root", world.old), name
    for user in ("deploy", "backup2"):
        assert world.logs_in("web-2", user, world.new)
        assert world.logs_in("web-2", user, world.old)
    assert "no-port-forwarding ssh-rsa" in web.exec("cat /home/deploy/.ssh/authorized_keys").replace(world.old.public, "")
    assert world.pairs() == ["team", "team-2"]

    # It comes back: the plan that was shown without it is no longer the plan.
    world.fleet["web-6"].exec("systemctl start ssh")
    changed = world.run("apply", ecs_access_plan=first)
    assert changed.returncode == 2, changed.output
    assert "no longer the plan" in changed.output
    assert changed.changed() == []
    seen = world.run("plan")
    assert seen.returncode == 0, seen.output
    second = json.loads(world.report.read_text())["plan_id"]
    assert second != first

    # Both work until the overlap is over.
    waiting = world.run("apply", ecs_access_plan=second, ecs_access_overlap="1h")
    assert waiting.returncode == 0, waiting.output
    assert "both keys work; the old one can be removed from 20" in waiting.output
    assert all(world.logs_in(name, "root", key) for name in NAMES for key in (world.old, world.new))
    early = world.run("verify")
    assert early.returncode == 2, early.output
    assert "the old key is still there for" in early.output
    assert early.changed() == []

    done = world.run("apply", ecs_access_plan=second)
    assert done.returncode == 0, done.output
    assert screen.table_row(done.stdout, "web-2") == "web-2 - backup2 deploy root yes yes -"
    for name in NAMES:
        assert world.logs_in(name, "root", world.new), name
        assert not world.logs_in(name, "root", world.old), name
    for user in ("deploy", "backup2"):
        assert world.logs_in("web-2", user, world.new)
        assert not world.logs_in("web-2", user, world.old)
    assert web.exec("grep -rl . /etc/ssh/keys; head -1 /home/deploy/.ssh/authorized_keys").splitlines()[-1] == "# robots"
    # The launch template names the pair, so it stays.
    assert "lt-scaling" in done.output
    assert "Scaling configurations and images were not looked at" in done.output
    assert world.pairs() == ["team", "team-2"]
    assert set(world.bound()) == {"team-2"}
    assert [world.fleet[name].boot_id() for name in NAMES] == boots

    again = world.run("apply", ecs_access_plan=second)
    assert (again.returncode, again.changed()) == (0, []), again.output
    verified = world.run("verify")
    assert verified.returncode == 0, verified.output
    record = json.loads(web.exec("cat /var/lib/alicloud-ecs-access/people.json"))
    assert [bool(entry["ended"]) for entry in record["rotations"]] == [True]
    assert FINGERPRINT.match(record["rotations"][0]["old"])


@pytest.mark.long
def test_killed_between_any_two_writes(start_fleet, tmp_path, playbook, ssh):
    """Each round rotates the key of the last one, and is killed one write later."""
    keys = [lab_ssh.make_key(tmp_path, "key-0", "rsa")]
    with start_fleet(fleet_of(keys[0], 2)) as fleet:
        world = World(fleet, tmp_path, playbook, ssh, keys[0])
        spread(fleet["web-2"], keys[0])
        names, rounds, finished = ["team"], 0, False
        while not finished:
            rounds += 1
            old, new = keys[-1], lab_ssh.make_key(tmp_path, f"key-{rounds}", "rsa")
            world.old, world.new = old, new.path
            given = names[-1] if rounds % 2 else fingerprint_of(old)
            variables = {"ecs_access_old_key": given, "ecs_access_key_pair_name": f"team-{rounds}"}
            writes = tmp_path / f"writes-{rounds}"
            kill = {"ANSIBLE_CALLBACKS_ENABLED": "collect,kill_at", "LAB_KILL_AFTER": str(rounds), "LAB_KILL_FILE": str(writes), "ANSIBLE_FORKS": "1"}
            killed = world.run("apply", environment=kill, **variables)
            done = writes.read_text().splitlines()
            finished = killed.returncode != -9
            assert len(done) == rounds or finished, killed.output
            for name, user in (("web-1", "root"), ("web-2", "root"), ("web-2", "deploy"), ("web-2", "backup2")):
                assert world.logs_in(name, user, old) or world.logs_in(name, user, new), (done, name, user)
            resumed = world.run("apply", **variables)
            assert resumed.returncode == 0, (done, resumed.output)
            for name, user in (("web-1", "root"), ("web-2", "root"), ("web-2", "deploy"), ("web-2", "backup2")):
                assert world.logs_in(name, user, new), (done, name, user)
                assert not world.logs_in(name, user, old), (done, name, user)
            assert world.pairs() == [f"team-{rounds}"], done
            assert set(world.bound()) == {f"team-{rounds}"}
            assert fleet["web-2"].exec("find /root/.ssh /home/*/.ssh /etc/ssh/keys -newer /etc/ssh/keys -name '.*' -type f").split() == []
            keys.append(new)
            names.append(f"team-{rounds}")
        assert rounds > 8


def fingerprint_of(key) -> str:
    return subprocess.run(["ssh-keygen", "-lf", f"{key.path}.pub"], capture_output=True, text=True, check=True).stdout.split()[1]

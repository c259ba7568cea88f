# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person leaves: everything of his is found, goes, and is proven to be gone; nothing of anybody else's changes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from lab import ssh as lab_ssh
from lab.fleet import let_in
from lab.leavers import wait_for

OFFBOARD = "alicloud.ecs_access.offboard"
OTHERS = (
    "sha256sum /home/anna/.ssh/* /home/anna/.* /etc/cron.d/others 2>/dev/null; sed '/^paul/{N;d}' /etc/sudoers.d/hand; stat -c '%n %a %U' /home/anna/.ssh/*"
)
MADE = "id NAME || useradd -m -s /bin/bash NAME; chage -E -1 NAME; usermod -p '*' NAME; install -d -m 0700 -o NAME -g NAME /home/NAME/.ssh"
# In the instance: a module dies before the write, within the steps of ssh_access, whose number the file has.
KILLER = """\
import os, sys

try:
    with open("/run/lab-kill") as stream:
        left = [int(stream.read())]
except OSError:
    left = [0]

def hook(event, args):
    if event not in ("os.rename", "os.remove", "subprocess.Popen") or not left[0]:
        return
    if event == "os.remove" and str(args[0]).startswith("."):
        return
    frame = sys._getframe()
    while frame is not None and not frame.f_code.co_filename.endswith("_access/apply.py"):
        frame = frame.f_back
    if frame is not None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), 9)

sys.addaudithook(hook)
"""
KEYS = ("paul", "extra", "robot", "anna", "deploy", "pair")


class World:
    """Paul has left. One instance has everything of his, one the key pair with his key and his private key, one is stopped."""

    def __init__(self, fleet, folder: Path, playbook, ssh, keys, controller_key) -> None:
        self.fleet, self.folder, self._playbook, self._ssh, self.keys, self._controller_key = fleet, folder, playbook, ssh, keys, controller_key
        self.report = folder / "report.json"
        self.known_hosts = folder / "known_hosts"
        self.inventory = folder / "my.ecs.yml"
        self.note_host_keys()

    def note_host_keys(self) -> None:
        """Also of instances that have been started since."""
        running = [instance for instance in self.fleet if self.fleet.status(instance.instance_id) == "Running"]
        lab_ssh.write_known_hosts(self.known_hosts, running)
        self.inventory.write_text(
            "plugin: alicloud.ecs_access.ecs\n"
            "hostnames: [name]\n"
            f"compose:\n  ansible_port: {running[0].ssh_port}\n"
            f"""  ansible_ssh_common_args: "'-F none -o IdentityAgent=none -o UserKnownHostsFile={self.known_hosts}'"\n"""
        )

    def team(self, state: str = "absent") -> list[dict]:
        return [
            {"name": "paul", "state": state, "authorized_keys": [self.keys["paul"].public, self.keys["pair"].public]},
            {"name": "robot", "authorized_keys": [self.keys["robot"].public]},
            {"name": "anna", "authorized_keys": [self.keys["anna"].public]},
        ]

    def run(self, mode: str, *options: str, environment: dict | None = None, **variables):
        full = {
            "ecs_access_hosts": "web-*",
            "ecs_access_person": "paul",
            "ecs_access_report": str(self.report),
            "ecs_access_mode": mode,
            "ecs_access_private_keys": {"deploy": str(self.keys["deploy"].path), "ops": str(self.keys["deploy"].path)},
            "ssh_users_accounts": self.team(),
            **variables,
        }
        place = {**self.fleet.environment(), "COLUMNS": "400", "ANSIBLE_PRIVATE_KEY_FILE": str(self._controller_key.path), **(environment or {})}
        return self._playbook(OFFBOARD, self.inventory, extra_vars=full, options=options, environment=place)

    def logs_in(self, name: str, user: str, key: str, command: str = "true") -> bool:
        done = self._ssh(self.fleet[name], user, self.keys[key], command, known_hosts=self.known_hosts)
        return done.returncode == 0

    def spread(self) -> None:
        """Everything of his on web-1."""
        web = self.fleet["web-1"]
        lines = {name: key.public for name, key in self.keys.items()}
        for name in ("paul", "anna", "deploy", "ops"):
            web.exec(MADE.replace("NAME", name))
        web.put("/home/paul/.ssh/authorized_keys", f"# mine\n{lines['paul']}\n{lines['extra']}\n{lines['robot']}\n", "0600", "paul:paul")
        web.put("/home/paul/.ssh/id_ed25519", self.keys["paul"].path.read_bytes(), "0600", "paul:paul")
        web.put("/home/deploy/.ssh/authorized_keys", f'{lines["deploy"]}\nno-pty,from="*" {lines["paul"]}\n', "0600", "deploy:deploy")
        web.put("/home/anna/.ssh/authorized_keys", f"  # keep\n\n{lines['anna']}\nnot a key\n{lines['robot']}", "0600", "anna:anna")
        web.exec("install -d -m 0755 /etc/ssh/keys /var/spool/cron/crontabs /var/spool/cron/atjobs /var/lib/systemd/linger /etc/cron.d")
        web.put("/etc/ssh/keys/ops", f"{lines['deploy']}\n{lines['paul']}\n", "0644")
        web.put("/etc/ssh/sshd_config.d/50-keys.conf", "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u\n")
        web.exec("sshd -t && systemctl reload ssh")
        let_in(web, self.keys["paul"])
        web.put("/etc/sudoers.d/hand", "anna ALL=(ALL) ALL\npaul ALL=(ALL) \\\n  NOPASSWD: ALL\n# end\n", "0440")
        web.exec("groupadd -f runners && usermod -aG runners paul && usermod -aG runners anna")
        web.put("/etc/sudoers.d/runners", "%runners ALL=(root) NOPASSWD: /bin/true\n", "0440")
        web.put("/etc/cron.d/others", "* * * * * anna true\n", "0644")
        web.put("/etc/cron.d/mixed", "* * * * * anna true\n@reboot paul true\n", "0644")
        web.put("/var/spool/cron/crontabs/paul", "* * * * * true\n", "0600", "paul:paul")
        web.put("/var/spool/cron/atjobs/a0000101", "#!/bin/sh\n", "0700", "paul:paul")
        web.put("/var/lib/systemd/linger/paul", "")

    def spread_second(self) -> None:
        """His private key, and the pair that holds his other key."""
        web = self.fleet["web-2"]
        web.exec(MADE.replace("NAME", "paul"))
        web.put("/home/paul/.ssh/id_old", self.keys["paul"].path.read_bytes(), "0600", "paul:paul")

    def session(self) -> subprocess.Popen:
        """Paul, logged in, and root by his own rule."""
        web = self.fleet["web-1"]
        options = [*lab_ssh.OPTIONS, "-o", f"UserKnownHostsFile={self.known_hosts}", "-p", str(web.ssh_port), "-i", str(self.keys["paul"].path)]
        begun = subprocess.Popen(["ssh", *options, "-l", "paul", web.ssh_host, "--", "sudo sleep 7777"], stdin=subprocess.DEVNULL)
        wait_for(lambda: web.exec("pgrep -u root -f '^sleep 7777' || true").strip())
        return begun

    def bound(self) -> set[str]:
        return {entry.get("KeyPairName", "") for entry in self.fleet.call("DescribeInstances", MaxResults=100)["Instances"]["Instance"]}

    def left(self) -> str:
        """What is still there of paul on web-1, apart from the locked account."""
        web = self.fleet["web-1"]
        blob, extra = self.keys["paul"].blob, self.keys["extra"].blob
        return web.exec(
            f"grep -rlF -e '{blob}' -e '{extra}' /root/.ssh /home/*/.ssh /etc/ssh/keys; grep -rn paul /etc/sudoers.d /etc/cron.d;"
            " ls /var/spool/cron/crontabs/paul /var/spool/cron/atjobs/* /var/lib/systemd/linger/paul /home/paul/.ssh/id_ed25519 2>/dev/null;"
            " pgrep -u paul; pgrep -f '^sleep 7777'; true"
        )


@pytest.fixture(scope="module")
def world(start_fleet, tmp_path_factory, playbook, ssh, controller_key):
    folder = tmp_path_factory.mktemp("offboarding")
    keys = {name: lab_ssh.make_key(folder, name, "rsa" if name == "pair" else "ed25519") for name in KEYS}
    instances = [{"name": name, "backend": "container", "image": "debian12"} for name in ("web-1", "web-2", "web-3")]
    instances[1]["key_pair"] = "pauls"
    with start_fleet({"key_pairs": [{"name": "pauls", "public_key": keys["pair"].public}], "instances": instances}) as fleet:
        made = World(fleet, folder, playbook, ssh, keys, controller_key)
        made.spread()
        made.spread_second()
        let_in(fleet["web-3"], keys["paul"])
        yield made


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        pytest.param({"ecs_access_person": "anna"}, "still has anna as present", id="still in the team"),
        pytest.param({"ecs_access_person": "pual"}, "pual is in no team file, and no host that was seen has an account of this name", id="mistyped"),
        pytest.param({"ecs_access_account": "delete"}, "ecs_access_account must be lock, remove or remove_home", id="no such end"),
    ],
)
def test_wrong_input_gets_a_sentence_and_changes_nothing(world, variables, sentence):
    run = world.run("apply", **{"ecs_access_hosts": "web-1", **variables})
    assert run.returncode == 2, run.output
    assert sentence in run.output
    assert "Traceback" not in run.output
    assert run.changed() == []


def test_everything_of_a_leaver_goes_and_nothing_of_others(world):
    """In one piece, because each part begins where the last one ends."""
    fleet, web = world.fleet, world.fleet["web-1"]
    others = web.exec(OTHERS)
    fleet.call("StopInstance", InstanceId=fleet["web-3"].instance_id)
    session = world.session()
    fleet.wait_for_status(fleet["web-3"].instance_id, "Stopped")

    planned = world.run("plan")
    assert planned.returncode == 2, planned.output
    assert planned.changed() == []
    report = json.loads(world.report.read_text())
    rows = {row["host"]: row for row in report["hosts"]}
    assert rows["web-1"]["keys"] == ["deploy", "ops", "paul", "root"], planned.output
    actions = "\n".join(rows["web-1"]["drift"])
    for part in (
        "lock user paul",
        "remove the sudo rule /etc/sudoers.d/hand:2 of user paul",
        "remove user paul from group runners",
        "end the processes of user paul",
        "user deploy: remove revoked key",
        "user ops: remove revoked key",
        "user root: remove revoked key",
        "remove the crontab /var/spool/cron/crontabs/paul",
        "remove the cron job /etc/cron.d/mixed:2",
        "remove the at job /var/spool/cron/atjobs/a0000101",
        "start no services of user paul at boot",
        "remove the private key /home/paul/.ssh/id_ed25519",
    ):
        assert part in actions, planned.output
    assert actions.count("user paul: remove ") == 2
    assert {"unbind the key pair pauls", "remove the private key /home/paul/.ssh/id_old of user paul"} <= set(rows["web-2"]["drift"])
    assert "in the account paul is kept: it is also that of robot" in planned.output
    assert [entry["host"] for entry in report["pending"]] == ["web-3"]
    assert len(world.left().splitlines()) > 11
    plan = report["plan_id"]

    done = world.run("apply", ecs_access_plan=plan)
    assert done.returncode == 2, done.output
    rows = {row["host"]: row for row in json.loads(world.report.read_text())["hosts"]}
    assert {name: row["failed"] for name, row in rows.items()} == {"web-1": False, "web-2": False, "web-3": True}, done.output
    assert [rows[name]["refused"] for name in ("web-1", "web-2")] == ["yes", "yes"], done.output
    assert session.wait(10) != 0
    assert world.left() == ""
    assert "not allowed to run sudo" in web.exec("sudo -l -U paul")
    assert "/bin/true" in web.exec("sudo -l -U anna")
    assert web.exec(OTHERS) == others
    assert world.keys["robot"].blob in web.exec("cat /home/paul/.ssh/authorized_keys")
    assert not any(world.logs_in("web-1", user, "paul") for user in ("paul", "root", "deploy", "ops"))
    assert world.logs_in("web-1", "deploy", "deploy")
    assert world.logs_in("web-1", "anna", "anna")
    assert world.bound() == {""}

    # Not in this run, and pending all the same.
    part = world.run("verify", ecs_access_hosts="web-1,web-2")
    assert part.returncode == 2, part.output
    assert "1 instances are still pending and not in this run: web-3" in part.output
    assert {row["host"]: row["refused"] for row in json.loads(world.report.read_text())["hosts"]} == {"web-1": "yes", "web-2": "yes"}

    fleet.call("StartInstance", InstanceId=fleet["web-3"].instance_id)
    fleet.wait_for_status(fleet["web-3"].instance_id, "Running")
    wait_for(lambda: fleet["web-3"].exec("systemctl is-active ssh || true").strip() == "active", 60)
    world.note_host_keys()
    last = world.run("apply")
    assert last.returncode == 0, last.output
    verified = world.run("verify")
    assert verified.returncode == 0, verified.output
    assert json.loads(world.report.read_text())["pending"] == []


@pytest.mark.long
def test_killed_before_any_write_on_the_host(world):
    """Each round restores what he had, and its module is killed one write later than that of the round before."""
    web, rounds, finished = world.fleet["web-1"], 0, False
    web.put("/usr/lib/python3/dist-packages/lab_kill.py", KILLER)
    web.put("/usr/lib/python3/dist-packages/lab_kill.pth", "import lab_kill\n")
    variables = {"ecs_access_hosts": "web-1"}
    while not finished:
        rounds += 1
        world.spread()
        others = web.exec(OTHERS)
        web.put("/run/lab-kill", str(rounds))
        killed = world.run("apply", **variables)
        web.exec("rm /run/lab-kill")
        finished = killed.returncode == 0
        assert world.logs_in("web-1", "anna", "anna"), rounds
        assert world.logs_in("web-1", "deploy", "deploy"), rounds
        assert web.exec("visudo -c -q; echo $?").strip() == "0"
        resumed = world.run("apply", **variables)
        assert resumed.returncode == 0, (rounds, resumed.output)
        assert world.left() == "", rounds
        assert web.exec(OTHERS) == others, rounds
        assert web.exec("find /root/.ssh /home/*/.ssh /etc/ssh/keys /etc/sudoers.d /etc/cron.d -name '.*alicloud*' -type f") == "", rounds
    assert rounds > 10


@pytest.mark.long
def test_killed_between_any_two_calls_of_modules(world):
    """The whole run is killed, right after one call that writes, one later in each round."""
    rounds, finished = 0, False
    while not finished:
        rounds += 1
        world.spread()
        world.spread_second()
        world.fleet.call("AttachKeyPair", KeyPairName="pauls", InstanceIds=json.dumps([world.fleet["web-2"].instance_id]))
        variables = {"ecs_access_hosts": "web-1,web-2"}
        writes = world.folder / f"writes-{rounds}"
        kill = {"ANSIBLE_CALLBACKS_ENABLED": "collect,kill_at", "LAB_KILL_AFTER": str(rounds), "LAB_KILL_FILE": str(writes), "ANSIBLE_FORKS": "1"}
        killed = world.run("apply", environment=kill, **variables)
        done = writes.read_text().splitlines()
        finished = killed.returncode != -9
        assert len(done) == rounds or finished, killed.output
        assert all(world.logs_in("web-1", name, name) for name in ("anna", "deploy")), done
        resumed = world.run("apply", **variables)
        assert resumed.returncode == 0, (done, resumed.output)
        assert world.left() == "", done
        assert world.bound() == {""}, done
    assert rounds == 4

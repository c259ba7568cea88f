# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ssh_client, and a person who then types C(ssh NAME): real instances, no question asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from lab.fleet import let_in
from lab.temporary import running_cloud

pytestmark = pytest.mark.long

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  roles:
    - role: alicloud.ecs_access.ssh_client
"""
HAND_WRITTEN = b"# mine\r\nServerAliveInterval 7\n\nHost bastion\n  HostName 192.0.2.9\n\tUser jane\nMatch host *.example\n  Port 2222"


@pytest.fixture(scope="module")
def cloud(start_fleet):
    """Two instances for this module alone, since host keys are changed."""
    entries = [{"name": name, "backend": "container", "image": image} for name, image in (("web-1", "debian12"), ("web-2", "el-like"))]
    with start_fleet({"instances": entries}) as started:
        yield started


class Person:
    """Somebody with a home of their own and a key that the instances accept."""

    def __init__(self, home: Path, controller, fleet, key) -> None:
        self.home, self.controller, self.fleet, self.key = home, controller, fleet, key
        self.config = home / ".ssh" / "config"
        self.known_hosts = home / ".ssh" / "ecs_access_known_hosts"
        self.names: dict[str, str] = {}

    def role(self, *options: str, **variables):
        """Run the role; what it printed and did."""
        hosts = {
            self.names.get(one.name, one.name): {
                "ansible_host": one.ssh_host or one.instance_id, "ansible_port": one.ssh_port or 22, "ecs_instance_id": one.instance_id,
                "ecs_region": self.fleet.region, "ecs_login_user": "root",
            }
            for one in self.fleet
        }  # fmt: skip
        inventory = self.home / "inventory.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": {"ansible_ssh_private_key_file": str(self.key.path)}}}))
        environment = {**self.fleet.environment(), "HOME": str(self.home)}
        run = self.controller.playbook(PLAY, inventory, options=["--diff", *options], extra_vars=variables, environment=environment)
        assert run.returncode == 0, run.output
        return run

    def ssh(self, name: str, command: str = "hostname", environment: dict[str, str] | None = None) -> subprocess.CompletedProcess:
        """What they type. ssh takes the home from the user database, so their .ssh is put there, for this process alone."""
        line = 'mount --bind "$0/.ssh" "$HOME/.ssh" && exec ssh "$@"'
        home = os.path.expanduser("~")
        Path(home, ".ssh").mkdir(mode=0o700, exist_ok=True)
        clean = {"PATH": os.environ["PATH"], "HOME": home, **(environment or {})}
        words = ["unshare", "--mount", "sh", "-c", line, str(self.home), name, command]
        return subprocess.run(words, capture_output=True, text=True, env=clean, stdin=subprocess.DEVNULL, timeout=60, check=False)

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Everything in their .ssh."""
        folder = self.home / ".ssh"
        return {
            str(path.relative_to(folder)): (path.stat().st_mode & 0o7777, path.read_bytes() if path.is_file() else b"")
            for path in (folder, *folder.rglob("*"))
            if path.exists()
        }


@pytest.fixture
def person(tmp_path, controller, cloud, make_key):
    key = make_key("person", kind="rsa", bits=2048)
    for one in cloud:
        let_in(one, key)
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return Person(home, controller, cloud, key)


@pytest.mark.parametrize("name", ["web-1", "web-2"])
def test_ssh_by_name_and_by_id_works_from_a_clean_home_on_the_first_try(person, cloud, name):
    person.role()
    for typed in (name, cloud[name].instance_id):
        done = person.ssh(typed, "cat /etc/machine-id; id -un")
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == [cloud[name].exec("cat /etc/machine-id").strip(), "root"]
        assert done.stderr == ""
    modes = {path: mode for path, (mode, _content) in person.files().items()}
    assert modes == {".": 0o700, "config": 0o600, "alicloud-ecs-access.d": 0o700, "alicloud-ecs-access.d/default.conf": 0o600, "ecs_access_known_hosts": 0o600}


def test_a_second_run_changes_nothing_and_check_mode_tells_the_truth(person):
    dry = person.role("--check")
    assert not (person.home / ".ssh").exists()
    assert len(dry.changed()) == 1
    wet = person.role()
    shown = [[line for line in run.stdout.splitlines() if line.startswith(("+", "-"))] for run in (dry, wet)]
    assert shown[0] == shown[1] and len(shown[0]) > 20
    before = person.files()
    assert not person.role().changed() and not person.role("--check").changed()
    assert person.files() == before


def test_a_hand_written_configuration_keeps_every_byte_and_its_meaning(person):
    (person.home / ".ssh").mkdir(mode=0o700)
    person.config.write_bytes(HAND_WRITTEN)
    person.config.chmod(0o640)
    person.role()
    assert person.config.read_bytes().endswith(b"\n" + HAND_WRITTEN) and person.config.stat().st_mode & 0o777 == 0o640
    assert person.ssh("web-1", "id -un").stdout == "root\n"
    settings = subprocess.run(["ssh", "-G", "-F", str(person.config), "bastion"], capture_output=True, text=True, check=True).stdout
    assert "hostname 192.0.2.9\n" in settings and "user jane\n" in settings and "serveraliveinterval 7\n" in settings
    person.role(ssh_client_state="absent")
    assert person.files() == {".": (0o700, b""), "config": (0o640, HAND_WRITTEN)}
    assert not person.role(ssh_client_state="absent").changed()


def test_nothing_is_left_where_nothing_was(person):
    person.role()
    person.role(ssh_client_state="absent")
    assert person.files() == {".": (0o700, b"")}


def test_a_link_stays_and_the_file_behind_it_is_changed(person):
    (person.home / ".ssh").mkdir(mode=0o700)
    real = person.home / "dotfiles"
    real.write_bytes(HAND_WRITTEN)
    person.config.symlink_to(real)
    person.role()
    assert person.config.is_symlink() and real.read_bytes().endswith(HAND_WRITTEN) and real.read_bytes() != HAND_WRITTEN
    assert person.ssh("web-1", "id -un").stdout == "root\n"
    person.role(ssh_client_state="absent")
    assert person.config.is_symlink() and real.read_bytes() == HAND_WRITTEN


def test_another_host_key_is_refused_until_cloud_assistant_vouches_for_it(person, cloud):
    one = cloud["web-1"]
    person.role()
    one.exec("rm /etc/ssh/ssh_host_*; for t in rsa ecdsa ed25519; do ssh-keygen -q -t $t -N '' -f /etc/ssh/ssh_host_${t}_key; done; systemctl restart ssh")
    refused = person.ssh("web-1")
    assert refused.returncode == 255 and "REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.stderr
    done = person.role()
    assert done.changed()[0].result["rekeyed"] == [one.instance_id]
    assert person.ssh("web-1", "id -un").stdout == "root\n"
    assert not person.role().changed()


def test_a_rooted_guest_gets_nothing_trusted_but_its_own_plain_keys(person, cloud):
    """It answers with lines that would let it stand for every host."""
    one = cloud["web-2"]
    true_key = one.exec("cat /etc/ssh/ssh_host_ed25519_key.pub").split()
    evil = "\n".join([
        "@cert-authority * " + " ".join(true_key[:2]), "* " + " ".join(true_key[:2]), "web-1," + cloud["web-1"].instance_id + " " + " ".join(true_key),
        "ssh-ed25519-cert-v01@openssh.com AAAA", "ssh-ed25519 AAAA", "|1|a|b " + " ".join(true_key[:2]), "@revoked * " + " ".join(true_key[:2]),
    ])  # fmt: skip
    one.exec(f"cp /usr/bin/ssh-keygen /root/ssh-keygen; printf '#!/bin/sh\\ncat <<X\\n{evil}\\nX\\nexec /root/ssh-keygen \"$@\"\\n' > /usr/bin/new")
    one.exec("chmod 755 /usr/bin/new; mv /usr/bin/new /usr/bin/ssh-keygen")
    try:
        person.role()
    finally:
        one.exec("mv /root/ssh-keygen /usr/bin/ssh-keygen")
    own = set()
    for line in person.known_hosts.read_text().splitlines():
        host, kind, blob, mark = line.split(" ")
        assert host in (cloud["web-1"].instance_id, one.instance_id) and mark == "alicloud-ecs-access/default"
        if host == one.instance_id:
            own.add(f"{kind} {blob}")
    assert own == set(one.host_keys())


@pytest.mark.parametrize("hostile", ["*", "!web-2", "a b", "-oProxyCommand=id", "%h", 'we"b', "x\n  ProxyCommand touch /tmp/owned", "github.com", "Match all"])
def test_a_hostile_name_is_no_configuration_and_its_instance_is_reached_by_id(person, cloud, hostile):
    person.names = {"web-1": hostile}
    run = person.role()
    assert "Reached by id only" in run.output
    text = (person.home / ".ssh/alicloud-ecs-access.d/default.conf").read_text()
    hosts = [line.split()[1:] for line in text.splitlines() if line.startswith("Host ")]
    first, second = cloud["web-1"].instance_id, cloud["web-2"].instance_id
    assert sorted(hosts) == sorted([[first], [second, "web-2"]])
    assert "Proxy" not in text and "Match" not in text
    assert person.ssh(first, "id -un").stdout == "root\n"


def test_an_instance_that_does_not_answer_keeps_its_known_keys(person, cloud):
    person.role()
    before = person.known_hosts.read_bytes()
    cloud.control("POST", "instances/web-1", {"agent_online": False})
    try:
        assert not person.role().changed()
    finally:
        cloud.control("POST", "instances/web-1", {"agent_online": True})
    assert person.known_hosts.read_bytes() == before


@pytest.fixture(scope="module")
def keyless(start_fleet):
    """An instance without any key, and one that has no address either."""
    with running_cloud(start_fleet, ["open"], hidden=["hidden"]) as started:
        yield started


@pytest.mark.parametrize("name", ["open", "hidden"])
def test_a_temporary_key_and_a_tunnel_lead_to_instances_without_key_and_port(tmp_path, controller, keyless, make_key, name):
    home = tmp_path / "a home"
    home.mkdir(mode=0o700)
    person = Person(home, controller, keyless, make_key("person", kind="rsa", bits=2048))
    person.role(ssh_client_temporary_key=True, ssh_client_tunnel="auto")
    done = person.ssh(name, "cat /etc/machine-id; id -un; head -c 100000 /dev/zero | sha256sum", keyless.environment())
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:2] == [keyless[name].exec("cat /etc/machine-id").strip(), "root"]
    assert person.ssh(f"ops@{name}", "id -un", keyless.environment()).stdout == "ops\n"
    secret = keyless.access_key_secret
    assert all(secret.encode() not in content for _mode, content in person.files().values())
    refused = person.ssh(name, "id", {**keyless.environment(), "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong"})
    assert refused.returncode == 255 and keyless[name].instance_id in refused.stderr and "Traceback" not in refused.stderr

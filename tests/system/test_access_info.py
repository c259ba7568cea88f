# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can log in to a real instance and become root: exactly what was put there, over SSH and through Cloud Assistant alike."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import stat
import struct

import pytest
from lab.bound_key import serve_bound_key
from lab.ssh import ssh, write_known_hosts

pytestmark = pytest.mark.long

IMAGES = ["debian12", "el-like"]
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Read
      alicloud.ecs_access.ecs_ssh_access_info: "{{ arguments }}"
"""
SSHD = """
AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u
TrustedUserCAKeys /etc/ssh/ca.pub
RevokedKeys /etc/ssh/revoked
"""
MATCHES = """
Match User served
    AuthorizedKeysCommand /usr/local/bin/keys %u
    AuthorizedKeysCommandUser nobody
Match User pat
    PubkeyAuthentication no
"""
PEOPLE = """
set -e
useradd -m -s /bin/sh anna
useradd -m -s /bin/sh -G {admins} ben
useradd -m -s /bin/sh -e 2020-01-01 carl
useradd -m -s /bin/sh dora && usermod -L dora
useradd -m -s {nologin} emil
useradd -m -s /bin/sh served
useradd -m -s /bin/sh pat
useradd -m -s /bin/sh limited
useradd -m -s /bin/sh typed && echo typed:secret-word-4 | chpasswd
useradd -o -u 0 -g 0 -d /home/zero -m -s /bin/sh zero
mkdir -p /etc/ssh/keys /usr/local/bin
printf '#!/bin/sh\\n' > /usr/local/bin/keys && chmod 755 /usr/local/bin/keys
echo 'anna ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/anna
printf '# limited\\nlimited ALL=(root) NOPASSWD: /usr/bin/id, PASSWD: /usr/bin/true\\nlimited ALL=(ben) /usr/bin/ls\\n' > /etc/sudoers.d/limited
chmod 440 /etc/sudoers.d/*
mkdir -m 700 -p /home/anna/.ssh && chown anna /home/anna/.ssh
"""


def fingerprint(key):
    return "SHA256:" + base64.b64encode(hashlib.sha256(base64.b64decode(key.split()[1])).digest()).decode().rstrip("=")


def line_of(key):
    """The key of a made key file as its type and text."""
    return " ".join(key.public.split()[:2])


def keys_of(instance, name, *lines, mode="0600"):
    home = "/root" if name == "root" else f"/home/{name}"
    instance.exec(f"mkdir -m 700 -p {home}/.ssh && chown {name} {home}/.ssh")
    instance.put(f"{home}/.ssh/authorized_keys", "".join(f"{line}\n" for line in lines), mode, f"{name}:root")


def through_assistant(controller, fleet, ids, **options):
    arguments = dict(options, instance_ids=ids)
    done = controller.playbook(PLAY, [], extra_vars={"arguments": arguments}, environment=fleet.environment())
    assert done.results, done.output
    return done.results[-1].result


@pytest.fixture
def host(request, start_fleet, controller, tmp_path):
    """(fleet, instance): one of its own, because what is looked for is all that there is."""
    image, version = request.param, request.node.callspec.params.get("version")
    agent = {"assistant": {"version": version}} if version else {}
    with start_fleet({"instances": [{"name": image, "backend": "container", "image": image, **agent}]}) as fleet:
        known_hosts, controller.known_hosts = controller.known_hosts, tmp_path / "known_hosts"
        write_known_hosts(tmp_path / "known_hosts", fleet)
        yield fleet, fleet[image]
        controller.known_hosts = known_hosts


def both(controller, fleet, instance):
    """The object over SSH, after it was compared with the one through Cloud Assistant."""
    named = {"instance_id": instance.instance_id, "name": instance.name, "region": fleet.environment()["ALIBABA_CLOUD_REGION_ID"]}
    over_ssh = controller.ansible(instance, "alicloud.ecs_access.ssh_access_info", named)
    assert "instances" in over_ssh, over_ssh
    answered = through_assistant(controller, fleet, [instance.instance_id])
    assert "instances" in answered, answered
    (one,), (other,) = over_ssh["instances"], answered["instances"]
    # The login over SSH is in the log: that is the one thing that the first look changed.
    for found in (one, other):
        for method in found["login_methods"]:
            if method["account"] == "root":
                method["last_used"] = None
    assert dict(one, via="") == dict(other, via="")
    assert (one["via"], other["via"]) == ("ssh", "assistant")
    return other


@pytest.mark.parametrize("host", IMAGES, indirect=True)
def test_exactly_what_was_put_there(host, controller, make_key, tmp_path):
    fleet, instance = host
    root_key = instance.exec("cat /root/.ssh/authorized_keys").split()
    admins = "sudo" if instance.name == "debian12" else "wheel"
    instance.exec(PEOPLE.format(admins=admins, nologin=instance.exec("command -v nologin || echo /sbin/nologin").strip()))
    key = {
        name: make_key(name) for name in ("plain", "bound", "old", "gone", "denied", "shared", "nologin", "locked", "authority", "revoked", "zero", "private")
    }
    weak = make_key("weak", kind="rsa", bits=2048)
    keys_of(instance, "anna", f'from="10.0.0.0/8",command="echo a, b" {line_of(key["plain"])} anna@laptop', f"ssh-rsa {line_of(weak).split()[1]}")
    keys_of(
        instance,
        "ben",
        f'expiry-time="20200101" {line_of(key["old"])}',
        f"no-such-option {line_of(key['gone'])}",
        f"{line_of(key['revoked'])} lost",
        "# no key",
        f"cert-authority {line_of(key['authority'])}",
    )
    keys_of(instance, "carl", line_of(key["plain"]))
    keys_of(instance, "dora", line_of(key["locked"]))
    keys_of(instance, "emil", line_of(key["nologin"]))
    keys_of(instance, "pat", line_of(key["plain"]))
    keys_of(instance, "limited", line_of(key["denied"]), mode="0666")
    keys_of(instance, "zero", line_of(key["zero"]))
    instance.put("/etc/ssh/keys/served", line_of(key["shared"]) + "\n", "0644")
    instance.put("/etc/ssh/ca.pub", line_of(key["authority"]) + " ca\n")
    instance.put("/etc/ssh/revoked", line_of(key["revoked"]) + "\n")
    instance.put("/home/anna/.ssh/id", key["private"].path.read_text(), "0600", "anna:root")
    config = instance.exec("cat /etc/ssh/sshd_config")
    own = "".join(f"{line}\n" for line in config.splitlines() if not line.startswith("AuthorizedKeysFile"))
    instance.put("/etc/ssh/sshd_config", SSHD + own + MATCHES, "0600")
    instance.exec("systemctl reload ssh 2>/dev/null || systemctl reload sshd")

    serve_bound_key(instance, key["bound"])

    found = both(controller, fleet, instance)

    yes, no, unknown = "yes", "no", "unknown"
    known = {fingerprint(one.public): name for name, one in [*key.items(), ("weak", weak)]}
    known[fingerprint(" ".join(root_key[:2]))] = "controller"
    listed = [(one["account"], one["kind"], known.get(one["fingerprint"], one["fingerprint"]), one["effective"]) for one in found["login_methods"]]
    open_accounts = ["anna", "ben", "dora", "limited", "root", "served", "typed", "zero"]
    expected = [
        ("anna", "key", "plain", yes),
        ("anna", "key", "weak", yes),
        ("ben", "certificate_authority", "authority", yes),
        ("ben", "key", "gone", no),
        ("ben", "key", "old", no),
        ("ben", "key", "revoked", no),
        ("carl", "key", "plain", no),
        ("dora", "key", "locked", yes),
        ("emil", "key", "nologin", no),
        ("limited", "key", "denied", no),
        ("pat", "certificate_authority", "authority", no),
        ("pat", "key", "plain", no),
        ("root", "bound_pair", "bound", no),
        ("root", "key", "controller", yes),
        ("served", "command", None, unknown),
        ("served", "key", "shared", yes),
        ("typed", "password", None, yes),
        ("zero", "key", "zero", yes),
        *((name, "certificate_authority", "authority", yes) for name in open_accounts),
    ]
    assert sorted(map(str, listed)) == sorted(map(str, expected))
    sources = {(one["account"], known.get(one["fingerprint"])): one for one in found["login_methods"] if one["kind"] == "key"}
    assert sources["anna", "plain"]["source"] == "/home/anna/.ssh/authorized_keys:1"
    assert sources["anna", "plain"]["options"] == ["from=10.0.0.0/8", "command=echo a, b"]
    assert sources["anna", "plain"]["comment"] == "anna@laptop"
    assert (sources["anna", "weak"]["type"], sources["anna", "weak"]["bits"]) == ("ssh-rsa", 2048)
    assert sources["served", "shared"]["source"] == "/etc/ssh/keys/served:1"
    why = {name: sources[name]["why"] for name in sources if sources[name]["why"]}
    for name, words in {
        ("ben", "old"): "expired", ("ben", "gone"): "no-such-option", ("ben", "revoked"): "revoked by /etc/ssh/revoked", ("carl", "plain"): "2020-01-01",
        ("emil", "nologin"): "nologin", ("limited", "denied"): "mode 0666", ("pat", "plain"): "PubkeyAuthentication",
    }.items():  # fmt: skip
        assert words in why.pop(name), name
    assert not why

    rights = sorted((one["account"], one["by"], one["nopasswd"], one["commands"]) for one in found["root"])
    assert rights == sorted(
        [
            ("anna", "/etc/sudoers.d/anna:1", True, []),
            ("ben", f"group {admins}", False, []),
            ("limited", "/etc/sudoers.d/limited:2", False, ["/usr/bin/true"]),
            ("limited", "/etc/sudoers.d/limited:2", True, ["/usr/bin/id"]),
            ("root", "direct", True, []),
            ("zero", "direct", True, []),
        ]
    )
    states = {one["name"]: (one["state"], one["password"], one["expires"]) for one in found["accounts"]}
    assert states["carl"] == ("expired", "none", "2020-01-01")
    assert states["dora"] == ("open", "none", None) and states["typed"] == ("open", "set", None)
    assert states["emil"][0] == "nologin" and states["anna"] == ("open", "none", None)
    assert found["private_keys"] == [{"path": "/home/anna/.ssh/id", "account": "anna", "fingerprint": fingerprint(key["private"].public), "encrypted": False}]
    assert found["sshd"]["authorized_keys_files"] == [".ssh/authorized_keys", "/etc/ssh/keys/%u"] and found["sshd"]["trusted_user_ca_keys"] == "/etc/ssh/ca.pub"
    assert found["unread"] == []
    assert found["at_next_boot"] == [f"the key {fingerprint(key['bound'].public)} of the bound key pair is put among the keys of root"]
    text = json.dumps(found)
    assert "secret-word" not in text and "$6$" not in text and "$y$" not in text and line_of(key["plain"]).split()[1] not in text

    used = make_key("used")
    keys_of(instance, "dora", line_of(used))
    instance.exec("sleep 1")
    assert ssh(instance, "dora", used, "true", tmp_path / "known_hosts").returncode == 0
    (login,) = [one for one in both(controller, fleet, instance)["login_methods"] if one["account"] == "dora" and one["kind"] == "key"]
    assert login["last_used"] is not None


def rsa_line(number):
    """A key of 4096 bits that nobody has: to make one takes seconds, and its text is as long."""
    chosen = random.Random(number)
    modulus = (chosen.getrandbits(4094) | 1 << 4095 | 1).to_bytes(512, "big")
    fields = (b"ssh-rsa", b"\x01\x00\x01", b"\0" + modulus)
    return (
        "ssh-rsa " + base64.b64encode(b"".join(struct.pack(">I", len(field)) + field for field in fields)).decode() + f" key-{number}@workstation.example.com"
    )


@pytest.mark.parametrize("host", IMAGES, indirect=True)
@pytest.mark.parametrize("version", ["2.2.3.309", "2.2.4.600"])
def test_a_host_with_many_keys_and_accounts_is_read_whole(host, version, controller, tmp_path):
    """By an agent that keeps the end of an output, and by one that keeps its beginning too."""
    fleet, instance = host
    lines = [rsa_line(number) for number in range(400)]
    instance.exec("set -e; for i in $(seq 300); do useradd -M -s /bin/sh user$i; done; useradd -m -s /bin/sh many", timeout=300)
    instance.exec("mkdir -m 700 /home/many/.ssh && chown many /home/many/.ssh")
    instance.put("/home/many/.ssh/authorized_keys", "\n".join(lines) + "\n", "0600", "many:root")
    folder = tmp_path / "dest"
    answered = through_assistant(controller, fleet, [instance.instance_id], dest=str(folder), return_instances=False)
    assert answered.get("seen") == 1, answered
    assert "instances" not in answered
    (written,) = folder.iterdir()
    assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(written.stat().st_mode)) == (0o700, 0o600)
    found = json.loads(written.read_text())
    assert {one["fingerprint"] for one in found["login_methods"] if one["account"] == "many"} == {fingerprint(line) for line in lines}
    assert {f"user{number}" for number in range(1, 301)} <= {one["name"] for one in found["accounts"]}
    assert found["unread"] == []

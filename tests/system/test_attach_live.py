# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pairs that are bound and work at once: real instances, real logins."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from lab.ssh import write_known_hosts

pytestmark = pytest.mark.long

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Attach
      alicloud.ecs_access.ecs_attach_key_pair: "{{ arguments }}"
"""


def requests(fleet, action=None):
    """How often the API was called since the last forget()."""
    by_action = fleet.control("GET", "requests")["by_action"]
    return by_action.get(action, 0) if action else by_action


def forget(fleet):
    fleet.control("DELETE", "requests")


@pytest.fixture
def attach(controller):
    """attach(fleet, instances, key_pair_name, check=False, **options): the module's result, as a playbook gets it."""

    def run(fleet, instances, key_pair_name, check=False, **options):
        ids = [getattr(entry, "instance_id", entry) for entry in (instances if isinstance(instances, list) else [instances])]
        arguments = dict(options, key_pair_name=key_pair_name, instance_ids=ids)
        done = controller.playbook(PLAY, [], extra_vars={"arguments": arguments}, environment=fleet.environment(), options=["--check"] if check else [])
        assert done.results, done.output
        task = done.results[-1]
        return dict(task.result, failed=task.status == "failed")

    return run


@pytest.fixture
def make_pair(fleet, make_key, new_name):
    """make_pair(): a key pair of the cloud, as (name, key file)."""

    def make(cloud=None, name="pair"):
        name = new_name(name)
        key = make_key(name, kind="rsa", bits=2048)
        (cloud or fleet).call("ImportKeyPair", KeyPairName=name, PublicKeyBody=key.public)
        return name, key

    return make


@pytest.fixture(autouse=True)
def unbound(request):
    """Leaves the shared instances as they were: nothing bound, root's keys as before."""
    if "fleet" not in request.fixturenames:
        yield
        return
    fleet = request.getfixturevalue("fleet")
    before = {one.name: one.exec("cat /root/.ssh/authorized_keys") for one in fleet}
    yield
    for one in fleet:
        one.put("/root/.ssh/authorized_keys", before[one.name], "0600")
        pair = bound_pair(fleet, one)
        if pair:
            fleet.call("DetachKeyPair", KeyPairName=pair, InstanceIds=json.dumps([one.instance_id]))


def bound_pair(fleet, instance):
    answer = fleet.call("DescribeInstances", InstanceIds=json.dumps([instance.instance_id]))
    return answer["Instances"]["Instance"][0].get("KeyPairName", "")


def gets_in(ssh, instance, user, key, known_hosts=None):
    more = {"known_hosts": known_hosts} if known_hosts else {}
    done = ssh(instance, user, key, "id -un", **more)
    if done.returncode == 0:
        assert done.stdout.strip() == user
        return True
    assert "Permission denied" in done.stderr, done.stderr
    return False


def only(result):
    (entry,) = result["instances"]
    return entry


@contextmanager
def sshd_setting(instance, text):
    """A setting ahead of all others, in force while the block runs."""
    instance.exec("cp -p /etc/ssh/sshd_config /root/sshd_config.test")
    try:
        config = instance.exec("cat /etc/ssh/sshd_config")
        instance.put("/etc/ssh/sshd_config", text + "\n" + ("Match all\n" if text.startswith("Match") else "") + config, "0600")
        restart_sshd(instance)
        yield
    finally:
        instance.exec("mv /root/sshd_config.test /etc/ssh/sshd_config")
        restart_sshd(instance)


def restart_sshd(instance):
    # Unlike a reload it has ended when the new sshd listens.
    instance.exec("systemctl restart ssh 2>/dev/null || systemctl restart sshd")


class TestLive:
    def test_the_very_next_login_works_and_nothing_rebooted(self, fleet, instance, attach, make_pair, ssh, controller_key):
        name, key = make_pair()
        boot = instance.boot_id()
        assert not gets_in(ssh, instance, "root", key)

        checked = attach(fleet, instance, name, check=True)
        assert (checked["changed"], only(checked)["bound"], only(checked)["live"]) == (True, True, True)
        assert not gets_in(ssh, instance, "root", key)
        assert bound_pair(fleet, instance) == ""

        result = attach(fleet, instance, name)
        assert gets_in(ssh, instance, "root", key)
        assert gets_in(ssh, instance, "root", controller_key)
        assert instance.boot_id() == boot
        assert bound_pair(fleet, instance) == name
        entry = only(result)
        assert (result["changed"], entry["bound"], entry["live"], entry["failed"]) == (True, True, True, False)
        assert entry["login_users"] == ["root"]
        assert entry["pending_at_reboot"] == ["password_login_off"]
        assert [step["action"] for step in result["actions"]] == ["bind", "guest"]

        forget(fleet)
        again = attach(fleet, instance, name)
        assert (again["changed"], only(again)["live"], again["actions"]) == (False, True, [])
        assert requests(fleet, "AttachKeyPair") == 0
        assert instance.exec("stat -c '%a %U:%G' /root/.ssh /root/.ssh/authorized_keys").split("\n")[:2] == [
            "700 root:root", "600 root:root",
        ]  # fmt: skip

    def test_absent_refuses_that_key_and_no_other(self, fleet, instance, attach, make_pair, ssh, controller_key):
        name, key = make_pair()
        attach(fleet, instance, name)
        assert gets_in(ssh, instance, "root", key)
        before = instance.exec("cat /root/.ssh/authorized_keys")

        checked = attach(fleet, instance, name, state="absent", check=True)
        assert (checked["changed"], only(checked)["bound"], only(checked)["live"]) == (True, False, False)
        assert gets_in(ssh, instance, "root", key)

        result = attach(fleet, instance, name, state="absent")
        assert (result["changed"], only(result)["bound"], only(result)["live"]) == (True, False, False)
        assert not gets_in(ssh, instance, "root", key)
        assert gets_in(ssh, instance, "root", controller_key)
        assert bound_pair(fleet, instance) == ""
        after = instance.exec("cat /root/.ssh/authorized_keys")
        assert after == "".join(line for line in before.splitlines(True) if key.blob not in line)

        again = attach(fleet, instance, name, state="absent")
        assert (again["changed"], again["actions"]) == (False, [])

    def test_a_binding_of_the_console_that_awaits_a_reboot_comes_to_life(self, fleet, instance, attach, make_pair, ssh):
        name, key = make_pair()
        fleet.call("AttachKeyPair", KeyPairName=name, InstanceIds=json.dumps([instance.instance_id]))
        assert not gets_in(ssh, instance, "root", key)
        forget(fleet)
        result = attach(fleet, instance, name)
        assert gets_in(ssh, instance, "root", key)
        assert (result["changed"], only(result)["live"]) == (True, True)
        assert [step["action"] for step in result["actions"]] == ["guest"]
        assert requests(fleet, "AttachKeyPair") == 0
        assert attach(fleet, instance, name)["changed"] is False

    def test_accounts_other_than_root_get_it_with_their_own_files(self, fleet, instance, attach, make_pair, ssh, new_name):
        name, key = make_pair()
        fresh, botched = new_name("fresh"), new_name("botched")
        instance.exec(f"useradd -m -s /bin/bash {fresh} && useradd -m -s /bin/bash {botched}")
        # What the vendor's manual recipe leaves behind: directory and file of root's in somebody else's home.
        instance.exec(f"cd /home/{botched} && mkdir .ssh && touch .ssh/authorized_keys && chmod 700 .ssh && chmod 600 .ssh/authorized_keys")
        result = attach(fleet, instance, name, login_users=[fresh, botched])
        assert only(result)["live"] is True, only(result)
        assert gets_in(ssh, instance, fresh, key)
        assert gets_in(ssh, instance, botched, key)
        assert not gets_in(ssh, instance, "root", key)
        assert only(result)["pending_at_reboot"] == ["key_added", "password_login_off"]
        for user in (fresh, botched):
            modes = instance.exec(f"stat -c '%a %U:%G' /home/{user}/.ssh /home/{user}/.ssh/authorized_keys").splitlines()
            assert modes == [f"700 {user}:{user}", f"600 {user}:{user}"]
        assert attach(fleet, instance, name, login_users=[fresh, botched])["changed"] is False
        attach(fleet, instance, name, login_users=[fresh], state="absent")
        assert not gets_in(ssh, instance, fresh, key)
        assert gets_in(ssh, instance, botched, key)


class TestReplace:
    def test_needs_consent_and_removes_the_old_key_on_demand(self, fleet, attach, make_pair, ssh, controller_key):
        one = next(iter(fleet))
        old, old_key = make_pair()
        new, new_key = make_pair()
        attach(fleet, one, old)

        refused = attach(fleet, one, new)
        assert refused["failed"] is True
        assert only(refused)["reason"] == "other_pair_bound"
        assert old in only(refused)["msg"]
        assert bound_pair(fleet, one) == old
        assert not gets_in(ssh, one, "root", new_key)

        kept = attach(fleet, one, new, replace_bound=True)
        assert gets_in(ssh, one, "root", new_key)
        assert gets_in(ssh, one, "root", old_key)
        assert "previous_key_removed" in only(kept)["pending_at_reboot"]

        removed = attach(fleet, one, old, replace_bound=True, previous_key="remove")
        assert (removed["changed"], only(removed)["live"], bound_pair(fleet, one)) == (True, True, old)
        assert gets_in(ssh, one, "root", old_key)
        assert not gets_in(ssh, one, "root", new_key)
        assert gets_in(ssh, one, "root", controller_key)
        assert attach(fleet, one, old, replace_bound=True, previous_key="remove")["changed"] is False


class TestLastWayIn:
    def test_is_refused_without_consent(self, fleet, attach, make_pair, ssh, controller_key, new_name):
        one = next(iter(fleet))
        name, key = make_pair()
        one.exec(": > /root/.ssh/authorized_keys")
        attach(fleet, one, name)
        assert gets_in(ssh, one, "root", key)

        refused = attach(fleet, one, name, state="absent")
        assert refused["failed"] is True
        assert only(refused)["reason"] == "last_way_in"
        assert (only(refused)["bound"], only(refused)["live"]) == (True, True)
        assert gets_in(ssh, one, "root", key)
        assert bound_pair(fleet, one) == name

        # Somebody with a key but without sudo is no way in.
        user = new_name("user")
        one.exec(f"useradd -m -s /bin/bash {user} && install -d -m 700 -o {user} -g {user} /home/{user}/.ssh")
        one.put(f"/home/{user}/.ssh/authorized_keys", controller_key.public + "\n", "0600", f"{user}:{user}")
        assert gets_in(ssh, one, user, controller_key)
        assert only(attach(fleet, one, name, state="absent"))["reason"] == "last_way_in"

        # With sudo it is one.
        one.put(f"/etc/sudoers.d/{user}", f"{user} ALL=(ALL) NOPASSWD: ALL\n", "0440")
        try:
            result = attach(fleet, one, name, state="absent")
            assert only(result)["failed"] is False, only(result)
            assert not gets_in(ssh, one, "root", key)
        finally:
            one.exec(f"rm /etc/sudoers.d/{user}; userdel -rf {user}")

    def test_is_taken_with_consent(self, fleet, attach, make_pair, ssh):
        one = next(iter(fleet))
        name, key = make_pair()
        one.exec(": > /root/.ssh/authorized_keys")
        attach(fleet, one, name)
        result = attach(fleet, one, name, state="absent", allow_lockout=True)
        assert only(result)["failed"] is False
        assert not gets_in(ssh, one, "root", key)


REFUSALS = [
    pytest.param("PubkeyAuthentication no", "PubkeyAuthentication is no", id="public keys off"),
    pytest.param("Match User root\nPubkeyAuthentication no", "PubkeyAuthentication is no", id="off in a Match block"),
    pytest.param("PermitRootLogin no", "PermitRootLogin is no", id="no root"),
    pytest.param("AllowUsers nobody", "AllowUsers", id="not in AllowUsers"),
    pytest.param("DenyGroups root", "DenyGroups", id="in DenyGroups"),
    pytest.param("AuthorizedKeysFile none", "AuthorizedKeysFile", id="no key file"),
    pytest.param("RevokedKeys /etc/ssh/nothing", "RevokedKeys", id="unreadable RevokedKeys"),
    pytest.param("PubkeyAcceptedKeyTypes ssh-ed25519", "PubkeyAcceptedAlgorithms", id="no RSA"),
    pytest.param("Match User root\nAuthenticationMethods publickey,password", "AuthenticationMethods", id="a key is not enough"),
    pytest.param("ChrootDirectory /nowhere", "ChrootDirectory", id="chroot missing"),
]


class TestWhatSshdRefuses:
    @pytest.mark.parametrize(("setting", "clause"), REFUSALS)
    def test_is_never_called_live(self, fleet, attach, make_pair, ssh, setting, clause):
        one = fleet["debian12"] if "debian12" in fleet.instances else next(iter(fleet))
        name, key = make_pair()
        before = one.exec("cat /root/.ssh/authorized_keys")
        with sshd_setting(one, setting):
            result = attach(fleet, one, name)
            entry = only(result)
            assert (entry["reason"], entry["bound"], entry["changed"]) == ("login_refused", False, False), entry
            assert clause in entry["msg"]
            # The control: with the key in place sshd does refuse.
            one.put("/root/.ssh/authorized_keys", before + key.public + "\n", "0600")
            done = ssh(one, "root", key, "true")
            assert done.returncode != 0
        assert gets_in(ssh, one, "root", key)

    def test_the_file_that_sshd_reads_is_the_one_that_is_written(self, fleet, attach, make_pair, ssh):
        one = fleet["debian12"] if "debian12" in fleet.instances else next(iter(fleet))
        name, key = make_pair()
        one.exec("install -d -m 755 /etc/ssh/keys")
        with sshd_setting(one, "AuthorizedKeysFile /etc/ssh/keys/%u"):
            result = attach(fleet, one, name)
            assert only(result)["live"] is True, only(result)
            assert gets_in(ssh, one, "root", key)
            attach(fleet, one, name, state="absent", allow_lockout=True)
            assert not gets_in(ssh, one, "root", key)
        one.exec("rm -r /etc/ssh/keys")


class TestMixedBag:
    def test_each_is_told_apart_and_the_others_are_done(self, start_fleet, lab_folder, attach, make_pair, ssh, new_name):
        instances = [
            {"name": "good", "backend": "container", "image": "debian12"},
            {"name": "stopped", "status": "Stopped"},
            {"name": "windows", "os_type": "windows"},
            {"name": "no-agent", "assistant": {"installed": False, "online": False}},
            {"name": "offline", "assistant": {"online": False}},
            {"name": "elsewhere", "region": "cn-beijing"},
            {"name": "taken", "key_pair": "other"},
        ]
        with start_fleet({"instances": instances, "key_pairs": [{"name": "other"}]}) as cloud:
            known_hosts = lab_folder / "known_hosts_mixed"
            write_known_hosts(known_hosts, cloud)
            name, key = make_pair(cloud)
            ids = [cloud.ids[entry["name"]] for entry in instances] + ["i-bp1000000000000000000"]
            result = attach(cloud, ids, name)
            assert [entry["reason"] for entry in result["instances"]] == [
                None, "not_running", "windows", "agent_missing", "agent_offline", "other_region", "other_pair_bound", "unknown_instance",
            ]  # fmt: skip
            assert [entry["instance_id"] for entry in result["instances"]] == ids
            assert result["failed"] is True
            assert "7 of 8 instances failed" in result["msg"]
            assert gets_in(ssh, cloud["good"], "root", key, known_hosts)
            assert [bound_pair(cloud, cloud["good"])] == [name]
            assert "cn-beijing" in result["instances"][5]["msg"]
            never = attach(cloud, ids, name, fail_on="never")
            assert (never["failed"], never["changed"]) == (False, False)
            assert attach(cloud, ids, name, fail_on="all")["failed"] is False
            assert attach(cloud, ids[1:], name, fail_on="all")["failed"] is True


class TestReboot:
    def test_binds_reboots_and_waits_until_it_has_really_booted(self, start_fleet, lab_folder, attach, make_pair, ssh):
        # ECS goes on showing Running for a while after RebootInstance.
        fleet = {"timing": {"reboot_lag_ms": 1500}, "instances": [{"name": "one", "backend": "container", "image": "debian12"}]}
        with start_fleet(fleet) as cloud:
            one = cloud["one"]
            known_hosts = lab_folder / "known_hosts_reboot"
            write_known_hosts(known_hosts, cloud)
            name, key = make_pair(cloud)
            before = one.boot_id()
            result = attach(cloud, one, name, activation="reboot")
            entry = only(result)
            assert (entry["bound"], entry["live"], entry["failed"]) == (True, True, False), entry
            assert entry["pending_at_reboot"] == []
            assert one.boot_id() != before
            assert gets_in(ssh, one, "root", key, known_hosts)
            after = one.boot_id()
            assert attach(cloud, one, name, activation="reboot")["changed"] is False
            assert one.boot_id() == after
            gone = attach(cloud, one, name, activation="reboot", state="absent")
            assert only(gone)["failed"] is False, only(gone)
            assert not gets_in(ssh, one, "root", key, known_hosts)

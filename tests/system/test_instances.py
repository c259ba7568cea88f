# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instances behind the embedded cloud are real systems that boot, let people in, run commands and go away."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ecs_emulator.backends.podman import podman
from lab.fleet import Fleet
from lab.instance import Instance
from lab.ssh import write_known_hosts


def containers() -> set[str]:
    return set(podman("ps", "--all", "--format", "{{.Names}}").text.split())


def has_process(instance: Instance, arguments: str) -> bool:
    return arguments in instance.exec("ps -e -o args=").splitlines()


def wait_until(condition, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def bind(fleet: Fleet, instance: Instance, pair: str) -> None:
    answer = fleet.call("AttachKeyPair", KeyPairName=pair, InstanceIds=json.dumps([instance.instance_id]))
    assert str(answer["FailCount"]) == "0"


def unbind(fleet: Fleet, instance: Instance, pair: str) -> None:
    fleet.call("DetachKeyPair", KeyPairName=pair, InstanceIds=json.dumps([instance.instance_id]))


def reboot(fleet: Fleet, instance: Instance) -> None:
    before = instance.boot_id()
    fleet.call("RebootInstance", InstanceId=instance.instance_id)
    wait_until(lambda: instance.exec("cat /proc/sys/kernel/random/boot_id", check=False).strip() not in ("", before))
    fleet.wait_for_status(instance.instance_id, "Running")


class TestBoot:
    def test_a_new_instance_is_up_with_nothing_failed_and_no_account_has_a_password(self, instance, start_fleet):
        """A new one, because tests leave accounts and units on those that they share."""
        with start_fleet({"instances": [{"name": "new", "backend": "container", "image": instance.name}]}) as fleet:
            assert fleet["new"].exec("systemctl is-system-running --wait", check=False).strip() == "running"
            passwords = [line.split(":")[1] for line in fleet["new"].exec("cat /etc/shadow").splitlines()]
        assert passwords and all(field.startswith(("*", "!")) for field in passwords)

    def test_it_is_the_distribution_it_says(self, instance):
        expected = {"debian11": "Debian GNU/Linux 11", "debian12": "Debian GNU/Linux 12", "debian13": "Debian GNU/Linux 13"}
        pretty = instance.exec(". /etc/os-release && echo $PRETTY_NAME")
        assert pretty.startswith(expected.get(instance.name, "Alibaba Cloud Linux 3 (look-alike)"))

    def test_ansible_reaches_it_over_ssh(self, instance, ansible):
        assert ansible(instance, "ansible.builtin.ping").get("ping") == "pong"

    def test_instances_share_no_identity(self, fleet):
        host_boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        boot_ids = [instance.boot_id() for instance in fleet] + [host_boot_id]
        machine_ids = [instance.exec("cat /etc/machine-id") for instance in fleet]
        host_keys = [key for instance in fleet for key in instance.host_keys()]
        for found in (boot_ids, machine_ids, host_keys):
            assert all(found)
            assert len(set(found)) == len(found)

    def test_the_journal_belongs_to_this_boot(self, instance):
        assert "Server listening" in instance.exec("journalctl -b -t sshd --no-pager")


@pytest.mark.on_image("el-like")
class TestLookAlike:
    """The el-like image stands for the names and the layout of Alibaba Cloud Linux 3."""

    @pytest.fixture
    def el_like(self, fleet):
        return fleet["el-like"]

    def test_wheel_instead_of_sudo(self, el_like):
        assert el_like.exec("getent group wheel").startswith("wheel:x:10:")
        assert el_like.exec("getent group sudo", check=False) == ""
        assert "%wheel\tALL=(ALL)\tALL" in el_like.exec("cat /etc/sudoers")

    def test_unit_is_sshd_service_only(self, el_like):
        assert el_like.exec("systemctl is-active sshd.service").strip() == "active"
        assert el_like.exec("systemctl cat ssh.service", check=False) == ""

    def test_sshd_config_has_no_include_and_no_drop_ins(self, el_like):
        assert "include" not in el_like.exec("cat /etc/ssh/sshd_config").lower()
        assert el_like.exec("ls -d /etc/ssh/sshd_config.d", check=False) == ""

    def test_ansible_sees_the_red_hat_family(self, el_like, ansible):
        facts = ansible(el_like, "ansible.builtin.setup", {"gather_subset": ["!all", "distribution"]})["ansible_facts"]
        assert facts["ansible_os_family"] == "RedHat"


class TestPower:
    @pytest.mark.one_image
    def test_reboot_gives_a_new_boot_id_and_keeps_the_disk(self, instance, fleet, ssh, controller_key):
        instance.put("/root/kept", "still here")
        before, keys = instance.boot_id(), instance.host_keys()
        reboot(fleet, instance)
        assert instance.boot_id() != before
        assert instance.host_keys() == keys
        assert ssh(instance, "root", controller_key, "cat /root/kept").stdout == "still here"

    def test_reboot_from_inside_the_guest(self, one_instance, ssh, controller_key):
        before = one_instance.boot_id()
        ssh(one_instance, "root", controller_key, "systemctl reboot")
        wait_until(lambda: one_instance.exec("cat /proc/sys/kernel/random/boot_id", check=False).strip() not in ("", before))
        wait_until(lambda: ssh(one_instance, "root", controller_key).returncode == 0)

    @pytest.mark.one_image
    def test_ansible_can_reboot_it(self, instance, ansible):
        before = instance.boot_id()
        result = ansible(instance, "ansible.builtin.reboot", {"reboot_timeout": 60, "connect_timeout": 5})
        assert result.get("rebooted") is True, result
        assert instance.boot_id() != before

    def test_the_boot_id_stays_while_it_runs(self, one_instance):
        before = one_instance.boot_id()
        one_instance.exec("systemctl daemon-reload; systemctl daemon-reexec")
        assert one_instance.boot_id() == before

    @pytest.mark.one_image
    def test_a_stopped_instance_refuses_connections(self, instance, fleet, ssh, controller_key):
        fleet.call("StopInstance", InstanceId=instance.instance_id)
        fleet.wait_for_status(instance.instance_id, "Stopped")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((instance.ssh_host, instance.ssh_port), timeout=5)
        fleet.call("StartInstance", InstanceId=instance.instance_id)
        fleet.wait_for_status(instance.instance_id, "Running")
        assert ssh(instance, "root", controller_key).returncode == 0


class TestInjection:
    """What the vendor's cloud-init does with the bound pair, at boot and only then."""

    @pytest.mark.one_image
    def test_bound_pair_comes_at_boot_and_goes_at_the_boot_after_the_unbind(self, instance, fleet, ssh, make_key, new_name, controller_key):
        pair, key = new_name("pair"), make_key(kind="rsa", bits=2048)
        fleet.call("ImportKeyPair", KeyPairName=pair, PublicKeyBody=key.public)
        bind(fleet, instance, pair)
        assert ssh(instance, "root", key).returncode == 255, "a pair must not work before the boot"
        reboot(fleet, instance)
        assert ssh(instance, "root", key, "id -un").stdout == "root\n"
        assert "passwordauthentication no" in instance.exec("sshd -T")
        assert instance.exec("stat -c '%a %U' /root/.ssh /root/.ssh/authorized_keys") == "700 root\n600 root\n"

        unbind(fleet, instance, pair)
        assert ssh(instance, "root", key).returncode == 0, "an unbind must not work before the boot"
        reboot(fleet, instance)
        assert ssh(instance, "root", key).returncode == 255
        assert "passwordauthentication yes" in instance.exec("sshd -T")
        assert ssh(instance, "root", controller_key).returncode == 0, "keys that nobody injected stay"

    def test_another_pair_replaces_the_first(self, one_instance, fleet, ssh, make_key, new_name):
        keys = [make_key(kind="rsa", bits=2048) for _unused in range(2)]
        pairs = [new_name("pair") for _unused in keys]
        for pair, key in zip(pairs, keys):
            fleet.call("ImportKeyPair", KeyPairName=pair, PublicKeyBody=key.public)
            bind(fleet, one_instance, pair)
            reboot(fleet, one_instance)
        assert [ssh(one_instance, "root", key).returncode for key in keys] == [255, 0]
        unbind(fleet, one_instance, pairs[1])
        reboot(fleet, one_instance)

    def test_lines_of_others_survive_byte_for_byte(self, one_instance, fleet, make_key, new_name):
        kept = one_instance.exec("cat /root/.ssh/authorized_keys")
        theirs = kept + '# a comment\n\nrestrict,command="echo hi"   ' + make_key().public + "  two words\n"
        one_instance.put("/root/.ssh/authorized_keys", theirs, "0600")
        pair, key = new_name("pair"), make_key(kind="rsa", bits=2048)
        fleet.call("ImportKeyPair", KeyPairName=pair, PublicKeyBody=key.public)
        bind(fleet, one_instance, pair)
        reboot(fleet, one_instance)
        # The service keeps type and blob of an imported key; its comment is its own affair.
        lines = one_instance.exec("cat /root/.ssh/authorized_keys").splitlines(keepends=True)
        assert "".join(line for line in lines if key.blob not in line) == theirs
        assert sum(key.blob in line for line in lines) == 1
        unbind(fleet, one_instance, pair)
        reboot(fleet, one_instance)
        assert one_instance.exec("cat /root/.ssh/authorized_keys") == theirs
        one_instance.put("/root/.ssh/authorized_keys", kept, "0600")


class TestCloudAssistant:
    def test_runs_as_root_with_output_and_exit_code(self, instance, fleet):
        entry = fleet.run_command(instance, "id -un; pwd; echo error >&2; exit 7")
        assert (entry["InvocationStatus"], entry["ExitCode"], entry["Output"]) == ("Failed", 7, "root\n/root\nerror\n")

    def test_runs_as_the_user_asked_for(self, instance, fleet, new_name):
        user = new_name("worker")
        instance.exec(f"useradd -m -s /bin/bash {user} && groupadd {user}x && usermod -aG {user}x {user}")
        entry = fleet.run_command(instance, "id -un; id -Gn; pwd; echo $HOME", Username=user)
        assert entry["Output"].splitlines() == [user, f"{user} {user}x", f"/home/{user}", f"/home/{user}"]

    def test_honours_the_script_s_interpreter(self, one_instance, fleet):
        assert fleet.run_command(one_instance, "#!/usr/bin/python3\nprint(6 * 7)\n")["Output"] == "42\n"

    def test_unknown_account_and_directory(self, one_instance, fleet):
        assert fleet.run_command(one_instance, "true", Username="nobody-here")["ErrorCode"] == "AccountNotExists"
        assert fleet.run_command(one_instance, "true", WorkingDir="/no/such/place")["ErrorCode"] == "DirectoryNotExists"

    def test_an_overdue_command_is_killed_with_its_children(self, one_instance, fleet, new_name):
        mark = new_name("31")
        entry = fleet.run_command(one_instance, f"echo begun; sleep {mark} & sleep {mark}", Timeout=10, TerminationMode="ProcessTree")
        assert (entry["InvocationStatus"], entry["ErrorCode"], entry["Output"].split()[0]) == ("Timeout", "ExecutionTimeout", "begun")
        assert not has_process(one_instance, f"sleep {mark}")

    def test_a_process_left_behind_does_not_keep_the_command(self, one_instance, fleet, new_name):
        mark = new_name("32")
        begin = time.monotonic()
        assert fleet.run_command(one_instance, f"sleep {mark} & echo done")["Output"] == "done\n"
        assert time.monotonic() - begin < 20
        assert has_process(one_instance, f"sleep {mark}")
        one_instance.exec(f"pkill -fx 'sleep {mark}'")

    def test_a_stopped_command_is_killed(self, one_instance, fleet, new_name):
        mark = new_name("33")
        asked = {"Type": "RunShellScript", "CommandContent": f"sleep {mark}", "InstanceId.1": one_instance.instance_id}
        asked["TerminationMode"] = "ProcessTree"
        invoke_id = fleet.call("RunCommand", **asked)["InvokeId"]
        wait_until(lambda: has_process(one_instance, f"sleep {mark}"))
        fleet.call("StopInvocation", InvokeId=invoke_id, **{"InstanceId.1": one_instance.instance_id})
        wait_until(lambda: not has_process(one_instance, f"sleep {mark}"))

    def test_leaves_its_script_behind_and_nothing_else(self, one_instance, fleet):
        find = "find / -xdev -newer /proc/1 -type f | sort"
        before = one_instance.exec(find).splitlines()
        entry = fleet.run_command(one_instance, "true")
        left = [path for path in one_instance.exec(find).splitlines() if path not in before]
        assert left == [f"/usr/local/share/aliyun-assist/work/script/{entry['InvokeId']}.sh"]


class TestOtherUser:
    def test_images_with_ecs_user(self, start_fleet, make_key, ssh, tmp_path):
        key = make_key(kind="rsa", bits=2048)
        pair = {"name": "team", "public_key": key.public}
        spec = {"name": "as-ecs-user", "backend": "container", "image": "debian12", "login_user": "ecs-user", "key_pair": "team"}
        with start_fleet({"instances": [spec], "key_pairs": [pair]}) as own:
            instance = own["as-ecs-user"]
            write_known_hosts(tmp_path / "known_hosts", own)
            login = ssh(instance, "ecs-user", key, "sudo -n id -un", known_hosts=tmp_path / "known_hosts")
            assert (login.returncode, login.stdout) == (0, "root\n"), login.stderr
            assert ssh(instance, "root", key, known_hosts=tmp_path / "known_hosts").returncode == 255


class TestCleanUp:
    SPEC = {"instances": [{"name": "short-lived", "backend": "container", "image": "debian12"}]}

    def test_two_clouds_side_by_side_and_nothing_left_of_the_one_that_ends(self, fleet, start_fleet, ansible):
        with start_fleet(self.SPEC) as own:
            own_instance = own["short-lived"]
            assert own_instance.container in containers()
            assert (own_instance.ssh_host, own_instance.ssh_port) not in {(each.ssh_host, each.ssh_port) for each in fleet}
        assert own_instance.container not in containers()
        assert own.process.returncode == 0
        for each in fleet:
            assert each.exec("true") == ""

    def test_a_killed_cloud_is_cleaned_up_by_the_next(self, fleet, start_fleet):
        with start_fleet(self.SPEC) as killed:
            os.kill(killed.process.pid, signal.SIGKILL)
            killed.process.wait()
            assert killed["short-lived"].container in containers()
            with start_fleet(self.SPEC) as following:
                assert killed["short-lived"].container not in containers()
                assert following["short-lived"].container in containers()

    def test_a_missing_image_is_one_sentence(self, start_fleet, tmp_path):
        spec = {"instances": [{"name": "odd", "backend": "container", "image": "no-such-image"}]}
        with pytest.raises(RuntimeError) as caught, start_fleet(spec):
            pass
        assert "podman has no image localhost/ecs-access-no-such-image: run: python3 -m ecs_emulator images no-such-image" in str(caught.value)
        assert "Traceback" not in str(caught.value)


def test_nothing_to_build_takes_no_time():
    begin = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": os.path.join(os.path.dirname(__file__), "..", "emulator")}
    command = [sys.executable, "-m", "ecs_emulator", "images", "debian12"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - begin < 5

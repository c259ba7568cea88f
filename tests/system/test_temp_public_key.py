# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Temporary keys by module and playbook: real instances, real ssh, real expiry."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from lab import ssh as lab_ssh
from lab.fleet import Fleet
from lab.instance import Instance

pytestmark = pytest.mark.long

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Register
      alicloud.ecs_access.ecs_temp_public_key: "{{ arguments }}"
"""
FLEET = {
    "instances": [
        {"name": "deb", "backend": "container", "image": "debian12"},
        {"name": "el", "backend": "container", "image": "el-like"},
        {"name": "outdated", "backend": "api", "assistant": {"version": "2.2.3.195"}},
    ]
}
HELPER = "/usr/local/share/aliyun-assist/plugin/config_ecs_instance_connect/ecs_config_instance_connect"
MANAGER_LOG = "ls /usr/local/share/aliyun-assist/*/log/acs_plugin_manager.log 2>/dev/null | wc -l"


@pytest.fixture(scope="module")
def cloud(start_fleet: Callable) -> Iterator[Fleet]:
    """A fleet of this module's own, because its sshd configurations are spoiled."""
    with start_fleet(FLEET) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def hosts_file(cloud: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("temp-key") / "known_hosts"
    lab_ssh.write_known_hosts(path, cloud)
    return path


@pytest.fixture
def fresh(cloud: Fleet) -> Iterator[Instance]:
    """The instance deb without the plugin; put back afterwards."""
    instance = cloud["deb"]
    undo(cloud, instance)
    instance.exec("cp -p /etc/ssh/sshd_config /root/sshd_config.before")
    yield instance
    instance.exec("cp -p /root/sshd_config.before /etc/ssh/sshd_config")
    undo(cloud, instance)


def undo(cloud: Fleet, instance: Instance) -> None:
    control(cloud, instance.name, plugin_exit_code=0, plugin_exit_times=0, plugin_seconds=0, clock_offset=0, agent_online=True, key_server="up")
    instance.exec(
        "rm -f /etc/ssh/sshd_config.d/test.conf /etc/ssh/sshd_config.before-temporary-keys; "
        "sed -i '/^AuthorizedKeysCommand/d' /etc/ssh/sshd_config; rm -rf /usr/local/share/aliyun-assist/plugin/*; "
        "userdel ecs-instance-connect 2>/dev/null; systemctl reset-failed ssh sshd 2>/dev/null; systemctl restart ssh || systemctl restart sshd",
        check=False,
    )


def control(cloud: Fleet, name: str, **knobs: Any) -> dict:
    return cloud.control("POST" if knobs else "GET", f"instances/{name}", knobs or None)


@pytest.fixture
def register(controller: Any, cloud: Fleet) -> Callable[..., dict]:
    """register(["deb"], ...): the module's result, as a playbook gets it."""

    def run(names: list[str], check: bool = False, **options: Any) -> dict:
        arguments = {"instance_ids": [cloud.ids[name] for name in names], "username": "root", **options}
        done = controller.playbook(PLAY, [], extra_vars={"arguments": arguments}, environment=cloud.environment(), options=["--check"] if check else [])
        assert done.results, done.output
        task = done.results[-1]
        return dict(task.result, failed=task.status == "failed")

    return run


def sshd_config(instance: Instance) -> str:
    return instance.exec("cat /etc/ssh/sshd_config")


def holds(cloud: Fleet, public_key: str) -> bool:
    """Whether the key was registered for the instance deb; those of other tests may still be there."""
    return public_key in [entry["public_key"] for entry in control(cloud, "deb")["keys"]]


def gets_in(instance: Instance, key: Any, hosts_file: Path, user: str = "root") -> bool:
    done = lab_ssh.ssh(instance, user, key, "true", hosts_file)
    assert done.returncode == 0 or "Permission denied (publickey" in done.stderr, done.stderr
    return done.returncode == 0


def expiry(entry: dict) -> float:
    import calendar

    return calendar.timegm(time.strptime(entry["expires_at"], "%Y-%m-%dT%H:%M:%SZ"))


class TestTheWayItGoes:
    def test_registered_lets_in_expires_and_an_open_session_survives(self, cloud, fresh, register, hosts_file, tmp_path):
        private = tmp_path / "minute-key"
        config = sshd_config(fresh)
        result = register(["deb", "el"], private_key_path=str(private))
        assert not result["failed"], result["msg"]
        assert private.stat().st_mode & 0o777 == 0o600
        assert [entry["ready"] for entry in result["instances"]] == [True, True]
        assert fresh.exec("cat /etc/ssh/sshd_config.before-temporary-keys") == config
        assert gets_in(fresh, private, hosts_file)
        assert gets_in(cloud["el"], private, hosts_file)
        end = max(expiry(entry) for entry in result["instances"])
        assert 30 < end - time.time() <= 60
        command = ["ssh", *lab_ssh.OPTIONS, "-o", f"UserKnownHostsFile={hosts_file}", "-p", str(fresh.ssh_port), "-i", str(private)]
        with subprocess.Popen([*command, "-l", "root", fresh.ssh_host, "read line; echo got $line"], stdin=-1, stdout=-1, text=True) as open_one:
            time.sleep(max(0.0, end + 2 - time.time()))
            assert not gets_in(fresh, private, hosts_file)
            assert not gets_in(cloud["el"], private, hosts_file)
            assert open_one.communicate("through\n", timeout=20)[0] == "got through\n"
        assert fresh.exec("grep -c ^AuthorizedKeysCommand /etc/ssh/sshd_config").strip() == "2"
        # The second time nothing is prepared, and the same key is used.
        again = register(["deb"], private_key_path=str(private))
        assert (again["changed"], again["instances"][0]["prepared"]) == (True, [])
        assert again["registered_keys"] == result["registered_keys"]
        assert gets_in(fresh, private, hosts_file)

    def test_two_people_at_once(self, fresh, register, hosts_file, make_key):
        fresh.exec("id mary || useradd -m -s /bin/sh mary")
        john, mary = make_key(), make_key(kind="ecdsa")
        keys = [{"username": "root", "public_key": john.public}, {"username": "mary", "public_key": mary.public}]
        result = register(["deb"], keys=keys)
        assert not result["failed"], result["msg"]
        assert gets_in(fresh, john, hosts_file)
        assert gets_in(fresh, mary, hosts_file, "mary")
        assert not gets_in(fresh, john, hosts_file, "mary")

    def test_check_mode_changes_nothing(self, cloud, fresh, register, hosts_file, make_key, tmp_path):
        key, config = make_key(), sshd_config(fresh)
        result = register(["deb"], check=True, public_key=key.public)
        assert (result["failed"], result["changed"], result["instances"][0]["ready"]) == (False, True, None)
        assert result["instances"][0]["prepared"] == ["plugin to be installed"]
        assert register(["deb"], check=True, private_key_path=str(tmp_path / "none"))["changed"]
        assert not (tmp_path / "none").exists()
        assert (sshd_config(fresh), holds(cloud, key.public)) == (config, False)
        assert fresh.run(f"test -e {HELPER}").returncode == 1


def refused(result: dict, reason: str, *words: str) -> None:
    entry = result["instances"][0]
    assert (result["failed"], entry["ready"], entry["reason"]) == (True, False, reason), entry
    assert entry["remedy"]
    for word in words:
        assert word in entry["msg"], entry["msg"]


class TestWhatIsInTheWay:
    def unchanged(self, cloud: Fleet, instance: Instance, config: str, key: str) -> None:
        assert sshd_config(instance) == config
        assert not holds(cloud, key)
        assert instance.run("ls /etc/ssh/.sshd_config.*ecs-access* 2>/dev/null").stdout == b""

    @pytest.fixture
    def key(self, make_key: Callable) -> str:
        return make_key().public

    def test_prepare_never(self, cloud, fresh, register, key):
        config = sshd_config(fresh)
        refused(register(["deb"], public_key=key, prepare="never"), "not_prepared", "prepare=auto")
        self.unchanged(cloud, fresh, config, key)

    def test_somebody_elses_command(self, cloud, fresh, register, key):
        for path in ("/etc/ssh/sshd_config.d/test.conf", "/etc/ssh/sshd_config"):
            fresh.exec(f"printf '\\nAuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys %%u\\nAuthorizedKeysCommandUser nobody\\n' >> {path}")
            config = sshd_config(fresh)
            refused(register(["deb"], public_key=key), "foreign_command", "sss_ssh_authorizedkeys")
            self.unchanged(cloud, fresh, config, key)
            fresh.exec("rm /etc/ssh/sshd_config.d/test.conf", check=False)

    def test_a_trailing_match_block(self, cloud, fresh, register, key, hosts_file, make_key):
        fresh.exec("printf 'Match User deploy\\n  X11Forwarding no\\n' >> /etc/ssh/sshd_config")
        config = sshd_config(fresh)
        before = fresh.exec("systemctl show -p ActiveEnterTimestampMonotonic ssh")
        refused(register(["deb"], public_key=key), "command_not_in_force", "Match User deploy")
        self.unchanged(cloud, fresh, config, key)
        assert fresh.exec("systemctl show -p ActiveEnterTimestampMonotonic ssh") == before
        # What the remedy says helps.
        fresh.exec("echo 'Match all' >> /etc/ssh/sshd_config")
        mine = make_key()
        assert not register(["deb"], public_key=mine.public)["failed"]
        assert gets_in(fresh, mine, hosts_file)

    def test_lines_that_the_vendors_client_left_in_a_match_block(self, cloud, fresh, register, key):
        fresh.exec("printf 'Match User deploy\\n  X11Forwarding no\\n' >> /etc/ssh/sshd_config")
        fresh.exec("acs-plugin-manager -e -P config_ecs_instance_connect --params --install")
        config = sshd_config(fresh)
        refused(register(["deb"], public_key=key), "command_not_in_force", "Match User deploy")
        self.unchanged(cloud, fresh, config, key)

    def test_a_broken_configuration(self, cloud, fresh, register, key):
        fresh.exec("echo 'NoSuchOption yes' >> /etc/ssh/sshd_config")
        config = sshd_config(fresh)
        refused(register(["deb"], public_key=key), "sshd_broken", "NoSuchOption")
        self.unchanged(cloud, fresh, config, key)
        assert fresh.exec("systemctl is-active ssh").strip() == "active"

    def test_pubkey_off_and_no_such_user_and_root_refused(self, cloud, fresh, register, key):
        refused(register(["deb"], public_key=key, username="nobody-here"), "user_missing", "nobody-here")
        fresh.exec("echo 'PubkeyAuthentication no' > /etc/ssh/sshd_config.d/test.conf")
        refused(register(["deb"], public_key=key), "pubkey_off", "ssh_server")
        fresh.exec("echo 'PermitRootLogin no' > /etc/ssh/sshd_config.d/test.conf")
        refused(register(["deb"], public_key=key), "login_refused", "PermitRootLogin")
        assert not holds(cloud, key)

    def test_an_installer_that_fails(self, cloud, fresh, register, key):
        """With each of the exit codes that the vendor's manager knows."""
        config = sshd_config(fresh)
        for code in range(232, 248):
            control(cloud, "deb", plugin_exit_code=code)
            refused(register(["deb"], public_key=key), "plugin_failed", f"exit status {code}", "acs_plugin_manager.log")
            self.unchanged(cloud, fresh, config, key)

    @pytest.mark.parametrize(("state", "words"), [("garbage", "returns no key"), ("slow", "does not answer within 5 seconds")])
    def test_an_instance_that_does_not_reach_the_service(self, cloud, fresh, register, hosts_file, make_key, state, words):
        """The key was taken all the same, but nobody would get in with it."""
        assert not register(["deb"], public_key=make_key().public)["failed"]
        control(cloud, "deb", key_server=state)
        key = make_key()
        refused(register(["deb"], public_key=key.public), "key_server", words, "*.axt.aliyun.com:443")
        assert holds(cloud, key.public)
        assert not gets_in(fresh, key, hosts_file)
        control(cloud, "deb", key_server="up")
        assert gets_in(fresh, key, hosts_file)

    def test_an_installer_that_writes_something_else(self, cloud, fresh, register, key):
        """The lines are right when tried out, but the plugin of another day breaks sshd's configuration and stops it."""
        config = sshd_config(fresh)
        fresh.exec(
            "cat > /usr/sbin/acs-plugin-manager <<'END'\n#!/bin/sh\nprintf 'Bogus line\\n' >> /etc/ssh/sshd_config\n"
            "systemctl restart ssh\nexit 0\nEND\nchmod 755 /usr/sbin/acs-plugin-manager"
        )
        try:
            refused(register(["deb"], public_key=key), "plugin_failed", "put back")
        finally:
            fresh.exec("rm /usr/sbin/acs-plugin-manager")
        self.unchanged(cloud, fresh, config, key)
        assert fresh.exec("systemctl is-active ssh").strip() == "active"

    def test_a_preparation_that_was_cut_off_is_undone(self, fresh, register, hosts_file, make_key):
        config = sshd_config(fresh)
        fresh.exec("cp -p /etc/ssh/sshd_config /etc/ssh/.sshd_config.ecs-access; echo 'Bogus line' >> /etc/ssh/sshd_config")
        key = make_key()
        result = register(["deb"], public_key=key.public)
        assert not result["failed"], result["msg"]
        assert "cut off" in result["instances"][0]["prepared"][0]
        assert sshd_config(fresh).startswith(config)
        assert "Bogus" not in sshd_config(fresh)
        assert gets_in(fresh, key, hosts_file)

    @pytest.mark.parametrize(("offset", "ready"), [(300, False), (-300, True)])
    def test_a_clock_five_minutes_off(self, cloud, fresh, register, hosts_file, make_key, offset, ready):
        control(cloud, "deb", clock_offset=offset)
        key = make_key()
        result = register(["deb"], public_key=key.public)
        entry = result["instances"][0]
        assert (entry["ready"], abs(entry["clock_ahead"] - offset) < 30) == (ready, True), entry
        assert "its clock is" in entry["msg"]
        assert gets_in(fresh, key, hosts_file) is ready

    def test_one_of_three_offline_and_an_old_agent(self, cloud, register, hosts_file, make_key):
        control(cloud, "deb", agent_online=False)
        key = make_key()
        result = register(["deb", "el", "outdated"], public_key=key.public, fail_on="all")
        assert [entry["reason"] for entry in result["instances"]] == ["agent_offline", None, "agent_too_old"]
        assert "aliyun_assist_main.log" in result["instances"][0]["remedy"]
        assert not result["failed"]
        assert gets_in(cloud["el"], key, hosts_file)
        control(cloud, "deb", agent_online=True)


def printed_commands(text: str) -> list[str]:
    """The commands below the table, each as what a shell makes of its lines."""
    return [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip().startswith("ssh -i ")]


class TestPlaybook:
    """As a user calls it: by its full name, with the inventory plugin."""

    LOGIN = "alicloud.ecs_access.temporary_login"

    @pytest.fixture
    def inventory(self, tmp_path: Path) -> Path:
        path = tmp_path / "my.ecs.yml"
        path.write_text("plugin: alicloud.ecs_access.ecs\nhostnames: [name]\n")
        return path

    def test_the_command_below_the_table_logs_in(self, cloud, fresh, playbook, inventory, tmp_path):
        variables = {"ecs_access_hosts": "deb,el", "ecs_access_user": "root", "ecs_access_private_key_path": str(tmp_path / "my key")}
        run = playbook(self.LOGIN, inventory, extra_vars=variables, environment={**cloud.environment(), "COLUMNS": "300"})
        assert run.returncode == 0, run.output
        commands = printed_commands(run.stdout)
        assert len(commands) == 2, run.output
        for name in ("deb", "el"):
            row = next(line for line in run.stdout.splitlines() if line.split()[:1] == [name])
            assert re.search(r"yes +20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", row)
            (command,) = [command for command in commands if f"@{cloud[name].ssh_host}" in command]
            # As it is printed, strict about host keys, with nothing of the person who runs the tests.
            options = "-F none -o BatchMode=yes -o IdentityAgent=none -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes"
            done = subprocess.run(f"{command} {options} hostname", shell=True, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, (command, done.stderr)

    def test_who_may_not_log_in_anyway_is_refused_before_anything_is_prepared(self, cloud, fresh, playbook, inventory, tmp_path):
        fresh.exec("sed -i '1i PermitRootLogin no' /etc/ssh/sshd_config")
        try:
            config = sshd_config(fresh)
            variables = {"ecs_access_hosts": "deb", "ecs_access_user": "root", "ecs_access_private_key_path": str(tmp_path / "key")}
            run = playbook(self.LOGIN, inventory, extra_vars=variables, environment=cloud.environment())
            assert run.returncode == 2, run.output
            assert "PermitRootLogin" in " ".join(run.stdout.split())
            assert sshd_config(fresh) == config
            assert printed_commands(run.stdout) == []
        finally:
            fresh.exec("sed -i 1d /etc/ssh/sshd_config")

    def test_one_that_fails_makes_the_run_fail_and_says_why(self, cloud, fresh, playbook, inventory, make_key):
        key = make_key()
        variables = {"ecs_access_hosts": "deb,outdated", "ecs_access_public_key_path": f"{key.path}.pub", "ecs_access_user": "root"}
        run = playbook(self.LOGIN, inventory, extra_vars=variables, environment={**cloud.environment(), "COLUMNS": "300"})
        assert run.returncode != 0
        assert "2.2.3.195 is too old" in run.stdout
        (command,) = printed_commands(run.stdout)
        assert command.startswith(f"ssh -i {key.path} -o HostKeyAlias={cloud['deb'].instance_id} ")
        assert holds(cloud, key.public)

    def test_check_mode_and_no_hosts(self, cloud, fresh, playbook, inventory, tmp_path):
        config, path = sshd_config(fresh), tmp_path / "key"
        variables = {"ecs_access_hosts": "deb", "ecs_access_user": "root", "ecs_access_private_key_path": str(path)}
        run = playbook(self.LOGIN, inventory, extra_vars=variables, environment=cloud.environment(), options=["--check"])
        assert (run.returncode, path.exists(), sshd_config(fresh)) == (0, False, config), run.output
        run = playbook(self.LOGIN, inventory, environment=cloud.environment())
        assert run.returncode != 0
        assert "No hosts were named" in run.output


HOSTILE = [
    {"username": "root;touch /pwned"}, {"username": "$(touch /pwned)"}, {"username": "-x"}, {"username": "a b"},
    {"comment": "x; touch /pwned"}, {"comment": "`touch /pwned`"}, {"comment": "--username root"},
    {"ids": ["i-1; touch /pwned"]}, {"ids": ["i-1\n@cert-authority *"]},
    {"key": 'command="touch /pwned" %s'}, {"key": "%s\n%s"}, {"key": "ssh-ed25519 AAAA;touch${IFS}/pwned"},
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_hostile_text_is_refused_and_nothing_is_sent(cloud, register, make_key, hostile):
    key = make_key()
    cloud.control("DELETE", "requests")
    options = {"public_key": " ".join(key.public.split()[:2] + [hostile.get("comment", "me")]), "username": hostile.get("username", "root")}
    if "ids" in hostile:
        options["instance_ids"] = hostile["ids"]
    if "key" in hostile:
        options["public_key"] = hostile["key"].replace("%s", key.public)
    result = register(["deb"], **options)
    assert result["failed"]
    assert re.search(r"cannot be sent|is not one|^public_key\b", result["msg"]), result["msg"]
    assert cloud.control("GET", "requests")["by_action"] == {}
    assert cloud["deb"].run("test -e /pwned").returncode == 1

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin ecs_ssh on instances that hold no key at all, directly and through Session Manager."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time

import pytest
from lab.controller import BIN
from lab.temporary import PING, Runner, running_cloud

pytestmark = pytest.mark.long

# Over an address that ssh reaches, and through a tunnel to an instance whose port is not published.
WAYS = [pytest.param("never", "web", id="direct"), pytest.param("always", "hidden", id="tunnel")]


@pytest.fixture(scope="module")
def cloud(start_fleet):
    # Ten times the default speed: at 24 KB/s these tests would be about patience.
    limits = {"sessions": {"rate_kbit": 2000}, "timing": {"sts_lifetime_s": 5}}
    with running_cloud(start_fleet, ["web", "db"], ["hidden"], ["bare"], el_like=["db", "hidden"], **limits) as fleet:
        yield fleet


@pytest.fixture
def runner(cloud, tmp_path):
    with Runner.open(cloud, tmp_path) as made:
        yield made


def calls_for(tunnel, connections=1):
    return {"InvokeCommand": connections, **({"StartTerminalSession": connections} if tunnel == "always" else {})}


def assert_registered_once(runner, seconds, wanted):
    """A registration serves the logins of forty seconds, and machines may be slow."""
    calls = runner.calls()
    assert calls.pop("InvokeCommand") in range(wanted.pop("InvokeCommand"), 2 + int(seconds // 40))
    assert calls == wanted


EVERYTHING = """
    - ansible.builtin.command: id -un
      register: who
      changed_when: false
    - ansible.builtin.assert: {that: who.stdout == "root"}
    - ansible.builtin.copy: {content: "{{ 'abc' * 5000 }}", dest: /tmp/copied}
    - ansible.builtin.fetch: {src: /tmp/copied, dest: "{{ playbook_dir }}/fetched/", flat: true}
    - ansible.builtin.command: echo {{ item }}
      changed_when: false
      loop: [1, 2, 3]
    - ansible.builtin.meta: reset_connection
    - ansible.builtin.command: id -un
      changed_when: false
      become: true
      become_user: ops
      register: other
    - ansible.builtin.assert: {that: other.stdout == "ops"}
"""


@pytest.mark.parametrize(("tunnel", "name"), WAYS)
@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({"ANSIBLE_PIPELINING": "1"}, id="pipelining"),
        pytest.param({"ANSIBLE_PIPELINING": "0", "ANSIBLE_SSH_TRANSFER_METHOD": "scp"}, id="scp"),
    ],
)
def test_whatever_a_play_does_works_without_any_standing_key(runner, tunnel, name, environment):
    began = time.monotonic()
    run = runner.play(EVERYTHING, [name], tunnel=tunnel, environment=environment)
    assert run.returncode == 0, run.output
    assert (runner.folder / "fetched" / "copied").read_text() == "abc" * 5000
    # The connection was opened twice. The key was registered once if the second login came while it was still known.
    assert_registered_once(runner, time.monotonic() - began, {**calls_for(tunnel, 2), "InvokeCommand": 1})
    assert runner.fleet[name].exec("cat /root/.ssh/authorized_keys 2>/dev/null; true") == ""


def test_without_shared_connections_each_login_still_finds_the_key(runner):
    began = time.monotonic()
    run = runner.play(PING * 3, ["web"], environment={"ANSIBLE_SSH_ARGS": "-C"})
    assert run.returncode == 0, run.output
    assert_registered_once(runner, time.monotonic() - began, {"InvokeCommand": 1})


def test_hosts_and_the_free_strategy_share_one_key(runner):
    run = runner.play(PING * 3, ["web", "db"], head="  strategy: ansible.builtin.free\n")
    assert run.returncode == 0, run.output
    latest = {max(runner.keys(name), key=lambda key: key["expires"])["public_key"] for name in ("web", "db")}
    assert len(latest) == 1
    assert runner.calls() == {"InvokeCommand": 2}


def test_two_hosts_of_the_inventory_that_are_one_instance_register_once(runner):
    path = runner.inventory(["web"])
    text = path.read_text().replace("web:", "web: &web", 1).replace("\n  vars:", "\n    again: *web\n  vars:", 1)
    path.write_text(text)
    run = runner.controller.playbook(f"---\n- hosts: all\n  gather_facts: false\n  tasks:\n{PING}", path, environment=runner.environment())
    assert run.returncode == 0, run.output
    assert len(run.results) == 2
    assert runner.calls() == {"InvokeCommand": 1}


# -- whose key, whose way ---------------------------------------------------------------------------------------------


def test_a_key_of_the_user_s_own_needs_no_registration(runner, make_key):
    key = make_key("own")
    web = runner.fleet["web"]
    web.exec(f"install -d -m 0700 /root/.ssh && echo '{key.public}' > /root/.ssh/authorized_keys")
    try:
        run = runner.play(PING, ["web"], ansible_ssh_private_key_file=str(key.path))
    finally:
        web.exec("rm /root/.ssh/authorized_keys")
    assert run.returncode == 0, run.output
    assert runner.calls() == {}


def test_where_the_user_s_own_key_is_refused_the_temporary_one_is_registered(runner, make_key):
    run = runner.play(PING, ["web"], ansible_ssh_private_key_file=str(make_key("own").path))
    assert run.returncode == 0, run.output
    assert runner.calls() == {"InvokeCommand": 1}


def test_auto_takes_the_tunnel_where_there_is_no_other_way(runner):
    run = runner.play(PING, ["hidden", "web"], tunnel="auto")
    assert run.returncode == 0, run.output
    assert runner.calls() == {"InvokeCommand": 2, "StartTerminalSession": 1}


def test_auto_yields_to_a_proxy_of_the_user_s(runner):
    web = runner.fleet["web"]
    program = runner.folder / "connect.py"
    program.write_text(
        "import os, socket, sys, threading\n"
        "peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "threading.Thread(target=lambda: [peer.sendall(data) for data in iter(lambda: os.read(0, 65536), b'')], daemon=True).start()\n"
        "[os.write(1, data) for data in iter(lambda: peer.recv(65536), b'')]\n"
    )
    (runner.folder / "ssh_config").write_text(f"Host *\n  ProxyCommand {sys.executable} {program} {web.ssh_host} {web.ssh_port}\n")
    inventory = runner.inventory(["web"], ecs_access_tunnel="auto", ansible_ssh_common_args=f"-F {runner.folder}/ssh_config")
    inventory.write_text(inventory.read_text().replace("ansible_host:", "an_address:"))
    run = runner.controller.playbook(f"---\n- hosts: all\n  gather_facts: false\n  tasks:\n{PING}", inventory, environment=runner.environment())
    assert run.returncode == 0, run.output
    assert "StartTerminalSession" not in runner.calls()


def test_the_login_user_of_the_inventory_serves_when_nobody_names_another(runner):
    task = "    - ansible.builtin.command: id -un\n      changed_when: false\n"
    run = runner.play(task, ["web"], ansible_user=None, ecs_login_user="ops")
    assert run.returncode == 0, run.output
    assert run.results[0].result["stdout"] == "ops"


# -- host keys --------------------------------------------------------------------------------------------------------


def test_host_keys_are_remembered_by_instance_id(runner):
    assert runner.play(PING, ["hidden"], tunnel="always").returncode == 0
    lines = runner.known_hosts.read_text().splitlines()
    assert {line.split()[0] for line in lines} == {runner.fleet["hidden"].instance_id}
    assert {" ".join(line.split()[1:3]) for line in lines} <= set(runner.fleet["hidden"].host_keys())


@pytest.mark.parametrize(("tunnel", "name"), WAYS)
def test_another_host_key_is_refused(runner, tunnel, name, make_key):
    foreign = make_key("foreign")
    runner.known_hosts.write_text(f"{runner.fleet[name].instance_id} {' '.join(foreign.public.split()[:2])}\n")
    run = runner.play(PING, [name], tunnel=tunnel)
    assert run.returncode == 4
    assert "Host key verification failed" in run.output


def test_only_known_host_keys_if_so_wanted(runner):
    assert "Host key verification failed" in runner.play(PING, ["web"], ecs_access_host_keys="known").output
    web = runner.fleet["web"]
    runner.known_hosts.write_text("".join(f"{web.instance_id} {key}\n" for key in web.host_keys()))
    assert runner.play(PING, ["web"], ecs_access_host_keys="known").returncode == 0


# -- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        pytest.param({"ansible_user": "root;reboot"}, "the user name 'root;reboot' cannot be sent", id="user"),
        pytest.param({"ansible_user": "$(id)"}, "cannot be sent", id="user with a substitution"),
        pytest.param({"ansible_user": "--ssh-public-key"}, "cannot be sent", id="user like an option"),
        pytest.param({"ecs_instance_id": "* "}, "'* ' is none", id="instance id"),
        pytest.param({"ecs_instance_id": "i-a\n@cert-authority *"}, "is none", id="instance id with a line of its own"),
        pytest.param({"ecs_instance_id": ""}, "it is not set", id="no instance id"),
        pytest.param({"ecs_region": "cn-hangzhou.example.com/"}, "is not a region id", id="region"),
    ],
)
def test_hostile_text_is_refused_and_nothing_is_sent(runner, variables, words):
    path = runner.inventory(["web"])
    run = runner.controller.playbook(
        f"---\n- hosts: all\n  gather_facts: false\n  tasks:\n{PING}", path, environment=runner.environment(), extra_vars=variables
    )
    assert run.returncode in (2, 4)
    assert words in " ".join(run.output.split()), run.output
    assert runner.calls(()) == {}
    assert "Traceback" not in run.output


def test_an_instance_that_is_not_prepared_is_named_with_the_remedy(runner):
    run = runner.play(PING, ["bare"])
    said = " ".join(run.output.split())
    assert run.returncode == 4
    assert f"The instance {runner.fleet['bare'].instance_id} does not accept the temporary key" in said
    assert "alicloud.ecs_access.ecs_temp_public_key (prepare: auto)" in said
    # Once, and once more: a key may have expired on the way.
    assert runner.calls() == {"InvokeCommand": 2}


def test_a_key_that_is_refused_though_it_was_registered_is_registered_once_more(runner):
    """The instance's clock jumps, so what was registered a moment ago has expired there."""
    jump = f"""
    - ansible.builtin.pause: {{seconds: 14}}
    - ansible.builtin.uri:
        url: "{runner.fleet.endpoint}/_emulator/instances/web"
        ca_path: {runner.fleet.ca_file}
        method: POST
        body_format: json
        body: {{clock_offset: 47}}
      delegate_to: localhost
      vars: {{ansible_connection: local, ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"}}
    - ansible.builtin.meta: reset_connection
"""
    try:
        run = runner.play(PING + jump + PING, ["web"])
    finally:
        runner.control("POST", "instances/web", {"clock_offset": 0})
    assert run.returncode == 0, run.output
    assert runner.calls() == {"InvokeCommand": 2}


def test_throttling_is_waited_for(runner):
    runner.fault("InvokeCommand", "error", code="Throttling.User", status=400, times=3)
    runner.fault("StartTerminalSession", "error", code="Throttling.User", status=400, times=2)
    run = runner.play(PING, ["hidden"], tunnel="always")
    assert run.returncode == 0, run.output


def test_session_manager_disabled_is_named(runner):
    runner.fault("StartTerminalSession", "error", code="UserBehavior.SessionManagerDisabled", status=403, times=9)
    run = runner.play(PING, ["hidden"], tunnel="always")
    assert run.returncode == 4
    assert "Session Manager is turned off for this account" in " ".join(run.output.split())


def test_what_the_tunnel_says_is_shown(runner):
    runner.fault("Session", "error", code="x", status=503, times=9)
    run = runner.play(PING, ["hidden"], tunnel="always")
    assert run.returncode == 4
    assert "Session Manager tunnel: 127.0.0.1 refused the connection: HTTP status 503" in " ".join(run.output.split())


def test_an_expired_token_is_named(runner):
    runner.fault("InvokeCommand", "error", code="InvalidSecurityToken.Expired", status=400, times=9)
    run = runner.play(PING, ["web"])
    assert run.returncode == 4
    assert "expired or damaged: get new ones" in " ".join(run.output.split())


def test_a_websocket_cut_in_the_middle_of_a_copy_is_survived(runner):
    """sftp loses its connection; core goes on with scp, which opens a new one."""
    payload = os.urandom(60_000)
    (runner.folder / "payload").write_bytes(payload)
    runner.fault("Session", "cut", after_bytes=50_000)
    run = runner.play("    - ansible.builtin.copy: {src: payload, dest: /tmp/payload}\n", ["hidden"], tunnel="always")
    cut = run.returncode != 0
    if cut:
        assert "Session Manager tunnel: the connection broke" in " ".join(run.output.split()), run.output
        run = runner.play("    - ansible.builtin.copy: {src: payload, dest: /tmp/payload}\n", ["hidden"], tunnel="always")
    assert run.returncode == 0, run.output
    found = runner.fleet["hidden"].exec("sha256sum /tmp/payload").split()[0]
    assert found == hashlib.sha256(payload).hexdigest()


def test_a_cut_is_no_end_with_retries(runner):
    runner.fault("Session", "cut", after_bytes=6_000)
    run = runner.play(PING, ["hidden"], tunnel="always", ansible_ssh_retries=2)
    assert run.returncode == 0, run.output


def test_secrets_are_nowhere_to_be_seen(runner):
    run = runner.play(PING, ["hidden"], tunnel="always", options=["-vvvv"])
    assert run.returncode == 0
    (session,) = runner.control("GET", "sessions")["sessions"][-1:]
    assert runner.fleet.access_key_secret not in run.output
    assert session["session_id"] not in run.output
    assert "PRIVATE KEY" not in run.output


def test_assumed_credentials_that_expire_in_the_middle_are_renewed(runner):
    role = {"ecs_access_assume_role_arn": "acs:ram::1234567890123456:role/ops", "ecs_access_sts_endpoint": runner.fleet.endpoint}
    again = "    - ansible.builtin.meta: reset_connection\n    - ansible.builtin.pause: {seconds: 8}\n"
    run = runner.play(PING + again + PING, ["hidden"], tunnel="always", **role)
    assert run.returncode == 0, run.output
    calls = runner.calls()
    assert calls["AssumeRole"] >= 2
    assert calls["StartTerminalSession"] == 2


@pytest.mark.parametrize("offset", [pytest.param(300, id="ahead"), pytest.param(-300, id="behind")])
def test_an_instance_s_wrong_clock(runner, offset):
    runner.control("POST", "instances/web", {"clock_offset": offset})
    try:
        run = runner.play(PING, ["web"])
    finally:
        runner.control("POST", "instances/web", {"clock_offset": 0})
    if offset > 0:
        assert run.returncode == 4
        assert "the clock is a minute or more ahead" in " ".join(run.output.split())
    else:
        assert run.returncode == 0, run.output


def test_a_profile_in_a_variable_beats_an_access_key_in_the_environment(runner):
    home = runner.folder / "home-of-user" / ".aliyun"
    home.mkdir(parents=True)
    fleet = runner.fleet
    keys = f'"access_key_id": "{fleet.access_key_id}", "access_key_secret": "{fleet.access_key_secret}"'
    (home / "config.json").write_text('{"current": "x", "profiles": [{"name": "ops", "mode": "AK", %s, "region_id": "x"}]}' % keys)
    wrong = {"HOME": str(home.parent), "ALIBABA_CLOUD_ACCESS_KEY_ID": "wrong", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong"}
    assert runner.play(PING, ["web"], environment=wrong).returncode == 4
    run = runner.play(PING, ["web"], environment=wrong, ecs_access_profile="ops")
    assert run.returncode == 0, run.output


def test_plain_http_and_ws_serve_on_this_machine(start_fleet, tmp_path):
    with running_cloud(lambda fleet: start_fleet(fleet, tls=False), [], ["hidden"]) as cloud, Runner.open(cloud, tmp_path) as runner:
        run = runner.play(PING, ["hidden"], tunnel="always")
        assert run.returncode == 0, run.output
        assert (cloud.endpoint[:7], runner.calls()) == ("http://", calls_for("always"))


def test_ansible_doc_shows_the_options(runner):
    done = subprocess.run(
        [str(BIN / "ansible-doc"), "-t", "connection", "alicloud.ecs_access.ecs_ssh"],
        capture_output=True, text=True, env=runner.controller.environment(), timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "ecs_access_tunnel" in done.stdout
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in done.stdout

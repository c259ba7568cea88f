# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever happens between a change of sshd and its proof: the host ends in a configuration that was proven."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from lab.controller import BIN
from lab.sshd_host import STATE, running_hosts

pytestmark = [pytest.mark.long, pytest.mark.on_image("debian12")]

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
DROP_IN = "/etc/ssh/sshd_config.d/00-alicloud-ecs-access.conf"
DROP_IN_TEXT = "# Managed by Ansible (alicloud.ecs_access.sshd_pubkey). The first value that sshd reads wins.\nPubkeyAuthentication yes\n"
FILES = "cd /etc/ssh; find . -type f -exec sha256sum {} + | sort"

# Stands in for ssh: the proof's login (or the Nth of them) reports itself and then never ends, and afterwards nothing gets through any more.
SSH = """#!/bin/sh
if [ -e {folder}/cut ]; then
    echo 'ssh: connect to host: Connection timed out' >&2
    exit 255
fi
case "$*" in
*PreferredAuthentications=publickey*)
    echo >> {folder}/proofs
    if [ $(wc -l < {folder}/proofs) -ge {nth} ]; then
        touch {folder}/proving
        {then}
    fi
    ;;
esac
exec ssh "$@"
"""


@pytest.fixture(scope="module")
def hosts(start_fleet, request, lab_folder, controller_key):
    images = [name for name in ("debian12", "el-like") if name in request.config.getoption("--images").split(",")]
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(running_hosts(start_fleet, images, lab_folder / "sshd_rollback", controller_key))


@pytest.fixture
def host(hosts, request):
    """A system on which keys are off; debian12 unless the test says otherwise."""
    name = getattr(request, "param", "debian12")
    chosen = hosts[name]
    chosen.reset()
    chosen.configure("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config")
    assert "Permission denied" in chosen.login()
    return chosen


def fake_ssh(folder, then, nth=1):
    path = folder / "ssh"
    path.write_text(SSH.format(folder=folder, then=then, nth=nth))
    path.chmod(0o755)
    return {"ansible_ssh_executable": str(path)}


def start_run(host, folder, variables, **options):
    """Start the play and return once it has come to its proof: the change is in force and armed."""
    playbook = folder / "play.yml"
    playbook.write_text(host.play(users=["alice"], rollback_after=30, **options))
    inventory = host.controller.inventory([host.instance], user="op", variables={**host.variables(), **variables})
    run = subprocess.Popen(
        [BIN / "ansible-playbook", "-i", inventory, playbook], start_new_session=True, env=host.controller.environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for((folder / "proving").exists, 120)
    assert host.login() == "alice"
    assert "armed" in host.exec(f"ls {STATE}")
    return run


def kill(run):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def wait_for(condition, timeout):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(0.5)


def assert_undone(host, before, why):
    wait_for(lambda: "armed" not in host.exec(f"ls {STATE}"), 60)
    assert why in host.exec(f"cat {STATE}/rolled-back/why")
    assert host.exec(FILES) == before
    host.wait_for_port()
    assert host.exec("find /etc/systemd/system -name '*rollback*'; systemctl list-timers --all | grep -c ecs-access || true") == "0\n"


def assert_keys_off_again(host, before, why):
    assert_undone(host, before, why)
    assert "Permission denied" in host.login()


def reboot(host, run):
    boot = host.instance.boot_id()
    host.fleet.call("RebootInstance", InstanceId=host.instance.instance_id, ForceStop="true")
    wait_for(lambda: host.instance.run("cat /proc/sys/kernel/random/boot_id").stdout.decode().strip() not in ("", boot), 60)
    host.wait_for_port()
    kill(run)


@pytest.mark.parametrize("host", ["debian12", "el-like"], indirect=True)
def test_killed_controller(host, tmp_path):
    before = host.exec(FILES)
    kill(start_run(host, tmp_path, fake_ssh(tmp_path, "sleep 300")))
    assert_keys_off_again(host, before, "no proof of login arrived within 30 seconds")


def test_killed_controller_where_systemd_holds_the_port(host, tmp_path):
    host.exec("systemctl stop ssh.service; systemctl enable --now ssh.socket")
    host.wait_for_port()
    before = host.exec(FILES)
    kill(start_run(host, tmp_path, fake_ssh(tmp_path, "sleep 300")))
    assert_keys_off_again(host, before, "no proof of login arrived within 30 seconds")
    assert host.exec("systemctl is-active ssh.socket") == "active\n"


@pytest.fixture
def open_host(host):
    """The same with keys on, a key for `op`, whom the run is connected as, and passwords that work."""
    host.reset()
    host.let_op_in()
    assert host.password_login("op", "password")
    return host


@pytest.mark.parametrize(
    ("host", "end", "why"),
    [
        pytest.param("debian12", lambda host, run: kill(run), "no proof of login arrived within 30 seconds", id="killed controller"),
        pytest.param("el-like", lambda host, run: kill(run), "no proof of login arrived within 30 seconds", id="el-like: killed controller"),
        pytest.param("debian12", reboot, "the host was rebooted before the proof arrived", id="reboot"),
    ],
    indirect=["host"],
)
def test_hardening_that_is_not_proven(open_host, tmp_path, end, why):
    """Login by key was proven twice, as both users; the passwords are gone when the third login begins, and come back."""
    host = open_host
    before = host.exec(FILES)
    variables = fake_ssh(tmp_path, "sleep 300", nth=3)
    run = start_run(host, tmp_path, variables, password_authentication=False, permit_root_login="prohibit-password")
    assert not host.password_login("op", "password")
    end(host, run)
    assert_undone(host, before, why)
    assert host.password_login("op", "password")
    assert host.login() == "alice"


def test_cut_network(host, tmp_path):
    """The network goes between the change and its proof, and comes back when the host has helped itself."""
    before = host.exec(FILES)
    variables = fake_ssh(tmp_path, f"while [ ! -e {tmp_path}/go ]; do sleep 0.2; done")
    variables["ansible_ssh_extra_args"] = "-o ServerAliveInterval=3 -o ServerAliveCountMax=2"
    run = start_run(host, tmp_path, variables)
    host.exec("ip link set eth0 down", privileged=True)
    try:
        (tmp_path / "go").touch()
        wait_for(lambda: "armed" not in host.exec(f"ls {STATE}"), 90)
        assert run.wait(timeout=120) != 0
    finally:
        kill(run)
        host.exec("ip link set eth0 up", privileged=True)
    assert_keys_off_again(host, before, "no proof of login arrived within 30 seconds")


def test_controller_that_is_cut_off_says_so(host, tmp_path):
    before = host.exec(FILES)
    variables = fake_ssh(tmp_path, f"touch {tmp_path}/cut; exec {tmp_path}/ssh")
    variables["ansible_ssh_args"] = "-o ControlMaster=no"
    result = host.run(variables=variables, users=["alice"], rollback_after=30)
    assert result["status"] == "failed"
    assert "no login as alice@" in result["msg"]
    assert "will undo the change by itself" in result["msg"]
    assert_keys_off_again(host, before, "no proof of login arrived within 30 seconds")


def test_sshd_that_dies_before_the_proof(host, tmp_path):
    """Nothing starts it again but the rollback, which brings it back with the former configuration."""
    before = host.exec(FILES)
    host.exec(f"""
        mkdir -p /etc/systemd/system/{host.unit}.d
        printf '[Service]\\nRestart=no\\n' > /etc/systemd/system/{host.unit}.d/test.conf
        systemctl daemon-reload
    """)
    run = start_run(host, tmp_path, fake_ssh(tmp_path, "sleep 300"))
    host.exec(f"systemctl kill --kill-who=main --signal=KILL {host.unit}")
    wait_for(lambda: not host.greets(), 10)
    kill(run)
    assert_keys_off_again(host, before, "no proof of login arrived within 30 seconds")


def test_refused_login(host, tmp_path):
    before = host.exec(FILES)
    host.exec("chmod 0666 /home/alice/.ssh/authorized_keys; chmod 0777 /home/alice/.ssh")
    try:
        result = host.run(users=["alice"])
    finally:
        host.exec("chmod 0600 /home/alice/.ssh/authorized_keys; chmod 0700 /home/alice/.ssh")
    assert result["status"] == "failed"
    assert "no login as alice@" in result["msg"]
    assert "Permission denied" in result["msg"]
    assert f"the former configuration was put back (removed again: {DROP_IN})" in result["msg"]
    assert_keys_off_again(host, before, "no login as alice@")


@pytest.mark.parametrize("host", ["debian12", "el-like"], indirect=True)
def test_reboot(host, tmp_path):
    before = host.exec(FILES)
    reboot(host, start_run(host, tmp_path, fake_ssh(tmp_path, "sleep 300")))
    assert_keys_off_again(host, before, "the host was rebooted before the proof arrived")


def test_a_second_run_waits_for_the_first(host, tmp_path):
    before = host.exec(FILES)
    kill(start_run(host, tmp_path, fake_ssh(tmp_path, "sleep 300")))
    # It must not build on what isn't proven: it begins when the host has undone the first one's change, and makes its own.
    result = host.run(users=["alice"])
    assert (result["changed"], result["effective"]["alice"]["before"]) == (True, "no")
    assert host.login() == "alice"
    assert host.exec(FILES) != before
    assert "no proof" in host.exec(f"cat {STATE}/rolled-back/why")


def test_only_what_is_still_ours_is_put_back(host, tmp_path):
    kill(start_run(host, tmp_path, fake_ssh(tmp_path, "sleep 300")))
    host.exec(f"echo '# edited by an administrator' >> {DROP_IN}")
    wait_for(lambda: "armed" not in host.exec(f"ls {STATE}"), 60)
    assert "left as it is, because it was changed since: " + DROP_IN in host.exec(f"cat {STATE}/rolled-back/outcome")
    assert "# edited by an administrator" in host.exec(f"cat {DROP_IN}")


# Runs in the guest: one whole change, killed before the Nth thing that it does to the system.
DRIVER = """
import os, signal, subprocess, sys
sys.path.insert(0, "/opt/collections")
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd import apply as sshd_change, journal as sshd_journal
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.lock import locked_sshd
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd.look_candidate import Planner
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sshd_service import get_service
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sshd import Origin, Sshd
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sshd_tree import SshdTree
sshd_change.check_alive.__globals__["_SETTLE"] = 0.2
left = [int(sys.argv[1])]
def counted(function):
    def call(*args, **kwargs):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return call
service = get_service()
planner = Planner(Sshd(service.program, service.options), SshdTree(service.config), ["alice"], None, Origin())
with locked_sshd():
    plan = planner.plan_present()
    for name in ("rename", "unlink", "symlink", "fsync", "chmod", "rmdir"):
        setattr(os, name, counted(getattr(os, name)))
    real = subprocess.Popen
    subprocess.Popen = lambda command, **more: (counted(real) if command[0].startswith("system") else real)(command, **more)
    change = sshd_change.apply_plan(service, planner, plan, 600)
    sshd_journal.commit(change)
print("done")
"""


def test_killed_between_any_two_steps(host):
    """After each kill the files are the old ones or the new ones as a whole, and the way back leads to a working sshd."""
    before = host.exec(FILES)
    put_collection(host)
    host.instance.put("/opt/driver.py", DRIVER)
    whole = f"{hashlib.sha256(DROP_IN_TEXT.encode()).hexdigest()}  ./sshd_config.d/{DROP_IN.rpartition('/')[2]}"
    states = []
    for step in range(1, 80):
        # In turn as the next boot and as the next run would undo it.
        done, _mark, now = host.exec(f"""
            rm -rf {STATE}
            python3 /opt/driver.py {step} 2>&1
            test ! -e {STATE}/rollback.sh || sh {STATE}/rollback.sh any test {"--boot" if step % 2 else ""}
            systemctl stop 'alicloud-ecs-access-*.timer'
            /usr/sbin/sshd -t && echo FILES
            {FILES}
            rm -f {DROP_IN}
        """).rpartition("FILES\n")
        if "done" in done:
            break
        states.append(now == before)
        assert now == before or [line for line in now.splitlines() if line not in before] == [whole]
        assert host.exec(FILES) == before
    else:
        raise AssertionError("never came to its end")
    assert len(states) > 15
    # First everything is undone, from the commit on everything stays: there is nothing between.
    assert states == sorted(states, reverse=True)
    assert states[0] is True
    assert states[-1] is False
    host.exec("systemctl reload ssh")
    host.wait_for_port()


def put_collection(host):
    target = "/opt/collections/ansible_collections/alicloud/ecs_access/plugins/module_utils"
    host.exec(f"mkdir -p {target}")
    archive = subprocess.run(["tar", "-C", PLUGINS / "module_utils", "--exclude=__pycache__", "-c", "."], capture_output=True, check=True)
    done = host.instance.run(f"tar -C {target} -x", stdin=archive.stdout)
    assert done.returncode == 0, done.stderr

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sshd_pubkey on real systems: each world is set up, a real login by key fails, the module runs, the same login works."""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
import time

import pytest
from lab.sshd_host import STATE, running_hosts

DROP_IN = "/etc/ssh/sshd_config.d/00-alicloud-ecs-access.conf"
MAIN = "/etc/ssh/sshd_config"
BEGIN = "# BEGIN alicloud-ecs-access"
HAVING_INCLUDE = ["debian11", "debian12", "debian13"]
ALL = [*HAVING_INCLUDE, "el-like"]


@pytest.fixture(scope="module")
def hosts(start_fleet, request, lab_folder, controller_key):
    images = request.config.getoption("--images").split(",")
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(running_hosts(start_fleet, images, lab_folder / "sshd_pubkey", controller_key))


@pytest.fixture
def host_of(hosts):
    """host_of("debian12"): the system with its original sshd configuration."""

    def get(image):
        hosts[image].reset()
        return hosts[image]

    return get


WORLDS = [
    # What an administrator or another tool has written, where our setting has to go, and on which systems.
    pytest.param("sed -i '1i PubkeyAuthentication no' /etc/ssh/sshd_config", "main_file", ALL, id="off in the first line"),
    pytest.param("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config", "drop_in", HAVING_INCLUDE, id="off after Include"),
    pytest.param("echo 'PubkeyAuthentication=No' >> /etc/ssh/sshd_config", "main_file", ["el-like"], id="off and no Include", marks=pytest.mark.long),
    pytest.param(
        "echo 'PubkeyAuthentication no' > /etc/ssh/sshd_config.d/50-cloud-init.conf",
        "drop_in",
        ["debian12"],
        id="off in the drop-in of another tool",
        marks=pytest.mark.long,
    ),
    pytest.param(
        "echo 'PubkeyAuthentication no' > /etc/ssh/sshd_config.d/00-a.conf", "main_file", ["debian12"], id="off in a drop-in that is read before ours"
    ),
    pytest.param(
        "sed -i 's/^Include/#Include/' /etc/ssh/sshd_config; echo 'pubkeyauthentication no' >> /etc/ssh/sshd_config",
        "main_file",
        ["debian12"],
        id="Include commented out",
        marks=pytest.mark.long,
    ),
    pytest.param(
        "sed -i '/^Include/d' /etc/ssh/sshd_config; printf 'PubkeyAuthentication no\\nInclude /etc/ssh/sshd_config.d/*.conf\\n' >> /etc/ssh/sshd_config",
        "main_file",
        ["debian12"],
        id="Include after the setting",
        marks=pytest.mark.long,
    ),
    pytest.param(
        "sed -i 's#^Include.*#include = \"sshd_config.d/*.conf\"#' /etc/ssh/sshd_config; echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config",
        "drop_in",
        ["debian12"],
        id="relative and quoted Include",
        marks=pytest.mark.long,
    ),
    pytest.param(
        "rm -r /etc/ssh/sshd_config.d; echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config",
        "main_file",
        ["debian13"],
        id="Include of a folder that is not there",
    ),
    pytest.param(
        "mv /etc/ssh/sshd_config /etc/ssh/real; ln -s real /etc/ssh/sshd_config; sed -i '1i PubkeyAuthentication no' /etc/ssh/real",
        "main_file",
        ["debian11"],
        id="main file is a link",
    ),
    pytest.param(
        "printf 'PubkeyAuthentication no\\nMatch User bob\\n  X11Forwarding no\\n' >> /etc/ssh/sshd_config",
        "main_file",
        ["el-like"],
        id="a Match block at the end",
    ),
    pytest.param(
        "sed -i '1i Match all\\nInclude sshd_config.d/*.conf\\nMatch all' /etc/ssh/sshd_config; sed -i '1i PubkeyAuthentication no' /etc/ssh/sshd_config",
        "main_file",
        ["debian12"],
        id="Include inside a Match block",
        marks=pytest.mark.long,
    ),
    pytest.param("sed -i '1i DSAAuthentication no' /etc/ssh/sshd_config", "main_file", ["debian12"], id="off under its old name", marks=pytest.mark.long),
]


@pytest.mark.parametrize(
    ("world", "place", "image"),
    [pytest.param(*world.values[:2], image, id=f"{image}: {world.id}", marks=world.marks) for world in WORLDS for image in world.values[2]],
)
def test_login_by_key_works_afterwards(host_of, world, place, image):
    host = host_of(image)
    host.configure(world)
    assert "Permission denied" in host.login()
    result = host.run(users=["alice"])
    assert (result["changed"], result["place"]) == (True, place), result
    assert result["actions"][-1] == f"reload {host.unit}"
    assert result["proof"] == f"logged in as alice@{host.instance.ssh_host} by public key"
    assert result["effective"] == {"alice": {"before": "no", "after": "yes"}}
    assert host.login() == "alice"
    assert (BEGIN in host.exec(f"cat {MAIN}")) == (place == "main_file")
    assert host.exec(f"test -e {DROP_IN} && echo there || true") == ("there\n" if place == "drop_in" else "")


@pytest.mark.parametrize("image", [*ALL[:-1], pytest.param(ALL[-1], marks=pytest.mark.long)])
def test_check_mode_tells_what_is_done_and_a_second_run_does_nothing(host_of, image):
    host = host_of(image)
    host.configure("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config")
    before = host.snapshot()
    planned = host.run(check=True, users=["alice"])
    assert planned["changed"] is True
    assert host.snapshot() == before
    assert "Permission denied" in host.login()

    result = host.run(users=["alice"])
    shared = ("changed", "place", "actions", "effective")
    assert {key: result[key] for key in shared} == {key: planned[key] for key in shared}
    assert "+PubkeyAuthentication yes" in planned["output"]
    assert "+PubkeyAuthentication yes" in result["output"]

    after = host.snapshot()
    again = host.run(users=["alice"])
    assert (again["changed"], again["actions"]) == (False, [])
    assert "+PubkeyAuthentication" not in again["output"]
    # The lock lies in /run; nothing below /etc or /var/lib is touched.
    assert host.snapshot() == after


@pytest.mark.parametrize("image", ["debian12", pytest.param("el-like", marks=pytest.mark.long)])
def test_absent_leaves_no_trace(host_of, image):
    host = host_of(image)
    host.configure("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config")
    before = host.exec("cd /etc/ssh; find . -type f -exec sha256sum {} + | sort; stat -c '%U %a' sshd_config")
    assert host.run(users=["alice"])["changed"]
    # With the proof it would be the end of the login that is the proof: refused, and still there.
    refused = host.run(state="absent")
    assert "no login as alice" in refused["msg"]
    assert "the former configuration was put back" in refused["msg"]
    assert host.login() == "alice"

    assert host.run(state="absent", proof="skip")["changed"]
    assert host.exec("cd /etc/ssh; find . -type f -exec sha256sum {} + | sort; stat -c '%U %a' sshd_config") == before
    assert "Permission denied" in host.login()
    assert host.run(state="absent", proof="skip")["changed"] is False


@pytest.mark.parametrize("image", [*ALL[:-1], pytest.param(ALL[-1], marks=pytest.mark.long)])
def test_nothing_is_written_where_it_works_already(host_of, image):
    host = host_of(image)
    assert host.login() == "alice"
    before = host.snapshot()
    result = host.run(users=["alice", "root"])
    assert (result["changed"], result["place"], result["actions"]) == (False, "none", [])
    assert result["effective"] == {user: {"before": "yes", "after": "yes"} for user in ("alice", "root")}
    assert [line for line in host.snapshot().splitlines() if line not in before.splitlines()] == []


REFUSED = [
    pytest.param(
        "printf 'Match User alice\\n  PubkeyAuthentication no\\n' >> /etc/ssh/sshd_config",
        r"stays off for alice.*/etc/ssh/sshd_config:\d+ \(Match User alice\)",
        id="Match block says no",
    ),
    pytest.param(
        "printf 'Match User alice\\nPubkeyAuthentication no\\n' > /etc/ssh/sshd_config.d/60-x.conf",
        r"/etc/ssh/sshd_config.d/60-x.conf:2 \(Match User alice\)",
        id="Match block in a drop-in says no",
        marks=pytest.mark.long,
    ),
    pytest.param(
        "echo 'AllowUsers op' > /etc/ssh/sshd_config.d/70-x.conf",
        r"AllowUsers does not have alice \(/etc/ssh/sshd_config.d/70-x.conf:1\): add alice to it",
        id="AllowUsers",
    ),
    pytest.param("echo 'AllowGroups op' >> /etc/ssh/sshd_config", r"AllowGroups has none of the groups of alice", id="AllowGroups", marks=pytest.mark.long),
    pytest.param("echo 'AuthorizedKeysFile none' >> /etc/ssh/sshd_config", r"AuthorizedKeysFile is none", id="no key file", marks=pytest.mark.long),
    pytest.param(
        "echo 'AuthorizedKeysFile /etc/ssh/kyes/%u' >> /etc/ssh/sshd_config",
        r"from /etc/ssh/kyes/alice, where there is no file",
        id="typing error in AuthorizedKeysFile",
        marks=pytest.mark.long,
    ),
    pytest.param(
        "printf 'Match User alice\\nAuthenticationMethods publickey,password\\nPasswordAuthentication no\\n' >> /etc/ssh/sshd_config",
        r"AuthenticationMethods is publickey,password",
        id="unsatisfiable methods",
    ),
    pytest.param("echo 'RevokedKeys /etc/ssh/gone' >> /etc/ssh/sshd_config", r"RevokedKeys names /etc/ssh/gone", id="RevokedKeys", marks=pytest.mark.long),
]


@pytest.mark.on_image("debian12")
@pytest.mark.parametrize(("world", "sentence"), REFUSED)
def test_what_is_not_ours_is_named_and_left_alone(host_of, world, sentence):
    host = host_of("debian12")
    host.configure(world)
    assert host.login() != "alice"
    before = host.snapshot()
    result = host.run(users=["alice"])
    assert result["status"] == "failed"
    assert re.search(sentence, result["msg"]), result["msg"]
    assert "nothing was changed" in result["msg"]
    assert host.snapshot() == before


@pytest.mark.on_image("debian12")
def test_root_is_refused_by_permit_root_login(host_of):
    host = host_of("debian12")
    host.configure("echo 'PermitRootLogin no' >> /etc/ssh/sshd_config")
    assert "Permission denied" in host.login("root")
    assert "PermitRootLogin is no (/etc/ssh/sshd_config:" in host.run(users=["root"])["msg"]


@pytest.mark.on_image("debian12")
def test_configuration_that_is_broken_already_is_quoted_and_left_alone(host_of):
    host = host_of("debian12")
    # Alone each file would pass; the set defines the subsystem twice.
    host.exec("echo 'Subsystem sftp internal-sftp' > /etc/ssh/sshd_config.d/50-x.conf")
    before = host.snapshot()
    message = host.run(users=["alice"])["msg"]
    assert "Subsystem 'sftp' already defined" in message
    assert "/etc/ssh/sshd_config line" in message
    assert host.snapshot() == before
    assert host.login() == "alice"


@pytest.mark.on_image("debian12")
def test_unknown_user_fails_and_check_mode_only_warns(host_of):
    host = host_of("debian12")
    host.configure("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config")
    assert "user nobody-yet does not exist" in host.run(users=["nobody-yet"])["msg"]
    planned = host.run(check=True, users=["nobody-yet"])
    assert (planned["changed"], planned["place"]) == (True, "drop_in")


@pytest.mark.parametrize("image", ["debian12", pytest.param("el-like", marks=pytest.mark.long)])
def test_open_sessions_stay_and_the_port_answers(host_of, image):
    host = host_of(image)
    session = subprocess.Popen(
        host.ssh_command("alice", "while read -r line; do echo got $line; done"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with session:
        session.stdin.write("one\n")
        session.stdin.flush()
        assert session.stdout.readline() == "got one\n"
        host.configure("sed -i '1i PubkeyAuthentication no' /etc/ssh/sshd_config")
        silences = []
        done = threading.Event()

        def probe():
            silent_since = None
            while not done.is_set():
                if host.greets():
                    if silent_since is not None:
                        silences.append(time.monotonic() - silent_since)
                    silent_since = None
                elif silent_since is None:
                    silent_since = time.monotonic()
                time.sleep(0.05)

        prober = threading.Thread(target=probe)
        prober.start()
        try:
            result = host.run(users=["alice"])
        finally:
            done.set()
            prober.join()
        assert result["changed"]
        # sshd closes its port while it reads the new configuration: a moment, never more.
        assert max(silences, default=0) < 1
        session.stdin.write("two\n")
        session.stdin.flush()
        assert session.stdout.readline() == "got two\n"
        session.stdin.close()
    assert host.login() == "alice"


FAILING_RELOADS = [
    pytest.param("ExecReload=\nExecReload=/bin/false", "systemctl reload .* failed", id="reload fails"),
    pytest.param(
        "ExecReload=\nExecReload=/bin/kill -KILL $MAINPID\nRestart=no",
        "systemctl reload .* failed|main process|ssh.service is failed after the change",
        id="sshd dies",
    ),
    pytest.param("ExecReload=\nExecReload=/bin/kill -STOP $MAINPID", "no SSH server answers", id="sshd hangs", marks=pytest.mark.long),
]


@pytest.mark.on_image("debian12")
@pytest.mark.parametrize(("override", "sentence"), FAILING_RELOADS)
def test_a_reload_that_goes_wrong_is_undone(host_of, override, sentence):
    host = host_of("debian12")
    host.configure("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config")
    before = host.exec("cd /etc/ssh; find . -type f -exec sha256sum {} + | sort")
    host.exec(f"""
        mkdir -p /etc/systemd/system/{host.unit}.d
        printf '[Service]\\n{override.replace(chr(10), chr(92) + "n")}\\n' > /etc/systemd/system/{host.unit}.d/test.conf
        systemctl daemon-reload
    """)
    if "STOP" in override:
        # Once all has been put back, somebody wakes it up again.
        wake = "kill -CONT $(systemctl show -p MainPID --value ssh.service)"
        host.exec(f"(until [ -e {STATE}/rolled-back ]; do sleep 0.2; done; for i in 1 2 3 4 5; do sleep 1; {wake}; done) >/dev/null 2>&1 &")
    message = host.run(users=["alice"])["msg"]
    assert re.search(sentence, message), message
    assert "the former configuration was put back (removed again: " + DROP_IN in message
    assert host.exec("cd /etc/ssh; find . -type f -exec sha256sum {} + | sort") == before
    assert host.exec(f"ls {STATE}").split() == ["rollback.sh", "rolled-back"]
    host.wait_for_port()


@pytest.mark.on_image("debian12")
def test_an_interrupted_change_is_undone_first(host_of):
    host = host_of("debian12")
    host.configure("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config")
    host.run(users=["alice"])
    # As a kill between the write and the reload leaves it.
    host.exec(f"cd {STATE} && mv last-change armed && rm armed/waiting")
    result = host.run(state="absent", proof="skip")
    assert "has been undone first: removed again: " + DROP_IN in result["output"]
    assert result["changed"] is False
    assert "Permission denied" in host.login()


@pytest.mark.on_image("debian12")
def test_edits_that_sshd_has_not_read_yet_are_told(host_of):
    host = host_of("debian12")
    host.configure("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config")
    time.sleep(1.1)
    host.exec("sed -i '/^PubkeyAuthentication/d' /etc/ssh/sshd_config")
    assert "Permission denied" in host.login()
    result = host.run(users=["alice"])
    assert (result["changed"], result["actions"]) == (True, ["reload ssh.service"])
    assert "edited after ssh.service had last read it" in result["output"]
    assert host.login() == "alice"
    assert host.run(users=["alice"])["changed"] is False


@pytest.mark.on_image("debian12")
def test_edits_that_would_lock_out_this_run_are_not_put_in_force(host_of):
    host = host_of("debian12")
    host.configure("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config")
    time.sleep(1.1)
    host.exec("echo 'AllowUsers alice' > /etc/ssh/sshd_config.d/50-x.conf")
    before = host.snapshot()
    message = host.run(users=["alice"])["msg"]
    assert "reloading it now would lock users out: op: AllowUsers does not have op" in message
    assert host.snapshot() == before


@pytest.mark.parametrize("image", HAVING_INCLUDE)
def test_socket_activation(host_of, image):
    host = host_of(image)
    host.configure("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config")
    host.exec("systemctl stop ssh.service; systemctl enable --now ssh.socket")
    host.wait_for_port()
    assert "Permission denied" in host.login()
    result = host.run(users=["alice"])
    assert (result["changed"], result["place"]) == (True, "drop_in")
    assert host.login() == "alice"
    assert host.run(users=["alice"])["changed"] is False


@pytest.mark.on_image("debian12")
def test_host_without_systemd_is_refused(host_of):
    host = host_of("debian12")
    host.exec("mv /run/systemd/system /run/systemd/hidden")
    try:
        assert "this host does not run systemd" in host.run(users=["alice"])["msg"]
    finally:
        host.exec("mv /run/systemd/hidden /run/systemd/system")


@pytest.mark.on_image("debian12")
def test_user_whom_the_new_settings_would_not_let_in(host_of):
    """The settings are right, the account is not: found before anything is written, by a login with a key of its own."""
    host = host_of("debian12")
    host.configure("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config; chage -E 1 alice")
    before = host.snapshot()
    try:
        message = host.run(users=["alice", "root"])["msg"]
        assert "a private sshd refused alice" in message
        assert "by PAM account configuration" in message, message
        assert "nothing was changed" in message
        assert host.snapshot() == before
        assert host.exec("ls /run | grep alicloud-ecs-access-copy- || true") == ""
    finally:
        host.exec("chage -E -1 alice")
    result = host.run(users=["alice", "root"])
    assert result["trial"] == {"alice": "let in", "root": "let in"}
    assert host.login() == "alice"


@pytest.mark.on_image("debian12")
def test_two_runs_at_once_make_one_change(host_of):
    host = host_of("debian12")
    host.configure("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config")
    results = []
    runs = [threading.Thread(target=lambda: results.append(host.run(users=["alice"]))) for _number in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sorted(result["changed"] for result in results) == [False, True]
    assert host.login() == "alice"

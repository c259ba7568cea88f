# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The login that proves a change of sshd: by key alone, past every open connection, never more than twice."""

from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.proof import Target, proof_command, prove_login


def effective(target: Target, only_this_key: bool = False) -> dict[str, str]:
    """What the real ssh makes of the command (ssh -G)."""
    command = proof_command(target, only_this_key, 15).command
    done = subprocess.run(["ssh", "-G", *command[1:]], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({}, id="nothing special"),
        pytest.param({"ssh_args": "-F none -o ControlMaster=auto -o ControlPersist=60s -o ControlPath=/tmp/x"}, id="Ansible's own"),
        pytest.param({"ssh_common_args": "-F none -S /tmp/x -M"}, id="-S and -M"),
        pytest.param({"ssh_extra_args": "-F none -o PreferredAuthentications=password -o BatchMode=no -o PasswordAuthentication=yes"},
                     id="passwords preferred"),
    ],
)  # fmt: skip
def test_by_key_alone_and_past_every_open_connection(arguments):
    found = effective(Target("192.0.2.7", **arguments))
    assert found["preferredauthentications"] == "publickey"
    assert found["batchmode"] == "yes"
    assert (found["passwordauthentication"], found["kbdinteractiveauthentication"]) == ("no", "no")
    assert "controlpath" not in found


def test_as_the_connection_would_come():
    target = Target(
        "192.0.2.7", ssh_common_args="-F none -o ProxyJump=hop.example.com", port=2222, remote_user="admin",
        private_key_file="/keys/with space", host_key_checking=False,
    )  # fmt: skip
    found = effective(target)
    assert {name: found[name] for name in ("host", "port", "user", "proxyjump", "identityfile", "stricthostkeychecking")} == {
        "host": "192.0.2.7", "port": "2222", "user": "admin", "proxyjump": "hop.example.com", "identityfile": "/keys/with space",
        "stricthostkeychecking": "false",
    }  # fmt: skip
    assert found["identitiesonly"] == "no"
    assert effective(target, only_this_key=True)["identitiesonly"] == "yes"


# What a shell on the far side makes of the last argument.
FAR_SIDE = 'for word; do :; done; sh -c "$word"'


def fake_ssh(tmp_path, script):
    path = tmp_path / "ssh"
    path.write_text(f"#!/bin/sh\necho x >> {tmp_path}/tries\n{script}\n")
    path.chmod(0o755)
    return Target("192.0.2.7", ssh_executable=str(path), remote_user="admin")


@pytest.mark.parametrize(
    ("script", "proven", "text", "tries"),
    [
        pytest.param(FAR_SIDE, True, "logged in as admin@192.0.2.7 by public key", 1, id="works"),
        pytest.param(f"echo hello; {FAR_SIDE}; exit 3", True, "logged in", 1, id="a greeting before, any status after"),
        pytest.param("exit 0", False, "the far side did not run the command", 2, id="no answer: a wrapper that does nothing"),
        pytest.param("exit 3", False, "the far side did not run the command", 2, id="no answer: a forced command"),
        pytest.param("echo \"$@\"", False, "the far side did not run the command", 2, id="a wrapper that prints the command"),
        pytest.param("echo logged-in-", False, "the far side did not run the command", 2, id="the answer to another question"),
        pytest.param("exit 127", False, "status 127", 2, id="not found"),
        pytest.param("kill -9 $$", False, "ended by signal 9", 2, id="killed"),
        pytest.param("echo 'admin@192.0.2.7: Permission denied (publickey).' >&2; exit 255", False,
                     "no login as admin@192.0.2.7 by public key: admin@192.0.2.7: Permission denied (publickey).", 1,
                     id="refused: not tried again"),
        pytest.param("echo 'Host key verification failed.' >&2; exit 255", False, "Host key verification failed", 1, id="host key"),
        pytest.param("echo 'connect: Connection timed out' >&2; exit 255", False, "Connection timed out", 2, id="unreachable: twice"),
        pytest.param('[ $(wc -l < "$(dirname "$0")/tries") = 2 ] || exit 255; ' + FAR_SIDE, True, "logged in", 2, id="works the second time"),
        pytest.param("exit 255", False, "ssh ended with status 255", 2, id="silent"),
        pytest.param("exec yes", False, "ended by signal 25", 2, id="no end of output"),
        pytest.param("printf '\\033[2J\\302\\233{{ 1 }}' >&2; exit 255", False, "by public key: ?[2J?{ { 1 }}", 2, id="a banner that drives terminals"),
    ],
)  # fmt: skip
def test_prove_login(tmp_path, script, proven, text, tries):
    target = fake_ssh(tmp_path, script)
    proof = prove_login(proof_command(target, False, 1), target, 1, sleep=lambda seconds: None)
    assert proof.proven is proven
    assert text in proof.text
    assert (tmp_path / "tries").read_text().count("x") == tries


def test_ssh_that_is_not_there(tmp_path):
    target = Target("192.0.2.7", ssh_executable=str(tmp_path / "none"))
    proof = prove_login(proof_command(target, False, 1), target, 1)
    assert (proof.proven, proof.text) == (False, f"{tmp_path}/none cannot be run: {os.strerror(2)}")

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys that ssh cannot use by itself: real ones, and a real agent."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.private_key import remark_on_key


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "secret", "-f", path], check=True)
    return path


def test_a_passphrase(key):
    assert remark_on_key(str(key)) == f"{key} is protected with a passphrase, and the agent does not have this key: ssh-add {key}"


def test_other_files_of_a_key(key, tmp_path):
    assert "key.pub is a public key; name the file of the private key" in remark_on_key(f"{key}.pub")
    subprocess.run(["ssh-keygen", "-qp", "-P", "secret", "-N", "", "-f", key], check=True, stdout=subprocess.DEVNULL)
    assert remark_on_key(str(key)) == ""
    key.chmod(0o644)
    assert remark_on_key(str(key)) == f"{key} has mode 0644, and ssh uses no private key that others may read: chmod 600 {key}"
    assert remark_on_key(str(tmp_path / "none")) == f"{tmp_path}/none cannot be read: No such file or directory"
    assert remark_on_key(str(tmp_path)) == f"{tmp_path} is not a file with a private key"
    os.mkfifo(tmp_path / "pipe")
    assert remark_on_key(str(tmp_path / "pipe")).endswith("is not a file with a private key")


@pytest.mark.parametrize(("held", "silent"), [("machine", True), ("another", False)])
def test_what_the_agent_has_needs_no_file(tmp_path, agent, held, silent):
    line = agent(held)
    wanted = tmp_path / "machine"
    subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f", wanted], check=True)
    if held == "machine":
        shutil.copy(wanted, tmp_path / "copy")
        subprocess.run(["ssh-add", "-q", tmp_path / "copy"], check=True)
    wanted.chmod(0o644)
    assert line.startswith("ssh-ed25519 ")
    assert bool(remark_on_key(str(wanted))) != silent
    assert bool(remark_on_key(f"{wanted}.pub")) != silent

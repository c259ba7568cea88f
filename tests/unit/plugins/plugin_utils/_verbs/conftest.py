# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent for tests of keys."""

from __future__ import annotations

import subprocess
import tempfile

import pytest


@pytest.fixture
def agent(monkeypatch):
    """An agent of its own; a function that gives it a new key."""
    with tempfile.TemporaryDirectory(prefix="agent-") as folder:
        started = subprocess.Popen(["ssh-agent", "-D", "-a", f"{folder}/socket"], stdout=subprocess.DEVNULL)
        monkeypatch.setenv("SSH_AUTH_SOCK", f"{folder}/socket")

        def add(name: str) -> str:
            subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-C", name, "-f", f"{folder}/{name}"], check=True)
            for _again in range(50):
                if subprocess.run(["ssh-add", "-q", f"{folder}/{name}"], check=False, capture_output=True).returncode == 0:
                    break
            with open(f"{folder}/{name}.pub", encoding="utf-8") as stream:
                return stream.read().strip()

        yield add
        started.terminate()
        started.wait(10)

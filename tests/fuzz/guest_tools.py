# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real tools that have the last word, as they are installed in an instance."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from ecs_emulator.backends.podman import podman_environment

GUEST = Path(__file__).with_name("guest.py")


class GuestTools:
    """guest.py running inside a container, asked as if it were here: tools.visudo(texts)."""

    def __init__(self, container: str) -> None:
        command = ["podman", "exec", "--interactive", container, "python3", "-c", GUEST.read_text()]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=podman_environment(), text=True)
        ssh, _sudo = self.versions()
        self.is_old = float(ssh.split("_")[1].split("p")[0]) < 9.1
        """Before OpenSSH 9.1, times had no zone, and of one environment variable every value was kept."""

    def __getattr__(self, question: str) -> Any:
        def ask(*arguments: Any) -> Any:
            self._process.stdin.write(json.dumps({"ask": question, "with": arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
            assert line, f"the guest ended at the question {question}"
            answer = json.loads(line)
            assert "error" not in answer, f"{question}: {answer['error']}"
            return answer["answer"]

        return ask

    def close(self) -> None:
        """End it; it removes what it wrote."""
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

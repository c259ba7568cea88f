# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance, reached behind its back: through podman, not through anything that is under test."""

from __future__ import annotations

import shlex
import subprocess
from typing import NamedTuple

from ecs_emulator.backends.podman import podman_environment


class Instance(NamedTuple):
    """A running system of the embedded cloud."""

    name: str
    instance_id: str
    ssh_host: str
    ssh_port: int
    container: str

    def run(self, script: str, user: str = "root", stdin: bytes = b"", privileged: bool = False, timeout: float = 120) -> subprocess.CompletedProcess[bytes]:
        """Run a shell script in the instance, whatever comes of it; not before it boots. Privileged, it may mount and trace."""
        whole = f"until [ -e /run/ecs-access/go ]; do sleep 0.05; done\n{script}"
        options = ["--privileged"] * privileged
        command = ["podman", "exec", "--interactive", *options, "--user", user, self.container, "sh", "-c", whole]
        return subprocess.run(command, input=stdin, capture_output=True, env=podman_environment(), timeout=timeout, check=False)

    def exec(self, script: str, check: bool = True, user: str = "root", privileged: bool = False, timeout: float = 120) -> str:
        """Run a shell script in the instance and answer what it prints; with check, a failure is an AssertionError that shows it."""
        done = self.run(script, user, privileged=privileged, timeout=timeout)
        output = done.stdout.decode("utf-8", "replace")
        if check and done.returncode != 0:
            errors = done.stderr.decode("utf-8", "replace")
            raise AssertionError(f"{self.name}: exit {done.returncode} of {script!r}\n{output}{errors}")
        return output

    def boot_id(self) -> str:
        """What every reboot changes."""
        return self.exec("cat /proc/sys/kernel/random/boot_id").strip()

    def put(self, path: str, content: str | bytes, mode: str = "0644", owner: str = "root:root") -> None:
        """Write a file with exactly this content."""
        quoted = shlex.quote(path)
        data = content.encode() if isinstance(content, str) else content
        done = self.run(f"cat > {quoted} && chmod {mode} {quoted} && chown {owner} {quoted}", stdin=data)
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")

    def host_keys(self) -> list[str]:
        """The public host keys, as 'type blob'."""
        lines = self.exec("cat /etc/ssh/ssh_host_*_key.pub").splitlines()
        return [" ".join(line.split()[:2]) for line in lines]

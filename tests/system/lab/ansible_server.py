# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ansible without its start: a process that has imported it forks for each run.

Most of what a short run costs is importing. Settings of Ansible are read meanwhile, so there is a server for each set of them; everything else of a run is
its own: arguments, environment, folder, output. The vendor's packages are not among what is imported ahead: they read the environment too.

As a program, ``ansible_server.py SOCKET``; for tests, ``AnsibleServers``.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import Mapping

PROGRAMS = {"ansible": "ansible.cli.adhoc.AdHocCLI", "ansible-playbook": "ansible.cli.playbook.PlaybookCLI"}
IMPORTED = (
    "ansible.cli.adhoc", "ansible.cli.playbook", "ansible.executor.task_executor", "ansible.plugins.connection.ssh", "ansible.plugins.strategy.linear",
    "ansible.executor.module_common", "ansible.plugins.callback.default", "ansible.plugins.shell.sh", "ansible.plugins.become.sudo",
    "darabonba.core", "Tea.core", "cryptography.hazmat.primitives.serialization.ssh",
)  # fmt: skip
# What is read while ansible or Python starts, and of it what is read again when it is used.
SETTINGS = ("ANSIBLE_", "PYTHON", "LC_", "LANG", "PATH")
READ_LATER = ("ANSIBLE_SSH_CONTROL_PATH_DIR",)


class AnsibleServers:
    """Runs ansible and ansible-playbook as forks, each of the server that has its settings."""

    def __init__(self) -> None:
        self._servers: dict[tuple[tuple[str, str], ...], _Server] = {}
        self._home = tempfile.TemporaryDirectory(prefix="ansible-home-", dir="/tmp")
        self.home = self._home.name
        """ANSIBLE_HOME for runs that have no reason to have one of their own: nothing but a run's temporary files is kept there."""

    def run(self, command: list[str], environment: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
        """As subprocess.run with captured text; TimeoutExpired when it takes longer, and the run is killed."""
        settings = tuple(sorted((name, value) for name, value in environment.items() if name.startswith(SETTINGS) and name not in READ_LATER))
        if settings not in self._servers:
            self._servers[settings] = _Server(environment)
        return self._servers[settings].run(command, environment, timeout)


class _Server:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ansible-", dir="/tmp")
        self._socket = f"{self._folder.name}/socket"
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, self._socket], env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def run(self, command: list[str], environment: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr, self._connected() as connection:
            request = json.dumps([command, dict(environment), os.getcwd()]).encode()
            socket.send_fds(connection, [len(request).to_bytes(8, "big")], [stdout.fileno(), stderr.fileno()])
            connection.sendall(request)
            connection.settimeout(timeout)
            with connection.makefile() as answers:
                pid = int(answers.readline())
                try:
                    code = int(answers.readline())
                except TimeoutError:
                    os.killpg(pid, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(command, timeout) from None
            stdout.seek(0)
            stderr.seek(0)
            return subprocess.CompletedProcess(command, code, stdout.read(), stderr.read())

    def _connected(self) -> socket.socket:
        deadline = time.monotonic() + 60
        while True:
            connection = socket.socket(socket.AF_UNIX)
            with suppress(FileNotFoundError, ConnectionRefusedError):
                connection.connect(self._socket)
                return connection
            connection.close()
            assert self._process.poll() is None and time.monotonic() < deadline, "the process that imports ansible did not start"
            time.sleep(0.05)


class _Forks(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    max_children = 100
    tests = os.getppid()

    def service_actions(self) -> None:
        """Twice a second: end with the tests, however they end."""
        super().service_actions()
        if os.getppid() != self.tests:
            os._exit(0)


class _Run(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        head, files, _flags, _address = socket.recv_fds(self.request, 8, 2)
        with self.request.makefile("rb") as rest:
            command, environment, folder = json.loads(rest.read(int.from_bytes(head, "big")))
        pid = os.fork()
        if not pid:
            _become(command, environment, folder, files)
        self.request.sendall(f"{pid}\n".encode())
        # Nobody waits for one that took too long.
        with suppress(BrokenPipeError):
            self.request.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())


def _become(command: list[str], environment: dict[str, str], folder: str, files: list[int]) -> None:
    """Be the program from here on, and end as it ends."""
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, file in enumerate(files, 1):
        os.dup2(file, number)
    sys.argv = command
    module, _dot, name = PROGRAMS[os.path.basename(command[0])].rpartition(".")
    from ansible import constants

    # Made by the import, and removed by whichever run ends first.
    constants.DEFAULT_LOCAL_TMP = tempfile.mkdtemp(prefix="ansible-local-", dir=os.path.dirname(constants.DEFAULT_LOCAL_TMP))
    code: object = 1
    try:
        getattr(importlib.import_module(module), name).cli_executor(command)
    except SystemExit as end:
        code = end.code
    finally:
        shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def main() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    with _Forks(sys.argv[1], _Run) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()

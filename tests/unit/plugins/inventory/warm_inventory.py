# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-inventory, imported once: each call is a process forked from this one, with an environment, a folder and files of its own.

The program is the same; what it does not do again is to import Ansible and the SDK, which takes several times as long as the rest.
Nothing of the collection is imported before the fork. A variable that Ansible reads while it is imported needs a process of its own.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

TIMEOUT = 120
# Read by options of plugins, when they are asked for.
LATE = ("ALIBABA_", "ALICLOUD_")


class WarmInventory:
    """The process to fork from."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, folder: Path, arguments: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Call ansible-inventory in I(folder)."""
        output, errors = folder / "stdout", folder / "stderr"
        call = {"arguments": arguments, "folder": str(folder), "environment": dict(environment), "output": str(output), "errors": str(errors)}
        assert self._process.stdin and self._process.stdout
        print(json.dumps(call), file=self._process.stdin, flush=True)
        return subprocess.CompletedProcess(arguments, int(self._process.stdout.readline()), output.read_text(), errors.read_text())


@contextlib.contextmanager
def warm_inventory(environment: Mapping[str, str]) -> Iterator[WarmInventory]:
    """The process, with the environment that Ansible reads while it is imported."""
    with subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(environment), text=True) as process:
        try:
            yield WarmInventory(process)
        finally:
            process.communicate(timeout=TIMEOUT)


def _serve() -> None:
    inventory = importlib.import_module("ansible.cli.inventory")
    for used_by_the_plugin in ("alibabacloud_credentials.client", "alibabacloud_tea_openapi.client"):
        importlib.import_module(used_by_the_plugin)
    for line in sys.stdin:
        call = json.loads(line)
        child = os.fork()
        if not child:
            _become(inventory.main, call)
        _child, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(program: Any, call: dict[str, Any]) -> None:
    code: Any = 1
    try:
        signal.alarm(TIMEOUT)
        os.chdir(call["folder"])
        os.environ.clear()
        os.environ.update(call["environment"])
        for number, path, mode in ((0, os.devnull, os.O_RDONLY), (1, call["output"], os.O_WRONLY), (2, call["errors"], os.O_WRONLY)):
            os.dup2(os.open(path, mode | os.O_CREAT | os.O_TRUNC, 0o600), number)
        sys.argv = ["ansible-inventory", *call["arguments"]]
        program()
    except SystemExit as exc:
        code = exc.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded cloud as the vendor's own SDKs see it: several generations, for Python and Node.js, installed for the test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator, NamedTuple

import pytest
import yaml
from ecs_emulator import public_keys
from ecs_emulator.testing import Emulator, running

pytestmark = pytest.mark.long

CLIENTS = Path(__file__).resolve().parents[1] / "emulator" / "clients"
PLAN = yaml.safe_load((CLIENTS / "operations.yml").read_text(encoding="utf-8"))
ENOUGH = 60
PATIENCE = 20


class Sdk(NamedTuple):
    """A package to install, and how its driver calls it."""

    installer: str
    package: str
    kind: str


SDKS = {
    "python": Sdk("pip", "alibabacloud-ecs20140526", "generated"),
    "python, two generations back": Sdk("pip", "alibabacloud-ecs20140526<4", "generated"),
    "python, the first SDK": Sdk("pip", "aliyun-python-sdk-ecs", "core"),
    "node": Sdk("npm", "@alicloud/ecs20140526", "generated"),
    "node, an older generation": Sdk("npm", "@alicloud/ecs20140526@<5", "generated"),
    "node, the first SDK": Sdk("npm", "@alicloud/pop-core", "pop-core"),
}


def install(sdk: Sdk, folder: Path) -> list[str]:
    """The command of the driver; its packages are in a folder of the test's own."""
    if sdk.installer == "pip":
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=120)
        python = folder / "venv" / "bin" / "python"
        commands, driver = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", sdk.package], [python, CLIENTS / "python_sdk.py"]
    else:
        npm, node = shutil.which("npm"), shutil.which("node")
        if not (npm and node):
            pytest.skip("npm and node are not installed")
        commands, driver = [npm, "install", "--silent", "--no-fund", "--no-audit", sdk.package], [node, CLIENTS / "node_sdk.js"]
    done = subprocess.run(list(map(str, commands)), cwd=folder, capture_output=True, text=True, timeout=500, check=False)
    if done.returncode:
        pytest.skip(f"{sdk.package} cannot be installed here: {(done.stderr or done.stdout).strip()[-300:]}")
    return list(map(str, driver))


class Driver:
    """The SDK in a process of its own."""

    def __init__(self, command: list[str], emulator: Emulator, folder: Path, kind: str) -> None:
        ready = folder / "ready.json"
        facts = ("endpoint", "ca_file", "access_key_id", "access_key_secret", "region")
        ready.write_text(json.dumps({name: getattr(emulator, name) for name in facts}))
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
        environment["NODE_EXTRA_CA_CERTS"] = str(emulator.ca_file)
        self.kept: dict[str, Any] = {"public_key": public_keys.make_key()[1]}
        self.done = 0
        self._errors = folder / "errors"
        self._process = subprocess.Popen(
            [*command, str(ready), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors.open("wb"), text=True, cwd=folder, env=environment
        )

    def ask(self, operation: dict[str, Any]) -> dict[str, Any]:
        """One answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": operation["do"], "sts": bool(operation.get("sts")), "with": self._fill(operation.get("with", {}))}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"{operation}: {self._errors.read_text()[-3000:]}"
        return json.loads(line)

    def try_out(self, operation: dict[str, Any]) -> str:
        """What is wrong with the answer, or nothing."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.ask(operation)
            if answer.get("unknown"):
                return ""
            wrong = self._judge(operation, answer)
            if not (wrong and operation.get("until") and time.monotonic() < deadline):
                break
            time.sleep(0.1)
        self.done += 1
        self.kept.update({name: find(answer.get("body", {}), path) for name, path in operation.get("keep", {}).items()})
        return f"{operation['do']} {operation.get('with', '')}: {wrong}" if wrong else ""

    def _judge(self, operation: dict[str, Any], answer: dict[str, Any]) -> str:
        if answer.get("code") != operation.get("code"):
            return f"ended with {answer.get('code')} instead of {operation.get('code')}"
        body = answer.get("body", {})
        wanted = {**operation.get("finds", {}), **operation.get("until", {})}
        found = {path: find(body, path) for path in wanted}
        differing = {path: found[path] for path, value in self._fill(wanted).items() if not is_same(found[path], value)}
        missing = [path for path in operation.get("keep", {}).values() if not find(body, path)]
        return "; ".join([f"{path} is {value!r}" for path, value in differing.items()] + [f"{path} is missing" for path in missing])

    def _fill(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._fill(item) for name, item in value.items()}
        return self.kept.get(value[1:], "") if isinstance(value, str) and value.startswith("$") else value

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def find(body: Any, path: str) -> Any:
    """The value at a path like Instances.Instance.0.Status; None if there is none."""
    for word in path.split("."):
        try:
            body = body[int(word)] if isinstance(body, list) else body.get(word)
        except (IndexError, ValueError, AttributeError):
            return None
    return body


def is_same(found: Any, wanted: Any) -> bool:
    """Some SDKs make text of numbers, or leave out what is empty."""
    empty = (None, "", [])
    return str(found) == str(wanted) or (found in empty and wanted in empty)


@pytest.fixture(params=SDKS)
def driver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Driver]:
    sdk = SDKS[request.param]
    command = install(sdk, tmp_path)
    with running(PLAN["fleet"], tls=True) as emulator:
        made = Driver(command, emulator, tmp_path, sdk.kind)
        yield made
        made.close()


def test_it_gets_what_it_asks_for(driver):
    wrong = [text for text in map(driver.try_out, PLAN["operations"]) if text]
    assert wrong == [], "\n".join(wrong)
    assert driver.done >= ENOUGH

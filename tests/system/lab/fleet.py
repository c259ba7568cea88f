# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded cloud as a process of its own, with real instances behind it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Iterator, Mapping

import yaml
from ecs_emulator.variables import variables_of
from lab.instance import Instance
from lab.ssh import KeyFile

EMULATOR = Path(__file__).resolve().parents[2] / "emulator"
START_TIMEOUT = 180


class Fleet:
    """A running embedded cloud; instances with a system of their own by name."""

    def __init__(self, ready: Mapping[str, Any], process: subprocess.Popen[bytes], log: Path) -> None:
        self.endpoint: str = ready["endpoint"]
        self.ca_file: str | None = ready["ca_file"]
        self.access_key_id: str = ready["access_key_id"]
        self.access_key_secret: str = ready["access_key_secret"]
        self.region: str = ready["region"]
        self.ids = {entry["name"]: entry["instance_id"] for entry in ready["instances"]}
        """Every instance, those without a system too: name to id."""
        self.instances = {
            entry["name"]: Instance(**{field: entry[field] for field in Instance._fields}) for entry in ready["instances"] if entry["backend"] == "container"
        }
        self.process = process
        self.log = log

    def __getitem__(self, name: str) -> Instance:
        return self.instances[name]

    def __iter__(self) -> Iterator[Instance]:
        return iter(self.instances.values())

    def environment(self) -> dict[str, str]:
        """What a user would export to work on this cloud."""
        return {**variables_of(vars(self)), "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}

    def call(self, action: str, version: str = "2014-05-26", **parameters: Any) -> dict[str, Any]:
        """One API call through the official SDK, apart from any code of the collection."""
        from alibabacloud_tea_openapi.client import Client
        from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
        from darabonba.runtime import RuntimeOptions

        scheme, _separator, address = self.endpoint.partition("://")
        account = {"access_key_id": self.access_key_id, "access_key_secret": self.access_key_secret}
        config = Config(**account, endpoint=address, protocol=scheme.upper(), ca=self.ca_file)
        params = Params(
            action=action, version=version, protocol=scheme.upper(), pathname="/", method="POST", auth_type="AK", style="RPC",
            req_body_type="formData", body_type="json",
        )  # fmt: skip
        query = {"RegionId": self.region, **{name: str(value) for name, value in parameters.items()}}
        return Client(config).call_api(params, OpenApiRequest(query=query), RuntimeOptions())["body"]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A control path of the embedded cloud."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_emulator/{path}", data, {"Content-Type": "application/json"}, method=method)
        context = ssl.create_default_context(cafile=self.ca_file)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        with opener.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def status(self, instance_id: str) -> str:
        """What the API says the instance does."""
        answer = self.call("DescribeInstances", InstanceIds=json.dumps([instance_id]))
        return answer["Instances"]["Instance"][0]["Status"]

    def wait_for_status(self, instance_id: str, wanted: str, timeout: float = 90) -> None:
        """Return once the API reports the status."""
        deadline = time.monotonic() + timeout
        while (status := self.status(instance_id)) != wanted:
            assert time.monotonic() < deadline, f"{instance_id} is {status} instead of {wanted} after {timeout:.0f} s"
            time.sleep(0.2)

    def run_command(self, instance: Instance, script: str, timeout: float = 60, **parameters: Any) -> dict[str, Any]:
        """Run a script through Cloud Assistant and wait for its end: the entry of DescribeInvocationResults."""
        asked = {"Type": "RunShellScript", "CommandContent": script, "InstanceId.1": instance.instance_id, **parameters}
        invoke_id = self.call("RunCommand", **asked)["InvokeId"]
        deadline = time.monotonic() + timeout
        while True:
            answer = self.call("DescribeInvocationResults", InvokeId=invoke_id, ContentEncoding="PlainText")
            (entry,) = answer["Invocation"]["InvocationResults"]["InvocationResult"]
            if entry["InvocationStatus"] not in ("Pending", "Running", "Stopping"):
                return entry
            assert time.monotonic() < deadline, f"the command is still {entry['InvocationStatus']} after {timeout:.0f} s"
            time.sleep(0.1)


@contextlib.contextmanager
def running_fleet(fleet: Mapping[str, Any], folder: Path, controller_key: KeyFile, tls: bool = True) -> Iterator[Fleet]:
    """Start an embedded cloud, let the controller in to every instance as root, and remove everything afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fleet.yml").write_text(yaml.safe_dump(dict(fleet)))
    ready_file, log = folder / "ready.json", folder / "emulator.log"
    command = [sys.executable, "-m", "ecs_emulator", "serve", "--listen", "127.0.0.1:0", "--fleet", str(folder / "fleet.yml")]
    command += ["--state", str(folder / "state"), "--ready-file", str(ready_file), *["--tls"] * tls]
    with open(log, "wb") as out:
        environment = {**os.environ, "PYTHONPATH": str(EMULATOR), "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=environment)
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while not ready_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the embedded cloud did not start: {log.read_text()[-2000:]}")
            time.sleep(0.1)
        started = Fleet(json.loads(ready_file.read_text()), process, log)
        for instance in started:
            if started.status(instance.instance_id) == "Running":
                let_in(instance, controller_key)
        yield started
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def let_in(instance: Instance, key: KeyFile, user: str = "root") -> None:
    """Add a key to an account without any help of what is under test."""
    instance.exec(
        f"home=$(getent passwd {user} | cut -d: -f6) && install -d -m 0700 -o {user} -g $(id -g {user}) $home/.ssh && "
        f"echo '{key.public}' >> $home/.ssh/authorized_keys && chown {user}: $home/.ssh/authorized_keys && "
        f"chmod 0600 $home/.ssh/authorized_keys"
    )

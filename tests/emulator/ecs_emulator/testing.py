# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server in a thread of a test process.

::

    with running({"instances": [{"name": "web", "count": 3}]}) as emulator:
        emulator.call("DescribeInstances", RegionId=emulator.region)
        emulator.faults("AttachKeyPair", "error", code="Throttling.User", status=400, times=2)
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Mapping

from ecs_emulator import client
from ecs_emulator.backends import CommandOutcome
from ecs_emulator.backends.api import Answer, ApiGuest
from ecs_emulator.cloud import Clock, Cloud
from ecs_emulator.control_guests import change_instance
from ecs_emulator.faults import parse_fault
from ecs_emulator.fleet import parse_fleet
from ecs_emulator.models import Instance
from ecs_emulator.server import Server
from ecs_emulator.variables import variables_of

__all__ = ["CommandOutcome", "Emulator", "running"]


class Emulator:
    """A running server, with its state within reach. Reading state from the test's thread is safe."""

    def __init__(self, server: Server, run: Callable[[Any], Any]) -> None:
        self._server = server
        self._run = run
        self.endpoint = server.endpoint
        self.ca_file = str(server.tls.ca_file) if server.tls else None
        self.access_key_id = server.fleet.access_key_id
        self.access_key_secret = server.fleet.access_key_secret
        self.region = server.fleet.region
        self.cloud: Cloud = server.cloud
        self.sessions = server.sessions
        self.keys = server.keys

    @property
    def environment(self) -> dict[str, str]:
        """Variables that point the collection at this server."""
        return {**variables_of(vars(self)), **({"SSL_CERT_FILE": self.ca_file} if self.ca_file else {})}

    def instance(self, name: str) -> Instance:
        """The instance with this name or id."""
        for instance in self.cloud.instances.values():
            if name in (instance.spec.name, instance.instance_id):
                return instance
        raise KeyError(name)

    def call(self, action: str, version: str = "2014-05-26", **parameters: Any) -> dict:
        """One signed request of our own client; RegionId is filled in. Raises client.ApiFailure."""
        values = {"RegionId": self.region, **parameters}
        return client.call(self.endpoint, self.access_key_id, self.access_key_secret, action, values, version, ca_file=self.ca_file)

    def call_as(self, user: str, action: str, version: str = "2014-05-26", **parameters: Any) -> dict:
        """The same with the access key of a RAM user of ``policies``."""
        (found,) = (item for item in self._server.fleet.users if user == item.name)
        values = {"RegionId": self.region, **parameters}
        return client.call(self.endpoint, found.access_key_id, found.access_key_secret, action, values, version, ca_file=self.ca_file)

    def faults(self, action: str, fault: str, **details: Any) -> None:
        """Queue a fault: the keys of POST /_emulator/faults."""
        self._server.faults.add(parse_fault({"action": action, "fault": fault, **details}))

    def clear_faults(self) -> None:
        """Forget faults that still wait."""
        self._server.faults.clear()

    def requests(self, action: str = "") -> list[dict]:
        """The requests so far (of one action)."""
        return [entry for entry in self._server.requests.to_dict()["requests"] if action in ("", entry["action"])]

    def request_counts(self) -> dict[str, int]:
        """Requests so far by action."""
        return self._server.requests.to_dict()["by_action"]

    def clear_requests(self) -> None:
        """Forget requests."""
        self._server.requests.clear()

    def on_command(self, answer: Answer, *names: str) -> None:
        """Let ``answer(script, username)`` answer Cloud Assistant commands on the named (default all) api instances."""
        for instance in [self.instance(name) for name in names] or self.cloud.instances.values():
            assert isinstance(instance.guest, ApiGuest)
            instance.guest.answer = answer

    def change_instance(self, name: str, **changes: Any) -> None:
        """Set ``agent_online`` and the knobs of ``connect`` as POST /_emulator/instances/NAME does."""
        self._run(change_instance(self.instance(name), changes))

    def lead_sessions(self, address: tuple[str, int], *names: str) -> None:
        """Let sessions to the named (default all) api instances end at an address of this machine."""
        for instance in [self.instance(name) for name in names] or self.cloud.instances.values():
            assert isinstance(instance.guest, ApiGuest)
            instance.guest.session_target = address

    def wait_until(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        """Return when the condition holds; AssertionError when it does not in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true within %g seconds" % seconds
            time.sleep(0.005)


@contextmanager
def running(fleet: Mapping[str, Any], clock: Clock = time.time, tls: bool = False, allowed_hosts: Iterable[str] = ()) -> Iterator[Emulator]:
    """Serve a fleet (the content of a fleet file) on a free loopback port. Transitions take 20 ms unless it says otherwise.

    With ``tls``, clients have to trust the emulator's ``ca_file``, which ``environment`` names in SSL_CERT_FILE.
    """
    content = dict(fleet)
    content["timing"] = {"transition_ms": 20, **content.get("timing", {})}
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="ecs_emulator", daemon=True)
    thread.start()

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=600)

    try:
        with tempfile.TemporaryDirectory(prefix="ecs-emulator-") as state_dir:
            server = Server(parse_fleet(content), Path(state_dir), allowed_hosts=allowed_hosts, clock=clock, tls=tls)
            run(server.start())
            try:
                yield Emulator(server, run)
            finally:
                run(server.stop())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

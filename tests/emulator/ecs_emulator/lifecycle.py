# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances that start, stop and reboot: the transient states, and the guests that really do it."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Awaitable, Callable, Coroutine

from ecs_emulator.agent_service import AgentService, take_plugin_plan
from ecs_emulator.backends import BootInjection, Guest
from ecs_emulator.backends.api import ApiGuest
from ecs_emulator.backends.cloud_dir import prepare_cloud_dir, write_clock_offset
from ecs_emulator.cloud import Cloud
from ecs_emulator.fleet_reader import FleetError
from ecs_emulator.key_server import KeyServer
from ecs_emulator.models import Instance
from ecs_emulator.specs import InstanceSpec

log = logging.getLogger(__name__)

GuestFactory = Callable[[InstanceSpec, Path], Awaitable[Guest]]


class _Link:
    """The agent of a guest without a system."""

    def __init__(self, keys: KeyServer, instance: Instance) -> None:
        self._keys, self._instance = keys, instance

    def register_key(self, user_name: str, public_key: str) -> None:
        self._keys.register(self._instance.instance_id, user_name, public_key)

    def run_plugin_manager(self) -> int:
        return take_plugin_plan(self._instance)["exitCode"]


class Lifecycle:
    """Owns the guests; every transition is a task of the server's loop."""

    def __init__(self, cloud: Cloud, state_dir: Path, keys: KeyServer, on_boot: Callable[[Instance], None]) -> None:
        self._cloud = cloud
        self._state_dir = state_dir
        self._keys = keys
        self._on_boot = on_boot
        self._agents = AgentService(keys)
        self._tasks: set[asyncio.Task[None]] = set()

    async def create_guests(self) -> None:
        """Make a guest for every instance and boot those that are Running. FleetError when one cannot be had."""
        await self._prepare_containers()
        real = []
        for instance in self._cloud.instances.values():
            if instance.spec.backend == "container":
                folder = prepare_cloud_dir(self._state_dir, instance.instance_id)
                write_clock_offset(folder, instance.connect.clock_offset)
                await self._agents.listen(instance, folder)
                instance.guest = await self._create_container(instance.spec)
                if instance.status == "Running":
                    real.append(instance)
            else:
                instance.guest = ApiGuest(instance.spec, _Link(self._keys, instance))
                if instance.status == "Running":
                    self._record_boot(instance, self._injection(instance))
        booting = [self._boot(instance, instance.guest.start) for instance in real if instance.guest is not None]
        for result in await asyncio.gather(*booting, return_exceptions=True):
            if isinstance(result, BaseException):
                raise FleetError("an instance did not boot: %s" % result) from result

    async def _prepare_containers(self) -> None:
        """FleetError at once when podman or an image is missing."""
        specs = [item.spec for item in self._cloud.instances.values() if item.spec.backend == "container"]
        if not specs:
            return
        try:
            from ecs_emulator.backends.container import prepare

            await prepare(list(dict.fromkeys(spec.image for spec in specs)))
        except Exception as error:
            raise FleetError("'backend: container' of instance '%s' cannot be had: %s" % (specs[0].name, error)) from error

    async def _create_container(self, spec: InstanceSpec) -> Guest:
        from ecs_emulator.backends.container import create_guest

        try:
            return await create_guest(spec, self._state_dir)
        except Exception as error:
            raise FleetError("instance '%s' cannot be made: %s" % (spec.name, error)) from error

    async def destroy_guests(self) -> None:
        """Stop what is under way and remove every guest."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        guests = [instance.guest for instance in self._cloud.instances.values() if instance.guest is not None]
        results = await asyncio.gather(*(guest.destroy() for guest in guests), return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                log.error("an instance could not be removed: %s", result)
        await self._agents.close()

    def begin_start(self, instance: Instance) -> None:
        """Stopped to Starting to Running."""
        instance.status = "Starting"
        self._spawn(instance, self._start(instance))

    def begin_stop(self, instance: Instance, force: bool) -> None:
        """Running to Stopping to Stopped."""
        instance.status = "Stopping"
        self._spawn(instance, self._stop(instance, force))

    def begin_reboot(self, instance: Instance, force: bool) -> None:
        """Running to Starting to Running; the fleet's ``reboot_lag_ms`` leaves it Running at first."""
        if not self._cloud.timing.reboot_lag:
            instance.status = "Starting"
        self._spawn(instance, self._reboot(instance, force))

    async def _start(self, instance: Instance) -> None:
        await asyncio.sleep(self._cloud.timing.transition)
        assert instance.guest is not None
        await self._boot(instance, instance.guest.start)

    async def _stop(self, instance: Instance, force: bool) -> None:
        await asyncio.sleep(self._cloud.timing.transition)
        assert instance.guest is not None
        await instance.guest.stop(force)
        instance.status = "Stopped"

    async def _reboot(self, instance: Instance, force: bool) -> None:
        await asyncio.sleep(self._cloud.timing.reboot_lag)
        instance.status = "Starting"
        await asyncio.sleep(self._cloud.timing.transition)
        guest = instance.guest
        assert guest is not None
        await self._boot(instance, lambda injection: guest.reboot(injection, force))

    async def _boot(self, instance: Instance, boot: Callable[[BootInjection], Awaitable[None]]) -> None:
        injection = self._injection(instance)
        await boot(injection)
        self._record_boot(instance, injection)

    def _injection(self, instance: Instance) -> BootInjection:
        public_key = self._cloud.bound_public_key(instance)
        return BootInjection(
            login_user=instance.spec.login_user,
            public_key=public_key,
            previous_public_keys=tuple(key for key in instance.injected_keys if key != public_key),
            password_login=public_key is None and (instance.ever_bound or instance.spec.password_login),
        )

    def _record_boot(self, instance: Instance, injection: BootInjection) -> None:
        instance.injected_keys = [injection.public_key] if injection.public_key else []
        instance.status = "Running"
        instance.started = self._cloud.clock()
        if instance.agent_pending_install:
            instance.agent_pending_install = False
            instance.agent_installed = instance.agent_online = True
        self._on_boot(instance)

    def _spawn(self, instance: Instance, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(instance, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, instance: Instance, work: Coroutine[None, None, None]) -> None:
        """A guest that fails leaves its instance Stopped, as a machine that does not come up would be."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 whatever a guest raises concerns this instance alone
            log.error("instance %s: %s", instance.instance_id, error)
            instance.status = "Stopped"

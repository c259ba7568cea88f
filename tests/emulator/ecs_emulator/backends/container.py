# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that are real systems: systemd, OpenSSH and Python in a podman container.

What a container does not have by itself is arranged here:

* an address of its own, out of 127.42.0.0/16, so that many instances answer on port 22;
* a boot id of its own: the kernel has one for the whole machine, so each boot lays a new one over
  /proc/sys/kernel/random/boot_id before systemd starts (systemd-nspawn does the same);
* the moment before sshd starts: process 1 waits for the boot script, which also injects the key pair as the vendor's cloud-init does;
* reboots asked for inside the guest: the container ends, finds its mark and is started again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import socket
import uuid
from pathlib import Path
from typing import Collection, Protocol

from ecs_emulator.backends import BootInjection, CommandOutcome, CommandRequest, FileOutcome, FileRequest
from ecs_emulator.backends.address import Address, reserve_address
from ecs_emulator.backends.agent import Agent
from ecs_emulator.backends.cloud_dir import MOUNT, prepare_cloud_dir, write_clock_offset
from ecs_emulator.backends.dial import dial
from ecs_emulator.backends.podman import IMAGE_PREFIX, PodmanError, podman_async, run_process
from ecs_emulator.connect import PLUGIN_VERSION, is_at_least
from ecs_emulator.specs import AssistantSpec

SCRIPTS = Path(__file__).with_name("guest")
LABEL = "ecs-access.owner"
BOOT_TIMEOUT = 90.0
SHUTDOWN_TIMEOUT = 20

# Process 1 until the boot script has run; /run is empty at every start of the container.
WAIT_FOR_BOOT = "until [ -e /run/ecs-access/go ]; do sleep 0.02; done; exec /sbin/init"
# systemctl cannot be asked before systemd listens, and then waits by itself until the last job of the boot has ended.
WAIT_FOR_SYSTEM = "while :; do case $(systemctl is-system-running --wait 2>/dev/null) in running|degraded|maintenance) exit 0 ;; esac; sleep 0.05; done"


class GuestSpec(Protocol):
    """What a container needs to know of an instance."""

    @property
    def instance_id(self) -> str:
        """The id."""

    @property
    def name(self) -> str:
        """The host name."""

    @property
    def image(self) -> str:
        """The image of the container."""

    @property
    def publish_ssh(self) -> bool:
        """Whether port 22 gets an address on this machine."""

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What its root may do besides the usual."""

    @property
    def assistant(self) -> AssistantSpec:
        """Its agent."""


async def prepare(images: Collection[str]) -> None:
    """Find out, before anything is made, whether podman and the images are there; remove what earlier emulators left behind."""
    missing = []
    for image in images:
        found = await podman_async("image", "exists", IMAGE_PREFIX + image, check=False)
        if found.returncode == 1:
            missing.append(image)
        elif found.returncode != 0:
            raise PodmanError(f"podman does not work here: {found.error or 'it gave no reason.'}")
    if missing:
        what = ", ".join(IMAGE_PREFIX + image for image in missing)
        raise PodmanError(f"podman has no image {what}: run: python3 -m ecs_emulator images {' '.join(missing)}")
    await _remove_stale_containers()


async def create_guest(spec: GuestSpec, state_dir: Path) -> ContainerGuest:
    """A guest that is not started yet; its address is already known and kept for it."""
    return ContainerGuest(spec, state_dir, reserve_address() if spec.publish_ssh else None)


class ContainerGuest:
    """The system behind one instance, in one container."""

    def __init__(self, spec: GuestSpec, state_dir: Path, address: Address | None) -> None:
        run = hashlib.sha256(f"{state_dir.resolve()} {owner_mark(os.getpid())}".encode()).hexdigest()[:8]
        self.container: str | None = f"ecs-access-{run}-{_plain(spec.instance_id)}"
        self.ssh_host: str | None = address.host if address else None
        self.ssh_port: int | None = address.port if address else None
        self._name = self.container
        self._host_name = _plain(spec.name)[:63].strip("-.").lower() or "instance"
        self._image = IMAGE_PREFIX + spec.image
        # What root of a virtual machine has: the audit identity of a login, and a look into every process.
        self._capabilities = ("AUDIT_WRITE", "SYS_PTRACE", *spec.capabilities)
        self._address = address
        self._created = False
        self._injection: BootInjection | None = None
        self._watch: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._agent = Agent(self._name, spec.assistant.version)
        self._agent_version = spec.assistant.version
        self._cloud_dir = prepare_cloud_dir(state_dir, spec.instance_id)
        self._pid = ""

    async def start(self, injection: BootInjection) -> None:
        """Boot, inject, and return when the system has booted."""
        async with self._turn:
            await self._boot(injection)

    async def stop(self, force: bool) -> None:
        """Shut down, or power off with force. A stopped guest refuses connections."""
        async with self._turn:
            await self._halt(force)

    async def reboot(self, injection: BootInjection, force: bool) -> None:
        """Shut down and boot again: a new boot id."""
        async with self._turn:
            await self._halt(force)
            await self._boot(injection)

    async def run(self, request: CommandRequest) -> CommandOutcome:
        """Run a shell script as Cloud Assistant's agent does."""
        return await self._agent.run(request)

    async def cancel(self, task_id: str) -> None:
        """Kill the command with this id."""
        await self._agent.cancel(task_id)

    async def put_file(self, request: FileRequest) -> FileOutcome:
        """Put a file where SendFile wants it."""
        return await self._agent.put_file(request)

    async def dial(self, host: str, port: int) -> socket.socket:
        """Connect from inside the container."""
        return await dial(_enter(self._pid, "--net"), host, port)

    async def set_clock(self, offset: float) -> None:
        """Put the clock of the instance ahead; the next boot keeps it so."""
        write_clock_offset(self._cloud_dir, offset)
        if self._created:
            await podman_async("exec", self._name, "sh", f"{MOUNT}/tools/clock.sh", check=False)

    async def destroy(self) -> None:
        """Remove the container and give the address back; may be called twice."""
        async with self._turn:
            await self._stop_watching()
            await podman_async("rm", "--force", "--ignore", "--volumes", "--time", "0", self._name)
            self._created = False
            if self._address is not None:
                self._address.release()

    async def _boot(self, injection: BootInjection) -> None:
        if self._created:
            await podman_async("start", self._name)
        else:
            await self._create()
        self._injection = injection
        try:
            await self._release_process_one(injection)
            await podman_async("exec", self._name, "sh", "-c", WAIT_FOR_SYSTEM, timeout=BOOT_TIMEOUT)
        except PodmanError as error:
            raise PodmanError(f"instance container {self._name} did not boot: {error}{_boot_hint()}") from None
        self._watch = asyncio.create_task(self._boot_again_when_the_guest_asks())

    async def _create(self) -> None:
        self._created = True
        publish = [f"--publish={self.ssh_host}:{self.ssh_port}:22"] if self._address else []
        await podman_async(
            "run", "--detach", "--pull=never", "--systemd=always", f"--cap-add={','.join(self._capabilities)}", "--log-driver=k8s-file",
            f"--name={self._name}", f"--hostname={self._host_name}", f"--label={LABEL}={owner_mark(os.getpid())}",
            f"--volume={self._cloud_dir}:{MOUNT}:ro", *publish, self._image, "sh", "-c", WAIT_FOR_BOOT,
        )  # fmt: skip

    async def _release_process_one(self, injection: BootInjection) -> None:
        inspected = await podman_async("inspect", "--format", "{{.State.Pid}}", self._name)
        self._pid = inspected.text
        enter = [*_enter(self._pid, "--mount", "--pid"), "sh", "-s", "--"]
        tools = ("acs-plugin-manager", "send_ssh_public_key") if is_at_least(self._agent_version, PLUGIN_VERSION) else ()
        arguments = [
            str(uuid.uuid4()),
            injection.login_user,
            injection.public_key or "",
            " ".join(_blob(key) for key in injection.previous_public_keys),
            "yes" if injection.password_login else "no",
            self._agent_version,
            " ".join(tools),
        ]
        done = await run_process(*enter, *arguments, stdin=(SCRIPTS / "boot.sh").read_bytes(), timeout=BOOT_TIMEOUT)
        if done.returncode != 0:
            raise PodmanError(f"the boot script ended with {done.returncode}: {done.error or 'it gave no reason.'}")

    async def _halt(self, force: bool) -> None:
        await self._stop_watching()
        if self._created:
            await podman_async("stop", "--time", "0" if force else str(SHUTDOWN_TIMEOUT), self._name)

    async def _boot_again_when_the_guest_asks(self) -> None:
        """Start the container again when it ended because of a reboot inside the guest; a power-off leaves it stopped."""
        await podman_async("wait", self._name, timeout=10**9)
        async with self._turn:
            self._watch = None
            if await self._asked_to_reboot() and self._injection is not None:
                await self._boot(self._injection)

    async def _asked_to_reboot(self) -> bool:
        listing = await podman_async("diff", "--format", "json", self._name)
        return any("/var/lib/ecs-access/reboot" in paths for paths in json.loads(listing.text or "{}").values() if paths)

    async def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None


def _enter(pid: str, *namespaces: str) -> list[str]:
    """The command that runs another one in namespaces of a container."""
    enter = ["nsenter", "--target", pid, *namespaces, "--"]
    return enter if os.geteuid() == 0 else ["podman", "unshare", *enter]


def owner_mark(pid: int) -> str:
    """Names a process for as long as the machine runs: a pid alone is used again."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return f"{os.readlink('/proc/self/ns/pid')}-{pid}-{fields[19]}"


def is_abandoned(owner: str) -> bool:
    """Whether the process that an owner mark names is gone. Processes of another pid namespace cannot be judged."""
    space, pid, _begin = owner.rsplit("-", 2)
    if space != os.readlink("/proc/self/ns/pid"):
        return False
    try:
        return owner_mark(int(pid)) != owner
    except OSError:
        return True


async def _remove_stale_containers() -> None:
    """Remove what emulators left behind that could not clean up, such as killed ones."""
    listing = await podman_async("ps", "--all", "--filter", f"label={LABEL}", "--format", "json")
    stale = [entry["Id"] for entry in json.loads(listing.text or "[]") if is_abandoned(entry["Labels"][LABEL])]
    if stale:
        await podman_async("rm", "--force", "--ignore", "--volumes", "--time", "0", *stale)


def _boot_hint() -> str:
    """The one reason that podman's own words never name."""
    if os.geteuid() != 0 and not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        return "; without root, systemd in a container needs cgroup version 2, which this machine does not use: run as root."
    return ""


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name)


def _blob(public_key: str) -> str:
    """The base64 field of a public key line without options."""
    return public_key.split()[1]

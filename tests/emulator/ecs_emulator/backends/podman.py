# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How podman is called on this machine. Standard library only: the image builder uses it before any virtual environment exists.

Podman's defaults fail in two kinds of sandbox, and each has its own sign that can be read without starting a container:

* root without CAP_SYS_RESOURCE: podman asks for limits above the caller's own, and the kernel refuses to raise them;
* cgroup v1 in hybrid mode: crun does not support it, runc does.

On an ordinary machine neither sign shows and podman runs with its own configuration.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
from pathlib import Path
from typing import Callable, NamedTuple

CAP_SYS_RESOURCE = 24
IMAGE_PREFIX = "localhost/ecs-access-"

# What podman gives a container when root runs it and nothing is configured, and what is plenty for an instance where that is refused.
# (Podman lowers its own limit of processes before it starts the container, so "as high as the caller's" is already too high.)
PODMAN_NOFILE, ENOUGH_NOFILE = 1048576, 65536
PODMAN_NPROC, ENOUGH_NPROC = 4194304, 16384


OUTPUT_LIMIT = 1024 * 1024
"""How much of a program's output is kept where its errors are read as they come."""


class PodmanError(Exception):
    """Podman refused; the text is one sentence a person can act on."""


class Completed(NamedTuple):
    """How one podman call ended."""

    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", "replace").strip()

    @property
    def error(self) -> str:
        return self.stderr.decode("utf-8", "replace").strip()


def cache_dir() -> Path:
    """Where images and podman's configuration are kept between checkouts."""
    named = os.environ.get("ECS_ACCESS_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ecs-access-images"


def has_capability(status: str, number: int) -> bool:
    """Whether the effective capability set in the text of /proc/self/status has a capability."""
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False


def needs_lower_limits() -> bool:
    """Whether podman would ask for limits that this caller may not set."""
    if os.geteuid() != 0 or has_capability(Path("/proc/self/status").read_text(), CAP_SYS_RESOURCE):
        return False  # rootless podman already stays below its caller's limits
    hard_nofile = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    hard_nproc = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    return _below(hard_nofile, PODMAN_NOFILE) or _below(hard_nproc, PODMAN_NPROC)


def needs_runc() -> bool:
    """Whether cgroups are in hybrid mode, which crun (podman's first choice) does not support."""
    return Path("/sys/fs/cgroup/unified/cgroup.procs").exists() and shutil.which("crun") is not None


def render_containers_conf(lower_limits: bool, runc: bool) -> str:
    """The configuration that this machine needs; empty when it needs none."""
    text = ""
    if lower_limits:
        nofile = _at_most(resource.getrlimit(resource.RLIMIT_NOFILE)[1], ENOUGH_NOFILE)
        nproc = _at_most(resource.getrlimit(resource.RLIMIT_NPROC)[1], ENOUGH_NPROC)
        text += f'[containers]\ndefault_ulimits = ["nofile={nofile}:{nofile}", "nproc={nproc}:{nproc}"]\n'
    if runc:
        text += '[engine]\nruntime = "runc"\n'
    return text


def podman_environment() -> dict[str, str]:
    """The environment for podman: the caller's, with CONTAINERS_CONF only where podman's defaults cannot work."""
    environment = dict(os.environ)
    if environment.get("CONTAINERS_CONF"):
        return environment
    text = render_containers_conf(needs_lower_limits(), needs_runc())
    if text:
        path = cache_dir() / "containers.conf"
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_name(f".containers.conf.{os.getpid()}")
            scratch.write_text(text)
            scratch.replace(path)
        environment["CONTAINERS_CONF"] = str(path)
    return environment


def podman(*arguments: str, stdin: bytes = b"", check: bool = True, timeout: float = 300) -> Completed:
    """Call podman and wait."""
    try:
        done = subprocess.run(["podman", *arguments], input=stdin, capture_output=True, env=podman_environment(), timeout=timeout, check=False)
    except FileNotFoundError:
        raise PodmanError(MISSING) from None
    except subprocess.TimeoutExpired:
        raise PodmanError(f"podman {arguments[0]} did not end within {timeout:.0f} s.") from None
    return _checked(arguments, Completed(done.returncode, done.stdout, done.stderr), check)


async def podman_async(*arguments: str, stdin: bytes = b"", check: bool = True, timeout: float = 300) -> Completed:
    """Call podman without blocking the event loop."""
    return _checked(arguments, await run_process("podman", *arguments, stdin=stdin, timeout=timeout), check)


async def run_process(*command: str, stdin: bytes = b"", timeout: float = 300, on_error_line: Callable[[bytes], None] | None = None) -> Completed:
    """Run a program with podman's environment; a cancelled or overdue one is killed and reaped.

    ``on_error_line`` is called with each line of its standard error as it comes.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=podman_environment(),
        )
    except FileNotFoundError:
        raise PodmanError(MISSING if command[0] == "podman" else f"{command[0]} is not installed.") from None
    try:
        talk = process.communicate(stdin) if on_error_line is None else _converse(process, stdin, on_error_line)
        stdout, stderr = await asyncio.wait_for(talk, timeout)
    except asyncio.TimeoutError:
        raise PodmanError(f"{' '.join(command[:2])} did not end within {timeout:.0f} s.") from None
    finally:
        if process.returncode is None:
            process.kill()
            # A grandchild may hold the pipes open, asyncio counts a process with open pipes as running, and only the transport
            # can close them.
            process._transport.close()
            await process.wait()
    return Completed(process.returncode or 0, stdout, stderr)


async def _converse(process: asyncio.subprocess.Process, stdin: bytes, on_error_line: Callable[[bytes], None]) -> tuple[bytes, bytes]:
    """What communicate does, with the lines of standard error as they come and of the output at most OUTPUT_LIMIT bytes."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    to_process, output, errors = process.stdin, process.stdout, process.stderr

    async def write() -> None:
        try:
            to_process.write(stdin)
            await to_process.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass  # it ended without reading all of it
        to_process.close()

    async def read_output() -> bytes:
        kept = bytearray()
        while part := await output.read(65536):
            kept += part[: OUTPUT_LIMIT - len(kept)]
        return bytes(kept)

    async def read_errors() -> bytes:
        lines = []
        while line := await errors.readline():
            on_error_line(line)
            lines.append(line)
        return b"".join(lines)

    _written, stdout, stderr = await asyncio.gather(write(), read_output(), read_errors())
    await process.wait()
    return stdout, stderr


MISSING = "podman, which runs container instances, is not installed: install the package podman."


def _checked(arguments: tuple[str, ...], done: Completed, check: bool) -> Completed:
    if check and done.returncode != 0:
        reason = (done.error or done.text).splitlines()
        raise PodmanError(f"podman {arguments[0]} failed: {reason[-1] if reason else 'it gave no reason.'}")
    return done


def _below(limit: int, wanted: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < wanted


def _at_most(limit: int, wanted: int) -> int:
    return wanted if limit == resource.RLIM_INFINITY else min(limit, wanted)

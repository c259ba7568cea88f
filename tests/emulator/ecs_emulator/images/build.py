# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the images of the embedded cloud's instances; see README.md beside this file. ``ecs-emulator images`` calls it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Iterator, NamedTuple

from ecs_emulator.backends.podman import IMAGE_PREFIX, PodmanError, cache_dir, podman

HERE = Path(__file__).resolve().parent
# Another mirror than mmdebstrap's own choice.
MIRROR = os.environ.get("ECS_ACCESS_MIRROR")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
LABEL = "ecs-access.recipe"
PACKAGES = "acl,at,cron,dbus,iproute2,iptables,libnss-extrausers,libpam-systemd,nftables,openssh-server,procps,python3,sudo,systemd,systemd-sysv"
# Nobody reads manuals in these systems; without them a tarball is a third smaller.
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/lintian/*")
PYTHON36_LEFT_OUT = {"__pycache__", "test", "tests", "idlelib", "ensurepip", "site-packages", "lib2to3", "turtledemo"}


class BuildError(Exception):
    """One sentence for the person who builds."""


class Recipe(NamedTuple):
    """What an image is made of."""

    suite: str
    setups: tuple[str, ...]
    """Scripts of this folder that run inside the new system, in order."""
    python36: bool = False
    """Whether the image takes a CPython 3.6 of this machine along."""


RECIPES = {
    "debian11": Recipe("bullseye", ("setup-common.sh",)),
    "debian12": Recipe("bookworm", ("setup-common.sh",)),
    "debian13": Recipe("trixie", ("setup-common.sh",)),
    "el-like": Recipe("bookworm", ("setup-common.sh", "setup-el-like.sh"), python36=True),
}


class Python36(NamedTuple):
    """A CPython 3.6 found on this machine."""

    prefix: Path
    version: str


def find_python36() -> Python36 | None:
    """The first CPython 3.6 that runs, if the machine has one."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates = [os.environ.get("ECS_ACCESS_PYTHON36", "")]
    candidates += sorted(str(path) for path in pyenv.glob("versions/3.6.*/bin/python3.6"))
    candidates.append(shutil.which("python3.6") or "")
    for candidate in filter(None, candidates):
        report = "import sys; print(sys.base_prefix); print(' '.join(sys.version.split()))"
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run([candidate, "-c", report], capture_output=True, text=True, timeout=10, check=False)
            lines = done.stdout.splitlines()
            if done.returncode == 0 and lines[1].startswith("3.6."):
                return Python36(Path(lines[0]), lines[1])
    return None


def bootstrap_command(recipe: Recipe, python36: Python36 | None, folder: str) -> list[str]:
    """How the system is made, as ``folder``/tar; a Python that it takes along lies in ``folder``/python36."""
    command = ["mmdebstrap", "--variant=minbase", "--format=tar", f"--include={PACKAGES}", f"--keyring={KEYRING}"]
    command += ["--aptopt=Acquire::Languages none", "--aptopt=Acquire::Retries 3"]
    command += [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    if python36 and recipe.python36:
        command += [f"--customize-hook=tar-in {shlex.quote(folder)}/python36 /usr", '--customize-hook=chroot "$1" ldconfig']
    # The text itself: an unprivileged build runs its hooks as somebody who may not read this folder.
    scripts = [(HERE / setup).read_text() for setup in recipe.setups]
    command += [f'--customize-hook=chroot "$1" sh -euc {shlex.quote(script)}' for script in scripts]
    return [*command, recipe.suite, f"{folder}/tar", *([MIRROR] if MIRROR else [])]


def fingerprint(recipe: Recipe, python36: Python36 | None) -> str:
    """Changes whenever the image would come out differently because of something in this folder or the Python it takes along."""
    parts = bootstrap_command(recipe, python36, "")
    if python36 and recipe.python36:
        parts += [python36.version, *sorted(PYTHON36_LEFT_OUT)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def imported_fingerprints() -> dict[str, str]:
    """Image name -> recipe of the images podman has."""
    listing = podman("images", "--filter", f"label={LABEL}", "--format", "json").text
    return {name: (image.get("Labels") or {}).get(LABEL, "") for image in json.loads(listing or "[]") for name in image.get("Names") or []}


def pack_python36(python36: Python36, path: Path) -> None:
    """Write a CPython 3.6 as it shall lie under /usr, where a platform Python is: every account of the guest can read it."""

    def as_root(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if PYTHON36_LEFT_OUT & set(member.name.split("/")) or "/config-3.6m" in member.name:
            return None
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        return member

    with tarfile.open(path, "w") as archive:
        for name in ("bin/python3.6", "lib/python3.6", "lib/libpython3.6m.so.1.0"):
            if (python36.prefix / name).exists():
                archive.add(python36.prefix / name, arcname=name, filter=as_root)


def bootstrap(name: str, recipe: Recipe, python36: Python36 | None, tarball: Path) -> None:
    """Make the tarball of a new system."""
    if shutil.which("mmdebstrap") is None:
        raise BuildError("mmdebstrap is not installed: install the package mmdebstrap.")
    if not Path(KEYRING).exists():
        raise BuildError(f"{KEYRING} is missing: install the package debian-archive-keyring.")
    log = tarball.with_name(f"{name}.log")
    with tempfile.TemporaryDirectory(dir=tarball.parent, prefix=f".{name}.") as scratch:
        if python36 and recipe.python36:
            pack_python36(python36, Path(scratch, "python36"))
        command = bootstrap_command(recipe, python36, scratch)
        with open(log, "wb") as out:
            made = subprocess.run(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, check=False)
        if made.returncode != 0:
            errors = [line for line in log.read_text(errors="replace").splitlines() if line.startswith(("E:", "Err:"))]
            raise BuildError(f"mmdebstrap could not make {name} (log: {log}): {errors[0] if errors else 'see the log.'}")
        Path(scratch, "tar").replace(tarball)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Two builds of one image at the same time: the second waits and then finds the first one's work."""
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def build(name: str, mark: str, python36: Python36 | None) -> str:
    """Make one image available to podman; answers what was done."""
    cache = cache_dir()
    tarball = cache / f"{name}-{mark}.tar"
    begin = time.monotonic()
    with locked(cache / f"{name}.lock"):
        if imported_fingerprints().get(f"{IMAGE_PREFIX}{name}:latest") == mark:
            return "made by another build meanwhile"
        made = not tarball.exists()
        if made:
            bootstrap(name, RECIPES[name], python36, tarball)
        changes = ('CMD ["/sbin/init"]', "STOPSIGNAL SIGRTMIN+3", f"LABEL {LABEL}={mark}")
        podman("import", *(f"--change={change}" for change in changes), str(tarball), f"{IMAGE_PREFIX}{name}:latest")
        for old in cache.glob(f"{name}-*.tar"):
            if old != tarball:
                old.unlink()
    return f"{'built' if made else 'imported from the cache'} in {time.monotonic() - begin:.0f} s"


def build_images(names: list[str], force: bool = False) -> int:
    """Make the named images, or all of them, where they are missing or out of date; returns the exit code.

    ``force`` builds anew, whatever the cache holds.
    """
    names = names or list(RECIPES)
    unknown = sorted(set(names) - set(RECIPES))
    if unknown:
        print(f"Instance images: there is none named {', '.join(unknown)}; there are {', '.join(RECIPES)}.", file=sys.stderr)
        return 2
    try:
        python36 = find_python36() if any(RECIPES[name].python36 for name in names) else None
        marks = {name: fingerprint(RECIPES[name], python36) for name in names}
        cache_dir().mkdir(parents=True, exist_ok=True)
        if force:
            for name in names:
                (cache_dir() / f"{name}-{marks[name]}.tar").unlink(missing_ok=True)
            podman("rmi", "--ignore", "--force", *(f"{IMAGE_PREFIX}{name}:latest" for name in names))
        present = imported_fingerprints()
        missing = [name for name in names if present.get(f"{IMAGE_PREFIX}{name}:latest") != marks[name]]
        failed = False
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            jobs = {pool.submit(build, name, marks[name], python36): name for name in missing}
            for job in concurrent.futures.as_completed(jobs):
                try:
                    print(f"{IMAGE_PREFIX}{jobs[job]}: {job.result()}", flush=True)
                except (BuildError, PodmanError) as error:
                    failed = True
                    print(f"{IMAGE_PREFIX}{jobs[job]}: {error}", file=sys.stderr, flush=True)
    except (PodmanError, OSError) as error:
        print(f"Instance images: {error}", file=sys.stderr)
        return 1
    return 1 if failed else 0

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throw-away worlds: the system of an instance's image with changes of their own on top, in a private mount namespace."""

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.command import Request, parse_output, render_command
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.guest import ANSWER, key_digest, key_line, read_guest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key

MOST_SENT = 14 * 1024
"""Bytes of a script for a realistic request: security tools of guests look askance at long ones, and the service takes no more than 18 KiB."""
IMAGE = "localhost/ecs-access-debian12"
ENTER = """
set -e
mount --make-rprivate /
mount -t overlay overlay -o lowerdir={image},upperdir={world}/changes,workdir={world}/work {world}/system
for folder in dev proc sys; do mount --rbind /$folder {world}/system/$folder; done
for folder in home root run; do mount --bind {world}/$folder {world}/system/$folder; done
{python}
exec chroot {world}/system sh -s
"""
# The launcher takes the first python3 that works, so that one becomes this one.
OTHER_PYTHON = """
mkdir -p {world}/system/opt/python
mount --bind {prefix} {world}/system/opt/python
mount --bind {world}/python3 {world}/system$(chroot {world}/system sh -c 'readlink -f $(PATH=/usr/bin:/bin command -v python3)')
"""
MARKER = "ecs-access-test:"


def find_interpreters() -> list[str]:
    """The oldest and newest Pythons of this machine that the program promises to run on; '' is whatever the launcher finds."""
    root = Path("~/.pyenv/versions").expanduser()
    found = [next(iter(sorted(root.glob(series + ".*/bin/python"))), None) for series in ("2.7", "3.6", "3.13")]
    return [""] + [str(path) for path in found if path]


class World:
    """A system whose accounts and settings a test may spoil."""

    def __init__(self, folder: Path, image: str, interpreter: str = "") -> None:
        self.folder, self.image = folder, image
        for name in ("home", "root", "run", "changes", "work", "system"):
            (folder / name).mkdir(mode=0o755)
        os.chmod(folder, 0o755)
        (folder / "run" / "sshd").mkdir(mode=0o755)
        self._python = ""
        if interpreter:
            (folder / "python3").write_text('#!/bin/sh\nLD_LIBRARY_PATH=/opt/python/lib exec /opt/python/bin/python "$@"\n')
            (folder / "python3").chmod(0o755)
            self._python = OTHER_PYTHON.format(world=folder, prefix=Path(interpreter).parents[1])

    def run(self, script: str, check: bool = True) -> str:
        """Run a shell script as root in this world."""
        enter = ENTER.format(world=self.folder, image=self.image, python=self._python)
        done = subprocess.run(["unshare", "--mount", "sh", "-c", enter], input=script, capture_output=True, text=True, timeout=60, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def path(self, path: str) -> Path:
        """Where a file of this world lies outside of it; only below /home, /root and /run."""
        return self.folder / path.lstrip("/")

    def ask(self, key, state="present", write=True, users=("john",), drop=(), vendor=""):
        """What the program answers."""
        public = parse_public_key(key)
        drop = drop or ((key_digest(public),) if state == "absent" else ())
        request = Request(state, write, tuple(users), vendor, key_line(public, "pair"), tuple(drop))
        answer = parse_output(self.run(render_command(request, MARKER)), MARKER, ANSWER)
        # No sshd listens on the machine that runs the tests.
        return read_guest(dict(answer, up=True), public, int(time.time() // 86400))


@contextmanager
def made_world(interpreter: str = ""):
    """A world with the account john. Not on the temporary folder's file system: an overlay cannot lie on an overlay."""
    folder = Path(tempfile.mkdtemp(prefix="world-", dir="/dev/shm"))
    try:
        made = World(folder, find_system(), interpreter)
        shutil.copytree(host_keys(), folder / "changes" / "etc")
        made.run("useradd -m -s /bin/sh -K UID_MIN=3000 john")
        yield made
    finally:
        shutil.rmtree(folder)


@cache
def host_keys() -> Path:
    """A folder etc with host keys for every world: making them takes longer than most tests."""
    folder = Path(tempfile.mkdtemp(prefix="world-keys-", dir="/dev/shm"))
    atexit.register(shutil.rmtree, folder)
    (folder / "etc" / "ssh").mkdir(parents=True)
    subprocess.run(["ssh-keygen", "-A", "-f", folder], check=True, timeout=60, stdout=subprocess.DEVNULL)
    return folder / "etc"


@cache
def find_system() -> str:
    """Where the image is mounted; read only, for as long as the tests run."""
    done = subprocess.run(["podman", "image", "mount", IMAGE], capture_output=True, text=True, timeout=60, check=True)
    atexit.register(subprocess.run, ["podman", "image", "unmount", IMAGE], stdout=subprocess.DEVNULL, timeout=60, check=False)
    return done.stdout.strip()


@pytest.fixture(scope="session")
def can_unshare() -> None:
    if os.geteuid() != 0 or not shutil.which("podman"):
        pytest.skip("needs root and podman")
    if subprocess.run(["podman", "image", "exists", IMAGE], check=False).returncode:
        pytest.skip("needs the images of the instances (make instances)")


@pytest.fixture
def world(can_unshare: None):
    """A world with the account john."""
    with made_world() as made:
        yield made


@pytest.fixture(scope="session")
def long_key(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The public key of an RSA key of 4096 bits."""
    path = tmp_path_factory.mktemp("long") / "rsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "4096", "-N", "", "-C", "john@workstation.example.com", "-f", str(path)], check=True)
    return path.with_suffix(".pub").read_text().strip()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Public keys, made now."""
    folder = tmp_path_factory.mktemp("keys")
    made = []
    for number, kind in enumerate(("rsa", "ecdsa", "ed25519")):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"key{number}", "-f", str(folder / kind)], check=True)
        made.append((folder / f"{kind}.pub").read_text().strip())
    return made

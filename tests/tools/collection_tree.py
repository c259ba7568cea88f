# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection under the path that Ansible's own tools ask for.

They want .../ansible_collections/alicloud/ecs_access; a checkout may lie anywhere. Playbooks and unit tests are content with a
folder of links, ansible-test needs a copy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".work"
LINKED = WORK / "collections"

_INSIDE = Path("ansible_collections") / "alicloud" / "ecs_access"
_LINKS = ("plugins", "roles", "playbooks", "meta", "tests", "extensions", "changelogs", "docs", "galaxy.yml", "README.md", "LICENSE")


def link() -> Path:
    """Make the folder of links and return the collections path to use."""
    folder = LINKED / _INSIDE
    folder.mkdir(parents=True, exist_ok=True)
    for name in _LINKS:
        target = Path(os.path.relpath(ROOT / name, folder))
        entry = folder / name
        if entry.is_symlink() and Path(os.readlink(entry)) == target:
            continue
        entry.unlink(missing_ok=True)
        entry.symlink_to(target)
    return LINKED


def copy(where: Path) -> Path:
    """Copy the files that git knows or would add to I(where) and return the collection's folder there."""
    folder = where / _INSIDE
    shutil.rmtree(where, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in listed.decode().split("\0"):
        source = ROOT / name
        if not name or not source.is_file():
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    # ansible-test asks git which files there are; without a repository of its own the copy counts as ignored by the outer one.
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    return folder


def interpreters() -> dict[tuple[int, int], Path]:
    """Every real CPython 3 of this machine, by version; shims of a version manager that lead nowhere are passed over."""
    found: dict[tuple[int, int], Path] = {}
    folders = [Path(sys.base_prefix) / "bin", Path("/usr/bin"), Path("/usr/local/bin")]
    folders += sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.*/bin"))
    for folder in folders:
        for path in folder.glob("python3.*"):
            minor = path.name.rpartition(".")[2]
            if not minor.isdigit() or (3, int(minor)) in found:
                continue
            probe = [path, "-c", "import sys, ssl, ensurepip; print(sys.version_info[1])"]
            answer = subprocess.run(probe, check=False, capture_output=True, text=True)
            if answer.returncode == 0 and answer.stdout.strip() == minor:
                found[3, int(minor)] = path
    return found


def interpreter_folder(where: Path) -> Path:
    """A folder with one pythonX.Y link for each interpreter, to be put first on PATH."""
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    for (major, minor), path in interpreters().items():
        (where / f"python{major}.{minor}").symlink_to(path)
    return where


if __name__ == "__main__":
    print(link())

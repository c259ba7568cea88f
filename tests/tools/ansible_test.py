# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test on a copy of the collection, with a home of its own and without downloading a pip bootstrap script."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import collection_tree

# ansible-test looks for this script in its cache before it downloads one. ensurepip needs no network.
_BOOTSTRAP_PIP = """\
import subprocess, sys
arguments = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip"])
subprocess.check_call([sys.executable, "-m", "pip", "install"] + arguments)
"""


def run(python: Path, work: Path, arguments: list[str], config: str | None = None) -> int:
    """Run C(ansible-test ARGUMENTS) of the ansible-core that I(python) has; return its exit code.

    I(work) holds the copy, the home and the output, C(output.log). I(config) becomes
    tests/integration/integration_config.yml of the copy.
    """
    folder = collection_tree.copy(work / "tree")
    if config is not None:
        (folder / "tests" / "integration" / "integration_config.yml").write_text(config, encoding="utf-8")
    home = work / "home"
    _put_bootstrap(python, home)
    bin_folder = collection_tree.interpreter_folder(work / "bin")
    environment = dict(os.environ)
    environment.update(
        HOME=str(home),
        PATH=f"{bin_folder}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        XDG_CACHE_HOME=os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
        LC_ALL="C.UTF-8",
    )
    environment.pop("ANSIBLE_COLLECTIONS_PATH", None)
    with (work / "output.log").open("wb") as log:
        command = [python.parent / "ansible-test", *arguments]
        return subprocess.run(command, cwd=folder, env=environment, check=False, stdout=log, stderr=subprocess.STDOUT).returncode


def _put_bootstrap(python: Path, home: Path) -> None:
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for requirements in python.parent.parent.glob("lib/python*/site-packages/ansible_test/_internal/python_requirements.py"):
        # The versions of pip that this ansible-core names, by default and for single Python versions.
        for version in set(re.findall(r"pip=['\"]([0-9.]+)['\"]", requirements.read_text(encoding="utf-8"))):
            (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(_BOOTSTRAP_PIP, encoding="utf-8")

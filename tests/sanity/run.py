# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sanity tests on the oldest and the newest supported ansible-core that this machine has a Python for.

What is compiled and imported is so on the oldest Python of hosts and on the controller's; C(--whole) takes every Python between them too,
and on the oldest core the one test whose answer is the same on each, and that takes long. Other arguments are those of ansible-test.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import ansible_test
import collection_tree


class Pythons(NamedTuple):
    """Minor versions of Python 3, from the release notes of an ansible-core."""

    controller: range
    oldest_host: int


CORES = {
    "2.16": Pythons(range(10, 13), 6),
    "2.17": Pythons(range(10, 13), 7),
    "2.18": Pythons(range(11, 14), 8),
    "2.19": Pythons(range(11, 14), 8),
    "2.20": Pythons(range(12, 15), 9),
    "2.21": Pythons(range(12, 15), 9),
}
WHOLE = "--whole"
SAME_ON_EVERY_CORE = "pep8"


def python_for(core: str) -> Path | None:
    """The newest interpreter of this machine that runs this ansible-core, or None."""
    have = collection_tree.interpreters()
    return next((have[3, minor] for minor in reversed(CORES[core].controller) if (3, minor) in have), None)


def few_pythons(core: str, controller: Path) -> list[str]:
    """Options for the two ends of the range: the controller's Python, and the oldest of hosts that this machine has."""
    minors = [minor for _major, minor in collection_tree.interpreters() if minor >= CORES[core].oldest_host]
    versions = dict.fromkeys([f"3.{min(minors)}", controller.name.removeprefix("python")])
    return [word for version in versions for word in ("--target-python", version)]


def make_venv(core: str, python: Path) -> Path:
    """A virtual environment with the newest patch release of this ansible-core; returns its interpreter."""
    folder = collection_tree.WORK / "sanity" / core / "venv"
    inside = folder / "bin" / "python"
    if not (folder / "bin" / "ansible-test").exists():
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([inside, "-m", "pip", "install", "--quiet", f"ansible-core~={core}.0"], check=True)
    return inside


def check(core: str, given: list[str], short: bool, newest: bool) -> str:
    """Run the suite on this ansible-core; returns what is wrong, one finding a line, or nothing."""
    work = collection_tree.WORK / "sanity" / core
    python = python_for(core)
    options = [*few_pythons(core, python), *([] if newest else ["--skip-test", SAME_ON_EVERY_CORE])] if short else []
    code = ansible_test.run(make_venv(core, python), work, ["sanity", "--color", "no", *options, *given])
    output = (work / "output.log").read_text(encoding="utf-8", errors="replace")
    findings = [line for line in output.splitlines() if line.startswith(("ERROR:", "FATAL:"))]
    return "\n".join(findings or [f"exit code {code}, see {work / 'output.log'}"]) if code else ""


def main() -> int:
    possible = [core for core in CORES if python_for(core)]
    if not possible:
        print(f"sanity: no Python here runs any of ansible-core {', '.join(CORES)}; install Python 3.11 or newer")
        return 1
    chosen = sorted({possible[0], possible[-1]}, key=list(CORES).index)
    given = [word for word in sys.argv[1:] if word != WHOLE]
    with ThreadPoolExecutor() as pool:
        running = {core: pool.submit(check, core, given, WHOLE not in sys.argv, core == chosen[-1]) for core in chosen}
        findings = {core: suite.result() for core, suite in running.items()}
    for core, wrong in findings.items():
        print(f"sanity on ansible-core {core} ({python_for(core).name}): {'FAILED' if wrong else 'passed'}")
        if wrong:
            print(wrong)
    return 1 if any(findings.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

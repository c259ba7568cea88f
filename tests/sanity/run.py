# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sanity tests on the oldest and the newest supported ansible-core that this machine has a Python for."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import ansible_test
import collection_tree

# The controller Pythons of each line, from its own release notes.
CORES = {
    "2.16": range(10, 13),
    "2.17": range(10, 13),
    "2.18": range(11, 14),
    "2.19": range(11, 14),
    "2.20": range(12, 15),
    "2.21": range(12, 15),
}


def python_for(core: str) -> Path | None:
    """The newest interpreter of this machine that runs this ansible-core, or None."""
    have = collection_tree.interpreters()
    return next((have[3, minor] for minor in reversed(CORES[core]) if (3, minor) in have), None)


def make_venv(core: str, python: Path) -> Path:
    """A virtual environment with the newest patch release of this ansible-core; returns its interpreter."""
    folder = collection_tree.WORK / "sanity" / core / "venv"
    inside = folder / "bin" / "python"
    if not (folder / "bin" / "ansible-test").exists():
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([inside, "-m", "pip", "install", "--quiet", f"ansible-core~={core}.0"], check=True)
    return inside


def check(core: str) -> str:
    """Run the suite on this ansible-core; returns what is wrong, one finding a line, or nothing."""
    work = collection_tree.WORK / "sanity" / core
    code = ansible_test.run(make_venv(core, python_for(core)), work, ["sanity", "--color", "no", *sys.argv[1:]])
    output = (work / "output.log").read_text(encoding="utf-8", errors="replace")
    findings = [line for line in output.splitlines() if line.startswith(("ERROR:", "FATAL:"))]
    return "\n".join(findings or [f"exit code {code}, see {work / 'output.log'}"]) if code else ""


def main() -> int:
    possible = [core for core in CORES if python_for(core)]
    if not possible:
        print(f"sanity: no Python here runs any of ansible-core {', '.join(CORES)}; install Python 3.11 or newer")
        return 1
    chosen = sorted({possible[0], possible[-1]}, key=list(CORES).index)
    with ThreadPoolExecutor() as pool:
        findings = dict(zip(chosen, pool.map(check, chosen)))
    for core, wrong in findings.items():
        print(f"sanity on ansible-core {core} ({python_for(core).name}): {'FAILED' if wrong else 'passed'}")
        if wrong:
            print(wrong)
    return 1 if any(findings.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

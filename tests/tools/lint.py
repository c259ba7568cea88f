# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All linters but ruff, two at a time: mypy and yamllint, those that want the collection under its real path, and the list of odd words."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import collection_tree
import words

ROOT = Path(__file__).resolve().parents[2]
# The longest first.
COMMANDS = (
    ["ansible-lint", "--offline", "--strict", "-q"],
    ["mypy", "--no-error-summary", "-p", "ansible_collections.alicloud.ecs_access.plugins"],
    ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", "."],
    ["yamllint", "--strict", "."],
    ["antsibull-changelog", "lint"],
    ["reuse", "lint", "--quiet"],
)
IN_PLACE = {"mypy": {"MYPYPATH": str(collection_tree.WORK / "collections")}, "yamllint": {}}


def main() -> int:
    work = collection_tree.WORK / "lint"
    folder = collection_tree.copy(work)
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(work), "ANSIBLE_HOME": str(collection_tree.WORK / "lint-home")}

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        own = IN_PLACE.get(command[0])
        where, variables = (folder, environment) if own is None else (ROOT, {**os.environ, **own})
        return subprocess.run(command, cwd=where, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    failed = []
    with ThreadPoolExecutor(2) as pool:
        for command, done in zip(COMMANDS, pool.map(run, COMMANDS)):
            # Plugins of other collections are not installed here, which is only a warning.
            print("".join(line for line in done.stdout.splitlines(True) if done.returncode or not line.startswith("[WARNING]: Error loading plugin")), end="")
            failed += [command[0]] * bool(done.returncode)
    if words.main([]):
        failed.append(words.LIST.name)
    print(f"lint: {', '.join(failed)} found something" if failed else "lint: clean")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

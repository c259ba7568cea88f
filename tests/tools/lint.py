# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of odd words, and the linters that want the collection under its real path: ansible-lint, antsibull-changelog, antsibull-docs."""

from __future__ import annotations

import os
import subprocess
import sys

import collection_tree
import words

COMMANDS = (
    ["ansible-lint", "--offline", "--strict", "-q"],
    ["antsibull-changelog", "lint"],
    ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", "."],
)


def main() -> int:
    work = collection_tree.WORK / "lint"
    folder = collection_tree.copy(work)
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(work), "ANSIBLE_HOME": str(collection_tree.WORK / "lint-home")}
    failed = [command[0] for command in COMMANDS if subprocess.run(command, cwd=folder, env=environment, check=False).returncode]
    if words.main([]):
        failed.append(words.LIST.name)
    print(f"lint: {', '.join(failed)} found something" if failed else "lint: clean")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

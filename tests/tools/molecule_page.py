# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow docs/molecule.md in an empty folder, outside of the repository, with the wheel of `make wheel`: molecule_page.py [SEQUENCE]

The commands and files are those of the page. The collection is installed from a tarball that is built here, since it may not be
published yet. Not part of `make test`, because it installs packages.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import collection_tree

PAGE = (collection_tree.ROOT / "docs" / "molecule.md").read_text(encoding="utf-8")
_FILE = re.compile(r"^```yaml\n# (\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_COMMANDS = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
_INSTALL = "ansible-galaxy collection install alicloud.ecs_access"


def files() -> dict[str, str]:
    """The files of the page, by their paths."""
    return dict(_FILE.findall(PAGE))


def commands() -> list[str]:
    """What the page asks to type before `molecule test`."""
    return [line.removeprefix("$ ") for block in _COMMANDS.findall(PAGE) for line in block.splitlines() if not line.startswith("$ molecule")]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def main(arguments: list[str]) -> int:
    (wheel,) = (collection_tree.ROOT / "dist").glob("ecs_emulator-*.whl")
    with tempfile.TemporaryDirectory(prefix="molecule-page-") as name:
        folder = Path(name)
        built = collection_tree.copy(folder / "copy")
        subprocess.run(["ansible-galaxy", "collection", "build", "--output-path", folder], cwd=built, check=True, stdout=subprocess.DEVNULL)
        (tarball,) = folder.glob("alicloud-ecs_access-*.tar.gz")
        project = folder / "project"
        for path, text in files().items():
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_text(text, encoding="utf-8")
        (project / "dist").mkdir()
        (project / "dist" / wheel.name).write_bytes(wheel.read_bytes())
        lines = [line.replace(_INSTALL, f"ansible-galaxy collection install {tarball}") for line in commands()]
        kept = {variable: value for variable, value in os.environ.items() if not variable.startswith(("ANSIBLE_", "PYTHON", "ALIBABA_", "MOLECULE_"))}
        # Images that were built once are found again in the cache of this account.
        cache = os.environ.get("ECS_ACCESS_CACHE", str(Path.home() / ".cache" / "ecs-access-images"))
        environment = {**kept, "HOME": str(folder), "ECS_ACCESS_CACHE": cache, "ECS_EMULATOR_PORT": str(free_port())}
        script = "\n".join(["set -eux", *lines, " ".join(["molecule", *(arguments or ["test"])])])
        return subprocess.run(["bash", "-c", script], cwd=project, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

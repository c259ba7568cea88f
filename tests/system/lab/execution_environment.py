# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment of awx/, built by ansible-builder from the collection as users install it.

Its base is made of the Debian 13 instance, since no registry may be at hand: that one stands for the packages of a distribution, not for
those of Red Hat.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml
from ecs_emulator.backends.podman import podman, podman_environment
from lab.controller import BIN

ROOT = Path(__file__).resolve().parents[3]
BASE, IMAGE = "localhost/ecs-access-ee-base:latest", "localhost/ecs-access-ee:latest"
# A build needs no rights that a sandbox may lack, asks no registry, and leaves no images of its steps.
BUILD = ("--isolation=chroot", "--network=host", "--pull=never", "--layers=false")
_BASE = """FROM localhost/ecs-access-debian13:latest
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates python3-pip python3-venv && apt-get purge --yes openssh-client
COPY pip.conf /etc/pip.conf
COPY ca.pem /etc/ssl/certs/ca-certificates.crt
"""
_PIP = "[global]\nbreak-system-packages = true\ncert = /etc/ssl/certs/ca-certificates.crt\n"


def build(folder: Path, tools: Path) -> str:
    """The image's name; I(tools) has ansible-builder."""
    context = folder / "base"
    context.mkdir()
    (context / "Containerfile").write_text(_BASE)
    (context / "pip.conf").write_text(_PIP)
    shutil.copyfile("/etc/ssl/certs/ca-certificates.crt", context / "ca.pem")
    podman("build", *BUILD, "--tag", BASE, str(context), timeout=540)
    _run([BIN / "ansible-galaxy", "collection", "build", "--output-path", folder, ROOT], folder)
    (artifact,) = folder.glob("alicloud-ecs_access-*.tar.gz")
    (folder / "definition.yml").write_text(yaml.safe_dump(_definition(artifact)))
    command = [tools / "ansible-builder", "build", "--file", folder / "definition.yml", "--context", folder / "context", "--tag", IMAGE]
    _run([*command, "--container-runtime", "podman", f"--extra-build-cli-args={' '.join(BUILD)}"], folder)
    return IMAGE


def remove() -> None:
    """Both images."""
    podman("rmi", "--ignore", "--force", IMAGE, BASE)


def _definition(artifact: Path) -> dict[str, Any]:
    """The one that users get, on the other base, with the collection from a file instead of Galaxy."""
    definition = yaml.safe_load((ROOT / "awx" / "execution-environment.yml").read_text())
    definition["images"]["base_image"]["name"] = BASE
    assert definition["dependencies"]["galaxy"] == {"collections": [{"name": "alicloud.ecs_access"}]}
    definition["dependencies"]["galaxy"] = {"collections": [{"name": f"/build/collections/{artifact.name}", "type": "file"}]}
    definition["additional_build_files"] = [{"src": str(artifact), "dest": "collections"}]
    # Debian has its own pip, and no other may be put beside it.
    definition["options"] = {"package_manager_path": "/usr/bin/apt-get", "skip_pip_install": True}
    return definition


def _run(command: list[Any], folder: Path) -> None:
    log = folder / f"{Path(command[0]).name}.log"
    with open(log, "wb") as out:
        done = subprocess.run(list(map(str, command)), cwd=folder, env=podman_environment(), stdout=out, stderr=out, timeout=900, check=False)
    assert done.returncode == 0, log.read_text(errors="replace")[-4000:]

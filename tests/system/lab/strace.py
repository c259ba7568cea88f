# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""strace for an instance: this machine's program with the libraries and the loader that it needs, whatever system the instance is."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from lab.instance import Instance

FOLDER = "/run/lab-strace"


def put_strace(instance: Instance) -> list[str]:
    """Copy strace into the instance and answer the command that runs it there."""
    program = shutil.which("strace")
    assert program, "strace is not installed: run tests/tools/prepare as root, or install the package strace"
    listing = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    libraries = [Path(path) for path in re.findall(r"(/\S+)", listing)]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in [Path(program), *libraries]:
            archive.add(path.resolve(), arcname=path.name)
    done = instance.run(f"mkdir -p {FOLDER} && tar -C {FOLDER} -x", stdin=buffer.getvalue())
    assert done.returncode == 0, done.stderr
    (loader,) = [path.name for path in libraries if path.name.startswith("ld-")]
    return [f"{FOLDER}/{loader}", "--library-path", FOLDER, f"{FOLDER}/strace"]

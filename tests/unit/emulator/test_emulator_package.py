# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wheel that others install: complete, and at home outside the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

EMULATOR = Path(__file__).resolve().parents[2] / "emulator"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder into which the wheel was unpacked, without the checkout beside it."""
    folder = tmp_path_factory.mktemp("package")
    source = shutil.copytree(EMULATOR, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, timeout=120)
    (wheel,) = folder.glob("ecs_emulator-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def run(installed, *arguments):
    environment = dict(os.environ, PYTHONPATH=str(installed))
    command = [sys.executable, "-m", "ecs_emulator", *arguments]
    return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, timeout=60, check=False)


def test_every_file_of_the_checkout_is_in_it(installed):
    kept = {path.relative_to(EMULATOR) for path in EMULATOR.glob("ecs_emulator/**/*") if path.is_file() and "__pycache__" not in path.parts}
    assert {name for name in kept if not (installed / name).is_file()} == set()


def test_it_runs_without_the_checkout(installed, tmp_path):
    (tmp_path / "fleet.yml").write_text("instances:\n  - {name: web, backend: container, image: nobody-has-this}\n")
    done = run(installed, "serve", "--fleet", str(tmp_path / "fleet.yml"), "--state", str(tmp_path / "state"))
    assert done.returncode == 1
    assert "nobody-has-this" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_image_that_nobody_can_build_is_refused(installed):
    done = run(installed, "images", "solaris")
    assert done.returncode == 2
    assert done.stderr.strip() == "Instance images: there is none named solaris; there are debian11, debian12, debian13, el-like."

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the documentation of every plugin and role into docs/build/html."""

from __future__ import annotations

import shutil
import subprocess
import sys

import collection_tree

SOURCE = collection_tree.WORK / "docs" / "rst"
BUILD = collection_tree.ROOT / "docs" / "build"


def main() -> int:
    requirements = collection_tree.ROOT / "docs" / "requirements.txt"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "-r", requirements], check=True)
    shutil.rmtree(SOURCE.parent, ignore_errors=True)
    # antsibull-docs insists on a folder that only its owner may write to.
    SOURCE.mkdir(parents=True, mode=0o755)
    collection = ["--use-current", "--squash-hierarchy", "--cleanup", "everything", "--dest-dir", SOURCE, "alicloud.ecs_access"]
    subprocess.run(["antsibull-docs", "collection", *collection], check=True)
    subprocess.run(["sphinx-build", "-q", "-b", "html", "-c", collection_tree.ROOT / "docs", SOURCE, BUILD / "html"], check=True)
    print(f"docs: open {BUILD / 'html' / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

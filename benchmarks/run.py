# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every benchmark of this folder, one after the other: two at a time would measure each other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    scripts = sorted(path for path in Path(__file__).parent.glob("*.py") if path.name not in ("run.py", "_cloud.py"))
    failed = [path.stem for path in scripts if subprocess.run([sys.executable, path], check=False).returncode]
    print(f"bench: {', '.join(failed)} did not run" if failed else "bench: done")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

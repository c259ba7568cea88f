# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test integration, each target against an embedded cloud of its own. Arguments are names of targets; none means all."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "emulator")]

import ansible_test
import collection_tree
from ecs_emulator.testing import running

TARGETS = TESTS / "integration" / "targets"
# A target keeps about one core busy.
AT_ONCE = 2


def check(target: str) -> int:
    """Run one target; its exit code, 0 when all is well."""
    work = collection_tree.WORK / "integration" / target
    fleet = yaml.safe_load((TESTS / "integration" / "fleet.yml").read_text(encoding="utf-8"))
    with running(fleet) as cloud:
        config = {
            "ecs_endpoint": cloud.endpoint,
            "ecs_access_key_id": cloud.access_key_id,
            "ecs_access_key_secret": cloud.access_key_secret,
            "ecs_region": cloud.region,
        }
        arguments = ["integration", "--color", "no", "--python", f"{sys.version_info[0]}.{sys.version_info[1]}", target]
        code = ansible_test.run(Path(sys.executable), work, arguments, json.dumps(config))
    if code:
        print((work / "output.log").read_text(encoding="utf-8", errors="replace"))
    print(f"integration {target}: {'FAILED' if code else 'passed'}, output in {work / 'output.log'}", flush=True)
    return code


def size(target: str) -> int:
    """Roughly how long a target takes: the longest begin first."""
    return sum(path.stat().st_size for path in (TARGETS / target / "tasks").iterdir())


def main() -> int:
    targets = sorted(sys.argv[1:] or [path.name for path in TARGETS.iterdir()], key=size, reverse=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return max(pool.map(check, targets))


if __name__ == "__main__":
    sys.exit(main())

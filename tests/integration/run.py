# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test integration against the embedded cloud. Arguments are names of targets; none means all."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "emulator")]

import ansible_test
import collection_tree
from ecs_emulator.testing import running


def main() -> int:
    work = collection_tree.WORK / "integration"
    fleet = yaml.safe_load((TESTS / "integration" / "fleet.yml").read_text(encoding="utf-8"))
    with running(fleet) as cloud:
        config = {
            "ecs_endpoint": cloud.endpoint,
            "ecs_access_key_id": cloud.access_key_id,
            "ecs_access_key_secret": cloud.access_key_secret,
            "ecs_region": cloud.region,
        }
        arguments = ["integration", "--color", "no", "--python", f"{sys.version_info[0]}.{sys.version_info[1]}", *sys.argv[1:]]
        code = ansible_test.run(Path(sys.executable), work, arguments, json.dumps(config))
    output = (work / "output.log").read_text(encoding="utf-8", errors="replace")
    if code:
        print(output)
    print(f"integration: {'FAILED' if code else 'passed'}, output in {work / 'output.log'}")
    return code


if __name__ == "__main__":
    sys.exit(main())

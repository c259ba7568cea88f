# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test integration, each target against an embedded cloud of its own.

With ``--pairwise`` once more for each of a few sets of switches (see behaviours.py of the embedded cloud), such that any two switches meet in
all four ways: where nobody knows what the real service does, the collection is right either way.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import yaml

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "emulator")]

import ansible_test
import collection_tree
from ecs_emulator.behaviours import CHOICES
from ecs_emulator.testing import running

TARGETS = TESTS / "integration" / "targets"
# A target keeps about one core busy.
AT_ONCE = 2


def check(target: str, row: str = "", switches: dict[str, str] | None = None) -> int:
    """Run one target; its exit code, 0 when all is well."""
    work = collection_tree.WORK / "integration" / row / target
    fleet = yaml.safe_load((TESTS / "integration" / "fleet.yml").read_text(encoding="utf-8"))
    if switches:
        fleet["behaviours"] = switches
    with running(fleet, tls=True) as cloud:
        config = {
            "ecs_endpoint": cloud.endpoint,
            "ecs_access_key_id": cloud.access_key_id,
            "ecs_access_key_secret": cloud.access_key_secret,
            "ecs_region": cloud.region,
            "ecs_ca_file": cloud.ca_file,
        }
        arguments = ["integration", "--color", "no", "--python", f"{sys.version_info[0]}.{sys.version_info[1]}", target]
        code = ansible_test.run(Path(sys.executable), work, arguments, json.dumps(config))
    if code:
        print((work / "output.log").read_text(encoding="utf-8", errors="replace"))
    print(f"integration {target}{row and ' ' + row}: {'FAILED' if code else 'passed'}, output in {work / 'output.log'}", flush=True)
    return code


def size(target: str) -> int:
    """Roughly how long a target takes: the longest begin first."""
    return sum(path.stat().st_size for path in (TARGETS / target / "tasks").iterdir())


def pairwise() -> list[dict[str, str]]:
    """Sets of switches in which any two switches meet in all four ways, the first set being the defaults.

    A switch is a column of eight zeros and ones. Columns that differ, have four ones and begin with zero meet in all ways: neither holds
    the other nor the other's opposite.
    """
    columns = itertools.combinations(range(1, 8), 4)
    ones = dict(zip(CHOICES, columns, strict=False))
    assert set(ones) == set(CHOICES), "more switches than eight sets can pair: take ten rows, five ones"
    return [{switch: CHOICES[switch][row in rows] for switch, rows in ones.items()} for row in range(8)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all when none is named")
    parser.add_argument("--pairwise", action="store_true", help="under every set of switches")
    options = parser.parse_args()
    targets = sorted(options.targets or [path.name for path in TARGETS.iterdir()], key=size, reverse=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        if not options.pairwise:
            return max(pool.map(check, targets))
        sets = [(f"switches-{number}", switches) for number, switches in enumerate(pairwise())]
        jobs = [pool.submit(partial(check, target, row, switches)) for row, switches in sets for target in targets]
        return max(job.result() for job in jobs)


if __name__ == "__main__":
    sys.exit(main())

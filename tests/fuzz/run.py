# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the collection with the real tools of a real instance, and feeds it lies, for as long as one likes; `make fuzz` calls this."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system"), str(HERE.parent / "emulator"), str(HERE.parents[1] / ".work" / "collections")]

from guest_tools import GuestTools
from hostile_parts import HOSTILE_PARTS
from lab.fleet import running_fleet
from lab.ssh import make_key
from parts import PARTS


def run_part(name: str, tools: Any, seconds: float, most: int, seed: int) -> int:
    """Run one part; print each difference as it comes and one closing line. Answers the number of differences."""
    cases = accepted = differences = batch = 0
    start = time.monotonic()
    while time.monotonic() < start + seconds and cases < most:
        try:
            result = PARTS[name](tools, Random(f"{seed} {batch}"))
        except Exception:  # noqa: BLE001 whatever it is, it is a finding
            print(f"{name}, batch {batch} of seed {seed}, ended early:\n{traceback.format_exc()}", file=sys.stderr)
            return differences + 1
        for difference in result.differences:
            print(f"{name}, batch {batch} of seed {seed}: {difference}", file=sys.stderr, flush=True)
        cases, accepted, differences, batch = cases + result.cases, accepted + result.accepted, differences + len(result.differences), batch + 1
    print(f"{name}: {cases} cases ({accepted} accepted) in {time.monotonic() - start:.0f} s, seed {seed}: {differences} differences", flush=True)
    return differences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", default=list(PARTS), help=", ".join(PARTS) + "; all of them by default")
    parser.add_argument("--image", default="debian12", help="whose tools have the last word")
    parser.add_argument("--seconds", type=float, default=600, help="for each part")
    parser.add_argument("--cases", type=int, default=sys.maxsize, help="for each part; it ends with whichever comes first")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same seed makes the same cases")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error("no such part: " + ", ".join(sorted(unknown)))
    if set(arguments.parts) <= set(HOSTILE_PARTS):
        # These ask no tool of an instance.
        return min(1, sum(run_part(name, None, arguments.seconds, arguments.cases, arguments.seed) for name in arguments.parts))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        fleet = {"instances": [{"name": "fuzz", "backend": "container", "image": arguments.image}]}
        with running_fleet(fleet, path / "fleet", make_key(path, "controller")) as started:
            tools = GuestTools(started["fuzz"].container)
            print("{}: {}".format(arguments.image, ", ".join(tools.versions())), flush=True)
            found = [run_part(name, tools, arguments.seconds, arguments.cases, arguments.seed) for name in arguments.parts]
            tools.close()
    return min(1, sum(found))


if __name__ == "__main__":
    sys.exit(main())

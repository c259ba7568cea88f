# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walk through the worlds from the field by hand: ``python -m worlds.field_run --image debian12 --only 'acl' [--truth]``, from tests/system."""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator, NamedTuple

from worlds import field
from worlds.field_lab import FieldLab


class Visit(NamedTuple):
    """One world as it was found."""

    world: field.World
    outcome: str
    """What a real ssh came to."""
    said: str
    """What it printed, or why the world could not be made."""
    answers: list[field.Answer]
    """What the check says without and with its own login."""


def visit(lab: FieldLab, world: field.World, ask: bool = True, clients: bool = False) -> Visit:
    """Make a world, log in, ask."""
    try:
        with lab.start(world) as instance:
            login = instance.login(world)
            if clients:
                answers = [instance.judge(world, lab.image, login)]
            else:
                answers = instance.check(world, lab.image) if ask else []
            return Visit(world, login.outcome, login.said, answers)
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        return Visit(world, "not made", str(error), [])


def walk(lab: FieldLab, worlds: list[field.World], ask: bool = True, jobs: int = 1, clients: bool = False) -> Iterator[Visit]:
    """Each world that exists on this image, in order."""
    here = [world for world in worlds if not world.images or lab.image in world.images]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda world: visit(lab, world, ask, clients), here)


def main() -> None:
    """The script."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", default="debian12")
    parser.add_argument("--only", default="")
    parser.add_argument("--truth", action="store_true", help="only what a real ssh comes to")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--clients", action="store_true", help="the person's own mistakes")
    parser.add_argument("--save", default="", help="a file to append the answers to")
    parser.add_argument("--jobs", type=int, default=1)
    chosen = parser.parse_args()
    worlds = [world for world in field.load(*["clients_field.yml"] * chosen.clients) if re.search(chosen.only, world.name)]
    lab = FieldLab(chosen.image, Path(tempfile.mkdtemp(prefix="field-")))
    answers: list[field.Answer] = []
    try:
        for world, outcome, said, given in walk(lab, worlds, not chosen.truth, chosen.jobs, chosen.clients):
            expected = world.outcome_on(chosen.image)
            seen = "" if outcome == expected else f"  BUT EXPECTED {expected}"
            print(f"{outcome:14} {world.name}{seen}", flush=True)
            if seen or chosen.verbose:
                print("    " + said.replace("\n", "\n    "), flush=True)
            if chosen.save:
                with open(chosen.save, "a", encoding="utf-8") as file:
                    file.writelines(json.dumps([world.name, outcome, expected, a.prove, a.grade, a.line()]) + "\n" for a in given)
            for answer in given:
                if not answer.is_good:
                    print("    " + answer.line(), flush=True)
            answers += given
    finally:
        lab.close()
    print(field.table({"plain": field.score(a for a in answers if not a.prove), "prove": field.score(a for a in answers if a.prove)}))


if __name__ == "__main__":
    main()

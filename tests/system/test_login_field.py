# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Worlds from the field: each is made, a real ssh shows how it is, and what the check says about all of them is scored.

`pytest tests/system/test_login_field.py --images debian12 -s` prints the tables; one world by hand: `python -m worlds.field_run --only NAME`.
"""

from __future__ import annotations

import concurrent.futures
from typing import Callable, Iterator

import pytest
from worlds import field, sudo_field
from worlds.field_lab import FieldLab
from worlds.field_run import walk

pytestmark = pytest.mark.long

# In percent, of the broken worlds and of the healthy ones, without and with the check's own login. The only place for these numbers.
BROKEN_RIGHT = {"plain": 95, "prove": 95}
BROKEN_UNKNOWN = {"plain": 5, "prove": 5}
BROKEN_TRUE = {"plain": 0, "prove": 0}
HEALTHY_TRUE = {"plain": 70, "prove": 95}
HEALTHY_FALSE = {"plain": 2, "prove": 2}
CLIENTS_RIGHT = 95
SUDO_HONEST = 100
JOBS = 2
# Where every outcome was seen.
IMAGES = ("debian12",)


@pytest.fixture(scope="module")
def get_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], FieldLab]]:
    """get_lab(image)."""
    labs: dict[str, FieldLab] = {}

    def get(image: str) -> FieldLab:
        if image not in labs:
            labs[image] = FieldLab(image, tmp_path_factory.mktemp(image))
        return labs[image]

    yield get
    for lab in labs.values():
        lab.close()


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_said_about_worlds_from_the_field(get_lab: Callable, image: str) -> None:
    visits = list(walk(get_lab(image), field.load(), jobs=JOBS))
    changed = [
        f"{one.world.name}: {one.outcome}, not {one.world.outcome_on(image)}\n{one.said}" for one in visits if one.outcome != one.world.outcome_on(image)
    ]
    assert not changed, "worlds that are no longer what they were:\n" + "\n".join(changed)
    answers = {way: [answer for one in visits for answer in one.answers if answer.prove == (way == "prove")] for way in ("plain", "prove")}
    scores = {way: field.score(given) for way, given in answers.items()}
    report = field.table(scores) + "\n" + "\n".join(answer.line() for given in answers.values() for answer in given if not answer.is_good)
    print(f"\n{report}")
    for way, score in scores.items():
        assert score.broken_share("true") <= BROKEN_TRUE[way], report
        assert score.broken_share("right") >= BROKEN_RIGHT[way], report
        assert score.broken_share("unknown") <= BROKEN_UNKNOWN[way], report
        assert score.healthy_share("true") >= HEALTHY_TRUE[way], report
        assert score.healthy_share("false") <= HEALTHY_FALSE[way], report


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_said_about_mistakes_of_the_person(get_lab: Callable, image: str) -> None:
    visits = list(walk(get_lab(image), field.load("clients_field.yml"), jobs=JOBS, clients=True))
    changed = [f"{one.world.name}: {one.outcome}\n{one.said}" for one in visits if one.outcome != one.world.outcome_on(image)]
    assert not changed, "\n".join(changed)
    answers = [answer for one in visits for answer in one.answers]
    good = [answer for answer in answers if answer.is_good]
    assert 100 * len(good) >= CLIENTS_RIGHT * len(answers), "\n".join(answer.line() for answer in answers if not answer.is_good)


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_said_about_sudo_beside_the_rules_of_others(get_lab: Callable, image: str) -> None:
    lab = get_lab(image)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        heard = list(pool.map(lambda rules: sudo_field.hear(lab, rules), sudo_field.load()))
    changed = [one.line() for one in heard if not one.is_as_written]
    assert not changed, "sudo does something else:\n" + "\n".join(changed)
    honest = [one for one in heard if one.is_honest]
    assert 100 * len(honest) >= SUDO_HONEST * len(heard), "\n".join(one.line() for one in heard if not one.is_honest)

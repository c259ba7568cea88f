# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a world from the field is, and how the answers about many of them are scored.

The worlds are data: ``field_*.yml`` beside this file. Each was met by somebody: in a question, a bug report, a manual, an image.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, Iterable, NamedTuple

import yaml

HERE = Path(__file__).resolve().parent
LOGS_IN, REFUSED, NO_SHELL, NO_CONNECTION = OUTCOMES = ("logs in", "refused", "no shell", "no connection")


class World(NamedTuple):
    """One state of an instance, and of the person who wants to log in."""

    name: str
    outcome: str
    """What a real ssh came to: one of OUTCOMES."""
    setup: str = ""
    """A script that root runs in a fresh instance; see field_lab.PRELUDE for its words."""
    cause: tuple[str, ...] = ()
    """The first cause of a broken login, in the words of the check. More than one where each is an honest name."""
    says: str = ""
    """Where no cause has a name: a pattern that the first finding must match, in its cause or its evidence."""
    client: str = ""
    """A script in the person's folder: their key pair (key), another one (other), and that of a certificate authority (ca)."""
    arguments: str = ""
    """More arguments of the person's ssh."""
    how: str = "command"
    """command, shell (a terminal), or sftp."""
    user: str = "bob"
    key: str = "ed25519"
    offers: str = "key.pub"
    """The file whose line the check is given."""
    port: int = 0
    """The port that the person uses, where it is not the usual one."""
    check: dict[str, Any] = {}
    """Other options of the check."""
    images: tuple[str, ...] = ()
    """Only there; everywhere when empty."""
    differs: dict[str, str] = {}
    """Another outcome on some images."""

    def outcome_on(self, image: str) -> str:
        """What a real ssh comes to there."""
        return self.differs.get(image, self.outcome)


class Answer(NamedTuple):
    """What the check said about one world."""

    world: World
    image: str
    prove: bool
    can_log_in: Any
    findings: list[dict[str, str]]
    proof: str = ""

    @property
    def healthy(self) -> bool:
        """Whether the login works."""
        return self.world.outcome_on(self.image) == LOGS_IN

    @property
    def grade(self) -> str:
        """right, wrong, unknown, true or false."""
        if self.healthy:
            return {True: "true", False: "false"}.get(self.can_log_in, "unknown")
        if self.can_log_in is True:
            return "true"
        if self.can_log_in is not False:
            return "unknown"
        return "right" if self.findings and self._is_named(self.findings[0]) else "wrong"

    @property
    def is_good(self) -> bool:
        """Whether nothing is to be said against it."""
        return self.grade == ("true" if self.healthy else "right")

    def _is_named(self, finding: dict[str, str]) -> bool:
        if finding["cause"] in self.world.cause:
            return True
        return bool(self.world.says) and re.search(self.world.says, f"{finding['cause']} {finding['evidence']}", re.IGNORECASE) is not None

    def line(self) -> str:
        """What was expected and what was said, for a list of mistakes."""
        expected = "true" if self.healthy else f"{'/'.join(self.world.cause) or self.world.says} ({self.world.outcome_on(self.image)})"
        said = "; ".join(f"{f['severity']} {f['cause']}: {f['evidence']}"[:200] for f in self.findings[:2])
        return f"{self.grade:8}{'prove ' if self.prove else 'plain '}{self.world.name}: expected {expected}, was told {self.can_log_in}: {said}" + (
            f" [{self.proof}]" if self.proof else ""
        )


class Score(NamedTuple):
    """How often what was said, of the broken and of the healthy, in percent of each."""

    broken: Counter[str]
    healthy: Counter[str]

    def broken_share(self, grade: str) -> float:
        """Percent of the broken worlds."""
        return 100 * self.broken[grade] / max(1, self.broken.total())

    def healthy_share(self, grade: str) -> float:
        """Percent of the healthy worlds."""
        return 100 * self.healthy[grade] / max(1, self.healthy.total())


def score(answers: Iterable[Answer]) -> Score:
    """The counts."""
    counted = Score(Counter(), Counter())
    for answer in answers:
        (counted.healthy if answer.healthy else counted.broken)[answer.grade] += 1
    return counted


def table(scores: dict[str, Score]) -> str:
    """A table for people: one line for each way of asking."""
    lines = [f"{'':20}{'broken':>8}{'right':>8}{'wrong':>8}{'unknown':>9}{'true':>6}{'healthy':>10}{'true':>6}{'unknown':>9}{'false':>7}"]
    for name, one in scores.items():
        broken, healthy = one.broken, one.healthy
        lines.append(
            f"{name:20}{broken.total():8}{broken['right']:8}{broken['wrong']:8}{broken['unknown']:9}{broken['true']:6}"
            f"{healthy.total():10}{healthy['true']:6}{healthy['unknown']:9}{healthy['false']:7}"
        )
    return "\n".join(lines)


def load(pattern: str = "field_*.yml") -> list[World]:
    """All of them, in the order of the files; those of the person's own mistakes are in clients_field.yml."""
    worlds = [_world(entry) for path in sorted(HERE.glob(pattern)) for entry in yaml.safe_load(path.read_text())]
    doubled = [name for name, count in Counter(world.name for world in worlds).items() if count > 1]
    assert not doubled, f"names of more than one world: {doubled}"
    return worlds


def _world(entry: dict[str, Any]) -> World:
    causes = entry.get("cause", ())
    entry = {**entry, "cause": (causes,) if isinstance(causes, str) else tuple(causes), "images": tuple(entry.get("images", ()))}
    world = World(**entry)
    assert {world.outcome, *world.differs.values()} <= set(OUTCOMES), world
    assert (world.outcome == LOGS_IN) or world.cause or world.says, f"{world.name}: a broken login has a cause"
    return world

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a picture to everything that is concluded from it.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from .accepted import Acceptance, accept
from .compare import compare, first_seen
from .document import Audit
from .finding import in_order
from .judge_instances import find_paths, judge_instances
from .judge_keys import judge_keys
from .judge_people import judge_people
from .picture import Picture


def judge(picture: Picture, before: Picture | None, acceptances: Sequence[Acceptance], now: datetime.datetime) -> Audit:
    """Findings, paths and, where there is an earlier audit, changes."""
    picture = first_seen(before, picture)
    paths = find_paths(picture)
    comparison = compare(before, picture) if before else None
    moved = comparison.moved if comparison else []
    found = [*judge_people(picture), *judge_keys(picture, now), *judge_instances(picture, paths), *moved]
    findings = in_order(accept(found, acceptances, picture.instances, now.date()))
    return Audit(
        picture,
        findings,
        paths,
        before.origin.generated_at if before else None,
        comparison.changes if comparison else None,
        comparison.cells if comparison else frozenset(),
    )

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many instances in one task: each stops for a reason of its own, and in the end the task fails or does not.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, TypeVar

from .._errors import ModuleFailure
from .._text import printable, shorten
from .errors import EcsError

_SHOWN = 5
LONGEST = 1000
"""Characters of a reason, which can hold text of a guest or of the API."""


class Problem(NamedTuple):
    """Why an instance is left alone or not finished. I(reason) is for programs, I(why) and I(remedy) are clauses for people."""

    reason: str
    why: str
    remedy: str = ""

    @property
    def msg(self) -> str:
        return "%s; %s" % (self.why, self.remedy) if self.remedy else self.why


class Item:
    """One instance of the task. Once it has failed it keeps its first reason."""

    def __init__(self, instance_id: str) -> None:
        self.instance_id = instance_id
        self.name: Optional[str] = None
        self.problem: Optional[Problem] = None
        self.failure: Optional[Dict[str, str]] = None

    @property
    def failed(self) -> bool:
        return self.problem is not None

    @property
    def msg(self) -> str:
        """Why it failed."""
        return self.problem.msg if self.problem else ""

    def stop(self, problem: Optional[Problem]) -> None:
        if self.problem is None and problem is not None:
            self.problem = problem._replace(why=shorten(printable(problem.why), LONGEST))

    def stop_by_api(self, why: str, failure: Dict[str, str]) -> None:
        """The API refused it."""
        if self.problem is None:
            self.failure = failure
            self.problem = Problem("api", shorten(printable(why), LONGEST))

    def stop_by_error(self, error: EcsError) -> None:
        self.stop_by_api(error.text, error.to_dict())


SomeItem = TypeVar("SomeItem", bound=Item)


def open_items(items: Sequence[SomeItem]) -> List[SomeItem]:
    """Those that have not failed."""
    return [item for item in items if not item.failed]


def ids_of(items: Sequence[Item]) -> List[str]:
    return [item.instance_id for item in items]


class Actions:
    """What is done in a task, each kind with the instances that it is done to."""

    def __init__(self) -> None:
        self._done: Dict[str, List[str]] = {}

    def add(self, action: str, *instance_ids: str) -> None:
        self._done.setdefault(action, []).extend(instance_ids)

    def to_list(self) -> List[Dict[str, Any]]:
        return [{"action": action, "instance_ids": list(ids)} for action, ids in self._done.items()]


def fails(failed: int, total: int, fail_on: str) -> bool:
    """Whether the task as a whole fails."""
    return {"any": failed > 0, "all": total > 0 and failed == total, "never": False}[fail_on]


def conclude(items: Sequence[Item], fail_on: str, result: Mapping[str, Any]) -> Dict[str, Any]:
    """The result; raises ModuleFailure with it if too many instances failed."""
    failed = [item for item in items if item.failed]
    if not fails(len(failed), len(items), fail_on):
        return dict(result)
    failures = [{"failure": item.failure} for item in failed if item.failure]
    raise ModuleFailure(_summarise(failed, len(items)), **dict(result, **(failures or [{}])[0]))


def _summarise(failed: Sequence[Item], total: int) -> str:
    parts = ["%s%s: %s" % (item.instance_id, " (%s)" % item.name if item.name else "", item.msg) for item in failed[:_SHOWN]]
    rest = "; and %d more" % (len(failed) - _SHOWN) if len(failed) > _SHOWN else ""
    return "%d of %d instances failed. %s%s" % (len(failed), total, "; ".join(parts), rest)

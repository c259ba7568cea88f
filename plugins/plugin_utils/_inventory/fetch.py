# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the instances of many regions with as many calls at a time as are allowed, and (almost) no more calls than pages.

The API has two ways to page. Numbered pages can be read at the same time, but shift when an instance comes or goes meanwhile,
and they are being retired. Tokens are exact, one after the other. So numbered pages are read first and believed only when they
add up to the number of instances that the API itself states; if they don't, or are refused, the tokens decide.

How many pages there are is in the first answer. If that takes its time and calls are left to make, the second page is asked for
meanwhile: one call too many where there is none, but a round trip less where there are fifty.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import re
import typing as t
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.answer import items_of, word_of
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import BAD_ANSWER, EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import Instance, read_instance
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.session import MOST_PAGES, bodies_by_token
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_region
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

PAGE = 100
PATIENCE = 0.25  # seconds
_BY_TOKEN = 0  # stands where a page number would, for all pages at once

Raw = dict[str, t.Any]
Call = t.Callable[[str, t.Mapping[str, t.Any]], Raw]
Task = t.Callable[[], t.Any]


class Listing(t.NamedTuple):
    """C(errors): region -> why nothing is known of it. I(is_empty): of no region anything is."""

    instances: list[Instance]
    errors: dict[str, EcsError]
    is_empty: bool


def read_regions(client: EcsClient, regions: t.Sequence[str], queries: t.Sequence[t.Mapping[str, t.Any]]) -> Listing:
    """Ask the regions, of which C(all) stands for every one that the account can use."""
    refused: dict[str, EcsError] = {}
    if "all" in regions:
        named = [word_of(region.get("RegionId")) for region in client.describe_regions()]
        refused = {printable(name): EcsError("DescribeRegions", BAD_ANSWER, "that is not a region id") for name in named if not is_region(name)}
        regions = [name for name in named if is_region(name)]
    listing = read_instances({region: client.in_region(region).call for region in regions}, queries, client.settings.api_concurrency)
    return listing._replace(errors={**refused, **listing.errors})


def read_instances(calls: t.Mapping[str, Call], queries: t.Sequence[t.Mapping[str, t.Any]], concurrency: int) -> Listing:
    """Ask every region in I(calls) every query. An instance that several queries find is listed once."""
    reads = [_Read(region, call, query) for region, call in calls.items() for query in queries]
    with ThreadPoolExecutor(max_workers=concurrency) as pool:
        waiting: dict[Future[t.Any], _Read] = {}
        for read in reads:
            waiting.update({pool.submit(task): read for task in read.start()})
        if not wait(waiting, timeout=PATIENCE, return_when=FIRST_COMPLETED).done:
            for read in reads[: max(0, concurrency - len(waiting))]:
                waiting.update({pool.submit(task): read for task in read.ask_ahead()})
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                read = waiting.pop(future)
                waiting.update({pool.submit(task): read for task in read.finish(future)})
    errors = {read.region: read.error for read in reads if read.error}
    found = {each.instance_id: each for read in reads if read.region not in errors for each in read.instances}
    return Listing(list(found.values()), errors, len(errors) == len(calls))


class _Read:
    """One query in one region. Its methods hand out tasks for the pool and take their results; they run in one thread, which
    turns each page into records while others are still under way.
    """

    def __init__(self, region: str, call: Call, query: t.Mapping[str, t.Any]) -> None:
        self.region = region
        self.error: EcsError | None = None
        self._call = call
        self._query = query
        self._pages: dict[int, list[Instance]] = {}
        self._totals: set[int] = set()
        self._asked_for = 1
        self._under_way = 0

    @property
    def instances(self) -> list[Instance]:
        return [each for number in sorted(self._pages) for each in self._pages[number]]

    def start(self) -> list[Task]:
        return self._hand_out([lambda: self._read_page(1)])

    def ask_ahead(self) -> list[Task]:
        """The second page, though nobody knows yet whether there is one."""
        self._asked_for = 2
        return self._hand_out([self._read_page_ahead])

    def finish(self, future: Future[t.Any]) -> list[Task]:
        """Take the result of one task; returns the tasks that follow from it."""
        self._under_way -= 1
        try:
            number, items, total = future.result()
        except EcsError as error:
            if "Page" not in error.code:
                self.error = self.error or error
                return []
            # Numbered pages are refused.
            number, items, total = 1, [], -1
        self._pages[number] = [read_instance(item, self.region) for item in items]
        if number == _BY_TOKEN:
            return []
        if total is not None:
            self._totals.add(total)
        following: list[Task] = []
        if number == 1:
            following = [self._page_task(page) for page in range(self._asked_for + 1, -(-total // PAGE) + 1)]
        if not following and self._under_way == 0 and not self.error and not self._adds_up():
            self._pages = {}
            following = [self._read_by_token]
        return self._hand_out(following)

    def _hand_out(self, tasks: list[Task]) -> list[Task]:
        self._under_way += len(tasks)
        return tasks

    def _adds_up(self) -> bool:
        return self._totals == {len({each.instance_id for each in self.instances})}

    def _page_task(self, number: int) -> Task:
        return lambda: self._read_page(number)

    def _read_page_ahead(self) -> tuple[int, list[Raw], int | None]:
        try:
            return self._read_page(2)
        except EcsError:
            # If it is missed, the sum will tell.
            return 2, [], None

    def _read_page(self, number: int) -> tuple[int, list[Raw], int]:
        body = self._call("DescribeInstances", dict(self._query, PageNumber=number, PageSize=PAGE))
        return number, _instances(body), _total(body)

    def _read_by_token(self) -> tuple[int, list[Raw], int]:
        bodies = bodies_by_token(self._call, "DescribeInstances", dict(self._query, MaxResults=PAGE))
        return _BY_TOKEN, [each for body in bodies for each in _instances(body)], -1


def _instances(body: Raw) -> list[Raw]:
    return [item for item in items_of(body, "Instances", "Instance") if item.get("InstanceId")]


def _total(body: Raw) -> int:
    """How many there are by the API's own count; -1 if it gives none, or more than there can be."""
    total = word_of(body.get("TotalCount"))
    return int(total) if re.match(r"[0-9]{1,9}\Z", total) and int(total) <= MOST_PAGES * PAGE else -1

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paging and regions, against a scripted API that counts and, where asked to, misbehaves."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.fetch import read_instances


class Api:
    """DescribeInstances over a list of ids, with both ways to page."""

    def __init__(self, ids, numbered=True, refuse=None):
        self.ids = list(ids)
        self.numbered = numbered
        self.refuse = refuse or {}
        self.requests = []
        self.before_page = {}

    def call(self, action, params):
        assert action == "DescribeInstances"
        self.requests.append(dict(params))
        if "PageNumber" in params:
            return self._page(params)
        start = int(params["NextToken"] or 0)
        end = start + params["MaxResults"]
        return self._body(self.ids[start:end], TotalCount=0, NextToken=str(end) if end < len(self.ids) else "")

    def _page(self, params):
        number, size = params["PageNumber"], params["PageSize"]
        if not self.numbered:
            raise EcsError("DescribeInstances", "InvalidParameter.PageNumber", "retired", status=400)
        if number in self.refuse:
            raise self.refuse[number]
        self.before_page.get(number, lambda: None)()
        return self._body(self.ids[(number - 1) * size : number * size], TotalCount=len(self.ids))

    @staticmethod
    def _body(ids, **fields):
        return dict(fields, Instances={"Instance": [{"InstanceId": item} for item in ids]})


def ids(count, prefix="i"):
    return [f"{prefix}-{number}" for number in range(count)]


def read(*apis, queries=({},), concurrency=8):
    return read_instances({f"region-{number}": api.call for number, api in enumerate(apis)}, queries, concurrency)


def found(listing):
    return [each.instance_id for each in listing.instances]


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3), (5000, 50)])
def test_all_instances_with_no_more_calls_than_pages(count, calls):
    api = Api(ids(count))
    assert found(read(api)) == ids(count)
    assert len(api.requests) == calls


def test_pages_are_read_at_the_same_time():
    api = Api(ids(500))
    meet = threading.Barrier(4, timeout=10)
    api.before_page = {number: meet.wait for number in (2, 3, 4, 5)}
    assert len(found(read(api, concurrency=4))) == 500


def slow_first_page(api):
    asked_ahead = threading.Event()
    api.before_page = {1: lambda: asked_ahead.wait(10), 2: asked_ahead.set}
    return api


@pytest.mark.parametrize(("count", "calls"), [(5000, 50), (150, 2), (100, 2), (0, 2)])
def test_the_second_page_is_asked_for_while_the_first_takes_its_time(count, calls):
    api = slow_first_page(Api(ids(count)))
    assert found(read(api)) == ids(count)
    assert len(api.requests) == calls


@pytest.mark.parametrize("count", [250, 100])
def test_a_second_page_that_fails_ahead_of_time_costs_nothing(count):
    api = slow_first_page(Api(ids(count)))
    fail = EcsError("DescribeInstances", "InternalError", "no", status=500)
    page = api._page

    def refuse_second(params):
        body = page(params)
        if params["PageNumber"] == 2:
            raise fail
        return body

    api._page = refuse_second
    listing = read(api)
    assert (found(listing), listing.errors) == (ids(count), {})


def test_nothing_is_asked_ahead_when_all_calls_are_taken():
    api = slow_first_page(Api(ids(3)))
    api.before_page[1] = lambda: threading.Event().wait(0.2)
    assert len(found(read(api, concurrency=1))) == 3
    assert len(api.requests) == 1


def test_an_instance_that_went_during_the_listing_costs_none_of_the_others():
    # Page 2 shifts by one when an instance of page 1 goes; numbered pages alone would lose i-100.
    api = Api(ids(250))
    api.before_page = {2: lambda: api.ids.remove("i-3") if "i-3" in api.ids else None}
    assert found(read(api, concurrency=1)) == [item for item in ids(250) if item != "i-3"]


def test_an_instance_that_came_during_the_listing_is_listed_once():
    api = Api(ids(250))
    api.before_page = {2: lambda: api.ids.insert(0, "i-new") if "i-new" not in api.ids else None}
    assert found(read(api, concurrency=1)) == ["i-new", *ids(250)]


def test_tokens_serve_where_numbered_pages_are_refused():
    api = Api(ids(250), numbered=False)
    assert found(read(api)) == ids(250)
    assert len(api.requests) == 4


def test_tokens_serve_where_the_count_is_missing():
    api = Api(ids(250))
    api._page = lambda params: api._body(api.ids[:100])
    assert found(read(api)) == ids(250)


def test_regions_and_queries_are_put_together_and_nothing_is_listed_twice():
    one, two = Api(ids(150, "a")), Api(ids(120, "b"))
    listing = read(one, two, queries=({}, {"Status": "Running"}))
    assert sorted(found(listing)) == sorted(ids(150, "a") + ids(120, "b"))
    assert {each.region for each in listing.instances if each.instance_id.startswith("b")} == {"region-1"}
    assert sorted(request.get("Status", "") for request in two.requests) == ["", "", "Running", "Running"]


@pytest.mark.parametrize("page", [1, 3])
def test_a_region_that_fails_is_reported_and_shows_none_of_its_instances(page):
    error = EcsError("DescribeInstances", "Forbidden.RAM", "no", status=403)
    broken, good = Api(ids(400, "a"), refuse={page: error}), Api(ids(2, "b"))
    listing = read(broken, good)
    assert found(listing) == ["b-0", "b-1"]
    assert listing.errors == {"region-0": error}


def test_entries_without_an_id_are_no_instances():
    api = Api([])
    api.call = lambda action, params: {"TotalCount": 1, "Instances": {"Instance": [{"InstanceId": "i-1"}, {}, None]}}
    assert found(read(api)) == ["i-1"]

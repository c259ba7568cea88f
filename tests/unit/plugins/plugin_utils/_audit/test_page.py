# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""access.html: one file that asks nobody for anything, in which no text of others is markup or script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.page import as_json, render_page
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.page_data import PageData

from .fleet import account, audit_of, big_fleet, host, key_method, small_fleet, team_of

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028\u2029<!--]]>@script@@data@"
MOST_BYTES = 1_500_000


class Document(HTMLParser):
    """The elements of a page, and the texts of those that hold data or code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.elements and self.elements[-1][0] in ("script", "style"):
            self.texts.append((self.elements[-1][0], data))

    def handle_endtag(self, tag):
        self.elements.append(("/" + tag, {}))


@pytest.fixture(scope="module")
def page():
    return render_page(small_fleet())


def texts(page: str) -> list[str]:
    """Style, data and script."""
    return re.findall(r"<(?:style|script|script type=\"application/json\" id=\"data\")>(.*?)</(?:style|script)>", page, re.DOTALL)


def test_only_this_script_and_this_style_run(page):
    style, _data, script = texts(page)
    digests = ["sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)]
    policy = next(attrs["content"] for tag, attrs in Document(page).elements if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; script-src '{digests[0]}'; style-src '{digests[1]}'; base-uri 'none'; form-action 'none'"


def test_nothing_is_asked_of_anybody(page):
    elements = Document(page).elements
    assert [tag for tag, _attrs in elements if tag in ("link", "img", "iframe", "object", "embed", "base", "audio", "video", "source")] == []
    assert [attrs for _tag, attrs in elements if set(attrs) & {"src", "srcset", "action", "formaction", "data", "ping", "style"}] == []
    assert [name for _tag, attrs in elements for name in attrs if name.startswith("on")] == []
    assert [attrs["href"] for _tag, attrs in elements if "href" in attrs and not attrs["href"].startswith("#")] == []
    style, _data, script = texts(page)
    assert "url(" not in style and "@import" not in style
    assert not re.search(r"fetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import\(|\.src\b|https?:", script)


def test_texts_become_texts(page):
    script = texts(page)[2]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|new RegExp|DOMParser|querySelector", script)


def test_the_policy_comes_before_everything_that_it_is_about(page):
    assert page.index("Content-Security-Policy") < page.index("<style>")


@pytest.mark.parametrize("char", ["<", ">", "&", "\u2028", "\u2029"])
def test_the_data_cannot_end_its_element(char):
    text = as_json({"a": f"x{char}y"})
    assert char not in text
    assert json.loads(text) == {"a": f"x{char}y"}


def test_a_hostile_fleet_is_data():
    answer = host(
        accounts=[account("root", 0), account("<b>bob", 1001)],
        login_methods=[key_method("root", comment=HOSTILE, source=HOSTILE), key_method("<b>bob", "x", options=[HOSTILE], why=HOSTILE)],
        at_next_boot=[HOSTILE],
        unread=[{"what": HOSTILE, "why": HOSTILE}],
    )
    audit = audit_of({"web-<script>1": answer}, team_of(accounts=[{"name": "anna"}]), {"web-<script>1": ("g<i>",)})
    hostile, plain = render_page(audit), render_page(small_fleet())
    assert [tag for tag, _attrs in Document(hostile).elements] == [tag for tag, _attrs in Document(plain).elements]
    _style, data, script = texts(hostile)
    assert script == texts(plain)[2]
    assert "</script><img src=x onerror=alert(1)>??<!--]]>@script@@data@" in json.loads(data)["texts"]


def test_every_text_is_in_the_data_once(page):
    data = json.loads(texts(page)[1])
    assert len(data["texts"]) == len(set(data["texts"]))
    assert {person[0] for person in data["people"]} >= {"anna", "emil", "root"}
    assert data["about"]["seen"] == 11 and data["about"]["expected"] == 12


def test_one_instance_cannot_hide_the_findings_of_others():
    many = host(accounts=[account("root", 0)], login_methods=[key_method("root", f"made up {index}", index) for index in range(6000)])
    few = host(accounts=[account("root", 0)], login_methods=[key_method("root", "stranger")])
    data = PageData(audit_of({"a": many, "b": few}, team_of(accounts=[{"name": "anna"}]))).render()
    unknown = [finding[3] for finding in data["findings"] if data["kinds"][finding[0]][0] == "unknown_key"]
    assert (unknown.count(0), unknown.count(1)) == (50, 1)
    assert data["more"] >= 5950


def test_cells_are_numbers_that_lead_back():
    audit = small_fleet()
    data = PageData(audit).render()
    read = set()
    for name, _kind, _team, _owner, shapes, numbers in data["people"]:
        at, instance = 0, 0
        while at < len(numbers):
            instance += numbers[at]
            shape = shapes[numbers[at + 1]]
            for account_ in shape[4]:
                read.add((name, data["instances"][instance][0], data["texts"][account_[0]], account_[1]))
            at += 2 + sum(len(account_[7]) for account_ in shape[4])
    rights = ["none", "login", "some", "root"]
    names = {instance.id: instance.name for instance in audit.picture.instances.values()}
    assert read == {(entry.person, names[entry.instance], entry.account, rights.index(entry.right)) for entry in audit.picture.entries}


def test_three_hundred_people_on_two_thousand_instances_are_small():
    assert len(render_page(big_fleet()).encode()) < MOST_BYTES

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts are called."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.names import choose_names, find_clashes, find_problem

PATTERN = "it could be read as a pattern for other hosts"
PATH = "it could be read as a path"
CONTROL = "it has control characters or outer blanks"
OWN = "Ansible gives the name a meaning of its own"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param("web-1.prod_a", None, id="plain"),
        pytest.param("数据库-1", None, id="letters of any script"),
        pytest.param("{{ lookup('pipe', 'id') }}", None, id="a template is only text"),
        pytest.param("web one", None, id="inner blank"),
        pytest.param("localhost", OWN, id="localhost: tasks delegated there would run on the instance"),
        pytest.param("LocalHost", OWN, id="localhost in any spelling"),
        pytest.param("127.0.0.1", OWN, id="loopback"),
        pytest.param("all", OWN, id="all"),
        pytest.param("db", "a group has the same name", id="a group"),
        pytest.param("../../etc/x", PATH, id="parent folders"),
        pytest.param("..", PATH, id="dots"),
        pytest.param("a\\b", PATH, id="backslash"),
        pytest.param("web\nhacked", CONTROL, id="newline"),
        pytest.param("web\x1b[31m", CONTROL, id="escape sequence"),
        pytest.param("web\u202egnp", CONTROL, id="text that runs backwards"),
        pytest.param(" web", CONTROL, id="outer blank"),
        pytest.param("web[0:9]", PATTERN, id="range"),
        pytest.param("web*", PATTERN, id="wildcard"),
        pytest.param("!web", PATTERN, id="exclusion"),
        pytest.param("~web.+", PATTERN, id="regular expression"),
        pytest.param("@hosts", PATTERN, id="file of hosts"),
        pytest.param("-e", PATTERN, id="option"),
        pytest.param("web:db", PATTERN, id="two hosts, old style"),
        pytest.param("x,prod", PATTERN, id="two hosts"),
        pytest.param("x y(), prod", PATTERN, id="two hosts, one of them odd"),
    ],
)
def test_problem(name, problem):
    assert find_problem(name, {"db"}) == problem


def test_best_name_wins():
    chosen = choose_names({"i-1": ["web", "i-1"], "i-2": [], "i-3": ["all", "db", "i-3"]}, ())
    assert chosen.names == {"i-1": "web", "i-2": "i-2", "i-3": "db"}
    assert chosen.warnings == [f"Hosts go by their instance ids instead of these names, because {OWN}: 'all' (i-3)"]


def test_a_name_of_several_instances_goes_to_none_of_them_in_any_order():
    candidates = {"i-1": ["web"], "i-2": ["web"], "i-3": ["db"]}
    expected = {"i-1": "i-1", "i-2": "i-2", "i-3": "db"}
    assert choose_names(candidates, ()).names == expected
    assert choose_names(dict(reversed(candidates.items())), ()).names == expected
    assert choose_names(candidates, ()).warnings == [
        "Hosts go by their instance ids instead of these names, because another instance has the same name: 'web' (i-1), 'web' (i-2)"
    ]


def test_nobody_gets_the_id_of_another_instance():
    chosen = choose_names({"i-1": ["i-2"], "i-2": ["i-2"]}, ())
    assert chosen.names == {"i-1": "i-1", "i-2": "i-2"}


def test_all_names_differ_whatever_they_are():
    names = ["a", "b", "i-0", "i-1", "all", ""]
    for one in names:
        for two in names:
            for three in names:
                chosen = choose_names({"i-0": [one or "x"], "i-1": [two or "x"], "i-2": [three or "x"]}, {"b"})
                assert len(set(chosen.names.values())) == 3, (one, two, three)


def test_warnings_are_printable_and_short():
    warnings = choose_names({f"i-{number}": ["\x1b[2Jx"] for number in range(9)}, ()).warnings
    assert len(warnings) == 1
    assert warnings[0].isprintable()
    assert warnings[0].endswith(" and 6 more")


def test_a_host_of_another_source_keeps_its_name_and_variables():
    chosen = choose_names({"i-1": ["db-1", "i-1"], "i-2": ["web"]}, (), taken={"db-1"})
    assert chosen.names == {"i-1": "i-1", "i-2": "web"}
    assert chosen.warnings == ["Hosts go by their instance ids instead of these names, because another inventory source has a host of that name: 'db-1' (i-1)"]


def test_a_name_that_differs_from_anothers_by_case_only_is_taken():
    chosen = choose_names({"i-1": ["Legacy"], "i-2": ["LEGACY2"], "i-3": ["web"]}, (), {"legacy", "Web2"})
    assert chosen.names == {"i-1": "i-1", "i-2": "LEGACY2", "i-3": "web"}
    assert find_clashes({"i-1": ["Legacy"], "i-2": ["web"]}, {"legacy"}) == ["Legacy"]

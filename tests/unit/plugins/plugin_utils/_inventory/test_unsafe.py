# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from the API is never evaluated, on any core."""

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory import unsafe
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.unsafe import mark_unsafe

HOSTILE = "{{ lookup('pipe', 'id') }}"


def evaluate(expression, **variables):
    templar = Templar(loader=DataLoader(), variables=variables)
    if hasattr(templar, "evaluate_expression"):
        from ansible.template import trust_as_template

        return templar.evaluate_expression(trust_as_template(expression))
    return templar.template("{{ %s }}" % expression)


@pytest.mark.parametrize(
    "expression",
    ["name", "tags.role", "tags[name]", "[name, 'x'][0]", "name ~ ''", "items[0]", "'{' ~ inner ~ '}'"],
)
def test_stays_text(expression):
    value = {
        "name": HOSTILE,
        "tags": {"role": HOSTILE, HOSTILE: HOSTILE},
        "items": [HOSTILE],
        "inner": HOSTILE[1:-1],
    }
    assert evaluate(expression, **mark_unsafe(value)) == HOSTILE


@pytest.mark.parametrize("value", ["web-1", "2001:db8::1", "a b", "数据库", "", 5, None, ["x"], {"a": "b"}])
def test_plain_values_stay_what_they_are(value):
    marked = mark_unsafe(value)
    assert marked == value
    assert type(marked) is type(value)


@pytest.mark.parametrize("text", [HOSTILE, "lookup('pipe', 'id')", "x | y", "{", "a\nb", "'quoted'", "$(id)", "a\n"])
def test_everything_that_could_mean_something_is_marked_where_text_is_evaluated(text):
    if unsafe._wrap is None:
        # Newer cores evaluate only what is marked as trusted.
        assert not hasattr(mark_unsafe(text), "__UNSAFE__")
        return
    assert hasattr(mark_unsafe(text), "__UNSAFE__")
    assert all(hasattr(item, "__UNSAFE__") for pair in mark_unsafe({text: text}).items() for item in pair)

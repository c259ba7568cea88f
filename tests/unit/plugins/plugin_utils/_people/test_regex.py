# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions with a bounded cost agree with Python's, and refuse what they cannot bound."""

from __future__ import annotations

import re
import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.regex import LinearRegex, RegexRefused

TEXTS = ["", "web1", "web-ab", "web-abab", "wyz", "xx", "bcc", "acc", "abc", "web-x", "db", "WEB21", "ababc", "a\nb", "tag_env_prod", "äb"]


@pytest.mark.parametrize(
    "pattern",
    [r"web\d+", r"^web-(a|b){2,3}$", "[^x]+y?z", "(?i)WEB.*1$", "a?b*?c{2}", r"\w+-\D", "", "web|db", "(?:a|b)+c", "[a-c]{1,}", "a.b", "(?s)a.b", r"[\w-]+"],
)
def test_a_match_is_python_s(pattern):
    regex = LinearRegex(pattern)
    assert [regex.match(text) for text in TEXTS] == [re.match(pattern, text) is not None for text in TEXTS]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(a?){30}a{30}b", "a*a*a*a*a*a*b", "(.*)(.*)(.*)(.*)x"])
def test_no_text_makes_a_match_slow(pattern):
    began = time.monotonic()
    LinearRegex(pattern).match("a" * 500 + "!")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "(?=a)b", r"\bweb", "a{1,500}", "((a{100}){100}){100}", "[z-a]"])
def test_what_cannot_be_bounded_is_refused(pattern):
    with pytest.raises(RegexRefused):
        LinearRegex(pattern)

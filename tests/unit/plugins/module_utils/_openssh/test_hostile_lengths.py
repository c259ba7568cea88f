# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account can write takes time in proportion to its length: nothing is tried twice."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import parse_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.key_options import KeyOptionsError, check_options, same_options
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.patterns import match_host_list, match_word

KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHmOVHLYjRb/ZCUlrdiQxHEtRp+9A5wOeWnghpH/rwYB"
pytestmark = pytest.mark.usefixtures("soon")
MANY = 400000


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        pytest.param(KEY + b" " * MANY, "key", id="blanks behind the key"),
        pytest.param(KEY + b" " + b"a \t" * MANY, "key", id="blanks within the comment"),
        pytest.param(b"ssh-ed25519" + b" \t" * MANY, "unknown", id="blanks instead of a key"),
        pytest.param(b"a," * MANY + b"a " + KEY, "key", id="options"),
        pytest.param(b'a="' + b'\\"' * MANY + b'" ' + KEY, "key", id="quotes in a value"),
        pytest.param(b'"' * (MANY + 1) + b" " + KEY, "unknown", id="quotes, one of them open"),
        pytest.param(b"a" * MANY, "unknown", id="one word"),
        pytest.param(b"ssh-rsa " + b"A" * 4 * MANY, "unknown", id="a key of nothing but empty numbers"),
    ],
)
def test_lines_of_key_files(line, kind):
    (parsed,) = parse_key_file(line + b"\n")
    assert parsed.kind == kind


@pytest.mark.parametrize("word", ["*" * 20 + "X", "*a" * 100 + "*X", "*" + "?*" * 100 + "X", "a*" * 100 + "X"])
def test_patterns_with_stars(word):
    assert not match_word("a" * 3000, word)
    assert match_word("a" * 3000 + "X", word)


def test_lists_of_patterns():
    assert match_host_list("192.0.2.1", ",".join(["*" * 20 + "X"] * 50000)) is False


def test_options_are_compared():
    assert not same_options("a," * MANY, "restrict")
    assert same_options("a," * MANY, "a," * MANY)


def test_numbers_of_many_digits():
    for option in ('permitopen="h:%s"', 'tunnel="%s"'):
        with pytest.raises(KeyOptionsError):
            check_options(option % ("9" * 5000), "key")
    assert check_options('permitopen="h:%s80"' % ("0" * 5000), "key")

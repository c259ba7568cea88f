# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of key lines."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.key_options import (
    KeyOption,
    KeyOptionsError,
    parse_options,
    same_options,
    unknown_options,
)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", []),
        ("restrict", [KeyOption("restrict")]),
        ("restrict,pty", [KeyOption("restrict"), KeyOption("pty")]),
        ('command="a,b c"', [KeyOption("command", "a,b c")]),
        ('command="say \\"hi\\"",no-pty', [KeyOption("command", 'say "hi"'), KeyOption("no-pty")]),
        ('expiry-time="20301231"', [KeyOption("expiry-time", "20301231")]),
        ("idle-timeout=5m", [KeyOption("idle-timeout", "5m")]),
        ('environment="A=b"', [KeyOption("environment", "A=b")]),
    ],
)
def test_parse(text, options):
    assert parse_options(text, "x") == options


@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param('command="a\nb"', "newline", id="newline"),
        pytest.param('command="a\0b"', "control character", id="NUL"),
        pytest.param('command="a', "never closed", id="quote not closed"),
        pytest.param("restrict pty", "blank outside", id="blank"),
        pytest.param("restrict,,pty", "empty option", id="two commas"),
        pytest.param("restrict,", "empty option", id="comma at the end"),
        pytest.param("from=192.0.2.1", "double quotes", id="value without quotes"),
        pytest.param("command", "needs a value", id="value missing"),
        pytest.param('pty="yes"', "takes no value", id="value too many"),
        pytest.param('expiry-time="tomorrow"', "YYYYMMDD", id="not a time"),
    ],
)
def test_refused(text, part):
    with pytest.raises(KeyOptionsError) as caught:
        parse_options(text, "authorized_keys[0]")
    assert str(caught.value).startswith("authorized_keys[0]: ")
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("no-pty", "NO-PTY", True),
        ("no-pty,restrict", "restrict,no-pty", False),
        ('command="a"', 'command="A"', False),
        ("", "no-pty", False),
        ('broken="', 'broken="', True),
        ('broken="', "no-pty", False),
    ],
)
def test_same(one, other, same):
    assert same_options(one, other) is same


def test_unknown_names():
    assert unknown_options(parse_options('idle-timeout=5m,No-Pty,command="x"', "x")) == ["idle-timeout"]

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of key lines."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.key_options import (
    KeyOption,
    KeyOptionsError,
    check_options,
    limited_options,
    option_names,
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
        # What sshd takes, though nobody means it.
        (",restrict,,pty,", [KeyOption("restrict"), KeyOption("pty")]),
        ('command="a\tb\\\\c"', [KeyOption("command", "a\tb\\\\c")]),
        ('environment="A=b",environment="A=c"', [KeyOption("environment", "A=b"), KeyOption("environment", "A=c")]),
        ('expiry-time="203001012359utc"', [KeyOption("expiry-time", "203001012359utc")]),
        ('expiry-time="2030 1 1"', [KeyOption("expiry-time", "2030 1 1")]),
        ('permitopen="[::1]:22"', [KeyOption("permitopen", "[::1]:22")]),
        ('permitopen="h/ +022"', [KeyOption("permitopen", "h/ +022")]),
        ('permitlisten="8080"', [KeyOption("permitlisten", "8080")]),
        ('tunnel="ANY"', [KeyOption("tunnel", "ANY")]),
        ('from="127.1,!10.0.0.0/8,*.example.com,10.0.0.0/"', [KeyOption("from", "127.1,!10.0.0.0/8,*.example.com,10.0.0.0/")]),
    ],
)
def test_parse(text, options):
    assert parse_options(text, "x") == options


@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param('command="a\nb"', "newline", id="newline"),
        pytest.param('command="a\0b"', "NUL", id="NUL"),
        pytest.param('command="a', "never closed", id="quote not closed"),
        pytest.param("restrict pty", "blank outside", id="blank"),
        pytest.param("from=192.0.2.1", "double quotes", id="value without quotes"),
        pytest.param("command", "needs a value", id="value missing"),
        pytest.param('pty="yes"', "takes no value", id="value too many"),
        pytest.param('expiry-time="tomorrow"', "YYYYMMDD", id="not a time"),
        pytest.param('expiry-time="20301301"', "YYYYMMDD", id="no month"),
        pytest.param('expiry-time="\u0660\u0660\u0660\u06600101"', "YYYYMMDD", id="digits of another script, which sshd does not read"),
        pytest.param('expiry-time="203001012400"', "YYYYMMDD", id="no hour"),
        pytest.param('expiry-time="19690101"', "before 1970", id="a time that sshd takes for never"),
        pytest.param('command="a",command="b"', "more than once", id="two commands"),
        pytest.param('FROM="*",from="*"', "more than once", id="two lists of addresses"),
        pytest.param('cert-authority,principals="a",principals="b"', "more than once", id="two lists of principals"),
        pytest.param('principals="a"', "cert-authority", id="principals of a plain key"),
        pytest.param('command="a""b"', "double quotes", id="a quote that is not escaped"),
        pytest.param('command="a"b', "double quotes", id="text after the quote"),
        pytest.param('environment="A"', "NAME=value", id="environment without a value"),
        pytest.param('environment="A-B=c"', "NAME=value", id="environment with an odd name"),
        pytest.param('permitopen="h"', "HOST:PORT", id="no port"),
        pytest.param('permitopen="h:65536"', "HOST:PORT", id="port too high"),
        pytest.param('permitopen="h:0"', "HOST:PORT", id="port 0"),
        pytest.param('permitopen="::1:22"', "HOST:PORT", id="IPv6 without brackets"),
        pytest.param('permitlisten="h"', "[HOST:]PORT", id="a host alone"),
        pytest.param('tunnel="2147483646"', "number of a device", id="no such tunnel"),
        pytest.param('from="10.1.2.3/8"', "not a valid network", id="bits behind the mask"),
        pytest.param('from="10.0.0.0/8,"', "empty pattern", id="an empty pattern"),
    ],
)
def test_refused(text, part):
    with pytest.raises(KeyOptionsError) as caught:
        parse_options(text, "authorized_keys[0]")
    assert str(caught.value).startswith("authorized_keys[0]: ")
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param("restrict,,pty", "empty option", id="two commas"),
        pytest.param("restrict,", "empty option", id="comma at the end"),
        pytest.param('command="a\tb"', "control character", id="tab"),
        pytest.param("idle-timeout=5m", "sshd does not support the key option idle-timeout", id="unknown"),
        pytest.param("no-restrict", "sshd does not support", id="what cannot be negated"),
        pytest.param("ptys", "sshd does not support", id="a flag with more letters"),
    ],
)
def test_not_written(text, part):
    """Readers must live with it, but nobody gets it written."""
    parse_options(text, "")
    with pytest.raises(KeyOptionsError) as caught:
        check_options(text, "authorized_keys[0]")
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


@pytest.mark.parametrize(
    ("text", "limits", "result"),
    [
        ("", (("expiry-time", "20270201"),), 'expiry-time="20270201"'),
        ('restrict,command="a, b"', (("from", "x"),), 'restrict,command="a, b",from="x"'),
        ('Expiry-Time="1",restrict', (("expiry-time", "2"),), 'restrict,expiry-time="2"'),
        ('expiry-time="1",from="y"', (("expiry-time", None),), 'from="y"'),
        ("restrict", (("from", None),), "restrict"),
    ],
)
def test_single_options_are_set_beside_the_others(text, limits, result):
    assert limited_options(text, limits) == result


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("", set(), id="none"),
        pytest.param('CERT-authority,command="echo no-pty,x"', {"cert-authority", "command"}, id="in small letters, and no word of a value"),
        pytest.param('command="never closed', set(), id="what sshd could not read"),
    ],
)
def test_the_names_of_options(text, names):
    assert option_names(text) == names

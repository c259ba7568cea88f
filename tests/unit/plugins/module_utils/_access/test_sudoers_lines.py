# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of others, in the form of ours; what that form cannot say is none."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.sudoers import SudoLine
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.sudoers_lines import last_of_each, read_all, read_lines
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers import parse_rules


def lines(text):
    (rule,) = parse_rules("/etc/sudoers", text + "\n")
    return read_lines(rule)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna ALL=(ALL:ALL) ALL", (SudoLine(),)),
        ("anna ALL=(ALL) NOPASSWD: ALL", (SudoLine(True, (), "ALL"),)),
        ("anna ALL=(ALL) NOPASSWD:ALL", (SudoLine(True, (), "ALL"),)),
        ("anna\tALL = ( ALL : ALL )\tALL", (SudoLine(),)),
        ("anna ALL=ALL", (SudoLine(False, (), "root"),)),
        ("anna, %ops ALL=(root) /bin/a, /bin/b -x", (SudoLine(False, ("/bin/a", "/bin/b -x"), "root"),)),
        ("%ops ALL=(a,b:c) NOPASSWD: /bin/a", (SudoLine(True, ("/bin/a",), "a,b:c"),)),
        ("anna ALL=(ALL) ALL, !/bin/su", (SudoLine(False, ("ALL", "!/bin/su"), "ALL"),)),
        ("anna ALL=(ALL) /bin/a, NOPASSWD: /bin/b, /bin/c, PASSWD: /bin/d", (
            SudoLine(False, ("/bin/a",), "ALL"), SudoLine(True, ("/bin/b", "/bin/c"), "ALL"), SudoLine(False, ("/bin/d",), "ALL"))),
        (r"anna ALL=(root) /bin/a x\,y", (SudoLine(False, (r"/bin/a x\,y",), "root"),)),
        ('"corp anna" ALL=(root) ALL', (SudoLine(False, (), "root"),)),
        ("anna web1=(ALL) ALL", None),
        ("anna ALL, !web1 = (ALL) ALL", None),
        ("anna ALL=(ALL) NOEXEC: /bin/a", None),
        ("anna ALL=(ALL) NOPASSWD: SETENV: /bin/a", None),
        ("anna ALL=(ALL) CWD=/tmp /bin/a", None),
        ("anna ALL=(ALL) NOTAFTER=20300101000000Z ALL", None),
        ("anna ALL=(ALL) /bin/a : web1=(ALL) ALL", None),
        ("anna ALL=(ALL) /bin/a : ALL=(ALL) ALL", None),
        ("anna ALL=(:dialout) /bin/a", None),
        ("anna ALL=() /bin/a", None),
        ("anna ALL=(!root) /bin/a", None),
        ("anna ALL=(ALL) list", None),
        ("anna ALL=", None),
        ("anna ALL=(root) sudoedit /etc/a", (SudoLine(False, ("sudoedit /etc/a",), "root"),)),
    ],
)  # fmt: skip
def test_a_rule_as_lines(text, expected):
    assert lines(text) == expected


def test_of_equal_lines_the_last_counts():
    one, two = SudoLine(), SudoLine(True)
    assert last_of_each([one, two, one]) == (two, one)
    rules = parse_rules("/etc/sudoers", "anna ALL=(ALL:ALL) ALL\nanna ALL=(ALL:ALL) NOPASSWD: ALL\n%sudo ALL=(ALL:ALL) ALL\n")
    assert read_all(rules) == (two, one)
    assert read_all([*rules, *parse_rules("/etc/sudoers", "anna web1=ALL\n")]) is None
    assert read_all([]) == ()

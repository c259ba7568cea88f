# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sudoers: names and text of fragments, rules of others."""

import datetime
import itertools
import re
import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.sudoers import (
    SudoLine,
    fragment_names,
    is_command,
    is_fragment,
    is_runas,
    read_fragment,
    render_fragment,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers import admin_groups, parse_rules, rules_for

DEBIAN = """\
Defaults\tenv_reset
Defaults\tsecure_path="/usr/local/sbin:/usr/sbin"
User_Alias\tOPS = ann, bob
root\tALL=(ALL:ALL) ALL
# Allow members of group sudo to execute any command
%sudo\tALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
"""
EL = """\
root    ALL=(ALL)       ALL
%wheel  ALL=(ALL)       ALL
# %wheel        ALL=(ALL)       NOPASSWD: ALL
#includedir /etc/sudoers.d
"""


def test_sudo_reads_every_name_and_no_two_users_share_one():
    names = ["".join(letters) for size in (1, 2, 3) for letters in itertools.product("a._-~5e2", repeat=size)] + [
        "jörg",
        "DOM\\ann",
        "a@b.c",
    ]
    files = [file for name in names for file in fragment_names(name)]
    assert len(set(files)) == 2 * len(names)
    assert all(is_fragment(file) for file in files)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in files)


def test_the_name_is_late_in_order_and_that_of_earlier_versions_later():
    assert fragment_names("robert.d.b") == ("95-alicloud-ecs-access-robert_2e_d_2e_b", "95-ecs_access-robert_2e_d_2e_b")
    assert ["90-cloud-init-users", *fragment_names("x")] == sorted([*fragment_names("x"), "90-cloud-init-users"])


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("john", True, (), "ALL:ALL"), "john ALL=(ALL:ALL) NOPASSWD: ALL"),
        (("john", False, (), "ALL:ALL"), "john ALL=(ALL:ALL) ALL"),
        (("john", True, ("/bin/ls", "/bin/cat /x"), "www"), "john ALL=(www) NOPASSWD: /bin/ls, /bin/cat /x"),
        (("ALL", True, ("/bin/ls",), "ALL"), '"ALL" ALL=(ALL) NOPASSWD: /bin/ls'),
        (("OPS", False, (), "ALL"), '"OPS" ALL=(ALL) ALL'),
        (("Defaults", False, (), "ALL"), '"Defaults" ALL=(ALL) ALL'),
        (("ann@example.com", True, (), "ALL:ALL"), '"ann@example.com" ALL=(ALL:ALL) NOPASSWD: ALL'),
    ],
)
def test_render(arguments, rule):
    user, *line = arguments
    assert render_fragment(user, [SudoLine(*line)]).splitlines()[1:] == [rule]


def test_a_rule_ends_with_its_last_day_in_utc():
    text = render_fragment("john", [SudoLine(True, ("/bin/ls",)), SudoLine(False, (), "ALL:ALL", datetime.date(2027, 1, 31))])
    assert text.splitlines()[1:] == ["john ALL=(ALL:ALL) NOPASSWD: /bin/ls", "john ALL=(ALL:ALL) NOTAFTER=20270131235959Z ALL"]


@pytest.mark.parametrize(
    ("lines", "everything"),
    [
        ([SudoLine(True)], True),
        ([SudoLine(True, ("/bin/ls",))], False),
        ([SudoLine(True), SudoLine(True, ("/bin/ls",))], True),
        ([SudoLine(True), SudoLine(False)], False),
        ([SudoLine(False), SudoLine(True)], True),
        ([SudoLine(True, (), "ALL:ALL", datetime.date(2027, 1, 31))], False),
    ],
)
def test_a_fragment_gives_everything_if_the_last_word_of_sudo_is_no_password(lines, everything):
    assert read_fragment(render_fragment("john", lines)).everything is everything


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        pytest.param(DEBIAN, ["sudo"], id="Debian"),
        pytest.param(EL, ["wheel"], id="el: the commented line is no rule"),
        pytest.param("%wheel ALL=(ALL) ALL\n%sudo ALL=(ALL:ALL) NOPASSWD: ALL\n", ["sudo", "wheel"], id="both: sudo first"),
        pytest.param("%web ALL=(ALL) /bin/ls\n%db ALL=(www) ALL\n", [], id="limited groups are no admins"),
        pytest.param("%ops \\\n ALL=(ALL) \\\n ALL\n", ["ops"], id="continued lines"),
    ],
)
def test_admin_groups(text, groups):
    assert admin_groups(parse_rules("/etc/sudoers", text)) == groups


def test_rules_of_a_user():
    text = "ann, bob ALL=(ALL) /bin/ls # daily\n%ops ALL=(ALL) ALL\nALL ALL=(ALL) /bin/df\n#1001 ALL=(ALL) ALL\n"
    rules = parse_rules("/etc/sudoers.d/x", text)
    assert [(rule.number, rule.text) for rule in rules_for("bob", ["ops"], rules)] == [
        (1, "ann, bob ALL=(ALL) /bin/ls"),
        (2, "%ops ALL=(ALL) ALL"),
        (3, "ALL ALL=(ALL) /bin/df"),
    ]
    assert [rule.number for rule in rules_for("eve", [], rules)] == [3]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("User_Alias OPS = ann, %dev : MORE = OPS, !cleo\nMORE ALL=(ALL) ALL\n", "ann bob", id="lists with a name, within another"),
        pytest.param("OPS ALL=(ALL) ALL\nUser_Alias OPS=\\\n ann\n", "ann", id="a name before its list"),
        pytest.param("User_Alias OPS = a\\nn:MORE=bob\nOPS ALL=(ALL) ALL\n", "ann", id="two lists without a blank between them"),
        pytest.param("User_Alias OPS = ann, !OPS\nOPS ALL=(ALL) ALL\n", "ann", id="a list within itself"),
        pytest.param("User_Alias OPS = !ann, root\n!OPS ALL=(ALL) ALL\n", "ann", id="excluded from a list that is excluded"),
        pytest.param("NOBODY ALL=(ALL) ALL\n", "", id="a name without a list"),
        pytest.param("ALL, !bob ALL=(ALL) ALL\n", "ann cleo", id="all but one"),
        pytest.param("!!ann, ! bob\tALL=(ALL) ALL\n", "ann", id="twice negated"),
        pytest.param('"ALL" ALL=(ALL) ALL\n', "", id="a user of that name"),
        pytest.param('"ann", "%dev" ALL=(ALL) ALL\n', "ann bob cleo", id="in quotes"),
        pytest.param("a\\nn ALL=(ALL) ALL\n", "ann", id="a needless backslash"),
        pytest.param("ANN, %DEV ALL=(ALL) ALL\n", "ann bob cleo", id="in upper case"),
        pytest.param("#1001, %#50 ALL=(ALL) ALL # why\n", "ann bob cleo", id="ids"),
        pytest.param("x, %#1001 ALL=(ALL) ALL #why\n", "", id="the id of another group"),
    ],
)
def test_nobody_whom_sudo_lets_is_overlooked(text, names):
    rules = parse_rules("/etc/sudoers", text)
    people = {"ann": ([], ["#1001"]), "bob": (["dev"], ["#1002", "%#50"]), "cleo": (["dev"], ["#1003", "%#50"])}
    assert [name for name, (groups, ids) in people.items() if rules_for(name, groups, rules, ids)] == names.split()


@pytest.mark.parametrize(
    "command",
    ["ALL", "SERVICES", "/bin/ls", "! /bin/su", "/usr/bin/", "/bin/ls \"\"", "/bin/kill -9 [0-9]*", "/bin/l\\ ", " ! /usr/bin/ ", "ALL ",
     "/bin/l\\ s a\\=b\\,c\\:\\#\\\\", "sudoedit /etc/hosts",
     "sha256:" + "0a" * 32 + " /bin/ls -l", "sha512:" + "A" * 86 + "== /bin/ls", "^/bin/l[st]$", "/bin/ls ^-[la]+\\.$"],
)  # fmt: skip
def test_one_command(command):
    assert is_command(command)


@pytest.mark.parametrize(
    "text", [" " * 100000, "/a" + " " * 100000 + ",", "!" + " " * 100000 + ",", "/a ^" + "$" * 100000 + ",", "sudoedit" + " " * 100000 + "^"]
)
def test_a_long_one_takes_no_longer_than_its_length(text):
    """A team file may have been made of what hosts answered."""
    start = time.process_time()
    assert not is_command(text)
    assert is_command(f"  ! /bin/ls -l{' ' * 100000}")
    assert time.process_time() - start < 5


@pytest.mark.parametrize("end", ["\u2028", "\u2029\x85", "\u200b", "\u202e", "\x9b31m", "\xa0", "\t", "\n"])
@pytest.mark.parametrize("command", ["/srv/", "/bin/ls ", "/bin/ls -l"])
def test_what_cannot_be_printed_is_no_command(command, end):
    """To sudo, U+2028 is a part of the path; to a reader it is a blank."""
    assert is_command(command)
    assert not is_command(command + end)


@pytest.mark.parametrize("text", ["ALL", "root", "www:www", ":www", "#1000", "%ops", "%#27:#27", "a,b:c,d", " a , b : c "])
def test_runas(text):
    assert is_runas(text)

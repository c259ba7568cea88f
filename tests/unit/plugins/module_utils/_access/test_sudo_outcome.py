# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sudo lists for a user against what was asked, as sudo 1.9.5, 1.9.13 and 1.9.16 print it."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.sudo_outcome import explain, find_objection
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.sudoers import SudoLine
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import WantedUser
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudo_listing import Entry, parse_listing
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers import parse_rules

HEAD = "\nMatching Defaults entries for bob on web-1:\n    env_reset, use_pty\n\nUser bob may run the following commands on web-1:\n"


def listed(runas: str, commands: str, options: str = "", path: str = "") -> str:
    lines = ["", "Sudoers entry:" + (" " + path if path else ""), "    RunAsUsers: " + runas]
    return "\n".join(lines + (["    Options: " + options] if options else []) + ["    Commands:"] + ["\t" + one for one in commands.split(";")]) + "\n"


FREE, ASKING = listed("ALL", "ALL", "!authenticate"), listed("ALL", "ALL", path="/etc/sudoers.d/wheel")


def test_a_listing_is_read_in_order() -> None:
    assert parse_listing(HEAD + FREE + ASKING + listed("www-data", "/bin/ls;!/bin/su")) == [
        Entry("", True, False, ("ALL",)),
        Entry("/etc/sudoers.d/wheel", True, True, ("ALL",)),
        Entry("", False, True, ("/bin/ls", "!/bin/su")),
    ]
    assert parse_listing("User bob is not allowed to run sudo on web-1.\n") == []


def test_defaults_may_turn_passwords_off() -> None:
    assert not parse_listing(HEAD.replace("use_pty", "!authenticate") + ASKING)[0].asks


@pytest.mark.parametrize("setting", ["rootpw", "targetpw", "runaspw"])
@pytest.mark.parametrize("commands", [(), ("/bin/a",)])
def test_the_password_may_be_that_of_another_account(setting: str, commands: tuple) -> None:
    entries = parse_listing(HEAD.replace("use_pty", "use_pty, " + setting) + listed("ALL", commands[0] if commands else "ALL"))
    found = find_objection(WantedUser("bob", sudo="password", sudo_commands=commands), entries)
    assert found.text.endswith("not for that of bob (Defaults %s)" % setting)
    assert explain(found, parse_rules("/etc/sudoers", "bob ALL=(ALL) ALL\n")) == found.text
    off = parse_listing(HEAD.replace("use_pty", "!" + setting) + ASKING)
    assert find_objection(WantedUser("bob", sudo="password"), off) is None


@pytest.mark.parametrize(
    ("options", "listing", "objection"),
    [
        ({"sudo": "nopasswd"}, FREE, ""),
        ({"sudo": "nopasswd"}, ASKING + FREE, ""),
        ({"sudo": "nopasswd"}, FREE + ASKING, "asks bob for a password for ALL"),
        ({"sudo": "nopasswd"}, FREE + listed("ALL", "/usr/bin/apt"), "asks bob for a password for /usr/bin/apt"),
        ({"sudo": "nopasswd"}, FREE + listed("ALL", "!/bin/su", "!authenticate"), "does not allow bob to run /bin/su"),
        ({"sudo": "nopasswd"}, listed("www-data", "ALL", "!authenticate"), "does not allow bob every command"),
        ({"sudo": "nopasswd"}, FREE + listed("www-data", "ALL"), ""),
        ({"sudo": "password"}, ASKING, ""),
        ({"sudo": "password"}, ASKING + FREE, "asks bob for no password for ALL"),
        ({"sudo": "nopasswd", "sudo_commands": ("/usr/bin/uptime",)}, listed("ALL", "/usr/bin/uptime", "!authenticate"), ""),
        ({"sudo": "nopasswd", "sudo_commands": ("/usr/bin/uptime",)}, FREE + listed("ALL", "/usr/bin/uptime", "!authenticate"), "every command as root"),
        ({"sudo": "nopasswd", "sudo_commands": ("/bin/a",)}, listed("ALL", "/bin/a", "!authenticate") + listed("ALL", "/bin/a"), "a password for /bin/a"),
        ({"sudo": "nopasswd", "sudo_runas": "nobody"}, listed("nobody", "ALL", "!authenticate"), ""),
        ({"sudo": "none"}, FREE, ""),
        ({"sudo_rules": (SudoLine(True, ("/bin/a",)), SudoLine(True, (), "www"))}, FREE, "every command as root"),
        ({"sudo_rules": (SudoLine(True, ("/bin/a",)),)}, listed("ALL", "/bin/a", "!authenticate"), ""),
        ({"sudo_rules": (SudoLine(True, ("/bin/a",)), SudoLine(True))}, FREE, ""),
    ],
)
def test_the_outcome_is_what_was_asked_or_it_is_said(options: dict, listing: str, objection: str) -> None:
    found = find_objection(WantedUser("bob", **options), parse_listing(HEAD + listing))
    assert (objection in found.text) if found else not objection
    assert found or not objection


def test_the_rule_behind_it_is_named_by_file_and_line() -> None:
    found = find_objection(WantedUser("bob", sudo="nopasswd"), parse_listing(HEAD + FREE + listed("ALL", "ALL")))
    rules = parse_rules("/etc/sudoers", "bob ALL=(ALL) NOPASSWD: ALL\n") + parse_rules("/etc/sudoers.d/wheel", "# ours\n%sudo ALL=(ALL:ALL) ALL\n")
    assert "/etc/sudoers.d/wheel:2 (%sudo ALL=(ALL:ALL) ALL) overrides it" in explain(found, rules)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sudo is asked about many users in few processes, and each answer counts for its own user."""

import os

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import look_sudo
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers import parse_rules

# Users in the way that sudo -ll prints them: whoever has "limited" in the name may run one command alone.
SUDO = """#!/bin/sh
[ "$1 $2 $3" = "-n -ll -U" ] || exit 9
echo "$4" >> {log}
case $4 in
    *mute*) echo "no answer for $4" >&2; exit 1 ;;
    *slow*) exec sleep 30 ;;
    *limited*) command=/bin/ls ;;
    *) command=ALL ;;
esac
printf 'User %s may run the following commands on here:\\n\\nSudoers entry:\\n' "$4"
printf '    RunAsUsers: ALL\\n    Options: !authenticate\\n    Commands:\\n\\t%s\\n' "$command"
"""
MISSING = "user %s: sudo does not allow %s every command as root"


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """ask(*names): what is said, how many processes were started from here, and whom sudo was asked about."""
    program, log, runs = tmp_path / "sudo", tmp_path / "log", []
    program.write_text(SUDO.format(log=log))
    program.chmod(0o755)
    original = look_sudo.run
    monkeypatch.setattr(look_sudo, "run", lambda *args, **more: runs.append(args) or original(*args, **more))
    monkeypatch.setattr(look_sudo, "find_tool", lambda name: str(program) if name == "sudo" else "/bin/sh")
    monkeypatch.setattr(look_sudo, "is_roots", lambda path: True)

    def call(*names, rules=()):
        log.write_text("")
        del runs[:]
        users = parse_wanted({"users": [{"name": name, "sudo": "nopasswd"} for name in names]}).users
        return look_sudo.find_objections(users, rules), len(runs), log.read_text().split()

    return call


def test_many_are_asked_about_in_few_processes(ask):
    names = ["user%d" % number for number in range(60)]
    assert ask(*names) == ([], 2, names)


def test_each_answer_is_its_own_users(ask):
    found, runs, asked = ask("ann", "limited1", "bob", "limited2")
    assert (found, runs) == ([MISSING % (name, name) for name in ("limited1", "limited2")], 1)
    assert asked == ["ann", "limited1", "bob", "limited2"]


def test_who_got_no_answer_is_asked_about_again_for_the_reason(ask):
    found, runs, _asked = ask("ann", "mute", "limited")
    said = "user mute: sudo was asked for the outcome of its rules, and gave no answer: no answer for mute"
    assert (found, runs) == ([said, MISSING % ("limited", "limited")], 2)


def test_one_that_takes_too_long_keeps_the_others_their_answers(ask, monkeypatch):
    monkeypatch.setattr(look_sudo, "_SECONDS", 1)
    found, _runs, _asked = ask("ann", "slow", "limited")
    assert found == [
        "user slow: sudo was asked for the outcome of its rules, and gave no answer: it did not end within 1 seconds or 1048576 bytes",
        MISSING % ("limited", "limited"),
    ]


def test_a_shell_that_is_not_roots_is_not_used(ask, monkeypatch):
    monkeypatch.setattr(look_sudo, "is_roots", lambda path: not path.endswith("/sh"))
    assert ask("ann", "bob") == ([], 2, ["ann", "bob"])


def test_the_rule_behind_it_is_that_of_the_first_look(ask, monkeypatch):
    monkeypatch.setattr(look_sudo.pwd, "getpwnam", lambda name: type("entry", (), {"pw_gid": os.getgid(), "pw_uid": 4294967000}))
    found, _runs, _asked = ask("limited", rules=parse_rules("/etc/sudoers", "limited ALL=(ALL) NOPASSWD: ALL, !/bin/su\n"))
    assert found == [MISSING % ("limited", "limited") + ": /etc/sudoers:1 (limited ALL=(ALL) NOPASSWD: ALL, !/bin/su) overrides it"]

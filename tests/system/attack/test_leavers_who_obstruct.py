# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that a leaver, or somebody who stays, does to their own files keeps anybody's access."""

from __future__ import annotations

import pytest
from lab.leavers import add_accounts, apply, apply_role, known, open_sessions, opened, set_immutable

# What each of them does in a session of their own, in the folder .ssh of their home.
OBSTRUCTIONS = {
    "m-folder": "mv authorized_keys authorized_keys2; mkdir -p authorized_keys/full",
    "m-closed": "chmod 500 .",
    "m-shut": "chmod 000 . ..",
    "m-linked": "cd; mv .ssh elsewhere; ln -s elsewhere .ssh",
    "m-filed": "cd; mv .ssh elsewhere; echo > .ssh",
    "m-link": "mv authorized_keys ../keys; ln -s ../keys authorized_keys",
    "m-fifo": "rm authorized_keys; mkfifo authorized_keys",
    "m-twin": "ln authorized_keys twin; chmod 500 .",
    "m-huge": "head -c 5000000 /dev/zero | tr '\\0' '\\n' > huge; cat authorized_keys >> huge; cat huge > authorized_keys; chmod 500 .",
    "m-honest": "true",
}
# What only root could have done to theirs.
FIXED = ("/home/m-fixed/.ssh/authorized_keys", "/home/m-fixed/.ssh")


def test_every_one_of_many_loses_everything(attacked, make_key):
    instance, key = attacked.instance, make_key()
    names = ["m-fixed", *OBSTRUCTIONS]
    hired = apply(attacked, users=[{"name": name, "sudo": "nopasswd", "authorized_keys": [key.public]} for name in names])
    assert not hired.failed, hired.said
    assert instance.exec(f"sudo -l -U m-closed; grep -l . /etc/sudoers.d/*-{names[-1]}")
    commands = {"m-fixed": "true", **{name: f"cd .ssh; {command}" for name, command in OBSTRUCTIONS.items()}}
    with open_sessions(attacked, commands, key) as sessions:
        kinds = instance.exec("stat -c %F /home/m-folder/.ssh/authorized_keys /home/m-linked/.ssh /home/m-filed/.ssh /home/m-fifo/.ssh/authorized_keys")
        assert kinds.splitlines() == ["directory", "symbolic link", "regular file", "fifo"]
        set_immutable(instance, True, *FIXED)
        try:
            outcome = apply(attacked, users=[{"name": name, "state": "absent"} for name in names])
        finally:
            set_immutable(instance, False, *FIXED)
        lasting = {name for name, session in sessions.items() if not session.ended(0.5)}
    running = set(instance.exec("ps -eo user:32").split()) & set(names)
    there = known(instance, names)
    rules = instance.exec("cat /etc/sudoers.d/*")
    left = set(instance.exec(f"grep -D skip -l '{key.blob}' /home/*/.ssh/authorized_keys* 2> /dev/null | cut -d/ -f3", check=False).split())
    problems = {
        "session lasts": lasting,
        "process runs": running,
        "key opens": opened(attacked, there | {"m-honest"}, key),
        "sudo rule stays": {name for name in names if name in rules},
        "account stays without a word": {name for name in there if not outcome.names(name)},
        "key file stays without a word": {name for name in left if not outcome.names(name)},
    }
    assert {problem: who for problem, who in problems.items() if who} == {}


@pytest.mark.long
def test_the_next_leaver_goes_when_the_first_one_obstructs(attacked, make_key):
    """By the role, with a key that has to leave a third account, too."""
    key, revoked, kept = make_key(), make_key("revoked"), make_key("kept")
    add_accounts(attacked.instance, ["mallory", "john"], key)
    add_accounts(attacked.instance, ["mary"], revoked, kept)
    assert opened(attacked, ["mary"], revoked)
    with open_sessions(attacked, {"mallory": f"cd .ssh; {OBSTRUCTIONS['m-folder']}", "john": "true"}, key) as sessions:
        outcome = apply_role(
            attacked,
            ssh_users_accounts=[{"name": "mallory", "state": "absent"}, {"name": "john", "state": "absent"}, {"name": "mary"}],
            ssh_users_revoked_keys=[revoked.public],
        )
        lasting = {name for name, session in sessions.items() if not session.ended(0.5)}
    problems = {
        "session lasts": lasting,
        "key opens": opened(attacked, ["mallory", "john"], key),
        "account stays without a word": {name for name in known(attacked.instance, ["mallory", "john"]) if not outcome.names(name)},
        "john stays": known(attacked.instance, ["john"]),
        "revoked key opens": opened(attacked, ["mary"], revoked),
    }
    assert {problem: who for problem, who in problems.items() if who} == {}
    assert opened(attacked, ["mary"], kept)


@pytest.mark.long
def test_who_stays_cannot_keep_a_leaver(attacked, make_key):
    """A colleague makes the step fail that would give her a key, and the one that would take a revoked key from her."""
    key, revoked, new = make_key(), make_key("revoked"), make_key("new")
    add_accounts(attacked.instance, ["mallory", "john"], key)
    add_accounts(attacked.instance, ["eve", "mary"], key, revoked)
    commands = {"mallory": "true", "john": "true", "eve": "mv .ssh/authorized_keys keys; mkdir .ssh/authorized_keys", "mary": "ln .ssh/authorized_keys twin"}
    with open_sessions(attacked, commands, key) as sessions:
        outcome = apply(
            attacked,
            users=[
                {"name": "eve", "authorized_keys": [new.public]},
                {"name": "john", "state": "locked", "end_sessions": True},
                {"name": "mallory", "state": "absent"},
            ],
            revoked_keys=[revoked.public],
        )
        lasting = {name for name in ("mallory", "john") if not sessions[name].ended(0.5)}
    opens = opened(attacked, ["mary"], revoked)
    problems = {
        "session lasts": lasting,
        "key opens": opened(attacked, ["mallory", "john"], key),
        "account stays": known(attacked.instance, ["mallory"]),
        "revoked key opens": {name for name in opens if not outcome.names(name)},
        "no word of eve": set() if outcome.names("eve") else {"eve"} - opened(attacked, ["eve"], new),
    }
    assert {problem: who for problem, who in problems.items() if who} == {}

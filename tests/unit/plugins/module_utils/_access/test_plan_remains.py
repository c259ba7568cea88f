# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else acts in the name of a leaver, and what of it may go without touching anybody else's."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.plan import plan_access, settle_accounts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.plan_remains import without_lines
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.remains import (
    AT_JOB,
    CRON_LINE,
    CRONTAB,
    LINGER,
    PRIVATE_KEY,
    PROCESSES,
    SUDO,
    UNIT,
    Remain,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.report import render_diff, sentences
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.state import HomeState, SudoSet
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.steps import LEAVING, EditFile, EndSessions
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import WantedError, parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.accounts import Account, parse_group
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers import parse_rules

from .test_plan import host

HAND = b"bob ALL=(ALL) ALL\nann ALL=(ALL) \\\n  NOPASSWD: ALL\n# end\n"
CRON = b"* * * * * bob x\n@reboot ann x"
REMAINS = (
    Remain(SUDO, "ann", "/etc/sudoers.d/hand", 2, "ann ALL=(ALL)   NOPASSWD: ALL"),
    Remain(SUDO, "ann", "/etc/sudoers.d/both", 1, "ann, bob ALL=(ALL) ALL", sole=False),
    Remain(CRONTAB, "ann", "/var/spool/cron/crontabs/ann"),
    Remain(CRON_LINE, "ann", "/etc/cron.d/x", 2),
    Remain(AT_JOB, "ann", "/var/spool/cron/atjobs/a1"),
    Remain(LINGER, "ann", "/var/lib/systemd/linger/ann"),
    Remain(UNIT, "ann", "/etc/systemd/system/x.service"),
    Remain(PRIVATE_KEY, "ann", "/home/ann/.ssh/id", text="SHA256:x"),
    Remain(PROCESSES, "ann", number=3),
)


def plan(snapshot, **user):
    wanted = parse_wanted({"users": [{"name": "ann", "state": "locked", "remains": "remove", **user}]})
    return plan_access(snapshot, wanted, settle_accounts(snapshot, wanted))


@pytest.fixture
def leaver():
    return host(remains=REMAINS, edited={"/etc/sudoers.d/hand": HAND, "/etc/cron.d/x": CRON})


def test_all_of_ones_own_goes_in_order(leaver):
    made = plan(leaver)
    assert sentences(made.actions) == [
        "lock user ann",
        "remove the sudo rule /etc/sudoers.d/hand:2 of user ann",
        "end the processes of user ann",
        "remove the crontab /var/spool/cron/crontabs/ann of user ann",
        "remove the at job /var/spool/cron/atjobs/a1 of user ann",
        "start no services of user ann at boot",
        "remove the private key /home/ann/.ssh/id of user ann",
        "remove the cron job /etc/cron.d/x:2 of user ann",
    ]
    assert {step.phase for step in made.steps} <= LEAVING
    assert [remain.path for remain in REMAINS if remain not in made.removes] == ["/etc/sudoers.d/both", "/etc/systemd/system/x.service"]
    assert "remove the crontab" in render_diff(made)["after"]


def test_lines_of_others_stay_byte_for_byte_and_sudo_is_judged_before(leaver):
    made = plan(leaver)
    edits = {step.path: step.content for step in made.steps if isinstance(step, EditFile)}
    assert edits == {"/etc/sudoers.d/hand": b"bob ALL=(ALL) ALL\n# end\n", "/etc/cron.d/x": b"* * * * * bob x"}
    assert made.fragments == {"/etc/sudoers.d/hand": "bob ALL=(ALL) ALL\n# end\n"}


def test_processes_of_one_who_was_locked_before_end_too(leaver):
    shadows = {**leaver.shadows, "ann": leaver.shadows["ann"]._replace(password="!x", expires="1")}
    assert [step.name for step in plan(leaver._replace(shadows=shadows)).steps if isinstance(step, EndSessions)] == ["ann"]


def test_what_belongs_to_a_number_stays_where_another_account_has_it(leaver):
    twin = Account("twin", 1001, 1001, "", "/home/twin", "/bin/sh")
    made = plan(leaver._replace(accounts={**leaver.accounts, "twin": twin}))
    assert AT_JOB not in {remain.kind for remain in made.removes}


def test_who_loses_sudo_leaves_every_group_that_a_rule_names():
    """However the rule names it and whatever it gives; other groups stay."""
    groups = parse_group("ann:x:1001:\nops:x:3001:ann\ndev:x:3002:ann\nOdd:x:3003:ann,bob\nplain:x:3004:ann\n")
    rules = parse_rules("/etc/sudoers.d/x", "%OPS ALL=/bin/true\nUser_Alias MEN = bob, %#3002\nMEN ALL=ALL\n%odd ALL=ALL\n%ann ALL=ALL\n")
    made = plan(host(groups=groups, sudo=SudoSet(True, "/etc/sudoers.d", {}, rules)), sudo="none")
    assert "remove user ann from groups Odd, dev, ops" in sentences(made.actions)
    assert made.sudo_groups["ann"] == ("%ann", "%plain", "%#1001", "%#3004")
    kept = plan(host(groups=groups, sudo=SudoSet(True, "/etc/sudoers.d", {}, rules)), sudo="none", remains="report")
    assert "remove user ann from" not in str(sentences(kept.actions))


def test_an_account_of_a_directory_loses_its_own_as_well():
    """The account itself stays: it is not defined here."""
    remains = tuple(remain._replace(user="ldap") for remain in REMAINS)
    world = host(
        remains=remains,
        edited={"/etc/sudoers.d/hand": HAND, "/etc/cron.d/x": CRON},
        nss={"ldap": Account("ldap", 70001, 70000, "", "/home/ldap", "/bin/sh")},
        homes={"ldap": HomeState(True, 70001)},
        key_files={"ldap": ()},
        groups=parse_group("ops:x:3001:ldap\nplain:x:3002:ldap\n"),
        sudo=SudoSet(True, "/etc/sudoers.d", {}, parse_rules("/etc/sudoers.d/x", "%ops ALL=ALL\n")),
    )
    made = plan(world, name="ldap", state="present", account="existing", sudo="none")
    done = sentences(made.actions)
    assert {"remove user ldap from group ops", "end the processes of user ldap", "remove the sudo rule /etc/sudoers.d/hand:2 of user ldap"} < set(done)
    assert not any("lock" in text for text in done)
    assert set(REMAINS) - {remain._replace(user="ann") for remain in made.removes} == {remain for remain in REMAINS if not remain.removable}
    assert made.sudo_groups["ldap"][:1] == ("%70000",)
    assert "%plain" in made.sudo_groups["ldap"]


def test_nothing_of_it_goes_unless_asked(leaver):
    assert plan(leaver, remains="report").removes == ()
    with pytest.raises(WantedError, match="user ann: remains: remove needs state: locked or absent, or account: existing with sudo: none"):
        plan(leaver, state="present", account="existing")
    with pytest.raises(WantedError, match="user ann: remains: remove needs state: locked or absent"):
        plan(leaver, state="present")


@pytest.mark.parametrize(
    ("text", "numbers", "left"),
    [
        (b"a\nb\nc\n", {2}, b"a\nc\n"),
        (b"a\\\nb\nc", {1}, b"c"),
        (b"a\\\nb\\\nc\nd", {1}, b"d"),
        (b"a\\\nb\nc\n", {3}, b"a\\\nb\n"),
        (b"a", {1}, b""),
        (b"a\n\xff\n", {1}, b"\xff\n"),
        (b"a\n", {9}, b"a\n"),
    ],
)
def test_lines_leave_with_what_continues_them(text, numbers, left):
    assert without_lines(text, numbers) == left

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a shrinking file takes back, and when that is refused."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.record import Given
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.record_plan import (
    Policy,
    Seen,
    Shrunk,
    has_root,
    next_owned,
    refuse_shrinking,
    shrink,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.state import Conflict, HeldKey, Plan, UserView
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.sudoers import SudoRule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.accounts import Account, Shadow

A = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO8wYMOdond7NfyrYRxXB+EX63TVAoZRsLQhDq6OCGvN"
B = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIb0NUfIJRQJujq8xYQ1A32VZ8P07ZTSr6u0Zf6lp7A3"
ROOT = SudoRule("ann ALL=(ALL:ALL) NOPASSWD: ALL", True, True, True)
POLICY = Policy("one")


def account(name, uid=1001):
    return Account(name, uid, uid, "", "/home/" + name, "/bin/sh")


def run(own, others=None, policy=POLICY, seen=None, *users):
    accounts = {name: account(name) for name in set(own) | {user["name"] for user in users}}
    seen = seen or Seen(accounts, frozenset(accounts), {name: Shadow("*", "22279") for name in accounts})
    return shrink(parse_wanted({"users": list(users)}), own, others or {}, seen, policy)


def absent(user):
    return sorted(key.key.line.split()[1] for key in user.keys or () if not key.present)


GIVEN = Given(1001, "2027-01-01", {A: (), B: ("expiry-time",)}, "root", ("dev", "ops"), "22279")


def test_a_listed_user_loses_what_the_file_no_longer_gives():
    (user,) = run({"ann": GIVEN}, {}, POLICY, None, {"name": "ann", "authorized_keys": [A], "groups": ["dev"]}).wanted.users
    assert (absent(user), user.leave_groups, user.sudo, user.expires) == ([B.split()[1]], {"ops"}, "none", "")


def test_an_end_of_a_key_that_we_set_goes_with_it():
    (user,) = run({"ann": GIVEN}, {}, POLICY, None, {"name": "ann", "authorized_keys": [A, B], "sudo": "nopasswd", "groups": ["dev", "ops"]}).wanted.users
    assert [key.limits for key in user.keys] == [(), (("expiry-time", None),)]


def test_what_the_file_gives_as_before_is_left_alone():
    entry = {"name": "ann", "authorized_keys": [A, {"key": B, "until": "2027-05-01"}], "sudo": "nopasswd", "groups": ["dev", "ops"], "expires": "2030-12-31"}
    shrunk = run({"ann": GIVEN}, {}, POLICY, None, entry)
    assert (shrunk.wanted.users, shrunk.shrinking) == (parse_wanted({"users": [entry]}).users, frozenset())


def test_what_another_owner_gives_stays():
    other = {"ann": Given(1001, "2027-01-01", {B: ()}, "some", ("ops",))}
    (user,) = run({"ann": GIVEN}, other, POLICY, None, {"name": "ann"}).wanted.users
    assert (absent(user), user.leave_groups, user.sudo) == ([A.split()[1]], {"dev"}, None)


@pytest.mark.parametrize(
    ("policy", "others", "uid", "local", "state"),
    [
        pytest.param(POLICY, {}, 1001, True, "present", id="report"),
        pytest.param(Policy("one", "lock"), {}, 1001, True, "locked", id="lock"),
        pytest.param(Policy("one", "remove"), {}, 1001, True, "absent", id="remove"),
        pytest.param(Policy("one", "remove", spared=frozenset(["ann"])), {}, 1001, True, "present", id="protected"),
        pytest.param(Policy("one", "remove"), {"ann": Given(1001, "2027-01-01")}, 1001, True, "present", id="another owner"),
        pytest.param(Policy("one", "remove"), {}, 1001, False, "present", id="a directory service"),
        pytest.param(Policy("one", "lock"), {}, 0, True, "present", id="a second root"),
    ],
)
def test_somebody_who_is_dropped(policy, others, uid, local, state):
    accounts = {"ann": account("ann", uid)}
    seen = Seen(accounts, frozenset(accounts if local else ()), {})
    shrunk = shrink(parse_wanted({"users": [{"name": "bob"}]}), {"ann": GIVEN._replace(uid=uid)}, others, seen, policy)
    user = shrunk.wanted.users[1]
    assert (user.state, user.existing, shrunk.unlisted) == (state, not local, ("ann",))
    if state != "absent":
        assert absent(user) == sorted([A.split()[1], B.split()[1]])
        assert user.sudo == (None if uid == 0 else "none")


def test_who_is_locked_already_is_not_unlocked():
    seen = Seen({"ann": account("ann")}, frozenset(["ann"]), {"ann": Shadow("!*", "1")})
    assert run({"ann": GIVEN}, {}, POLICY, seen, {"name": "bob"}).wanted.users[1].state == "locked"


@pytest.mark.parametrize("accounts", [{}, {"ann": account("ann", 2002)}])
def test_an_account_that_is_gone_or_another_is_not_touched(accounts):
    shrunk = run({"ann": GIVEN}, {}, Policy("one", "remove"), Seen(accounts, frozenset(accounts)), {"name": "bob"})
    assert (len(shrunk.wanted.users), shrunk.unlisted, len(shrunk.notes)) == (1, (), len(accounts))


def test_the_user_of_this_run_keeps_everything_and_stays_in_the_record():
    shrunk = run({"ann": GIVEN}, {}, Policy("one", "remove", login=frozenset(["ann"])), None, {"name": "bob"})
    assert len(shrunk.wanted.users) == 1
    assert next_owned(shrunk.wanted, shrunk, {"ann": GIVEN}, {}, {}, {}, "2027-02-01") == {"ann": GIVEN}


def test_an_empty_file_is_refused_unless_rules_put_nobody_here():
    with pytest.raises(Conflict, match="the team file is empty, and the record of this host has 1 people of the owner one"):
        run({"ann": GIVEN})
    assert run({"ann": GIVEN}, {}, Policy("one", may_be_empty=True)).unlisted == ("ann",)
    assert run({}).unlisted == ()


def view(name, keys=1, rule=ROOT, **fields):
    held = (HeldKey(parse_public_key(A, "x")),) * keys
    return UserView(name, True, 1001, keys=held, rule=rule, sudo="nopasswd" if rule else "none", **fields)


def plan(before, after):
    return Plan((), before, after, {}, {}, {}, ())


def shrunk_of(*names, listed=()):
    return Shrunk(parse_wanted({"users": [{"name": name} for name in listed]}), (), frozenset(names))


@pytest.mark.parametrize("after", [view("x", keys=0), UserView("x"), view("x", locked=True)])
def test_too_many_losses_are_refused(after):
    names = ["a", "b", "c", "d"]
    made = plan({name: view(name, rule=None) for name in names}, dict.fromkeys(names, after))
    with pytest.raises(Conflict, match=r"4 people would lose their account or their last key on this host \(a, b, c, d\)"):
        refuse_shrinking(shrunk_of(*names), made, {}, {}, POLICY)
    refuse_shrinking(shrunk_of(*names), made, {}, {}, POLICY._replace(unlisted_max=4))
    refuse_shrinking(shrunk_of("a"), made, {}, {}, POLICY)


def test_the_last_person_with_root_stays():
    made = plan({"ann": view("ann"), "bob": view("bob", rule=None)}, {"ann": view("ann", rule=None), "bob": view("bob", rule=None)})
    with pytest.raises(Conflict, match="ann would lose root, and nobody who has it would be left"):
        refuse_shrinking(shrunk_of("ann", listed=["bob"]), made, {"ann": GIVEN}, {}, POLICY)
    refuse_shrinking(shrunk_of("ann", listed=["bob"]), made, {"ann": GIVEN}, {"eve": GIVEN}, POLICY)
    made.after["bob"] = view("bob")
    refuse_shrinking(shrunk_of("ann", listed=["bob"]), made, {"ann": GIVEN}, {}, POLICY)


@pytest.mark.parametrize(
    ("seen", "root"),
    [
        (view("a"), True),
        (view("a", keys=0), False),
        (view("a", locked=True), False),
        (view("a", rule=None), False),
        (view("a", rule=None)._replace(sudo="password"), True),
        (view("a", rule=SudoRule("a ALL=(ALL) /bin/ls")), False),
        (view("root", rule=None)._replace(uid=0), True),
        (UserView("a"), False),
        (None, False),
    ],
)
def test_who_has_root(seen, root):
    assert has_root(seen) is root


def test_the_record_afterwards():
    entry = {"name": "ann", "authorized_keys": [{"key": A, "from": ["192.0.2.1"]}, {"key": B, "state": "absent"}], "sudo": "nopasswd", "groups": ["dev"]}
    wanted = parse_wanted({"users": [entry, {"name": "bob", "state": "absent"}, {"name": "new"}]})
    shrunk = Shrunk(wanted, ("eve", "gone", "kept"))
    own = {name: Given(1001, "2026-01-01", {A: ()}) for name in ("ann", "bob", "eve", "gone", "kept")}
    after = {"ann": view("ann"), "bob": UserView("bob"), "eve": view("eve"), "gone": UserView("gone"), "kept": view("kept"), "new": view("new", rule=None)}
    assert next_owned(wanted, shrunk, own, {"kept": GIVEN}, {}, after, "2027-02-01") == {
        "ann": Given(1001, "2026-01-01", {A: ("from",)}, "root", ("dev",)),
        "new": Given(1001, "2027-02-01"),
        "eve": Given(1001, "2026-01-01"),
    }


LEAVES = Policy("one", "remove", 0, frozenset(["root"]), may_be_empty=True, protected=frozenset(["root"]), leaves=True)


@pytest.mark.parametrize(
    ("given", "others", "state"),
    [
        pytest.param(GIVEN._replace(made=True), {}, "absent", id="an account of ours"),
        pytest.param(GIVEN, {}, "present", id="one that was there before"),
        pytest.param(GIVEN._replace(made=True), {"ann": Given(1001, "2027-01-01")}, "present", id="one that another owner lists"),
    ],
)
def test_who_leaves_takes_only_accounts_of_ours(given, others, state):
    (user,) = run({"ann": given}, others, LEAVES).wanted.users
    assert user.state == state
    if state == "present":
        assert absent(user) == sorted([A.split()[1], B.split()[1]])
        assert (user.sudo, user.leave_groups) == ("none", {"dev", "ops"})


def test_who_leaves_may_take_the_last_person_with_root_but_no_last_key_of_a_protected_account():
    names = ["ann", "root"]
    before = {name: view(name) for name in names}
    refuse_shrinking(shrunk_of("ann"), plan(before, {"ann": UserView("ann")}), {"ann": GIVEN}, {}, LEAVES)
    with pytest.raises(Conflict, match=r"nothing was changed: root would lose the last key, and is protected \(ssh_users_protected\)"):
        refuse_shrinking(shrunk_of(*names), plan(before, {"ann": UserView("ann"), "root": view("root", keys=0)}), {}, {}, LEAVES)
    refuse_shrinking(shrunk_of(*names), plan({"root": view("root", keys=2)}, {"root": view("root")}), {}, {}, LEAVES)


@pytest.mark.parametrize(
    ("existed", "own", "others", "made"),
    [
        pytest.param(False, {}, {}, True, id="it is created"),
        pytest.param(True, {}, {}, False, id="it was there before"),
        pytest.param(True, {"ann": GIVEN._replace(made=True)}, {}, True, id="it was created by an earlier run"),
        pytest.param(True, {"ann": GIVEN._replace(made=True, uid=None)}, {}, True, id="by one that was killed"),
        pytest.param(True, {"ann": GIVEN._replace(made=True, uid=77)}, {}, False, id="it is another one of that name"),
        pytest.param(True, {}, {"ann": GIVEN._replace(made=True)}, True, id="it was created for another owner"),
    ],
)
def test_the_record_knows_which_accounts_are_ours(existed, own, others, made):
    wanted = parse_wanted({"users": [{"name": "ann"}]})
    before = {"ann": view("ann") if existed else UserView("ann")}
    assert next_owned(wanted, Shrunk(wanted), own, others, before, {"ann": view("ann")}, "2027-02-01")["ann"].made is made

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan groups and accounts: from what is there and what is wanted to calls of the shadow tools.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import List, NamedTuple, Optional, Set, Tuple

from .._system.accounts import LOCK_EXPIRY, Account, Group, PlannedAccount, Shadow, expiry_text, group_name, groups_of
from .state import Accounts, Conflict, Snapshot
from .steps import (
    PHASE_END,
    PHASE_EXPIRE,
    PHASE_GRANT,
    PHASE_GROUP,
    PHASE_HOME,
    PHASE_SESSIONS,
    PHASE_TAKE,
    PHASE_USER,
    Action,
    EndSessions,
    Expiry,
    RemoveGroup,
    RunTool,
    Step,
)
from .wanted import Wanted, WantedUser


def copy_accounts(snapshot: Snapshot) -> Accounts:
    """A copy to plan on."""
    return Accounts({name: account.planned for name, account in snapshot.accounts.items()}, dict(snapshot.shadows), dict(snapshot.groups))


def _run(phase: int, action: Action, *argv: str) -> RunTool:
    return RunTool(phase, (action,), argv)


def plan_new_groups(wanted: Wanted, after: Accounts) -> List[Step]:
    """Groups to create before users can be added to them."""
    steps: List[Step] = []
    for group in wanted.groups:
        present = after.groups.get(group.name)
        if not group.present:
            continue
        if present is not None:
            if group.gid not in (None, present.gid):
                raise Conflict(
                    "group %s has gid %s, not %d; the gid of a group is never changed, because files keep the old one" % (group.name, present.gid, group.gid)
                )
            continue
        if group.gid is not None:
            taken = group_name(after.groups, group.gid)
            if taken:
                raise Conflict("group %s: gid %d is taken by group %s" % (group.name, group.gid, taken))
        options = ["-r"] * group.system + (["-g", str(group.gid)] if group.gid is not None else [])
        steps.append(_run(PHASE_GROUP, Action("create_group", group.name), "groupadd", *options, group.name))
        after.groups[group.name] = Group(group.name, group.gid)
    return steps


def plan_gone_groups(wanted: Wanted, after: Accounts) -> List[Step]:
    """Groups to remove, once the users who must go are gone."""
    steps: List[Step] = []
    for group in wanted.groups:
        present = after.groups.get(group.name)
        if group.present or present is None:
            continue
        users = sorted(name for name, account in after.accounts.items() if account.gid == present.gid and present.gid is not None)
        if users:
            raise Conflict("group %s cannot be removed: it is the primary group of %s" % (group.name, ", ".join(users)))
        steps.append(RemoveGroup(PHASE_END, (Action("remove_group", group.name),), group.name))
        del after.groups[group.name]
    return steps


def plan_account(user: WantedUser, snapshot: Snapshot, after: Accounts, gain: Optional[str], drop: Set[str]) -> List[Step]:
    """Steps for one local account that must exist. gain: admin group to join; drop: admin groups to leave."""
    _check_shell(user, snapshot)
    wanted_groups = set(user.groups or ()) | ({gain} if gain else set())
    for name in sorted(wanted_groups | ({user.group} if user.group else set())):
        if name not in after.groups:
            raise Conflict("user %s: there is no group %s on this host; list it in groups to have it created" % (user.name, name))
    account = snapshot.accounts.get(user.name)
    if account is None:
        return _plan_new(user, snapshot, after, wanted_groups - drop)
    return _plan_changed(user, account, snapshot, after, wanted_groups, drop)


def plan_member(name: str, after: Accounts, gain: Optional[str], drop: Set[str]) -> List[Step]:
    """Admin group membership of an account that is not ours to change otherwise."""
    steps: List[Step] = []
    current = set(groups_of(name, after.groups))
    for group in sorted({gain} - current if gain else set()):
        steps.append(_run(PHASE_GRANT, Action("join_groups", name, "group " + group), "gpasswd", "-a", name, group))
    for group in sorted(drop & current):
        steps.append(_run(PHASE_TAKE, Action("leave_groups", name, "group " + group), "gpasswd", "-d", name, group))
    _set_groups(name, (current | ({gain} if gain else set())) - drop, after)
    return steps


class Removal(NamedTuple):
    """Steps that take an account away, and what of it cannot be done."""

    steps: Tuple[Step, ...] = ()
    failures: Tuple[str, ...] = ()


def plan_removed(user: WantedUser, account: Account, snapshot: Snapshot, after: Accounts) -> Removal:
    """Nobody can log in any more before the account's processes are ended; what is in the way of one step stops no other."""
    if account.uid == 0:
        return Removal(failures=("user %s has uid 0 and is not removed here" % user.name,))
    namesakes = snapshot.namesakes(account)
    own = after.groups.get(user.name)
    shared = own is not None and any(other.gid == own.gid for other in after.accounts.values() if other.name != user.name)
    steps: List[Step] = [_expire(_run(PHASE_EXPIRE, Action("expire_user", user.name), "usermod", "-e", LOCK_EXPIRY, "--", user.name), LOCK_EXPIRY)]
    ended = user.end_sessions and not namesakes
    if ended:
        steps.append(_end_sessions(user.name))
    if not ended and shared:
        # userdel would need force then, and would take the group too.
        return Removal(tuple(steps), ("user %s is expired but not removed: its processes are not ended, and its group is also that of others" % user.name,))
    failures = _find_tenants(account, after) if user.remove_home else ()
    remove_home = user.remove_home and not failures
    action = Action("remove_user_and_home", user.name, account.home) if remove_home else Action("remove_user", user.name)
    # With force userdel also takes an account whose processes live on; its key files and sudo rule are gone by then.
    removed = _run(PHASE_END, action, "userdel", *["-r"] * remove_home, *["-f"] * (not ended), "--", user.name)
    steps.append(removed._replace(gone_home=account.home) if remove_home else removed)
    del after.accounts[user.name]
    after.shadows.pop(user.name, None)
    _set_groups(user.name, set(), after)
    if own is not None and own.gid == account.gid and not own.members and not shared:
        del after.groups[user.name]  # userdel takes a user's private group along.
    return Removal(tuple(steps), failures)


def _check_shell(user: WantedUser, snapshot: Snapshot) -> None:
    if user.shell in snapshot.missing_shells and user.state == "present":
        raise Conflict("user %s: the shell %s does not exist on this host or cannot be run; logins would fail" % (user.name, user.shell))


def _find_tenants(account: Account, after: Accounts) -> Tuple[str, ...]:
    home = account.home.rstrip("/")
    return tuple(
        "user %s: the home %s is not removed, because user %s lives in it" % (account.name, account.home, other.name)
        for other in after.accounts.values()
        if other.name != account.name and (other.home.rstrip("/") + "/").startswith(home + "/")
    )


def _plan_new(user: WantedUser, snapshot: Snapshot, after: Accounts, groups: Set[str]) -> List[Step]:
    if user.uid is not None:
        for other in after.accounts.values():
            if other.uid == user.uid:
                raise Conflict("user %s: uid %d is taken by user %s" % (user.name, user.uid, other.name))
    home = planned_home(user, snapshot)
    if user.create_home and home.rstrip("/").rpartition("/")[0] in snapshot.missing_dirs:
        raise Conflict("user %s: the parent directory of the home %s does not exist" % (user.name, home))
    shell = user.shell or snapshot.default_shell
    group = user.group or (user.name if user.name in after.groups else None)
    locked = user.state == "locked"
    argv = ["useradd", "-d", home, "-s", shell, "-c", user.comment or "", "-m" if user.create_home else "-M"]
    argv += ["-g", group] if group else ["-U"]
    # '*' and not the tool's '!': without PAM sshd refuses keys, too, for an account whose password is locked.
    argv += ["-p", "!*" if locked else "*"]
    if user.system:
        argv.append("-r")
    if user.uid is not None:
        argv += ["-u", str(user.uid)]
    expires = LOCK_EXPIRY if locked else user.expires or ""
    if expires:
        argv += ["-e", expires]
    groups = groups - {group}
    if groups:
        argv += ["-G", ",".join(sorted(groups))]
    made = (", locked" if locked else "") + (" in groups " + ", ".join(sorted(groups)) if groups else "")
    steps: List[Step] = [_run(PHASE_USER, Action("create_user", user.name, made), *argv, "--", user.name)]
    if user.password_hash is not None:
        steps.append(_password_step(user.name, ("!" if locked else "") + user.password_hash))
    if group is None:
        after.groups[user.name] = Group(user.name, None)
    gid = after.groups[group].gid if group else None
    after.accounts[user.name] = PlannedAccount(user.name, user.uid, gid, user.comment or "", home, shell)
    after.shadows[user.name] = Shadow(("!" if locked else "") + (user.password_hash or "*"), expires)
    _set_groups(user.name, groups, after)
    return steps


def planned_home(user: WantedUser, snapshot: Snapshot) -> str:
    """Home that a new account gets."""
    return user.home or snapshot.home_base.rstrip("/") + "/" + user.name


def _plan_changed(user: WantedUser, account: Account, snapshot: Snapshot, after: Accounts, groups: Set[str], drop: Set[str]) -> List[Step]:
    if user.uid not in (None, account.uid):
        raise Conflict("user %s has uid %s, not %d; the uid of a user is never changed, because files keep the old one" % (user.name, account.uid, user.uid))
    if user.home is not None and user.home.rstrip("/") != account.home.rstrip("/"):
        raise Conflict(
            "user %s has the home %s, not %s; a home is not moved here (usermod -m -d %s %s)" % (user.name, account.home, user.home, user.home, user.name)
        )
    steps: List[Step] = []
    changed = account.planned
    if user.comment is not None and user.comment != account.comment:
        steps.append(_run(PHASE_USER, Action("set_comment", user.name, user.comment or "nothing"), "usermod", "-c", user.comment, user.name))
        changed = changed._replace(comment=user.comment)
    if user.shell is not None and user.shell != account.shell:
        steps.append(_run(PHASE_USER, Action("set_shell", user.name, user.shell), "usermod", "-s", user.shell, user.name))
        changed = changed._replace(shell=user.shell)
    if user.group is not None and after.groups[user.group].gid != account.gid:
        steps.append(_run(PHASE_USER, Action("set_primary_group", user.name, user.group), "usermod", "-g", user.group, user.name))
        changed = changed._replace(gid=after.groups[user.group].gid)
    after.accounts[user.name] = changed
    return steps + _plan_membership(user, changed, after, groups, drop) + _plan_shadow(user, after, snapshot.namesakes(account))


def _plan_membership(user: WantedUser, account: PlannedAccount, after: Accounts, groups: Set[str], drop: Set[str]) -> List[Step]:
    current = set(groups_of(user.name, after.groups))
    wanted = groups - {group_name(after.groups, account.gid)}
    keep = current if user.append_groups or user.groups is None else current & wanted
    final = (keep | wanted) - drop
    _set_groups(user.name, final, after)
    steps: List[Step] = []
    if final - current:
        action = Action("join_groups", user.name, _plural("group", final - current))
        steps.append(_run(PHASE_GRANT, action, "usermod", "-a", "-G", ",".join(sorted(final - current)), user.name))
    if current - final:
        action = Action("leave_groups", user.name, _plural("group", current - final))
        steps.append(_run(PHASE_TAKE, action, "usermod", "-G", ",".join(sorted(final)), user.name))
    return steps


def _plan_shadow(user: WantedUser, after: Accounts, namesakes: List[str]) -> List[Step]:
    shadow = after.shadows.get(user.name, Shadow())
    password, expires = shadow.password, shadow.expires
    locked = user.state == "locked"
    unlock = not locked and shadow.is_locked
    if user.password_hash is not None and user.update_password:
        password = ("!" if locked else "") + user.password_hash
    elif locked and not password.startswith("!"):
        password = "!" + password
    elif unlock and password.startswith("!") and len(password) > 1:
        password = password[1:]
    if locked:
        expires = LOCK_EXPIRY
    elif user.expires is not None:
        expires = user.expires
    elif unlock:
        expires = ""
    after.shadows[user.name] = Shadow(password, expires)
    phase = PHASE_EXPIRE if locked else PHASE_HOME
    steps: List[Step] = []
    flags: List[str] = []
    if password != shadow.password:
        if password.lstrip("!") == shadow.password.lstrip("!"):
            flags.append("-L" if locked else "-U")
        else:
            steps.append(_password_step(user.name, password))
    if locked or unlock:
        action = Action("lock_user" if locked else "unlock_user", user.name)
    else:
        action = Action("set_expiry", user.name, expiry_text(expires))
    if _expiry_differs(expires, shadow.expires):
        steps.append(_expire(_run(phase, action, "usermod", *flags, "-e", expires, "--", user.name), expires))
    elif flags:
        steps.append(_run(phase, action, "usermod", *flags, "--", user.name))
    if locked and steps and user.end_sessions and not namesakes:
        steps.append(_end_sessions(user.name))
    return steps


def _expire(step: RunTool, days: str) -> RunTool:
    return step._replace(expiry=Expiry(step.argv[-1], days))


def _end_sessions(name: str) -> Step:
    return EndSessions(PHASE_SESSIONS, (Action("end_processes", name),), name)


def _expiry_differs(one: str, other: str) -> bool:
    return expiry_text(one) != expiry_text(other)


def _password_step(name: str, password: str) -> Step:
    # Through standard input: an argument could be read by every user of the host.
    return RunTool(PHASE_HOME, (Action("set_password", name),), ("chpasswd", "-e"), "%s:%s\n" % (name, password))


def _set_groups(name: str, groups: Set[str], after: Accounts) -> None:
    for group in list(after.groups.values()):
        if (name in group.members) != (group.name in groups):
            members = tuple(member for member in group.members if member != name)
            after.groups[group.name] = group._replace(members=members + ((name,) if group.name in groups else ()))


def _plural(noun: str, names: Set[str]) -> str:
    return "%s%s %s" % (noun, "s" if len(names) > 1 else "", ", ".join(sorted(names)))

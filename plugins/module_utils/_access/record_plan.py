# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A team file that shrinks takes back what the record has of its owner: what is added to a run for that, and when the run is refused.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple

from .._openssh.authorized_keys import WantedKey
from .._openssh.keys import parse_public_key
from .._system.accounts import Account, Shadow
from .record import Given, Owned, merge
from .state import Conflict, Plan, UserView
from .wanted import Wanted, WantedUser


class Policy(NamedTuple):
    """What the options allow. C(spared): accounts that are never locked or removed, C(login): those of this very run."""

    owner: str
    unlisted: str = "report"
    unlisted_max: int = 3
    spared: FrozenSet[str] = frozenset()
    login: FrozenSet[str] = frozenset()
    may_be_empty: bool = False
    protected: FrozenSet[str] = frozenset()
    leaves: bool = False
    """Everything that the record has of the owner goes: another login that becomes root is proven."""


class Seen(NamedTuple):
    """Accounts of the record and of the task, as they are now."""

    accounts: Mapping[str, Account]
    local: FrozenSet[str] = frozenset()
    shadows: Mapping[str, Shadow] = {}


class Shrunk(NamedTuple):
    """The wanted state with what is taken back. C(unlisted): who is in the record and no longer in the file."""

    wanted: Wanted
    unlisted: Tuple[str, ...] = ()
    shrinking: FrozenSet[str] = frozenset()
    kept: Tuple[str, ...] = ()
    notes: Tuple[str, ...] = ()


def shrink(wanted: Wanted, own: Owned, others: Owned, seen: Seen, policy: Policy) -> Shrunk:
    """Add to the wanted state what must be taken back; raises Conflict for a file that lists nobody."""
    if own and not wanted.users and not policy.may_be_empty:
        raise Conflict(
            "nothing was changed: the team file is empty, and the record of this host has %d people of the owner %s; check the file, or list "
            "those who must go with state: absent" % (len(own), policy.owner)
        )
    users = tuple(_without_dropped(user, own.get(user.name), others.get(user.name), seen) for user in wanted.users)
    shrinking = {user.name for user, before in zip(users, wanted.users) if user != before}
    added: List[WantedUser] = []
    unlisted: List[str] = []
    kept: List[str] = []
    notes: List[str] = []
    for name in sorted(set(own) - wanted.user_names):
        given = own[name]
        account = seen.accounts.get(name)
        if account is None:
            continue
        if given.uid is not None and account.uid != given.uid:
            notes.append("user %s has uid %d, and uid %d in the record: it is another account, and is not changed" % (name, account.uid, given.uid))
            continue
        unlisted.append(name)
        if name in policy.login:
            kept.append(name)
            notes.append("user %s is no longer listed, but this run is logged in as that user; nothing is taken back" % name)
            continue
        user, note = _taken_back(name, given, others.get(name), seen, policy)
        added.append(user)
        notes.append(note)
    return Shrunk(wanted._replace(users=users + tuple(added)), tuple(unlisted), frozenset(shrinking | set(unlisted)), tuple(kept), tuple(notes))


def _without_dropped(user: WantedUser, given: Optional[Given], other: Optional[Given], seen: Seen) -> WantedUser:
    """A listed user, without what the file no longer gives."""
    account = seen.accounts.get(user.name)
    if given is None or account is None or user.state == "absent" or (given.uid is not None and account.uid != given.uid):
        return user
    wanted = {_line(key): key for key in user.keys or ()}
    present = {line for line, key in wanted.items() if key.present}
    gone = _absent_keys(set(given.keys) - set(wanted), other)
    if user.keys is not None:
        freed = tuple(_freed(key, given.keys.get(_line(key), ())) for key in user.keys)
        if freed + gone != user.keys:
            user = user._replace(keys=freed + gone)
    elif gone:
        user = user._replace(keys=gone)
    if user.exclusive and not present:
        user = user._replace(exclusive=False)
    left = set(given.groups) - set(user.groups or ()) - set(other.groups if other else ())
    if left:
        user = user._replace(leave_groups=frozenset(left))
    if given.sudo and user.sudo is None and not user.sudo_rules and not (other and other.sudo):
        user = user._replace(sudo="none")
    shadow = seen.shadows.get(user.name)
    if given.expires and user.expires is None and user.state == "present" and not user.existing and shadow and shadow.expires == given.expires:
        user = user._replace(expires="")
    return user


def _freed(key: WantedKey, ours: Tuple[str, ...]) -> WantedKey:
    """A key without the options that we once set and nobody asks for any more."""
    dropped = tuple((name, None) for name in ours if name not in dict(key.limits))
    return key._replace(limits=key.limits + dropped) if dropped and key.present and key.options is None else key


def _taken_back(name: str, given: Given, other: Optional[Given], seen: Seen, policy: Policy) -> Tuple[WantedUser, str]:
    """A user who is no longer listed, and a sentence about the account."""
    user = WantedUser(
        name,
        existing=name not in seen.local,
        keys=_absent_keys(set(given.keys), other) or None,
        sudo="none" if given.sudo and not (other and other.sudo) and seen.accounts[name].uid != 0 else None,
        leave_groups=frozenset(set(given.groups) - set(other.groups if other else ())),
    )
    shadow = seen.shadows.get(name)
    if shadow is not None and shadow.is_locked:
        # As it is: to be present would unlock it.
        user = user._replace(state="locked")
    start = ("user %s is left by the owner %s" if policy.leaves else "user %s is no longer listed by the owner %s") % (name, policy.owner)
    if other is not None:
        return user, "%s; the account stays, because another owner lists it" % start
    if user.existing:
        return user, "%s; the account is defined outside of /etc/passwd and stays" % start
    if name in policy.spared or seen.accounts[name].uid == 0:
        return user, "%s; the account is protected and stays" % start
    if policy.leaves and not given.made:
        return user, "%s; the account was there before and stays" % start
    if policy.unlisted == "lock":
        return user._replace(state="locked"), "%s; the account is locked" % start
    if policy.unlisted == "remove":
        return WantedUser(name, state="absent", end_sessions=True), "%s; the account is removed" % start
    return user, "%s; the account stays (ssh_users_unlisted is report)" % start


def _absent_keys(lines: "set[str]", other: Optional[Given]) -> Tuple[WantedKey, ...]:
    kept = set(other.keys) if other else set()
    return tuple(WantedKey(parse_public_key(line, "record"), present=False) for line in sorted(lines - kept))


def _line(key: WantedKey) -> str:
    return " ".join(key.key.line.split()[:2])


def refuse_shrinking(shrunk: Shrunk, plan: Plan, own: Owned, others: Owned, policy: Policy) -> None:
    """Raises Conflict for a plan that takes more than a person who edits a team file is likely to mean."""
    losers = sorted(name for name in shrunk.shrinking if _loses(plan.before.get(name), plan.after.get(name)))
    if policy.leaves:
        spared = [name for name in losers if name in policy.protected]
        if spared:
            raise Conflict(
                "nothing was changed: %s would lose the last key, and is protected (ssh_users_protected); give another key, or take the name out of "
                "that list" % ", ".join(spared)
            )
        return
    if len(losers) > policy.unlisted_max:
        names = ", ".join(losers[:10]) + (" and %d more" % (len(losers) - 10) if len(losers) > 10 else "")
        raise Conflict(
            "nothing was changed: %d people would lose their account or their last key on this host (%s), more than unlisted_max (%d) allows; "
            "check that this is the whole team file of the owner %s, and raise unlisted_max for this run if it is"
            % (len(losers), names, policy.unlisted_max, policy.owner)
        )
    taken = sorted(name for name in shrunk.shrinking if has_root(plan.before.get(name)) and not has_root(plan.after.get(name)))
    left = [name for name in shrunk.wanted.user_names | set(own) if has_root(plan.after.get(name))]
    left += [name for name, given in others.items() if given.sudo == "root" and given.keys]
    if taken and not left:
        raise Conflict(
            "nothing was changed: %s would lose root, and nobody who has it would be left on this host; list a person with sudo first" % ", ".join(taken)
        )


def _loses(before: Optional[UserView], after: Optional[UserView]) -> bool:
    if before is None or after is None or not before.exists or before.locked:
        return False
    return not after.exists or after.locked or (bool(before.keys) and not after.keys)


def has_root(view: Optional[UserView]) -> bool:
    """Whether a person can log in with a key and become root."""
    if view is None or not view.exists or view.locked or not view.keys:
        return False
    return view.uid == 0 or becomes_root(view)


def becomes_root(view: UserView) -> bool:
    """Whether the rule of ours or the admin group gives everything."""
    return view.rule.root if view.rule else view.sudo == "password"


def next_owned(wanted: Wanted, shrunk: Shrunk, own: Owned, others: Owned, before: Mapping[str, UserView], after: Mapping[str, UserView], today: str) -> Owned:
    """What the record has of this owner once the plan is carried out. An account that another owner lists is from then on that owner's alone."""
    known = merge(own, others)
    found: Dict[str, Given] = {}
    for user in wanted.users:
        view = after.get(user.name)
        if user.state == "absent" or view is None or not view.exists:
            continue
        lines = {_line(key): tuple(name for name, value in key.limits if value is not None) for key in user.keys or () if key.present}
        asked = user.sudo not in (None, "none") or bool(user.sudo_rules)
        sudo = "" if not asked else "root" if becomes_root(view) else "some"
        since = own[user.name].since if user.name in own else today
        made = user.name in before and not before[user.name].exists
        if not made and user.name in known:
            made = known[user.name].made and known[user.name].uid in (None, view.uid)
        found[user.name] = Given(view.uid, since, lines, sudo, user.groups or (), user.expires or "", made)
    for name in shrunk.unlisted:
        view = after.get(name)
        if name in shrunk.kept:
            found[name] = own[name]
        elif view is not None and view.exists and name not in others:
            found[name] = Given(own[name].uid, own[name].since, made=own[name].made)
    return found

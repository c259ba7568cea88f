# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan who may use sudo: an admin group to join or to leave, and a fragment of our own.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from .._system.accounts import AnyAccount
from .._system.sudoers import Rule, admin_groups, bare_word, rules_for
from .state import Accounts, Conflict, Fragment, Snapshot
from .steps import PHASE_GRANT, PHASE_STRIP, PHASE_TAKE, Action, RemoveFragment, Step, WriteFragment
from .sudoers import SudoLine, SudoRule, fragment_names, read_fragment, render_fragment
from .sudoers_lines import last_of_each, read_all
from .wanted import WantedUser

_USUAL_GROUPS = ("sudo", "wheel", "admin")


class SudoIntent(NamedTuple):
    """What a user's sudo option means on this host. C(fragment): None removes ours; C(keep) leaves it as it is.

    C(given): what is asked for, where the rules of others give exactly that.
    """

    gain: Optional[str] = None
    drop: Set[str] = set()
    fragment: Optional[str] = None
    keep: bool = False
    given: Optional[SudoRule] = None


def find_admin_groups(snapshot: Snapshot, groups: Set[str]) -> List[str]:
    """The usual admin groups that sudoers grants everything and that exist, in order of preference."""
    return [name for name in admin_groups(snapshot.sudo.rules) if name in _USUAL_GROUPS and name in groups]


def plan_intent(user: WantedUser, snapshot: Snapshot, after: Accounts) -> SudoIntent:
    """Translate the option into group and fragment for this host; raises Conflict."""
    if user.state == "absent":
        return SudoIntent()
    if user.sudo is None and not user.sudo_rules:
        return SudoIntent(keep=True)
    admins = find_admin_groups(snapshot, set(after.groups))
    rules = user.sudo_lines
    limited = not any(rule.everything for rule in rules)
    if user.sudo == "none" or limited:
        listed = sorted(set(user.groups or ()).intersection(admins))
        if listed:
            raise Conflict(
                "user %s: sudo is %s, but the listed group %s may run everything" % (user.name, "none" if user.sudo == "none" else "limited", listed[0])
            )
    if user.sudo == "none":
        return SudoIntent(drop=set(admins) | (_find_ruled_groups(snapshot, after) if user.removes_remains else set()))
    if _is_given(user, snapshot, after):
        return SudoIntent(keep=True, given=read_fragment(render_fragment(user.name, last_of_each(rules))))
    if not snapshot.sudo.installed:
        raise Conflict("user %s: sudo is not installed on this host; install it first, or set sudo: none" % user.name)
    if not all(rule.nopasswd for rule in rules):
        _check_password(user, after)
        if admins and rules == (SudoLine(),):
            return SudoIntent(gain=admins[0])
    if snapshot.sudo.fragment_dir is None:
        raise Conflict("user %s: /etc/sudoers includes no directory, so a rule file would have no effect; add '@includedir /etc/sudoers.d'" % user.name)
    # The admin group would give everything, without an end.
    return SudoIntent(drop=set(admins) if limited else set(), fragment=render_fragment(user.name, rules))


def _find_ruled_groups(snapshot: Snapshot, after: Accounts) -> Set[str]:
    """Groups that a rule of sudo names, whatever it gives."""
    words = {bare_word(group).lower() for rule in snapshot.sudo.rules for group in rule.groups}
    return {group.name for group in after.groups.values() if words & {group.name.lower(), "#%s" % group.gid}}


def plan_fragment(user: WantedUser, intent: SudoIntent, snapshot: Snapshot, fragments: Dict[str, Optional[str]]) -> List[Step]:
    """Write or remove the user's fragment; every change is noted in fragments for the test of the whole set."""
    folder = snapshot.sudo.fragment_dir
    if intent.keep or folder is None:
        return []
    names = fragment_names(user.name)
    paths = _paths(user.name, snapshot)
    present = {path: snapshot.sudo.fragments[path] for path in paths if path in snapshot.sudo.fragments}
    if intent.fragment is None:
        if not present:
            return []
        if user.state == "present":
            _check_obstacle(user, snapshot)
        fragments.update(dict.fromkeys(present))
        phase = PHASE_TAKE if user.state == "present" else PHASE_STRIP
        return [RemoveFragment(phase, (Action("remove_sudo_rule", user.name),), folder, names)]
    if present == {paths[0]: Fragment(intent.fragment)}:
        return []
    _check_obstacle(user, snapshot)
    rule = find_rule(user.name, snapshot, fragments)
    fragments.update(dict.fromkeys(present))
    fragments[paths[0]] = intent.fragment
    if present == {paths[0]: Fragment(intent.fragment, sound=False)}:
        action = Action("repair_sudo_rule", user.name)
    elif paths[0] not in present and rule == read_fragment(intent.fragment):
        action = Action("rename_sudo_rule", user.name)
    else:
        new_rule = read_fragment(intent.fragment)
        action = Action("set_sudo_rule", user.name, new_rule.text if new_rule else "")
    return [WriteFragment(PHASE_GRANT, (action,), folder, names, intent.fragment)]


def _paths(name: str, snapshot: Snapshot) -> List[str]:
    """Where fragments of a user may be; of those that are there the last one is in force."""
    return ["%s/%s" % (snapshot.sudo.fragment_dir, file) for file in fragment_names(name)]


def _check_obstacle(user: WantedUser, snapshot: Snapshot) -> None:
    if snapshot.sudo.obstacle:
        raise Conflict("user %s: %s" % (user.name, snapshot.sudo.obstacle))


def find_rule(name: str, snapshot: Snapshot, fragments: Dict[str, Optional[str]]) -> Optional[SudoRule]:
    """A user's rule of ours, with these changes to the fragments of the host."""
    for path in reversed(_paths(name, snapshot)):
        present = snapshot.sudo.fragments.get(path)
        text = fragments.get(path, present.text if present else None)
        if text:
            return read_fragment(text)
    return None


def foreign_rules(user: WantedUser, intent: SudoIntent, account: AnyAccount, after: Accounts, snapshot: Snapshot) -> List[str]:
    """Rules outside of ours that give sudo to a user who must have none, or some commands only."""
    how = "still" if user.sudo == "none" else "also"
    if user.sudo != "none" and (intent.given or not user.sudo_lines or any(rule.everything for rule in user.sudo_lines)):
        return []
    rules = rules_about(account, after, snapshot)
    return ["user %s %s has sudo by %s:%d: %s" % (account.name, how, rule.path, rule.number, rule.text) for rule in rules]


def _is_given(user: WantedUser, snapshot: Snapshot, after: Accounts) -> bool:
    """Whether others' rules give a user exactly what is asked for, in the same order, so that a rule of ours would add nothing."""
    account = snapshot.find_account(user.name)
    if account is None or fragments_of(user.name, snapshot):
        return False
    return read_all(rules_about(account, after, snapshot)) == last_of_each(user.sudo_lines)


def fragments_of(name: str, snapshot: Snapshot) -> Dict[str, str]:
    """A user's files of ours, by path."""
    return {path: snapshot.sudo.fragments[path].text for path in _paths(name, snapshot) if path in snapshot.sudo.fragments}


def rules_about(account: AnyAccount, after: Accounts, snapshot: Snapshot) -> List[Rule]:
    """Rules outside of ours that give something to a user, in the order of sudo."""
    return rules_for(account.name, (), snapshot.sudo.rules, ("#%s" % account.uid, *(word.lower() for word in group_words(account, after))))


def group_words(account: AnyAccount, after: Accounts) -> Tuple[str, ...]:
    """The groups of an account as sudoers writes them, by name and by number."""
    groups = after.groups_of(account)
    numbers = {group.gid for group in after.groups.values() if group.name in groups} | {account.gid}
    return (*("%" + group for group in sorted(groups)), *sorted("%%#%s" % number for number in numbers if number is not None))


def _check_password(user: WantedUser, after: Accounts) -> None:
    shadow = after.shadows.get(user.name)
    if user.existing and shadow is None:
        return  # An account of a directory service: its password is not ours to see.
    has = shadow is not None and shadow.has_password
    if user.password_hash is not None and (user.update_password or shadow is None):
        has = True
    if not has:
        raise Conflict("user %s: sudo: password needs an account with a password, and it has none; set password_hash, or use sudo: nopasswd" % user.name)

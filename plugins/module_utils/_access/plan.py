# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of one run: groups, accounts and sudo are settled first, then come the keys, and how everything reads before and after.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Dict, FrozenSet, List, Optional, Sequence, Set, Tuple

from .._openssh.authorized_keys import Revoked
from .._openssh.keys import PublicKey, key_of_blob
from .._system.accounts import Account, AnyAccount, Shadow, expiry_text, groups_of
from .plan_accounts import copy_accounts, plan_account, plan_gone_groups, plan_member, plan_new_groups, plan_removed
from .plan_keys import KeysPlan, plan_forgotten, plan_revoked, plan_user_keys
from .plan_remains import plan_remains
from .plan_sudo import SudoIntent, find_admin_groups, find_rule, foreign_rules, group_words, plan_fragment, plan_intent
from .state import Accounts, Conflict, HeldKey, InTheWay, KeyFile, Plan, Settled, Snapshot, UserView
from .steps import EndSessions, RemoveGroup, RunTool, Step, WriteKeys
from .sudoers import SudoRule
from .wanted import Wanted, WantedUser


def settle_accounts(snapshot: Snapshot, wanted: Wanted) -> Settled:
    """Plan all but keys; raises Conflict when the host does not allow it."""
    return _Settler(snapshot, wanted).settle()


def plan_access(snapshot: Snapshot, wanted: Wanted, settled: Settled, also_view: FrozenSet[str] = frozenset()) -> Plan:
    """Plan keys, and with them everything; raises Conflict. also_view: users to describe in any case."""
    keys = _KeysPlanner(snapshot, wanted, settled)
    keys.plan()
    names = sorted(wanted.user_names | set(keys.after) | also_view)
    seen = copy_accounts(snapshot)
    now = {**snapshot.key_files, **snapshot.key_files_now}
    before = {name: _view(name, seen, snapshot, {}, _held(now.get(name, ())), settled.given) for name in names}
    after = {name: _view(name, settled.after, snapshot, settled.fragments, keys.after_of(name), settled.given) for name in names}
    listed = {group.name for group in wanted.groups}
    return Plan(
        steps=tuple(sorted(list(settled.steps) + _once_per_file(keys.steps), key=_phase)),
        before=before,
        after=after,
        groups_before={name: group for name, group in seen.groups.items() if name in listed},
        groups_after={name: group for name, group in settled.after.groups.items() if name in listed},
        fragments=settled.fragments,
        warnings=wanted.warnings + settled.warnings + tuple(keys.warnings),
        failures=tuple(dict.fromkeys(settled.failures + tuple(keys.failures))),
        unremoved=tuple(dict.fromkeys(keys.unremoved)),
        revoked_keys=_find_revoked(snapshot, wanted.revoked),
        others_rules=tuple(snapshot.sudo.rules),
        removes=settled.removes,
        sudo_groups=_sudo_groups(snapshot, wanted, settled.after),
    )


def _sudo_groups(snapshot: Snapshot, wanted: Wanted, after: Accounts) -> Dict[str, Tuple[str, ...]]:
    accounts = {user.name: after.accounts.get(user.name) or snapshot.nss.get(user.name) for user in wanted.users if user.removes_remains}
    return {name: group_words(account, after) for name, account in accounts.items() if account is not None}


def _hidden_accounts(snapshot: Snapshot) -> List[str]:
    return ["an account may be hidden in %s" % clause for clause in snapshot.damage]


def _bound_again(snapshot: Snapshot, revoked: Revoked) -> List[str]:
    return [
        "the revoked key %s is that of the key pair which is bound to this instance in ECS, and comes back at the next reboot; unbind the pair "
        "(ecs_attach_key_pair with state: absent)" % key.fingerprint_sha256
        for key in snapshot.bound
        if revoked.covers(key)
    ]


def _find_revoked(snapshot: Snapshot, revoked: Revoked) -> Tuple[PublicKey, ...]:
    """The revoked keys as far as they are known: a fingerprint alone does not give the key."""
    seen = [item for files in (snapshot.key_files, snapshot.key_files_now, snapshot.spare_files) for group in files.values() for item in group]
    found = {held.key.blob: held.key for item in seen for held in item.keys if revoked.covers(held.key)}
    found.update((blob, key_of_blob(blob)) for blob in revoked.blobs)
    return tuple(found[blob] for blob in sorted(found))


def _phase(step: Step) -> int:
    return step.phase


def _once_per_file(steps: Sequence[Step]) -> List[Step]:
    """A key file that several accounts share is only changed for all of them alike, and once."""
    seen: Set[str] = set()
    kept = []
    for step in steps:
        # A pattern stands for another path with every account.
        path = step.path if isinstance(step, WriteKeys) and step.pattern is None else None
        if path is None or path not in seen:
            kept.append(step)
        if path is not None:
            seen.add(path)
    return kept


class _Settler:
    def __init__(self, snapshot: Snapshot, wanted: Wanted) -> None:
        self.snapshot = snapshot
        self.wanted = wanted
        self.after = copy_accounts(snapshot)
        self.fragments: Dict[str, Optional[str]] = {}
        self.warnings: List[str] = []
        self.failures: List[str] = []
        self.given: Dict[str, SudoRule] = {}

    def settle(self) -> Settled:
        steps = plan_new_groups(self.wanted, self.after)
        # Newcomers before leavers: a uid that a leaver still holds is not free yet when the newcomer is created.
        for user in self.wanted.staying:
            steps += self._plan_staying(user)
        for user in self.wanted.leaving:
            steps += self._plan_leaving(user)
        steps += plan_gone_groups(self.wanted, self.after)
        if self.wanted.takes:
            self.failures += _hidden_accounts(self.snapshot)
        remains = plan_remains(self.wanted, self.snapshot, {step.name for step in steps if isinstance(step, EndSessions)})
        steps += remains.steps
        self.fragments.update(remains.sudo_files)
        _check_tools(steps, self.snapshot)
        return Settled(self.after, tuple(steps), self.fragments, tuple(self.warnings), tuple(self.failures), remains.removes, self.given)

    def _plan_staying(self, user: WantedUser) -> List[Step]:
        name = user.name
        if not user.existing and name not in self.after.accounts and name in self.snapshot.nss:
            raise Conflict("user %s is defined outside of /etc/passwd (LDAP, SSSD ...); set account: existing to manage its keys and sudo" % name)
        intent = plan_intent(user, self.snapshot, self.after)
        if intent.given is not None:
            self.given[name] = intent.given
        if user.existing:
            account: AnyAccount = self._find_existing(user)
            steps = plan_member(name, self.after, intent.gain, intent.drop | user.leave_groups)
        else:
            self._check_new_home(user)
            steps = plan_account(user, self.snapshot, self.after, intent.gain, intent.drop | user.leave_groups)
            account = self.after.accounts[name]
        self.warnings += foreign_rules(user, intent, account, self.after, self.snapshot)
        return steps + plan_fragment(user, intent, self.snapshot, self.fragments)

    def _plan_leaving(self, user: WantedUser) -> List[Step]:
        steps = plan_fragment(user, SudoIntent(), self.snapshot, self.fragments)
        if user.name in self.snapshot.nss:
            self.failures.append("user %s is defined outside of /etc/passwd; lock or remove it where it is defined" % user.name)
        account = self.snapshot.accounts.get(user.name)
        if account is not None:
            removal = plan_removed(user, account, self.snapshot, self.after)
            steps += removal.steps
            self.failures += removal.failures
            for other in self.snapshot.namesakes(account):
                self.warnings.append("user %s has the same uid (%s) as user %s, whose processes are not ended" % (other, account.uid, user.name))
        return steps

    def _find_existing(self, user: WantedUser) -> Account:
        account = self.snapshot.find_account(user.name)
        if account is None:
            raise Conflict("user %s: account is existing, but the user does not exist on this host" % user.name)
        return account

    def _check_new_home(self, user: WantedUser) -> None:
        home = self.snapshot.homes.get(user.name)
        if user.name in self.after.accounts or home is None or not user.create_home:
            return
        if home.problem or home.obstacle:
            raise Conflict("user %s: %s" % (user.name, home.problem or home.obstacle))
        if home.exists and home.uid != user.uid:
            take_over = "set uid: %d to take it over, or " % home.uid if home.uid else ""
            raise Conflict("user %s: the home of the new account already exists and belongs to uid %s; %smove it away" % (user.name, home.uid, take_over))


class _KeysPlanner:
    def __init__(self, snapshot: Snapshot, wanted: Wanted, settled: Settled) -> None:
        self.snapshot = snapshot
        self.wanted = wanted
        self.settled = settled
        self.steps: List[Step] = []
        self.after: Dict[str, Tuple[HeldKey, ...]] = {}
        self.warnings: List[str] = []
        self.failures: List[str] = []
        self.unremoved: List[str] = []

    def plan(self) -> None:
        for user in self.wanted.staying:
            self._plan_staying(user)
        for user in self.wanted.leaving:
            if user.name in self.snapshot.accounts and user.name not in self.settled.after.accounts:
                self._take(user.name, plan_forgotten(user.name, self.snapshot))
        if self.wanted.revokes:
            self.unremoved += _hidden_accounts(self.snapshot)
            self.failures += _bound_again(self.snapshot, self.wanted.revoked)
            for name in sorted(set(self.snapshot.key_files) - set(self.after)):
                plan = self._revoke(self.snapshot.key_files, name)
                if plan.steps:
                    self.after[name] = plan.after
            for name in sorted(set(self.snapshot.spare_files) & set(self.settled.after.accounts)):
                self._revoke(self.snapshot.spare_files, name)
        command = self.snapshot.words.keys_command
        if command and (self.wanted.revokes or any(user.exclusive for user in self.wanted.users)):
            self.warnings.append("sshd also takes keys from a program (AuthorizedKeysCommand %s); those are not removed here" % command)

    def after_of(self, name: str) -> Tuple[HeldKey, ...]:
        """Keys of an account as they will be."""
        return self.after.get(name, _held(self.snapshot.key_files.get(name, ())))

    def _plan_staying(self, user: WantedUser) -> None:
        if user.keys is not None or user.exclusive:
            account = self.snapshot.find_account(user.name) or self.settled.after.accounts[user.name]
            try:
                return self._take(user.name, plan_user_keys(user, account.home, self.snapshot, self.wanted.revoked))
            except InTheWay as exc:
                # Who only loses keys must not keep the rest of it by what is in the way of one file.
                if user.state != "locked" and (user.exclusive or any(key.present for key in user.keys or ())):
                    raise
                self.failures.append(str(exc))
        self.after[user.name] = self._revoke(self.snapshot.key_files, user.name).after

    def _revoke(self, files: Dict[str, Tuple[KeyFile, ...]], name: str) -> KeysPlan:
        plan = plan_revoked(name, files.get(name, ()), self.wanted.revoked)
        self.steps += plan.steps
        self.unremoved += plan.unremoved
        return plan

    def _take(self, name: str, plan: KeysPlan) -> None:
        self.after[name] = plan.after
        self.steps += plan.steps
        self.warnings += plan.warnings
        self.unremoved += plan.unremoved


def _held(files: Sequence[KeyFile]) -> Tuple[HeldKey, ...]:
    return tuple(held for item in files for held in item.keys)


def _check_tools(steps: Sequence[Step], snapshot: Snapshot) -> None:
    if snapshot.account_obstacle and any(isinstance(step, (RunTool, RemoveGroup)) for step in steps):
        raise Conflict("accounts and groups cannot be changed: %s" % snapshot.account_obstacle)
    needed = {step.argv[0] for step in steps if isinstance(step, RunTool)}
    missing = sorted(needed & snapshot.missing_tools)
    if missing:
        raise Conflict("%s not found on this host; install the shadow utilities (passwd on Debian, shadow-utils on Alibaba Cloud Linux)" % ", ".join(missing))


def _view(
    name: str, state: Accounts, snapshot: Snapshot, fragments: Dict[str, Optional[str]], keys: Tuple[HeldKey, ...], given: Dict[str, SudoRule]
) -> UserView:
    account = state.accounts.get(name) or snapshot.nss.get(name)
    if account is None:
        return UserView(name)
    shadow = state.shadows.get(name, Shadow())
    rule = find_rule(name, snapshot, fragments) or given.get(name)
    groups = tuple(groups_of(name, state.groups))
    if rule:
        sudo = "nopasswd" if rule.nopasswd else "password"
    else:
        sudo = "password" if set(groups).intersection(find_admin_groups(snapshot, set(state.groups))) else "none"
    return UserView(
        name=name,
        exists=True,
        uid=account.uid,
        group=state.primary_group(account),
        groups=groups,
        comment=account.comment,
        shell=account.shell,
        home=account.home,
        password="set" if shadow.has_password else "none",
        expires=expiry_text(shadow.expires),
        locked=shadow.is_locked,
        sudo=sudo,
        rule=rule,
        keys=keys,
    )

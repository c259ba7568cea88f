# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of one run: groups, accounts, sudo and keys put together, with how everything reads before and after.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Dict, FrozenSet, List, Optional, Tuple

from .._openssh.authorized_keys import KeyLine
from .._system.accounts import Account, Shadow, expiry_text, group_name, groups_of
from .plan_accounts import (
    Accounts,
    copy_accounts,
    plan_account,
    plan_gone_groups,
    plan_member,
    plan_new_groups,
    plan_removed,
)
from .plan_keys import KeysPlan, plan_forgotten, plan_revoked, plan_user_keys, seen_keys
from .plan_sudo import SudoIntent, find_admin_groups, foreign_rules, plan_fragment, plan_intent, rule_of
from .state import Conflict, InTheWay, Plan, Snapshot, Step, UserView
from .sudoers import fragment_name
from .wanted import Wanted, WantedUser


def plan_access(snapshot: Snapshot, wanted: Wanted, also_view: FrozenSet[str] = frozenset()) -> Plan:
    """Plan everything; raises Conflict when the host does not allow it. also_view: users to describe in any case."""
    planner = _Planner(snapshot, wanted)
    steps = planner.plan()
    _check_tools(steps, snapshot)
    names = sorted(wanted.user_names | set(planner.keys_after) | also_view)
    seen = copy_accounts(snapshot)
    before = {name: _view(name, seen, snapshot, {}, seen_keys(name, snapshot), wanted) for name in names}
    after = {name: _view(name, planner.after, snapshot, planner.fragments, planner.keys_after.get(name, seen_keys(name, snapshot)), wanted) for name in names}
    listed = {group.name for group in wanted.groups}
    return Plan(
        steps=tuple(sorted(_once_per_file(steps), key=lambda step: step.phase)),
        before=before,
        after=after,
        groups_before={name: group for name, group in seen.groups.items() if name in listed},
        groups_after={name: group for name, group in planner.after.groups.items() if name in listed},
        fragments=planner.fragments,
        warnings=wanted.warnings + tuple(planner.warnings),
        failures=tuple(dict.fromkeys(planner.failures)),
    )


def _once_per_file(steps: List[Step]) -> List[Step]:
    """A key file that several accounts share is only changed for all of them alike, and once."""
    seen = set()  # type: Set[str]
    kept = []
    for step in steps:
        path = step.args["path"] if step.call == "write_keys" else ""
        if not path or path not in seen:
            kept.append(step)
        seen.add(path)
    return kept


class _Planner:
    def __init__(self, snapshot: Snapshot, wanted: Wanted) -> None:
        self.snapshot = snapshot
        self.wanted = wanted
        self.after = copy_accounts(snapshot)
        self.fragments = {}  # type: Dict[str, Optional[str]]
        self.keys_after = {}  # type: Dict[str, Tuple[KeyLine, ...]]
        self.warnings = []  # type: List[str]
        self.failures = []  # type: List[str]

    def plan(self) -> List[Step]:
        # Newcomers before leavers: a uid that a leaver still holds is not free yet when the newcomer is created.
        gone = [user for user in self.wanted.users if user.state == "absent"]
        staying = [user for user in self.wanted.users if user.state != "absent"]
        steps = plan_new_groups(self.wanted, self.after)
        for user in staying:
            steps += self._plan_staying(user)
        for user in gone:
            steps += self._plan_gone(user)
        steps += plan_gone_groups(self.wanted, self.after)
        self._warn_of_other_keys()
        if self.wanted.takes:
            self.failures += ["nobody can tell who is behind %s" % clause for clause in self.snapshot.damage]
        return steps + self._plan_others()

    def _warn_of_other_keys(self) -> None:
        command = self.snapshot.words.keys_command
        revoked = self.wanted.revoked
        if command and (revoked.blobs or revoked.fingerprints or any(user.exclusive for user in self.wanted.users)):
            self.warnings.append("sshd also takes keys from a program (AuthorizedKeysCommand %s); those are not removed here" % command)

    def _plan_staying(self, user: WantedUser) -> List[Step]:
        account = self._find_existing(user) if user.existing else None
        if not user.existing and user.name not in self.after.accounts and user.name in self.snapshot.nss:
            raise Conflict(
                "user %s is known here from elsewhere than /etc/passwd (LDAP, SSSD ...); set account: existing to manage its keys and sudo" % user.name
            )
        intent = plan_intent(user, self.snapshot, self.after)
        if user.existing:
            steps = plan_member(user.name, self.after, intent.gain, intent.drop)
        else:
            self._check_new_home(user)
            steps = plan_account(user, self.snapshot, self.after, intent.gain, intent.drop)
            account = self.after.accounts[user.name]
        steps += plan_fragment(user, intent, self.snapshot, self.fragments)
        if user.sudo == "none":
            self.warnings += foreign_rules(user, self._all_groups(account), self._ids(account), self.snapshot)
        if user.keys is not None or user.exclusive:
            try:
                return steps + self._take(user.name, plan_user_keys(user, account, self.snapshot, self.wanted.revoked))
            except InTheWay as exc:
                if user.state != "locked":
                    raise
                self.failures.append(str(exc))
        return steps + self._take(user.name, plan_revoked(user.name, self.snapshot, self.wanted.revoked))

    def _plan_gone(self, user: WantedUser) -> List[Step]:
        steps = plan_fragment(user, SudoIntent(), self.snapshot, self.fragments)
        if user.name in self.snapshot.nss:
            self.failures.append("user %s is known here from elsewhere than /etc/passwd; lock or remove it where it is defined" % user.name)
        if user.name in self.after.accounts:
            account = self.after.accounts[user.name]
            removal = plan_removed(user, self.snapshot, self.after)
            steps += list(removal.steps)
            self.failures += removal.failures
            if user.name not in self.after.accounts:
                steps += self._take(user.name, plan_forgotten(user, self.snapshot))
            for other in self.snapshot.namesakes(account):
                self.warnings.append("user %s has the number %s of user %s, whose processes are not ended" % (other, account.uid, user.name))
        return steps

    def _plan_others(self) -> List[Step]:
        if not (self.wanted.revoked.blobs or self.wanted.revoked.fingerprints):
            return []
        steps = []
        for name in sorted(set(self.snapshot.key_files) - self.wanted.user_names):
            plan = plan_revoked(name, self.snapshot, self.wanted.revoked)
            self.failures += plan.failures
            if plan.steps:
                steps += self._take(name, plan._replace(failures=()))
        return steps

    def _take(self, name: str, plan: KeysPlan) -> List[Step]:
        self.keys_after[name] = plan.after
        self.warnings += plan.warnings
        self.failures += plan.failures
        return list(plan.steps)

    def _find_existing(self, user: WantedUser) -> Account:
        account = self.snapshot.accounts.get(user.name) or self.snapshot.nss.get(user.name)
        if account is None:
            raise Conflict("user %s: account is existing, but this host knows no such user" % user.name)
        return account

    def _check_new_home(self, user: WantedUser) -> None:
        home = self.snapshot.homes.get(user.name)
        if user.name in self.after.accounts or home is None or not user.create_home:
            return
        if home.problem or home.obstacle:
            raise Conflict("user %s: %s" % (user.name, home.problem or home.obstacle))
        if home.exists and home.uid != user.uid:
            take_over = "give uid: %d to take it over, or " % home.uid if home.uid else ""
            raise Conflict("user %s: the home of the new account already exists and belongs to uid %d; %smove it away" % (user.name, home.uid, take_over))

    def _ids(self, account: Account) -> List[str]:
        """Uid and gids as sudoers writes them."""
        groups = self.after.groups
        gids = [account.gid] + [groups[name].gid for name in groups_of(account.name, groups)]
        return ["#%s" % account.uid] + ["%%#%s" % gid for gid in gids]

    def _all_groups(self, account: Account) -> List[str]:
        primary = group_name(self.after.groups, account.gid)
        return groups_of(account.name, self.after.groups) + ([primary] if primary else [])


def _check_tools(steps: List[Step], snapshot: Snapshot) -> None:
    if snapshot.account_obstacle and any(step.call in ("run", "remove_group") for step in steps):
        raise Conflict("accounts and groups cannot be changed: %s" % snapshot.account_obstacle)
    needed = {step.args["argv"][0] for step in steps if step.call == "run"}  # type: Set[str]
    missing = sorted(needed & snapshot.missing_tools)
    if missing:
        raise Conflict("%s not found on this host; install the shadow utilities (passwd on Debian, shadow-utils on Alibaba Cloud Linux)" % ", ".join(missing))


def _view(name: str, state: Accounts, snapshot: Snapshot, fragments: Dict[str, Optional[str]], keys: Tuple[KeyLine, ...], wanted: Wanted) -> UserView:
    account = state.accounts.get(name) or snapshot.nss.get(name)
    if account is None:
        return UserView(name)
    shadow = state.shadows.get(name, Shadow())
    rule = _fragment_rule(name, snapshot, fragments)
    groups = tuple(groups_of(name, state.groups))
    admins = [group for group in find_admin_groups(snapshot, set(state.groups)) if group in groups]
    if rule:
        sudo = "nopasswd" if " NOPASSWD: " in rule else "password"
    else:
        sudo = "password" if admins else "none"
    primary = name if account.gid is None else group_name(state.groups, account.gid) or str(account.gid)
    return UserView(
        name=name,
        exists=True,
        uid=account.uid,
        group=primary,
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


def _fragment_rule(name: str, snapshot: Snapshot, fragments: Dict[str, Optional[str]]) -> str:
    path = "%s/%s" % (snapshot.sudo.fragment_dir, fragment_name(name))
    present = snapshot.sudo.fragments.get(path)
    text = fragments.get(path, present.text if present else None)
    return rule_of(text) if text else ""

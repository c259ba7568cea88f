# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of this host as entries of a team file, each of them proven: ssh_access, given the entry, would change nothing.

What cannot be written so is left out, with the reason: an account whose rights cannot be expressed would lose them.

Note that this module util is **PRIVATE** to the collection.
"""

from typing import Any, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Sequence, Set, Tuple

from .._openssh.authorized_keys import KeyLine, Revoked
from .._openssh.key_options import KeyOptionsError, check_options, same_options
from .._system.accounts import Account
from .._system.sudoers import Rule, parse_rules
from .look import KeyLook, read_snapshot
from .look_sudo import find_objections
from .plan import plan_access, settle_accounts
from .plan_sudo import find_admin_groups, fragments_of, rules_about
from .report import sentences
from .state import Accounts, Conflict, KeyFile, Plan, Snapshot
from .steps import Action
from .sudoers import SudoLine
from .sudoers_lines import alias_names, read_all
from .wanted import Wanted, WantedUser, parse_wanted
from .wanted_keys import WantedError

MOST_ACCOUNTS = 1000
MOST_KEYS = 200
_MOST_NOTES = 20
_LONGEST_OPTIONS = 2000
_LONGEST_COMMENT = 200
# What a run would do that takes something from the account; anything else is no more than a remark.
_TAKING = ("leave_groups", "remove_sudo_rule", "remove_key", "lock_user")
_REPAIRING = ("set_mode", "set_owner")

Entry = Dict[str, Any]


class Candidate(NamedTuple):
    """An account that may be taken over. C(effective): fingerprints of the keys that sshd accepts, with the reason for those that it doesn't.

    C(proven): those of the first for which that is known; against the others there is only nothing known.
    """

    name: str
    effective: FrozenSet[str]
    refused: Mapping[str, str]
    proven: FrozenSet[str]


def find_entries(candidates: Sequence[Candidate]) -> Dict[str, Entry]:
    """By name: keys, rights, groups, notes, and why the account is left out; empty where it is not."""
    snapshot, after = _look([candidate.name for candidate in candidates])
    found = {candidate.name: _read_entry(candidate, snapshot, after) for candidate in candidates if snapshot.find_account(candidate.name)}
    by_name = {candidate.name: candidate for candidate in candidates}
    users = {}
    for name, entry in found.items():
        try:
            users[name] = parse_wanted({"users": [_as_user(name, entry)]}).users[0]
        except WantedError as exc:
            entry["left_out"] = str(exc)
    for name, (actions, conflict) in _plan_all(users, snapshot).items():
        taking = [action for action in actions if action.kind in _TAKING]
        repairs = [action for action in actions if action.kind in _REPAIRING]
        opened = _find_opened(by_name[name], snapshot.key_files.get(name, ())) if repairs else ()
        if conflict or taking:
            found[name]["left_out"] = conflict or "a run would change it: %s" % "; ".join(sentences(taking))
        elif opened:
            found[name]["left_out"] = "a run would change it: %s; then %s may open it, which may not do so today" % (
                "; ".join(sentences(repairs)),
                "keys" if len(opened) > 1 else "the key " + opened[0],
            )
        else:
            found[name]["notes"] += ["the first run of onboard would change: %s" % text for text in sentences(actions)]
    taken = [user for name, user in users.items() if not found[name]["left_out"]]
    # Where anything is wrong, one by one: a sentence does not say by itself whom it is about.
    for user in taken if find_objections(taken, snapshot.sudo.rules) else []:
        for sentence in find_objections([user], snapshot.sudo.rules):
            found[user.name]["left_out"] = sentence
    for entry in found.values():
        entry["notes"] = entry["notes"][:_MOST_NOTES]
    return found


def _look(names: Sequence[str]) -> Tuple[Snapshot, Accounts]:
    """The host as ssh_access sees it with these users."""
    wanted = Wanted((), tuple(WantedUser(name, existing=True) for name in names), Revoked(), ())
    snapshot = read_snapshot(wanted)
    known = wanted._replace(users=tuple(user for user in wanted.users if snapshot.find_account(user.name)))
    after = settle_accounts(snapshot, known).after
    return KeyLook(snapshot, frozenset()).look(known, after), after


def _read_entry(candidate: Candidate, snapshot: Snapshot, after: Accounts) -> Entry:
    account = snapshot.find_account(candidate.name)
    if account is None:
        raise AssertionError("only accounts that are there are read")
    notes: List[str] = []
    keys = _read_keys(candidate, snapshot.key_files.get(candidate.name, ()), notes)
    rights, groups = _read_rights(account, snapshot, after, notes)
    return {
        "local": candidate.name in snapshot.accounts,
        "keys": keys[:MOST_KEYS],
        "rights": [{"nopasswd": line.nopasswd, "commands": list(line.commands), "runas": line.runas} for line in rights],
        "groups": groups,
        "notes": notes,
        "left_out": "there are more than %d keys" % MOST_KEYS if len(keys) > MOST_KEYS else "",
    }


def _read_keys(candidate: Candidate, files: Iterable[KeyFile], notes: List[str]) -> List[Dict[str, str]]:
    held: Dict[str, List[KeyLine]] = {}
    for item in files:
        reason = item.problem or ("it is also the key file of %s" % ", ".join(item.shared[:3]) if item.shared else "")
        if reason and (item.lines is None or item.keys):
            notes.append("%s is left as it is: %s" % (item.path, reason))
            continue
        for line in item.lines or ():
            if line.key is not None:
                held.setdefault(line.key.fingerprint_sha256, []).append(line)
    found = []
    for fingerprint, lines in held.items():
        objection = _object(candidate, fingerprint, lines)
        if objection:
            notes.append("the key %s is left as it is: %s" % (fingerprint, objection))
        elif lines[0].key is not None:
            key = lines[0].key
            # A comment that cannot be written stays as it is in its file.
            comment = key.comment if key.comment.isprintable() and len(key.comment) <= _LONGEST_COMMENT else ""
            found.append({"key": key._replace(comment="").line, "options": lines[0].options, "comment": comment})
    return found


def _object(candidate: Candidate, fingerprint: str, lines: Sequence[KeyLine]) -> str:
    """Why a key is not taken over."""
    if fingerprint not in candidate.effective:
        return candidate.refused.get(fingerprint) or "it does not open the account"
    if any(not same_options(lines[0].options, line.options) for line in lines):
        return "it has several lines with different options"
    if len(lines[0].options) > _LONGEST_OPTIONS or not lines[0].options.isprintable():
        return "its options are longer than %d characters, or cannot be printed" % _LONGEST_OPTIONS
    try:
        check_options(lines[0].options, "its line")
    except KeyOptionsError as exc:
        return str(exc)
    return ""


def _find_opened(candidate: Candidate, files: Iterable[KeyFile]) -> Sequence[str]:
    """Keys that are not proven to open the account, in files with a repair that may make them do so."""
    held = [key.key.fingerprint_sha256 for item in files if any(repair.opens for repair in item.repairs) for key in item.keys]
    return [fingerprint for fingerprint in dict.fromkeys(held) if fingerprint not in candidate.proven]


def _read_rights(account: Account, snapshot: Snapshot, after: Accounts, notes: List[str]) -> Tuple[Sequence[SudoLine], List[str]]:
    """The rights by sudo, in its order, and the groups that they come from."""
    own = [rule for path, text in fragments_of(account.name, snapshot).items() for rule in parse_rules(path, text)]
    others = rules_about(account, after, snapshot)
    if own:
        notes += ["sudo by %s:%d is left as it is: %s" % (rule.path, rule.number, rule.text) for rule in others if not _is_admin_rule(rule, snapshot, after)]
    rules = own or others
    lines = read_all(rules)
    if lines is None:
        notes += ["sudo by %s:%d is left as it is, because a team file cannot express it: %s" % (rule.path, rule.number, rule.text) for rule in rules]
        return (), []
    names = alias_names(lines)
    if names:
        notes.append("the rights use names that the sudoers of this host defines, and another host may define otherwise: %s" % ", ".join(names))
    admins = set(find_admin_groups(snapshot, set(after.groups)))
    member_of = {group.name for group in after.groups.values() if account.name in group.members} - admins
    named: Set[str] = {word[1:] for rule in rules for word in rule.who if word[:1] == "%"}
    return lines, sorted(member_of & named) if account.name in snapshot.accounts else []


def _is_admin_rule(rule: Rule, snapshot: Snapshot, after: Accounts) -> bool:
    return bool(rule.groups & set(find_admin_groups(snapshot, set(after.groups))))


def _as_user(name: str, entry: Entry) -> Dict[str, Any]:
    """The entry as one of the users of ssh_access, just as a team file with rules would have it."""
    user: Dict[str, Any] = {"name": name, "account": "local" if entry["local"] else "existing"}
    if entry["keys"]:
        user["authorized_keys"] = [{"key": key["key"], **({"options": key["options"]} if key["options"] else {})} for key in entry["keys"]]
    if entry["groups"]:
        user["groups"] = list(entry["groups"])
    if not entry["rights"]:
        return dict(user, sudo="none")
    rules = [
        {"sudo": "nopasswd" if right["nopasswd"] else "password", "runas": right["runas"], **({"commands": right["commands"]} if right["commands"] else {})}
        for right in entry["rights"]
    ]
    if len(rules) > 1:
        return dict(user, sudo_rules=rules)
    one = {"sudo": rules[0]["sudo"], "sudo_runas": rules[0]["runas"], **({"sudo_commands": rules[0]["commands"]} if "commands" in rules[0] else {})}
    return dict(user, **one)


def _plan_all(users: Mapping[str, WantedUser], snapshot: Snapshot) -> Dict[str, Tuple[List[Action], str]]:
    """What ssh_access would do for each user, or why it could not."""
    try:
        plan = _plan(list(users.values()), snapshot)
    except Conflict:
        found = {}
        for name, user in users.items():
            try:
                found[name] = _plan([user], snapshot).actions, ""
            except Conflict as exc:
                found[name] = [], str(exc)
        return found
    actions: Dict[str, Tuple[List[Action], str]] = {name: ([], "") for name in users}
    for action in plan.actions:
        actions[action.subject][0].append(action)
    return actions


def _plan(users: Sequence[WantedUser], snapshot: Snapshot) -> Plan:
    wanted = Wanted((), tuple(users), Revoked(), ())
    return plan_access(snapshot, wanted, settle_accounts(snapshot, wanted))

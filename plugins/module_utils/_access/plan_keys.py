# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the key files of all accounts: listed users get their keys, revoked keys leave everybody.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import List, NamedTuple, Optional, Sequence, Tuple

from .._openssh.authorized_keys import Revoked, WantedKey, plan_key_file
from .state import Conflict, HeldKey, HomeState, InTheWay, KeyFile, Snapshot, held_keys
from .steps import PHASE_FORGET, PHASE_HOME, PHASE_KEYS, PHASE_REVOKE, Action, CreateHome, RemoveKeyFile, Step, WriteKeys
from .wanted import WantedUser


class KeysPlan(NamedTuple):
    """Steps for one account's files, its keys afterwards, what to warn of, and where revoked keys stay."""

    steps: Tuple[Step, ...] = ()
    after: Tuple[HeldKey, ...] = ()
    warnings: Tuple[str, ...] = ()
    unremoved: Tuple[str, ...] = ()


def plan_user_keys(user: WantedUser, where: str, snapshot: Snapshot, revoked: Revoked) -> KeysPlan:
    """Keys of a listed user whose authorized_keys are given. where: the home of the account."""
    files = snapshot.key_files.get(user.name, ())
    home = snapshot.homes.get(user.name, HomeState(False))
    wanted = list(user.keys or ())
    adds = any(item.present for item in wanted)
    if not files:
        if adds:
            raise Conflict("user %s: sshd reads no key file for this user (AuthorizedKeysFile is none), so a key would have no effect" % user.name)
        return KeysPlan()
    own = [item for item in files if not item.shared]
    if adds and not own:
        raise Conflict(
            "user %s: sshd reads %s for %s too, and no file of this user's alone, so a key there would open more than this "
            "account; add a place such as .ssh/authorized_keys to AuthorizedKeysFile"
            % (user.name, " and ".join(item.path for item in files), _name_sharers(files[0]))
        )
    for item in own:
        if item.problem and (item is own[0] or item.exists):
            raise InTheWay("user %s: %s" % (user.name, item.problem))
    warnings = _check_shared(user, files, wanted)
    steps: List[Step] = []
    new = snapshot.find_account(user.name) is None
    in_home = bool(own) and own[0].path.startswith(where.rstrip("/") + "/")
    if adds and in_home:
        if home.problem:
            raise InTheWay("user %s: %s" % (user.name, home.problem))
        if not home.exists and not (new and user.create_home):
            if not user.create_home:
                raise Conflict("user %s: the home %s does not exist and create_home is false, so there is no place for keys" % (user.name, where))
            if where.rstrip("/").rpartition("/")[0] in snapshot.missing_dirs:
                raise Conflict("user %s: the parent directory of the home %s does not exist" % (user.name, where))
            if home.obstacle:
                raise Conflict("user %s: %s" % (user.name, home.obstacle))
            steps.append(CreateHome(PHASE_HOME, (Action("create_home", user.name, where),), user.name))
    first = own[0] if own else None
    elsewhere = {blob for item in files if item is not first for blob in item.blobs}
    after: Tuple[HeldKey, ...] = ()
    for item in files:
        held = item.blobs
        mine = [] if item.shared else [key for key in wanted if not key.present or key.key.blob in held or (item is first and key.key.blob not in elsewhere)]
        step, keys = _plan_file(user.name, item, mine, user.exclusive and not item.shared, revoked)
        steps += [step] if step else []
        after += keys
    unremoved = [sentence for item in files for sentence in _unsearched(user.name, item, revoked)]
    return KeysPlan(tuple(steps), after, tuple(warnings), tuple(unremoved))


def _check_shared(user: WantedUser, files: Sequence[KeyFile], wanted: List[WantedKey]) -> List[str]:
    """What to warn of; Conflict when a key would have to leave a file that is also others'."""
    warnings = []
    for item in files:
        held = item.blobs if item.shared else set()
        if any(not key.present and key.key.blob in held for key in wanted):
            raise Conflict(
                "user %s: a key to remove is in %s, which sshd reads for %s too; it is not removed for one of them alone; list it "
                "in revoked_keys" % (user.name, item.path, _name_sharers(item))
            )
        if user.exclusive and held - {key.key.blob for key in wanted}:
            warnings.append("user %s: %s holds other keys and is not changed, because sshd reads it for %s too" % (user.name, item.path, _name_sharers(item)))
    return warnings


def _name_sharers(item: KeyFile) -> str:
    return ", ".join(item.shared[:3]) + (" and others" if len(item.shared) > 3 else "")


def plan_revoked(name: str, files: Sequence[KeyFile], revoked: Revoked) -> KeysPlan:
    """Take revoked keys out of files that are not otherwise managed. Where that is not possible they are unremoved."""
    steps: List[Step] = []
    unremoved: List[str] = []
    after: Tuple[HeldKey, ...] = ()
    for item in files:
        if item.lines is None:
            unremoved += _unsearched(name, item, revoked)
            continue
        try:
            step, keys = _plan_file(name, item._replace(repairs=()), [], False, revoked)
        except Conflict as exc:
            unremoved.append("a revoked key could not be removed: %s" % exc)
            step, keys = None, item.keys
        if step is not None and item.problem:
            unremoved.append("a revoked key of user %s could not be removed: %s" % (name, item.problem))
            keys = item.keys
        elif step is not None:
            steps.append(step._replace(phase=PHASE_REVOKE))
        after += keys
    return KeysPlan(tuple(steps), after, unremoved=tuple(unremoved))


def _unsearched(name: str, item: KeyFile, revoked: Revoked) -> List[str]:
    if item.lines is not None or revoked == Revoked():
        return []
    return ["the keys of user %s could not be searched for revoked ones: %s" % (name, item.problem or item.path)]


def plan_forgotten(name: str, snapshot: Snapshot) -> KeysPlan:
    """Remove the key files of a user who leaves: a later account of that name must not inherit them."""
    files = [item for item in snapshot.key_files.get(name, ()) + snapshot.spare_files.get(name, ()) if item.exists and not item.shared]
    return KeysPlan(tuple(RemoveKeyFile(PHASE_FORGET, (Action("remove_key_file", name, item.path),), name, item.path) for item in files))


def _plan_file(name: str, item: KeyFile, wanted: List[WantedKey], exclusive: bool, revoked: Revoked) -> Tuple[Optional[WriteKeys], Tuple[HeldKey, ...]]:
    edit = plan_key_file(item.lines or (), wanted, exclusive, revoked)
    repairs = item.repairs if (item.exists or edit.lines) and not item.shared else ()
    if not edit.changes and not repairs:
        return None, item.keys
    if item.obstacle:
        raise InTheWay("user %s: %s" % (name, item.obstacle))
    actions = [Action(change.verb + "_key", name, change.what) for change in edit.changes]
    actions += [Action(repair.kind, name, "%s %s" % (repair.path, repair.change)) for repair in repairs]
    before = item.content if item.exists else None
    revokes = any(revoked.covers(held.key) for held in item.keys)
    return WriteKeys(PHASE_KEYS, tuple(actions), name, item.path, edit.content, before, bool(item.shared), item.pattern, revokes), held_keys(edit.lines)

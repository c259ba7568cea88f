# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A shared key that another one takes the place of: where the two lie on this host, and since when both work here.

Note that this module util is **PRIVATE** to the collection.
"""

from typing import Any, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._errors import AccessError
from .._openssh.authorized_keys import Revoked
from .._system.account_files import find_account, read_passwd
from .look import KeyLook, read_snapshot
from .plan import settle_accounts
from .record import Rotation
from .record_files import PATH, RecordFile
from .state import KeyFile, Snapshot
from .wanted import Wanted
from .wanted_keys import parse_revoked

MOST_PLACES = 500


class RotationError(AccessError):
    """Why the rotation cannot be recorded on this host. The message is one sentence."""

    code = "rotation"


class KeyPlace(NamedTuple):
    """A line of a key file with one of the keys that were looked for. C(read): whether sshd reads that file now.

    C(shared): sshd reads it for other accounts too.
    """

    user: str
    path: str
    fingerprint: str
    public_key: str
    options: str
    read: bool
    shared: bool = False


def find_places(keys: List[str], users: Sequence[str] = ()) -> Dict[str, Any]:
    """Every line of every account's key files with one of these keys, every key of these users, and what could not be searched."""
    wanted = Wanted((), (), parse_revoked(keys), ())
    if users and not wanted.revokes:
        # All files are searched all the same: no key has this fingerprint.
        wanted = wanted._replace(revoked=Revoked(fingerprints=frozenset(("",))))
    if not wanted.revokes:
        return {"places": [], "unsearched": []}
    snapshot = read_snapshot(wanted)
    snapshot = KeyLook(snapshot, frozenset()).look(wanted, settle_accounts(snapshot, wanted).after)
    places = list(places_of(snapshot, wanted.revoked, frozenset(users)))
    unsearched = ["an account may be hidden in %s" % clause for clause in snapshot.damage]
    unsearched += [
        "the keys of user %s could not be searched: %s" % (name, item.problem or item.path) for name, item, _read in _files(snapshot) if item.lines is None
    ]
    if len(places) > MOST_PLACES:
        unsearched.append("the keys are in more than %d places" % MOST_PLACES)
    return {"places": [place._asdict() for place in places[:MOST_PLACES]], "unsearched": unsearched[:MOST_PLACES]}


def find_users(names: Sequence[str]) -> List[Dict[str, Any]]:
    """Those of these users that the host has. C(local): in /etc/passwd, where the account can be locked."""
    local = read_passwd().accounts
    found = {name: local.get(name) or find_account(name) for name in names}
    return [{"name": name, "uid": account.uid, "local": name in local} for name, account in found.items() if account is not None]


def places_of(snapshot: Snapshot, keys: Revoked, users: FrozenSet[str] = frozenset()) -> Iterable[KeyPlace]:
    """The places in the files that were looked at, by account, in the order in which sshd reads them."""
    for name, item, read in _files(snapshot):
        for held in item.keys:
            if name in users or keys.covers(held.key):
                yield KeyPlace(name, item.path, held.key.fingerprint_sha256, held.key._replace(comment="").line, held.options, read, bool(item.shared))


def _files(snapshot: Snapshot) -> Iterable[Tuple[str, KeyFile, bool]]:
    for name in sorted(set(snapshot.key_files) | set(snapshot.spare_files)):
        for item in snapshot.key_files.get(name, ()):
            yield name, item, True
        for item in snapshot.spare_files.get(name, ()):
            yield name, item, False


class RotationBook:
    """The rotations in the record of this host."""

    def __init__(self, instance: Optional[str]) -> None:
        self._file = RecordFile(instance)

    def find(self, old: str, new: str) -> Optional[Rotation]:
        """That of these two keys."""
        found = [rotation for rotation in self._file.record.rotations if (rotation.old, rotation.new) == (old, new)]
        return found[0] if found else None

    def ended(self, pair: str) -> Optional[Rotation]:
        """The last one in which the key of this pair left."""
        found = [rotation for rotation in self._file.record.rotations if pair and rotation.pair == pair and rotation.ended]
        return found[-1] if found else None

    def write(self, rotation: Rotation) -> bool:
        """Whether that changed anything; raises RotationError where it cannot be kept."""
        if self._file.state == "future":
            raise RotationError("the record %s %s, so the rotation cannot be written down" % (PATH, self._file.problem))
        if rotation in self._file.record.rotations:
            return False
        self._file.write(self._file.record.with_rotation(rotation))
        return True


def next_rotation(found: Optional[Rotation], params: Mapping[str, Any]) -> Rotation:
    """The record as it is after a step. A beginning that was written down stays, unless it is later than now."""
    now = params["at"]
    begun = Rotation(params["old_fingerprint"], params["new_fingerprint"], params["pair"], now)
    if found is not None and found.since <= now:
        begun = begun._replace(since=found.since)
    return begun._replace(ended=now) if params["step"] == "end" else begun

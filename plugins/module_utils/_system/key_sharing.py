# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts sshd reads one and the same key file for.

A file is never changed for the sake of one of them: the others would get keys that are not theirs, or lose their own.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
from typing import Dict, Iterable, List, Optional, Tuple

from .._openssh.key_paths import SshdWords
from .._openssh.rules import expand_pattern, is_personal
from .accounts import Account, AnyAccount
from .nodes import READ
from .rights import acting_as

EVERYBODY = ("every account",)
_NO_LOGIN = ("nologin", "false")


class KeySharing:
    """The accounts of a host, and every pattern by which sshd finds keys of some of them."""

    def __init__(self, accounts: Iterable[Account], words: Optional[SshdWords] = None) -> None:
        self._accounts = list(accounts)
        self._patterns = tuple(dict.fromkeys(words.key_files + words.key_files_in_match)) if words else ()
        self._folders: Dict[str, str] = {}
        self._readers: Dict[str, Dict[str, List[Account]]] = {}

    def sharers(self, account: AnyAccount, pattern: str) -> Tuple[str, ...]:
        """Other accounts that a key in this file would open, or that could lose theirs."""
        if not is_personal(pattern):
            return EVERYBODY
        place = self._place(account, pattern)
        others = [other for each in dict.fromkeys((pattern,) + self._patterns) for other in self._readers_of(each).get(place, ())]
        return tuple(sorted({other.name for other in others if other.name != account.name and _reads(other, account, place)}))

    def _readers_of(self, pattern: str) -> Dict[str, List[Account]]:
        """Place to the accounts whose keys it holds by this pattern; worked out once, for there may be thousands of accounts."""
        if pattern not in self._readers:
            found = self._readers.setdefault(pattern, {})
            for account in self._accounts:
                found.setdefault(self._place(account, pattern), []).append(account)
        return self._readers[pattern]

    def _place(self, account: AnyAccount, pattern: str) -> str:
        """The path with links resolved above the home only: what is in a home is not followed anyway."""
        home = os.path.normpath("/" + account.home.lstrip("/"))
        folder, name = os.path.split(home)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return os.path.normpath(expand_pattern(pattern, account.name, account.uid, os.path.join(self._folders[folder], name)))


def _reads(other: Account, account: AnyAccount, path: str) -> bool:
    """Whether sshd would take keys from this file for the other account, as things are and once the account's keys are there."""
    if other.uid in (0, account.uid) or not path.startswith(account.home.rstrip("/") + "/"):
        return True
    mine = _owns(account.home, account.uid)
    try:
        with acting_as(other.name, other.uid, other.gid):
            descriptor = os.open(path, READ)
    except PermissionError:
        return False
    except OSError:
        # There is none yet. In a home of its own the account gets one that it alone can read.
        return not mine
    try:
        owner = os.fstat(descriptor).st_uid
    finally:
        os.close(descriptor)
    # It is closed to system accounts that have another account's home and never log in, as operator does in root's.
    return owner in (0, other.uid) and not (mine and os.path.basename(other.shell) in _NO_LOGIN)


def _owns(path: str, uid: Optional[int]) -> bool:
    with contextlib.suppress(OSError):
        return os.stat(path).st_uid == uid
    return False

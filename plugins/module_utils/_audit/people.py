# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of a host: which there are, and whether one could log in with any of them.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import datetime
from typing import List, NamedTuple, Optional, Tuple

from .._openssh import rules
from .._openssh.rules import Effective
from .._system.accounts import NO_SHELLS, Account, Shadow, expiry_text, parse_passwd, parse_shadow
from .records import AccountRecord, Facts, UnreadRecord

_NOBODY = 65534
_EPOCH = datetime.date(1970, 1, 1)


class Person(NamedTuple):
    """One account and all that decides about its logins."""

    account: Account
    shadow: Optional[Shadow]
    groups: Tuple[str, ...]
    settings: Optional[Effective]
    """None where sshd could not be asked."""
    local: bool
    state: str
    why: str
    """Why it is not open, as a sentence."""
    system: bool

    @property
    def name(self) -> str:
        return self.account.name

    @property
    def password(self) -> str:
        """Whether one is set: a hash behind a lock is a locked password, and a lock without one is none."""
        if self.shadow is None or not self.shadow.has_password:
            return "none"
        return "locked" if self.shadow.password.startswith("!") else "set"

    @property
    def for_rules(self) -> rules.Account:
        """The same for the rules of sshd."""
        return rules.Account(self.account.name, self.account.uid, self.account.home, self.groups)


def read_people(facts: Facts) -> Tuple[List[Person], List[UnreadRecord]]:
    """The accounts by name, and what of them was not seen. Of two equal names the first counts, as for the host."""
    people, unread = {}, []
    for record in facts.of("account"):
        parsed = list(parse_passwd(record.passwd + "\n").values())
        if len(parsed) != 1:
            unread.append(UnreadRecord("/etc/passwd:%d" % record.number, "the line is not a valid account"))
        elif parsed[0].name not in people:
            people[parsed[0].name] = _person(facts, record, parsed[0])
    return [people[name] for name in sorted(people)], unread


def _person(facts: Facts, record: AccountRecord, account: Account) -> Person:
    shadow = parse_shadow(record.shadow + "\n").get(account.name)
    settings = facts.settings.get(record.settings)
    state, why = _state(account, shadow, settings, record.shell_works, today(facts))
    system = account.uid < facts.host["uid_min"] or account.uid == _NOBODY
    return Person(account, shadow, record.groups, settings, record.number > 0, state, why, system)


def today(facts: Facts) -> int:
    """The day of the host's clock, counted from 1970-01-01."""
    return (datetime.datetime.strptime(facts.utc[:8], "%Y%m%d").date() - _EPOCH).days


def _state(account: Account, shadow: Optional[Shadow], settings: Optional[Effective], shell_works: bool, day: int) -> Tuple[str, str]:
    """A locked password alone does not lock an account: with UsePAM, keys work on."""
    expiry = shadow.expiry_day if shadow is not None else None
    if expiry is not None and day >= expiry:
        locked = shadow is not None and shadow.is_locked
        return ("locked", "the account is locked") if locked else ("expired", "the account expired on %s" % expiry_text(str(expiry)))
    if account.shell.rsplit("/", 1)[-1] in NO_SHELLS:
        return "nologin", "its shell %s ends every session at once, though sshd may forward ports for it" % account.shell
    if not shell_works:
        return "nologin", "its shell %s cannot be run, so sshd refuses it" % account.shell
    if shadow is not None and shadow.password.startswith("!") and settings is not None and rules.value_of(settings, "usepam", "no") == "no":
        return "locked", "its password is locked, which sshd takes for a locked account while UsePAM is no"
    return "open", ""

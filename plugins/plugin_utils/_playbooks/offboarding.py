# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a person loses all access: which keys are whose, what is taken from one host, and what proves that a key is refused there.

A key is certain if the team file, an earlier audit or the caller names its holder; what only a host reports counts on that host alone.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .._audit.facts import Facts
from .._ssh.offer import Answers
from .rotation import MOST_PLACES, read_spot

MOST_OFFERED = 4
"""Keys on one connection: sshd allows six attempts, and the control needs one."""
MOST_PROVEN = 40
"""Keys that are offered on one host. An account can have any number, and servers shut out who fails too often."""
_MOST_NAMED = 5
_LONGEST, _MOST_TEXTS = 300, 50


class Leaver(NamedTuple):
    """Who leaves. C(keys): certain keys by fingerprint, as lines, empty where only the fingerprint is known.

    C(others): who else holds a key, by fingerprint, for every key of the team. C(person) is empty where only keys are given.
    """

    person: str
    accounts: tuple[str, ...]
    keys: dict[str, str]
    others: dict[str, tuple[str, ...]]
    remove: str = ""
    """account or home, where accounts are removed and not only locked."""
    known: bool = True
    """Whether a team file or an earlier audit knows the person, or keys are given; otherwise there is only a name, which may be mistyped."""

    @property
    def taken(self) -> dict[str, str]:
        """Certain keys that nobody else has."""
        return {fingerprint: line for fingerprint, line in self.keys.items() if fingerprint not in self.others}


class Spot(NamedTuple):
    """A line of a key file."""

    fingerprint: str
    line: str
    user: str
    path: str
    read: bool
    shared: bool


class Seen(NamedTuple):
    """What a host answered: the places of certain keys and of all keys of the leaver's accounts, and those accounts, with whether they are local."""

    spots: tuple[Spot, ...]
    users: dict[str, bool]
    unsearched: tuple[str, ...] = ()


class Taking(NamedTuple):
    """What is taken from one host: options of ssh_access, the keys by fingerprint as lines, and what a person should know.

    C(remaining): why the leaver can still get in, whatever is done here. C(elsewhere): those of the notes that nothing shows any more once the
    accounts have lost their keys.
    """

    options: dict[str, Any]
    keys: dict[str, str]
    accounts: list[str]
    opened: list[str]
    notes: list[str]
    remaining: list[str]
    elsewhere: list[str]


def read_seen(answer: Mapping[str, Any], accounts: Sequence[str]) -> Seen:
    """The answer of a host. What is not of the right form is left out and reported."""
    spots: list[Spot] = []
    odd = 0
    places = _list(answer.get("places"))
    for place in places[:MOST_PLACES]:
        found = read_spot(place)
        if found is None:
            odd += 1
            continue
        fingerprint, spot, line = found
        spots.append(Spot(fingerprint, line, spot.user, spot.path, spot.read, spot.shared))
    users = {user["name"]: user.get("local") is True for user in _list(answer.get("users")) if isinstance(user, Mapping) and user.get("name") in accounts}
    unsearched = [str(text)[:_LONGEST] for text in _list(answer.get("unsearched"))[:_MOST_TEXTS]]
    unsearched += [f"{odd} key lines have names or options that are not taken over"] if odd else []
    unsearched += [f"only the first {MOST_PLACES} places of the keys were read"] if len(places) > MOST_PLACES else []
    return Seen(tuple(spots), users, tuple(unsearched))


def plan_taking(leaver: Leaver, seen: Seen, facts: Facts) -> Taking:
    """What is taken from this host."""
    own = set(leaver.accounts)
    recorded = {fingerprint for account in facts.accounts if account.name in own for fingerprint in account.given_keys}
    lines = {spot.fingerprint: spot.line for spot in seen.spots}
    taken = {**{fingerprint: lines.get(fingerprint, "") for fingerprint in sorted(recorded - set(leaver.others))}, **leaver.taken}
    taken = {fingerprint: line or lines.get(fingerprint, "") for fingerprint, line in taken.items()}
    presumed = {spot.fingerprint: spot.line for spot in seen.spots if spot.user in own and spot.fingerprint not in {*taken, *leaver.others}}
    options = {
        "users": [_user(leaver, name, seen, presumed) for name in leaver.accounts],
        "revoked_keys": [line or fingerprint for fingerprint, line in taken.items()],
    }
    known = {**taken, **presumed}
    opened = sorted({spot.user for spot in seen.spots if spot.fingerprint in known})
    elsewhere = _elsewhere(leaver, facts, presumed)
    notes = elsewhere + _notes(leaver, seen, facts, taken, presumed)
    return Taking(options, known, sorted(seen.users), opened, notes, _remaining(leaver, seen), elsewhere)


def _user(leaver: Leaver, name: str, seen: Seen, presumed: Mapping[str, str]) -> dict[str, Any]:
    """An entry of ssh_access. One who is not there can have left a crontab or a rule of sudo."""
    mine = {spot.line for spot in seen.spots if spot.user == name and spot.fingerprint in presumed and not spot.shared and spot.read}
    keys = [{"key": line, "state": "absent"} for line in sorted(mine)]
    if name in seen.users and not seen.users[name]:
        return {"name": name, "account": "existing", "sudo": "none", "remains": "remove", "authorized_keys": keys}
    if name not in seen.users or leaver.remove:
        return {"name": name, "state": "absent", "remains": "remove", "remove_home": leaver.remove == "home"}
    return {"name": name, "state": "locked", "sudo": "none", "end_sessions": True, "remains": "remove", "authorized_keys": keys}


def _elsewhere(leaver: Leaver, facts: Facts, presumed: Mapping[str, str]) -> list[str]:
    own = set(leaver.accounts)
    found = sorted({(method.fingerprint, method.account) for method in facts.methods if method.fingerprint in presumed and method.account not in own})
    return [
        f"the key {fingerprint}, which is only presumed to be {leaver.person}'s, stays in the account {account}; give it in ecs_access_keys to take it"
        for fingerprint, account in found
    ]


def _notes(leaver: Leaver, seen: Seen, facts: Facts, taken: Mapping[str, str], presumed: Mapping[str, str]) -> list[str]:
    own = set(leaver.accounts)
    kept = sorted({(spot.fingerprint, spot.user) for spot in seen.spots if spot.user in own and spot.fingerprint in leaver.others})
    notes = [f"the key {fingerprint} in the account {user} is kept: it is also that of {_name(leaver.others[fingerprint])}" for fingerprint, user in kept]
    notes += [
        f"the key {spot.fingerprint} stays in {spot.path}, which sshd reads for other accounts too; give it in ecs_access_keys to take it"
        for spot in seen.spots
        if spot.fingerprint in presumed and spot.shared
    ]
    for key in facts.private_keys:
        his = key.account in own
        if his and leaver.remove == "home" and seen.users.get(str(key.account), True):
            # It goes, or has gone, with the home.
            continue
        if (his and key.fingerprint not in taken) or (not his and key.fingerprint in taken):
            notes.append(f"the private key {key.path} ({key.fingerprint or 'of an unknown key'}) stays; check whose it is")
    notes += [f"the account {name} is not in /etc/passwd; lock it where it is defined" for name, local in sorted(seen.users.items()) if not local]
    return notes + list(seen.unsearched) + ([f"not everything could be read: {facts.why}"] if not facts.seen else [])


def _remaining(leaver: Leaver, seen: Seen) -> list[str]:
    shared = sorted({(spot.fingerprint, spot.user) for spot in seen.spots if spot.fingerprint in leaver.keys and spot.fingerprint in leaver.others})
    return [
        f"the key {fingerprint} still opens the account {user}, because it is also that of {_name(leaver.others[fingerprint])}; rotate it"
        for fingerprint, user in shared
        if user not in leaver.accounts
    ]


def refusal(leaver: Leaver, facts: Facts) -> str:
    """Why nothing is taken from this host; empty if nothing is against it."""
    for account in facts.accounts:
        if account.name in leaver.accounts and account.system and account.owner is None and not leaver.known:
            return (
                f"{account.name} is a system account here (uid {account.uid}), and no team file has a person of this name; nothing is taken. "
                "If it is a person's, add the entry with state: absent to the team file"
            )
    return ""


def plan_id(leaver: Leaver, hosts: Mapping[str, Mapping[str, Any] | None]) -> str:
    """The same for as long as the same will be done. I(hosts): what is planned for each by its name; None for one that was not seen."""
    who = [leaver.person, sorted(leaver.accounts), sorted(leaver.keys), leaver.remove]
    text = json.dumps({"who": who, "hosts": dict(hosts)}, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def judge_refusal(answers: Mapping[str, Answers], fingerprints: Iterable[str], own: Iterable[str]) -> tuple[str, list[str]]:
    """yes, no or unknown: whether these keys are refused; and the accounts for which that is not proven.

    It is proven for an account where another key opened the connection that refused them. In the leaver's own accounts no key opens
    anything any more: they are locked, and must not accept one of these.
    """
    keys, mine = set(fingerprints), set(own)
    if any(keys & found.accepted for found in answers.values()):
        return "no", sorted(user for user, found in answers.items() if keys & found.accepted)
    proven = [user for user, found in answers.items() if user not in mine and keys <= found.refused and found.opened and found.opened not in keys]
    unknown = sorted(user for user, found in answers.items() if user not in proven and not (user in mine and keys <= found.refused))
    return ("unknown" if unknown or not proven or not keys else "yes"), unknown


def group_by_text(texts: Mapping[str, Sequence[str]], most: int = 40) -> list[str]:
    """Each different text once, with the hosts that it is about."""
    found: dict[str, list[str]] = {}
    for host, lines in texts.items():
        for line in dict.fromkeys(lines):
            found.setdefault(line, []).append(host)
    lines = [f"{_name(hosts)}: {line}" for line, hosts in found.items()]
    return lines[:most] + ([f"and {len(lines) - most} more, which the report has"] if len(lines) > most else [])


def carried(report: Any, person: str, here: Iterable[str]) -> list[dict[str, str]]:
    """Instances that an earlier run of this person's has left pending, and that are not in this run. I(report): what that run has reported."""
    if not isinstance(report, Mapping) or report.get("playbook") != "offboard" or report.get("person") != person:
        return []
    names = ("host", "instance_id", "region", "why")
    entries = [entry for entry in _list(report.get("pending")) if isinstance(entry, Mapping) and all(isinstance(entry.get(name), str) for name in names)]
    return [{name: entry[name] for name in names} for entry in entries if entry["instance_id"] not in set(here)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(words: Sequence[str]) -> str:
    return ", ".join(words[:_MOST_NAMED]) + (f" and {len(words) - _MOST_NAMED} more" if len(words) > _MOST_NAMED else "")

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The raw facts of a host as the one object that the audit judges; the same whichever way they came.

Two looks at an unchanged host give equal objects: everything is sorted, and no time but those of the host's own logs is in it.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .._openssh import rules
from .._system.accounts import Shadow, expiry_text
from .._text import printable_all
from .methods import MOST_METHODS, boot_account, find_methods
from .people import Person, read_people
from .records import MOST, Facts, UnreadRecord
from .root import MOST_RIGHTS, find_root

SCHEMA = "alicloud.ecs_access/host/1"
_QUIET = ("quiet", "fatal", "error")
_LISTED_SOURCES = ("files", "compat", "systemd")
_MOST_UNREAD = 500

Host = Dict[str, Any]


class Identity(NamedTuple):
    """Which instance it is, as far as whoever asks knows."""

    instance_id: Optional[str] = None
    name: Optional[str] = None
    region: Optional[str] = None


def unseen_host(identity: Identity, via: str, why: str) -> Host:
    """The object of an instance that gave no answer."""
    return printable_all(_host(identity, via, why))


def interpret(facts: Facts, unread: Sequence[UnreadRecord], identity: Identity, via: str) -> Host:
    """The object of a host that answered. I(unread): what did not arrive."""
    people, damaged = read_people(facts)
    host = _host(identity, via, None)
    host["accounts"] = [_account(facts, person) for person in people]
    host["login_methods"] = find_methods(facts, people)
    host["root"] = find_root(facts, people)
    host["private_keys"] = sorted((_private_key(record) for record in facts.of("private")), key=lambda key: key["path"])
    host["sshd"] = _sshd(facts)
    host["at_next_boot"] = _at_next_boot(facts, people)
    host["log_since"], silent = _log_since(facts)
    for part, most in (("login_methods", MOST_METHODS), ("root", MOST_RIGHTS)):
        if len(host[part]) >= most:
            silent.append(UnreadRecord(part, "there are %d or more; no more are listed" % most))
    missing = list(unread) + damaged + list(facts.of("unread")) + _missing(facts, people) + silent
    host["unread"] = [{"what": what, "why": why} for what, why in sorted(set(missing))[:_MOST_UNREAD]]
    return printable_all(host)


def _host(identity: Identity, via: str, why: Optional[str]) -> Host:
    lists: Dict[str, List[Any]] = {name: [] for name in ("accounts", "login_methods", "root", "private_keys", "at_next_boot", "unread")}
    return dict(lists, schema=SCHEMA, via=via, seen=why is None, why=why, sshd=None, log_since=None, **identity._asdict())


def _account(facts: Facts, person: Person) -> Dict[str, Any]:
    shadow = person.shadow
    return {
        "name": person.name,
        "uid": person.account.uid,
        "shell": person.account.shell,
        "home": person.account.home,
        "state": person.state,
        "password": person.password,
        "expires": _last_day(shadow),
        "system": person.system,
        "record": _given(facts, person),
    }


def _last_day(shadow: Optional[Shadow]) -> Optional[str]:
    """The first day on which the account has expired; one that no calendar has counts as the last."""
    if shadow is None or shadow.expiry_day is None:
        return None
    text = expiry_text(shadow.expires)
    return text if text[:1].isdigit() else "9999-12-31"


def _given(facts: Facts, person: Person) -> Optional[Dict[str, Any]]:
    """What our record has of the account, by the first of its owners that has it under this number."""
    records = [record for record in facts.of("given") if record.account == person.name and record.uid in (-1, person.account.uid)]
    if not records:
        return None
    owner = min(record.owner for record in records)
    own = [record for record in records if record.owner == owner]
    return {"owner": owner, "since": min(record.since for record in own), "keys": sorted({record.fingerprint for record in own if record.fingerprint})}


def _private_key(record: Any) -> Dict[str, Any]:
    encrypted = {"yes": True, "no": False}.get(record.encrypted)
    return {"path": record.path, "account": record.account or None, "fingerprint": record.fingerprint or None, "encrypted": encrypted}


def _sshd(facts: Facts) -> Optional[Dict[str, Any]]:
    settings = facts.general
    if not settings:
        return None
    command = rules.keys_command(settings)
    authorities = rules.value_of(settings, "trustedusercakeys", "none")
    return {
        "ports": sorted({int(word) for word in rules.words_of(settings, "port") if word.isdigit() and len(word) < 6}),
        "permit_root_login": rules.root_login(settings),
        "password_authentication": rules.value_of(settings, "passwordauthentication", "yes") == "yes",
        "authorized_keys_files": rules.words_of(settings, "authorizedkeysfile"),
        "authorized_keys_command": None if command is None else " ".join(rules.words_of(settings, "authorizedkeyscommand")),
        "trusted_user_ca_keys": None if authorities.lower() == "none" else authorities,
    }


def _at_next_boot(facts: Facts, people: Sequence[Person]) -> List[str]:
    account = boot_account({person.name for person in people})
    sentence = "the key %s of the bound key pair is put among the keys of %s"
    return sorted({sentence % (record.fingerprint, account) for record in facts.of("bound")})


def _log_since(facts: Facts) -> Tuple[Optional[str], List[UnreadRecord]]:
    """How far back logins are known, and whether sshd logs them at all."""
    level = rules.value_of(facts.general, "loglevel", "info").lower()
    if level in _QUIET:
        return None, [UnreadRecord("last use of keys", "sshd does not log logins: LogLevel is %s" % level.upper())]
    since = [record.since for record in facts.of("log") if record.since]
    return (min(since), []) if since else (None, [UnreadRecord("last use of keys", "there is no log of logins")])


def _missing(facts: Facts, people: Sequence[Person]) -> List[UnreadRecord]:
    """What the facts themselves show not to be whole."""
    found = [UnreadRecord("/etc/passwd:%d" % number, "the line is not a valid account, and may hide one") for number in facts.found["damage"]]
    for kind, most in sorted(MOST.items()):
        if len(facts.of(kind)) >= most:
            found.append(UnreadRecord("%ss" % kind, "there are %d or more; no more are listed" % most))
    others = [source for source in facts.host["sources"] if source.isalnum() and source not in _LISTED_SOURCES]
    if others:
        why = "of the directory, only those are listed that own a home in /home or are named by a group"
        found.append(UnreadRecord("accounts of %s" % ", ".join(others), why))
    silent = [person.name for person in people if person.settings is None]
    if silent and not facts.general:
        found.append(UnreadRecord("login settings", "sshd was asked about no account"))
    else:
        found.extend(UnreadRecord("login settings of %s" % name, "sshd was not asked about this account") for name in silent[:50])
    for record in facts.of("file"):
        if record.state in ("too_large", "remote", "error"):
            found.append(
                UnreadRecord(
                    record.path, {"too_large": "it is larger than 1 MiB", "remote": "it is on a network file system"}.get(record.state, "it cannot be read")
                )
            )
    return found

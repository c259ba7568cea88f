# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways into a host: keys of files, certificates of authorities, commands that serve keys, and passwords.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from itertools import islice
from typing import Any, Container, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from .._openssh import rules
from .._openssh.key_options import KeyOption
from .judge_key import YES, Verdict, judge_key, judge_settings, read_options, unknown
from .people import Person
from .records import Facts, KeyRecord

Method = Dict[str, Any]
_SHADOW = "/etc/shadow"
MOST_METHODS = 20000
"""A host may have a file of keys for all accounts; the rest is unread."""


def find_methods(facts: Facts, people: Sequence[Person]) -> List[Method]:
    """Every login method, sorted. Keys are listed for any account; what all accounts have in common only for those that are open."""
    used: Dict[Tuple[str, str], str] = {}
    for record in facts.of("used"):
        # Passwords are typed at either method.
        way = record.fingerprint or ("password" if record.method.startswith("keyboard-interactive") else record.method)
        used[record.account, way] = max(record.at, used.get((record.account, way), ""))
    found = list(islice(_all_ways(facts, people), MOST_METHODS))
    for method in found:
        method["last_used"] = used.get((method["account"], method["fingerprint"] or method["kind"]))
    return sorted(found, key=lambda one: (one["account"], one["kind"], one["source"], one["fingerprint"] or ""))


def _all_ways(facts: Facts, people: Sequence[Person]) -> Iterator[Method]:
    by_name = {person.name: person for person in people}
    for person in people:
        if person.state == "open" and person.settings is not None:
            yield from _of_command(facts, person)
            yield from _of_password(facts, person)
    bound: List[Method] = []
    account = boot_account(by_name)
    for method in _of_files(facts, by_name):
        bound += [method] if method["account"] == account else []
        yield method
    yield from _of_bound_pair(facts, by_name, bound)
    for person in people:
        if person.state == "open" and person.settings is not None:
            yield from _of_authorities(facts, person)


def _of_files(facts: Facts, people: Mapping[str, Person]) -> Iterator[Method]:
    keys: Dict[int, List[KeyRecord]] = {}
    for key in facts.of("key"):
        keys.setdefault(key.file, []).append(key)
    for file in facts.of("file"):
        person = people.get(file.account)
        if person is None:
            continue
        for key in keys.get(file.number, ()):
            options = read_options(key.options)[0]
            kind = "certificate_authority" if _names(options, "cert-authority") else "key"
            source = "%s:%d" % (file.path, key.line)
            yield _method(person, kind, source, judge_key(facts, person, file, key), key, options)


def _of_bound_pair(facts: Facts, people: Mapping[str, Person], present: Sequence[Method]) -> Iterator[Method]:
    """The key of the bound pair, which each boot puts among the keys of one account; it works now if it is there already."""
    person = people.get(boot_account(people))
    if person is None:
        return
    for record in facts.of("bound"):
        same = [one for one in present if one["account"] == person.name and one["fingerprint"] == record.fingerprint]
        verdict = Verdict("no", "it is not among the keys of this account, and the next boot puts it there")
        if same:
            best = min(same, key=lambda one: ("yes", "unknown", "no").index(one["effective"]))
            verdict = Verdict(best["effective"], best["why"])
        yield _method(person, "bound_pair", "key pair bound in ECS", verdict, record)


def boot_account(names: Container[str]) -> str:
    """The account that the vendor's boot-time injection serves."""
    return "ecs-user" if "ecs-user" in names else "root"


def _of_command(facts: Facts, person: Person) -> Iterator[Method]:
    settings = person.settings or {}
    if rules.keys_command(settings) is not None:
        verdict = judge_settings(facts, person, "publickey") or unknown("only the command knows which keys it serves; it was not run")
        yield _method(person, "command", "AuthorizedKeysCommand " + " ".join(rules.words_of(settings, "authorizedkeyscommand")), verdict)


def _of_authorities(facts: Facts, person: Person) -> Iterator[Method]:
    settings = person.settings or {}
    path = rules.value_of(settings, "trustedusercakeys", "none")
    named = [keyword for keyword in ("authorizedprincipalsfile", "authorizedprincipalscommand") if rules.value_of(settings, keyword, "none").lower() != "none"]
    verdict = judge_settings(facts, person, "publickey")
    if verdict is None:
        verdict = unknown("%s decides which certificates are for this account" % " and ".join(named)) if named else YES
    for authority in facts.of("authority"):
        if authority.path == path:
            yield _method(person, "certificate_authority", "%s:%d" % (path, authority.line), verdict, authority, [])


def _of_password(facts: Facts, person: Person) -> Iterator[Method]:
    settings, shadow = person.settings or {}, person.shadow
    empty = shadow is not None and shadow.password == "" and rules.value_of(settings, "permitemptypasswords", "no") == "yes"
    if person.password != "set" and not empty:
        return
    if rules.value_of(settings, "passwordauthentication", "yes") == "yes":
        verdicts = [judge_settings(facts, person, "password")]
    else:
        verdicts = []
    if rules.value_of(settings, "kbdinteractiveauthentication", rules.value_of(settings, "challengeresponseauthentication", "yes")) == "yes":
        verdicts.append(judge_settings(facts, person, "keyboard-interactive"))
    if not verdicts:
        verdicts = [Verdict("no", "PasswordAuthentication and KbdInteractiveAuthentication are no")]
    yield _method(person, "password", _SHADOW, YES if None in verdicts else verdicts[0] or YES)


def _method(person: Person, kind: str, source: str, verdict: Verdict, key: Optional[Any] = None, options: Sequence[KeyOption] = ()) -> Method:
    return {
        "account": person.name,
        "kind": kind,
        "fingerprint": key.fingerprint if key is not None else None,
        "type": key.key_type if key is not None else None,
        "bits": key.bits if key is not None else None,
        "comment": key.comment if key is not None else "",
        "options": [option.name if option.value is None else "%s=%s" % (option.name, option.value) for option in options],
        "source": source,
        "effective": verdict.effective,
        "why": verdict.why,
        "last_used": None,
    }


def _names(options: Sequence[KeyOption], name: str) -> bool:
    return any(option.name.lower() == name for option in options)

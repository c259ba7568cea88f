# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One person on one host, as ssh_access takes it.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from .entries import SUDO_WORDS, Key, Person
from .read_rules import Rule, SudoLine
from .variables import earliest

_FOR_ABSENT = ("remove_home", "end_sessions")


def module_entry(person: Person, by_rules: bool) -> dict[str, Any]:
    """A person as one of the users of ssh_access, without any rule or end."""
    return _entry(person, None, (), [], own_rights=not by_rules)


def absent_entry(person: Person) -> dict[str, Any]:
    """A person who must be gone."""
    return {"name": person.name, "state": "absent", **{word: person.options[word] for word in _FOR_ABSENT if word in person.options}}


def locked_entry(person: Person, here: bool) -> dict[str, Any]:
    """A person who must not log in. An account that is not there is made only for a person who belongs here."""
    entry = module_entry(person, False) if here else {"name": person.name, "end_sessions": person.options.get("end_sessions")}
    return {word: value for word, value in {**entry, "state": "locked"}.items() if value is not None} | ({} if here else {"create": False})


def expired_entry(person: Person, end: datetime.date, own_rights: bool, protected: bool) -> dict[str, Any]:
    """A person whose access has ended: what is there stays ended, and nothing is made."""
    entry = _entry(person, end, (), [], own_rights=False)
    if protected:
        entry.pop("expires", None)
    if not own_rights or any(word in person.options for word in SUDO_WORDS):
        entry["sudo"] = "none"
    entry["create"] = False
    return entry


def present_entry(person: Person, rules: Sequence[Rule] | None, end: datetime.date | None, protected: bool) -> dict[str, Any]:
    """A person who may log in, by these rules that cover the host and have not ended."""
    groups = tuple(dict.fromkeys(group for rule in rules or () for group in rule.groups))
    sources = [source for rule in rules or () for source in rule.sources]
    if any(not rule.sources for rule in rules or ()):
        sources = []
    entry = _entry(person, end, groups, list(dict.fromkeys(sources)), own_rights=False)
    if protected:
        entry.pop("expires", None)
    entry.update(_sudo(sudo_lines(person, rules)))
    if "sudo" not in entry and "sudo_rules" not in entry and rules is not None and person.name != "root":
        entry["sudo"] = "none"
    elif rules is None and person.options.get("sudo") == "none":
        entry["sudo"] = "none"
    return entry


def sudo_lines(person: Person, rules: Sequence[Rule] | None) -> list[SudoLine]:
    """The lines of sudoers that a person gets, in the order in which sudo reads them: the last that matches counts."""
    if rules is not None:
        lines = [rule.sudo._replace(until=earliest(rule.sudo.until, person.until)) for rule in rules if rule.sudo]
        return [line for index, line in enumerate(lines) if line not in lines[index + 1 :]]
    sudo = person.options.get("sudo")
    if sudo in (None, "none"):
        return []
    return [SudoLine(sudo, tuple(person.options.get("sudo_commands", ())), person.options.get("sudo_runas", ""), person.until)]


def _sudo(lines: Sequence[SudoLine]) -> dict[str, Any]:
    if len(lines) == 1 and lines[0].until is None:
        line = lines[0]
        found: dict[str, Any] = {"sudo": line.sudo}
        if line.commands:
            found["sudo_commands"] = list(line.commands)
        if line.runas:
            found["sudo_runas"] = line.runas
        return found
    return {"sudo_rules": [_sudo_rule(line) for line in lines]} if lines else {}


def _sudo_rule(line: SudoLine) -> dict[str, Any]:
    values = {"sudo": line.sudo, "commands": list(line.commands), "runas": line.runas, "until": line.until.isoformat() if line.until else None}
    return {word: value for word, value in values.items() if value}


def _entry(person: Person, end: datetime.date | None, groups: Sequence[str], sources: Sequence[str], own_rights: bool) -> dict[str, Any]:
    left_out = () if own_rights else SUDO_WORDS
    entry = {"name": person.name, **{word: value for word, value in person.options.items() if word not in left_out and word != "name"}}
    if person.state != "present":
        entry["state"] = person.state
    if groups:
        entry["groups"] = list(dict.fromkeys([*entry.get("groups", ()), *groups]))
    if person.keys is not None:
        entry["authorized_keys"] = [_key(key, end, sources) for key in person.keys]
    if end is not None and not person.existing:
        first_day_without = (end + datetime.timedelta(days=1)).isoformat()
        given = entry.get("expires")
        entry["expires"] = first_day_without if given in (None, "never") else min(str(given), first_day_without)
    return entry


def _key(key: Key, end: datetime.date | None, sources: Sequence[str]) -> Any:
    until = earliest(key.until, end)
    limits = {"until": until.isoformat() if until else None, "from": list(sources)} if key.state == "present" else {}
    given = {"options": key.options, "comment": key.comment, "state": key.state if key.state != "present" else None, **limits}
    words = {word: value for word, value in given.items() if value not in (None, []) or (word == "options" and value is not None)}
    return {"key": key.text, **words} if words else key.text

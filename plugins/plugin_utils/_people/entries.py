# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of the lists of accounts: checked by one specification, and joined by name.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ansible.module_utils.common.validation import check_type_bool, check_type_int, check_type_list, check_type_str
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.options import argument_spec
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import key_lines

from .._output.similar import did_you_mean
from .hosts import PatternRefused, join_patterns, parse_pattern
from .variables import BASE, KeyReader, Problem, layer_names, parse_until

_MODULE_USER = argument_spec()["users"]["options"]
# What the people of a host are told by, and what the module is told because of them.
_OURS = {"aliases": {"type": "list", "elements": "str"}, "until": {"type": "raw"}}
_DERIVED = ("sudo_rules", "create", "remains")
_SPEC: dict[str, Mapping[str, Any]] = {**{name: spec for name, spec in _MODULE_USER.items() if name not in _DERIVED}, **_OURS}
_CHECKS = {"str": check_type_str, "path": check_type_str, "int": check_type_int, "bool": check_type_bool, "list": check_type_list}
_KEY_WORDS = ("key", "file", "options", "comment", "state", "until", "hosts")
_STATES = ("present", "locked", "absent")

SUDO_WORDS = ("sudo", "sudo_commands", "sudo_runas")


class Key(NamedTuple):
    """One entry of C(authorized_keys), with the text of its file. C(options) are None when it has no opinion on them.

    C(hosts): the pattern of the only hosts that get it.
    """

    text: str
    options: Any = None
    comment: str | None = None
    state: str = "present"
    until: datetime.date | None = None
    hosts: str | None = None


class Person(NamedTuple):
    """One account, by all lists together. C(listed): it may be created."""

    name: str
    where: str
    options: dict[str, Any]
    state: str = "present"
    listed: bool = False
    aliases: tuple[str, ...] = ()
    keys: tuple[Key, ...] | None = None
    until: datetime.date | None = None

    @property
    def existing(self) -> bool:
        """Whether the account is another service's."""
        return self.options.get("account") == "existing"

    def on(self, patterns: Collection[str]) -> Person:
        """The person on a host that these of the keys' patterns match. Where no key is for this host, none of its keys are managed."""
        if self.keys is None or all(key.hosts is None for key in self.keys):
            return self
        return self._replace(keys=tuple(key for key in self.keys if key.hosts is None or key.hosts in patterns) or None)

    @property
    def overrides_nobody(self) -> bool:
        """Whether an entry changes a person whom no list has."""
        return not self.listed and self.state == "present"


def read_persons(values: Mapping[str, Any], read_key: KeyReader, problems: list[Problem]) -> dict[str, Person]:
    """All people of these variables, in the order in which they are named first."""
    persons: dict[str, Person] = {}
    for variable in layer_names(values):
        entries = values.get(variable)
        if entries is None:
            continue
        if not isinstance(entries, Sequence) or isinstance(entries, str):
            problems.append(Problem(f"{variable} must be a list of accounts, not {_kind(entries)}"))
            continue
        seen: set[str] = set()
        for index, entry in enumerate(entries):
            person = _read_entry(f"{variable}[{index}]", entry, read_key, problems)
            if person is None:
                continue
            if person.name in seen:
                problems.append(Problem(f"{person.where}: {person.name} is listed more than once in {variable}; join the entries"))
                continue
            seen.add(person.name)
            person = person._replace(listed=variable == BASE or _creates(person, entry))
            before = persons.get(person.name)
            persons[person.name] = person if before is None else _join(before, person)
    return persons


def _creates(person: Person, entry: Mapping[str, Any]) -> bool:
    keys = any(key.state == "present" for key in person.keys or ())
    return keys or entry.get("state") == "present" or person.existing


def _read_entry(place: str, entry: Any, read_key: KeyReader, problems: list[Problem]) -> Person | None:
    if not isinstance(entry, Mapping):
        problems.append(Problem(f"{place} must be a dictionary with a name, not {_kind(entry)}"))
        return None
    name = entry.get("name")
    if name is not None and not isinstance(name, str):
        problems.append(Problem(f"{place}: name must be a text, not {_kind(name)}{'; quote it' if isinstance(name, bool) else ''}"))
        return None
    if not name:
        problems.append(Problem(f"{place} has no name; every account needs one"))
        return None
    where = f"{place} ({name})"
    options: dict[str, Any] = {}
    for option, value in entry.items():
        if option not in _SPEC:
            problems.append(Problem(f"{where}: unknown option {option}{did_you_mean(option, _SPEC)}"))
        elif value is not None:
            _take(where, option, value, options, problems)
    options.pop("until", None)
    keys = options.pop("authorized_keys", None)
    return Person(
        name=str(name),
        where=where,
        options=options,
        state=options.pop("state", "present"),
        aliases=tuple(options.pop("aliases", ())),
        keys=None if keys is None else tuple(_read_keys(where, keys, read_key, problems)),
        until=parse_until(where, entry, problems),
    )


def _take(where: str, option: str, value: Any, options: dict[str, Any], problems: list[Problem]) -> None:
    spec = _SPEC[option]
    kind = spec.get("type", "str")
    try:
        if kind in ("str", "path") and (isinstance(value, (Mapping, bool)) or (isinstance(value, Sequence) and not isinstance(value, str))):
            raise TypeError("not a text")
        checked = _CHECKS[kind](str(value) if kind in ("str", "path") else value) if kind in _CHECKS else value
        if kind == "list" and spec.get("elements") == "str":
            if any(isinstance(item, (Mapping, list, tuple)) for item in checked):
                raise TypeError("not a list of texts")
            checked = [str(item) for item in checked]
    except (TypeError, ValueError):
        problems.append(Problem(f"{where}: {option} must be {' or '.join(spec.get('choices') or [_TYPES[kind]])}, not {_kind(value)}"))
        return
    if spec.get("choices") and checked not in spec["choices"]:
        problems.append(Problem(f"{where}: {option} must be {' or '.join(spec['choices'])}, not {str(checked)[:40]!r}"))
        return
    options[option] = checked


_TYPES = {"str": "a text", "path": "a path", "int": "a number", "bool": "true or false", "list": "a list"}


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"the number {str(value)[:40]}"
    return "a dictionary" if isinstance(value, Mapping) else "a list" if isinstance(value, (list, tuple)) else repr(str(value)[:40])


def _read_keys(where: str, items: Sequence[Any], read_key: KeyReader, problems: list[Problem]) -> list[Key]:
    found: list[Key] = []
    for index, item in enumerate(items):
        place = f"{where}: authorized_keys[{index}]"
        if isinstance(item, str):
            if item.strip().endswith(".pub") and len(item.split()) == 1:
                problems.append(Problem(f"{place} is the name of a file; write it as {{file: {item.strip()[:60]}}}"))
                continue
            found += [Key(line) for line in _key_lines(item)]
            continue
        if not isinstance(item, Mapping) or ("key" in item) == ("file" in item):
            problems.append(Problem(f"{place} must be a key line, or a dictionary with key or with file"))
            continue
        for word in item:
            if word not in _KEY_WORDS:
                problems.append(Problem(f"{place}: unknown option {word}{did_you_mean(word, _KEY_WORDS)}"))
        state = item.get("state", "present")
        if state not in ("present", "absent"):
            problems.append(Problem(f"{place}: state must be present or absent, not {str(state)[:40]!r}"))
            continue
        try:
            text = read_key(item["file"]) if "file" in item else str(item["key"])
        except ValueError as exc:
            problems.append(Problem(f"{place}: {exc}"))
            continue
        until = parse_until(place, item, problems)
        hosts = _read_hosts(place, item, problems)
        found += [Key(line, item.get("options"), item.get("comment"), state, until, hosts) for line in _key_lines(text)]
    return found


def _read_hosts(place: str, item: Mapping[str, Any], problems: list[Problem]) -> str | None:
    value = item.get("hosts")
    if value is None:
        return None
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        problems.append(Problem(f"{place}: hosts must be a host pattern or a list of them"))
        return None
    pattern = join_patterns(texts)
    try:
        parse_pattern(pattern)
    except PatternRefused as exc:
        problems.append(Problem(f"{place}: the pattern {pattern[:60]!r} {exc}"))
        return None
    return pattern


def _key_lines(text: str) -> list[str]:
    """The lines of a C(.pub) file. Text without a key stays whole, to be refused as a whole."""
    if "PRIVATE KEY" in text or "BEGIN " in text:
        return [text]
    return key_lines(text) or [text]


def _join(before: Person, after: Person) -> Person:
    options = dict(before.options)
    for option, value in after.options.items():
        held = options.get(option)
        options[option] = [*held, *value] if isinstance(value, list) and isinstance(held, list) else value
    keys = before.keys if after.keys is None else (before.keys or ()) + after.keys
    return Person(
        name=before.name,
        where=before.where,
        options=options,
        # Absent wins over everything, then locked.
        state=max(before.state, after.state, key=_STATES.index),
        listed=before.listed or after.listed,
        aliases=tuple(dict.fromkeys(before.aliases + after.aliases)),
        keys=keys,
        until=after.until or before.until,
    )

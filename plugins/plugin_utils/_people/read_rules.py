# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Teams, and the rules for who may log in where, and what they may become there.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.sudoers import is_command, is_runas
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.patterns import bad_address_pattern

from .._output.similar import did_you_mean
from .entries import Person
from .hosts import HostPattern, PatternRefused, join_patterns, parse_pattern
from .variables import Problem, parse_until

_WORDS = ("users", "hosts", "sudo", "sudo_commands", "sudo_runas", "groups", "from", "until", "required")
_SUDO = ("none", "password", "nopasswd")


class SudoLine(NamedTuple):
    """One line of sudoers. C(sudo): password or nopasswd."""

    sudo: str
    commands: tuple[str, ...] = ()
    runas: str = ""
    until: datetime.date | None = None

    @property
    def gives_root(self) -> bool:
        """Whether everything may be run as root with it, but for what is excluded by name."""
        users = self.runas.partition(":")[0] or ("ALL" if not self.runas else "")
        return (not self.commands or "ALL" in self.commands) and bool({"ALL", "root", "#0"} & {word.strip() for word in users.split(",")})


class Rule(NamedTuple):
    """One rule, with the people whom its names stand for."""

    where: str
    people: frozenset[str]
    pattern: HostPattern
    pattern_text: str
    sudo: SudoLine | None = None
    groups: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    until: datetime.date | None = None
    required: bool = False


class _Names:
    """Whom a name stands for: a person, one of a person's other names, or a team."""

    def __init__(self, persons: Mapping[str, Person], teams: Mapping[str, Any], problems: list[Problem]) -> None:
        self._persons = persons
        self._teams: dict[str, list[str]] = {}
        self._aliases = _read_aliases(persons, problems)
        self._problems = problems
        self._unknown_told: set[tuple[str, str]] = set()
        for name, members in teams.items():
            where = f"ssh_users_teams: {name}"
            if not isinstance(members, Sequence) or isinstance(members, str):
                problems.append(Problem(f"{where} must be a list of names"))
            elif name in persons or name in self._aliases:
                problems.append(Problem(f"{where} is also the name of a person; call the team something else"))
            else:
                self._teams[str(name)] = [str(member) for member in members]
        for name in self._teams:
            self.resolve(f"ssh_users_teams: {name}", self._teams[name])

    def resolve(self, where: str, names: Iterable[str], above: tuple[str, ...] = ()) -> set[str]:
        found: set[str] = set()
        for name in names:
            if name in self._persons:
                found.add(name)
            elif name in self._aliases:
                found.add(self._aliases[name])
            elif name in above:
                self._tell(where, name, f"{where}: the team {name} contains itself")
            elif name in self._teams:
                found |= self.resolve(where, self._teams[name], (*above, name))
            else:
                known = [*self._persons, *self._aliases, *self._teams]
                self._tell(where, name, f"{where}: {name} is neither a person nor a team{did_you_mean(name, known)}")
        return found

    def _tell(self, where: str, name: str, text: str) -> None:
        if (where, name) not in self._unknown_told:
            self._unknown_told.add((where, name))
            self._problems.append(Problem(text))


def _read_aliases(persons: Mapping[str, Person], problems: list[Problem]) -> dict[str, str]:
    found: dict[str, str] = {}
    for person in persons.values():
        for alias in person.aliases:
            if alias in found and found[alias] != person.name:
                problems.append(Problem(f"{person.where}: the alias {alias} is also {found[alias]}'s"))
            elif alias not in persons:
                found[alias] = person.name
    return found


def read_rules(values: Mapping[str, Any], persons: Mapping[str, Person], problems: list[Problem]) -> tuple[Rule, ...] | None:
    """The rules, or None where there are none and everybody is on every host."""
    teams = values.get("ssh_users_teams")
    if teams is not None and not isinstance(teams, Mapping):
        problems.append(Problem("ssh_users_teams must be a dictionary of lists, such as {ops: [anna, ben]}"))
        teams = None
    names = _Names(persons, teams or {}, problems)
    rules = values.get("ssh_users_access")
    if rules is None:
        return None
    if not isinstance(rules, Sequence) or isinstance(rules, str):
        problems.append(Problem("ssh_users_access must be a list of rules"))
        return ()
    if not rules:
        problems.append(Problem("ssh_users_access is empty, so nobody would be on any host; write a rule, or remove the variable to have everybody everywhere"))
    found = [_read_rule(f"ssh_users_access[{index}]", rule, names, problems) for index, rule in enumerate(rules)]
    return tuple(rule for rule in found if rule is not None)


def _read_rule(where: str, rule: Any, names: _Names, problems: list[Problem]) -> Rule | None:
    if not isinstance(rule, Mapping):
        problems.append(Problem(f"{where} must be a dictionary such as {{users: [anna], hosts: all}}"))
        return None
    told = len(problems)
    for word in rule:
        if word not in _WORDS:
            problems.append(Problem(f"{where}: unknown option {word}{did_you_mean(word, _WORDS)}"))
    users = _texts(where, "users", rule, problems)
    hosts = _texts(where, "hosts", rule, problems)
    for word, given, example in (("users", users, "users: [anna]"), ("hosts", hosts, "hosts: all")):
        if not given and rule.get(word) in (None, "", []):
            problems.append(Problem(f"{where} names no {word}; add {example}"))
    people = names.resolve(where, users)
    pattern_text = join_patterns(hosts)
    pattern = None
    try:
        pattern = parse_pattern(pattern_text) if hosts else None
    except PatternRefused as exc:
        problems.append(Problem(f"{where}: the pattern {pattern_text[:60]!r} {exc}"))
    until = parse_until(where, rule, problems)
    sudo = _read_sudo(where, rule, until, problems)
    sources = tuple(_texts(where, "from", rule, problems))
    for source in sources:
        wrong = bad_address_pattern(source) or ("a !" if source.startswith("!") else "a comma, blank or quote" if set(source) & set(', "') else None)
        if wrong:
            problems.append(Problem(f"{where}: from has {wrong}; give addresses, networks or patterns, each as one element"))
    required = rule.get("required", False)
    if not isinstance(required, bool):
        problems.append(Problem(f"{where}: required must be true or false"))
    groups = tuple(_texts(where, "groups", rule, problems))
    if pattern is None or len(problems) > told:
        return None
    return Rule(where, frozenset(people), pattern, pattern_text, sudo, groups, sources, until, bool(required))


def _read_sudo(where: str, rule: Mapping[str, Any], until: datetime.date | None, problems: list[Problem]) -> SudoLine | None:
    commands = tuple(_texts(where, "sudo_commands", rule, problems))
    sudo = rule.get("sudo")
    runas = rule.get("sudo_runas")
    if sudo not in (None, *_SUDO):
        problems.append(Problem(f"{where}: sudo must be none, password or nopasswd, not {str(sudo)[:40]!r}"))
        return None
    if rule.get("sudo_commands") == []:
        problems.append(Problem(f"{where}: sudo_commands is empty; leave it out to allow everything, or leave out sudo too"))
    for command in commands:
        if not is_command(command):
            problems.append(Problem(f"{where}: {command[:60]!r} is not one sudo command: give an absolute path with or without arguments"))
    if runas is not None and (not isinstance(runas, str) or not is_runas(runas) or not runas.isprintable()):
        problems.append(Problem(f"{where}: sudo_runas must look like user, user:group or ALL:ALL, not {str(runas)[:40]!r}"))
        return None
    if sudo == "none" and (commands or runas):
        problems.append(Problem(f"{where}: sudo_commands and sudo_runas need sudo: password or sudo: nopasswd"))
    if sudo == "none" or (sudo is None and not commands and not runas):
        return None
    return SudoLine(sudo or "nopasswd", commands, runas or "", until)


def _texts(where: str, word: str, rule: Mapping[str, Any], problems: list[Problem]) -> list[str]:
    value = rule.get(word)
    if value is None:
        return []
    if isinstance(value, str):
        return [value] if value else []
    if not isinstance(value, Sequence) or not all(isinstance(item, (str, int)) and not isinstance(item, bool) for item in value):
        problems.append(Problem(f"{where}: {word} must be a list of texts"))
        return []
    return [str(item) for item in value]

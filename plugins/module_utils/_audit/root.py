# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can become root: what sudo itself lists for an account, and which line of which file is behind it; and who is root by number.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import Any, Dict, List, Sequence, Set, Tuple

from .._system.sudo_listing import Entry, parse_listing
from .._system.sudoers import Rule, parse_rules, rules_for
from .people import Person
from .records import Facts, SudoersLine

Right = Dict[str, Any]
MOST_RIGHTS = 5000
"""The rest is unread."""
_ALIAS = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_TAGS = ("EXEC", "FOLLOW", "INTERCEPT", "LOG_INPUT", "LOG_OUTPUT", "MAIL", "PASSWD", "SETENV")
_NO_ALIASES = ("ALL",) + _TAGS + tuple("NO" + tag for tag in _TAGS)


def find_root(facts: Facts, people: Sequence[Person]) -> List[Right]:
    """All rights, sorted. Commands as another user than root do not lead to root, and are left out."""
    listings = {record.number: parse_listing(record.text) for record in facts.of("listing")}
    entries = {record.account: listings.get(record.listing, []) for record in facts.of("sudo")}
    rules = read_rules(facts.of("sudoers"))
    found: List[Right] = []
    for person in people:
        if len(found) >= MOST_RIGHTS:
            break
        if person.account.uid == 0:
            found.append({"account": person.name, "by": "direct", "nopasswd": True, "commands": []})
            continue
        own = rules_for(person.name, person.groups, rules, ["#%d" % person.account.uid]) if person.name in entries else []
        found += _rights_of(person, entries.get(person.name, []), own)
    return sorted(found, key=lambda right: (right["account"], right["by"], right["nopasswd"], right["commands"]))


def read_rules(lines: Sequence[SudoersLine]) -> List[Rule]:
    """The rules of all files, in sudo's order: lines that were left out were comments."""
    texts: Dict[str, List[str]] = {}
    for line in lines:
        text = texts.setdefault(line.path, [])
        text += [""] * min(line.number - 1 - len(text), 100000)
        text.append(line.text)
    return [rule for path, text in texts.items() for rule in parse_rules(path, "\n".join(text) + "\n")]


def _rights_of(person: Person, entries: Sequence[Entry], rules: Sequence[Rule]) -> List[Right]:
    found: Dict[Tuple[str, bool], List[str]] = {}
    at = 0
    taken: Set[Tuple[int, Entry]] = set()
    for entry in entries:
        at, by = _find_rule(person, entry, rules, at, taken)
        if not entry.as_root:
            continue
        commands = [] if "ALL" in entry.commands and len(entry.commands) == 1 else list(entry.commands)
        # A rule with several tags has several entries.
        held = found.get((by, not entry.asks))
        found[by, not entry.asks] = commands if held is None else held and commands and held + commands
    return [{"account": person.name, "by": by, "nopasswd": nopasswd, "commands": sorted(set(commands))} for (by, nopasswd), commands in found.items()]


def _find_rule(person: Person, entry: Entry, rules: Sequence[Rule], at: int, taken: Set[Tuple[int, Entry]]) -> Tuple[int, str]:
    """(place in the rules, what the right is by): sudo lists entries in the order of the rules that they are from, and equal ones once for each."""
    for place in range(at, len(rules)):
        rule = rules[place]
        if (place, entry) not in taken and entry.path in ("", rule.path) and _mentions(rule, entry):
            taken.add((place, entry))
            groups = sorted(group for group in person.groups if "%" + group in rule.who)
            named = person.name in rule.who or "#%d" % person.account.uid in rule.who
            return place, "group " + groups[0] if groups and not named else "%s:%d" % (rule.path, rule.number)
    return at, entry.path or "sudo"


def _mentions(rule: Rule, entry: Entry) -> bool:
    """Whether the commands of an entry can be from a rule: each stands there, or there is a name that may stand for it."""
    text = re.sub(r"\([^)]*\)", " ", rule.text.partition("=")[2])
    words = set(re.findall(r"[^\s,:!]+", text))
    aliases = [word for word in words if _ALIAS.match(word) and word not in _NO_ALIASES]
    return all((command == "ALL" and "ALL" in words) or (command != "ALL" and (command.lstrip("!") in text or bool(aliases))) for command in entry.commands)

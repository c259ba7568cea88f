# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is called. The names come from people who may not be friends: whoever may create an instance or set a tag.

A name is taken as it is unless Ansible would take it for something else: for this machine (localhost), for a group, for a
path (fact caches, host_vars), or for other hosts (--limit, retry files, relaunching failed hosts). Then the instance id
serves, which nobody can choose.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import re
import typing as t
import unicodedata
from collections import Counter

# As ansible.constants.LOCALHOST, and the groups that always exist.
_RESERVED = frozenset(["localhost", "127.0.0.1", "::1", "all", "ungrouped"])
_WORD = re.compile(r"[\w.-]+\Z")
_SHOWN = 3
# host_vars/NAME.yml is the file of the host NAME, and of a host that is called NAME.yml.
_ENDINGS = (".yml", ".yaml", ".json")


class Chosen(t.NamedTuple):
    """C(names): instance id -> host name; C(warnings): sentences for the user."""

    names: dict[str, str]
    warnings: list[str]


def choose_names(candidates: t.Mapping[str, t.Sequence[str]], groups: t.Collection[str], taken: t.Collection[str] = ()) -> Chosen:
    """Pick a name for every instance from its I(candidates), best first; no two hosts, and no host and group, share one.

    I(taken) are hosts of other sources: their variables, secrets among them, must not go to whoever names an instance so.
    """
    # Where file names have no case, host_vars of the one are those of the other.
    others = {name.casefold() for name in taken}
    refused: dict[str, list[str]] = {}
    picked: dict[str, str] = {}
    for instance_id, names in candidates.items():
        for name in names:
            problem = "another inventory source has a host of that name" if name.casefold() in others else find_problem(name, groups)
            if problem is None:
                picked[instance_id] = name
                break
            refused.setdefault(problem, []).append(f"{name!r} ({instance_id})")
    uses = Counter(picked.values())
    chosen = {}
    for instance_id in candidates:
        name = picked.get(instance_id, instance_id)
        if name != instance_id and (uses[name] > 1 or name in candidates):
            problem = "another instance has the same name" if uses[name] > 1 else "it is the id of another instance"
            refused.setdefault(problem, []).append(f"{name!r} ({instance_id})")
            name = instance_id
        chosen[instance_id] = name
    return Chosen(chosen, [_warning(problem, names) for problem, names in refused.items()])


def find_clashes(candidates: t.Mapping[str, t.Sequence[str]], taken: t.Collection[str]) -> list[str]:
    """Names that would be an instance's if no host of another source had them."""
    others = {name.casefold() for name in taken}
    return sorted({name for names in candidates.values() for name in names[:1] if name.casefold() in others})


def find_problem(name: str, groups: t.Collection[str] = ()) -> str | None:
    """Why I(name) must not become a host name, or None."""
    if name.lower() in _RESERVED:
        return "Ansible gives the name a meaning of its own"
    if name in groups:
        return "a group has the same name"
    if name.lower().endswith(_ENDINGS):
        return "it could be read as the file of variables of another host"
    if _WORD.match(name) and name[0] not in ".-":
        return None
    if name != name.strip() or any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in name):
        return "it has control characters or outer blanks"
    if "/" in name or "\\" in name or name in (".", ".."):
        return "it could be read as a path"
    if _reads_as_pattern(name):
        return "it could be read as a pattern for other hosts"
    return None


def find_group_problem(name: str, taken: t.Collection[str]) -> str | None:
    """Why a group made from a tag must not be called I(name), or None: patterns name hosts and groups alike."""
    if name.lower() in _RESERVED and name not in ("all", "ungrouped"):
        return "Ansible gives the name a meaning of its own"
    return "a host of another inventory source has the same name" if name in taken else None


def _reads_as_pattern(name: str) -> bool:
    if any(char in name for char in ":[]*?") or name[0] in "!&~@-":
        return True
    # A comma separates patterns, but only a part that is a plain word can be the name of another host or group.
    return "," in name and any(_WORD.match(part.strip()) for part in name.split(","))


def _warning(problem: str, names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return f"Hosts go by their instance ids instead of these names, because {problem}: {shown}"

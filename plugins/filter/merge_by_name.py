# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that combines lists of named entries, such as those of all hosts, of a group and of one host."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: merge_by_name
short_description: Combine lists of dictionaries by their name
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Joins several lists of dictionaries into one, in which every C(name) occurs once.
  - Where a name occurs more than once, the options of later entries are added to those of earlier ones. Lists are joined; of any
    other option the later value counts.
positional: more
options:
  _input:
    description: The first list.
    type: list
    elements: dict
    required: true
  more:
    description: Further lists, the most specific one last.
    type: list
    elements: list
"""

EXAMPLES = r"""
- name: Give john one key more on this host
  ansible.builtin.debug:
    msg: "{{ everywhere | alicloud.ecs_access.merge_by_name(here) }}"
  vars:
    everywhere: [{name: john, sudo: none, groups: [developers]}]
    here: [{name: john, sudo: nopasswd, groups: [docker]}]
  # => [{"name": "john", "sudo": "nopasswd", "groups": ["developers", "docker"]}]
"""

RETURN = r"""
_value:
  description: The combined list, names in the order of their first occurrence.
  type: list
  elements: dict
"""


_FINAL = ("absent", "locked")


def merge_by_name(first: Iterable[Mapping[str, Any]], *more: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lists as one; the arguments are left as they are."""
    merged: dict[str, dict[str, Any]] = {}
    for entries in (first, *more):
        if isinstance(entries, (str, Mapping)) or not isinstance(entries, Iterable):
            raise AnsibleFilterError(f"merge_by_name takes lists of dictionaries, not {type(entries).__name__}")
        seen: set[str] = set()
        for entry in entries:
            if not isinstance(entry, Mapping) or not entry.get("name"):
                raise AnsibleFilterError("merge_by_name takes dictionaries that have a name")
            if entry["name"] in seen:
                raise AnsibleFilterError(f"{entry['name']} is listed more than once in the same list")
            seen.add(entry["name"])
            _add(merged.setdefault(entry["name"], {}), entry)
    return list(merged.values())


def _add(target: dict[str, Any], entry: Mapping[str, Any]) -> None:
    for option, value in entry.items():
        if isinstance(value, list):
            before = target.get(option)
            target[option] = [*(before if isinstance(before, list) else []), *value]
        elif option != "state" or target.get(option) not in _FINAL or value == "absent":
            target[option] = value


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"merge_by_name": merge_by_name}

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for the loops of the playbooks: which instances one call is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.unsafe import mark_unsafe
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.chunks import CHUNK, chunks_of

DOCUMENTATION = r"""
name: _chunks
short_description: Divide hosts into what one API call takes
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - B(This filter is private to the collection.) Only its playbooks use it; it can change in any release.
  - Hosts that are not instances are left out.
positional: hostvars, size
options:
  _input:
    description: Names of inventory hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
  size:
    description: How many instances one call may be about.
    type: int
    default: 50
"""

EXAMPLES = r"""
- name: Show the instances of this batch
  ansible.builtin.debug:
    msg: "{{ ansible_play_batch | alicloud.ecs_access._chunks(hostvars) }}"
"""

RETURN = r"""
_value:
  description: Instances of one region, with C(label), C(region), C(hosts) and C(instance_ids).
  type: list
  elements: dict
"""


def chunks(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]], size: int = CHUNK) -> Any:
    """The chunks as plain values. Names of instances are in them, so none of it is ever a template."""
    return mark_unsafe([chunk._asdict() for chunk in chunks_of(hosts, hostvars, size)])


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"_chunks": chunks}

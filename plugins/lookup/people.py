# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of a host, for the roles and playbooks of this collection."""

from __future__ import annotations

DOCUMENTATION = r"""
name: people
short_description: List the people of a host
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Reads the variables of the role C(ssh_users) for the host of the task, and answers who its people are today.
options:
  _terms:
    description: None.
    required: false
"""

EXAMPLES = r"""
- name: Show who can log in to this host
  ansible.builtin.debug:
    msg: "{{ lookup('alicloud.ecs_access.people').present }}"
"""

RETURN = r"""
_list:
  description:
    - One dictionary. C(users), C(groups) and C(record) are options of the module M(alicloud.ecs_access.ssh_access), C(present) has the names of
      those who can log in, C(notes) what is worth knowing, and C(team_is_empty) whether the team lists nobody.
  type: list
  elements: dict
"""

import datetime
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.answer import describe_people
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.source import TeamReader


class LookupModule(LookupBase):
    """The people of the host that the task is for."""

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[Any]:
        del terms, kwargs
        try:
            team = TeamReader().read(variables or {}, self._templar.template)
            answer = describe_people(team, variables or {}, datetime.datetime.now(datetime.timezone.utc).date())
        except ValueError as exc:
            raise AnsibleLookupError(str(exc)) from None
        return [answer]

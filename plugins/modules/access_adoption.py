# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: access_adoption
short_description: List the accounts, keys and sudo rights of a host as a team file can have them
version_added: 1.0.0
description:
  - B(This module is private to the collection.) Only its playbook C(adopt) uses it; it can change in any release.
  - Reads what M(alicloud.ecs_access.ssh_access_info) and M(alicloud.ecs_access.ssh_access) read, public keys included, and tries each
    account as an entry of M(alicloud.ecs_access.ssh_access). Changes nothing.
author:
  - The alicloud.ecs_access founders (@alicloud)
options: {}
attributes:
  check_mode:
    description: Does the same in either mode, because it changes nothing.
    support: full
  diff_mode:
    description: The module changes nothing, so there is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: List what a team file can take over
  alicloud.ecs_access.access_adoption:
  become: true
"""

RETURN = r"""
answer:
  description: The accounts as JSON in base64, so that comments of keys arrive as they stand in their files.
  returned: success
  type: str
  sample: eyJzY2hlbWEiOiAiYWxpY2xvdWQuZWNzX2FjY2Vzcy9hZG9wdGlvbi8xIn0=
"""

import base64
import json
from typing import Any, Dict, List

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.look_adoption import MOST_ACCOUNTS, Candidate, find_entries
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.host import Identity
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.look import look_at_host
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.run import describe_error
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

SCHEMA = "alicloud.ecs_access/adoption/1"
_WITH_KEYS = ("key", "certificate_authority")


def read_access() -> Dict[str, Any]:
    """Every account that can be a person's or a program's, and what was not seen."""
    host = look_at_host(Identity())
    methods: Dict[str, List[Dict[str, Any]]] = {}
    for method in host["login_methods"]:
        if method["kind"] in _WITH_KEYS:
            methods.setdefault(method["account"], []).append(method)
    people = [account for account in host["accounts"] if account["state"] == "open" and not account["system"]]
    entries = find_entries([_candidate(account["name"], methods.get(account["name"], [])) for account in people[:MOST_ACCOUNTS]])
    accounts = []
    for account in host["accounts"]:
        works = sorted({method["fingerprint"] for method in methods.get(account["name"], ()) if method["effective"] != "no"})
        record = account["record"] or {}
        common = {
            "name": account["name"],
            "state": account["state"],
            "system": account["system"],
            "password": account["password"] == "set",
            "expires": account["expires"] or "",
            "owner": record.get("owner") or "",
            "fingerprints": works,
        }
        nothing: Dict[str, Any] = {"local": True, "keys": [], "rights": [], "groups": [], "notes": [], "left_out": ""}
        if account["name"] in entries or not account["system"] or works:
            accounts.append(dict(common, **entries.get(account["name"], nothing)))
    unread = ["%s: %s" % (entry["what"], entry["why"]) for entry in host["unread"]]
    if len(people) > MOST_ACCOUNTS:
        unread.append("accounts: there are more than %d that can log in" % MOST_ACCOUNTS)
    return {"schema": SCHEMA, "accounts": accounts, "unread": unread}


def _candidate(name: str, methods: List[Dict[str, Any]]) -> Candidate:
    effective = frozenset(method["fingerprint"] for method in methods if method["effective"] != "no")
    refused = {method["fingerprint"]: method["why"] or "" for method in methods if method["effective"] == "no"}
    proven = frozenset(method["fingerprint"] for method in methods if method["effective"] == "yes")
    return Candidate(name, effective, refused, proven)


def argument_spec() -> Dict[str, Any]:
    """It has no options."""
    return {}


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        found = read_access()
    except AccessError as exc:
        module.fail_json(msg=printable(exc.text))
    except OSError as exc:
        module.fail_json(msg=printable("the host refused: " + describe_error(exc)))
    module.exit_json(changed=False, answer=base64.b64encode(json.dumps(found).encode("ascii")).decode("ascii"))


if __name__ == "__main__":
    main()

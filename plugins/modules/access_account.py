# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: access_account
short_description: Show the Alibaba Cloud account that the credentials belong to
version_added: 1.0.0
description:
  - B(This module is private to the collection.) Only its playbook C(audit) and its role C(access_report) use it; it can change in any release.
  - Asks STS (C(GetCallerIdentity)), which needs no RAM permission. With O(assume_role_arn), it is the account of the role.
  - If O(endpoint) is on this machine, such as an embedded cloud, O(sts_endpoint) is required, so that the public service is not asked instead.
author:
  - The alicloud.ecs_access founders (@alicloud)
extends_documentation_fragment:
  - alicloud.ecs_access.ecs
  - alicloud.ecs_access.attributes
  - alicloud.ecs_access.attributes.info
attributes:
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Show the account
  alicloud.ecs_access.access_account:
    region: eu-central-1
"""

RETURN = r"""
account_id:
  description: The id of the account.
  returned: success
  type: str
  sample: "1234567890123456"
"""

import re
from typing import Any, Dict

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.answer import word_of
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import BAD_ANSWER, EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.module import CloudTask, EcsModule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import SettingsError


def argument_spec() -> Dict[str, Any]:
    return {}


def look(task: CloudTask) -> Dict[str, Any]:
    """All that the module does."""
    endpoint = task.settings.endpoint
    if endpoint and endpoint.is_loopback and not task.settings.sts_endpoint:
        raise SettingsError("endpoint is on this machine, so the public STS was not asked; set sts_endpoint or ALIBABA_CLOUD_STS_ENDPOINT too")
    account_id = word_of(task.client.caller_identity().get("AccountId"))
    if not re.match(r"[0-9]{1,32}\Z", account_id):
        raise EcsError("GetCallerIdentity", BAD_ANSWER, "the answer has no account id", hint="Check sts_endpoint.")
    return {"changed": False, "account_id": account_id}


def main() -> None:
    EcsModule(argument_spec(), supports_check_mode=True).run(look)


if __name__ == "__main__":
    main()

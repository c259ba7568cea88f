# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that every cloud module takes, and the environment variables that stand in for them.

Note that this module util is **PRIVATE** to the collection.
"""

from typing import Any, Dict

OPTION_ENV = {
    "region": ("ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_REGION", "ALICLOUD_REGION"),
    "access_key_id": ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY"),
    "access_key_secret": ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECRET_KEY"),
    "security_token": ("ALIBABA_CLOUD_SECURITY_TOKEN", "ALICLOUD_SECURITY_TOKEN"),
    "profile": ("ALIBABA_CLOUD_PROFILE",),
    "credentials_uri": ("ALIBABA_CLOUD_CREDENTIALS_URI",),
    "ram_role_name": ("ALIBABA_CLOUD_ECS_METADATA",),
    "assume_role_arn": ("ALIBABA_CLOUD_ASSUME_ROLE_ARN",),
    "role_session_name": ("ALIBABA_CLOUD_ROLE_SESSION_NAME",),
    "external_id": ("ALIBABA_CLOUD_EXTERNAL_ID",),
    "sts_endpoint": ("ALIBABA_CLOUD_STS_ENDPOINT",),
    "endpoint": ("ALIBABA_CLOUD_ECS_ENDPOINT",),
}
"""Option -> names of its environment variables, first match wins. An empty variable counts as not set."""

NUMBER_DEFAULTS = {"api_timeout": 20, "api_retries": 5, "api_concurrency": 8}

# Options of several modules, described in the documentation fragment ecs_instances.
INSTANCE_IDS = {"instance_ids": {"type": "list", "elements": "str", "required": True}}
COMMAND_TIMEOUT = {"command_timeout": {"type": "int", "default": 60}}
FAIL_ON = {"fail_on": {"type": "str", "choices": ["any", "all", "never"], "default": "any"}}
PUBLIC_KEY = {"public_key": {"type": "str", "no_log": False}, "public_key_path": {"type": "path", "no_log": False}}


def cloud_argument_spec() -> Dict[str, Dict[str, Any]]:
    """The shared options as AnsibleModule wants them.

    The environment is read by C(read_settings), not by C(fallback): a task that names a profile must not be
    overruled by an access key that happens to be in the environment, and only there can both be distinguished.
    """
    spec: Dict[str, Dict[str, Any]] = {name: {"type": "str"} for name in OPTION_ENV}
    spec["access_key_secret"]["no_log"] = True
    spec["security_token"]["no_log"] = True
    # Not a secret, but its name would trip Ansible's guess.
    spec["access_key_id"]["no_log"] = False
    spec["network"] = {"type": "str", "choices": ["public", "vpc"], "default": "public"}
    for name, default in NUMBER_DEFAULTS.items():
        spec[name] = {"type": "int", "default": default}
    return spec

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API calls before a new login: register the run's key, open a session.

Only imported when there is something to call: the SDK takes longer to load than most tasks take to run.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import os
import typing as t
import uuid

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import OPTION_ENV, cloud_argument_spec
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import CloudSettings, read_settings
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import check_user_name
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import PublicKey
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.send import (
    COMMAND_TIMEOUT,
    instance_problems,
    send_temp_key,
)

from .folder import CloudProblem, RunFolder
from .key import get_key

OPTIONS = tuple(cloud_argument_spec())


def read_cloud_settings(given: t.Mapping[str, t.Any], environ: t.Mapping[str, str] | None = None) -> CloudSettings:
    """Settings of a plugin's options.

    The plugin's options have taken in the environment already. What came from there is left to C(read_settings), to which
    a profile that a variable of the host names comes before an access key that the environment happens to have.
    """
    environ = os.environ if environ is None else environ
    own = {}
    for name in OPTIONS:
        from_environment = next((environ[env] for env in OPTION_ENV.get(name, ()) if environ.get(env)), None)
        own[name] = None if given[name] == from_environment else given[name]
    return read_settings(own, environ)


def make_client(given: t.Mapping[str, t.Any]) -> EcsClient:
    """A client by a plugin's options.

    Forks that start together are refused together, so there are twice as many retries as a single process needs.
    """
    settings = read_cloud_settings(given)
    return EcsClient(settings._replace(api_retries=2 * settings.api_retries))


def register(client: EcsClient, instance_id: str, user_name: str, folder: RunFolder) -> None:
    """Return once Cloud Assistant has accepted the run's key; raises CloudProblem."""
    # Before the key is made: who may not log in needs none.
    check_user_name(user_name)
    deliver(client, instance_id, user_name, get_key(folder))


def deliver(client: EcsClient, instance_id: str, user_name: str, key: PublicKey) -> None:
    """Return once Cloud Assistant has accepted the key; raises CloudProblem."""
    invoke_id = send_temp_key(client, [instance_id], user_name, key)
    results = client.wait_for_invocation(invoke_id, [instance_id], client.clock() + COMMAND_TIMEOUT + 30)
    problems = instance_problems(results, [instance_id])
    if problems:
        raise CloudProblem(problems[0])


def open_session(client: EcsClient, instance_id: str, port: int) -> dict[str, str]:
    """A Session Manager session to a port of the instance, as C(url) and C(token); raises CloudProblem."""
    # The token makes a repeated call the same session.
    params = {"InstanceId": [instance_id], "PortNumber": port, "ClientToken": str(uuid.uuid4())}
    try:
        answer = client.call("StartTerminalSession", params)
    except EcsError as error:
        error.hint = _SESSION_HINTS.get(error.code) or error.hint
        raise
    if not answer.get("WebSocketUrl"):
        raise CloudProblem("StartTerminalSession failed: the answer holds no address. Check endpoint.")
    return {"url": str(answer["WebSocketUrl"]), "token": str(answer.get("SecurityToken") or "")}


_SESSION_HINTS = {
    "UserBehavior.SessionManagerDisabled": (
        "Session Manager is turned off for this account: turn it on in the ECS console (Cloud Assistant, Settings), for all regions."
    ),
    "SessionCount.ExceedLimit": "An instance takes 20 sessions and a region 1000: end some, or wait until they time out.",
    "PortForwarding.NotSupported": "The instance's Cloud Assistant agent is too old for it: 2.2.3.256 or newer is needed.",
    "InvalidOperation.SecurityGroupRuleDenied": "A security group blocks Session Manager from reaching the instance.",
    "InvalidInstance.NotFound": "There is no such instance in this region: check ecs_instance_id and ecs_region.",
    "Operation.Forbidden": "The instance has to be running, with its Cloud Assistant agent online.",
}

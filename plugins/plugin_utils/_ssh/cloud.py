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

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import OPTION_ENV, cloud_argument_spec
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.sdk import LibraryMissing, PythonTooOld
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import CloudSettings, SettingsError, read_settings
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key import PrivateKeyError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.send import (
    COMMAND_TIMEOUT,
    TempKeyError,
    check_user_name,
    instance_problems,
    send_temp_key,
)

from .folder import CloudProblem, RunFolder
from .key import get_key

OPTIONS = tuple(cloud_argument_spec())

_EXPLAINED = (EcsError, PrivateKeyError, PythonTooOld, SettingsError, TempKeyError)


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
    """A client by a plugin's options; raises CloudProblem.

    Forks that start together are refused together, so there are twice as many retries as somebody who comes alone needs.
    """

    def make() -> EcsClient:
        settings = read_cloud_settings(given)
        return EcsClient(settings._replace(api_retries=2 * settings.api_retries))

    return explained(make)


def register(client: EcsClient, instance_id: str, user_name: str, folder: RunFolder) -> None:
    """Return once Cloud Assistant has taken the run's key; raises CloudProblem."""

    def deliver() -> list[str]:
        # Before the key is made: who may not log in needs none.
        check_user_name(user_name)
        invoke_id = send_temp_key(client, [instance_id], user_name, get_key(folder))
        results = client.wait_for_invocation(invoke_id, [instance_id], client.clock() + COMMAND_TIMEOUT + 30)
        return instance_problems(results, [instance_id])

    problems = explained(deliver)
    if problems:
        raise CloudProblem(problems[0])


def open_session(client: EcsClient, instance_id: str, port: int) -> dict[str, str]:
    """A Session Manager session to a port of the instance, as C(url) and C(token); raises CloudProblem."""

    def start() -> dict[str, t.Any]:
        # The token makes a repeated call the same session.
        params = {"InstanceId": [instance_id], "PortNumber": port, "ClientToken": str(uuid.uuid4())}
        try:
            return client.call("StartTerminalSession", params)
        except EcsError as error:
            error.hint = _SESSION_HINTS.get(error.code) or error.hint
            raise

    answer = explained(start)
    if not answer.get("WebSocketUrl"):
        raise CloudProblem("StartTerminalSession failed: the answer holds no address. Check endpoint.")
    return {"url": str(answer["WebSocketUrl"]), "token": str(answer.get("SecurityToken") or "")}


_SESSION_HINTS = {
    "UserBehavior.SessionManagerDisabled": (
        "Session Manager is turned off for this account: turn it on in the ECS console (Cloud Assistant, Settings), for all regions."
    ),
    "SessionCount.ExceedLimit": "An instance takes 20 sessions and a region 1000: end some, or wait until they time out.",
    "PortForwarding.NotSupported": "The instance's Cloud Assistant agent is too old for it: 2.2.3.256 or newer is needed.",
    "InvalidOperation.SecurityGroupRuleDenied": "A security group keeps Session Manager from the instance.",
    "InvalidInstance.NotFound": "There is no such instance in this region: check ecs_instance_id and ecs_region.",
    "Operation.Forbidden": "The instance has to be running, with its Cloud Assistant agent online.",
}


def explained(work: t.Callable[[], t.Any]) -> t.Any:
    """Do it; what is expected to go wrong becomes a CloudProblem."""
    try:
        return work()
    except LibraryMissing as exc:
        problem = missing_required_lib(str(exc))
    except _EXPLAINED as exc:
        problem = str(exc)
    # Outside of the handler, so that no exception of the SDK hangs on to this one and is shown with it.
    raise CloudProblem(problem)

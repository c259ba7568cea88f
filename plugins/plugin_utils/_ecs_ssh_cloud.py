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

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.alicloud.ecs_access.plugins.module_utils._cloud.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._cloud.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._cloud.options import OPTION_ENV, cloud_argument_spec
from ansible_collections.alicloud.ecs_access.plugins.module_utils._cloud.private_key import PrivateKeyError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._cloud.sdk import LibraryMissing, PythonTooOld
from ansible_collections.alicloud.ecs_access.plugins.module_utils._cloud.settings import CloudSettings, SettingsError, read_settings
from ansible_collections.alicloud.ecs_access.plugins.module_utils._cloud.temp_key import (
    COMMAND_TIMEOUT,
    TempKeyError,
    check_user_name,
    instance_problems,
    send_temp_key,
)
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ecs_ssh_folder import RunFolder
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ecs_ssh_key import get_key

OPTIONS = tuple(cloud_argument_spec())

_EXPLAINED = (EcsError, PrivateKeyError, PythonTooOld, SettingsError, TempKeyError)


class CloudProblem(Exception):
    """The API could not do it. The message is one sentence that can be shown as it is."""


def read_cloud_settings(given: t.Mapping[str, t.Any], environ: t.Mapping[str, str] = os.environ) -> CloudSettings:
    """Settings of a plugin's options.

    The plugin's options have taken in the environment already. What came from there is left to C(read_settings), to which
    a profile that a variable of the host names comes before an access key that the environment happens to have.
    """
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

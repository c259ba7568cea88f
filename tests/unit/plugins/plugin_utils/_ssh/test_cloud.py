# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registrations and sessions against the embedded cloud, as many forks at once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh import cloud
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.folder import RunFolder
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.key import get_key
from ecs_emulator.testing import running

FORKS = 50
SECRET = "not-the-secret-of-anybody"


@pytest.fixture(scope="module")
def emulator():
    with running({"instances": [{"name": "node", "count": FORKS}]}) as started:
        yield started


@pytest.fixture
def options(emulator, monkeypatch):
    """A plugin's options as core gives them: with the environment's values."""
    emulator.clear_requests()
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    given = dict.fromkeys(cloud.OPTIONS)
    given.update(region=emulator.region, endpoint=emulator.endpoint, access_key_id=emulator.access_key_id)
    given.update(access_key_secret=emulator.access_key_secret, network="public", api_retries=5, api_timeout=20, api_concurrency=8)
    yield given
    emulator.clear_faults()


@pytest.fixture
def folder(tmp_path):
    made = RunFolder.of(str(tmp_path))
    (tmp_path / "ecs_ssh").mkdir(mode=0o700)
    return made


def test_fifty_forks_get_through_throttling(emulator, options, folder):
    emulator.faults("InvokeCommand", "error", code="Throttling.User", status=400, times=FORKS)
    emulator.faults("DescribeInvocationResults", "error", code="Throttling.User", status=400, times=FORKS)
    ids = [instance.instance_id for instance in emulator.cloud.instances.values()]
    get_key(folder)
    with ThreadPoolExecutor(FORKS) as pool:
        list(pool.map(lambda one: cloud.register(cloud.make_client(options), one, "root", folder), ids))
    line = get_key(folder).line
    assert all([key.public_key for key in emulator.keys.keys(one, "root")] == [line] for one in ids)
    # Refused and repeated, but nothing was delivered twice.
    assert len(emulator.cloud.invocations) == FORKS


def test_a_variable_s_profile_beats_the_environment_s_access_key(options, emulator):
    settings = cloud.read_cloud_settings({**options, "profile": "ops"}, emulator.environment)
    assert (settings.profile, settings.access_key_id) == ("ops", None)


def test_a_variable_s_access_key_beats_the_environment_s(options, emulator):
    own = {**options, "access_key_id": "other", "access_key_secret": SECRET}
    settings = cloud.read_cloud_settings(own, {**emulator.environment, "ALIBABA_CLOUD_SECURITY_TOKEN": "foreign"})
    assert (settings.access_key_id, settings.access_key_secret, settings.security_token) == ("other", SECRET, None)


def test_no_key_is_made_for_a_user_who_is_refused(options, folder, emulator):
    with pytest.raises(AccessError, match="cannot be sent"):
        cloud.register(cloud.make_client(options), "i-a", "a;b", folder)
    assert emulator.request_counts() == {}
    assert os.listdir(folder.path) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"region": None}, "no region is given"),
        ({"access_key_secret": None}, "access_key_id is given without access_key_secret"),
        ({"endpoint": "http://198.51.100.1"}, "plain http"),
    ],
)
def test_wrong_options_are_one_sentence(options, changes, words, monkeypatch):
    for name in ("ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ECS_ENDPOINT"):
        monkeypatch.delenv(name)
    with pytest.raises(AccessError, match=words) as caught:
        cloud.make_client({**options, **changes})
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("UserBehavior.SessionManagerDisabled", "turned off for this account"),
        ("SessionCount.ExceedLimit", "20 sessions"),
        ("PortForwarding.NotSupported", "2.2.3.256"),
        ("InvalidOperation.SecurityGroupRuleDenied", "security group"),
        ("Operation.Forbidden", "agent online"),
    ],
)
def test_refused_sessions_are_explained(options, emulator, code, words):
    emulator.faults("StartTerminalSession", "error", code=code, status=403)
    with pytest.raises(AccessError, match=words):
        cloud.open_session(cloud.make_client(options), next(iter(emulator.cloud.instances)), 22)


def test_a_lost_answer_is_no_second_session(options, emulator):
    before = len(list(emulator.sessions))
    emulator.faults("StartTerminalSession", "reset_after")
    session = cloud.open_session(cloud.make_client(options), next(iter(emulator.cloud.instances)), 22)
    assert session["url"].startswith("ws://127.0.0.1")
    assert len(list(emulator.sessions)) == before + 1

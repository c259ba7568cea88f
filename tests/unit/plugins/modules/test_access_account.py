# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account of the credentials, by STS: one call, whoever signs it."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ecs_emulator.testing import running

ROLE = "acs:ram::2222333344445555:role/auditor"
# Nobody may do anything but assume the role.
POLICY = {"user": "ann", "access_key_id": "LTAIann", "access_key_secret": "secret"}
STATEMENTS = [{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": "*"}]


@pytest.fixture
def cloud():
    fleet = {"instances": [{"name": "web"}], "account": {"account_id": "1111222233334444"}, "policies": [dict(POLICY, statements=STATEMENTS)]}
    with running(fleet) as emulator:
        yield emulator


@pytest.fixture
def run(run_module, cloud):
    given = {"access_key_id": "LTAIann", "access_key_secret": "secret", "region": cloud.region, "sts_endpoint": cloud.endpoint, "api_retries": 1}
    return lambda **options: run_module("access_account", **{**given, **options})


def test_a_user_without_permissions_sees_it_in_one_call(run, cloud):
    result = run()
    assert (result["changed"], result["account_id"]) == (False, "1111222233334444")
    assert cloud.request_counts() == {"GetCallerIdentity": 1}


def test_of_a_role_it_is_the_roles(run):
    assert run(assume_role_arn=ROLE)["account_id"] == "2222333344445555"


@pytest.mark.parametrize(
    ("fault", "calls", "part"),
    [
        pytest.param({"fault": "error", "code": "NoPermission", "status": 403}, 1, "RAM action sts:GetCallerIdentity", id="refused"),
        pytest.param({"fault": "error", "code": "Throttling.User", "status": 400}, 2, "[Throttling.User]", id="throttled"),
        pytest.param({"fault": "reset"}, 2, "the connection broke", id="no answer"),
    ],
)
def test_a_failure_is_one_sentence(run, cloud, fault, calls, part):
    cloud.faults("GetCallerIdentity", times=5, **fault)
    result = run()
    assert result["failed"] and part in result["msg"] and "\n" not in result["msg"]
    assert "secret" not in result["_output"].replace("access_key_secret", "")
    assert cloud.request_counts() == {"GetCallerIdentity": calls}


def test_what_is_no_account_id_is_not_returned(run, monkeypatch):
    monkeypatch.setattr(EcsClient, "caller_identity", lambda self: {"AccountId": "</script>"})
    result = run()
    assert result["msg"] == "GetCallerIdentity failed: the answer has no account id. Check sts_endpoint."
    assert "account_id" not in result


def test_the_public_service_is_not_asked_about_an_embedded_cloud(run, cloud):
    result = run(endpoint=cloud.endpoint, sts_endpoint=None)
    assert result["msg"].startswith("endpoint is on this machine, so the public STS was not asked; set sts_endpoint")
    assert cloud.request_counts() == {}

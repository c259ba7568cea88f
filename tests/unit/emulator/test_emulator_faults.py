# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand, seen from a client."""

from __future__ import annotations

import http.client
import json
import socket
import time

import pytest
from ecs_emulator import client
from ecs_emulator.testing import running

from .emulator_tools import as_json, code, ids


def control(emulator, method, body=None):
    connection = http.client.HTTPConnection(*emulator.endpoint.partition("//")[2].split(":"), timeout=10)
    try:
        connection.request(method, "/_emulator/faults", body if body is None or isinstance(body, str) else json.dumps(body))
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    return response.status, json.loads(text) if text else None


def test_error_for_so_many_calls_of_one_action(emulator):
    fault = {"action": "DescribeKeyPairs", "fault": "error", "code": "Throttling.User", "status": 400, "times": 2}
    assert control(emulator, "POST", fault)[0] == 201
    assert emulator.call("DescribeInstances")["TotalCount"] == 3
    for _unused in range(2):
        assert code(emulator.call, "DescribeKeyPairs") == (400, "Throttling.User")
    assert emulator.call("DescribeKeyPairs")["TotalCount"] == 0
    assert [entry["fault"] for entry in emulator.requests("DescribeKeyPairs")] == ["error", "error", ""]


def test_defaults_skip_and_clear(emulator):
    control(emulator, "POST", {"fault": "error", "skip": 1, "times": 5})
    assert emulator.call("DescribeKeyPairs")
    assert code(emulator.call, "DescribeInstances") == (500, "InternalError")
    assert control(emulator, "GET")[1]["faults"][0]["times"] == 4
    assert control(emulator, "DELETE")[0] == 204
    assert emulator.call("DescribeInstances")
    assert control(emulator, "GET")[1] == {"faults": []}


@pytest.mark.parametrize("body", ["not json", "[]", {"fault": "explode"}, {"fault": "error", "tmes": 1}, {"fault": "error", "times": "2"}, {"action": ""}])
def test_wrong_faults_are_refused_with_a_sentence(emulator, body):
    status, answer = control(emulator, "POST", body)
    assert status == 400
    assert answer["error"]
    assert control(emulator, "GET")[1] == {"faults": []}


def test_reset_comes_before_the_action_and_reset_after_behind_it(emulator):
    for fault, names in (("reset", []), ("reset_after", ["lost"])):
        emulator.faults("CreateKeyPair", fault)
        with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
            emulator.call("CreateKeyPair", KeyPairName="lost")
        assert [pair["KeyPairName"] for pair in emulator.call("DescribeKeyPairs")["KeyPairs"]["KeyPair"]] == names
        assert emulator.requests("CreateKeyPair")[-1]["status"] == 0


def test_timeout_never_answers_and_never_acts(emulator):
    emulator.faults("CreateKeyPair", "timeout")
    with pytest.raises((socket.timeout, TimeoutError)):
        client.call(
            emulator.endpoint, emulator.access_key_id, emulator.access_key_secret, "CreateKeyPair",
            {"RegionId": emulator.region, "KeyPairName": "late"}, timeout=0.3,
        )  # fmt: skip
    emulator.wait_until(lambda: emulator.requests("CreateKeyPair") != [])
    assert emulator.call("DescribeKeyPairs")["TotalCount"] == 0


def test_partial_fails_every_second_item():
    with running({"key_pairs": [{"name": "ops"}], "instances": [{"name": "web", "count": 5}]}) as emulator:
        emulator.faults("AttachKeyPair", "partial", code="ServiceUnavailable", status=503)
        answer = emulator.call("AttachKeyPair", KeyPairName="ops", InstanceIds=as_json(*ids(emulator)))
        assert answer["FailCount"] == 2
        assert [item["Code"] for item in answer["Results"]["Result"]] == ["200", "ServiceUnavailable"] * 2 + ["200"]
        assert [bool(instance.key_pair_name) for instance in emulator.cloud.instances.values()] == [True, False, True, False, True]
        emulator.faults("RunCommand", "partial", code="ClientNotResponse")
        invoke_id = emulator.call("RunCommand", Type="RunShellScript", CommandContent="id", InstanceId=ids(emulator))["InvokeId"]
        executions = emulator.cloud.invocations[invoke_id].executions
        emulator.wait_until(lambda: {item.status for item in executions.values()} == {"Success", "Failed"})
        assert [item.error_code for item in executions.values()].count("ClientNotResponse") == 2


def test_latency_of_one_call_and_of_all(emulator):
    emulator.faults("DescribeKeyPairs", "delay", latency_ms=300)
    started = time.monotonic()
    emulator.call("DescribeKeyPairs")
    assert time.monotonic() - started >= 0.3
    with running({"instances": [], "timing": {"latency_ms": 120}}) as slow:
        started = time.monotonic()
        slow.call("DescribeKeyPairs")
        assert time.monotonic() - started >= 0.12


def test_faults_do_not_hide_a_wrong_signature(emulator):
    emulator.faults("DescribeKeyPairs", "error")
    refused = code(client.call, emulator.endpoint, emulator.access_key_id, "wrong", "DescribeKeyPairs", {})
    assert refused == (400, "SignatureDoesNotMatch")
    assert code(emulator.call, "DescribeKeyPairs") == (500, "InternalError")

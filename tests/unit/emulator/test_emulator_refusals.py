# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the front door refuses: wrong keys, signatures, times, nonces, actions, regions, hosts and pages."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
import uuid
from unittest import mock
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from ecs_emulator import client, signature
from ecs_emulator.client import ApiFailure
from ecs_emulator.guard import make_guard
from ecs_emulator.testing import running

from .emulator_tools import Clock, code, refusal, sdk


def send(emulator, method="GET", target="/", headers=None, body=None):
    """One raw request: (status, decoded body or text)."""
    connection = http.client.HTTPConnection(*emulator.endpoint.partition("//")[2].split(":"), timeout=10)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    return response.status, json.loads(text) if text.startswith("{") else text


def rpc_parameters(emulator, **changes):
    """A DescribeRegions request of the older style; a change to None leaves the parameter out."""
    parameters = {
        "Action": "DescribeRegions",
        "Version": "2014-05-26",
        "Format": "JSON",
        "AccessKeyId": emulator.access_key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": uuid.uuid4().hex,
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    parameters.update(changes)
    return {key: value for key, value in parameters.items() if value is not None}


def rpc(emulator, method="GET", secret=None, **changes):
    """Send it: (status, body)."""
    parameters = rpc_parameters(emulator, **changes)
    parameters["Signature"] = signature.compute_rpc(secret or emulator.access_key_secret, method, parameters).signature
    if method == "POST":
        return send(emulator, "POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(parameters))
    return send(emulator, "GET", "/?" + urlencode(parameters))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_older_style_in_query_and_in_form(shared, method):
    status, body = rpc(shared, method)
    assert status == 200
    assert shared.region in [region["RegionId"] for region in body["Regions"]["Region"]]


def test_error_body_has_the_documented_fields(shared):
    status, body = rpc(shared, Action="DescribeInstances", RegionId="nowhere")
    assert (status, body["Code"]) == (404, "InvalidRegionId.NotFound")
    assert sorted(body) == ["Code", "HostId", "Message", "Recommend", "RequestId"]
    assert body["HostId"] == shared.endpoint.partition("//")[2]


def test_unknown_access_key(shared):
    assert code(client.call, shared.endpoint, "LTAIunknown", "secret", "DescribeRegions", {}) == (
        404, "InvalidAccessKeyId.NotFound",
    )  # fmt: skip
    assert rpc(shared, AccessKeyId="LTAIunknown")[1]["Code"] == "InvalidAccessKeyId.NotFound"
    assert rpc(shared, AccessKeyId=None)[1]["Code"] == "MissingAccessKeyId"


def test_wrong_secret_in_both_styles(shared):
    assert code(client.call, shared.endpoint, shared.access_key_id, "wrong", "DescribeRegions", {}) == (
        400, "SignatureDoesNotMatch",
    )  # fmt: skip
    status, body = rpc(shared, secret="wrong")
    assert (status, body["Code"]) == (400, "SignatureDoesNotMatch")
    assert "GET&%2F&" in body["Message"]


def test_wrong_signature_may_be_called_incomplete():
    with running({"instances": [], "behaviours": {"wrong_signature": "incomplete"}}) as emulator:
        assert rpc(emulator, secret="wrong")[1]["Code"] == "IncompleteSignature"


def test_changed_parameter_breaks_the_signature(shared):
    parameters = rpc_parameters(shared, Action="DescribeKeyPairs", RegionId=shared.region)
    parameters["Signature"] = signature.compute_rpc(shared.access_key_secret, "GET", parameters).signature
    parameters["KeyPairName"] = "added"
    assert send(shared, "GET", "/?" + urlencode(parameters))[1]["Code"] == "SignatureDoesNotMatch"


def test_body_that_was_not_hashed_is_refused(shared):
    headers = {
        "host": shared.endpoint.partition("//")[2],
        "x-acs-action": "DescribeRegions",
        "x-acs-version": "2014-05-26",
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }
    names = sorted(headers)
    signed = signature.compute_acs3(shared.access_key_secret, "POST", "/", [], headers, names, headers["x-acs-content-sha256"]).signature
    headers["authorization"] = "ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s" % (
        shared.access_key_id, ";".join(names), signed,
    )  # fmt: skip
    assert send(shared, "POST", "/", dict(headers))[0] == 200
    headers["x-acs-signature-nonce"] = uuid.uuid4().hex
    assert send(shared, "POST", "/", headers, "RegionId=x")[1]["Code"] == "IncompleteSignature"


def test_request_of_yesterday_or_tomorrow(shared):
    for hours in (-1, 1):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + hours * 3600))
        status, body = rpc(shared, Timestamp=stamp)
        assert (status, body["Code"]) == (400, "InvalidTimeStamp.Expired")
    assert rpc(shared, Timestamp="yesterday")[1]["Code"] == "InvalidTimeStamp.Format"
    assert rpc(shared, Timestamp=None)[1]["Code"] == "MissingTimestamp"


def test_nonce_works_once_and_only_a_valid_signature_uses_it_up(shared):
    nonce = uuid.uuid4().hex
    assert rpc(shared, secret="wrong", SignatureNonce=nonce)[1]["Code"] == "SignatureDoesNotMatch"
    assert rpc(shared, SignatureNonce=nonce)[0] == 200
    status, body = rpc(shared, SignatureNonce=nonce)
    assert (status, body["Code"]) == (400, "SignatureNonceUsed")
    assert rpc(shared, SignatureNonce=None)[1]["Code"] == "MissingSignatureNonce"


def test_unknown_action_version_and_method(shared):
    assert code(shared.call, "DescribeEverything") == (404, "InvalidAction.NotFound")
    assert code(shared.call, "DescribeRegions", version="2015-04-01") == (404, "InvalidAction.NotFound")
    assert rpc(shared, Version=None)[1]["Code"] == "MissingVersion"
    assert rpc(shared, Action=None)[1]["Code"] == "MissingParameter"
    assert send(shared, "PUT", "/?Format=JSON")[1]["Code"] == "UnsupportedHTTPMethod"


def test_missing_parameter_in_both_forms(shared):
    assert code(client.call, shared.endpoint, shared.access_key_id, shared.access_key_secret, "DescribeInstances", {}) == (
        400, "MissingParameter",
    )  # fmt: skip
    with running({"instances": [], "behaviours": {"missing_parameter": "named"}}) as emulator:
        assert code(emulator.call, "CreateKeyPair") == (400, "MissingKeyPairName")


def test_pages_foreign_hosts_and_other_paths_are_refused(shared):
    port = shared.endpoint.rpartition(":")[2]
    for target in ("/", "/_emulator/requests"):
        assert send(shared, "GET", target, {"Origin": "http://localhost"})[0] == 403
        assert send(shared, "GET", target, {"Origin": "null"})[0] == 403
        assert send(shared, "GET", target, {"Host": "attacker.example:%s" % port})[0] == 403
        assert send(shared, "GET", target, {"Host": "127.0.0.1.attacker.example"})[0] == 403
    for host in ("localhost:%s" % port, "127.9.9.9", "[::1]:%s" % port, "LOCALHOST"):
        assert send(shared, "GET", "/_emulator/requests", {"Host": host})[0] == 200
    assert send(shared, "GET", "/elsewhere")[0] == 404


def test_control_paths_serve_this_machine_only():
    async def ask(path, peer):
        transport = mock.Mock()
        transport.get_extra_info = {"peername": (peer, 40000)}.get
        request = make_mocked_request("GET", path, {"Host": "cloud.example:80"}, transport=transport)
        try:
            return await make_guard(["cloud.example"])(request, served)
        except web.HTTPForbidden as refused:
            return refused.status

    async def served(request):
        return 200

    assert asyncio.run(ask("/", "192.0.2.7")) == 200
    assert asyncio.run(ask("/_emulator/requests", "192.0.2.7")) == 403
    assert asyncio.run(ask("/_emulator/requests", "127.0.0.1")) == 200


def test_sdk_errors_arrive_as_its_own_exceptions(shared):
    from alibabacloud_ecs20140526 import models
    from alibabacloud_tea_openapi.exceptions import ClientException

    for algorithm in (None, "v2"):
        with pytest.raises(ClientException) as caught:
            sdk(shared, algorithm).describe_instances(models.DescribeInstancesRequest(region_id="nowhere"))
        assert (caught.value.code, caught.value.status_code) == ("InvalidRegionId.NotFound", 404)


ROLE = {"RoleArn": "acs:ram::1234567890123456:role/Deployer", "RoleSessionName": "tester"}


def temporary(emulator, issued, action="GetCallerIdentity", version="2015-04-01", token=None, **parameters):
    return client.call(
        emulator.endpoint, issued["AccessKeyId"], issued["AccessKeySecret"], action, parameters, version,
        issued["SecurityToken"] if token is None else token,
    )  # fmt: skip


def test_temporary_credentials_work_until_they_expire():
    clock = Clock()
    with running({"instances": [{"name": "web"}]}, clock) as emulator:
        answer = emulator.call("AssumeRole", version="2015-04-01", DurationSeconds=900, **ROLE)
        issued = answer["Credentials"]
        assert answer["AssumedRoleUser"]["Arn"] == "acs:ram::1234567890123456:assumed-role/deployer/tester"
        assert issued["AccessKeyId"].startswith("STS.")
        assert temporary(emulator, issued)["IdentityType"] == "AssumedRoleUser"
        found = temporary(emulator, issued, "DescribeInstances", "2014-05-26", RegionId=emulator.region)
        assert found["TotalCount"] == 1
        assert code(temporary, emulator, issued, token="") == (400, "MissingSecurityToken")
        assert code(temporary, emulator, issued, token="CAISwrong") == (400, "InvalidSecurityToken.Malformed")
        assert code(expired_call, emulator, issued, clock) == (400, "InvalidSecurityToken.Expired")


def expired_call(emulator, issued, clock):
    """A call dated by the server's clock, one hour later."""
    clock.shift = 3600
    parameters = rpc_parameters(
        emulator, AccessKeyId=issued["AccessKeyId"], SecurityToken=issued["SecurityToken"],
        Timestamp=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(clock())),
    )  # fmt: skip
    parameters["Signature"] = signature.compute_rpc(issued["AccessKeySecret"], "GET", parameters).signature
    status, body = send(emulator, "GET", "/?" + urlencode(parameters))
    if status != 200:
        raise ApiFailure(status, body)


def test_token_with_a_permanent_key_is_refused(shared):
    issued = {"AccessKeyId": shared.access_key_id, "AccessKeySecret": shared.access_key_secret, "SecurityToken": "CAIS"}
    assert code(temporary, shared, issued) == (400, "InvalidSecurityToken.MismatchWithAccessKey")


def test_assume_role_checks_its_parameters(shared):
    def assume(**changes):
        values = {key: value for key, value in {**ROLE, **changes}.items() if value is not None}
        return code(shared.call, "AssumeRole", version="2015-04-01", **values)

    assert assume(RoleArn=None) == (400, "MissingRoleArn")
    assert assume(RoleSessionName=None) == (400, "MissingRoleSessionName")
    assert assume(RoleArn="deployer") == (400, "InvalidParameter.RoleArn")
    assert assume(RoleSessionName="a b") == (400, "InvalidParameter.RoleSessionName")
    assert assume(DurationSeconds=899) == (400, "InvalidParameter.DurationSeconds")


def test_only_known_roles_when_the_fleet_lists_them():
    with running({"instances": [], "roles": [{"arn": ROLE["RoleArn"], "external_id": "x1"}]}) as emulator:
        assert code(emulator.call, "AssumeRole", version="2015-04-01", **ROLE) == (403, "NoPermission")
        other = {**ROLE, "RoleArn": ROLE["RoleArn"] + "2", "version": "2015-04-01"}
        assert code(emulator.call, "AssumeRole", **other) == (404, "EntityNotExist.Role")
        assert emulator.call("AssumeRole", version="2015-04-01", ExternalId="x1", **ROLE)["Credentials"]


def test_caller_identity_of_the_account(shared):
    answer = shared.call("GetCallerIdentity", version="2015-04-01")
    assert (answer["IdentityType"], answer["Arn"]) == ("Account", "acs:ram::1234567890123456:root")


def test_refusals_are_logged_without_secrets(emulator):
    refusal(client.call, emulator.endpoint, emulator.access_key_id, "wrong", "DescribeRegions", {}, "2014-05-26", "CAISsecrettoken")
    issued = emulator.call("AssumeRole", version="2015-04-01", **ROLE)["Credentials"]
    created = emulator.call("CreateKeyPair", KeyPairName="logged")
    status, logged = send(emulator, "GET", "/_emulator/requests")
    text = json.dumps(logged)
    assert status == 200
    assert logged["by_action"] == {"DescribeRegions": 1, "AssumeRole": 1, "CreateKeyPair": 1}
    for secret in (
        emulator.access_key_secret, issued["AccessKeySecret"], issued["SecurityToken"], "CAISsecrettoken", "PRIVATE KEY",
        created["PrivateKeyBody"].splitlines()[3],
    ):  # fmt: skip
        assert secret not in text
    assert [entry["code"] for entry in logged["requests"]] == ["SignatureDoesNotMatch", "", ""]
    assert send(emulator, "DELETE", "/_emulator/requests")[0] == 204
    assert send(emulator, "GET", "/_emulator/requests")[1] == {"total": 0, "by_action": {}, "requests": []}

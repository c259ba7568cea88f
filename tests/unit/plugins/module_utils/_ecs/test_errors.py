# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors in our own words, and what they allow to do next."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError, find_hint, make_api_error


@pytest.mark.parametrize(
    ("code", "action", "part"),
    [
        ("InvalidAccessKeyId.NotFound", "DescribeKeyPairs", "check access_key_id"),
        ("SignatureDoesNotMatch", "DescribeKeyPairs", "check access_key_secret"),
        ("InvalidSecurityToken.Expired", "DescribeKeyPairs", "expired or damaged"),
        ("InvalidTimeStamp.Expired", "DescribeKeyPairs", "clock of this machine"),
        ("Forbidden.RAM", "ImportKeyPair", "RAM action ecs:ImportKeyPair"),
        ("NoPermission", "AssumeRole", "RAM action sts:AssumeRole"),
        ("NoPermission", "GetCallerIdentity", "RAM action sts:GetCallerIdentity"),
        ("InvalidRegionId.NotFound", "DescribeKeyPairs", "check region"),
        ("Throttling.User", "AttachKeyPair", "lower api_concurrency"),
        ("QuotaExceed.KeyPair", "ImportKeyPair", "quota of key pairs"),
        ("InvalidParameter.KeypairAlreadyAttachedInstance", "DeleteKeyPairs", "unbind them first"),
        ("InvalidPublicKeyBody.Malformed", "ImportKeyPair", "not ed25519"),
        ("IncorrectInstanceStatus", "RebootInstance", "state that does not allow this"),
    ],
)
def test_common_codes_have_a_hint(code, action, part):
    assert part in find_hint(code, action)


def test_an_unknown_code_has_none():
    assert find_hint("Some.NewCode", "DescribeKeyPairs") == ""


def test_the_sentence_and_the_failure():
    error = make_api_error("ImportKeyPair", 403, "QuotaExceed.KeyPair", "The maximum is exceeded.", "REQ-1")
    assert str(error) == (
        "ImportKeyPair failed: The maximum is exceeded [QuotaExceed.KeyPair]. The region's quota of key pairs (500) is used up: delete some, or ask for more."
    )
    assert error.to_dict() == {
        "action": "ImportKeyPair",
        "code": "QuotaExceed.KeyPair",
        "message": "The maximum is exceeded.",
        "request_id": "REQ-1",
        "hint": "The region's quota of key pairs (500) is used up: delete some, or ask for more.",
    }


def test_what_was_signed_is_never_quoted():
    error = make_api_error("X", 400, "SignatureDoesNotMatch", "server string to sign is: ...SecurityToken=abc", secrets=())
    assert "abc" not in str(error)
    assert "abc" not in str(error.to_dict())


def test_a_secret_in_a_message_is_blanked_and_a_long_message_cut():
    error = make_api_error("X", 400, "Odd", "your secret s3cret is odd " + "x" * 500, secrets=("s3cret",))
    assert "s3cret" not in error.message
    assert "********" in error.message
    assert len(error.message) == 300


def test_the_text_none_of_the_sdk_is_no_code():
    assert make_api_error("X", 502, "None", None, "None").code == "HTTP502"


@pytest.mark.parametrize(
    ("error", "temporary", "lost"),
    [
        pytest.param(EcsError("X", "Throttling.User", status=400), True, False, id="throttling"),
        pytest.param(EcsError("X", "Rejected.Throttling", status=400), True, False, id="rejected"),
        pytest.param(EcsError("X", "Odd", status=429), True, False, id="429"),
        pytest.param(EcsError("X", "ServiceUnavailable", status=503), True, False, id="refused at the door"),
        pytest.param(EcsError("X", "InternalError", status=500), True, True, id="500: it may have acted"),
        pytest.param(EcsError("X", "HTTP502", status=502), True, True, id="502"),
        pytest.param(EcsError("X", "AnswerLost"), True, True, id="answer lost"),
        pytest.param(EcsError("X", "ConnectionFailed"), True, False, id="nothing sent"),
        pytest.param(EcsError("X", "Forbidden.RAM", status=403), False, False, id="forbidden"),
        pytest.param(EcsError("X", "BadAnswer"), False, True, id="a gateway's page: it may have acted behind it"),
        pytest.param(EcsError("X", "NoCredentials"), False, False, id="no credentials"),
    ],
)
def test_what_it_allows(error, temporary, lost):
    assert (error.is_temporary, error.is_answer_lost) == (temporary, lost)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh and sshd say about a key that is offered without its private half."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.facts import Answer, Facts, Request, ServerFacts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.key_log import (
    depends_on_address,
    describe_refusal,
    find_reason,
    judge_negotiation,
    read_answer,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.sshd_config import Directive

OFFERED = "debug1: Offering public key: /proc/1/fd/4 ED25519 SHA256:x explicit\n"
DENIED = "bob@10.0.0.1: Permission denied (publickey).\n"
MATCHED = "debug1: /home/bob/.ssh/authorized_keys:2: matching key found: ED25519 SHA256:x\n"


def test_an_accepted_key_is_one_whatever_follows() -> None:
    assert read_answer(OFFERED + "debug1: Server accepts key: /proc/1/fd/4 ED25519 SHA256:x explicit\n" + DENIED, MATCHED) == Answer(
        True, "", "/home/bob/.ssh/authorized_keys:2"
    )


def test_a_refusal_has_the_reason_of_the_log() -> None:
    log = "debug1: userauth-request\nUser bob from 10.0.0.2 not allowed because not listed in AllowUsers [preauth]\nFailed publickey for bob\n"
    assert read_answer(OFFERED + DENIED, log) == Answer(False, "User bob from 10.0.0.2 not allowed because not listed in AllowUsers")


def test_a_language_that_is_not_shared_is_a_refusal() -> None:
    client = "Unable to negotiate with 10.0.0.1 port 22: no matching cipher found. Their offer: aes256-cbc\r\n"
    answer = read_answer(client, "")
    assert answer == Answer(False, "no matching cipher found. Their offer: aes256-cbc")
    assert [finding.cause for finding in judge_negotiation(Facts(Request("bob"), key_answer=answer))] == ["no_common_algorithm"]
    assert judge_negotiation(Facts(Request("bob"), key_answer=Answer(False, "Failed publickey for bob"))) == []


@pytest.mark.parametrize("client", ["", DENIED])
def test_without_an_offer_there_is_no_answer(client: str) -> None:
    assert read_answer(client, "").yes is None


def test_no_common_signature_is_a_refusal() -> None:
    assert read_answer("debug1: send_pubkey_test: no mutual signature algorithm\n" + DENIED, "").yes is False


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (
            "debug1: x\nAuthentication refused: bad ownership or modes for directory /home/bob\n",
            "Authentication refused: bad ownership or modes for directory /home/bob",
        ),
        (
            "error: Error checking authentication key ED25519 SHA256:x in revoked keys file /k: incomplete message\n",
            "Error checking authentication key ED25519 SHA256:x in revoked keys file /k: incomplete message",
        ),
        ("error: Certificate invalid: expired\nFailed publickey for bob\n", "Certificate invalid: expired"),
        (
            "Authentication key ED25519-CERT SHA256:x revoked by file /k\nFailed publickey for bob from 10.0.0.2 port 1 ssh2\n",
            "Authentication key ED25519-CERT SHA256:x revoked by file /k",
        ),
        ("debug3: nothing\n", ""),
    ],
)
def test_the_line_that_says_most(log: str, reason: str) -> None:
    assert find_reason(log) == reason


@pytest.mark.parametrize(
    ("directive", "depends"),
    [
        (Directive("/f", 1, "pubkeyauthentication", ("no",), "User bob"), False),
        (Directive("/f", 1, "pubkeyauthentication", ("no",), "User bob Address 10.*"), True),
        (Directive("/f", 1, "pubkeyauthentication", ("no",), "LocalPort 2222"), True),
        (Directive("/f", 1, "allowusers", ("bob@10.*",), ""), True),
        (Directive("/f", 1, "allowusers", ("bob",), ""), False),
    ],
)
def test_settings_that_look_at_addresses(directive: Directive, depends: bool) -> None:
    assert depends_on_address(Facts(Request("bob"), server=ServerFacts(directives=(directive,))), "") is depends


@pytest.mark.parametrize(
    ("why", "cause"),
    [
        ("Error checking authentication key ED25519 SHA256:x in revoked keys file /k: incomplete message", "revoked_keys_unreadable"),
        ("Authentication key ED25519 SHA256:x revoked by file /k", "key_revoked"),
        ("User bob from 10.0.0.2 not allowed because not listed in AllowUsers", "allow_users"),
        ("AuthorizedKeysCommand /x failed, status 3", "keys_command_fails"),
        ("something new", "key_refused"),
        ("", "key_refused"),
    ],
)
def test_the_words_of_the_log_have_causes(why: str, cause: str) -> None:
    assert describe_refusal(Answer(False, why), None, "none").cause == cause


def test_wrappers_that_sshd_asks_itself():
    answer = read_answer("ssh_exchange_identification: read: Connection reset by peer\n", "debug1: Connection refused by tcp wrapper\n")
    assert answer == Answer(False, "Connection refused by tcp wrapper")
    assert describe_refusal(answer, None, "none").cause == "hosts_deny"

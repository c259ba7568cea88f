# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Literal vectors of both signature styles, as the vendor's documentation prints them."""

from __future__ import annotations

from ecs_emulator.signature import Acs3Authorization, compute_acs3, compute_rpc, parse_acs3_authorization, percent_encode

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_rpc_signature_of_the_documentation():
    parameters = {
        "Timestamp": "2016-02-23T12:46:24Z",
        "Format": "XML",
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26",
        "SignatureVersion": "1.0",
    }
    assert compute_rpc("testsecret", "GET", parameters).signature == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="
    assert compute_rpc("testsecret", "GET", dict(parameters, Signature="x")).signature == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


def test_acs3_signature_of_the_documentation():
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": EMPTY,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    query = [("RegionId", "cn-shanghai"), ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd")]
    computed = compute_acs3("YourAccessKeySecret", "POST", "/", query, headers, headers, EMPTY)
    assert computed.signature == "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"


def test_percent_encoding_leaves_only_unreserved_characters():
    assert percent_encode("a b+c*~/é") == "a%20b%2Bc%2A~%2F%C3%A9"


def test_authorization_header():
    parsed = parse_acs3_authorization("ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host;x-acs-date,Signature=00ff")
    assert parsed == Acs3Authorization("id", ("host", "x-acs-date"), "00ff")
    for damaged in ("", "Bearer x", "ACS3-HMAC-SHA256 Credential=id", "ACS3-HMAC-SHA256 Credential=,SignedHeaders=a,Signature=b"):
        assert parse_acs3_authorization(damaged) is None

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire form of parameters, and that no call needs a request line that a proxy refuses."""

import json
from urllib.parse import urlencode

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs import request
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from ecs_emulator.testing import running
from ecs_emulator.tls import make_tls

from .narrow_proxy import LIMIT, narrow_proxy

HOST = "ecs.cn-hangzhou.aliyuncs.com"
VARIABLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]
LONG_NAME = "\u5bc6\u94a5" * 40


def test_the_wire_form_of_parameters():
    assert request.flatten({"A": "x", "InstanceId": ["i-1", "i-2"], "Tag": [{"Key": "k", "Value": ""}], "B": True, "N": 5, "Z": None}) == {
        "A": "x",
        "InstanceId.1": "i-1",
        "InstanceId.2": "i-2",
        "Tag.1.Key": "k",
        "Tag.1.Value": "",
        "B": "true",
        "N": "5",
    }


def test_small_values_stay_in_the_query():
    assert request.split_params({"RegionId": "cn-hangzhou", "InstanceId": ["i-1"], "Token": None}) == ({"RegionId": "cn-hangzhou", "InstanceId.1": "i-1"}, {})


@pytest.mark.parametrize("name", ["CommandContent", "Content", "Parameters", "PublicKeyBody"])
def test_what_is_nobodys_business_on_the_way_is_never_in_the_query(name):
    assert request.split_params({name: "x", "A": "b"}) == ({"A": "b"}, {name: "x"})


def test_the_largest_go_first_and_lists_stay_whole():
    params = {"Ids": ["i-%030d" % number for number in range(100)], "Tag": [{"Key": LONG_NAME, "Value": LONG_NAME}] * 4, "A": "b"}
    wire = request.split_params(params)
    assert set(wire.query) == {"A"} | {"Ids.%d" % number for number in range(1, 101)}
    assert {name.partition(".")[0] for name in wire.form} == {"Tag"}
    assert len(urlencode(wire.query)) <= request.QUERY_LIMIT
    assert dict(wire.query, **wire.form) == request.flatten(params)


def make_public_key(bits=4096):
    key = rsa.generate_private_key(65537, bits).public_key()
    return key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


def big_calls(client, ids):
    """Calls with as much in each parameter as the API takes."""
    (batch,) = client.run_command("#" * 18000, ids, 60)
    assert batch.error is None
    client.call(
        "InvokeCommand",
        {"CommandId": "ACS-ECS-SendSshPublicKey-linux.sh", "InstanceId": ids, "Parameters": json.dumps({"username": "x", "sshPublicKey": "x" * 8000})},
    )
    client.import_key_pair("big", make_public_key(), {LONG_NAME + str(number): LONG_NAME for number in range(20)})
    client.tag_key_pair("big", {LONG_NAME + "0": LONG_NAME + "\u65b0"})
    client.delete_key_pairs(["%s%03d" % (LONG_NAME, number) for number in range(100)])
    assert len(client.describe_instances(["i-%060d" % number for number in range(98)] + ids)) == len(ids)
    assert len(client.describe_instances(tags={LONG_NAME: LONG_NAME})) == 0


@pytest.fixture
def upstream():
    with running({"instances": [{"instance_id": "i-web", "name": "web", "count": 2}]}, allowed_hosts=[HOST]) as emulator:
        yield emulator


def test_no_request_line_is_too_long_for_a_proxy(upstream, make_client):
    with narrow_proxy(upstream.endpoint) as proxy:
        big_calls(make_client(upstream, endpoint=proxy.url), ["i-web1", "i-web2"])
        assert proxy.lines
        assert max(map(len, proxy.lines)) < LIMIT


@pytest.mark.parametrize("variable", VARIABLES)
def test_nor_over_https_for_a_proxy_that_looks_inside(upstream, make_client, monkeypatch, tmp_path, variable):
    from darabonba.core import DaraCore

    monkeypatch.setattr(DaraCore, "_sessions", {})
    tls = make_tls(tmp_path, [HOST])
    with narrow_proxy(upstream.endpoint, tls.context) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        for other in VARIABLES:
            monkeypatch.delenv(other, raising=False)
        monkeypatch.setenv(variable, str(tls.ca_file))
        big_calls(make_client(upstream, endpoint=HOST), ["i-web1", "i-web2"])
        assert set(proxy.connects) == {HOST + ":443"}
        assert max(map(len, proxy.lines)) < LIMIT

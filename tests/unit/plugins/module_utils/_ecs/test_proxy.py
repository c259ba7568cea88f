# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which proxy is used, NO_PROXY included, and that nothing is left changed."""

import os

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.proxy import (
    Proxies,
    choose_proxies,
    hidden_proxies,
    is_covered,
    proxies_in_the_way,
    read_environment,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import Endpoint

ECS = Endpoint("ecs.eu-central-1.aliyuncs.com", "https")


@pytest.mark.parametrize(
    ("host", "no_proxy", "expected"),
    [
        ("ecs.example", "", False),
        ("ecs.example", "ecs.example", True),
        ("ecs.example", "other.example, ECS.example", True),
        ("a.ecs.example", "ecs.example", True),
        ("a.ecs.example", ".ecs.example", True),
        ("a.ecs.example", "*.ecs.example", True),
        ("ecs.example", ".ecs.example", True),
        ("notecs.example", "ecs.example", False),
        ("ecs.example", "ecs.example:443", True),
        ("ecs.example", "*", True),
        ("192.0.2.7", "192.0.2.0/24", True),
        ("198.51.100.7", "192.0.2.0/24", False),
        ("ecs.example", "192.0.2.0/24,,", False),
        ("2001:db8::1", "[2001:db8::1]", True),
    ],
)
def test_no_proxy(host, no_proxy, expected):
    assert is_covered(host, no_proxy) is expected


@pytest.mark.parametrize(
    ("endpoint", "environ", "expected"),
    [
        pytest.param(ECS, {}, Proxies(), id="none"),
        pytest.param(ECS, {"HTTPS_PROXY": "http://p:1", "http_proxy": "http://p:2"}, Proxies("http://p:2", "http://p:1"), id="both"),
        pytest.param(ECS, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".aliyuncs.com"}, Proxies(), id="NO_PROXY"),
        pytest.param(ECS, {"https_proxy": "http://p:1", "no_proxy": "aliyuncs.com"}, Proxies(), id="in small letters"),
        pytest.param(Endpoint("127.0.0.1:80", "http"), {"HTTP_PROXY": "http://p:1"}, Proxies(), id="loopback: never"),
        pytest.param(Endpoint("[::1]:80", "http"), {"HTTP_PROXY": "http://p:1"}, Proxies(), id="loopback of IPv6"),
    ],
)
def test_choose_proxies(endpoint, environ, expected):
    assert choose_proxies(endpoint, environ) == expected


def test_hidden_variables_come_back_after_the_last_user(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
    with hidden_proxies():
        with hidden_proxies():
            assert "HTTPS_PROXY" not in os.environ
        assert "HTTPS_PROXY" not in os.environ
        assert read_environment()["HTTPS_PROXY"] == "http://p:1"
    assert os.environ["HTTPS_PROXY"] == "http://p:1"


def test_those_who_hide_different_variables_do_not_disturb_each_other(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
    monkeypatch.setenv("HTTP_PROXY", "http://p:2")
    plain, all_of_them = hidden_proxies(("HTTP_PROXY", "http_proxy")), hidden_proxies()
    with plain:
        assert (os.environ["HTTPS_PROXY"], "HTTP_PROXY" in os.environ) == ("http://p:1", False)
        with all_of_them:
            assert "HTTPS_PROXY" not in os.environ
        assert (os.environ["HTTPS_PROXY"], "HTTP_PROXY" in os.environ) == ("http://p:1", False)
    assert os.environ["HTTP_PROXY"] == "http://p:2"


@pytest.mark.parametrize(
    ("url", "no_proxy", "hidden"),
    [
        pytest.param("", "", {"HTTP_PROXY", "http_proxy"}, id="metadata: it alone is asked in clear"),
        pytest.param("http://127.0.0.1:8080/x", "", {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"}, id="loopback"),
        pytest.param("https://keys.example/x", "", set(), id="elsewhere"),
        pytest.param("https://keys.example/x", ".example", {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"}, id="NO_PROXY"),
    ],
)
def test_what_is_hidden_while_credentials_are_looked_for(url, no_proxy, hidden):
    assert set(proxies_in_the_way(url, {"HTTP_PROXY": "http://p:1", "HTTPS_PROXY": "http://p:1", "NO_PROXY": no_proxy})) == hidden


def test_a_proxy_of_the_environment_does_not_keep_the_client_from_loopback(monkeypatch, cloud, make_client):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert [entry.instance_id for entry in make_client(cloud).describe_instances(["i-web1"])] == ["i-web1"]
    assert os.environ["HTTP_PROXY"] == "http://127.0.0.1:9"


def test_a_proxy_is_used_for_everything_else(monkeypatch, cloud, make_client):
    from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError

    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(EcsError) as caught:
        make_client(cloud, endpoint="ecs.example.invalid", api_retries=0).describe_regions()
    assert "the proxy refuses or fails" in caught.value.message

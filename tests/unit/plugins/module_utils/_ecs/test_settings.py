# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and environment: which wins, and what is refused with which sentence."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import (
    Endpoint,
    SettingsError,
    parse_endpoint,
    read_settings,
    require_region,
)

KEY = {"access_key_id": "id-opt", "access_key_secret": "secret-opt"}
KEY_ENV = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "id-env", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret-env"}
OLD_KEY_ENV = {"ALICLOUD_ACCESS_KEY": "id-old", "ALICLOUD_SECRET_KEY": "secret-old", "ALICLOUD_SECURITY_TOKEN": "token-old"}


def credentials(settings):
    return (settings.access_key_id, settings.access_key_secret, settings.security_token)


@pytest.mark.parametrize(
    ("options", "environ", "expected"),
    [
        pytest.param(KEY, {}, ("id-opt", "secret-opt", None), id="options"),
        pytest.param({}, KEY_ENV, ("id-env", "secret-env", None), id="environment"),
        pytest.param({}, OLD_KEY_ENV, ("id-old", "secret-old", "token-old"), id="the older names"),
        pytest.param(
            {},
            dict({**OLD_KEY_ENV, **KEY_ENV}, ALICLOUD_SECURITY_TOKEN=""),
            ("id-env", "secret-env", None),
            id="the newer name first",
        ),
        pytest.param(KEY, KEY_ENV, ("id-opt", "secret-opt", None), id="an option beats the environment"),
        pytest.param(KEY, {"ALIBABA_CLOUD_SECURITY_TOKEN": "token-env"}, ("id-opt", "secret-opt", None), id="no token of another key"),
        pytest.param({}, {}, (None, None, None), id="nothing"),
        pytest.param({}, {"ALIBABA_CLOUD_ACCESS_KEY_ID": " "}, (None, None, None), id="empty is not set"),
    ],
)
def test_access_key(options, environ, expected):
    assert credentials(read_settings(options, environ)) == expected


def test_a_profile_that_the_task_names_beats_an_access_key_of_the_environment():
    settings = read_settings({"profile": "prod"}, KEY_ENV)
    assert (settings.profile, settings.access_key_id) == ("prod", None)


def test_an_access_key_of_the_environment_comes_before_its_profile():
    settings = read_settings({}, dict(KEY_ENV, ALIBABA_CLOUD_PROFILE="prod"))
    assert (settings.profile, settings.access_key_id) == (None, "id-env")


def test_a_role_to_assume_stands_on_top_of_any_source():
    settings = read_settings({"profile": "prod"}, {"ALIBABA_CLOUD_ASSUME_ROLE_ARN": "acs:ram::1:role/x"})
    assert (settings.profile, settings.assume_role_arn) == ("prod", "acs:ram::1:role/x")


@pytest.mark.parametrize("name", ["ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_REGION", "ALICLOUD_REGION"])
def test_region_from_the_environment(name):
    assert read_settings({}, {name: "eu-central-1"}).region == "eu-central-1"
    assert read_settings({"region": "cn-beijing"}, {name: "eu-central-1"}).region == "cn-beijing"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param({"access_key_id": "a"}, "access_key_id is given without access_key_secret", id="half a key"),
        pytest.param({"access_key_secret": "a"}, "access_key_secret is given without access_key_id", id="the other half"),
        pytest.param({"security_token": "a"}, "security_token is given without access_key_id", id="a token alone"),
        pytest.param(dict(KEY, profile="p"), "access_key_id and profile are given together; give one source", id="two sources"),
        pytest.param({"region": "evil.example/"}, "region 'evil.example/' is not a region id", id="region as host"),
        pytest.param({"region": "CN"}, "region 'CN' is not a region id", id="region in capitals"),
        pytest.param({"network": "lan"}, "network 'lan' is neither public nor vpc", id="network"),
        pytest.param({"api_timeout": 0}, "api_timeout must be from 1 to 600, not 0", id="no time"),
        pytest.param({"api_retries": -1}, "api_retries must be from 0 to 20, not -1", id="negative"),
        pytest.param({"api_concurrency": 1000}, "api_concurrency must be from 1 to 64, not 1000", id="too much"),
        pytest.param({"endpoint": "http://ecs.example"}, "plain http to ecs.example", id="http off loopback"),
        pytest.param({"endpoint": "http://127.0.0.1.example"}, "plain http to 127.0.0.1.example", id="looks like loopback"),
        pytest.param({"sts_endpoint": "http://203.0.113.1"}, "sts_endpoint uses plain http", id="STS too"),
        pytest.param({"endpoint": "ftp://x"}, "'ftp' is not http or https", id="ftp"),
        pytest.param({"endpoint": "https://u:p@ecs.example"}, "must not hold a user name or password", id="user in URL"),
        pytest.param({"endpoint": "ecs.example/path"}, "is not a host, host:port or URL without a path", id="path"),
        pytest.param({"endpoint": "ecs.example:99999"}, "is not a host, host:port or URL", id="port"),
        pytest.param({"endpoint": "ecs.example?x"}, "is not a host, host:port or URL", id="query"),
        pytest.param({"endpoint": "ecs example"}, "is not a host, host:port or URL", id="space"),
        pytest.param({"endpoint": "https://"}, "is not a host, host:port or URL", id="nothing"),
    ],
)
def test_refused(options, sentence):
    with pytest.raises(SettingsError) as caught:
        read_settings(options, {})
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ecs.example", Endpoint("ecs.example", "https")),
        ("ecs.example:8443", Endpoint("ecs.example:8443", "https")),
        ("https://ecs.example/", Endpoint("ecs.example", "https")),
        ("http://127.0.0.1:8080", Endpoint("127.0.0.1:8080", "http")),
        ("http://127.9.9.9", Endpoint("127.9.9.9", "http")),
        ("HTTP://localhost:80", Endpoint("localhost:80", "http")),
        ("http://[::1]:80", Endpoint("[::1]:80", "http")),
    ],
)
def test_endpoint_forms(text, expected):
    assert parse_endpoint(text, "endpoint") == expected


def test_no_region_names_the_ways_to_give_one():
    with pytest.raises(SettingsError) as caught:
        require_region(read_settings({}, {}).region)
    assert "no region is given; set the option region or the variable ALIBABA_CLOUD_REGION_ID" in str(caught.value)


def test_secrets_stay_out_of_the_text_of_the_record():
    settings = read_settings(dict(KEY, security_token="token-opt"), {})
    assert "secret-opt" not in repr(settings)
    assert "token-opt" not in str(settings)
    assert settings.secrets == ("secret-opt", "token-opt")

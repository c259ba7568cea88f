# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every source of credentials against a cloud that verifies signatures."""

import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs import credentials
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.sdk import Credential
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings
from ecs_emulator.testing import running

ROLE = "acs:ram::1234567890123456:role/operator"

ASK = """
import json, sys
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings
try:
    print(len(EcsClient(read_settings(json.loads(sys.argv[1]))).describe_instances()))
except EcsError as error:
    print(error)
"""


def ask_in_a_new_process(cloud, tmp_path, environ=None, **options):
    """The SDK reads HOME and its variables when it is imported, so this needs a process of its own."""
    environment = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": ":".join(sys.path),
        # The metadata service of whatever machine runs the tests is none of their business.
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
    }
    options = dict({"region": cloud.region, "endpoint": cloud.endpoint}, **options)
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(options)],
        env=dict(environment, **(environ or {})),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_wrong_secret(cloud, make_client):
    with pytest.raises(EcsError) as caught:
        make_client(cloud, access_key_secret="not-the-secret").describe_regions()
    assert caught.value.code == "SignatureDoesNotMatch"
    assert "check access_key_secret" in str(caught.value)
    assert "not-the-secret" not in str(caught.value)


def test_wrong_id(cloud, make_client):
    with pytest.raises(EcsError) as caught:
        make_client(cloud, access_key_id="LTAI-nobody").describe_regions()
    assert caught.value.code == "InvalidAccessKeyId.NotFound"


def test_assume_role_signs_as_the_role(make_client):
    fleet = {"instances": [{"name": "web"}], "roles": [{"arn": ROLE, "external_id": "ext-1"}]}
    with running(fleet) as cloud:
        options = {"assume_role_arn": ROLE, "sts_endpoint": cloud.endpoint, "external_id": "ext-1"}
        client = make_client(cloud, role_session_name="nightly", **options)
        assert len(client.describe_instances()) == 1
        client.describe_instances()
        assert cloud.request_counts() == {"AssumeRole": 1, "DescribeInstances": 2}
        asked = cloud.requests("AssumeRole")[0]["parameters"]
        assert (asked["RoleArn"], asked["RoleSessionName"], asked["ExternalId"]) == (ROLE, "nightly", "ext-1")

        with pytest.raises(EcsError) as caught:
            make_client(cloud, assume_role_arn=ROLE, sts_endpoint=cloud.endpoint).describe_instances()
        assert (caught.value.action, caught.value.code) == ("AssumeRole", "NoPermission")
        assert "sts:AssumeRole" in caught.value.hint


def test_a_role_is_assumed_again_before_its_time_is_up():
    now = [1000000000.0]
    assumed = []

    def assume(base):
        assumed.append(base)
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now[0] + 3600))
        keys = {"AccessKeyId": "STS.%d" % len(assumed), "AccessKeySecret": "s", "SecurityToken": "t", "Expiration": until}
        return {"Credentials": keys}

    settings = read_settings({"access_key_id": "a", "access_key_secret": "b", "assume_role_arn": ROLE}, {})
    source = credentials.CredentialSource(settings, assume, lambda: now[0])
    assert source.get().access_key_id == "STS.1"
    now[0] += 3200
    assert source.get().access_key_id == "STS.1"
    now[0] += 200
    assert source.get().access_key_id == "STS.2"
    assert assumed[0] == Credential("a", "b")


def test_an_answer_without_credentials_is_one_sentence():
    settings = read_settings({"access_key_id": "a", "access_key_secret": "b", "assume_role_arn": ROLE}, {})
    source = credentials.CredentialSource(settings, lambda base: {"Odd": 1}, time.time)
    with pytest.raises(EcsError) as caught:
        source.get()
    assert str(caught.value) == "AssumeRole failed: the answer holds no credentials. Check sts_endpoint."


def test_temporary_credentials_as_three_options(cloud, make_client):
    answer = cloud.call("AssumeRole", version="2015-04-01", RoleArn=ROLE, RoleSessionName="me")["Credentials"]
    client = make_client(
        cloud,
        access_key_id=answer["AccessKeyId"],
        access_key_secret=answer["AccessKeySecret"],
        security_token=answer["SecurityToken"],
    )
    assert len(client.describe_instances()) == 3


@pytest.fixture
def credentials_uri(cloud):
    """A local service that hands out temporary credentials."""
    answer = cloud.call("AssumeRole", version="2015-04-01", RoleArn=ROLE, RoleSessionName="me")["Credentials"]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/good" else 500)
            self.end_headers()
            if self.path == "/good":
                self.wfile.write(json.dumps(dict(answer, Code="Success")).encode())

        def log_message(self, *_args):
            pass

    service = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    yield "http://127.0.0.1:%d" % service.server_port
    service.shutdown()
    service.server_close()


def test_credentials_uri(cloud, credentials_uri, tmp_path):
    assert ask_in_a_new_process(cloud, tmp_path, credentials_uri=credentials_uri + "/good") == "3"
    refused = ask_in_a_new_process(cloud, tmp_path, credentials_uri=credentials_uri + "/bad")
    assert refused.startswith("Authentication failed: credentials_uri gave no usable credentials. Check that the address")


def write_cli_profile(home, name, **fields):
    (home / ".aliyun").mkdir(exist_ok=True)
    (home / ".aliyun" / "config.json").write_text(json.dumps({"current": name, "profiles": [dict(fields, name=name)]}))


def test_a_profile_that_names_an_address(cloud, credentials_uri, tmp_path):
    """A mode of the vendor's CLI that its SDK does not know."""
    write_cli_profile(tmp_path, "service", mode="CredentialsURI", credentials_uri=credentials_uri + "/good")
    assert ask_in_a_new_process(cloud, tmp_path, profile="service") == "3"
    assert ask_in_a_new_process(cloud, tmp_path) == "3"
    off = {"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true"}
    assert "no usable credentials in the profile service" in ask_in_a_new_process(cloud, tmp_path, environ=off, profile="service")
    write_cli_profile(tmp_path, "service", mode="CredentialsURI", credentials_uri=credentials_uri + "/bad")
    assert "no usable credentials in the profile service" in ask_in_a_new_process(cloud, tmp_path, profile="service")


def test_a_profile_with_a_token(cloud, tmp_path):
    answer = cloud.call("AssumeRole", version="2015-04-01", RoleArn=ROLE, RoleSessionName="me")["Credentials"]
    keys = {"access_key_id": answer["AccessKeyId"], "access_key_secret": answer["AccessKeySecret"], "sts_token": answer["SecurityToken"]}
    write_cli_profile(tmp_path, "token", mode="StsToken", **keys)
    assert ask_in_a_new_process(cloud, tmp_path, profile="token") == "3"


@pytest.mark.parametrize("way", ["option", "profile"])
def test_a_service_on_this_machine_is_not_asked_through_a_proxy(cloud, credentials_uri, tmp_path, way):
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    write_cli_profile(tmp_path, "service", mode="CredentialsURI", credentials_uri=credentials_uri + "/good")
    options = {"credentials_uri": credentials_uri + "/good"} if way == "option" else {"profile": "service"}
    assert ask_in_a_new_process(cloud, tmp_path, environ=nowhere, **options) == "3"


def test_a_proxy_is_not_asked_for_the_metadata_of_this_machine(cloud, credentials_uri, tmp_path):
    """It would answer with those of the machine that it runs on."""
    asked = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(502)

        do_PUT = do_GET

        def log_message(self, *_args):
            pass

    service = HTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    environ = {"http_proxy": "http://127.0.0.1:%d" % service.server_port, "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "false"}
    for options in ({"ram_role_name": "ops"}, {}):
        assert "Authentication failed" in ask_in_a_new_process(cloud, tmp_path, environ=environ, **options)
    service.shutdown()
    service.server_close()
    assert asked == []


def test_profile_of_the_cli_of_the_sdk_and_none(cloud, tmp_path):
    profile = {"name": "cli", "mode": "AK", "access_key_id": cloud.access_key_id, "access_key_secret": cloud.access_key_secret}
    (tmp_path / ".aliyun").mkdir()
    (tmp_path / ".aliyun" / "config.json").write_text(json.dumps({"current": "cli", "profiles": [profile]}))
    (tmp_path / ".alibabacloud").mkdir()
    (tmp_path / ".alibabacloud" / "credentials.ini").write_text(
        "[sdk]\ntype = access_key\naccess_key_id = %s\naccess_key_secret = %s\n" % (cloud.access_key_id, cloud.access_key_secret)
    )
    assert ask_in_a_new_process(cloud, tmp_path, profile="cli") == "3"
    assert ask_in_a_new_process(cloud, tmp_path, profile="sdk") == "3"
    assert ask_in_a_new_process(cloud, tmp_path, environ={"ALIBABA_CLOUD_PROFILE": "sdk"}) == "3"
    refused = ask_in_a_new_process(cloud, tmp_path, profile="nobody")
    assert refused.startswith("Authentication failed: there are no usable credentials in the profile nobody; ~/.aliyun/config.json: there is no profile nobody")
    # Nothing given: the default chain finds the CLI's current profile.
    assert ask_in_a_new_process(cloud, tmp_path) == "3"


def test_no_credentials_is_one_quick_sentence(cloud, tmp_path):
    started = time.monotonic()
    said = ask_in_a_new_process(cloud, tmp_path)
    assert said == (
        "Authentication failed: no credentials were found. Give access_key_id and access_key_secret "
        "(ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET), profile, credentials_uri or ram_role_name."
    )
    assert time.monotonic() - started < 20


def test_older_variables(cloud, tmp_path):
    variables = {"ALICLOUD_ACCESS_KEY": cloud.access_key_id, "ALICLOUD_SECRET_KEY": cloud.access_key_secret}
    assert ask_in_a_new_process(cloud, tmp_path, environ=variables) == "3"


def test_the_client_is_not_asked_for_credentials_before_it_calls(cloud):
    EcsClient(read_settings({"region": cloud.region, "endpoint": cloud.endpoint}, {}))

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS: https and wss for who trusts the server's own authority, and for nobody else."""

from __future__ import annotations

import asyncio
import ssl
import stat
from urllib.parse import urlsplit

import aiohttp
import pytest
from alibabacloud_ecs20140526 import models
from cryptography import x509
from ecs_emulator import client
from ecs_emulator.testing import running
from ecs_emulator.tls import make_tls

from .emulator_tools import ids, sdk

FLEET = {"instances": [{"name": "web"}]}


@pytest.fixture(scope="module")
def secure():
    with running(FLEET, tls=True) as emulator:
        yield emulator


@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_vendor_sdk_over_https(algorithm):
    with running(FLEET, tls=True) as emulator:  # its own: the SDK uses connections again, whatever a client trusts
        request = models.DescribeInstancesRequest(region_id=emulator.region)
        with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
            sdk(emulator, algorithm, protocol="HTTPS").describe_instances(request)
        trusting = sdk(emulator, algorithm, protocol="HTTPS", ca=emulator.ca_file)
        assert [item.instance_name for item in trusting.describe_instances(request).body.instances.instance] == ["web"]


def test_our_own_client_and_the_environment(secure):
    assert secure.endpoint.startswith("https://127.0.0.1:")
    assert len(secure.call("DescribeInstances")["Instances"]["Instance"]) == 1
    assert secure.environment["SSL_CERT_FILE"] == secure.ca_file
    assert secure.environment["ALIBABA_CLOUD_ECS_ENDPOINT"] == secure.endpoint
    with pytest.raises(ssl.SSLCertVerificationError):
        client.call(secure.endpoint, secure.access_key_id, secure.access_key_secret, "DescribeRegions", {})
    by_name = "https://localhost:%d" % urlsplit(secure.endpoint).port
    assert client.call(by_name, secure.access_key_id, secure.access_key_secret, "DescribeRegions", {}, ca_file=secure.ca_file)


def test_sessions_are_wss(secure):
    url = secure.call("StartTerminalSession", InstanceId=ids(secure), PortNumber=22)["WebSocketUrl"]
    assert url.startswith("wss://127.0.0.1:")

    async def join(context) -> int:
        async with aiohttp.ClientSession() as session, session.ws_connect(url, ssl=context) as stream:
            return stream._response.status

    assert asyncio.run(join(ssl.create_default_context(cafile=secure.ca_file))) == 101
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        asyncio.run(join(ssl.create_default_context()))


def test_a_cut_connection_is_cut_under_tls_too(secure):
    secure.faults("DescribeRegions", "reset")
    with pytest.raises((ConnectionError, ssl.SSLError)):
        secure.call("DescribeRegions")
    assert secure.call("DescribeRegions")


def test_without_tls_nothing_is_encrypted():
    with running(FLEET) as emulator:
        assert (emulator.endpoint.partition(":")[0], emulator.ca_file) == ("http", None)
        assert "SSL_CERT_FILE" not in emulator.environment
        assert emulator.call("StartTerminalSession", InstanceId=ids(emulator), PortNumber=22)["WebSocketUrl"].startswith("ws://")


def test_what_is_written(tmp_path):
    made = make_tls(tmp_path / "tls", ["ecs.example", "192.0.2.7"])
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in made.ca_file.parent.iterdir()} == {"ca.pem": 0o644, "server.pem": 0o600}
    authority = x509.load_pem_x509_certificate(made.ca_file.read_bytes())
    server = x509.load_pem_x509_certificate((tmp_path / "tls" / "server.pem").read_bytes())
    server.verify_directly_issued_by(authority)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "ecs.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1", "192.0.2.7"]
    again = make_tls(tmp_path / "tls", [])
    assert x509.load_pem_x509_certificate(again.ca_file.read_bytes()) != authority

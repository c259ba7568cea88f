# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that lead elsewhere, never end or are too much, and addresses that only look like this machine."""

import contextlib
import gzip
import json
import resource
import socket
import threading
import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs import http
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import SettingsError, is_loopback, parse_endpoint, read_settings

GOOD = b'{"Regions": {"Region": [{"RegionId": "cn-hangzhou"}]}}'
CREDENTIALS = {
    "Code": "Success", "AccessKeyId": "an-id", "AccessKeySecret": "a-secret", "SecurityToken": "a-token", "Expiration": "2099-01-01T00:00:00Z",
}  # fmt: skip


class Listener:
    """Answers every connection with the same bytes, or as a function does, and keeps what was asked."""

    def __init__(self, answer, address="127.0.0.1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.create_server((address, 0), family=family)
        self.port = self._socket.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % self.port
        self.asked = []
        self._answer = answer
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _peer = self._socket.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(20)
            self.asked.append(connection.recv(65536))
            if callable(self._answer):
                self._answer(connection)
            else:
                connection.sendall(self._answer)

    def close(self):
        self._socket.close()


@pytest.fixture
def listen():
    """C(listen(answer)): a server that lives as long as the test."""
    made = []

    def start(answer, address="127.0.0.1"):
        made.append(Listener(answer, address))
        return made[-1]

    yield start
    for each in made:
        each.close()


def http_answer(body, status="200 OK", headers=""):
    return ("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), headers)).encode() + body


def client(endpoint, **options):
    given = {"region": "cn-hangzhou", "access_key_id": "an-id", "access_key_secret": "a-secret", "api_retries": 0, "api_timeout": 1}
    return EcsClient(read_settings(dict(given, endpoint=endpoint, **options), {}), sleep=lambda _seconds: None)


def fail(endpoint, **options):
    started = time.monotonic()
    with pytest.raises(EcsError) as caught:
        client(endpoint, **options).describe_regions()
    assert time.monotonic() - started < 15
    return caught.value


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["http://127.0.0.1:%d/x", "http://user@localhost:%d/", "//127.0.0.1:%d", "/same"])
def test_no_redirect_of_the_api_is_followed(listen, status, target):
    other = listen(http_answer(GOOD))
    first = listen(http_answer(GOOD, "%d Moved" % status, "Location: %s\r\n" % (target % other.port if "%d" in target else target)))
    error = fail(first.url)
    assert (error.code, "redirects elsewhere" in error.message) == ("BadAnswer", True)
    assert (len(first.asked), other.asked) == (1, [])


def test_no_redirect_for_credentials_or_a_role_is_followed(listen):
    other = listen(http_answer(json.dumps(CREDENTIALS).encode()))
    first = listen(http_answer(b"", "302 Found", "Location: %s\r\n" % other.url))
    api = listen(http_answer(GOOD))
    keyless = {"access_key_id": None, "access_key_secret": None}
    assert fail(api.url, credentials_uri=first.url + "/x", **keyless).code == "NoCredentials"
    assert fail(api.url, assume_role_arn="acs:ram::1:role/x", sts_endpoint=first.url).code == "BadAnswer"
    assert (len(first.asked), other.asked, api.asked) == (2, [], [])
    assert client(api.url, credentials_uri=other.url + "/x", **keyless).describe_regions()


@pytest.mark.parametrize(
    "host",
    [
        "localhost.evil", "127.1", "127.999.0.1", "127.0.0.1.evil", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.01", "127.0.0.1.", "localhost.",
        "[::ffff:127.0.0.1]", "[::1%25lo]", "[::]", "0.0.0.0", "192.0.2.1", "100.100.100.200", "\u0661\u0662\u0667.0.0.1", "\uff11\uff12\uff17.0.0.1",
        "localhost@evil", "127.0.0.1@evil", "127.0.0.1\\@evil", "127.0.0.1#@evil", "evil\n.localhost", "local\u200bhost", "ip6-localhost", "",
    ],
)  # fmt: skip
def test_plain_http_goes_to_this_machine_only(host, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **_more: pytest.fail("asked for %s" % (asked,)))
    with pytest.raises(SettingsError):
        parse_endpoint("http://%s:8080" % host, "endpoint")
    keyless = {"access_key_id": None, "access_key_secret": None, "credentials_uri": "http://%s:8080/x" % host}
    error = fail("ecs.cn-hangzhou.aliyuncs.com", **keyless)
    assert (error.code, "https" in error.hint) == ("NoCredentials", True)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.255.255.254", "::1", "localhost"])
def test_what_is_this_machine(host):
    assert is_loopback(host)


@pytest.fixture
def listen_alone(listen):
    """listen, with a port that no other process has on the other address of this machine, which is asked as well."""
    with contextlib.ExitStack() as stack:

        def call(answer, address):
            family, other = (socket.AF_INET, "127.0.0.1") if address == "::1" else (socket.AF_INET6, "::1")
            while True:
                listener, held = listen(answer, address), stack.enter_context(socket.socket(family))
                with contextlib.suppress(OSError):
                    held.bind((other, listener.port))
                    return listener

        yield call


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "LocalHost"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_localhost_is_asked_without_a_resolver_and_without_a_proxy(listen, listen_alone, monkeypatch, name, address):
    resolve = socket.getaddrinfo
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **others: (asked.append(host), resolve(host, *more, **others))[1])
    proxy = listen(http_answer(GOOD))
    for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, proxy.url)
    api = listen_alone(http_answer(GOOD), address)
    patient = {"api_timeout": 20}
    assert client("http://%s:%d" % (name, api.port), **patient).describe_regions() == [{"RegionId": "cn-hangzhou"}]
    credentials = listen_alone(http_answer(json.dumps(CREDENTIALS).encode()), address)
    keyless = {**patient, "access_key_id": None, "access_key_secret": None, "credentials_uri": "http://%s:%d/x" % (name, credentials.port)}
    assert client("http://%s:%d" % (name, api.port), **keyless).describe_regions()
    assert set(asked) <= {"127.0.0.1", "::1"} and proxy.asked == []
    assert b"localhost:" in api.asked[0].lower()


def dribble(text, pause=0.2):
    def answer(connection):
        for byte in text:
            connection.sendall(bytes([byte]))
            time.sleep(pause)

    return answer


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize("before", [HEAD + b"Content-Length: 100\r\n\r\n", HEAD + b"\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n40\r\n", HEAD, b""])
def test_an_answer_that_dribbles_is_given_up(listen, before):
    def answer(connection):
        connection.sendall(before)
        dribble(b"X-A: " + b" " * 200)(connection)

    started = time.monotonic()
    assert fail(listen(answer).url).code == "AnswerLost"
    assert time.monotonic() - started < 10


def squeezed(size):
    """A body of blanks that takes little room on the way."""
    packer, blanks = [], b" " * (1 << 20)
    with gzip.GzipFile(fileobj=_Parts(packer), mode="wb", compresslevel=9) as stream:
        for _number in range(size >> 20):
            stream.write(blanks)
    return b"".join(packer)


class _Parts:
    def __init__(self, parts):
        self.write = parts.append

    def flush(self):
        pass


ENDLESS = {
    "claimed": HEAD + b"Content-Length: 1000000000000\r\n\r\n{}",
    "long": HEAD + b"Content-Length: 8388608\r\n\r\n" + b" " * 8388608,
    "gzip": None,
    "deep": http_answer(b'{"Regions":' + b"[" * 20000 + b"]" * 20000 + b"}"),
    "deep error": http_answer(b'{"Code":' + b"[" * 20000 + b"]" * 20000 + b"}", "400 Bad Request"),
    "wide": http_answer(b'{"Regions":[' + b"{}," * 1000000 + b"{}]}"),
    "infinite": http_answer(b'{"Regions": Infinity}'),
    "no number": http_answer(b'{"Regions": NaN}'),
    "huge float": http_answer(b'{"Regions": 1e999}'),
    "huge number": http_answer(b'{"Regions": ' + b"9" * 300000 + b"}"),
    "not UTF-8": http_answer(b'{"Regions": "\xff\xfe"}'),
    "half": http_answer(b'{"Regions": '),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_answer_that_is_too_much_is_refused(listen, kind):
    answer = ENDLESS[kind] or http_answer(squeezed(600 << 20), headers="Content-Encoding: gzip\r\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = fail(listen(answer).url, api_timeout=10)
    assert error.code == "BadAnswer", error
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_a_compressed_answer_is_read(listen):
    assert client(listen(http_answer(gzip.compress(GOOD), headers="Content-Encoding: gzip\r\n")).url).describe_regions()


def test_the_sessions_of_the_sdk_are_ours():
    http.guard_sdk()
    from darabonba import core as darabonba_core
    from Tea import core as tea_core

    for core, kind in ((darabonba_core, darabonba_core.DaraCore), (tea_core, tea_core.TeaCore)):
        assert core.Session.__module__ == http.__name__
        assert isinstance(kind._get_session("https://unknown.invalid", "HTTPS"), core.Session)

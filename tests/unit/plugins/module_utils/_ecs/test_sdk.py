# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call through the SDK: the wire form of parameters, and every way in which an answer can fail to come."""

import logging
import multiprocessing
import os
import socket
import threading
from contextlib import contextmanager

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs import sdk
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings

SECRET = "the-secret-of-this-test"


@contextmanager
def server(answer):
    """Accepts connections and gives each to C(answer(connection))."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def serve():
            while True:
                try:
                    connection, _peer = listener.accept()
                except OSError:
                    return
                with connection:
                    answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield "http://127.0.0.1:%d" % listener.getsockname()[1]


def fail(endpoint, **options):
    given = {"region": "cn-hangzhou", "access_key_id": "an-id", "access_key_secret": SECRET, "api_retries": 0, "api_timeout": 1}
    client = EcsClient(read_settings(dict(given, endpoint=endpoint, **options), {}), sleep=lambda _seconds: None)
    with pytest.raises(EcsError) as caught:
        client.import_key_pair("a-name", "a-public-key")
    text = str(caught.value) + str(caught.value.to_dict())
    assert SECRET not in text
    assert "Signature" not in text
    assert "a-public-key" not in text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


def http(status, body, content_type="application/json"):
    def answer(connection):
        connection.recv(65536)
        head = "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close" % (status, content_type, len(body))
        connection.sendall(("%s\r\n\r\n%s" % (head, body)).encode())

    return answer


def test_refused():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = fail("http://127.0.0.1:%d" % port)
    assert (error.code, error.message) == ("ConnectionFailed", "cannot reach 127.0.0.1:%d: connection refused" % port)


def test_a_name_that_does_not_exist():
    assert fail("ecs.no-such-name.invalid").message == "cannot reach ecs.no-such-name.invalid: the name is not known"


def test_not_tls():
    with server(http("200 OK", "{}")) as url:
        error = fail(url.replace("http://", "https://"))
    assert (error.code, "TLS failed" in error.message) == ("ConnectionFailed", True)


def test_closed_without_an_answer():
    with server(lambda connection: connection.recv(65536)) as url:
        error = fail(url)
    assert error.code == "AnswerLost"
    assert error.is_answer_lost
    assert "may or may not have acted" in error.hint
    assert error.message == "the connection broke before the answer of %s came" % url[7:]


def test_no_answer_in_time():
    done = threading.Event()
    with server(lambda connection: done.wait(5)) as url:
        error = fail(url)
        done.set()
    assert (error.code, error.message) == ("AnswerLost", "no answer in time from %s" % url[7:])


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(http("200 OK", "<html>login here</html>", "text/html"), id="a captive portal"),
        pytest.param(http("200 OK", "[]"), id="JSON, but no object"),
        pytest.param(http("502 Bad Gateway", "<html>" + SECRET + "</html>", "text/html"), id="a gateway's page"),
    ],
)
def test_an_answer_of_somebody_else(answer):
    with server(answer) as url:
        error = fail(url)
    assert error.code == "BadAnswer"
    assert error.message == "what %s answered is not from this API" % url[7:]


def test_an_error_of_the_api():
    body = '{"Code": "QuotaExceed.KeyPair", "Message": "Too many.", "RequestId": "REQ-7"}'
    with server(http("403 Forbidden", body)) as url:
        error = fail(url)
    assert (error.action, error.code, error.message, error.request_id, error.status) == (
        "ImportKeyPair", "QuotaExceed.KeyPair", "Too many.", "REQ-7", 403,
    )  # fmt: skip


def test_the_loggers_of_the_sdk_are_quiet():
    sdk.load_client_class()
    for name in ("darabonba-core", "alibabacloud-tea", "credentials"):
        logger = logging.getLogger(name)
        assert not logger.propagate
        assert [type(handler) for handler in logger.handlers] == [logging.NullHandler]


def test_an_old_python_is_told_in_one_sentence(monkeypatch):
    monkeypatch.setattr(sdk.sys, "version_info", (3, 6, 15))
    with pytest.raises(sdk.PythonTooOld) as caught:
        sdk.load_client_class()
    assert str(caught.value).startswith("this module needs Python 3.9 or newer where it runs")
    assert "it runs on 3.6" in str(caught.value)


def test_forked_processes_never_get_the_answers_of_each_other(cloud, make_client):
    client = make_client(cloud)
    ids = [entry.instance_id for entry in client.describe_instances()]  # leaves an open connection behind

    def ask(instance_id):
        """The exit status of a process that asks for one instance, again and again."""
        for _round in range(20):
            if [entry.instance_id for entry in client.describe_instances([instance_id])] != [instance_id]:
                return 1
        return 0

    processes = [multiprocessing.get_context("fork").Process(target=lambda name=name: os._exit(ask(name))) for name in ids * 2]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
        process.kill()
    assert [process.exitcode for process in processes] == [0] * len(processes)

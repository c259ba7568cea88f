# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session Manager: its API, and websockets with raw frames against a port of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socketserver
import struct
import threading
import time
import urllib.error
import urllib.request
from typing import Any, Awaitable, Callable, Iterator
from urllib.parse import urlsplit

import aiohttp
import pytest
from alibabacloud_ecs20140526 import models
from ecs_emulator.testing import Emulator, running

from .emulator_tools import Clock, code, ids, sdk

QUICK = {"connect_delay_seconds": 0, "rate_kbit": 100000}


class Echo(socketserver.ThreadingTCPServer):
    """Greets like an SSH server, then gives back what it gets; ``bye`` makes it close."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), EchoHandler)
        self.accepted = 0


class EchoHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.server.accepted += 1  # type: ignore[attr-defined]
        self.request.sendall(b"hello\n")
        with contextlib.suppress(ConnectionError):
            while data := self.request.recv(65536):
                if data == b"bye":
                    return
                self.request.sendall(data)


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def cloud(echo) -> Iterator[Callable[..., Emulator]]:
    """cloud(sessions={...}, behaviours={...}): two instances whose sessions lead to the echo server."""
    opened = []

    def start(sessions: dict | None = None, clock: Callable[[], float] = time.time, **fleet: Any) -> Emulator:
        content = {"instances": [{"name": "web", "count": 2}], "sessions": {**QUICK, **(sessions or {})}, **fleet}
        opened.append(running(content, clock))
        emulator = opened[-1].__enter__()
        emulator.lead_sessions(echo.server_address)
        return emulator

    yield start
    for context in opened:
        context.__exit__(None, None, None)


def frame(payload: bytes, kind: int = 0, sequence: int = 0, created: int = 1700000000000) -> bytes:
    """What the vendor's client sends."""
    return struct.pack("<I", kind) + b"1.01\0\0" + struct.pack("<QqI", created, sequence, len(payload)) + payload


def split(data: bytes) -> tuple[int, bytes]:
    """Type and payload of a frame, whatever ids it carries."""
    n = data[8]
    m = data[9 + n]
    return struct.unpack_from("<I", data)[0], data[30 + n + m :]


def start_session(emulator: Emulator, instance: int = 0, **more: Any) -> dict:
    return emulator.call("StartTerminalSession", **{"InstanceId": [ids(emulator)[instance]], "PortNumber": 22, **more})


def talk(url: str, work: Callable[[aiohttp.ClientWebSocketResponse], Awaitable[Any]], **options: Any) -> Any:
    """Open one websocket and do some work on it."""

    async def run() -> Any:
        async with aiohttp.ClientSession() as client, client.ws_connect(url, **options) as stream:
            return await asyncio.wait_for(work(stream), 20)

    return asyncio.run(run())


async def read_until(stream: aiohttp.ClientWebSocketResponse, wanted: bytes) -> bytes:
    """The output so far, once it ends with what is wanted."""
    output = b""
    while not output.endswith(wanted):
        kind, payload = split(await stream.receive_bytes())
        assert kind in (1, 5), kind
        output += payload if kind == 1 else b""
    return output


async def read_all(stream: aiohttp.ClientWebSocketResponse) -> list[tuple[int, bytes]]:
    """Every message until the server closes."""
    messages = []
    async for message in stream:
        messages.append(split(message.data))
    return messages


def connections(emulator: Emulator) -> list[Any]:
    return [connection for session in emulator.sessions for connection in session.connections]


# --- the API


def test_the_sdk_starts_and_ends_a_session(cloud):
    emulator = cloud()
    client, region = sdk(emulator), emulator.region
    request = models.StartTerminalSessionRequest(region_id=region, instance_id=ids(emulator)[:1], port_number=22)
    started = client.start_terminal_session(request).body
    url = urlsplit(started.web_socket_url)
    assert (url.scheme, "http://" + url.netloc, url.path) == ("ws", emulator.endpoint, "/session")
    assert url.query == "sessionId=%s&token=%s" % (started.session_id, started.security_token)
    client.end_terminal_session(models.EndTerminalSessionRequest(region_id=region, session_id=started.session_id))
    with pytest.raises(aiohttp.WSServerHandshakeError):
        talk(started.web_socket_url, read_all)


def test_session_manager_is_turned_off_and_on_by_either_api(cloud):
    emulator = cloud()
    client, region = sdk(emulator), emulator.region
    settings = models.DescribeCloudAssistantSettingsRequest(region_id=region, setting_type=["SessionManagerConfig"])
    behaviour = models.DescribeUserBusinessBehaviorRequest(region_id=region, status_key="sessionManagerStatus")

    def shown() -> tuple[bool, str]:
        config = client.describe_cloud_assistant_settings(settings).body.session_manager_config
        return config.session_manager_enabled, client.describe_user_business_behavior(behaviour).body.status_value

    assert shown() == (True, "enabled")
    config = models.ModifyCloudAssistantSettingsRequestSessionManagerConfig(session_manager_enabled=False)
    client.modify_cloud_assistant_settings(
        models.ModifyCloudAssistantSettingsRequest(region_id=region, setting_type="SessionManagerConfig", session_manager_config=config)
    )
    assert shown() == (False, "disabled")
    assert code(start_session, emulator) == (403, "UserBehavior.SessionManagerDisabled")
    client.modify_user_business_behavior(models.ModifyUserBusinessBehaviorRequest(region_id=region, status_key="sessionManagerStatus", status_value="enabled"))
    assert shown() == (True, "enabled")
    start_session(emulator)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"InstanceId": ["i-unknown"]}, (404, "InvalidInstance.NotFound")),
        ({"InstanceId": []}, (400, "MissingParam.InstanceId")),
        ({"InstanceId": ["i-%d" % n for n in range(11)]}, (403, "InstanceIds.ExceedLimit")),
        ({"PortNumber": 0}, (400, "PortNumber.Invalid")),
        ({"PortNumber": 65536}, (400, "PortNumber.Invalid")),
        ({"PortNumber": "ssh"}, (400, "PortNumber.Invalid")),
        ({"PortNumber": "", "TargetServer": "10.0.0.11"}, (403, "InvalidTargetServer.MissingPortNumber")),
        ({"TargetServer": "h" * 129}, (400, "InvalidParameter.TargetServer")),
        ({"CommandLine": "top"}, (403, "InvalidCommandLine.Conflict")),
        ({"ConnectionType": "Carrier"}, (400, "InvalidParameter.ConnectionType")),
        ({"Username": "u" * 256}, (403, "Username.ExceedLimit")),
        ({"ClientToken": "t" * 65}, (400, "InvalidClientToken.Malformed")),
    ],
)
def test_refusals(shared, change, expected):
    assert code(start_session, shared, **change) == expected


def test_an_old_agent_forwards_no_ports():
    with running({"instances": [{"name": "old", "assistant": {"version": "2.2.3.255"}}]}) as emulator:
        assert code(start_session, emulator) == (403, "PortForwarding.NotSupported")


def test_a_client_token_gives_the_same_session_again(cloud):
    emulator = cloud()
    first, again = (start_session(emulator, ClientToken="token") for _attempt in range(2))
    assert first["WebSocketUrl"] == again["WebSocketUrl"]
    assert code(start_session, emulator, PortNumber=23, ClientToken="token") == (403, "IdempotentParameterMismatch")


def test_sessions_are_counted_while_connected(cloud):
    emulator = cloud({"per_instance": 2})
    urls = [start_session(emulator)["WebSocketUrl"] for _number in range(3)]

    async def run() -> tuple:
        async with aiohttp.ClientSession() as client:
            streams = [await client.ws_connect(url) for url in urls[:2]]
            refused = await asyncio.to_thread(code, start_session, emulator)
            elsewhere = await asyncio.to_thread(start_session, emulator, 1)
            await streams[0].close()
            await asyncio.to_thread(emulator.wait_until, lambda: connections(emulator)[0].ended is not None)
            again = await asyncio.to_thread(start_session, emulator)
            return refused, elsewhere["SessionId"][:2], again["SessionId"][:2]

    assert asyncio.run(run()) == ((403, "SessionCount.ExceedLimit"), "s-", "s-")


def test_a_region_has_a_limit_too(cloud):
    emulator = cloud({"per_region": 1})
    start_session(emulator)
    assert code(start_session, emulator, 1) == (403, "SessionCount.ExceedLimit")


def test_tokens_stay_out_of_the_request_log(cloud):
    emulator = cloud()
    token = start_session(emulator)["SecurityToken"]
    assert token not in json.dumps(emulator.requests())
    with urllib.request.urlopen(emulator.endpoint + "/_emulator/sessions") as response:
        assert token not in response.read().decode()


def test_describe_terminal_sessions_shows_each_websocket(cloud):
    emulator = cloud()
    started = start_session(emulator)
    for _number in range(2):
        talk(started["WebSocketUrl"], lambda stream: read_until(stream, b"hello\n"))
    emulator.wait_until(lambda: all(connection.ended for connection in connections(emulator)))
    (session,) = emulator.call("DescribeTerminalSessions", SessionId=started["SessionId"])["Sessions"]["Session"]
    assert (session["PortNumber"], session["IdentityType"]) == (22, "Account")
    for _number in range(60):
        emulator.call("StartTerminalSession", InstanceId=ids(emulator)[:1], PortNumber=22)
    assert len(emulator.call("DescribeTerminalSessions", MaxResults=100)["Sessions"]["Session"]) == 61
    assert [entry["Status"] for entry in session["Connections"]["Connection"]] == ["Disconnected"] * 2


# --- who gets in


@pytest.mark.parametrize(
    "spoil",
    [lambda url: url[:-1], lambda url: url.replace("sessionId=s", "sessionId=t"), lambda url: url.split("&")[0]],
    ids=["wrong token", "wrong id", "no token"],
)
def test_a_wrong_url_is_refused(cloud, spoil):
    emulator = cloud()
    url = start_session(emulator)["WebSocketUrl"]
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        talk(spoil(url), read_all)
    assert caught.value.status == 403
    assert connections(emulator) == []


def test_the_token_may_come_in_the_header(cloud):
    started = start_session(cloud())
    url = started["WebSocketUrl"].split("&")[0]
    headers = {"x-acs-session-token": started["SecurityToken"]}
    assert talk(url, lambda stream: read_until(stream, b"hello\n"), headers=headers) == b"hello\n"


def test_a_url_is_valid_for_ten_minutes(cloud):
    clock = Clock()
    url = start_session(cloud(clock=clock))["WebSocketUrl"]
    clock.shift = 599
    talk(url, lambda stream: read_until(stream, b"hello\n"))
    clock.shift = 601
    with pytest.raises(aiohttp.WSServerHandshakeError):
        talk(url, read_all)


def test_a_refusal_may_come_as_a_status_message(cloud):
    url = start_session(cloud(behaviours={"session_refusal": "status"}))["WebSocketUrl"]
    assert talk(url[:-1], read_all) == [(5, b"\x02")]


def test_older_services_spell_the_parameter_differently(cloud):
    url = start_session(cloud(behaviours={"session_url": "sessionid"}))["WebSocketUrl"]
    with pytest.raises(aiohttp.WSServerHandshakeError):
        talk(url, read_all)
    talk(url.replace("sessionid", "sessionId", 1), lambda stream: read_until(stream, b"hello\n"))


def test_web_pages_do_not_get_in(cloud):
    url = start_session(cloud())["WebSocketUrl"]
    with pytest.raises(aiohttp.WSServerHandshakeError):
        talk(url, read_all, headers={"Origin": "http://127.0.0.1"})


# --- data


def test_bytes_go_both_ways_in_literal_frames(cloud):
    emulator = cloud()

    async def work(stream: aiohttp.ClientWebSocketResponse) -> list[bytes]:
        # The rate differs from the default, so the first message tells it: 100000 * 1024 bit/s.
        frames = [await stream.receive_bytes(), await stream.receive_bytes()]
        await stream.send_bytes(bytes.fromhex("00000000 312e3031 00 00 0068e5cf8b010000 0000000000000000 0400000070696e67"))
        return [*frames, await stream.receive_bytes()]

    speed, hello, ping = talk(start_session(emulator)["WebSocketUrl"], work)
    assert (speed[:10], speed[18:]) == (b"\x05\0\0\0001.01\0\0", bytes(8) + b"\x05\0\0\0\x07" + (102400000).to_bytes(4, "big"))
    assert (hello[:10], hello[18:]) == (b"\x01\0\0\0001.01\0\0", b"\x01" + bytes(7) + b"\x06\0\0\0hello\n")
    assert (ping[:10], ping[18:]) == (b"\x01\0\0\0001.01\0\0", b"\x02" + bytes(7) + b"\x04\0\0\0ping")
    assert abs(int.from_bytes(ping[10:18], "little") / 1000 - time.time()) < 60


def test_the_service_may_send_ids(cloud):
    emulator = cloud(behaviours={"session_ids": "given"})
    started = start_session(emulator)

    async def work(stream: aiohttp.ClientWebSocketResponse) -> bytes:
        await stream.receive_bytes()
        return await stream.receive_bytes()

    data = talk(started["WebSocketUrl"], work)
    assert started["SessionId"].encode() in data
    assert ids(emulator)[0].encode() in data
    assert split(data) == (1, b"hello\n")


def test_one_url_opens_many_websockets(cloud, echo):
    emulator = cloud()
    url = start_session(emulator)["WebSocketUrl"]

    async def run() -> list[bytes]:
        async with aiohttp.ClientSession() as client:
            streams = [await client.ws_connect(url) for _number in range(5)]
            for number, stream in enumerate(streams):
                await read_until(stream, b"hello\n")
                await stream.send_bytes(frame(b"%d" % number))
            return [split(await stream.receive_bytes())[1] for stream in streams]

    assert asyncio.run(run()) == [b"0", b"1", b"2", b"3", b"4"]
    assert len(connections(emulator)) == 5


def test_a_megabyte_survives(cloud):
    emulator = cloud()
    block = bytes(range(256)) * 8

    async def work(stream: aiohttp.ClientWebSocketResponse) -> bytes:
        await read_until(stream, b"hello\n")

        async def send() -> None:
            for number in range(512):
                await stream.send_bytes(frame(block, sequence=number))

        sending = asyncio.ensure_future(send())
        output = bytearray()
        while len(output) < 512 * 2048:
            output += split(await stream.receive_bytes())[1]
        await sending
        return bytes(output)

    assert talk(start_session(emulator)["WebSocketUrl"], work) == block * 512
    assert connections(emulator)[0].sequence_errors == 0


def test_frames_that_are_no_messages_change_nothing(cloud):
    emulator = cloud()

    async def work(stream: aiohttp.ClientWebSocketResponse) -> bytes:
        await read_until(stream, b"hello\n")
        await stream.send_bytes(b"short")
        await stream.send_str("text")
        await stream.send_bytes(frame(b"no time", created=0))
        await stream.send_bytes(frame(b""))
        await stream.send_bytes(frame(struct.pack("<hh", 24, 80), kind=2, sequence=1))
        await stream.send_bytes(frame(b"after", sequence=2))
        return await read_until(stream, b"after")

    assert talk(start_session(emulator)["WebSocketUrl"], work) == b"after"
    (connection,) = connections(emulator)
    assert (connection.ignored_frames, connection.sequence_errors, connection.bytes_in) == (3, 0, 5)


@pytest.mark.parametrize(("answer", "expected"), [("dropped", b"late"), ("kept", b"earlylate")])
def test_input_before_the_agent_has_connected(cloud, answer, expected):
    emulator = cloud({"connect_delay_seconds": 0.4}, behaviours={"session_early_input": answer})

    async def work(stream: aiohttp.ClientWebSocketResponse) -> bytes:
        await stream.send_bytes(frame(b"early"))
        output = await read_until(stream, b"hello\n" if answer == "dropped" else b"early")
        await stream.send_bytes(frame(b"late", sequence=1))
        return output + await read_until(stream, b"late")

    assert talk(start_session(emulator)["WebSocketUrl"], work) == b"hello\n" + expected
    assert connections(emulator)[0].dropped_bytes == (5 if answer == "dropped" else 0)


# --- speed


async def flood(stream: aiohttp.ClientWebSocketResponse) -> list[tuple[int, bytes]]:
    await read_until(stream, b"hello\n")
    reading = asyncio.ensure_future(read_all(stream))
    for number in range(100):
        if reading.done():
            break
        await stream.send_bytes(frame(bytes(2048), sequence=number))
        await asyncio.sleep(0)
    return await reading


def test_a_client_that_is_too_fast_loses_its_session(cloud):
    emulator = cloud({"rate_kbit": 200})
    messages = talk(start_session(emulator)["WebSocketUrl"], flood)
    assert messages[-1] == (5, b"\x05FlowExceedLimit")
    assert connections(emulator)[0].reason == "FlowExceedLimit"
    # 25,600 bytes a second, and at most three seconds of it at once.
    assert connections(emulator)[0].bytes_in <= 3 * 25600 + 2 * 25600


def test_a_client_that_keeps_the_vendors_pace_does_not(cloud):
    emulator = cloud({"rate_kbit": 200, "burst_seconds": 0})

    async def work(stream: aiohttp.ClientWebSocketResponse) -> None:
        await read_until(stream, b"hello\n")
        for number in range(15):
            await stream.send_bytes(frame(bytes(2048), sequence=number))
            await asyncio.sleep(0.083)

    talk(start_session(emulator)["WebSocketUrl"], work)
    emulator.wait_until(lambda: connections(emulator)[0].ended is not None)
    assert (connections(emulator)[0].bytes_in, connections(emulator)[0].reason) == (15 * 2048, "ClosedByClient")


def test_output_comes_at_the_vendors_pace(cloud):
    emulator = cloud({"rate_kbit": 200})

    async def work(stream: aiohttp.ClientWebSocketResponse) -> tuple[int, float]:
        await read_until(stream, b"hello\n")
        for number in range(6):
            await stream.send_bytes(frame(bytes(2048), sequence=number))
        began, size, largest = time.monotonic(), 0, 0
        while size < 6 * 2048:
            payload = split(await stream.receive_bytes())[1]
            size, largest = size + len(payload), max(largest, len(payload))
        return largest, time.monotonic() - began

    largest, seconds = talk(start_session(emulator)["WebSocketUrl"], work)
    assert largest <= 2048
    assert seconds >= 5 * 0.083 * 0.9


def test_the_default_speed_is_not_announced_another_is(cloud):
    async def first(stream: aiohttp.ClientWebSocketResponse) -> tuple[int, bytes]:
        return split(await stream.receive_bytes())

    assert talk(start_session(cloud({"rate_kbit": 200}))["WebSocketUrl"], first) == (1, b"hello\n")
    announced = cloud({"rate_kbit": 200, "announce_rate": True})
    assert talk(start_session(announced)["WebSocketUrl"], first) == (5, b"\x07\x03\x20\x00")


def test_too_large_a_payload_ends_the_session(cloud):
    async def work(stream: aiohttp.ClientWebSocketResponse) -> tuple[int, bytes]:
        await read_until(stream, b"hello\n")
        await stream.send_bytes(frame(bytes(2049)))
        return (await read_all(stream))[-1]

    assert talk(start_session(cloud())["WebSocketUrl"], work) == (5, b"\x05ProcessDataError")


# --- how sessions end


def test_the_clients_close_message_ends_it(cloud):
    emulator = cloud()

    async def work(stream: aiohttp.ClientWebSocketResponse) -> list[tuple[int, bytes]]:
        await read_until(stream, b"hello\n")
        await stream.send_bytes(frame(b"1", kind=3))
        return await read_all(stream)

    assert talk(start_session(emulator)["WebSocketUrl"], work) == []
    assert connections(emulator)[0].reason == "ClosedByClient"


async def say_bye(stream: aiohttp.ClientWebSocketResponse) -> list[tuple[int, bytes]]:
    await read_until(stream, b"hello\n")
    await stream.send_bytes(frame(b"bye"))
    return await read_all(stream)


def test_a_port_that_closes_ends_it_with_exit(cloud):
    assert talk(start_session(cloud())["WebSocketUrl"], say_bye) == [(5, b"\x05Exit")]


def test_an_older_agent_connects_again_with_the_next_message(cloud):
    emulator = cloud(behaviours={"session_port_closed": "silent"})

    async def work(stream: aiohttp.ClientWebSocketResponse) -> bytes:
        await read_until(stream, b"hello\n")
        await stream.send_bytes(frame(b"bye"))
        await asyncio.sleep(0.3)
        await stream.send_bytes(frame(b"", sequence=1))
        await stream.send_bytes(frame(b"more", sequence=2))
        return await read_until(stream, b"hello\n")

    assert talk(start_session(emulator)["WebSocketUrl"], work) == b"hello\n"


def test_a_closed_port_says_so(cloud):
    emulator = cloud()
    emulator.instance("web-1").guest.session_target = None
    assert talk(start_session(emulator)["WebSocketUrl"], read_all)[-1] == (5, b"\x05OpenTargetPortFailed")


def test_a_shell_has_no_terminal_here(cloud):
    url = start_session(cloud(), PortNumber="")["WebSocketUrl"]
    assert talk(url, read_all)[-1] == (5, b"\x05OpenPtyFailed")


@pytest.mark.parametrize(("answer", "expected"), [("connect", None), ("call", (403, "Operation.Forbidden"))])
def test_an_agent_that_is_offline(cloud, answer, expected):
    emulator = cloud(behaviours={"session_unreachable": answer})
    emulator.change_instance("web-1", agent_online=False)
    if expected:
        assert code(start_session, emulator) == expected
    else:
        assert talk(start_session(emulator)["WebSocketUrl"], read_all)[-1] == (5, b"\x02")


def test_an_idle_session_ends_and_keepalives_prevent_that(cloud):
    emulator = cloud({"idle_seconds": 0.6})
    url = start_session(emulator)["WebSocketUrl"]

    async def idle(stream: aiohttp.ClientWebSocketResponse) -> tuple[float, tuple[int, bytes]]:
        began = time.monotonic()
        for _number in range(3):
            await stream.ping()  # does not count
        return time.monotonic() - began, (await read_all(stream))[-1]

    async def alive(stream: aiohttp.ClientWebSocketResponse) -> bytes:
        await read_until(stream, b"hello\n")
        for number in range(6):
            await stream.send_bytes(frame(b"", sequence=number))
            await asyncio.sleep(0.2)
        await stream.send_bytes(frame(b"still here", sequence=6))
        return await read_until(stream, b"still here")

    assert talk(url, idle)[1] == (5, b"\x05AgentTimeout")
    assert talk(url, alive) == b"still here"


def test_no_session_lasts_for_ever(cloud):
    emulator = cloud({"longest_seconds": 0.5})

    async def work(stream: aiohttp.ClientWebSocketResponse) -> tuple[int, bytes]:
        reading = asyncio.ensure_future(read_all(stream))
        number = 0
        while not reading.done():
            await stream.send_bytes(frame(b"", sequence=number))
            number += 1
            await asyncio.sleep(0.05)
        return (await reading)[-1]

    assert talk(start_session(emulator)["WebSocketUrl"], work) == (5, b"\x05AgentTimeout")


def test_ending_a_session_closes_its_websockets(cloud):
    emulator = cloud()
    started = start_session(emulator)

    async def work(stream: aiohttp.ClientWebSocketResponse) -> tuple[int, bytes]:
        await read_until(stream, b"hello\n")
        await asyncio.to_thread(emulator.call, "EndTerminalSession", SessionId=started["SessionId"])
        return (await read_all(stream))[-1]

    assert talk(started["WebSocketUrl"], work) == (5, b"\x05Exit")
    assert code(emulator.call, "EndTerminalSession", SessionId="s-unknown") == (404, "InvalidSessionId.NotFound")


# --- faults


async def echo_until_the_end(stream: aiohttp.ClientWebSocketResponse) -> tuple[int, Any]:
    """How many bytes came back, and how it ended."""
    await read_until(stream, b"hello\n")
    size, number = 0, 0
    while True:
        try:
            await stream.send_bytes(frame(bytes(1000), sequence=number))
        except (ConnectionError, aiohttp.ClientConnectionError):
            return size, "reset"
        number += 1
        message = await stream.receive()
        if message.type != aiohttp.WSMsgType.BINARY:
            return size, stream.close_code
        kind, payload = split(message.data)
        if kind == 5:
            return size, payload
        size += len(payload)


def test_a_websocket_is_cut_after_so_many_bytes(cloud):
    emulator = cloud()
    emulator.faults("Session", "cut", after_bytes=5000)
    size, end = talk(start_session(emulator)["WebSocketUrl"], echo_until_the_end)
    assert 1000 <= size < 5000
    assert end in (1006, "reset")
    emulator.wait_until(lambda: connections(emulator)[0].ended is not None)
    assert connections(emulator)[0].reason == "Cut"


@pytest.mark.parametrize("reason", ["FlowExceedLimit", "AgentTimeout", "SessionIdDuplicated", "InitChannelFailed"])
def test_a_websocket_is_closed_with_any_reason(cloud, reason):
    emulator = cloud()
    emulator.faults("Session", "close", code=reason, after_bytes=3000)
    size, end = talk(start_session(emulator)["WebSocketUrl"], echo_until_the_end)
    assert (size < 3000, end) == (True, b"\x05" + reason.encode())


def test_a_handshake_fails_once(cloud):
    emulator = cloud()
    emulator.faults("Session", "error", code="ServiceUnavailable", status=503)
    url = start_session(emulator)["WebSocketUrl"]
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        talk(url, read_all)
    assert caught.value.status == 503
    assert talk(url, lambda stream: read_until(stream, b"hello\n")) == b"hello\n"


def test_a_fault_for_any_action_spares_websockets(cloud):
    emulator = cloud()
    url = start_session(emulator)["WebSocketUrl"]
    emulator.faults("*", "error")
    assert talk(url, lambda stream: read_until(stream, b"hello\n")) == b"hello\n"


def control(emulator: Emulator, method: str, body: dict | None = None) -> int:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(emulator.endpoint + "/_emulator/sessions", data, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_live_websockets_can_be_cut_closed_and_slowed(cloud):
    emulator = cloud()
    url = start_session(emulator)["WebSocketUrl"]

    def after(method: str, body: dict | None = None) -> Callable:
        async def work(stream: aiohttp.ClientWebSocketResponse) -> Any:
            await read_until(stream, b"hello\n")
            assert await asyncio.to_thread(control, emulator, method, body) in (200, 204)
            message = await stream.receive()
            return split(message.data) if message.type == aiohttp.WSMsgType.BINARY else stream.close_code

        return work

    assert talk(url, after("POST", {"speed": 1000000})) == (5, b"\x07\x0f\x42\x40")
    assert talk(url, after("POST", {"close": "AgentTimeout"})) == (5, b"\x05AgentTimeout")
    assert talk(url, after("DELETE")) == 1006
    assert [control(emulator, "POST", body) for body in ({"close": "x"}, {"speed": -1}, {"other": 1}, {})] == [400] * 4


# --- targets


def test_a_private_address_of_this_cloud_is_the_other_instance(cloud, echo):
    emulator = cloud()
    first, second = (emulator.instance(name) for name in ("web-1", "web-2"))
    first.guest.session_target = None
    url = start_session(emulator, TargetServer=second.private_ip)["WebSocketUrl"]
    assert talk(url, lambda stream: read_until(stream, b"hello\n")) == b"hello\n"
    refused = start_session(emulator, TargetServer="10.99.99.99")["WebSocketUrl"]
    assert talk(refused, read_all)[-1] == (5, b"\x05OpenTargetPortFailed")

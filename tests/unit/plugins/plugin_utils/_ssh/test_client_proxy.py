# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ProxyCommand behind C(ssh NAME): as ssh runs it where bytes flow, in process where it refuses."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh import client_proxy as proxy
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from ecs_emulator.testing import running

PROGRAM = Path(__file__).resolve().parents[5] / "plugins" / "plugin_utils" / "_program.py"
BANNER = b"SSH-2.0-test\r\n"


@pytest.fixture(scope="module")
def emulator():
    with running({"instances": [{"name": "web"}, {"name": "off", "status": "Stopped"}]}) as started:
        yield started


@pytest.fixture
def cloud(emulator, monkeypatch):
    """The cloud of the environment, with nothing asked of it yet."""
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    emulator.clear_requests()
    yield emulator
    emulator.clear_faults()


@pytest.fixture
def instance_id(emulator):
    return emulator.instance("web").instance_id


@pytest.fixture
def key(tmp_path):
    """A file with a public key, and its first two words; the comment is nobody's business."""
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    path = tmp_path / "my key.pub"
    path.write_text(line + " me; touch /pwned\n")
    return path, line


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        yield listener


def start(emulator, *words, **given):
    """A process with nothing of Ansible on its path."""
    environment = {"PATH": os.environ["PATH"], **emulator.environment}
    return subprocess.Popen([sys.executable, PROGRAM, "_ssh.client_proxy", *words], env=environment, stderr=subprocess.PIPE, **given)


def test_the_key_is_let_in_and_ssh_is_handed_a_connected_socket(cloud, instance_id, key, server):
    path, line = key
    host, port = server.getsockname()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = start(cloud, f"--public-key={path}", f"--address={host}", instance_id, "ops", str(port), stdin=subprocess.DEVNULL, stdout=theirs)
        ours.settimeout(30)
        _byte, (handle,), _flags, _address = socket.recv_fds(ours, 1, 1)
    assert (process.wait(10), process.stderr.read()) == (0, b"")
    peer, _address = server.accept()
    with peer, socket.socket(fileno=handle) as handed:
        handed.sendall(b"hello")
        assert peer.recv(10) == b"hello"
        assert handed.getblocking()
    assert line in [one.public_key for one in cloud.keys.keys(instance_id, "ops")]


def test_without_an_address_the_bytes_pass_through_a_session(cloud, instance_id, server):
    cloud.lead_sessions(server.getsockname(), "web")
    process = start(cloud, instance_id, "root", "22", stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    peer, _address = server.accept()
    with peer:
        peer.sendall(BANNER)
        assert process.stdout.read(len(BANNER)) == BANNER
        process.stdin.write(b"hello")
        peer.settimeout(20)
        assert peer.recv(10) == b"hello"
        process.stdin.close()
        assert (process.wait(20), process.stderr.read()) == (0, b"")
    assert cloud.request_counts() == {"StartTerminalSession": 1}


def refused(capfd, *words):
    """The one line that it leaves."""
    assert proxy.main(words) == 1
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err


@pytest.mark.parametrize("user", ["a;touch /pwned", "$(id)", "-x", "a b"])
def test_a_hostile_user_is_refused_and_nothing_is_sent(cloud, instance_id, key, capfd, user):
    assert "cannot be sent" in refused(capfd, f"--public-key={key[0]}", "--address=127.0.0.1", "--", instance_id, user, "22")
    assert cloud.request_counts() == {}


@pytest.mark.parametrize("hostile", ["i-1;id", "*", "i-a\n@cert-authority *"])
def test_a_hostile_instance_is_refused_and_nothing_is_sent(cloud, key, capfd, hostile):
    assert proxy.main([f"--public-key={key[0]}", "--address=127.0.0.1", hostile, "root", "22"]) == 1
    assert "is not one" in capfd.readouterr().err
    assert cloud.request_counts() == {}


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), ("nonsense", "my key.pub"), ('command="id" ssh-ed25519 AAAA', "my key.pub"), ("\xff", "my key.pub")]
)
def test_a_key_file_that_is_none(cloud, instance_id, tmp_path, capfd, content, words):
    path = tmp_path / "my key.pub"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    said = refused(capfd, f"--public-key={path}", "--address=127.0.0.1", instance_id, "root", "22")
    assert said.startswith(instance_id + ": ")
    assert words in said
    assert cloud.request_counts() == {}


def test_what_the_cloud_refuses(cloud, emulator, instance_id, key, capfd, monkeypatch):
    cloud.faults("StartTerminalSession", "error", code="UserBehavior.SessionManagerDisabled", status=403)
    assert "Session Manager is turned off" in refused(capfd, instance_id, "root", "22")
    said = refused(capfd, f"--public-key={key[0]}", "--address=127.0.0.1", emulator.instance("off").instance_id, "root", "22")
    assert said.startswith(emulator.instance("off").instance_id)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "not-the-secret")
    said = refused(capfd, f"--public-key={key[0]}", "--address=127.0.0.1", instance_id, "root", "22")
    assert "access_key_secret" in said
    assert "not-the-secret" not in said


def test_nobody_listens(cloud, instance_id, capfd):
    said = refused(capfd, "--address=127.0.0.1", instance_id, "root", "1")
    assert said == f"{instance_id}: cannot connect to 127.0.0.1 port 1: Connection refused\n"
    assert cloud.request_counts() == {}

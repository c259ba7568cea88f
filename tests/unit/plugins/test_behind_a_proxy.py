# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every cloud module, the inventory and both connections behind a company's proxy: it looks into https and wss, and refuses long request lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.trust import _VARIABLES
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh import cloud
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.folder import RunFolder
from ecs_emulator.testing import running
from ecs_emulator.tls import make_tls

from ..playbook_calls import guests
from .connection.shell_guest import connect
from .inventory.test_ecs import run_tool
from .module_utils._ecs.narrow_proxy import LIMIT, narrow_proxy
from .modules import conftest as modules
from .modules.test_ecs_temp_public_key import KEY
from .plugin_utils._tunnel.test_main import BANNER, PROGRAM, Server

run_module = modules.run_module

HOST = "ecs-cn-hangzhou.aliyuncs.com"
STS_HOST = "sts.aliyuncs.com"
LONG = "\u5bc6\u94a5" * 40
MODULES = Path(__file__).resolve().parents[3] / "plugins" / "modules"


class World:
    """An embedded cloud that only the proxy reaches, by its public names."""

    def __init__(self, emulator, proxy, folder, run):
        self.emulator, self.proxy, self.folder, self._run = emulator, proxy, folder, run
        self.reached = {HOST + ":443"}
        self.given = {"access_key_id": emulator.access_key_id, "access_key_secret": emulator.access_key_secret, "region": emulator.region, "api_retries": 0}

    def ids(self):
        return list(self.emulator.cloud.instances)

    def module(self, module, **options):
        result = self._run(module, **{**self.given, **options})
        assert not result["failed"], result
        return result


@pytest.fixture(params=_VARIABLES)
def world(request, run_module, monkeypatch, tmp_path):
    from darabonba.core import DaraCore

    monkeypatch.setattr(DaraCore, "_sessions", {})
    tls = make_tls(tmp_path / "company", [HOST, STS_HOST])
    fleet = {"instances": [{"name": "web", "instance_id": "i-web", "count": 2}]}
    with running(fleet, tls=True, allowed_hosts=[HOST, STS_HOST]) as emulator, narrow_proxy(emulator.endpoint, tls.context, emulator.ca_file) as proxy:
        for name in list(os.environ):
            if name in _VARIABLES or name.lower() == "no_proxy":
                monkeypatch.delenv(name)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv(request.param, str(tls.ca_file))
        made = World(emulator, proxy, tmp_path, run_module)
        guests(made)
        yield made
        assert set(proxy.connects) == made.reached
        assert max(map(len, proxy.lines)) < LIMIT


def test_every_module(world):
    tags = {LONG + str(number): LONG for number in range(20)}
    asked = {
        "access_account": {},
        "ecs_key_pair": {"name": "new", "private_key_path": str(world.folder / "key"), "tags": tags},
        "ecs_key_pair_info": {"names": ["new"], "include_public_key": True, "tags": tags},
        "ecs_attach_key_pair": {"key_pair_name": "new", "instance_ids": world.ids()},
        "ecs_instance_info": {"instance_ids": [*world.ids(), *(f"i-{number:060}" for number in range(98))], "source_address": "203.0.113.5"},
        "ecs_host_key_info": {"instance_ids": world.ids()},
        "ecs_temp_public_key": {"instance_ids": world.ids(), "public_key": KEY},
        "ecs_ssh_access_info": {"instance_ids": world.ids()},
    }
    assert {path.stem for path in MODULES.glob("*.py") if "EcsModule" in path.read_text(encoding="utf-8")} == set(asked)
    found = {module: world.module(module, **options) for module, options in asked.items()}
    assert found["access_account"]["account_id"] == world.emulator.cloud.fleet.account_id
    world.reached.add(STS_HOST + ":443")
    assert [pair["name"] for pair in found["ecs_key_pair_info"]["key_pairs"]] == ["new"]
    assert [row["live"] for row in found["ecs_attach_key_pair"]["instances"]] == [True, True]
    assert [row["ready"] for row in found["ecs_temp_public_key"]["instances"]] == [True, True]
    assert [row["seen"] for row in found["ecs_ssh_access_info"]["instances"]] == [True, True]


def test_the_inventory(world):
    (world.folder / "my.ecs.yml").write_text("plugin: alicloud.ecs_access.ecs\nhostnames: [name]\n")
    # The account's variables without its address, and who vouches for it there.
    own = {**dict.fromkeys(["ALIBABA_CLOUD_ECS_ENDPOINT", *_VARIABLES]), **{name: os.environ[name] for name in _VARIABLES if name in os.environ}}
    done = run_tool("ansible-inventory", world.folder, world.emulator, ["-i", "my.ecs.yml", "--list"], own)
    assert {"web-1", "web-2"} <= set(json.loads(done.stdout)["_meta"]["hostvars"]), done.stderr


def test_ecs_assistant(world):
    noise = os.urandom(60_000)
    connection = connect(world.ids()[0], **world.given)
    assert connection.exec_command("/bin/sh -c cat", noise)[:2] == (0, noise)


def test_ecs_ssh(world):
    client = cloud.make_client({**dict.fromkeys(cloud.OPTIONS), "network": "public", "api_timeout": 20, "api_concurrency": 8, **world.given})
    os.mkdir(world.folder / "ecs_ssh", 0o700)
    cloud.register(client, world.ids()[0], "root", RunFolder.of(str(world.folder)))
    server = Server()
    try:
        world.emulator.lead_sessions(server.address)
        session = cloud.open_session(client, world.ids()[0], 22)
        assert session["url"].startswith(f"wss://{HOST}/")
        ticket = world.folder / "ticket"
        ticket.write_text(json.dumps(session))
        words = [sys.executable, str(PROGRAM), "_tunnel.main", str(ticket), str(world.folder / "report")]
        tunnel = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert tunnel.stdin is not None
        assert tunnel.stdout is not None
        try:
            assert tunnel.stdout.readline() == BANNER
            tunnel.stdin.write(b"x" * 5000)
            tunnel.stdin.flush()
            received = b""
            while len(received) < 5000:
                received += server.connection().recv(5000)
            assert received == b"x" * 5000
        finally:
            tunnel.kill()
            tunnel.communicate()
    finally:
        server.close()

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line as a user meets it: ready file, SIGTERM, sentences instead of tracebacks."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ecs_emulator import client

EMULATOR = Path(__file__).resolve().parents[2] / "emulator"


def serve(tmp_path, fleet, *more):
    (tmp_path / "fleet.yml").write_text(fleet)
    command = [
        sys.executable, "-m", "ecs_emulator", "serve", "--fleet", str(tmp_path / "fleet.yml"),
        "--state", str(tmp_path / "state"), "--ready-file", str(tmp_path / "ready.json"), *more,
    ]  # fmt: skip
    return subprocess.Popen(command, env=dict(os.environ, PYTHONPATH=str(EMULATOR)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(path, process):
    deadline = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "more"), [(signal.SIGTERM, ()), (signal.SIGINT, ("--tls",))])
def test_ready_file_while_it_serves(tmp_path, number, more):
    process = serve(tmp_path, "instances:\n  - {name: web, instance_id: i-web}\n", "--log-level", "info", *more)
    ready = tmp_path / "ready.json"
    try:
        wait_for(ready, process)
        assert stat.S_IMODE(ready.stat().st_mode) == 0o600
        facts = json.loads(ready.read_text())
        assert sorted(facts) == ["access_key_id", "access_key_secret", "ca_file", "endpoint", "instances", "region"]
        assert facts["ca_file"] == (str(tmp_path / "state" / "tls" / "ca.pem") if more else None)
        assert facts["instances"] == [{"instance_id": "i-web", "name": "web", "backend": "api", "ssh_host": None, "ssh_port": None, "container": None}]
        answer = client.call(
            facts["endpoint"], facts["access_key_id"], facts["access_key_secret"], "DescribeInstances",
            {"RegionId": facts["region"]}, ca_file=facts["ca_file"],
        )  # fmt: skip
        assert answer["TotalCount"] == 1
    finally:
        process.send_signal(number)
        output, log = process.communicate(timeout=20)
    assert process.returncode == 0
    assert not ready.exists()
    assert facts["endpoint"] in output
    assert facts["access_key_secret"] not in output + log
    assert "DescribeInstances 200" in log


@pytest.mark.parametrize(
    ("fleet", "more", "sentence"),
    [
        ("instances: 5\n", (), "'instances' is not a list"),
        ("instances: []\n", ("--listen", "nonsense"), "--listen is HOST:PORT, not 'nonsense'"),
        ("instances: []\n", ("--listen", "192.0.2.1:0"), "cannot serve on 192.0.2.1:0"),
    ],
)
def test_mistakes_end_with_one_sentence(tmp_path, fleet, more, sentence):
    process = serve(tmp_path, fleet, *more)
    _unused, log = process.communicate(timeout=20)
    assert process.returncode == 1
    assert sentence in log
    assert "Traceback" not in log
    assert len(log.strip().splitlines()) == 1


PODMAN = """#!/bin/sh
echo "$@" >> "${0%/*}/calls"
case "$1 $2" in
  "image exists") ANSWER ;;
  *) sleep 60 ;;
esac
"""


@pytest.mark.parametrize(
    ("podman", "reason"),
    [
        pytest.param(None, "podman, which runs container instances, is not installed", id="no podman"),
        pytest.param("exit 1", "podman has no image localhost/ecs-access-debian12: run: python3 -m ecs_emulator images debian12", id="no image"),
        pytest.param("echo broken storage >&2; exit 125", "podman does not work here: broken storage", id="podman does not work"),
    ],
)
def test_what_containers_need_is_missed_within_five_seconds(tmp_path, monkeypatch, podman, reason):
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    if podman is not None:
        monkeypatch.setenv("PATH", "%s:/usr/bin:/bin" % programs)
        (programs / "podman").write_text(PODMAN.replace("ANSWER", podman))
        (programs / "podman").chmod(0o755)
    begin = time.monotonic()
    process = serve(tmp_path, "instances:\n  - {name: web, count: 20, backend: container}\n")
    _unused, log = process.communicate(timeout=20)
    assert process.returncode == 1
    assert reason in log
    assert len(log.strip().splitlines()) == 1
    assert time.monotonic() - begin < 5
    if podman is not None:
        assert (programs / "calls").read_text().splitlines() == ["image exists localhost/ecs-access-debian12"]

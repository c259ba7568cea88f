# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel's own program: bytes per second towards the instance against what the protocol's rate rule allows, and its CPU time."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "plugins" / "plugin_utils" / "_program.py"
sys.path[:0] = [str(ROOT / "tests" / "emulator")]

from _table import Row, hand_in
from ecs_emulator.testing import running

SECONDS, ROUNDS = 3, 5


def main() -> int:
    for kbit in (200, 2000):
        speeds, loads = zip(*(measure(kbit) for _turn in range(ROUNDS)))
        # 2048 bytes each so many whole milliseconds, as the vendor's programs compute it.
        rule = 2 / (1000 // (kbit * 1024 // 8 // 2048) / 1000)
        hand_in(
            Row(f"tunnel at {kbit} kbit/s", "KiB/s", speeds, limit_name="rate rule", limit=rule, least=0.95),
            Row(f"processor of the tunnel at {kbit} kbit/s", "cores", loads, judged="value", most=1),
        )
    return 0


def measure(kbit: int) -> tuple[float, float]:
    """KiB per second, and processor seconds per second."""
    with running({"instances": [{"name": "web"}], "sessions": {"rate_kbit": kbit}}) as cloud, tempfile.TemporaryDirectory() as folder:
        listener = socket.create_server(("127.0.0.1", 0))
        cloud.lead_sessions(listener.getsockname()[:2], "web")
        answer = cloud.call("StartTerminalSession", **{"InstanceId.1": cloud.instance("web").instance_id, "PortNumber": "22"})
        ticket = Path(folder, "ticket")
        ticket.write_text(json.dumps({"url": answer["WebSocketUrl"], "token": answer["SecurityToken"]}))
        tunnel = subprocess.Popen([sys.executable, PROGRAM, "_tunnel.main", ticket, Path(folder, "report")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        peer, _address = listener.accept()
        peer.sendall(b"SSH-2.0-benchmark\r\n")
        tunnel.stdout.read(1)
        threading.Thread(target=pour, args=(tunnel,), daemon=True).start()
        peer.recv(65536)
        began, cpu_before, received = time.monotonic(), cpu_seconds(tunnel.pid), 0
        while (now := time.monotonic()) < began + SECONDS:
            received += len(peer.recv(65536))
        cpu = (cpu_seconds(tunnel.pid) - cpu_before) / (now - began)
        tunnel.kill()
        tunnel.wait()
    return received / (now - began) / 1024, cpu


def pour(tunnel: subprocess.Popen) -> None:
    data = os.urandom(65536)
    try:
        while True:
            tunnel.stdin.write(data)
    except OSError:
        pass


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of the connection ecs_assistant, run by a real shell."""

from __future__ import annotations

import base64
import os
import random
import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._assistant import script

TOKEN = "t0k3n"


def _sh(text: str, folder) -> str:
    """As the agent runs it, except that /run is a folder of the test's."""
    text = text.replace("/run", str(folder)).replace('HOME=$(getent passwd "$(id -u)" | cut -d: -f6)', f"HOME={folder}")
    return subprocess.run(["sh"], input=text.encode(), capture_output=True, check=True).stdout.decode()


def _run(command: str, data: bytes, folder) -> tuple[int, bytes, bytes, int]:
    parts, last = script.render_parts(TOKEN, data)
    scripts = [*parts, script.render_run(TOKEN, command, last)]
    for part in parts:
        assert script.parse_piece(TOKEN, _sh(part, folder)) == "stored"
    reply = script.parse_reply(TOKEN, "motd\n" + _sh(scripts[-1], folder))
    text = reply.text
    while len(text) < reply.size:
        scripts.append(script.render_fetch(TOKEN, len(text)))
        text += script.parse_piece(TOKEN, _sh(scripts[-1], folder))
    if reply.size > script.PIECE:
        _sh(script.render_cleanup(TOKEN), folder)
    # What RunCommand takes, counted in base64.
    assert all(len(base64.b64encode(part.encode())) <= 24 * 1024 for part in scripts)
    assert os.listdir(folder) == []
    return (reply.status, *script.unpack(reply, text), len(scripts))


@pytest.mark.parametrize("size", [0, 1, 1000, 11_900, 12_100, 50_000])
def test_bytes_go_there_and_back_unchanged(tmp_path, size: int) -> None:
    data = random.Random(size).randbytes(size)
    status, out, err, _count = _run("cat; echo 'err \"$x\"' >&2; exit 7", data, tmp_path)
    assert (status, out, err) == (7, data, b'err "$x"\n')


def test_a_quiet_command_is_one_script(tmp_path) -> None:
    assert _run("true", b"", tmp_path) == (0, b"", b"", 1)


def test_an_answer_of_somebody_else_is_refused() -> None:
    with pytest.raises(script.ReplyError):
        script.parse_reply(TOKEN, "other:0:0:0:\n")
    with pytest.raises(script.ReplyError):
        script.unpack(script.Reply(0, 0, 4, "AAAA"), "AAAA")

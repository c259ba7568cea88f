# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of an instance that claims, or packs, more than it may."""

from __future__ import annotations

import base64
import gzip
import zlib

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._assistant import script

TOKEN = "t0k3n"


def _blanks(mebibytes: int) -> str:
    """So many blanks, as they would be answered."""
    packer = zlib.compressobj(1, wbits=16 + zlib.MAX_WBITS)
    pieces = [packer.compress(b" " * (1 << 20)) for _number in range(mebibytes)]
    return base64.b64encode(b"".join(pieces) + packer.flush()).decode()


@pytest.mark.parametrize(
    "answer",
    [
        "0:0:1000000000000:", "0:0:999999999:", "0:0:" + "9" * 5000 + ":", "0:" + "9" * 5000 + ":0:", "-1:0:0:", "0:0:-5:", "\u0661:0:0:", "1e9:0:0:",
        "0:0:20000:" + "A" * (script.PIECE + 1), "0:0:0:A\x00", "0:0:0", "9999:0:0:", "",
    ],
)  # fmt: skip
def test_a_claim_that_cannot_be_is_refused(answer: str) -> None:
    with pytest.raises(script.ReplyError):
        script.parse_reply(TOKEN, f"{TOKEN}:{answer}\n")
    with pytest.raises(script.ReplyError):
        script.parse_piece(TOKEN, f"{TOKEN}:{'A' * (script.PIECE + 1)}\n")


@pytest.mark.parametrize("text", [base64.b64encode(gzip.compress(b"whole", mtime=0))[:-12].decode(), "H4sI", "\u00e9"])
def test_what_is_packed_is_whole(text: str) -> None:
    with pytest.raises(script.ReplyError):
        script.unpack(script.Reply(0, 5, len(text), ""), text)


@pytest.mark.parametrize("mebibytes", [600, 33])
def test_what_is_packed_is_bounded(mebibytes: int) -> None:
    text = _blanks(mebibytes)
    with pytest.raises(script.ReplyError):
        script.unpack(script.Reply(0, 5, len(text), ""), text)


def test_what_may_be() -> None:
    text = base64.b64encode(gzip.compress(b"out" + b"error", mtime=0)).decode()
    reply = script.parse_reply(TOKEN, f"noise\n{TOKEN}:7:3:{len(text)}:{text}\n")
    assert (reply.status, script.unpack(reply, reply.text)) == (7, (b"out", b"error"))

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests without a system that answer an audit as a real one did, so that thousands can be audited.

A recording has the records of each chapter, as the chapter's program gave them. It is framed anew for each question, because every
question has a marker of its own and may ask for a part only.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import zlib
from pathlib import Path
from typing import Any, Mapping, Sequence

from ecs_emulator.backends import CommandOutcome

Recording = Mapping[str, Sequence[Any]]
"""Chapter to its records."""

_QUESTION = re.compile(r"^set -- ([A-Za-z0-9+/=]+) (\S+)$", re.MULTILINE)
_CLOCK = "20260101000000"


class Replay:
    """Answers the chapters' programs; any other script ends as a program that prints nothing."""

    def __init__(self, recording: Recording, size: int = 0) -> None:
        """I(size): how many bytes the records of all chapters together have at least; padded with keys that nobody holds."""
        self._lines = {chapter: [json.dumps(record, separators=(",", ":")) for record in records] for chapter, records in recording.items()}
        self._pad(size)

    def __call__(self, script: str, _username: str) -> CommandOutcome:
        asked = _QUESTION.search(script)
        if asked is None:
            return CommandOutcome(0, b"")
        question = json.loads(base64.b64decode(asked.group(1)))
        lines = self._lines.get(question.get("chapter"))
        if lines is None:
            return CommandOutcome(0, b"")
        return CommandOutcome(0, _framed(lines, question["first"], question["most"], asked.group(2)).encode())

    def _pad(self, size: int) -> None:
        missing = size - sum(map(len, (line for lines in self._lines.values() for line in lines)))
        if missing <= 0:
            return
        lines = self._lines.setdefault("accounts", [])
        files = [json.loads(line)[1] for line in lines if line.startswith('["file"')]
        number = 0
        while missing > 0 and files:
            digest = base64.b64encode(hashlib.sha256(b"%d" % number).digest()).decode().rstrip("=")
            line = json.dumps(["key", files[0], 1000 + number, "ssh-ed25519", "ssh-ed25519", "SHA256:" + digest, 256, "", f"padding-{number}"])
            lines.append(line)
            missing -= len(line)
            number += 1


@functools.lru_cache(maxsize=16)
def load_replay(path: str, size: int) -> Replay:
    """The recording in a file, once for all guests that have it."""
    return Replay(json.loads(Path(path).read_text(encoding="utf-8")), size)


def _framed(lines: Sequence[str], first: int, most: int, marker: str) -> str:
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    head = "head " + json.dumps({"total": len(lines), "digest": digest, "now": _CLOCK, "utc": _CLOCK})
    shown = [head]
    for number in range(first, len(lines)):
        content = f"{number} {lines[number]}"
        most -= len(content) + len(marker) + 10
        if most < 0 and len(shown) > 1:
            break
        shown.append(content)
    return "".join(f"{marker}{zlib.crc32(content.encode()):08x} {content}\n" for content in [*shown, head])

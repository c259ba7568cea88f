# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames of a chapter: which of its records arrived whole, and which have to be asked for again.

Cloud Assistant keeps 24 KiB of an output: the end of it, or, since newer agents, the beginning and the end.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import datetime
import hashlib
import re
import zlib
from typing import Any, Dict, List, NamedTuple, Optional

from .._assistant.command import MOST_OUTPUT
from .._assistant.shape import GuestError, Text, fit
from .._json import read_json
from .._text import printable, shorten, text_lines

MOST_RECORDS = 50000
MOST_BYTES = 20 * 1024
_LEAST_BYTES = 2 * 1024
_MOST_RESTARTS = 2
_FRAME = re.compile(r"([0-9a-f]{8}) (head|[0-9]{1,6}) (.+)\Z")
_HEAD = {"total": int, "digest": Text(64), "now": Text(14), "utc": Text(14)}


class Head(NamedTuple):
    """What a chapter reports about itself: how many records there are, their sum, and the host's clock."""

    total: int
    digest: str
    now: str
    utc: str


class Part(NamedTuple):
    """What arrived of a chapter at one time: texts of records by their numbers."""

    head: Head
    texts: Dict[int, str]


def read_frames(output: str, marker: str) -> Part:
    """The whole frames in an output; raises GuestError where not even the head is there."""
    if len(output) > MOST_OUTPUT:
        raise GuestError("the response from the instance is longer than %d bytes" % MOST_OUTPUT)
    head: Optional[Head] = None
    texts: Dict[int, str] = {}
    for line in text_lines(output):
        _noise, found, rest = line.rpartition(marker)
        if not found:
            continue
        if rest.startswith("{"):
            raise GuestError(shorten(printable(fit(read_json(rest), {"error": Text()})["error"]), 300))
        frame = _FRAME.match(rest.rstrip("\r"))
        if frame is None or int(frame.group(1), 16) != zlib.crc32(rest.rstrip("\r")[9:].encode("utf-8")) & 0xFFFFFFFF:
            continue
        if frame.group(2) == "head":
            head = head or _read_head(frame.group(3))
        else:
            texts[int(frame.group(2))] = frame.group(3)
    if head is None:
        raise GuestError("the instance ran the command, but the expected response is not in the output")
    return Part(head, {number: text for number, text in texts.items() if number < head.total})


def _read_head(text: str) -> Head:
    head = Head(**fit(read_json(text), _HEAD))
    for clock in (head.now, head.utc):
        datetime.datetime.strptime(clock, "%Y%m%d%H%M%S")
    if not 0 <= head.total <= MOST_RECORDS or not head.now.isdigit() or not head.utc.isdigit():
        raise GuestError("unexpected response from the instance")
    return head


class Chapter:
    """One chapter of one instance while it is put together."""

    def __init__(self) -> None:
        self.head: Optional[Head] = None
        self._texts: Dict[int, str] = {}
        self._restarts = 0
        self.most = MOST_BYTES
        """How many bytes to ask for: fewer where others print so much that ours are cut."""
        self.why = ""
        """Why it is given up."""

    def add(self, part: Part) -> None:
        """Take what arrived. A host that changed meanwhile is read from the beginning, a few times."""
        changed = self.head is not None and (self.head.digest, self.head.total) != (part.head.digest, part.head.total)
        if changed:
            self._texts = {}
            self._restarts += 1
        before = self.missing
        self._texts.update(part.texts)
        self.head = part.head
        if self._restarts > _MOST_RESTARTS:
            self.stop("it changed each time that the rest of it was asked for")
        elif self.missing == before:
            self.most //= 2
            if self.most < _LEAST_BYTES:
                self.stop("no more of it arrived")

    def stop(self, why: str) -> None:
        """Ask for no more."""
        self.why = self.why or why

    @property
    def missing(self) -> Optional[int]:
        """The first record that is not there; None for a chapter that is complete."""
        total = self.head.total if self.head is not None else 1
        return next((number for number in range(total) if number not in self._texts), None)

    def records(self) -> List[Any]:
        """What is there; raises GuestError where the sum of a complete chapter is wrong."""
        texts = [self._texts[number] for number in sorted(self._texts)]
        if self.head is not None and self.missing is None:
            digest = hashlib.sha256("\n".join(texts).encode("utf-8")).hexdigest()[: len(self.head.digest)]
            if digest != self.head.digest or len(digest) < 16:
                raise GuestError("the response from the instance does not match its checksum")
        return [read_json(text) for text in texts]

    def describe_missing(self) -> str:
        """What part of it is missing, and why."""
        total = self.head.total if self.head is not None else 0
        return "%d of %d records did not arrive: %s" % (total - len(self._texts), total, self.why)

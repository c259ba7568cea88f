# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries the guests about one key pair and judges their answers.

Note that this module util is **PRIVATE** to the collection.
"""

import time
from typing import Dict, List, NamedTuple, Optional, Sequence

from .._assistant.ask import Reply, ask_guests, judging
from .._assistant.command import Request
from .._assistant.shape import GuestError
from .._ecs.client import EcsClient
from .._openssh.keys import PublicKey
from .guest import ANSWER, Guest, key_digest, key_line, read_guest
from .item import BoundItem
from .plan import Wanted


class Answer(NamedTuple):
    """One guest's answer; if I(guest) is None there is none, and I(reply) holds the cause."""

    item: BoundItem
    guest: Optional[Guest]
    reply: Reply


class Questions:
    """Asks about the key I(key) of the key pair that is wanted. I(timeout) is in seconds, for the command in a guest."""

    def __init__(self, client: EcsClient, wanted: Wanted, key: PublicKey, users: Sequence[str], timeout: int) -> None:
        self._client = client
        self._wanted = wanted
        self._key = key
        self._users = tuple(users)
        self._timeout = timeout
        self._previous: Dict[str, str] = {}

    def drop_key_of(self, key_pair_name: str, key: PublicKey) -> None:
        """Where this key pair is replaced, its key is removed unless it is the same key under another name."""
        if not key.same_key(self._key):
            self._previous[key_pair_name] = key_digest(key)

    def ask(self, items: Sequence[BoundItem], write: bool) -> List[Answer]:
        """Query all at the same time; with I(write) they make the change first."""
        requests = {item.instance_id: self._request(item, write) for item in items}
        replies = ask_guests(self._client, requests, self._timeout, ANSWER) if requests else {}
        return [self._answer(item, replies[item.instance_id]) for item in items]

    def _request(self, item: BoundItem, write: bool) -> Request:
        if self._wanted.is_present:
            gone = self._previous.get(item.was_bound_to)
            drop = (gone,) if gone else ()
        else:
            drop = (key_digest(self._key),)
        line = key_line(self._key, self._wanted.key_pair_name)
        return Request(self._wanted.state, write, self._users, item.instance.image_user, line, drop)

    def _answer(self, item: BoundItem, reply: Reply) -> Answer:
        if reply.answer is None:
            return Answer(item, None, reply)
        try:
            with judging():
                return Answer(item, read_guest(reply.answer, self._key, int(time.time() // 86400)), reply)
        except GuestError as exc:
            return Answer(item, None, Reply(None, exc.text))

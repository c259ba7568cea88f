# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks instances for their chapters through Cloud Assistant, and asks again for what an output had no room for.

Note that this module util is **PRIVATE** to the collection. The client is handed in: nothing here knows the SDK.
"""

from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from .._assistant.ask import DELIVERY_SECONDS, Ended, judging, run_groups
from .._assistant.command import render_program
from .._assistant.shape import GuestError
from .._errors import AccessError
from .frames import Chapter, read_frames
from .host import Host, Identity, interpret, unseen_host
from .programs import accounts, rights, use
from .records import Facts, UnreadRecord, read_facts

CHAPTERS = {"accounts": accounts, "rights": rights, "use": use}
"""Each is one command in an instance."""
BATCH = 50
"""Instances of one call."""
_MOST_ROUNDS = 40
_MOST_WAITS = 4
"""Commands that may take all their time: others wait for an instance that answers only a little each time."""
_MARK = "e%.16s:"


class Question(NamedTuple):
    """A chapter from one of its records on, in so many bytes."""

    chapter: str
    first: int
    most: int


class Reader:
    """The chapters of one instance while they are put together."""

    def __init__(self) -> None:
        self.chapters = {name: Chapter() for name in CHAPTERS}
        self.waited = 0.0

    def stop(self, why: str) -> None:
        """What has not arrived is not asked for any more."""
        for question in self.open_questions():
            self.chapters[question.chapter].stop(why)

    def take(self, question: Question, marker: str, ended: Ended) -> None:
        chapter = self.chapters[question.chapter]
        self.waited += ended.waited
        if ended.output is None:
            chapter.stop(ended.why)
            return
        try:
            with judging():
                chapter.add(read_frames(ended.output, marker))
        except AccessError as exc:
            chapter.stop(exc.text)

    def open_questions(self) -> List[Question]:
        waiting = [(name, chapter) for name, chapter in self.chapters.items() if not chapter.why and chapter.missing is not None]
        return [Question(name, chapter.missing or 0, chapter.most) for name, chapter in waiting]

    def host(self, identity: Identity) -> Host:
        """The object of what arrived."""
        try:
            with judging():
                facts, unread = self._facts()
                return interpret(facts, unread, identity, "assistant")
        except AccessError as exc:
            return unseen_host(identity, "assistant", exc.text)

    def _facts(self) -> Tuple[Facts, List[UnreadRecord]]:
        heads = [chapter.head for chapter in self.chapters.values() if chapter.head is not None]
        if self.chapters["accounts"].head is None:
            raise GuestError(self.chapters["accounts"].why)
        unread = []
        for name, chapter in self.chapters.items():
            if chapter.missing is not None:
                unread.append(UnreadRecord("chapter %s" % name, chapter.why if chapter.head is None else chapter.describe_missing()))
        records = [record for chapter in self.chapters.values() for record in chapter.records()]
        return read_facts(records, heads[0].now, heads[0].utc), unread


def ask_hosts(client: Any, instance_ids: Sequence[str], timeout: int) -> Dict[str, Reader]:
    """What at most BATCH instances answer. I(timeout) is how many seconds a command may run in an instance."""
    readers = {instance_id: Reader() for instance_id in instance_ids}
    for _round in range(_MOST_ROUNDS):
        groups: Dict[Question, List[str]] = {}
        for instance_id, reader in readers.items():
            if reader.waited >= _MOST_WAITS * (timeout + DELIVERY_SECONDS):
                reader.stop("the rest did not arrive in time")
            for question in reader.open_questions():
                groups.setdefault(question, []).append(instance_id)
        if not groups:
            break
        for question, marker, instance_id, ended in run_groups(client, groups, timeout, _render, _MARK):
            readers[instance_id].take(question, marker, ended)
    for reader in readers.values():
        reader.stop("it is longer than %d responses" % _MOST_ROUNDS)
    return readers


def _render(question: Question, marker: str) -> str:
    return render_program(CHAPTERS[question.chapter], dict(question._asdict()), marker)

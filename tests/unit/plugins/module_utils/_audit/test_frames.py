# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What arrived of a chapter is known line by line, whatever was cut, changed or made up."""

import json
import zlib

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.shape import GuestError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.frames import MOST_BYTES, MOST_RECORDS, Chapter, read_frames
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.programs import frames as program

MARKER = "e0123456789abcdef:"
RECORDS = [["key", number, "x" * 100] for number in range(500)]


def output(records, first, capsys, most=MOST_BYTES):
    program.show(records, {"first": first, "most": most}, MARKER)
    return capsys.readouterr().out


def cut(text, begins):
    """What an agent keeps of an output: the end, with or without the beginning."""
    return text[:begins] + text[begins - 24 * 1024 :] if len(text) > 24 * 1024 else text


def collect(records, capsys, keep=lambda text: text):
    chapter, asked = Chapter(), 0
    while chapter.missing is not None and not chapter.why:
        chapter.add(read_frames(keep(output(records, chapter.missing, capsys, chapter.most)), MARKER))
        asked += 1
    return chapter, asked


def test_what_fits_comes_at_once(capsys):
    chapter, asked = collect(RECORDS[:10], capsys)
    assert (chapter.records(), asked) == (RECORDS[:10], 1)


def test_an_answer_is_smaller_than_what_is_kept_of_an_output(capsys):
    assert len(output(RECORDS, 0, capsys)) < 21 * 1024


def test_the_rest_is_asked_for_by_its_numbers(capsys):
    chapter, asked = collect(RECORDS, capsys)
    assert chapter.records() == RECORDS and asked == 4


@pytest.mark.parametrize("begins", [0, 6000])
def test_whatever_is_cut_is_asked_for_again(begins, capsys):
    noise = "motd\n" * 3000

    def keep(text):
        return cut(noise + text + noise, begins)

    chapter, asked = collect(RECORDS, capsys, keep)
    assert chapter.records() == RECORDS and asked > 4


def test_a_host_that_changes_is_read_from_the_beginning(capsys):
    chapter = Chapter()
    chapter.add(read_frames(output(RECORDS, 0, capsys), MARKER))
    changed = [["new"]] + RECORDS
    chapter.add(read_frames(output(changed, chapter.missing, capsys), MARKER))
    assert chapter.missing == 0
    while chapter.missing is not None:
        chapter.add(read_frames(output(changed, chapter.missing, capsys), MARKER))
    assert chapter.records() == changed


def test_a_host_that_changes_each_time_is_given_up(capsys):
    chapter = Chapter()
    for number in range(10):
        if not chapter.why:
            chapter.add(read_frames(output([[number]] + RECORDS, chapter.missing or 0, capsys), MARKER))
    assert "changed each time" in chapter.describe_missing()


def test_a_host_that_sends_the_same_again_is_given_up(capsys):
    chapter, text = Chapter(), output(RECORDS, 0, capsys)
    for _again in range(6):
        chapter.add(read_frames(text, MARKER))
    assert "of 500 records did not arrive: no more of it arrived" in chapter.describe_missing()


def frame(content):
    return "%s%08x %s\n" % (MARKER, zlib.crc32(content.encode()) & 0xFFFFFFFF, content)


HEAD = "head " + json.dumps({"total": 2, "digest": "0" * 16, "now": "20260101000000", "utc": "20260101000000"})


def test_damaged_and_foreign_lines_are_no_records(capsys):
    text = output(RECORDS[:3], 0, capsys).replace("x" * 100, "y" * 100, 1) + "e999:00000000 0 [1]\n" + frame('7 ["more than there are"]')
    part = read_frames(text, MARKER)
    assert sorted(part.texts) == [1, 2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello\n", "not in the output"),
        (frame('0 ["no head"]'), "not in the output"),
        (MARKER + '{"error": "there is no Python"}\n', "no Python"),
        (frame(HEAD.replace(": 2", ": %d" % (MOST_RECORDS + 1))), "unexpected"),
        (frame(HEAD.replace(": 2", ": -1")), "unexpected"),
        (frame("head []"), "unexpected"),
        (frame("head {"), "not JSON"),
        ("x" * (1024 * 1024 + 1), "longer than"),
    ],
)
def test_what_is_no_answer(text, words):
    with pytest.raises(Exception, match=words):
        read_frames(text, MARKER)


def test_a_wrong_sum_is_no_answer():
    chapter = Chapter()
    chapter.add(read_frames(frame(HEAD) + frame("0 [1]") + frame("1 [2]"), MARKER))
    with pytest.raises(GuestError, match="checksum"):
        chapter.records()

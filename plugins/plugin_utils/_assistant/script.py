# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell scripts that carry a command, its input and its output through Cloud Assistant. Pure.

A script may have 18 KiB (24 KiB in base64) and its output 24 KiB, of which the service keeps the end. Input is compressed and, when it
does not fit, sent ahead in numbered parts; output is compressed and, when it does not fit, fetched in pieces. Everything in between lies
in a folder of root's under /run, which the last script removes; leftovers of runs that were killed are removed a day later.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import base64
import gzip
import re
import shlex
import typing as t
import zlib

from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError

PIECE = 16000
"""Characters of base64 in one script or one answer; what stands around them stays far below the rest."""

_PREAMBLE = """\
#!/bin/sh
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
export PATH HOME
folder=/run/ecs-assistant-{token}
"""
_FIRST = """\
find /run -maxdepth 1 -name 'ecs-assistant-*' -mmin +1440 -exec rm -rf {} + 2>/dev/null
mkdir -p "$folder" && cd "$folder" || exit 1
"""
_PART = """\
mkdir -p "$folder" && cd "$folder" || exit 1
cat > in.{number:05d} <<'END_OF_INPUT'
{text}
END_OF_INPUT
echo {token}:stored
"""
_RUN = """\
cat in.* | base64 -d | gzip -dc > input
cd "$HOME" 2>/dev/null || cd /
sh -c {command} < "$folder/input" > "$folder/out" 2> "$folder/err"
status=$?
cd "$folder"
size=$(wc -c < out)
cat out err | gzip -c | base64 | tr -d '\\n' > reply
echo "{token}:$status:$((size)):$(($(wc -c < reply))):$(head -c {piece} reply)"
[ "$(wc -c < reply)" -gt {piece} ] || rm -rf "$folder"
"""
_FETCH = """\
cd "$folder" || exit 1
echo "{token}:$(tail -c +{start} reply | head -c {piece})"
"""

MOST_REPLY = 12 * 1024 * 1024
MOST_OUTPUT = 32 * 1024 * 1024
"""Characters of an answer and bytes that may come out of it, whatever the instance claims."""


class ReplyError(AccessError):
    """The answer is not one of ours."""

    code = "reply"


class Reply(t.NamedTuple):
    """The beginning of an answer: C(size) characters in all, of which C(text) has come."""

    status: int
    out_size: int
    size: int
    text: str


def render_parts(token: str, data: bytes) -> tuple[list[str], str]:
    """Scripts to send ahead, and the text for the script that runs the command."""
    text = base64.b64encode(gzip.compress(data, mtime=0)).decode()
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    scripts = [_PREAMBLE.format(token=token) + _PART.format(token=token, number=number, text=piece) for number, piece in enumerate(pieces[:-1])]
    return scripts, pieces[-1]


def render_run(token: str, command: str, last_part: str) -> str:
    """The script that runs the command with the input that has come."""
    part = f"cat > in.99999 <<'END_OF_INPUT'\n{last_part}\nEND_OF_INPUT\n"
    run = _RUN.format(token=token, command=shlex.quote(command), piece=PIECE)
    return _PREAMBLE.format(token=token) + _FIRST + part + run


def render_fetch(token: str, start: int) -> str:
    """The script that answers with the piece of the output from C(start) on."""
    return _PREAMBLE.format(token=token) + _FETCH.format(token=token, start=start + 1, piece=PIECE)


def render_cleanup(token: str) -> str:
    """The script that removes what the others left."""
    return _PREAMBLE.format(token=token) + f'rm -rf "$folder"\necho {token}:removed\n'


def parse_reply(token: str, output: str) -> Reply:
    """The answer of render_run's script, whatever else is in the output."""
    found = re.search(rf"^{token}:([0-9]{{1,3}}):([0-9]{{1,9}}):([0-9]{{1,9}}):([A-Za-z0-9+/=]{{0,{PIECE}}})$", output, re.MULTILINE)
    if found is None or int(found[3]) > MOST_REPLY:
        raise ReplyError
    return Reply(int(found[1]), int(found[2]), int(found[3]), found[4])


def parse_piece(token: str, output: str) -> str:
    """The answer of another script, which follows the token."""
    found = re.search(rf"^{token}:(\S{{0,{PIECE}}})$", output, re.MULTILINE)
    if found is None:
        raise ReplyError
    return found[1]


def unpack(reply: Reply, text: str) -> tuple[bytes, bytes]:
    """Standard output and standard error."""
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        data = unpacker.decompress(base64.b64decode(text, validate=True), MOST_OUTPUT + 1)
    except (ValueError, zlib.error) as exc:
        raise ReplyError from exc
    # Neither more than there may be, nor less than there was.
    if len(data) > MOST_OUTPUT or not unpacker.eof:
        raise ReplyError
    return data[: reply.out_size], data[reply.out_size :]

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What carries a command, its input and its output through Cloud Assistant. Pure.

Every account of an instance can read the text of a script: the agent keeps it in a file of mode 0755 or, where the disk is full, runs it as
an argument. So a script only names files. What may be secret is the payload, the command with its input, which comes as files (SendFile)
into a folder of root's under /run that an earlier script has made and closed, because the agent writes a file before it protects it.

A script may have 18 KiB, a file 24 KB, and an output 24 KiB, of which the service may keep the end alone. So the payload is compressed and cut,
and output is compressed and, when it does not fit, fetched in pieces. The last script removes the folder; leftovers of runs that were
killed are removed a day later.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import base64
import gzip
import re
import shlex
import typing as t
import zlib

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.file_sending import FILE_LIMIT
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError

PIECE = 16000
"""Characters of base64 in one answer; what stands around them stays far below the rest."""

# The agent keeps its file: it goes, if it is one and this very script. A text that was run as an argument has no file.
_PREAMBLE = """\
#!/bin/sh
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
folder=/run/ecs-assistant-{token}
case $0 in
/*) [ -f "$0" ] && [ ! -L "$0" ] && [ -O "$0" ] && grep -q {token} "$0" && rm -f "$0" ;;
esac 2> /dev/null
"""
_BEGIN = """\
find /run -maxdepth 1 -name 'ecs-assistant-*' -mmin +1440 -exec rm -rf {{}} + 2> /dev/null
mkdir "$folder" && echo {token}:ready
"""
# Programs keep their own files elsewhere while there is room: /run is memory.
_RUN = """\
cd "$folder" || exit
cat in.* | gzip -dc > payload
rm -f in.*
[ "$(wc -c < payload)" -eq {total} ] || {{ rm -rf "$folder"; exit 1; }}
head -c {split} payload > command
tail -c +$(({split} + 1)) payload > input
rm -f payload
room=$(df -Pk /tmp | awk 'NR == 2 {{ print $4 }}')
if [ "${{room:-0}}" -lt 8192 ]; then
  TMPDIR=$folder
  export TMPDIR
fi
entry=$(getent passwd "$(id -u)")
USER=$(echo "$entry" | cut -d: -f1) HOME=$(echo "$entry" | cut -d: -f6) SHELL=$(echo "$entry" | cut -d: -f7)
LOGNAME=$USER
export USER LOGNAME HOME SHELL
cd "$HOME" 2> /dev/null || cd /
umask 022
shell={shell}
case $shell:$SHELL in
:/*/sh | :/*/ash | :/*/bash | :/*/dash | :/*/ksh | :/*/zsh) shell=$SHELL ;;
:*) shell=/bin/sh ;;
esac
[ -x "$shell" ] || shell=/bin/sh
"$shell" "$folder/command" < "$folder/input" > "$folder/out" 2> "$folder/err"
status=$?
umask 077
cd "$folder" || exit
size=$(wc -c < out)
cat out err | gzip -c | base64 | tr -d '\\n' > reply
echo "{token}:$status:$((size)):$(($(wc -c < reply))):$(head -c {piece} reply)"
[ "$(wc -c < reply)" -gt {piece} ] || rm -rf "$folder"
"""
_FETCH = """\
cd "$folder" || exit
echo "{token}:$(tail -c +{start} reply | head -c {piece})"
"""

_SHELL = re.compile(r"/[A-Za-z0-9_/.-]*/(?:ba|da|a|k|z)?sh\Z")

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


class Payload(t.NamedTuple):
    """A command with its input on the way."""

    shell: str
    """Empty for that of the account, as with SSH, if it is one; a repair may be just about it."""
    split: int
    """Where the input begins."""
    total: int
    files: tuple[tuple[str, bytes], ...]
    """Names and contents, in the order of the names."""


def pack(command: str, data: bytes) -> Payload:
    """The files to send for a command and its input."""
    shell, text = _unwrap(command)
    content = text.encode("utf-8", "surrogateescape") + b"\n"
    packed = gzip.compress(content + data, mtime=0)
    pieces = [packed[start : start + FILE_LIMIT] for start in range(0, len(packed), FILE_LIMIT)]
    return Payload(shell, len(content), len(content) + len(data), tuple((f"in.{number:06d}", piece) for number, piece in enumerate(pieces)))


def _unwrap(command: str) -> tuple[str, str]:
    """The shell, and the text that it runs. Ansible writes C(/bin/sh -c 'TEXT'), which would be an argument for everybody to read."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if len(words) == 3 and words[1] == "-c" and _SHELL.match(words[0]) and command == f"{words[0]} -c {shlex.quote(words[2])}":
        return words[0], words[2]
    return "", command


def folder_of(token: str) -> str:
    """Where the files go."""
    return f"/run/ecs-assistant-{token}"


def render_begin(token: str) -> str:
    """The script that makes the folder."""
    return _PREAMBLE.format(token=token) + _BEGIN.format(token=token)


def render_run(token: str, payload: Payload) -> str:
    """The script that runs the command with the input that has come."""
    run = _RUN.format(token=token, shell=payload.shell, split=payload.split, total=payload.total, piece=PIECE)
    return _PREAMBLE.format(token=token) + run


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

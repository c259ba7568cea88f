# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a request to the text of a Cloud Assistant command, and from its output back to an answer.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

import ast
import base64
import functools
import importlib
import inspect
import io
import json
import re
import threading
import tokenize
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from .._json import JsonRefused, read_json
from .._text import printable, shorten
from .programs import login_key
from .shape import GuestError, Text, fit

# The import, on one line, of what is in front of the program instead.
_LEFT_OUT = re.compile(r"from \.")
_IMPORTS = ("import ", "from ")
_WORD = re.compile(r"[A-Za-z_]\w*")

_ONE_AT_A_TIME = threading.Lock()

CONTENT_LIMIT = 24 * 1024
"""What RunCommand accepts, counted in base64."""
MOST_OUTPUT = 1024 * 1024
"""The service keeps far less of an output."""

# The Python program is in a quoted here-document and its input is one word of base64, so that the shell reads neither.
_LAUNCHER = """\
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin LC_ALL=C
cd / || exit
set -- %(input)s %(marker)s
for python in python3 /usr/libexec/platform-python python2 python; do
"$python" -c 'import sys; sys.exit(sys.version_info < (2, 7))' 2>/dev/null || continue
exec "$python" -E -s - "$@" <<'END'
%(program)s
import base64
main(json.loads(base64.b64decode(sys.argv[1]).decode()))
END
done
echo "$2"'{"error": "there is no Python 2.7 or 3 in it"}'
"""


class Request(NamedTuple):
    """What the guest checks and, with C(write), changes."""

    state: str
    write: bool
    users: Tuple[str, ...]
    """Accounts; C(auto) stands for the image's default user."""
    vendor: str
    """The account that the vendor's boot-time injection serves; empty when only the guest knows."""
    key_line: str
    drop: Tuple[str, ...] = ()
    """SHA-256 (hex) of the base64 texts of keys to remove."""


def render_command(request: Request, marker: str) -> str:
    """The shell script for RunCommand; its answer follows I(marker). GuestError when it would be too long."""
    content = {
        "add": request.state == "present",
        "write": request.write,
        "users": list(request.users),
        "vendor": request.vendor,
        "key": request.key_line,
        "drop": list(request.drop),
    }
    return render_program(login_key, content, marker)


def render_program(program: Any, content: Dict[str, Any], marker: str) -> str:
    """The shell script that runs the module I(program) with I(content); GuestError when it would be too long."""
    text = _LAUNCHER % {
        "input": base64.b64encode(json.dumps(content, separators=(",", ":")).encode("ascii")).decode("ascii"),
        "program": program_text(program),
        "marker": marker,
    }
    if len(base64.b64encode(text.encode("utf-8"))) > CONTENT_LIMIT:
        raise GuestError("the list of login users or the key is too long for one Cloud Assistant command; give fewer login users")
    return text


def program_text(program: Any = login_key) -> str:
    """The source of a guest's program behind what it needs of ours: the same code without comments and with narrow indents."""
    # Python's own parser is not safe in several threads (3.11).
    with _ONE_AT_A_TIME:
        return _program_text(program)


@functools.lru_cache(maxsize=16)
def _program_text(program: Any) -> str:
    own = inspect.getsource(program)
    preludes = [inspect.getsource(prelude) for prelude in _preludes(program, own)]
    needed = _needed_names(own, preludes)
    front: List[str] = []
    for source in preludes:
        front += [line for line in _narrow(_only(source, needed)) if not (line.startswith(_IMPORTS) and line in front)]
    # What the front has imported needs no import.
    return "\n".join(front + [line for line in _narrow(own) if not (line.startswith(_IMPORTS) and line in front)])


def _needed_names(own: str, preludes: List[str]) -> Set[str]:
    """Every word of a program, of what it uses of the preludes, and so on."""
    needed = set(_WORD.findall(own))
    definitions = {name: segment for source in preludes for name, segment in _segments(source) if name is not None}
    waiting = sorted(needed & set(definitions))
    while waiting:
        words = set(_WORD.findall(definitions.pop(waiting.pop()))) - needed
        needed |= words
        waiting = sorted(needed & set(definitions))
    return needed


def _only(source: str, needed: Set[str]) -> str:
    """A prelude without the definitions that nobody needs."""
    return "\n".join(segment for name, segment in _segments(source) if name is None or name in needed) + "\n"


def _segments(source: str) -> Iterator[Tuple[Optional[str], str]]:
    """The statements of a module, with what each of them defines, if it is a function, a class or a value."""
    lines, nodes = source.splitlines(), ast.parse(source).body
    for node, end in zip(nodes, [node.lineno - 1 for node in nodes[1:]] + [len(lines)]):
        name = None
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            name = node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name):
            name = node.test.id
        yield name, "\n".join(lines[node.lineno - 1 : end])


def _preludes(program: Any, source: str) -> Iterator[Any]:
    """The modules of ours that a program names in its imports."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            yield importlib.import_module("." * node.level + (node.module or ""), program.__package__)


def _narrow(source: str) -> Iterator[str]:
    """The lines of the same code without comments and with narrow indents."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    for node in ast.walk(ast.parse(source)):
        # A class may have nothing else.
        if isinstance(node, ast.ClassDef) and len(node.body) == 1:
            continue
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            following = node.body[1].lineno if len(node.body) > 1 else node.body[0].lineno + 1
            for number in range(node.body[0].lineno, following):
                lines[number - 1] = ""
    for line in lines:
        code = line.lstrip(" ")
        if code and not _LEFT_OUT.match(code):
            yield " " * ((len(line) - len(code)) // 4) + code


def parse_output(output: str, marker: str, shape: Mapping[str, Any]) -> Dict[str, Any]:
    """The answer in a command's output, whatever else the agent or a login script wrote there; raises GuestError unless it has the shape."""
    if len(output) > MOST_OUTPUT:
        raise GuestError("the response from the instance is longer than %d bytes" % MOST_OUTPUT)
    _noise, found, rest = output.rpartition(marker)
    if not found:
        raise GuestError("the instance ran the command, but the expected response is not in the output")
    line, end, _rest = rest.partition("\n")
    try:
        answer = read_json(line)
    except JsonRefused as exc:
        raise GuestError("the response from the instance cannot be used: %s" % exc.text if end else "the response from the instance was cut off")
    if isinstance(answer, dict) and "error" in answer:
        raise GuestError(shorten(printable(fit(answer, {"error": Text()})["error"]), 300))
    return fit(answer, shape)

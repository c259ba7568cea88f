# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of documentation from the first lines of each playbook, which are its documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# "# name    text", and "#         text" below it, which goes on with it.
_ENTRY = re.compile(r"(?P<name>(?:ecs_access|ssh_users)_\w+)(?P<blank> +)(?P<text>\S.*)\Z")
COMMON = "All playbooks take these as well:"
"""In the header of bind_key_pair: what follows holds for every playbook that names it."""


class Variable(NamedTuple):
    """One line of the table."""

    name: str
    text: str


class Header(NamedTuple):
    """The first lines of a playbook."""

    name: str
    summary: str
    command: str
    variables: list[Variable]
    common: list[Variable]
    notes: str


def read_header(path: Path) -> Header:
    """Take the comment apart; raises ValueError if it is not built like the others."""
    lines = list(_comment(path.read_text(encoding="utf-8")))
    blocks = [block.split("\n") for block in "\n".join(lines).split("\n\n")]
    command = next((block for block in blocks if block[0].strip().startswith("ansible-playbook ")), None)
    if command is None or command is blocks[0]:
        raise ValueError(f"{path}: the first lines are a summary, an empty line and the command")
    variables: list[Variable] = []
    common: list[Variable] = []
    notes: list[str] = []
    current = variables
    for block in blocks[1:]:
        if block is command:
            continue
        if block == [COMMON]:
            current = common
        elif _ENTRY.match(block[0]):
            current.extend(_entries(block))
        else:
            notes.append(_note(block))
    if not variables:
        raise ValueError(f"{path}: there are no variables in the first lines")
    return Header(path.stem, " ".join(blocks[0]), "\n".join(line.removeprefix("  ") for line in command), variables, common, "\n\n".join(notes))


def render(headers: list[Header]) -> str:
    """The page, in Markdown."""
    parts = ["# Variables of the playbooks\n", "This page is made from the first lines of each playbook; `-e ecs_access_help=true` prints them.\n"]
    for header in headers:
        parts += [f"## {header.name}\n", header.summary + "\n", f"```console\n$ {header.command}\n```\n", _table(header.variables)]
        parts += [header.notes + "\n"] if header.notes else []
    for header in headers:
        if header.common:
            parts += ["## Variables of all playbooks\n", _table(header.common)]
    return "\n".join(parts)


def _comment(text: str) -> Iterator[str]:
    for line in text.split("\n")[1:]:
        if not line.startswith("#"):
            return
        yield line[2:].rstrip()


def _entries(block: list[str]) -> Iterator[Variable]:
    entries: list[list[str]] = []
    for line in block:
        match = _ENTRY.match(line)
        if match:
            entries.append([match["name"], match["text"]])
        elif line.startswith(" "):
            entries[-1][1] += " " + line.strip()
        else:
            raise ValueError(f"'{line}' is neither a variable nor the rest of one")
    return (Variable(*entry) for entry in entries)


def _note(block: list[str]) -> str:
    """A paragraph; a table of the header keeps its lines."""
    if any(re.search(r"\S {3,}\S", line) for line in block):
        return "```text\n" + "\n".join(block) + "\n```"
    return " ".join(line.strip() for line in block).replace("*", "\\*")


def _table(variables: list[Variable]) -> str:
    rows = [f"| `{variable.name}` | {_cell(variable.text)} |" for variable in variables]
    return "\n".join(["| variable | meaning |", "|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")

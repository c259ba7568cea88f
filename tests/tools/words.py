# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd words in texts that people read, each with the plain word to use: words.py [PATH ...]

Of Python files the strings are read (documentation and messages), of all other files every line. The list is words.yml.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("words.yml")
# What is checked without arguments. Generated files and those that quote odd words are not in it.
PATHS = (
    "README.md",
    "CONTRIBUTING.md",
    "Makefile",
    "awx",
    "benchmarks/README.md",
    "changelogs/fragments",
    "demo",
    "docs",
    "examples",
    "extensions",
    "galaxy.yml",
    "playbooks",
    "plugins",
    "roles",
    "tests/emulator/README.md",
)
# Also a line break, and the beginning of the next line of a comment.
_BLANK = r"[\s#]+"
_KINDS = (".j2", ".md", ".py", ".rst", ".yaml", ".yml", "Makefile")


class Word(NamedTuple):
    """One entry of the list."""

    odd: re.Pattern[str]
    better: str


class Hit(NamedTuple):
    """One odd word in a file."""

    path: Path
    line: int
    odd: str
    better: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: '{self.odd}': better {self.better}"


def read_list(path: Path = LIST) -> list[Word]:
    """The words, with blanks that also match a line break and its indentation."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Word(re.compile(entry["odd"].replace(" ", _BLANK), re.IGNORECASE), entry["better"]) for entry in entries]


def files(root: Path, paths: tuple[str, ...] | list[str]) -> list[Path]:
    """The files below these paths that git has or would add and that hold text for people, relative to I(root)."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in sorted(set(listed.split("\0"))) if name.endswith(_KINDS) and (root / name).is_file()]


def find_words(root: Path, paths: tuple[str, ...] | list[str], words: list[Word]) -> list[Hit]:
    """All odd words, by file and line."""
    found = []
    for path in files(root, paths):
        for first, text in _texts(root / path):
            for word in words:
                for match in word.odd.finditer(text):
                    found.append(Hit(path, first + text.count("\n", 0, match.start()), re.sub(_BLANK, " ", match[0]), word.better))
    return sorted(found)


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Each text of a file with the number of its first line."""
    if path.suffix != ".py":
        yield 1, path.read_text(encoding="utf-8")
        return
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def main(paths: list[str]) -> int:
    hits = find_words(ROOT, paths or PATHS, read_list())
    for hit in hits:
        print(hit)
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

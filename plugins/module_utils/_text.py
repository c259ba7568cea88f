# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Foreign text: cut into lines as the programs that own it do, and made fit to be shown.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
import unicodedata
from typing import Any, List

_LAYOUT = re.compile(r"[^\n\t]+")
_TEMPLATE = re.compile(r"\{(?=[{%#])")


def text_lines(text: str) -> List[str]:
    """Lines that end with a newline. C(splitlines) would also end them at a dozen other characters, which anybody can put into a name."""
    lines = text.split("\n")
    return lines[:-1] if not lines[-1] else lines


def shorten(text: str, limit: int = 40) -> str:
    """The beginning of a long text, for a sentence."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def printable(text: str) -> str:
    """The text with a question mark for each character that a terminal would not simply show.

    The marks of templates are taken apart: people keep results in files, and give such files to the next run.
    """
    shown = "".join(map(_show, text.encode("utf-8", "replace").decode("utf-8")))
    return _TEMPLATE.sub("{ ", shown)


def _show(char: str) -> str:
    # Tabs and blanks of other widths only take room; they stand in files and names that people type.
    return char if char.isprintable() or char == "\t" or unicodedata.category(char) == "Zs" else "?"


def printable_all(value: Any) -> Any:
    """The same for every text in dictionaries and lists, whose lines stay lines."""
    if isinstance(value, dict):
        return {printable_all(key): printable_all(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable_all(item) for item in value]
    return _LAYOUT.sub(lambda text: printable(text.group()), value) if isinstance(value, str) else value

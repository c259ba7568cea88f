# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a team file: YAML whose foreign texts are texts, to YAML and to Ansible.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

from .seen import VENDOR_ACCOUNTS
from .team_file import Omission, TeamFile

_WIDTH = 120
# Text that YAML takes for nothing but text, without quotes.
_PLAIN = re.compile(r"[A-Za-z_/](?:[A-Za-z0-9_./@+= -]*[A-Za-z0-9_./@+=-])?\Z")
_RESERVED = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_ESCAPED = {'"': '\\"', "\\": "\\\\"}


def render_team_file(file: TeamFile, owner: str = "") -> str:
    """The file. I(owner): the value of ssh_users_owner, where it is given."""
    lines = ["---", *_head(file)]
    if owner:
        lines.append(f"ssh_users_owner: {render_text(owner)}")
    lines.append("ssh_users_accounts:")
    for entry, values in zip(file.entries, file.values["ssh_users_accounts"]):
        lines += _comments(entry.doubts, 2)
        lines.append(f"  - name: {render_text(values['name'])}")
        if entry.existing:
            lines.append("    account: existing")
        if entry.keys:
            lines.append("    authorized_keys:")
        for key, key_values in zip(entry.keys, values.get("authorized_keys", [])):
            lines += _comments(key.doubts, 6)
            lines += _mapping(key_values, 6)
    lines.append("ssh_users_access:")
    for rule, values in zip(file.rules, file.values["ssh_users_access"]):
        lines += _comments(rule.doubts, 2)
        lines += _mapping(values, 2)
    return "\n".join(lines) + "\n"


def render_text(text: str) -> str:
    """One text. Where it could be a template, it is marked so that Ansible takes it for none."""
    if _PLAIN.match(text) and text.lower() not in _RESERVED:
        return text
    shown = '"' + "".join(_ESCAPED.get(char) or (char if " " <= char <= "~" else f"\\U{ord(char):08x}") for char in text) + '"'
    return f"!unsafe {shown}" if "{" in text else shown


def _mapping(values: Mapping[str, Any], indent: int) -> Iterator[str]:
    """One entry of a list."""
    start = "- "
    for word, value in values.items():
        place = " " * indent + start + f"{word}:"
        if isinstance(value, str):
            yield f"{place} {render_text(value)}"
        else:
            yield from _list(place, value, indent + 4)
        start = "  "


def _list(place: str, texts: Sequence[str], indent: int) -> Iterator[str]:
    parts = [render_text(text) + ("," if index < len(texts) - 1 else "") for index, text in enumerate(texts)]
    if len(place) + sum(len(part) + 1 for part in parts) + 2 <= _WIDTH:
        yield f"{place} [{' '.join(parts)}]"
        return
    yield f"{place}"
    line = " " * indent + "["
    for part in parts:
        if len(line) + len(part) > _WIDTH and line.strip() != "[":
            yield line.rstrip()
            line = " " * (indent + 1)
        line += part + " "
    yield line.rstrip() + "]"


def _head(file: TeamFile) -> Iterator[str]:
    vendor = " and ".join(VENDOR_ACCOUNTS)
    yield from _comments(
        [
            f"Who has access to {_count(file.seen, 'host')}, as the playbook adopt of alicloud.ecs_access has seen it. Nothing here gives anybody more "
            "than was seen, and rules name hosts one by one: replace them with a group where you mean the group. Read the remarks, then check "
            "the file with the playbook check_team.",
        ],
        0,
    )
    if file.unseen:
        yield from ("#", *_comments([f"Not seen, so that nothing of {_count(len(file.unseen), 'host')} is in this file:"], 0))
        yield from _comments((f"{name}: {why}" for name, why in file.unseen), 0, "  ")
    if file.partly:
        yield from ("#", *_comments(["Not seen in full:"], 0))
        yield from _comments((f"{', '.join(each.hosts)}: {each.what}" for each in file.partly), 0, "  ")
    yield from (
        "#",
        *_comments(
            [
                "Left out are system accounts (user ids below UID_MIN of the host, so root too), "
                f"the accounts of Alibaba Cloud ({vendor}), and accounts that cannot log in. "
                "They stay as they are."
            ],
            0,
        ),
    )
    for each in file.left_out:
        yield from _omission(each)


def _omission(each: Omission) -> Iterator[str]:
    keys = " It is opened by:" if each.fingerprints else ""
    yield from _comments([f"{each.what} on {', '.join(each.hosts)}: {each.why}.{keys}"], 0, "  ")
    yield from _comments(each.fingerprints, 0, "    ")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _comments(texts: Iterable[str], indent: int, more: str = "") -> list[str]:
    """Texts as comments, each on lines of its own."""
    start = " " * indent + "# " + more
    found = []
    for text in texts:
        found += textwrap.wrap(printable(text), _WIDTH, initial_indent=start, subsequent_indent=start + ("  " if more else ""), break_on_hyphens=False)
    return found

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody answers who wants to be more than an answer: hostile texts, and values turned into others."""

from __future__ import annotations

import copy
import json
import unicodedata
from random import Random
from typing import Any, Iterator

CANARY = "/tmp/alicloud-ecs-access-canary"
"""Appears when something of an answer is run."""
_TOUCH = f"touch {CANARY}"

TEXTS = [
    "", " ", "-oProxyCommand=" + _TOUCH, f"$({_TOUCH})", f"`{_TOUCH}`", f"x;{_TOUCH};", f"x\n  ProxyCommand {_TOUCH}\n",
    f"{{{{ lookup('pipe', '{_TOUCH}') }}}}", "{%% if lookup('pipe', '%s') %%}{%% endif %%}" % _TOUCH, "!unsafe x",
    "../../etc/passwd", "..", ".", "/etc/shadow", "-rf", "--", "~root", "*",
    "* !i-good", "@cert-authority *",
    "a,b", "a b", "a\tb", "#", "%h", "%", "${HOME}", "$HOME", "\x1b[2J\x1b]0;x\x07", "\x9b31m", "\x07\x08", "\u202eevil\u2066", "\u200b",
    "\u2028\u2029\x85", "\x00", "\ud800",
    "\ufeff", "\u0661\u0662\u0667.0.0.1", "127.1", "0x7f000001", "fe80::1%eth0", "::ffff:127.0.0.1", "localhost", "all", "ungrouped",
    "=cmd|'/c calc'!A1", "'", '"', "\\", "%s%n",
    "{0.__class__}", "NaN", "1e999", "9" * 400, "None", "null", "true", "ALL=(ALL) NOPASSWD: ALL", "root", "https://192.0.2.1/", "ws://evil/",
    "****" * 10 + "X", "a" * 3000,
    "ssh-rsa AAAA", "-" * 5 + "BEGIN OPENSSH PRIVATE KEY" + "-" * 5, "([a-z]+)+$", "i-good-1", "Success", "Running", "cn-hangzhou",
    "2.2.3.999999999999999999999",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**12, 10**300, 1.5, -0.0, 1e308, float("inf"), float("nan"), [], {}, [[]], [None], {"a": None},
    [{}], {"": ""}, ["a"], [1, "a", {}],
    {"__ansible_type": "TrustedAsTemplate", "value": "{{ 1 }}"}, {"__ansible_unsafe": "x"}, {"__ansible_vault": "x"}, {"Instance": {}}, {"error": 5}, "a", "",
]  # fmt: skip


def text(random: Random) -> str:
    """A hostile text, or two of them."""
    chosen = random.choice(TEXTS)
    return chosen + random.choice(TEXTS) if random.random() < 0.2 else chosen


def mutate(random: Random, value: Any, changes: int = 1) -> Any:
    """A copy of the value in which so many places have been changed."""
    holder = [copy.deepcopy(value)]
    for _number in range(changes):
        _change(random, *_place(random, holder, 0))
    return holder[0]


def _place(random: Random, parent: Any, depth: int) -> tuple[Any, Any]:
    """A container and a key of it. What stands near the top is chosen as often as all that is below it."""
    key = random.choice(list(parent)) if isinstance(parent, dict) else random.randrange(len(parent))
    value = parent[key]
    if isinstance(value, (dict, list)) and value and random.random() < (0.95 if depth == 0 else 0.6):
        return _place(random, value, depth + 1)
    return parent, key


def _change(random: Random, parent: Any, key: Any) -> None:
    value = parent[key]
    kind = random.random()
    if kind < 0.35:
        parent[key] = text(random)
    elif kind < 0.6:
        parent[key] = copy.deepcopy(random.choice(VALUES))
    elif kind < 0.68 and isinstance(parent, dict):
        del parent[key]
    elif kind < 0.74 and isinstance(parent, dict):
        parent[text(random)] = parent.pop(key)
    elif kind < 0.82 and isinstance(value, list):
        parent[key] = value * random.choice((0, 2, 3, 200))
    elif kind < 0.9 and isinstance(value, str):
        place = random.randrange(len(value) + 1)
        parent[key] = value[:place] + text(random) + value[place + random.randrange(3) :]
    elif kind < 0.95:
        parent[key] = [value]
    else:
        for _level in range(random.choice((3, 40, 60, 400))):
            value = [value] if random.random() < 0.5 else {"a": value}
        parent[key] = value


def mangle(random: Random, content: bytes) -> bytes:
    """Bytes that were JSON, and may be still."""
    kind = random.randrange(8)
    place = random.randrange(len(content) + 1)
    if kind == 0:
        return content[:place]
    if kind == 1:
        return content[:place] + bytes(random.randrange(256) for _number in range(random.randrange(1, 9))) + content[place:]
    if kind == 2:
        return b"[" * random.choice((60, 20000, 100000))
    if kind == 3:
        return b'{"a":' * 30000 + b"1" + b"}" * 30000
    if kind == 4:
        return content.replace(b":", random.choice((b":Infinity,", b":1e999,", b":NaN,", b"::", b":" + b"9" * 5000 + b",")), 1)
    if kind == 5:
        return b"<html>" + content
    if kind == 6:
        return b"[" + b"{}," * random.choice((1000, 300000)) + b"{}]"
    return b""


def raw_characters(value: Any) -> list[str]:
    """The texts in a result that could do something to a terminal."""
    return [one for one in _texts(value) if any(char not in "\n\t" and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in one)]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def to_json(value: Any) -> bytes:
    """As an attacker writes it: infinite numbers and half surrogates included."""
    return json.dumps(value).encode()

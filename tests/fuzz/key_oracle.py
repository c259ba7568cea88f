# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sshd and ssh-keygen make of a key file, and what the collection says of it, in the same terms."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from typing import Any, Iterable

from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.facts import Facts, Request
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.finding import BLOCKS
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_key_line import judge_line
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import KeyLine, WantedKey, parse_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.key_options import KeyOption, parse_options

SHOWN = {"command": "forced command", "environment": "environment", "permitopen": "permitted open", "permitlisten": "permitted listen",
         "principals": "authorized principals"}  # fmt: skip
FORWARDS = ("agent-forwarding", "port-forwarding", "pty", "user-rc", "x11-forwarding")


def fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def said_by_model(content: bytes, blobs: Iterable[bytes]) -> dict[str, tuple[int, set[str], tuple]]:
    """For each of these keys that can log in: the line that lets it in, its restrictions, and the values in force."""
    parsed = parse_key_file(content)
    found = {}
    for blob in blobs:
        for line in parsed:
            if line.key is not None and line.key.blob == blob and _admits(line):
                found[fingerprint(blob)] = (line.number, *_effect(parse_options(line.options, "")))
                break
    return found


def effect_of(key: WantedKey) -> tuple[set[str], tuple] | None:
    """Restrictions and values of a key that is to be written; None where its options keep it out."""
    line = KeyLine(0, "", b"", "key", key.options or "", key.key)
    return _effect(parse_options(line.options, "")) if _admits(line) else None


def said_by_sshd(tools: Any, content: bytes, blobs: Iterable[bytes]) -> dict[str, tuple[int, set[str], tuple]]:
    """The same, from sshd's log."""
    log = tools.sshd(base64.b64encode(content).decode(), [base64.b64encode(blob).decode() for blob in blobs])
    found, flags, values = {}, {}, {}
    for number, what, text in log:
        if what == "matching key found":
            flags[number], values[number] = set(), []
        elif what == "key options":
            # One of OpenSSH's versions lacks the blank in front of this word.
            flags[number] = set(text.replace("expires", " expires").split())
        elif what == "accepted":
            found[text] = (number, flags[number], tuple(sorted(set(values[number]))))
        else:
            values[number].append((what, unescaped(text[1:-1] if what in ("forced command", "authorized principals") else text)))
    return found


def said_by_keygen(tools: Any, content: bytes) -> list[tuple[str, str]]:
    """Bits and fingerprint of each key that ssh-keygen -l lists."""
    return [tuple(line.split(" ", 2)[:2]) for line in tools.keygen(base64.b64encode(content).decode())]


def unescaped(text: str) -> str:
    """sshd logs what is not printable as backslash and three octal digits, and a backslash doubled."""
    data = re.sub(rb"\\(\\|[0-7]{3})", lambda match: b"\\" if match[1] == b"\\" else bytes([int(match[1], 8)]), text.encode())
    return data.decode("utf-8", "surrogateescape")


def _admits(line: KeyLine) -> bool:
    now = time.strftime("%Y%m%d%H%M%S", time.gmtime())
    facts = Facts(Request("fuzz", None, "127.0.0.1", None, now, now))
    findings = judge_line(facts, "line", line)
    # A command that ends the session comes after the key was let in.
    return not any(finding.severity == BLOCKS and not finding.cause.startswith("forced_command") for finding in findings)


def _effect(options: list[KeyOption]) -> tuple[set[str], tuple]:
    flags, values = set(FORWARDS), {}
    for option in options:
        name = option.name.lower()
        negated, plain = name.startswith("no-"), name.replace("no-", "", 1)
        if name == "restrict":
            flags -= set(FORWARDS)
        elif plain in FORWARDS:
            flags = flags - {plain} if negated else flags | {plain}
        elif plain == "touch-required":
            flags = flags | {"no-touch-required"} if negated else flags - {"no-touch-required"}
        elif plain == "verify-required":
            flags = flags - {"uv"} if negated else flags | {"uv"}
        elif name == "expiry-time":
            flags.add("expires")
        elif name == "tunnel":
            flags = {flag for flag in flags if not flag.startswith("tun=")} | {"tun=%d" % _device(option.value)}
        elif name in SHOWN:
            flags.add(name)
            value = "*:" + option.value if name == "permitlisten" and ":" not in option.value else option.value
            # Of one environment variable the first counts.
            values.setdefault((SHOWN[name], value.split("=")[0] if name == "environment" else value), value)
    return flags, tuple(sorted({(what, value) for (what, _key), value in values.items()}))


def _device(text: str) -> int:
    return 0x7FFFFFFF if text.lower() == "any" else int(text)

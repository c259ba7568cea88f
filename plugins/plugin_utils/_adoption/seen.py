# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host reported for a team file, read field by field. Whoever has root there chose all of it.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from collections.abc import Collection
from typing import Any, NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted_keys import WantedError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.shape import GuestError, List, Text, fit
from ansible_collections.alicloud.ecs_access.plugins.module_utils._json import read_json
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import KeyFormatError, parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable, shorten

from .._people.variables import parse_day

SCHEMA = "alicloud.ecs_access/adoption/1"
VENDOR_ACCOUNTS = ("ecs-user", "ecs-assist-user")
"""The images' own login, and the one of Session Manager."""
MOST_BYTES = 4 * 1024 * 1024
_LONGEST_NOTE = 300
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}\Z")
# Other characters mean something in a pattern of hosts.
_HOST = re.compile(r"[\w.-]+\Z")
_STATES = {"locked": "it is locked", "expired": "it has expired", "nologin": "its shell allows no login"}

_KEY = {"key": Text(16384), "options": Text(2000), "comment": Text(200)}
_RIGHT = {"nopasswd": bool, "commands": List(Text(1000), 200), "runas": Text(200)}
_ACCOUNT = {
    "name": Text(256),
    "state": Text(20),
    "system": bool,
    "local": bool,
    "password": bool,
    "expires": Text(10),
    "owner": Text(256),
    "fingerprints": List(Text(100), 20000),
    "keys": List(_KEY, 200),
    "rights": List(_RIGHT, 50),
    "groups": List(Text(100), 50),
    "notes": List(Text(5000), 20),
    "left_out": Text(5000),
}
_ANSWER = {"schema": Text(100), "accounts": List(_ACCOUNT, 6000), "unread": List(Text(6000), 1000)}


class Key(NamedTuple):
    """A key that opens an account. C(line) is type and base64."""

    line: str
    fingerprint: str
    options: str = ""
    comment: str = ""


class Right(NamedTuple):
    """One line of sudo. No commands stand for all of them."""

    sudo: str
    commands: tuple[str, ...] = ()
    runas: str = "ALL:ALL"


class Account(NamedTuple):
    """An account that a team file can have."""

    name: str
    local: bool = True
    keys: tuple[Key, ...] = ()
    rights: tuple[Right, ...] = ()
    groups: tuple[str, ...] = ()
    password: bool = False
    expires: str = ""
    owner: str = ""
    notes: tuple[str, ...] = ()


class LeftOut(NamedTuple):
    """An account that it does not get, why, and the keys that open it."""

    name: str
    why: str
    fingerprints: tuple[str, ...] = ()


class Host(NamedTuple):
    """One host. C(why): why it was not seen."""

    name: str
    why: str = ""
    accounts: tuple[Account, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    unread: tuple[str, ...] = ()


def check_host_name(name: str, groups: Collection[str]) -> str:
    """Why a rule cannot name this host alone; empty if it can."""
    if not _HOST.match(name):
        return "its name has characters that mean something else in a host pattern"
    return "its name is also that of a group" if name in groups or name == "all" else ""


def read_answer(name: str, answer: Any) -> Host:
    """What the module answered; raises GuestError for anything that it would not."""
    if not isinstance(answer, str) or len(answer) > MOST_BYTES:
        raise GuestError("unexpected response from the instance")
    try:
        value = read_json(base64.b64decode(answer.encode("ascii"), validate=True).decode("ascii"))
    except (ValueError, binascii.Error):
        raise GuestError("unexpected response from the instance") from None
    found = fit(value, _ANSWER)
    if found["schema"] != SCHEMA:
        raise GuestError(f"the answer is not of the form {SCHEMA}")
    accounts: dict[str, Account] = {}
    left_out: dict[str, LeftOut] = {}
    for entry in found["accounts"]:
        account = _read_account(json.dumps(entry))
        if isinstance(account, LeftOut):
            left_out.setdefault(account.name, account)
        else:
            accounts.setdefault(account.name, account)
    return Host(
        name,
        accounts=tuple(accounts[each] for each in sorted(accounts)),
        left_out=tuple(left_out[each] for each in sorted(left_out) if each not in accounts),
        unread=tuple(dict.fromkeys(_note(text) for text in found["unread"])),
    )


@functools.lru_cache(maxsize=100000)
def _read_account(text: str) -> Account | LeftOut:
    """As text, because most hosts have the same ones."""
    entry = json.loads(text)
    prints = tuple(sorted({text for text in entry["fingerprints"] if _FINGERPRINT.match(text)}))
    why = _rule(entry)
    if why:
        return LeftOut(printable(entry["name"]), why, prints)
    try:
        rights = tuple(Right("nopasswd" if one["nopasswd"] else "password", tuple(one["commands"]), one["runas"]) for one in entry["rights"])
        account = Account(
            entry["name"],
            entry["local"],
            tuple(sorted(_read_key(key) for key in entry["keys"])),
            rights,
            tuple(sorted(set(entry["groups"]))) if entry["local"] else (),
            entry["password"],
            _day(entry["expires"]),
            printable(entry["owner"]),
            tuple(_note(text) for text in entry["notes"]),
        )
        if not entry["name"].isprintable() or len({key.line for key in account.keys}) < len(account.keys):
            raise WantedError("its name cannot be printed, or a key is there twice")
        parse_wanted({"users": [as_user(account)]})
    except (WantedError, KeyFormatError, ValueError) as exc:
        return LeftOut(printable(entry["name"]), f"a team file cannot have it: {_note(str(exc))}", prints)
    return account


def _rule(entry: dict[str, Any]) -> str:
    """The rule by which an account is left out."""
    if entry["system"]:
        return "a system account"
    if entry["name"] in VENDOR_ACCOUNTS:
        return "an account of Alibaba Cloud"
    if entry["state"] != "open":
        return _STATES.get(entry["state"], "it cannot log in")
    return _note(entry["left_out"])


def _read_key(entry: dict[str, str]) -> Key:
    key = parse_public_key(entry["key"])
    if key.comment or not entry["options"].isprintable():
        raise WantedError("a key has an unexpected form")
    comment = entry["comment"].strip()
    return Key(key.line, key.fingerprint_sha256, entry["options"], comment if comment.isprintable() else "")


def as_user(account: Account) -> dict[str, Any]:
    """The account as one of the users of ssh_access."""
    keys = [{"key": key.line, **({"options": key.options} if key.options else {})} for key in account.keys]
    rules = [{"sudo": right.sudo, "commands": list(right.commands) or None, "runas": right.runas} for right in account.rights]
    user: dict[str, Any] = {"name": account.name, "account": "local" if account.local else "existing", "authorized_keys": keys}
    return {**user, "groups": list(account.groups) or None, "sudo_rules": rules or None}


def _day(text: str) -> str:
    try:
        return parse_day(text).isoformat()
    except ValueError:
        return ""


def _note(text: str) -> str:
    """A foreign sentence that fits into a comment."""
    return shorten(printable(" ".join(text.split())), _LONGEST_NOTE)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one instance reported about its logins, as records. The form of each field has been checked; its truth cannot be.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from typing import NamedTuple

KINDS = ("key", "command", "certificate_authority", "password", "bound_pair")
STATES = ("open", "locked", "expired", "nologin")
EFFECTIVE = ("yes", "no", "unknown")
WITH_KEY = ("key", "bound_pair", "certificate_authority")
"""Kinds that are known by a fingerprint."""


class Account(NamedTuple):
    """One account. C(owner), C(since) and C(given_keys) are what the record on the instance has of it."""

    name: str
    uid: int | None = None
    state: str = "open"
    password: str = "none"
    expires: str | None = None
    system: bool = False
    owner: str | None = None
    since: str | None = None
    given_keys: tuple[str, ...] = ()


class Method(NamedTuple):
    """One way to log in."""

    account: str
    kind: str
    source: str
    fingerprint: str | None = None
    type: str | None = None
    bits: int | None = None
    comment: str = ""
    options: tuple[str, ...] = ()
    effective: str = "unknown"
    why: str | None = None
    last_used: str | None = None

    @property
    def has_key(self) -> bool:
        """Whether it is found by its fingerprint, wherever else that key is."""
        return self.fingerprint is not None and self.kind in WITH_KEY

    @property
    def works(self) -> bool:
        """Whether a login may be possible with it. Only the command itself knows which keys it serves."""
        return self.effective != "no" and not (self.kind == "command" and self.effective == "unknown")


class Right(NamedTuple):
    """One way of an account to become root. No commands stand for all of them."""

    account: str
    by: str
    nopasswd: bool = False
    commands: tuple[str, ...] = ()


class PrivateKey(NamedTuple):
    """A private key that lies on the instance. C(encrypted) is None where that could not be seen."""

    path: str
    account: str | None = None
    fingerprint: str | None = None
    encrypted: bool | None = None


class Unread(NamedTuple):
    """What was not seen."""

    what: str
    why: str


class Facts(NamedTuple):
    """All of one instance."""

    seen: bool = False
    why: str | None = None
    via: str | None = None
    accounts: tuple[Account, ...] = ()
    methods: tuple[Method, ...] = ()
    rights: tuple[Right, ...] = ()
    private_keys: tuple[PrivateKey, ...] = ()
    at_next_boot: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    log_since: str | None = None

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The temporary public keys that Cloud Assistant's server holds for instances."""

from __future__ import annotations

from typing import Callable, NamedTuple

LIFETIME = 60
"""Seconds for which a key is valid."""


class TemporaryKey(NamedTuple):
    """A registered key; an empty user name means root."""

    user_name: str
    public_key: str
    expires: float


class KeyServer:
    """Keys by instance. A key that is registered again is valid for another full period."""

    def __init__(self, clock: Callable[[], float], lists_expired: bool = False) -> None:
        self._clock = clock
        self._lists_expired = lists_expired
        self._keys: dict[str, list[TemporaryKey]] = {}

    def register(self, instance_id: str, user_name: str, public_key: str) -> TemporaryKey:
        """Keep a key for an instance."""
        key = TemporaryKey(user_name, public_key, self._clock() + LIFETIME)
        others = [known for known in self._keys.get(instance_id, []) if known[:2] != key[:2]]
        self._keys[instance_id] = [*others, key]
        return key

    def keys(self, instance_id: str, user_name: str = "") -> list[TemporaryKey]:
        """The keys of an instance, of one user or of all."""
        now = self._clock()
        known = self._keys.get(instance_id, [])
        if not self._lists_expired:
            known = self._keys[instance_id] = [key for key in known if key.expires > now]
        return [key for key in known if not user_name or (key.user_name or "root") == user_name]

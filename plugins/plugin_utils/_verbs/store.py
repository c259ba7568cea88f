# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of one run hand to each other: a row for each host, answers of the cloud, host keys.

It lies in the folder for temporary files that ansible-core makes for each run and removes at its end. Every worker is a process of
its own; each host has its own file, and what a task that runs once has written is complete before the next task starts.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from typing import Any

import ansible.constants as C

_NAME = "ecs_access"


def write_private(path: str, text: str) -> None:
    """Make a file of mode 0600 appear whole, in place of what was there; raises OSError."""
    scratch = f"{path}.{secrets.token_hex(4)}"
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise


class RunStore:
    """Small JSON files that nobody else can read."""

    def __init__(self, folder: str | None = None) -> None:
        self.folder = os.path.join(folder or C.DEFAULT_LOCAL_TMP, _NAME)

    @property
    def known_hosts(self) -> str:
        """The file with the host keys of this run's instances."""
        return os.path.join(self.folder, "known_hosts")

    def read(self, kind: str, about: str = "") -> Any:
        """What was stored, None if nothing was."""
        try:
            with open(self._path(kind, about), encoding="utf-8") as stream:
                return json.load(stream)
        except FileNotFoundError:
            return None

    def write(self, kind: str, value: Any, about: str = "") -> None:
        """Store it, in place of what was there."""
        self.write_text(self._path(kind, about), json.dumps(value, default=str))

    def update(self, kind: str, entries: dict[str, Any]) -> None:
        """Add entries to a dictionary."""
        self.write(kind, {**(self.read(kind) or {}), **entries})

    def claim(self, kind: str, word: str, places: int) -> bool:
        """Whether I(word) is one of the first so many different words, whichever workers bring them at the same time."""
        self._make()
        for place in range(places):
            path = self._path(f"{kind}-{place}", "")
            with contextlib.suppress(FileExistsError):
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
                os.write(handle, json.dumps(word).encode())
                os.close(handle)
                return True
            if self._same(path, word):
                return True
        return False

    def rows(self, hosts: list[str]) -> dict[str, Any]:
        """The rows of those hosts that have one."""
        found = {host: self.read("row", host) for host in hosts}
        return {host: row for host, row in found.items() if row is not None}

    def write_text(self, path: str, text: str) -> None:
        """The same for a file of another kind."""
        self._make()
        write_private(path, text)

    def subfolder(self, name: str) -> str:
        """A folder for the files of a module, which makes it."""
        self._make()
        return os.path.join(self.folder, name)

    def read_in(self, name: str, stem: str) -> Any:
        """What a module has left in one of its JSON files there, None if there is no such file."""
        try:
            with open(os.path.join(self.folder, name, f"{stem}.json"), encoding="utf-8") as stream:
                return json.load(stream)
        except FileNotFoundError:
            return None

    def _make(self) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.folder, 0o700)

    @staticmethod
    def _same(path: str, word: str) -> bool:
        with open(path, encoding="utf-8") as stream:
            return stream.read() == json.dumps(word)

    def _path(self, kind: str, about: str) -> str:
        digest = "-" + hashlib.sha256(about.encode("utf-8", "surrogateescape")).hexdigest()[:24] if about else ""
        return os.path.join(self.folder, f"{kind}{digest}.json")

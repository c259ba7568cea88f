# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of hosts as Ansible holds them, made plain: templates resolved, and what is the same for many hosts read once.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.nodes import NotRegular, read_regular

from .team import Team, read_team
from .variables import KNOWN, is_layer

_MAX_KEY_FILE = 64 * 1024
_MAX_DEPTH = 20
_OMITTED = object()
_MARKS = ("{{", "{%", "{#")

Template = Callable[[Any], Any]


class TeamReader:
    """Reads the teams of any number of hosts. Lists that several hosts have in common are parsed for the first of them."""

    def __init__(self) -> None:
        self._teams: dict[tuple[tuple[str, int], ...], tuple[list[Any], Team]] = {}
        self._files: dict[str, str] = {}

    def read(self, variables: Mapping[str, Any], template: Template) -> Team:
        """The team of one host. I(variables) are as yet without their templates resolved, and I(template) resolves one."""
        raw = {name: variables[name] for name in variables if isinstance(name, str) and name.startswith("ssh_user")}
        wanted = {name: value for name, value in raw.items() if name in KNOWN or is_layer(name)}
        key = tuple(sorted((name, id(raw[name])) for name in raw))
        if key in self._teams:
            return self._teams[key][1]
        plain = _Plain(template, variables.get("omit"))
        values = plain.convert(wanted)
        team = read_team({**dict.fromkeys(raw), **values}, self._read_key)
        if not plain.templated:
            # The values are kept, so that no other gets the place in memory that stands for them.
            self._teams[key] = (list(raw.values()), team)
        return team

    def _read_key(self, named: Any) -> str:
        path = os.path.realpath(os.path.join(_folder_of(named), os.path.expanduser(str(named))))
        if path not in self._files:
            self._files[path] = _read_small_file(path)
        return self._files[path]


class _Plain:
    """Makes plain values of what Ansible parsed. The texts stay the same objects, for they know which file they come from."""

    def __init__(self, template: Template, omit: Any) -> None:
        self._template = template
        self._omit = omit
        self.templated = False

    def convert(self, value: Any, depth: int = 0, resolved: bool = False) -> Any:
        if depth > _MAX_DEPTH:
            raise ValueError(f"a variable of the team is nested more than {_MAX_DEPTH} deep")
        if isinstance(value, str):
            if not resolved and any(mark in value for mark in _MARKS):
                self.templated = True
                # In a list, because newer ansible-core refuses to answer with what is to be omitted, and leaves it out of the list.
                answer = self._template([value])
                return self.convert(answer[0], depth + 1, resolved=True) if answer else _OMITTED
            return value
        if isinstance(value, Mapping):
            items = {str(name): self.convert(item, depth + 1, resolved) for name, item in value.items()}
            return {name: item for name, item in items.items() if not self._is_omitted(item)}
        if isinstance(value, (list, tuple)):
            return [item for item in (self.convert(item, depth + 1, resolved) for item in value) if not self._is_omitted(item)]
        if value is None or isinstance(value, (bool, int, float, datetime.date)) or self._is_omitted(value):
            return value
        # Encrypted texts, which are resolved when they are read.
        return str(value)

    def _is_omitted(self, value: Any) -> bool:
        if value is _OMITTED or (self._omit is not None and value is self._omit):
            return True
        return isinstance(value, str) and isinstance(self._omit, str) and value == self._omit


def _folder_of(text: Any) -> str:
    """The folder of the file that a text was written in; where that is not known, the one that the person stands in."""
    path = find_origin(text)
    return os.path.dirname(path) if path else os.getcwd()


def find_origin(text: Any) -> str | None:
    """The file that Ansible read a text from."""
    position = getattr(text, "ansible_pos", None)
    if position and os.path.isabs(str(position[0])):
        return str(position[0])
    try:
        from ansible._internal._datatag._tags import Origin
    except ImportError:
        # ansible-core before 2.19.
        return None
    origin = Origin.get_tag(text)
    return str(origin.path) if origin is not None and origin.path else None


def _read_small_file(path: str) -> str:
    try:
        content = read_regular(path, _MAX_KEY_FILE + 1)
    except NotRegular:
        content = None
    except (OSError, ValueError) as exc:
        raise ValueError(f"the key file {path} cannot be read: {getattr(exc, 'strerror', None) or exc}") from None
    if content is None or len(content) > _MAX_KEY_FILE:
        raise ValueError(f"the key file {path} is not a file of at most {_MAX_KEY_FILE // 1024} KiB")
    text = content.decode("utf-8", "replace")
    if "PRIVATE KEY" in text:
        raise ValueError(f"the key file {path} is a private key; name the public half (.pub)")
    if not text.strip():
        raise ValueError(f"the key file {path} is empty")
    return text

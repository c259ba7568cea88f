# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading one mapping of a YAML file key by key, so that wrong types and unknown keys become sentences."""

from __future__ import annotations

from typing import Any, Sequence


class FleetError(ValueError):
    """The fleet file cannot be used. The message is one sentence that can be shown as it is."""


_REQUIRED = object()


class Reader:
    """One mapping; ``finish`` complains about keys that nobody asked for."""

    def __init__(self, content: object, place: str) -> None:
        if content is None:
            content = {}
        if not isinstance(content, dict):
            raise FleetError("%s is not a mapping" % place)
        self._content: dict[Any, Any] = content
        self._used: list[str] = []
        self.place = place

    def finish(self) -> None:
        """Raise FleetError when keys are left that were not read."""
        unknown = [str(key) for key in self._content if key not in self._used]
        if unknown:
            raise FleetError("%s: unknown key '%s'; known: %s" % (self.place, unknown[0], ", ".join(sorted(self._used))))

    def _get(self, key: str, default: Any) -> Any:
        self._used.append(key)
        value = self._content.get(key)
        if value is None:
            if default is _REQUIRED:
                raise FleetError("%s: '%s' is missing" % (self.place, key))
            return default
        return value

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        """A string; numbers are taken as their text."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise FleetError("%s: '%s' is not a text" % (self.place, key))
        return str(value)

    def optional_text(self, key: str) -> str | None:
        """A string, or None when not given."""
        return None if self._content.get(key) is None else self.text(key)

    def flag(self, key: str, default: bool) -> bool:
        """A boolean."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise FleetError("%s: '%s' is neither true nor false" % (self.place, key))
        return value

    def number(self, key: str, default: float) -> float:
        """A number that is not negative."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise FleetError("%s: '%s' is not a number of zero or more" % (self.place, key))
        return value

    def optional_number(self, key: str) -> int | None:
        """A whole number, or None when not given."""
        self._used.append(key)
        value = self._content.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise FleetError("%s: '%s' is not a whole number" % (self.place, key))
        return value

    def choice(self, key: str, known: Sequence[str], default: str) -> str:
        """One of the known strings."""
        value = self.text(key, default)
        if value not in known:
            raise FleetError("%s: '%s' is %s, not '%s'" % (self.place, key, " or ".join(item for item in known if item), value))
        return value

    def mapping(self, key: str) -> dict[str, Any]:
        """A mapping as it is."""
        value = self._get(key, {})
        if not isinstance(value, dict):
            raise FleetError("%s: '%s' is not a mapping" % (self.place, key))
        return value

    def text_mapping(self, key: str) -> dict[str, str]:
        """A mapping of strings."""
        return {str(name): str(value) for name, value in self.mapping(key).items()}

    def entries(self, key: str) -> list[Any]:
        """A list as it is."""
        value = self._get(key, [])
        if not isinstance(value, list):
            raise FleetError("%s: '%s' is not a list" % (self.place, key))
        return value

    def texts(self, key: str) -> list[str]:
        """A list of strings."""
        return [str(item) for item in self.entries(key)]

    def choices(self, key: str, known: Sequence[str]) -> tuple[str, ...]:
        """Some of the known strings."""
        values = tuple(self.texts(key))
        for value in values:
            if value not in known:
                raise FleetError("%s: '%s' takes %s, not '%s'" % (self.place, key, " and ".join(known), value))
        return values

    def section(self, key: str) -> Reader:
        """A mapping within."""
        return Reader(self._get(key, {}), "%s.%s" % (self.place, key))

    def sections(self, key: str) -> list[Reader]:
        """A list of mappings."""
        return [Reader(item, "%s[%d]" % (key, index)) for index, item in enumerate(self.entries(key))]

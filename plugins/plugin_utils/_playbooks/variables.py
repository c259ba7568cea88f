# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the playbooks: which there are, and what their values may be. Values may arrive as text, as C(-e name=value) gives them.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from .._output.similar import did_you_mean

FREE = "ecs_access__"
"""The beginning of names that are left to users."""

CHOICES = {
    "ecs_access_activation": ("live", "reboot", "none"),
    "ecs_access_previous_key": ("keep", "remove"),
    "ecs_access_bootstrap_key": ("keep", "unbind"),
    "ecs_access_prepare": ("auto", "never"),
    "ecs_access_fail_on": ("blocks", "warns", "never"),
    "ecs_access_leave": ("keep_access", "everything"),
    "ecs_access_mode": ("plan", "apply", "verify"),
    "ecs_access_account": ("lock", "remove", "remove_home"),
}
"""The first of each is what counts where nothing is set."""
_CHOICES_OF_PLAYBOOKS = {
    "audit": {"ecs_access_fail_on": ("high", "medium", "low", "info", "never"), "ecs_access_via": ("auto", "ssh", "assistant")},
}
SWITCHES = (
    "ecs_access_replace_bound",
    "ecs_access_bootstrap_python",
    "ecs_access_prove",
    "ecs_access_fail_on_drift",
    "ecs_access_private_key_lasts",
    "ecs_access_audit_dir_lasts",
    "ecs_access_record_dir_lasts",
    "ecs_access_exceed_half_quota",
    "ecs_access_replace_team_file",
    "ecs_access_team_file_lasts",
    "ecs_access_help",
)
PREFIXES = ("ecs_access_", "ssh_users_", "ssh_server_", "ssh_client_", "access_report_")

_IN_HEADER = re.compile(r"^#\s+(ecs_access_\w+)", re.MULTILINE)
_IN_ROLE = re.compile(r"^\s+((?:ssh_(?:users|server|client)|access_report)_\w+):", re.MULTILINE)
_IN_PLUGIN = re.compile(r"^\s+- name: (ecs_access_\w+)", re.MULTILINE)
_BATCHES = "ecs_access_serial"
_MAX_FAILED = "ecs_access_max_fail_percentage"
_BATCH = re.compile(r"\s*[0-9]{1,9}\s*%?")
_PERCENT = re.compile(r"\s*(100|[0-9]{1,2}(\.[0-9]{1,9})?)\s*%?\s*")
_YES, _NO = ("true", "yes", "on", "1", "y", "t"), ("false", "no", "off", "0", "n", "f", "")


def documented_names(texts: Iterable[str]) -> set[str]:
    """All names that the headers of playbooks, the argument specs of roles and the documentation of plugins have."""
    return {name for text in texts for pattern in (_IN_HEADER, _IN_ROLE, _IN_PLUGIN) for name in pattern.findall(text)}


def unknown_names(names: Iterable[str], documented: Collection[str]) -> Iterator[str]:
    """A sentence about each of I(names) that nothing documents."""
    for name in sorted(names):
        if not name.startswith(PREFIXES) or name.startswith(FREE) or name in documented or _is_layer(name, documented):
            continue
        yield f"There is no variable {name}{did_you_mean(name, documented, '. The first lines of each playbook list its variables.')}"


def choices_of(playbook: str) -> dict[str, tuple[str, ...]]:
    """What the values of variables may be, where there are few: one name can mean another thing in another playbook."""
    return {**CHOICES, **_CHOICES_OF_PLAYBOOKS.get(playbook, {})}


def wrong_value(values: Mapping[str, Any], known: Mapping[str, tuple[str, ...]] | None = None) -> str:
    """The sentence about the first value that is not one of its choices; empty if there is none."""
    for name, choices in (CHOICES if known is None else known).items():
        if name in values and str(values[name]) not in choices:
            return f"{name} must be {', '.join(choices[:-1])} or {choices[-1]}, not '{values[name]}'."
    for name in SWITCHES:
        if name in values:
            try:
                is_on(values[name], name)
            except ValueError as exc:
                return str(exc)
    return ""


def wrong_batches(values: Mapping[str, Any]) -> str:
    """The sentence about how hosts are divided, of which the play itself would make an exception; empty if nothing is wrong with it."""
    serial, most = (str(values.get(name) or "") for name in (_BATCHES, _MAX_FAILED))
    if serial and not all(_BATCH.fullmatch(word) for word in serial.split(",")):
        return f"{_BATCHES} must be numbers of hosts or percentages, such as 10, 25% or 1,10,50%, not '{serial[:60]}'."
    if most and not _PERCENT.fullmatch(most):
        return f"{_MAX_FAILED} must be a percentage from 0 to 100, not '{most[:60]}'."
    return ""


def is_on(value: Any, name: str = "the value") -> bool:
    """A switch. Raises ValueError for what is neither yes nor no."""
    if isinstance(value, bool):
        return value
    text = str("" if value is None else value).strip().lower()
    if text in _YES or text in _NO:
        return text in _YES
    raise ValueError(f"{name} must be true or false, not '{value}'.")


def read_mapping(value: Any, name: str) -> dict[str, Any]:
    """A dictionary, also as text: JSON, or C(name=value) with commas between them. Raises ValueError."""
    if isinstance(value, str):
        text = value.strip()
        try:
            value = json.loads(text) if text.startswith("{") else dict(word.strip().split("=", 1) for word in text.split(",") if word.strip())
        except ValueError:
            value = None
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a dictionary, or text such as john=~/.ssh/john,mary=~/.ssh/mary.")
    return dict(value)


def read_list(value: Any, name: str) -> list[Any]:
    """A list, also as text: JSON, or words with commas between them. Raises ValueError."""
    if isinstance(value, str):
        text = value.strip()
        try:
            value = json.loads(text) if text.startswith("[") else [word.strip() for word in text.split(",") if word.strip()]
        except ValueError:
            value = None
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{name} must be a list.")
    return list(value)


def _is_layer(name: str, documented: Collection[str]) -> bool:
    """Whether it is a further layer of a documented list, such as ssh_users_accounts__build."""
    stem, separator, rest = name.partition("__")
    return bool(separator and rest and stem in documented)

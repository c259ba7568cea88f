# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module returns, held against its documentation: every value is documented, and of the documented type."""

from __future__ import annotations

import functools
import importlib
from typing import Any, Iterator, Mapping

import yaml

MODULES = "ansible_collections.alicloud.ecs_access.plugins.modules."
# What Ansible itself, or every module alike, returns; the tests' fixture adds what begins with an underscore.
COMMON = {"changed", "failed", "msg", "warnings", "deprecations", "diff", "invocation", "exception", "failure", "skipped"}
_TYPES = {"str": str, "int": int, "bool": bool, "dict": Mapping, "list": list, "float": float, "raw": object}


@functools.cache
def returned_by(module: str) -> Mapping[str, Any]:
    """The documentation of the values that a module returns."""
    return yaml.safe_load(importlib.import_module(MODULES + module).RETURN)


def differences(module: str, result: Mapping[str, Any]) -> list[str]:
    """Every value of a result that the documentation lacks, or has with another type; and those that it promises and the result lacks."""
    documentation = returned_by(module)
    given = {name: value for name, value in result.items() if not name.startswith("_") and (name in documentation or name not in COMMON)}
    kinds = {"always"} if result.get("failed") else {"always", "success"}
    return list(_compare(given, documentation, "", kinds))


def wrong_samples(module: str) -> list[str]:
    """Every value that is documented without a sample, or with one of another type."""
    return list(_check_samples(returned_by(module), ""))


def _compare(given: Mapping[str, Any], documentation: Mapping[str, Any], where: str, kinds: set[str]) -> Iterator[str]:
    yield from (f"{where}{name} is not documented" for name in given if name not in documentation)
    yield from (f"{where}{name} is missing" for name, entry in documentation.items() if entry.get("returned") in kinds and name not in given)
    for name, value in given.items():
        entry = documentation.get(name)
        if entry is None:
            continue
        yield from _wrong_type(value, entry, where + name)
        if "contains" in entry:
            parts = value if isinstance(value, list) else [value]
            for part in parts:
                # An entry of a list is complete, whether the task failed or not; an empty dictionary stands for nothing.
                if isinstance(part, Mapping) and part:
                    yield from _compare(part, entry["contains"], f"{where}{name}.", {"always", "success"})


def _wrong_type(value: Any, entry: Mapping[str, Any], name: str) -> Iterator[str]:
    if value is None:
        if "null" not in str(entry["description"]):
            yield f"{name} is null, which its description does not mention"
    elif not _is(value, entry["type"]):
        yield f"{name} is {value!r}, not of type {entry['type']}"
    elif entry["type"] == "list":
        yield from (f"{name} has {item!r}, not of type {entry['elements']}" for item in value if not _is(item, entry["elements"]))


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind in ("bool", "raw") or not isinstance(value, bool))


def _check_samples(documentation: Mapping[str, Any], where: str) -> Iterator[str]:
    for name, entry in documentation.items():
        if "contains" in entry:
            yield from _check_samples(entry["contains"], f"{where}{name}.")
        elif "sample" not in entry:
            yield f"{where}{name} has no sample"
        if "sample" in entry:
            yield from _wrong_type(entry["sample"], entry, f"the sample of {where}{name}")

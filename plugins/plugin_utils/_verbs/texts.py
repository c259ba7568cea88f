# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of this collection that are read at run time: the first lines of playbooks are their documentation.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from .._playbooks.variables import documented_names

_ROOT = Path(__file__).resolve().parents[3]


def help_text(playbook: str) -> str:
    """The first lines of a playbook, as text."""
    lines = (_ROOT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8").splitlines()
    comment = []
    for line in lines[1:]:
        if not line.startswith("#"):
            break
        comment.append(line[2:])
    return "\n".join(comment)


def documented() -> set[str]:
    """Every variable that the collection documents."""
    return documented_names(_texts())


def collection_version() -> str:
    """The version of this collection, as its archive or its source has it; empty if neither does."""
    try:
        if (_ROOT / "MANIFEST.json").exists():
            return str(json.loads((_ROOT / "MANIFEST.json").read_text(encoding="utf-8"))["collection_info"]["version"])
        found = re.search(r"^version: (\S+)$", (_ROOT / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, ValueError, KeyError):
        return ""
    return found.group(1) if found else ""


def _texts() -> Iterator[str]:
    for folder, pattern in (("playbooks", "*.yml"), ("roles", "*/meta/argument_specs.yml"), ("plugins/connection", "*.py"), ("plugins/inventory", "*.py")):
        for path in sorted((_ROOT / folder).glob(pattern)):
            yield path.read_text(encoding="utf-8")

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance whose root answers for modules what root likes; everything else works as before."""

from __future__ import annotations

import json
from typing import Any, Iterable

from lab.instance import Instance

_PYTHON = """#!/bin/sh
# Poses as Python: answers for the chosen modules, and passes on the rest.
said=$(mktemp)
cat > "$said"
if cat "$said" "$@" 2>/dev/null | grep -qE '%(modules)s'; then
    echo answered >> /run/answered
    cat /run/answer.json
else
    exec /usr/libexec/true-python "$@" < "$said"
fi
"""


def answer_for(instance: Instance, modules: Iterable[str], answer: dict[str, Any]) -> None:
    """From now on every one of these modules of the collection ends with this result, whatever it was asked."""
    instance.put("/run/answer.json", json.dumps(answer))
    instance.put("/run/python", _PYTHON % {"modules": "|".join(f"modules[./]{module}" for module in modules)}, "0755")
    instance.exec("""
        real=$(readlink -f /usr/bin/python3)
        mkdir -p /usr/libexec
        [ -e /usr/libexec/true-python ] || cp -p "$real" /usr/libexec/true-python
        cp /run/python "$real.new" && mv "$real.new" "$real"
    """)


def answers(instance: Instance) -> int:
    """How often that has happened."""
    return len(instance.exec("cat /run/answered", check=False).splitlines())

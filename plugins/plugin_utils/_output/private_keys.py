# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private key among arguments is a slip, and it must not get as far as a module: every module that is called writes its arguments to the
journal of the machine that it runs on, the controller included, before it looks at them.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import re
from typing import Any

# Of every kind: OPENSSH, RSA, EC, ENCRYPTED, and the one of PuTTY. The last is how the first goes on, for one without its head line.
_BEGINNING = re.compile(r"-----\s*BEGIN[ A-Z0-9]*PRIVATE KEY|PuTTY-User-Key-File-[0-9]|(?-i:b3BlbnNzaC1rZXktdj)", re.IGNORECASE)


def refuse_private_key(arguments: dict[str, Any]) -> str | None:
    """The sentence that refuses arguments with a private key; None if there is none."""
    secret = find_private_key(arguments)
    return f"{secret} holds a private key; nothing was sent. Give the public half, the content of the .pub file" if secret else None


def find_private_key(value: Any, place: str = "") -> str | None:
    """Where in the arguments a private key stands, such as C(users[0].authorized_keys[1]); None if there is none."""
    if isinstance(value, str):
        return place if _BEGINNING.search(value) else None
    if isinstance(value, dict):
        if any(find_private_key(str(name)) is not None for name in value):
            return f"a name in {place}" if place else "the name of an option"
        pairs = [(key, f"{place}.{name}" if place else str(name)) for name, key in value.items()]
    elif isinstance(value, (list, tuple)):
        pairs = [(item, f"{place}[{number}]") for number, item in enumerate(value)]
    else:
        return None
    return next((found for item, where in pairs if (found := find_private_key(item, where)) is not None), None)

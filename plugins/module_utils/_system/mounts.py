# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems that are mounted.

Note that this module util is **PRIVATE** to the collection.
"""

import re
from typing import Dict

from .._text import text_lines


def read_mount_types() -> Dict[str, str]:
    """Mount point to type of file system; empty where it cannot be read."""
    try:
        with open("/proc/self/mountinfo", errors="surrogateescape", newline="\n") as stream:
            return parse_mount_types(stream.read())
    except OSError:
        return {}


def parse_mount_types(text: str) -> Dict[str, str]:
    """The same from the text of C(mountinfo); where several are mounted in one place, the one on top counts."""
    lines = [line.split() for line in text_lines(text)]
    return {re.sub(r"\\([0-7]{3})", lambda code: chr(int(code.group(1), 8)), fields[4]): fields[fields.index("-") + 1] for fields in lines}

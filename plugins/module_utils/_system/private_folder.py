# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A place for copies of settings that a tool checks before they take effect: root's alone, and never left behind.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import shutil
import tempfile
from typing import Iterator

from .._names import COPIES, FORMER_COPIES

_PARENT = "/run"


@contextlib.contextmanager
def private_folder() -> Iterator[str]:
    """A new folder, gone when the block ends. Its name has the id of the process that made it, for C(clear_folders)."""
    folder = tempfile.mkdtemp(prefix="%s%d-" % (COPIES, os.getpid()), dir=_PARENT)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_folders() -> None:
    """Remove the folders that killed runs left."""
    for name in os.listdir(_PARENT):
        for prefix in (COPIES,) + FORMER_COPIES:
            number = name[len(prefix) :].partition("-")[0]
            if name.startswith(prefix) and number.isdigit() and not os.path.exists("/proc/" + number):
                shutil.rmtree(os.path.join(_PARENT, name), ignore_errors=True)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights of an account for a while, taken on as sshd does before it opens a key file: all groups, and the kernel decides.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
from typing import Iterator, Optional


@contextlib.contextmanager
def acting_as(name: str, uid: Optional[int], gid: Optional[int]) -> Iterator[None]:
    """Let the kernel apply the rights of an account instead of root's. Real and saved ids stay root's; does not nest.

    Nothing changes for root itself (uid 0), for an account that was not found (-1) or has no number yet (None), and where we are not root.
    """
    if os.geteuid() != 0 or uid in (0, -1, None) or gid is None:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    try:
        os.setgroups(os.getgrouplist(name, gid))
        os.setegid(gid)
        os.seteuid(uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)

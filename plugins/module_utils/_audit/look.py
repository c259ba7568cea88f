# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chapters of the host that this runs on: the same programs that are sent to instances, called by name.

Note that this module util is **PRIVATE** to the collection.
"""

import json
import os
import time
from typing import Any, List

from .._errors import AccessError
from .host import Host, Identity, interpret
from .programs import accounts, rights, use
from .records import UnreadRecord, read_facts


class NotRoot(AccessError):
    """Without root nothing of it can be read."""

    code = "not_root"


def look_at_host(identity: Identity) -> Host:
    """The object of this host, as if it had answered through Cloud Assistant."""
    if os.geteuid() != 0:
        raise NotRoot("root is needed to see who can log in; use become")
    records: List[Any] = []
    unread: List[UnreadRecord] = []
    for name, chapter in (("accounts", accounts), ("rights", rights), ("use", use)):
        try:
            records += json.loads(json.dumps(chapter.collect()))
        except (OSError, ValueError, LookupError, TypeError) as exc:
            unread.append(UnreadRecord("chapter %s" % name, "it could not be read: %s" % exc))
    clock = "%Y%m%d%H%M%S"
    return interpret(read_facts(records, time.strftime(clock), time.strftime(clock, time.gmtime())), unread, identity, "ssh")

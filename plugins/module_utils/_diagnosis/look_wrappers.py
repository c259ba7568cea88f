# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask TCP wrappers whether they let a client in: the library that sshd asks, with everything that it would run left out.

Note that this module util is **PRIVATE** to the collection.
"""

import ctypes

from .._system.child import in_child
from .._system.nodes import read_quietly
from .facts import NOTHING_TO_ASK, Answer, Request
from .look_server import find_name, is_linked_to_libwrap

_SECONDS = 15
_FILES = ("/etc/hosts.allow", "/etc/hosts.deny")
_UNKNOWN = b"unknown"


def ask(request: Request, program: str) -> Answer:
    """Whether hosts.allow and hosts.deny admit the address."""
    if not program or not is_linked_to_libwrap(program) or not any(_has_rules(path) for path in _FILES):
        return NOTHING_TO_ASK
    if request.address is None:
        return Answer(None, "where the login comes from is not known")
    address, name = request.address, request.name or find_name(request.address)
    told = in_child(lambda: _ask(address, name), _SECONDS)
    if "error" in told:
        return Answer(None, told["error"])
    return Answer(bool(told["answer"]))


def _has_rules(path: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in read_quietly(path).split("\n"))


def _ask(address: str, name: str) -> bool:
    library = ctypes.CDLL("libwrap.so.0")
    ctypes.c_int.in_dll(library, "dry_run").value = 1
    return bool(library.hosts_ctl(b"sshd", name.encode() or _UNKNOWN, address.encode(), _UNKNOWN))

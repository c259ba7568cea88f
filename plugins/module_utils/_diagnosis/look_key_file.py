# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One key file, opened the way sshd opens it, and which step fails where one does.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
from typing import Optional, Tuple

from .._openssh.authorized_keys import parse_key_file
from .._openssh.keys import PublicKey
from .._system.nodes import NotRegular, chain, find_closed, look_at, read_regular
from .._system.records import Node
from .._system.rights import acting_as
from .facts import AccountFacts, KeyFileFacts


def look_at_key_file(account: AccountFacts, name: str, path: str, key: Optional[PublicKey] = None) -> KeyFileFacts:
    """Open the file the way sshd does, and find out which step fails where one does."""
    nodes = chain(path)
    status, error = "ok", ""
    content = b""
    with acting_as(name, account.uid, account.gid):
        try:
            content = read_regular(path)
        except IsADirectoryError:
            status = "not_regular"
        except (FileNotFoundError, NotADirectoryError):
            status = "missing"
        except PermissionError:
            status = "denied"
        except NotRegular:
            status = "not_regular"
        except OSError as exc:
            # A socket, or a device without a driver, cannot be opened at all.
            status, error = ("not_regular" if nodes[-1].kind in ("socket", "device") else "error"), exc.strerror or ""
        blocked = find_closed(nodes) if status == "denied" else ""
    if status == "denied" and key is not None:
        # What the account cannot read may be anything, of anybody: it is compared and not shown.
        with contextlib.suppress(OSError):
            lines = parse_key_file(read_regular(path))
            content = key.line.encode() if any(line.key and line.key.same_key(key) for line in lines) else b""
    secured = () if status in ("missing", "not_regular") else _secured(account, path)
    return KeyFileFacts(path, status, nodes, secured, blocked, content, error)


def _secured(account: AccountFacts, path: str) -> Tuple[Node, ...]:
    current = os.path.realpath(path)
    home = os.path.realpath(account.home)
    found = [look_at(current, account.uid)]
    while True:
        current = os.path.dirname(current)
        node = look_at(current, account.uid)
        # Named as the account names it, so that the judge knows it again.
        named = account.home.rstrip("/")
        found.append(node._replace(path=named, fixed=node.fixed and current == named) if current == home else node)
        if current in (home, "/"):
            return tuple(found)

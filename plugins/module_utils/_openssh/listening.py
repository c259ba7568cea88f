# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a connection still comes through to the listener that the settings describe.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Optional

from .rules import Effective


def find_listening_problem(effective: Effective, address: str, port: int) -> Optional[str]:
    """Why sshd would not answer at I(address) and I(port) of its host any more; None if it would."""
    texts = effective.get("listenaddress", [])
    wildcard = "[::]" if ":" in address else "0.0.0.0"
    own = "[%s]" % address if ":" in address else address
    if texts and not any(text in ("%s:%d" % (wildcard, port), "%s:%d" % (own, port)) for text in texts):
        return "sshd would listen on %s, and not on %s:%d, to which this run is connected" % (" and ".join(texts), own, port)
    if (effective.get("persourcemaxstartups") or ["none"])[0] == "0":
        return "PerSourceMaxStartups is 0, which refuses every connection"
    return None

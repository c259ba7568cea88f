# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of two keys a server accepts: one of which the public half is enough, and one that then opens the connection.

A server answers the offer of a public key before it wants a signature. That the second key opens a connection shows that the refusal of the
first is about this key, not about the address, the account or the network.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import text_lines

from .proof import Attempt, Target, proof_command

_KEY = r".* (SHA256:[A-Za-z0-9+/]{43})(?: .*)?$"
_OFFERED = re.compile(r"debug1: Offering public key: " + _KEY)
_ACCEPTED = re.compile(r"debug1: Server accepts key: " + _KEY)
_NEXT = "debug1: Authentications that can continue:"
_IN = ("Authenticated to ", "debug1: Authentication succeeded")


class Answers(NamedTuple):
    """Fingerprints of keys that the server accepted and refused, and the one that opened the connection; empty if none did."""

    accepted: frozenset[str]
    refused: frozenset[str]
    opened: str

    def merge(self, other: Answers) -> Answers:
        """What both connections together show."""
        return Answers(self.accepted | other.accepted, self.refused | other.refused, other.opened or self.opened)


def offer_command(target: Target, public_keys: Sequence[str], log: str, timeout: int, with_agent: bool) -> Attempt:
    """ssh offers the files of public keys in their order, then the private key of the target. Its own log goes to a file of its own.

    With an agent, what that one holds comes first. Banners and what the far side prints come on standard error, so that nothing there can
    be taken for ssh's own words.
    """
    attempt = proof_command(target, True, timeout)
    options = ["FingerprintHash=sha256", *([] if with_agent else ["IdentityAgent=none"]), *(f'IdentityFile="{path}"' for path in public_keys)]
    words = [word for option in options for word in ("-o", option)]
    return attempt._replace(command=[attempt.command[0], "-v", "-E", log, *words, *attempt.command[1:]])


def read_answers(log: str) -> Answers:
    """What ssh wrote to its log."""
    accepted, refused = set(), set()
    offered = opened = last = ""
    for line in map(str.rstrip, text_lines(log)):
        if found := _OFFERED.match(line):
            offered = found[1]
        elif found := _ACCEPTED.match(line):
            accepted.add(found[1])
            last, offered = found[1], ""
        elif line.startswith(_NEXT) and offered:
            refused.add(offered)
            offered = ""
        elif line.startswith(_IN):
            opened = last
    return Answers(frozenset(accepted), frozenset(refused), opened)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have sshd refuse keys for every account: the lists that it reads (RevokedKeys), and what to add to them.

Note that this module util is **PRIVATE** to the collection.
"""

import os
from typing import Dict, List, Optional, Sequence

from .._names import REVOKED_KEYS
from .._openssh.keys import KeyFormatError, PublicKey, parse_public_key
from .._openssh.revoked_list import HEADER, is_text_list, missing_keys, with_keys
from .._openssh.rules import revoked_keys_file
from .._system import files
from .._system.server import is_roots
from .._system.sshd import SshdError
from .._system.sshd_tree import find_file
from .look_candidate import Planner
from .plan import Plan, Verdict
from .plan_hardening import NOTHING_CHANGED

_KEYWORD = "revokedkeys"


def parse_revoked(texts: Sequence[str]) -> List[PublicKey]:
    """The option of the module; SshdError for what is not a public key."""
    try:
        keys = [parse_public_key(text, "revoked_keys[%d]" % index) for index, text in enumerate(texts)]
    except KeyFormatError as exc:
        raise SshdError("%s; %s" % (exc, NOTHING_CHANGED))
    return list({key.blob: key._replace(comment="") for key in keys}.values())


def plan_revoked(planner: Planner, keys: Sequence[PublicKey]) -> Plan:
    """Add the keys to each list that sshd reads for any account, or give it a list; nothing else may change."""
    before = planner.current()
    settings = planner.own_settings()
    general = revoked_keys_file(before.general)
    changes: Dict[str, Optional[bytes]] = {}
    for path in dict.fromkeys([general or REVOKED_KEYS] + _lists_in_match(planner)):
        content = _read_list(path)
        if missing_keys(content, keys):
            changes[path] = with_keys(content, keys)
    if general is not None:
        return Plan(changes, "none", before, before, settings)
    plan = planner.find_candidate(before, dict(settings, RevokedKeys=REVOKED_KEYS), _has_list)
    if not _has_list(plan.after):
        raise SshdError("RevokedKeys does not take effect; check the options that sshd is started with, %s" % NOTHING_CHANGED)
    planner.refuse_side_effects(before, plan.after, [_KEYWORD])
    return plan._replace(changes={**plan.changes, **changes})


def make_list() -> None:
    """A list of ours without any key, before sshd reads it: a path that leads to nothing would make it refuse every key."""
    if find_file(REVOKED_KEYS) is None:
        files.write_file(REVOKED_KEYS, HEADER)


def _has_list(verdict: Verdict) -> bool:
    return revoked_keys_file(verdict.general) is not None


def _lists_in_match(planner: Planner) -> List[str]:
    found = []
    for directive in planner.tree.directives():
        if directive.match and directive.keyword == _KEYWORD:
            path = " ".join(directive.arguments)
            if path.lower() == "none":
                raise SshdError(
                    "RevokedKeys none in the block Match %s (%s) would let revoked keys in; remove it, %s" % (directive.match, directive.place, NOTHING_CHANGED)
                )
            found.append(path)
    return found


def _read_list(path: str) -> bytes:
    if path == REVOKED_KEYS and not os.path.lexists(path):
        return HEADER
    if not os.path.isabs(path) or not is_roots(path):
        reason = "is missing, so that sshd refuses every key" if not os.path.lexists(path) else "can be changed by users other than root"
        raise SshdError("the RevokedKeys file %s %s; no key was added to it, %s" % (path, reason, NOTHING_CHANGED))
    content = find_file(path) or b""
    if not is_text_list(content):
        raise SshdError(
            "the RevokedKeys file %s is a binary list (KRL), to which no key is added here; add it with 'ssh-keygen -k -u -f %s KEY.pub', %s"
            % (path, path, NOTHING_CHANGED)
        )
    return content

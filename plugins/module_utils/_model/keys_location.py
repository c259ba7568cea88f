# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where sshd looks for a user's keys, and which groups it lets in: the little of sshd_config that accounts depend on.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import Iterable, NamedTuple, Optional, Tuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.sshd_config import Directive

DEFAULT_PATTERNS = (".ssh/authorized_keys", ".ssh/authorized_keys2")


class SshdWords(NamedTuple):
    """What a set of configuration texts says. C(keys_in_match): only sshd itself knows which value a user gets."""

    key_files: Tuple[str, ...] = DEFAULT_PATTERNS
    keys_in_match: bool = False
    allow_groups: Tuple[str, ...] = ()


def read_words(directives: Iterable[Directive]) -> SshdWords:
    """Sum up directives, included ones already in their place; the first value outside of Match wins, as for sshd."""
    key_files = None
    keys_in_match = False
    groups = ()  # type: Tuple[str, ...]
    for directive in directives:
        if directive.keyword == "authorizedkeysfile":
            if directive.match:
                keys_in_match = True
            elif key_files is None:
                key_files = directive.arguments
        elif directive.keyword == "allowgroups":
            groups += directive.arguments
    return SshdWords(DEFAULT_PATTERNS if key_files is None else key_files, keys_in_match, groups)


def expand_pattern(pattern: str, user: str, uid: Optional[int], home: str) -> str:
    """Replace sshd's tokens; a relative path lies under the home."""
    tokens = {"%": "%", "h": home, "u": user, "U": "" if uid is None else str(uid)}
    path = re.sub("%(.)", lambda match: tokens.get(match.group(1), match.group(0)), pattern)
    return path if path.startswith("/") else home.rstrip("/") + "/" + path

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a user has a public key that sshd would accept, judged key by key.

Note that this module util is **PRIVATE** to the collection.
"""

import time
from typing import List, Mapping, Optional, Sequence

from .._diagnosis.facts import Facts, Request, ServerFacts
from .._diagnosis.finding import BLOCKS
from .._diagnosis.judge_keys import judge_keys
from .._diagnosis.judge_settings import judge_algorithms
from .._diagnosis.look_account import read_account
from .._diagnosis.look_key_command import query_key_command
from .._diagnosis.look_keys import read_key_files, read_revoked
from .._diagnosis.look_server import is_debians
from .._openssh.authorized_keys import parse_key_file

_MOST_KEYS, _SECONDS = 50, 20
"""Each is looked for in all files: an account can have thousands, in files that take seconds to read, and other runs wait for this one."""


def find_key_problem(program: str, effective: Mapping[str, Sequence[str]], user: str, address: Optional[str]) -> Optional[str]:
    """Why none of the user's keys would be accepted by I(program) with the settings I(effective); None if one would.

    Who comes with a certificate has no key here: None too, where sshd takes certificates.
    """
    if (effective.get("trustedusercakeys") or ["none"])[0] != "none":
        return None
    now = time.time()
    local, utc = (time.strftime("%Y%m%d%H%M%S", clock) for clock in (time.localtime(now), time.gmtime(now)))
    facts = Facts(
        Request(user, None, address, None, local, utc, int(now // 86400)),
        account=read_account(user),
        server=ServerFacts(effective={keyword: tuple(values) for keyword, values in effective.items()}, debian=is_debians(program)),
    )
    facts = facts._replace(key_files=read_key_files(facts), command=query_key_command(facts))
    texts = [item.content for item in facts.key_files] + [facts.command.output]
    problems: List[str] = []
    keys = list({line.key.blob: line.key for text in texts for line in parse_key_file(text) if line.key is not None}.values())
    tried, late = 0, time.monotonic() + _SECONDS
    for key in keys[:_MOST_KEYS]:
        if time.monotonic() > late:
            break
        tried += 1
        asked = facts._replace(request=facts.request._replace(key=key))
        asked = asked._replace(revoked=read_revoked(asked))
        found = [finding.evidence for finding in judge_keys(asked) + judge_algorithms(asked) if finding.severity == BLOCKS]
        if not found:
            return None
        problems += found
    problems += [finding.evidence for finding in judge_keys(facts) if finding.severity == BLOCKS]
    files = " or ".join(item.path for item in facts.key_files)
    rest = "; of its %d keys, only the first %d were tried" % (len(keys), tried) if len(keys) > tried else ""
    return problems[0] + rest if problems else "there is none in %s" % (files or "any file that sshd reads")

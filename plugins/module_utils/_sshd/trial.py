# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trial before the change: each user logs in with a throw-away key through a private sshd that has the new settings.

It finds what no test of a configuration can: a locked or expired account, a rule of PAM, a shell that isn't there.

Note that this module util is **PRIVATE** to the collection.
"""

from typing import Dict, Optional, Sequence

from .._diagnosis.facts import Facts, Request, ServerFacts
from .._diagnosis.proof import Proof
from .._diagnosis.prove import prove_login
from .._openssh.rules import Effective
from .._system.sshd import Origin, SshdError
from .plan import Verdict


def try_logins(program: str, verdict: Verdict, users: Sequence[str], origin: Origin) -> Dict[str, str]:
    """The result of each user's trial. SshdError if one was refused.

    Only being let in counts. What the session does is not judged: one inside another can fail where one of its own does
    not, for pam_loginuid writes its mark only once.
    """
    outcome = {}
    refused = []
    for user in users:
        proof = _try_login(program, verdict.users[user], user, origin)
        outcome[user] = "let in" if proof.accepted else proof.text
        if proof.accepted is False:
            refused.append(proof.text)
    if refused:
        raise SshdError(
            "with the new settings not all users could log in with a key: %s; nothing was changed. The check of logins "
            "(ssh_login_check) shows the causes; proof: skip skips this trial" % "; ".join(refused)
        )
    return outcome


def find_trial_problem(program: str, effective: Effective, user: str, origin: Origin) -> Optional[str]:
    """Why one user is not let in, or is let in and gets no session because of the settings; None also where nothing can be tried."""
    proof = _try_login(program, effective, user, origin)
    confined = effective.get("chrootdirectory", ["none"]) != ["none"] or effective.get("maxsessions") == ["0"]
    return proof.text if proof.accepted is False or (proof.accepted and confined and not proof.ran) else None


def _try_login(program: str, effective: Effective, user: str, origin: Origin) -> Proof:
    values = {keyword: tuple(words) for keyword, words in effective.items()}
    request = Request(user, address=origin.address, port=origin.local_port, local_address=origin.local_address)
    return prove_login(Facts(request, server=ServerFacts(program=program, effective=values)))

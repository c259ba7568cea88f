# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask PAM whether it lets the account in, and which line of its stack refuses where it does not.

Note that this module util is **PRIVATE** to the collection.
"""

from typing import Any, Dict, List, Optional, Tuple

from .._system.child import in_child
from .._system.pam import SUCCESS, Pam
from .facts import Answer, Facts, PamAnswer, PamEntry
from .look_pam import find_unsafe_pam
from .pam_stack import CHANGES, find_culprit, find_judging, find_unasked, render_account, render_line, render_session

_SECONDS = 20


def ask(facts: Facts) -> Tuple[PamAnswer, ...]:
    """The account stage, and of the session stage those modules that only judge."""
    if not facts.uses_pam or not facts.account.found or not facts.pam.configured:
        return ()
    reason = _obstacle(facts)
    if reason:
        return (PamAnswer("account", Answer(None, reason)),)
    user, remote = facts.request.user, facts.request.name or facts.request.address or ""
    told = in_child(lambda: _ask(facts.pam.entries, user, remote), _SECONDS)
    if "error" in told:
        return (PamAnswer("account", Answer(None, told["error"])),)
    found = []
    for stage in ("account", "session"):
        answer = _to_answer(stage, told["answer"][stage], facts) if stage in told["answer"] else PamAnswer(stage)
        left_out = find_unasked([entry for entry in facts.pam.entries if entry.kind == stage])
        if left_out is not None and answer.answer.yes is not False:
            answer = PamAnswer(stage, Answer(None, "%s: asking %s would change something" % (left_out.place, left_out.module)))
        found.append(answer)
    return tuple(item for item in found if item.answer.relevant)


def _obstacle(facts: Facts) -> str:
    if not facts.root:
        return "that takes root"
    unsafe = find_unsafe_pam()
    return "PAM would load %s, which others than root can change" % unsafe if unsafe else ""


def _ask(entries: Tuple[PamEntry, ...], user: str, remote: str) -> Dict[str, Any]:
    """In the child: the code and log of each stage, and the index of the entry that refuses."""
    pam = Pam()
    found = {}
    account = [entry for entry in entries if entry.kind == "account"]
    if find_unasked(account) is None:
        found["account"] = _explain(pam, pam.ask(user, remote), account, user, remote)
    elif pam.is_private:
        # A refusal by the rest is one whatever the others say.
        found["account"] = _explain(pam, pam.ask_of(render_account(account), user, remote), account, user, remote)
    session = [entry for entry in entries if entry.kind == "session"]
    stack = render_session(session)
    if pam.is_private and stack:
        found["session"] = _explain(pam, pam.ask_of(stack, user, remote), find_judging(session), user, remote)
    return found


def _explain(pam: Pam, verdict: Any, entries: List[PamEntry], user: str, remote: str) -> Dict[str, Any]:
    found = {"code": verdict.code, "text": verdict.text, "log": verdict.log, "shown": verdict.shown, "place": ""}
    if verdict.code != SUCCESS and pam.is_private:
        alone = {}
        for entry in entries:
            if entry.module not in CHANGES:
                alone[entry.place] = pam.ask_of(render_line(entry), user, remote)
        culprit = find_culprit(entries, {place: one.code for place, one in alone.items()})
        if culprit is not None:
            found.update(place=culprit.place, log=alone[culprit.place].log)
    return found


def _to_answer(stage: str, told: Dict[str, Any], facts: Facts) -> PamAnswer:
    entry: Optional[PamEntry] = next((item for item in facts.pam.entries if item.place == told["place"]), None)
    own = [line.partition(": ")[2] for line in told["log"] if "(sshd:" in line and "conversation" not in line]
    shown = [line.strip() for line in told["shown"] if line.strip()]
    why = (own or shown or [told["text"]])[0][:200]
    # Of an expired password too: sshd lets the user in, but runs nothing before it is changed.
    refused = told["code"] != SUCCESS
    return PamAnswer(stage, Answer(not refused, why if refused else "", told["place"]), told["code"], entry)

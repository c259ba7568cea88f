# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PAM stack of sshd: what PAM itself answered, put into words.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Callable, Dict, List, Optional

from .facts import Facts, PamAnswer, PamEntry
from .finding import BLOCKS, Finding, blocks, shell_quote, warns
from .judge_account import judge_account, judge_aging
from .pam_files import Limit, find_access_rule, find_limit, find_time_rule, listfile_values

_LIMITS = ("/etc/security/limits.conf", "/etc/security/limits.d/")
# What PAM answers with (security/_pam_types.h).
_NEW_TOKEN, _EXPIRED, _MODULE_UNKNOWN = 12, 13, 28


def judge_pam(facts: Facts) -> List[Finding]:
    """The module that refuses, and limits that leave no room for a session."""
    if not facts.uses_pam or not facts.account.found or not facts.root:
        return []
    if not facts.pam.configured:
        return [
            blocks(
                "pam_not_configured",
                "UsePAM is yes, and neither /etc/pam.d/sshd nor /etc/pam.d/other exists",
                "install the file of the openssh-server package again",
            )
        ]
    found = _judge_stacks(facts)
    if found and facts.pam.service == "other":
        return [
            blocks(
                "pam_not_configured",
                "/etc/pam.d/sshd does not exist, so /etc/pam.d/other applies: %s" % found[0].evidence,
                "install the file of the openssh-server package again",
            )
        ]
    return found


def _judge_stacks(facts: Facts) -> List[Finding]:
    """What PAM itself answered, and the limits, which it only meets when a session is opened."""
    found = [_describe(facts, item) for item in facts.pam.answers if item.answer.yes is False and not _is_read_elsewhere(facts, item)]
    limiting = [entry for entry in facts.pam.entries if entry.kind == "session" and entry.module == "pam_limits"]
    return found + [finding for finding in [_limits(facts)] if finding and limiting]


def _is_read_elsewhere(facts: Facts, refusal: PamAnswer) -> bool:
    """Whether the state of the account, or a file that disables logins, already explains it."""
    module = refusal.entry.module if refusal.entry is not None else ""
    return module in ("", "pam_unix", "pam_nologin") and any(finding.severity == BLOCKS for finding in judge_account(facts) + judge_aging(facts))


def _describe(facts: Facts, refusal: PamAnswer) -> Finding:
    """The refusal, with the line of the stack and, where our reading finds it, the line of the file behind it."""
    entry, user = refusal.entry, facts.request.user
    if entry is None:
        return blocks("pam_refuses", "PAM refuses %s in the %s stage: %s" % (user, refusal.stage, refusal.answer.why), "see /etc/pam.d/sshd")
    said = "%s: %s refuses %s (%s)" % (entry.place, entry.module, user, refusal.answer.why)
    if entry.missing or refusal.code == _MODULE_UNKNOWN:
        return blocks(
            "pam_module_missing",
            "%s: the module %s.so is not installed, and PAM refuses a login that needs it" % (entry.place, entry.module),
            "install it, or remove the line",
        )
    if entry.module == "pam_unix":
        cause = {_NEW_TOKEN: "password_expired", _EXPIRED: "account_expired"}.get(refusal.code, "pam_refuses")
        return blocks(cause, said, "see 'chage -l %s'" % shell_quote(user))
    explain = _EXPLAINED.get(entry.module)
    return explain(facts, entry, said) if explain else blocks("pam_refuses", said, "change the account, or that line")


def _deny(facts: Facts, entry: PamEntry, said: str) -> Finding:
    return blocks("pam_deny", "%s: pam_deny refuses every login that reaches it" % entry.place, "remove the line, or make an earlier one accept")


def _access(facts: Facts, entry: PamEntry, said: str) -> Finding:
    path = _argument(entry, "accessfile") or "/etc/security/access.conf"
    rule = find_access_rule(facts.pam.files.get(path), facts.request.user, facts.account.groups, facts.request.address)
    where = "; %s:%d is %s" % (path, rule.line, rule.text) if rule is not None and not rule.allows else ""
    return blocks("pam_access", said + where, "add a line that allows it before the one that refuses")


def _listfile(facts: Facts, entry: PamEntry, said: str) -> Finding:
    path, item, user = _argument(entry, "file"), _argument(entry, "item"), facts.request.user
    text = facts.pam.files.get(path)
    if text is None:
        return blocks("pam_listfile", "%s: pam_listfile cannot read %s" % (entry.place, path), "create the file")
    if _argument(entry, "sense") == "deny":
        return blocks("pam_listfile", "%s, which refuses what %s lists" % (said, path), "remove the entry from the list")
    simple = item == "user" and path in facts.pam.fixed and user not in listfile_values(text)
    command = "printf '%%s\\n' %s >> %s" % (shell_quote(user), shell_quote(path)) if simple else ""
    return blocks("pam_listfile", "%s, which accepts only what %s lists" % (said, path), "add it to the list", command)


def _nologin(facts: Facts, entry: PamEntry, said: str) -> Finding:
    path = _argument(entry, "file") or "/etc/nologin"
    return blocks("nologin_file", "%s; %s exists" % (said, path), "remove it once the reason for it is gone")


def _shells(facts: Facts, entry: PamEntry, said: str) -> Finding:
    shell = facts.account.shell or "/bin/sh"
    return blocks(
        "shell_not_allowed",
        "/etc/shells does not list %s, and pam_shells accepts only shells that it lists (%s)" % (shell, entry.place),
        "add the shell to /etc/shells, or give the account another",
        "printf '%%s\\n' %s >> /etc/shells" % shell_quote(shell) if shell not in facts.account.shells else "",
    )


def _succeed_if(facts: Facts, entry: PamEntry, said: str) -> Finding:
    return blocks("pam_succeed_if", said, "change the account, or the line")


def _time(facts: Facts, entry: PamEntry, said: str) -> Finding:
    path, now = "/etc/security/time.conf", facts.request.now
    rule = find_time_rule(facts.pam.files.get(path), facts.request.user, facts.request.weekday, now[8:12])
    where = "; %s:%d is %s" % (path, rule.line, rule.text) if rule is not None else ""
    return blocks("pam_time", "%s at this time, %s:%s%s" % (said, now[8:10], now[10:12], where), "change the times, or wait")


def _limits(facts: Facts) -> Optional[Finding]:
    user = facts.request.user
    logins = _limit(facts, "maxlogins")
    if logins is not None and facts.session.logins >= logins.value:
        return blocks(
            "limit_maxlogins",
            "%s allows %s %d sessions at a time, and %d are open" % (logins.place, user, logins.value, facts.session.logins),
            "raise maxlogins, or close sessions",
        )
    everybody = _limit(facts, "maxsyslogins")
    if everybody is not None and facts.session.all_logins >= everybody.value:
        return blocks(
            "limit_maxlogins",
            "%s allows %d sessions of all users together, and %d are open" % (everybody.place, everybody.value, facts.session.all_logins),
            "raise maxsyslogins, or close sessions",
        )
    return None


def _limit(facts: Facts, item: str) -> Optional[Limit]:
    account = facts.account
    # With a file of its own the module reads no other.
    own = [_argument(entry, "conf") for entry in facts.pam.entries if entry.module == "pam_limits" and _argument(entry, "conf")]
    texts = [(path, text or "") for path, text in sorted(facts.pam.files.items()) if (path in own if own else path.startswith(_LIMITS))]
    return find_limit(texts, facts.request.user, account.uid, account.groups, item)


def judge_limits(facts: Facts) -> List[Finding]:
    """Limits that let the login succeed and its shell fail."""
    if not facts.uses_pam or not any(entry.module == "pam_limits" for entry in facts.pam.entries) or facts.account.uid == 0:
        return []
    for item, least, cause, what in _LEAST:
        limit = _limit(facts, item)
        if limit is not None and limit.value < least:
            return [
                blocks(
                    cause,
                    "%s allows %s %d %s, not enough to start a shell" % (limit.place, facts.request.user, limit.value, what),
                    "raise %s, or remove the line" % item,
                )
            ]
    processes = _limit(facts, "nproc")
    if processes is None or processes.value > facts.session.processes + 1:
        return []
    return [
        blocks(
            "limit_nproc",
            "%s allows %s %d processes, and %d are running" % (processes.place, facts.request.user, processes.value, facts.session.processes),
            "raise nproc, or end processes",
        )
    ]


def judge_auth_only(facts: Facts) -> List[Finding]:
    """Locks of pam_faillock stop passwords, not keys: reported because people look there first."""
    if any(entry.module in ("pam_tally2", "pam_tally") and entry.kind == "account" for entry in facts.pam.entries):
        return [
            warns(
                "pam_tally",
                "pam_tally2 counts failed passwords and may refuse keys too",
                "see 'pam_tally2 --user %s'" % facts.request.user,
            )
        ]
    return []


def _argument(entry: PamEntry, name: str) -> str:
    for word in entry.arguments:
        if word.startswith(name + "="):
            return word[len(name) + 1 :]
    return ""


# What a shell needs at the very least, in the unit of the limit.
_LEAST = (
    ("nofile", 6, "limit_nofile", "open files"),
    ("as", 4096, "limit_memory", "KiB of memory"),
    ("data", 512, "limit_memory", "KiB of data"),
    ("stack", 32, "limit_memory", "KiB of stack"),
)
_EXPLAINED: Dict[str, Callable[[Facts, PamEntry, str], Finding]] = {
    "pam_deny": _deny,
    "pam_access": _access,
    "pam_listfile": _listfile,
    "pam_nologin": _nologin,
    "pam_shells": _shells,
    "pam_succeed_if": _succeed_if,
    "pam_time": _time,
}

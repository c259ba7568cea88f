# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PAM stack of sshd: what the modules in it decide about an account, as far as files show it.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import fnmatch
from typing import Callable, Dict, List, Optional

from .facts import Facts, PamEntry
from .finding import Finding, blocks, shell_quote, warns
from .pam_files import Limit, find_access_rule, find_limit, find_time_rule, listfile_values


def judge_pam(facts: Facts) -> List[Finding]:
    """The first module of the account stack, and of the session stack, that refuses."""
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
    return _run_stack(facts, "account") + _run_stack(facts, "session")


def _run_stack(facts: Facts, kind: str) -> List[Finding]:
    entries = [entry for entry in facts.pam.entries if entry.kind == kind]
    skip = 0
    for entry in entries:
        if skip:
            skip -= 1
            continue
        refusal = _ask(facts, entry)
        actions = _actions(entry.control)
        if refusal is None:
            action = actions.get("success", actions.get("default", "ignore"))
            if action == "done":
                return []
            skip = int(action) if action.isdigit() else 0
        elif actions.get("default", "bad") in ("bad", "die"):
            return [refusal]
    return []


def _actions(control: str) -> Dict[str, str]:
    words = {
        "required": "success=ok default=bad",
        "requisite": "success=ok default=die",
        "sufficient": "success=done default=ignore",
        "optional": "success=ok default=ignore",
    }.get(control, control.strip("[]"))
    return dict(word.split("=", 1) for word in words.split() if "=" in word)


def _ask(facts: Facts, entry: PamEntry) -> Optional[Finding]:
    if entry.missing:
        return blocks(
            "pam_module_missing",
            "%s: the module %s.so is not installed, and PAM refuses a login that needs it" % (entry.place, entry.module),
            "install it, or remove the line",
        )
    judge = _JUDGES.get(entry.module)
    return judge(facts, entry) if judge else None


def _deny(facts: Facts, entry: PamEntry) -> Optional[Finding]:
    return blocks("pam_deny", "%s: pam_deny refuses every login that reaches it" % entry.place, "remove the line, or make an earlier one accept")


def _access(facts: Facts, entry: PamEntry) -> Optional[Finding]:
    path = _argument(entry, "accessfile") or "/etc/security/access.conf"
    rule = find_access_rule(facts.pam.files.get(path), facts.request.user, facts.account.groups, facts.request.address)
    if rule is None or rule.allows:
        return None
    return blocks(
        "pam_access",
        "%s:%d refuses %s%s (%s; asked by %s)"
        % (
            path,
            rule.line,
            facts.request.user,
            " from %s" % facts.request.address if facts.request.address else "",
            rule.text,
            entry.place,
        ),
        "add a line that allows it before that one",
    )


def _listfile(facts: Facts, entry: PamEntry) -> Optional[Finding]:
    path, item = _argument(entry, "file"), _argument(entry, "item")
    values = {
        "user": [facts.request.user],
        "group": list(facts.account.groups),
        "rhost": [facts.request.address or ""],
        "shell": [facts.account.shell],
    }.get(item)
    text = facts.pam.files.get(path)
    refused_by_error = _argument(entry, "onerr") != "succeed"
    if text is None:
        if not refused_by_error:
            return None
        return blocks("pam_listfile", "%s: pam_listfile cannot read %s" % (entry.place, path), "create the file")
    if values is None:
        return None
    listed = any(value in listfile_values(text) for value in values)
    sense = _argument(entry, "sense")
    if sense == "deny" and listed:
        return blocks(
            "pam_listfile",
            "%s lists %s, and pam_listfile refuses users who are in it (%s)" % (path, values[0], entry.place),
            "remove it from the list",
        )
    if sense == "allow" and not listed:
        return blocks(
            "pam_listfile",
            "%s does not list %s, and pam_listfile accepts only users who are in it (%s)" % (path, values[0], entry.place),
            "add it to the list",
            "printf '%%s\\n' %s >> %s" % (shell_quote(values[0]), shell_quote(path)) if item == "user" and path in facts.pam.fixed else "",
        )
    return None


def _shells(facts: Facts, entry: PamEntry) -> Optional[Finding]:
    shell = facts.account.shell or "/bin/sh"
    if shell in facts.account.shells:
        return None
    return blocks(
        "shell_not_allowed",
        "/etc/shells does not list %s, and pam_shells accepts only shells that it lists (%s)" % (shell, entry.place),
        "add the shell to /etc/shells, or give the account another",
        "printf '%%s\\n' %s >> /etc/shells" % shell_quote(shell),
    )


def _succeed_if(facts: Facts, entry: PamEntry) -> Optional[Finding]:
    words = [word for word in entry.arguments if word not in ("quiet", "quiet_success", "quiet_fail", "debug", "use_uid", "audit")]
    while words:
        if len(words) < 3:
            return None
        name, operator, value = words[:3]
        words = words[3:]
        holds = _condition(facts, name, operator, value)
        if holds is False:
            return blocks(
                "pam_succeed_if",
                "%s: pam_succeed_if requires '%s %s %s', which %s does not meet" % (entry.place, name, operator, value, facts.request.user),
                "change the account, or the line",
            )
    return None


def _condition(facts: Facts, name: str, operator: str, value: str) -> Optional[bool]:
    if operator in ("ingroup", "notingroup") and name == "user":
        member = any(group in facts.account.groups for group in value.split(":"))
        return member if operator == "ingroup" else not member
    known = {
        "user": facts.request.user,
        "uid": str(facts.account.uid),
        "gid": str(facts.account.gid),
        "shell": facts.account.shell,
        "home": facts.account.home,
        "service": "sshd",
        "rhost": facts.request.address or "",
    }
    if name not in known:
        return None
    have = known[name]
    if operator in ("in", "notin"):
        return (have in value.split(":")) == (operator == "in")
    if operator in ("=", "!="):
        return (have == value) == (operator == "=")
    if operator in ("=~", "!~"):
        return fnmatch.fnmatchcase(have, value) == (operator == "=~")
    if not (have.isdigit() and value.isdigit()):
        return None
    one, two = int(have), int(value)
    tests = {"eq": one == two, "ne": one != two, "lt": one < two, "le": one <= two, "gt": one > two, "ge": one >= two}
    return tests.get({"==": "eq", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}.get(operator, operator))


def _limits(facts: Facts, entry: PamEntry) -> Optional[Finding]:
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
    texts = [(path, text or "") for path, text in sorted(facts.pam.files.items()) if "limits" in path]
    return find_limit(texts, facts.request.user, account.uid, account.groups, item)


def _time(facts: Facts, entry: PamEntry) -> Optional[Finding]:
    path, now = "/etc/security/time.conf", facts.request.now
    rule = find_time_rule(facts.pam.files.get(path), facts.request.user, facts.request.weekday, now[8:12])
    if rule is None:
        return None
    return blocks(
        "pam_time",
        "%s:%d refuses %s at this time, %s:%s (%s; asked by %s)" % (path, rule.line, facts.request.user, now[8:10], now[10:12], rule.text, entry.place),
        "change the times, or wait",
    )


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
_JUDGES: Dict[str, Callable[[Facts, PamEntry], Optional[Finding]]] = {
    "pam_deny": _deny,
    "pam_access": _access,
    "pam_listfile": _listfile,
    "pam_shells": _shells,
    "pam_succeed_if": _succeed_if,
    "pam_limits": _limits,
    "pam_time": _time,
}

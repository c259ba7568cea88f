# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account's own state: existing, unlocked, unexpired, with a shell and a home.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import List, Optional

from .._system.accounts import NO_SHELLS, Shadow
from .facts import Facts
from .finding import Finding, blocks, shell_quote, warns
from .fix import make_home, open_up
from .judge_key_line import is_sftp


def judge_account(facts: Facts) -> List[Finding]:
    """Every reason in the account itself for which sshd (or pam_unix and pam_nologin for it) refuses a login."""
    if not facts.account.found:
        return [_missing(facts)]
    return _lock(facts) + _shell(facts) + _nologin(facts)


def judge_shell(facts: Facts) -> List[Finding]:
    """A shell that sshd accepts and that does not start, or ends at once, when the account runs it."""
    account, user = facts.account, facts.request.user
    if not account.found or _shell(facts):
        return []
    shell, change = account.shell or "/bin/sh", _change_shell(facts)
    closed = account.shell_closed_at
    if closed is not None:
        return [
            blocks(
                "shell_not_executable",
                "%s (owner %s, mode %04o): %s cannot enter it to start its shell, %s" % (closed.path, closed.owner or closed.uid, closed.mode, user, shell),
                "allow all users to enter it",
                open_up(facts, closed, "x"),
            )
        ]
    if not account.shell_executable:
        return [_not_executable(facts)]
    if account.shell_foreign:
        foreign = "the shell of %s, %s, is a program for a processor of another kind" % (user, shell)
        return [blocks("shell_not_executable", foreign, "give it another shell, or install that one for this host", change)]
    if account.shell_interpreter:
        return [
            blocks(
                "shell_interpreter_missing",
                "the shell of %s, %s, needs %s, which does not exist or cannot be executed" % (user, shell, _visible(account.shell_interpreter)),
                "give it another shell, or fix the first line of the script",
                change,
            )
        ]
    if serves_files(facts):
        return []
    if shell.rsplit("/", 1)[-1] in NO_SHELLS:
        return [
            blocks(
                "shell_nologin",
                "the shell of %s is %s, which ends every session at once" % (user, shell),
                "set a login shell, if people log in with this account",
                change,
            )
        ]
    if account.shell_unknown and facts.setting("forcecommand", "none") == "none":
        unusual = "the shell of %s is %s, which is not a usual shell and may end every session" % (user, shell)
        return [warns("shell_unknown", unusual, "check with prove: true, which runs it")]
    return []


def judge_aging(facts: Facts) -> List[Finding]:
    """What pam_unix finds in the age of a password, even of one that nobody ever types."""
    user, shadow = facts.request.user, facts.account.shadow
    if not facts.uses_pam or not facts.account.found:
        return []
    if shadow is None:
        if facts.account.password_field == "x" and facts.account.local and facts.root:
            return [
                blocks(
                    "shadow_entry_missing",
                    "/etc/shadow has no line for %s, and PAM refuses an account without one" % user,
                    "create the line with pwconv",
                    "pwconv",
                )
            ]
        return []
    age = _password_problem(shadow, facts.request.today)
    if age is None:
        return []
    return [
        blocks(
            "password_expired",
            "/etc/shadow: %s; with UsePAM yes the user must change it at login before anything else can run" % age % user,
            "remove the age limit from an account that logs in with a key",
            "chage -M -1 -I -1 -d %d -- %s" % (facts.request.today, shell_quote(user)),
        )
    ]


def _missing(facts: Facts) -> Finding:
    user, sources = facts.request.user, facts.account.name_sources
    number, line = facts.account.passwd_line
    if line and not is_well_formed(line):
        return blocks(
            "passwd_line_malformed",
            "/etc/passwd:%d is not a valid passwd entry (%s), so %s does not exist" % (number, line, user),
            "fix the line: NAME:x:UID:GID:COMMENT:HOME:SHELL ('pwck -r' checks all)",
        )
    if line and sources and not set(sources.split()) & {"files", "compat"}:
        return blocks(
            "user_not_looked_up",
            "/etc/nsswitch.conf has 'passwd: %s', so /etc/passwd is not read, where %s is in line %d" % (sources, user, number),
            "add files to it",
        )
    hint = "; there is %s" % " and ".join(facts.account.similar) if facts.account.similar else ""
    return blocks(
        "user_missing",
        "no account is called %s%s" % (user, hint),
        "create it (alicloud.ecs_access.ssh_access), or log in with the right name",
    )


def is_well_formed(line: str) -> bool:
    """Whether the name service accepts a line of /etc/passwd as an account."""
    fields = line.split(":")
    return len(fields) == 7 and fields[2].isdigit() and fields[3].isdigit()


def _lock(facts: Facts) -> List[Finding]:
    user, shadow = facts.request.user, facts.account.shadow
    if shadow is None:
        return []
    found = []
    expiry = shadow.expiry_day
    if expiry is not None and facts.request.today >= expiry:
        found.append(
            blocks(
                "account_expired",
                "/etc/shadow: the account %s expired %d days ago" % (user, facts.request.today - expiry),
                "remove the expiry date, if this user needs access again",
                "chage -E -1 -- %s" % shell_quote(user),
            )
        )
    if shadow.password.startswith("!") and not facts.uses_pam:
        found.append(
            blocks(
                "account_locked",
                "/etc/shadow: the password of %s starts with '!', which sshd treats as a locked account when UsePAM is no" % user,
                "replace it with '*', which disables passwords and does not affect keys",
                "usermod -p '*' -- %s" % shell_quote(user),
            )
        )
    return found


def _password_problem(shadow: Shadow, today: int) -> Optional[str]:
    if shadow.changed is None:
        return None
    if shadow.changed == 0:
        return "the password of %s must be changed at the next login"
    if shadow.maximum is not None and shadow.maximum >= 0 and shadow.changed + shadow.maximum < today:
        return "the password of %%s expired %d days ago" % (today - shadow.changed - shadow.maximum)
    return None


def serves_files(facts: Facts) -> bool:
    """Whether sshd serves files itself for this login, and starts no shell."""
    forced = facts.setting("forcecommand", "none")
    asked = facts.request.session == "sftp" and forced == "none" and "internal-sftp" in facts.words("subsystem")
    return asked or is_sftp(forced)


def _shell(facts: Facts) -> List[Finding]:
    """What sshd itself looks at, with root's eyes: that the shell exists and that anybody may execute it."""
    account, user = facts.account, facts.request.user
    shell, change = account.shell or "/bin/sh", _change_shell(facts)
    if account.shell_node.kind == "link":
        where = "%s, is a link to %s, which does not exist" % (_visible(shell), _visible(account.shell_node.link))
        return [blocks("shell_missing", "the shell of %s, %s" % (user, where), "give it a shell that exists", change)]
    if account.shell_node.kind == "missing":
        return [blocks("shell_missing", "the shell of %s, %s, does not exist" % (user, _visible(shell)), "give it a shell that exists", change)]
    if account.shell_node.kind != "file" or not account.shell_node.mode & 0o111:
        return [_not_executable(facts)]
    return []


def _not_executable(facts: Facts) -> Finding:
    account, user = facts.account, facts.request.user
    return blocks(
        "shell_not_executable",
        "%s cannot execute its shell, %s (%s, mode %04o)" % (user, account.shell or "/bin/sh", account.shell_node.kind, account.shell_node.mode),
        "give it another shell, or make this one executable",
        _change_shell(facts),
    )


def _change_shell(facts: Facts) -> str:
    account = facts.account
    return "usermod -s %s -- %s" % (account.other_shell, shell_quote(facts.request.user)) if account.other_shell else ""


def _visible(text: str) -> str:
    """With letters that no terminal shows, such as the line end of another system."""
    return text if text.isprintable() else repr(text)


def _nologin(facts: Facts) -> List[Finding]:
    account = facts.account
    with_module = any(entry.module == "pam_nologin" and entry.kind in ("account", "auth") for entry in facts.pam.entries)
    if account.uid == 0 or not account.nologin or (facts.uses_pam and not with_module):
        return []
    if not facts.uses_pam:
        # Then sshd looks itself, and at the one in /etc only.
        paths = [item for item in account.nologin if item[0] == "/etc/nologin"]
    else:
        paths = list(account.nologin)
    return [
        blocks(
            "nologin_file",
            "%s exists, so only root can log in (its text: %s)" % (path, text or "none"),
            "remove it once the reason for it is gone",
            "rm %s" % path,
        )
        for path, text in paths
    ]


def judge_home(facts: Facts) -> List[Finding]:
    """A home that does not exist. What is wrong with an existing one shows in the key files below it."""
    account = facts.account
    if not account.found or account.home_node.kind == "directory" or facts.session.unmounted:
        return []
    in_home = [item for item in facts.key_files if item.path.startswith(account.home.rstrip("/") + "/")]
    if account.home_node.kind == "missing":
        evidence = "the home of %s, %s, does not exist" % (facts.request.user, account.home)
        command = make_home(facts)
    else:
        evidence = "the home of %s, %s, is a %s and not a directory" % (facts.request.user, account.home, account.home_node.kind)
        command = ""
    make = blocks if in_home else warns
    return [make("home_missing", evidence, "create it and put the key into it (alicloud.ecs_access.ssh_access)", command)]

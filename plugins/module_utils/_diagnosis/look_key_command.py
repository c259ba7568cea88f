# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read AuthorizedKeysCommand: its program, and the account that it runs as.

A check of a login leaves running it to sshd. Where the settings in question are not in force yet, nobody but us can ask it.
Note that this module util is **PRIVATE** to the collection.
"""

import ctypes
import os
import pwd
from typing import Callable, Dict, List, Optional, Tuple

from .._openssh.rules import expand_tokens, keys_command, strange_token
from .._openssh.sshd_config import split_words
from .._system.nodes import look_at
from .._system.run import TOOL_PATH
from .._system.server import KILLED, NOT_STARTED, is_roots, run
from .facts import Facts, KeyCommandFacts, Node

_SECONDS = 15
_NO_NEW_PRIVILEGES = 38


def read_key_command(facts: Facts) -> KeyCommandFacts:
    """What is set; nothing is run."""
    text = keys_command(facts.server.effective)
    if text is None:
        return KeyCommandFacts()
    user = facts.setting("authorizedkeyscommanduser", "none")
    return KeyCommandFacts(text, _program_chain(split_words(text)[0]), "" if user == "none" else user, _find_account(user) is not None)


def query_key_command(facts: Facts) -> KeyCommandFacts:
    """Its answer, where running it gives nobody more than a login would."""
    found = read_key_command(facts)
    words, entry = split_words(found.command), _find_account(found.user)
    if not found.command or entry is None or not facts.root or entry.pw_uid == 0 or not is_roots(words[0]):
        return found
    arguments = _arguments(words, facts)
    if arguments is None:
        return found
    done = run(arguments, seconds=_SECONDS, env=_environment(entry), become=_becoming(entry))
    if done.code in (NOT_STARTED, KILLED):
        return found._replace(ran=True, error=done.err)
    return found._replace(ran=True, status=done.code, output=done.out.encode("utf-8", "replace"))


def _find_account(name: str) -> Optional[pwd.struct_passwd]:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _environment(entry: pwd.struct_passwd) -> Dict[str, str]:
    return {"PATH": TOOL_PATH, "HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}


def _program_chain(path: str) -> Tuple[Node, ...]:
    """The program and every directory above it, resolved: what sshd checks."""
    current = os.path.realpath(path)
    found = [look_at(current)]
    while current != "/":
        current = os.path.dirname(current)
        found.append(look_at(current))
    return tuple(found)


def _arguments(words: List[str], facts: Facts) -> Optional[List[str]]:
    key, account = facts.request.key, facts.account
    tokens = {"u": facts.request.user, "U": str(account.uid), "h": account.home}
    if key is not None:
        tokens.update({"f": key.fingerprint_sha256, "k": key.base64, "t": key.key_type})
    arguments = words[1:] or ["%u"]
    if any(strange_token(word, tokens) for word in arguments):
        # Needs a key, or is a token of a later sshd.
        return None
    return words[:1] + [expand_tokens(word, tokens) for word in arguments]


def _becoming(entry: pwd.struct_passwd) -> Callable[[], None]:
    def become() -> None:
        os.setsid()
        # No program that it starts can gain rights, whatever its mode is.
        ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        os.setgroups(os.getgrouplist(entry.pw_name, entry.pw_gid))
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)

    return become

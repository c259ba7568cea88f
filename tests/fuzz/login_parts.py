# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is let in: the rules of OpenSSH as the collection has them, compared with real logins to a real sshd."""

from __future__ import annotations

import base64
import functools
import re
from random import Random
from typing import Any, Callable

from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.patterns import match_group_list, match_host_list, match_list
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.rules import Account, admits, find_refusal, suffices
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.sshd_config import parse_effective
from batch import Batch
from key_files import key_blob
from key_oracle import fingerprint
from login_cases import GROUPS, LOCAL, REMOTE, USERS, broken_host_list, group_words, host_list, method_lists, name_list, user_words

LOGINS = 20
REASONS = {
    "listed in DenyUsers": "denyusers",
    "not listed in AllowUsers": "allowusers",
    "a group is listed in DenyGroups": "denygroups",
    "none of user's groups are listed in AllowGroups": "allowgroups",
    "not in any group": "no group",
}
ROOT = ("yes", "no", "no", "prohibit-password", "without-password", "forced-commands-only")

Settings = Callable[[Random, str, str, "list[str]"], str]
"""Random settings for a user who comes from an address and is in some groups."""


def allow_users(random: Random, user: str, address: str, groups: list[str]) -> str:
    return f"AllowUsers {user_words(random, user, address)}\n"


def deny_users(random: Random, user: str, address: str, groups: list[str]) -> str:
    return f"DenyUsers {user_words(random, user, address)}\n"


def allow_groups(random: Random, user: str, address: str, groups: list[str]) -> str:
    return f"AllowGroups {group_words(random, groups)}\n"


def deny_groups(random: Random, user: str, address: str, groups: list[str]) -> str:
    return f"DenyGroups {group_words(random, groups)}\n"


def all_lists(random: Random, user: str, address: str, groups: list[str]) -> str:
    """Several of the four, so that their order shows; the Allow lists mostly long enough to let the user through."""
    makers = random.sample((allow_users, deny_users, allow_groups, deny_groups), random.choice((2, 3, 4)))
    text = "".join(make(random, user, address, groups) for make in makers)
    return text + "".join(f"{name} *\n" for name in ("AllowUsers", "AllowGroups") if name in text and random.random() < 0.6)


def authentication_methods(random: Random, user: str, address: str, groups: list[str]) -> str:
    switches = "".join(
        f"{name} {random.choice(('yes', 'no'))}\n" for name in ("PasswordAuthentication", "KbdInteractiveAuthentication", "HostbasedAuthentication")
    )
    return f"AuthenticationMethods {method_lists(random)}\n{switches}"


def permit_root_login(random: Random, user: str, address: str, groups: list[str]) -> str:
    return f"PermitRootLogin {random.choice(ROOT)}\n"


def logins(settings: Settings, names: tuple[str, ...], tools: Any, random: Random) -> Batch:
    """Real logins with a key: whether sshd lets it in, and which list it names where one refuses it."""
    groups = tools.people(USERS, GROUPS)
    attempts = []
    for _number in range(LOGINS):
        user, address = random.choice(names), random.choice(LOCAL)
        attempts.append((settings(random, user, address, groups[user]), random.choice(("", 'command="true" ')), user, address))
    found, outcomes = [], []
    for (text, options, user, address), log in zip(attempts, tools.logins(attempts)):
        sshd = _outcome(log)
        # What sshd does not accept, no module ever comes to judge.
        if sshd != "bad settings":
            model = _expected(text, Account(user, USERS[user][0], "", tuple(groups[user])), address, bool(options))
            outcomes.append(sshd)
            found += [] if sshd == model else [f"{user} from {address} by {options}key with {text!r} is {sshd} to sshd, {model} here"]
    return Batch(len(outcomes), outcomes.count("accepted"), found)


def match_users(tools: Any, random: Random) -> Batch:
    user = random.choice(list(USERS))
    lists = [name_list(random, user, list(USERS)) for _number in range(100)]
    return _compare(tools, "User", lists, [match_list(user, each) for each in lists], user, random.choice(REMOTE))


def match_groups(tools: Any, random: Random) -> Batch:
    groups = tools.people(USERS, GROUPS)
    user = random.choice(list(USERS))
    lists = [name_list(random, random.choice([*groups[user], "nobody"]), list(GROUPS)) for _number in range(100)]
    return _compare(tools, "Group", lists, [match_group_list(groups[user], each) for each in lists], user, random.choice(REMOTE))


def match_addresses(tools: Any, random: Random) -> Batch:
    address = random.choice(REMOTE)
    lists = [host_list(random, address) for _number in range(100)]
    return _compare(tools, "Address", lists, [match_host_list(address, each) is True for each in lists], "eva", address)


def from_option(tools: Any, random: Random) -> Batch:
    """from= of key lines, for a client with an address of its own."""
    address = random.choice(LOCAL)
    lists = {key_blob("ssh-ed25519", number): broken_host_list(random, address) for number in range(100)}
    content = "".join(f'from="{hosts}" ssh-ed25519 {base64.b64encode(blob).decode()}\n' for blob, hosts in lists.items())
    log = tools.sshd(base64.b64encode(content.encode()).decode(), [base64.b64encode(blob).decode() for blob in lists], address)
    accepted = {text for _number, what, text in log if what == "accepted"}
    found = [
        f"from={hosts!r} for {address} is {fingerprint(blob) in accepted} to sshd"
        for blob, hosts in lists.items()
        if (fingerprint(blob) in accepted) is not match_host_list(address, hosts)
    ]
    return Batch(len(lists), len(accepted), found)


def _compare(tools: Any, criterion: str, lists: list[str], model: list[bool], user: str, address: str) -> Batch:
    """Match lines of one criterion, which sshd decides one by one."""
    tools.people(USERS, GROUPS)
    sshd = [said == "" for said in tools.matches([f"{criterion} {each}" for each in lists], user, address)]
    assert len(sshd) == len(lists), f"sshd decides {len(sshd)} of {len(lists)} Match lines"
    found = [f"Match {criterion} {each} is {one} to sshd for {user} from {address}" for each, one, other in zip(lists, sshd, model) if one is not other]
    return Batch(len(lists), sum(sshd), found)


def _outcome(log: list[str]) -> str:
    text = "\n".join(log)
    if re.search(r"(?m)^Accepted publickey for ", text):
        return "accepted"
    if "Connection from" not in text:
        return "bad settings"
    reason = re.search(r"not allowed because (%s)" % "|".join(REASONS), text)
    return REASONS[reason[1]] if reason else "refused"


def _expected(settings: str, account: Account, address: str, forced: bool) -> str:
    effective = parse_effective(settings)
    refusal = find_refusal(effective, account, address)
    if refusal is not None:
        assert refusal.sure, "the address is known"
        return refusal.keyword if account.groups or refusal.keyword.endswith("users") else "no group"
    return "accepted" if admits(effective, account, "publickey", forced) and suffices(effective, "publickey") else "refused"


PEOPLE = tuple(name for name in USERS if name != "toor")
LOGIN_PARTS: dict[str, Callable[[Any, Random], Batch]] = {
    settings.__name__: functools.partial(logins, settings, names)
    for settings, names in (
        (allow_users, PEOPLE),
        (deny_users, PEOPLE),
        (allow_groups, PEOPLE),
        (deny_groups, PEOPLE),
        (all_lists, PEOPLE),
        (authentication_methods, PEOPLE),
        (permit_root_login, ("toor", "toor", "toor", "eva")),
    )
}
LOGIN_PARTS.update({part.__name__: part for part in (match_users, match_groups, match_addresses, from_option)})

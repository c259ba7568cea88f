# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sshd's settings mean for one user: who is let in, what a key alone is good for, where keys are.

Each rule stands here only, as OpenSSH has it (the file of its source is named), and C(make fuzz) compares it with a real sshd.
Settings are those that C(sshd -T) prints for the user. An answer is a fact or a record; sentences are made elsewhere.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import calendar
import re
from typing import List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .patterns import match_list, match_user_word, match_word

Effective = Mapping[str, Sequence[str]]
"""Keyword in lower case to one value per printed line."""

DEFAULT_KEY_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2")
KEY_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
RSA_ALGORITHMS = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")

_TYPED = ("password", "keyboard-interactive")
OLD_ROOT = {"without-password": "prohibit-password"}
_MIN_RSA_BITS = 1024


class Account(NamedTuple):
    """What the rules need to know of a user. An unknown user has uid -1 and no groups."""

    name: str
    uid: int = -1
    home: str = ""
    groups: Tuple[str, ...] = ()


class Refusal(NamedTuple):
    """The list that keeps a user out."""

    keyword: str
    """denyusers, allowusers, denygroups or allowgroups."""
    word: str = ""
    """The word of a Deny list that covers the user; empty where no word does."""
    sure: bool = True
    """Not, where it depends on an address that isn't known."""


def words_of(effective: Effective, keyword: str) -> List[str]:
    """The words of a setting that is a list."""
    return " ".join(effective.get(keyword, ())).split()


def value_of(effective: Effective, keyword: str, default: str) -> str:
    """The value of a setting that has one."""
    return (list(effective.get(keyword, ())) or [default])[0]


def find_refusal(effective: Effective, account: Account, address: Optional[str] = None) -> Optional[Refusal]:
    """Which of the Allow and Deny lists refuses this user, in sshd's order (allowed_user in auth.c); the sure one, if one is."""
    found = [refusal for refusal in (_refused_by_users(effective, account.name, address), _refused_by_groups(effective, account)) if refusal is not None]
    return next((refusal for refusal in found if refusal.sure), next(iter(found), None))


def _refused_by_users(effective: Effective, name: str, address: Optional[str]) -> Optional[Refusal]:
    denied = [(word, match_user_word(name, address, word)) for word in words_of(effective, "denyusers")]
    for word, hit in denied:
        if hit:
            return Refusal("denyusers", word)
    allowed = [match_user_word(name, address, word) for word in words_of(effective, "allowusers")]
    if allowed and True not in allowed and None not in allowed:
        return Refusal("allowusers")
    for word, hit in denied:
        if hit is None:
            return Refusal("denyusers", word, sure=False)
    return Refusal("allowusers", sure=False) if allowed and True not in allowed else None


def _refused_by_groups(effective: Effective, account: Account) -> Optional[Refusal]:
    """Groups of a user who doesn't exist yet cannot be judged."""
    denied, allowed = words_of(effective, "denygroups"), words_of(effective, "allowgroups")
    if account.uid < 0:
        return None
    for word in denied:
        if any(match_word(group, word) for group in account.groups):
            return Refusal("denygroups", word)
    if allowed and not any(match_word(group, word) for group in account.groups for word in allowed):
        return Refusal("allowgroups")
    # Whoever is in no group that has a name is refused by either list.
    return Refusal("denygroups") if denied and not account.groups else None


def method_lists(effective: Effective) -> List[List[str]]:
    """AuthenticationMethods: lists of methods, of which one must be gone through; none where any method will do."""
    lists = words_of(effective, "authenticationmethods")
    return [] if lists == ["any"] else [methods.split(",") for methods in lists]


def suffices(effective: Effective, method: str) -> bool:
    """Whether one success with this method is a login, as far as AuthenticationMethods goes (auth2_update_methods_lists in auth2.c).

    C(publickey,publickey) takes two keys, and C(publickey:x) is never complete.
    """
    lists = method_lists(effective)
    return not lists or [method] in lists


def demand_password(lists: Sequence[str]) -> bool:
    """Whether each of these lists of methods holds one that asks for a password."""
    return bool(lists) and all(any(method.split(":")[0] in _TYPED for method in methods.split(",")) for methods in lists)


def root_login(effective: Effective) -> str:
    """PermitRootLogin by its name of today."""
    value = value_of(effective, "permitrootlogin", "prohibit-password").lower()
    return OLD_ROOT.get(value, value)


def admits(effective: Effective, account: Account, method: str, forced: bool = False) -> bool:
    """Whether PermitRootLogin lets this user in (auth_root_allowed in auth.c). I(forced): the key has a command of its own."""
    value = root_login(effective)
    if account.uid != 0 or value == "yes":
        return True
    return forced if value == "forced-commands-only" else value == "prohibit-password" and method not in _TYPED


def accepted_algorithms(effective: Effective, key_type: str) -> List[str]:
    """Which signatures of a key of this type sshd takes (userauth_pubkey in auth2-pubkey.c)."""
    names = RSA_ALGORITHMS if key_type == "ssh-rsa" else (key_type,)
    accepted = ",".join(effective.get("pubkeyacceptedalgorithms") or effective.get("pubkeyacceptedkeytypes") or ())
    return [name for name in names if not accepted or match_list(name, accepted)]


def required_rsa_bits(effective: Effective) -> int:
    """RequiredRSASize, RSAMinSize to some; never less than what is compiled in (sshkey_check_rsa_length in sshkey.c)."""
    value = value_of(effective, "requiredrsasize", value_of(effective, "rsaminsize", "0"))
    return max(_MIN_RSA_BITS, int(value) if value.isdigit() else 0)


def revoked_keys_file(effective: Effective) -> Optional[str]:
    """The RevokedKeys file, or None. One that cannot be read refuses every key (auth_key_is_revoked in auth.c)."""
    return _none_or(value_of(effective, "revokedkeys", "none"))


def keys_command(effective: Effective) -> Optional[str]:
    """AuthorizedKeysCommand, or None."""
    return _none_or(value_of(effective, "authorizedkeyscommand", "none"))


def key_file_patterns(effective: Effective) -> List[str]:
    """AuthorizedKeysFile; empty where it is C(none)."""
    return [pattern for pattern in words_of(effective, "authorizedkeysfile") if _none_or(pattern)]


def key_files(effective: Effective, account: Account) -> List[str]:
    """AuthorizedKeysFile expanded for this user."""
    return [expand_pattern(pattern, account.name, account.uid, account.home) for pattern in key_file_patterns(effective)]


def is_default_key_file(pattern: str) -> bool:
    """Whether a place is the usual one. (sshd takes ~ for root's home.)"""
    return re.sub("^%h/", "", pattern) in DEFAULT_KEY_FILES


def is_personal(pattern: str) -> bool:
    """Whether the path differs between accounts: relative to a home, or with one of sshd's tokens for the account."""
    return not pattern.startswith("/") or re.search("%[huU]", pattern.replace("%%", "")) is not None


def needs_uid(pattern: str) -> bool:
    """Whether the path depends on the number of the account."""
    return "%U" in pattern.replace("%%", "")


def expand_pattern(pattern: str, user: str, uid: Optional[int], home: str) -> str:
    """A path of a setting; a relative one lies under the home (expand_authorized_keys in auth.c).

    The token of a number that is not known yet stays, see needs_uid.
    """
    path = expand_tokens(pattern, {"h": home, "u": user, "U": "%U" if uid is None else str(uid)})
    return path if path.startswith("/") else home.rstrip("/") + "/" + path


def expand_tokens(text: str, tokens: Mapping[str, str]) -> str:
    """Replace %x by the token x, and %% by %. Anything else stays; sshd exits where it meets it (see strange_token)."""
    return re.sub("%(.)", lambda found: dict(tokens, **{"%": "%"}).get(found.group(1), found.group(0)), text)


def strange_token(text: str, tokens: Mapping[str, str]) -> Optional[str]:
    """The first token that is not one of these."""
    return next((found for found in re.findall("%.?", text) if found[1:] not in tokens and found != "%%"), None)


def has_expired(value: str, now: str, now_utc: str) -> bool:
    """Whether a well-formed expiry-time is over (parse_absolute_time in misc.c). The clocks are given as YYYYMMDDHHMMSS.

    A day without a time means its first moment, and one that the month doesn't have means one of the next month.
    """
    digits = re.sub("(?i)(z|utc)$", "", value)
    return _seconds(digits) < _seconds(now if digits == value else now_utc)


def _seconds(digits: str) -> int:
    fields = [digits[:4]] + [digits[index : index + 2] for index in range(4, 14, 2)]
    return calendar.timegm(tuple(int(field or "0") for field in fields))


def _none_or(value: str) -> Optional[str]:
    return None if value.lower() == "none" else value

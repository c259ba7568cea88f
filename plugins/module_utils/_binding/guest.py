# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what a guest reports about its accounts: would sshd accept them with this key, and who could still log in without it?

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import base64
import hashlib
import posixpath
import re
from typing import Any, Dict, Mapping, NamedTuple, Sequence, Set, Tuple
from typing import List as ListOf

from .._assistant.shape import LINE, WORDS, List, Maybe, Table, Text
from .._openssh.authorized_keys import KeyLine, parse_key_file
from .._openssh.key_options import KeyOptionsError, parse_options
from .._openssh.keys import PublicKey
from .._openssh.obstacles import find_obstacles
from .._openssh.rules import (
    Account,
    Effective,
    accepted_algorithms,
    admits,
    expand_pattern,
    key_files,
    required_rsa_bits,
    revoked_keys_file,
    suffices,
    value_of,
)

_NOT_A_LOGIN = ("nologin", "false")
# Errors that mean: there are no key files, so that no key can be in one. (Python 2 quotes the message.)
_NO_KEY_FILES = r"['\"]?getpwnam\(\)|no key file: "
# Lines with these options were written to give less than a login.
_NARROWING = {"command", "from", "expiry-time", "cert-authority", "principals"}

_ROW = {
    "name": LINE, "done": List(LINE, 100), "lines": List(Text(), 100), "error": Maybe(LINE), "uid": Maybe(int), "home": Maybe(Text()), "groups": Maybe(WORDS),
    "settings": Maybe(Table(WORDS)), "revoked": Maybe(bool), "shell": Maybe(Text()), "shell_works": Maybe(bool), "locked": Maybe(bool), "aging": Maybe(LINE),
    "password": Maybe(bool), "missing": Maybe(WORDS), "sudo": Maybe(Text()),
}  # fmt: skip
ANSWER = {"up": bool, "rows": List(_ROW, 500), "ways": List(_ROW, 500), "boot": LINE}
"""What the guest's program answers, as far as it can be relied on: a row with an error has nothing more, or less than others."""


class Login(NamedTuple):
    """One account as far as this key is concerned."""

    name: str
    state: str
    """absent, present, or narrowed: there with options that give less than a login."""
    obstacles: Tuple[str, ...]
    """Clauses: why sshd would refuse the account even with the key in place."""
    done: Tuple[str, ...]
    """What was done to its files, or would be."""
    unseen: str = ""
    """Why its key files could not be looked at; empty when they were, or when it cannot have any."""

    @property
    def live(self) -> bool:
        return self.state == "present" and not self.obstacles


class Guest(NamedTuple):
    """One instance's answer."""

    boot: str
    logins: Tuple[Login, ...]
    vendor_user: str
    vendor_has_key: bool
    password_login: bool
    ways_in: Tuple[str, ...]
    """Accounts that can still log in and become root once the key is gone; only filled when that was asked."""

    @property
    def live(self) -> bool:
        return all(login.live for login in self.logins)

    @property
    def obstacles(self) -> ListOf[str]:
        """All obstacles, each with the account's name."""
        return ["%s: %s" % (login.name, text) for login in self.logins for text in login.obstacles]

    @property
    def unseen(self) -> ListOf[str]:
        """Accounts whose key files could not be looked at, and why."""
        return ["%s: %s" % (login.name, login.unseen) for login in self.logins if login.unseen]

    @property
    def users(self) -> ListOf[str]:
        return [login.name for login in self.logins]

    @property
    def done(self) -> ListOf[str]:
        return ["%s: %s" % (login.name, text) for login in self.logins for text in login.done]


def read_guest(answer: Mapping[str, Any], key: PublicKey, today: int) -> Guest:
    """Judge the answer of the guest's program. I(today) is counted in days since 1970."""
    logins: Dict[str, Login] = {}
    vendor = answer["rows"][-1]
    for row in answer["rows"][:-1]:
        obstacles = find_login_obstacles(row, key, today)
        if not answer["up"]:
            obstacles.append("the SSH server is not running")
        error = str(row.get("error", ""))
        unseen = "" if not error or re.match(_NO_KEY_FILES, error) else _say_error(error)
        # An account that was named twice, by its name and as auto, was found as wanted the second time.
        logins.setdefault(row["name"], Login(row["name"], find_state(row["lines"]), tuple(obstacles), tuple(row["done"]), unseen))
    settings = vendor.get("settings") or {}
    return Guest(
        boot=answer["boot"].strip(),
        logins=tuple(logins.values()),
        vendor_user=vendor["name"],
        vendor_has_key=find_state(vendor["lines"]) == "present",
        password_login=settings.get("passwordauthentication") == ["yes"],
        ways_in=tuple(row["name"] for row in answer["ways"] if is_way_in(row, today)),
    )


def find_state(lines: Sequence[str]) -> str:
    """absent, present, or narrowed, from the lines that hold the key, in the order in which sshd reads them."""
    for line in lines:
        limits = _find_limits(_read_line(line))
        if not limits:
            return "present"
        if "command" in limits:  # sshd goes by the first line that fits
            break
    return "narrowed" if lines else "absent"


def find_login_obstacles(row: Mapping[str, Any], key: PublicKey, today: int) -> ListOf[str]:
    """Why this account cannot log in with this key, one clause each."""
    if "error" in row:
        return [_say_error(str(row["error"]))]
    found = _find_account_obstacles(row, today)
    settings = _settings(row)
    if settings.get("pubkeyauthentication") == ["no"]:
        found.append("PubkeyAuthentication is no (the role alicloud.ecs_access.ssh_server enables it)")
    if not suffices(settings, "publickey"):
        found.append("AuthenticationMethods is %s, so that a key alone is not enough" % " ".join(settings["authenticationmethods"]))
    found.extend(_find_key_obstacles(row, key))
    if find_state(row["lines"]) == "narrowed":
        where = " or ".join(key_files(row["settings"], _account(row)))
        found.append("the key is in %s with options that restrict it; that line was not changed" % where)
    return found


def is_way_in(row: Mapping[str, Any], today: int) -> bool:
    """Whether this account can log in, with another key or with a password that sshd accepts, and become root."""
    if "error" in row or _find_account_obstacles(row, today):
        return False
    settings = _settings(row)
    if row["uid"] != 0 and not _may_become_root(row.get("sudo", ""), row["password"]):
        return False
    typed = settings.get("passwordauthentication") == ["yes"] and suffices(settings, "password")
    if row["password"] and typed and admits(settings, _account(row), "password"):
        return True
    for text in row["lines"]:
        line = _read_line(text)
        # Whether it is revoked is only told of the key that goes, so that may not count here.
        if line.key and not _find_limits(line) and not find_login_obstacles(dict(row, lines=[], revoked=False), line.key, today):
            return True
    return False


def _read_line(text: str) -> KeyLine:
    return parse_key_file(text.encode("latin-1") or b"\n")[0]


def _find_limits(line: KeyLine) -> Set[str]:
    """What keeps a line of a key file from giving a login."""
    try:
        options = {option.name.lower() for option in parse_options(line.options, "")}
    except KeyOptionsError:
        return {"malformed"}
    return options & _NARROWING if line.key else {"malformed"}


def _find_account_obstacles(row: Mapping[str, Any], today: int) -> ListOf[str]:
    """Why no login to this account can work, with a key or a password."""
    account = _account(row)
    settings = _settings(row)
    existing = key_files(settings, account) + [path for path in [revoked_keys_file(settings)] if path and path not in row["missing"]]
    closed = [path for path in ("/etc/nologin", "/run/nologin") if path not in row["missing"]]
    found = [
        "%s (%s)" % (obstacle.text, obstacle.fix)
        for obstacle in find_obstacles(settings, account, tuple(existing))
        # A key alone, and this very key, must do: that is asked elsewhere.
        if obstacle.keyword not in ("authenticationmethods", "pubkeyacceptedalgorithms")
    ]
    if not row["shell_works"] or posixpath.basename(row["shell"]) in _NOT_A_LOGIN:
        found.append("its shell %s does not allow logins" % row["shell"])
    if row["uid"] != 0 and closed:
        found.append("logins are disabled by %s" % closed[0])
    root = value_of(settings, "chrootdirectory", "none")
    jail = posixpath.normpath(expand_pattern(root, account.name, account.uid, account.home))
    if root != "none" and jail in row["missing"]:
        found.append("ChrootDirectory is %s, which is missing" % jail)
    found.extend(_find_aging(row, settings, today))
    return found


def _find_aging(row: Mapping[str, Any], settings: Effective, today: int) -> ListOf[str]:
    # Fields of /etc/shadow, from the third on.
    fields = [int(text) if re.match(r"-?\d+\Z", text) else -1 for text in (row["aging"] + ":" * 6).split(":")]
    changed, maximum, expires = fields[0], fields[2], fields[5]
    uses_pam = settings.get("usepam") == ["yes"]
    if row["locked"] and not uses_pam:
        return ["the account is locked"]
    if 0 <= expires <= today:
        return ["the account has expired"]
    if uses_pam and (changed == 0 or (changed > 0 and maximum >= 0 and today > changed + maximum)):
        return ["its password has expired and would have to be changed first"]
    return []


def _find_key_obstacles(row: Mapping[str, Any], key: PublicKey) -> ListOf[str]:
    settings = _settings(row)
    found = []
    if not accepted_algorithms(settings, key.key_type):
        found.append("PubkeyAcceptedAlgorithms has nothing for a key of type %s" % key.key_type)
    least = required_rsa_bits(settings)
    if key.key_type == "ssh-rsa" and key.bits < least:
        found.append("RequiredRSASize is %d and the key has %d bits" % (least, key.bits))
    if row["revoked"]:
        found.append("the key is in RevokedKeys (%s)" % revoked_keys_file(settings))
    return found


def _account(row: Mapping[str, Any]) -> Account:
    return Account(row["name"], row["uid"], row["home"], tuple(row["groups"]))


def _settings(row: Mapping[str, Any]) -> Effective:
    # Whether there is a key file was found out in the guest.
    return {word: values for word, values in row["settings"].items() if word != "authorizedkeysfile"}


def _may_become_root(sudo: str, has_password: bool) -> bool:
    """From what C(sudo -l -U) prints: all commands as root, with a password only if there is one."""
    rules = re.findall(r"(?m)^\s+\((?:ALL|root)\b[^)]*\) ((?:[A-Z_]+: ?)*)ALL\s*$", sudo)
    return any("NOPASSWD" in tags or has_password for tags in rules)


_ERRORS = (
    (r"getpwnam\(\)", "there is no such account"),
    (r"\[Errno (?:20|40)\].*'(.+)'", "{0} is a symbolic link, which is not followed, or not a directory"),
    (r"\[Errno 13\].*'(.+)'", "the account itself cannot access {0} (permission denied)"),
    (r"\[Errno 2\].*'(.+)'", "{0} is missing"),
    (r"\[Errno 1\].*'(.+)'", "{0} cannot be changed (operation not permitted; immutable?)"),
    (r"\[Errno (?:28|122)\]", "the disk is full"),
    (r"\[Errno 30\]", "the file system is read-only"),
    (r"^not a key file: (.+)", "{0} is not a regular file of at most 1 MiB"),
    (r"^root's own: (.+)", "{0} belongs to root and holds more than keys"),
    (r"^root's directory: (.+)", "the directory of {0} belongs to root"),
    (r"^shared: (.+)", "the key is in {0}, which sshd reads for other accounts too; remove it there by hand"),
    (r"^no key file: (.+)", "AuthorizedKeysFile names no file that is this account's own (it reads {0} for other accounts too)"),
    (r"^no key file: ", "AuthorizedKeysFile names no file that is this account's own"),
    (r"^sshd -T: (.*)", "sshd rejects its own configuration: {0}"),
)


def _say_error(text: str) -> str:
    """An error of the guest's program in words. Anything but a system error is a sentence of the program already."""
    for pattern, words in _ERRORS:
        found = re.search(pattern, text)
        if found:
            return words.format(*found.groups())
    return text[len("sshd: ") :] if text.startswith("sshd: ") else text


def key_digest(key: PublicKey) -> str:
    """How the guest's program identifies the key to remove."""
    return hashlib.sha256(base64.b64encode(key.blob)).hexdigest()


def key_line(public_key: PublicKey, key_pair_name: str) -> str:
    """The line to write; a key without a comment gets the key pair's name as one if it is plain ASCII."""
    comment = public_key.comment or key_pair_name
    if any(ord(char) < 33 or ord(char) > 126 for char in comment.replace(" ", "_")):
        comment = ""
    return " ".join(part for part in (public_key.key_type, base64.b64encode(public_key.blob).decode("ascii"), comment) if part)

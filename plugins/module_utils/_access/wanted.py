# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wanted login state as the user wrote it, checked as far as it can be without looking at the host.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import Any, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._openssh.authorized_keys import Revoked, WantedKey
from .._system.accounts import expiry_days, is_password_hash
from .sudoers import ANYBODY, SudoLine, is_command, is_runas
from .wanted_keys import WantedError, parse_keys, parse_revoked, parse_until

_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}[A-Za-z0-9_.$-]?\Z")
_MAX_ID = 2**32 - 2


class WantedGroup(NamedTuple):
    """One entry of C(groups)."""

    name: str
    gid: Optional[int] = None
    system: bool = False
    present: bool = True


class WantedUser(NamedTuple):
    """One entry of C(users). None means: leave alone."""

    name: str
    state: str = "present"
    existing: bool = False
    uid: Optional[int] = None
    system: bool = False
    group: Optional[str] = None
    groups: Optional[Tuple[str, ...]] = None
    append_groups: bool = True
    shell: Optional[str] = None
    home: Optional[str] = None
    create_home: bool = True
    remove_home: bool = False
    comment: Optional[str] = None
    password_hash: Optional[str] = None
    update_password: bool = True
    expires: Optional[str] = None
    sudo: Optional[str] = None
    sudo_commands: Tuple[str, ...] = ()
    sudo_runas: str = ANYBODY
    sudo_rules: Tuple[SudoLine, ...] = ()
    keys: Optional[Tuple[WantedKey, ...]] = None
    exclusive: bool = False
    end_sessions: bool = False
    create: bool = True
    removes_remains: bool = False
    leave_groups: FrozenSet[str] = frozenset()
    """Memberships that end, whatever C(groups) lists."""

    @property
    def sudo_lines(self) -> Tuple[SudoLine, ...]:
        """The rights that are asked for, unless it is none of them."""
        return self.sudo_rules or (SudoLine(self.sudo == "nopasswd", self.sudo_commands, self.sudo_runas),)


class Wanted(NamedTuple):
    """Everything asked for in one call."""

    groups: Tuple[WantedGroup, ...]
    users: Tuple[WantedUser, ...]
    revoked: Revoked
    warnings: Tuple[str, ...]

    @property
    def taking(self) -> "Wanted":
        """That part which takes access away."""
        return self._replace(groups=(), users=tuple(user for user in self.users if user.state != "present"))

    @property
    def takes(self) -> bool:
        """Whether there is such a part."""
        return bool(self.taking.users) or self.revokes

    @property
    def revokes(self) -> bool:
        """Whether keys must leave every account."""
        return bool(self.revoked.blobs or self.revoked.fingerprints)

    @property
    def staying(self) -> Tuple[WantedUser, ...]:
        """Users who exist afterwards."""
        return tuple(user for user in self.users if user.state != "absent")

    @property
    def leaving(self) -> Tuple[WantedUser, ...]:
        """Users who do not."""
        return tuple(user for user in self.users if user.state == "absent")

    @property
    def user_names(self) -> FrozenSet[str]:
        """Names of all listed users."""
        return frozenset(user.name for user in self.users)


def parse_wanted(params: Mapping[str, Any]) -> Wanted:
    """Check the module's options and turn them into records; raises WantedError."""
    warnings: List[str] = []
    revoked = parse_revoked(params.get("revoked_keys") or [])
    groups = tuple(_parse_group(item) for item in params.get("groups") or [])
    users = tuple(_parse_user(item, revoked, warnings) for item in params.get("users") or [])
    _refuse_repeats("groups", [group.name for group in groups])
    _refuse_repeats("users", [user.name for user in users])
    for what, numbers in (("uid", [user.uid for user in users]), ("gid", [group.gid for group in groups])):
        _refuse_repeats(what + "s", [str(number) for number in numbers if number is not None])
    gone = {group.name for group in groups if not group.present}
    for user in users:
        for name in sorted(gone.intersection(user.groups or ()) | (gone & {user.group})):
            raise WantedError("user %s: the group %s is listed with state absent in the same call" % (user.name, name))
    return Wanted(groups, users, revoked, tuple(warnings))


def check_name(kind: str, name: str) -> str:
    """A name that useradd, sudoers and a path can all carry; raises WantedError."""
    if not _NAME.match(name) or name.isdigit() or ".." in name or name == ".":
        raise WantedError(
            "%s name %r is not usable: it must be 1 to 32 letters, digits, dots, dashes or underscores, must not start with a "
            "dash, hold '..' or be a number" % (kind, _printable(name))
        )
    return name


def _refuse_repeats(what: str, values: List[str]) -> None:
    repeated = sorted({value for value in values if values.count(value) > 1})
    if repeated:
        raise WantedError("%s: %s is listed more than once" % (what, ", ".join(repeated)))


def _parse_group(item: Mapping[str, Any]) -> WantedGroup:
    name = check_name("group", item["name"])
    _check_id("group %s: gid" % name, item.get("gid"))
    present = item.get("state", "present") != "absent"
    if name == "root":
        raise WantedError("group root: this group is not managed here")
    return WantedGroup(name, item.get("gid"), bool(item.get("system")), present)


def _parse_user(item: Mapping[str, Any], revoked: Revoked, warnings: List[str]) -> WantedUser:
    existing = item.get("account", "local") == "existing"
    name = item["name"] if existing else check_name("user", item["name"])
    if existing and (not name or re.search(r"[\x00-\x20\x7f:,\"'/!%#=()]|^[-+]|\\\Z", name) or ".." in name):
        raise WantedError("user name %r is not usable" % _printable(name))
    where = "user " + name
    state = item.get("state") or "present"
    if state == "absent":
        # No other entry for a user who must be removed may keep the user.
        item = {option: item.get(option) for option in ("name", "state", "remove_home", "end_sessions", "remains")}
        existing = False
    _check_combinations(where, item, state, existing)
    _check_id(where + ": uid", item.get("uid"))
    _check_text(where, item)
    groups = item.get("groups")
    for group in (groups or []) + ([item["group"]] if item.get("group") else []):
        check_name("%s: group" % where, group)
    keys = None
    if item.get("authorized_keys") is not None:
        keys = tuple(parse_keys(where, item["authorized_keys"], revoked, warnings))
    keeps = any(key.present and not revoked.covers(key.key) for key in keys or ())
    if item.get("exclusive") and state != "absent" and not keeps and not item.get("allow_empty_exclusive"):
        raise WantedError("%s: exclusive with no key to keep would remove every key; list a key, or set allow_empty_exclusive" % where)
    expires = item.get("expires")
    end_sessions = item.get("end_sessions")
    return WantedUser(
        name=name,
        state=state,
        existing=existing,
        uid=item.get("uid"),
        system=bool(item.get("system")),
        group=item.get("group"),
        groups=None if groups is None else tuple(sorted(set(groups))),
        append_groups=item.get("append_groups") is not False,
        shell=item.get("shell"),
        home=item.get("home"),
        create_home=item.get("create_home") is not False,
        remove_home=bool(item.get("remove_home")),
        comment=item.get("comment"),
        password_hash=item.get("password_hash"),
        update_password=item.get("update_password") != "on_create",
        expires=None if expires is None else _parse_expiry(where, expires),
        sudo=item.get("sudo"),
        sudo_commands=tuple(item.get("sudo_commands") or ()),
        sudo_runas=item.get("sudo_runas") or ANYBODY,
        sudo_rules=tuple(_parse_sudo_rule(where, index, rule) for index, rule in enumerate(item.get("sudo_rules") or ())),
        keys=keys,
        exclusive=bool(item.get("exclusive")),
        end_sessions=state == "absent" if end_sessions is None else bool(end_sessions),
        create=item.get("create") is not False,
        removes_remains=item.get("remains") == "remove",
    )


_ACCOUNT_OPTIONS = ("uid", "group", "groups", "shell", "home", "comment", "password_hash", "expires", "system")


def _check_combinations(where: str, item: Mapping[str, Any], state: str, existing: bool) -> None:
    given = [name for name in _ACCOUNT_OPTIONS if item.get(name) not in (None, False)]
    if existing and given:
        raise WantedError("%s: account is existing, so only keys and sudo are managed; drop %s" % (where, ", ".join(given)))
    if existing and state != "present":
        raise WantedError("%s: account is existing, so state must be present; lock or remove it where it is defined" % where)
    if item["name"] == "root":
        refused = [name for name in given if name not in ("password_hash", "shell", "comment")]
        refused += [name for name in ("sudo", "sudo_rules") if item.get(name) is not None]
        if state != "present" or refused:
            raise WantedError(
                "user root: only keys, password_hash, shell and comment are managed; root stays present (drop %s)" % ", ".join(refused or ["state"])
            )
    sudo = item.get("sudo")
    if item.get("remains") == "remove" and state == "present" and not (existing and sudo == "none"):
        raise WantedError("%s: remains: remove needs state: locked or absent, or account: existing with sudo: none" % where)
    if item.get("sudo_rules") is not None and any(item.get(name) is not None for name in ("sudo", "sudo_commands", "sudo_runas")):
        raise WantedError("%s: sudo_rules takes the place of sudo, sudo_commands and sudo_runas; give one or the other" % where)
    if item.get("sudo_rules") == []:
        raise WantedError("%s: sudo_rules is empty; set sudo: none to take all rights away" % where)
    if sudo in (None, "none") and (item.get("sudo_commands") or item.get("sudo_runas")):
        raise WantedError("%s: sudo_commands and sudo_runas need sudo: password or sudo: nopasswd" % where)


def _check_text(where: str, item: Mapping[str, Any]) -> None:
    for option in ("comment", "shell", "home"):
        value = item.get(option)
        if value is not None and (":" in value or not value.isprintable()):
            raise WantedError("%s: %s must not hold a colon, a line break or an invisible character" % (where, option))
    for option in ("shell", "home"):
        value = item.get(option)
        if value is not None and (not value.startswith("/") or ".." in value.split("/") or value == "/"):
            raise WantedError("%s: %s must be an absolute path without '..', not %r" % (where, option, value))
    password = item.get("password_hash")
    if password is not None and not is_password_hash(password):
        raise WantedError("%s: password_hash is not the output of crypt(3); make one with 'openssl passwd -6'" % where)
    if item.get("sudo_commands") == [] and item.get("sudo") not in (None, "none"):
        raise WantedError("%s: sudo_commands is empty; leave it out to allow everything, or set sudo: none" % where)
    _check_sudo(where, item.get("sudo_commands"), item.get("sudo_runas"))


def _parse_sudo_rule(where: str, index: int, item: Mapping[str, Any]) -> SudoLine:
    place = "%s: sudo_rules[%d]" % (where, index)
    commands, until = item.get("commands"), item.get("until")
    if commands == []:
        raise WantedError("%s: commands is empty; leave it out to allow everything" % place)
    _check_sudo(place, commands, item.get("runas"))
    return SudoLine(
        nopasswd=item.get("sudo", "nopasswd") == "nopasswd",
        commands=tuple(commands or ()),
        runas=item.get("runas") or ANYBODY,
        until=None if until is None else parse_until(place, str(until)),
    )


def _check_sudo(where: str, commands: Optional[Sequence[str]], runas: Optional[str]) -> None:
    for command in commands or []:
        if re.search(r"[\x00-\x1f\x7f]", command):
            raise WantedError("%s: a sudo command holds a newline or another control character" % where)
        if not is_command(command):
            raise WantedError(
                "%s: %r is not one sudo command: give ALL, an absolute path with or without arguments, sudoedit with "
                "paths, or an alias, with a backslash before each , : = # and \\ that is part of it" % (where, _printable(command))
            )
    if runas is not None and (re.search(r"[\x00-\x1f\x7f]", runas) or not is_runas(runas)):
        raise WantedError("%s: sudo_runas must look like user, user:group or ALL:ALL, not %r" % (where, _printable(runas)))


def _check_id(where: str, number: Optional[int]) -> None:
    if number is not None and not 1 <= number < _MAX_ID:
        raise WantedError("%s must be between 1 and %d, not %d" % (where, _MAX_ID - 1, number))


def _parse_expiry(where: str, text: str) -> str:
    try:
        return expiry_days(text)
    except ValueError:
        raise WantedError("%s: expires must be a date such as 2030-12-31, or never, not %r" % (where, text))


def _printable(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardening once keys work: no login with a password, and what root may do.

A password can be used in two ways: PasswordAuthentication, and keyboard-interactive, behind which PAM asks for the same password. Either
alone is enough, so they are always disabled together.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Dict, List, NamedTuple, Optional, Sequence, Set

from .._openssh.rules import OLD_ROOT, Effective, demand_password, root_login
from .._openssh.sshd_config import Directive, Settings

ROOT_CHOICES = ("no", "forced-commands-only", "prohibit-password", "yes")
"""The values of PermitRootLogin, the strictest first."""

# The third is what the second was called before OpenSSH 8.7, when both existed and each had an effect.
_DOORS = ("PasswordAuthentication", "KbdInteractiveAuthentication", "ChallengeResponseAuthentication")
_ROOT = "PermitRootLogin"


class Hardening(NamedTuple):
    """What was asked for; None leaves a setting alone."""

    password_authentication: Optional[bool] = None
    permit_root_login: Optional[str] = None

    @property
    def is_asked(self) -> bool:
        """Whether anything was asked for."""
        return self != Hardening()

    @property
    def closes(self) -> bool:
        """Whether it removes a login method from any user."""
        return self.password_authentication is False or self.permit_root_login not in (None, "yes")

    @property
    def bars_root(self) -> bool:
        """Whether root cannot open a session any more."""
        return self.permit_root_login in ("no", "forced-commands-only")


def keywords(effective: Effective) -> List[str]:
    """The settings that may change, as far as this sshd has them."""
    return [name for name in _DOORS + (_ROOT,) if name.lower() in effective]


def wanted_settings(asked: Hardening, own: Settings, general: Effective) -> Dict[str, str]:
    """What has to stand in our place. V(password_authentication=true) only takes back what this module has set."""
    wanted = dict(own)
    if asked.password_authentication:
        for name in _DOORS:
            wanted.pop(name, None)
    elif asked.password_authentication is False and not _doors_closed(general):
        wanted.update((name, "no") for name in _DOORS if name.lower() in general)
    if asked.permit_root_login and root_login(general) != asked.permit_root_login:
        wanted[_ROOT] = asked.permit_root_login
    return wanted


def standing(settings: Settings, effective: Effective) -> Set[str]:
    """Those of our settings that are in force."""
    return {name for name, value in settings.items() if name.lower() in effective and _shown(name, effective) == value}


def is_met(asked: Hardening, general: Effective, users: Sequence[Effective]) -> bool:
    """Whether it holds for everybody, and for these users; a Match block may be stricter than what was asked for."""
    if asked.password_authentication is False and not all(_doors_closed(effective) for effective in [general] + list(users)):
        return False
    root = asked.permit_root_login
    return not root or (root_login(general) == root and all(_rank(root_login(effective)) <= _rank(root) for effective in users))


def find_exceptions(asked: Hardening, directives: Sequence[Directive]) -> List[Directive]:
    """Lines of Match blocks that override it (Match blocks take precedence over general settings).

    They give some users back what must be removed, or require the password that must no longer be accepted.
    """
    return [
        directive
        for directive in directives
        if directive.match
        and (
            (asked.password_authentication is False and _wants_password(directive))
            or (asked.permit_root_login and directive.keyword == _ROOT.lower() and _rank(_value(directive)) > _rank(asked.permit_root_login))
        )
    ]


def describe(before: Effective, after: Effective) -> Dict[str, Dict[str, str]]:
    """Each of the settings before and after, for the result."""
    return {name: {"before": _shown(name, before), "after": _shown(name, after)} for name in keywords(after) if name.lower() in before}


def _wants_password(directive: Directive) -> bool:
    if directive.keyword in [name.lower() for name in _DOORS]:
        return _value(directive) != "no"
    return directive.keyword == "authenticationmethods" and demand_password(directive.arguments)


def _value(directive: Directive) -> str:
    return directive.arguments[0].lower() if directive.arguments else ""


def _shown(name: str, effective: Effective) -> str:
    return root_login(effective) if name == _ROOT else effective[name.lower()][0]


def _rank(value: str) -> int:
    value = OLD_ROOT.get(value, value)
    return ROOT_CHOICES.index(value) if value in ROOT_CHOICES else len(ROOT_CHOICES)


def _doors_closed(effective: Effective) -> bool:
    return all(effective[name.lower()] == ["no"] for name in _DOORS if name.lower() in effective)

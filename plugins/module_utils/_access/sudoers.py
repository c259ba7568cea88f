# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sudoers: name and text of our own fragments.

Only visudo decides whether a text is valid. What others wrote is read in C(_system.sudoers).

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import datetime
import re
from typing import NamedTuple, Optional, Sequence, Tuple

from .._names import PRODUCT
from .._text import text_lines

# The last matching rule wins in sudoers and fragments are read in lexical order: ours come late. The one of earlier versions comes last.
_PREFIXES = ("95-%s-" % PRODUCT, "95-ecs_access-")

_EVERYTHING = re.compile(r" ALL=\((ALL|root)(:[^)]*)?\) NOPASSWD: ALL$")
_GIVES_ROOT = re.compile(r" ALL=\((ALL|root)(:[^)]*)?\) (NOTAFTER=\S+ )?(NOPASSWD: )?ALL(, !|$)")
# Upper case could be the name of an alias, or ALL.
_BARE_NAME = re.compile(r"^[a-z_][a-z0-9_.-]*\Z")
_RUNAS_GROUP = r"\s*(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|#[0-9]{1,9})\s*"
_RUNAS_USER = r"\s*%?" + _RUNAS_GROUP
_RUNAS = re.compile("(?:{0}(?:,{0})*)?(?::{1}(?:,{1})*)?\\Z".format(_RUNAS_USER, _RUNAS_GROUP))
_PATH = r"/(?:[^\s\\,:=#]|\\[ ,:=#])+"
# What starts with ^ and ends in $ is a regular expression to sudo 1.9.10 and newer.
_REGEX = r"\^(?:[^\\,:=#]|\\.)*\$"
_ARGUMENTS = r"(?:(?<!/)\s(?:\s*" + _REGEX + r"|(?!\s*\^)(?:[^\\,:=#]|\\[ \\,:=#*?\[\]!])*))?"
_DIGEST = (
    r"(?:(?:sha224:(?:[0-9a-f]{56}|[\w+/]{38}==)|sha256:(?:[0-9a-f]{64}|[\w+/]{43}=)|sha384:(?:[0-9a-f]{96}|[\w+/]{64})|"
    r"sha512:(?:[0-9a-f]{128}|[\w+/]{86}==))\s+)?"
)
# Without blanks around it: they would belong to two parts at a time, and many of them take the square of their number.
_COMMAND = re.compile(r"(?:!\s*)?(?:[A-Z][A-Z0-9_]*|" + _DIGEST + _PATH + _ARGUMENTS + r"|\^" + _PATH + r"\$" + _ARGUMENTS + "|sudoedit" + _ARGUMENTS + r")\Z")


ANYBODY = "ALL:ALL"
"""Whom sudo lets one become by default."""


class SudoLine(NamedTuple):
    """One line to write. C(until): the last day on which it holds."""

    nopasswd: bool = False
    commands: Tuple[str, ...] = ()
    runas: str = ANYBODY
    until: Optional[datetime.date] = None

    @property
    def everything(self) -> bool:
        """Whether it gives everything, for good."""
        return not self.commands and self.runas == ANYBODY and self.until is None


class SudoRule(NamedTuple):
    """The rules of a fragment of ours. C(everything): they give root without a password, whatever else may be taken away.

    C(root): one of them gives everything, whether with a password or for some time.
    """

    text: str
    nopasswd: bool = False
    everything: bool = False
    root: bool = False


def fragment_names(user: str) -> Tuple[str, ...]:
    """File names of a user's fragment: ours, then the one that earlier versions gave it, which takes precedence where both exist.

    Never a dot or tilde, which sudo ignores, and no two users share one.
    """
    name = "".join(char if (char.isalnum() and ord(char) < 128) or char == "-" else "_%02x_" % ord(char) for char in user)
    return tuple(prefix + name for prefix in _PREFIXES)


def is_fragment(name: str) -> bool:
    """Whether this is the name of a fragment of ours, of whatever version."""
    return name.startswith(_PREFIXES)


def is_command(text: str) -> bool:
    """Whether this stands in a rule as exactly one command: no tag, no option, no comment, nothing that ends it early.

    What cannot be printed is none: it would be a part of the command to sudo, and a blank or nothing to whoever reads the rule.
    """
    bare = text.strip(" ")
    if bare.endswith("\\") and text.endswith(" "):
        # That blank is a part of it.
        bare += " "
    return text.isprintable() and _COMMAND.match(bare) is not None


def is_runas(text: str) -> bool:
    """Whether this can stand in a rule as whom one may become."""
    return bool(text.strip(" :")) and _RUNAS.match(text) is not None


def render_fragment(user: str, rules: Sequence[SudoLine]) -> str:
    """A user's fragment. Of two lines that match a command sudo takes the later one."""
    who = user if _BARE_NAME.match(user) else '"%s"' % user
    lines = ["# Managed by %s (ssh_access); changes here are overwritten." % PRODUCT]
    for rule in rules:
        end = "NOTAFTER=%s235959Z " % rule.until.strftime("%Y%m%d") if rule.until else ""
        lines.append("%s ALL=(%s) %s%s%s" % (who, rule.runas, end, "NOPASSWD: " if rule.nopasswd else "", ", ".join(rule.commands) or "ALL"))
    return "".join(line + "\n" for line in lines)


def read_fragment(text: str) -> Optional[SudoRule]:
    """The rules of a fragment. It gives everything if a line does and no later one asks for a password."""
    lines = [line for line in text_lines(text) if line.strip() and not line.startswith("#")]
    if not lines:
        return None
    everything = False
    for line in lines:
        everything = " NOPASSWD: " in line and (everything or _EVERYTHING.search(line) is not None)
    root = any(_GIVES_ROOT.search(line) for line in lines)
    return SudoRule("; ".join(lines), any(" NOPASSWD: " in line for line in lines), everything, root)

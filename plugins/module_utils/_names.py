# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the product is called in what it leaves on hosts. Names that earlier versions gave are known, so that they are taken over.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import NamedTuple, Tuple

PRODUCT = "alicloud-ecs-access"

ACCOUNTS_LOCKS = ("/run/alicloud.ecs_access.lock", "/run/%s.lock" % PRODUCT)
"""Earlier versions take the first one alone. Whoever takes both does it in this order."""
SSHD_LOCK = "/run/%s-sshd.lock" % PRODUCT
STATE_DIR = "/var/lib/" + PRODUCT

UNIT_DIR = "/etc/systemd/system"
BOOT_UNIT = PRODUCT + "-sshd-rollback.service"
"""Stands in I(UNIT_DIR), and is wanted by sysinit.target, while a change of sshd waits for its proof; so does a timer."""
TIMERS = PRODUCT + "-sshd-"
"""What their names begin with."""

DROP_IN = "00-%s.conf" % PRODUCT
"""Among the files that sshd_config includes; early in their order, because the first value counts."""
FORMER_DROP_INS = ("00-ecs-access.conf",)

REVOKED_KEYS = "/etc/ssh/%s-revoked-keys" % PRODUCT
"""The list that sshd gets from us where it has none (RevokedKeys)."""

COPIES = PRODUCT + "-copy-"
"""What names of folders below /run begin with that hold copies for a tool to judge."""
FORMER_COPIES = ("ecs_access-copy-",)

CLIENT_FOLDER = PRODUCT + ".d"
"""Beside the configuration of ssh, for the files that it includes."""
FORMER_CLIENT_FOLDER = "ecs_access.d"

_FORMER_PRODUCT = "alicloud.ecs_access"
# Not only left by killed writes of earlier versions: the preparation of temporary keys kept there what it may have to put back.
_SAVED = ".sshd_config.ecs-access"


class Marks(NamedTuple):
    """The lines around our part of a file that belongs to others."""

    begin: str
    end: str


def block_marks(what: str) -> Tuple[Marks, ...]:
    """Of the lines that I(what) writes: as they are written, then as earlier versions wrote them."""
    return tuple(Marks("# BEGIN %s %s" % (name, what), "# END %s %s" % (name, what)) for name in (PRODUCT, _FORMER_PRODUCT))


def line_marks(what: str) -> Tuple[str, ...]:
    """At the end of single lines of ours: as it is written, then as earlier versions wrote it."""
    return tuple("%s/%s" % (name, what) for name in (PRODUCT, _FORMER_PRODUCT))


def temporary_names(name: str) -> Tuple[str, ...]:
    """Beside a file, where its successor is written; then the names that earlier versions gave it.

    Always the same, so that what a killed run left is cleared by the next. The dot keeps it out of the wildcards of sshd and sudo.
    """
    names = (".%s.%s" % (name, PRODUCT), ".%s.ecs-access" % name, ".%s.ecs_access-new" % name.lstrip("."))
    return tuple(one for one in names if one != _SAVED)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else acts in the name of users who have lost their access: as records, and as a person reads them.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import NamedTuple

SUDO, CRONTAB, CRON_LINE, AT_JOB, LINGER, UNIT, FILES, UNSEARCHED, PRIVATE_KEY, PROCESSES = (
    "sudo", "crontab", "cron_line", "at_job", "linger", "unit", "files", "unsearched", "private_key", "processes",
)  # fmt: skip

_SENTENCES = {
    SUDO: "{path}:{number} names user {user}: {text}",
    CRONTAB: "user {user} still has the crontab {path}",
    CRON_LINE: "{path}:{number} runs a command as user {user}",
    AT_JOB: "user {user} still has the at job {path}",
    LINGER: "services of user {user} start at boot (loginctl disable-linger {user})",
    UNIT: "{path} runs as user {user}",
    FILES: "{number} files still belong to user {user} {text}",
    UNSEARCHED: "not all folders could be searched for files of {user}; find -uid finds the rest",
    PRIVATE_KEY: "user {user} still has the private key {path} ({text})",
    PROCESSES: "{number} processes of user {user} are running",
}


REMOVABLE = (SUDO, CRONTAB, CRON_LINE, AT_JOB, LINGER, PRIVATE_KEY, PROCESSES)
"""Kinds that may be taken away: what the user was given or left for their own account. Units and other files are others' decision."""


class Remain(NamedTuple):
    """One thing. C(number): its line, or how many there are. C(sole): whether it is about this user alone."""

    kind: str
    user: str
    path: str = ""
    number: int = 0
    text: str = ""
    sole: bool = True

    @property
    def removable(self) -> bool:
        """Whether it can be taken away without touching anybody else's."""
        return self.sole and self.kind in REMOVABLE


def describe_remain(remain: Remain) -> str:
    """The sentence about it."""
    return _SENTENCES[remain.kind].format(**remain._asdict())

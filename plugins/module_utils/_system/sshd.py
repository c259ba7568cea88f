# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sshd program as the judge of configurations: test one, and report what it means for a user.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import re
from typing import Dict, Iterator, List, NamedTuple, Tuple

from .._openssh import sshd_config
from .._text import printable, text_lines
from .run import HostError
from .server import KILLED, NOT_STARTED, Ended, Server, ask_about, ask_sshd, make_folder


class SshdError(HostError):
    """Something that a person has to know, in one sentence."""


class ConfigRefused(SshdError):
    """sshd does not accept the configuration; the text is sshd's message, with real paths."""


class Origin(NamedTuple):
    """Where the login that is judged comes from. sshd's Match criteria see these."""

    address: str = "127.0.0.1"
    local_address: str = "127.0.0.1"
    local_port: int = 22
    name: str = ""
    """What the address resolves to, for an sshd that looks it up."""


class Sshd:
    """One sshd program with the options that the running listener was started with."""

    def __init__(self, program: str, options: Tuple[str, ...] = ()) -> None:
        self._server = Server(program, options, "", "", 0, False)

    @property
    def program(self) -> str:
        return self._server.program

    def check(self, config: str) -> None:
        """Raises ConfigRefused unless C(sshd -t) accepts the configuration."""
        self._accepted("-t", ask_sshd(self._server._replace(config=config), "-t"))

    def effective(self, config: str, user: str, origin: Origin) -> Dict[str, List[str]]:
        """What sshd applies to this user: C(sshd -T -C ...), with every criterion that this version knows."""
        if re.search(r"[,\s\0]", user):
            raise SshdError("sshd cannot be asked about %s, because the name has a comma, white space or a NUL character" % printable(user))
        ended = ask_about(self._server._replace(config=config), user, *origin)
        return sshd_config.parse_effective(self._accepted("-T", ended).out)

    def general(self, config: str) -> Dict[str, List[str]]:
        """What holds apart from every Match block: C(sshd -T) without a connection."""
        ended = ask_sshd(self._server._replace(config=config), "-T")
        if "connection test specification" in ended.err:
            # Some versions want one wherever there is a Match block: a user whom none of them can match by name or address.
            return self.effective(config, "no.such.user", Origin("192.0.2.1", "192.0.2.2"))
        return sshd_config.parse_effective(self._accepted("-T", ended).out)

    def _accepted(self, asked: str, ended: Ended) -> Ended:
        if ended.code in (NOT_STARTED, KILLED):
            raise SshdError("%s %s: %s" % (self.program, asked, ended.err))
        if ended.code != 0:
            said = [line.strip() for line in text_lines(ended.err) if line.strip()]
            raise ConfigRefused("; ".join(said[:3]) or "sshd %s ended with status %d and no message" % (asked, ended.code))
        return ended


@contextlib.contextmanager
def lent_folder(path: str) -> Iterator[None]:
    """The folder that sshd misses, for as long as the block lasts; empty for none."""
    if path:
        make_folder(path)
    try:
        yield
    finally:
        if path:
            with contextlib.suppress(OSError):
                os.rmdir(path)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sshd program as the judge of configurations: test one, and tell what it means for a user.

Note that this module util is **PRIVATE** to the collection.
"""

import os
import re
import subprocess
from typing import Dict, List, NamedTuple, Tuple

from .._openssh import sshd_config
from .._text import printable, text_lines
from .run import HostError

_TIMEOUT = 30
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class SshdError(HostError):
    """Something that a person has to know, in one sentence."""


class ConfigRefused(SshdError):
    """sshd does not accept the configuration; the text is what sshd says, with real paths."""


class Origin(NamedTuple):
    """Where the login that is judged comes from. sshd's Match criteria see these."""

    address: str = "127.0.0.1"
    local_address: str = "127.0.0.1"
    local_port: int = 22


class Sshd:
    """One sshd program with the options that the running listener was started with."""

    def __init__(self, program: str, options: Tuple[str, ...] = ()):
        self.program = program
        self._options = options
        # Criteria that some versions of sshd don't know; found out by asking.
        self._unknown_criteria = set()  # type: set

    def check(self, config: str) -> None:
        """Raises ConfigRefused unless C(sshd -t) accepts the configuration."""
        code, _out, err = self._run(["-t", "-f", config])
        if code != 0:
            raise ConfigRefused(_first_lines(err) or "sshd -t ended with status %d and no message" % code)

    def effective(self, config: str, user: str, origin: Origin) -> Dict[str, List[str]]:
        """What sshd applies to this user: C(sshd -T -C ...), with every criterion that this version wants."""
        if re.search(r"[,\s\0]", user):
            raise SshdError("sshd can't be asked about %s, whose name it would take for more than a name" % printable(user))
        while True:
            code, out, err = self._run(["-T", "-C", self._criteria(user, origin), "-f", config])
            unknown = re.search(r"Invalid test mode specification (\w+)", err)
            if unknown is None or unknown.group(1) in self._unknown_criteria:
                break
            self._unknown_criteria.add(unknown.group(1))
        if code != 0:
            raise ConfigRefused(_first_lines(err) or "sshd -T ended with status %d and no message" % code)
        return sshd_config.parse_effective(out)

    def general(self, config: str) -> Dict[str, List[str]]:
        """What holds apart from every Match block: C(sshd -T) without a connection."""
        code, out, err = self._run(["-T", "-f", config])
        if "connection test specification" in err:
            # Some versions want one wherever there is a Match block: somebody whom none of them can mean by name or address.
            return self.effective(config, "no.such.user", Origin("192.0.2.1", "192.0.2.2"))
        if code != 0:
            raise ConfigRefused(_first_lines(err) or "sshd -T ended with status %d and no message" % code)
        return sshd_config.parse_effective(out)

    def _criteria(self, user: str, origin: Origin) -> str:
        criteria = [
            ("user", user),
            ("host", origin.address),
            ("addr", origin.address),
            ("laddr", origin.local_address),
            ("lport", str(origin.local_port)),
            ("rdomain", ""),
        ]
        return ",".join("%s=%s" % item for item in criteria if item[0] not in self._unknown_criteria)

    def _run(self, arguments: List[str]) -> Tuple[int, str, str]:
        command = [self.program] + list(self._options) + arguments
        code, out, err = run(command)
        missing = re.search(r"Missing privilege separation directory: (/run/\S+|/var/run/\S+)", err)
        if missing:
            # systemd makes it only while the service runs, not for a socket that waits for its first connection.
            os.makedirs(missing.group(1), mode=0o755, exist_ok=True)
            code, out, err = run(command)
        return code, out, err


def run(command: List[str], timeout: int = _TIMEOUT) -> Tuple[int, str, str]:
    """Run a program with a plain environment; a program that hangs or can't be started is an SshdError."""
    process = None
    try:
        # AnsibleModule.run_command knows no timeout, and a hanging systemctl must not keep us from putting things back.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_ENVIRONMENT
        )
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise SshdError("'%s' did not end within %d seconds" % (" ".join(command), timeout))
    except OSError as exc:
        raise SshdError("cannot run %s: %s" % (command[0], exc.strerror))
    return process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def _first_lines(text: str) -> str:
    lines = [line.strip() for line in text_lines(text) if line.strip()]
    return "; ".join(lines[:3])

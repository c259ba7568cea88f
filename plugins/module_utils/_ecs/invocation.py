# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a command of Cloud Assistant ended in one instance, and why it did where it failed.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

import base64
import binascii
from typing import Any, Mapping, NamedTuple

from .._text import printable, text_lines
from .answer import text_of, word_of

_FINAL = ("Success", "Invalid", "Aborted", "Failed", "Error", "Timeout", "Cancelled", "Terminated")
_AGENT = "its Cloud Assistant agent is not %s; see /usr/local/share/aliyun-assist/*/log/aliyun_assist_main.log in the instance"
_REASONS = {
    "ClientIsUpgrading": "its Cloud Assistant agent is being upgraded; run again in a minute",
    "ClientNeedUpgrade": "its Cloud Assistant agent is too old; upgrade it",
    "ClientNetworkBlocked": _AGENT % "able to reach the service (security group, routes, DNS)",
    "ClientNotOnline": _AGENT % "online",
    "ClientNotResponse": _AGENT % "responding",
    "ClientNotRunning": _AGENT % "running or not installed",
    "CommandNotApplicable": "it does not run Linux",
    "DeliveryTimeout": "the command could not be delivered in time",
    "InstanceNotExists": "there is no such instance",
    "InstanceNotRunning": "it is not running",
    "InstanceReleased": "it has been released",
    "InstanceRestarted": "it was restarted while the command ran",
    "SecurityGroupRuleDenied": "its security group blocks Cloud Assistant",
    "TaskConcurrencyLimit": "too many Cloud Assistant commands run in it",
}


class Invocation(NamedTuple):
    """What the service reports; without a status it reports nothing about this instance."""

    status: str = ""
    output: str = ""
    exit_code: str = ""
    error_code: str = ""
    error_info: str = ""
    finished_at: str = ""
    waited: float = 0.0
    """Seconds of this controller until it was seen to have ended: a guest can make up all other times."""

    @property
    def is_final(self) -> bool:
        return self.status in _FINAL

    @property
    def is_success(self) -> bool:
        return self.status == "Success"

    @property
    def why(self) -> str:
        """The cause in one clause, for everything but a success."""
        if not self.status:
            return "Cloud Assistant returned no result for it; check that it is a running instance of this region"
        if not self.is_final:
            return "the command has not ended in time (%s); see Cloud Assistant's log in the instance" % self.status
        return "the command ended as %s: %s" % (self.status, self.reason)

    @property
    def reason(self) -> str:
        if self.error_code in ("", "ExitCodeNonzero"):
            lines = text_lines(self.output.strip())
            return (printable(lines[-1][-200:]) if lines else "") or "no reason given"
        return "%s [%s]" % (_REASONS.get(self.error_code) or self.error_info or "no details", self.error_code)


def read_invocation(raw: Mapping[str, Any]) -> Invocation:
    """One entry of DescribeInvocationResults."""
    status, code, error, info, finished = (_line(raw.get(name)) for name in ("InvocationStatus", "ExitCode", "ErrorCode", "ErrorInfo", "FinishedTime"))
    return Invocation(status, _decode(text_of(raw.get("Output"))), code, error, info, finished)


def _line(value: Any) -> str:
    return printable(word_of(value, 500))


def _decode(output: str) -> str:
    try:
        return base64.b64decode(output, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        # An endpoint that ignores ContentEncoding answers in plain text.
        return output

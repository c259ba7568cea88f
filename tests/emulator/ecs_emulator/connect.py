# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance's agent does when temporary keys and sessions need it: the knobs of a fleet file and of tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Mapping

PLUGIN_VERSION = "2.2.3.196"
SESSION_VERSION = "2.2.3.256"
"""From here on StartTerminalSession works."""
SESSION_STATUS_VERSION = "2.2.3.189"
"""From here on DescribeCloudAssistantStatus says that it does."""
OUTPUT_BUFFER_VERSION = "2.2.3.579"
"""From here on the agent keeps both ends of a long output and closes its pipe when the script has ended (578 does neither)."""
EXIT_CODES = range(232, 248)
KEY_SERVER_STATES = ("up", "down", "error", "slow", "garbage")


@dataclass(frozen=True)
class Connect:
    """How plugin, key server and clock behave for one instance."""

    plugin_exit_code: int = 0
    """Exit code of the plugin manager, 232 to 247, instead of running a plugin; 0 lets it run."""
    plugin_exit_times: int = 0
    """How often it ends with that code before it works again; 0 for always."""
    plugin_seconds: float = 0.0
    """How long it fetches the plugin."""
    clock_offset: float = 0.0
    """Seconds by which the instance's clock is ahead."""
    key_server: str = "up"
    """up; down: no connection; error: HTTP 500; slow: an answer after ten seconds; garbage: no JSON."""


def parse_connect(values: Mapping[str, Any], known: Connect | None = None) -> Connect:
    """Check a mapping of knobs and set them; ValueError with one sentence."""
    connect = known or Connect()
    for name, value in values.items():
        if name not in Connect.__dataclass_fields__:
            raise ValueError("unknown key '%s'; known: %s" % (name, ", ".join(Connect.__dataclass_fields__)))
        if name == "key_server":
            if value not in KEY_SERVER_STATES:
                raise ValueError("'key_server' is %s" % " or ".join(KEY_SERVER_STATES))
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or (value < 0 and name != "clock_offset"):
            raise ValueError("'%s' is not a number of zero or more" % name)
        if name == "plugin_exit_code" and value != 0 and value not in EXIT_CODES:
            raise ValueError("'plugin_exit_code' is 0 or from 232 to 247")
    return replace(connect, **values)


def is_at_least(version: str, wanted: str) -> bool:
    """Whether an agent's version is another one or newer."""
    return _numbers(version) >= _numbers(wanted)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))

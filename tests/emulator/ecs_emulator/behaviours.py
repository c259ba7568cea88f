# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the real service's behaviour is uncertain: one choice per question, so that clients can be tested against each.

The README explains every choice; the first value is the default.
"""

from __future__ import annotations

from typing import Mapping, NamedTuple

CHOICES: dict[str, tuple[str, ...]] = {
    "attach_unknown_instance": ("call", "item"),
    "attach_windows_instance": ("call", "item"),
    "detach_not_bound": ("success", "item"),
    "delete_unknown_key_pair": ("success", "error"),
    "missing_parameter": ("generic", "named"),
    "default_format": ("xml", "json"),
    "wrong_signature": ("does_not_match", "incomplete"),
    "result_types": ("native", "string"),
    "run_command_wrong_os": ("item", "call"),
    "run_command_not_running": ("item", "call"),
    "username_root": ("refused", "stripped"),
    "timeout_exit_code": ("absent", "given"),
    "power_exit_code": ("failed", "success"),
    "imported_fingerprint": ("md5", "sha1"),
    "describe_public_key": ("given", "absent"),
    "install_assistant": ("reboot", "now"),
    "assistant_status_limit": ("50", "100"),
    "run_command_limit": ("100", "50"),
    "invocation_quota": ("call", "instance"),
    "dry_run_command": ("answer", "error"),
    "command_permission": ("instance", "command"),
    "total_count": ("zero", "right"),
    "status_unknown_instance": ("error", "missing"),
    "expired_keys": ("dropped", "listed"),
    "session_url": ("sessionId", "sessionid"),
    "session_refusal": ("handshake", "status"),
    "session_unreachable": ("connect", "call"),
    "session_early_input": ("dropped", "kept"),
    "session_port_closed": ("exit", "silent"),
    "session_ids": ("absent", "given"),
}


class Behaviours(NamedTuple):
    """One value of CHOICES for every question."""

    attach_unknown_instance: str = "call"
    attach_windows_instance: str = "call"
    detach_not_bound: str = "success"
    delete_unknown_key_pair: str = "success"
    missing_parameter: str = "generic"
    default_format: str = "xml"
    wrong_signature: str = "does_not_match"
    result_types: str = "native"
    run_command_wrong_os: str = "item"
    run_command_not_running: str = "item"
    username_root: str = "refused"
    timeout_exit_code: str = "absent"
    power_exit_code: str = "failed"
    imported_fingerprint: str = "md5"
    describe_public_key: str = "given"
    install_assistant: str = "reboot"
    assistant_status_limit: str = "50"
    run_command_limit: str = "100"
    invocation_quota: str = "call"
    dry_run_command: str = "answer"
    command_permission: str = "instance"
    total_count: str = "zero"
    status_unknown_instance: str = "error"
    expired_keys: str = "dropped"
    session_url: str = "sessionId"
    session_refusal: str = "handshake"
    session_unreachable: str = "connect"
    session_early_input: str = "dropped"
    session_port_closed: str = "exit"
    session_ids: str = "absent"


def parse_behaviours(choices: Mapping[str, object]) -> Behaviours:
    """Check a mapping of choices; ValueError with one sentence when it names an unknown question or answer."""
    for question, answer in choices.items():
        if question not in CHOICES:
            raise ValueError("unknown behaviour '%s'; known: %s" % (question, ", ".join(CHOICES)))
        if str(answer) not in CHOICES[question]:
            known = " or ".join(CHOICES[question])
            raise ValueError("behaviour '%s' is %s, not '%s'" % (question, known, answer))
    return Behaviours(**{question: str(answer) for question, answer in choices.items()})

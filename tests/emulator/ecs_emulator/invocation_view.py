# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invocations in the form of the wire, and the states that sum up several instances. Pure."""

from __future__ import annotations

import base64
from typing import Iterable

from ecs_emulator.models import Execution, Invocation
from ecs_emulator.tagging import to_list
from ecs_emulator.timestamps import iso_seconds

_STOPPED = ("Cancelled", "Terminated")


def summarize(statuses: Iterable[str]) -> str:
    """The InvocationStatus of a whole command."""
    found = set(statuses)
    for unfinished in ("Pending", "Running", "Scheduled", "Stopping"):
        if unfinished in found:
            return unfinished
    failed = found - {"Success", *_STOPPED}
    if not failed:
        return "Success" if "Success" in found else "Stopped"
    return "Failed" if failed == found else "PartialFailed"


def record_status(status: str) -> str:
    """The older InvokeStatus or InvokeRecordStatus that goes with an InvocationStatus."""
    if status in ("Pending", "Running", "Scheduled"):
        return "Running"
    if status in ("Stopping", "Stopped", "PartialFailed"):
        return status
    if status in _STOPPED:
        return "Stopped"
    return "Finished" if status == "Success" else "Failed"


def statuses_of(statuses: Iterable[str]) -> tuple[str, str]:
    """Both words for one state, the newer and the older: filters take either."""
    status = summarize(statuses)
    return status, record_status(status)


def is_timed(invocation: Invocation) -> bool:
    """Whether a command will run again by itself."""
    return any(execution.status == "Scheduled" for execution in invocation.executions.values())


def encode(content: bytes, plain: bool) -> str:
    """Content as the request's ContentEncoding wants it."""
    return content.decode("utf-8", "replace") if plain else base64.b64encode(content).decode()


def show_result(invocation: Invocation, execution: Execution, plain: bool) -> dict:
    """One entry of DescribeInvocationResults."""
    shown = {
        "CommandId": invocation.command_id,
        "InvokeId": invocation.invoke_id,
        "InstanceId": execution.instance_id,
        "InvocationStatus": execution.status,
        "InvokeRecordStatus": record_status(execution.status),
        "Username": invocation.username,
        "Repeats": execution.repeats,
        "Output": encode(execution.output, plain),
        "Dropped": execution.dropped,
        "ErrorCode": execution.error_code,
        "ErrorInfo": execution.error_info,
        "StartTime": iso_seconds(execution.started),
        "FinishedTime": iso_seconds(execution.finished),
        "StopTime": iso_seconds(execution.stopped),
        "TerminationMode": invocation.termination_mode,
        "Tags": {"Tag": to_list(invocation.tags)},
    }
    # The real answer has no ExitCode before the command has ended by itself.
    return shown if execution.exit_code is None else dict(shown, ExitCode=execution.exit_code)


def show_invocation(invocation: Invocation, include_output: bool, plain: bool) -> dict:
    """One entry of DescribeInvocations."""
    executions = list(invocation.executions.values())
    status = summarize(execution.status for execution in executions)
    return {
        "InvokeId": invocation.invoke_id,
        "CommandId": invocation.command_id,
        "CommandType": invocation.command_type,
        "CommandName": invocation.name,
        "CommandContent": encode(invocation.content, plain),
        "CommandDescription": "",
        "InvocationStatus": status,
        "InvokeStatus": record_status(status),
        "RepeatMode": invocation.repeat_mode,
        "Frequency": invocation.frequency,
        "Timed": is_timed(invocation),
        "Timeout": invocation.timeout,
        "Username": invocation.username,
        "WorkingDir": invocation.working_dir,
        "TerminationMode": invocation.termination_mode,
        "Parameters": "{}",
        "CreationTime": iso_seconds(invocation.created),
        "Tags": {"Tag": to_list(invocation.tags)},
        "InvokeInstances": {"InvokeInstance": [_show_execution(invocation, execution, include_output, plain) for execution in executions]},
    }


def _show_execution(invocation: Invocation, execution: Execution, include_output: bool, plain: bool) -> dict:
    shown = {
        "InstanceId": execution.instance_id,
        "InvocationStatus": execution.status,
        "InstanceInvokeStatus": record_status(execution.status),
        "Repeats": execution.repeats,
        "Output": encode(execution.output, plain) if include_output else "",
        "Dropped": execution.dropped,
        "ErrorCode": execution.error_code,
        "ErrorInfo": execution.error_info,
        "Timed": is_timed(invocation),
        "CreationTime": iso_seconds(execution.created),
        "StartTime": iso_seconds(execution.started),
        "FinishTime": iso_seconds(execution.finished),
        "StopTime": iso_seconds(execution.stopped),
        "UpdateTime": iso_seconds(execution.finished or execution.started or execution.created),
    }
    return shown if execution.exit_code is None else dict(shown, ExitCode=execution.exit_code)

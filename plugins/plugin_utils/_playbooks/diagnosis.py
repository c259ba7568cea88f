# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a user cannot log in: what the cloud, the host and the client's ssh answered, put together.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.finding import BLOCKS, INFO, LONGEST, WARNS, Finding, in_order
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_client import judge_client
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_cloud import judge_cloud
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import shorten

_SEVERITIES = (BLOCKS, WARNS, INFO)
_MOST = 500


class Observed(NamedTuple):
    """Results of the tasks of diagnose.yml; one that was skipped has none of the fields that are read here."""

    instance: Mapping[str, Any]
    """What ecs_instance_info answered, empty if nothing."""

    attempt: Mapping[str, Any]
    """A login from the controller with C(ssh -v)."""

    reached: Mapping[str, Any]
    """Whether Ansible reaches the host over SSH."""

    over_ssh: Mapping[str, Any]
    through_assistant: Mapping[str, Any]
    """ssh_login_check, over SSH and through Cloud Assistant."""

    public_key: str = ""


class Diagnosis(NamedTuple):
    """The verdict on one host, with all findings, those that block the login first."""

    login: bool | str
    checked_via: str
    findings: list[Finding]
    why: str

    def to_outcome(self) -> dict[str, Any]:
        first = _main_finding(self.findings)
        return {
            "login": self.login,
            "checked_via": self.checked_via,
            "cause": first.cause if first else "",
            "failed": self.login is not True,
            "why": self.why,
        }


def diagnose(observed: Observed) -> Diagnosis:
    """A login that worked is the best answer, a finding that blocks the second best; the verdict of the host comes last."""
    host = observed.over_ssh if "findings" in observed.over_ssh else observed.through_assistant
    seen = read_findings(host)
    findings = in_order(_cloud_findings(observed) + (seen or []) + _client_findings(observed))
    logged_in = observed.attempt.get("rc") == 0
    login: bool | str = "unknown"
    if logged_in:
        login = True
    elif any(finding.severity == BLOCKS for finding in findings):
        login = False
    elif seen is not None and "rc" not in observed.attempt:
        login = host["can_log_in"] if isinstance(host.get("can_log_in"), bool) else "unknown"
    via = "the cloud only" if seen is None else "ssh" if host is observed.over_ssh else "Cloud Assistant"
    return Diagnosis(login, via, findings, "logged in from here" if logged_in else _explain(findings, seen is not None, observed))


def read_findings(result: Mapping[str, Any]) -> list[Finding] | None:
    """The findings of ssh_login_check; None if it gave none. The host may answer anything: what is not a finding is left out."""
    found = result.get("findings")
    if not isinstance(found, list):
        return None
    entries = [entry for entry in found[:_MOST] if isinstance(entry, Mapping) and entry.get("severity") in _SEVERITIES]
    return [_read_finding({field: str(entry.get(field) or "") for field in Finding._fields}) for entry in entries]


def _read_finding(texts: Mapping[str, str]) -> Finding:
    """A command is whole or none."""
    command = texts["fix_command"]
    return Finding(**{field: shorten(text, LONGEST) for field, text in texts.items()})._replace(fix_command=command if len(command) <= LONGEST else "")


def _cloud_findings(observed: Observed) -> list[Finding]:
    return judge_cloud(observed.instance) if observed.instance else []


def _client_findings(observed: Observed) -> list[Finding]:
    fingerprint = parse_public_key(observed.public_key).fingerprint_sha256 if observed.public_key else None
    return judge_client(observed.attempt.get("stderr", ""), int(observed.attempt.get("rc", 0)), fingerprint)


def _main_finding(findings: list[Finding]) -> Finding | None:
    return next((finding for finding in findings if finding.severity != INFO), None)


def _explain(findings: list[Finding], has_checked: bool, observed: Observed) -> str:
    first = _main_finding(findings)
    texts = [f"{first.evidence} => {first.fix}"] if first else []
    if not has_checked:
        messages = (result["msg"] for result in (observed.through_assistant, observed.over_ssh, observed.reached) if "msg" in result)
        texts.append(f"the host could not be checked: {next(messages, 'no reason given')}")
    return "; ".join(texts)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict of diagnose: which answer counts, and what is shown of it."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.finding import Finding
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import KeyFormatError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.diagnosis import Observed, diagnose, read_findings

SKIPPED = {"changed": False, "skipped": True}
BLOCKED = {"cause": "key_file_unreadable", "severity": "blocks", "evidence": "sshd cannot read it", "fix": "chown it", "fix_command": "chown x"}
WARNED = {"cause": "sshd_config_broken", "severity": "warns", "evidence": "a bad line", "fix": "correct the line"}
NOTED = {"cause": "note", "severity": "info", "evidence": "a note", "fix": ""}
FINE = {"findings": [], "can_log_in": True}


def observe(**known):
    fields = {"instance": {}, "attempt": SKIPPED, "reached": {"rc": 0}, "over_ssh": SKIPPED, "through_assistant": SKIPPED}
    return Observed(**{**fields, **known})


@pytest.mark.parametrize(
    ("known", "login", "via", "cause"),
    [
        pytest.param({"over_ssh": FINE}, True, "ssh", "", id="the host says yes"),
        pytest.param({"over_ssh": {"findings": [], "can_log_in": "unknown"}}, "unknown", "ssh", "", id="the host is not sure"),
        pytest.param({"over_ssh": {"findings": [], "can_log_in": ["yes"]}}, "unknown", "ssh", "", id="the host answers nonsense"),
        pytest.param({"over_ssh": {"findings": [NOTED, WARNED, BLOCKED], "can_log_in": False}}, False, "ssh", "key_file_unreadable", id="blocked"),
        pytest.param({"over_ssh": {"findings": [BLOCKED], "can_log_in": True}}, False, "ssh", "key_file_unreadable", id="a finding beats a verdict"),
        pytest.param({"through_assistant": FINE}, True, "Cloud Assistant", "", id="through Cloud Assistant"),
        pytest.param({}, "unknown", "the cloud only", "", id="nobody answered"),
        pytest.param(
            {"instance": {"instance_id": "i-1", "status": "Stopped"}}, False, "the cloud only", "instance_not_running", id="the cloud knows why"
        ),
        pytest.param({"over_ssh": {"findings": [BLOCKED]}, "attempt": {"rc": 0, "stderr": ""}}, True, "ssh", "key_file_unreadable", id="it worked"),
        pytest.param({"over_ssh": FINE, "attempt": {"rc": 255, "stderr": ""}}, "unknown", "ssh", "ssh_failed", id="it failed, and the host does not know why"),
        pytest.param(
            {"attempt": {"rc": 255, "stderr": "ssh: connect to host x port 22: Connection refused"}}, "unknown", "the cloud only", "connection_refused",
            id="what the client saw",
        ),
    ],
)  # fmt: skip
def test_the_verdict(known, login, via, cause):
    outcome = diagnose(observe(**known)).to_outcome()
    assert (outcome["login"], outcome["checked_via"], outcome["cause"]) == (login, via, cause)
    assert outcome["failed"] is (login is not True)


def test_what_blocks_comes_first():
    verdict = diagnose(observe(over_ssh={"findings": [NOTED, WARNED, BLOCKED], "can_log_in": False}))
    assert [finding.severity for finding in verdict.findings] == ["blocks", "warns", "info"]
    assert verdict.why == "sshd cannot read it => chown it"


@pytest.mark.parametrize(
    ("known", "why"),
    [
        pytest.param({"through_assistant": {"msg": "the agent is offline"}, "over_ssh": {"msg": "sudo failed"}}, "the agent is offline", id="assistant"),
        pytest.param({"over_ssh": {"msg": "sudo failed"}, "reached": {"msg": "x"}}, "sudo failed", id="ssh"),
        pytest.param({"reached": {"unreachable": True, "msg": "No route to host"}}, "No route to host", id="unreachable"),
        pytest.param({}, "no reason given", id="no message"),
    ],
)
def test_a_host_that_was_not_checked_has_the_reason(known, why):
    assert diagnose(observe(**known)).why == f"the host could not be checked: {why}"


def test_a_login_that_worked_needs_no_other_reason():
    assert diagnose(observe(attempt={"rc": 0, "stderr": ""}, over_ssh={"findings": [WARNED]})).why == "logged in from here"


def test_a_key_that_is_not_one_is_an_error():
    with pytest.raises(KeyFormatError, match="key"):
        diagnose(observe(attempt={"rc": 255, "stderr": ""}, public_key="nonsense"))


@pytest.mark.parametrize(
    ("result", "findings"),
    [
        ({}, None),
        ({"findings": "text"}, None),
        ({"findings": ["text", 1, {"severity": "other"}, {"cause": "c"}]}, []),
        ({"findings": [{**BLOCKED, "more": 1}]}, [Finding("key_file_unreadable", "blocks", "sshd cannot read it", "chown it", "chown x")]),
        ({"findings": [{"severity": "blocks", "evidence": ["a"], "fix": None}]}, [Finding("", "blocks", "['a']", "", "")]),
    ],
)
def test_only_findings_are_read(result, findings):
    assert read_findings(result) == findings


def test_a_host_may_answer_any_amount():
    long = {"cause": "x", "severity": "blocks", "evidence": "e" * 9999, "fix": "f", "fix_command": "c" * 9999}
    found = read_findings({"findings": [long] * 9999})
    assert (len(found), len(found[0].evidence), found[0].fix_command) == (500, 2000, "")

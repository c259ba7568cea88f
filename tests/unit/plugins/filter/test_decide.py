# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The private filter of the playbooks: records in and out, and text of an instance stays text."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError
from ansible_collections.alicloud.ecs_access.plugins.filter._decide import FilterModule
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory import unsafe


def decide(name, value, *arguments):
    return FilterModule().filters()["_decide"](value, name, *arguments)


def test_records_go_round_as_plain_values():
    found = {"findings": [{"cause": "sshd_not_running", "severity": "blocks", "evidence": "e", "fix": "f", "fix_command": "systemctl start ssh"}]}
    blocking = decide("blocking", found)
    plan = decide("repair_plan", blocking, [])
    assert plan == {"causes": ["sshd_not_running"], "commands": [], "start": "systemctl start ssh", "pubkey": False, "files": False}
    repair = decide("repair", plan, blocking, [{"rc": 1, "stderr": "no"}], [], False)
    assert repair == {"repaired": [], "blocking": blocking, "errors": ["no"]}
    assert decide("may_bind_again", blocking) is False
    answers = decide("answers", [{"item": {"region": "r", "instance_ids": ["i-1"]}, "instances": [{"instance_id": "i-1", "live": True, "failed": False}]}])
    binding = decide("binding", answers, "i-1", "r")
    assert decide("first_step", binding, False, False) == {"log_in": True, "check": True}
    known = {
        "binding": binding, "blocking": blocking, "errors": ["no"], "repaired": [], "bind_again": False, "proven": False, "refusal": "", "problem": "",
        "key_made": False, "check_mode": False,
    }  # fmt: skip
    assert decide("recovery", known) == {
        "tries_login": True,
        "outcome": {"bound": None, "live": True, "login": False, "repaired": [], "failed": True, "why": "e => f; no"},
    }
    assert decide("answers", [], answers) == answers


def test_a_wrong_key_is_an_error_of_the_filter():
    observed = {"instance": {}, "attempt": {"rc": 1}, "reached": {}, "over_ssh": {}, "through_assistant": {}, "public_key": "nonsense"}
    with pytest.raises(AnsibleError, match="key"):
        decide("diagnosis", observed)


@pytest.mark.parametrize("marks", [True, False], ids=["cores that evaluate text", "this core"])
def test_text_of_an_instance_is_marked(monkeypatch, marks):
    """On old cores text would be a template again as soon as it is put together with ours."""
    if marks:
        monkeypatch.setattr(unsafe, "_wrap", "unsafe<{}>".format)
    outcome = decide("failed_outcome", {}, "Check", {"msg": "{{ 6 * 7 }}"})
    assert outcome["why"] == ("unsafe<Check: {{ 6 * 7 }}>" if marks else "Check: {{ 6 * 7 }}")

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a host's answer stays on the controller."""

from __future__ import annotations

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.guest_answer import without_orders


def test_a_report_stays_and_orders_go():
    answer = {
        "changed": True, "msg": "done", "findings": [{"ansible_facts": "only text here"}],
        "ansible_facts": {"ecs_instance_id": "i-other"}, "ansible_stats": {"data": {}}, "add_host": {"host_name": "x"}, "add_group": "g",
    }  # fmt: skip
    assert without_orders(answer) == {"changed": True, "msg": "done", "findings": [{"ansible_facts": "only text here"}]}


def test_what_a_rooted_host_answers_drives_no_terminal_and_is_no_template():
    answer = {"msg": "\x1b]0;x\x07\u202e{{ 1 }}\nsecond line", "\x9b": ["{% if x %}"], "diff": [{"before": "a\tb\n"}], "rc": 0, "failed": True}
    assert without_orders(answer) == {"msg": "?]0;x??{ { 1 }}\nsecond line", "?": ["{ % if x %}"], "diff": [{"before": "a\tb\n"}], "rc": 0, "failed": True}


def test_an_answer_that_is_nested_too_deeply_is_a_failure():
    nested = []
    for _level in range(5000):
        nested = [nested]
    assert without_orders({"changed": True, "x": nested}) == {
        "failed": True, "changed": False, "msg": "the answer of the host is nested too deeply to be read"
    }  # fmt: skip

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.invocation import Invocation, read_invocation


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (Invocation(), "Cloud Assistant returned no result for it"),
        (Invocation("Running"), "the command has not ended in time (Running)"),
        (Invocation("Failed", "noise\nthe last line\n", "1", "ExitCodeNonzero"), "the command ended as Failed: the last line"),
        (Invocation("Failed", "a\x1b[2Jb {{ c }}"), "the command ended as Failed: a?[2Jb { { c }}"),
        (Invocation("Terminated"), "the command ended as Terminated: no reason given"),
        (Invocation("Aborted", error_code="InstanceNotRunning"), "the command ended as Aborted: it is not running [InstanceNotRunning]"),
        (Invocation("Error", error_code="New", error_info="what it says"), "the command ended as Error: what it says [New]"),
    ],
)
def test_why_a_command_is_no_success(ended, why):
    assert ended.why.startswith(why)
    assert not ended.is_success


@pytest.mark.parametrize(("output", "text"), [("aGVsbG8=", "hello"), ("plain text", "plain text"), (None, ""), ("/w==", "\ufffd")])
def test_an_output_is_text_whatever_encodes_it(output, text):
    assert read_invocation({"InvocationStatus": "Success", "Output": output}) == Invocation("Success", text)


def test_numbers_are_text():
    assert read_invocation({"InvocationStatus": "Failed", "ExitCode": 127, "ErrorCode": "ExitCodeNonzero"}).exit_code == "127"

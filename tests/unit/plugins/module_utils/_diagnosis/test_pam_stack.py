# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of PAM's stack that are written out to ask PAM about them, and the line that makes a stack refuse."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.facts import PamEntry
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.pam_stack import (
    counts,
    find_culprit,
    find_judging,
    find_unasked,
    render_account,
    render_line,
    render_session,
)


def entry(module: str, control: str = "required", place: str = "/etc/pam.d/sshd:1", arguments: tuple = (), missing: bool = False) -> PamEntry:
    return PamEntry("account", control, module, arguments, place, missing, module + ".so")


def test_one_line_is_asked_alone_with_its_arguments() -> None:
    asked = entry("pam_succeed_if", "[success=1 default=ignore]", arguments=("user", "ingroup", "a b", "-"))
    assert render_line(asked) == "account required pam_permit.so\naccount required pam_succeed_if.so user ingroup [a b]\n"


def test_the_session_stage_is_asked_without_what_changes_something() -> None:
    stack = render_session([entry("pam_succeed_if", "[success=1 default=ignore]"), entry("pam_mkhomedir"), entry("pam_access", place="/f:3")])
    assert stack.split("\n")[1:4] == [
        "account [success=1 default=ignore] pam_succeed_if.so ",
        "account required pam_permit.so ",
        "account required pam_access.so ",
    ]
    assert render_session([entry("pam_limits"), entry("pam_permit")]) == ""


def test_what_is_made_for_sessions_alone_is_not_blamed() -> None:
    entries = [entry("pam_selinux"), entry("pam_deny", place="/f:3"), entry("pam_gone", missing=True)]
    assert [found.module for found in find_judging(entries)] == ["pam_deny", "pam_gone"]


def test_what_would_change_something_is_left_out_and_named() -> None:
    counter = entry("pam_faillock", place="/f:2")
    assert "pam_faillock" not in render_account([entry("pam_access"), counter])
    assert find_unasked([entry("pam_access"), entry("pam_exec", "optional"), counter]) == counter
    assert find_unasked([entry("pam_access")]) is None


@pytest.mark.parametrize(
    ("codes", "culprit"),
    [
        ({"/a:1": 7}, "/a:1"),
        ({"/a:1": 25}, None),
        ({"/b:1": 7, "/b:2": 7}, "/b:1"),
        ({"/b:2": 7}, "/b:2"),
        ({"/c:1": 7}, None),
        ({"/c:1": 7, "/a:1": 6}, "/a:1"),
    ],
)
def test_the_line_that_makes_a_stack_refuse(codes: dict, culprit: object) -> None:
    entries = [
        entry("pam_access", place="/a:1"),
        entry("pam_unix", "[success=1 default=ignore]", "/b:1"),
        entry("pam_deny", "requisite", "/b:2"),
        entry("pam_localuser", "sufficient", "/c:1"),
    ]
    found = find_culprit(entries, codes)
    assert (found.place if found else None) == culprit


def test_controls_that_count() -> None:
    assert [counts(text) for text in ("required", "requisite", "sufficient", "optional")] == [True, True, False, False]
    assert counts("[success=ok default=bad]")
    assert counts("[success=ok]")
    assert not counts("[success=1 default=ignore]")

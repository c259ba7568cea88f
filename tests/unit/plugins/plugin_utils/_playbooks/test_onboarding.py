# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of a team file and their logins."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks import onboarding
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.host import Login


@pytest.mark.parametrize(("core", "minor"), [("2.16.3", 6), ("2.17.14", 7), ("2.18.1", 8), ("2.19.0rc1", 8), ("2.20.0", 9), ("2.21.5", 9)])
def test_the_oldest_python(core, minor):
    assert onboarding.oldest_python(core) == minor


DENIED = "john@192.0.2.1: Permission denied (publickey,password)."
KEY = "/k is protected with a passphrase"


@pytest.mark.parametrize(
    ("problems", "remarks", "why"),
    [
        ({}, {}, ""),
        ({"mary": DENIED}, {}, "login refused: mary"),
        ({"john": DENIED, "mary": f"Authorized users only {DENIED}"}, {}, "login refused: john, mary"),
        ({"john": DENIED, "mary": DENIED}, {"john": KEY, "mary": KEY}, f"login refused: john, mary; {KEY}"),
        ({"mary": "Connection timed out"}, {}, "no login as mary: Connection timed out"),
        ({"john": DENIED, "mary": "Connection reset"}, {"john": KEY}, f"login refused: john; no login as mary: Connection reset; {KEY}"),
    ],
)
def test_the_outcome_of_the_logins(problems, remarks, why):
    logins = {
        name: Login(name not in problems, name == "john" and name not in problems, problems.get(name, ""), remarks.get(name, "")) for name in ("john", "mary")
    }
    outcome = onboarding.logins_outcome({"bound": True, "failed": True, "why": "old"}, ["john", "mary", "wei"], logins)
    opened = [name for name in logins if name not in problems]
    sudo = [name for name in opened if name == "john"]
    assert outcome == {"bound": True, "people": 3, "login": opened, "sudo": sudo, "failed": bool(problems), "why": why}


def test_a_key_of_somebody_who_is_on_no_host_is_said():
    assert list(onboarding.untested(["john"], {"john", "mary"})) == []
    sentences = list(onboarding.untested(["jon", "zoe"], {"john", "mary"}))
    assert sentences == [
        "No login was tested as jon: no host that was set up has such a user who may log in; did you mean john?",
        "No login was tested as zoe: no host that was set up has such a user who may log in.",
    ]


def test_a_host_that_is_unreachable():
    assert onboarding.unreachable_outcome({"bound": True}, "No route to host", False) == {"bound": True, "failed": True, "why": "No route to host"}
    waiting = onboarding.unreachable_outcome({"failed": True}, "Permission denied", True)
    assert waiting == {"failed": False, "why": "check mode: the host cannot be checked before the key pair is live"}


@pytest.mark.parametrize(
    ("problem", "host_keys", "part"),
    [
        ("root@192.0.2.1: Permission denied (publickey).", "", "alicloud.ecs_access.diagnose"),
        ("Host key verification failed.", "RunCommand failed: Forbidden.RAM", "RunCommand failed: Forbidden.RAM"),
        ("Connection refused", "its agent is offline", "no answer: Connection refused"),
    ],
)
def test_what_to_do_about_a_host_that_does_not_answer(problem, host_keys, part):
    assert part in onboarding.no_answer(problem, host_keys)
    assert ".." not in onboarding.no_answer(problem, host_keys)


def test_what_is_known_of_the_key_comes_before_a_playbook_to_run():
    assert onboarding.no_answer(DENIED, "", KEY).startswith(f"no answer: {DENIED} {KEY}. The playbook diagnose")
    assert onboarding.no_answer("Connection refused", "", KEY) == "no answer: Connection refused"


@pytest.mark.parametrize("answer", [5, "text", {"a": 1}, [1, None, {"x": 2}], None])
def test_a_host_may_answer_anything(answer):
    assert onboarding.action_texts(answer) == []
    assert onboarding.action_texts(["x" * 9999, "y"] * 999)[1:2] == ["y"]
    assert all(isinstance(text, str) for text in onboarding.diff_texts(answer))


def test_diffs_become_text():
    assert onboarding.diff_texts(None) == []
    assert onboarding.diff_texts([{"prepared": "+ x"}, {"before": "a\n", "after": "a\n"}]) == ["+ x"]
    (text,) = onboarding.diff_texts({"before": "a\n", "after": "b\n", "before_header": "old", "after_header": "new"})
    assert text.splitlines()[:2] == ["--- old", "+++ new"]
    assert text.splitlines()[-2:] == ["-a", "+b"]


def test_diffs_have_a_limit_in_all():
    """To compare two sides of 64 KiB takes seconds, and a host may answer hundreds of them."""
    one = {"before": "a\n" * 20000, "after": "b\n" * 20000}
    found = onboarding.diff_texts([one] * 100)
    assert len(found) == 7 and found[-1] == "more diffs are not shown"
    assert onboarding.diff_texts([{"prepared": "x" * 65536}] * 9)[-1] == "more diffs are not shown"


@pytest.mark.parametrize(("check_mode", "word"), [(True, "if true; then"), (False, "if false; then")])
def test_python_is_not_installed_in_check_mode(check_mode, word):
    script = onboarding.python_script(9, check_mode)
    assert script.startswith("minor=9\n")
    assert word in script

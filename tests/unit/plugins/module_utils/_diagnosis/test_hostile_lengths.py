# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account writes into its start-up and key files, and what a server has ssh print, takes time in proportion to its length."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis import startup_text
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.facts import Facts, Request, SessionFacts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.finding import blocks
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_client import judge_client
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_key_line import judge_line
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import KeyLine

pytestmark = pytest.mark.usefixtures("soon")
MANY = 400000


@pytest.mark.parametrize(
    ("text", "find"),
    [
        pytest.param("()" + " " * MANY + "x\n", startup_text.find_end_in_terminal, id="blanks behind the name of a function"),
        pytest.param("kill " + " " * MANY + "x\n", startup_text.find_end_in_terminal, id="blanks behind kill"),
        pytest.param("while true\n" + "\n" * MANY + "break\n", startup_text.find_unconditional_wait, id="empty lines in a loop"),
        pytest.param("while true; done\n" * (MANY // 10) + "break\n", startup_text.find_unconditional_wait, id="loops without end"),
        pytest.param("until x\nfi\n" * (MANY // 10) + "break\n", startup_text.find_unsure, id="loops that may sleep"),
    ],
)
def test_start_up_files(text, find):
    assert find(text) is None


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("while true\ndo\nsleep 5\ndone\n", 1),
        ("while true; do\nx\ndone &\n", None),
        ("while true; do x; done\nexit\n", None),
    ],
)
def test_what_stands_behind_a_loop(text, hit):
    found = startup_text.find_unconditional_wait(text)
    assert (found and found[0]) == hit


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("until x\ndo\nsleep 5; done\n", 1),
        ("until x\ndo\ny; done; sleep 5\nsleep 5\n", None),
        ("until x; do sleep 1; done\n", 1),
    ],
)
def test_what_stands_in_a_loop(text, hit):
    found = startup_text.find_unsure(text)
    assert (found and found[0]) == hit


@pytest.mark.parametrize("words", ["connect to ", "Skipping x key ", "Offering public key: ", "Load key x: ", "Permission denied ("])
def test_a_banner(words):
    log = "Authentications that can continue\n" + words * (MANY // 10) + "\nReceived disconnect: Too many authentication failures\n"
    assert [one.cause for one in judge_client(log, 255, "SHA256:" + "a" * 43)] == ["too_many_keys"]


def test_evidence_is_no_longer_than_a_person_reads():
    assert len(blocks("shell_startup_exits", "exit " + "x" * MANY, "remove the line").to_dict()["evidence"]) == 2000


def test_a_command_for_each_line_of_a_key_file():
    commands = [f"/gone{number}" for number in range(10000)]
    facts = Facts(Request("bob"), session=SessionFacts(missing_commands=frozenset(commands)))
    lines = [KeyLine(number, "", b"\n", "key", f'command="{command}"') for number, command in enumerate(commands, 1)]
    found = [finding.cause for line in lines for finding in judge_line(facts, "file", line)]
    assert found == ["forced_command_missing"] * len(commands)

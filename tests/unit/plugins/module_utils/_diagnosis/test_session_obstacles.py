# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends a session that sshd has let in: start-up files, shells, servers for files, mounts of sshd's own."""

from pathlib import Path

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis import facts as facts_of
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis import look_account
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.facts import Facts, Request
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.finding import warns
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_account import judge_shell
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_keys import judge_views
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_session import judge_session, judge_sftp
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.look_account import find_machine
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.proof import Proof, findings_of
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.startup_text import (
    find_loop,
    find_printing,
    find_unconditional_end,
    find_unconditional_wait,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.records import Node


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("kill -9 $PPID\n", 1),
        ("x=1\nkill -HUP $$\n", 2),
        ("kill -0 $$\n", None),
        ("kill $SSH_AGENT_PID\n", None),
        ("trap 'kill $$' EXIT\n", None),
        ("f() {\n  kill $$\n}\n", None),
    ],
)
def test_start_up_files_that_kill_their_shell(text: str, line: object) -> None:
    found = find_unconditional_end(text)
    assert (found[0] if found else None) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("echo Welcome\n", 1),
        ("x=1\nfortune -s\n", 2),
        ("echo Welcome >&2\n", None),
        ("printf -v x y\n", None),
        ("echo a | logger\n", None),
        ("case $- in *i*) ;; *) return;; esac\necho hello\n", None),
        ("if [ -t 1 ]; then\n  echo hello\nfi\n", None),
    ],
)
def test_start_up_files_that_print(text: str, line: object) -> None:
    found = find_printing(text)
    assert (found[0] if found else None) == line


@pytest.mark.parametrize(
    ("bashrc", "profile", "sure"),
    [
        (". ~/.bashrc\n", "", True),
        ("source $HOME/.profile\n", '. "${HOME}/.bashrc"\n', True),
        (". ~/.profile\n", "if [ -f ~/.bashrc ]; then . ~/.bashrc; fi\n", False),
        ("[ -f ~/.profile ] && . ~/.profile\n", "[ -f ~/.bashrc ] && . ~/.bashrc\n", False),
        ("# . ~/.bashrc\n", "", None),
        (". ~/.aliases\n", ". ~/.bashrc\n", None),
    ],
)
def test_start_up_files_that_read_each_other(bashrc: str, profile: str, sure: object) -> None:
    loop = find_loop([("/home/bob/.bashrc", bashrc)], [("/home/bob/.profile", profile)], "/home/bob")
    assert (loop and loop.sure) == sure


@pytest.mark.parametrize(
    ("session", "subsystem", "missing", "cause"),
    [
        ("sftp", (), False, ["sftp_not_offered"]),
        ("sftp", ("netconf /usr/bin/netconf",), False, ["sftp_not_offered"]),
        ("sftp", ("sftp /usr/libexec/sftp-server",), True, ["sftp_server_missing"]),
        ("sftp", ("sftp internal-sftp",), False, []),
        ("command", (), False, []),
    ],
)
def test_what_sftp_needs(session: str, subsystem: tuple, missing: bool, cause: list) -> None:
    server = facts_of.ServerFacts(effective={"subsystem": subsystem, "port": ("22",)})
    seen = facts_of.SessionFacts(sftp_server="/usr/libexec/sftp-server", sftp_server_missing=missing)
    assert [finding.cause for finding in judge_sftp(Facts(Request("bob", session=session), server=server, session=seen))] == cause


def test_text_before_the_answers_of_an_sftp_server() -> None:
    seen = facts_of.SessionFacts((("/home/bob/.bashrc", "echo Welcome\n"),))
    facts = Facts(Request("bob", session="sftp"), server=facts_of.ServerFacts(effective={"subsystem": ("sftp /usr/lib/openssh/sftp-server",)}), session=seen)
    assert [finding.cause for finding in judge_session(facts)] == ["shell_startup_prints"]
    assert not judge_session(facts._replace(request=Request("bob")))
    assert not judge_session(facts._replace(server=facts_of.ServerFacts(effective={"subsystem": ("sftp internal-sftp",)})))


def test_an_sshd_with_mounts_of_its_own_may_see_other_files() -> None:
    server = facts_of.ServerFacts(listener=7, own_mounts=True)
    for view, severity in (("missing", "blocks"), ("other", "warns"), ("same", None)):
        files = (facts_of.KeyFileFacts("/home/bob/.ssh/authorized_keys", "ok", seen_by_sshd=view),)
        found = judge_views(Facts(Request("bob"), server=server, key_files=files))
        assert [(one.cause, one.severity) for one in found] == ([("sshd_sees_other_files", severity)] if severity else [])
        assert not judge_views(Facts(Request("bob"), key_files=files))


def test_a_program_for_another_processor_is_no_shell() -> None:
    assert find_machine(b"\x7fELF\x02\x01\x01" + bytes(11) + b"\x3e\0") == 62
    assert find_machine(b"#!/bin/sh\n" + bytes(20)) == 0
    account = facts_of.AccountFacts(True, shell="/opt/sh", shell_node=Node("/opt/sh", "file", mode=0o755))
    assert [one.cause for one in judge_shell(Facts(Request("bob"), account._replace(shell_foreign=True)))] == ["shell_not_executable"]
    assert [(one.cause, one.severity) for one in judge_shell(Facts(Request("bob"), account._replace(shell_unknown=True)))] == [("shell_unknown", "warns")]


def test_what_is_one_of_the_usual_shells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bash").write_bytes(b"\x7fELF...")
    (tmp_path / "mine").write_bytes(b"\x7fELF...")
    (tmp_path / "menu").write_bytes(b"\x7fELF,,,")
    (tmp_path / "zsh").write_bytes(b"#!/bin/sh\nexit\n")
    (tmp_path / "link").symlink_to("bash")
    monkeypatch.setattr(look_account, "_shells", lambda: (str(tmp_path / "bash"),))
    assert [look_account.is_usual_shell(str(tmp_path / name)) for name in ("bash", "link", "mine", "menu", "zsh")] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("open_cause", "accepted", "ran", "cause"),
    [
        ("library_path", True, False, ["library_path"]),
        ("shell_unknown", True, False, ["shell_nologin"]),
        ("shell_startup_unsure", True, False, ["shell_startup_exits"]),
        ("shell_unknown", False, False, ["login_refused"]),
        ("shell_unknown", True, True, []),
        ("library_path", None, False, []),
    ],
)
def test_a_private_login_settles_what_was_left_open(open_cause: str, accepted: object, ran: bool, cause: list) -> None:
    found = findings_of(Proof(accepted, ran, "it came to this"), [warns(open_cause, "may end it", "ask")])
    assert [one.cause for one in found] == cause
    assert all("may end it; it came to this" in one.evidence for one in found if one.cause != "login_refused")


def test_any_number_of_lines_is_read_in_one_go():
    """Any account may write such a file; looking again for each line would take hours."""
    path, name = "/home/bob/.bashrc", ".bashrc"
    text = ":\n" * 100000 + ". ./x%d\n" * 20000 % tuple(range(20000)) + ". ~/%s\n" % name
    loop = find_loop([(path, text)], [], "/home/bob")
    assert loop is not None and (loop.number, loop.sure) == (120001, True)
    assert find_unconditional_wait(text + "sleep 1d\n") == (120002, "sleep 1d")

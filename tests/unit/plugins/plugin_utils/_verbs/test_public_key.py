# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A public key as text, and the one of a real agent."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.public_key import agent_key_file, given_key, key_file
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.store import RunStore
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import StepFailed

ANNA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO8wYMOdond7NfyrYRxXB+EX63TVAoZRsLQhDq6OCGvN anna"


def tools(tmp_path, value):
    return SimpleNamespace(get=lambda name, default=None: value if name == "ecs_access_public_key" else default, store=RunStore(str(tmp_path)))


@pytest.mark.parametrize(("value", "line"), [(None, ""), ("", ""), (f" {ANNA}\n", ANNA)])
def test_text(tmp_path, value, line):
    assert given_key(tools(tmp_path, value)) == line


def test_what_is_no_key_is_a_sentence(tmp_path):
    with pytest.raises(StepFailed, match="The public key cannot be used: ecs_access_public_key"):
        given_key(tools(tmp_path, "ssh-ed25519 AAAA"))


def test_the_only_key_of_an_agent(tmp_path, agent):
    line = agent("machine")
    assert given_key(tools(tmp_path, "agent")) == line
    path = key_file(tools(tmp_path, "agent"))
    with open(path, encoding="utf-8") as stream:
        assert (stream.read(), os.stat(path).st_mode & 0o777) == (line + "\n", 0o600)


def test_which_of_two_is_not_guessed(tmp_path, agent):
    agent("one"), agent("two")
    with pytest.raises(StepFailed, match="the agent has 2 keys"):
        given_key(tools(tmp_path, "agent"))


@pytest.mark.parametrize("socket", [None, "/nowhere/socket"])
def test_no_agent(tmp_path, monkeypatch, socket):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    if socket:
        monkeypatch.setenv("SSH_AUTH_SOCK", socket)
    with pytest.raises(StepFailed, match="there is no agent with a key"):
        given_key(tools(tmp_path, "agent"))


def test_the_key_of_a_run_is_the_only_one_of_its_agent(tmp_path, agent):
    assert agent_key_file(tools(tmp_path, None)) == ""
    line = agent("machine")
    with open(agent_key_file(tools(tmp_path, None)), encoding="utf-8") as stream:
        assert stream.read() == line + "\n"
    agent("second")
    assert agent_key_file(tools(tmp_path, None)) == ""

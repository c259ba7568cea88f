# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables as Ansible holds them, made plain."""

from __future__ import annotations

import os

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.source import TeamReader, find_origin

from .teams import ANNA, BEN


def never(value):
    raise AssertionError(f"templated {value}")


def load(path):
    return DataLoader().load_from_file(str(path))


def test_a_key_file_is_found_from_the_file_that_names_it(tmp_path, monkeypatch):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "anna.pub").write_text(ANNA + "\n")
    team = tmp_path / "team.yml"
    team.write_text("ssh_users_accounts: [{name: anna, authorized_keys: [{file: keys/anna.pub}]}]\n")
    monkeypatch.chdir("/")
    variables = load(team)
    assert find_origin(variables["ssh_users_accounts"][0]["authorized_keys"][0]["file"]) == str(team)
    found = TeamReader().read(variables, never)
    assert (found.problems, found.persons["anna"].keys[0].text) == ((), ANNA)


def test_a_key_file_named_elsewhere_is_found_from_where_the_person_stands(tmp_path, monkeypatch):
    (tmp_path / "anna.pub").write_text(ANNA)
    monkeypatch.chdir(tmp_path)
    found = TeamReader().read({"ssh_users_accounts": [{"name": "anna", "authorized_keys": [{"file": "anna.pub"}]}]}, never)
    assert found.problems == ()


@pytest.mark.parametrize("kind", ["missing", "private", "fifo", "large", "empty", "folder"])
def test_a_file_that_is_no_key_file_is_told_and_never_shown(tmp_path, kind):
    path = tmp_path / "x.pub"
    if kind == "private":
        path.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nsecretsecret\n")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "large":
        path.write_text("x" * 70000)
    elif kind == "empty":
        path.write_text("\n")
    elif kind == "folder":
        path.mkdir()
    found = TeamReader().read({"ssh_users_accounts": [{"name": "anna", "authorized_keys": [{"file": str(path)}]}]}, never)
    assert found.blocking[0].startswith(f"ssh_users_accounts[0] (anna): authorized_keys[0]: the key file {path}")
    assert "secret" not in found.blocking[0]


def test_templates_are_resolved_one_by_one_and_what_is_omitted_is_left_out():
    answers = {"{{ keys }}": [[ANNA, BEN]], "{{ x | default(omit) }}": ["__omit__"], "{{ y | default(omit) }}": []}
    entry = {"name": "anna", "shell": "{{ x | default(omit) }}", "home": "{{ y | default(omit) }}", "authorized_keys": "{{ keys }}"}
    found = TeamReader().read({"ssh_users_accounts": [entry], "omit": "__omit__"}, lambda value: answers[value[0]])
    assert found.problems == ()
    assert found.persons["anna"].options == {"name": "anna"}
    assert len(found.persons["anna"].keys) == 2


def test_lists_in_common_are_read_once():
    reader = TeamReader()
    accounts = [{"name": "anna", "authorized_keys": [ANNA]}]
    first = reader.read({"ssh_users_accounts": accounts, "x": 1}, never)
    assert reader.read({"ssh_users_accounts": accounts, "x": 2}, never) is first
    assert reader.read({"ssh_users_accounts": accounts, "ssh_users_host_accounts": []}, never) is not first


def test_a_misspelled_variable_is_told():
    found = TeamReader().read({"ssh_users_accounts": [{"name": "anna"}], "ssh_users_acess": []}, never)
    assert found.problems[0].text == "nothing reads the variable ssh_users_acess; did you mean ssh_users_access?"

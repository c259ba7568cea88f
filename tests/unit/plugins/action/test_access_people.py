# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook check_team, as a person calls it: with real ansible, and without any host."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ANNA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO8wYMOdond7NfyrYRxXB+EX63TVAoZRsLQhDq6OCGvN anna"
INVENTORY = "[web]\nweb-[1:3] ansible_host=192.0.2.1\n[db]\ndb-1 ansible_host=192.0.2.1\n"


def check(folder: Path, team: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "hosts").write_text(INVENTORY)
    (folder / "team.yml").write_text(team)
    (folder / "anna.pub").write_text(ANNA)
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), "alicloud.ecs_access.check_team", "-i", "hosts", "-e", "@team.yml", *options]
    environment = {**os.environ, "COLUMNS": "120", "ANSIBLE_NOCOLOR": "1", "HOME": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_matrix_is_shown_and_no_host_is_touched(tmp_path):
    done = check(
        tmp_path,
        "ssh_users_accounts: [{name: anna, authorized_keys: [{file: anna.pub}]}, {name: emil, until: 2026-01-01}]\n"
        "ssh_users_access: [{users: [anna], hosts: web, sudo: nopasswd}, {users: [emil], hosts: db}]\n",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "A: 3 hosts: web-1, web-2, web-3" in done.stdout
    assert "B: 1 host: db-1" in done.stdout
    assert [line.split() for line in done.stdout.splitlines() if line.startswith(("  anna", "  emil"))] == [["anna", "R", "-"], ["emil", "-", "ended"]]
    assert "note: emil: expired since 2026-01-02" in done.stdout


def test_all_errors_are_told_at_once(tmp_path):
    done = check(
        tmp_path,
        "ssh_users_accounts: [{name: anna, authorized_keys: [{file: nowhere.pub}], uid: 7}, {name: ben, uid: 7, shel: x}]\n"
        "ssh_users_acounts__x: []\nssh_users_access: [{users: [ana], hosts: web}, {users: [ben], hosts: 'web[0]'}]\n",
        "--limit",
        "web-1",
    )
    assert done.returncode == 2
    for word in (
        "nowhere.pub cannot be read",
        "uid 7 is also",
        "unknown option shel",
        "did you mean ssh_users_accounts__x?",
        "did you mean anna?",
        "has a subscript",
    ):
        assert word in done.stdout, done.stdout
    assert "Traceback" not in done.stdout + done.stderr

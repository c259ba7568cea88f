# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook check_team, as a person calls it: with real ansible, and without any host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ANNA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO8wYMOdond7NfyrYRxXB+EX63TVAoZRsLQhDq6OCGvN anna"
INVENTORY = "[web]\nweb-[1:3] ansible_host=192.0.2.1\n[db]\ndb-1 ansible_host=192.0.2.1\n"


def check(folder: Path, team: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "hosts").write_text(INVENTORY)
    (folder / "team.yml").write_text(team)
    (folder / "anna.pub").write_text(ANNA)
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), "alicloud.ecs_access.check_team", "-i", "hosts", "-e", "@team.yml", "-e", f"ecs_access_report={folder}/report.json", *options]
    environment = {**os.environ, "COLUMNS": "120", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_SHOW_CUSTOM_STATS": "1", "HOME": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_matrix_is_shown_and_no_host_is_touched(tmp_path):
    done = check(
        tmp_path,
        "ssh_users_accounts: [{name: anna, authorized_keys: [{file: anna.pub}]}, {name: emil, until: 2026-01-01}]\n"
        "ssh_users_access: [{users: [anna], hosts: web, sudo: nopasswd}, {users: [emil], hosts: db}]\n",
        "-e",
        "ecs_access_hosts=all",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "A: 3 hosts: web-1, web-2, web-3" in done.stdout
    assert "B: 1 host: db-1" in done.stdout
    assert [line.split() for line in done.stdout.splitlines() if line.startswith(("  anna", "  emil"))] == [["anna", "R", "-"], ["emil", "-", "ended"]]
    assert "note: emil: expired since 2026-01-02" in done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["schema"], report["playbook"], report["result"]) == ("alicloud.ecs_access/report/1", "check_team", "clean")
    assert report["access"][0] == {"hosts": ["web-1", "web-2", "web-3"], "people": {"anna": "R"}}
    assert [(row["host"], row["people"], row["failed"]) for row in report["hosts"]] == [
        ("db-1", 0, False),
        *((f"web-{number}", 1, False) for number in (1, 2, 3)),
    ]
    assert json.loads(done.stdout.partition("RUN: ")[2])["alicloud_ecs_access"] == {
        "playbook": "check_team", "result": "clean", "hosts": 4, "done": 4, "changed": 0, "failed": 0, "not_tried": 0, "failed_hosts": [],
        "people": 2, "errors": 0, "warnings": 0, "report": str(tmp_path / "report.json"),
    }  # fmt: skip


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
        assert word in " ".join(done.stdout.split()), done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["result"], report["counts"]["errors"], len(report["errors"])) == ("findings", 6, 6)
    assert [(row["host"], row["failed"]) for row in report["hosts"]] == [("web-1", True)]
    assert "6 things are wrong with the team" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("options", "part"),
    [
        pytest.param([], "No hosts were named", id="neither hosts nor limit"),
        pytest.param(["-e", "ecs_access_hosts=wbe"], "did you mean web?", id="a typo"),
        pytest.param(["-e", "ecs_access_hosts=all", "-e", "ecs_access_keypair_name=x"], "did you mean ecs_access_key_pair_name?", id="a name"),
        pytest.param(["-e", "ecs_access_hosts=all", "--tags", "user"], "did you mean users?", id="a tag"),
        pytest.param(["-l", "web-1", "-e", "ecs_access_report=/nowhere/x"], "there is no folder /nowhere", id="a report that cannot be"),
    ],
)
def test_what_is_wrong_with_the_call_is_one_sentence(tmp_path, options, part):
    done = check(tmp_path, "ssh_users_accounts: [{name: anna}]\n", *options)
    assert done.returncode != 0
    assert part in " ".join((done.stdout + done.stderr).split()), done.stdout + done.stderr


def test_help_is_the_first_lines_of_the_playbook(tmp_path):
    done = check(tmp_path, "ssh_users_accounts: []\n", "-e", "ecs_access_help=true")
    assert (done.returncode, "Check a team file before it is used" in done.stdout) == (0, True), done.stdout


def test_a_limit_keeps_other_hosts_out_of_the_matrix_and_says_nothing_about_rules(tmp_path):
    done = check(tmp_path, "ssh_users_accounts: [{name: anna}]\nssh_users_access: [{users: [anna], hosts: db, required: true}]\n", "-l", "web-1")
    assert done.returncode == 0, done.stdout
    assert "A: 1 host: web-1" in done.stdout
    assert "matches no host" not in done.stdout

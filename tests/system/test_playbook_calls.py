# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as people, cron and AWX call them: limits, strategies, become, text, paths, and what is on the screen."""

from __future__ import annotations

import json

import pytest
import yaml
from lab import ssh as lab_ssh
from lab.verbs import Caller, aliases, table, texts

ONBOARD = "alicloud.ecs_access.onboard"
BIND = "alicloud.ecs_access.bind_key_pair"
# On the controller, become would fail; on the hosts, root needs none.
NO_SUDO = {"ANSIBLE_BECOME_EXE": "/nowhere/sudo"}


@pytest.fixture(scope="module")
def world(start_fleet, tmp_path_factory, controller):
    instances = [
        {"name": "web-1", "backend": "container", "image": "debian12", "tags": {"role": "web"}},
        {"name": "web-2", "backend": "container", "image": "debian12", "tags": {"role": "web"}},
        {"name": "off", "backend": "api", "status": "Stopped"},
    ]
    with start_fleet({"instances": instances}) as fleet:
        yield Caller(fleet, tmp_path_factory.mktemp("calls"), controller)


@pytest.fixture(scope="module")
def team(world, tmp_path_factory):
    """Variables of a run as a user gives them: a team file, and text; the first run sets everything up."""
    folder = tmp_path_factory.mktemp("team")
    key = lab_ssh.make_key(folder, "john")
    (folder / "team.yml").write_text(yaml.safe_dump({"ssh_users_accounts": [{"name": "john", "sudo": "nopasswd", "authorized_keys": [key.public]}]}))
    given = {"ecs_access_key_pair_name": "team", "ecs_access_private_key_path": f"{folder / 'team'}", "ecs_access_private_keys": f"john={key.path}"}
    options = ["-e", f"@{folder / 'team.yml'}", *texts(given)]
    first = world.run(ONBOARD, *options, "-l", "web-1,web-2")
    assert first.returncode == 0, first.output
    assert "Host key verification" not in first.output
    world.calls()
    return options


def test_a_limit_equals_naming_the_hosts(world, team):
    named = world.run(ONBOARD, *team, "-e", "ecs_access_hosts=web-1")
    named_calls = world.calls()
    limited = world.run(ONBOARD, *team, "-l", "web-1")
    assert (named.returncode, limited.returncode) == (0, 0), named.output + limited.output
    assert world.calls() == named_calls
    assert table(limited) == table(named)
    assert [line.split()[:6] for line in table(limited)[2:3]] == [["web-1", "yes", "yes", "1", "john", "john"]]
    assert limited.changed() == []


@pytest.fixture(scope="module")
def plain(world, team):
    """API calls and table of a run with nothing to do."""
    run = world.run(ONBOARD, *team, "-l", "web-1,web-2")
    assert run.returncode == 0, run.output
    return world.calls(), table(run)


@pytest.mark.parametrize(
    ("options", "group_vars", "environment"),
    [
        pytest.param([], {}, {"ANSIBLE_STRATEGY": "free", "ANSIBLE_BECOME": "true", **NO_SUDO}, id="strategy free, and become in ansible.cfg"),
        pytest.param([], {}, {"ANSIBLE_STRATEGY": "host_pinned"}, id="strategy host_pinned", marks=pytest.mark.long),
        pytest.param(["-b"], {}, NO_SUDO, id="become as an option", marks=pytest.mark.long),
        pytest.param([], {"ansible_become": True}, NO_SUDO, id="become in group_vars", marks=pytest.mark.long),
        pytest.param(["-e", "ansible_become=true"], {}, NO_SUDO, id="become as a variable", marks=pytest.mark.long),
        pytest.param(
            ["-e", "ansible_connection=ssh", "-e", "ansible_python_interpreter=/usr/bin/python3"],
            {},
            {},
            id="variables of the connection",
            marks=pytest.mark.long,
        ),
    ],
)
def test_the_users_settings_change_neither_calls_nor_table(world, team, plain, tmp_path, options, group_vars, environment):
    inventory = tmp_path / "my.ecs.yml"
    inventory.write_text(world.inventory.read_text())
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text(yaml.safe_dump(group_vars))
    world.calls()
    run = world.run(ONBOARD, *team, "-l", "web-1,web-2", *options, inventory=inventory, **environment)
    assert run.returncode == 0, run.output
    assert (world.calls(), table(run)) == plain


def test_batches_end_with_a_table_of_all_hosts(world, team):
    run = world.run(ONBOARD, *team, "-e", "ecs_access_hosts=all", "-e", "ecs_access_serial=1")
    assert run.returncode == 2, run.output
    tables = run.stdout.split("Team onboarded")[1:]
    assert all(f"\n  {host} " in text for text in tables for host in ("web-1", "web-2", "off")), run.output
    # A batch in which every host failed ends the run.
    assert "1 of 3 hosts need attention: off" in tables[-1], run.output


@pytest.mark.long
def test_a_canary_and_then_the_others(world, team, plain, tmp_path):
    run = world.run(ONBOARD, *team, "-l", "web-1,web-2", "-e", "ecs_access_serial=1,50%")
    calls, rows = plain
    assert (run.returncode, table(run)) == (0, rows), run.output
    # One call for a batch, where there was one for all.
    assert {action: count for action, count in world.calls().items() if count > calls.get(action, 0) * 2} == {}
    real = aliases(world.fleet, "web-1", ["a-1", "c-1"])
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {**real, "b-1": {"ecs_instance_id": world.fleet.ids["off"], "ecs_region": world.fleet.region}}}}))
    for percentage, waiting in (("100", False), ("40", True)):
        options = [*team, "-l", "a-1,b-1,c-1", *texts({"ecs_access_serial": "2", "ecs_access_max_fail_percentage": percentage})]
        stopped = world.run(ONBOARD, *options, inventory=inventory)
        assert (stopped.returncode, "1 not tried yet" in table(stopped)[-1]) == (2, waiting), stopped.output


@pytest.mark.parametrize(
    ("options", "part"),
    [
        pytest.param([], "No hosts were named", id="neither hosts nor limit"),
        pytest.param(["-e", "ecs_access_hosts=wbe-1"], "did you mean web-1?", id="a typo", marks=pytest.mark.long),
        pytest.param(["-e", "ecs_access_hosts=web-1", "-l", "off,localhost"], "have no host in common", id="outside of the limit", marks=pytest.mark.long),
        pytest.param(["-l", "web-1", "--start-at-task", "Show the summary"], "cannot be started in the middle", id="in the middle", marks=pytest.mark.long),
        pytest.param(["-l", "web-1", "--tags", "user"], "did you mean users?", id="a tag that does not exist"),
        pytest.param(["-l", "web-1", "-e", "ecs_access_key_pairname=x"], "did you mean ecs_access_key_pair_name?", id="a variable that does not exist"),
        pytest.param(
            ["-l", "web-1", "-e", "ecs_access_bootstrap_key=drop"], "must be keep or unbind", id="a value that does not exist", marks=pytest.mark.long
        ),
        pytest.param(
            ["-l", "web-1", "-e", "ecs_access_report=/nowhere/report.json"], "there is no folder /nowhere", id="a report that cannot be", marks=pytest.mark.long
        ),
    ],
)
def test_what_is_wrong_is_one_sentence_before_anything_is_changed(world, team, options, part):
    before = world.state("web-1")
    world.calls()
    run = world.run(ONBOARD, *team, *options)
    assert run.returncode in (2, 4), run.output
    assert part in " ".join(run.output.split())
    assert "Traceback" not in run.output
    assert set(world.calls()) <= {"DescribeInstances"}
    assert world.state("web-1") == before


def test_help_is_the_first_lines_of_the_playbook(world):
    run = world.run(ONBOARD, "-e", "ecs_access_help=true")
    assert run.returncode == 0, run.output
    assert "ecs_access_bootstrap_key     keep (default), or unbind" in run.stdout


def test_parts_are_chosen_by_tags(world, team):
    run = world.run(ONBOARD, *team, "-l", "web-1", "--tags", "users")
    assert run.returncode == 0, run.output
    assert [" ".join(line.split()) for line in table(run)[2:3]] == ["web-1 - - 1 - - -"]
    assert "AttachKeyPair" not in world.calls()


def test_a_relative_path_counts_from_where_the_person_stands(world, tmp_path, monkeypatch, new_name):
    monkeypatch.chdir(tmp_path)
    run = world.run(
        BIND, "-l", "off", "-e", f"ecs_access_key_pair_name={new_name('here')}", "-e", "ecs_access_private_key_path=key", "-e", "ecs_access_activation=none"
    )
    assert run.returncode == 0, run.output
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert f"The private key is in {tmp_path}/key" in run.stdout


def test_a_key_that_would_die_with_the_job_is_refused(world, tmp_path, new_name):
    options = [
        "-l",
        "off",
        "-e",
        f"ecs_access_key_pair_name={new_name('job')}",
        "-e",
        f"ecs_access_private_key_path={tmp_path}/key",
        "-e",
        "ecs_access_activation=none",
        "-e",
        "ecs_access_replace_bound=true",
    ]
    run = world.run(BIND, *options, JOB_ID="7")
    assert (run.returncode, (tmp_path / "key").exists()) == (2, False), run.output
    assert "would be made in this job and lost at its end" in run.output
    kept = world.run(BIND, *options, "-e", "ecs_access_private_key_lasts=true", JOB_ID="7")
    assert (kept.returncode, (tmp_path / "key").exists()) == (0, True), kept.output


def test_drift_is_found_and_reported(world, team, tmp_path):
    report = tmp_path / "report.json"
    options = [*team, "-l", "web-1", "--check", "-e", "ecs_access_fail_on_drift=true", "-e", f"ecs_access_report={report}"]
    clean = world.run(ONBOARD, *options)
    assert (clean.returncode, json.loads(report.read_text())["result"]) == (0, "clean"), clean.output
    world.fleet["web-1"].exec("gpasswd -d john john 2>/dev/null; rm -f /etc/sudoers.d/*john*")
    try:
        run = world.run(ONBOARD, *options, ANSIBLE_SHOW_CUSTOM_STATS="1")
    finally:
        world.run(ONBOARD, *team, "-l", "web-1")
    assert run.returncode == 2, run.output
    found = json.loads(report.read_text())
    assert (found["schema"], found["result"]) == ("alicloud.ecs_access/report/1", "findings")
    assert "john" in " ".join(found["hosts"][0]["drift"])
    assert "differs: users:" in run.stdout
    assert '"failed_hosts": [' in run.stdout


@pytest.mark.long
def test_fifty_hosts_are_a_few_lines(world, team, tmp_path):
    """Twenty names of a real system, thirty instances that do not run; with the interpreter's own callback."""
    fleet = world.fleet
    hosts = aliases(fleet, "web-1", (f"alias-{number:02}" for number in range(20)))
    hosts.update({f"stopped-{number:02}": {"ecs_instance_id": fleet.ids["off"], "ecs_region": fleet.region} for number in range(30)})
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    run = world.run(ONBOARD, *team, "-l", "all", "-f", "4", "--diff", inventory=inventory)
    assert run.returncode == 2, run.output
    lines = run.output.splitlines()
    assert len(lines) <= 60 + 3 * 50, len(lines)
    assert [line for line in lines if len(line) > 120 and not line.startswith("Origin: ")] == []
    assert "30 hosts: it is Stopped" in run.stdout
    assert "30 of 50 hosts need attention" in run.stdout
    names = [line.split()[0] for line in table(run)[2:52]]
    assert names == sorted(names), "failures come last"

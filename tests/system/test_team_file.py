# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A team file with rules that shrinks, through the playbook onboard, while another team manages the same host with a file of its own."""

from __future__ import annotations

import copy
import datetime
import json

import pytest
import yaml
from lab import ssh as lab_ssh
from lab.verbs import NAME, Caller, aliases

pytestmark = pytest.mark.long

PEOPLE = ("gail", "anna", "ben", "carl", "dora", "emil", "fay", "iris", "spare", "two")
TODAY = datetime.datetime.now(datetime.timezone.utc).date()


class Team:
    """One instance, a team file of ours that has everything, and the file of another team."""

    def __init__(self, caller: Caller, folder, ssh) -> None:
        self.caller, self.folder, self._ssh = caller, folder, ssh
        self.keys = {name: lab_ssh.make_key(folder, name) for name in PEOPLE}
        lab_ssh.write_known_hosts(folder / "known_hosts", caller.fleet)
        key = {name: found.public for name, found in self.keys.items()}
        self.full = {
            "ssh_users_owner": "one",
            "ssh_users_accounts": [
                {"name": name, "authorized_keys": [key[name], *([key["spare"]] if name == "anna" else [])]} for name in PEOPLE if name not in ("spare", "two")
            ],
            "ssh_users_teams": {"ops": ["anna", "ben"]},
            "ssh_users_access": [
                {"users": ["gail"], "hosts": "all", "sudo": "nopasswd"},
                {"users": ["ops"], "hosts": "tag_env_prod", "sudo": "nopasswd"},
                {"users": ["carl"], "hosts": "all", "sudo": "nopasswd"},
                {"users": ["dora"], "hosts": "tag_role_db", "sudo": "nopasswd"},
                {"users": ["emil"], "hosts": "all", "until": (TODAY + datetime.timedelta(days=30)).isoformat()},
                {"users": ["fay", "iris"], "hosts": "all", "sudo": "nopasswd"},
            ],
        }
        self.groups = {"tag_env_prod": ["web-1", "off"], "tag_role_db": ["web-1", "off"]}
        self.other = {"ssh_users_owner": "two", "ssh_users_accounts": [{"name": "carl", "authorized_keys": [key["two"]]}]}

    def onboard(self, team: dict, groups: dict | None = None):
        hosts = aliases(self.caller.fleet, "web-1", ["web-1"])
        hosts["off"] = {"ecs_instance_id": self.caller.fleet.ids["off"], "ecs_region": self.caller.fleet.region}
        children = {group: {"hosts": dict.fromkeys(members)} for group, members in (self.groups if groups is None else groups).items()}
        common = {"ansible_ssh_private_key_file": str(self.caller.controller.key.path)}
        inventory, file = self.folder / "hosts.yml", self.folder / "team.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "children": children, "vars": common}}))
        file.write_text(yaml.safe_dump(team))
        return self.caller.run(NAME + "onboard", "-e", f"@{file}", "-l", "web-1", inventory=inventory)

    def access(self, who: str, user: str = "") -> str:
        """What a key opens: root, login or nothing."""
        command = "sudo -n true 2>/dev/null && echo root || echo login"
        done = self._ssh(self.caller.fleet["web-1"], user or who, self.keys[who], command, known_hosts=self.folder / "known_hosts")
        return done.stdout.strip()

    def everybody(self) -> dict[str, str]:
        found = {name: self.access(name) for name in PEOPLE if name not in ("spare", "two")}
        return {**found, "spare": self.access("spare", "anna"), "two": self.access("two", "carl")}


@pytest.fixture(scope="module")
def team(start_fleet, tmp_path_factory, controller, ssh):
    instances = [{"name": "web-1", "backend": "container", "image": "debian12"}, {"name": "off", "backend": "api", "status": "Stopped"}]
    folder = tmp_path_factory.mktemp("team")
    with start_fleet({"instances": instances}) as fleet:
        found = Team(Caller(fleet, folder, controller), folder, ssh)
        for file in (found.full, found.other):
            run = found.onboard(file)
            assert run.returncode == 0, run.output
        yield found


EVERYTHING = {**dict.fromkeys(PEOPLE, "root"), "emil": "login"}


def test_nothing_is_removed_by_a_wrong_file(team):
    before = team.caller.state("web-1")
    assert team.everybody() == EVERYTHING
    only_one = {**team.full, "ssh_users_accounts": team.full["ssh_users_accounts"][:1], "ssh_users_access": team.full["ssh_users_access"][:1]}
    refused = {
        "The team is empty": ({"ssh_users_owner": "one", "ssh_users_accounts": []}, None),
        "the inventory has no group or host tag_env_prod": (team.full, {"tag_role_db": ["web-1"]}),
        "would lose their account or their last key": ({**only_one, "ssh_users_teams": {}}, None),
        "ssh_users_access is empty": ({**team.full, "ssh_users_access": []}, None),
    }
    for sentence, (file, groups) in refused.items():
        run = team.onboard(file, groups)
        assert run.returncode == 2, run.output
        assert sentence in " ".join(run.output.split()), run.output
        assert "Traceback" not in run.output
        assert team.caller.state("web-1") == before
    # The file of the other team is not a smaller version of ours.
    assert team.onboard(team.other).returncode == 0
    assert team.everybody() == EVERYTHING


def test_each_way_to_shrink_a_file_takes_back_what_it_gave_and_no_more(team):
    file, groups, expected = copy.deepcopy(team.full), copy.deepcopy(team.groups), dict(EVERYTHING)

    def a_person():
        file["ssh_users_accounts"] = [entry for entry in file["ssh_users_accounts"] if entry["name"] != "iris"]
        file["ssh_users_access"][5]["users"].remove("iris")

    def a_key():
        file["ssh_users_accounts"][1]["authorized_keys"].pop()

    def a_right():
        del file["ssh_users_access"][5]["sudo"]

    def a_rule():
        del file["ssh_users_access"][2]

    def a_tag():
        groups["tag_role_db"].remove("web-1")

    def a_team():
        file["ssh_users_teams"]["ops"].remove("ben")

    def a_date():
        (rule,) = [rule for rule in file["ssh_users_access"] if "until" in rule]
        rule["until"] = (TODAY - datetime.timedelta(days=1)).isoformat()

    # Who loses what: the key of the other team still opens carl's account, without the right that our rule gave.
    steps = [
        (a_person, {"iris": ""}),
        (a_key, {"spare": ""}),
        (a_right, {"fay": "login"}),
        (a_rule, {"carl": "", "two": "login"}),
        (a_tag, {"dora": ""}),
        (a_team, {"ben": ""}),
        (a_date, {"emil": ""}),
    ]
    for shrink, lost in steps:
        shrink()
        run = team.onboard(file, groups)
        assert run.returncode == 0, run.output
        expected.update(lost)
        assert team.everybody() == expected, shrink.__name__
    again = team.onboard(file, groups)
    assert (again.returncode, again.changed()) == (0, []), again.output
    record = json.loads(team.caller.fleet["web-1"].exec("cat /var/lib/alicloud-ecs-access/people.json"))
    assert set(record["owners"]) == {"one", "two"}

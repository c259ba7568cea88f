# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for each playbook alike: limits, trial runs, texts, and what is shown where nothing could be done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.variables import documented_names
from lab import ssh as lab_ssh
from lab.ssh import KeyFile
from lab.verbs import NAME, Caller, recap, table, texts

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
VERBS = ("onboard", "bind_key_pair", "diagnose", "recover_access", "temporary_login")
IN_MAKE_TEST = "onboard"
each_verb = pytest.mark.parametrize("verb", [pytest.param(name, marks=[] if name == IN_MAKE_TEST else pytest.mark.long) for name in VERBS])


class Account(NamedTuple):
    """An account of the cloud, and what its user has on the controller."""

    caller: Caller
    folder: Path
    pair: KeyFile
    john: KeyFile
    team: Path

    def words(self, verb: str, pair: str = "pair") -> list[str]:
        """The variables that somebody gives to this playbook."""
        private = str(self.folder / pair)
        given = {
            "onboard": {"ecs_access_key_pair_name": pair, "ecs_access_private_key_path": private, "ecs_access_private_keys": f"john={self.john.path}"},
            "bind_key_pair": {"ecs_access_key_pair_name": pair, "ecs_access_private_key_path": private},
            "diagnose": {"ecs_access_user": "john", "ecs_access_public_key_path": f"{self.john.path}.pub", "ecs_access_private_key_path": str(self.john.path)},
            "recover_access": {"ecs_access_key_pair_name": pair, "ecs_access_private_key_path": private},
            "temporary_login": {"ecs_access_private_key_path": str(self.folder / "temporary")},
        }
        return [*(["-e", f"@{self.team}"] if verb == "onboard" else []), *texts(given[verb])]

    def run(self, verb: str, *options: str, pair: str = "pair", **more):
        return self.caller.run(NAME + verb, *self.words(verb, pair), *options, **more)


@pytest.fixture(scope="module")
def account(start_fleet, tmp_path_factory, controller) -> Iterator[Account]:
    """Two systems that are set up, and one instance that does not run."""
    instances = [{"name": name, "backend": "container", "image": "debian12"} for name in ("web-1", "web-2")]
    folder = tmp_path_factory.mktemp("matrix")
    pair, john = lab_ssh.make_key(folder, "pair", "rsa"), lab_ssh.make_key(folder, "john")
    (folder / "team.yml").write_text(yaml.safe_dump({"ssh_users_accounts": [{"name": "john", "sudo": "nopasswd", "authorized_keys": [john.public]}]}))
    with start_fleet({"instances": [*instances, {"name": "off", "backend": "api", "status": "Stopped"}]}) as fleet:
        found = Account(Caller(fleet, folder, controller), folder, pair, john, folder / "team.yml")
        fleet.call("ImportKeyPair", KeyPairName="older", PublicKeyBody=lab_ssh.make_key(folder, "older", "rsa").public)
        first = found.run("onboard", "-l", "web-1,web-2")
        assert first.returncode == 0, first.output
        assert "Host key verification" not in first.output
        yield found


@pytest.mark.long
@each_verb
def test_a_limit_equals_naming_the_hosts_and_nothing_outside_is_touched(account, verb):
    caller = account.caller
    if verb == "temporary_login":
        # What it prepares once is not there to be prepared a second time.
        account.run(verb, "-l", "web-1")
    outside, elsewhere = caller.state("web-2"), caller.state("web-1")
    caller.calls()
    named = account.run(verb, "-e", "ecs_access_hosts=web-1")
    named_calls = caller.calls()
    limited = account.run(verb, "-l", "web-1,localhost")
    assert (limited.returncode, caller.calls()) == (named.returncode, named_calls), named.output + limited.output
    assert (table(limited), recap(limited)) == (table(named), recap(named))
    assert set(recap(limited)) == {"web-1"}
    assert caller.state("web-2") == outside
    if verb in ("onboard", "bind_key_pair", "diagnose"):
        assert caller.state("web-1") == elsewhere


@pytest.mark.long
@each_verb
def test_a_trial_run_tells_what_the_real_one_does(account, verb, new_name):
    pair = new_name(f"trial-{verb.replace('_', '-')}")
    more = ["-e", "ecs_access_replace_bound=true"] if verb in ("onboard", "bind_key_pair") else []
    before = account.caller.state("web-1")
    options = ["-l", "all", *more]
    trial = account.run(verb, *options, "--check", pair=pair if verb != "diagnose" else "pair")
    assert account.caller.state("web-1") == before
    real = account.run(verb, *options, pair=pair if verb != "diagnose" else "pair")
    assert recap(trial) == recap(real) == {"web-1": False, "web-2": False, "off": True}, trial.output + real.output
    assert (trial.returncode, real.returncode) == (2, 2)
    if verb not in ("diagnose", "temporary_login"):
        again = account.run("bind_key_pair", "-l", "web-1,web-2", "-e", "ecs_access_replace_bound=true")
        assert again.returncode == 0, again.output


@each_verb
@pytest.mark.parametrize("kind", ["unreachable", "failed", "no credentials"])
def test_where_nothing_can_be_done_every_host_is_in_table_and_recap(account, tmp_path, verb, kind):
    fleet = account.caller.fleet
    ids = {f"host-{number}": fleet.ids["off" if kind == "failed" else "web-1"] for number in range(3)}
    address = {"ansible_host": "127.0.0.1", "ansible_port": 1 if kind == "unreachable" else fleet["web-1"].ssh_port}
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(
        yaml.safe_dump({"all": {"hosts": {host: {**address, "ecs_instance_id": instance, "ecs_region": fleet.region} for host, instance in ids.items()}}})
    )
    # A connection that an earlier run left open would still work.
    environment = {"ANSIBLE_SSH_ARGS": "-o ControlPath=none", "ANSIBLE_TIMEOUT": "5"}
    if kind == "no credentials":
        environment.update({name: "" for name in fleet.environment() if "ACCESS_KEY" in name})
    pair = {} if kind == "unreachable" or verb == "diagnose" else {"pair": f"{verb.replace('_', '-')}-{kind.replace(' ', '-')}"}
    run = account.run(verb, "-l", "all", inventory=inventory, **pair, **environment)
    done_without_ssh = kind == "unreachable" and verb in ("bind_key_pair", "temporary_login", "diagnose")
    assert set(recap(run)) == set(ids), run.output
    rows = table(run)
    assert [host for host in ids if not any(line.startswith(f"  {host} ") for line in rows)] == [], run.output
    assert "Traceback" not in run.output
    if not done_without_ssh:
        assert (run.returncode, set(recap(run).values())) == (2, {True}), run.output


# Every variable of the headers as text. Where variables exclude each other, there is a run for each.
TEXTS = {
    "bind_key_pair": [
        {
            "ecs_access_private_key_path": "{folder}/pair", "ecs_access_private_key_lasts": "yes", "ecs_access_activation": "live",
            "ecs_access_replace_bound": "False", "ecs_access_previous_key": "keep", "ecs_access_serial": "50%", "ecs_access_max_fail_percentage": "10",
            "ecs_access_report": "{folder}/report.json", "ecs_access_fail_on_drift": "true", "ecs_access_help": "no",
        },
        {"ecs_access_public_key_path": "{folder}/pair.pub"},
        {"ecs_access_public_key": "{public}"},
    ],
    "onboard": [
        {
            "ecs_access_private_key_path": "{folder}/pair", "ecs_access_private_keys": '{{"john":"{folder}/john"}}', "ecs_access_login_as": "root",
            "ecs_access_bootstrap_python": "true", "ecs_access_bootstrap_key": "keep", "ecs_access_serial": "1,50%",
        }
    ],
    "diagnose": [
        {
            "ecs_access_public_key_path": "{folder}/john.pub", "ecs_access_private_key_path": "{folder}/john", "ecs_access_address": "192.0.2.7",
            "ecs_access_prove": "True", "ecs_access_login_as": "root", "ecs_access_fail_on": "never",
        },
        {"ecs_access_public_key": "{john}"},
    ],
    "recover_access": [
        {
            "ecs_access_private_key_path": "{folder}/pair", "ecs_access_user": "root", "ecs_access_previous_key": "remove",
            "ecs_access_previous_key_pair_name": "older", "ecs_access_repair": "account_expired,nologin_file",
        },
        {"ecs_access_public_key_path": "{folder}/pair.pub"},
    ],
    "temporary_login": [
        {"ecs_access_public_key_path": "{folder}/john.pub", "ecs_access_user": "root", "ecs_access_prepare": "auto"},
        {"ecs_access_private_key_path": "{folder}/john"},
    ],
}  # fmt: skip


@each_verb
def test_each_documented_variable_may_be_text(account, verb):
    always = {"ecs_access_hosts": "web-1", **({"ecs_access_user": "john"} if verb == "diagnose" else {"ecs_access_key_pair_name": "pair"})}
    given = {name for variables in TEXTS[verb] for name in variables} | set(always)
    assert documented_names([(PLAYBOOKS / f"{verb}.yml").read_text()]) <= given
    words = {"folder": str(account.folder), "public": account.pair.public, "john": account.john.public}
    team = ["-e", f"@{account.team}"] if verb == "onboard" else []
    # Questions of a survey that were not answered are empty texts.
    unanswered = {**dict.fromkeys(given - {"ecs_access_private_key_path"}, ""), "ecs_access_private_key_path": "{folder}/pair"}
    for variables in [*TEXTS[verb], unanswered]:
        filled = {name: value.format(**words) for name, value in {**variables, **always}.items()}
        run = account.caller.run(NAME + verb, *team, *texts(filled), "--check")
        assert (run.returncode, set(recap(run))) == (0, {"web-1"}), run.output
    if verb == "bind_key_pair":
        assert json.loads((account.folder / "report.json").read_text())["result"] == "clean"

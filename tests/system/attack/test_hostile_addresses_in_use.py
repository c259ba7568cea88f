# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile addresses and ids on their way through the role ssh_client, C(ssh NAME) and the playbooks."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from .account import Account, Canaries, Door, running_account, ssh_as_typed
from .forged import forged

HONEST = "127.0.0.9"
GOOD = {"name": "good", "instance_id": "i-good", "public_ip": HONEST}
ROLE = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  roles:
    - role: alicloud.ecs_access.ssh_client
"""


def type_all(account: Account, names: list[str]) -> None:
    """Type C(ssh NAME) for each of them, whatever comes of it."""
    for name in names:
        ssh_as_typed(account.folder, "-o", "ConnectTimeout=3", "-o", "BatchMode=yes", "--", name, "true")


@pytest.mark.parametrize("tunnel", [pytest.param(False, id="plain"), pytest.param(True, id="tunnel", marks=pytest.mark.long)])
def test_the_person_reaches_the_good_host_and_nothing_of_the_others_is_run(start_fleet: Callable, controller_key, tmp_path, tunnel: bool) -> None:
    canaries = Canaries(tmp_path)
    command = canaries.command
    zone = f"fe80::1%x\n  ProxyCommand {command('zone')}"
    addresses = [f"-oProxyCommand={command('option')}", f"{HONEST}\n  ProxyCommand {command('line')}", zone, "%h"]
    ids = [f"i-x;{command('next')};", f"i-x\n  ProxyCommand {command('idline')}", "* !i-good", f"i-$({command('dollar')})"]
    evil: list[dict[str, Any]] = [{"name": f"evil-a{number}", "public_ip": text} for number, text in enumerate(addresses)]
    evil += [{"name": f"evil-i{number}", "instance_id": text, "public_ip": HONEST} for number, text in enumerate(ids)]
    evil += [{"name": "evil-region", "public_ip": HONEST}]
    names = [entry["name"] for entry in evil]

    def forge_region(instance: dict[str, Any]) -> None:
        instance["RegionId"] = f"cn-hangzhou;{command('region')};"

    way = {"ssh_client_tunnel": "always", "ssh_client_temporary_key": True, "ssh_client_identity_file": str(controller_key.path)} if tunnel else {}
    with running_account(start_fleet, tmp_path, controller_key, [GOOD, *evil]) as account, Door(HONEST) as door:
        source = account.source(compose={"ansible_port": str(door.port)})
        with forged(account.cloud, {"evil-region": forge_region}) as environment:
            run = account.play(ROLE, source, environment=environment, ssh_client_host_keys="accept_new", **way)
        assert run.returncode == 0, run.output
        settings = ssh_as_typed(account.folder, "-G", "good").stdout.splitlines()
        assert "hostkeyalias i-good" in settings, settings
        type_all(account, [*names, "good"])
        assert canaries.seen() == []
        assert tunnel or door.knocks[HONEST] > 0


@pytest.mark.parametrize("playbook", ["onboard", pytest.param("diagnose", marks=pytest.mark.long)])
def test_a_playbook_runs_nothing_of_a_hostile_address_and_serves_the_others(start_fleet: Callable, controller_key, tmp_path, playbook: str) -> None:
    canaries = Canaries(tmp_path)
    evil = [
        {"name": "evil-a", "public_ip": f"-oProxyCommand={canaries.command('option')}"}, {"name": "evil-b", "public_ip": f"-E{canaries.path('log')}"},
        {"name": "evil-c", "public_ip": f"{HONEST} -oProxyCommand={canaries.command('word')}"},
    ]  # fmt: skip
    more = {
        "onboard": {"ssh_users_accounts": [{"name": "bob"}], "ecs_access_bootstrap_python": True},
        "diagnose": {"ecs_access_user": "bob", "ecs_access_private_key_path": str(controller_key.path)},
    }[playbook]
    with running_account(start_fleet, tmp_path, controller_key, [GOOD, *evil]) as account, Door(HONEST) as door:
        source = account.source(compose={"ansible_port": str(door.port)})
        run = account.play(f"alicloud.ecs_access.{playbook}", source, ecs_access_hosts="all", **more)
        assert canaries.seen() == []
        assert "\n  good " in run.stdout and door.knocks[HONEST] > 0, run.output


@pytest.mark.long
def test_a_hostile_id_or_region_does_not_stop_a_playbook_for_the_others(start_fleet: Callable, controller_key, tmp_path) -> None:
    canaries = Canaries(tmp_path)
    evil = [{"name": "evil-id", "instance_id": f"-oProxyCommand={canaries.command('id')}"}, {"name": "evil-region"}]

    def forge_region(instance: dict[str, Any]) -> None:
        instance["RegionId"] = f"cn-hangzhou;{canaries.command('region')}"

    with running_account(start_fleet, tmp_path, controller_key, [GOOD, *evil]) as account:
        with forged(account.cloud, {"evil-region": forge_region}) as environment:
            run = account.play("alicloud.ecs_access.temporary_login", account.source(), environment=environment, ecs_access_hosts="all")
        assert canaries.seen() == []
        assert "\n  good " in run.stdout, run.output

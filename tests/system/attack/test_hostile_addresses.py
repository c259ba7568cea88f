# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, ids and regions that are not what they should be run nothing on the controller, and cost no other host its place."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Callable

import pytest
import yaml

from .account import Account, Canaries, Door, running_account
from .forged import forged

HONEST = "127.0.0.9"
GOOD = {"name": "good", "instance_id": "i-good", "public_ip": HONEST}
LOCAL = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
"""


def hostile_texts(canaries: Canaries) -> list[str]:
    """What could be run, or lead elsewhere, where an address or an id is expected."""
    command = canaries.command
    return [
        f"-oProxyCommand={command('option')}", f"-E{canaries.path('log')}", f"-Jx`{command('jump')}`", f"{HONEST} -oProxyCommand={command('word')}",
        f"{HONEST}\n-oProxyCommand={command('line')}", f"{HONEST}\n  ProxyCommand {command('config')}", f"$({command('dollar')})",
        f"`{command('tick')}`", f"{HONEST};{command('next')};", f'{HONEST}" "{command("quote")}', canaries.template("template"),
        f"fe80::1%$({command('zone')})", f"fe80::1%x\n  ProxyCommand {command('zoneline')}", f"root@{HONEST}", f"%h.{HONEST}", f"{HONEST}/24",
        f"[{HONEST}]", "127.1", "localhost", "db.example.com", f"{HONEST},{HONEST}", f"{HONEST}\0x", f"\u202e{HONEST}",
    ]  # fmt: skip


def is_address(text: Any) -> bool:
    """Whether it is an address and nothing else; a zone has no place in what the API tells."""
    try:
        return isinstance(text, str) and "%" not in text and bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def is_id(text: Any) -> bool:
    return isinstance(text, str) and re.fullmatch(r"i-[0-9a-z-]+", text, re.ASCII) is not None


def assert_only_addresses(variables: dict[str, Any]) -> None:
    """Nothing else stands where users expect an address, an id or a region."""
    named = [variables.get(name) for name in ("ecs_public_ip", "ecs_private_ip", "ecs_eip")]
    listed = [address for name in ("ecs_public_ips", "ecs_private_ips", "ecs_ipv6_ips") for address in variables.get(name, [])]
    assert all(is_address(address) for address in [*filter(None, named), *listed]), variables
    assert is_id(variables["ecs_instance_id"]) and re.fullmatch(r"[a-z0-9-]+", variables["ecs_region"], re.ASCII), variables
    assert is_address(variables["ansible_host"]) or is_id(variables["ansible_host"]), variables


def assert_contained(account: Account, evil: set[str], *, environment: dict[str, str] | None = None, **options: Any) -> None:
    """None of the hosts with these names is listed, the user is warned, and the good one is there."""
    listing = account.listing(account.source(**options), environment=environment)
    assert listing.of("i-good"), listing
    left = {name for name, variables in listing.hosts.items() if name in evil or variables.get("ecs_name") in evil}
    assert not left, (left, [listing.hosts[name].get("ansible_host") for name in left])
    assert "[WARNING]" in listing.said and any(word in listing.said for word in ("evil", "oProxyCommand")), listing.said


def attack_over_ssh(account: Account, sources: list) -> list:
    """A raw command, which ssh takes for the host once the host was taken for an option; and what people try first."""
    runs = []
    for connection in ("ansible.builtin.ssh", "alicloud.ecs_access.ecs_ssh"):
        runs.append(account.run("ansible", "all", "-m", "ansible.builtin.raw", "-a", "uptime", "-c", connection, sources=sources))
    return [*runs, account.run("ansible", "all", "-m", "ansible.builtin.ping", sources=sources)]


def test_a_hostile_address_runs_nothing_and_leaves_only_its_own_host_out(start_fleet: Callable, controller_key, tmp_path) -> None:
    canaries = Canaries(tmp_path)
    texts = hostile_texts(canaries)
    evil = [{"name": f"evil-{number}", "instance_id": f"i-evil{number}", "public_ip": text} for number, text in enumerate(texts)]
    with running_account(start_fleet, tmp_path, controller_key, [GOOD, *evil]) as account, Door(HONEST) as door:
        # With Ansible alone the same text does run.
        static = {"all": {"hosts": {"x": {"ansible_host": texts[0], "ansible_connection": "ssh"}}}}
        account.run("ansible", "all", "-m", "raw", "-a", "uptime", sources=[account.write("static.yml", yaml.safe_dump(static))])
        assert canaries.seen() == ["option"]
        options = {"compose": {"ansible_port": str(door.port)}}
        runs = attack_over_ssh(account, [account.source(**options)])
        assert canaries.seen() == []
        assert all("good" in {result.host for result in run.results} for run in runs) and door.knocks[HONEST] >= len(runs)
        assert_contained(account, {entry["name"] for entry in evil}, **options)


@pytest.mark.long
def test_so_does_one_that_is_not_the_first_choice(start_fleet: Callable, controller_key, tmp_path) -> None:
    canaries = Canaries(tmp_path)
    none = {"public_ip": "", "private_ip": "10.9.9.9"}
    evil = [
        {"name": f"evil-{place}-{number}", "instance_id": f"i-evil{place[0]}{number}", **none, place: text}
        for place in ("eip", "private_ip") for number, text in enumerate(hostile_texts(canaries))
    ]  # fmt: skip
    with running_account(start_fleet, tmp_path, controller_key, [GOOD, *evil]) as account:
        for options in ({}, {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}):
            assert_contained(account, {entry["name"] for entry in evil}, **options)
        assert_contained(account, {entry["name"] for entry in evil}, **options)
        assert list((tmp_path / "cache").iterdir())


@pytest.mark.long
def test_a_hostile_id_runs_nothing_and_leaves_only_its_own_host_out(start_fleet: Callable, controller_key, tmp_path) -> None:
    canaries = Canaries(tmp_path)
    texts = [*hostile_texts(canaries), "i-", "i-*", "I-UPPER", "i-x i-good", "i-good\n", "../i-good", "i-\u0456", "all", "x" * 5000]
    evil = [{"name": f"evil-{number}", "instance_id": text, "public_ip": HONEST} for number, text in enumerate(texts)]
    with running_account(start_fleet, tmp_path, controller_key, [GOOD, *evil]) as account, Door(HONEST) as door:
        options = {"connect_with": ["instance_id"], "compose": {"ansible_port": str(door.port)}}
        attack_over_ssh(account, [account.source(**options)])
        assert canaries.seen() == []
        for hostnames in (["name"], ["instance_id"]):
            assert_contained(account, {entry["name"] for entry in evil}, hostnames=hostnames, **options)


def forge(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda instance: instance.update(fields)


def test_forged_answers_of_any_form_spoil_only_their_own_host(start_fleet: Callable, controller_key, tmp_path) -> None:
    canaries = Canaries(tmp_path)
    run = f"$({canaries.command('x')})"
    interface = {"Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": f"fe80::1%{run}"}]}}
    changes = [
        forge(PublicIpAddress={"IpAddress": [2130706441]}), forge(PublicIpAddress={"IpAddress": [[HONEST]]}),
        forge(PublicIpAddress={"IpAddress": [HONEST, f"-oProxyCommand={canaries.command('second')}"]}),
        forge(PublicIpAddress={"IpAddress": True}), forge(InstanceId=5), forge(InstanceId=["i-good"]),
        forge(RegionId=f"cn-hangzhou;{canaries.command('region')}"), forge(RegionId="user@127.0.0.1:9/#"), forge(RegionId=5),
        forge(NetworkInterfaces={"NetworkInterface": [interface]}), forge(EipAddress={"IpAddress": 5}), forge(InstanceId=None),
    ]  # fmt: skip
    evil = [{"name": f"evil-{number}", "public_ip": HONEST} for number in range(len(changes))]
    with running_account(start_fleet, tmp_path, controller_key, [GOOD, *evil]) as account:
        assert len(account.listing(account.source()).hosts) == len(changes) + 1
        with forged(account.cloud, {entry["name"]: change for entry, change in zip(evil, changes)}) as environment:
            for connect_with in (["public", "private"], ["ipv6", "public"], ["instance_id"]):
                listing = account.listing(account.source(connect_with=connect_with), environment=environment)
                assert listing.of("i-good")
                for variables in listing.hosts.values():
                    assert_only_addresses(variables)
            assert "[WARNING]" in listing.said
        assert canaries.seen() == []


@pytest.mark.long
def test_the_module_for_instances_gives_out_no_hostile_address_or_id(start_fleet: Callable, controller_key, tmp_path) -> None:
    canaries = Canaries(tmp_path)
    evil = [{"name": f"evil-{number}", "public_ip": text} for number, text in enumerate(hostile_texts(canaries))]
    play = (
        LOCAL
        + """
    - alicloud.ecs_access.ecs_instance_info:
      register: found
    - ansible.builtin.add_host:
        name: "{{ item.name }}"
        ansible_host: "{{ item.public_ip }}"
        ansible_connection: ssh
      loop: "{{ found.instances | selectattr('public_ip') }}"
- hosts: all:!localhost
  gather_facts: false
  tasks:
    - ansible.builtin.raw: uptime
      ignore_unreachable: true
"""
    )
    with running_account(start_fleet, tmp_path, controller_key, [GOOD, *evil]) as account:
        run = account.play(play)
        (found,) = [result.result["instances"] for result in run.results if result.action == "alicloud.ecs_access.ecs_instance_info"]
        assert HONEST in [entry["public_ip"] for entry in found if entry["name"] == "good"]
        assert canaries.seen() == []
        assert all(is_address(address) for entry in found for address in [*entry["public_ips"], *entry["private_ips"], *entry["ipv6_ips"]])


@pytest.mark.long
def test_a_forged_entry_costs_the_module_for_instances_no_other(start_fleet: Callable, controller_key, tmp_path) -> None:
    changes = [forge(InstanceId="-oProxyCommand=x"), forge(PublicIpAddress={"IpAddress": True}), forge(SecurityGroupIds={"SecurityGroupId": 5})]
    evil = [f"evil-{number}" for number in range(len(changes))]
    with running_account(start_fleet, tmp_path, controller_key, [GOOD, *({"name": name} for name in evil)]) as account:
        for given in ({}, dict(zip(evil, changes))):
            with forged(account.cloud, given) as environment:
                run = account.play(LOCAL + "    - alicloud.ecs_access.ecs_instance_info:\n", environment=environment)
            found = run.results[-1].result.get("instances", [])
            assert "good" in [entry["name"] for entry in found] and all(is_id(entry["instance_id"]) for entry in found), run.output
            assert given or len(found) == 4, run.output

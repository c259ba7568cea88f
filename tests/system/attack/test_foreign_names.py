# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever names an instance gets neither the connections nor the secrets of a host that another inventory source has."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml

from .account import Account, Door, Listing, running_account

THEIRS, OURS = "127.0.0.66", "127.0.0.5"
SECRET = "s3cret-of-legacy"
OTHERS = [{"name": "honest", "instance_id": "i-honest", "public_ip": "127.0.0.9"}]


def instance(name: str, instance_id: str = "i-mallory", **more: Any) -> dict[str, Any]:
    return {"name": name, "instance_id": instance_id, "public_ip": THEIRS, **more}


def static(account: Account, **variables: Any) -> Path:
    """Hosts of the user's own, with what only they may know beside it."""
    hosts = {"legacy": {"ansible_host": OURS, "ansible_password": SECRET, **variables}, "rack-[1:3]": {"ansible_password": SECRET}}
    children = {"databases": {"hosts": {"db1": {}}}}
    for place in ("host_vars/legacy.yml", "host_vars/db1.yml", "group_vars/databases.yml"):
        account.write(place, yaml.safe_dump({f"secret_of_{Path(place).stem}": SECRET}))
    return account.write("a-static.yml", yaml.safe_dump({"all": {"hosts": hosts, "children": children}}))


def secrets_of(variables: dict[str, Any]) -> list[str]:
    return [name for name, value in variables.items() if value == SECRET]


def who_answers(account: Account, pattern: str, *sources: Path) -> list[str]:
    """The hosts that a play for this pattern runs on."""
    return [result.host for result in account.run("ansible", pattern, "-m", "ansible.builtin.debug", sources=sources).results]


def assert_stands_alone(listing: Listing, instance_id: str) -> None:
    """The instance is there under a name of its own and knows no secret; every host that has one is the user's own still."""
    ((name, variables),) = listing.of(instance_id).items()
    assert name == instance_id and variables["ansible_host"] == THEIRS and not secrets_of(variables), listing.of(instance_id)
    legacy = listing.hosts["legacy"]
    assert (legacy["ansible_host"], secrets_of(legacy)) == (OURS, ["ansible_password", "secret_of_legacy"]), legacy
    assert all("ecs_instance_id" not in variables for variables in listing.hosts.values() if secrets_of(variables))


def test_a_host_of_another_source_keeps_its_address_and_its_secrets(start_fleet: Callable, controller_key, tmp_path) -> None:
    with running_account(start_fleet, tmp_path, controller_key, [instance("legacy"), *OTHERS]) as account, Door(THEIRS, OURS) as door:
        sources = [static(account, ansible_port=door.port), account.source()]
        account.run("ansible", "legacy", "-m", "ansible.builtin.ping", "-e", "ansible_password=", sources=sources)
        assert door.knocks == {THEIRS: 0, OURS: 1}
        listing = account.listing(*sources)
        assert_stands_alone(listing, "i-mallory")
        assert listing.hosts["legacy"]["ansible_port"] == door.port
        assert "[WARNING]" in listing.said and "i-mallory" in listing.said
        assert listing.hosts["honest"]["ansible_host"] == "127.0.0.9"
        # Without the other source the name is the instance's own.
        assert list(account.listing(sources[1]).of("i-mallory")) == ["legacy"]


@pytest.mark.long
def test_it_keeps_them_in_every_form_of_inventory(start_fleet: Callable, controller_key, tmp_path) -> None:
    taken = [instance("rack-2", "i-two"), instance("db1", "i-three")]
    with running_account(start_fleet, tmp_path, controller_key, [instance("legacy"), *taken, *OTHERS]) as account:
        yaml_file, ours = static(account), account.source()
        dynamic = {"all": {"hosts": ["legacy"]}, "_meta": {"hostvars": {"legacy": {"ansible_host": OURS}}}}
        account.write("b-script.sh", f"#!/bin/sh\necho '{json.dumps(dynamic)}'\n").chmod(0o755)
        account.write("c-hosts", f"legacy ansible_host={OURS} ansible_password={SECRET}\nrack-2\ndb1\n")
        folder = account.work / "inventory"
        shutil.copytree(account.work, folder, ignore=shutil.ignore_patterns("inventory"))
        # With a cache the second run reads names from it; an expression makes the same name in another way.
        cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
        other = account.source("other.ecs.yml", hostnames=["tag:none", "ecs_name | upper | lower"], **cached)
        lists = [[account.work / "c-hosts", ours], [folder], [yaml_file, other], [yaml_file, other]]
        for sources in lists:
            listing = account.listing(*sources)
            for instance_id in ("i-mallory", "i-two", "i-three"):
                assert_stands_alone(listing, instance_id)
        for sources in (["legacy,rack-2,db1", ours], [account.work / "b-script.sh", ours]):
            listing = account.listing(*sources)
            assert list(listing.of("i-mallory")) == ["i-mallory"] and "ecs_instance_id" not in listing.hosts["legacy"], sources


@pytest.mark.long
def test_strict_makes_such_a_name_an_error(start_fleet: Callable, controller_key, tmp_path) -> None:
    with running_account(start_fleet, tmp_path, controller_key, [instance("legacy"), *OTHERS]) as account:
        sources = [static(account), account.source(strict=True)]
        listing = account.listing(*sources)
        assert not any("ecs_instance_id" in variables for variables in listing.hosts.values()) and "legacy" in listing.said
        assert listing.hosts["legacy"]["ansible_host"] == OURS
        assert listing.hosts.keys() == account.listing(sources[0]).hosts.keys()
        assert account.listing(sources[1]).hosts.keys() == {"legacy", "honest"}


@pytest.mark.long
def test_another_account_of_the_same_plugin_is_another_source(start_fleet: Callable, controller_key, tmp_path) -> None:
    ours = {"name": "web", "instance_id": "i-ours", "public_ip": OURS}
    with running_account(start_fleet, tmp_path, controller_key, [ours, instance("web")]) as account:
        first = account.source("a.ecs.yml", filters={"instance_id": ["i-ours"]})
        second = account.source("b.ecs.yml", filters={"instance_id": ["i-mallory"]})
        account.write("host_vars/web.yml", f"secret: {SECRET}\n")
        listing = account.listing(first, second)
        assert list(listing.of("i-ours")) == ["web"] and listing.hosts["web"]["ansible_host"] == OURS
        assert list(listing.of("i-mallory")) == ["i-mallory"] and not secrets_of(listing.hosts["i-mallory"])
        # The same instance in two files is one host, as before.
        again = account.source("c.ecs.yml", filters={"instance_id": ["i-ours"]}, groups={"twice": "true"})
        assert list(account.listing(first, again).of("i-ours")) == ["web"]


@pytest.mark.long
def test_a_name_with_the_ending_of_a_file_does_not_open_the_file_of_another_host(start_fleet: Callable, controller_key, tmp_path) -> None:
    names = ["legacy.yml", "legacy.yaml", "legacy.json"]
    instances = [instance(name, f"i-m{number}") for number, name in enumerate(names)]
    with running_account(start_fleet, tmp_path, controller_key, [*instances, instance("web.example", "i-dots")]) as account:
        sources = [static(account), account.source()]
        for name in names:
            account.write(f"host_vars/{name}", f'{{"secret_of_legacy": "{SECRET}"}}')
        listing = account.listing(*sources)
        assert {number: secrets_of(variables) for number in range(3) for variables in listing.of(f"i-m{number}").values()} == {0: [], 1: [], 2: []}
        # Dots alone are no reason.
        assert list(listing.of("i-dots")) == ["web.example"]


def test_no_name_leads_to_the_files_of_other_hosts_and_groups(start_fleet: Callable, controller_key, tmp_path) -> None:
    names = [
        ".", "..", "./legacy", "legacy/", "legacy/.", "../host_vars/legacy", "../group_vars/databases", "//legacy", "x/../legacy", "databases",
        "localhost", "all", "ungrouped", "legacy\0", "legacy\n", " legacy", "legacy\u200b", "twin", "twin", "127.0.0.1", "::1", "hosts/legacy",
    ]  # fmt: skip
    instances = [instance(name, f"i-m{number}") for number, name in enumerate(names)]
    with running_account(start_fleet, tmp_path, controller_key, [*instances, *OTHERS]) as account:
        sources = [static(account), account.source()]
        for place in ("twin", "localhost", "all", "hosts/legacy"):
            (account.work / "host_vars" / place).parent.mkdir(exist_ok=True)
            account.write(f"host_vars/{place}.yml", f"secret: {SECRET}\n")
        listing = account.listing(*sources)
        for number in range(len(names)):
            ((_name, variables),) = listing.of(f"i-m{number}").items()
            assert not secrets_of(variables), (names[number], variables)
        assert listing.hosts["legacy"]["ansible_host"] == OURS
        assert who_answers(account, "localhost", *sources) == ["localhost"]


def test_no_tag_makes_a_group_that_stands_for_a_host(start_fleet: Callable, controller_key, tmp_path) -> None:
    tags = ["localhost", "legacy", "db1", "rack-2", "all"]
    instances = [instance(f"mallory{number}", f"i-m{number}", tags={"role": tag}) for number, tag in enumerate(tags)]
    with running_account(start_fleet, tmp_path, controller_key, [*instances, *OTHERS]) as account:
        sources = [static(account), account.source(keyed_groups=[{"key": "ecs_tags.role", "prefix": "", "separator": ""}])]
        assert sorted(who_answers(account, "legacy,db1,rack-2", *sources)) == ["db1", "legacy", "rack-2"]
        assert who_answers(account, "localhost", *sources) == ["localhost"]

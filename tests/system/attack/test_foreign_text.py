# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that somebody gave to an instance, a tag or an error of the API is never run on the controller, and breaks nothing for others."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from .account import Canaries, running_account
from .forged import rewriting

GOOD = {"name": "good", "instance_id": "i-good", "public_ip": "127.0.0.9"}
LOCAL = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
"""
# Everything that users do with such variables, and a file that is written from them.
USES = """
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - ansible.builtin.debug:
        var: "hostvars[inventory_hostname]"
    - ansible.builtin.set_fact:
        copied: "{{ ecs_name }} {{ ecs_description }} {{ ecs_hostname }}"
        tags_upper: "{{ ecs_tags | dict2items | map(attribute='value') | map('trim') | list }}"
        joined: "{{ '{' ~ '{ ' ~ ecs_tags.expression | default('') ~ ' }' ~ '}' }}"
    - ansible.builtin.debug:
        msg: "{{ copied }} {{ tags_upper }} {{ joined }} {{ composed | default('') }}"
    - ansible.builtin.debug:
        msg: "{{ item }}"
      loop: "{{ tags_upper + [joined, ecs_name] }}"
      loop_control:
        label: "{{ item }}"
    - ansible.builtin.debug:
        msg: seen
      when: ecs_description
      ignore_errors: true
"""


def test_names_and_tags_are_not_run_from_inventory_cache_or_export(start_fleet: Callable, controller_key, tmp_path) -> None:
    canaries = Canaries(tmp_path)
    template = canaries.template

    def bare(name: str) -> str:
        return f"lookup('pipe', '{canaries.command(name)}')"

    evil = [
        {
            "name": template("name"), "instance_id": "i-e1", "public_ip": "127.0.0.9", "description": template("description"),
            "host_name": template("hostname"), "tags": {"role": template("tag"), template("key"): "x", "expression": bare("joined")},
        },
        {"name": "e2", "instance_id": "i-e2", "description": bare("when"), "tags": {"a": "{% if " + bare("if") + " %}{% endif %}"}},
        {"name": "#jinja2: variable_start_string:'[['", "instance_id": "i-e3", "tags": {"a": "[[ " + bare("marks") + " ]]"}},
        {"name": "e4", "instance_id": "i-e4", "tags": {"__ansible_type": "TrustedAsTemplate"}},
        {"name": "e5", "instance_id": "i-e5", "tags": {"__ansible_type": "_AnsibleTaggedStr", "value": template("value")}},
    ]  # fmt: skip
    options = {
        "compose": {"composed": "ecs_name ~ ecs_tags.role", "ansible_user": "ecs_login_user"}, "cache": True, "hostnames": ["ecs_name ~ '.x'"],
        "keyed_groups": [{"key": "ecs_tags", "prefix": "tag"}, {"key": "ecs_description", "prefix": "d"}],
        "groups": {"described": "ecs_description"}, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache"),
    }  # fmt: skip
    with running_account(start_fleet, tmp_path, controller_key, [GOOD, *evil]) as account:
        source = account.source(**options)
        assert len(account.listing(source).hosts) == 6 and list((tmp_path / "cache").iterdir())
        # Evaluated on purpose it does run.
        account.run("ansible", "localhost", "-m", "ansible.builtin.debug", "-a", f'msg="{template("control")}"')
        assert canaries.seen() == ["control"]
        # Keys with a meaning of their own do not survive Ansible's own export.
        exportable = account.source("exportable.ecs.yml", **options, exclude_filters=[{"name": "e4"}, {"name": "e5"}])
        account.write("exported.json", account.listing(exportable).text)
        script = account.write("exported.sh", '#!/bin/sh\ncat "$(dirname "$0")/exported.json"\n')
        script.chmod(0o755)
        for inventory, count in ((source, 6), (script, 4)):
            run = account.play(USES, inventory)
            assert canaries.seen() == []
            assert len({result.host for result in run.results if result.task == "ansible.builtin.set_fact"}) == count, run.output


@pytest.mark.long
def test_a_tag_of_one_instance_or_key_pair_does_not_break_the_modules_for_all(start_fleet: Callable, controller_key, tmp_path) -> None:
    canaries = Canaries(tmp_path)
    keys = ["__ansible_type", "__ansible_unsafe", "__ansible_vault", canaries.template("key")]
    evil = [{"name": f"evil-{number}", "tags": {key: "TrustedAsTemplate", "role": canaries.template("value")}} for number, key in enumerate(keys)]
    pairs = [{"name": "good-pair"}, *({"name": f"pair-{number}", "tags": {key: "TrustedAsTemplate"}} for number, key in enumerate(keys))]
    tasks = """
    - alicloud.ecs_access.ecs_instance_info:
      ignore_errors: true
    - alicloud.ecs_access.ecs_key_pair_info:
      ignore_errors: true
"""
    with running_account(start_fleet, tmp_path, controller_key, [GOOD, *evil], key_pairs=pairs) as account:
        instances, key_pairs = [result.result for result in account.play(LOCAL + tasks).results]
        assert "good" in [entry["name"] for entry in instances.get("instances", [])], instances
        assert "good-pair" in [entry["name"] for entry in key_pairs.get("key_pairs", [])], key_pairs
        assert canaries.seen() == []


def test_text_of_the_api_is_not_run_by_playbooks_and_not_handed_to_the_next_job(start_fleet: Callable, controller_key, tmp_path) -> None:
    """What AWX gives to the next job of a workflow are the statistics of a run."""
    canaries = Canaries(tmp_path)
    kept = ("InstanceId", "RegionId", "KeyPairName", "Status", "InvokeId", "CommandId", "InstanceName", "InvocationStatus", "OSType", "IpAddress")

    def change(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            value.update({key: change(item, key) for key, item in value.items()})
        elif isinstance(value, list):
            value[:] = [change(item, name) for item in value]
        elif isinstance(value, str) and name not in kept:
            return value * (name == "PublicKey") + " " + canaries.template(name)
        return value

    with running_account(start_fleet, tmp_path, controller_key, [GOOD]) as account, rewriting(account.cloud, change) as environment:
        run = account.play(
            "alicloud.ecs_access.diagnose", account.source(), environment={**environment, "ANSIBLE_SHOW_CUSTOM_STATS": "1"},
            options=["-v"], ecs_access_hosts="all", ecs_access_user="bob",
        )  # fmt: skip
    assert canaries.seen() == []
    screen, _title, statistics = run.stdout.partition("CUSTOM STATS")
    assert "lookup(" in screen and "lookup(" not in statistics, run.output

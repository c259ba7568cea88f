# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet file: defaults, counts, and one sentence for each mistake."""

from __future__ import annotations

import pytest
from ecs_emulator.cloud import Cloud
from ecs_emulator.fleet import FleetError, load_fleet, parse_fleet


def test_all_but_instances_has_defaults():
    one, other = parse_fleet({"instances": [{}]}), parse_fleet({"instances": [{}]})
    (instance,) = one.instances
    assert (instance.name, instance.region, instance.status, instance.backend) == ("instance-1", "cn-hangzhou", "Running", "api")
    assert instance.instance_id == other.instances[0].instance_id
    assert one.access_key_secret != other.access_key_secret


def test_count_numbers_ids_and_names():
    fleet = parse_fleet({"instances": [{"name": "web", "instance_id": "i-web", "count": 12}, {"name": "none", "count": 0}]})
    assert [(item.instance_id, item.name) for item in fleet.instances][::11] == [("i-web01", "web-01"), ("i-web12", "web-12")]


def test_region_of_its_own_is_added():
    fleet = parse_fleet({"region": "xx-test-1", "instances": [{}]})
    assert "xx-test-1" in fleet.regions
    assert fleet.instances[0].region == "xx-test-1"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([], "fleet is not a mapping"),
        ({"instances": {}}, "fleet: 'instances' is not a list"),
        ({"instance": []}, "fleet: unknown key 'instance'"),
        ({"instances": [{"stats": "Running"}]}, "instances[0]: unknown key 'stats'"),
        ({"instances": [{"status": "running"}]}, "instances[0]: 'status' is Pending or Running"),
        ({"instances": [{"region": "mars"}]}, "instances[0]: 'region' is"),
        ({"instances": [{"count": -1}]}, "instances[0]: 'count' is not a whole number"),
        ({"instances": [{"name": "a"}, {"name": "a"}]}, "two instances have the id"),
        ({"instances": [{"assistant": {"onlin": True}}]}, "instances[0].assistant: unknown key 'onlin'"),
        ({"instances": [{"assistant": {"online": "yes"}}]}, "instances[0].assistant: 'online' is neither true nor false"),
        ({"instances": [{"backend": "container", "os_type": "windows"}]}, "a Windows instance cannot have"),
        ({"instances": [{"key_pair": "nope"}]}, "is bound to key pair 'nope'"),
        ({"instances": [{"security_groups": ["nope"]}]}, "there is no security group 'nope'"),
        ({"behaviours": {"gravity": "up"}}, "behaviours: unknown behaviour 'gravity'"),
        ({"behaviours": {"attach_unknown_instance": "up"}}, "behaviour 'attach_unknown_instance' is call or item, not 'up'"),
        ({"timing": {"latency_ms": -1}}, "fleet.timing: 'latency_ms' is not a number of zero or more"),
        ({"key_pairs": [{}]}, "key_pairs[0]: 'name' is missing"),
    ],
)
def test_mistakes(content, sentence):
    with pytest.raises(FleetError) as caught:
        parse_fleet(content)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_public_key_that_the_service_would_refuse():
    with pytest.raises(FleetError, match="key pair 'bad': the public key is not one"):
        Cloud(parse_fleet({"key_pairs": [{"name": "bad", "public_key": "ssh-ed25519 AAAA"}], "instances": []}))


def test_file_errors_name_the_file(tmp_path):
    missing = tmp_path / "missing.yml"
    with pytest.raises(FleetError, match=r"cannot read the fleet file .*missing.yml: No such file"):
        load_fleet(missing)
    broken = tmp_path / "broken.yml"
    broken.write_text("instances:\n  - {name: a\n")
    with pytest.raises(FleetError, match=r"broken.yml \(line \d\) is not valid YAML"):
        load_fleet(broken)
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("instances: 5\n")
    with pytest.raises(FleetError, match=r"wrong.yml: fleet: 'instances' is not a list"):
        load_fleet(wrong)

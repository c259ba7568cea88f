# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances as a user lists them."""

import pytest
from ecs_emulator.testing import running

FLEET = {
    "instances": [
        {"instance_id": "i-web", "name": "web", "count": 130, "tags": {"role": "web"}},
        {
            "instance_id": "i-db",
            "name": "db",
            "tags": {"role": "db"},
            "login_user": "ecs-user",
            "key_pair": "team",
            "assistant": {"online": False, "version": "2.2.3.1"},
            "security_groups": [{"name": "office", "rules": [{"source": "198.51.100.0/24"}]}],
        },
        {"instance_id": "i-win", "name": "win", "os_type": "windows", "assistant": {"installed": False}},
        {"instance_id": "i-off", "name": "{{ lookup('pipe', 'id') }}", "status": "Stopped", "public_ip": ""},
    ],
    "key_pairs": [{"name": "team"}],
}


@pytest.fixture(scope="module")
def cloud():
    with running(FLEET) as emulator:
        yield emulator


@pytest.fixture
def run(run_module, cloud):
    cloud.clear_requests()
    keys = {"access_key_id": cloud.access_key_id, "access_key_secret": cloud.access_key_secret}

    def run_it(**options):
        result = run_module("ecs_instance_info", region=cloud.region, endpoint=cloud.endpoint, **keys, **options)
        assert not result.get("changed")
        return result

    return run_it


def by_id(result):
    return {instance["instance_id"]: instance for instance in result["instances"]}


def test_all_pages_with_as_few_calls_as_possible(run, cloud):
    assert len(by_id(run())) == 133
    assert cloud.request_counts() == {"DescribeInstances": 2, "DescribeCloudAssistantStatus": 3}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"instance_ids": ["i-db", "i-win"]}, {"i-db", "i-win"}),
        ({"instance_ids": []}, set()),
        ({"names": ["db", "wi*", "nobody"]}, {"i-db", "i-win"}),
        ({"tags": {"role": "db"}}, {"i-db"}),
        ({"key_pair_name": "team"}, {"i-db"}),
        ({"status": "Stopped"}, {"i-off"}),
        ({"instance_ids": ["i-db", "i-off"], "status": "Running"}, {"i-db"}),
    ],
)
def test_filters(run, options, expected):
    assert set(by_id(run(**options))) == expected


def test_ids_that_do_not_exist_are_named(run):
    result = run(instance_ids=["i-nobody", "i-db", "i-nobody"])
    assert (list(by_id(result)), result["missing_instance_ids"]) == (["i-db"], ["i-nobody"])


def test_what_is_told(run):
    found = by_id(run(instance_ids=["i-db", "i-win", "i-off"]))
    database = found["i-db"]
    assert (database["login_user"], database["key_pair_name"], database["os_type"]) == ("ecs-user", "team", "linux")
    assert database["cloud_assistant"] == {"installed": True, "online": False, "version": "2.2.3.1"}
    assert database["public_ip"]
    assert database["private_ip"]
    assert "ssh_reachable" not in database
    assert (found["i-win"]["os_type"], found["i-win"]["login_user"]) == ("windows", "")
    assert found["i-win"]["cloud_assistant"] == {"installed": False, "online": False, "version": ""}
    assert found["i-off"]["name"] == "{ { lookup('pipe', 'id') }}"  # who keeps results and loads them again runs nothing


def test_the_assistant_only_if_wanted(run, cloud):
    assert "cloud_assistant" not in run(instance_ids=["i-db"], include_cloud_assistant=False)["instances"][0]
    assert cloud.request_counts() == {"DescribeInstances": 1}


@pytest.mark.parametrize(
    ("source", "port", "expected", "reason"),
    [
        ("198.51.100.7", 22, True, "allowed by a rule of sg-"),
        ("203.0.113.7", 22, False, "no rule of its security groups mentions 203.0.113.7 and port 22"),
        ("198.51.100.7", 2222, False, "no rule of its security groups mentions 198.51.100.7 and port 2222"),
    ],
)
def test_reachability(run, source, port, expected, reason):
    found = run(instance_ids=["i-db"], source_address=source, ssh_port=port)["instances"][0]
    assert found["ssh_reachable"] is expected
    assert found["ssh_reachable_reason"].startswith(reason)


def test_a_public_address_can_not_reach_an_instance_without_one(run):
    found = run(instance_ids=["i-off"], source_address="8.8.8.8")["instances"][0]
    assert (found["ssh_reachable"], found["ssh_reachable_reason"]) == (
        False,
        "it has no public address that 8.8.8.8 could reach",
    )
    assert run(instance_ids=["i-off"], source_address="10.0.0.200")["instances"][0]["ssh_reachable"] is True


def test_security_groups_are_read_once_each(run, cloud):
    run(source_address="198.51.100.7", include_cloud_assistant=False)
    assert cloud.request_counts() == {"DescribeInstances": 2, "DescribeSecurityGroupAttribute": 2}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"source_address": "198.51.100.0/24"}, "source_address '198.51.100.0/24' is not one IPv4 or IPv6 address"),
        ({"source_address": "198.51.100.7", "ssh_port": 0}, "ssh_port must be from 1 to 65535, not 0"),
    ],
)
def test_wrong_input(run, cloud, options, sentence):
    assert run(**options)["msg"] == sentence
    assert cloud.request_counts() == {}

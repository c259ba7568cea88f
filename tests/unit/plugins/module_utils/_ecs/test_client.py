# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paging, batches, retries and what is told per instance, against a cloud that enforces the API's limits."""

import threading
import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import BindResult, EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import SettingsError, read_settings
from ecs_emulator.testing import CommandOutcome, running

# The public half of a key whose private half was thrown away.
PUBLIC_KEY = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCxg+r5qMe/5zF+mawJmZ8WlDOpV9jHuUEs0vrnVrLgM"
    "lJPq/8G/nTgR/ImWzKCa7G6k18fj6wnhFm6mSSk3yEk="
)


@pytest.fixture(scope="module")
def big():
    linux, windows = {"instance_id": "i-n", "name": "n", "count": 251}, {"instance_id": "i-w", "os_type": "windows"}
    with running({"instances": [linux, windows]}) as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def quiet(request):
    yield
    if "big" in request.fixturenames:
        cloud = request.getfixturevalue("big")
        cloud.clear_faults()
        cloud.clear_requests()


def ids(count, prefix="i-n"):
    return ["%s%03d" % (prefix, number) for number in range(1, count + 1)]


def test_no_region():
    with pytest.raises(SettingsError):
        EcsClient(read_settings({"access_key_id": "a", "access_key_secret": "b"}, {}))


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ({"region": "cn-hangzhou"}, "ecs-cn-hangzhou.aliyuncs.com"),
        ({"region": "eu-central-1"}, "ecs.eu-central-1.aliyuncs.com"),
        ({"region": "cn-hangzhou", "network": "vpc"}, "ecs-vpc.cn-hangzhou.aliyuncs.com"),
        ({"region": "cn-hangzhou", "network": "vpc", "endpoint": "ecs.example:1"}, "ecs.example:1"),
    ],
)
def test_the_endpoint(options, host):
    options = dict(options, access_key_id="a", access_key_secret="b")
    assert EcsClient(read_settings(options, {}))._caller.endpoint.host == host


def test_all_pages_of_instances(big, make_client):
    found = make_client(big).describe_instances()
    assert len({entry.instance_id for entry in found}) == len(found) == 252
    assert big.request_counts() == {"DescribeInstances": 3}


def test_ids_in_batches_and_unknown_ones_missing(big, make_client):
    wanted = [*ids(250), "i-nobody"]
    found = make_client(big).describe_instances(wanted)
    assert [entry.instance_id for entry in found] == ids(250)
    assert big.request_counts() == {"DescribeInstances": 3}


def test_no_ids_ask_nothing(big, make_client):
    assert make_client(big).describe_instances([]) == []
    assert big.request_counts() == {}


def test_filters_of_the_api(big, make_client):
    found = make_client(big).describe_instances(InstanceName="n-00*", Status="Running")
    assert [entry.name for entry in found] == ["n-00%d" % number for number in range(1, 10)]


def test_throttling_is_waited_out(big, make_client):
    big.faults("DescribeInstances", "error", code="Throttling.User", status=400, times=3)
    client = make_client(big)
    assert len(client.describe_instances(["i-n001"])) == 1
    assert client.pauses == [0.375, 0.75, 1.5]


def test_throttling_that_does_not_end_is_said(big, make_client):
    big.faults("DescribeInstances", "error", code="Throttling.User", status=400, times=9)
    client = make_client(big, api_retries=2)
    with pytest.raises(EcsError) as caught:
        client.describe_instances(["i-n001"])
    assert caught.value.code == "Throttling.User"
    assert len(client.pauses) == 2


@pytest.mark.parametrize("fault", ["reset", "reset_after", "error"])
def test_reads_are_repeated_after_any_accident(big, make_client, fault):
    big.faults("DescribeInstances", fault, times=2)
    assert len(make_client(big).describe_instances(["i-n001"])) == 1


def test_a_lost_answer_of_a_write_is_not_repeated(big, make_client):
    big.faults("ImportKeyPair", "reset_after")
    client = make_client(big)
    with pytest.raises(EcsError) as caught:
        client.import_key_pair("lost", PUBLIC_KEY)
    assert caught.value.is_answer_lost
    assert client.pauses == []
    assert client.find_key_pair("lost")["PublicKey"].startswith("ecdsa-sha2-nistp256 ")
    client.delete_key_pairs(["lost"])


def test_the_attachment_of_many(big, make_client):
    client = make_client(big)
    client.import_key_pair("many", PUBLIC_KEY)
    big.clear_requests()
    results = client.attach_key_pair("many", ids(251))
    assert [entry.instance_id for entry in results] == ids(251)
    assert all(entry.is_done and entry.code == "200" and entry.error is None for entry in results)
    assert big.request_counts() == {"AttachKeyPair": 6}
    assert {item.key_pair_name for item in big.cloud.instances.values() if item.instance_id != "i-w"} == {"many"}

    assert all(entry.is_done for entry in client.detach_key_pair("many", ids(251)))
    assert {item.key_pair_name for item in big.cloud.instances.values()} == {""}
    client.delete_key_pairs(["many"])


def test_a_batch_that_fails_as_a_whole_leaves_the_others_done(big, make_client):
    client = make_client(big, api_concurrency=1)
    client.import_key_pair("many", PUBLIC_KEY)
    big.faults("AttachKeyPair", "error", code="Forbidden.RAM", status=403)
    results = client.attach_key_pair("many", ids(60))
    assert [entry.is_done for entry in results] == [False] * 50 + [True] * 10
    assert results[0].code == "Forbidden.RAM"
    assert results[0].error.hint.endswith("ecs:AttachKeyPair: add it to its policy.")
    client.detach_key_pair("many", ids(60))
    client.delete_key_pairs(["many"])


def test_an_instance_that_fails_alone(big, make_client):
    client = make_client(big)
    client.import_key_pair("many", PUBLIC_KEY)
    big.faults("AttachKeyPair", "partial", code="InternalError", message="odd")
    results = client.attach_key_pair("many", ids(3))
    assert [(entry.is_done, entry.message) for entry in results if not entry.is_done] == [(False, "odd")]
    client.detach_key_pair("many", ids(3))
    client.delete_key_pairs(["many"])


@pytest.mark.parametrize("types", ["native", "string"])
def test_success_as_json_type_or_text(make_client, types):
    with running({"instances": [{"instance_id": "i-1"}], "behaviours": {"result_types": types}}) as cloud:
        client = make_client(cloud)
        client.import_key_pair("pair", PUBLIC_KEY)
        assert client.attach_key_pair("pair", ["i-1"]) == [BindResult("i-1", True, "200", "successful")]


@pytest.mark.parametrize("answer", ["success", "error"])
def test_deleting_what_does_not_exist_is_no_error(make_client, answer):
    with running({"instances": [], "behaviours": {"delete_unknown_key_pair": answer}}) as cloud:
        make_client(cloud).delete_key_pairs(["nobody"])


def test_key_pairs_on_several_pages_and_names_matched_exactly(make_client):
    pairs = [{"name": "pair-%03d" % number, "public_key": PUBLIC_KEY} for number in range(121)]
    with running({"instances": [], "key_pairs": pairs}) as cloud:
        client = make_client(cloud)
        assert sorted(entry["KeyPairName"] for entry in client.describe_key_pairs()) == [pair["name"] for pair in pairs]
        assert cloud.request_counts() == {"DescribeKeyPairs": 3}
        assert len(client.describe_key_pairs(name="pair-00*")) == 10
        assert client.find_key_pair("pair-00*") is None
        assert client.find_key_pair("pair-120")["KeyPairName"] == "pair-120"
        fingerprint = client.find_key_pair("pair-120")["KeyPairFingerPrint"]
        assert len(client.describe_key_pairs(fingerprint=fingerprint)) == 121


def test_tags_and_resource_group(make_client):
    with running({"instances": [], "resource_groups": [{"id": "rg-a"}, {"id": "rg-b"}]}) as cloud:
        client = make_client(cloud)
        client.import_key_pair("pair", PUBLIC_KEY, tags={"a": "1", "Spaced Key": ""}, resource_group_id="rg-a")
        client.tag_key_pair("pair", {"b": "2"})
        client.untag_key_pair("pair", ["a"])
        client.move_key_pair("pair", "rg-b")
        found = client.find_key_pair("pair")
        assert {tag["TagKey"]: tag["TagValue"] for tag in found["Tags"]["Tag"]} == {"Spaced Key": "", "b": "2"}
        assert found["ResourceGroupId"] == "rg-b"
        assert [entry["KeyPairName"] for entry in client.describe_key_pairs(tags={"b": "2"})] == ["pair"]


def test_an_unknown_region(big, make_client):
    with pytest.raises(EcsError) as caught:
        make_client(big, region="xx-nowhere-1").describe_instances()
    assert (caught.value.code, caught.value.hint) == (
        "InvalidRegionId.NotFound",
        "There is no such region for ECS: check region.",
    )


def test_a_command_on_many_instances(big, make_client):
    big.on_command(lambda script, username: CommandOutcome(exit_code=0, output=b"hello \xff"))
    client = make_client(big)
    batches = client.run_command("echo hello", ids(120), timeout=60)
    assert [(len(batch.instance_ids), batch.error) for batch in batches] == [(100, None), (20, None)]
    results = client.wait_for_invocation(batches[0].invoke_id, batches[0].instance_ids, client.clock() + 10)
    assert sorted(results) == ids(100)
    assert {(entry.status, entry.output) for entry in results.values()} == {("Success", "hello \ufffd")}
    assert big.request_counts()["RunCommand"] == 2


def test_a_lost_answer_of_a_command_is_one_invocation_only(big, make_client):
    big.faults("RunCommand", "reset_after")
    client = make_client(big)
    before = len(big.cloud.invocations)
    batch = client.run_command("true", ["i-n001"], timeout=60)[0]
    assert batch.error is None
    assert len(big.cloud.invocations) == before + 1


def test_a_command_that_is_refused_says_so_in_its_batch(big, make_client):
    big.faults("RunCommand", "error", code="Forbidden.RAM", status=403)
    batch = make_client(big).run_command("true", ["i-n001"], timeout=60)[0]
    assert (batch.invoke_id, batch.error.code) == ("", "Forbidden.RAM")


def test_waiting_ends_at_the_deadline(make_client):
    with running({"instances": [{"instance_id": "i-1", "assistant": {"seconds": 30}}]}) as cloud:
        client = make_client(cloud)
        now = [0.0]
        client.clock = lambda: now[0]
        client._sleep = lambda seconds: now.__setitem__(0, now[0] + seconds)
        batch = client.run_command("sleep 30", ["i-1"], timeout=60)[0]
        results = client.wait_for_invocation(batch.invoke_id, ["i-1"], deadline=5.0)
        assert results["i-1"].status in ("Pending", "Running")
        assert now[0] == 5.0


def test_how_long_each_was_waited_for_is_by_the_clock_of_the_controller(make_client):
    with running({"instances": [{"instance_id": "i-1"}, {"instance_id": "i-2", "assistant": {"seconds": 1}}]}) as cloud:
        client = make_client(cloud)
        now = [0.0]
        client.clock = lambda: now[0]

        def sleep(seconds):
            now[0] += 100
            time.sleep(seconds)

        client._sleep = sleep
        (batch,) = client.run_command("true", ["i-1", "i-2"], timeout=60)
        results = client.wait_for_invocation(batch.invoke_id, ["i-1", "i-2"], deadline=10000.0)
        assert {one.status for one in results.values()} == {"Success"}
        assert results["i-1"].waited < results["i-2"].waited <= now[0]


def test_assistant_status_in_batches_that_every_version_of_the_api_takes(big, make_client):
    found = make_client(big).describe_cloud_assistant_status(ids(120))
    assert list(found) == ids(120)
    assert all(agent.online for agent in found.values())
    assert big.request_counts() == {"DescribeCloudAssistantStatus": 3}


def test_all_rules_of_a_security_group(make_client):
    rules = [{"ports": "%d/%d" % (port, port)} for port in range(1, 1203)]
    groups = [{"security_group_id": "sg-many", "rules": rules}]
    with running({"instances": [], "security_groups": groups}) as cloud:
        found = make_client(cloud).describe_security_group_attribute("sg-many")
        assert len(found["Permissions"]["Permission"]) == 1202


def test_reboot_is_asked_for_once(big, make_client):
    big.faults("RebootInstance", "reset_after")
    client = make_client(big)
    with pytest.raises(EcsError) as caught:
        client.reboot_instance("i-n001")
    assert caught.value.is_answer_lost
    assert big.request_counts() == {"RebootInstance": 1}


def test_results_come_one_by_one_while_others_are_fetched(big, make_client):
    client = make_client(big, api_concurrency=2)
    begun, second_has_begun = [], threading.Event()

    def work(item):
        begun.append(item)
        if item == 1:
            assert second_has_begun.wait(10)
        if item == 2:
            second_has_begun.set()
        return item * 10

    results = client.one_by_one(work, range(1, 9))
    assert next(results) == 10
    # Two at a time, and one result that nobody has asked for yet: not all eight.
    assert len(begun) <= 4
    assert list(results) == [20, 30, 40, 50, 60, 70, 80]
    assert sorted(begun) == list(range(1, 9))
    assert list(client.one_by_one(work, [])) == []


def test_the_first_failure_ends_what_has_not_begun(big, make_client):
    client = make_client(big, api_concurrency=1)
    begun = []

    def work(item):
        begun.append(item)
        raise ValueError(item)

    with pytest.raises(ValueError, match="1"):
        list(client.one_by_one(work, range(1, 100)))
    assert len(begun) <= 2

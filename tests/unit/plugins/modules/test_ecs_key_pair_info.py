# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pairs as a user lists them."""

import pytest
from ecs_emulator.testing import running

FLEET = {
    "instances": [{"instance_id": "i-web", "count": 2, "key_pair": "team-000"}, {"instance_id": "i-db", "key_pair": "other"}],
    "key_pairs": [{"name": "team-%03d" % number, "tags": {"team": "web"}} for number in range(60)] + [{"name": "other", "resource_group_id": "rg-a"}],
    "resource_groups": [{"id": "rg-a"}],
}


@pytest.fixture(scope="module")
def cloud():
    with running(FLEET) as emulator:
        yield emulator


@pytest.fixture
def run(run_module, cloud):
    cloud.clear_requests()
    keys = {"access_key_id": cloud.access_key_id, "access_key_secret": cloud.access_key_secret}
    return lambda **options: run_module("ecs_key_pair_info", region=cloud.region, **{"endpoint": cloud.endpoint, **keys, **options})


def names(result):
    assert result["changed"] is False
    return [pair["name"] for pair in result["key_pairs"]]


def test_a_variable_that_names_no_certificates_is_said_before_any_call(run, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file")
    result = run(endpoint="https://127.0.0.1:1")
    assert result["failed"]
    assert result["msg"].startswith("the variable REQUESTS_CA_BUNDLE names /no/such/file, which gives no certificates to trust: No such file")


def test_all_pages(run, cloud):
    assert names(run()) == ["other"] + ["team-%03d" % number for number in range(60)]
    assert cloud.request_counts() == {"DescribeKeyPairs": 2}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"names": ["team-00*"]}, ["team-00%d" % number for number in range(10)]),
        ({"names": ["team-001", "other", "nobody", "team-001"]}, ["other", "team-001"]),
        ({"name": "other"}, ["other"]),
        ({"names": []}, []),
        ({"tags": {"team": "web"}, "names": ["*0"]}, ["team-0%d0" % number for number in range(6)]),
        ({"tags": {"team": "db"}}, []),
        ({"resource_group_id": "rg-a"}, ["other"]),
    ],
)
def test_filters(run, options, expected):
    assert names(run(**options)) == expected


def test_by_fingerprint_in_any_form(run):
    plain = run(names=["other"])["key_pairs"][0]["fingerprint"]
    colons = ":".join(plain[index : index + 2] for index in range(0, len(plain), 2))
    for form in (plain, colons, "MD5:" + colons.upper()):
        assert names(run(fingerprint=form)) == ["other"]
    assert names(run(fingerprint="0" * 32)) == []


def test_public_keys_and_instances_only_when_asked_for(run):
    plain = run(names=["team-000"])["key_pairs"][0]
    assert sorted(plain) == ["creation_time", "fingerprint", "name", "resource_group_id", "tags"]
    full = run(names=["team-000"], include_public_key=True, include_instances=True)["key_pairs"][0]
    assert full["public_key"].startswith("ssh-rsa AAAA")
    assert full["key_type"] == "ssh-rsa"
    assert full["instance_ids"] == ["i-web1", "i-web2"]
    assert full["tags"] == {"team": "web"}


def test_instances_of_many_key_pairs_with_few_calls(run, cloud):
    found = {pair["name"]: pair["instance_ids"] for pair in run(include_instances=True)["key_pairs"]}
    assert (found["other"], found["team-000"], found["team-001"]) == (["i-db"], ["i-web1", "i-web2"], [])
    assert cloud.request_counts() == {"DescribeKeyPairs": 2, "DescribeInstances": 1}


def test_check_mode_looks_too(run):
    assert names(run(names=["other"], check_mode=True)) == ["other"]


def test_launch_templates_that_name_a_pair_in_any_version(run_module):
    templates = [{"name": "web%02d" % number, "launch_template_id": "lt-%02d" % number, "key_pairs": ["one"]} for number in range(51)]
    templates += [{"name": "db", "launch_template_id": "lt-db", "key_pairs": ["two", "", "two"]}]
    with running({"key_pairs": [{"name": "one"}, {"name": "two"}, {"name": "three"}], "launch_templates": templates}) as cloud:
        keys = {"access_key_id": cloud.access_key_id, "access_key_secret": cloud.access_key_secret, "endpoint": cloud.endpoint}
        result = run_module("ecs_key_pair_info", region=cloud.region, include_launch_templates=True, **keys)
        assert cloud.request_counts() == {"DescribeKeyPairs": 1, "DescribeLaunchTemplates": 2, "DescribeLaunchTemplateVersions": 52}
    found = {pair["name"]: pair["launch_templates"] for pair in result["key_pairs"]}
    assert found == {"one": ["lt-%02d web%02d" % (number, number) for number in range(51)], "two": ["lt-db db"], "three": []}

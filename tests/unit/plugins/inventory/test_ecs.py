# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-inventory as a user runs it, against the embedded cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from ecs_emulator.testing import running

from .warm_inventory import LATE, warm_inventory

ROOT = Path(__file__).resolve().parents[4]
HOSTILE = "{{ lookup('pipe', 'id') }}"
HOSTILE_EXPRESSION = "lookup('pipe', 'id')"

FLEET = {
    "region": "cn-hangzhou",
    "regions": ["cn-hangzhou", "eu-central-1"],
    "key_pairs": [{"name": "team"}],
    "instances": [
        {
            "instance_id": "i-web1",
            "name": "web-1",
            "host_name": "web1",
            "description": "front",
            "zone": "cn-hangzhou-b",
            "vpc_id": "vpc-a",
            "private_ip": "10.0.0.1",
            "public_ip": "203.0.113.1",
            "key_pair": "team",
            "resource_group_id": "rg-1",
            "tags": {"role": "web", "env": "prod"},
        },
        {
            "instance_id": "i-web2",
            "name": "web-2",
            "status": "Stopped",
            "private_ip": "10.0.0.2",
            "public_ip": "",
            "login_user": "ecs-user",
            "tags": {"role": "web", "env": "test"},
        },
        {"instance_id": "i-win1", "name": "win-1", "os_type": "windows", "private_ip": "10.0.0.3", "public_ip": "", "eip": "203.0.113.3"},
        {"instance_id": "i-eu1", "name": "eu-1", "region": "eu-central-1", "tags": {"role": "db"}},
    ],
    "resource_groups": [{"id": "rg-1", "name": "one"}],
}


class Answer(NamedTuple):
    """What ansible-inventory said."""

    data: dict[str, Any]
    errors: str

    @property
    def hostvars(self) -> dict[str, dict[str, Any]]:
        return plain(self.data.get("_meta", {}).get("hostvars", {}))

    def says(self, sentence: str) -> bool:
        """Whether it is among the warnings, which older cores break into lines, at hyphens too."""
        return "".join(sentence.split()) in "".join(self.errors.split())

    @property
    def names(self) -> list[str]:
        return sorted(self.hostvars)

    def hosts(self, group: str) -> list[str]:
        return plain(self.data.get(group, {}).get("hosts", []))

    @property
    def children(self) -> list[str]:
        return self.data.get("all", {}).get("children", [])


def plain(value: Any) -> Any:
    """Without the way in which --list marks text that is not to be evaluated."""
    if isinstance(value, dict):
        if value.keys() == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def cloud():
    with running(FLEET) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def warm(cloud, tmp_path_factory):
    # The SDK reads keys while it is imported.
    with warm_inventory(variables_for(tmp_path_factory.mktemp("warm"), cloud, NO_KEY)) as process:
        yield process


@pytest.fixture
def ask(cloud, tmp_path, warm):
    """Run ansible-inventory --list on a file with these options."""

    def run(
        options: dict[str, Any] | str | None = None,
        cloud=cloud,
        name: str = "test.ecs.yml",
        arguments: tuple[str, ...] = (),
        alone: bool = False,
        **environment: str | None,
    ) -> Answer:
        content = options if isinstance(options, str) else yaml.safe_dump({"plugin": "alicloud.ecs_access.ecs", **(options or {})})
        (tmp_path / name).write_text(content, encoding="utf-8")
        words = ["-i", name, "--list", *arguments]
        if alone or not all(variable.startswith(LATE) for variable in environment):
            done = run_tool("ansible-inventory", tmp_path, cloud, words, environment)
        else:
            done = warm.run(tmp_path, words, variables_for(tmp_path, cloud, environment))
        assert "Traceback" not in done.stderr
        assert cloud.access_key_secret not in done.stdout + done.stderr
        return Answer(json.loads(done.stdout), done.stderr)

    return run


def first_pages(cloud):
    """The requests for instances, one for each listing: on a busy machine a second page is asked for ahead of time."""
    return [request for request in cloud.requests("DescribeInstances") if request["parameters"].get("PageNumber") == "1"]


def variables_for(folder, cloud, environment):
    """The whole environment of a program."""
    (folder / "ansible.cfg").write_text("", encoding="utf-8")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "ALIBABA_", "ALICLOUD_"))}
    variables.update(
        cloud.environment,
        HOME=str(folder),
        ANSIBLE_CONFIG=str(folder / "ansible.cfg"),
        ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".work" / "collections"),
        ANSIBLE_LOCALHOST_WARNING="false",
        ALIBABA_CLOUD_ECS_METADATA_DISABLED="true",
    )
    for variable, value in environment.items():
        variables.pop(variable, None)
        if value is not None:
            variables[variable] = value
    return variables


def run_tool(tool, folder, cloud, arguments, environment):
    variables = variables_for(folder, cloud, environment)
    command = [sys.executable, str(Path(sys.executable).with_name(tool)), *arguments]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=120, check=False)


# -- what is in it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alone", [True, False], ids=["a process of its own", "a fork"])
def test_minimal_file_gives_every_instance_of_the_region(ask, alone):
    answer = ask(alone=alone)
    assert answer.names == ["web-1", "web-2", "win-1"]
    assert answer.errors == ""
    hostvars = answer.hostvars["web-1"]
    assert hostvars.pop("ecs_created_at").endswith("Z")
    assert hostvars == {
        "ansible_host": "203.0.113.1",
        "ecs_charge_type": "PostPaid",
        "ecs_cpu": 1,
        "ecs_description": "front",
        "ecs_eip": "",
        "ecs_expires_at": "2099-12-31T15:59Z",
        "ecs_hostname": "web1",
        "ecs_image_id": "debian12",
        "ecs_instance_id": "i-web1",
        "ecs_instance_type": "ecs.e-c1m1.large",
        "ecs_ipv6_ips": [],
        "ecs_key_pair_name": "team",
        "ecs_login_user": "root",
        "ecs_memory_mib": 1024,
        "ecs_name": "web-1",
        "ecs_network_type": "vpc",
        "ecs_os_name": "Debian 12.11 64-bit",
        "ecs_os_type": "linux",
        "ecs_private_ip": "10.0.0.1",
        "ecs_private_ips": ["10.0.0.1"],
        "ecs_public_ip": "203.0.113.1",
        "ecs_public_ips": ["203.0.113.1"],
        "ecs_region": "cn-hangzhou",
        "ecs_resource_group_id": "rg-1",
        "ecs_security_group_ids": ["sg-default-cn-hangzhou"],
        "ecs_status": "Running",
        "ecs_tags": {"role": "web", "env": "prod"},
        "ecs_vpc_id": "vpc-a",
        "ecs_vswitch_id": "vsw-a",
        "ecs_zone": "cn-hangzhou-b",
    }
    assert (answer.hostvars["web-2"]["ecs_login_user"], answer.hostvars["win-1"]["ecs_login_user"]) == ("ecs-user", "")


@pytest.mark.parametrize(
    ("options", "names"),
    [
        pytest.param({"regions": ["eu-central-1"]}, ["eu-1"], id="another region than the environment's"),
        pytest.param({"region": "eu-central-1"}, ["eu-1"], id="region option"),
        pytest.param({"regions": ["cn-hangzhou", "eu-central-1"]}, ["eu-1", "web-1", "web-2", "win-1"], id="two regions"),
        pytest.param({"regions": ["all"]}, ["eu-1", "web-1", "web-2", "win-1"], id="all regions"),
        pytest.param({"filters": {"status": "Running", "os_type": "linux"}}, ["web-1"], id="status and system"),
        pytest.param({"filters": {"name": "w*-1"}}, ["web-1", "win-1"], id="names"),
        pytest.param({"filters": {"instance_id": ["i-web2", "i-nope", "i-eu1"]}}, ["web-2"], id="ids, unknown and elsewhere"),
        pytest.param({"filters": {"tags": {"role": "web", "env": ["prod", "test"]}}}, ["web-1", "web-2"], id="tags"),
        pytest.param({"filters": {"key_pair_name": "team"}}, ["web-1"], id="key pair"),
        pytest.param({"filters": {"vpc_id": "vpc-a", "zone": "cn-hangzhou-b"}}, ["web-1"], id="network and zone"),
        pytest.param({"filters": {"resource_group_id": "rg-1"}}, ["web-1"], id="resource group"),
        pytest.param({"filters": {"security_group_id": "sg-default-cn-hangzhou"}}, ["web-1", "web-2", "win-1"], id="security group"),
        pytest.param({"filters": {"status": "Stopped"}, "include_filters": [{"name": "win-1"}]}, ["web-2", "win-1"], id="include_filters"),
        pytest.param({"include_filters": [{"name": "win-1"}]}, ["win-1"], id="include_filters alone"),
        pytest.param({"exclude_filters": [{"os_type": "windows"}, {"tags": {"env": "test"}}]}, ["web-1"], id="exclude_filters"),
    ],
)
def test_include_exclude_filters(ask, options, names):
    assert ask(options).names == names


def test_narrow_filters_are_the_apis_work(ask, cloud):
    cloud.clear_requests()
    ask({"filters": {"status": "Running", "tags": {"role": "web"}}})
    (request,) = first_pages(cloud)
    shown = json.dumps(request)
    assert "Running" in shown
    assert "role" in shown


# -- names and addresses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hostnames", "names"),
    [
        pytest.param(["instance_id"], ["i-web1", "i-web2", "i-win1"], id="instance id"),
        pytest.param(["tag:env", "name"], ["prod", "test", "win-1"], id="tag, else name"),
        pytest.param(["public_ip", "private_ip"], ["10.0.0.2", "203.0.113.1", "203.0.113.3"], id="addresses"),
        pytest.param(["hostname"], ["i-web2", "i-win1", "web1"], id="name inside the instance"),
        pytest.param(["ecs_name ~ '.' ~ ecs_region"], ["web-1.cn-hangzhou", "web-2.cn-hangzhou", "win-1.cn-hangzhou"], id="concatenation"),
        pytest.param(["ecs_tags.env", "'x-' ~ ecs_name"], ["prod", "test", "x-win-1"], id="expression that fails: the next"),
        pytest.param(["'literal'"], ["i-web1", "i-web2", "i-win1"], id="literal hostname for several: ids"),
        pytest.param(["tag:role", "name"], ["i-web1", "i-web2", "win-1"], id="duplicates: ids"),
        pytest.param([], ["i-web1", "i-web2", "i-win1"], id="no preference"),
    ],
)
def test_hostnames(ask, hostnames, names):
    assert ask({"hostnames": hostnames}).names == names


def test_duplicates_are_told(ask):
    answer = ask({"hostnames": ["tag:role", "name"]})
    assert answer.says("because another instance has the same name: 'web' (i-web1), 'web' (i-web2)")


@pytest.mark.parametrize(
    ("connect_with", "addresses"),
    [
        pytest.param(None, ["203.0.113.1", "10.0.0.2", "203.0.113.3"], id="default: public or eip, else private"),
        pytest.param(["private"], ["10.0.0.1", "10.0.0.2", "10.0.0.3"], id="private"),
        pytest.param(["instance_id"], ["i-web1", "i-web2", "i-win1"], id="instance id"),
        pytest.param(["public"], ["203.0.113.1", "i-web2", "203.0.113.3"], id="no such address: never the name"),
        pytest.param([], [None, None, None], id="none: the SSH configuration knows"),
    ],
)
def test_connect_with(ask, connect_with, addresses):
    answer = ask({} if connect_with is None else {"connect_with": connect_with})
    assert [answer.hostvars[name].get("ansible_host") for name in ("web-1", "web-2", "win-1")] == addresses


@pytest.mark.parametrize(("prefix", "suffix"), [("x_", ""), ("", "_y"), ("x_", "_y")])
def test_hostvars_prefix_suffix(ask, prefix, suffix):
    hostvars = ask({"hostvars_prefix": prefix, "hostvars_suffix": suffix}).hostvars["web-1"]
    assert hostvars[f"{prefix}zone{suffix}"] == "cn-hangzhou-b"
    assert hostvars[f"{prefix}tags{suffix}"] == {"role": "web", "env": "prod"}
    assert (hostvars["ecs_instance_id"], hostvars["ecs_region"], hostvars["ecs_login_user"]) == ("i-web1", "cn-hangzhou", "root")
    assert "ecs_zone" not in hostvars


# -- constructed --------------------------------------------------------------------------------------------------

CONSTRUCTED = {
    "compose": {"ansible_user": "ecs_login_user", "label": "ecs_name | upper", "broken": "no_such_variable"},
    "groups": {"off": "ecs_status != 'Running'", "labelled": "label == 'WEB-1'", "by_name": "inventory_hostname == 'web-2'"},
    "keyed_groups": [
        {"key": "ecs_tags", "prefix": "tag"},
        {"key": "ecs_tags.role", "prefix": "role", "parent_group": "roles"},
        {"key": "ecs_zone", "separator": ""},
    ],
}


def test_constructed(ask):
    answer = ask(CONSTRUCTED)
    assert [answer.hostvars[name]["ansible_user"] for name in ("web-1", "web-2")] == ["root", "ecs-user"]
    assert answer.hostvars["web-1"]["label"] == "WEB-1"
    assert "broken" not in answer.hostvars["web-1"]
    assert answer.hosts("off") == ["web-2"]
    assert answer.hosts("labelled") == ["web-1"]
    assert answer.hosts("by_name") == ["web-2"]
    assert answer.hosts("tag_role_web") == ["web-1", "web-2"]
    assert answer.hosts("tag_env_prod") == ["web-1"]
    assert answer.data["roles"] == {"children": ["role_web"]}
    assert answer.hosts("cn_hangzhou_b") == ["web-1"]
    assert answer.hosts("ungrouped") == []


def test_strict_makes_a_broken_expression_an_error(ask):
    answer = ask({**CONSTRUCTED, "strict": True})
    assert answer.names == []
    assert answer.says("Could not set broken for host")
    answer = ask({"hostnames": ["no_such_variable"], "strict": True})
    assert answer.says("hostnames: 'no_such_variable' fails for i-")


def test_extra_vars(ask):
    options = {"compose": {"stage_name": "stage ~ '-' ~ ecs_name"}, "use_extra_vars": True}
    assert ask(options, arguments=("-e", "stage=qa")).hostvars["web-1"]["stage_name"] == "qa-web-1"


# -- credentials --------------------------------------------------------------------------------------------------


def test_templated_creds(ask, cloud):
    options = {
        "access_key_id": "{{ lookup('env', 'MY_ID') }}",
        "access_key_secret": "{{ lookup('env', 'MY_SECRET') }}",
        "regions": ["{{ stage_region }}"],
        "filters": {"tags": {"env": "{{ lookup('env', 'MY_ENV') }}"}},
    }
    answer = ask(
        options,
        arguments=("-e", "stage_region=cn-hangzhou"),
        ALIBABA_CLOUD_ACCESS_KEY_ID=None,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET=None,
        MY_ID=cloud.access_key_id,
        MY_SECRET=cloud.access_key_secret,
        MY_ENV="prod",
    )
    assert answer.names == ["web-1"]


def test_older_names_of_the_variables(ask, cloud):
    answer = ask(
        ALIBABA_CLOUD_ACCESS_KEY_ID=None,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET=None,
        ALIBABA_CLOUD_REGION_ID=None,
        ALICLOUD_ACCESS_KEY=cloud.access_key_id,
        ALICLOUD_SECRET_KEY=cloud.access_key_secret,
        ALICLOUD_REGION="eu-central-1",
    )
    assert answer.names == ["eu-1"]


def test_a_profile_in_the_file_is_not_overruled_by_a_key_in_the_environment(ask):
    answer = ask({"profile": "nowhere"})
    assert answer.says("there are no usable credentials in the profile nowhere")


# -- what can be wrong --------------------------------------------------------------------------------------------

NO_KEY = {"ALIBABA_CLOUD_ACCESS_KEY_ID": None, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None}


@pytest.mark.parametrize(
    ("options", "environment", "sentence"),
    [
        pytest.param({"regoins": ["x"]}, {}, "there is no option 'regoins'; did you mean regions?", id="unknown option"),
        pytest.param({"filters": {"stauts": "x"}}, {}, "filters has no key 'stauts'; did you mean status?", id="unknown filter"),
        pytest.param({"exclude_filters": [{}, {"x": 1}]}, {}, "exclude_filters[1] has no key 'x'", id="which filter"),
        pytest.param({"connect_with": ["pubic"]}, {}, "['pubic']", id="connect_with"),
        pytest.param({}, {"ALIBABA_CLOUD_REGION_ID": None}, "no region is given; set the option region", id="no region"),
        pytest.param({"regions": ["../x"]}, {}, "region '../x' is not a region id", id="not a region"),
        pytest.param({"regions": ["eu-nowhere-1"]}, {}, "There is no such region for ECS: check region.", id="unknown region"),
        pytest.param({}, NO_KEY, "no credentials were found", id="no credentials"),
        pytest.param({}, {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong"}, "check access_key_secret", id="wrong secret"),
        pytest.param({"endpoint": "http://203.0.113.9"}, {}, "http is accepted to a loopback address only", id="http"),
        pytest.param({"endpoint": "http://127.0.0.1:9", "api_retries": 0}, {}, "127.0.0.1:9", id="unreachable"),
        pytest.param({"api_concurrency": 0}, {}, "api_concurrency must be from 1 to 64", id="number"),
        pytest.param({"access_key_id": "{{ nope }}"}, {}, "access_key_id cannot be templated", id="template"),
    ],
)
def test_one_sentence(ask, options, environment, sentence):
    answer = ask(options, **environment)
    assert answer.names == []
    assert answer.says(sentence)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param("", "", id="empty config"),
        pytest.param("plugin: [", "YAML", id="invalid config"),
        pytest.param("plugin: alicloud.ecs_access.ecs2\n", "unknown plugin", id="another plugin"),
    ],
)
def test_invalid_config(ask, content, sentence):
    answer = ask(content)
    assert answer.names == []
    assert answer.says(sentence)


@pytest.mark.parametrize("content", [None, "# mine\nplugin: 'alicloud.ecs_access.ecs' # yes\n", '{"plugin": "alicloud.ecs_access.ecs"}'])
def test_file_name_is_explained(ask, content):
    answer = ask(content, name="prod.yml")
    assert answer.names == []
    assert answer.says(
        "prod.yml: the inventory plugin alicloud.ecs_access.ecs reads only files whose name ends in ecs.yml or ecs.yaml; rename it, for example to prod.ecs.yml"
    )


def test_other_file_names(ask):
    assert ask(name="prod.ecs.yaml").names == ["web-1", "web-2", "win-1"]
    answer = ask("all: {hosts: {x: {}}}", name="hosts.yml", ANSIBLE_INVENTORY_ENABLED="alicloud.ecs_access.ecs,yaml")
    assert answer.errors == ""


def test_library_missing(ask, tmp_path):
    (tmp_path / "blocked" / "alibabacloud_tea_openapi").mkdir(parents=True)
    (tmp_path / "blocked" / "alibabacloud_tea_openapi" / "__init__.py").write_text("raise ImportError('blocked')")
    answer = ask(PYTHONPATH=str(tmp_path / "blocked"))
    assert answer.names == []
    assert answer.says("alibabacloud-ecs20140526 and alibabacloud-credentials")


# -- several regions, some broken ---------------------------------------------------------------------------------

TWO_REGIONS = {"regions": ["cn-hangzhou", "eu-nowhere-1"]}


def test_a_region_that_fails_is_a_warning(ask):
    answer = ask(TWO_REGIONS)
    assert answer.names == ["web-1", "web-2", "win-1"]
    assert answer.says("The instances of region eu-nowhere-1 are missing from the inventory: DescribeInstances failed")


def test_a_region_that_fails_is_an_error_if_strict(ask):
    answer = ask({**TWO_REGIONS, "strict_regions": True})
    assert answer.names == []
    assert answer.says("region eu-nowhere-1: DescribeInstances failed")


def test_a_role_is_assumed_once_for_all_regions(ask, cloud):
    role = {"assume_role_arn": "acs:ram::1234567890123456:role/operator", "sts_endpoint": cloud.endpoint}
    cloud.clear_requests()
    assert ask({"regions": ["cn-hangzhou", "eu-central-1"], **role}).names == ["eu-1", "web-1", "web-2", "win-1"]
    assert cloud.request_counts()["AssumeRole"] == 1


def test_throttling_is_waited_out(ask, cloud):
    cloud.faults("DescribeInstances", "error", code="Throttling.User", status=400, times=2)
    answer = ask()
    assert answer.names == ["web-1", "web-2", "win-1"]
    assert answer.errors == ""


# -- cache --------------------------------------------------------------------------------------------------------


@pytest.fixture
def cached(tmp_path):
    return {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}


def test_cache_populate_and_read(ask, cached, cloud):
    options = {**CONSTRUCTED, **cached}
    first = ask(options)
    cloud.clear_requests()
    second = ask(options)
    assert cloud.requests() == []
    assert second == first
    assert second.hosts("tag_role_web") == ["web-1", "web-2"]


def test_refresh_inventory_reads_again(ask, cached, cloud, tmp_path):
    ask(cached)
    cloud.clear_requests()
    play = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.meta": "refresh_inventory"}]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    done = run_tool("ansible-playbook", tmp_path, cloud, ["-i", "test.ecs.yml", "play.yml"], {})
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(first_pages(cloud)) == 1


@pytest.mark.parametrize("change", [{"filters": {"name": "web-1"}}, {"regions": ["eu-central-1"]}], ids=["other filters", "other region"])
def test_cache_of_another_question_is_no_answer(ask, cached, change):
    everything = ask(cached).names
    assert ask({**cached, **change}).names != everything


def test_new_groups_and_names_need_no_new_read(ask, cached, cloud):
    ask(cached)
    cloud.clear_requests()
    answer = ask({**cached, "keyed_groups": [{"key": "ecs_status"}], "hostnames": ["instance_id"]})
    assert answer.hosts("_Stopped") == ["i-web2"]
    assert cloud.requests() == []


def test_half_an_answer_is_not_cached(ask, cached, cloud):
    ask({**TWO_REGIONS, **cached})
    cloud.clear_requests()
    assert ask({**TWO_REGIONS, **cached}).says("eu-nowhere-1")
    assert [request["parameters"]["RegionId"] for request in first_pages(cloud)].count("cn-hangzhou") == 1


def test_cache_holds_no_secret(ask, cached, cloud, tmp_path):
    ask(cached)
    files = list((tmp_path / "cache").iterdir())
    assert files
    assert not [file for file in files if cloud.access_key_secret in file.read_text() or cloud.access_key_id in file.read_text()]


# -- names that are not friends -----------------------------------------------------------------------------------

ODD_FLEET = {
    "instances": [
        {"instance_id": "i-good", "name": "web-1", "tags": {"role": "web"}},
        {
            "instance_id": "i-template",
            "name": HOSTILE,
            "description": HOSTILE_EXPRESSION,
            "tags": {"role": HOSTILE, HOSTILE: "x", "__ansible_vault": "x", "__ansible_unsafe": "x"},
        },
        {"instance_id": "i-localhost", "name": "localhost"},
        {"instance_id": "i-all", "name": "all"},
        {"instance_id": "i-range", "name": "web[0:9]"},
        {"instance_id": "i-lines", "name": "a\nb", "tags": {"role": "x\n\x1b[31my"}},
        {"instance_id": "i-group", "name": "role_web", "public_ip": "203.0.113.66"},
        {"instance_id": "i-path", "name": "../../x"},
        {"instance_id": "i-parent", "name": "loop", "tags": {"role": "all"}},
    ],
}
ODD_OPTIONS = {
    "compose": {"copied": "ecs_name", "joined": "'{' ~ ecs_tags.role ~ '}'"},
    "keyed_groups": [
        {"key": "ecs_tags.role", "prefix": "role"},
        {"key": "ecs_tags.role", "prefix": "", "separator": "", "parent_group": "all"},
    ],
}


@pytest.fixture(scope="module")
def odd_cloud():
    with running(ODD_FLEET) as emulator:
        yield emulator


@pytest.mark.parametrize("from_cache", [False, True], ids=["from the API", "from the cache"])
def test_odd_names_stay_names(ask, odd_cloud, cached, from_cache):
    options = {**ODD_OPTIONS, **cached}
    answer = ask(options, cloud=odd_cloud)
    if from_cache:
        odd_cloud.clear_requests()
        answer = ask(options, cloud=odd_cloud)
        assert odd_cloud.requests() == []
    assert answer.names == sorted(["web-1", "loop", HOSTILE, "i-localhost", "i-all", "i-range", "i-lines", "i-group", "i-path"])
    odd = answer.hostvars[HOSTILE]
    assert (odd["ecs_name"], odd["copied"], odd["joined"]) == (HOSTILE, HOSTILE, "{" + HOSTILE + "}")
    assert answer.hostvars[HOSTILE]["ecs_tags"].keys() == {"role", HOSTILE, "__ansible_vault", "__ansible_unsafe"}
    assert answer.hostvars["i-lines"]["ecs_name"] == "a\nb"
    assert answer.hosts("role_web") == ["web-1"]
    assert answer.hosts("role_x___31my") == ["i-lines"]
    # A host that is called like a group must not hand its address to the group.
    assert answer.hostvars["web-1"]["ansible_host"] != "203.0.113.66"
    assert answer.hostvars["i-group"]["ansible_host"] == "203.0.113.66"
    assert "\x1b" not in answer.errors


PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - ansible.builtin.debug:
        msg: "SAID {{ [inventory_hostname, inventory_hostname_short, ecs_name, copied, ecs_tags] | to_json }}"
    - ansible.builtin.debug:
        msg: "SAID {{ [groups, ansible_play_hosts, hostvars[inventory_hostname].ecs_name, item] | to_json }}"
      loop: "{{ ecs_tags | dict2items }}"
    - ansible.builtin.debug:
        msg: "{{ 'was' | upper }} TRUE"
      when: "{{ ecs_description or 'false' }}"
      ignore_errors: true
    - ansible.builtin.debug:
        msg: "SAID {{ inventory_hostname }}"
      delegate_to: "{{ item }}"
      loop: "{{ ansible_play_hosts }}"
      run_once: true
"""


def test_odd_names_stay_names_in_a_play(odd_cloud, tmp_path):
    options = {"plugin": "alicloud.ecs_access.ecs", **ODD_OPTIONS}
    (tmp_path / "test.ecs.yml").write_text(yaml.safe_dump(options), encoding="utf-8")
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    done = run_tool("ansible-playbook", tmp_path, odd_cloud, ["-i", "test.ecs.yml", "play.yml"], {"ANSIBLE_FORKS": "2"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert HOSTILE in done.stdout
    assert "uid=" not in done.stdout + done.stderr
    assert "WAS TRUE" not in done.stdout
    assert "failed=0" in done.stdout


# -- many ---------------------------------------------------------------------------------------------------------


def test_many_instances_with_one_call_for_each_hundred(ask):
    with running({"instances": [{"name": "node", "count": 250}]}) as many:
        answer = ask(cloud=many)
        assert len(answer.names) == 250
        assert len(many.requests("DescribeInstances")) == 3


# -- examples -----------------------------------------------------------------------------------------------------

EXAMPLE_FILES = sorted((ROOT / "examples").glob("*.ecs.yml"))


@pytest.mark.parametrize("example", EXAMPLE_FILES, ids=[example.stem for example in EXAMPLE_FILES])
def test_example_runs_unchanged(ask, example):
    answer = ask(example.read_text(encoding="utf-8"))
    assert "web-1" in " ".join(answer.names) or "web1" in answer.names
    assert answer.errors == ""


def test_example_playbook_runs_unchanged(cloud, tmp_path):
    done = run_tool("ansible-playbook", tmp_path, cloud, [str(ROOT / "examples" / "module_defaults.yml")], {})
    assert "1 key pairs, 3 instances" in done.stdout, done.stdout + done.stderr

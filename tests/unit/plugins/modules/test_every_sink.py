# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list of hostile texts in every field that foreign text comes through, and each place that it ends in read by the program that reads it."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "fuzz"))

from ansible_collections.alicloud.ecs_access.plugins.filter.ssh_client_instances import ssh_client_instances
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import make_api_error
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.invocation import read_invocation
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.sdk import Caller
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.known_hosts import edit_known_hosts, read_host_keys
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.table import render_table
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel.pump import TunnelError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel.socket import check_url
from ecs_emulator.testing import running
from hostile import CANARY, TEXTS, raw_characters
from inventory_run import find_problems, read_inventory

COLLECTIONS = Path(__file__).resolve().parents[4] / ".work" / "collections"

FREE = (
    "InstanceName",
    "HostName",
    "Description",
    "ZoneId",
    "ImageId",
    "OSName",
    "OSNameEn",
    "InstanceType",
    "ResourceGroupId",
    "KeyPairName",
    "ExpiredTime",
    "Status",
)
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIYIS8zbMSBThCUImRdQH4HjYXijGLhjMLKh84/EJ2to"


def change(answer):
    """Each of the evil instances has its text wherever there is room for one."""
    for instance in answer.get("Instances", {}).get("Instance", ()):
        number = instance["InstanceId"].rpartition("-e")[2]
        if number.isdigit():
            text = TEXTS[int(number)]
            instance.update(dict.fromkeys(FREE, text))
            instance["Tags"] = {"Tag": [{"TagKey": key, "TagValue": text} for key in ("Name", "role", text)]}
            instance["SecurityGroupIds"] = {"SecurityGroupId": [text]}
            instance["VpcAttributes"].update(VpcId=text, VSwitchId=text)
    for pair in answer.get("KeyPairs", {}).get("KeyPair", ()):
        number = pair["KeyPairName"].rpartition("-")[2]
        if number.isdigit():
            text = TEXTS[int(number)]
            pair.update(KeyPairName=pair["KeyPairName"] + text, KeyPairFingerPrint=text, CreationTime=text, ResourceGroupId=text, PublicKey=text)
            pair["Tags"] = {"Tag": [{"TagKey": text, "TagValue": text}]}


@pytest.fixture
def cloud(run_module, monkeypatch):
    """An embedded cloud whose answers are changed."""
    evil = [{"name": f"evil-{number}", "instance_id": f"i-e{number}", "public_ip": f"127.0.1.{number}"} for number in range(len(TEXTS))]
    pairs = [{"name": f"pair-{number}"} for number in range(len(TEXTS))]
    send = Caller.send

    def changed(self, *arguments):
        answer = send(self, *arguments)
        change(answer)
        return answer

    with running({"instances": [{"name": "good", "instance_id": "i-good", "public_ip": "127.0.0.9"}, *evil], "key_pairs": pairs}) as emulator:
        monkeypatch.setattr(Caller, "send", changed)
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        yield emulator


@pytest.fixture
def inventory(cloud, tmp_path):
    return read_inventory(tmp_path)


def test_names_and_groups_of_the_inventory(inventory, capfd):
    assert {host.vars["ecs_instance_id"] for host in inventory.hosts.values()} == {"i-good", *(f"i-e{number}" for number in range(len(TEXTS)))}
    assert find_problems(inventory) == []
    assert len(inventory.groups) > 10
    assert not raw_characters("".join(capfd.readouterr())) and not Path(CANARY).exists()


class Loader(yaml.SafeLoader):
    """YAML as anybody reads it, and Ansible's mark for text that must not be evaluated."""


Loader.add_constructor("!unsafe", Loader.construct_yaml_str)


def test_what_ansible_inventory_prints(tmp_path):
    """Read again as JSON and as YAML: the same hosts, groups and texts, whatever they are called."""
    texts = [text.encode("utf-8", "replace").decode() for text in TEXTS]
    evil = [
        {"name": text, "instance_id": f"i-e{number}", "public_ip": f"127.0.1.{number}", "host_name": text, "description": text, "tags": {"role": text}}
        for number, text in enumerate(texts)
    ]
    source = tmp_path / "my.ecs.yml"
    options = {"keyed_groups": [{"key": "ecs_tags.role", "prefix": "role"}, {"key": "ecs_description", "prefix": "", "separator": ""}]}
    source.write_text(yaml.safe_dump({"plugin": "alicloud.ecs_access.ecs", **options}))
    printed = {}
    with running({"instances": [{"name": "good", "instance_id": "i-good", "public_ip": "127.0.0.9"}, *evil]}) as emulator:
        environment = {**os.environ, **emulator.environment, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
        for form in ("", "--yaml"):
            words = [Path(sys.executable).with_name("ansible-inventory"), "-i", source, "--list", *form.split()]
            done = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, check=True, timeout=120)
            printed[form] = done.stdout.decode()
            # What is printed has the values as they are; what is said about them must be fit for a terminal.
            assert "Traceback" not in done.stderr.decode() and not raw_characters(done.stderr.decode())
    listed = json.loads(printed[""])
    (tree,) = yaml.load(printed["--yaml"], Loader).values()
    hosts = {name: _plain(variables) for name, variables in listed["_meta"]["hostvars"].items()}
    assert len(hosts) == len(TEXTS) + 1 and {variables["ecs_instance_id"] for variables in hosts.values()} >= {"i-good", "i-e0"}
    in_yaml = {name: variables for group in tree["children"].values() for name, variables in (group.get("hosts") or {}).items() if variables}
    assert in_yaml == hosts
    assert {"ungrouped", *tree["children"]} == {"ungrouped", *listed["all"]["children"]}
    assert not Path(CANARY).exists()


def _plain(value):
    """Without the marks for text that must not be evaluated."""
    if isinstance(value, dict):
        return value["__ansible_unsafe"] if value.keys() == {"__ansible_unsafe"} else {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def test_the_configuration_of_ssh(inventory, run_module, tmp_path):
    hostvars = {name: host.vars for name, host in inventory.hosts.items()}
    config, known = tmp_path / "config", tmp_path / "known"
    result = run_module(
        "ssh_client_config", config_path=str(config), known_hosts_path=str(known), host_key_checking="accept_new",
        instances=ssh_client_instances(list(hostvars), hostvars),
        host_keys=[{"instance_id": "i-good", "host_keys": [{"type": HOST_KEY.split()[0], "key": HOST_KEY.split()[1]}]}],
    )  # fmt: skip
    # What it was called with is told by Ansible itself.
    assert not result["failed"] and not raw_characters({key: value for key, value in result.items() if key not in ("invocation", "_output")})
    files = "".join(path.read_text() for path in (tmp_path / "alicloud-ecs-access.d").iterdir())
    typed = {word for line in files.splitlines() if line.startswith("Host ") for word in line.split()[1:]}
    owner = {}
    for word in typed:
        said = subprocess.run(["ssh", "-G", "-F", config, "--", word], capture_output=True, text=True, check=True).stdout
        settings = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
        owner[word] = settings["hostkeyalias"]
        assert settings["hostname"] == hostvars[next(name for name, found in hostvars.items() if found["ecs_instance_id"] == owner[word])]["ansible_host"]
        assert settings.get("proxycommand", "none") == "none" and settings.get("proxyjump", "none") == "none" and settings["port"] == "22"
    assert set(owner.values()) == {variables["ecs_instance_id"] for variables in hostvars.values()}
    assert not Path(CANARY).exists()


@pytest.mark.parametrize("text", TEXTS)
def test_host_keys_and_comments_of_a_guest(text, tmp_path):
    text = text.encode("utf-8", "replace").decode()
    keys = read_host_keys([f"{HOST_KEY} {text}", f"{text} {HOST_KEY}", text, f"@cert-authority {text} {HOST_KEY}"]).keys
    path = tmp_path / "known"
    path.write_text(edit_known_hosts("", {"i-good": keys}, ["mark"]).text)
    lines = path.read_text().splitlines()
    assert lines == [f"i-good {HOST_KEY} mark"]
    for name in ("i-good", "other", "*"):
        found = subprocess.run(["ssh-keygen", "-F", name, "-f", path], capture_output=True, text=True, check=False)
        assert (found.returncode == 0) == (name == "i-good")


def test_results_of_the_modules(cloud, run_module):
    calls = [
        ("ecs_instance_info", {}), ("ecs_instance_info", {"source_address": "203.0.113.1", "ssh_port": 22}),
        ("ecs_key_pair_info", {"include_public_key": True}),
        ("ecs_key_pair_info", {"include_instances": True}), ("ecs_host_key_info", {"instance_ids": ["i-good", "i-e1"], "fail_on": "never"}),
    ]  # fmt: skip
    for name, options in calls:
        result = run_module(name, **options)
        assert not result["failed"], result
        assert not raw_characters([{key: value for key, value in result.items() if key != "_output"}]), name
        assert "{{" not in result["_output"] and "{%" not in result["_output"], name
        assert "Traceback" not in result["_output"]


@pytest.mark.parametrize("text", TEXTS)
def test_errors_and_outputs(text):
    error = make_api_error("RunCommand", 400, text, text, text)
    output = base64.b64encode(text.encode("utf-8", "replace")).decode()
    ended = [
        read_invocation({"InvocationStatus": status, "Output": output, "ErrorCode": code, "ErrorInfo": text, "ExitCode": text}).why
        for status in ("Failed", text)
        for code in ("", text, "ClientNotOnline")
    ]
    assert raw_characters([str(error), error.to_dict(), ended]) == []
    assert not any("{{" in one or len(one) > 1500 for one in [str(error), *ended])


@pytest.mark.parametrize("text", TEXTS)
def test_cells_of_a_table(text):
    lines = render_table(["a", "b"], [{"a": text, "b": [text, {"c": text}]}], 60)
    assert raw_characters([line.text for line in lines]) == [] and not any("\n" in line.text or "{{" in line.text for line in lines)


@pytest.mark.parametrize("text", TEXTS)
def test_addresses_of_sessions(text):
    for url in (text, f"ws://{text}", f"ws://{text}/?x", f"ws://127.0.0.1{text}/"):
        try:
            said = check_url(url)
        except TunnelError as exc:
            said = "wss://" + exc.text
        assert said.startswith(("ws://127.0.0.1", "ws://localhost", "wss://")) and not raw_characters(said)

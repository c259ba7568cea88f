# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data for AWX: its credential type sets the variables of every option, surveys set variables that exist, names lead somewhere."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible_collections.alicloud.ecs_access.plugins.doc_fragments.ecs_plugin import ModuleDocFragment
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import OPTION_ENV
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.variables import CHOICES, SWITCHES
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.texts import documented

ROOT = Path(__file__).resolve().parents[2]
AWX = ROOT / "awx"
OBJECTS = DataLoader().load_from_file(str(AWX / "vars" / "objects.yml"))
(TYPE,) = OBJECTS["controller_credential_types"]
FIELDS = [field["id"] for field in TYPE["inputs"]["fields"]]
TEMPLATES = {template["name"]: template for template in OBJECTS["controller_templates"]}
QUESTIONS = [(name, question) for name, template in TEMPLATES.items() for question in template.get("survey_spec", {}).get("spec", [])]


def test_fields_are_the_options_that_have_a_variable():
    assert list(OPTION_ENV) == FIELDS


def test_every_option_gets_its_first_variable():
    assert TYPE["injectors"] == {"env": {names[0]: "{{ %s }}" % option for option, names in OPTION_ENV.items()}}


def test_plugins_read_the_same_variables():
    options = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert {name: option["env"][0]["name"] for name, option in options.items() if "env" in option} == {name: envs[0] for name, envs in OPTION_ENV.items()}


def test_secrets_are_hidden():
    assert [field["id"] for field in TYPE["inputs"]["fields"] if field.get("secret")] == ["access_key_secret", "security_token"]


def test_awx_takes_the_names():
    """It refuses names of Ansible's own, and those that its jobs need."""
    assert all(name.startswith("ALIBABA_CLOUD_") for name in TYPE["injectors"]["env"])


def test_a_field_that_is_empty_is_not_set():
    given = {"ALIBABA_CLOUD_REGION_ID": "cn-hangzhou", "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}
    assert read_settings({}, {**dict.fromkeys(TYPE["injectors"]["env"], ""), **given}) == read_settings({}, given)


def test_every_template_has_its_playbook_in_the_project():
    assert {template["playbook"] for template in TEMPLATES.values()} == {path.name for path in (AWX / "project").glob("*.yml")} - {"alicloud.ecs.yml"}


@pytest.mark.parametrize("path", sorted(set((AWX / "project").glob("*.yml")) - {AWX / "project" / "alicloud.ecs.yml"}), ids=lambda path: path.stem)
def test_the_project_runs_playbooks_that_exist(path):
    (play,) = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert play["ansible.builtin.import_playbook"] == f"alicloud.ecs_access.{path.stem}"
    assert (ROOT / "playbooks" / path.name).is_file()


@pytest.mark.parametrize(("template", "question"), QUESTIONS, ids=lambda value: value if isinstance(value, str) else value["variable"])
def test_a_survey_sets_a_variable_to_what_it_may_be(template, question):
    name = question["variable"]
    assert name in documented()
    if question["type"] == "multiplechoice":
        assert tuple(question["choices"]) == (("false", "true") if name in SWITCHES else CHOICES[name])
        assert question["default"] in question["choices"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_sets_variables_that_exist(template):
    assert set(TEMPLATES[template].get("extra_vars", {})) <= documented()


def test_no_variable_is_both_asked_for_and_set():
    for template in TEMPLATES.values():
        assert not {one["variable"] for one in template.get("survey_spec", {}).get("spec", [])} & set(template.get("extra_vars", {}))


def test_names_lead_to_objects():
    names = {kind: {item["name"] for item in OBJECTS[kind]} for kind in OBJECTS if kind.startswith("controller_")}
    credentials = names["controller_credentials"] | {"{{ awx_setup_machine_credential }}"}
    for template in TEMPLATES.values():
        assert template["project"] in names["controller_projects"]
        assert template["inventory"] in names["controller_inventories"]
        assert template["execution_environment"] in names["controller_execution_environments"]
        assert set(template["credentials"]) <= credentials
    assert {schedule["unified_job_template"] for schedule in OBJECTS["controller_schedules"]} <= set(TEMPLATES)
    (workflow,) = OBJECTS["controller_workflows"]
    assert {node["unified_job_template"]["name"] for node in workflow["workflow_nodes"]} <= set(TEMPLATES)
    (source,) = OBJECTS["controller_inventory_sources"]
    assert (source["inventory"], source["source_project"]) == ("ECS", "ECS access")
    assert (AWX / "project" / source["source_path"]).is_file()


def test_hosts_are_switched_off_by_a_variable_of_the_inventory():
    (source,) = OBJECTS["controller_inventory_sources"]
    notes = importlib.import_module("ansible_collections.alicloud.ecs_access.plugins.inventory.ecs").DOCUMENTATION
    assert f"C({source['enabled_var'].removeprefix('ecs_')})" in notes


def test_all_data_is_used():
    """Each field of an object is handed to its module."""
    tasks = [task for path in sorted((AWX / "tasks").glob("*.yml")) for task in yaml.safe_load(path.read_text(encoding="utf-8"))]
    used = {}
    for task in tasks:
        ((module, options),) = ((name, value) for name, value in task.items() if name.startswith("awx.awx."))
        used[re.fullmatch(r"\{\{ (\w+) \}\}", task["loop"])[1]] = set(options)
        assert all(re.fullmatch(rf"\{{\{{ item\.{option}( \| default\(omit\))? \}}\}}", value) for option, value in options.items()), module
    assert {kind: set().union(*OBJECTS[kind]) for kind in used} == used
    assert set(used) == {kind for kind in OBJECTS if kind.startswith("controller_")}

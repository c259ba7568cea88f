# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data for AWX: its credential type sets the variables of every option, surveys set variables that exist, names lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import jinja2
import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible_collections.alicloud.ecs_access.plugins.doc_fragments.ecs_plugin import ModuleDocFragment
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import OPTION_ENV
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.variables import FREE, SWITCHES, choices_of
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.texts import documented

ROOT = Path(__file__).resolve().parents[2]
AWX = ROOT / "awx"
OBJECTS = DataLoader().load_from_file(str(AWX / "vars" / "objects.yml"))
(TYPE,) = OBJECTS["controller_credential_types"]
FIELDS = [field["id"] for field in TYPE["inputs"]["fields"]]
TEMPLATES = {template["name"]: template for template in OBJECTS["controller_templates"]}
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
# Playbook, job templates, slices: the table of the guide.
ROWS = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| ([^|]+) \| ([^|]+) \|", (ROOT / "docs" / "awx.md").read_text(encoding="utf-8"), re.MULTILINE)
# These are about all hosts together: one file, or a key that leaves once every instance has its proof.
WHOLE_FLEET = {"adopt", "offboard", "rotate_key_pair"}
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


def test_the_guide_has_a_row_for_every_playbook():
    assert [row[0] for row in ROWS] == PLAYBOOKS


@pytest.mark.parametrize(("playbook", "templates", "slices"), ROWS, ids=[row[0] for row in ROWS])
def test_a_playbook_has_the_job_templates_of_its_row_or_a_reason_for_none(playbook, templates, slices):
    own = [name for name, template in TEMPLATES.items() if template["playbook"] == f"{playbook}.yml"]
    assert [name.strip("* ") for name in templates.split(",")] == own if own else templates.startswith("none: "), templates
    asked = any(TEMPLATES[name].get("ask_job_slice_count_on_launch") or TEMPLATES[name].get("job_slice_count", 1) > 1 for name in own)
    assert (slices != "no") == asked
    assert not (asked and playbook in WHOLE_FLEET)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_playbook_takes_an_unanswered_question_for_the_default(playbook):
    """It arrives as an empty text, also in the keywords of a play, which Ansible reads itself."""
    for play in yaml.safe_load((ROOT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8")):
        assert jinja2.Template(play.get("serial", "['100%']")).render(ecs_access_serial="") == "['100%']"


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_that_writes_files_states_that_they_are_kept(template):
    """In a job, a playbook refuses a file that ends with the job."""
    given = TEMPLATES[template].get("extra_vars", {})
    kept = {name: value for name, value in given.items() if str(value).startswith(("{{ awx_setup_kept_dir }}/", "{{ ecs_access__kept_dir }}/"))}
    assert {name for name in kept if f"{name}_lasts" in documented()} == {name.removesuffix("_lasts") for name in given if name.endswith("_lasts")}
    assert {name for name in given if name.endswith(("_dir", "_file", "_report")) and not name.startswith(FREE)} == set(kept)


@pytest.mark.parametrize(("template", "question"), QUESTIONS, ids=lambda value: value if isinstance(value, str) else value["variable"])
def test_a_survey_sets_a_variable_to_what_it_may_be(template, question):
    name = question["variable"]
    assert name in documented()
    if question["type"] == "multiplechoice":
        choices = choices_of(TEMPLATES[template]["playbook"].removesuffix(".yml"))
        assert tuple(question["choices"]) == (("false", "true") if name in SWITCHES else choices[name])
        assert question["default"] in question["choices"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_sets_variables_that_exist(template):
    assert {name for name in TEMPLATES[template].get("extra_vars", {}) if not name.startswith(FREE)} <= documented()


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


def test_stopped_instances_are_part_of_jobs():
    """AWX skips hosts that a source switches off: an offboarding would not say that one is pending."""
    (source,) = OBJECTS["controller_inventory_sources"]
    assert "enabled_var" not in source
    assert "status" not in yaml.safe_load((AWX / "project" / source["source_path"]).read_text(encoding="utf-8")).get("filters", {})


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


def test_jobs_have_the_team_of_the_project(tmp_path):
    """AWX exports the inventory with the group_vars beside it, and gives jobs the answer as a program that lies elsewhere."""
    project, job = tmp_path / "project", tmp_path / "inventory"
    shutil.copytree(AWX / "project", project)
    job.mkdir()
    # In place of the inventory source, which would ask the cloud.
    (project / "hosts.yml").write_text("all: {hosts: {web-1: {}, web-2: {}}}\n")
    settings = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "home"), "ANSIBLE_CONFIG": str(tmp_path / "none")}
    exported = subprocess.run(
        ["ansible-inventory", "-i", "hosts.yml", "--playbook-dir", ".", "--list", "--export"],
        cwd=project,
        env=settings,
        capture_output=True,
        text=True,
        check=True,
    )
    (job / "exported.json").write_text(exported.stdout)
    script = job / "hosts"
    script.write_text(f"#!/bin/sh\ncat {job}/exported.json\n")
    script.chmod(0o700)
    done = subprocess.run(
        ["ansible-playbook", "-i", str(script), "check_team.yml", "-e", "ecs_access_hosts=all"],
        cwd=project,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ +john +R *$", done.stdout, re.MULTILINE), done.stdout

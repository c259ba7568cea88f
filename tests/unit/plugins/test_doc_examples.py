# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example in the documentation of a module, filter, connection or role, and in docs, can be pasted: ansible-playbook takes it, and so do
the options of what it calls. The inventory's examples are files of their own, which its own tests run."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import cloud_argument_spec

ROOT = Path(__file__).resolve().parents[3]
NAME = "alicloud.ecs_access."
MODULES = "ansible_collections.alicloud.ecs_access.plugins.modules."


def examples():
    """(where, its plays or tasks) of every example."""
    for path in sorted(path for kind in ("modules", "filter", "connection") for path in (ROOT / "plugins" / kind).glob("*.py")):
        match = re.search(r'^EXAMPLES = r"""\n(.*?)^"""', path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        if match:
            yield f"{path.parent.name}/{path.stem}", match[1]
    for path in [*sorted(ROOT.glob("roles/*/README.md")), ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]:
        for number, text in enumerate(re.findall(r"^```yaml\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE), 1):
            if isinstance(yaml.safe_load(text), list):
                yield f"{path.relative_to(ROOT)} {number}", text


EXAMPLES = dict(examples())


def as_plays(text):
    """Tasks become a play of their own, as somebody who pastes them would do."""
    entries = yaml.safe_load(text)
    return entries if any("hosts" in entry or any("import_playbook" in key for key in entry) for entry in entries) else [{"hosts": "all", "tasks": entries}]


def calls(entries):
    """(name, options) of everything of this collection that is called."""
    for entry in entries:
        for name, value in entry.items():
            if name in ("tasks", "pre_tasks", "post_tasks", "block", "rescue", "always"):
                yield from calls(value)
            elif name == "roles":
                yield from ((role["role"], role.get("vars", {})) for role in value)
            elif name in ("ansible.builtin.include_role", "ansible.builtin.import_role"):
                yield value["name"], entry.get("vars", {})
            elif name.startswith(NAME):
                yield name, value or {}


def settled(value, spec):
    """The value as it could be once it is no template any more."""
    kind = spec.get("type", "str")
    if isinstance(value, str) and "{{" in value:
        stand_in = {"int": 1, "float": 1.0, "bool": True, "dict": {}, "list": []}.get(kind, "text")
        return spec["choices"][0] if spec.get("choices") else stand_in
    if isinstance(value, dict) and spec.get("options"):
        return {name: settled(item, spec["options"].get(name, {})) for name, item in value.items()}
    if isinstance(value, list):
        return [settled(item, {**spec, "type": spec.get("elements", "str")}) for item in value]
    return value


def specification(name):
    """The options of a module or role."""
    role = ROOT / "roles" / name / "meta" / "argument_specs.yml"
    if role.exists():
        return yaml.safe_load(role.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    if (ROOT / "plugins" / "modules" / f"{name}.py").exists() and name != "access_step":
        module = importlib.import_module(MODULES + name)
        return {**cloud_argument_spec(), **module.argument_spec()} if hasattr(module, "EcsModule") else module.argument_spec()
    documentation = importlib.import_module(MODULES + name).DOCUMENTATION
    return yaml.safe_load(documentation)["options"]


@pytest.mark.parametrize("where", EXAMPLES)
def test_options_are_those_of_what_is_called(where):
    for name, options in calls(as_plays(EXAMPLES[where])):
        spec = specification(name[len(NAME) :])
        given = {option: settled(value, spec.get(option, {})) for option, value in options.items()}
        assert ArgumentSpecValidator(spec).validate(given).error_messages == [], name


def test_ansible_takes_every_example(tmp_path):
    paths = [tmp_path / f"{number}.yml" for number in range(len(EXAMPLES))]
    for path, text in zip(paths, EXAMPLES.values()):
        path.write_text(yaml.safe_dump(as_plays(text)))
    config = tmp_path / "ansible.cfg"
    config.write_text("")
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "--syntax-check", "-i", "web,localhost,", *map(str, paths)]
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment = {**foreign, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".work" / "collections"), "ANSIBLE_CONFIG": str(config), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_modules_have_examples():
    assert {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")} <= {where.partition("/")[2] for where in EXAMPLES}

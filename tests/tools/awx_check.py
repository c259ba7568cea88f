# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold the objects of awx/ against the options of the modules of awx.awx: awx_check.py COLLECTIONS_PATH

Not part of `make test`, because awx.awx has to be installed below that path. No AWX is asked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader

AWX = Path(__file__).resolve().parents[2] / "awx"
_DOCUMENTATION = re.compile(r"^DOCUMENTATION = r?('''|\"\"\")\n(.*?)\1", re.DOTALL | re.MULTILINE)


def specification(modules: Path, name: str) -> dict[str, Any]:
    """The argument spec of a module, as its documentation has it: its code needs a controller to be imported."""
    found = _DOCUMENTATION.search((modules / f"{name}.py").read_text(encoding="utf-8"))
    if not found:
        raise ValueError(f"{name} has no documentation")
    return _options(yaml.safe_load(found[2])["options"])


def _options(documented: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    kept = ("type", "elements", "choices", "required", "aliases")
    spec = {}
    for name, option in documented.items():
        spec[name] = {key: option[key] for key in kept if key in option}
        if "suboptions" in option:
            spec[name]["options"] = _options(option["suboptions"])
    return spec


def objects() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(module, arguments) of every object, as the tasks hand it over."""
    loader = DataLoader()
    data = loader.load_from_file(str(AWX / "vars" / "objects.yml"))
    for path in sorted((AWX / "tasks").glob("*.yml")):
        for task in loader.load_from_file(str(path)):
            (name,) = [key for key in task if key.startswith("awx.awx.")]
            variable = task["loop"].strip("{} ")
            for item in data[variable]:
                yield name.rpartition(".")[2], {option: item[option] for option in task[name] if option in item}


def main(arguments: list[str]) -> int:
    collection = Path(arguments[0]) / "ansible_collections" / "awx" / "awx"
    found = 0
    checked = 0
    for module, given in objects():
        errors = ArgumentSpecValidator(specification(collection / "plugins" / "modules", module)).validate(dict(given)).error_messages
        checked += 1
        for error in errors:
            found += 1
            print(f"{module} {given['name']}: {error}")
    print(f"awx: {checked} objects, {found} errors")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

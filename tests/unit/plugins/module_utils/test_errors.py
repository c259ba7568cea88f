# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import ast
import pickle
import re
from pathlib import Path

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils import _errors
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError, LibraryMissing

PLUGINS = Path(__file__).resolve().parents[4] / "plugins"
DRAWN = re.compile(r"^((?: \|   |     )* \+-- )?([A-Z]\w+)(?:  .*|$)", re.MULTILINE)


def drawn() -> dict[str, str]:
    """Each class of the drawing with its parent."""
    parents: dict[str, str] = {}
    line: list[str] = []
    for indent, name in DRAWN.findall(_errors.__doc__ or ""):
        depth = len(indent) // 5
        line = [*line[:depth], name]
        if depth:
            parents[name] = line[-2]
    return parents


def written() -> dict[str, str]:
    """Each class of plugins/ that descends from the root with its parent, found without importing any."""
    bases = {}
    for path in PLUGINS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.bases:
                bases[node.name] = ast.unparse(node.bases[0]).rpartition(".")[2]

    def descends(name: str) -> bool:
        return name == "AccessError" or (name in bases and descends(bases[name]))

    return {name: parent for name, parent in bases.items() if descends(parent)}


def test_the_drawing_shows_what_there_is():
    assert drawn() == written()


@pytest.mark.parametrize(("given", "code"), [("", "error"), ("late", "late")])
def test_an_error_has_a_text_and_a_code(given, code):
    error = AccessError("it is late", given)
    assert (error.text, str(error), error.code) == ("it is late", "it is late", code)
    assert error.to_dict() == {"code": code, "message": "it is late"}
    assert error.result == {}


def test_an_error_survives_the_way_from_another_process():
    again = pickle.loads(pickle.dumps(AccessError("it is late", "late")))
    assert (again.text, again.code) == ("it is late", "late")


def test_what_a_module_answers_besides_the_sentence():
    failure = _errors.ModuleFailure("no", changed=True)
    assert (failure.text, failure.answer()) == ("no", {"changed": True})
    refused = EcsError("RunCommand", "Forbidden.RAM", "not allowed", hint="Ask.")
    refused.result = {"actions": ["bind"]}
    assert refused.answer() == {"actions": ["bind"], "failure": refused.to_dict()}
    assert refused.to_dict() == {"action": "RunCommand", "code": "Forbidden.RAM", "message": "not allowed", "request_id": "", "hint": "Ask."}


def test_a_missing_library_is_named_with_the_reason():
    with pytest.raises(LibraryMissing) as caught:
        raise LibraryMissing("cryptography") from ImportError("No module named 'cryptography'")
    assert caught.value.text.startswith("Failed to import the required Python library (cryptography)")
    assert "No module named 'cryptography'" in caught.value.answer()["exception"]

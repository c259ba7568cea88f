# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import whom: capabilities stand on floors, floors know no capability, and what calls itself pure touches nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
UTILS = PLUGINS / "module_utils"
PREFIX = ("ansible_collections", "alicloud", "ecs_access", "plugins")

# Small files that every room may use.
GROUND = {"_errors", "_text", "_ids", "_names", "_json"}
FLOORS = GROUND | {"_openssh", "_system", "_ecs", "_assistant"}
STANDS_ON = {
    **{file: {"_errors", "_text"} for file in GROUND},
    "_openssh": GROUND,
    "_system": GROUND | {"_openssh"},
    "_ecs": GROUND | {"_openssh"},
    "_assistant": GROUND | {"_openssh", "_ecs"},
    # Its trial of a changed configuration is a login, judged as ssh_login_check judges it.
    "_sshd": FLOORS | {"_diagnosis"},
}
# What is put in front of a program for an instance; both hosts and programs ask sshd through it.
PRELUDE = "_system/server"
TOUCHING = {"os", "subprocess", "socket", "shutil", "tempfile", "glob", "fcntl", "pwd", "grp", "signal"}
# Files outside _system that read or change the machine say so in their names.
HANDS = ("look", "apply", "write", "prove", "journal", "session", "files", "private_key", "homes")


def sources() -> list[Path]:
    return sorted(path for path in UTILS.rglob("*.py") if path.name != "__init__.py")


def imports(path: Path, text: str) -> Iterator[tuple[str, ...]]:
    """Absolute parts of every module that is imported, below plugins/ for ours."""
    package = path.relative_to(PLUGINS).parts[:-1]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                module = package[: len(package) - node.level + 1] + module
            elif module[:4] == PREFIX:
                module = module[4:]
            yield from (module + (alias.name,) for alias in node.names)


def room(parts: tuple[str, ...]) -> str:
    return Path(parts[1]).stem


def objections(path: Path, text: str) -> list[str]:
    """What is wrong with the imports of one file of module_utils."""
    own = room(path.relative_to(PLUGINS).parts)
    found = []
    for module in imports(path, text):
        if module[0] == "module_utils" and module[1:]:
            other = room(module)
            declared = own == "_assistant" and "/".join(module[1:3]) == PRELUDE
            if other != own and other not in STANDS_ON.get(own, FLOORS) and not declared:
                found.append(f"{own} may not import {other}")
        elif module[0] in PREFIX[:1] or module[0] in ("modules", "plugin_utils"):
            found.append(f"imports {'.'.join(module)}")
        elif module[0] in TOUCHING and own not in ("_system", "_text", "_ecs") and not is_hand(path):
            found.append(f"imports {module[0]} though its name doesn't say so")
        elif module[0] in TOUCHING and own in GROUND | {"_openssh"}:
            found.append(f"imports {module[0]}")
    return found


def is_hand(path: Path) -> bool:
    return path.parent.name == "programs" or path.stem.startswith(HANDS) or path.stem.endswith(HANDS)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(UTILS)))
def test_imports_keep_to_the_rooms(path):
    assert objections(path, path.read_text()) == []


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(UTILS)))
def test_a_pure_file_says_so_and_is(path):
    tree = ast.parse(path.read_text())
    touches = any(module[0] in TOUCHING for module in imports(path, path.read_text()))
    assert not (touches and "It is pure" in (ast.get_docstring(tree) or ""))


@pytest.mark.parametrize(
    ("file", "line", "objection"),
    [
        ("_openssh/keys.py", "from .._access.plan import Plan", "_openssh may not import _access"),
        ("_system/run.py", "from .._ecs import client", "_system may not import _ecs"),
        ("_assistant/ask.py", "from .._system.run import run_tool", "_assistant may not import _system"),
        ("_access/plan.py", "from .._diagnosis.facts import Facts", "_access may not import _diagnosis"),
        ("_access/plan.py", "import os", "imports os though its name doesn't say so"),
        ("_openssh/keys.py", "import subprocess", "imports subprocess though its name doesn't say so"),
        ("_key_pair/plan.py", "from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh import login", "imports plugin_utils._ssh.login"),
    ],
)
def test_an_import_across_the_walls_is_found(file, line, objection):
    assert objections(UTILS / file, line + "\n") == [objection]


@pytest.mark.parametrize("path", sorted(PLUGINS.rglob("__init__.py")), ids=lambda path: str(path.relative_to(PLUGINS)))
def test_packages_are_empty(path):
    assert path.read_text() == ""


def test_modules_for_hosts_bring_nothing_of_the_cloud():
    for name in ("ssh_access", "ssh_access_info", "ssh_login_check", "sshd_pubkey", "ssh_client_config"):
        seen: set[Path] = set()
        waiting = [PLUGINS / "modules" / f"{name}.py"]
        while waiting:
            path = waiting.pop()
            if path in seen or not path.is_file():
                continue
            seen.add(path)
            for module in imports(path, path.read_text()):
                waiting += [PLUGINS.joinpath(*module).with_suffix(".py"), PLUGINS.joinpath(*module[:-1]).with_suffix(".py")] if module[1:] else []
        assert not [str(path) for path in seen if path.parent.name == "_ecs"], name

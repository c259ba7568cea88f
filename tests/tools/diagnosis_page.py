# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/diagnosis.md from the code: every cause with what it means, its evidence, the fix, and who decides.

``python tests/tools/diagnosis_page.py`` after a change of a finding; a unit test compares the page with the code.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "diagnosis.md"
FOLDER = ROOT / "plugins" / "module_utils" / "_diagnosis"
MAKERS = {"blocks": "blocks", "warns": "warns", "info": "informs", "Damage": "blocks"}
# The part of a record that is the cause, its evidence and its fix.
PLACES = {"Damage": (0, 2, 3)}
# In the order in which a login meets them.
PARTS = (
    "judge_cloud",
    "judge_client",
    "judge_network",
    "judge_log",
    "judge_server",
    "judge_account",
    "judge_settings",
    "judge_keys",
    "judge_paths",
    "judge_key_text",
    "judge_key_line",
    "judge_command",
    "key_log",
    "judge_pam",
    "judge_session",
    "verdict",
    "weigh",
    "proof",
)
# Where one program decides about all of a part.
OF_PARTS = {
    "judge_client": "the client's own log",
    "judge_cloud": "the ECS API",
    "judge_log": "sshd's log",
    "judge_server": "sshd, systemd and the kernel",
    "judge_pam": "PAM",
    "key_log": "sshd",
    "proof": "the private login (`prove`)",
    "verdict": "nobody",
    "weigh": "nobody",
}
INTRODUCTION = """# Causes of failed logins

Every cause that the module `ssh_login_check` and the playbook `diagnose` can name, in the order in which a login meets them. This page is
made from the code.

- *blocks*: no login is possible. *warns*: it may fail, or soon will. *informs*: worth knowing.
- *Decided by* shows how sure it is: that program has the last word, and what it accepts is shown as information only, whatever was read in
  files. *files*: no program can be asked, so it is as sure as what is written there.
- `...` stands for names, paths and lines of the host.
"""


class Cause(NamedTuple):
    """One way in which a cause is reported."""

    name: str
    severity: str
    evidence: str
    fix: str


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(), encoding="utf-8")


def render() -> str:
    """The page, from the code."""
    lines = [INTRODUCTION]
    deciders = _deciders()
    for part in PARTS:
        tree = ast.parse((FOLDER / f"{part}.py").read_text(encoding="utf-8"))
        by_name: dict[str, list[Cause]] = {}
        for cause in find_causes(tree):
            by_name.setdefault(cause.name, []).append(cause)
        if not by_name:
            continue
        title = re.sub(r"C\((.*?)\)", r"`\1`", (ast.get_docstring(tree) or "").split("\n")[0].rstrip("."))
        lines += [f"## {title}", "", "| cause | severity | what is found | fix | decided by |", "|---|---|---|---|---|"]
        for name, causes in by_name.items():
            columns = [f"`{name}`", *(_joined(getattr(one, field) for one in causes) for field in ("severity", "evidence", "fix"))]
            decider = OF_PARTS.get(part) or deciders.get(name, "files")
            lines.append("| " + " | ".join(column.replace("|", "\\|").replace("*", "\\*") for column in [*columns, decider]) + " |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def find_causes(tree: ast.Module) -> Iterator[Cause]:
    """Every finding that the statements of a module can make."""
    scope = _Scope(tree)
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        for call in [node for node in ast.walk(function) if isinstance(node, ast.Call)]:
            for maker in scope.makers(call.func, function):
                yield from scope.read(call, maker, function)
    # The words of other programs are looked up in tables.
    for target, table in scope.tables.items():
        if target in ("_CAUSES", "_SYMPTOMS", "_FORMS"):
            yield from _of_table(table, "warns" if target == "_SYMPTOMS" else "blocks")


def _of_table(table: ast.expr, severity: str) -> Iterator[Cause]:
    for row in table.elts if isinstance(table, ast.Tuple) else ():
        words = [word.value for word in row.elts if isinstance(word, ast.Constant)] if isinstance(row, ast.Tuple) else []
        if len(words) == 4:
            yield Cause(str(words[1]), severity, str(words[2]), str(words[3]))
        elif len(words) == 3:
            yield Cause(str(words[1]), severity, "sshd's log has a line for it", str(words[2]))


class _Scope:
    """What names stand for in one module."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self.tables: dict[str, ast.expr] = {}
        for node in tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
            for target in targets:
                if isinstance(target, ast.Name) and getattr(node, "value", None) is not None:
                    self.tables[target.id] = node.value  # type: ignore[union-attr]

    def makers(self, node: ast.expr, function: ast.FunctionDef) -> list[str]:
        """Which of them an expression calls."""
        names = _names(node)
        for one in ast.walk(function):
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and one.targets[0].id in names:
                names = names + _names(one.value)
        return [name for name in names if name in MAKERS]

    def read(self, call: ast.Call, maker: str, function: ast.FunctionDef) -> Iterator[Cause]:
        """The causes of one call."""
        cause, evidence, fix = PLACES.get(maker, (0, 1, 2))
        if cause >= len(call.args) or isinstance(call.args[0], ast.Starred):
            return
        for name in dict.fromkeys(self.values(call.args[cause], function)):
            if (re.fullmatch(r"[a-z0-9_]+", name) and "_" in name) or name == "firewall":
                texts = [self.text(call.args[place], function) if place < len(call.args) else "" for place in (evidence, fix)]
                yield Cause(name, MAKERS[maker], *texts)

    def values(self, node: ast.expr, function: ast.FunctionDef) -> list[str]:
        """The texts that an expression may have."""
        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else []
        if isinstance(node, ast.IfExp):
            return self.values(node.body, function) + self.values(node.orelse, function)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return [left + right for left in self.values(node.left, function) for right in self.values(node.right, function)]
        if isinstance(node, ast.Dict):
            return [text for value in node.values for text in self.values(value, function)]
        if isinstance(node, ast.Subscript):
            return self.values(node.value, function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            return self.values(node.func.value, function) + [text for more in node.args[1:] for text in self.values(more, function)]
        if isinstance(node, ast.Name):
            return self._of_name(node.id, function)
        return []

    def _of_name(self, name: str, function: ast.FunctionDef) -> list[str]:
        found: list[str] = []
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    found += self._assigned(name, target, node.value, function)
            elif isinstance(node, ast.For) and isinstance(node.target, ast.Tuple) and isinstance(node.iter, ast.Name):
                places = [index for index, part in enumerate(node.target.elts) if isinstance(part, ast.Name) and part.id == name]
                table = self.tables.get(node.iter.id)
                for row in table.elts if places and isinstance(table, ast.Tuple) else ():
                    found += self.values(row.elts[places[0]], function) if isinstance(row, ast.Tuple) else []
        if not found and name in self.tables:
            found = self.values(self.tables[name], function)
        if not found:
            places = [index for index, argument in enumerate(function.args.args) if argument.arg == name]
            found = [
                text
                for place in places
                for call, caller in self._calls(function.name)
                if place < len(call.args)
                for text in self.values(call.args[place], caller)
            ]
        return found

    def _assigned(self, name: str, target: ast.expr, value: ast.expr, function: ast.FunctionDef) -> list[str]:
        if isinstance(target, ast.Name) and target.id == name:
            return self.values(value, function)
        if isinstance(value, ast.Call) and _names(value.func) == ["next"] and len(value.args) == 2:
            return self._assigned(name, target, value.args[1], function)
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            return [text for part, one in zip(target.elts, value.elts) for text in self._assigned(name, part, one, function)]
        return []

    def _calls(self, name: str) -> Iterator[tuple[ast.Call, ast.FunctionDef]]:
        for caller in [node for node in ast.walk(self._tree) if isinstance(node, ast.FunctionDef) and node.name != name]:
            for call in ast.walk(caller):
                if isinstance(call, ast.Call) and name in _names(call.func):
                    yield call, caller

    def text(self, node: ast.expr, function: ast.FunctionDef) -> str:
        """A sentence with its gaps."""
        if isinstance(node, ast.Constant):
            return re.sub(r"%(?:\d+)?[sd]|%04o", "...", str(node.value)).replace("%%", "%")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            return self.text(node.left, function)
        if isinstance(node, ast.BinOp):
            return self.text(node.left, function) + self.text(node.right, function)
        if isinstance(node, ast.IfExp):
            return _joined([self.text(node.body, function), self.text(node.orelse, function)], "")
        if isinstance(node, ast.Name):
            values = [one.value for one in ast.walk(function) if isinstance(one, ast.Assign) and [ast.unparse(target) for target in one.targets] == [node.id]]
            return _joined([self.text(value, function) for value in values], "...")
        return "..."


def _names(node: ast.expr) -> list[str]:
    """The functions that are called: more than one where a condition chooses."""
    if isinstance(node, ast.IfExp):
        return _names(node.body) + _names(node.orelse)
    return [node.id] if isinstance(node, ast.Name) else []


def _deciders() -> dict[str, str]:
    """Who has the last word, by the sets of the weighing."""
    tree = ast.parse((FOLDER / "weigh.py").read_text(encoding="utf-8"))
    sets: dict[str, list[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            sets[node.targets[0].id] = [one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    found = {"firewall": "the packet filter", "hosts_deny": "TCP wrappers", "no_route_back": "the kernel", "no_common_algorithm": "sshd and the host's own ssh"}
    for group, decider in (
        ("KEY_CAUSES", "sshd"),
        ("PAM_CAUSES", "PAM"),
        ("SESSION_CAUSES", "the private login (`prove`)"),
        ("_REAL_CAUSES", "the private login (`prove`)"),
    ):
        for name in sets[group]:
            found[name] = f"{found[name]}, {decider}" if name in found else decider
    return found


def _joined(texts: Iterable[str], otherwise: str = "-") -> str:
    known = list(dict.fromkeys(text for text in texts if text))
    told = [text for text in known if text != "..."]
    return "; or: ".join(told) or ("in the words of the program" if known and otherwise == "-" else otherwise)


if __name__ == "__main__":
    main()

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the pages of docs/, the variables of the playbooks and the options of plugins and roles into docs/build/html.

A reference that leads nowhere, or any other warning, is an error.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import collection_tree
import playbook_pages
import yaml

DOCS = collection_tree.ROOT / "docs"
PLAYBOOKS = collection_tree.ROOT / "playbooks"
SOURCE = collection_tree.WORK / "docs" / "source"
BUILD = DOCS / "build"
# In the order in which a team meets them; others follow.
VERBS = (
    "adopt", "check_team", "bind_key_pair", "onboard", "audit", "diagnose", "recover_access", "temporary_login", "rotate_key_pair", "offboard", "leave",
)  # fmt: skip
_REFERENCE = (
    ("modules", "Modules", "module"),
    ("roles", "Roles", "role"),
    ("plugins", "Inventory, connections, filters", "inventory|connection|filter|lookup"),
)
_TITLE = re.compile(r"^alicloud\.ecs_access\.\S+ (?:module|role|inventory|connection|filter|lookup) -- (.+)$", re.MULTILINE)


def playbooks() -> list[Path]:
    """All playbooks, in the order of the guides."""
    known = [PLAYBOOKS / f"{name}.yml" for name in VERBS]
    return [path for path in known if path.exists()] + sorted(path for path in PLAYBOOKS.glob("*.yml") if path not in known)


def _tree(entries: list[str]) -> str:
    return "\n".join(["```{toctree}", ":maxdepth: 1", "", *entries, "```", ""])


def _write(name: str, text: str) -> None:
    (SOURCE / name).write_text(text, encoding="utf-8")


def write_playbooks() -> None:
    """The guides' list, and the variables of all playbooks."""
    headers = [playbook_pages.read_header(path) for path in playbooks()]
    lines = [f"| [{header.name}]({header.name}.md) | {header.summary} |" for header in headers]
    tree = _tree([*(f"{header.name} <{header.name}>" for header in headers), "Variables <playbook_variables>"])
    _write("guides.md", "\n".join(["# Playbooks", "", "| playbook | does |", "|---|---|", *lines, "", tree]))
    _write("playbook_variables.md", playbook_pages.render(headers))


def write_reference() -> None:
    """Pages of plugins and roles, under their short names; what playbooks use among themselves is left out."""
    folder = SOURCE / "reference"
    collection = ["--use-current", "--squash-hierarchy", "--cleanup", "everything", "--dest-dir", folder, "alicloud.ecs_access"]
    folder.mkdir(mode=0o755)
    subprocess.run(["antsibull-docs", "collection", *collection], check=True)
    for private in ("index.rst", *(path.name for pattern in ("access_*_module.rst", "_*.rst") for path in folder.glob(pattern))):
        (folder / private).unlink()
    for name, title, kinds in _REFERENCE:
        rows, entries = [], []
        for path in sorted(folder.glob("*.rst")):
            match = re.fullmatch(rf"(\w+)_({kinds})", path.stem)
            if not match:
                continue
            found = _TITLE.search(path.read_text(encoding="utf-8"))
            text = re.sub(r"\\(.)", r"\1", found[1]) if found else ""
            label = match[1] if match[2] == name[:-1] else f"{match[1]} ({match[2]})"
            rows.append(f"| [`{match[1]}`](reference/{path.name}) | {text} |")
            entries.append(f"{label} <reference/{path.stem}>")
        more = ["Environment variables <reference/environment_variables>"] if name == "plugins" else []
        _write(f"{name}.md", "\n".join([f"# {title}", "", "| name | does |", "|---|---|", *rows, "", _tree(entries + more)]))


def write_questions() -> None:
    """Where to ask, under the name by which the pages of plugins refer to it."""
    links = yaml.safe_load((DOCS / "docsite" / "links.yml").read_text(encoding="utf-8"))
    entries = [(link["description"], link["url"]) for link in links["extra_links"]]
    entries += [(forum["topic"], forum["url"]) for forum in links["communication"]["forums"]]
    _write("questions.md", "\n".join(["(communication_for_alicloud.ecs_access)=", "# Questions", "", *(f"- [{text}]({url})" for text, url in entries), ""]))


def main() -> int:
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "-r", DOCS / "requirements.txt"], check=True)
    shutil.rmtree(SOURCE.parent, ignore_errors=True)
    # antsibull-docs insists on a folder that only its owner may write to.
    SOURCE.mkdir(parents=True, mode=0o755)
    for path in DOCS.glob("*.md"):
        shutil.copy2(path, SOURCE)
    shutil.copytree(DOCS / "drawings", SOURCE / "drawings")
    write_playbooks()
    write_reference()
    write_questions()
    shutil.rmtree(BUILD / "html", ignore_errors=True)
    subprocess.run(["sphinx-build", "-q", "-W", "-n", "--keep-going", "-b", "html", "-c", DOCS, SOURCE, BUILD / "html"], check=True)
    print(f"docs: open {BUILD / 'html' / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fragment is meant to grant, and what cvtsudoers says that it grants, in the same terms."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import WantedUser


def meant(user: WantedUser) -> dict[str, Any]:
    """The grant that the entry asks for."""
    runas_users, _colon, runas_groups = re.sub(r"#0+(?=[0-9])", "#", user.sudo_runas).partition(":")
    return {
        "user": user.name,
        "hosts": ["ALL"],
        "runas": [word.strip() for word in runas_users.split(",") if word.strip()],
        "groups": [word.strip() for word in runas_groups.split(",") if word.strip()],
        "nopasswd": user.sudo == "nopasswd",
        "commands": [_plain(command) for command in user.sudo_commands] or [(False, "ALL")],
    }


def granted(answer: dict[str, Any]) -> dict[str, Any]:
    """The same from cvtsudoers' JSON; as it is where it holds more than one grant to one user."""
    if [len(spec["User_List"]) for spec in answer.get("User_Specs", [])] != [1] or "username" not in answer["User_Specs"][0]["User_List"][0]:
        return answer
    (spec,) = answer["User_Specs"]
    first = spec["Cmnd_Specs"][0]
    options = [_options(entry) for entry in spec["Cmnd_Specs"]]
    return {
        "user": spec["User_List"][0]["username"],
        "hosts": [str(name) for host in spec["Host_List"] for name in host.values()],
        "runas": [_runas(word) for word in first.get("runasusers", []) if word != {"username": ""}],
        "groups": [str(value) for word in first.get("runasgroups", []) for value in word.values()],
        # SETENV comes with ALL; nothing else may.
        "nopasswd": all(option.pop("authenticate", True) is False for option in options) if not any(map(_strange, options)) else options,
        "commands": [_command(command) for entry in spec["Cmnd_Specs"] for command in entry["Commands"]],
    }


def _options(entry: dict[str, Any]) -> dict[str, Any]:
    # What is no dictionary is an option that one version writes wrongly; it is strange all the same.
    return {name: value for option in entry.get("Options", []) for name, value in (option.items() if isinstance(option, dict) else [(option, "")])}


def _strange(options: dict[str, Any]) -> bool:
    return bool(set(options) - {"authenticate", "setenv"})


def _runas(word: dict[str, Any]) -> str:
    ((kind, value),) = word.items()
    return {"userid": "#", "usergroup": "%", "usergid": "%#"}.get(kind, "") + str(value)


def _command(entry: dict[str, Any]) -> tuple[bool, str]:
    digest = "".join(f"{name}:{entry[name]} " for name in ("sha224", "sha256", "sha384", "sha512") if name in entry)
    return entry.get("negated", False), digest + entry.get("command", entry.get("cmndalias", ""))


def _plain(command: str) -> tuple[bool, str]:
    """Negated or not, and the command with one blank between words and without the backslashes that sudoers asks for."""
    text = command.strip()
    negated = text.startswith("!")
    words = re.findall(r"(?:\\.|[^\\\s])+", text.lstrip("! \t"))
    return negated, " ".join(re.sub(r"\\([ \\,:=#])", r"\1", word) for word in words)

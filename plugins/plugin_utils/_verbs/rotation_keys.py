# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two keys of a rotation, by region: a pair of one name can hold different keys in two regions.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted_keys import parse_revoked
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.plan import KeyPair
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import KeyFormatError, PublicKey, parse_public_key

from .._people.answer import describe_people
from .._people.source import TeamReader
from .._playbooks import rotation
from .tools import StepFailed, Tools, reason

_EMPTY: dict[str, Any] = {
    "old_name": "", "old_line": "", "old_fingerprint": "", "old_pairs": [], "new_line": "", "new_fingerprint": "", "problem": "", "missing": False,
}  # fmt: skip


def check_old_key(tools: Tools) -> None:
    """Raises StepFailed for a file that is not a public key."""
    _given_key(tools)


def find_keys(tools: Tools, region: str) -> None:
    """Look the keys up, once for each region."""
    if region in (tools.store.read("keys") or {}):
        return
    found = {**_EMPTY, **_find_old(tools, region)}
    if not found["problem"]:
        found.update(_find_new(tools, region, found))
    tools.store.update("keys", {region: found})


def of_host(tools: Tools) -> dict[str, Any]:
    """The keys of this host's region."""
    return (tools.store.read("keys") or {}).get(str(tools.get("ecs_region", "") or ""), {**_EMPTY, "problem": "its region is not known"})


def instance_of(tools: Tools) -> dict[str, Any]:
    """What ECS knows of this host's instance, or why it is not one."""
    instance_id = str(tools.get("ecs_instance_id", "") or "")
    missing = {"failed": True, "msg": "not an instance: the inventory has no ecs_instance_id and ecs_region for it"}
    return (tools.store.read("instances") or {}).get(instance_id) or missing


def note_new_key(tools: Tools, region: str, line: str) -> None:
    """The key pair exists now."""
    keys = (tools.store.read("keys") or {})[region]
    if line:
        keys.update(_new(parse_public_key(line)))
    tools.store.update("keys", {region: keys})


def old_pairs(tools: Tools) -> list[tuple[str, str]]:
    """Region and name of every pair that holds the old key."""
    return [(region, name) for region, keys in sorted((tools.store.read("keys") or {}).items()) for name in keys["old_pairs"]]


def holders_in_team(tools: Tools, fingerprint: str) -> list[str]:
    """People whom the team file, if there is one, gives the old key on this host."""
    if not fingerprint or not any(name.startswith("ssh_users_") for name in tools.variables):
        return []
    today = datetime.datetime.now(datetime.timezone.utc).date()
    answer = describe_people(TeamReader().read(tools.variables, tools.action._templar.template), tools.variables, today)
    return rotation.team_holders(answer["users"], fingerprint)


def is_revoked_in_team(tools: Tools, line: str) -> bool:
    """Whether the team file, if there is one, takes the new key from everybody: its next run would."""
    given = tools.get("ssh_users_revoked_keys") or []
    return bool(line) and parse_revoked([given] if isinstance(given, str) else list(map(str, given))).covers(parse_public_key(line))


def public_key_file(tools: Tools, line: str) -> str:
    """A file with this public key, for ssh."""
    path = os.path.join(tools.store.folder, f"key-{hashlib.sha256(line.encode()).hexdigest()[:24]}.pub")
    if not os.path.exists(path):
        tools.store.write_text(path, line + "\n")
    return path


def _find_old(tools: Tools, region: str) -> dict[str, Any]:
    given = str(tools.get("ecs_access_old_key"))
    kind = _kind(tools)
    known = tools.on_controller("ecs_key_pair_info", {"region": region, "include_public_key": True})
    if known.get("failed"):
        return {"problem": reason(known)}
    pairs = [read_pair(entry) for entry in known["key_pairs"]]
    key, fingerprint, name = _given_key(tools), given.rstrip("=") if kind == rotation.FINGERPRINT else "", ""
    if kind == rotation.PAIR:
        name, pair = given, next((pair for pair in pairs if pair.name == given), None)
        if pair is None:
            return {"old_name": name, "missing": True, "problem": f"there is no key pair {given} in {region}; give the fingerprint or the public key file"}
        if pair.public_key is None:
            return {"old_name": name, "problem": f"ECS does not show the public key of {given}; give its fingerprint or its public key file"}
        key = pair.public_key
    if key is None:
        key = next((pair.public_key for pair in pairs if pair.public_key and pair.public_key.fingerprint_sha256 == fingerprint), None)
    holding = [pair.name for pair in pairs if key is not None and pair.holds(key)]
    line = key._replace(comment="").line if key else ""
    return {
        "old_name": name or (holding[0] if holding else ""),
        "old_line": line,
        "old_fingerprint": key.fingerprint_sha256 if key else fingerprint,
        "old_pairs": holding,
    }


def _find_new(tools: Tools, region: str, old: Mapping[str, Any]) -> dict[str, Any]:
    arguments = {"name": tools.get("ecs_access_key_pair_name"), "region": region, "private_key_path": tools.path("ecs_access_private_key_path")}
    made = tools.on_controller("ecs_key_pair", arguments, check=True)
    if made.get("failed"):
        return {"problem": reason(made)}
    if str(arguments["name"]) in old["old_pairs"]:
        return {"problem": f"the key pair {arguments['name']} holds the old key"}
    try:
        key = parse_public_key(str((made.get("key_pair") or {}).get("public_key") or ""))
    except KeyFormatError:
        return {}
    if key.fingerprint_sha256 == old["old_fingerprint"]:
        return {"problem": "the new key is the old one; move the private key file away to have another one made"}
    return _new(key)


def _new(key: PublicKey) -> dict[str, Any]:
    return {"new_line": key._replace(comment="").line, "new_fingerprint": key.fingerprint_sha256}


def read_pair(entry: Mapping[str, Any]) -> KeyPair:
    """A pair as ecs_key_pair_info has it."""
    try:
        key = parse_public_key(str(entry.get("public_key") or ""))
    except KeyFormatError:
        key = None
    return KeyPair(entry["name"], entry["fingerprint"], key, {}, "", "")


def _kind(tools: Tools) -> str:
    given = str(tools.get("ecs_access_old_key"))
    return rotation.kind_of(given, os.path.isfile(tools.path("ecs_access_old_key")))


def _given_key(tools: Tools) -> PublicKey | None:
    """The key of the file that was given; None if none was."""
    if _kind(tools) != rotation.FILE:
        return None
    path = tools.path("ecs_access_old_key")
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return parse_public_key(stream.read(65536).strip(), path)
    except OSError as exc:
        raise StepFailed(f"ecs_access_old_key names the file {path}, which cannot be read: {exc.strerror}.") from None
    except AccessError as exc:
        given = str(tools.get("ecs_access_old_key"))
        more = "" if "/" in given or given.startswith("~") else f"; if the key pair {given} is meant, start the run in a folder without a file of that name"
        raise StepFailed(f"ecs_access_old_key: {exc.text}{more}") from None

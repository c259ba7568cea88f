# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared: each part makes one batch of cases, asks both sides, and answers how many cases there were and where they differ."""

from __future__ import annotations

import base64
import re
from random import Random
from typing import Any, Callable

from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.sudoers import render_fragment
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import WantedError, WantedUser, parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import (
    Revoked,
    WantedKey,
    parse_key_file,
    plan_key_file,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import PublicKey
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers import parse_rules, rules_for
from batch import Batch
from hostile_parts import HOSTILE_PARTS
from key_files import TIMES, key_file, key_line, options, words
from key_oracle import effect_of, fingerprint, said_by_keygen, said_by_model, said_by_sshd
from login_parts import LOGIN_PARTS
from sudo_files import ACCOUNTS, USERS, sudoers, user_entry
from sudo_oracle import granted, meant


def key_reading(tools: Any, random: Random) -> Batch:
    """Every line of a file: whom sshd lets in by it, and with what options; what ssh-keygen -l takes for a key."""
    content, blobs = key_file(random, 40)
    content = _known(tools, content)
    blobs = list(dict.fromkeys(blobs + [line.key.blob for line in parse_key_file(content) if line.key is not None]))
    sshd = said_by_sshd(tools, content, blobs)
    return Batch(len(blobs), len(sshd), _compare_sshd(said_by_model(content, blobs), sshd, content) + _compare_keygen(tools, content))


def key_writing(tools: Any, random: Random) -> Batch:
    """Wanted keys put into a file: sshd lets in who is wanted, with those options, and nobody who must go; others as before."""
    content, blobs = key_file(random, 15)
    content = _known(tools, content)
    keys = [_wanted_key(tools, random, number) for number in range(10, 40)]
    wanted = {key.key.blob: key for key in keys if key is not None}
    before = {line.key.blob for line in parse_key_file(content) if line.key is not None}
    revoked = Revoked(frozenset(random.sample(blobs, 2)))
    exclusive = random.random() < 0.3
    edit = plan_key_file(parse_key_file(content), list(wanted.values()), exclusive, revoked)
    blobs = list(dict.fromkeys([*blobs, *before, *wanted]))
    sshd = said_by_sshd(tools, edit.content, blobs)
    found = _compare_sshd(said_by_model(edit.content, blobs), sshd, edit.content)
    for blob in blobs:
        key = wanted.get(blob)
        said = sshd.get(fingerprint(blob))
        if revoked.covers(PublicKey("", blob)) or (exclusive and key is None) or (key is not None and not key.present):
            found += [f"sshd lets a key in that must go: {said} in {edit.content!r}"] if said else []
        elif key is not None and (key.options is not None or blob not in before) and (said and said[1:]) != effect_of(key):
            found.append(f"{key} is {said} to sshd in {edit.content!r}")
    if plan_key_file(parse_key_file(edit.content), list(wanted.values()), exclusive, revoked).changes:
        found.append(f"a second run changes something: {edit.content!r}")
    return Batch(len(keys), len(sshd), found)


def sudo_writing(tools: Any, random: Random) -> Batch:
    """Fragments: visudo accepts what we accept, and what is granted is what was asked for, to this user alone."""
    entries = [user_entry(random) for _number in range(40)]
    users = [user for entry in entries if (user := wanted_user(entry)) is not None]
    texts = [render_fragment(user.name, user.sudo_lines) for user in users]
    found = misread_fragments(tools, users)
    tools.accounts(ACCOUNTS)
    some = random.sample(range(len(texts)), min(3, len(texts)))
    for index, names in zip(some, tools.sudo([texts[index] for index in some], USERS)):
        # To sudo, Ann and ann are one user.
        if names is not None and set(names) != {users[index].name.lower()} & set(USERS):
            found.append(f"sudo grants something to {names} by {texts[index]!r}")
    return Batch(len(entries), len(users), found)


def misread_fragments(tools: Any, users: list[WantedUser]) -> list[str]:
    """Fragments of these users that visudo refuses, or that grant something else to sudo than what is meant."""
    texts = [render_fragment(user.name, user.sudo_lines) for user in users]
    found = []
    for user, text, answer, (accepted, said) in zip(users, texts, tools.granted(texts), tools.visudo(texts)):
        if not accepted or answer is None:
            found.append(f"visudo refuses {text!r}: {said}")
        elif granted(answer) != meant(user):
            found.append(f"{text!r} grants {granted(answer)}, meant is {meant(user)}")
    return found


def sudo_reading(tools: Any, random: Random) -> Batch:
    """Rules of others: nobody whom sudo grants anything is overlooked."""
    ids = tools.accounts(ACCOUNTS)
    texts = [sudoers(random, ids) for _number in range(15)]
    found, accepted = [], 0
    for text, names in zip(texts, tools.sudo(texts, USERS)):
        rules = parse_rules("/etc/sudoers", text)
        accepted += names is not None
        for name in names or ():
            groups = [group for group, members in ACCOUNTS.items() if name in members]
            if not rules_for(name, [*groups, name], rules, ["#" + ids[name], *("%#" + ids[group] for group in groups)]):
                found.append(f"sudo grants something to {name} by {text!r}, and no rule is found")
    return Batch(len(texts), accepted, found)


PARTS: dict[str, Callable[[Any, Random], Batch]] = {
    "key_reading": key_reading, "key_writing": key_writing, "sudo_reading": sudo_reading, "sudo_writing": sudo_writing,
    **LOGIN_PARTS, **HOSTILE_PARTS,
}  # fmt: skip


def _compare_sshd(model: dict, sshd: dict, content: bytes) -> list[str]:
    lines = content.split(b"\n")
    found = []
    for name in model.keys() | sshd.keys():
        if model.get(name) != sshd.get(name):
            number = (sshd.get(name) or model.get(name))[0]
            found.append(f"sshd: {sshd.get(name)}, here: {model.get(name)}: {lines[number - 1]!r}")
    return found


def _compare_keygen(tools: Any, content: bytes) -> list[str]:
    """The lines that ssh-keygen reads as sshd does: it wants one blank after options, ends a line at any CR, and knows numbers in front."""
    lines = [line for line in content.split(b"\n") if not re.search(rb"\0|\r.|^[ \t]*[-+]?[0-9]", line)]
    lines = [line for line in lines if not re.search(rb"[ \t]{2}", line[: re.search(rb"AAAA|$", line).start()])]
    content = b"\n".join(lines)
    model = [(str(line.key.bits), line.key.fingerprint_sha256) for line in parse_key_file(content) if line.key is not None]
    said = said_by_keygen(tools, content)
    return [] if model == said else [f"ssh-keygen: {set(said) - set(model)}, here: {set(model) - set(said)}: {content!r}"]


def _known(tools: Any, content: bytes) -> bytes:
    """Without the lines that this sshd is too old for."""
    if not tools.is_old:
        return content
    strange = re.compile(rb'(?i)expiry-time=(?!"(?:%s)")|environment.*environment' % "|".join(TIMES[:3]).encode())
    return b"\n".join(line for line in content.split(b"\n") if not strange.search(line))


def _wanted_key(tools: Any, random: Random, number: int) -> WantedKey | None:
    """A key as ssh_access reads it from a list of keys, None where it refuses."""
    line, blob = key_line(random, number)
    item: Any = line
    if random.random() < 0.6:
        item = {"key": "{} {}".format(blob[4 : 4 + blob[3]].decode(), base64.b64encode(blob).decode()), "state": random.choice(("present", "absent"))}
        if random.random() < 0.8:
            item |= {"options": options(random), "state": "present"}
        if random.random() < 0.5:
            item["comment"] = words(random)
    try:
        (key,) = parse_wanted({"users": [{"name": "fuzz", "authorized_keys": [item]}]}).users[0].keys
    except WantedError:
        return None
    return key if _known(tools, (key.options or "no").encode()) else None


def wanted_user(entry: dict[str, Any]) -> WantedUser | None:
    """None where ssh_access refuses, and for regular expressions, which are none to older versions of sudo."""
    try:
        user = parse_wanted({"users": [entry]}).users[0]
    except WantedError:
        return None
    return None if any(re.search(r"(^|[\s!])\^", command) for command in user.sudo_commands) else user

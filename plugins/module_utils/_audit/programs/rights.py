# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of sudoers and what sudo makes of them for each account, sshd's settings, trusted authorities, revoked keys, our record.

Sent as text, behind the text of what it imports from here, and run as root: Python 2.7 and 3, standard library. Every judgement is
the controller's.
Note that this module util is **PRIVATE** to the collection.
"""

import grp
import json
import os
import pwd
import re
import socket
import sys
import time

from ..._system.server import find_server, is_roots, read_settings, run, slurp
from .frames import directory_names, read_key, show, text

GENERAL = re.compile("port$|permitroot|passwordauth|authorizedkeys|trusteduser|revoked|loglevel")
INCLUDE = re.compile(r"\s*[#@](include|includedir)\s+(\"[^\"]+\"|(?:\\.|[^\s\\])+)\s*$")
RECORD = "/var/lib/alicloud-ecs-access/people.json"
MACHINE_IDS = ("/var/lib/cloud/data/instance-id", "/sys/class/dmi/id/product_uuid", "/etc/machine-id")
SECONDS = 20  # for questions to sudo


def read_sudoers(path, found):
    # type: (str, dict[str, list[str]]) -> None
    """The lines of a file and of all that it includes, by path."""
    if path in found or len(found) > 300:
        return
    found[path] = text(slurp(path)).split("\n")
    for line in found[path]:
        include = INCLUDE.match(line)
        if not include:
            continue
        name = include.group(2).strip('"') if '"' in line else re.sub(r"\\(.)", r"\1", include.group(2))
        target = os.path.join(os.path.dirname(path), name.replace("%h", socket.gethostname().split(".")[0]))
        if include.group(1) == "include":
            read_sudoers(target, found)
        elif os.path.isdir(target):
            for entry in sorted(os.listdir(target)):
                if "." not in entry and not entry.endswith("~"):
                    read_sudoers(os.path.join(target, entry), found)


def sudoers_records(files):
    # type: (dict[str, list[str]]) -> list[list]
    """The lines that may count, with their numbers: comments stay behind, unless one goes on in the next line."""
    records = []
    for path in sorted(files, key=lambda path: (path != "/etc/sudoers", path)):
        held = False
        for number, line in enumerate(files[path], 1):
            if held or line.endswith("\\") or (line.strip() and not re.match(r"\s*(#(?!-?\d)|@)", line)):
                records.append(["sudoers", path, number, line[:4000]])
            held = line.endswith("\\")
    return records


def named_in(records):
    # type: (list[list]) -> set[str] | None
    """Words of the rules in lower case; None where anybody may be meant."""
    lines = "\n".join(record[3].rstrip("\\") for record in records if not record[3].lstrip().startswith("Defaults"))
    sources = "".join(re.findall(r"(?m)^sudoers:(.*)", text(slurp("/etc/nsswitch.conf"))))
    if re.search(r"(?m)[\"\\]|^\s*ALL\b|^\s*User_Alias|(^|[\s,])\+", lines) or re.sub("files|[^a-z]", "", sources):
        return None
    return set(re.findall(r"[^\s,=:!()%]+", lines.lower()))


def ask_sudo(records):
    # type: (list[list]) -> None
    """Add what sudo lists for each account that a rule may be about; equal lists once."""
    words, late = named_in(records), time.time() + SECONDS
    local = [line.split(":")[0] for line in text(slurp("/etc/passwd", 1 << 22)).split("\n") if re.match("[^#+:-][^:]*:", line)]
    groups, listings = grp.getgrall(), []  # type: list[grp.struct_group], list[str]
    for name in sorted(set(local)) + directory_names(set(local)):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        mine = set([name.lower(), "#%d" % user.pw_uid, "#%d" % user.pw_gid])
        for group in groups:
            if name in group.gr_mem or group.gr_gid == user.pw_gid:
                mine.update((group.gr_name.lower(), "#%d" % group.gr_gid))
        if words is not None and not mine & words:
            continue
        ended = run(("sudo", "-n", "-ll", "-U", name)) if time.time() < late else None
        what = "sudo rights of " + name
        if ended is None:
            records.append(["unread", what, "sudo had no time left to be asked"])
        elif "not allowed to run sudo" in ended.out + ended.err:
            continue
        elif ended.code or "\nSudoers entry:" not in ended.out:
            why = " ".join(ended.err.split())[-200:] or "they come from a directory or in a form that is not known"
            records.append(["unread", what, why])
        else:
            listing = re.sub(r"(?m)^(User|Matching) .*\n", "", ended.out)[:16000]
            if listing not in listings:
                listings.append(listing)
                records.append(["listing", len(listings) - 1, listing])
            records.append(["sudo", name, listings.index(listing)])


def read_given(records):
    # type: (list[list]) -> None
    """What we gave, by our record, where the record is root's and this machine's."""
    content = slurp(RECORD)
    if not content:
        return
    try:
        values = json.loads(text(content))
        here = [text(one)[:200].strip() for one in map(slurp, MACHINE_IDS) if one.strip()]
        if not is_roots(RECORD) or values["format"] != 1:
            raise ValueError("it is not root's alone, or of another version")
        if here and values["machine"] and values["machine"] != here[0]:
            raise ValueError("it is that of another machine, from which this one was copied")
        found = []
        for owner, accounts in sorted(values["owners"].items()):
            for name, given in sorted(accounts.items()):
                keys = [read_key(line.encode("ascii")) for line in sorted(given["keys"])]
                uid = -1 if given["uid"] is None else given["uid"]
                found += [["given", owner, name, uid, given["since"], key[2] if key else ""] for key in [None] + keys]
        records += found
    except Exception as exc:  # noqa: BLE001
        records.append(["unread", RECORD, "it cannot be used: %s" % str(exc)[:100]])


def read_lists(records, settings):
    # type: (list[list], dict[str, list[str]]) -> None
    """Keys of authorities, and fingerprints of keys that sshd refuses."""
    for path in settings.get("trustedusercakeys", []):
        for number, line in enumerate(slurp(path).split(b"\n"), 1):
            key = read_key(line)
            if key:
                records.append(["authority", path, number] + key)
    for path in settings.get("revokedkeys", []):
        content = slurp(path)
        binary = content.startswith(b"SSHKRL")
        if path.lower() != "none":
            records.append(["revoked", path, "", "binary" if binary else "ok" if os.path.exists(path) else "missing"])
            found = [read_key(line) for line in content.split(b"\n")] if not binary else []
            records += [["revoked", path, print_, ""] for print_ in sorted(set(key[2] for key in found if key))]


def collect():
    # type: () -> list[list]
    """The records of this chapter, the same for the same host."""
    records = []  # type: list[list]
    try:
        settings = read_settings(find_server(), "no.such.user", GENERAL)
        records.append(["general", settings])
        read_lists(records, settings)
    except Exception as exc:  # noqa: BLE001
        records.append(["unread", "sshd", str(exc)[:200]])
    files = {}  # type: dict[str, list[str]]
    try:
        read_sudoers("/etc/sudoers", files)
        rules = sudoers_records(files)
        ask_sudo(rules)
        records += rules
    except Exception as exc:  # noqa: BLE001
        records.append(["unread", "sudo", str(exc)[:200]])
    read_given(records)
    return records


def main(request):
    # type: (dict) -> None
    show(collect(), request, sys.argv[2])

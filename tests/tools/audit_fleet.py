# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets for tests of the audit: what instances would answer, and the team that is compared with it.

As a program it writes the page of a fleet, to be looked at or measured in a browser:

    python tests/tools/audit_fleet.py small OUT.html
    python tests/tools/audit_fleet.py big OUT.html
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import random
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.document import Audit
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.join import Joiner
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.judge import judge
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.page import render_page
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.picture import Instance, Origin, Picture
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.roster import read_expected, read_roster
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.shape import read_host
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.people_of_host import Host
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.team import Team, read_team

NOW = datetime.datetime(2026, 11, 27, 9, 30, tzinfo=datetime.timezone.utc)
SCHEMA = "alicloud.ecs_access/host/1"


def key_of(name: str) -> str:
    """A public key that belongs to this name alone."""
    kind, body = b"ssh-ed25519", hashlib.sha256(name.encode()).digest()
    blob = struct.pack(">I", len(kind)) + kind + struct.pack(">I", len(body)) + body
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {name}"


def fingerprint_of(name: str) -> str:
    """The fingerprint of that key."""
    blob = base64.b64decode(key_of(name).split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def account(name: str, uid: int = 1000, **more: Any) -> dict[str, Any]:
    values = {"name": name, "uid": uid, "shell": "/bin/bash", "home": f"/home/{name}", "state": "open", "password": "locked", "expires": None}
    return {**values, "system": 0 < uid < 1000, "record": None, **more}


def key_method(name: str, key: str = "", line: int = 1, **more: Any) -> dict[str, Any]:
    home = "/root" if name == "root" else f"/home/{name}"
    values = {"account": name, "kind": "key", "fingerprint": fingerprint_of(key or name), "type": "ssh-ed25519", "bits": 256, "comment": key or name}
    return {**values, "options": [], "source": f"{home}/.ssh/authorized_keys:{line}", "effective": "yes", "why": None, "last_used": None, **more}


def password_method(name: str, **more: Any) -> dict[str, Any]:
    values = {"account": name, "kind": "password", "fingerprint": None, "type": None, "bits": None, "comment": "", "options": []}
    return {**values, "source": "PasswordAuthentication yes", "effective": "yes", "why": None, "last_used": None, **more}


def right(name: str, line: int = 1, nopasswd: bool = True, commands: list[str] | None = None) -> dict[str, Any]:
    return {"account": name, "by": f"/etc/sudoers.d/90-{name}:{line}", "nopasswd": nopasswd, "commands": commands or []}


def host(**parts: Any) -> dict[str, Any]:
    """The answer of one instance; parts by their names."""
    values: dict[str, Any] = {"schema": SCHEMA, "instance_id": None, "name": None, "region": None, "via": "ssh", "seen": True, "why": None}
    values.update(accounts=[], login_methods=[], root=[], private_keys=[], at_next_boot=[], unread=[], log_since="2026-01-01T00:00:00Z")
    values["sshd"] = {"ports": [22], "permit_root_login": "prohibit-password", "password_authentication": False}
    return {**values, **parts}


def no_file(name: object) -> str:
    raise ValueError(f"the key file {name} cannot be read: No such file or directory")


def team_of(**variables: Any) -> Team:
    """The team of these variables, without their common prefix."""
    return read_team({f"ssh_users_{name}": value for name, value in variables.items()}, no_file)


def picture_of(hosts: dict[str, dict[str, Any]], team: Team, groups: dict[str, tuple[str, ...]] | None = None, **origin: Any) -> Picture:
    """Instances by name, with what each answered, joined with the team."""
    values = {"generated_at": "2026-11-27T09:30:00Z", "collection": "alicloud.ecs_access 1.0.0", "inventory": len(hosts), **origin}
    roster = read_roster(team)
    joiner = Joiner(Origin(**{"team": roster.given, "owner": roster.owner, **values}))
    for name, answer in hosts.items():
        mine = (groups or {}).get(name, ())
        expected = read_expected(team, Host(name, mine), NOW.date())
        joiner.add(Instance(f"i-{name}", name, "cn-hangzhou", mine), read_host(answer), roster, expected)
    return joiner.finish()


def audit_of(hosts: dict[str, dict[str, Any]], team: Team, groups: dict[str, tuple[str, ...]] | None = None, before: Picture | None = None) -> Audit:
    return judge(picture_of(hosts, team, groups), before, [], NOW)


def small_fleet() -> Audit:
    """A dozen instances with a bit of everything."""
    people = [{"name": name, "authorized_keys": [key_of(name)]} for name in ("anna", "ben", "carla", "dmitri", "emil", "fatima", "john")]
    people[4]["until"] = "2027-01-31"
    people += [{"name": "mary", "state": "absent", "authorized_keys": [key_of("mary")]}, {"name": "deploy", "authorized_keys": [key_of("deploy")]}]
    access = [
        {"users": ["anna", "ben"], "hosts": "env_prod", "sudo": "nopasswd"},
        {"users": ["carla", "dmitri", "deploy"], "hosts": "role_web"},
        {"users": ["emil"], "hosts": "role_db", "sudo_commands": ["/usr/bin/pg_ctl"]},
        {"users": ["fatima", "john"], "hosts": "role_db:role_web:&env_prod", "sudo": "password"},
    ]
    team = team_of(accounts=people, access=access)
    names = [*(f"web-{index}" for index in range(1, 7)), *(f"db-{index}" for index in range(1, 4)), "bastion", "build-1", "legacy"]
    groups = {name: tuple(sorted({"all", f"role_{name.split('-')[0]}", "env_prod" if name not in ("build-1", "legacy") else "env_dev"})) for name in names}
    hosts = {}
    for name in names:
        expected = {who: want for who, want in read_expected(team, Host(name, groups[name]), NOW.date()).items() if want.state == "present"}
        used = "2026-11-20T08:00:00Z"
        answer = host(accounts=[account("root", 0)])
        for index, (who, want) in enumerate(expected.items()):
            answer["accounts"].append(account(who, 1000 + index, record={"owner": "default", "since": "2026-05-01", "keys": [fingerprint_of(who)]}))
            answer["login_methods"].append(key_method(who, last_used=used))
            if want.right == "root":
                answer["root"].append(right(who, nopasswd=want.nopasswd))
            elif want.right == "some":
                answer["root"].append(right(who, commands=["/usr/bin/pg_ctl"]))
        hosts[name] = answer
    hosts["web-3"]["accounts"].append(account("mary", 1020))
    hosts["web-3"]["login_methods"].append(key_method("mary", line=2))
    hosts["web-4"]["login_methods"].append(key_method("root", "old laptop", 1, last_used="2026-11-25T22:10:00Z"))
    hosts["web-5"]["root"].append(right("carla", 4))
    hosts["web-6"]["login_methods"] = [method for method in hosts["web-6"]["login_methods"] if method["account"] != "dmitri"]
    hosts["db-1"]["private_keys"].append({"path": "/home/ben/.ssh/id_ed25519", "account": "ben", "fingerprint": fingerprint_of("deploy"), "encrypted": False})
    hosts["db-2"]["login_methods"].append(key_method("root", "anna", 3))
    hosts["db-3"] = {**host(), "seen": False, "why": "connection timed out"}
    hosts["bastion"]["login_methods"].append(password_method("ben", effective="unknown", why="PAM could not be asked"))
    hosts["bastion"]["unread"].append({"what": "/home/fatima/.ssh/authorized_keys", "why": "Permission denied"})
    hosts["build-1"]["accounts"].append(account("jenkins", 990))
    hosts["build-1"]["login_methods"].append(key_method("jenkins", "jenkins@ci", type="ssh-rsa", bits=1024))
    hosts["build-1"]["at_next_boot"].append("cloud-init adds the key SHA256:... to root again")
    hosts["legacy"]["accounts"].append(account("olduser", 1001))
    hosts["legacy"]["login_methods"].append(key_method("olduser", "olduser@home", 1, effective="unknown", why="AuthorizedKeysCommand could not be asked"))
    hosts["legacy"]["root"].append(right("olduser"))
    before = {name: dict(answer) for name, answer in hosts.items()}
    before["web-5"] = {**before["web-5"], "root": before["web-5"]["root"][:-1]}
    before["web-1"] = {**before["web-1"], "accounts": [*before["web-1"]["accounts"], account("gone", 1030)]}
    before["web-1"]["login_methods"] = [*before["web-1"]["login_methods"], key_method("gone")]
    earlier = picture_of(before, team, groups, generated_at="2026-11-20T09:30:00Z")
    return audit_of(hosts, team, groups, earlier)


def big_hosts(people: int, instances: int, each: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """People on so many instances each, and no two last used on the same day by rule."""
    chance = random.Random(1)
    on: dict[int, list[int]] = {}
    for person in range(people):
        for index in chance.sample(range(instances), each):
            on.setdefault(index, []).append(person)
    for index in range(instances):
        answer = host(accounts=[account("root", 0)])
        for person in on.get(index, []):
            name = f"person-{person:03d}"
            used = (NOW - datetime.timedelta(days=chance.randrange(0, 300), minutes=chance.randrange(1440))).strftime("%Y-%m-%dT%H:%M:%SZ")
            answer["accounts"].append(account(name, 1000 + person))
            answer["login_methods"].append(key_method(name, last_used=used))
            if person % 3 == 0:
                answer["root"].append(right(name))
            if person % 3 == 1:
                answer["root"].append(right(name, commands=["/usr/bin/systemctl restart app"]))
        yield f"host-{index:04d}", answer


def big_fleet(people: int = 300, instances: int = 2000, each: int = 200) -> Audit:
    team = team_of(accounts=[{"name": f"person-{person:03d}", "authorized_keys": [key_of(f"person-{person:03d}")]} for person in range(people)],
                   access=[{"users": ["person-000"], "hosts": "all", "sudo": "nopasswd"}])  # fmt: skip
    roster = read_roster(team)
    joiner = Joiner(Origin("2026-11-27T09:30:00Z", "alicloud.ecs_access 1.0.0", team=True, owner=roster.owner, inventory=instances))
    for index, (name, answer) in enumerate(big_hosts(people, instances, each)):
        groups = (f"role_{index % 20}", f"env_{index % 3}")
        expected = read_expected(team, Host(name, groups), NOW.date())
        joiner.add(Instance(f"i-bp1{index:013d}", name, ("cn-hangzhou", "cn-beijing", "eu-central-1")[index % 3], groups), read_host(answer), roster, expected)
    return judge(joiner.finish(), None, [], NOW)


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(render_page({"small": small_fleet, "big": big_fleet}[sys.argv[1]]()), encoding="utf-8")

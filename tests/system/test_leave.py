# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host is given back: what grants nothing is gone, who had access has it; or everything is as it was before the team came."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab import screen
from lab import ssh as lab_ssh
from lab.payload import catch_module
from lab.strace import FOLDER as STRACE
from lab.strace import put_strace
from lab.verbs import known_inventory

LEAVE, ONBOARD, TEMPORARY = (f"alicloud.ecs_access.{name}" for name in ("leave", "onboard", "temporary_login"))
MODULE = "alicloud.ecs_access.access_leave"
REVOKE = """
- hosts: web-1
  gather_facts: false
  tasks:
    - alicloud.ecs_access.sshd_pubkey:
        revoked_keys: ["{{ key }}"]
"""
DROP_IN, REVOKED = "/etc/ssh/sshd_config.d/00-alicloud-ecs-access.conf", "/etc/ssh/alicloud-ecs-access-revoked-keys"
ACCOUNTS = {f"/etc/{name}" for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")}
PLUGIN = "/usr/local/share/aliyun-assist/"
STATE = "/var/lib/alicloud-ecs-access"
RECORD = f"{STATE}/people.json"
# Kind, mode, owner, target and hash of every file; not what a running system writes by itself.
TREE = r"""
find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/cache \
    -o -path /var/lib/systemd -o -path /run -o -path /root/.ansible -o -path /var/lib/aliyun-assist -o -path /usr/local/share/aliyun-assist/work \
    -o -name __pycache__ \) -prune -o \! -type d -printf '%y %m %U:%G %l %p\n' | sort -k5 > /dev/shm/tree
find /run -maxdepth 1 -name '*ecs*access*' \! -name ecs-access -printf '%y - - - %p\n' >> /dev/shm/tree
find /var/lib/alicloud-ecs-access /etc/ssh /etc/sudoers.d -type d -printf '%y %m %U:%G - %p\n' >> /dev/shm/tree 2> /dev/null
find /etc /root/.ssh /home -xdev -type f -exec sha256sum {} + 2> /dev/null | sort -k2 >> /dev/shm/tree
cat /dev/shm/tree; rm /dev/shm/tree
"""
# What the shadow utilities keep of the files that they change, and sudo's own note.
BACKUPS = ("/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-", "/etc/.pwd.lock")


class Tree(dict):
    """Path to what it is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        for line in text.splitlines():
            what, _blank, path = line.rpartition(" ")
            if path not in BACKUPS:
                self[path.strip()] = f"{self.get(path.strip(), '')} {what}"

    def differs_from(self, other: Tree) -> set[str]:
        """Paths, but for homes, and what Cloud Assistant keeps by itself."""
        found = {path for path in {*self, *other} if self.get(path) != other.get(path)}
        return {path for path in found if not path.startswith(("/home/ann/", "/home/ben/", PLUGIN))}


class World:
    """One instance, onboarded by a team of two and prepared for temporary keys; a key of nobody's is revoked."""

    def __init__(self, fleet, folder: Path, playbook, ssh, controller_key) -> None:
        self.fleet, self.folder, self._playbook, self._ssh, self.key = fleet, folder, playbook, ssh, controller_key
        self.host = fleet["web-1"]
        self.inventory, self.known_hosts = known_inventory(fleet, folder)
        self.records = folder / "records"
        self.keys = {name: lab_ssh.make_key(folder, name) for name in ("ann", "ben", "dora", "lost")}

    def run(self, playbook: str, variables: dict, *options: str, user: str = "", environment: dict | None = None):
        key = self.keys[user] if user else self.key
        place = {**self.fleet.environment(), "COLUMNS": "400", "ANSIBLE_PRIVATE_KEY_FILE": str(key.path), **(environment or {})}
        return self._playbook(playbook, self.inventory, extra_vars={"ecs_access_hosts": "web-1", **variables}, options=options, environment=place)

    def leave(self, *options: str, user: str = "", environment: dict | None = None, **variables):
        given = {"ecs_access_record_dir": str(self.records), **({"ecs_access_login_as": user} if user else {}), **variables}
        return self.run(LEAVE, given, *options, user=user, environment=environment)

    def onboard(self, *people: dict, **variables) -> None:
        done = self.run(ONBOARD, {"ssh_users_accounts": list(people), **variables})
        assert done.returncode == 0, done.output

    def person(self, name: str, **more) -> dict:
        return {"name": name, "authorized_keys": [self.keys[name].public], **more}

    def logs_in(self, user: str, key: str = "", command: str = "true") -> bool:
        done = self._ssh(self.host, user, self.keys[key or user], command, known_hosts=self.known_hosts)
        assert done.returncode != 255 or "Permission denied" in done.stderr, done.stderr
        return done.returncode == 0

    def tree(self) -> Tree:
        return Tree(self.host.exec(TREE))

    def prepare(self, *more: dict) -> None:
        """All that this collection does to a host."""
        self.onboard(self.person("ann", sudo="nopasswd"), self.person("ben"), *more, ssh_server_password_authentication=False)
        key = self.folder / "temporary"
        done = self.run(TEMPORARY, {"ecs_access_private_key_path": str(key), "ecs_access_user": "root"})
        assert done.returncode == 0, done.output
        done = self.run(REVOKE, {"key": self.keys["lost"].public})
        assert done.returncode == 0, done.output

    def reset(self) -> None:
        """As it was, but for the vendor's plugin and its account."""
        self.host.exec(
            f"for name in ann ben carl dora; do userdel -rf $name; rm -rf /home/$name; done; rm -rf {STATE} /etc/sudoers.d/95-* {REVOKED} {DROP_IN};"
            "id ecs-instance-connect || useradd -r -M -s /sbin/nologin ecs-instance-connect && usermod -L ecs-instance-connect;"
            "sed -i '/^# BEGIN alicloud/,/^# END alicloud/d' /etc/ssh/sshd_config; systemctl reload ssh sshd; rm -f /run/*ecs*access*.lock",
            check=False,
        )

    def has_everybody(self) -> bool:
        return self.logs_in("ann", command="sudo -n true") and self.logs_in("ben") and not self.logs_in("ben", command="sudo -n true")


@pytest.fixture(scope="module", params=["debian12", pytest.param("el-like", marks=pytest.mark.long)])
def world(request, start_fleet, tmp_path_factory, playbook, ssh, controller_key):
    with start_fleet({"instances": [{"name": "web-1", "backend": "container", "image": request.param}]}) as fleet:
        made = World(fleet, tmp_path_factory.mktemp("leave"), playbook, ssh, controller_key)
        made.settings = {"/etc/ssh/sshd_config"} if request.param == "el-like" else {DROP_IN}
        yield made


def test_todays_people_and_rights_stay_and_the_rest_goes(world):
    before = world.tree()
    world.prepare()
    onboarded = world.tree()
    record = json.loads(world.host.exec(f"cat {RECORD}"))

    planned = world.leave("--check")
    assert planned.returncode == 0, planned.output
    assert world.tree() == onboarded
    assert not world.records.exists()

    done = world.leave()
    assert done.returncode == 0, done.output
    left = world.tree()
    # Exactly what docs/leave.md lists.
    assert left.differs_from(before) - ACCOUNTS == {*world.settings, REVOKED, "/etc/sudoers.d/95-alicloud-ecs-access-ann"}
    assert "AuthorizedKeysCommand" not in world.host.exec("cat /etc/ssh/sshd_config | grep -v '^#'")
    assert world.has_everybody()
    assert screen.table_row(done.stdout, "web-1") == screen.table_row(planned.stdout, "web-1")
    (saved,) = world.records.iterdir()
    assert json.loads(saved.read_text()) == record
    assert saved.stat().st_mode & 0o777 == 0o600

    again = world.leave()
    assert (again.returncode, again.changed()) == (0, []), again.output
    assert world.tree() == left


@pytest.mark.long
def test_everything_goes_and_who_was_there_before_has_what_he_had(world):
    world.reset()
    world.host.exec(f"useradd -m -p '*' carl && install -d -m 700 -o carl -g carl /home/carl/.ssh && echo '{world.keys['dora'].public}' > /dev/shm/key")
    world.host.exec("install -m 600 -o carl -g carl /dev/shm/key /home/carl/.ssh/authorized_keys; rm /dev/shm/key")
    before = world.tree()
    world.prepare({"name": "carl", "authorized_keys": [world.keys["ben"].public], "sudo": "nopasswd"})
    assert world.logs_in("carl", "ben", "sudo -n true")
    onboarded = world.tree()

    planned = world.leave("--check", ecs_access_leave="everything")
    assert planned.returncode == 0, planned.output
    assert world.tree() == onboarded
    done = world.leave(ecs_access_leave="everything")
    assert done.returncode == 0, done.output
    assert screen.table_row(done.stdout, "web-1") == screen.table_row(planned.stdout, "web-1")
    left = world.tree()
    # Keys that were revoked stay revoked.
    assert left.differs_from(before) == {*world.settings, REVOKED}
    assert not any(world.logs_in(name) for name in ("ann", "ben"))
    assert (world.logs_in("carl", "dora"), world.logs_in("carl", "ben")) == (True, False)
    again = world.leave(ecs_access_leave="everything")
    assert (again.returncode, again.changed()) == (0, []), again.output
    assert world.tree() == left


@pytest.mark.long
def test_another_team_keeps_its_people(world):
    world.reset()
    world.onboard(world.person("ann", sudo="nopasswd"), ssh_server_password_authentication=False)
    world.onboard(world.person("dora", sudo="nopasswd"), ssh_users_owner="dba")
    done = world.leave(ecs_access_leave="everything")
    assert done.returncode == 0, done.output
    assert "dba also manages this host" in screen.table_row(done.stdout, "web-1")
    assert (world.logs_in("ann"), world.logs_in("dora", command="sudo -n true")) == (False, True)
    assert set(json.loads(world.host.exec(f"cat {RECORD}"))["owners"]) == {"dba"}
    assert "passwordauthentication no" in world.host.exec("/usr/sbin/sshd -T")
    again = world.leave(ecs_access_leave="everything")
    assert (again.returncode, again.changed()) == (0, []), again.output

    # Who leaves last takes the rest along.
    last = world.leave(ssh_users_owner="dba")
    assert last.returncode == 0, last.output
    assert world.host.exec(f"ls -d {STATE} /run/*ecs*access*.lock 2> /dev/null; true") == ""
    assert world.logs_in("dora", command="sudo -n true")


@pytest.mark.long
def test_nobody_is_locked_out(world):
    world.reset()
    world.onboard(world.person("ann", sudo="nopasswd"), world.person("ben"), {"name": "dora", "authorized_keys": [world.keys["dora"].public]})
    onboarded = world.tree()
    everything = {"ecs_access_leave": "everything"}
    for sentence, variables in {
        "this run is logged in as ann, who is one of those to go": {"user": "ann"},
        "dora would lose the last key, and is protected": {"ssh_users_protected": ["root", "dora"]},
    }.items():
        refused = world.leave(**everything, **variables)
        assert refused.returncode == 2, refused.output
        assert sentence in refused.output
        assert "nothing was changed" in refused.output
        assert world.tree() == onboarded

    world.host.exec(f'cp {RECORD} /dev/shm/record; echo \'{{"format": 1, "owners"\' > {RECORD}')
    refused = world.leave(**everything)
    assert refused.returncode == 2, refused.output
    assert "the record of this host is damaged, so nobody knows who was given what; nothing was changed" in refused.output
    world.host.exec(f"cat /dev/shm/record > {RECORD}; rm /dev/shm/record")
    assert world.tree() == onboarded

    kept = world.leave(user="ann", **everything, ssh_users_protected=["root", "ann"])
    assert kept.returncode == 0, kept.output
    assert screen.table_row(kept.stdout, "web-1").startswith("web-1 ann ben dora ")
    assert (world.logs_in("ann", command="sudo -n true"), world.logs_in("ben"), world.logs_in("dora")) == (True, False, False)


@pytest.mark.long
def test_what_is_not_plainly_ours_is_neither_followed_nor_removed(world):
    world.reset()
    world.onboard(world.person("ann", sudo="nopasswd"))
    world.host.exec(
        f"mkdir -m 700 /root/mine && touch /root/mine/rollback.sh && rm -rf {STATE}/sshd && ln -s /root/mine {STATE}/sshd;"
        "install -o ann -m 600 /dev/null /etc/ssh/.sshd_config.alicloud-ecs-access; ln -s /etc/shadow /etc/ssh/sshd_config.before-temporary-keys"
    )
    done = world.leave()
    assert done.returncode == 2, done.output
    for text in (
        f"{STATE}/sshd: it is a symbolic link",
        "/etc/ssh/.sshd_config.alicloud-ecs-access: it belongs to uid",
        "/etc/ssh/sshd_config.before-temporary-keys: it is a symbolic link",
    ):
        assert text in " ".join(done.output.split())
    assert world.host.exec(f"ls {STATE} /root/mine").split() == ["/root/mine:", "rollback.sh", f"{STATE}:", "sshd"]
    assert world.host.exec("ls /run/*ecs*access*.lock 2> /dev/null; true") == ""
    world.host.exec(f"rm {STATE}/sshd /etc/ssh/.sshd_config.alicloud-ecs-access /etc/ssh/sshd_config.before-temporary-keys; rm -r /root/mine")

    # A damaged record is kept as it is; one that others may have written is not.
    world.host.exec(f"echo damaged > {RECORD}; chmod 600 {RECORD}")
    damaged = world.leave()
    assert damaged.returncode == 0, damaged.output
    assert "the record is damaged" in screen.table_row(damaged.stdout, "web-1")
    assert "damaged\n" in [path.read_text() for path in world.records.iterdir()]
    world.host.exec(f"mkdir -m 700 {STATE}; echo written > {RECORD}; chmod 666 {RECORD}")
    untrusted = world.leave()
    assert untrusted.returncode == 2, untrusted.output
    assert world.host.exec(f"cat {RECORD}") == "written\n"
    assert world.logs_in("ann", command="sudo -n true")


@pytest.mark.long
def test_killed_between_any_two_removals(world, ansible):
    world.reset()
    world.onboard(world.person("ann", sudo="nopasswd"), ssh_server_password_authentication=False)
    host, archive = world.host, f"{STRACE}/world.tar"
    strace = " ".join(put_strace(host))
    seen = ansible_of(world, ansible)(host, MODULE, {})["record"]["sha256"]
    command = " ".join(catch_module(ansible_of(world, ansible), host, MODULE, {"step": "remove", "seen": seen}, f"{STRACE}/module.py"))
    host.exec(f"touch /etc/ssh/.sshd_config.alicloud-ecs-access {STATE}/people.json.set-aside /etc/sudoers.d/.95-x.alicloud-ecs-access")
    host.exec(f"tar -C / -cpf {archive} etc/ssh etc/sudoers.d var/lib/alicloud-ecs-access run/alicloud-ecs-access.lock run/alicloud.ecs_access.lock")
    host.exec(f"ls /etc/ssh /etc/sudoers.d | sed '/[.]alicloud/d' > {STRACE}/rest")
    killed = 0
    for call in ("unlink", "unlinkat", "rmdir"):
        for when in range(1, 100):
            host.exec(f"tar -C / -xpf {archive} --numeric-owner")
            trace = f"{strace} -f -o /dev/null -e trace={call} -e inject={call}:signal=KILL:when={when}"
            first = host.exec(f"{trace} {command} 2>&1; true", privileged=True)
            again = host.exec(f"{command} 2>&1")
            assert '"failed": true' not in again, (call, when, again)
            assert host.exec(f"ls -d {STATE} /run/*ecs*access*.lock /etc/ssh/.* /etc/sudoers.d/.* 2> /dev/null | grep access; true") == "", (call, when)
            assert host.exec(f"ls /etc/ssh /etc/sudoers.d | diff - {STRACE}/rest; true") == "", (call, when)
            if '"changed": true' in first:
                break
            killed += 1
        else:
            raise AssertionError("never came to its end")
    assert killed > 10
    assert world.logs_in("ann", command="sudo -n true")


@pytest.mark.long
def test_killed_between_any_two_steps(world, tmp_path):
    finished, rounds = False, 0
    while not finished:
        rounds += 1
        world.reset()
        world.prepare()
        writes = tmp_path / f"writes-{rounds}"
        kill = {"ANSIBLE_CALLBACKS_ENABLED": "collect,kill_at", "LAB_KILL_AFTER": str(rounds), "LAB_KILL_FILE": str(writes), "ANSIBLE_FORKS": "1"}
        finished = world.leave(environment=kill, ecs_access_leave="everything").returncode != -9
        done = world.leave(ecs_access_leave="everything")
        assert done.returncode == 0, (rounds, done.output)
        assert world.host.exec(f"ls -d {STATE} /run/*ecs*access*.lock /etc/ssh/*before-temporary* /etc/sudoers.d/95-* 2> /dev/null; true") == ""
        assert world.host.exec("id ann; id ben; grep ^AuthorizedKeysCommand /etc/ssh/sshd_config; true") == ""
        assert "passwordauthentication yes" in world.host.exec("/usr/sbin/sshd -T")
    assert rounds > 4


def ansible_of(world, ansible):
    """The fixture, with the host keys of this fleet."""

    def run(host, module, options, variables=None):
        trust = {"ansible_ssh_common_args": f"-F none -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile={world.known_hosts}"}
        return ansible(host, module, options, variables={**trust, **(variables or {})})

    return run

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh_access when a system call fails, or when it is killed at one: every write, rename, chmod, chown and unlink in turn.

The module is the one that Ansible sends, and strace makes its calls fail. Only the module's own process suffers: useradd and its like
are answerable for themselves.
"""

from __future__ import annotations

import errno
import json
import os
import shlex

import pytest
from lab import ssh as lab_ssh
from lab.controller import HERE
from lab.images import IMAGES
from lab.payload import catch_module
from lab.strace import FOLDER, put_strace

MODULE = "alicloud.ecs_access.ssh_access"
DRIVER = (HERE / "fault_driver.py").read_text()
ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EROFS")
KILL = "signal=SIGKILL"
ROOTS = ["/home", "/etc/sudoers", "/etc/sudoers.d", "/etc/ssh/keys", "/run/*ecs_access*", "/run/alicloud-*"]
STATE = "etc/passwd etc/shadow etc/group etc/gshadow etc/subuid etc/subgid etc/sudoers.d etc/ssh/keys home var/mail"
RESET = f"cd / && rm -rf home etc/sudoers.d etc/ssh/keys var/mail run/*ecs_access* run/alicloud-* etc/*.lock && tar -xpf {FOLDER}/world.tar --numeric-owner"
# Whoever other tests have left is not part of the world.
WORLD = """
for user in $(awk -F: '$3 >= 1000 && $3 < 60000 {{print $1}}' /etc/passwd); do userdel -f $user; done
for group in $(awk -F: '$3 >= 1000 && $3 < 60000 {{print $1}}' /etc/group); do groupdel $group; done
rm -rf /home/* /etc/sudoers.d/*ecs?access* /etc/ssh/keys
for user in ann bob carl fred gus; do useradd -m -s /bin/sh -p '*' $user; install -d -m 700 -o $user -g $user /home/$user/.ssh; done
useradd -M -s /bin/sh -p '*' eve
mkdir -m 755 /etc/ssh/keys
sed -i '/^AuthorizedKeysFile/d; 1i AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u' /etc/ssh/sshd_config
for user in ann fred gus; do echo '{old}' > /home/$user/.ssh/authorized_keys; done
echo '{lost}' >> /home/gus/.ssh/authorized_keys
echo '{old}' > /etc/ssh/keys/carl
for user in ann fred gus; do chown $user: /home/$user/.ssh/authorized_keys; chmod 600 /home/$user/.ssh/authorized_keys; done
# Bob's is the vendor's recipe gone wrong.
echo '{old}' > /home/bob/.ssh/authorized_keys; chown -R 0:0 /home/bob/.ssh; chmod 777 /home/bob/.ssh; chmod 775 /home/bob
systemctl reload {unit}
for user in ann fred; do
    echo "$user ALL=(ALL:ALL) NOPASSWD: /usr/bin/id" > /etc/sudoers.d/95-alicloud-ecs-access-$user; chmod 440 /etc/sudoers.d/95-alicloud-ecs-access-$user
done
"""

# How sentences begin that take access away.
TAKING = ("expire user ", "end the processes of ", "remove user ", "remove group ", "remove the sudo rule of ", "remove /")
# What each step writes, by the beginning of the sentence that tells of it.
WRITTEN = {
    "user ann: add key": "/home/ann/.ssh/authorized_keys",
    "user bob: add key": "/home/bob/.ssh/authorized_keys",
    "user carl: set comment": "/etc/ssh/keys/carl",
    "user dora: add key": "/home/dora/.ssh/authorized_keys",
    "user eve: add key": "/home/eve/.ssh/authorized_keys",
    "user gus: remove revoked key": "/home/gus/.ssh/authorized_keys",
    "create the home": "/home/eve",
    "set the sudo rule of user ann": "/etc/sudoers.d/95-alicloud-ecs-access-ann",
    "set the sudo rule of user dora": "/etc/sudoers.d/95-alicloud-ecs-access-dora",
    "remove the sudo rule of user fred": "/etc/sudoers.d/95-alicloud-ecs-access-fred",
    "remove /home/fred": "/home/fred/.ssh/authorized_keys",
}


def _takes(action):
    return action.startswith(TAKING) or ": remove revoked key" in action


class World:
    """Accounts of every kind on one instance, a run that changes all of them, and faults in that run."""

    def __init__(self, instance, ansible, folder, controller_key):
        self.instance = instance
        self.unit = "sshd" if instance.name == "el-like" else "ssh"
        strace = put_strace(instance)
        old, lost, new = (lab_ssh.make_key(folder, name) for name in ("old", "lost", "new"))
        instance.exec(f"cp -p /etc/ssh/sshd_config {FOLDER}/; tar -C / -cpf {FOLDER}/untouched.tar --sparse --exclude=etc/ssh/keys {STATE}", check=False)
        instance.exec(WORLD.format(old=old.public, lost=lost.public, unit=self.unit) + f"tar -C / -cpf {FOLDER}/world.tar {STATE}")
        instance.put(f"{FOLDER}/key", old.path.read_bytes(), "0600")
        instance.put(f"{FOLDER}/root-key", controller_key.path.read_bytes(), "0600")
        instance.put(f"{FOLDER}/driver.py", DRIVER)
        wanted = {
            "groups": [{"name": "team"}],
            "users": [
                {"name": "ann", "sudo": "nopasswd", "authorized_keys": [new.public]},
                {"name": "bob", "authorized_keys": [new.public]},
                {"name": "carl", "authorized_keys": [f"{old.public} with a new comment"]},
                {"name": "dora", "groups": ["team"], "sudo": "nopasswd", "authorized_keys": [new.public]},
                {"name": "eve", "authorized_keys": [new.public]},
                {"name": "fred", "state": "absent"},
            ],
            "revoked_keys": [lost.public],
        }
        ssh = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
        ssh += ["-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-i"]
        logins = [[*ssh, f"{FOLDER}/key", f"{user}@127.0.0.1", "true"] for user in ("carl", "gus")]
        logins += [[*ssh, f"{FOLDER}/key", "ann@127.0.0.1", "sudo -n /usr/bin/id -u"], [*ssh, f"{FOLDER}/root-key", "root@127.0.0.1", "true"]]
        self.order = {
            "command": catch_module(ansible, instance, MODULE, wanted, f"{FOLDER}/module.py"),
            "strace": strace, "reset": RESET, "roots": ROOTS, "logins": logins,
            "ours": ["/home", "/etc/", "/run/ecs_access", "/run/alicloud"],
        }  # fmt: skip
        (found,) = self.drive(None)
        assert found["answer"] and found["answer"].get("changed"), found["output"]
        self.before, self.after, self.actions = found["before"], found["after"], found["answer"]["actions"]
        self.points = found["points"]

    def drive(self, points):
        """Have the driver suffer these points; its reports."""
        order = shlex.quote(json.dumps({**self.order, "points": points}))
        return json.loads(self.instance.exec(f"/usr/bin/python3 {FOLDER}/driver.py {order}", privileged=True, timeout=3600))

    def close(self):
        self.instance.exec(
            f"cp -p {FOLDER}/sshd_config /etc/ssh/; cd /; rm -rf etc/sudoers.d etc/ssh/keys home; "
            f"tar -xpf {FOLDER}/untouched.tar --numeric-owner; rm -r {FOLDER}; systemctl reload {self.unit}"
        )

    def faults_of(self, report):
        """What is wrong with the outcome of one fault, as sentences."""
        where = f"{report['fault']} at {report['line']}: "
        found = [f"refused: {text}" for text in report["refused"]] + [f"unsound: {text}" for text in report["unsound"].values()]
        if not any("INJECTED" in line or "killed by SIGKILL" in line for line in report["met"]):
            found.append("the call was not met")
        killed = report["fault"] == KILL
        found += self._files(report["left"], killed)
        if not killed:
            found += self._answer(report)
        if not report["again"] or report["again"].get("failed"):
            found.append(f"the next run: {report['again_output'][-500:]}")
        healed = report["healed"]
        found += [f"not healed: {path}" for path in {*healed, *self.after} if healed.get(path) != self.after.get(path)]
        return [where + text for text in found]

    def _files(self, left, killed):
        found = []
        for path in {*left, *self.before, *self.after}:
            now, known = left.get(path), [self.before.get(path), self.after.get(path)]
            folder, name = os.path.split(path)
            if now in known or path.startswith("/run/alicloud-ecs-access-copy-"):
                continue
            if killed and name.startswith(".") and name.endswith(".alicloud-ecs-access"):
                target = self.after[f"{folder}/{name[1:-20]}"] if f"{folder}/{name[1:-20]}" in self.after else self.after[f"{folder}/.{name}"]
                if now[1] & ~(target[1] | 0o600):
                    found.append(f"{path} has the mode {now[1]:o}")
                continue
            if now is None or None in known or now[4] is not None or any(value not in (old, new) for value, old, new in zip(now, *known)):
                found.append(f"{path} is {now}, neither of {known}")
        return found

    def _in_order(self, done):
        """Everything that takes access away is tried, whatever comes of it; what gives it ends with the first step that failed."""
        rest, failed = iter(self.actions), False
        for action in done:
            for planned in rest:
                if planned == action:
                    break
                failed = failed or not _takes(planned)
            else:
                return False
            if failed and not _takes(action):
                return False
        return True

    def _answer(self, report):
        answer = report["answer"]
        if not answer or "Traceback" in report["output"]:
            return [f"no answer but {report['output'][-500:]}"]
        done = answer.get("actions", [])
        found = [] if self._in_order(done) else [f"did {done}"]
        if report["code"] == 0:
            missing = [path for path, value in self.after.items() if report["left"].get(path) != value]
            return found + [f"says that it went well, but {path} is not as it should" for path in missing]
        if "\n" in answer["msg"] or "[Errno" in answer["msg"] or os.strerror(getattr(errno, report["fault"][6:])) not in answer["msg"]:
            found.append(f"says {answer['msg']}")
        for beginning, path in WRITTEN.items():
            said = any(action.startswith(beginning) for action in done)
            if self.before.get(path) != self.after.get(path) and report["left"].get(path) != (self.after if said else self.before).get(path):
                found.append(f"says {answer['msg']} after {done}, but {path} is {report['left'].get(path)}")
        return found


@pytest.fixture(scope="module")
def world_of(ansible, controller_key, tmp_path_factory):
    """world_of(instance): the same one every time."""
    made = {}

    def make(instance):
        if instance.name not in made:
            made[instance.name] = World(instance, ansible, tmp_path_factory.mktemp(instance.name), controller_key)
        return made[instance.name]

    yield make
    for world in made.values():
        world.close()


def suffer(world, points):
    found = []
    for start in range(0, len(points), 10):
        for report in world.drive(points[start : start + 10]):
            found += world.faults_of(report)
    assert not found, "\n".join(found)


def test_a_few_calls(one_instance, world_of):
    """A write, a rename, a flush and a change of modes, failed or killed; the long tests take every call."""
    world = world_of(one_instance)

    def point(call, text, fault):
        (found,) = [item for item in world.points if item["call"] == call and text in item["line"]]
        return {**found, "fault": fault}

    suffer(
        world,
        [
            point("write", "/home/ann/.ssh", "error=ENOSPC"),
            point("fsync", "/etc/ssh/keys/.carl", "error=EIO"),
            point("renameat", '/etc/sudoers.d>, ".95-alicloud-ecs-access-dora', KILL),
            point("fchmodat", '/home/bob>, ".ssh"', "error=EROFS"),
        ],
    )


@pytest.mark.long
def test_killed_at_every_call(instance, world_of):
    world = world_of(instance)
    suffer(world, [{**point, "fault": KILL} for point in world.points])


@pytest.mark.long
def test_an_error_at_every_call(instance, world_of):
    """Each image begins with another error, so that on all four every call meets every one."""
    world, first = world_of(instance), IMAGES.index(instance.name)
    suffer(world, [{**point, "fault": f"error={ERRORS[(first + number) % 4]}"} for number, point in enumerate(world.points)])

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sshd_pubkey when a system call fails, or when it is killed at one: every write, rename, flush and removal in turn.

The module is the one that Ansible sends, with a rollback after 3 seconds instead of the 30 that its option asks for; strace makes its calls
fail. Keys are off before and on afterwards. Where sshd reads drop-ins, one of an earlier version is taken over, so that two names and a content
change; where it does not, a block is written into the file that everything else is in.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shlex

import pytest
from lab.controller import HERE
from lab.payload import catch_module
from lab.sshd_host import PASSWORD, STATE, running_hosts
from lab.strace import FOLDER, put_strace

from .test_sshd_pubkey_names import FORMER, NOW

KILL = "signal=SIGKILL"
CHANGED = f"{{ test -e {NOW} || grep -q '^# BEGIN alicloud-ecs-access' /etc/ssh/sshd_config; }}"
IMAGES = ("debian12", "el-like")
ERRORS = ("ENOSPC", "EIO")
UNITS = "alicloud-ecs-access-*"
WORLD = f"""
    if grep -qi ^Include /etc/ssh/sshd_config; then printf '# of an earlier version\\nPubkeyAuthentication no\\n' > {FORMER}
    else
        echo 'PubkeyAuthentication no' > {FOLDER}/new; grep -vi ^PubkeyAuthentication /etc/ssh/sshd_config >> {FOLDER}/new
        cat {FOLDER}/new > /etc/ssh/sshd_config
    fi
    printf '#!/bin/sh\\necho {PASSWORD}\\n' > {FOLDER}/password; chmod 700 {FOLDER}/password
    tar -C / -cpf {FOLDER}/world.tar etc/ssh
"""
RESET = f"""
    systemctl stop '{UNITS}.timer'; systemctl reset-failed '{UNITS}'
    rm -rf /etc/ssh /var/lib/alicloud-ecs-access /run/alicloud-* /etc/systemd/system/*alicloud* /etc/systemd/system/sysinit.target.wants/*alicloud*
    tar -C / -xpf {FOLDER}/world.tar --numeric-owner
    systemctl reset-failed UNIT; systemctl restart UNIT
"""
# The change that is not proven is undone by its timer, and by nobody else.
SETTLE = f"""
    for _ in $(seq 80); do systemctl list-units --no-legend '{UNITS}' | grep -q . || break; sleep 0.25; done
    systemctl list-units --no-legend '{UNITS}'
"""
LEFTOVERS = f"""
    ls -d {STATE}/armed {STATE}/new-* /etc/systemd/system/*alicloud* /etc/systemd/system/sysinit.target.wants/*alicloud* /run/alicloud*copy* 2> /dev/null
    find /etc/ssh -name '.*'
    systemctl list-units --all --no-legend '{UNITS}'
"""
# Run in the instance: the module as files, with arguments that only a test gives.
UNPACK = """
import json, re, sys
folder, arguments = sys.argv[1], json.loads(sys.argv[2])
with open(folder + "/debug_dir/args") as stream:
    order = json.load(stream)
order["ANSIBLE_MODULE_ARGS"].update(arguments)
with open(folder + "/debug_dir/args", "w") as stream:
    json.dump(order, stream)
path = folder + "/debug_dir/ansible_collections/alicloud/ecs_access/plugins/module_utils/_sshd/apply_task.py"
with open(path) as stream:
    text, found = re.subn("if not 30 <= ", "if not 3 <= ", stream.read())
assert found == 1
with open(path, "w") as stream:
    stream.write(text)
"""


class World:
    """One host, the change that is made on it again and again, and faults in that change."""

    def __init__(self, host):
        self.host, self.instance = host, host.instance
        self.arming = {}
        strace = put_strace(self.instance)
        self.instance.put(f"{FOLDER}/key", host.key.path.read_bytes(), "0600")
        self.instance.put(f"{FOLDER}/driver.py", (HERE / "fault_driver.py").read_text())
        host.reset()
        host.configure(WORLD)
        ssh = "ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
        # A password always opens; a key does if the sshd that runs has read the files that are there.
        password = f"SSH_ASKPASS={FOLDER}/password SSH_ASKPASS_REQUIRE=force DISPLAY=:none {ssh} -o PubkeyAuthentication=no op@127.0.0.1 true"
        key = f"{ssh} -o BatchMode=yes -o IdentitiesOnly=yes -i {FOLDER}/key alice@127.0.0.1 true"
        self.order = {
            "command": self.unpack("change", users=["alice"], rollback_after=3, _controller={"over_ssh": True}),
            "strace": strace, "reset": RESET.replace("UNIT", host.unit), "settle": SETTLE, "leftovers": LEFTOVERS, "roots": ["/etc/ssh"],
            "logins": [["sh", "-c", text] for text in (password, f"! {CHANGED} || {key}", f"{CHANGED} || ! {key}")],
            "ours": ["/etc/", "/run/alicloud", "/var/lib/alicloud"],
        }  # fmt: skip
        (found,) = self.drive(None)
        assert found["answer"] and found["answer"].get("changed"), found["output"]
        self.before, self.after, self.points = found["before"], found["after"], found["points"]
        assert (FORMER in self.before) == (NOW in self.after)

    def unpack(self, name, **arguments):
        """The command that runs the module with these arguments, which no person could give it."""
        folder = f"{FOLDER}/{name}"
        self.host.exec(f"mkdir -p {folder}")
        command = catch_module(self.send, self.instance, "alicloud.ecs_access.sshd_pubkey", {"users": ["alice"]}, f"{folder}/module.py")
        self.host.exec(f"{shlex.join(command)} explode; /usr/bin/python3 - {folder} {shlex.quote(json.dumps(arguments))} <<'EOF'\n{UNPACK}\nEOF")
        # Compiled code is not kept, as none is of a module that is sent: every run makes the same calls.
        return ["/usr/bin/env", "PYTHONDONTWRITEBYTECODE=1", *command, "execute"]

    def send(self, _instance, _module, options, variables):
        self.host.run(variables=variables, **options)

    def arm(self, seconds=600):
        """Make the change and leave it waiting for its proof."""
        if seconds not in self.arming:
            asked = {"users": ["alice"], "rollback_after": seconds, "_controller": {"over_ssh": True, "prove": True}}
            self.arming[seconds] = self.unpack(f"arm-{seconds}", **asked)
        answer = self.host.exec(shlex.join(self.arming[seconds]))
        assert "_armed" in answer, answer

    def drive(self, points):
        """Have the driver suffer these points; its reports."""
        order = shlex.quote(json.dumps({**self.order, "points": points}))
        return json.loads(self.instance.exec(f"/usr/bin/python3 {FOLDER}/driver.py {order}", privileged=True, timeout=3600))

    def faults_of(self, report):
        """What is wrong with the outcome of one fault, as sentences."""
        found = [f"refused: {text}" for text in report["refused"]]
        if not any("INJECTED" in line or "killed by SIGKILL" in line for line in report["met"]):
            found.append("the call was not met")
        left = {path: value for path, value in report["left"].items() if not os.path.basename(path).startswith(".")}
        if left not in (self.before, self.after):
            found.append(f"a mixture: {sorted(path for path in {*left, *self.before, *self.after} if left.get(path) != self.before.get(path))}")
        if report["fault"] != KILL:
            found += self._answer(report, left)
        if not report["again"] or report["again"].get("failed"):
            found.append(f"the next run: {report['again_output'][-500:]}")
        found += [f"not healed: {path}" for path in {*report["healed"], *self.after} if report["healed"].get(path) != self.after.get(path)]
        if report["leftovers"]:
            found.append(f"left: {report['leftovers']}")
        return [f"{report['fault']} at {report['line']}: {text}" for text in found]

    def _answer(self, report, left):
        answer = report["answer"]
        if not answer or "Traceback" in report["output"]:
            return [f"no answer but {report['output'][-500:]}"]
        if report["code"] == 0:
            return [] if left == self.after else ["says that it went well"]
        found = [] if left == self.before else [f"the change stays although it says {answer['msg']}"]
        if "\n" in answer["msg"] or "[Errno" in answer["msg"] or os.strerror(getattr(errno, report["fault"][6:])) not in answer["msg"]:
            found.append(f"says {answer['msg']}")
        return found

    def suffer(self, points):
        found = []
        for start in range(0, len(points), 5):
            for report in self.drive(points[start : start + 5]):
                found += self.faults_of(report)
        assert not found, "\n".join(found)


@pytest.fixture(scope="module", params=IMAGES)
def world(request, start_fleet, lab_folder, controller_key):
    with contextlib.ExitStack() as stack:
        hosts = stack.enter_context(running_hosts(start_fleet, [request.param], lab_folder / f"sshd_faults_{request.param}", controller_key))
        yield World(hosts[request.param])


@pytest.mark.long
def test_killed_at_every_call(world):
    world.suffer([{**point, "fault": KILL} for point in world.points])


@pytest.mark.long
def test_an_error_at_every_call(world):
    """Each image begins with the other error."""
    first = IMAGES.index(world.instance.name)
    world.suffer([{**point, "fault": f"error={ERRORS[(first + number) % 2]}"} for number, point in enumerate(world.points)])


# Calls that the programs of a rollback make, by kind; sh itself is among them.
KINDS = (
    "write,copy_file_range,?sendfile",
    "?rename,renameat,?renameat2",
    "?unlink,unlinkat,?rmdir",
    "fsync,fdatasync,sync,syncfs",
    "fchmod,?fchmodat,?chmod",
    "fchown,fchownat,?chown,?lchown",
    "utimensat",
    "?link,linkat",
    "?mkdir,mkdirat",
)
FILES = "cd /etc/ssh && find . -type f -exec sha256sum {} + | sort"


@pytest.mark.long
@pytest.mark.parametrize("fault", [f"error={name}" for name in ERRORS] + ["signal=SIGKILL"])
def test_every_program_of_a_rollback_suffers(world, fault):
    """As on a full or a broken disk: either everything is put back or nothing, and the next attempt succeeds."""
    world.host.exec(world.order["reset"])
    before = world.host.exec(FILES)
    strace = f"{shlex.join(world.order['strace'])} -f -o {FOLDER}/suffered"
    outcomes = set()
    for kind in KINDS:
        world.arm()
        after = world.host.exec(FILES)
        world.host.exec(f"{strace} -e trace={kind} -e inject={kind}:{fault} sh {STATE}/rollback.sh any test --locked || true", privileged=True)
        met = world.host.exec(f"grep -c 'INJECTED\\|killed by' {FOLDER}/suffered || true").strip() != "0"
        now = world.host.exec(FILES)
        assert now in (before, after), (kind, met)
        world.host.exec(f"sh {STATE}/rollback.sh any test --locked")
        assert world.host.exec(FILES) == before, kind
        # Without the journal the unit at boot does nothing; if it could not be removed, the next run does that.
        assert [line for line in world.host.exec(LEFTOVERS).splitlines() if "sshd-rollback.service" not in line] == [], kind
        assert world.host.login() != "alice"
        outcomes.add((met, now == before))
    assert {(True, True), (True, False)} <= outcomes


@pytest.mark.long
def test_a_full_disk_delays_a_rollback(world):
    """What cannot be put back for want of room stays as a whole, and is put back once there is room, by nobody."""
    host = world.host
    host.exec(world.order["reset"])
    before = host.exec(FILES)
    world.instance.exec("cp -a /etc/ssh /root/ssh.kept; mount -t tmpfs -o size=2m,mode=755 none /etc/ssh; cp -a /root/ssh.kept/. /etc/ssh", privileged=True)
    try:
        world.arm(seconds=6)
        after = host.exec(FILES)
        host.exec("! dd if=/dev/zero of=/etc/ssh/fill bs=1k")
        host.exec("sleep 9")
        full = host.exec(FILES + " | grep -v /fill$")
        assert full == after != before
        assert host.exec("find /etc/ssh -name '.?*'") == ""
        assert host.login() == "alice"
        host.exec("rm /etc/ssh/fill")
        host.exec("sleep 35")
        assert host.exec(FILES) == before
        assert host.login() != "alice"
        assert host.exec(LEFTOVERS).strip() == ""
    finally:
        world.instance.exec("umount /etc/ssh; rm -r /root/ssh.kept", privileged=True)
        host.exec(world.order["reset"])

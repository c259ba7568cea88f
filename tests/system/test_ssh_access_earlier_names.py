# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sudo rules under the name that earlier versions gave them: killed at each step of taking them over, one rule is in force; the next run ends it."""

from __future__ import annotations

import json
import shlex

import pytest
from lab.controller import HERE
from lab.payload import catch_module
from lab.strace import FOLDER, put_strace

MODULE = "alicloud.ecs_access.ssh_access"
KILL = "signal=SIGKILL"
OLD, NEW = "/usr/bin/id", "/usr/bin/env"
EARLIER = "/etc/sudoers.d/95-ecs_access-"
# One run of an earlier version was killed in the middle of writing.
WORLD = f"""
for user in ann bob; do
    useradd -m -s /bin/sh -p '*' $user
    echo "$user ALL=(ALL:ALL) NOPASSWD: {OLD}" > {EARLIER}$user; chmod 440 {EARLIER}$user
done
echo half > /etc/sudoers.d/.95-ecs_access-ann.ecs_access-new
tar -C / -cpf {FOLDER}/world.tar etc/sudoers.d
"""
# Of a user's two commands exactly one is allowed, or, for bob, at most one.
ALLOWED = f"runuser -u {{user}} -- sh -c '[ $( (sudo -n {OLD} || :; sudo -n {NEW} || :) 2> /dev/null | grep -c -e ^uid= -e ^SUDO_USER=) {{count}} ]'"


@pytest.fixture
def drive(one_instance, ansible):
    """drive(points): what became of one run for each."""
    instance = one_instance
    order = {"strace": put_strace(instance), "reset": f"rm -rf /etc/sudoers.d && tar -C / -xpf {FOLDER}/world.tar --numeric-owner", "ours": ["/etc/sudoers.d"]}
    instance.exec(WORLD)
    instance.put(f"{FOLDER}/driver.py", (HERE / "fault_driver.py").read_text())
    wanted = {"users": [{"name": "ann", "sudo": "nopasswd", "sudo_commands": [NEW]}, {"name": "bob", "sudo": "none"}]}
    order["command"] = catch_module(ansible, instance, MODULE, wanted, f"{FOLDER}/module.py")
    order["roots"] = ["/etc/sudoers.d"]
    order["logins"] = [["sh", "-c", ALLOWED.format(user=user, count=count)] for user, count in (("ann", "= 1"), ("bob", "-le 1"))]

    def call(points):
        text = shlex.quote(json.dumps({**order, "points": points}))
        return json.loads(instance.exec(f"/usr/bin/python3 {FOLDER}/driver.py {text}", privileged=True, timeout=3600))

    yield call
    instance.exec(f"{order['reset']}; rm -f {EARLIER}ann {EARLIER}bob /etc/sudoers.d/.95-*; userdel -rf ann; userdel -rf bob; rm -r {FOLDER}")


@pytest.mark.parametrize("step", [pytest.param(4, id="some"), pytest.param(1, id="every", marks=pytest.mark.long)])
def test_one_of_old_and_new_is_in_force_whenever_a_run_is_killed(drive, step):
    (undisturbed,) = drive(None)
    assert undisturbed["answer"] and undisturbed["answer"]["changed"], undisturbed["output"]
    after = undisturbed["after"]
    assert [path for path in after if path.endswith("-ann")] == ["/etc/sudoers.d/95-alicloud-ecs-access-ann"]
    assert len(undisturbed["points"]) > 8
    found = []
    for report in drive([{**point, "fault": KILL} for point in undisturbed["points"][::step]]):
        wrong = [*report["refused"], *report["unsound"].values()]
        rules = [path for path in report["left"] if path.endswith("-ann") and "/." not in path]
        wrong += [] if len(rules) == 1 else [f"rules of ann: {rules}"]
        wrong += [] if report["healed"] == after else [f"not healed: {report['again_output'][-500:]}"]
        wrong += [] if any("killed by SIGKILL" in line for line in report["met"]) else ["the call was not met"]
        found += [f"{report['line']}: {text}" for text in wrong]
    assert not found, "\n".join(found)

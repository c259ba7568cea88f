# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host where an earlier version gave names to what is ours: they are taken over, and at every moment exactly one of old and new is in force."""

from __future__ import annotations

import contextlib
import shlex

import pytest
from lab.sshd_host import STATE, running_hosts
from lab.strace import put_strace

from .test_sshd_pubkey_rollback import put_collection

pytestmark = pytest.mark.on_image("debian12")

FOLDER = "/etc/ssh/sshd_config.d"
FORMER, NOW = f"{FOLDER}/00-ecs-access.conf", f"{FOLDER}/00-alicloud-ecs-access.conf"
FORMER_BLOCK = "# BEGIN alicloud.ecs_access sshd_pubkey\nPubkeyAuthentication yes\n# END alicloud.ecs_access sshd_pubkey\n"
BLOCK = FORMER_BLOCK.replace("alicloud.ecs_access", "alicloud-ecs-access")
# What changes names and contents; a call that is killed has not been made.
CALLS = ("rename", "renameat", "unlink", "unlinkat", "fsync")
DRIVER = """
import sys
sys.path.insert(0, "/opt/collections")
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd import apply, journal
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd.look_candidate import Planner
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.lock import locked_sshd
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sshd import Origin, Sshd
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sshd_service import get_service
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sshd_tree import SshdTree
apply.check_alive.__globals__["_SETTLE"] = 0.1
service = get_service()
planner = Planner(Sshd(service.program, service.options), SshdTree(service.config), ["alice"], None, Origin())
with locked_sshd():
    plan = planner.plan_present()
    journal.commit(apply.apply_plan(service, planner, plan, 600))
print("done")
"""
# With content of its own, so that the file is not only renamed.
OLD_TEXT = "# of an earlier version\nPubkeyAuthentication yes\n"
SOUND = f"""
ls {FORMER} {NOW} 2> /dev/null
/usr/sbin/sshd -T | grep ^pubkeyauthentication
"""


@pytest.fixture(scope="module")
def hosts(start_fleet, lab_folder, controller_key):
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(running_hosts(start_fleet, ["debian12"], lab_folder / "sshd_names", controller_key))


@pytest.fixture
def host(hosts):
    chosen = hosts["debian12"]
    chosen.reset()
    chosen.configure("echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config")
    return chosen


def give_former(host):
    host.exec(f"rm -rf {STATE} {NOW}; printf %s {shlex.quote(OLD_TEXT)} > {FORMER}")


def test_a_drop_in_and_a_lock_are_taken_over(host):
    give_former(host)
    host.configure("touch /run/alicloud.ecs_access.lock; mkdir -p /run/ecs_access-copy-999999999-x")
    foretold = host.run(check=True, users=["alice"])
    result = host.run(users=["alice"])
    assert result["status"] == "changed", result["output"]
    assert foretold["actions"] == result["actions"] == [f"write {NOW}", f"remove {FORMER}", "reload ssh.service"]
    assert host.exec(f"ls {FORMER} {NOW} 2> /dev/null || true").split() == [NOW]
    assert host.exec("ls /run | grep ecs_access-copy || true") == ""
    assert host.login() == "alice"
    again = host.run(users=["alice"])
    assert (again["changed"], again["actions"]) == (False, [])


def test_a_block_is_taken_over(host):
    host.configure(f"""
        cd /etc/ssh; rm -rf {FOLDER}; sed -i /^Include/d sshd_config
        printf %s {shlex.quote(FORMER_BLOCK)} | cat - sshd_config > new; mv new sshd_config
    """)
    rest = host.exec("cat /etc/ssh/sshd_config").replace(FORMER_BLOCK, "")
    assert host.run(users=["alice"])["changed"]
    assert host.exec("cat /etc/ssh/sshd_config") == BLOCK + rest
    assert host.login() == "alice"
    absent = host.run(state="absent", proof="skip")
    assert absent["changed"], absent["output"]
    assert host.exec("cat /etc/ssh/sshd_config") == rest


@pytest.mark.long
def test_killed_at_any_step_one_of_both_is_in_force(host):
    put_collection(host)
    host.instance.put("/opt/driver.py", DRIVER)
    strace = " ".join(put_strace(host.instance))
    killed = 0
    for call in CALLS:
        for when in range(1, 100):
            give_former(host)
            trace = f"{strace} -o /dev/null -e trace={call} -e inject={call}:signal=KILL:when={when}"
            done = host.exec(f"{trace} /usr/bin/python3 /opt/driver.py 2>&1 || true; systemctl stop 'alicloud-ecs-access-*.timer'", privileged=True)
            one = sound(host)
            host.exec(f"test ! -e {STATE}/rollback.sh || sh {STATE}/rollback.sh any test --boot")
            after = sound(host)
            if "done" in done:
                assert one == after == NOW
                break
            killed += 1
            content = host.exec(f"cat {after}")
            assert (after, content == OLD_TEXT) in ((FORMER, True), (NOW, False)), (call, when)
        else:
            raise AssertionError("never came to its end")
    assert killed > 15


def sound(host):
    """The one of both that is there; it is in force."""
    name, setting = host.exec(SOUND).strip().split("\n")
    assert setting == "pubkeyauthentication yes"
    return name

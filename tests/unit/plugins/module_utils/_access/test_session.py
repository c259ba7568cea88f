# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a run is logged in as: from the process tree, and from what the controller tells."""

import base64
from collections import namedtuple

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import session
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import processes as process_table

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB x"
NAMES = {0: "root", 1001: "op", 1002: "ann"}
Entry = namedtuple("Entry", ["pw_name"])

# From the module upwards: name of the program and its real uid.
SSH = [("sh", 1001), ("sshd", 1001), ("sshd", 0), ("sshd", 0), ("systemd", 0)]
SSH_SUDO = [("python3", 0), ("sudo", 0), ("sh", 1001), ("sshd-session", 1001), ("sshd-session", 0), ("sshd", 0)]
SSH_SU = [("python3", 0), ("su", 0), ("sh", 1001), ("sshd", 1001), ("sshd", 0)]
SSH_ROOT = [("python3", 0), ("sshd", 0), ("sshd", 0)]
AGENT = [("python3", 0), ("sh", 0), ("aliyun-service", 0), ("systemd", 0)]
DETACHED = [("python3", 0), ("systemd", 0)]


@pytest.fixture
def find(monkeypatch):
    """find(processes, transport=..., ...): the login; nothing of the real process tree is seen."""

    def call(processes, sudo_user=None, **told):
        tree = {100 + number: item for number, item in enumerate(processes)}

        def status(pid):
            if pid not in tree:
                return {}
            name, uid = tree[pid]
            return {"Name": name, "Uid": "\t".join([str(uid)] * 4), "PPid": str(pid + 1)}

        def by_uid(uid):
            return Entry(NAMES[uid])

        monkeypatch.setattr(process_table, "read_status", status)
        monkeypatch.setattr(session.os, "getpid", lambda: 100)
        monkeypatch.setattr(session.pwd, "getpwuid", by_uid)
        monkeypatch.delenv("SUDO_USER", raising=False)
        if sudo_user:
            monkeypatch.setenv("SUDO_USER", sudo_user)
        return session.find_login(told)

    return call


@pytest.mark.parametrize(
    ("processes", "told", "users", "become"),
    [
        pytest.param(SSH, {"transport": "ssh", "user": "op"}, ("op",), False, id="ssh"),
        pytest.param(SSH_SUDO, {"transport": "ssh", "user": "op", "become": True}, ("op",), True, id="ssh and sudo"),
        pytest.param(SSH_SUDO, {"transport": "ssh", "user": "op", "sudo_user": "op"}, ("op",), True, id="sudo that Ansible knows nothing of"),
        pytest.param(SSH_SU, {"transport": "ssh", "user": "op", "become": True}, ("op",), True, id="ssh and su"),
        pytest.param(SSH_ROOT, {"transport": "ssh", "user": "root"}, ("root",), False, id="root"),
        pytest.param(SSH_ROOT, {"transport": "ssh", "user": None}, ("root",), False, id="ssh knows the user, Ansible does not"),
        pytest.param(SSH, {"transport": "ssh", "user": "ann"}, ("op", "ann"), False, id="both, where they differ"),
        pytest.param(SSH_SUDO, {"transport": "paramiko", "user": "op", "become": True}, ("op",), True, id="paramiko"),
        pytest.param(SSH_SUDO, {"transport": "libssh", "user": "op", "become": True}, ("op",), True, id="libssh"),
        pytest.param(SSH_SUDO, {"transport": "somebodys.plugin", "become": True}, ("op",), True, id="a plugin nobody knows, over SSH"),
        pytest.param(SSH_SUDO, {"transport": "local", "become": True}, ("op",), True, id="local, by somebody who is logged in over SSH"),
        pytest.param(DETACHED, {"transport": "ssh", "user": "op", "become": True}, ("op",), True, id="in the background (async)"),
        pytest.param(DETACHED, {"transport": "ssh", "sudo_user": "op"}, ("op",), True, id="in the background, user unknown to Ansible"),
    ],
)
def test_the_guard_applies(find, processes, told, users, become):
    found = find(processes, **told)
    assert (found.applies, found.users, found.become) == (True, users, become)
    assert found.key is None, "the key is not known: all keys of the account are guarded"
    assert found.reason == "this run is logged in over SSH as " + " or ".join(users)


@pytest.mark.parametrize("transport", ["local", "alicloud.ecs_access.ecs_assistant", "community.docker.docker", None])
def test_without_ssh_it_does_not_and_says_so(find, transport):
    found = find(AGENT, transport=transport, become=True)
    assert not found.applies
    assert found.reason == "this run did not come over SSH (connection %s), so it cannot lock itself out of SSH" % (transport or "unknown")


def test_the_key_is_taken_from_the_controller(find):
    assert find(SSH, transport="ssh", user="op", public_key=KEY).key.blob == base64.b64decode(KEY.split()[1])
    assert find(SSH, transport="ssh", user="op", public_key="-----BEGIN OPENSSH PRIVATE KEY-----").key is None


def test_a_session_of_an_account_that_is_gone(find):
    found = find([("sh", 4711), ("sshd", 4711), ("sshd", 0)], transport="ssh", user="op")
    assert (found.applies, found.users) == (True, ("op",))

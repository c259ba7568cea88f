# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller tells the module of its connection, whatever the connection plugin is."""

import subprocess
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.alicloud.ecs_access.plugins.action import ssh_access
from ansible_collections.alicloud.ecs_access.plugins.connection import ecs_assistant, ecs_ssh
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.session import find_login


class Connection:
    """A connection plugin with these options; asking for another one fails as in Ansible."""

    def __init__(self, transport, become=None, **options):
        self.transport = transport
        self.become = become
        self.options = options

    def get_option(self, name):
        return self.options[name]


@pytest.fixture
def tell(monkeypatch):
    """tell(connection, arguments): what the module gets as _login."""

    def call(connection, remote_user="from-play", **arguments):
        action = ssh_access.ActionModule.__new__(ssh_access.ActionModule)
        action._task = SimpleNamespace(args=arguments, async_val=0)
        action._connection = connection
        action._play_context = SimpleNamespace(remote_user=remote_user)
        sent = {}
        monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
        monkeypatch.setattr(action, "_execute_module", lambda module_args, task_vars, wrap_async: sent.update(module_args) or {}, raising=False)
        action.run(task_vars={})
        return sent["_login"]

    return call


@pytest.fixture
def make_key(tmp_path):
    """make_key(passphrase): (path of the private key, the public key without its comment)."""

    def make(passphrase=""):
        path = tmp_path / f"key-{len(passphrase)}"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "c", "-f", str(path)], check=True)
        return path, path.with_name(path.name + ".pub").read_text().rsplit(" ", 1)[0]

    return make


def test_user_key_and_become(tell, make_key):
    path, public = make_key()
    told = tell(Connection("ssh", become=object(), remote_user="op", private_key_file=str(path)))
    assert {**told, "public_key": " ".join(told["public_key"].split()[:2])} == {
        "transport": "ssh", "user": "op", "become": True, "public_key": public, "voids": True, "announces": True,
    }  # fmt: skip


def test_a_key_with_a_passphrase_is_known_by_its_public_half(tell, make_key):
    path, public = make_key("secret")
    assert tell(Connection("ssh", private_key_file=str(path)))["public_key"].startswith(public)
    path.with_name(path.name + ".pub").unlink()
    # The format tells the public half even so; if it did not, every key of the account would be guarded.
    assert tell(Connection("ssh", private_key_file=str(path)))["public_key"] in (None, public)


@pytest.mark.parametrize("options", [{}, {"private_key_file": None}, {"private_key_file": "/no/such/key"}])
def test_an_agents_key_is_not_known(tell, options):
    told = tell(Connection("ssh", remote_user="op", **options))
    assert told["public_key"] is None


def test_what_a_task_says_counts_for_nothing(tell):
    assert tell(Connection("ssh"), _login={"transport": "local"})["transport"] == "ssh"


def test_our_own_connection_plugins(tell):
    """ecs_ssh is SSH for the guard, with temporary keys too; Cloud Assistant is not."""
    told = tell(Connection(ecs_ssh.Connection.transport, remote_user="ecs-user"))
    assert (told["transport"], told["user"], told["public_key"]) == ("ssh", "ecs-user", None)
    assert find_login(told).applies
    assert not find_login(tell(Connection(ecs_assistant.Connection.transport), remote_user=None)).applies


def test_the_plays_user_where_the_plugin_has_none(tell):
    assert tell(Connection("somebodys.plugin"))["user"] == "from-play"


@pytest.fixture
def void(monkeypatch):
    """void(of the module, of sshd): the task's result, with the arguments that sshd_pubkey got under C(asked)."""

    def call(answer, sshd, async_val=0):
        asked = []

        def get(_name, task, **_more):
            return SimpleNamespace(run=lambda task_vars: asked.append(task.args) or sshd)

        action = ssh_access.ActionModule.__new__(ssh_access.ActionModule)
        action._task = SimpleNamespace(args={}, async_val=async_val, copy=SimpleNamespace)
        action._connection = Connection("ssh")
        action._play_context = SimpleNamespace(remote_user="op")
        action._loader = action._templar = None
        action._shared_loader_obj = SimpleNamespace(action_loader=SimpleNamespace(get=get))
        monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
        monkeypatch.setattr(action, "_execute_module", lambda module_args, task_vars, wrap_async: dict(answer), raising=False)
        return {**action.run(task_vars={}), "asked": asked}

    return call


LEFT = {
    "failed": True,
    "msg": "bob keeps it; nothing was changed",
    "actions": [],
    "_unremoved": {"keys": ["ssh-ed25519 AAAA"], "where": ["bob keeps it"], "rest": ""},
}


def test_keys_that_stay_are_given_to_sshd(void):
    told = void(LEFT, {"changed": True, "actions": ["write list"], "diff": [{"after": "x"}]})
    assert told.pop("asked") == [{"revoked_keys": ["ssh-ed25519 AAAA"]}]
    warning = "sshd refuses the revoked keys for every account, because files may still hold them: bob keeps it"
    assert told == {"changed": True, "actions": ["write list"], "warnings": [warning], "diff": [{"after": "x"}]}


def test_what_else_failed_stays_a_failure(void):
    told = void({**LEFT, "_unremoved": {**LEFT["_unremoved"], "rest": "ann stays"}}, {"changed": False})
    assert (told["failed"], told["msg"]) == (True, "ann stays")


@pytest.mark.parametrize("keys", [["ssh-ed25519 AAAA"], []])
def test_without_sshd_the_task_fails(void, keys):
    told = void({**LEFT, "_unremoved": {**LEFT["_unremoved"], "keys": keys}}, {"failed": True, "msg": "no login"})
    assert told["failed"]
    assert told["msg"].startswith("bob keeps it; nothing was changed; sshd could not be made to refuse the revoked keys: ")


def test_a_host_that_removed_all_of_them_is_not_asked_again(void):
    assert void({"changed": True}, {}) == {"changed": True, "asked": []}


def test_a_private_key_is_refused_before_anything_is_sent(tell):
    key = "-" * 5 + "BEGIN OPENSSH PRIVATE KEY" + "-" * 5
    with pytest.raises(AnsibleActionFail, match=r"^users\[1\]\.authorized_keys\[0\]\.key holds a private key; nothing was sent") as caught:
        tell(Connection("ssh"), users=[{"name": "ann"}, {"name": "bob", "authorized_keys": [{"key": key}]}])
    assert "BEGIN" not in str(caught.value)


def test_what_is_waited_for_is_shown(void, monkeypatch):
    shown = []
    monkeypatch.setattr(ssh_access._display, "display", shown.append)
    assert void({"_waits": True}, {}) == {"asked": []}
    assert shown == ["ssh_access: waiting up to 300 seconds for another run that is at work on this host"]
    assert void({"changed": False}, {}) == {"changed": False, "asked": []}
    assert len(shown) == 1

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to one host: who logs in, with which key, and which host keys count. Real logins as other users.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import ansible.constants as C
from ansible import context
from ansible.errors import AnsibleError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_instance_id
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.known_hosts import find_known
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import text_lines

from .._playbooks.onboarding import no_answer as describe_no_answer
from .._ssh.offer import Answers, offer_command, read_answers
from .._ssh.proof import Target, proof_command, run_bounded
from .private_key import remark_on_key
from .tools import Tools, describe

# sshd drops connections at random once ten logins are under way.
_AT_ONCE = 4
_TIMEOUT = 15
_MOST_LOG = 1024 * 1024
_NO_KEY_NAMED = "No private key was named: give one with --private-key, or another user with ecs_access_login_as"
# The user's own word on host keys counts.
ABOUT_HOST_KEYS = ("userknownhostsfile", "hostkeyalias", "stricthostkeychecking")


class Login(NamedTuple):
    """What came of one login."""

    works: bool
    becomes_root: bool
    problem: str
    remark: str = ""

    @property
    def why(self) -> str:
        """Why it did not work: what ssh reported, and what is known of the key."""
        return f"{self.problem}; {self.remark}" if self.remark else self.problem


def prepare_connection(tools: Tools, key: str = "") -> None:
    """Set who logs in and how the host is recognised, before anything is sent to it."""
    connection = tools.action._connection
    user = choose_user(tools)
    if user:
        _set(connection, "remote_user", user)
        tools.action._play_context.remote_user = user
    if getattr(connection, "transport", "") != "ssh":
        return
    if key:
        _set(connection, "private_key_file", key)
        tools.action._play_context.private_key_file = key
    trust = host_key_arguments(tools)
    if trust:
        _set(connection, "ssh_common_args", f"{option(connection, 'ssh_common_args') or ''} {trust}".strip())


def choose_user(tools: Tools) -> str:
    """ecs_access_login_as, else what Ansible was given, else the image's own user; empty leaves it as it is."""
    wanted = tools.get("ecs_access_login_as", "")
    if wanted:
        return str(wanted)
    given = any(tools.get(name) for name in ("ansible_user", "ansible_ssh_user")) or context.CLIARGS.get("remote_user") or C.DEFAULT_REMOTE_USER
    return "" if given else str(tools.get("ecs_login_user", "") or "root")


def login_user(tools: Tools) -> str:
    """Whom the connection logs in as, once it is prepared; empty if that is left to ssh."""
    return str(option(tools.action._connection, "remote_user") or tools.action._play_context.remote_user or "")


def host_key_arguments(tools: Tools) -> str:
    """Arguments of ssh that make it accept the keys that Cloud Assistant has read and no others; empty where there are none."""
    instance_id = str(tools.get("ecs_instance_id", "") or "")
    connection = tools.action._connection
    if not is_instance_id(instance_id) or option(connection, "host_key_checking") is False:
        return ""
    own = " ".join(str(option(connection, name) or "") for name in ("ssh_args", "ssh_common_args", "ssh_extra_args")).lower()
    if any(word in own for word in ABOUT_HOST_KEYS) or not _is_known(tools, instance_id):
        return ""
    options = [f"HostKeyAlias={instance_id}", f'UserKnownHostsFile="{tools.store.known_hosts}"', "StrictHostKeyChecking=yes", "CheckHostIP=no"]
    return shlex.join([word for each in options for word in ("-o", each)])


def _is_known(tools: Tools, instance_id: str) -> bool:
    try:
        with open(tools.store.known_hosts, encoding="utf-8") as stream:
            return bool(find_known(stream.read(), [instance_id]))
    except FileNotFoundError:
        return False


def no_answer(tools: Tools, error: AnsibleError) -> str:
    """Why the host could not be reached over the connection of this run."""
    host_keys = (tools.store.read("host_keys") or {}).get(str(tools.get("ecs_instance_id", "") or ""), "")
    key = str(option(tools.action._connection, "private_key_file") or "")
    return describe_no_answer(describe(error), host_keys, remark_on_key(os.path.expanduser(key)) if key else _NO_KEY_NAMED)


def try_logins(tools: Tools, keys: Mapping[str, str], only_this_key: bool = True) -> dict[str, Login]:
    """A new connection for each user with their own key. An open one would prove nothing about the key."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(keys, pool.map(lambda user: _try_login(tools, user, keys[user], only_this_key), keys)))


def _try_login(tools: Tools, user: str, key: str, only_this_key: bool) -> Login:
    attempt = proof_command(_target(tools, user, key), only_this_key, _TIMEOUT)
    token = attempt.mark.rpartition("-")[2]
    # The host compares the name, because a user forced from outside would make every login one of that user. Only the far side joins the words.
    script = f"test \"$(id -un)\" = {shlex.quote(user)} && echo logged-in-'{token}' && sudo -n true 2>/dev/null && echo is-root-'{token}'"
    done = _run([*attempt.command[:-1], script])
    lines = [line.strip() for line in text_lines(done["stdout"])]
    words = [line.strip() for line in text_lines(done["stderr"]) if line.strip() and not line.startswith(("debug", "Warning: Permanently"))]
    works = attempt.mark in lines
    problem = " ".join(words[-2:]) or f"ssh ended with status {done['rc']}"
    return Login(works, f"is-root-{token}" in lines, problem, remark_on_key(key) if key and not works else "")


def try_verbosely(tools: Tools, user: str, key: str) -> dict[str, Any]:
    """One login with C(ssh -v): its status, and what ssh wrote to its standard error."""
    command = proof_command(_target(tools, user, key), True, _TIMEOUT).command
    return _run([command[0], "-v", *command[1:-1], "exit 0"])


def offer_keys(tools: Tools, user: str, public_keys: Sequence[str], key: str) -> Answers:
    """Offer the public keys of these files as this user, then log in with the private key: what the server answered.

    What an agent holds would open the connection before the others are offered. It is asked where the private key opens nothing without it.
    """
    answers = _offer(tools, user, public_keys, key, with_agent=False)
    return answers if answers.opened or not answers.accepted else answers.merge(_offer(tools, user, (), key, with_agent=True))


def _offer(tools: Tools, user: str, public_keys: Sequence[str], key: str, with_agent: bool) -> Answers:
    with tempfile.TemporaryDirectory(dir=C.DEFAULT_LOCAL_TMP) as folder:
        log = os.path.join(folder, "log")
        _run(offer_command(_target(tools, user, key), public_keys, log, _TIMEOUT, with_agent).command)
        try:
            with open(log, encoding="utf-8", errors="replace") as stream:
                return read_answers(stream.read(_MOST_LOG))
        except FileNotFoundError:
            return read_answers("")


def assistant_connection(tools: Tools) -> Any:
    """A connection to the same host through Cloud Assistant, as root."""
    action = tools.action
    play_context = action._play_context.copy()
    play_context.become = False
    connection = action._shared_loader_obj.connection_loader.get("alicloud.ecs_access.ecs_assistant", play_context, os.devnull)
    names = C.config.get_plugin_vars("connection", connection._load_name)
    connection.set_options(task_keys={}, var_options=tools.given(names))
    connection._shell.set_options(task_keys={}, var_options={})
    return connection


def _target(tools: Tools, user: str, key: str) -> Target:
    connection = tools.action._connection
    return Target(
        host=option(connection, "host") or tools.action._play_context.remote_addr,
        ssh_executable=option(connection, "ssh_executable") or "ssh",
        ssh_args=option(connection, "ssh_args") or "",
        ssh_common_args=option(connection, "ssh_common_args") or "",
        ssh_extra_args=option(connection, "ssh_extra_args") or "",
        port=option(connection, "port"),
        remote_user=user,
        private_key_file=key,
        host_key_checking=option(connection, "host_key_checking") is not False,
    )


def _run(command: list[str]) -> dict[str, Any]:
    limit = _TIMEOUT + 15
    try:
        status, out, error = run_bounded(command, limit)
    except subprocess.TimeoutExpired:
        return {"rc": 255, "stdout": "", "stderr": f"ssh did not end within {limit} seconds"}
    except OSError as exc:
        return {"rc": 255, "stdout": "", "stderr": f"{command[0]} cannot be run: {exc.strerror}"}
    return {"rc": status, "stdout": out, "stderr": error}


def option(connection: Any, name: str) -> Any:
    """An option of the connection, None where it does not have this one."""
    try:
        return connection.get_option(name)
    except (KeyError, AttributeError):
        return None


def _set(connection: Any, name: str, value: Any) -> None:
    if option(connection, name) != value:
        connection.set_option(name, value)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSH with a key that is registered just before it is needed. Glue to Ansible only: see plugin_utils/_ssh."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ecs_ssh
version_added: 1.0.0
short_description: SSH to ECS instances with a temporary key and, where wanted, through Session Manager
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - The connection plugin P(ansible.builtin.ssh#connection) for instances that have no standing key. Just before a new connection is
    opened, a key of this run is registered with Cloud Assistant for 60 seconds. Connections that are open already are shared and
    need no API call.
  - With O(tunnel) the connection goes through Session Manager, so that the instance needs neither a public address nor an open
    port. The vendor's default speed is 200 kbit/s, about 24 KB/s in each direction.
  - All options and variables of P(ansible.builtin.ssh#connection) apply as well, with the same meaning. Only the additional ones are
    listed below.
  - This plugin never prepares instances. Prepare them once with M(alicloud.ecs_access.ecs_temp_public_key).
extends_documentation_fragment:
  - alicloud.ecs_access.ecs_plugin
options:
  instance_id:
    description: The instance to connect to. The inventory plugin P(alicloud.ecs_access.ecs#inventory) sets the variable.
    type: str
    vars:
      - name: ecs_instance_id
  region:
    vars:
      - name: ecs_region
  login_user:
    description:
      - The user to log in as if none of C(ansible_user), C(remote_user) and C(-u) is set. If this is not set either, ssh and
        its configuration decide.
    type: str
    vars:
      - name: ecs_login_user
  address:
    description: The address of the instance. Only used by O(tunnel=auto).
    type: str
    vars:
      - name: ansible_host
      - name: ansible_ssh_host
  tunnel:
    description:
      - Whether new connections go through Session Manager.
      - V(auto) uses it unless the instance can be reached otherwise, that is with C(ansible_host) (other than the instance's id), or
        with C(ProxyJump) or C(ProxyCommand) in the arguments or the configuration files of ssh.
      - V(always) uses it regardless of other settings.
    type: str
    choices: [never, auto, always]
    default: never
    env:
      - name: ECS_ACCESS_TUNNEL
    vars:
      - name: ecs_access_tunnel
  known_hosts:
    description:
      - The file with the host keys of instances, which are named by their instance ids. Not used if the arguments of ssh
        set C(UserKnownHostsFile) or C(HostKeyAlias).
    type: path
    default: ~/.ssh/ecs_access_known_hosts
    env:
      - name: ECS_ACCESS_KNOWN_HOSTS
    vars:
      - name: ecs_access_known_hosts
  host_keys:
    description:
      - V(accept_new) stores the host key of an instance that O(known_hosts) does not have, and refuses any other from then on.
      - V(known) refuses instances that O(known_hosts) does not have.
      - The option C(host_key_checking) of P(ansible.builtin.ssh#connection) turns off both.
    type: str
    choices: [accept_new, known]
    default: accept_new
    env:
      - name: ECS_ACCESS_HOST_KEYS
    vars:
      - name: ecs_access_host_keys
  access_key_id:
    vars:
      - name: ecs_access_key_id
  access_key_secret:
    vars:
      - name: ecs_access_key_secret
  security_token:
    vars:
      - name: ecs_access_security_token
  profile:
    vars:
      - name: ecs_access_profile
  credentials_uri:
    vars:
      - name: ecs_access_credentials_uri
  ram_role_name:
    vars:
      - name: ecs_access_ram_role_name
  assume_role_arn:
    vars:
      - name: ecs_access_assume_role_arn
  role_session_name:
    vars:
      - name: ecs_access_role_session_name
  external_id:
    vars:
      - name: ecs_access_external_id
  sts_endpoint:
    vars:
      - name: ecs_access_sts_endpoint
  endpoint:
    vars:
      - name: ecs_access_endpoint
  network:
    vars:
      - name: ecs_access_network
  api_timeout:
    vars:
      - name: ecs_access_api_timeout
  api_retries:
    description:
      - How often to call again after throttling, an error of the service or a broken connection, from 0 to 20. The pause
        doubles each time and is partly random. This plugin tries twice as often, because forks start at the same time.
    vars:
      - name: ecs_access_api_retries
notes:
  - A new key is generated in each run. It is kept in a folder that only the user can access, and removed when the run ends, even if the
    run is killed. A stolen key can be used for 60 seconds after the last registration. The instance's clock decides. If it is a
    minute ahead, no temporary key is ever valid there; if it is behind, a key may be valid longer.
  - A connection that breaks in the middle of a task makes the host unreachable, since the task may have been carried out.
    With C(ansible_ssh_retries) it is tried again nevertheless.
  - Your own key (C(private_key_file)) is tried first. The temporary one is registered if the instance refuses yours, which
    takes another login; so do not set your own key where it is not needed.
  - The RAM actions are C(ecs:InvokeCommand), C(ecs:DescribeInvocationResults) and, with O(tunnel), C(ecs:StartTerminalSession).
  - The tunnel ends the session with a message when the connection ends, so C(ecs:EndTerminalSession) is not needed. The session's
    address and token are known to the tunnel's process only; the address expires ten minutes after it was issued.
  - For many hosts at once, raise C(ControlPersist) in C(ssh_args) above the longest time between two tasks of a host.
  - The control socket has its own name, so connections are not shared with P(ansible.builtin.ssh#connection).
requirements:
  - cryptography
  - aiohttp (with O(tunnel))
"""

import json
import os
import sys
import time
import typing as t

import ansible.constants as C
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.connection.ssh import Connection as SshConnection
from ansible.plugins.loader import connection_loader
from ansible.utils.display import Display
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_instance_id
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh import login as rules
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.folder import (
    KEY,
    FolderError,
    RunFolder,
    digest,
    read_time,
    read_word,
)
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.master import is_master_alive, read_ssh_config

display = Display()

_PROGRAM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "plugin_utils", "_program.py")
_NOT_LET_IN = (
    "The instance {instance_id} does not accept the temporary key, although Cloud Assistant has accepted it for the user {user}. "
    "Check that the user exists. If so, prepare the instance once with alicloud.ecs_access.ecs_temp_public_key (prepare: auto), which also "
    "finds other causes: the plugin config_ecs_instance_connect is not installed, another AuthorizedKeysCommand is set, "
    "PubkeyAuthentication is off, *.axt.aliyun.com cannot be reached, or the clock is a minute or more ahead."
)


class _Attempt(t.NamedTuple):
    """How one run of ssh ended: a result, or the exception that core makes of some."""

    status: int
    stdout: bytes
    stderr: bytes
    failure: AnsibleConnectionFailure | None

    def explained(self, sentence: str) -> _Attempt:
        """The same with a sentence after the messages of ssh."""
        if not sentence or os.fsencode(sentence) in self.stderr:
            return self
        failure = self.failure and AnsibleConnectionFailure(f"{self.failure}\n{sentence}")
        return self._replace(stderr=self.stderr.rstrip() + b"\n" + sentence.encode() + b"\n", failure=failure)

    def result(self) -> tuple[int, bytes, bytes]:
        """What core expects."""
        if self.failure is not None:
            raise self.failure
        return self.status, self.stdout, self.stderr


class Connection(SshConnection):
    """ssh, prepared just in time."""

    transport = "ssh"  # ansible.posix.synchronize and core's hints ask for this name

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        # What the options of ssh are is for the installed ansible-core to say, so they are taken from there. It has to be done
        # in the configuration: the variables to collect for a host are looked up by the plugin's name.
        merged = dict(C.config.get_configuration_definitions("connection", ssh_load_name()))
        merged.update(C.config.get_configuration_definitions("connection", self._load_name))
        C.config.initialize_plugin_configuration_definitions("connection", self._load_name, merged)
        super().__init__(*args, **kwargs)
        self._arguments: list[bytes] = []
        self._folder = RunFolder.of(C.DEFAULT_LOCAL_TMP)
        self._tunnelled = False
        self._made_client: t.Any = None
        self._ticket = self._folder.file(f"ticket-{os.getpid()}-{id(self)}")

    # -- the command ----------------------------------------------------------------------------------------------

    def _build_command(self, binary: str, subsystem: str, *other_args: bytes | str) -> list[bytes]:
        instance_id = self._instance_id()
        if not self.get_option("remote_user") and self.get_option("login_user"):
            self.set_option("remote_user", self.get_option("login_user"))
        if not self.get_option("control_path"):
            # One socket per instance: private addresses come again in other networks.
            about = digest(instance_id, self.host, self.get_option("port"), self.get_option("remote_user"))
            self.set_option("control_path", f"%(directory)s/{about[:10]}")
        command = super()._build_command(binary, subsystem, *other_args)
        place = len(command) - len(other_args)
        self._arguments = command[command.index(os.fsencode(binary)) + 1 : place]
        own = rules.key_options(self._folder.file(KEY))
        if not rules.names_option(self._arguments, b"userknownhostsfile", b"hostkeyalias"):
            own += rules.host_key_options(instance_id, self.get_option("known_hosts"), self.get_option("host_keys") == "known")
        command = [*command[:place], *map(os.fsencode, own), *command[place:]]
        self._tunnelled = self._needs_tunnel()
        if self._tunnelled:
            # In front, where it wins over whatever else is set.
            options = rules.tunnel_options(sys.executable, _PROGRAM, self._ticket, self._report())
            command = rules.add_options(command, binary, options)
        return command

    def _needs_tunnel(self) -> bool:
        wanted = self.get_option("tunnel")
        if wanted != "auto" or self.get_option("address") not in (None, "", self._instance_id()):
            return wanted == "always"
        known = read_word(self._route())
        return not rules.names_way(self._ssh_config()) if known is None else known == "tunnel"

    def _instance_id(self) -> str:
        instance_id = self.get_option("instance_id") or ""
        if is_instance_id(instance_id):
            return instance_id
        problem = f"{instance_id[:70]!r} is none" if instance_id else "it is not set"
        raise AnsibleError(
            f"ecs_ssh needs the instance id of the host in the variable ecs_instance_id, which the inventory plugin alicloud.ecs_access.ecs sets; {problem}"
        )

    # -- one run of ssh, sftp or scp ------------------------------------------------------------------------------

    def _bare_run(self, cmd: list[bytes], in_data: bytes | None, sudoable: bool = True, checkrc: bool = True) -> tuple[int, bytes, bytes]:
        control_path = self._control_path()
        if not is_master_alive(control_path):
            # A key of the user's own may do without a registration.
            self._prepare(register=not self._has_own_key())
        asked = time.time()
        attempt = self._attempt(cmd, in_data, sudoable, checkrc)
        is_refused = self._is_refused(attempt, control_path)
        # Nothing has been run in either case: again, with all that a new connection needs.
        if is_refused or self._has_no_ticket(attempt):
            self._prepare(register=is_refused or not self._has_own_key(), newer_than=asked if is_refused else 0.0)
            attempt = self._attempt(cmd, in_data, sudoable, checkrc)
            if self._is_refused(attempt, control_path):
                attempt = attempt.explained(_NOT_LET_IN.format(instance_id=self._instance_id(), user=self._login_name()))
        if attempt.status == 255 and self._tunnelled:
            attempt = attempt.explained(read_word(self._report()) or "")
        return attempt.result()

    def _attempt(self, cmd: list[bytes], in_data: bytes | None, sudoable: bool, checkrc: bool) -> _Attempt:
        try:
            status, out, err = super()._bare_run(cmd, in_data, sudoable=sudoable, checkrc=checkrc)
            return _Attempt(status, out, err, None)
        except AnsibleConnectionFailure as exc:
            return _Attempt(255, b"", os.fsencode(str(exc)), exc)

    def _is_refused(self, attempt: _Attempt, control_path: str | None) -> bool:
        # A password is another way in, and the pipe that it goes through serves once.
        if attempt.status != 255 or self.get_option("password") or self._play_context.password:
            return False
        if b"Permission denied" not in attempt.stderr or is_master_alive(control_path):
            return False  # over an open connection, the words come from a program on the instance
        return rules.is_refusal(attempt.stderr, self.user, (self.host, self._ssh_config().get("hostname")))

    def _has_no_ticket(self, attempt: _Attempt) -> bool:
        return attempt.status == 255 and self._tunnelled and rules.NO_TICKET in (read_word(self._report()) or "")

    # -- before a new connection ----------------------------------------------------------------------------------

    def _prepare(self, register: bool, newer_than: float = 0.0) -> None:
        problem = None
        try:
            self._folder.make()
            if register:
                self._register(newer_than)
            if self._tunnelled:
                self._open_session()
        except FolderError as exc:
            raise AnsibleError(exc.text) from None
        except AccessError as exc:
            problem = exc.text
        # Outside of the handler, so that no exception of the SDK hangs on to this one and is shown with it.
        if problem:
            raise AnsibleConnectionFailure(problem)

    def _register(self, newer_than: float) -> None:
        instance_id, user = self._instance_id(), self._login_name()
        record = self._folder.file("registered", instance_id, user)
        with self._folder.locked("registered", instance_id, user):
            if rules.needs_push(read_time(record), time.time(), newer_than):
                display.vvv(f"REGISTER A TEMPORARY KEY FOR {user} ON {instance_id}", host=self.host)
                began = time.time()
                load_cloud().register(self._client(), instance_id, user, self._folder)
                self._folder.write(record, repr(began))

    def _open_session(self) -> None:
        display.vvv(f"OPEN A SESSION TO {self._instance_id()}", host=self.host)
        self._folder.write(self._route(), "tunnel")
        self._folder.remove(self._report())
        session = load_cloud().open_session(self._client(), self._instance_id(), self.port or 22)
        self._folder.write(self._ticket, json.dumps(session))

    def _client(self) -> t.Any:
        if self._made_client is None:
            cloud = load_cloud()
            self._made_client = cloud.make_client({name: self.get_option(name) for name in cloud.OPTIONS})
        return self._made_client

    def _route(self) -> str:
        return self._folder.file("route", self._instance_id(), self.host, *self._arguments)

    def _report(self) -> str:
        # One for all forks: who uses a connection is seldom who opened it.
        return self._folder.file("report", self._instance_id(), self.port)

    def _control_path(self) -> str | None:
        path = rules.find_control_path(self._arguments)
        return self._ssh_config().get("controlpath") if path and rules.has_tokens(path) else path

    def _login_name(self) -> str:
        return self.user or self._ssh_config().get("user") or ""

    def _has_own_key(self) -> bool:
        # The second one came with ansible-core 2.19.
        return any(self.has_option(name) and self.get_option(name) for name in ("private_key_file", "private_key"))

    def _ssh_config(self) -> dict[str, str]:
        return read_ssh_config(self.get_option("ssh_executable"), self._arguments, self.host)


def ssh_load_name() -> str:
    """The name that the options of ssh are known by. Core has loaded C(ssh) before it forks; the full name costs every task a parse."""
    for name in ("ssh", "ansible.builtin.ssh"):
        found = connection_loader.get(name, class_only=True)
        if found is not None and found.__module__ == SshConnection.__module__:
            return found._load_name
    raise AnsibleError("ansible-core has no connection plugin ansible.builtin.ssh")


def load_cloud() -> t.Any:
    """Not before it is needed: the SDK takes longer to load than most tasks take to run."""
    from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh import cloud

    return cloud

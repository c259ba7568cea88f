# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules through Cloud Assistant, for instances that cannot be reached over SSH."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ecs_assistant
short_description: Run modules on ECS instances through Cloud Assistant
version_added: 1.0.0
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Sends commands, modules and files through Cloud Assistant, so that an instance can be managed without SSH, an
    open port or an address. Use it to examine and repair an instance that can no longer be reached over SSH.
  - It is slow. A task is two calls of C(RunCommand), one of C(SendFile) for every 24 kB of its compressed size, and several that ask for
    their results, some seconds in all. An output larger than 12 kB compressed needs another command for each further 12 kB. Use SSH
    wherever it works.
  - In the instance, no other account can read what is sent or answered. The agent keeps the text of its commands for everybody to read, so
    there is nothing of a task in it. Modules, commands, their input and files are sent as files (C(SendFile)) into a folder that is root's
    alone, and removed when they have run. What a program is given as arguments can be seen by others while it runs, as with SSH. That
    is the command itself of a task that becomes another user with M(ansible.builtin.raw), M(ansible.builtin.command) or M(ansible.builtin.shell).
  - In the cloud, commands, files and output stay in the account's Cloud Assistant history for up to a month, where everyone with
    access to it can read them (C(ecs:DescribeInvocationResults), C(ecs:DescribeSendFileResults)). Do not send secrets that such people must not have.
  - Commands run as root, whatever C(ansible_user) is. Becoming another user works if no password is needed.
  - Needs the RAM actions C(ecs:RunCommand), C(ecs:DescribeInvocationResults), C(ecs:SendFile) and C(ecs:DescribeSendFileResults), and
    C(gzip) and C(base64) in the instance. With C(ecs:StopInvocation) as well, a task that reaches its own C(timeout) ends its command in
    the instance at once; without it, the command ends after O(command_timeout).
extends_documentation_fragment:
  - alicloud.ecs_access.ecs_plugin
options:
  instance_id:
    description: The instance. The inventory plugin P(alicloud.ecs_access.ecs#inventory) sets the variable.
    type: str
    vars:
      - name: ecs_instance_id
  region:
    description: The region of the instance.
    vars:
      - name: ecs_region
  command_timeout:
    description: How many seconds one command may run, from 10 to 86400.
    type: int
    default: 600
    vars:
      - name: ansible_ecs_assistant_timeout
  pipelining:
    description: Send a module as the input of its interpreter, which takes one command instead of five.
    type: bool
    default: true
    vars:
      - name: ansible_ecs_assistant_pipelining
notes:
  - While a command runs, it is kept with its input and output in a folder of root under C(/run), which is removed at the end. If the
    controller fails before that, a later run removes the folder after a day, or a reboot does.
  - Where C(/tmp) has less than 8 MiB left, modules keep their own temporary files in that folder, so that an instance whose disk is full can
    still be examined and repaired.
"""

EXAMPLES = r"""
- name: Examine an instance that cannot be reached over SSH
  hosts: web-1
  gather_facts: false
  vars:
    ansible_connection: alicloud.ecs_access.ecs_assistant
  tasks:
    - name: Why cannot john log in?
      alicloud.ecs_access.ssh_login_check:
        user: john
"""

import contextlib
import os
import shlex
import typing as t
import uuid

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.module_utils.common.text.converters import to_bytes
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.ask import DELIVERY_SECONDS, wait_for_batch
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import cloud_argument_spec
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings, require_region
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_instance_id
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._assistant import script

display = Display()

FILE_SECONDS = 60
CLEANUP_SECONDS = 30


class Connection(ConnectionBase):
    """Every command is a separate script; nothing stays open."""

    transport = "alicloud.ecs_access.ecs_assistant"
    has_pipelining = True
    # Whom commands run as. Without it, core takes a become_user that equals ansible_user for who is there already.
    default_user = "root"

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._client: EcsClient | None = None

    def _connect(self) -> Connection:
        if self._client is None:
            if not self.get_option("instance_id"):
                raise AnsibleConnectionFailure(
                    "Cloud Assistant needs the instance's id: take the hosts from the inventory plugin alicloud.ecs_access.ecs, or set ecs_instance_id"
                )
            if not is_instance_id(self._instance):
                raise AnsibleConnectionFailure(f"{self._instance[:70]!r} is not an instance id; the variable ecs_instance_id of the host has to be one")
            try:
                settings = read_settings(self._given())
                self._client = EcsClient(settings, require_region(settings.region))
            except AccessError as exc:
                raise AnsibleError(exc.text) from None
            self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        display.vvv(f"CLOUD ASSISTANT {cmd}", host=self._instance)
        return self._run(cmd, in_data or b"")

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        if not os.path.exists(in_path):
            raise AnsibleFileNotFound(f"{in_path} does not exist on the controller")
        with open(in_path, "rb") as stream:
            status, _out, err = self._run(_by_sh(f"cat > {shlex.quote(out_path)}"), stream.read())
        if status:
            raise AnsibleError(f"{out_path} could not be written in {self._instance}: {printable(err.decode('utf-8', 'replace').strip())}")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        status, out, err = self._run(_by_sh(f"cat {shlex.quote(in_path)}"), b"")
        if status:
            raise AnsibleError(f"{in_path} could not be read in {self._instance}: {printable(err.decode('utf-8', 'replace').strip())}")
        with open(out_path, "wb") as stream:
            stream.write(out)

    def close(self) -> None:
        self._client = None
        self._connected = False

    @property
    def _instance(self) -> str:
        return str(self.get_option("instance_id"))

    def _given(self) -> dict[str, t.Any]:
        """Options that were set for this connection; the environment is read later, where both can be distinguished."""
        found = {name: self.get_option_and_origin(name) for name in cloud_argument_spec()}
        return {name: value for name, (value, origin) in found.items() if not str(origin).startswith("env")}

    def _run(self, command: str, data: bytes) -> tuple[int, bytes, bytes]:
        token = uuid.uuid4().hex
        payload = script.pack(command, to_bytes(data))
        try:
            script.parse_piece(token, self._send(script.render_begin(token)))
            try:
                self._send_files(token, payload)
                reply, text = self._fetch(token, script.parse_reply(token, self._send(script.render_run(token, payload))))
            except BaseException:
                self._clean_up(token)
                raise
            if reply.size > script.PIECE:
                self._send(script.render_cleanup(token))
            out, err = script.unpack(reply, text)
        except script.ReplyError:
            raise AnsibleConnectionFailure(
                f"{self._instance} ran a Cloud Assistant command, but the expected response is not in the output, or too large; "
                "check that gzip and base64 are installed"
            ) from None
        return reply.status, out, err

    def _send_files(self, token: str, payload: script.Payload) -> None:
        """What may be secret, into the closed folder."""
        client, instance, folder = self._cloud(), self._instance, script.folder_of(token)

        def send(file: tuple[str, bytes]) -> None:
            sent = client.send_file(instance, folder, *file, FILE_SECONDS)
            client.wait_for_file(sent, client.clock() + FILE_SECONDS + DELIVERY_SECONDS)

        try:
            client.in_parallel(send, payload.files)
        except AccessError as exc:
            problem = str(exc)
        else:
            return
        # Outside of the handler, so that no exception of the SDK hangs on to this one and is shown with it.
        raise AnsibleConnectionFailure(problem)

    def _fetch(self, token: str, reply: script.Reply) -> tuple[script.Reply, str]:
        """The whole answer."""
        text = reply.text
        while len(text) < reply.size:
            piece = script.parse_piece(token, self._send(script.render_fetch(token, len(text))))
            if len(piece) != min(script.PIECE, reply.size - len(text)):
                raise script.ReplyError
            text += piece
        return reply, text

    def _clean_up(self, token: str) -> None:
        """Leave nothing of what was sent, if the instance still answers; otherwise a later run or a reboot removes it."""
        with contextlib.suppress(AnsibleError, AccessError):
            self._send(script.render_cleanup(token), CLEANUP_SECONDS)

    def _send(self, text: str, seconds: int | None = None) -> str:
        """One script; returns its output."""
        client, instance, timeout = self._cloud(), self._instance, seconds or self.get_option("command_timeout")
        (batch,) = client.run_command(text, [instance], timeout)
        try:
            ended = wait_for_batch(client, batch, client.clock() + timeout + DELIVERY_SECONDS)[instance]
        except BaseException:
            # The task has run out of its own time, or the run is being ended: what it began has to end with it.
            with contextlib.suppress(AccessError):
                client.stop_invocation(batch.invoke_id, [instance])
            raise
        if ended.error is not None:
            raise AnsibleConnectionFailure(ended.why)
        if ended.output is None:
            raise AnsibleConnectionFailure(f"Cloud Assistant could not run a command in {instance}: {ended.why}")
        return ended.output

    def _cloud(self) -> EcsClient:
        self._connect()
        return t.cast(EcsClient, self._client)


def _by_sh(command: str) -> str:
    """Whatever the account's shell is."""
    return f"/bin/sh -c {shlex.quote(command)}"

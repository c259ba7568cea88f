# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ProxyCommand that ssh_client_config writes, run by C(_program.py) when a person types C(ssh NAME).

It registers the user's key for a minute, connects to the instance, and hands the connection to ssh: a socket (ProxyUseFdpass),
or the bytes of a Session Manager session. Credentials are those of the environment and the default chain at that moment.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
import typing as t

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import cloud_argument_spec
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh import cloud
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.folder import CloudProblem
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel import main as tunnel

_CONNECT_TIMEOUT = 30.0


def read_arguments(words: t.Sequence[str]) -> argparse.Namespace:
    """What ssh_client_config has written; ssh adds user and port."""
    parser = argparse.ArgumentParser(prog="ssh_client_proxy")
    parser.add_argument("--region", default=None)
    parser.add_argument("--profile", default=None)
    parser.add_argument("--public-key", default="", help="register this key for a minute")
    parser.add_argument("--address", default="", help="without it, through Session Manager")
    parser.add_argument("instance_id")
    parser.add_argument("user")
    parser.add_argument("port", type=int)
    return parser.parse_args(words)


def register(client: t.Any, instance_id: str, user: str, path: str) -> None:
    """Return once Cloud Assistant has accepted the key; raises CloudProblem."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            key = parse_public_key(stream.read(), path)._replace(comment="")
    except OSError as exc:
        raise CloudProblem(f"cannot read the public key {path}: {exc.strerror}") from None
    cloud.deliver(client, instance_id, user, key)


def hand_over(address: str, port: int) -> None:
    """Connect, and give ssh the socket through standard output."""
    with socket.create_connection((address, port), timeout=_CONNECT_TIMEOUT) as connection:
        connection.setblocking(True)
        with socket.socket(fileno=os.dup(1)) as ssh:
            socket.send_fds(ssh, [b"\0"], [connection.fileno()])


def run(given: argparse.Namespace) -> None:
    """Serve one connection; raises AccessError and OSError."""
    options = {name: spec.get("default") for name, spec in cloud_argument_spec().items()}
    client = cloud.make_client({**options, "region": given.region, "profile": given.profile})
    if given.public_key:
        register(client, given.instance_id, given.user, given.public_key)
    if given.address:
        hand_over(given.address, given.port)
    else:
        session = cloud.open_session(client, given.instance_id, given.port)
        asyncio.run(tunnel.run(tunnel.Ticket(**session)))


def main(words: t.Sequence[str]) -> int:
    """The exit status; ssh makes nothing of it but that the connection is over."""
    given = read_arguments(words)
    try:
        run(given)
    except AccessError as problem:
        print(f"{given.instance_id}: {problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"{given.instance_id}: cannot connect to {given.address} port {given.port}: {problem.strerror or problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0

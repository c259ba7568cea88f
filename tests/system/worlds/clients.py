# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other table: what is wrong on the side of the person who logs in, and what their own ssh says about it.

Scripts run in a folder with bob's key pair (key, key.pub), another one (other, other.pub) and the instance's host keys (known).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from lab.instance import Instance

ONE_KEY = "-o IdentitiesOnly=yes -o IdentityAgent=none -i key"
OTHER_KEY = "-o IdentitiesOnly=yes -o IdentityAgent=none -i other"
FROM_AGENT = "-o IdentityAgent=$PWD/agent"
AGENT = "ssh-agent -a $PWD/agent > pid; export SSH_AUTH_SOCK=$PWD/agent; "


class Client(NamedTuple):
    """One way for a client to fail at a host where everything is in order."""

    cause: str
    setup: str = ":"
    arguments: str = ONE_KEY
    host: str = ""
    fix: str = ":"
    fixed: str = ""
    """Other arguments, where these are what has to change."""
    note: str = ""

    @property
    def id(self) -> str:
        """Readable, and unique in the table."""
        return self.cause + (f"-{self.note}" if self.note else "")


ALL = (
    Client("private_key_unprotected", "chmod 0644 key", fix="chmod 0600 key"),
    Client("private_key_missing", "mv key away; mv key.pub away.pub", fix="mv away key"),
    Client("private_key_unreadable", "cp key keep; head -c 200 keep > key; rm key.pub", fix="cp keep key"),
    Client("private_key_unreadable", "cp key keep; cp key.pub key", fix="cp keep key", note="public-half"),
    Client("private_key_passphrase", "ssh-keygen -q -p -P '' -N secret -f key", fix="ssh-keygen -q -p -P secret -N '' -f key"),
    Client("key_not_offered", arguments=OTHER_KEY, fixed=ONE_KEY),
    Client("key_not_offered", "cp other.pub key.pub", fix="ssh-keygen -y -f key > key.pub", note="wrong-half"),
    Client("key_not_offered", AGENT + "ssh-add -q other", FROM_AGENT, fix="SSH_AUTH_SOCK=$PWD/agent ssh-add -q key", note="agent"),
    Client("key_not_offered", AGENT + "ssh-add -q key", FROM_AGENT + " -o IdentitiesOnly=yes -i other", fixed=FROM_AGENT, note="identities-only"),
    Client(
        "too_many_keys",
        AGENT + "for n in 1 2 3 4 5 6 7; do ssh-keygen -q -t ed25519 -N '' -f many$n; ssh-add -q many$n; done; ssh-add -q key",
        FROM_AGENT,
        fixed=ONE_KEY,
    ),
    Client(
        "agent_refused",
        AGENT + "unset DISPLAY; ssh-add -q -c key",
        FROM_AGENT + " -o IdentitiesOnly=yes -i key.pub",
        fix="SSH_AUTH_SOCK=$PWD/agent ssh-add -q -d key; SSH_AUTH_SOCK=$PWD/agent ssh-add -q key",
    ),
    Client("client_skips_key", arguments=ONE_KEY + " -o PubkeyAcceptedKeyTypes=rsa-sha2-512", fixed=ONE_KEY),
    Client("host_key_changed", "cp known keep; awk '{$3 = key; $2 = kind; print}' kind=\"$(cut -d' ' -f1 other.pub)\" "
           "key=\"$(cut -d' ' -f2 other.pub)\" keep > known", fix="cp keep known"),
    Client("host_key_revoked", "cp known keep; sed 's/^/@revoked /' keep > known", fix="cp keep known"),
    Client("private_key_mismatch", "cp key keep; cp other key", fix="cp keep key"),
    Client("private_key_is_directory", "mkdir -m 0700 folder", ONE_KEY.replace("key", "folder"), fixed=ONE_KEY),
    Client("proxy_command_failed", arguments=ONE_KEY + " -o ProxyCommand=/bin/false", fixed=ONE_KEY),
    Client("host_key_unknown", "mv known keep; : > known", fix="mv keep known"),
    Client("name_not_resolved", host="nosuch.invalid"),
    Client("connection_refused", arguments=ONE_KEY + " -p 1", fixed=ONE_KEY),
    Client("permission_denied", arguments=ONE_KEY + " -l eve", fixed=ONE_KEY),
)  # fmt: skip


def run(folder: Path, script: str, instance: Instance) -> subprocess.CompletedProcess[str]:
    """A script of the table, by a person without an agent of their own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}
    environment = {**clean, "HOST": instance.ssh_host, "PORT": str(instance.ssh_port), "LC_ALL": "C"}
    return subprocess.run(["sh", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)


def login(folder: Path, arguments: str, instance: Instance, host: str = "") -> subprocess.CompletedProcess[str]:
    """bob's own ssh, which says what it does."""
    options = "-F none -o BatchMode=yes -o ConnectTimeout=4 -o UserKnownHostsFile=known -o GlobalKnownHostsFile=none"
    more = "-o StrictHostKeyChecking=yes -o PreferredAuthentications=publickey -o ControlPath=none"
    return run(folder, f"ssh -v {options} {more} {arguments} -p $PORT -l bob {host or '$HOST'} exit 0", instance)

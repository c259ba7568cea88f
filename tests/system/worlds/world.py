# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance that is broken, looked at, mended and put back, many times and fast."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import tarfile
import uuid
from pathlib import Path
from typing import Any, Mapping, NamedTuple

import ansible
from ecs_emulator.backends.podman import podman_environment
from lab import ssh as lab_ssh
from lab.instance import Instance
from lab.ssh import KeyFile

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
CODE = "/opt/check"
USER = "bob"
# A login that hangs has failed.
LOGIN_SECONDS = 10

# What scenarios may call. Settings go to the top of the file, where they win; sshd is restarted so that they are in force.
PRELUDE = """
H=/home/bob; S=$H/.ssh; A=$S/authorized_keys; C=/etc/ssh/sshd_config
restart() { systemctl reset-failed $UNIT 2>/dev/null; systemctl restart $UNIT; }
stop() { systemctl stop $UNIT; }
conf() { { printf '%s\\n' "$@"; cat $C; } > /tmp/conf && cat /tmp/conf > $C && rm /tmp/conf && restart; }
match() { printf '%s\\n' "$@" >> $C && restart; }
pam() { { printf '%s\\n' "$@"; cat /etc/pam.d/sshd; } > /tmp/pam && cat /tmp/pam > /etc/pam.d/sshd && rm /tmp/pam; }
keys() { printf "$@" > $A; }
acl() {
  python3 -c "import os, struct; os.setxattr('$1', 'system.posix_acl_access', struct.pack('<I', 2) + b''.join(struct.pack(
    '<HHi', *entry) for entry in ((1, 7, -1), (2, 7, 2002), (4, 5, -1), (16, 7, -1), (32, 0, -1))))"
}
"""

# Everything that a scenario may have changed. The homes come back with their owners and modes.
_SAVE = """
set -e
useradd -m -s /bin/bash -u 2001 bob; useradd -m -s /bin/bash -u 2002 eve
echo ';' | chage -M 99999 bob
for name in bob eve; do
  install -d -m 0700 -o $name -g $(id -g $name) /home/$name/.ssh
  install -m 0600 -o $name -g $(id -g $name) /dev/null /home/$name/.ssh/authorized_keys
done
printf '%s\\n' "$K" > /home/bob/.ssh/authorized_keys
if sshd -T | grep -q persourcepenalties; then echo 'PerSourcePenalties no' >> /etc/ssh/sshd_config; fi
touch /etc/hosts.allow /etc/hosts.deny /etc/fstab
mkdir -p -m 0700 /root/.ssh
rm -f /etc/nologin
# Here accounts are reset by killing what they run; logind would wait for the managers of services that it starts for them.
sed -i '/pam_systemd/d' /etc/pam.d/common-session
mkdir -p /opt/base
tar -C / -cpf /opt/base/base.tar etc/ssh etc/pam.d etc/security etc/passwd etc/group etc/shadow etc/gshadow etc/shells etc/hosts.allow \
  etc/hosts.deny etc/fstab etc/nsswitch.conf home root/.ssh $(ls -d /etc/bash.bashrc /etc/profile 2>/dev/null | sed s,^/,,)
"""
_RESET = """
cd /
pkill -9 -u 2001 2>/dev/null; pkill -CONT -x sshd
chmod 0755 / /run/sshd 2>/dev/null; mv /opt/base/sshd /usr/sbin/ 2>/dev/null
umount /home/bob 2>/dev/null; umount /srv/home 2>/dev/null
chattr -i /home/bob/.ssh/authorized_keys 2>/dev/null
systemctl unmask -q ssh.service sshd.service ssh.socket 2>/dev/null
rm -rf /etc/ssh /etc/pam.d /etc/security /home/* /etc/nologin /run/nologin /etc/shadow /root/.ssh /srv/*
rm -rf /usr/local/bin/* /run/systemd/system/*.service.d
tar -C / -xpf /opt/base/base.tar
for kind in blackhole prohibit; do ip route flush type $kind 2>/dev/null; done
if [ -x /usr/sbin/iptables ]; then iptables -P INPUT ACCEPT; iptables -P OUTPUT ACCEPT; iptables -F; iptables -X; nft delete table inet t 2>/dev/null; fi
kill $HOLDER $SQUATTER 2>/dev/null; HOLDER= SQUATTER=
if systemctl is-enabled -q ssh.socket || systemctl is-active -q ssh.socket; then
  systemctl disable -q ssh.socket; systemctl enable -q ssh.service; systemctl stop ssh.socket ssh.service
  # One that a socket had started may stay.
  pkill -9 -f 'sshd: .*[[]listener]'
fi 2>/dev/null
systemctl is-active -q systemd-user-sessions || systemctl start systemd-user-sessions
systemctl daemon-reload
mkdir -p /run/sshd
restart
"""


class Checked(NamedTuple):
    """The module's answer."""

    can_log_in: Any
    findings: list[dict[str, str]]
    result: Mapping[str, Any]

    @property
    def first(self) -> str:
        """The first cause, or nothing."""
        return self.findings[0]["cause"] if self.findings else ""

    @property
    def blocking(self) -> list[str]:
        """Causes that block."""
        return [finding["cause"] for finding in self.findings if finding["severity"] == "blocks"]


class World:
    """An instance with the users bob (who has the key) and eve, and a shell of root's that stays open."""

    def __init__(self, instance: Instance, key: KeyFile) -> None:
        self.instance = instance
        self.key = key
        unit = "sshd" if instance.run("systemctl cat ssh.service").returncode else "ssh"
        self._shell = subprocess.Popen(
            # Privileged for what a container may not do to itself: mounts, routes, firewall rules.
            ["podman", "exec", "--interactive", "--privileged", instance.container, "sh"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=podman_environment(),
        )  # fmt: skip
        self.sh(f"UNIT={unit}; K={shlex.quote(key.public)}; TYPE={key.public.split()[0]}; B={key.blob}" + PRELUDE)
        self._install()
        self.sh(_SAVE, check=True)
        self.reset()
        done = self.login("echo $SSH_CLIENT")
        assert done.returncode == 0, f"the world is not sound to begin with: {done.stderr}"
        self.address = done.stdout.split()[0]
        self.sh(f"ADDR={self.address}")

    def close(self) -> None:
        """Leave the instance as others want to find it."""
        self.reset()
        self.sh("userdel -rf bob; userdel -rf eve")
        self._shell.stdin.close()
        self._shell.wait(timeout=10)

    def reset(self) -> None:
        """Everything as it was."""
        self.sh(_RESET)

    def sh(self, script: str, check: bool = False) -> str:
        """Run a script in the open shell; a script that ends the shell is a mistake of the test."""
        mark = uuid.uuid4().hex
        body = f"( {script}\n) </dev/null" if check else script
        self._shell.stdin.write(f'{body}\necho " {mark} $?"\n'.encode())
        self._shell.stdin.flush()
        lines = []
        while True:
            line = self._shell.stdout.readline().decode("utf-8", "replace")
            assert line, "the shell in the instance has ended: " + "".join(lines)
            if mark in line:
                text, _mark, status = line.rpartition(mark)
                output = "".join(lines) + text.strip()
                assert not check or status.strip() == "0", output
                return output
            lines.append(line)

    def login(self, command: str = "true", user: str = USER, key: KeyFile | None = None, options: tuple[str, ...] = ()):
        """A real login."""
        loose = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=4", *options)
        return lab_ssh.ssh(self.instance, user, key or self.key, command, Path("/dev/null"), loose, timeout=LOGIN_SECONDS)

    def check(self, **options: Any) -> Checked:
        """Run the module in the instance, as Ansible would: arguments in, JSON out."""
        arguments = {"user": USER, "public_key": self.key.public, "address": self.address, **options}
        text = json.dumps({"ANSIBLE_MODULE_ARGS": {name: value for name, value in arguments.items() if value is not None}})
        module = "ansible_collections.alicloud.ecs_access.plugins.modules.ssh_login_check"
        output = self.sh(f"printf '%s' {shlex.quote(text)} | (cd /; PYTHONPATH={CODE} python3 -m {module}); echo")
        result = json.loads(output.strip().splitlines()[-1])
        assert not result.get("failed"), result
        assert result["changed"] is False
        return Checked(result["can_log_in"], result["findings"], result)

    def _install(self) -> None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for part in ("module_utils", "modules/ssh_login_check.py"):
                archive.add(PLUGINS / part, f"ansible_collections/alicloud/ecs_access/plugins/{part}", filter=_only_source)
            core = Path(ansible.__file__).parent
            for part in ("__init__.py", "release.py", "_vendor", "module_utils"):
                archive.add(core / part, f"ansible/{part}", filter=_only_source)
        done = self.instance.run(f"rm -rf {CODE} && mkdir {CODE} && tar -C {CODE} -x", stdin=buffer.getvalue())
        assert done.returncode == 0, done.stderr


def _only_source(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh instance for each world from the field: a container of its own, so that a world may do what it likes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import tarfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Iterator, NamedTuple

import ansible
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_client import judge_client
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ecs_emulator.backends.podman import IMAGE_PREFIX, podman_environment
from lab import ssh as lab_ssh
from worlds.field import LOGS_IN, NO_CONNECTION, NO_SHELL, REFUSED, Answer, World

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
CODE = "/opt/check"
MARK = "inside"
LOGIN_SECONDS = 20
BOOT = "mkdir -p /run/ecs-access && touch /run/ecs-access/go && exec /sbin/init"
WAIT_FOR_SYSTEM = "while :; do case $(systemctl is-system-running --wait 2>/dev/null) in running|degraded|maintenance) break ;; esac; sleep 0.05; done"

# The words that setups may use. The key, the address and the other files of the person are variables too.
PRELUDE = """
H=/home/bob; S=$H/.ssh; A=$S/authorized_keys; C=/etc/ssh/sshd_config; P=/etc/pam.d/sshd
reload() { systemctl reset-failed $UNIT 2>/dev/null || :; systemctl restart $UNIT 2>/dev/null || :; }
first() { { printf '%s\\n' "$@"; cat $C; } > /tmp/first && cat /tmp/first > $C && rm /tmp/first; }
last() { printf '%s\\n' "$@" >> $C; }
pam_first() { { printf '%s\\n' "$@"; cat $P; } > /tmp/first && cat /tmp/first > $P && rm /tmp/first; }
options() { if [ $UNIT = ssh ]; then echo "SSHD_OPTS=\\"$1\\"" > /etc/default/ssh; else echo "OPTIONS=\\"$1\\"" > /etc/sysconfig/sshd; fi; }
second() {
  printf '[Service]\\nExecStart=/usr/sbin/sshd -D -f /etc/ssh/sshd_config_2222\\n' > /etc/systemd/system/sshd-2222.service
  systemctl daemon-reload; systemctl start sshd-2222
}
lines() { printf '%s\\n' "$@" > $A; }
"""
_PREPARE = """
set -e
useradd -m -s /bin/bash -u 2001 bob; useradd -m -s /bin/bash -u 2002 eve
for name in bob eve root; do
  home=$(getent passwd $name | cut -d: -f6)
  install -d -m 0700 -o $name -g $(id -g $name) $home/.ssh
  install -m 0600 -o $name -g $(id -g $name) /dev/null $home/.ssh/authorized_keys
done
ssh-keygen -A >/dev/null
# A boot takes half as long without what looks for encrypted disks and the like.
cd /usr/lib/systemd/system-generators && ls | grep -v -e ssh -e fstab | xargs rm -f
python3 -m compileall -q /opt/check >/dev/null || :
"""
# Most worlds change nothing but files and settings of sshd, and share an instance that is put back: starting one takes three times as long.
_ROUGH = re.compile(r"systemctl|\bsecond\b|mount|iptables|nft |\bip r|setsid|/var/lib|(chmod|rm|cp|ln|mv) [^;]*/(usr|bin|sbin)/|chmod \d+ /")
_KEEP = "tar -C / -cpf /opt/base.tar --exclude=etc/hosts --exclude=etc/resolv.conf --exclude=etc/hostname etc home root srv usr/local var/lib/extrausers"
_RESET = """
pkill -9 -u 2001; pkill -9 -u 2002; cd /
find /etc -mindepth 1 -maxdepth 1 ! -name hosts ! -name resolv.conf ! -name hostname -exec rm -rf {} +
rm -rf /home /root /srv /data /usr/local /opt/mybash /tmp/* /var/tmp/* /run/nologin /run/faillock /run/log/journal/*
tar -C / -xpf /opt/base.tar; chmod 755 /
systemctl restart systemd-journald; systemctl reset-failed; systemctl restart ssh 2>/dev/null || systemctl restart sshd
"""


class FieldLab:
    """The image that instances are made of, the people's keys, and what is known of the network between them."""

    def __init__(self, image: str, folder: Path) -> None:
        self.image, self.folder = image, folder
        self._made = f"localhost/ecs-field-{uuid.uuid4().hex[:8]}"
        self._keys: dict[str, lab_ssh.KeyFile] = {}
        self._turn = threading.Lock()
        self._idle: list[FieldInstance] = []
        folder.mkdir(parents=True, exist_ok=True)
        container = _podman("run", "--detach", "--pull=never", IMAGE_PREFIX + image, "sleep", "600").strip()
        try:
            _podman("exec", "--interactive", container, "sh", "-c", f"mkdir {CODE} && tar -C {CODE} -x", stdin=_code())
            _podman("exec", container, "sh", "-c", _PREPARE)
            _podman("commit", "--quiet", container, self._made)
        finally:
            _podman("rm", "--force", "--time", "0", container)

    def close(self) -> None:
        """Remove the instances and the image."""
        while self._idle:
            self._idle.pop().close()
        _podman("rmi", "--force", self._made)

    def person(self, world: World) -> Path:
        """A folder with a person's files."""
        folder = self.folder / f"{world.name}-{uuid.uuid4().hex[:6]}"
        folder.mkdir()
        for name, kind in (("key", world.key), ("other", "ed25519"), ("ca", "ed25519")):
            made = self._key(f"{name}:{kind}")
            shutil.copy(made.path, folder / name)
            folder.joinpath(f"{name}.pub").write_text(made.public + "\n")
        shutil.copy(folder / "key.pub", folder / "mine.pub")
        return folder

    @contextlib.contextmanager
    def start(self, world: World) -> Iterator[FieldInstance]:
        """A fresh instance in the state of this world."""
        rough = bool(_ROUGH.search(world.setup))
        instance = self._idle.pop() if self._idle and not rough else FieldInstance(self._made)
        try:
            instance.arrange(world, self.person(world))
            yield instance
            if not rough:
                instance.put_back()
                self._idle.append(instance)
        finally:
            if instance not in self._idle:
                instance.close()

    def _key(self, which: str) -> lab_ssh.KeyFile:
        with self._turn:
            if which not in self._keys:
                name, kind, *bits = which.split(":")
                self._keys[which] = lab_ssh.make_key(self.folder, "-".join((name, kind, *bits)), kind, int(bits[0]) if bits else None)
            return self._keys[which]


class Login(NamedTuple):
    """One real ssh."""

    outcome: str
    said: str
    """What a person would read."""
    err: str
    """With what -v adds."""
    status: int


class FieldInstance:
    """One instance, and one person's folder."""

    folder: Path

    def __init__(self, image: str) -> None:
        self.host = f"127.42.{random.randint(1, 254)}.{random.randint(1, 254)}"
        ports = [f"--publish={self.host}:{port}:{port}" for port in (22, 2222)]
        # What root of a virtual machine has: the audit identity of a login, and a look into every process.
        self.container = _podman(
            "run", "--detach", "--pull=never", "--systemd=always", "--cap-add=AUDIT_WRITE,SYS_PTRACE", "--hostname=field", *ports, image, "sh", "-c", BOOT
        ).strip()
        self.address = ""

    def close(self) -> None:
        """Remove it."""
        self._leave()
        _podman("rm", "--force", "--time", "0", "--volumes", self.container)

    def put_back(self) -> None:
        """Make it fit for the next world."""
        self._leave()
        self.root(_RESET)

    def _leave(self) -> None:
        """End the person's agent, and forget their files."""
        folder = getattr(self, "folder", None)
        if folder and (folder / "pid").exists():
            subprocess.run(["sh", "-c", ". ./pid; kill $SSH_AGENT_PID"], cwd=folder, capture_output=True, timeout=20, check=False)
        if folder:
            shutil.rmtree(folder, ignore_errors=True)

    def arrange(self, world: World, folder: Path) -> None:
        """Wait for the boot, if it is new, and make the world."""
        self.folder = folder
        if not self.address:
            # The person comes from the address of the gateway, as the instance sees it.
            output = _podman("exec", self.container, "sh", "-c", f"{WAIT_FOR_SYSTEM}; {_KEEP}; ip route show default")
            self.address = output.split("via", 1)[1].split()[0]
        if world.client:
            done = subprocess.run(["sh", "-ec", world.client], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, f"{world.name}: the person's files: {done.stderr}"
        self.root(self._variables() + PRELUDE + f'printf "%s\\n" "$K" > $A\nset -e\n{world.setup}\n')
        time.sleep(0.3)

    def root(self, script: str, stdin: bytes = b"") -> str:
        """Run a script as a virtual machine's root would: it may mount, and set firewall rules."""
        return _podman("exec", "--interactive", "--privileged", self.container, "sh", "-c", script, stdin=stdin)

    def login(self, world: World) -> Login:
        """A real ssh."""
        port = str(world.port or 22)
        # What a world says itself comes first for -o, which keeps the first, and last for -F, which keeps the last.
        own = ["-F", "none", *(shlex.split(world.arguments) or ["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-i", "key"])]
        options = (
            "BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null", "ConnectTimeout=6",
            "ControlPath=none",
        )  # fmt: skip
        own += [word for option in options for word in ("-o", option)]
        target = f"{world.user}@{self.host}"
        if world.how == "sftp":
            command, typed = ["sftp", "-v", *own, "-P", port, "-b", "-", target], "pwd\n"
        elif world.how == "shell":
            command, typed = ["ssh", "-v", *own, "-tt", "-p", port, target], f"echo {MARK[:3]}''{MARK[3:]}; exit\n"
        else:
            command, typed = ["ssh", "-v", *own, "-p", port, target, f"echo {MARK}"], ""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}
        try:
            done = subprocess.run(
                command, cwd=self.folder, env={**clean, "LC_ALL": "C"}, input=typed, capture_output=True, text=True, timeout=LOGIN_SECONDS, check=False
            )  # fmt: skip
            out, err, status = done.stdout, done.stderr, done.returncode
        except subprocess.TimeoutExpired as slow:
            out, err, status = _text(slow.stdout), _text(slow.stderr), 124
        said = "\n".join(line for line in err.splitlines() if not line.startswith(("debug1:", "OpenSSH_", "Authenticated", "Transferred", "Bytes")))
        if ("Remote working directory" if world.how == "sftp" else MARK) in out:
            outcome = LOGS_IN
        elif "Authenticated to" in err:
            outcome = NO_SHELL
        else:
            outcome = REFUSED if "SSH2_MSG_SERVICE_ACCEPT received" in err else NO_CONNECTION
        return Login(outcome, said, err, status)

    def judge(self, world: World, image: str, login: Login) -> Answer:
        """What is made of the person's own words."""
        line = (self.folder / "mine.pub").read_text().strip()
        findings = [finding.to_dict() for finding in judge_client(login.err, login.status, parse_public_key(line).fingerprint_sha256)]
        return Answer(world, image, False, not findings, findings)

    def check(self, world: World, image: str) -> list[Answer]:
        """Ask the module, as Ansible would, without and with its own login: arguments in, JSON out."""
        arguments = {"user": world.user, "public_key": (self.folder / world.offers).read_text().strip(), "address": self.address}
        arguments |= {"session": world.how} | ({"port": world.port} if world.port else {})
        arguments |= world.check
        module = "ansible_collections.alicloud.ecs_access.plugins.modules.ssh_login_check"
        script = f"cd /; export PYTHONPATH={CODE}\n"
        for prove in (False, True):
            text = json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, "prove": prove}})
            script += f"printf %s {shlex.quote(text)} | timeout 60 python3 -m {module}; echo; echo {MARK}\n"
        outputs = self.root(script).split(MARK + "\n")
        return [_answer(world, image, prove, output) for prove, output in zip((False, True), outputs)]

    def _variables(self) -> str:
        public = {path.name: path.read_text().strip() for path in self.folder.glob("*.pub")}
        key = public["mine.pub"].split()
        named = {
            "K": public["mine.pub"], "TYPE": key[0], "B": key[1], "OTHER": public["other.pub"], "CA": public["ca.pub"],
            "CERT": public.get("key-cert.pub", ""), "ADDR": self.address,
        }  # fmt: skip
        unit = "UNIT=ssh; systemctl cat ssh.service >/dev/null 2>&1 || UNIT=sshd\n"
        return unit + "".join(f"{name}={shlex.quote(value)}\n" for name, value in named.items())


def _answer(world: World, image: str, prove: bool, output: str) -> Answer:
    try:
        result = json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        result = {"failed": True, "msg": f"no answer: {output[-300:]}"}
    if result.get("failed"):
        told = {"cause": "module_failed", "evidence": str(result.get("msg")), "severity": "failed"}
        return Answer(world, image, prove, "failed", [told])
    return Answer(world, image, prove, result["can_log_in"], result["findings"], result.get("proof", ""))


def _text(output: Any) -> str:
    return output.decode("utf-8", "replace") if isinstance(output, bytes) else output or ""


def _podman(*arguments: str, stdin: bytes = b"") -> str:
    done = subprocess.run(["podman", *arguments], input=stdin, capture_output=True, env=podman_environment(), timeout=150, check=False)
    assert done.returncode == 0, f"podman {' '.join(arguments)[:200]}: {done.stdout.decode()[-500:]}{done.stderr.decode()[-500:]}"
    return done.stdout.decode("utf-8", "replace")


def _code() -> bytes:
    """The module and Ansible's own part of it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for part in ("module_utils", "modules/ssh_login_check.py", "modules/ssh_access.py"):
            archive.add(PLUGINS / part, f"ansible_collections/alicloud/ecs_access/plugins/{part}", filter=_only_source)
        core = Path(ansible.__file__).parent
        for part in ("__init__.py", "release.py", "_vendor", "module_utils"):
            archive.add(core / part, f"ansible/{part}", filter=_only_source)
    return buffer.getvalue()


def _only_source(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member

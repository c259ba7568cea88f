# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh instance for each world from the field: a container of its own, so that a world may do what it likes."""

from __future__ import annotations

import contextlib
import io
import json
import random
import shlex
import shutil
import subprocess
import tarfile
import time
import uuid
from pathlib import Path
from typing import Any, Iterator

import ansible
from ecs_emulator.backends.podman import IMAGE_PREFIX, podman_environment
from lab import ssh as lab_ssh
from worlds.field import LOGS_IN, NO_CONNECTION, NO_SHELL, REFUSED, Answer, World

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
CODE = "/opt/check"
MARK = "inside"
LOGIN_SECONDS = 20
BOOT = "mkdir -p /run/ecs-access && touch /run/ecs-access/go && exec /sbin/init"
WAIT_FOR_SYSTEM = "while :; do case $(systemctl is-system-running --wait 2>/dev/null) in running|degraded|maintenance) exit 0 ;; esac; sleep 0.05; done"

# The words that setups may use. The key, the address and the other files of the person are variables too.
PRELUDE = """
H=/home/bob; S=$H/.ssh; A=$S/authorized_keys; C=/etc/ssh/sshd_config; P=/etc/pam.d/sshd
reload() { systemctl reset-failed $UNIT 2>/dev/null || :; systemctl restart $UNIT 2>/dev/null || :; }
first() { { printf '%s\\n' "$@"; cat $C; } > /tmp/first && cat /tmp/first > $C && rm /tmp/first; }
last() { printf '%s\\n' "$@" >> $C; }
pam_first() { { printf '%s\\n' "$@"; cat $P; } > /tmp/first && cat /tmp/first > $P && rm /tmp/first; }
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
"""


class FieldLab:
    """The image that instances are made of, the people's keys, and what is known of the network between them."""

    def __init__(self, image: str, folder: Path) -> None:
        self.image, self.folder = image, folder
        self._made = f"localhost/ecs-field-{uuid.uuid4().hex[:8]}"
        self._keys: dict[str, lab_ssh.KeyFile] = {}
        folder.mkdir(parents=True, exist_ok=True)
        container = _podman("run", "--detach", "--pull=never", IMAGE_PREFIX + image, "sleep", "600").strip()
        try:
            _podman("exec", "--interactive", container, "sh", "-c", f"mkdir {CODE} && tar -C {CODE} -x", stdin=_code())
            _podman("exec", container, "sh", "-c", _PREPARE)
            _podman("commit", "--quiet", container, self._made)
        finally:
            _podman("rm", "--force", "--time", "0", container)

    def close(self) -> None:
        """Remove the image."""
        _podman("rmi", "--force", self._made)

    def person(self, world: World) -> Path:
        """A folder with a person's files."""
        folder = self.folder / f"{world.name}-{uuid.uuid4().hex[:6]}"
        folder.mkdir()
        for name, kind in (("key", world.key), ("other", "ed25519"), ("ca", "ed25519")):
            made = self._key(f"{name}:{kind}")
            shutil.copy(made.path, folder / name)
            folder.joinpath(f"{name}.pub").write_text(made.public + "\n")
        return folder

    @contextlib.contextmanager
    def start(self, world: World) -> Iterator[FieldInstance]:
        """A fresh instance in the state of this world."""
        instance = FieldInstance(self._made, self.person(world))
        try:
            instance.arrange(world)
            yield instance
        finally:
            instance.close()

    def _key(self, which: str) -> lab_ssh.KeyFile:
        if which not in self._keys:
            name, kind, *bits = which.split(":")
            self._keys[which] = lab_ssh.make_key(self.folder, "-".join((name, kind, *bits)), kind, int(bits[0]) if bits else None)
        return self._keys[which]


class FieldInstance:
    """One instance, and one person's folder."""

    def __init__(self, image: str, folder: Path) -> None:
        self.folder = folder
        self.host = f"127.42.{random.randint(1, 254)}.{random.randint(1, 254)}"
        ports = [f"--publish={self.host}:{port}:{port}" for port in (22, 2222)]
        # What root of a virtual machine has: the audit identity of a login, and a look into every process.
        self.container = _podman(
            "run", "--detach", "--pull=never", "--systemd=always", "--cap-add=AUDIT_WRITE,SYS_PTRACE", "--hostname=field", *ports, image, "sh", "-c", BOOT
        ).strip()
        self.address = ""

    def close(self) -> None:
        """Remove it."""
        _podman("rm", "--force", "--time", "0", "--volumes", self.container)
        shutil.rmtree(self.folder, ignore_errors=True)

    def arrange(self, world: World) -> None:
        """Wait for the boot, and make the world."""
        _podman("exec", self.container, "sh", "-c", WAIT_FOR_SYSTEM)
        self.address = self._gateway()
        if world.client:
            done = subprocess.run(["sh", "-ec", world.client], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, f"{world.name}: the person's files: {done.stderr}"
        self.root(self._variables() + PRELUDE + f'printf "%s\\n" "$K" > $A\nset -e\n{world.setup}\n')
        time.sleep(0.3)

    def root(self, script: str, stdin: bytes = b"") -> str:
        """Run a script as a virtual machine's root would: it may mount, and set firewall rules."""
        return _podman("exec", "--interactive", "--privileged", self.container, "sh", "-c", script, stdin=stdin)

    def login(self, world: World) -> tuple[str, str]:
        """What a real ssh comes to, and what it said."""
        program = "sftp" if world.how == "sftp" else "ssh"
        port = world.port or 22
        options = [
            "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=6",
            "-o", "ControlPath=none", "-v",
        ]  # fmt: skip
        own = shlex.split(world.arguments) or ["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-i", "key"]
        target = f"{world.user}@{self.host}"
        if world.how == "sftp":
            command, typed = [program, *own, *options, "-P", str(port), "-b", "-", target], "pwd\n"
        elif world.how == "shell":
            command, typed = [program, *own, *options, "-tt", "-p", str(port), target], f"echo {MARK[:3]}''{MARK[3:]}; exit\n"
        else:
            command, typed = [program, *own, *options, "-p", str(port), target, f"echo {MARK}"], ""
        try:
            done = subprocess.run(command, cwd=self.folder, input=typed, capture_output=True, text=True, timeout=LOGIN_SECONDS, check=False)
            out, err = done.stdout, done.stderr
        except subprocess.TimeoutExpired as slow:
            out, err = (_text(slow.stdout), _text(slow.stderr))
        wanted = "Remote working directory" if world.how == "sftp" else MARK
        said = "\n".join(line for line in err.splitlines() if not line.startswith(("debug1:", "OpenSSH_")))
        if wanted in out:
            return LOGS_IN, said
        if "Authenticated to" in err:
            return NO_SHELL, said + out
        return (REFUSED if "SSH2_MSG_SERVICE_ACCEPT received" in err else NO_CONNECTION), said

    def check(self, world: World, image: str, prove: bool) -> Answer:
        """Ask the module, as Ansible would: arguments in, JSON out."""
        arguments = {"user": world.user, "public_key": (self.folder / world.offers).read_text().strip(), "address": self.address, "prove": prove}
        arguments |= {"port": world.port} if world.port else {}
        arguments |= world.check
        text = json.dumps({"ANSIBLE_MODULE_ARGS": {name: value for name, value in arguments.items() if value is not None}})
        module = "ansible_collections.alicloud.ecs_access.plugins.modules.ssh_login_check"
        output = self.root(f"cd /; PYTHONPATH={CODE} timeout 100 python3 -m {module}; true", stdin=text.encode())
        try:
            result = json.loads(output.strip().splitlines()[-1])
        except (ValueError, IndexError):
            result = {"failed": True, "msg": f"no answer: {output[-300:]}"}
        if result.get("failed"):
            told = {"cause": "module_failed", "evidence": str(result.get("msg")), "severity": "failed"}
            return Answer(world, image, prove, "failed", [told])
        return Answer(world, image, prove, result["can_log_in"], result["findings"], result.get("proof", ""))

    def _gateway(self) -> str:
        """The address that the person comes from, as the instance sees it."""
        route = _podman("exec", self.container, "ip", "route", "show", "default").split()
        return route[route.index("via") + 1]

    def _variables(self) -> str:
        public = {path.name: path.read_text().strip() for path in self.folder.glob("*.pub")}
        key = public["key.pub"].split()
        named = {
            "K": public["key.pub"], "TYPE": key[0], "B": key[1], "OTHER": public["other.pub"], "CA": public["ca.pub"],
            "CERT": public.get("key-cert.pub", ""), "ADDR": self.address,
        }  # fmt: skip
        unit = "UNIT=ssh; systemctl cat ssh.service >/dev/null 2>&1 || UNIT=sshd\n"
        return unit + "".join(f"{name}={shlex.quote(value)}\n" for name, value in named.items())


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

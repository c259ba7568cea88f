# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are not the system's: ssh_login_check must take neither options nor files from them, whatever they call themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lab import impostor
from lab.impostor import HOME, SCRIPT, TRACES

CHECK = "alicloud.ecs_access.ssh_login_check"
# The kernel lists listeners by a hash of address and port: each of these is before port 22 or behind it, independently of the others,
# so that some are the first that anyone finds. More than sixteen sshd does not take.
PORTS = [22 ^ 1 << bit for bit in range(10, 16)] + [22 ^ 1 << 15 ^ 1 << bit for bit in range(10)]
TITLE = "sshd: /usr/sbin/sshd -D {} [listener] 0 of 10-100 startups"
KEYS_COMMAND = f'-o "AuthorizedKeysCommand=/bin/sh {SCRIPT}" -o AuthorizedKeysCommandUser=root'
CONFIGURATION = f"""
AuthorizedKeysCommand /bin/sh {SCRIPT}
AuthorizedKeysCommandUser root
HostKey {HOME}/host_key
PidFile none
UsePAM no
"""
# Reads its text from standard input, and so has nothing but its title in its command line.
LISTENER = f"""
import socket, time
held = [socket.create_server(("", port)) for port in {PORTS}]
time.sleep(3000)
"""


def bob_comes_in(attacked, local_account) -> None:
    """bob has the controller's key, and it works."""
    local_account(attacked.instance, "bob")
    attacked.instance.exec(
        f"install -d -m 700 -o bob -g bob ~bob/.ssh; echo '{attacked.key.public}' > ~bob/.ssh/authorized_keys; chown bob: ~bob/.ssh/authorized_keys"
    )
    assert attacked.lets_in("bob", attacked.key)


def listens(instance, pid: int) -> str:
    """The command line of the process, once it listens on all of its ports."""
    held = "|".join(f"{port:04X}" for port in PORTS)
    count = f"grep -cE ':({held}) 00000000:0000 0A' /proc/net/tcp"
    instance.exec(f"for n in $(seq 300); do test $({count}) = {len(PORTS)} && exit; sleep 0.05; done; cat {HOME}/out >&2; exit 1")
    return instance.exec(f"tr '\\0' ' ' < /proc/{pid}/cmdline")


def end(instance, pid: int) -> None:
    """End it with the processes that it has started."""
    instance.exec(f"kill $(cat /proc/{pid}/task/{pid}/children) {pid}; while [ -e /proc/{pid} ]; do sleep 0.02; done")


def check(attacked, **more: Any) -> dict[str, Any]:
    result = attacked.ansible(CHECK, {"user": "bob", "public_key": attacked.key.public, **more})
    assert "can_log_in" in result, result
    return result


@pytest.mark.long
def test_a_title_is_not_a_command_line(attacked, local_account):
    """A copy of Python is named sshd, holds more ports than the real server, and has a title as sshd writes it."""
    instance = attacked.instance
    impostor.settle(instance)
    bob_comes_in(attacked, local_account)
    instance.exec(f"mkdir {HOME}/b; cp /usr/bin/python3 {HOME}/b/sshd; mkfifo {HOME}/fifo; ssh-keygen -q -t ed25519 -N '' -f {HOME}/host_key", user="mallory")
    instance.put(f"{HOME}/listener.py", LISTENER)
    instance.put(f"{HOME}/configuration", CONFIGURATION, owner="mallory:")
    # Whoever opens the FIFO gets a configuration, and mallory gets to know it.
    impostor.start(instance, f"while :; do cat configuration > fifo && echo someone read the FIFO >> {TRACES}/fifo; sleep 0.1; done")
    instance.exec("echo 'root:$6$salt$hash-of-root' | chpasswd -e")
    worlds = {
        f"{KEYS_COMMAND} -o ForceCommand={SCRIPT}": {"prove": True},
        f"-f {HOME}/fifo -o PubkeyAuthentication=no": {"port": 22},
        f"-f {HOME}/configuration": {"port": PORTS[0]},
        "-f /etc/shadow": {},
    }
    impostor.traces(instance)
    ran, results = {}, {}
    for options, asked in worlds.items():
        pid = impostor.start(instance, f"PYTHONHOME=/usr exec -a '{TITLE.format(options)}' {HOME}/b/sshd", stdin=f"{HOME}/listener.py")
        assert listens(instance, pid).startswith(TITLE.format(options)[:30])
        results[options] = check(attacked, **asked)
        ran[options] = impostor.traces(instance)
        end(instance, pid)
    wrong = [f"{options}: {said}" for options, said in ran.items() if said]
    wrong += [f"{options}: root's password hash is told" for options, result in results.items() if "hash-of-root" in json.dumps(result)]
    for options, asked in worlds.items():
        verdict = results[options]["can_log_in"]
        # bob can log in at the system's port and not at mallory's.
        if verdict is ("port" in asked and asked["port"] != 22):
            wrong.append(f"{options}: can_log_in is {verdict}: {results[options]['findings']}")
    assert not wrong, "\n".join(wrong)


SERVER = f"/usr/sbin/sshd -D -e -o AddressFamily=inet -f {HOME}/configuration " + " ".join(f"-p {port}" for port in PORTS)
USER_UNIT = f"""
export XDG_RUNTIME_DIR=/run/user/$(id -u) unit=$(systemctl cat ssh.service > /dev/null 2>&1 && echo ssh || echo sshd)
until [ -S /run/user/$(id -u)/systemd/private ]; do sleep 0.05; done
mkdir -p ~mallory/.config/systemd/user; printf '[Service]\\nExecStart={SERVER}\\n' > ~mallory/.config/systemd/user/$unit.service
systemctl --user daemon-reload; systemctl --user start $unit.service; systemctl --user show -P MainPID $unit.service > {HOME}/pid2
exec tail -f /dev/null --pid $(cat {HOME}/pid2)
"""
WORLDS = {
    # The account, whether it needs the rights of an administrator, the command, and what shows that it is what it is called.
    "a server that an account runs for itself": ("mallory", False, f"exec {SERVER}", "test $(stat -c %U /proc/$pid) = mallory"),
    "a service of an account's own systemd with the name of the system's": (
        "mallory", False, USER_UNIT, f"grep -q '/user@[0-9]*.service/.*/sshd*.service' /proc/$(cat {HOME}/pid2)/cgroup"
    ),
    "a user namespace": (
        "mallory", False, f"exec unshare -Urm sh -c 'mount -t tmpfs run /run; mkdir -m 755 /run/sshd; exec {SERVER}'",
        "test $(readlink /proc/$pid/ns/user) != $(readlink /proc/1/ns/user)",
    ),
    "a container with the host's network": (
        "root", True, f"exec unshare -m {SERVER}",
        "test $(readlink /proc/$pid/ns/mnt) != $(readlink /proc/1/ns/mnt) && test $(readlink /proc/$pid/exe) = /usr/sbin/sshd",
    ),
    "a chroot in an account's home": ("root", True, f"exec chroot {HOME}/jail {SERVER}", f"test $(readlink /proc/$pid/root) = {HOME}/jail"),
}  # fmt: skip
SOME = ("a service of an account's own systemd with the name of the system's", "a user namespace", "a container with the host's network")


@pytest.mark.parametrize("worlds", [pytest.param(SOME, id="some"), pytest.param(tuple(WORLDS), id="all", marks=pytest.mark.long)])
def test_only_the_system_s_own_server_is_asked(attacked, local_account, worlds):
    """Real servers, with a configuration of the account's own."""
    instance = attacked.instance
    impostor.settle(instance)
    bob_comes_in(attacked, local_account)
    instance.exec("systemctl unmask -q user@.service && loginctl enable-linger mallory")
    instance.exec(f"ssh-keygen -q -t ed25519 -N '' -f {HOME}/host_key; mkdir {HOME}/jail", user="mallory")
    instance.exec(f"mount --rbind / {HOME}/jail", privileged=True)
    instance.put(f"{HOME}/configuration", CONFIGURATION, owner="mallory:")
    impostor.traces(instance)
    ran, verdicts = {}, {}
    for world in worlds:
        user, privileged, command, shown = WORLDS[world]
        pid = impostor.start(instance, command, user=user, privileged=privileged)
        listens(instance, pid)
        instance.exec(f"pid={pid}; {shown}")
        verdicts[world] = check(attacked, port=PORTS[0])["can_log_in"]
        ran[world] = impostor.traces(instance)
        instance.exec(f"cat {HOME}/pid2 2>/dev/null | xargs -r kill; rm -f {HOME}/pid2")
        end(instance, pid)
    wrong = [f"{world}: {said}" for world, said in ran.items() if said]
    wrong += [f"{world}: bob can log in there, it is said" for world, verdict in verdicts.items() if verdict is True]
    assert not wrong, "\n".join(wrong)
    assert check(attacked)["can_log_in"] is not False

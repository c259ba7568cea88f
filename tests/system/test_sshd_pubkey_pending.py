# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that pass sshd -t and keep people out, written but not read by sshd yet: our reload must not put them in force."""

from __future__ import annotations

import contextlib
import re

import pytest
from lab.sshd_host import running_hosts

pytestmark = pytest.mark.long

MAIN = "/etc/ssh/sshd_config"


@pytest.fixture(scope="module")
def hosts(start_fleet, request, lab_folder, controller_key):
    images = [name for name in ("debian12", "el-like") if name in request.config.getoption("--images").split(",")]
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(running_hosts(start_fleet, images, lab_folder / "sshd_pending", controller_key))


@pytest.fixture(scope="module")
def prepared(hosts):
    """The systems, with sshd as it was installed; a listener that never reads the edits stays that way from row to row."""
    for host in hosts.values():
        host.reset()
        host.let_op_in()
    return hosts


# Settings ahead of all others, or a Match block at the end; what is said. The run is connected as op, for the sake of alice.
DANGERS = [
    ("AllowUsers op", "AllowUsers does not have alice"),
    ("AllowUsers alice", "op: AllowUsers does not have op"),
    ("AllowUsers op@192.0.2.1 alice", "op"),
    ("DenyUsers op", "op: DenyUsers has op"),
    ("AllowGroups alice", "op: AllowGroups has none of the groups of op"),
    ("DenyGroups op", "op: DenyGroups has op, a group of op"),
    ("AuthenticationMethods password", "AuthenticationMethods is password"),
    ("Match User op\\nAuthenticationMethods password", "op: AuthenticationMethods is password"),
    ("Match User op\\nAuthenticationMethods publickey,password", "op: AuthenticationMethods is publickey,password, so that a key alone is not enough"),
    ("Match User op\\nPubkeyAuthentication no", "op: PubkeyAuthentication is no"),
    ("Match User *,!alice\\nPubkeyAuthentication no", "op: PubkeyAuthentication is no"),
    ("Match Address 0.0.0.0/0 User op\\nPubkeyAuthentication no", "op: PubkeyAuthentication is no"),
    ("Match LocalPort 22 User op\\nPubkeyAuthentication no", "op: PubkeyAuthentication is no"),
    ("Match Group op\\nDenyUsers *", "op: DenyUsers has *"),
    ("Match all\\nAuthorizedKeysFile none", "AuthorizedKeysFile is none"),
    ("AuthorizedKeysFile /etc/ssh/kyes/%u", "from /etc/ssh/kyes/alice, where there is no file"),
    ("Match User op\\nAuthorizedKeysFile /etc/ssh/kyes/%u", "op: AuthorizedKeysFile makes sshd read the keys of op from /etc/ssh/kyes/op"),
    ("RevokedKeys /etc/ssh/gone", "RevokedKeys names /etc/ssh/gone"),
    ("Match User op\\nRevokedKeys /etc/ssh/ssh_host_ed25519_key", "op"),
    ("PubkeyAcceptedAlgorithms rsa-sha2-512", "op: PubkeyAcceptedAlgorithms has none of ssh-ed25519"),
    ("KexAlgorithms diffie-hellman-group14-sha1", "op: a private sshd refused op"),
    ("MaxAuthTries 0", "op: a private sshd refused op"),
    ("MaxSessions 0", "op: a private sshd let op in, but its session ran no command"),
    ("Match Host *\\nMaxSessions 0", "op: a private sshd let op in, but its session ran no command"),
    ("ChrootDirectory /nonexistent", "op: a private sshd"),
    ("ForceCommand /bin/false", "op: ForceCommand is /bin/false"),
    ("Match User op\\nForceCommand internal-sftp", "op: ForceCommand is internal-sftp"),
    ("Port 2222", "sshd would listen on .*:2222"),
    ("ListenAddress 127.0.0.1", "sshd would listen on 127.0.0.1:22, and not on"),
    ("ListenAddress 192.0.2.1", "sshd would listen on 192.0.2.1:22, and not on"),
    ("AddressFamily inet6", r"sshd would listen on \[::\]:22, and not on"),
    ("PerSourceMaxStartups 0", "PerSourceMaxStartups is 0"),
    # An account that never had a password counts as locked then.
    ("UsePAM no", "alice: a private sshd refused alice: .*account is locked"),
]


def write(host, lines, more=""):
    """As an editor leaves it: sshd has not read it."""
    place = f">> {MAIN}" if lines.startswith("Match") else f"> /tmp/new; cat {MAIN} >> /tmp/new; cat /tmp/new > {MAIN}"
    lines = lines.replace("%", "%%")
    # Later than the last reload by more than the second that systemd tells.
    host.exec(f"sleep 1.1; cp -a /root/ssh.pristine/. /etc/ssh/; {more} printf '{lines}\\n' {place}; rm -f /tmp/new; sshd -t")


def run(host, **options):
    """Connected as op, by key alone."""
    return host.run(variables={"ansible_password": None}, users=["alice"], proof_user="op", proof_private_key_file=None, **options)


@pytest.mark.parametrize(
    ("image", "lines", "sentence", "keys_off"),
    [pytest.param("debian12", *danger, False, id=danger[0].replace("\\n", "; ")) for danger in DANGERS]
    + [pytest.param("debian12", *danger, True, id=f"{danger[0]} and keys off") for danger in DANGERS[1::9]]
    + [pytest.param("el-like", *danger, False, id=f"el-like: {danger[0]}") for danger in DANGERS[3::9]],
)  # fmt: skip
def test_dangerous_edit_is_not_put_in_force(prepared, image, lines, sentence, keys_off):
    host = prepared[image]
    write(host, lines, f"sed -i '1i PubkeyAuthentication no' {MAIN};" if keys_off else "")
    before = host.snapshot()
    result = run(host)
    assert result["status"] == "failed", result
    assert re.search(sentence, result["msg"]), result["msg"]
    assert "nothing was changed" in result["msg"]
    assert host.snapshot() == before
    # What was in force still is: nobody needs the edit to be mended to come in.
    assert host.login() == "alice"
    assert run_as_op(host) == "op"


def run_as_op(host):
    return host.login("op", host.controller.key)


@pytest.mark.on_image("debian12")
def test_locked_account_and_an_sshd_without_pam(prepared):
    host = prepared["debian12"]
    write(host, "UsePAM no", "usermod -L op;")
    try:
        result = run(host)
        assert "op: a private sshd refused op" in result["msg"]
        assert "account is locked" in result["msg"]
        assert run_as_op(host) == "op"
    finally:
        host.exec("usermod -U op")


@pytest.mark.on_image("debian12")
@pytest.mark.parametrize("lines", ["MaxAuthTries 1", "PermitTTY no", "RequiredRSASize 16384", "Match User bob\\nMaxSessions 0"])
def test_harmless_edit_is_put_in_force_with_a_warning_and_proven(prepared, lines):
    host = prepared["debian12"]
    write(host, lines)
    result = run(host)
    try:
        assert result["status"] == "changed", result["msg"]
        assert result["actions"] == ["reload ssh.service"]
        assert "edited after ssh.service had last read it" in result["output"]
        assert result["proof"].startswith("logged in as op@")
        assert (host.login(), run_as_op(host)) == ("alice", "op")
    finally:
        host.reset()


@pytest.mark.on_image("debian12")
def test_a_run_that_comes_by_password_needs_passwords(prepared):
    host = prepared["debian12"]
    write(host, "PasswordAuthentication no", "mv /home/op/.ssh /home/op/away;")
    try:
        message = host.run(users=["alice"])["msg"]
        assert "reloading it now would lock users out: op: " in message
        assert host.password_login("op", "password")
        write(host, "Match User op\\nPubkeyAuthentication no")
        assert host.run(users=["alice"])["status"] == "changed"
        assert host.password_login("op", "password")
    finally:
        host.exec("mv /home/op/away /home/op/.ssh")
        host.reset()

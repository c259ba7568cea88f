# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a private key file is, by the public half that OpenSSH's own format begins with."""

import base64
import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.private_files import is_encrypted, public_half, what_instead


@pytest.mark.parametrize("passphrase", ["", "secret"])
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_the_public_half_of_a_file(tmp_path, kind, passphrase):
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path)], check=True, stdin=subprocess.DEVNULL)
    found = public_half(path.read_bytes())
    assert found is not None
    assert found.blob == parse_public_key(path.with_suffix(".pub").read_text()).blob
    assert is_encrypted(path.read_bytes()) == bool(passphrase)
    assert what_instead(path.read_bytes()) == ""


@pytest.mark.parametrize("passphrase", ["", "secret"])
@pytest.mark.parametrize("form", ["PEM", "PKCS8"])
def test_a_passphrase_in_older_formats(tmp_path, form, passphrase):
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-m", form, "-N", passphrase, "-f", str(path)], check=True, stdin=subprocess.DEVNULL)
    assert is_encrypted(path.read_bytes()) == bool(passphrase)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"ssh-rsa AAAA x\n", "is a public key; name the file of the private key"),
        (b"\xef\xbb\xbfssh-ed25519 AAAA\r\n", "is a public key"),
        (b"PuTTY-User-Key-File-3: ssh-ed25519\r\n", "puttygen FILE -O private-openssh"),
        (b"hello", ""),
        (b"\xff\xfe\0", ""),
        (b"", ""),
    ],
)
def test_what_a_file_is_instead(content, part):
    assert part in what_instead(content)
    assert bool(part) == bool(what_instead(content))
    assert is_encrypted(content) is False


def armored(content):
    return b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.b64encode(content) + b"\n-----END OPENSSH PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"ssh-ed25519 AAAA",
        armored(b""),
        armored(b"openssh-key-v1\0"),
        armored(b"openssh-key-v1\0" + b"\xff" * 40),
        armored(b"openssh-key-v1\0" + b"\0" * 40),
        b"-----BEGIN OPENSSH PRIVATE KEY-----\n!!!\n-----END",
        b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    ],
)
def test_anything_else_is_nobodys(content):
    assert public_half(content) is None

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys made here are keys for ssh-keygen, and the public half of any private key file is read right or not at all."""

import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair import private_key as pk
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key


def ssh_keygen(*arguments):
    return subprocess.run(["ssh-keygen", *arguments], check=True, capture_output=True, text=True, timeout=60).stdout.strip()


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Files by form, each with its true public key as ssh-keygen tells it."""
    folder = tmp_path_factory.mktemp("keys")
    forms = {
        "openssh": ["-t", "rsa", "-b", "2048", "-N", ""],
        "openssh-encrypted": ["-t", "ecdsa", "-b", "384", "-N", "open sesame"],
        "pkcs1": ["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""],
        "pkcs1-encrypted": ["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "open sesame"],
        "pkcs8": ["-t", "ecdsa", "-b", "256", "-m", "PKCS8", "-N", ""],
        "ed25519": ["-t", "ed25519", "-N", ""],
    }
    found = {}
    for form, options in forms.items():
        path = folder / form
        ssh_keygen("-q", "-f", str(path), "-C", "test", *options)
        found[form] = (path.read_bytes(), parse_public_key(path.with_suffix(".pub").read_text()))
    return found


@pytest.mark.parametrize(
    ("key_type", "size", "public_type"),
    [
        ("rsa", 2048, "ssh-rsa"),
        ("ecdsa", 256, "ecdsa-sha2-nistp256"),
        ("ecdsa", 384, "ecdsa-sha2-nistp384"),
        ("ecdsa", 521, "ecdsa-sha2-nistp521"),
    ],
)
def test_a_made_key_is_a_key_for_ssh_keygen(tmp_path, key_type, size, public_type):
    made = pk.make_private_key(key_type, size, None, "deploy")
    path = tmp_path / "key"
    path.write_bytes(made.content)
    path.chmod(0o600)
    told = parse_public_key(ssh_keygen("-y", "-P", "", "-f", str(path)))
    assert told.same_key(made.public_key)
    assert (made.public_key.key_type, made.public_key.bits, made.public_key.comment) == (public_type, size, "deploy")


def test_a_made_key_opens_with_its_passphrase_only(tmp_path):
    made = pk.make_private_key("ecdsa", 256, "open sesame", "deploy")
    path = tmp_path / "key"
    path.write_bytes(made.content)
    path.chmod(0o600)
    with pytest.raises(subprocess.CalledProcessError):
        ssh_keygen("-y", "-P", "wrong", "-f", str(path))
    assert parse_public_key(ssh_keygen("-y", "-P", "open sesame", "-f", str(path))).same_key(made.public_key)


@pytest.mark.parametrize(
    ("form", "passphrase"),
    [
        ("openssh", None),
        ("openssh-encrypted", None),
        ("openssh-encrypted", "whatever"),
        ("pkcs1", None),
        ("pkcs1", "not needed"),
        ("pkcs1-encrypted", "open sesame"),
        ("pkcs8", None),
        ("ed25519", None),
    ],
)
def test_the_public_half(keys, form, passphrase):
    content, public_key = keys[form]
    assert pk.read_public_half(content, passphrase, "/k").same_key(public_key)


@pytest.mark.parametrize(
    ("form", "passphrase", "sentence"),
    [
        ("pkcs1-encrypted", None, "/k is encrypted; give its passphrase"),
        ("pkcs1-encrypted", "wrong", "/k cannot be opened with this passphrase, or is damaged"),
    ],
)
def test_a_passphrase_that_is_missing_or_wrong(keys, form, passphrase, sentence):
    with pytest.raises(pk.PassphraseNeeded) as caught:
        pk.read_public_half(keys[form][0], passphrase, "/k")
    assert str(caught.value) == sentence


@pytest.mark.parametrize("form", ["openssh", "pkcs1", "pkcs8", "openssh-encrypted"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.97])
def test_a_part_of_a_key_is_no_key(keys, form, part):
    content = keys[form][0]
    cut = content[: int(len(content) * part)]
    assert not pk.is_complete(cut)
    with pytest.raises(pk.PrivateKeyError) as caught:
        pk.read_public_half(cut, None, "/k")
    assert str(caught.value).startswith("/k ")
    assert not any(len(line) > 20 and line.decode() in str(caught.value) for line in cut.splitlines())


@pytest.mark.parametrize("form", ["openssh", "pkcs1"])
def test_a_key_with_a_hole_is_no_key(keys, form):
    lines = keys[form][0].splitlines(keepends=True)
    holed = b"".join(lines[:6] + lines[12:])
    with pytest.raises(pk.PrivateKeyError):
        pk.read_public_half(holed, None, "/k")


@pytest.mark.parametrize("content", [b"hello\n", b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n", b"\0\0\0"])
def test_something_else(content):
    with pytest.raises(pk.PrivateKeyError) as caught:
        pk.read_public_half(content, None, "/k")
    assert str(caught.value) == "/k holds something else than one private key"


def test_the_public_half_is_called_that():
    with pytest.raises(pk.PrivateKeyError, match=r"^/k\.pub is a public key; name the file of the private key"):
        pk.read_public_half(b"ssh-ed25519 AAAA anna\n", None, "/k.pub")


def test_the_key_that_ecs_made_gets_the_passphrase(keys, tmp_path):
    content, public_key = keys["pkcs1"]
    path = tmp_path / "key"
    path.write_bytes(pk.encrypt_private_key(content, "open sesame"))
    path.chmod(0o600)
    assert parse_public_key(ssh_keygen("-y", "-P", "open sesame", "-f", str(path))).same_key(public_key)


def test_an_empty_passphrase_is_a_mistake():
    with pytest.raises(pk.PrivateKeyError):
        pk.check_passphrase("")


def test_a_made_key_does_not_show_itself():
    assert b"PRIVATE" not in repr(pk.make_private_key("ecdsa", 256, None, "x")).encode()

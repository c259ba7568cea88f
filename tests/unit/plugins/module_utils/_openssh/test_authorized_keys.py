# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""authorized_keys files: what survives, what is added, what goes. Names of peers' scenarios stand in the ids."""

import base64
import shutil
import struct
import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import (
    Revoked,
    WantedKey,
    parse_key_file,
    plan_key_file,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import PublicKey, parse_public_key

NONE = Revoked()


def pack(*values: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(value)) + value for value in values)


def text(number: int) -> str:
    """An ed25519 key without a comment; no private half exists."""
    return "ssh-ed25519 " + base64.b64encode(pack(b"ssh-ed25519", bytes([number] * 32))).decode()


def key(number: int) -> PublicKey:
    return parse_public_key(text(number))


def want(number, options=None, comment=None, present=True):
    return WantedKey(key(number), options, comment, present)


A, B, C = text(1), text(2), text(3)


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        pytest.param("", [want(1)], A + "\n", id="3 empty file"),
        pytest.param(f"# top\n{A} a\n", [want(2), want(1)], f"# top\n{A} a\n{B}\n", id="2 comments and order stay, new keys come last"),
        pytest.param(f"{A}\n{B}\n", [want(2), want(1)], f"{A}\n{B}\n", id="5 same keys in another order: nothing"),
        pytest.param("# old comment", [want(1)], f"# old comment\n{A}\n", id="37 a last line without newline is not glued"),
        pytest.param(f"{A} a", [want(2)], f"{A} a\n{B}\n", id="37 a last key without newline is not glued"),
        pytest.param(f"{A} a", [want(1)], f"{A} a", id="37 a missing newline alone changes nothing"),
        pytest.param("# x\n# x\n\n\n", [want(1)], f"# x\n# x\n\n\n{A}\n", id="e identical comments and blank lines stay"),
        pytest.param(f"{A} a\n{A} a\n", [want(1)], f"{A} a\n{A} a\n", id="39 repeated lines stay"),
        pytest.param(f'{A}\ncommand="x" {A}\n', [want(2)], f'{A}\ncommand="x" {A}\n{B}\n', id="e the same key with other options stays"),
        pytest.param("ssh-rsa\n", [want(1)], f"ssh-rsa\n{A}\n", id="f a line that is only a type stays"),
        pytest.param("ssh-rsa notbase64!!\n", [want(1)], f"ssh-rsa notbase64!!\n{A}\n", id="40 a malformed line stays"),
        pytest.param(f"{A} a  \n", [want(2)], f"{A} a  \n{B}\n", id="44 a trailing blank stays"),
        pytest.param(f"{A} a\r\n", [want(2)], f"{A} a\r\n{B}\r\n", id="45 CRLF stays and is taken up"),
        pytest.param(f"\t{A} a\n", [want(1)], f"\t{A} a\n", id="a leading tab is a key all the same"),
        pytest.param(f"{A} a\n", [want(1, comment="b")], f"{A} b\n", id="28 a comment is changed"),
        pytest.param(f"{A} a\n", [want(1)], f"{A} a\n", id="a comment that is not given stays"),
        pytest.param(f"{A} a\n", [want(1, comment="")], f"{A}\n", id="an empty comment clears"),
        pytest.param(f"{A} a b c\n", [want(1, comment="a b c")], f"{A} a b c\n", id="21 words in a comment"),
        pytest.param("", [want(1, 'command="/bin/true"')], f'command="/bin/true" {A}\n', id="13 command"),
        pytest.param(
            f"command=\"echo foo 'bar baz'\" {A}\n",
            [want(1, "command=\"echo foo 'bar baz'\"")],
            f"command=\"echo foo 'bar baz'\" {A}\n",
            id="16 quoted blanks are read back",
        ),
        pytest.param("", [want(1, 'permitopen="h:1",permitopen="h:2"')], f'permitopen="h:1",permitopen="h:2" {A}\n', id="23 both permitopen stay"),
        pytest.param(f"idle-timeout=5m {A}\n", [want(1)], f"idle-timeout=5m {A}\n", id="12 an unquoted option is an option"),
        pytest.param(f"no-pty {A} a\n", [want(1)], f"no-pty {A} a\n", id="options that are not given stay"),
        pytest.param(f"no-pty {A} a\n", [want(1, "")], f"{A} a\n", id="empty options clear"),
        pytest.param(f"NO-PTY {A} a\n", [want(1, "no-pty")], f"NO-PTY {A} a\n", id="the case of an option's name is nothing"),
        pytest.param(
            f"{A} a\nrestrict {A} b\n",
            [want(1, "restrict")],
            f"restrict {A} a\nrestrict {A} b\n",
            id="given options hold for every line of the key",
        ),
        pytest.param(
            f"restrict {A} a\n{A} b\n",
            [want(1, "restrict")],
            f"restrict {A} a\n",
            id="a repeated line that would undo the restriction goes",
        ),
        pytest.param(f"{A} a\n{B} b\n{A} c\n", [want(1, present=False)], f"{B} b\n", id="absent takes every line of the key"),
        pytest.param(f"{B}\n", [want(1, present=False)], f"{B}\n", id="absent and not there: nothing"),
        pytest.param(
            b"\xff\xfe caf\xe9\n".decode("latin-1"),
            [want(1)],
            b"\xff\xfe caf\xe9\n".decode("latin-1") + A + "\n",
            id="bytes that are no text stay",
        ),
        pytest.param("\x00\x01\n", [want(1)], f"\x00\x01\n{A}\n", id="control characters stay"),
    ],
)
def test_edit(before, wanted, after):
    edit = plan_key_file(parse_key_file(before.encode("latin-1")), wanted, False, NONE)
    assert edit.content == after.encode("latin-1")
    assert bool(edit.changes) == (before != after)
    again = plan_key_file(parse_key_file(edit.content), wanted, False, NONE)
    assert (again.content, again.changes) == (edit.content, ()), "a second run changes nothing"


@pytest.mark.parametrize(
    ("before", "wanted", "after", "changes"),
    [
        pytest.param(f"{A} a\n{B} b\n{C} c\n", [want(2)], f"{B} b\n", 2, id="6 only the listed key is left"),
        pytest.param(f"# hello\n\n{A} a\n", [want(1)], f"# hello\n\n{A} a\n", 0, id="8 comments and blank lines stay and are no change"),
        pytest.param(f"{A} a\nssh-future AAAA\n", [want(1)], f"{A} a\n", 1, id="a line of an unknown type could let someone in: it goes"),
        pytest.param(f"cert-authority {B}\n{A}\n", [want(1)], f"{A}\n", 1, id="a certificate authority goes"),
        pytest.param(f"{A} a\n{A} a\n", [want(1)], f"{A} a\n{A} a\n", 0, id="repeated lines of a listed key stay"),
        pytest.param(f"{A}\n", [], "", 1, id="41 empty list, allowed before"),
    ],
)
def test_exclusive(before, wanted, after, changes):
    edit = plan_key_file(parse_key_file(before.encode()), wanted, True, NONE)
    assert edit.content == after.encode()
    assert len(edit.changes) == changes


def test_every_key_that_exclusive_drops_is_named():
    edit = plan_key_file(parse_key_file(f"{A} laptop\n{B} desktop\n".encode()), [want(2)], True, NONE)
    assert [change.what for change in edit.changes] == ["remove key %s (laptop)" % key(1).fingerprint_sha256]


@pytest.mark.parametrize(
    "revoked",
    [
        pytest.param(Revoked(frozenset([key(1).blob])), id="by key"),
        pytest.param(Revoked(frozenset(), frozenset([key(1).fingerprint_sha256])), id="by fingerprint"),
    ],
)
def test_revoked_keys_go_even_when_listed(revoked):
    edit = plan_key_file(parse_key_file(f'{A} a\ncommand="x" {A}\n{B} b\n'.encode()), [want(1)], False, revoked)
    assert edit.content == f"{B} b\n".encode()


def test_a_revoked_rsa_key_does_not_hide_behind_needless_zeros():
    modulus = b"\x00" + b"\xc1" * 256
    plain = pack(b"ssh-rsa", b"\x01\x00\x01", modulus)
    padded = pack(b"ssh-rsa", b"\x00\x00\x01\x00\x01", b"\x00\x00" + modulus)
    line = b"ssh-rsa " + base64.b64encode(padded) + b" mallory\n"
    assert parse_key_file(line)[0].key.blob == plain
    assert plan_key_file(parse_key_file(line), [], False, Revoked(frozenset([plain]))).content == b""


@pytest.mark.parametrize(
    ("line", "kind", "options"),
    [
        # cloud-init's TestAuthKeyLineParser
        pytest.param(f"{A} user@host", "key", "", id="simple parse"),
        pytest.param(
            f'no-port-forwarding,command="echo \\"hi\\" there; sleep 10" {A} user@host',
            "key",
            'no-port-forwarding,command="echo \\"hi\\" there; sleep 10"',
            id="parse with options",
        ),
        pytest.param(A, "key", "", id="parse no comment"),
        pytest.param(f"{A}   ", "key", "", id="trailing blanks"),
        pytest.param(f'from="192.0.2.1,!192.0.2.7" {A}', "key", 'from="192.0.2.1,!192.0.2.7"', id="commas in a value"),
        pytest.param(f'command="unclosed {A}', "unknown", "", id="a quote that is never closed"),
        # Spellings of a key that sshd takes, so that a revoked key cannot hide behind them.
        pytest.param(f"{A[:40]}\r\x0b\x0c{A[40:]} x", "key", "", id="what sshd passes over inside of base64"),
        pytest.param(f"{A}\r", "key", "", id="a carriage return at the end"),
        pytest.param(f"{A}\0 x", "key", "", id="a line ends at a NUL"),
        pytest.param(f"restrict,,pty, {A}", "key", "restrict,,pty,", id="empty options"),
        # And what sshd does not take.
        pytest.param(f"no-pty\0 {A}", "unknown", "", id="a NUL before the key"),
        pytest.param(f"{A}\xa0x", "unknown", "", id="a blank that is none to sshd"),
        pytest.param(f"{A}\x1cx", "unknown", "", id="a separator that is none to sshd"),
        pytest.param(f"{A.replace(' ', chr(11))}", "unknown", "", id="a vertical tab between type and key"),
        pytest.param(f"{A}=", "unknown", "", id="padding too many"),
        pytest.param(f"ED25519 {A.split()[1]}", "unknown", "", id="the short name of a type"),
        pytest.param("#comment", "comment", "", id="comment"),
        pytest.param("   # indented", "comment", "", id="indented comment"),
        pytest.param("   ", "blank", "", id="blank"),
        pytest.param("ssh-ed25519", "unknown", "", id="type alone"),
        pytest.param("ssh-ed25519 AAAAB3NzaC1yc2E=", "unknown", "", id="blob of another type"),
    ],
)
def test_parse(line, kind, options):
    (parsed,) = parse_key_file(line.encode())
    assert (parsed.kind, parsed.options) == (kind, options)
    assert parsed.raw == line.encode()


def rsa(bits, exponent=b"\x01\x00\x01"):
    return pack(b"ssh-rsa", exponent, b"\0\x81" + b"\xc1" * (bits // 8 - 1))


def ecdsa(flipped=0):
    """A point of NIST's curve P-256; one flipped bit, and it is on the curve no more."""
    x = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
    y = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5 ^ flipped
    return pack(b"ecdsa-sha2-nistp256", b"nistp256", b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big"))


@pytest.mark.parametrize(
    ("name", "blob", "kind"),
    [
        pytest.param("rsa-sha2-512", rsa(2048), "key", id="a signature algorithm in place of the type"),
        pytest.param("rsa-sha2-256", rsa(2048), "key", id="another"),
        pytest.param("ssh-rsa", rsa(1024), "key", id="RSA of 1024 bits"),
        pytest.param("ssh-rsa", rsa(1016), "unknown", id="RSA too short for sshd"),
        pytest.param("ssh-rsa", pack(b"ssh-rsa", b"\x01\x00\x01", b"\x81" * 256), "unknown", id="RSA with a negative number"),
        pytest.param("ssh-rsa", rsa(2048)[:-3], "unknown", id="RSA cut off"),
        pytest.param("ssh-rsa", rsa(2048, b"\0\x01\x00\x01")[:-3], "unknown", id="RSA with needless zeros cut off"),
        pytest.param("ssh-rsa", rsa(2048) + b"\0\0\0", "unknown", id="RSA with bytes behind it"),
        pytest.param("ssh-ed25519", rsa(2048), "unknown", id="another type"),
        pytest.param("ecdsa-sha2-nistp256", ecdsa(), "key", id="a point of the curve"),
        pytest.param("ecdsa-sha2-nistp256", ecdsa(1), "unknown", id="no point of the curve"),
        pytest.param("ecdsa-sha2-nistp384", ecdsa(), "unknown", id="another curve"),
        pytest.param("sk-ssh-ed25519@openssh.com", pack(b"sk-ssh-ed25519@openssh.com", b"x" * 32, b""), "key", id="no application"),
        pytest.param("sk-ssh-ed25519@openssh.com", pack(b"sk-ssh-ed25519@openssh.com", b"x" * 32, b"a\0b"), "unknown", id="NUL in it"),
    ],
)
def test_parse_blobs(name, blob, kind):
    line = "%s %s x" % (name, base64.b64encode(blob).decode())
    (parsed,) = parse_key_file(line.encode())
    assert parsed.kind == kind
    assert parsed.key is None or (parsed.key.blob, parsed.key.key_type.encode()) == (blob, blob[4 : 4 + blob[3]])


def test_bits_behind_the_last_byte_are_not_passed_over():
    text = base64.b64encode(ecdsa()).decode()
    assert text.endswith("U=") and base64.b64decode(text[:-2] + "V=") == ecdsa()
    assert [line.kind for line in parse_key_file(f"ecdsa-sha2-nistp256 {text}\necdsa-sha2-nistp256 {text[:-2]}V=\n".encode())] == ["key", "unknown"]


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not here")
def test_ssh_keygen_reads_what_we_write(tmp_path):
    content = plan_key_file(parse_key_file(b"# top"), [want(1, comment="one"), want(2, 'restrict,from="192.0.2.0/24"', "two words")], False, NONE).content
    path = tmp_path / "authorized_keys"
    path.write_bytes(content)
    said = subprocess.run(["ssh-keygen", "-lf", str(path)], capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in said.splitlines()] == [key(1).fingerprint_sha256, key(2).fingerprint_sha256]

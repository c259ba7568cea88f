# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the chapters read in files and logs, in this process; tests/system has whole instances."""

import os
import subprocess
import time
from types import SimpleNamespace

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.programs import accounts, frames, rights, use
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.records import read_facts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import parse_key_file


@pytest.fixture
def ssh_keygen(tmp_path):
    """ssh_keygen(*options): (content of the private key, the line of the public one, its fingerprint)."""

    def make(*options):
        path = tmp_path / ("key%d" % len(list(tmp_path.iterdir())))
        subprocess.run(["ssh-keygen", "-q", "-C", "kim@laptop", "-f", str(path), *options], check=True, timeout=60)
        told = subprocess.run(["ssh-keygen", "-lf", f"{path}.pub"], check=True, capture_output=True, text=True, timeout=60).stdout.split()
        return path.read_bytes(), path.with_suffix(".pub").read_bytes().strip(), (int(told[0]), told[1])

    return make


@pytest.mark.parametrize("kind", [("ed25519",), ("rsa", "-b", "2048"), ("ecdsa", "-b", "384")])
def test_a_key_is_read_as_ssh_keygen_reads_it(ssh_keygen, kind):
    _private, public, (bits, fingerprint) = ssh_keygen("-N", "", "-t", *kind)
    kind_name = public.split()[0].decode()
    assert frames.read_key(public) == [kind_name, kind_name, fingerprint, bits, "", "kim@laptop"]
    line = b'  from="a b",no-pty,command="echo \\"x\\" AAAA y" ' + public + b"\r"
    assert frames.read_key(line)[2:] == [fingerprint, bits, 'from="a b",no-pty,command="echo \\"x\\" AAAA y"', "kim@laptop"]
    for other in (b"# " + public, public.split()[0], public[:60], public.split()[0] + b" AAAA" + b"?" * 20):
        assert frames.read_key(other) is None


BODY = "AAAAC3NzaC1lZDI1NTE5AAAAIBF9wCb7TxxP9gb3hE8ODe/Tc+uIUNYipthBw65i3Nf6"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(f"ssh-ed25519 {BODY} {'x' * 20000}", id="a long comment"),
        pytest.param(f'environment="A={"x" * 20000}" ssh-ed25519 {BODY}', id="long options"),
        pytest.param(f"ssh-ed25519 {BODY[:30]}\f{BODY[30:]}\v\r c", id="other blanks in the key"),
        pytest.param(f"ssh-ed25519 A\fA\vAA{BODY[4:]}", id="other blanks at its beginning"),
        pytest.param(f"ssh-ed25519 {BODY}\0AAAA", id="what stands behind a NUL"),
        pytest.param(f"ssh-ed25519\t {BODY}\r", id="a line of another system"),
    ],
)
def test_no_spelling_hides_a_key_that_sshd_accepts(line):
    """OpenSSH 9.2 lets a login in by each of these."""
    assert frames.read_key(line.encode())[2] == frames.read_key(b"ssh-ed25519 " + BODY.encode())[2]
    (parsed,) = parse_key_file(line.encode() + b"\n")
    assert parsed.key.base64 == BODY


def test_lines_without_end_are_read_in_time():
    start = time.process_time()
    for line in (b'"' * 1000000, b"a," * 500000, b" " * 1000000, b"a" + b" " * 1000000 + b"b", b'"' + b"\\" * 1000000, b"ssh-rsa " + b"A" * 1000000,
                 b"ssh-rsa " + b"\f" * 1000000 + b"A"):  # fmt: skip
        frames.read_key(line)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("-t", "ed25519", "-N", ""), "no"),
        (("-t", "ed25519", "-N", "secret-words"), "yes"),
        (("-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""), "no"),
        (("-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "secret-words"), "yes"),
        (("-t", "ecdsa", "-m", "PKCS8", "-N", ""), "no"),
        (("-t", "ecdsa", "-m", "PKCS8", "-N", "secret-words"), "yes"),
    ],
)
def test_private_keys_are_known_and_not_shown(ssh_keygen, options, found):
    private, _public, (_bits, fingerprint) = ssh_keygen(*options)
    is_readable = found == "no" or "-m" not in options
    assert use.read_private(b"name: |\n" + private) == (fingerprint if is_readable else "", found)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"hello", None),
        (b"-----BEGIN CERTIFICATE-----\nx", None),
        (b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", ("", "no")),
        (b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: aes256-cbc\n", ("", "yes")),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END", ("", "unknown")),
        (b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END", ("", "unknown")),
    ],
)
def test_what_may_be_a_private_key(content, found):
    assert use.read_private(content) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("2026-11-27T10:00:00+0000 h sshd[1]: x", "2026-11-27T10:00:00Z"),
        ("2026-11-27T10:00:00.123456+02:00 h sshd[1]: x", "2026-11-27T08:00:00Z"),
        ("2026-11-27T10:00:00-0330 h sshd[1]: x", "2026-11-27T13:30:00Z"),
        ("nothing", "1970-01-01T00:00:00Z"),
        ("2026-13-27T10:00:00+0000 h", "1970-01-01T00:00:00Z"),
        ("Feb 30 10:00:00 h sshd[1]: x", "1970-01-01T00:00:00Z"),
    ],
)
def test_times_of_logs(line, found):
    assert use.iso(use.when(line)) == found


def test_a_log_without_years_is_of_the_last_twelve_months():
    for days in (1, 100, 300):
        at = time.time() - days * 86400
        assert abs(use.when(time.strftime("%b %d %H:%M:%S h sshd[1]: x", time.localtime(at))) - at) < 2


def test_logins_of_a_log():
    one, two = "SHA256:" + "a" * 43, "SHA256:" + "b" * 43
    lines = [
        f"2026-01-01T00:00:00+0000 h sshd[1]: Accepted publickey for kim from 192.0.2.1 port 5 ssh2: ED25519 {one}",
        f"2026-03-01T00:00:00+0000 h sshd-session[1]: Accepted publickey for kim from ::1 port 5 ssh2: ED25519 {one}",
        f"2026-02-01T00:00:00+0000 h sshd[1]: Accepted publickey for kim from 192.0.2.1 port 5 ssh2: ED25519 {one}",
        f"2026-02-01T00:00:00+0000 h sshd[1]: Accepted publickey for ann from 192.0.2.1 port 5 ssh2: ED25519-CERT {one} ID x (serial 0) CA ED25519 {two}",
        "2026-02-01T00:00:00+0000 h sshd[1]: Accepted password for kim from 192.0.2.1 port 5 ssh2",
        f"2026-05-01T00:00:00+0000 h other[1]: Accepted publickey for kim from 192.0.2.1 port 5 ssh2: ED25519 {one}",
        f"2026-05-01T00:00:00+0000 h sshd[1]: Failed publickey for kim from 192.0.2.1 port 5 ssh2: ED25519 {one}",
        # Whoever reaches the port can give any text of a hundred letters for a user name.
        f"2026-05-01T00:00:00+0000 h sshd[1]: Invalid user  sshd[1]: Accepted publickey for kim from 1 port 1 ssh2: {one} from 192.0.2.1 port 5",
    ]
    used = {}
    use.read_log(lines, used)
    assert {key: use.iso(at)[:7] for key, at in used.items()} == {
        ("kim", "publickey", one): "2026-03", ("ann", "publickey", one): "2026-02", ("ann", "publickey", two): "2026-02", ("kim", "password", ""): "2026-02",
    }  # fmt: skip


@pytest.mark.parametrize("beginning", ["2026-03-01T00:00:00.123456+02:00 h", "Mar  1 00:00:00 h", "Mar 11 00:00:00 h.example"])
def test_the_beginnings_of_lines(beginning):
    used = {}
    use.read_log([f"{beginning} sshd[1]: Accepted password for kim from 192.0.2.1 port 5 ssh2"], used)
    assert list(used) == [("kim", "password", "")]


def search(base, monkeypatch):
    # What the process has done before does not count.
    monkeypatch.setattr(use.os, "times", lambda: (1000.0, 0.0, 0.0, 0.0, 0.0))
    found = use.Search()
    found.start(str(base), "keys", "kim", 1)
    return found


def test_the_search_follows_no_link_and_enters_so_many_folders(ssh_keygen, tmp_path, monkeypatch):
    private, _public, (_bits, fingerprint) = ssh_keygen("-t", "ed25519", "-N", "")
    keys = tmp_path / "keys"
    for folder in (keys, keys / "in", keys / "in" / "deep", tmp_path / "away"):
        folder.mkdir()
        (folder / "id").write_bytes(private)
    (keys / "link").symlink_to(tmp_path / "away")
    (keys / "file").symlink_to(tmp_path / "away" / "id")
    (keys / "large").write_bytes(private + b"x" * 70000)
    os.mkfifo(keys / "pipe")
    found = search(tmp_path, monkeypatch)
    assert sorted(found.found) == [str(keys / "id"), str(keys / "in" / "id")] and found.unread == []
    assert found.found[str(keys / "id")] == ["private", str(keys / "id"), "kim", fingerprint, "no"]


def test_of_the_private_keys_of_an_account_some_are_listed(tmp_path, monkeypatch):
    """Any account can make up so many that nothing of this chapter would arrive."""
    (tmp_path / "keys").mkdir()
    for number in range(250):
        (tmp_path / "keys" / f"{number:03}").write_text("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n")
    found = search(tmp_path, monkeypatch)
    assert len(found.found) == 200
    assert found.unread == [["unread", str(tmp_path / "keys"), "of its private keys, only the first 200 are listed"]]


def test_the_search_gives_up_and_says_so(tmp_path, monkeypatch):
    (tmp_path / "keys").mkdir()
    for number in range(3):
        (tmp_path / "keys" / str(number)).write_text("x")
    monkeypatch.setattr(use, "MOST_NAMES", 2)
    assert "more than 2 names" in search(tmp_path, monkeypatch).unread[0][2]
    monkeypatch.setattr(use, "CPU_SECONDS", -1)
    assert "took too long" in search(tmp_path, monkeypatch).unread[1][2]


MOUNTS = b"proc /proc proc rw 0 0\nserver:/x /home nfs4 rw 0 0\n/dev/vda / ext4 rw 0 0\n/dev/vdb /home/local ext4 rw 0 0\nx /mnt/a fuse.sshfs rw 0 0\n"


@pytest.mark.parametrize(("path", "kind"), [("/home/kim/.ssh", "nfs4"), ("/home", "nfs4"), ("/homes", ""), ("/root", ""), ("/mnt/a/../a/x", "fuse.sshfs")])
def test_network_file_systems_are_left_alone(path, kind, monkeypatch):
    monkeypatch.setattr(frames, "slurp", lambda _path: MOUNTS)
    assert frames.remote(path) == kind


def test_what_is_on_a_network_file_system_is_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(use, "remote", lambda _path: "nfs4")
    assert search(tmp_path, monkeypatch).unread == [["unread", str(tmp_path / "keys"), "it is on a network file system (nfs4)"]]


def test_sudoers_with_what_it_includes(tmp_path):
    (tmp_path / "d").mkdir()
    main = tmp_path / "sudoers"
    main.write_text(f"# comment\n\nann ALL=(ALL) ALL\n#1000 ALL=(ALL) ALL\n# a \\\nb\n@includedir {tmp_path}/d\n#include {tmp_path}/none\n#include sudoers\n")
    for name in ("b", "a", "c.bak", "d~"):
        (tmp_path / "d" / name).write_text(f"kim ALL=(ALL) {name}\n")
    files = {}
    rights.read_sudoers(str(main), files)
    records = rights.sudoers_records(files)
    assert [(record[1].rpartition("/")[2], *record[2:]) for record in records if record[1] == str(main)] == [
        ("sudoers", 3, "ann ALL=(ALL) ALL"), ("sudoers", 4, "#1000 ALL=(ALL) ALL"), ("sudoers", 5, "# a \\"), ("sudoers", 6, "b"),
    ]  # fmt: skip
    assert [record[3] for record in records if record[1] != str(main)] == ["kim ALL=(ALL) a", "kim ALL=(ALL) b"]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("kim ALL=(ALL) ALL", True), ("%ops ALL=(ALL) ALL", True), ("#1000 ALL=(ALL) ALL", True), ("ALL ALL=(ALL) /bin/x", None),
        ('"kim x" ALL=(ALL) ALL', None),
        ("User_Alias X = kim", None), ("+net ALL=(ALL) ALL", None), ("a\\ b ALL=(ALL) ALL", None), ('Defaults secure_path="/bin"', True),
        ("ann, +net ALL=ALL", None),
    ],
)  # fmt: skip
def test_only_whom_a_rule_can_be_about_is_asked_about(line, named, monkeypatch):
    monkeypatch.setattr(rights, "slurp", lambda *_what: b"passwd: files\nsudoers: files\n")
    found = rights.named_in([["sudoers", "/etc/sudoers", 1, line]])
    assert (found is not None) == bool(named)
    if named and "ALL=" in line:
        assert found & {"kim", "ops", "#1000"}


def test_rules_of_a_directory_may_be_about_anybody(monkeypatch):
    monkeypatch.setattr(rights, "slurp", lambda *_what: b"sudoers: files sss\n")
    assert rights.named_in([]) is None


def test_no_secret_leaves_the_account_files(monkeypatch):
    files = {
        "/etc/passwd": b"root:x:0:0:Rita Root:/root:/bin/sh\n# c\nbroken\n+::::::\nkim:hash:1000:1000:Kim K,phone:/home/kim\n",
        "/etc/shadow": b"root:$6$salt$hashhashhash:1:2:3:4:5:6:7\nkim:!$y$j9T$salt$hash:1:2:3:4:::\nann:!:1:2:3:4:::\nben:*:1:2:3:4:::\ncarl::1:2:3:4:::\n",
    }
    monkeypatch.setattr(accounts, "slurp", lambda path, _most=0: files[path])
    monkeypatch.setattr(accounts, "directory_names", lambda known: [])
    assert accounts.list_accounts() == ([(1, "root:x:0:0::/root:/bin/sh"), (5, "kim:x:1000:1000::/home/kim:")], [3])
    shown = accounts.read_shadow()
    assert {name: line.split(":")[1] for name, line in shown.items()} == {"root": "$x$x", "kim": "!$x$x", "ann": "!", "ben": "*", "carl": ""}
    assert "hash" not in str(shown) and "salt" not in str(shown)


def test_match_lines_are_found_wherever_they_are_included(tmp_path, monkeypatch):
    (tmp_path / "main").write_text(f"Port 22\n  Include {tmp_path}/*.conf\n#Match user x\nPasswordAuthentication no # Match\n")
    (tmp_path / "a.conf").write_text("match Address 10.0.0.0/8\n")
    assert [line.split() for line in accounts.find_matches(str(tmp_path / "main"))] == [["Address", "10.0.0.0/8"]]


def test_a_missing_file_behind_a_closed_home_is_missing(tmp_path, monkeypatch):
    """What the account may not reach, root has looked at; the accounts' other files are read all the same."""
    user = SimpleNamespace(pw_name="kim", pw_uid=os.getuid(), pw_gid=os.getgid(), pw_dir=str(tmp_path.resolve()))
    monkeypatch.setattr(accounts, "read_as", lambda _user, _path: ("denied", b""))
    look = accounts.Look()
    look.file(user, f"{user.pw_dir}/authorized_keys2")
    assert look.records == []
    (tmp_path / "authorized_keys").write_text("# none\n")
    look.file(user, f"{user.pw_dir}/authorized_keys")
    assert [record[:1] + record[3:5] for record in look.records] == [["file", "kim", "denied"]]


def test_one_file_of_many_keys_leaves_room_for_those_of_others(monkeypatch):
    """Any account can write ten thousand into its own, and there is a limit to all that is listed."""
    user = SimpleNamespace(pw_name="kim", pw_uid=os.getuid(), pw_gid=os.getgid(), pw_dir="/home/kim")
    texts = {"/many": f"ssh-ed25519 {BODY}\n".encode() * 9000, "/one": f"ssh-ed25519 {BODY}\n".encode()}
    monkeypatch.setattr(accounts, "read_as", lambda _user, path: ("ok", texts[path]))
    monkeypatch.setattr(accounts, "open_to_others", lambda _user, _path: [])
    look = accounts.Look()
    look.file(user, "/many")
    look.file(user, "/one")
    assert [record[1] for record in look.keys].count(0) == 2000 and look.keys[-1][:3] == ["key", 1, 1]
    assert ["unread", "/many", "2000 keys are listed"] in look.records


def test_where_there_is_no_room_for_keys_that_is_reported(monkeypatch):
    user = SimpleNamespace(pw_name="kim", pw_uid=os.getuid(), pw_gid=os.getgid(), pw_dir="/home/kim")
    monkeypatch.setattr(accounts, "read_as", lambda _user, path: ("ok", f"ssh-ed25519 {BODY} {path}\n".encode() * 1900))
    monkeypatch.setattr(accounts, "open_to_others", lambda _user, _path: [])
    look = accounts.Look()
    for number in range(7):
        look.file(user, f"/{number}")
    assert len(look.keys) == 10000
    assert [record for record in look.records if record[0] == "unread"] == [["unread", "/5", "500 keys are listed"], ["unread", "/6", "0 keys are listed"]]


def test_the_first_keys_of_all_files_come_first(monkeypatch):
    """Only so much of a chapter arrives, and any account can fill its own file with the longest lines."""
    texts = {"ann": f"ssh-ed25519 {BODY} a\n" * 3, "ben": f"# c\nssh-ed25519 {BODY} b\n"}
    users = {name: SimpleNamespace(pw_name=name, pw_uid=1000, pw_gid=1000, pw_dir="/home/" + name, pw_shell="/bin/sh") for name in texts}
    monkeypatch.setattr(accounts, "find_server", lambda: SimpleNamespace(config="/none"))
    monkeypatch.setattr(accounts, "list_accounts", lambda: ([(number, f"{name}:x:1000:1000::/:/bin/sh") for number, name in enumerate(texts, 1)], []))
    monkeypatch.setattr(accounts, "read_settings", lambda *_asked: {"authorizedkeysfile": [".ssh/authorized_keys"]})
    monkeypatch.setattr(accounts, "slurp", lambda path, _most=0: b"")
    monkeypatch.setattr(accounts, "read_as", lambda user, _path: ("ok", texts[user.pw_name].encode()))
    monkeypatch.setattr(accounts, "open_to_others", lambda _user, _path: [])
    monkeypatch.setattr(accounts.pwd, "getpwnam", users.__getitem__)
    assert [(record[1], record[2]) for record in accounts.collect() if record[0] == "key"] == [(0, 1), (0, 2), (1, 2), (0, 3)]


def test_a_line_that_an_account_wrote_into_a_log_fits_or_is_none():
    """With C(logger) any account writes into auth.log; a record that is too long would cost the whole answer of the host."""
    used = {}
    one = "SHA256:" + "a" * 43
    for method, account, rest in (("x" * 300, "kim", "x"), ("publickey", "k" * 400, "x"), ("publickey", "kim", "ED25519 SHA256:" + "a" * 4000)):
        use.read_log([f"2026-01-01T00:00:00+0000 h sshd[1]: Accepted {method} for {account} from 192.0.2.1 port 5 ssh2: {rest}"], used)
    assert list(used) == [("kim", "publickey", one)]
    read_facts([["used", *key, "2026-01-01T00:00:00Z"] for key in used], "20260101000000", "20260101000000")


def test_a_link_may_lead_as_deep_as_it_likes(tmp_path):
    """What is wrong with a hundred folders is enough; a longer record would cost the whole answer of the host."""
    deep = tmp_path
    for _number in range(150):
        deep = deep / "d"
        deep.mkdir()
        deep.chmod(0o777)
    (deep / "keys").write_text("")
    user = SimpleNamespace(pw_uid=os.getuid(), pw_dir=str(tmp_path))
    (tmp_path / "link").symlink_to(deep / "keys")
    found = accounts.open_to_others(user, str(tmp_path / "link"))
    assert len(found) == 99
    read_facts([["file", 0, "/link", "kim", "ok", found]], "20260101000000", "20260101000000")

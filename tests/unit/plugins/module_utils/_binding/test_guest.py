# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import base64
import struct

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.guest import (
    find_login_obstacles,
    find_state,
    is_way_in,
    key_line,
    read_guest,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key

TODAY = 20000


def make_line(kind, *fields):
    blob = b"".join(struct.pack(">I", len(field)) + field for field in (kind.encode(),) + fields)
    return "%s %s" % (kind, base64.b64encode(blob).decode())


RSA = make_line("ssh-rsa", b"\1\0\1", b"\0\x8f" + b"\x11" * 127)
ED25519 = make_line("ssh-ed25519", b"\x22" * 32)
KEY = parse_public_key(RSA)


def row(name="root", uid=0, **facts):
    settings = {"pubkeyauthentication": ["yes"], "usepam": ["yes"], "passwordauthentication": ["no"]}
    settings.update({"permitrootlogin": ["prohibit-password"], "authorizedkeysfile": [".ssh/authorized_keys"]}, **facts.pop("settings", {}))
    found = {
        "name": name, "uid": uid, "home": "/home/" + name, "done": [], "lines": [RSA + "\n"], "shell": "/bin/bash", "shell_works": True,
        "groups": [name], "locked": False, "password": False, "aging": "19000:0:99999:7:::", "revoked": False, "settings": settings,
        "missing": ["none", "/home/%s/none" % name, "/etc/nologin", "/run/nologin"],
    }  # fmt: skip
    return dict(found, **facts)


@pytest.mark.parametrize(
    ("facts", "clause"),
    [
        ({"settings": {"pubkeyauthentication": ["no"]}}, "PubkeyAuthentication is no"),
        ({"settings": {"permitrootlogin": ["no"]}}, "PermitRootLogin is no"),
        ({"settings": {"permitrootlogin": ["forced-commands-only"]}}, "PermitRootLogin is forced-commands-only"),
        ({"settings": {"allowusers": ["ann", "b*"]}}, "AllowUsers does not have root"),
        ({"settings": {"denyusers": ["ro?t"]}}, "DenyUsers has ro?t"),
        ({"settings": {"allowgroups": ["wheel"]}}, "AllowGroups"),
        ({"settings": {"denygroups": ["root"]}}, "DenyGroups has root"),
        ({"settings": {"authenticationmethods": ["publickey,password"]}}, "a key alone is not enough"),
        ({"settings": {"pubkeyacceptedalgorithms": ["ssh-ed25519,ecdsa-sha2-*"]}}, "nothing for a key of type ssh-rsa"),
        ({"settings": {"pubkeyacceptedkeytypes": ["ssh-ed25519"]}}, "nothing for a key of type ssh-rsa"),
        ({"settings": {"requiredrsasize": ["2048"]}}, "RequiredRSASize is 2048 and the key has 1024 bits"),
        ({"settings": {"rsaminsize": ["2048"]}}, "RequiredRSASize is 2048"),
        ({"settings": {"revokedkeys": ["/etc/ssh/revoked"]}, "missing": ["/etc/ssh/revoked", "/etc/nologin", "/run/nologin"]}, "cannot be read"),
        ({"settings": {"revokedkeys": ["/etc/ssh/revoked"]}, "revoked": True}, "the key is in RevokedKeys"),
        ({"settings": {"chrootdirectory": ["/jail/%u"]}, "missing": ["/jail/root"]}, "ChrootDirectory is /jail/root, which is missing"),
        ({"shell": "/usr/sbin/nologin"}, "does not allow logins"),
        ({"shell": "/bin/gone", "shell_works": False}, "its shell /bin/gone does not allow logins"),
        ({"locked": True, "settings": {"usepam": ["no"]}}, "the account is locked"),
        ({"aging": "19000:0:99999:7::20000:"}, "the account has expired"),
        ({"aging": "0:0:99999:7:::"}, "its password has expired"),
        ({"aging": "19000:0:90:7:::"}, "its password has expired"),
        ({"settings": {"chrootdirectory": ["/jail/%u/"]}, "missing": ["/jail/root"]}, "ChrootDirectory is /jail/root, which is missing"),
        ({"lines": ["cert-authority " + RSA]}, "the key is in /home/root/.ssh/authorized_keys with options that restrict it"),
        ({"uid": 1000, "missing": ["/etc/nologin"]}, "logins are disabled by /run/nologin"),
        ({"error": "'getpwnam(): name not found: root'"}, "there is no such account"),
        ({"error": "[Errno 20] Not a directory: '.ssh'"}, ".ssh is a symbolic link, which is not followed, or not a directory"),
        ({"error": "[Errno 28] No space left on device"}, "the disk is full"),
        ({"error": "sshd -T: bad"}, "sshd rejects its own configuration: bad"),
        ({"error": "not a key file: .ssh"}, ".ssh is not a regular file of at most 1 MiB"),
        ({"error": "root's own: .ssh"}, ".ssh belongs to root and holds more than keys"),
        ({"error": "root's directory: /x/keys"}, "the directory of /x/keys belongs to root"),
        ({"error": "shared: /x/keys"}, "the key is in /x/keys, which sshd reads for other accounts too; remove it there by hand"),
        ({"error": "no key file: "}, "AuthorizedKeysFile names no file that is this account's own"),
        ({"error": "no key file: /x, /y"}, "this account's own (it reads /x, /y for other accounts too)"),
    ],
)
def test_what_keeps_the_key_out(facts, clause):
    found = find_login_obstacles(row(**facts), KEY, TODAY)
    assert len(found) == 1, found
    assert clause in found[0]


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"settings": {"permitrootlogin": ["without-password"]}},
        {"settings": {"allowusers": ["root@192.0.2.*", "ann"]}},
        {"settings": {"denyusers": ["root@192.0.2.*"]}},
        {"settings": {"authenticationmethods": ["publickey,password", "publickey"]}},
        {"settings": {"pubkeyacceptedalgorithms": ["rsa-sha2-256"]}},
        {"settings": {"pubkeyacceptedalgorithms": ["rsa-*"]}},
        {"settings": {"revokedkeys": ["/etc/ssh/revoked"]}},
        {"settings": {"authorizedkeysfile": ["/etc/ssh/keys/%u"]}},
        {"locked": True},
        {"missing": []},
        {"lines": []},
        {"lines": ['no-pty,environment="A=command" %s john\n' % RSA]},
        {"aging": ""},
        {"aging": "0:0:99999:7:::", "settings": {"usepam": ["no"]}},
    ],
)
def test_what_does_not(facts):
    assert find_login_obstacles(row(**facts), KEY, TODAY) == []


ANN = {"name": "ann", "uid": 1000, "lines": [RSA]}
SUDO = "User ann may run the following commands on web:\n    (%s) %s\n"


@pytest.mark.parametrize(
    ("facts", "counts"),
    [
        pytest.param({"lines": [RSA]}, True, id="root with another key"),
        pytest.param({"lines": []}, False, id="root with none"),
        pytest.param({"lines": [RSA], "settings": {"permitrootlogin": ["no"]}}, False, id="root may not log in"),
        pytest.param({"lines": [RSA], "settings": {"pubkeyacceptedalgorithms": ["ssh-ed25519"]}}, False, id="the key is not accepted"),
        pytest.param({"lines": [RSA, ED25519], "settings": {"pubkeyacceptedalgorithms": ["ssh-ed25519"]}}, True, id="one of them is"),
        pytest.param({"lines": ["no-pty " + RSA]}, True, id="options that do not narrow"),
        pytest.param({"lines": ['command="x" ' + RSA, "cert-authority " + RSA, RSA[:99]]}, False, id="lines that give no login"),
        pytest.param({"lines": ['command="x" ' + RSA, RSA]}, True, id="one of the lines does"),
        pytest.param({"lines": [], "password": True, "settings": {"passwordauthentication": ["yes"]}}, False, id="root's password is not taken"),
        pytest.param(
            {"lines": [], "password": True, "settings": {"passwordauthentication": ["yes"], "permitrootlogin": ["yes"]}},
            True,
            id="root's password is",
        ),
        pytest.param({**ANN, "sudo": ""}, False, id="no sudo"),
        pytest.param({**ANN, "sudo": SUDO % ("ALL", "NOPASSWD: ALL")}, True, id="sudo without password"),
        pytest.param({**ANN, "sudo": SUDO % ("ALL : ALL", "ALL")}, False, id="sudo with one she lacks"),
        pytest.param({**ANN, "sudo": SUDO % ("ALL : ALL", "ALL"), "password": True}, True, id="and with one"),
        pytest.param({**ANN, "sudo": SUDO % ("ALL", "NOPASSWD: /bin/ls")}, False, id="one command only"),
        pytest.param({**ANN, "sudo": SUDO % ("bob", "NOPASSWD: ALL")}, False, id="as somebody else"),
        pytest.param({"error": "whatever"}, False, id="could not be looked at"),
    ],
)
def test_ways_in(facts, counts):
    assert is_way_in(row(**facts), TODAY) is counts


def answer(**facts):
    return dict({"up": True, "rows": [row(), row()], "ways": [], "boot": "b\n"}, **facts)


def test_nobody_is_live_without_a_server():
    assert read_guest(answer(), KEY, TODAY).live
    assert read_guest(answer(up=False), KEY, TODAY).obstacles == ["root: the SSH server is not running"]


@pytest.mark.parametrize(
    ("error", "unseen"),
    [
        ("'getpwnam(): name not found: ghost'", []),
        ("no key file: ", []),
        ("no key file: /x", []),
        ("shared: /x", ["root: the key is in /x, which sshd reads for other accounts too; remove it there by hand"]),
        ("[Errno 13] Permission denied: '.ssh'", ["root: the account itself cannot access .ssh (permission denied)"]),
    ],
)
def test_what_could_not_be_seen_is_not_taken_for_absent(error, unseen):
    assert read_guest(answer(rows=[row(error=error, lines=[]), row()]), KEY, TODAY).unseen == unseen


@pytest.mark.parametrize(
    ("options", "state"),
    [
        ([], "absent"),
        ([""], "present"),
        (["no-pty "], "present"),
        (['environment="A=from" '], "present"),
        (['from="192.0.2.1" '], "narrowed"),
        (['no-pty,EXPIRY-TIME="20200101" '], "narrowed"),
        (['command="echo \\"a b\\"" '], "narrowed"),
        (['from="192.0.2.1" ', ""], "present"),
        (['command="x" ', ""], "narrowed"),
        (["environment=x "], "narrowed"),
    ],
)
def test_the_state_from_the_lines_with_the_key(options, state):
    assert find_state([one + RSA + " john\n" for one in options]) == state
    assert read_guest(answer(rows=[row(), row(lines=[one + RSA for one in options])]), KEY, TODAY).vendor_has_key is (state == "present")


def test_an_account_that_is_named_twice_counts_once():
    guest = read_guest(answer(rows=[row(done=["keys in x"]), row("ann", 1000), row(), row()]), KEY, TODAY)
    assert (guest.users, guest.done, guest.boot) == (["root", "ann"], ["root: keys in x"], "b")


@pytest.mark.parametrize(("comment", "name", "end"), [("", "team", " team"), ("mine", "team", " mine"), ("", "团队", ""), ("a b", "team", " a b")])
def test_the_line_has_a_plain_comment(comment, name, end):
    assert key_line(parse_public_key("%s %s" % (RSA, comment)), name) == RSA + end

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fine print of single obstacles: times of pam_time, sshd's log, start-up files that wait, damaged key texts, mounts, accounts."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis import facts as facts_of
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.facts import Facts, Request
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_account import is_well_formed, judge_shell
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_client import judge_client
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_key_text import find_damage
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_log import judge_log
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_server import judge_server
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_session import judge_session
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.look_account import find_script_interpreter
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.look_server import find_listen_ports
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.pam_files import find_time_rule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.startup_text import (
    find_replacement,
    find_unconditional_end,
    find_unconditional_wait,
    find_unsure,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.records import Listening, Node

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBF9wCb7TxxP9gb3hE8ODe/Tc+uIUNYipthBw65i3Nf6"
TYPE, BLOB = KEY.split()
RSA_KEY = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDylAWHZ5NyheYxjYMHfaFhpwDd/4DMmkgJvO0Qq8CpBQR8NAzbiuAvW4iw1olFEOZt1LYTxybE"
    "yxiSedMgheueziAWpFOZ5sX9aLDGAu9kHnedTtoKrep4IpBik47XG+ZC7yupmU3p+fyCwIXM00gT7B6CuTHRDQxhRvT4umdeNQ=="
)
MONDAY, SATURDAY, SUNDAY = 0, 5, 6


@pytest.mark.parametrize(
    ("rule", "weekday", "clock", "out"),
    [
        ("sshd;*;bob;Wk0800-1800", MONDAY, "0759", True),
        ("sshd;*;bob;Wk0800-1800", MONDAY, "0800", False),
        ("sshd;*;bob;Wk0800-1800", SATURDAY, "1200", True),
        ("sshd;*;bob;!Wk0800-1800", MONDAY, "1200", True),
        ("sshd;*;bob;Al0000-2400", SUNDAY, "2359", False),
        ("sshd;*;bob;AlSu0000-2400", SUNDAY, "1200", True),
        ("sshd;*;bob;Su2200-0600", MONDAY, "0500", False),
        ("sshd;*;bob;Su2200-0600", MONDAY, "0700", True),
        ("sshd;*;b*&!bert;Wd0000-2400", MONDAY, "1200", True),
        ("sshd;*;!bob;Wd0000-2400", MONDAY, "1200", False),
        ("login;*;bob;Wd0000-2400", MONDAY, "1200", False),
        ("login|sshd;*;bob;Wd0000-2400", MONDAY, "1200", True),
        ("sshd;tty*;bob;Wd0000-2400", MONDAY, "1200", False),
        ("# sshd;*;bob;Wd0000-2400", MONDAY, "1200", False),
    ],
)
def test_times_of_pam_time(rule: str, weekday: int, clock: str, out: bool) -> None:
    found = find_time_rule("#\n" + rule + "\n", "bob", weekday, clock)
    assert (found is not None) == out
    assert found is None or found.line == 2


def _with_log(*lines: str, key: str = KEY) -> Facts:
    log = tuple("Nov 21 13:54:13 web-1 sshd[%d]: %s" % (7 if "[7]" in line else 8, line.replace("[7] ", "")) for line in lines)
    server = facts_of.ServerFacts("/usr/sbin/sshd", unit="ssh", log=log, effective={"pubkeyacceptedalgorithms": ("ssh-ed25519,rsa-sha2-512",)})
    return Facts(Request("bob", parse_public_key(key), "198.51.100.7"), server=server)


DROPPED = "drop connection #0 from [198.51.100.7]:40112 on [10.0.0.5]:22 penalty: failed authentication"
REFUSED = "Unable to negotiate with 198.51.100.7 port 59354: no matching cipher found. Their offer: aes128-ctr [preauth]"


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        ((DROPPED,), "per_source_penalty"),
        ((DROPPED.replace("100.7", "100.70"),), None),
        ((DROPPED, "Server listening on 0.0.0.0 port 22."), None),
        ((DROPPED, "Accepted publickey for eve from 198.51.100.7 port 40113 ssh2: ED25519 SHA256:x"), None),
        ((DROPPED, "Accepted publickey for eve from 198.51.100.70 port 40113 ssh2: ED25519 SHA256:x"), "per_source_penalty"),
        (("drop connection #10 from [198.51.100.7]:40112 on [10.0.0.5]:22 past MaxStartups",), "max_startups"),
        (("drop connection #10 from [198.51.100.70]:40112 on [10.0.0.5]:22 past MaxStartups",), None),
        ((REFUSED,), "no_common_algorithm"),
        ((REFUSED.replace("198.51.100.7", "192.0.2.9"),), None),
        # Whoever reaches the port can give any text of a hundred letters for a user name.
        ((DROPPED, "Invalid user Server listening on from 192.0.2.9 port 5"), "per_source_penalty"),
        ((DROPPED, "Invalid user  sshd[1]: Accepted publickey for bob from 198.51.100.7 port 5 from 192.0.2.9 port 5"), "per_source_penalty"),
        ((f"Invalid user {DROPPED} from 192.0.2.9 port 5",), None),
        ((f"Invalid user  sshd[1]: {REFUSED} from 192.0.2.9 port 5",), None),
        ((f"error: {DROPPED}",), "per_source_penalty"),
        # As OpenSSH 7.4 has it.
        ((f"fatal: {REFUSED}",), "no_common_algorithm"),
    ],
)
def test_what_sshd_logged_about_the_address(lines: tuple, cause: object) -> None:
    assert [finding.cause for finding in judge_log(_with_log(*lines))] == ([cause] if cause else [])


def test_an_old_client_is_told_apart_by_its_process() -> None:
    refused = "[7] userauth_pubkey: signature algorithm ssh-rsa not in PubkeyAcceptedAlgorithms [preauth]"
    mine = "[7] Connection closed by authenticating user bob 198.51.100.7 port 35424 [preauth]"
    assert [finding.cause for finding in judge_log(_with_log(refused, mine, key=RSA_KEY))] == ["client_signs_with_sha1"]
    assert judge_log(_with_log(refused, mine)) == []
    assert judge_log(_with_log(refused, mine.replace("[7] ", ""), key=RSA_KEY)) == []
    # OpenSSH 8.4 and older.
    older = "[7] userauth_pubkey: key type ssh-rsa not in PubkeyAcceptedKeyTypes [preauth]"
    assert [finding.cause for finding in judge_log(_with_log(older, mine, key=RSA_KEY))] == ["client_signs_with_sha1"]
    assert judge_log(_with_log(refused.replace("userauth", "Invalid user userauth"), mine, key=RSA_KEY)) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sleep 600", 1),
        ("sleep 2", None),
        ("# sleep 600", None),
        ("echo\nsleep infinity\n", 2),
        ("if true; then\n  sleep 600\nfi\n", None),
        ("case $- in *i*) ;; *) return;; esac\nsleep 600\n", None),
        ("while true; do\n  sleep 1\ndone\n", 1),
        ("while :; do\n  test -e /x && break\ndone\n", None),
        ("while true; do break; done\n", None),
    ],
)
def test_start_up_files_that_wait(text: str, line: object) -> None:
    found = find_unconditional_wait(text)
    assert (found[0] if found else None) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("set -e\nfalse\n", 1),
        ("x=1\nset -o errexit\n", 2),
        ("until nc -z db 5432; do sleep 1; done\n", 1),
        ("while read -r name; do export $name; done < /etc/names\n", None),
        ("f() {\n  set -e\n}\n", None),
        ("set -o vi\n", None),
    ],
)
def test_start_up_files_that_only_a_run_can_judge(text: str, line: object) -> None:
    found = find_unsure(text)
    assert (found[0] if found else None) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[ -z "$PS1" ] && exit\n', 1),
        ("[[ $- != *i* ]] && exit\n", 1),
        ("[[ $- == *i* ]] || exit 0\n", 1),
        ("tty -s || exit\n", 1),
        ("case $- in *i*) ;; *) exit ;; esac\n", 1),
        ("cat <<END\nexit 1\nEND\n", None),
        ("cat <<-'END' >/dev/null\nexit 1\n\tEND\nexit 2\n", 4),
    ],
)
def test_start_up_files_that_want_a_terminal(text: str, line: object) -> None:
    found = find_unconditional_end(text)
    assert (found[0] if found else None) == line


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("%s\u00a0%s bob" % (TYPE, BLOB), "key_has_odd_blanks"),
        ("\u200b%s" % KEY, "key_has_odd_blanks"),
        ("\ufeff%s" % KEY, "key_file_bom"),
        ("# mine\r%s\r" % KEY, "key_file_line_ends"),
        ("%s %s %s" % (TYPE, BLOB[:50], BLOB[50:]), "key_damaged"),
        ("%s %sX%s" % (TYPE, BLOB[:50], BLOB[51:]), "key_damaged"),
        ("%s %s\n%s" % (TYPE, BLOB[:50], BLOB[50:]), "key_wrapped"),
        ("%s %s" % (TYPE, BLOB[:50]), "key_truncated"),
        ("%s %s$" % (TYPE, BLOB[:48]), "key_truncated"),
        ("%s %s..." % (TYPE, BLOB[:-6]), "key_truncated"),
        ("%s %s\u2026 kim" % (TYPE, BLOB[:50]), "key_truncated"),
        ("%s %s" % (TYPE, BLOB[:40] + BLOB[41:]), "key_damaged"),
        ("%s %s" % (TYPE, BLOB[1:]), "key_damaged"),
        ("%s %s" % (TYPE, BLOB[:40] + "xy" + BLOB[40:]), "key_damaged"),
        ("%s %s" % (TYPE, BLOB[:25] + "C" * (len(BLOB) - 27)), None),
        ("SSH-ED25519 %s" % BLOB, "key_type_misspelt"),
        ("ssh-ed2519 %s" % BLOB, "key_type_misspelt"),
        ("%sssh-rsa AAAA" % KEY, "key_glued"),
        ("no-pty%s" % KEY, "option_malformed"),
        ("potato %s" % BLOB, "key_line_malformed"),
        ("%s %s" % (TYPE, "B" * len(BLOB)), None),
    ],
)
def test_what_happened_to_the_text_of_a_key(text: str, cause: object) -> None:
    found = find_damage(text.encode("utf-8") + b"\n", parse_public_key(KEY))
    assert (found.cause if found else None) == cause


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("bob:x:2001:2001:Bob:/home/bob:/bin/bash", True),
        ("bob:x:2001:2001::/home/bob:", True),
        ("bob:x::2001::/home/bob:/bin/bash", False),
        ("bob:x:2001:2001:/home/bob:/bin/bash", False),
        ("bob:x:two:2001::/home/bob:/bin/bash", False),
    ],
)
def test_lines_that_are_accounts(line: str, good: bool) -> None:
    assert is_well_formed(line) is good


@pytest.mark.parametrize(
    ("data", "interpreter"),
    [
        (b"#!/bin/bash\nexit\n", b"/bin/bash"),
        (b"#! /usr/bin/env bash\n", b"/usr/bin/env"),
        (b"#!/bin/bash\r\nexit\r\n", b"/bin/bash\r"),
        (b"#!\t/bin/sh -e\n", b"/bin/sh"),
        (b"#!\n", b""),
    ],
)
def test_a_script_is_started_by_what_its_first_line_names(data: bytes, interpreter: bytes) -> None:
    assert find_script_interpreter(data) == interpreter


ACCEPTED = "debug1: Server accepts key: john ED25519 SHA256:abc explicit\n"
DENIED = "debug1: No more authentication methods to try.\njohn@web-1: Permission denied (publickey).\n"


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (ACCEPTED + DENIED, "private_key_passphrase"),
        (ACCEPTED + "debug1: Authentications that can continue: publickey\n" + DENIED, "permission_denied"),
        (DENIED, "permission_denied"),
    ],
)
def test_a_key_that_ssh_silently_passes_over(log: str, cause: str) -> None:
    assert [finding.cause for finding in judge_client(log, 255)] == [cause]


@pytest.mark.parametrize(
    ("block", "ports"),
    [
        ("Id=ssh.socket\nListen=0.0.0.0:22 (Stream)\nListen=[::]:2222 (Stream)\n", (22, 2222)),
        ("Id=ssh.socket\nListen=22 (Stream)\nListen=/run/x:5 (Datagram)\n", (22,)),
        ("Id=ssh.service\n", ()),
    ],
)
def test_where_a_socket_unit_listens(block: str, ports: tuple) -> None:
    assert find_listen_ports(block) == ports


def test_a_socket_that_listens_elsewhere_is_sshds_all_the_same() -> None:
    unit = facts_of.UnitState("ssh.socket", "loaded", "active", "enabled", (2222,))
    other = facts_of.UnitState("cockpit.socket", "loaded", "inactive", "disabled", (9090,))
    listening = (Listening("::", 2222, "systemd", 1), Listening("::", 9090, "systemd", 1))
    server = facts_of.ServerFacts("/usr/sbin/sshd", unit_states=(unit, other), listening=listening, effective={"port": ("22",)})
    facts = Facts(Request("bob", None, "198.51.100.7", 22), server=server)
    assert [finding.cause for finding in judge_server(facts)] == ["sshd_other_port"]
    asked = facts._replace(request=facts.request._replace(port=2222))
    assert judge_server(asked) == []
    handed_on = server._replace(listening=(Listening("::", 2222, "sshd", 7),))
    assert judge_server(asked._replace(server=handed_on)) == []
    own = handed_on._replace(unit_states=(unit._replace(active="inactive"),))
    assert [finding.cause for finding in judge_server(asked._replace(server=own))] == ["sshd_other_family"]


def _starting(session: str, path: str, text: str, missing: tuple = (), login: bool = True) -> list:
    read = ((path, text),)
    files = facts_of.SessionFacts(login_startup=read, missing_programs=missing) if login else facts_of.SessionFacts(startup=read)
    facts = Facts(Request("bob", session=session), account=facts_of.AccountFacts(True, shell="/bin/bash"), session=files)
    return [(finding.severity, finding.cause) for finding in judge_session(facts)]


@pytest.mark.parametrize(
    ("session", "text", "missing", "found"),
    [
        ("shell", "exec fish -l\n", ("fish",), [("blocks", "shell_startup_exits")]),
        ("shell", "exec fish -l\n", (), []),
        ("command", "exec fish -l\n", ("fish",), []),
        ("shell", "[ -d /opt/x ] || exit 1\n", (), [("warns", "shell_startup_unsure")]),
        ("command", "[ -d /opt/x ] || exit 1\n", (), []),
        ("shell", "tty -s || exit\n", (), []),
        ("shell", "exit\n", (), [("blocks", "shell_startup_exits")]),
        ("command", "exit\n", (), [("warns", "shell_startup_exits")]),
        ("shell", "sleep 600\n", (), [("blocks", "shell_startup_hangs")]),
    ],
)
def test_files_of_a_terminal_concern_a_terminal(session: str, text: str, missing: tuple, found: list) -> None:
    assert _starting(session, "/home/bob/.profile", text, missing) == found


@pytest.mark.parametrize(("session", "found"), [("command", ["shell_startup_exits"]), ("sftp", ["shell_startup_exits"]), ("shell", [])])
def test_files_of_a_command_do_not_concern_a_terminal(session: str, found: list) -> None:
    assert [cause for _severity, cause in _starting(session, "/home/bob/.bashrc", "exit 1\n", login=False)] == found


def test_a_shell_for_a_login_reads_what_its_own_files_name() -> None:
    files = facts_of.SessionFacts((("/home/bob/.bashrc", "exit 1\n"),), (("/home/bob/.profile", '. "$HOME/.bashrc"\n'),))
    facts = Facts(Request("bob", session="shell"), account=facts_of.AccountFacts(True, shell="/bin/bash"), session=files)
    assert [finding.cause for finding in judge_session(facts)] == ["shell_startup_exits"]


@pytest.mark.parametrize(("session", "subsystem", "found"), [("sftp", "internal-sftp", []), ("sftp", "/usr/lib/openssh/sftp-server", ["shell_nologin"])])
def test_sshd_serves_files_without_a_shell(session: str, subsystem: str, found: list) -> None:
    account = facts_of.AccountFacts(True, shell="/usr/sbin/nologin", shell_node=Node("/usr/sbin/nologin", "file", mode=0o755))
    facts = Facts(Request("bob", session=session), account, facts_of.ServerFacts(effective={"subsystem": ("sftp " + subsystem,)}))
    assert [finding.cause for finding in judge_shell(facts)] == found
    assert [finding.cause for finding in judge_shell(facts._replace(request=Request("bob")))] == ["shell_nologin"]


@pytest.mark.parametrize(("text", "program"), [("exec fish -l\n", "fish"), ("exec 2>/dev/null\n", ""), ("exec -l zsh\n", ""), ("if x; then\nexec y\nfi\n", "")])
def test_what_replaces_the_shell(text: str, program: str) -> None:
    assert find_replacement(text) == program


@pytest.mark.parametrize(("local", "severity"), [("", "info"), ("10.0.0.5", "info"), ("10.0.0.9", "warns")])
def test_an_own_address_that_the_login_does_not_go_to(local: str, severity: str) -> None:
    server = facts_of.ServerFacts("/usr/sbin/sshd", listening=(Listening("10.0.0.5", 22, "sshd", 7),), effective={"port": ("22",)})
    facts = Facts(Request("bob", None, "198.51.100.7", 22, local_address=local), server=server)
    assert [(finding.cause, finding.severity) for finding in judge_server(facts)] == [("sshd_listens_on", severity)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#!/bin/sh\nsleep 120\n", ["motd_hangs"]),
        ("#!/bin/sh\necho hello\n", []),
        ("#!/usr/bin/python3\nsleep 120\n", []),
        ("#!/usr/bin/env bash\nsleep 999\n", ["motd_hangs"]),
    ],
)
def test_a_message_of_the_day_that_waits(text: str, found: list) -> None:
    facts = Facts(Request("bob"), session=facts_of.SessionFacts(messages=(("/etc/update-motd.d/50-x", text),)))
    assert [finding.cause for finding in judge_session(facts)] == found


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (bytes(98), "key_file_empty"),
        (bytes(20) + b"\n", "key_file_empty"),
        (bytes(98) + KEY.encode() + b"\n", "key_line_malformed"),
        (KEY.encode("utf-16-le"), "key_file_utf16"),
        (KEY.encode("utf-16"), "key_file_utf16"),
        (("%s %s" % (TYPE, BLOB.replace("+", " "))).encode(), "key_damaged"),
        (("%s %s" % (TYPE, BLOB.replace("+", "-").replace("/", "_"))).encode(), "key_damaged"),
        (("%s %s" % (TYPE, BLOB.replace("+", "%2B").replace("/", "%2F"))).encode(), "key_damaged"),
    ],
)
def test_zero_bytes_and_what_forms_make_of_a_key(content: bytes, cause: str) -> None:
    assert "+" in BLOB
    assert "/" in BLOB
    assert find_damage(content, parse_public_key(KEY)).cause == cause

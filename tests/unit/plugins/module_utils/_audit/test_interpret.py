# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From raw facts to the object of a host: each rule, with the facts of a real instance around it."""

import json

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.shape import GuestError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit import host as interpretation
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit import methods, root
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.host import SCHEMA, Identity, interpret, unseen_host
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.records import read_facts

from .conftest import NOW, SAMPLES

WHO = Identity("i-bp1example", "web-1", "cn-hangzhou")
KEY = ["ssh-ed25519", "ssh-ed25519", "SHA256:" + "A" * 43, 256, "", "kim@laptop"]
HOME = "/home/kim/.ssh/authorized_keys"


def settings(recording, **changes):
    """The settings of the recorded sshd, with some of another kind."""
    (found,) = [record[2] for record in recording()["accounts"] if record[0] == "settings"]
    return {**found, **{name: value.split() for name, value in changes.items()}}


@pytest.fixture
def judge(make_facts, recording):
    """judge(...): the one login method of an account kim with one key."""

    def run(
        key=tuple(KEY),
        shadow="kim:*:20000:0:99999:7:::",
        shell="/bin/sh",
        state="ok",
        open_to=(),
        groups=("kim",),
        more=(),
        uid=2000,
        shell_works=True,
        **changed,
    ):
        records = [
            ["settings", 7, settings(recording, **changed)],
            ["account", 90, f"kim:x:{uid}:{uid}::/home/kim:{shell}", shadow, list(groups), 7, shell_works],
            ["file", 70, HOME, "kim", state, [list(one) for one in open_to]],
            ["key", 70, 3, *key],
            *more,
        ]
        host = interpret(make_facts(*records), [], WHO, "ssh")
        return next(one for one in host["login_methods"] if one["account"] == "kim" and one["source"].startswith(HOME))

    return run


def effective(found):
    return found["effective"], found["why"]


def test_a_key_with_nothing_in_its_way(judge):
    found = judge(key=KEY[:4] + ['from="10.0.0.0/8",no-pty', "kim@laptop"])
    assert found == {
        "account": "kim", "kind": "key", "fingerprint": KEY[2], "type": "ssh-ed25519", "bits": 256, "comment": "kim@laptop",
        "options": ["from=10.0.0.0/8", "no-pty"], "source": HOME + ":3", "effective": "yes", "why": None, "last_used": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "answer", "words"),
    [
        ({"shadow": "kim:*:20000:0:99999:7::1:"}, "no", "the account is locked"),
        ({"shadow": "kim:*:20000:0:99999:7::20000:"}, "no", "expired on 2024-10-04"),
        ({"shadow": "kim:*:20000:0:99999:7::40000:"}, "yes", ""),
        ({"shadow": "kim:!$x$x:20000:0:99999:7:::"}, "yes", ""),
        ({"shadow": "kim:!$x$x:20000:0:99999:7:::", "usepam": "no"}, "no", "UsePAM"),
        ({"shell": "/usr/sbin/nologin"}, "no", "nologin"),
        ({"shell_works": False}, "no", "cannot be run"),
        ({"pubkeyauthentication": "no"}, "no", "PubkeyAuthentication"),
        ({"denyusers": "kim"}, "no", "DenyUsers has kim"),
        ({"allowusers": "ann"}, "no", "AllowUsers does not have kim"),
        ({"allowusers": "kim@10.0.0.1"}, "unknown", "address"),
        ({"allowgroups": "staff"}, "no", "AllowGroups"),
        ({"allowgroups": "staff", "groups": ("kim", "staff")}, "yes", ""),
        ({"authenticationmethods": "publickey,password"}, "no", "AuthenticationMethods"),
        ({"state": "denied"}, "no", "cannot read"),
        ({"state": "not_regular"}, "no", "not a regular file"),
        ({"state": "remote"}, "unknown", "network file system"),
        ({"state": "too_large"}, "unknown", "larger than"),
        ({"open_to": [("/home/kim", 2000, 0, 0o777)]}, "no", "/home/kim can be changed by others (mode 0777)"),
        ({"open_to": [("/home/kim", 3000, 0, 0o755)]}, "no", "belongs to the user id 3000"),
        ({"open_to": [("/home/kim", 2000, 0, 0o777)], "strictmodes": "no"}, "yes", ""),
        ({"open_to": [("/home/kim", 2000, 2000, 0o775)]}, "unknown", "no other member"),
        ({"open_to": [("/home/kim", 2000, 0, 0o775)]}, "no", "mode 0775"),
        ({"key": ["ssh-rsa", *KEY[1:]]}, "no", "has the type ssh-rsa and a key of the type ssh-ed25519"),
        ({"key": ["ssh-new", "ssh-new", *KEY[2:]]}, "unknown", "ssh-new"),
        ({"key": ["ssh-rsa", "ssh-rsa", KEY[2], 512, "", ""]}, "no", "512 bits"),
        ({"key": ["rsa-sha2-512", "ssh-rsa", KEY[2], 2048, "", ""]}, "yes", ""),
        ({"key": ["ssh-dss", "ssh-dss", KEY[2], 1024, "", ""]}, "no", "PubkeyAcceptedAlgorithms"),
        ({"key": [*KEY[:4], 'expiry-time="20200101"', ""]}, "no", "expired"),
        ({"key": [*KEY[:4], 'expiry-time="20990101"', ""]}, "yes", ""),
        ({"key": [*KEY[:4], "no-such-option", ""]}, "no", "no-such-option"),
        ({"key": [*KEY[:4], 'from="10.0.0.0/8', ""]}, "no", "never closed"),
        ({"key": [*KEY[:4], "x" * 2001, ""]}, "unknown", "longer than"),
        ({"uid": 0, "permitrootlogin": "no"}, "no", "PermitRootLogin is no"),
        ({"uid": 0, "permitrootlogin": "forced-commands-only"}, "no", "forced-commands-only"),
        ({"uid": 0, "permitrootlogin": "forced-commands-only", "key": [*KEY[:4], 'command="x"', ""]}, "yes", ""),
        ({"revokedkeys": "/etc/r"}, "unknown", "was not read"),
        ({"revokedkeys": "/etc/r", "more": [["revoked", "/etc/r", "", "ok"]]}, "yes", ""),
        ({"revokedkeys": "/etc/r", "more": [["revoked", "/etc/r", "", "missing"]]}, "no", "does not exist"),
        ({"revokedkeys": "/etc/r", "more": [["revoked", "/etc/r", "", "binary"]]}, "unknown", "binary"),
        ({"revokedkeys": "/etc/r", "more": [["revoked", "/etc/r", KEY[2], ""], ["revoked", "/etc/r", "", "ok"]]}, "no", "revoked by /etc/r"),
        ({"denyusers": "kim", "more": [["found", {"match": ["address"], "damage": []}]]}, "unknown", "Match"),
    ],
)
def test_what_is_in_the_way_of_a_key(judge, given, answer, words):
    found, why = effective(judge(**given))
    assert (found, bool(why)) == (answer, answer != "yes")
    assert words in (why or "")


def test_an_authority_is_no_key(judge):
    assert judge(key=[*KEY[:4], 'cert-authority,principals="a,b"', ""])["kind"] == "certificate_authority"


def test_last_use_is_of_the_account_and_the_key(judge):
    mine, later = "2026-01-01T00:00:00Z", "2026-05-05T00:00:00Z"
    assert judge(more=[["used", "kim", "publickey", KEY[2], mine], ["used", "ann", "publickey", KEY[2], later]])["last_used"] == mine


@pytest.fixture
def read(make_facts):
    return lambda *records, **more: interpret(make_facts(*records, **more), [], WHO, "ssh")


def person(name="kim", shadow="$x$x", settings=0, groups=("kim",), uid=2000, number=90):
    return ["account", number, f"{name}:x:{uid}:{uid}::/home/{name}:/bin/sh", f"{name}:{shadow}:20000:0:99999:7:::", list(groups), settings, True]


def kinds(host, name="kim"):
    return [(one["kind"], one["effective"], one["source"]) for one in host["login_methods"] if one["account"] == name]


@pytest.mark.parametrize(
    ("changes", "shadow", "found"),
    [
        ({}, "$x$x", [("password", "yes", "/etc/shadow")]),
        ({}, "!$x$x", []),
        ({}, "*", []),
        ({"passwordauthentication": "no"}, "$x$x", [("password", "no", "/etc/shadow")]),
        ({"passwordauthentication": "no", "kbdinteractiveauthentication": "yes"}, "$x$x", [("password", "yes", "/etc/shadow")]),
        ({"authenticationmethods": "publickey"}, "$x$x", [("password", "no", "/etc/shadow")]),
        ({"permitemptypasswords": "yes"}, "", [("password", "yes", "/etc/shadow")]),
        ({}, "", []),
        ({"authorizedkeyscommand": "/bin/keys %u"}, "*", [("command", "unknown", "AuthorizedKeysCommand /bin/keys %u")]),
        ({"trustedusercakeys": "/etc/ca"}, "*", [("certificate_authority", "yes", "/etc/ca:2")]),
        ({"trustedusercakeys": "/etc/ca", "authorizedprincipalsfile": "/etc/p/%u"}, "*", [("certificate_authority", "unknown", "/etc/ca:2")]),
        ({"trustedusercakeys": "/etc/other"}, "*", []),
    ],
)
def test_other_ways_in(read, recording, changes, shadow, found):
    host = read(["settings", 7, settings(recording, **changes)], person(shadow=shadow, settings=7), ["authority", "/etc/ca", 2, *KEY])
    assert kinds(host) == found


@pytest.mark.parametrize("method", ["password", "keyboard-interactive/pam"])
def test_last_use_of_a_password(read, recording, method):
    at = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]
    host = read(["settings", 7, settings(recording)], person(settings=7), ["used", "kim", "password", "", at[0]], ["used", "kim", method, "", at[1]])
    assert [one["last_used"] for one in host["login_methods"] if one["account"] == "kim"] == [at[1]]


def test_who_cannot_log_in_has_none_of_the_ways_that_all_have(read, recording):
    changed = settings(recording, trustedusercakeys="/etc/ca", authorizedkeyscommand="/bin/keys")
    expired = person(settings=7)
    expired[3] = "kim:$x$x:20000:0:99999:7::1:"
    assert kinds(read(["settings", 7, changed], expired, ["authority", "/etc/ca", 2, *KEY])) == []


@pytest.mark.parametrize("user", ["root", "ecs-user"])
def test_the_bound_pair_is_said_before_it_is_there(read, user):
    records = [] if user == "root" else [person("ecs-user")]
    host = read(["bound", "ssh-rsa", "SHA256:bound", 2048, ""], *records)
    assert ("bound_pair", "no", "key pair bound in ECS") in kinds(host, user)
    assert host["at_next_boot"] == [f"the key SHA256:bound of the bound key pair is put among the keys of {user}"]


def test_the_bound_pair_that_is_there_works(read):
    records = (["file", 70, "/root/.ssh/authorized_keys", "root", "ok", []], ["key", 70, 1, *KEY], ["bound", "ssh-ed25519", KEY[2], 256, ""])
    assert ("bound_pair", "yes", "key pair bound in ECS") in kinds(read(*records), "root")


def listing(*entries):
    texts = []
    for users, options, commands in entries:
        lines = ["Sudoers entry:", f"    RunAsUsers: {users}", *([f"    Options: {options}"] if options else []), "    Commands:"]
        texts.append("\n".join(lines + ["\t" + command for command in commands]))
    return "\n" + "\n\n".join(texts) + "\n"


def rights(host, name="kim"):
    return [(one["by"], one["nopasswd"], one["commands"]) for one in host["root"] if one["account"] == name]


def test_rights_are_what_sudo_lists_and_where_the_rule_stands(read):
    host = read(
        person(groups=("kim", "ops")),
        ["sudoers", "/etc/sudoers.d/a", 4, "%ops ALL=(ALL) ALL"],
        ["sudoers", "/etc/sudoers.d/a", 6, "kim ALL=(root) NOPASSWD: /bin/a, PASSWD: /bin/b"],
        ["sudoers", "/etc/sudoers.d/a", 7, "kim ALL=(ann) /bin/c"],
        ["sudoers", "/etc/sudoers.d/a", 8, "kim ALL=(root) SERVICES"],
        ["sudo", "kim", 9],
        [
            "listing",
            9,
            listing(
                ("ALL", "", ["ALL"]),
                ("root", "!authenticate", ["/bin/a"]),
                ("root", "authenticate", ["/bin/b"]),
                ("ann", "", ["/bin/c"]),
                ("root", "", ["/bin/d", "!/bin/e"]),
            ),
        ],
    )
    place = "/etc/sudoers.d/a:"
    expected = [("group ops", False, []), (place + "6", True, ["/bin/a"]), (place + "6", False, ["/bin/b"]), (place + "8", False, ["!/bin/e", "/bin/d"])]
    assert sorted(rights(host)) == sorted(expected)


def test_equal_rules_are_each_named(read):
    rules = [["sudoers", f"/etc/sudoers.d/{name}", 1, "kim ALL=(ALL) NOPASSWD: ALL"] for name in "ab"]
    host = read(person(), *rules, ["sudo", "kim", 9], ["listing", 9, listing(("ALL", "!authenticate", ["ALL"]), ("ALL", "!authenticate", ["ALL"]))])
    assert rights(host) == [("/etc/sudoers.d/a:1", True, []), ("/etc/sudoers.d/b:1", True, [])]


def test_a_rule_that_continues_and_one_behind_a_comment(read):
    lines = [["sudoers", "/etc/sudoers", 3, "# kim ALL=(ALL) ALL \\"], ["sudoers", "/etc/sudoers", 4, "ann ALL=(ALL) ALL"]]
    lines += [["sudoers", "/etc/sudoers", 9, "kim ALL=(ALL) \\"], ["sudoers", "/etc/sudoers", 10, "  /bin/a"]]
    host = read(person(), *lines, ["sudo", "kim", 9], ["listing", 9, listing(("ALL", "", ["/bin/a"]))], without=("sudoers",))
    assert rights(host) == [("/etc/sudoers:9", False, ["/bin/a"])]


def test_who_is_root_by_number_needs_no_rule(read):
    assert rights(read(person(uid=0))) == [("direct", True, [])]


def test_accounts_are_said_without_secrets(read):
    (found,) = [one for one in read(person(shadow="!$x$x"), ["given", "default", "kim", 2000, "2026-01-01", KEY[2]])["accounts"] if one["name"] == "kim"]
    assert found == {
        "name": "kim", "uid": 2000, "shell": "/bin/sh", "home": "/home/kim", "state": "open", "password": "locked", "expires": None, "system": False,
        "record": {"owner": "default", "since": "2026-01-01", "keys": [KEY[2]]},
    }  # fmt: skip


@pytest.mark.parametrize(("field", "day"), [("", None), ("20000", "2024-10-04"), ("-1", None), ("9999999", "9999-12-31")])
def test_expiry_is_a_day_of_the_calendar(read, field, day):
    account = person()
    account[3] = f"kim:*:20000:0:99999:7::{field}:"
    (found,) = [one for one in read(account)["accounts"] if one["name"] == "kim"]
    assert found["expires"] == day


def test_a_record_of_another_number_is_of_another_account(read):
    (found,) = [one for one in read(person(), ["given", "default", "kim", 2001, "2026-01-01", KEY[2]])["accounts"] if one["name"] == "kim"]
    assert found["record"] is None


def unread(host):
    return {one["what"]: one["why"] for one in host["unread"]}


def test_what_was_not_seen_is_said(read, make_facts):
    host = read(
        person(settings=-1),
        ["unread", "sudo rights of kim", "sudo had no time left to be asked"],
        ["file", 70, "/mnt/kim", "kim", "remote", []],
        ["found", {"match": [], "damage": [12]}],
        ["host", {"sources": ["files", "sss", "[NOTFOUND=return]"], "uid_min": 1000, "debian": True}],
        ["general", {"port": ["22"], "loglevel": ["QUIET"]}],
    )
    assert set(unread(host)) == {"login settings of kim", "sudo rights of kim", "/mnt/kim", "/etc/passwd:12", "accounts of sss", "last use of keys"}
    assert host["log_since"] is None and "QUIET" in unread(host)["last use of keys"]


def test_without_sshd_it_is_said_once_that_no_account_was_asked_about(read):
    found = unread(read(person("kim"), person("lee"), without=("general", "settings")))
    assert [what for what in found if what.startswith("login settings")] == ["login settings"]


def test_how_far_back_the_logs_reach(read):
    host = read(["log", "journal", "2026-02-01T00:00:00Z"], ["log", "/var/log/secure", "2026-01-01T00:00:00Z"], ["log", "x", ""], without=("log",))
    assert host["log_since"] == "2026-01-01T00:00:00Z"
    assert unread(read(without=("log",)))["last use of keys"] == "there is no log of logins"


def test_two_looks_at_an_unchanged_host_are_equal(recording):
    records = [record for chapter in recording().values() for record in chapter]
    one = interpret(read_facts(records, NOW, NOW), [], WHO, "ssh")
    fixed = [record for record in records if record[0] in ("found", "settings", "host", "general", "sudoers")]
    other = interpret(read_facts(fixed + [record for record in reversed(records) if record not in fixed], NOW, NOW), [], WHO, "ssh")
    assert json.dumps(one) == json.dumps(other)


@pytest.mark.parametrize("image", ["debian12", "el-like"])
def test_the_samples_are_what_real_instances_give(recording, image):
    records = [record for chapter in recording(image).values() for record in chapter]
    sample = json.loads((SAMPLES / f"{image}.json").read_text())
    assert interpret(read_facts(records, NOW, NOW), [], Identity("i-bp1example"), "assistant") == sample


def test_an_unseen_host_has_the_same_form(read):
    host, unseen = read(), unseen_host(WHO, "assistant", "it is Stopped")
    assert set(host) == set(unseen) and unseen["schema"] == SCHEMA and (unseen["seen"], unseen["why"]) == (False, "it is Stopped")


@pytest.mark.parametrize(
    "record",
    [
        [], {}, "text", ["no such kind"], ["key"], ["key", 1], ["key", True, 1, "", "", "", 1, "", ""], ["file", 1, "x" * 5000, "", "ok", []],
        ["file", 1, "/x", "", "ok", [["/x", 1, 2]]], ["file", 1, "/x", "", "ok", [["/x", 1, 2, "3"]]], ["settings", "1", {}], ["settings", 1, []],
        ["account", 1, None, "", [], 0, True], ["host", {"uid_min": 1}], ["found", None], ["general"], ["used", 1, 2, 3, 4], [["key"]],
        ["key", 2**60, 1, "", "", "", 1, "", ""],
    ],
)  # fmt: skip
def test_what_has_another_form_is_refused(record):
    with pytest.raises(GuestError):
        read_facts([record], NOW, NOW)


def test_hostile_text_is_inert(read):
    host = read(
        person(), ["file", 70, "/home/kim/\x1b[2J{{ x }}", "kim", "ok", []], ["key", 70, 1, *KEY[:4], "", "\u202e{% x %}\n\0"], ["unread", "\x07", "{# x #}"]
    )
    text = json.dumps(host, ensure_ascii=False)
    assert not [mark for mark in ("{{", "{%", "{#", "\x1b", "\x07", "\u202e", "\0") if mark in text]
    assert not [mark for mark in ("\\u0000", "\\u001b", "\\u0007") if mark in json.dumps(host)]


def test_a_few_records_do_not_become_millions(read, monkeypatch):
    """A file that all accounts share multiplies; who is root on a host can make up both."""
    for room in (interpretation, methods, root):
        for name in ("MOST_METHODS", "MOST_RIGHTS"):
            if hasattr(room, name):
                monkeypatch.setattr(room, name, 500)
    people = [person(f"kim{number}", uid=2000 + number, number=90 + number) for number in range(300)]
    files = [["file", 70, "/etc/ssh/all", f"kim{number}", "ok", []] for number in range(300)]
    host = read(*people, *files, *[["key", 70, number, *KEY] for number in range(300)])
    assert len(host["login_methods"]) == 500 and "500 or more" in unread(host)["login_methods"]
    rules = [["sudo", f"kim{number}", 9] for number in range(300)] + [["listing", 9, listing(*[("ALL", "", [f"/bin/{n}"]) for n in range(30)])]]
    host = read(*people, *[["sudoers", "/etc/sudoers", 900 + n, f"ALL ALL=(ALL) /bin/{n}"] for n in range(30)], *rules)
    assert 500 <= len(host["root"]) < 540 and "500 or more" in unread(host)["root"]

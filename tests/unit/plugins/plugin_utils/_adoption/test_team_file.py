# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A team file gives what was seen, where it was seen, and nothing else."""

from __future__ import annotations

import random
import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._adoption.render import render_team_file
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._adoption.seen import Host
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._adoption.team_file import make_team_file

from .adopting import account, held, key, load, right, seen, team_of, users_on

ROOT = right()


def keys_on(team, host):
    """Each account's keys there, with their options."""
    found = {}
    for name, user in users_on(team, host).items():
        keys = [one if isinstance(one, dict) else {"key": one} for one in user.get("authorized_keys", [])]
        found[name] = {(one["key"], one.get("options", "")) for one in keys}
    return found


def rights_on(team, host):
    found = {}
    for name, user in users_on(team, host).items():
        rules = user.get("sudo_rules") or ([] if user["sudo"] == "none" else [{"sudo": user["sudo"], **_renamed(user)}])
        found[name] = [(rule["sudo"], tuple(rule.get("commands", ())), rule.get("runas", "ALL:ALL")) for rule in rules]
    return found


def _renamed(user):
    return {short: user[f"sudo_{short}"] for short in ("commands", "runas") if f"sudo_{short}" in user}


def test_what_is_alike_everywhere_is_one_entry_and_one_rule():
    file = make_team_file([seen("web-2", account("anna", held(1, comment="anna"))), seen("web-1", account("anna", held(1, comment="anna")))])
    assert load(file) == {
        "ssh_users_accounts": [{"name": "anna", "authorized_keys": [{"key": key(1), "comment": "anna"}]}],
        "ssh_users_access": [{"users": ["anna"], "hosts": ["web-1", "web-2"]}],
    }
    assert file.doubts == 0


def test_a_key_of_one_host_stays_there_with_a_doubt():
    file = make_team_file([seen("web-1", account("anna", held(1))), seen("web-2", account("anna", held(1), held(2)))])
    assert keys_on(team_of(file), "web-1") == {"anna": {(key(1), "")}}
    assert keys_on(team_of(file), "web-2") == {"anna": {(key(1), ""), (key(2), "")}}
    text = render_team_file(file)
    assert "      # Seen on web-2 only.\n      - key: " + key(2) in text
    assert "# Not every host of anna has the same keys. Is this one person?" in text


def test_one_name_with_different_keys_gets_each_where_it_was_seen():
    file = make_team_file([seen(f"web-{number}", account("deploy", held(number))) for number in (1, 2, 3)])
    for number in (1, 2, 3):
        assert keys_on(team_of(file), f"web-{number}") == {"deploy": {(key(number), "")}}


def test_what_a_rooted_host_claims_stays_on_it():
    honest = [seen(f"web-{number}", account("anna", held(1), rights=()), account("ben", held(2))) for number in (1, 2)]
    claims = account("anna", held(1, options="no-pty"), held(9), rights=(ROOT,), local=False), account("ben", held(2), rights=(ROOT,)), account("zoe", held(9))
    before, after = team_of(make_team_file(honest)), team_of(make_team_file([*honest, seen("evil", *claims)]))
    for host in ("web-1", "web-2"):
        assert keys_on(after, host) == keys_on(before, host)
        assert rights_on(after, host) == rights_on(before, host) == {"anna": [], "ben": []}
        assert set(users_on(after, host)) == {"anna", "ben"}
    assert keys_on(after, "evil")["anna"] == {(key(1), "no-pty"), (key(9), "")}
    assert rights_on(after, "evil") == {"anna": [("nopasswd", (), "ALL:ALL")], "ben": [("nopasswd", (), "ALL:ALL")], "zoe": []}
    assert users_on(after, "new") == {}


def test_rights_stay_in_their_order_and_on_their_hosts():
    first = right(("/usr/bin/id",), nopasswd=False, runas="root"), right(("ALL", "!/bin/su"))
    file = make_team_file([seen("a", account("anna", rights=first)), seen("b", account("anna", rights=first[::-1])), seen("c", account("anna"))])
    team = team_of(file)
    one, two = ("password", ("/usr/bin/id",), "root"), ("nopasswd", ("ALL", "!/bin/su"), "ALL:ALL")
    assert [rights_on(team, host)["anna"] for host in "abc"] == [[one, two], [two, one], []]
    assert "# anna: these rights were seen on a only." in render_team_file(file)


def test_accounts_of_a_directory():
    file = make_team_file([seen("a", account("corp\\anna@x", held(1), local=False, groups=["docker"])), seen("b", account("corp\\anna@x", groups=["docker"]))])
    assert users_on(team_of(file), "a")["corp\\anna@x"]["account"] == "existing"
    assert users_on(team_of(file), "b") == {}  # no name for an account of /etc/passwd
    both = make_team_file([seen("a", account("anna@corp", held(1), local=False)), seen("b", account("ben", held(2), groups=["ops"]))])
    assert users_on(team_of(both), "a")["anna@corp"]["account"] == "existing"
    assert users_on(team_of(both), "b")["ben"]["groups"] == ["ops"]
    mixed = make_team_file([seen("a", account("anna", held(1), local=False)), seen("b", account("anna", held(1), groups=["ops"]))])
    assert users_on(team_of(mixed), "b") == {"anna": {"name": "anna", "account": "existing", "authorized_keys": [key(1)], "sudo": "none"}}
    assert "Defined on some hosts, and by a directory for others" in render_team_file(mixed)


def test_a_key_of_several_accounts_is_said_to_be_one():
    text = render_team_file(make_team_file([seen("a", account("anna", held(1)), account("asmith", held(1)))]))
    assert "It opens other accounts too: asmith." in text
    assert "It opens other accounts too: anna." in text


def test_what_was_not_seen_stands_on_top():
    file = make_team_file([Host("off", "no answer"), seen("a", account("anna", held(1)), unread=("/etc/keys/anna: it cannot be read",))])
    head = render_team_file(file).partition("ssh_users_accounts:")[0]
    assert "#   off: no answer\n" in head
    assert "#   a: /etc/keys/anna: it cannot be read\n" in head


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param({"system": True}, "a system account", id="system"),
        pytest.param({"name": "ecs-user"}, "an account of Alibaba Cloud", id="vendor"),
        pytest.param({"state": "locked"}, "it is locked", id="locked"),
        pytest.param({"state": "nologin"}, "its shell allows no login", id="no shell"),
        pytest.param({"left_out": "user anna: a conflict"}, "user anna: a conflict", id="what ssh_access would refuse"),
    ],
)
def test_who_is_left_out_is_named_with_the_keys_that_open_the_account(given, why):
    fingerprint = "SHA256:" + "A" * 43
    file = make_team_file([seen("a", account("ben"), {**account("anna", held(1), fingerprints=[fingerprint, "made up"]), **given})])
    assert [entry.name for entry in file.entries] == ["ben"]
    assert [(each.why, each.fingerprints) for each in file.left_out] == [(why, (fingerprint,))]
    assert f"#     {fingerprint}\n" in render_team_file(file)


def test_the_order_of_the_hosts_does_not_matter():
    hosts = _fleet(30)
    text = render_team_file(make_team_file(hosts))
    random.Random(1).shuffle(hosts)
    assert render_team_file(make_team_file(hosts)) == text


def _fleet(count):
    """Ten people everywhere, on each host a program with a key and a right of its own, and on some hosts somebody whom no other host has."""
    people = [account(f"person{number}", held(number, comment=f"person {number}"), rights=(ROOT,) if number < 3 else ()) for number in range(10)]
    rest = {"fingerprints": ["SHA256:" + "B" * 43]}
    return [
        seen(
            f"web-{number:05}",
            *people,
            account("deploy", held(1000 + number), rights=(right((f"/usr/bin/restart {number}",)),)),
            *([account(f"local{number}", held(100000 + number))] if number % 20 == 0 else []),
            account("root", system=True, **rest),
        )
        for number in range(count)
    ]


def test_every_host_gets_exactly_what_it_had():
    hosts = _fleet(40)
    file = make_team_file(hosts)
    team = team_of(file)
    for host in hosts:
        assert keys_on(team, host.name) == {one.name: {(each.line, each.options) for each in one.keys} for one in host.accounts}
        assert rights_on(team, host.name) == {one.name: [tuple(each) for each in one.rights] for one in host.accounts}


def _seconds(hosts):
    start = time.process_time()
    text = render_team_file(make_team_file(hosts))
    return time.process_time() - start, len(text)


def test_two_thousand_hosts_take_twice_as_long_as_one_thousand():
    hosts = _fleet(2000)
    (one, small), (two, large) = min(_seconds(hosts[:1000]) for _turn in range(3)), min(_seconds(hosts) for _turn in range(3))
    assert two < 3 * one + 0.2
    assert large < 2.2 * small
    assert two < 10


def test_many_hosts_are_several_rules_that_a_pattern_can_hold():
    file = make_team_file([seen(f"a-host-with-a-long-name-{number:04}", account("anna", held(1))) for number in range(300)])
    assert len(file.rules) > 1
    assert sum(len(rule.hosts) for rule in file.rules) == 300
    assert users_on(team_of(file), "a-host-with-a-long-name-0299")

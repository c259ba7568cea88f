# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ecs_attach_key_pair for an account whose home, directory or key file is another's: the other one keeps it and still gets in."""

from __future__ import annotations

import json

import pytest

from .bystanders import ATTACH, account, changed, each, outcomes, own_keys, run_all, set_sshd, state, who_opens

# Who is to log in with the pair: the script that makes them.
ACCOUNTS = {
    # Homes of others: three of root's uid, one of eve, one that is as well eve's by way of a link, one whose way another account can change.
    "mate1": account("mate1", home="/srv/toor1"),
    "mate2": account("mate2", home="/home/mate2", prepare="ln -s /srv/toor2 /home/mate2"),
    "mate3": account("mate3", home="/home/mallory/mate3", prepare="ln -s /srv/toor3 ~mallory/mate3; chown -h mallory: ~mallory/mate3"),
    "evey": account("evey", home="/home/eve"),
    # Directories of the system and of an account that lives elsewhere.
    "slashy": account("slashy", home="/"),
    "etcy": account("etcy", home="/etc"),
    "datay": account("datay", home="/srv/data", prepare="install -d -m 0755 -o mallory -g mallory /srv/data"),
    # Links in a home of their own.
    "rootlink": account("rootlink", prepare="ln -s /root/.ssh ~rootlink/.ssh; chown -h rootlink: ~rootlink/.ssh"),
    "nologin": account("nologin", prepare="install -d -m 0700 -o nologin ~nologin/.ssh; ln -s /etc/nologin ~nologin/.ssh/authorized_keys"),
}
# One of each kind: another's home, a directory of the system, a link.
SOME = ["mate1", "evey", "etcy", "rootlink"]
VICTIMS = ["toor1", "toor2", "toor3", "eve"]
HOMES = ["/root", "/srv/toor1", "/srv/toor2", "/srv/toor3", "/home/eve", "/srv/data", "/etc"]
KEPT = ["/", "/.ssh", "/etc/nologin", "/home/mallory/mate3", *(home + below for home in HOMES for below in ("", "/.ssh", "/.ssh/authorized_keys"))]


@pytest.fixture
def pair(attacked, make_key):
    """A key pair of the cloud that is called team."""
    key = make_key("team", kind="rsa", bits=2048)
    attacked.cloud.call("ImportKeyPair", KeyPairName="team", PublicKeyBody=key.public)
    return key


def arguments(attacked, name):
    return {"key_pair_name": "team", "instance_ids": [attacked.instance.instance_id], "login_users": [name]}


def bind(attacked, names):
    """Bind it for each of them in turn: results by account."""
    cases = {name: arguments(attacked, name) for name in names}
    return outcomes(attacked.playbook(each(ATTACH, cases, "localhost")), cases)


@pytest.mark.long
def test_an_account_that_has_roots_home_is_not_given_it(attacked, pair):
    one = attacked.instance
    run_all(one, account("bob"), "usermod -d /root bob", account("honest"))
    before = state(one, ["/root", "/root/.ssh", "/root/.ssh/authorized_keys"])
    cases = {"foreseen": arguments(attacked, "bob"), "bob": arguments(attacked, "bob"), "honest": arguments(attacked, "honest")}
    (play,) = json.loads(each(ATTACH, cases, "localhost"))
    play["tasks"][0]["check_mode"] = True
    results = outcomes(attacked.playbook(json.dumps([play], indent=1)), cases)
    (foreseen,), (entry,) = results["foreseen"]["instances"], results["bob"]["instances"]
    assert changed(before, state(one, before)) == {}
    assert attacked.lets_in("root", attacked.key)
    assert not attacked.lets_in("root", pair)
    assert (entry["failed"], entry["bound"]) == (True, False), entry
    # Check mode foresees it.
    assert foreseen["failed"], foreseen
    assert not foreseen["live"], foreseen
    assert not results["honest"]["failed"]
    assert attacked.lets_in("honest", pair)


@pytest.mark.parametrize("chosen", [pytest.param(SOME, id="some"), pytest.param(list(ACCOUNTS), id="all", marks=pytest.mark.long)])
def test_what_is_anothers_is_not_given_away(attacked, make_key, pair, chosen):
    one, old = attacked.instance, make_key("old")
    toors = [account(name, home=f"/srv/{name}", options="-o -u 0") for name in ("toor1", "toor2", "toor3")]
    run_all(
        one,
        *[f"install -d -m 0755 /srv/{name}; {own_keys(f'/srv/{name}', old)}" for name in ("toor1", "toor2", "toor3")],
        *[*toors, account("eve", old), account("mallory"), account("honest")],
        # What root itself keeps where a home would have it.
        own_keys("/etc", old),
        *ACCOUNTS.values(),
    )
    set_sshd(one)
    assert who_opens(attacked, [(name, old) for name in VICTIMS]) == [True] * len(VICTIMS)
    before = state(one, KEPT)
    assert before["/etc/nologin"].strip() == "missing"
    results = bind(attacked, [*chosen, "honest"])
    assert list(changed(before, state(one, KEPT))) == []
    assert who_opens(attacked, [*[(name, old) for name in VICTIMS], ("root", attacked.key)]) == [True] * (len(VICTIMS) + 1)
    assert who_opens(attacked, [(name, pair) for name in [*VICTIMS, "root", "honest"]]) == [False] * (len(VICTIMS) + 1) + [True]
    assert not results["honest"]["failed"]

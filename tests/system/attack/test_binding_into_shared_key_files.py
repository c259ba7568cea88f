# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ecs_attach_key_pair where one file holds the keys of several accounts: the pair opens only who is named, and leaves only who is named."""

from __future__ import annotations

import json

import pytest

from .bystanders import ATTACH, account, changed, each, opened_by, outcomes, run_all, set_sshd, state

# NAME1 is named by the task, NAME2 is not: (setting for both of them, the file that both use, script).
WORLDS = {
    "percent": ("/etc/ssh/keys/%%", "/etc/ssh/keys/%", ""),
    "literal": ("/etc/ssh/keys/%%u", "/etc/ssh/keys/%u", ""),
    "dotdot": ("/etc/ssh/keys/%u/../all", "/etc/ssh/keys/all", "install -d /etc/ssh/keys/dotdot1 /etc/ssh/keys/dotdot2"),
    "beside": ("../shared/authorized_keys", "/home/shared/authorized_keys", ""),
    "number": ("/etc/ssh/keys/%U", "/etc/ssh/keys/6006", "usermod -u 6006 number1; usermod -o -u 6006 number2"),
    "twin": (".ssh/authorized_keys", "/home/twin2/.ssh/authorized_keys", "usermod -o -u $(id -u twin2) -d /home/twin2 twin1"),
}
EVERYONE = "/etc/ssh/authorized_keys"
FILES = [EVERYONE, *(path for _setting, path, _script in WORLDS.values())]
NAMES = ["everyone1", *(f"{name}1" for name in WORLDS)]
# One of each kind: for everybody, by a pattern that leads out, for two of one uid and home.
SOME = ["everyone1", "dotdot1", "twin1"]
OTHERS = ["everyone2", *(f"{name}2" for name in WORLDS), "root"]


@pytest.fixture
def share(attacked):
    """share(key): every world on this instance; the key opens all the accounts by the files that they share."""

    def make(key):
        scripts, settings = [account("everyone1"), account("everyone2"), account("honest")], []
        for name, (setting, path, script) in WORLDS.items():
            folder = f"install -d -m 0755 $(dirname {path})" if name != "twin" else "install -d -m 0700 -o twin2 ~twin2/.ssh"
            scripts += [account(f"{name}1"), account(f"{name}2"), folder, script]
            settings += [f"Match User {name}1,{name}2", f"  AuthorizedKeysFile {setting}"]
        settings += ["Match User honest", "  AuthorizedKeysFile .ssh/authorized_keys"]
        keys = "\n".join(f"echo '{key.public}' > {path}; chmod 0644 {path}" for path in FILES)
        run_all(attacked.instance, *scripts, keys, "chown twin2 ~twin2/.ssh/authorized_keys")
        set_sshd(attacked.instance, "\n".join([f"AuthorizedKeysFile {EVERYONE} .ssh/authorized_keys", *settings]))
        assert opened_by(attacked, key, [*NAMES, *OTHERS]) == [*NAMES, *OTHERS]
        return state(attacked.instance, FILES)

    return make


def make_pair(attacked, make_key, name):
    key = make_key(name, kind="rsa", bits=2048)
    attacked.cloud.call("ImportKeyPair", KeyPairName=name, PublicKeyBody=key.public)
    return key


def attach(attacked, names, **options):
    """This for each account in turn: what became of the instance, by account."""
    ids = [attacked.instance.instance_id]
    cases = {name: {"key_pair_name": "team", "instance_ids": ids, "login_users": [name], **options} for name in names}
    run = attacked.playbook(each(ATTACH, cases, "localhost"))
    return {name: result["instances"][0] for name, result in outcomes(run, cases).items()}


@pytest.mark.parametrize("names", [pytest.param(SOME, id="some"), pytest.param(NAMES, id="all", marks=pytest.mark.long)])
def test_a_pair_that_is_bound_opens_no_other_account(attacked, make_key, share, names):
    pair, old = make_pair(attacked, make_key, "team"), make_key("old")
    before = share(old)
    done = attach(attacked, [*names, "honest"])
    assert list(changed(before, state(attacked.instance, FILES))) == []
    live = [name for name, entry in done.items() if entry["live"] and not entry["failed"]]
    assert "honest" in live
    assert opened_by(attacked, pair, [*live, *OTHERS]) == live
    assert opened_by(attacked, old, OTHERS) == OTHERS
    assert attacked.lets_in("root", attacked.key)


@pytest.mark.long
def test_a_pair_that_is_unbound_still_opens_who_has_its_key_without_it(attacked, make_key, share):
    """As the file stays as it is, the account that was named can still log in: that is said."""
    pair = make_pair(attacked, make_key, "team")
    before = share(pair)
    named = ["everyone1", "percent1", "dotdot1", "number1", "twin1"]
    done = attach(attacked, named, state="absent", allow_lockout=True)
    assert list(changed(before, state(attacked.instance, FILES))) == []
    assert opened_by(attacked, pair, OTHERS) == OTHERS
    assert [name for name in opened_by(attacked, pair, named) if not (done[name]["failed"] or done[name]["live"])] == []


@pytest.mark.long
def test_the_key_of_the_pair_that_is_replaced_stays_with_the_others(attacked, make_key, share):
    old, new = make_pair(attacked, make_key, "old"), make_pair(attacked, make_key, "team")
    before = share(old)
    attacked.cloud.call("AttachKeyPair", KeyPairName="old", InstanceIds=json.dumps([attacked.instance.instance_id]))
    done = attach(attacked, ["twin1", "percent1"], replace_bound=True, previous_key="remove")
    assert list(changed(before, state(attacked.instance, FILES))) == []
    assert opened_by(attacked, old, OTHERS) == OTHERS
    assert opened_by(attacked, new, OTHERS) == []
    live = [name for name, entry in done.items() if entry["live"] and not entry["failed"]]
    assert opened_by(attacked, new, live) == live

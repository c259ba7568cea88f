# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh_access for one of several accounts whose keys sshd reads from the same file: the others keep their keys and get none that is not theirs."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from .bystanders import ACCESS, account, changed, each, opened_by, outcomes, run_all, set_sshd, state, who_opens


class World(NamedTuple):
    """Two accounts, NAME1 and NAME2, and one key file for both."""

    setting: str
    path: str
    prepare: str = ""
    link: str = ""
    home: str = ""
    """Of NAME1."""


WORLDS = {
    "percent": World("AuthorizedKeysFile /etc/ssh/keys/%%", "/etc/ssh/keys/%"),
    "literal": World("AuthorizedKeysFile /etc/ssh/keys/%%u", "/etc/ssh/keys/%u"),
    "dotdot": World("AuthorizedKeysFile /etc/ssh/keys/%u/../all", "/etc/ssh/keys/all", "install -d /etc/ssh/keys/dotdot1 /etc/ssh/keys/dotdot2"),
    "beside": World("AuthorizedKeysFile ../shared/authorized_keys", "/home/shared/authorized_keys"),
    "group": World("AuthorizedKeysFile /etc/ssh/team_keys .ssh/authorized_keys", "/etc/ssh/team_keys"),
    "borrowed": World("AuthorizedKeysFile /srv/lent/.ssh/authorized_keys", "/srv/lent/.ssh/authorized_keys", home="/srv/lent"),
    "hard": World("AuthorizedKeysFile /etc/ssh/hard/%u", "/etc/ssh/hard/hard2", link="ln /etc/ssh/hard/hard2 /etc/ssh/hard/hard1"),
    "soft": World("AuthorizedKeysFile /etc/ssh/soft/%u", "/etc/ssh/soft/soft2", link="ln -s soft2 /etc/ssh/soft/soft1"),
}
# For every account that no other setting names, and so for root.
EVERYONE = World("AuthorizedKeysFile /etc/ssh/authorized_keys .ssh/authorized_keys", "/etc/ssh/authorized_keys")
ALL = {"everyone": EVERYONE, **WORLDS}
# One of each kind: for everybody, by a pattern that leads out, for a group of accounts, and by a link.
SOME = ("everyone", "dotdot", "group", "soft")


@pytest.fixture
def shared(attacked, make_key):
    """The worlds on this instance; the key that opens all of their accounts."""
    one, old, settings, scripts = attacked.instance, make_key("old"), [], []
    for name, world in ALL.items():
        scripts += [account(f"{name}1", home=world.home), account(f"{name}2"), f"install -d -m 0755 $(dirname {world.path})", world.prepare]
        scripts += [f"echo '{old.public}' > {world.path}; chmod 0644 {world.path}", world.link]
        if name in WORLDS:
            settings += [f"Match User {name}2" + ("" if world.home else f",{name}1"), f"  {world.setting}"]
    settings += ["Match User honest", "  AuthorizedKeysFile .ssh/authorized_keys"]
    run_all(one, *scripts, account("honest", old))
    set_sshd(one, "\n".join([EVERYONE.setting, *settings]))
    everybody = [(f"{name}{number}", old) for name in ALL for number in (1, 2)]
    assert who_opens(attacked, [*everybody, ("root", old), ("root", attacked.key)]) == [True] * (len(everybody) + 2)
    return old


def ask(attacked, worlds=tuple(ALL), **options):
    """This for NAME1 of these worlds and for an account that shares nothing: results by account; none of the shared files has changed."""
    names = [*[f"{name}1" for name in worlds], "honest"]
    before = state(attacked.instance, [world.path for world in ALL.values()])
    run = attacked.playbook(each(ACCESS, {name: {"users": [{"name": name, **options}]} for name in names}))
    assert list(changed(before, state(attacked.instance, before))) == []
    return outcomes(run, names)


OTHERS = [*[f"{name}2" for name in ALL], "root"]


@pytest.mark.parametrize("worlds", [pytest.param(SOME, id="some"), pytest.param(tuple(ALL), id="all", marks=pytest.mark.long)])
def test_keys_that_one_account_gets_open_none_of_the_others(attacked, make_key, shared, worlds):
    new, only, old = make_key("new"), make_key("only"), shared
    given = ask(attacked, worlds, authorized_keys=[new.public])
    works = [name for name, result in given.items() if not result["failed"]]
    assert "honest" in works
    assert opened_by(attacked, new, [*works, *OTHERS]) == works
    left = ask(attacked, worlds, authorized_keys=[only.public], exclusive=True)
    works = [name for name, result in left.items() if not result["failed"]]
    assert opened_by(attacked, only, [*works, *OTHERS]) == works
    assert opened_by(attacked, old, ["honest", *OTHERS]) == OTHERS
    assert attacked.lets_in("root", attacked.key)


@pytest.mark.long
def test_keys_that_one_account_loses_still_open_the_others(attacked, shared):
    ask(attacked, authorized_keys=[{"key": shared.public, "state": "absent"}])
    assert opened_by(attacked, shared, ["honest", *OTHERS]) == OTHERS
    gone = ask(attacked, state="absent", remove_home=True)
    left = attacked.instance.exec("cut -d: -f1 /etc/passwd").split()
    assert [name for name, result in gone.items() if not result["failed"] and name in left] == []
    assert not gone["honest"]["failed"]
    assert opened_by(attacked, shared, OTHERS) == OTHERS
    assert attacked.lets_in("root", attacked.key)


@pytest.mark.long
def test_a_revoked_key_leaves_the_shared_files_and_nothing_else_does(attacked, make_key, shared):
    one, revoked = attacked.instance, make_key("revoked")
    # Without the link that has two names, which is refused.
    one.exec("rm /etc/ssh/hard/hard1 /etc/ssh/soft/soft1")
    one.exec("".join(f"echo '{revoked.public}' >> {world.path}\n" for world in ALL.values()))
    assert opened_by(attacked, revoked, OTHERS) == OTHERS
    result = attacked.ansible(ACCESS, {"revoked_keys": [revoked.public]})
    assert opened_by(attacked, shared, OTHERS) == OTHERS
    assert opened_by(attacked, revoked, OTHERS) == [] or "users" not in result, result["actions"]

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh_access for an account that has the home, the directory or the uid of another: the other one keeps files, keys and processes."""

from __future__ import annotations

import pytest

from .bystanders import ACCESS, ATTACH, account, changed, each, opened_by, outcomes, own_keys, run_all, set_sshd, state

SHARED = [
    # The uid and the home of depa; the uid of owna and a home of its own; the uid of root.
    "useradd -o -u $(id -u depa) -M -d /home/depa -s /bin/bash depb",
    "useradd -o -u $(id -u owna) -m -s /bin/bash ownb",
    account("rootuid", home="/root", options="-o -u 0"),
    # Homes of others, in several spellings.
    account("rooty", home="/root"),
    account("rootdots", home="/home/../root"),
    account("evey", home="/home/eve"),
    account("evedots", home="//home/./eve/"),
    account("svcmate", home="/srv/svc"),
    account("toormate", home="/srv/toor"),
    account("slashy", home="/"),
    account("etcy", home="/etc"),
    # A home in which another one lies, and links to what is another's.
    "install -d -m 0755 /srv/outer; " + account("outer", home="/srv/outer", prepare="chown outer: /srv/outer"),
    account("evelink", prepare="ln -s /home/eve/.ssh ~evelink/.ssh; chown -h evelink: ~evelink/.ssh"),
    account("evefile", prepare="install -d -m 0700 -o evefile ~evefile/.ssh; ln -s ~eve/.ssh/authorized_keys ~evefile/.ssh/"),
    account("nologin", prepare="install -d -m 0700 -o nologin ~nologin/.ssh; ln -s /etc/nologin ~nologin/.ssh/authorized_keys"),
]
NAMES = ["depb", "ownb", "rootdots", "rooty", "evey", "evedots", "svcmate", "toormate", "slashy", "etcy", "outer", "evelink", "evefile", "nologin"]
# One of each kind: the uid and the home, the uid alone, root's home, another's home, and by a link.
SOME = ["depb", "ownb", "rooty", "evedots", "evelink"]
VICTIMS = ["depa", "owna", "eve", "svc", "toor", "inner"]
HOMES = ["/root", "/home/depa", "/home/owna", "/home/eve", "/srv/svc", "/srv/toor", "/srv/outer/inner"]
KEPT = [
    "/", "/.ssh", "/etc", "/etc/nologin", "/etc/ssh/sshd_config", "/etc/ssh/keys",
    *(home + below for home in HOMES for below in ("", "/.ssh", "/.ssh/authorized_keys")),
]  # fmt: skip


@pytest.fixture
def sharing(attacked, make_key):
    """The accounts of SHARED on this instance; the key of all whom they must not harm, some of whom have a process."""
    one, old = attacked.instance, make_key("old")
    run_all(
        one,
        *[account(name, old) for name in ("depa", "owna", "eve", "honest")],
        # As for chroots: the home and the keys are root's. And a second account of root's uid, which has a home of its own.
        f"install -d -m 0755 /srv/svc /srv/toor; {own_keys('/srv/svc', old, modes=('0755', '0644'))}; {own_keys('/srv/toor', old)}",
        account("svc", home="/srv/svc"),
        account("toor", home="/srv/toor", options="-o -u 0"),
        *SHARED,
        account("inner", home="/srv/outer/inner", prepare="install -d -o inner -g inner /srv/outer/inner"),
        own_keys("/srv/outer/inner", old, owner="inner"),
        "install -d /etc/ssh/keys; cp ~owna/.ssh/authorized_keys /etc/ssh/keys/$(id -u owna); chmod 0644 /etc/ssh/keys/*",
        "for name in depa owna honest root; do setsid su $name -c 'exec sleep 7777' > /dev/null 2>&1 & done",
    )
    set_sshd(one, "Match User owna,ownb\n  AuthorizedKeysFile /etc/ssh/keys/%U")
    opened = [*VICTIMS, "depb", "ownb", "svcmate", "honest"]
    assert opened_by(attacked, old, opened) == opened
    return old


def processes(attacked):
    """Of whom a process still runs, and which sshd listens."""
    script = "ps -o user= -C sleep | sort; systemctl show -P MainPID ssh.service sshd.service | grep -v '^0*$'"
    return attacked.instance.exec(script, check=False).split()


def ask(attacked, asked):
    """Account to what is asked for it, in turn: results by account. What is another's has not changed."""
    one = attacked.instance
    kept = [*KEPT, one.exec("echo /etc/ssh/keys/$(id -u owna)").strip()]
    before = state(one, kept)
    run = attacked.playbook(each(ACCESS, {name: {"users": [{"name": name.partition(" ")[0], **options}]} for name, options in asked.items()}))
    assert list(changed(before, state(one, kept))) == []
    return outcomes(run, asked)


@pytest.mark.parametrize("chosen", [pytest.param(SOME, id="some"), pytest.param([*NAMES, "rootuid"], id="all", marks=pytest.mark.long)])
def test_keys_of_one_are_not_keys_of_the_other(attacked, make_key, sharing, chosen):
    new, only, names = make_key("new"), make_key("only"), [*chosen, "honest"]
    newcomers = {"newlink": "/home/eve/link"} if chosen is SOME else {"neweve": "/home/eve/", "newtoor": "/srv/toor", "newlink": "/home/eve/link"}
    attacked.instance.exec("ln -s /srv/toor ~eve/link; chown -h eve: ~eve/link")
    given = ask(
        attacked,
        {name: {"authorized_keys": [new.public]} for name in names}
        | {name: {"authorized_keys": [new.public], "home": home} for name, home in newcomers.items()},
    )
    assert not given["honest"]["failed"]
    assert opened_by(attacked, new, ["honest", "root", *VICTIMS]) == ["honest"]
    exclusive, existing = {"authorized_keys": [only.public], "exclusive": True}, {"account": "existing"}
    left = ask(
        attacked,
        {name: exclusive for name in ("ownb", "rootdots", "evedots", "svcmate", "evelink", "honest") if name in names}
        | {f"{name} as it is": exclusive | existing for name in ("depb", "toormate", "rootuid") if name in names},
    )
    assert not left["honest"]["failed"]
    assert opened_by(attacked, only, ["honest", "root", *VICTIMS]) == ["honest"]
    assert opened_by(attacked, sharing, ["honest", *VICTIMS]) == VICTIMS
    assert attacked.lets_in("root", attacked.key)


@pytest.mark.long
def test_one_goes_and_the_other_stays(attacked, sharing):
    before = processes(attacked)
    assert before[:4] == ["depa", "honest", "owna", "root"]
    with_home = ("depb", "rootdots", "evedots", "svcmate", "slashy", "etcy", "outer", "evelink", "evefile", "rootuid")
    gone = ask(
        attacked,
        {f"{name} and the home": {"state": "absent", "remove_home": True} for name in with_home}
        | {name: {"state": "absent"} for name in [*NAMES, "rootuid", "honest"]},
    )
    left = attacked.instance.exec("cut -d: -f1 /etc/passwd").split()
    assert [name for name, result in gone.items() if not result["failed"] and name.partition(" ")[0] in left] == []
    assert not gone["honest"]["failed"]
    assert opened_by(attacked, sharing, VICTIMS) == VICTIMS
    assert attacked.lets_in("root", attacked.key)
    assert processes(attacked) == [name for name in before if name != "honest"]


def test_one_is_locked_and_the_processes_of_the_other_go_on(attacked, sharing):
    before = processes(attacked)
    assert before[:4] == ["depa", "honest", "owna", "root"]
    names = ("honest", "depb", "ownb", "rooty", "evey", "rootuid")
    locked = ask(attacked, {name: {"state": "locked", "end_sessions": True} for name in names})
    assert not locked["honest"]["failed"]
    assert processes(attacked) == [name for name in before if name != "honest"]
    assert opened_by(attacked, sharing, ["honest", *VICTIMS]) == VICTIMS
    assert attacked.lets_in("root", attacked.key)


@pytest.mark.long
def test_root_is_managed_where_a_system_account_without_a_shell_has_its_home(attacked, make_key):
    """As operator in Red Hat's systems; it cannot read a file in root's home, and so sshd does not either for it."""
    one, new, team = attacked.instance, make_key("new"), make_key("team", "rsa", 2048)
    one.exec("useradd -r -M -d /root -g root -s /sbin/nologin operator")
    result = attacked.ansible(ACCESS, {"users": [{"name": "root", "authorized_keys": [attacked.key.public, new.public], "exclusive": True}]})
    assert "users" in result, result
    assert attacked.lets_in("root", new)
    attacked.cloud.call("ImportKeyPair", KeyPairName="team", PublicKeyBody=team.public)
    bound = attacked.cloud_module(ATTACH, {"key_pair_name": "team", "instance_ids": [one.instance_id], "login_users": ["root"]})
    assert not bound["failed"], bound["msg"]
    assert attacked.lets_in("root", team)
    assert one.exec("stat -c '%U %a' /root/.ssh /root/.ssh/authorized_keys").split() == ["root", "700", "root", "600"]

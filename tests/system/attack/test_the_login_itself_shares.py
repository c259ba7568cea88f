# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh_access by a login whose key file, home or uid is also that of an account that is to lose something: the login goes on working."""

from __future__ import annotations

import pytest

from .bystanders import ACCESS, account, each, outcomes, own_keys, run_all, set_sshd

TWINS = """
id depa > /dev/null 2>&1 || useradd -o -u 5005 -m -p '*' -s /bin/bash depa
id depb > /dev/null 2>&1 || useradd -o -u 5005 -M -d /home/depa -p '*' -s /bin/bash depb
"""


@pytest.mark.parametrize(
    "logins",
    [pytest.param({"depb": "depa"}, id="the second"), pytest.param({"depb": "depa", "depa": "depb"}, id="both", marks=pytest.mark.long)],
)
def test_the_login_has_the_uid_and_the_home_of_an_account_that_goes(attacked, make_key, logins):
    """Who logs in, and who goes."""
    one, key = attacked.instance, make_key("dep")
    run_all(one, TWINS, own_keys("/home/depa", key, owner="depa"), account("honest", key))
    set_sshd(one)
    # sudo knows uids: this rule is for whoever has it.
    assert not attacked.ansible(ACCESS, {"users": [{"name": "depa", "sudo": "nopasswd"}]}).get("failed")
    one.exec("setsid su depa -c 'exec sleep 7777' > /dev/null 2>&1 &")

    def sees(user):
        return attacked.ssh(user, key, "sudo -n id -u; pgrep -cx sleep").stdout.split()

    assert (sees("depa"), sees("depb")) == (["0", "1"], ["0", "1"])
    asked = {
        "not to be root": {"sudo": "none"},
        "drop keys": {"authorized_keys": [make_key("other").public], "exclusive": True},
        "take the key": {"authorized_keys": [{"key": key.public, "state": "absent"}]},
        "lock": {"state": "locked", "end_sessions": True},
        "remove": {"state": "absent"},
    }
    lost = {}
    for user, other in logins.items():
        run_all(one, TWINS)
        cases = {name: {"users": [{"name": other, **options}]} for name, options in asked.items()}
        honest = {"honest": {"users": [{"name": "honest", "comment": f"seen by {user}"}]}}
        run = attacked.playbook(each(ACCESS, honest | cases), user=user, key=key, variables={"ansible_become": True})
        assert [(entry.task, entry.status) for entry in run.results[:1]] == [("honest", "changed")], run.output
        lost[user] = sees(user)
    assert lost == {user: ["0", "1"] for user in logins}


@pytest.mark.long
def test_the_key_of_the_login_is_in_a_file_for_every_account(attacked, make_key):
    one, key = attacked.instance, attacked.key
    run_all(one, account("bob", key), "mv /root/.ssh/authorized_keys /etc/ssh/authorized_keys; chmod 0644 /etc/ssh/authorized_keys")
    set_sshd(one, "AuthorizedKeysFile /etc/ssh/authorized_keys .ssh/authorized_keys")
    assert attacked.lets_in("root", key)
    cases = {
        "take": {"users": [{"name": "bob", "authorized_keys": [{"key": key.public, "state": "absent"}]}]},
        "exclusive": {"users": [{"name": "bob", "authorized_keys": [make_key("bob").public], "exclusive": True}]},
        "empty": {"users": [{"name": "bob", "authorized_keys": [], "exclusive": True, "allow_empty_exclusive": True}]},
        "revoke": {"revoked_keys": [key.public]},
        "absent": {"users": [{"name": "bob", "state": "absent"}]},
    }
    before = one.exec("cat /etc/ssh/authorized_keys")
    done = outcomes(attacked.playbook(each(ACCESS, cases)), cases)
    assert one.exec("cat /etc/ssh/authorized_keys", check=False) == before
    assert attacked.lets_in("root", key)
    assert done["revoke"]["failed"]

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who is absent in one list loses the access, whatever another list still gives them."""

from __future__ import annotations

import subprocess

import pytest
from lab.leavers import add_accounts, apply, apply_each, apply_role, known, open_sessions, opened

# What the other lists still have about them.
STILL = {
    "mallory": {"sudo": "nopasswd"},
    "eve": {"sudo": "password", "groups": ["developers"]},
    "trudy": {"sudo": "nopasswd", "sudo_commands": ["/usr/bin/id"], "sudo_runas": "ALL"},
    "john": {"shell": "/bin/bash", "comment": "John", "groups": ["developers"], "append_groups": False},
}


def test_in_the_lists_of_the_role(attacked, make_key):
    """The state stands in the list for all hosts, for a group or for one host, and the rest in another one."""
    instance, key, revoked, kept = attacked.instance, make_key(), make_key("revoked"), make_key("kept")
    password = subprocess.run(["openssl", "passwd", "-6", "secret"], capture_output=True, text=True, check=True).stdout.strip()
    still = {name: {"name": name, "authorized_keys": [key.public], **options} for name, options in STILL.items()}
    still["eve"]["password_hash"] = password
    hired = apply(attacked, groups=[{"name": "developers"}], users=list(still.values()))
    assert not hired.failed, hired.said
    assert len(instance.exec("ls /etc/sudoers.d/*mallory /etc/sudoers.d/*trudy").split()) == 2
    add_accounts(instance, ["mary"], revoked, kept)
    absent = {name: {"name": name, "state": "absent"} for name in STILL}
    with open_sessions(attacked, dict.fromkeys(STILL, "true"), key) as sessions:
        outcome = apply_role(
            attacked,
            ssh_users_accounts=[absent["mallory"], absent["eve"], still["trudy"], {"name": "newcomer", "authorized_keys": [kept.public]}],
            ssh_users_group_accounts=[still["mallory"], absent["trudy"], absent["john"]],
            ssh_users_host_accounts=[still["eve"], still["john"]],
            ssh_users_groups=[{"name": "developers"}],
            ssh_users_revoked_keys=[revoked.public],
        )
        lasting = {name for name, session in sessions.items() if not session.ended(0.5)}
    problems = {
        "failure": outcome.said if outcome.failed else "",
        "session lasts": lasting,
        "key opens": opened(attacked, STILL, key),
        "account stays": known(instance, STILL),
        "sudo rule stays": {name for name in STILL if name in instance.exec("cat /etc/sudoers.d/*")},
        "revoked key opens": opened(attacked, ["mary"], revoked),
        "newcomer is kept out": {"newcomer"} - opened(attacked, ["newcomer"], kept),
    }
    assert {problem: what for problem, what in problems.items() if what} == {}


@pytest.mark.long
def test_with_options_that_are_wrong_for_somebody_who_stays(attacked, make_key):
    """The key file that the team has of mallory is rubbish by now; another list takes eve for an account of the directory."""
    instance, key, revoked = attacked.instance, make_key(), make_key("revoked")
    add_accounts(instance, ["mallory", "eve", "john"], key)
    add_accounts(instance, ["mary"], revoked)
    assert opened(attacked, ["mallory", "eve", "john"], key) == {"mallory", "eve", "john"}
    outcome = apply_role(
        attacked,
        ssh_users_accounts=[{"name": name, "state": "absent"} for name in ("mallory", "eve", "john")],
        ssh_users_group_accounts=[{"name": "mallory", "authorized_keys": ["no key"]}, {"name": "eve", "account": "existing", "sudo": "nopasswd"}],
        ssh_users_revoked_keys=[revoked.public],
    )
    assert {name for name in opened(attacked, ["mallory", "eve"], key) if not outcome.names(name)} == set()
    assert opened(attacked, ["john"], key) == set()
    assert opened(attacked, ["mary"], revoked) == set()


@pytest.mark.long
def test_in_one_list_twice_and_locked_with_sudo(attacked, make_key):
    """The same name twice may be refused; it is never taken for a success that leaves the access."""
    instance, key = attacked.instance, make_key()
    names = ["mallory", "eve", "trudy"]
    add_accounts(instance, names, key)
    assert opened(attacked, names, key) == set(names)
    absent, sudo = {"name": "mallory", "state": "absent"}, {"name": "mallory", "sudo": "nopasswd"}
    outcomes = apply_each(
        attacked,
        {"users": [absent, sudo]},
        {"users": [sudo, absent]},
        {"users": [{"name": "eve", "state": "absent", "sudo": "nopasswd", "sudo_commands": ["/usr/bin/id"]}]},
        {"users": [{"name": "trudy", "state": "locked", "sudo": "nopasswd"}]},
    )
    opens = opened(attacked, names, key)
    assert opens <= {"mallory"}
    assert not opens or all(outcome.names("mallory") for outcome in outcomes[:2])
    assert "eve" not in known(instance, ["eve"])
    assert "eve" not in instance.exec("cat /etc/sudoers.d/*")

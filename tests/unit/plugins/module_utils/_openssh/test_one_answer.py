# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule, one answer: everything that judges a login by sshd's settings says what sshd does with a plain key."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.guest import find_login_obstacles
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.facts import AccountFacts, Facts, Request, ServerFacts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_settings import (
    judge_access,
    judge_algorithms,
    judge_methods,
    judge_root,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd import look_candidate
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd.plan import Verdict
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sshd import Origin
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.readiness import find_guest_problem

KEY = parse_public_key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBF9wCb7TxxP9gb3hE8ODe/Tc+uIUNYipthBw65i3Nf6")
ADDRESS = "192.0.2.7"
ANN = look_candidate.rules.Account("ann", 1000, "/home/ann", ("guests",))
ROOT = look_candidate.rules.Account("root", 0, "/root", ("root",))
USUAL = {
    "pubkeyauthentication": "yes",
    "passwordauthentication": "yes",
    "usepam": "yes",
    "permitrootlogin": "prohibit-password",
    "authenticationmethods": "any",
    "authorizedkeysfile": ".ssh/authorized_keys",
}


def said_by_login_check(settings, account):
    facts = Facts(
        Request(account.name, KEY, ADDRESS),
        account=AccountFacts(True, uid=account.uid, home=account.home, groups=account.groups),
        server=ServerFacts(effective={keyword: (value,) for keyword, value in settings.items()}),
    )
    judges = (judge_access, judge_methods, judge_root, judge_algorithms)
    return not any(finding.severity == "blocks" for judge in judges for finding in judge(facts))


def said_by_sshd_pubkey(settings, account):
    class Tree:
        @staticmethod
        def directives():
            return []

    planner = look_candidate.Planner(None, Tree, [account.name], None, Origin())
    verdict = Verdict({}, {account.name: {keyword: [value] for keyword, value in settings.items()}})
    return planner.find_obstacles(account.name, verdict) == []


def row(settings, account):
    return {
        "name": account.name,
        "uid": account.uid,
        "home": account.home,
        "groups": list(account.groups),
        "settings": {keyword: value.split() for keyword, value in settings.items()},
        "exists": True,
        "shell": "/bin/sh",
        "shell_works": True,
        "missing": ["/etc/nologin", "/run/nologin"],
        "aging": "",
        "locked": False,
        "revoked": False,
        "lines": [KEY.line],
    }


def said_by_attach(settings, account):
    return find_login_obstacles(row(settings, account), KEY, 20000) == []


def said_by_temporary_key(settings, account):
    seen = {"plugin": True, "manager": True, "command": None, "users": [row(settings, account)]}
    return find_guest_problem({"sshd_error": "", "up": True, "seen": seen, "wanted": False}, may_prepare=False) is None


@pytest.mark.parametrize("said", [said_by_login_check, said_by_sshd_pubkey, said_by_attach, said_by_temporary_key])
@pytest.mark.parametrize(
    ("settings", "account", "let_in"),
    [
        pytest.param({}, ANN, True, id="usual"),
        pytest.param({"allowusers": "!ann *"}, ANN, True, id="! in AllowUsers is a letter"),
        pytest.param({"allowusers": "!ann"}, ANN, False, id="nobody is called !ann"),
        pytest.param({"allowusers": "bob,ann"}, ANN, False, id="a comma in AllowUsers is a letter"),
        pytest.param({"allowusers": "a[n]n"}, ANN, False, id="brackets are letters"),
        pytest.param({"allowusers": "Ann"}, ANN, False, id="case counts"),
        pytest.param({"allowusers": "ann@*"}, ANN, True, id="from anywhere"),
        pytest.param({"denyusers": "!ann"}, ANN, True, id="! in DenyUsers is a letter"),
        pytest.param({"denyusers": "a?n", "allowusers": "ann"}, ANN, False, id="DenyUsers comes first"),
        pytest.param({"allowgroups": "!guests *"}, ANN, True, id="! in AllowGroups is a letter"),
        pytest.param({"allowgroups": "!guests staff"}, ANN, False, id="in no allowed group"),
        pytest.param({"denygroups": "!guests"}, ANN, True, id="! in DenyGroups is a letter"),
        pytest.param({"denygroups": "g*s", "allowgroups": "guests"}, ANN, False, id="DenyGroups comes first"),
        pytest.param({"authenticationmethods": "publickey,password"}, ANN, False, id="a key and a password"),
        pytest.param({"authenticationmethods": "publickey,publickey"}, ANN, False, id="two keys"),
        pytest.param({"authenticationmethods": "password publickey"}, ANN, True, id="one list is enough"),
        pytest.param({"authenticationmethods": "password"}, ANN, False, id="a password"),
        pytest.param({"permitrootlogin": "no"}, ANN, True, id="PermitRootLogin is about root"),
        pytest.param({"permitrootlogin": "no"}, ROOT, False, id="root not at all"),
        pytest.param({"permitrootlogin": "forced-commands-only"}, ROOT, False, id="root with a command only"),
        pytest.param({"permitrootlogin": "without-password"}, ROOT, True, id="root by key"),
    ],
)
def test_everybody_says_what_sshd_does(monkeypatch, said, settings, account, let_in):
    monkeypatch.setattr(look_candidate, "get_account", lambda name: account)
    assert said(dict(USUAL, **settings), account) is let_in

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must stand in our place, whether it holds for everybody, and who is excepted."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.sshd_config import parse_directives
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd.hardening import (
    Hardening,
    describe,
    find_exceptions,
    is_met,
    standing,
    wanted_settings,
)

NEW = {"passwordauthentication": ["yes"], "kbdinteractiveauthentication": ["no"], "permitrootlogin": ["without-password"]}
OLD = dict(NEW, challengeresponseauthentication=["yes"])
CLOSED = dict(NEW, passwordauthentication=["no"])
NO_PASSWORD = Hardening(password_authentication=False)
KEYS = {"PubkeyAuthentication": "yes"}
DOORS = {"PasswordAuthentication": "no", "KbdInteractiveAuthentication": "no"}


@pytest.mark.parametrize(
    ("asked", "own", "general", "wanted"),
    [
        pytest.param(NO_PASSWORD, KEYS, NEW, dict(KEYS, **DOORS), id="both doors are closed together"),
        pytest.param(NO_PASSWORD, {}, OLD, dict(DOORS, ChallengeResponseAuthentication="no"), id="older sshd: the old name too"),
        pytest.param(NO_PASSWORD, KEYS, CLOSED, KEYS, id="closed already by other files: nothing to write"),
        pytest.param(NO_PASSWORD, DOORS, CLOSED, DOORS, id="closed by us: stays"),
        pytest.param(Hardening(), dict(KEYS, **DOORS), NEW, dict(KEYS, **DOORS), id="nothing asked: nothing changes"),
        pytest.param(Hardening(True), dict(KEYS, **DOORS), NEW, KEYS, id="true takes back what we have set"),
        pytest.param(Hardening(True), {}, CLOSED, {}, id="true does not overrule other files"),
        pytest.param(Hardening(None, "prohibit-password"), {}, NEW, {}, id="root: today's name for without-password"),
        pytest.param(Hardening(None, "no"), KEYS, NEW, dict(KEYS, PermitRootLogin="no"), id="root: stricter"),
        pytest.param(Hardening(None, "yes"), {"PermitRootLogin": "no"}, NEW, {"PermitRootLogin": "yes"}, id="root: looser"),
    ],
)
def test_wanted_settings(asked, own, general, wanted):
    assert wanted_settings(asked, own, general) == wanted


def test_standing():
    settings = {"PasswordAuthentication": "no", "KbdInteractiveAuthentication": "no", "PermitRootLogin": "prohibit-password"}
    assert standing(settings, NEW) == {"KbdInteractiveAuthentication", "PermitRootLogin"}
    assert standing(settings, {}) == set()


@pytest.mark.parametrize(
    ("asked", "general", "user", "met"),
    [
        pytest.param(NO_PASSWORD, CLOSED, CLOSED, True, id="closed"),
        pytest.param(NO_PASSWORD, NEW, CLOSED, False, id="closed for the user only"),
        pytest.param(NO_PASSWORD, CLOSED, NEW, False, id="open for the user"),
        pytest.param(NO_PASSWORD, dict(CLOSED, kbdinteractiveauthentication=["yes"]), CLOSED, False, id="PAM still asks for one"),
        pytest.param(NO_PASSWORD, dict(CLOSED, challengeresponseauthentication=["yes"]), CLOSED, False, id="the same by its old name"),
        pytest.param(Hardening(None, "prohibit-password"), NEW, NEW, True, id="root by key"),
        pytest.param(Hardening(None, "yes"), NEW, NEW, False, id="root: general value is another"),
        pytest.param(Hardening(None, "prohibit-password"), NEW, dict(NEW, permitrootlogin=["no"]), True, id="root: stricter for the user"),
        pytest.param(Hardening(None, "prohibit-password"), NEW, dict(NEW, permitrootlogin=["yes"]), False, id="root: looser for the user"),
    ],
)
def test_is_met(asked, general, user, met):
    assert is_met(asked, general, [user]) is met


@pytest.mark.parametrize(
    ("asked", "lines", "numbers"),
    [
        pytest.param(NO_PASSWORD, "PasswordAuthentication yes\n", [], id="a general line is beaten by ours"),
        pytest.param(NO_PASSWORD, "Match User a\nPasswordAuthentication yes\n", [2], id="block lets somebody in by password"),
        pytest.param(NO_PASSWORD, "Match User a\nPasswordAuthentication no\n", [], id="block says the same"),
        pytest.param(NO_PASSWORD, "Match all\nKbdInteractiveAuthentication yes\nPermitRootLogin yes\n", [2], id="through PAM"),
        pytest.param(NO_PASSWORD, "Match all\nAuthenticationMethods publickey,password publickey,keyboard-interactive:pam\n", [2], id="needs one"),
        pytest.param(NO_PASSWORD, "Match all\nAuthenticationMethods publickey publickey,password\n", [], id="a key is enough"),
        pytest.param(Hardening(None, "no"), "Match all\nAuthenticationMethods publickey,password\n", [], id="passwords may stay"),
        pytest.param(Hardening(None, "no"), "Match Address 192.0.2.1\nPermitRootLogin without-password\n", [2], id="root may more there"),
        pytest.param(Hardening(None, "prohibit-password"), "Match all\nPermitRootLogin forced-commands-only\n", [], id="root may less there"),
        pytest.param(Hardening(), "Match all\nPermitRootLogin yes\nPasswordAuthentication yes\n", [], id="nothing asked"),
    ],
)
def test_find_exceptions(asked, lines, numbers):
    assert [found.line for found in find_exceptions(asked, parse_directives("/etc/ssh/sshd_config", lines))] == numbers


@pytest.mark.parametrize(
    ("asked", "closes", "bars_root"),
    [
        (Hardening(), False, False), (Hardening(True), False, False), (NO_PASSWORD, True, False), (Hardening(None, "yes"), False, False),
        (Hardening(None, "prohibit-password"), True, False), (Hardening(None, "forced-commands-only"), True, True),
        (Hardening(True, "no"), True, True),
    ],
)  # fmt: skip
def test_what_takes_ways_in_away(asked, closes, bars_root):
    assert (asked.closes, asked.bars_root) == (closes, bars_root)


def test_values_are_described_by_their_names_of_today():
    assert describe(NEW, dict(CLOSED, permitrootlogin=["no"])) == {
        "PasswordAuthentication": {"before": "yes", "after": "no"},
        "KbdInteractiveAuthentication": {"before": "no", "after": "no"},
        "PermitRootLogin": {"before": "prohibit-password", "after": "no"},
    }

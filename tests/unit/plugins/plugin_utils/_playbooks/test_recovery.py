# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What recover_access does on a host, and what it reports of it."""

from __future__ import annotations

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.finding import Finding, blocks
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks import recovery
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.binding import NOT_AN_INSTANCE, Binding

STOPPED = blocks("sshd_not_running", "sshd is not running", "start it", "systemctl start ssh")
MASKED = blocks("sshd_masked", "ssh.service is masked", "unmask it", "systemctl unmask ssh && systemctl start ssh")
OFF = blocks("pubkey_authentication_off", "PubkeyAuthentication is no", "turn it on")
EXPIRED = blocks("account_expired", "john is expired", "remove the expiry date", "chage -E -1 john")
NO_RUN_DIRECTORY = blocks("privsep_directory_missing", "/run/sshd is missing", "create it", "mkdir /run/sshd")
HIDDEN = blocks("directory_not_enterable", "john cannot enter .ssh", "chown it", "chown john .ssh")
OPEN_HOME = blocks("home_writable", "the home is writable by all", "chmod it", "chmod 0755 /home/john")
ROOT = blocks("root_login_off", "PermitRootLogin is no", "log in as another user")
LIVE = Binding(bound=True, live=True, failed=False, msg="team is bound")


@pytest.mark.parametrize(
    ("blocking", "requested", "plan"),
    [
        pytest.param([], [], ([], [], "", False, False), id="nothing blocks"),
        pytest.param([ROOT], [], ([], [], "", False, False), id="the administrator's setting"),
        pytest.param([STOPPED], [], (["sshd_not_running"], [], "systemctl start ssh", False, False), id="stopped"),
        pytest.param([STOPPED._replace(fix_command="")], [], ([], [], "", False, False), id="stopped, and no command starts it"),
        pytest.param([OFF], [], (["pubkey_authentication_off"], [], "", True, False), id="keys turned off"),
        pytest.param([HIDDEN, OPEN_HOME], [], (["directory_not_enterable", "home_writable"], [], "", False, True), id="files"),
        pytest.param([EXPIRED, MASKED], [], ([], [], "", False, False), id="not requested"),
        pytest.param(
            [EXPIRED, MASKED], ["account_expired", "sshd_masked"],
            (["account_expired", "sshd_masked"], ["chage -E -1 john"], MASKED.fix_command, False, False), id="requested",
        ),
        pytest.param(
            [OFF, STOPPED, NO_RUN_DIRECTORY, HIDDEN], [],
            (["pubkey_authentication_off", "sshd_not_running", "privsep_directory_missing", "directory_not_enterable"], ["mkdir /run/sshd"],
             "systemctl start ssh", True, True), id="all at once",
        ),
    ],
)  # fmt: skip
def test_the_plan(blocking, requested, plan):
    assert tuple(recovery.plan_repair(blocking, requested)) == plan


@pytest.mark.parametrize("value", [["root_login_off"], "account_expired", {"account_expired": True}, 1, [["account_expired"]]])
def test_a_wrong_request_is_refused(value):
    assert recovery.request_error(value) == (
        "ecs_access_repair is a list of any of: account_expired, account_locked, password_expired, nologin_file, host_keys_missing, "
        "sshd_masked, sshd_not_to_be_run."
    )


@pytest.mark.parametrize("value", [[], ["account_expired"], recovery.ON_REQUEST])
def test_a_right_request_is_accepted(value):
    assert recovery.request_error(value) == ""


@pytest.mark.parametrize(
    ("binding", "key_made", "check_mode", "step"),
    [
        pytest.param(LIVE, True, False, (True, True), id="live"),
        pytest.param(LIVE._replace(changed=True), False, True, (False, False), id="check mode: it would be live"),
        pytest.param(LIVE, False, True, (True, True), id="check mode: it is live"),
        pytest.param(Binding(), True, True, (False, True), id="check mode: the pair would be made"),
        pytest.param(Binding(reason="login_refused"), False, False, (False, True), id="sshd refuses the account"),
        pytest.param(Binding(reason="guest"), False, False, (False, True), id="the files could not be changed"),
        pytest.param(Binding(reason="not_running"), False, False, (False, False), id="stopped instance"),
        pytest.param(Binding(reason=NOT_AN_INSTANCE), True, True, (False, False), id="not an instance"),
    ],
)
def test_the_first_step(binding, key_made, check_mode, step):
    assert tuple(recovery.plan_first_step(binding, key_made, check_mode)) == step


def test_the_missing_key_itself_does_not_block():
    missing = blocks("key_missing", "the key is not there", "add it")
    warning = Finding("nologin_file", "warns", "e", "f")
    check = {"findings": [finding.to_dict() for finding in (missing, OFF, warning)]}
    assert recovery.find_blocking(check) == [OFF]
    assert recovery.find_blocking({"msg": "unreachable"}) == []


def test_what_is_still_found_was_not_repaired():
    plan = recovery.plan_repair([STOPPED, OFF, HIDDEN], [])
    commands = [{"skipped": True}, {"rc": 1, "stderr": " sshd: bad line \n"}]
    repair = recovery.conclude_repair(plan, [STOPPED, ROOT], commands, [{"skipped": True}, {"msg": "no space"}], False)
    assert repair == (["pubkey_authentication_off", "directory_not_enterable"], [STOPPED, ROOT], ["sshd: bad line", "no space"])


def test_what_a_host_answers_instead_of_a_text_is_shown_as_one():
    plan = recovery.plan_repair([OFF], [])
    repair = recovery.conclude_repair(plan, [OFF], [{"rc": 1, "stderr": ["x"]}], [{"msg": {"a": 1}}, {"msg": None}], False)
    assert repair.errors == ["['x']", "{'a': 1}"]


def test_check_mode_expects_the_plan_to_work():
    repair = recovery.conclude_repair(recovery.plan_repair([STOPPED, ROOT], []), [STOPPED, ROOT], [], [], True)
    assert repair == (["sshd_not_running"], [ROOT], [])


@pytest.mark.parametrize(("blocking", "again"), [([], True), ([HIDDEN], True), ([OPEN_HOME], False), ([HIDDEN, ROOT], False)])
def test_binding_again(blocking, again):
    assert recovery.may_bind_again(blocking) is again


def known(**changes):
    fields = {
        "binding": LIVE, "blocking": [], "errors": [], "repaired": [], "bind_again": False, "proven": False, "refusal": "", "problem": "",
        "key_made": False, "check_mode": False,
    }  # fmt: skip
    return recovery.Recovery(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "failed", "why"),
    [
        pytest.param({"proven": True}, False, "", id="proven"),
        pytest.param({"refusal": "Permission denied"}, True, "the key is live, but the login from here failed: Permission denied", id="refused"),
        pytest.param({}, True, "the key is live, but the login from here failed: not tried", id="not tried"),
        pytest.param(
            {"blocking": [ROOT, OFF], "errors": ["no space"]}, True,
            "PermitRootLogin is no => log in as another user; PubkeyAuthentication is no => turn it on; no space", id="blocked",
        ),
        pytest.param(
            {"binding": Binding(reason="guest", msg="the disk is full"), "problem": "Check: no answer"}, True, "the disk is full; Check: no answer",
            id="the check failed",
        ),
        pytest.param({"binding": Binding(reason="not_running", msg="it is Stopped")}, True, "it is Stopped", id="not bound"),
        pytest.param(
            {"check_mode": True, "key_made": True, "bind_again": True, "binding": Binding()}, False,
            "check mode: the key pair would be made live, and the login tested", id="check mode: it will work",
        ),
        pytest.param({"check_mode": True, "key_made": True, "binding": Binding(msg="refused")}, True, "refused", id="check mode: it will not work"),
        pytest.param(
            {"check_mode": True, "key_made": True, "bind_again": True, "binding": Binding(reason=NOT_AN_INSTANCE, msg="not an instance")}, True,
            "not an instance", id="check mode: not an instance",
        ),
    ],
)  # fmt: skip
def test_the_outcome(changes, failed, why):
    outcome = known(**changes).to_outcome()
    assert (outcome["failed"], outcome["why"]) == (failed, why)


def test_what_binding_repaired_is_shown_and_keys_are_not():
    binding = LIVE._replace(done=("john: owner of .ssh", "john: mode of authorized_keys", "john: keys in authorized_keys"))
    outcome = known(binding=binding, repaired=["home_writable"], proven=True).to_outcome()
    assert outcome["repaired"] == ["home_writable", "john: owner of .ssh", "john: mode of authorized_keys"]
    assert (outcome["bound"], outcome["live"], outcome["login"]) == (True, True, True)


@pytest.mark.parametrize(
    ("changes", "tries"),
    [({}, True), ({"proven": True}, False), ({"binding": Binding()}, False), ({"check_mode": True}, True), ({"check_mode": True, "key_made": True}, False)],
)
def test_when_the_login_is_tried(changes, tries):
    assert known(**changes).tries_login is tries


def test_previous_keys_are_removed_by_region_and_pair():
    hostvars = {
        "a": {"ecs_region": "r1", "ecs_instance_id": "i-1", "pair": "old"},
        "b": {"ecs_region": "r1", "ecs_instance_id": "i-2", "pair": "old"},
        "c": {"ecs_region": "r2", "ecs_instance_id": "i-3", "pair": "old"},
        "d": {"ecs_region": "r1", "ecs_instance_id": "i-4", "pair": ""},
        "e": {},
    }
    assert recovery.group_by_previous_pair(hostvars, hostvars, "pair") == [("r1", ["i-1", "i-2"], "old"), ("r2", ["i-3"], "old")]


NONE_BOUND = (
    "no other key pair was bound when this run began, so no previous key was removed; "
    "if an earlier run has replaced one, name it in ecs_access_previous_key_pair_name"
)


@pytest.mark.parametrize(
    ("pair", "binding", "check_mode", "failed", "why"),
    [
        pytest.param("", Binding(), False, False, NONE_BOUND, id="none, or an earlier run has replaced it"),
        pytest.param("old", Binding(msg="no answer"), False, True, "the key of old was kept: no answer", id="refused"),
        pytest.param("old", Binding(failed=False, live=None, msg="agent"), False, True, "the key of old was kept: agent", id="not known to be gone"),
        pytest.param("old", Binding(failed=False, live=False, changed=True), True, False, "check mode: the key of old would be removed", id="check mode"),
        pytest.param("old", Binding(failed=False, live=False, changed=True), False, False, "the key of old does not work any more", id="removed"),
    ],
)
def test_the_outcome_of_removing_the_previous_key(pair, binding, check_mode, failed, why):
    outcome = recovery.previous_key_outcome({"login": True, "failed": False, "why": ""}, pair, binding, check_mode)
    assert outcome == {"login": True, "failed": failed, "why": why, **({"changed": True} if binding.changed else {})}

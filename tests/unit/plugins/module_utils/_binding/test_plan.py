# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.guest import Guest, Login
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.plan import (
    Steps,
    Wanted,
    find_agent_problem,
    find_guest_problem,
    find_pending,
    find_problem,
    plan_steps,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import Agent, read_instance

LIVE = Wanted("team", "present", "live")
GONE = Wanted("team", "absent", "live")


def instance(bound="", status="Running", os_type="linux"):
    return read_instance({"InstanceId": "i-1", "InstanceName": "web", "Status": status, "OSType": os_type, "KeyPairName": bound})


def guest(state="absent", done=(), obstacles=(), vendor_has_key=False, password_login=True, ways=()):
    return Guest("boot", (Login("root", state, tuple(obstacles), tuple(done)),), "root", vendor_has_key, password_login, tuple(ways))


NEEDS_KEY = guest(done=["keys"])
HAS_KEY = guest("present", vendor_has_key=True)


class TestPlanSteps:
    @pytest.mark.parametrize(
        ("bound", "seen", "wanted", "steps"),
        [
            pytest.param("", NEEDS_KEY, LIVE, Steps(bind=True, guest=True), id="nothing yet: bind, then the guest"),
            pytest.param("team", NEEDS_KEY, LIVE, Steps(guest=True), id="bound by the console: the guest only"),
            pytest.param("", HAS_KEY, LIVE, Steps(bind=True), id="key is there already: bind only"),
            pytest.param("team", HAS_KEY, LIVE, Steps(), id="all right: nothing"),
            pytest.param("team", guest("present", ["keys"]), GONE, Steps(unbind=True, guest=True), id="unbind and remove"),
            pytest.param("", guest("present", ["keys"]), GONE, Steps(guest=True), id="unbound, key left over: remove"),
            pytest.param("other", guest(), GONE, Steps(), id="another pair is bound: not ours"),
            pytest.param("", None, Wanted("team", "present", "none"), Steps(bind=True), id="none: bind only"),
            pytest.param("", None, Wanted("team", "present", "reboot"), Steps(bind=True, reboot=True), id="reboot: bind and reboot"),
            pytest.param("team", None, Wanted("team", "present", "reboot"), Steps(), id="reboot, bound, guest unknown: no reboot"),
            pytest.param("team", NEEDS_KEY, Wanted("team", "present", "reboot"), Steps(reboot=True), id="reboot, bound, not live"),
            pytest.param("team", HAS_KEY, Wanted("team", "present", "reboot"), Steps(), id="reboot, bound and live: nothing"),
            pytest.param("other", HAS_KEY, Wanted("team", "absent", "reboot"), Steps(), id="absent: never reboot for another pair"),
        ],
    )
    def test_steps(self, bound, seen, wanted, steps):
        assert plan_steps(instance(bound), seen, wanted) == steps


class TestProblems:
    @pytest.mark.parametrize(
        ("one", "wanted", "reason"),
        [
            (instance(), LIVE, None),
            (instance(os_type="windows"), LIVE, "windows"),
            (instance(status="Stopped"), LIVE, "not_running"),
            (instance(status="Stopped"), Wanted("team", "present", "none"), None),
            (instance(status="Stopped"), Wanted("team", "present", "reboot"), "not_running"),
            (instance("team", status="Stopped"), Wanted("team", "present", "reboot"), None),
            (instance("other"), LIVE, "other_pair_bound"),
            (instance("other"), LIVE._replace(replace_bound=True), None),
            (instance("other"), GONE, None),
        ],
    )
    def test_of_ecs(self, one, wanted, reason):
        problem = find_problem(one, wanted)
        assert (problem.reason if problem else None) == reason

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            (Agent(), "agent_missing"),
            (Agent("2.2"), "agent_offline"),
            (Agent("2.2", online=True), None),
        ],
    )
    def test_of_the_agent(self, status, reason):
        problem = find_agent_problem(status)
        assert (problem.reason if problem else None) == reason

    @pytest.mark.parametrize(
        ("seen", "wanted", "reason"),
        [
            (guest(obstacles=["PubkeyAuthentication is no"]), LIVE, "login_refused"),
            (guest("present", ["keys"]), GONE, "last_way_in"),
            (guest("present", ["keys"], ways=["ann"]), GONE, None),
            (guest("present", ["keys"]), GONE._replace(allow_lockout=True), None),
            (guest(), GONE, None),
            (guest(obstacles=["PubkeyAuthentication is no"]), GONE, None),
        ],
    )
    def test_of_the_guest(self, seen, wanted, reason):
        problem = find_guest_problem(seen, wanted)
        assert (problem.reason if problem else None) == reason


class TestPending:
    @pytest.mark.parametrize(
        ("bound", "was", "changed", "seen", "wanted", "pending"),
        [
            ("team", "", True, HAS_KEY, LIVE, ["password_login_off"]),
            ("team", "", True, guest("present", vendor_has_key=True, password_login=False), LIVE, []),
            ("team", "other", True, HAS_KEY, LIVE, ["password_login_off", "previous_key_removed"]),
            ("team", "other", True, HAS_KEY, LIVE._replace(previous_key="remove"), ["password_login_off"]),
            ("team", "", True, None, LIVE, ["key_added", "password_login_off"]),
            ("team", "team", False, None, LIVE, None),
            ("", "team", True, guest(password_login=False), GONE, ["password_login_on"]),
            ("", "team", True, None, GONE, ["key_removed", "password_login_on"]),
            ("other", "other", False, guest(), GONE, []),
        ],
    )
    def test_pending(self, bound, was, changed, seen, wanted, pending):
        assert find_pending(bound, was, changed, seen, wanted) == pending

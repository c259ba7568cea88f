# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has it booted? With a clock of its own: a test takes no time."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.reboot import Rebooter
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import ANSWER_LOST, EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import Agent, read_instance


class Client:
    """Instances that are Running, go down after a while and come back; down for longer than a poll or not."""

    def __init__(self, down_at=5.0, up_at=15.0, error=None):
        self.now = 0.0
        self.down_at, self.up_at, self.error = down_at, up_at, error
        self.asked = []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds

    def reboot_instance(self, instance_id):
        self.asked.append(instance_id)
        if self.error:
            raise self.error

    def describe_instances(self, instance_ids):
        status = "Starting" if self.down_at <= self.now < self.up_at else "Running"
        return [read_instance({"InstanceId": instance_id, "Status": status}) for instance_id in instance_ids]

    def describe_cloud_assistant_status(self, instance_ids):
        return dict.fromkeys(instance_ids, Agent("2.2", not self.down_at <= self.now < self.up_at + 7))

    def boots(self, instance_ids):
        return dict.fromkeys(instance_ids, "new" if self.now >= self.up_at else "old")


def reboot(client, before=(), timeout=60):
    return Rebooter(client, timeout, client.sleep).reboot(["i-1"], client.boots, dict(before))


def one(reasons):
    """The reason of the only instance that did not come back."""
    assert len(reasons) == 1
    return next(iter(reasons.values()))


def test_running_right_after_the_call_is_not_taken_for_booted():
    client = Client(down_at=5, up_at=15)
    assert reboot(client) == {}
    assert client.now >= 15


def test_a_boot_too_short_to_be_seen_is_told_by_the_guest():
    client = Client(down_at=5, up_at=5)
    assert reboot(client, {"i-1": "old"}) == {}
    assert client.now >= 5


def test_without_a_guest_that_tells_it_is_not_guessed():
    why = one(reboot(Client(down_at=5, up_at=5)))
    assert why == "it was not seen to reboot within 60 seconds"


def test_one_that_stays_away_is_said():
    why = one(reboot(Client(down_at=1, up_at=1000)))
    assert why == "it went down and was not Running again within 60 seconds"


def test_a_refused_reboot_is_not_waited_for():
    client = Client(error=EcsError("RebootInstance", "IncorrectInstanceStatus", "wrong state", status=403))
    why = one(reboot(client))
    assert "wrong state" in why
    assert client.now == 0


def test_a_lost_answer_is_waited_for_and_not_repeated():
    client = Client(error=EcsError("RebootInstance", ANSWER_LOST, "no answer"))
    assert reboot(client) == {}
    assert client.asked == ["i-1"]


@pytest.mark.parametrize(("up_at", "answering"), [(15, ["i-1"]), (1000, [])])
def test_agents_get_a_while(up_at, answering):
    client = Client(down_at=0, up_at=up_at)
    assert Rebooter(client, 60, client.sleep).wait_for_agents(["i-1"]) == answering

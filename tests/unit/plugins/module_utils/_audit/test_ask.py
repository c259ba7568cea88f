# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often instances are asked for the rest of what they have to say, and for how long."""

import base64
import json
import re
import zlib

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit import ask
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import RunBatch
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.invocation import Invocation

TIMEOUT = 60


class OneRecordAtATime:
    """Each answer has the record that was asked for and no other; I(instances): how many there are, and how many seconds each answer takes."""

    def __init__(self, **instances):
        self._instances, self._now = {name.replace("_", "-"): each for name, each in instances.items()}, 1000.0
        self.asked = []
        self._scripts = {}

    def clock(self):
        return self._now

    def run_command(self, script, instance_ids, timeout):
        name = str(len(self._scripts))
        self._scripts[name] = script
        return [RunBatch(name, list(instance_ids))]

    def wait_for_invocation(self, invoke_id, instance_ids, deadline):
        request, marker = re.search(r"set -- (\S+) (\S+)", self._scripts[invoke_id]).groups()
        question = json.loads(base64.b64decode(request))
        # The commands of a round run at the same time.
        costs = question["chapter"] == "accounts"
        found = {}
        for instance_id in instance_ids:
            total, seconds = self._instances[instance_id]
            head = {"total": total, "digest": "0" * 16, "now": "20260101000000", "utc": "20260101000000"}
            contents = ["head " + json.dumps(head), '%d ["unread","x","y"]' % question["first"]]
            output = "\n".join("%s%08x %s" % (marker, zlib.crc32(one.encode()), one) for one in contents)
            found[instance_id] = Invocation("Success", output, waited=seconds if costs else 0)
            self.asked += [instance_id] if costs else []
        self._now += max(one.waited for one in found.values())
        return found

    @property
    def lasted(self):
        return self._now - 1000


@pytest.mark.parametrize(
    ("seconds", "rounds", "why"),
    [(1, 40, "it is longer than 40 responses"), (150, 4, "the rest did not arrive in time")],
)
def test_an_instance_that_says_little_each_time_is_left(seconds, rounds, why):
    client = OneRecordAtATime(i_1=(50000, seconds))
    reader = ask.ask_hosts(client, ["i-1"], TIMEOUT)["i-1"]
    assert (len(client.asked), client.lasted) == (rounds, rounds * seconds)
    assert {chapter.why for chapter in reader.chapters.values()} == {why}


def test_the_others_are_asked_to_their_end():
    client = OneRecordAtATime(i_1=(50000, 150), i_2=(9, 1), i_3=(50000, 150))
    readers = ask.ask_hosts(client, ["i-1", "i-2", "i-3"], TIMEOUT)
    assert [client.asked.count(each) for each in ("i-1", "i-2", "i-3")] == [4, 9, 4]
    assert {chapter.why for chapter in readers["i-2"].chapters.values()} == {""}
    assert client.lasted == 4 * 150 + 5


def test_one_that_has_no_more_is_not_asked_again():
    client = OneRecordAtATime(i_1=(3, 1))
    ask.ask_hosts(client, ["i-1"], TIMEOUT)
    assert len(client.asked) == 3

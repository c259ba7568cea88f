# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each instance of a batch gets its result, or the error that kept it from having one."""

from collections import namedtuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.ask import Ended, wait_for_batch
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.invocation import Invocation

Batch = namedtuple("Batch", "invoke_id instance_ids error")
REFUSED = EcsError("DescribeInvocationResults", "Forbidden.RAM", "not allowed", status=403)
DONE = Invocation("Success", "hello")
LOST = Ended(None, "DescribeInvocationResults failed: not allowed [Forbidden.RAM]", REFUSED)


class Client:
    def __init__(self, results):
        self.results = results

    def wait_for_invocation(self, invoke_id, instance_ids, deadline):
        if isinstance(self.results, EcsError):
            raise self.results
        return self.results


def test_only_a_success_has_an_output():
    ended = wait_for_batch(Client({"i-1": DONE, "i-2": Invocation()}), Batch("t-1", ["i-1", "i-2"], None), 0)
    assert ended == {"i-1": Ended("hello"), "i-2": Ended(None, Invocation().why)}


def test_a_refused_question_is_the_error_of_all():
    assert wait_for_batch(Client(REFUSED), Batch("t-1", ["i-1", "i-2"], None), 0) == {"i-1": LOST, "i-2": LOST}


def test_a_batch_that_was_never_started_is_not_waited_for():
    assert wait_for_batch(Client({"i-1": DONE}), Batch(None, ["i-1"], REFUSED), 0) == {"i-1": LOST}

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When to call again and how long to wait."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.retry import backoff_seconds, is_repeatable, needs_retry

THROTTLED = EcsError("X", "Throttling.User", status=400)
LOST = EcsError("X", "AnswerLost")
INTERNAL = EcsError("X", "InternalError", status=500)
UNREACHABLE = EcsError("X", "ConnectionFailed")
FORBIDDEN = EcsError("X", "Forbidden.RAM", status=403)


@pytest.mark.parametrize(
    ("error", "attempt", "repeatable", "expected"),
    [
        pytest.param(THROTTLED, 1, False, True, id="throttled: a write was not done"),
        pytest.param(THROTTLED, 5, True, True, id="last retry"),
        pytest.param(THROTTLED, 6, True, False, id="retries used up"),
        pytest.param(LOST, 1, True, True, id="lost answer of a read"),
        pytest.param(LOST, 1, False, False, id="lost answer of a write"),
        pytest.param(INTERNAL, 1, True, True, id="500 of a read"),
        pytest.param(INTERNAL, 1, False, False, id="500 of a write"),
        pytest.param(UNREACHABLE, 2, False, True, id="nothing sent: a write too"),
        pytest.param(UNREACHABLE, 3, True, False, id="unreachable: people wait for the sentence"),
        pytest.param(FORBIDDEN, 1, True, False, id="no"),
    ],
)
def test_needs_retry(error, attempt, repeatable, expected):
    assert needs_retry(error, attempt, 5, repeatable) is expected


@pytest.mark.parametrize(
    ("action", "token", "expected"),
    [
        ("DescribeInstances", False, True),
        ("GetCallerIdentity", False, True),
        ("AttachKeyPair", False, True),
        ("DeleteKeyPairs", False, True),
        ("ImportKeyPair", False, False),
        ("CreateKeyPair", False, False),
        ("RebootInstance", False, False),
        ("RunCommand", False, False),
        ("RunCommand", True, True),
    ],
)
def test_is_repeatable(action, token, expected):
    assert is_repeatable(action, token) is expected


def test_backoff_doubles_is_half_random_and_bounded():
    assert [backoff_seconds(attempt, 0, 1.0) for attempt in (1, 2, 3, 10)] == [0.5, 1.0, 2.0, 15.0]
    assert [backoff_seconds(attempt, 0, 0.0) for attempt in (1, 2, 3, 10)] == [0.25, 0.5, 1.0, 7.5]


def test_the_service_says_how_long_within_reason():
    assert backoff_seconds(1, 7.0, 0.0) == 7.0
    assert backoff_seconds(1, 3600.0, 0.0) == 60.0

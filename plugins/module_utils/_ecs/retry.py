# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When to call again, and how long to wait before.

Note that this module util is **PRIVATE** to the collection. It is pure: the random number is passed in.
"""

from .errors import CONNECTION_FAILED, EcsError

FIRST_DELAY = 0.5
LONGEST_DELAY = 15.0
# A name that does not resolve or a port that is closed seldom heals within seconds, and people wait for the sentence.
CONNECTION_RETRIES = 2

# Writes that may be sent twice: the second one finds its work done. All others are repeated only when it is certain
# that the first one was not carried out.
REPEATABLE_WRITES = frozenset(
    [
        "AssumeRole",
        "AttachKeyPair",
        "DeleteKeyPairs",
        "DetachKeyPair",
        "JoinResourceGroup",
        "StopInvocation",
        "TagResources",
        "UntagResources",
    ]
)


def is_repeatable(action: str, has_client_token: bool) -> bool:
    """Whether doing I(action) twice is the same as doing it once. A client token makes the service see to that."""
    return action.startswith(("Describe", "Get")) or has_client_token or action in REPEATABLE_WRITES


def needs_retry(error: EcsError, attempt: int, retries: int, repeatable: bool) -> bool:
    """Whether to call again after attempt number I(attempt) (from 1) failed with I(error)."""
    if error.code == CONNECTION_FAILED:
        retries = min(retries, CONNECTION_RETRIES)
    if attempt > retries or not error.is_temporary:
        return False
    return repeatable or not error.is_answer_lost


def backoff_seconds(attempt: int, retry_after: float, jitter: float) -> float:
    """How long to wait after attempt number I(attempt); I(jitter) is random in 0..1.

    Half of the delay is fixed and half random, so that many forks that were refused together do not return together.
    The service's own wish (I(retry_after), seconds) is the least that is waited, within reason.
    """
    delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempt - 1))
    delay = delay * (0.5 + jitter / 2)
    return min(max(delay, retry_after), 60.0)

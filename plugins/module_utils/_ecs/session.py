# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that calls ECS: which region, signed as whom, how often, how many at a time, page after page.

Note that this module util is **PRIVATE** to the collection.
"""

import random
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, TypeVar

from .answer import items_of, mapping_of, text_of
from .credentials import CredentialSource
from .endpoints import ecs_endpoint, sts_endpoint
from .errors import BAD_ANSWER, EcsError
from .retry import backoff_seconds, is_repeatable, needs_retry
from .sdk import Caller, Credential, find_endpoint
from .settings import CloudSettings, Endpoint, require_region

ECS_VERSION = "2014-05-26"
STS_VERSION = "2015-04-01"

MOST_PAGES = 1000

SomeSession = TypeVar("SomeSession", bound="EcsSession")
Found = TypeVar("Found")


class EcsSession:
    """ECS in one region, signed as one account. Safe to use from several threads.

    I(clock) (monotonic seconds), I(sleep) and I(jitter) (0..1) can be replaced by tests.
    """

    def __init__(
        self,
        settings: CloudSettings,
        region: Optional[str] = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self.region = require_region(region or settings.region)
        self.clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._caller = Caller(settings, ECS_VERSION, self.region, self._endpoint())
        self._sts: Optional[Caller] = None
        self._credentials = CredentialSource(settings, self._assume_role, time.time)

    def _endpoint(self) -> Endpoint:
        return self.settings.endpoint or ecs_endpoint(self.region, self.settings.network) or find_endpoint(self.region)

    def in_region(self: SomeSession, region: str) -> SomeSession:
        """The same account in another region: a role that was assumed here is not assumed again there."""
        other = type(self)(self.settings, region, self.clock, self._sleep, self._jitter)
        other._credentials = self._credentials
        return other

    def call(self, action: str, params: Mapping[str, Any]) -> Dict[str, Any]:
        """Call I(action) in this region and return the body; raises EcsError.

        Lists and dictionaries in I(params) are flattened, C(None) is left out, and C(RegionId) is added. Temporary
        failures are called again, but a write whose answer was lost only if doing it twice is harmless.
        """
        full = dict({"RegionId": self.region}, **params)
        return self._call_with_retries(
            action,
            "ClientToken" in full,
            lambda: self._caller.send(action, full, self._credentials.get(), self.settings.secrets),
        )

    def _call_with_retries(self, action: str, has_token: bool, send: Callable[[], Dict[str, Any]]) -> Dict[str, Any]:
        repeatable = is_repeatable(action, has_token)
        attempt = 1
        while True:
            try:
                return send()
            except EcsError as error:
                # An error of another action came from getting the credentials, which had its own retries.
                if error.action != action or not needs_retry(error, attempt, self.settings.api_retries, repeatable):
                    raise
                self._sleep(backoff_seconds(attempt, error.retry_after, self._jitter()))
                attempt += 1

    def caller_identity(self) -> Dict[str, Any]:
        """Whom STS takes the credentials of the calls for."""
        return self._call_sts("GetCallerIdentity", {}, self._credentials.get())

    def _assume_role(self, base: Credential) -> Dict[str, Any]:
        settings = self.settings
        params = {
            "RoleArn": settings.assume_role_arn,
            "RoleSessionName": settings.role_session_name or "alicloud-ecs-access",
            "ExternalId": settings.external_id,
        }
        return self._call_sts("AssumeRole", params, base)

    def _call_sts(self, action: str, params: Mapping[str, Any], credential: Credential) -> Dict[str, Any]:
        settings = self.settings
        if self._sts is None:
            endpoint = settings.sts_endpoint or sts_endpoint(self.region, settings.network)
            self._sts = Caller(settings, STS_VERSION, self.region, endpoint)
        sts = self._sts
        secrets = settings.secrets + (credential.access_key_secret,)
        return self._call_with_retries(action, False, lambda: sts.send(action, params, credential, secrets))

    def in_parallel(self, work: Callable[[Any], Any], items: Sequence[Any]) -> List[Any]:
        """Results in the order of I(items); the first failure is raised after the calls under way have ended."""
        workers = min(self.settings.api_concurrency, len(items))
        if workers <= 1:
            return [work(item) for item in items]
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(work, items))

    def one_by_one(self, work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        """Results in the order of I(items), for a caller who uses each while the calls for others go on.

        No more results wait for the caller than half of what is under way. The first failure is raised after that has ended.
        """
        workers = max(1, self.settings.api_concurrency)
        rest = iter(items)
        with ThreadPoolExecutor(workers) as pool:
            waiting = deque(pool.submit(work, item) for item in islice(rest, workers + workers // 2))
            try:
                while waiting:
                    result = waiting.popleft().result()
                    waiting.extend(pool.submit(work, item) for item in islice(rest, 1))
                    yield result
            finally:
                for future in waiting:
                    future.cancel()

    def poll(self, look: Callable[[], Found], is_over: Callable[[Found], bool], deadline: float) -> Found:
        """What I(look) finds once that is the end of it, or once I(deadline) (of C(clock)) has come."""
        delay = 0.5
        while True:
            found = look()
            remaining = deadline - self.clock()
            if remaining <= 0 or is_over(found):
                return found
            self._sleep(min(delay, remaining))
            delay = min(3.0, delay * 1.5)

    def pages_by_token(self, action: str, params: Mapping[str, Any], path: Tuple[str, str], read: Callable[[dict], Any] = dict) -> List[Any]:
        """Every entry of all pages, through I(read); I(path) leads to the entries of a page."""
        return [read(entry) for body in bodies_by_token(self.call, action, params) for entry in items_of(body, *path)]


def bodies_by_token(call: Callable[[str, Mapping[str, Any]], Dict[str, Any]], action: str, params: Mapping[str, Any]) -> Iterator[Dict[str, Any]]:
    """The answers with all pages, as they come; raises EcsError where the list does not end."""
    seen = {""}
    token = ""
    for _page in range(MOST_PAGES):
        body = call(action, dict(params, NextToken=token or None))
        yield body
        token = text_of(body.get("NextToken")) or text_of(mapping_of(body.get("Invocation")).get("NextToken"))
        if token in seen:
            return
        seen.add(token)
    raise EcsError(action, BAD_ANSWER, "the list does not end after %d pages" % MOST_PAGES, hint="Check endpoint.")

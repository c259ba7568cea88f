# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one client of ECS: retries, error translation, paging, batches. Raw API dictionaries in and out.

Note that this module util is **PRIVATE** to the collection.
"""

import base64
import binascii
import json
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._cloud.credentials import CredentialSource
from ansible_collections.alicloud.ecs_access.plugins.module_utils._cloud.errors import EcsError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._cloud.retry import (
    backoff_seconds,
    is_repeatable,
    needs_retry,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._cloud.sdk import Caller, Credential
from ansible_collections.alicloud.ecs_access.plugins.module_utils._cloud.settings import (
    CloudSettings,
    Endpoint,
    require_region,
)

ECS_VERSION = "2014-05-26"
STS_VERSION = "2015-04-01"

# What one call may carry, by the API's documentation.
BIND_BATCH = 50
DESCRIBE_BATCH = 100
COMMAND_BATCH = 100
ASSISTANT_BATCH = 50
KEY_PAIR_PAGE = 50
RESULT_PAGE = 50
TAG_BATCH = 20

FINAL_INVOCATION_STATES = frozenset(
    ["Success", "Invalid", "Aborted", "Failed", "Error", "Timeout", "Cancelled", "Terminated"]
)


class InstanceResult(dict):
    """One entry of AttachKeyPair's Results; C(error) is set when its whole batch failed."""

    error: Optional[EcsError] = None


class RunBatch(NamedTuple):
    """One RunCommand call. When it failed, C(invoke_id) is empty and C(error) says why."""

    invoke_id: str
    instance_ids: List[str]
    error: Optional[EcsError] = None


class EcsClient:
    """ECS in one region. Safe to use from several threads.

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
        self._caller = Caller(settings, ECS_VERSION, self.region, settings.endpoint or _vpc_endpoint("ecs", settings, self.region))
        self._sts: Optional[Caller] = None
        self._credentials = CredentialSource(settings, self._assume_role, time.time)

    # -- the one place that calls ---------------------------------------------------------------------------------

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

    def _assume_role(self, base: Credential) -> Dict[str, Any]:
        settings = self.settings
        if self._sts is None:
            endpoint = settings.sts_endpoint or _vpc_endpoint("sts", settings, self.region)
            self._sts = Caller(settings, STS_VERSION, self.region, endpoint or Endpoint("sts.aliyuncs.com", "https"))
        sts = self._sts
        params = {
            "RoleArn": settings.assume_role_arn,
            "RoleSessionName": settings.role_session_name or "alicloud-ecs-access",
            "ExternalId": settings.external_id,
        }
        secrets = settings.secrets + (base.access_key_secret,)
        return self._call_with_retries("AssumeRole", False, lambda: sts.send("AssumeRole", params, base, secrets))

    def _in_parallel(self, work: Callable[[Any], Any], items: Sequence[Any]) -> List[Any]:
        """Results in the order of I(items); the first failure is raised after the calls under way have ended."""
        workers = min(self.settings.api_concurrency, len(items))
        if workers <= 1:
            return [work(item) for item in items]
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(work, items))

    def _pages_by_token(
        self, action: str, params: Mapping[str, Any], path: Tuple[str, str], read: Callable[[dict], Any] = dict
    ) -> List[Any]:
        found: List[Any] = []
        token = None
        while True:
            body = self.call(action, dict(params, NextToken=token))
            found.extend(read(entry) for entry in _items(body, *path))
            following = body.get("NextToken")
            if not following or following == token:
                return found
            token = following

    # -- instances ------------------------------------------------------------------------------------------------

    def describe_instances(
        self,
        instance_ids: Optional[Sequence[str]] = None,
        tags: Optional[Mapping[str, str]] = None,
        read: Callable[[dict], Any] = dict,
        **filters: Any
    ) -> List[Any]:
        """All instances that match; I(filters) are the API's own (C(Status="Running"), C(KeyPairName=...)).

        Unknown ids are missing from the answer. An empty list of ids asks for nothing. I(read) turns each entry into what
        the caller keeps of it, page by page: the raw entries of thousands of instances are tens of megabytes.
        """
        params = dict(filters, MaxResults=DESCRIBE_BATCH, Tag=_tag_list(tags))
        path = ("Instances", "Instance")
        if instance_ids is None:
            return self._pages_by_token("DescribeInstances", params, path, read)
        batches = _batches(instance_ids, DESCRIBE_BATCH)
        found = self._in_parallel(
            lambda ids: self._pages_by_token("DescribeInstances", dict(params, InstanceIds=_json(ids)), path, read), batches
        )
        return [instance for page in found for instance in page]

    def reboot_instance(self, instance_id: str, force: bool = False) -> None:
        """Ask for a reboot; returns before it happens. Never repeated on a lost answer (C(error.is_answer_lost))."""
        self.call("RebootInstance", {"InstanceId": instance_id, "ForceStop": force})

    def describe_regions(self) -> List[dict]:
        """The regions that the account can use."""
        return _items(self.call("DescribeRegions", {}), "Regions", "Region")

    def describe_security_group_attribute(self, group_id: str, direction: str = "ingress") -> Dict[str, Any]:
        """One security group with all rules of one direction in C(["Permissions"]["Permission"])."""
        params = {"SecurityGroupId": group_id, "Direction": direction, "MaxResults": 1000}
        rules: List[dict] = []
        token = None
        while True:
            body = self.call("DescribeSecurityGroupAttribute", dict(params, NextToken=token))
            rules.extend(_items(body, "Permissions", "Permission"))
            following = body.get("NextToken")
            if not following or following == token:
                return dict(body, Permissions={"Permission": rules})
            token = following

    # -- key pairs ------------------------------------------------------------------------------------------------

    def describe_key_pairs(
        self,
        name: Optional[str] = None,
        fingerprint: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
        resource_group_id: Optional[str] = None,
        include_public_key: bool = False,
    ) -> List[dict]:
        """All key pairs that match; C(*) in I(name) stands for any text."""
        params = {
            "KeyPairName": name,
            "KeyPairFingerPrint": fingerprint,
            "ResourceGroupId": resource_group_id,
            "IncludePublicKey": include_public_key or None,
            "Tag": _tag_list(tags),
            "PageSize": KEY_PAIR_PAGE,
        }
        first = self.call("DescribeKeyPairs", dict(params, PageNumber=1))
        found = _items(first, "KeyPairs", "KeyPair")
        pages = -(-int(first.get("TotalCount") or 0) // KEY_PAIR_PAGE)
        bodies = self._in_parallel(
            lambda number: self.call("DescribeKeyPairs", dict(params, PageNumber=number)), range(2, pages + 1)
        )
        for body in bodies:
            found.extend(_items(body, "KeyPairs", "KeyPair"))
        return found

    def find_key_pair(self, name: str, include_public_key: bool = True) -> Optional[dict]:
        """The key pair of exactly this name, or None."""
        try:
            found = self.describe_key_pairs(name=name, include_public_key=include_public_key)
        except EcsError as error:
            if error.is_not_found and "KeyPair" in error.code:
                return None
            raise
        return next((pair for pair in found if pair.get("KeyPairName") == name), None)

    def import_key_pair(
        self,
        name: str,
        public_key: str,
        tags: Optional[Mapping[str, str]] = None,
        resource_group_id: Optional[str] = None,
    ) -> Dict[str, Any]:
        return self.call(
            "ImportKeyPair",
            {
                "KeyPairName": name,
                "PublicKeyBody": public_key,
                "ResourceGroupId": resource_group_id,
                "Tag": _tag_list(tags),
            },
        )

    def create_key_pair(
        self, name: str, tags: Optional[Mapping[str, str]] = None, resource_group_id: Optional[str] = None
    ) -> Dict[str, Any]:
        """The answer's C(PrivateKeyBody) is the only copy there will ever be."""
        return self.call(
            "CreateKeyPair", {"KeyPairName": name, "ResourceGroupId": resource_group_id, "Tag": _tag_list(tags)}
        )

    def delete_key_pairs(self, names: Sequence[str]) -> None:
        """Delete; names that don't exist are no error."""
        for batch in _batches(names, 100):
            try:
                self.call("DeleteKeyPairs", {"KeyPairNames": _json(batch)})
            except EcsError as error:
                if not error.is_not_found or "KeyPair" not in error.code:
                    raise

    def tag_key_pair(self, name: str, tags: Mapping[str, str]) -> None:
        for batch in _batches(sorted(tags), TAG_BATCH):
            chosen = {key: tags[key] for key in batch}
            self.call(
                "TagResources", {"ResourceType": "keypair", "ResourceId": [name], "Tag": _tag_list(chosen)}
            )

    def untag_key_pair(self, name: str, keys: Sequence[str]) -> None:
        for batch in _batches(sorted(keys), TAG_BATCH):
            self.call("UntagResources", {"ResourceType": "keypair", "ResourceId": [name], "TagKey": batch})

    def move_key_pair(self, name: str, resource_group_id: str) -> None:
        """Put the key pair into another resource group."""
        self.call(
            "JoinResourceGroup",
            {"ResourceType": "keypair", "ResourceId": name, "ResourceGroupId": resource_group_id},
        )

    def attach_key_pair(self, name: str, instance_ids: Sequence[str]) -> List[InstanceResult]:
        """Bind; one entry per instance, in order: InstanceId, Success (bool), Code, Message. Raises nothing of ECS's."""
        return self._bind("AttachKeyPair", name, instance_ids)

    def detach_key_pair(self, name: str, instance_ids: Sequence[str]) -> List[InstanceResult]:
        """Unbind; answers like C(attach_key_pair)."""
        return self._bind("DetachKeyPair", name, instance_ids)

    def _bind(self, action: str, name: str, instance_ids: Sequence[str]) -> List[InstanceResult]:
        def one(batch: List[str]) -> List[InstanceResult]:
            try:
                body = self.call(action, {"KeyPairName": name, "InstanceIds": _json(batch)})
            except EcsError as error:
                return [_failed_result(instance_id, error) for instance_id in batch]
            answered = {entry.get("InstanceId"): entry for entry in _items(body, "Results", "Result")}
            return [_read_result(instance_id, answered.get(instance_id)) for instance_id in batch]

        return [entry for batch in self._in_parallel(one, _batches(instance_ids, BIND_BATCH)) for entry in batch]

    # -- Cloud Assistant ------------------------------------------------------------------------------------------

    def describe_cloud_assistant_status(
        self, instance_ids: Sequence[str], read: Callable[[dict], Any] = dict
    ) -> List[Any]:
        """What is known of each agent, through I(read). Instances that never had one may be missing from the answer."""
        path = ("InstanceCloudAssistantStatusSet", "InstanceCloudAssistantStatus")

        def one(batch: List[str]) -> List[Any]:
            params = {"InstanceId": batch, "MaxResults": ASSISTANT_BATCH}
            return self._pages_by_token("DescribeCloudAssistantStatus", params, path, read)

        return [entry for batch in self._in_parallel(one, _batches(instance_ids, ASSISTANT_BATCH)) for entry in batch]

    def run_command(self, script_text: str, instance_ids: Sequence[str], timeout: int, username: str = "") -> List[RunBatch]:
        """Start a shell script on every instance (at most 100 each call) and return at once."""
        content = base64.b64encode(script_text.encode("utf-8")).decode("ascii")

        def one(batch: List[str]) -> RunBatch:
            params = {
                "Type": "RunShellScript",
                "CommandContent": content,
                "ContentEncoding": "Base64",
                "Timeout": timeout,
                "Username": username or None,
                "InstanceId": batch,
                # Makes a repeated call the same invocation, so a lost answer is no second run.
                "ClientToken": str(uuid.uuid4()),
            }
            try:
                return RunBatch(str(self.call("RunCommand", params).get("InvokeId") or ""), batch)
            except EcsError as error:
                return RunBatch("", batch, error)

        return self._in_parallel(one, _batches(instance_ids, COMMAND_BATCH))

    def wait_for_invocation(self, invoke_id: str, instance_ids: Sequence[str], deadline: float) -> Dict[str, dict]:
        """Results by instance id, C(Output) decoded to text, once all are final or I(deadline) (of C(clock)) has come.

        Who is not final by then is in the answer with the state it had, or missing if the service never named it.
        """
        wanted = set(instance_ids)
        delay = 0.5
        while True:
            results = self._invocation_results(invoke_id)
            done = {key for key, entry in results.items() if entry.get("InvocationStatus") in FINAL_INVOCATION_STATES}
            remaining = deadline - self.clock()
            if wanted <= done or remaining <= 0:
                return {key: entry for key, entry in results.items() if key in wanted}
            self._sleep(min(delay, remaining))
            delay = min(3.0, delay * 1.5)

    def _invocation_results(self, invoke_id: str) -> Dict[str, dict]:
        found = {}
        token = None
        while True:
            params = {"InvokeId": invoke_id, "MaxResults": RESULT_PAGE, "ContentEncoding": "Base64", "NextToken": token}
            body = self.call("DescribeInvocationResults", params)
            invocation = body.get("Invocation") or {}
            for entry in _items(invocation, "InvocationResults", "InvocationResult"):
                found[entry.get("InstanceId", "")] = dict(entry, Output=_decode(entry.get("Output")))
            following = invocation.get("NextToken") or body.get("NextToken")
            if not following or following == token:
                return found
            token = following


def _vpc_endpoint(product: str, settings: CloudSettings, region: str) -> Optional[Endpoint]:
    # The SDK's own table comes before its network option, so that some regions would stay public.
    if settings.network != "vpc":
        return None
    return Endpoint("%s-vpc.%s.aliyuncs.com" % (product, region), "https")


def _batches(items: Sequence[str], size: int) -> List[List[str]]:
    unique = list(dict.fromkeys(items))
    return [unique[start:start + size] for start in range(0, len(unique), size)]


def _items(body: Mapping[str, Any], outer: str, inner: str) -> List[dict]:
    return list((body.get(outer) or {}).get(inner) or [])


def _json(items: Sequence[str]) -> str:
    return json.dumps(list(items), separators=(",", ":"), ensure_ascii=False)


def _tag_list(tags: Optional[Mapping[str, str]]) -> Optional[List[dict]]:
    if not tags:
        return None
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def _failed_result(instance_id: str, error: EcsError) -> InstanceResult:
    result = InstanceResult(InstanceId=instance_id, Success=False, Code=error.code, Message=error.message)
    result.error = error
    return result


def _read_result(instance_id: str, entry: Optional[Mapping[str, Any]]) -> InstanceResult:
    if entry is None:
        return InstanceResult(
            InstanceId=instance_id, Success=False, Code="NoResult", Message="the answer does not mention this instance"
        )
    # Booleans and numbers come as JSON types or as text, depending on the gateway.
    return InstanceResult(
        InstanceId=instance_id,
        Success=str(entry.get("Success")).lower() == "true",
        Code=str(entry.get("Code", "")),
        Message=str(entry.get("Message") or ""),
    )


def _decode(output: Optional[str]) -> str:
    try:
        return base64.b64decode(output or "", validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        # An endpoint that ignores ContentEncoding answers in plain text.
        return output or ""

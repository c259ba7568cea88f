# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection asks of ECS: instances, key pairs, Cloud Assistant. Raw API dictionaries in and out.

Note that this module util is **PRIVATE** to the collection.
"""

import base64
import json
import uuid
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from .._ids import is_instance_id
from .._text import printable, shorten
from .answer import items_of, mapping_of, number_of, text_of, word_of
from .errors import EcsError
from .file_sending import FileSending
from .instance import Agent, Instance, read_agent, read_instance
from .invocation import Invocation, read_invocation
from .session import MOST_PAGES, bodies_by_token

# What one call may carry, by the API's documentation.
BIND_BATCH = 50
DESCRIBE_BATCH = 100
COMMAND_BATCH = 100
ASSISTANT_BATCH = 50
KEY_PAIR_PAGE = 50
TEMPLATE_PAGE = 50
RESULT_PAGE = 50
TAG_BATCH = 20

KILL_ALL = "ProcessTree"
"""The TerminationMode of every command: otherwise a command that runs out of time leaves its children at work, as root."""


class BindResult(NamedTuple):
    """What AttachKeyPair or DetachKeyPair did to one instance; C(error) is set when the whole call failed."""

    instance_id: str
    is_done: bool
    code: str
    message: str
    error: Optional[EcsError] = None


class RunBatch(NamedTuple):
    """One RunCommand call. If it failed, C(invoke_id) is empty and C(error) is the cause."""

    invoke_id: str
    instance_ids: List[str]
    error: Optional[EcsError] = None


class EcsClient(FileSending):
    """The actions of one region, in batches and pages of the size that the API documents.

    C(left_out) counts entries of answers that have no usable instance id.
    """

    left_out = 0

    # -- instances ------------------------------------------------------------------------------------------------

    def describe_instances(self, instance_ids: Optional[Sequence[str]] = None, tags: Optional[Mapping[str, str]] = None, **filters: Any) -> List[Instance]:
        """All instances that match; I(filters) are the API's own (C(Status="Running"), C(KeyPairName=...)).

        Unknown ids are missing from the answer. An empty list of ids asks for nothing.
        """
        params = dict(filters, MaxResults=DESCRIBE_BATCH, Tag=_tag_list(tags))
        path = ("Instances", "Instance")
        if instance_ids is None:
            found = [self.pages_by_token("DescribeInstances", params, path, read_instance)]
        else:
            batches = _batches(instance_ids, DESCRIBE_BATCH)
            found = self.in_parallel(lambda ids: self.pages_by_token("DescribeInstances", dict(params, InstanceIds=_json(ids)), path, read_instance), batches)
        sound = [instance for page in found for instance in page if is_instance_id(instance.instance_id)]
        self.left_out += sum(len(page) for page in found) - len(sound)
        return sound

    def reboot_instance(self, instance_id: str, force: bool = False) -> None:
        """Ask for a reboot; returns before it happens. Never repeated on a lost answer (C(error.is_answer_lost))."""
        self.call("RebootInstance", {"InstanceId": instance_id, "ForceStop": force})

    def describe_regions(self) -> List[dict]:
        """The regions that the account can use."""
        return items_of(self.call("DescribeRegions", {}), "Regions", "Region")

    def describe_security_group_attribute(self, group_id: str, direction: str = "ingress") -> Dict[str, Any]:
        """One security group with all rules of one direction in C(["Permissions"]["Permission"])."""
        params = {"SecurityGroupId": group_id, "Direction": direction, "MaxResults": 1000}
        rules = self.pages_by_token("DescribeSecurityGroupAttribute", params, ("Permissions", "Permission"))
        return {"SecurityGroupId": group_id, "Permissions": {"Permission": rules}}

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
        found = self._pages_by_number("DescribeKeyPairs", params, ("KeyPairs", "KeyPair"))
        return [pair for pair in found if isinstance(pair.get("KeyPairName"), str)]

    def _pages_by_number(self, action: str, params: Mapping[str, Any], path: Sequence[str]) -> List[dict]:
        """All entries of an action without tokens; I(params) hold the size of a page."""
        first = self.call(action, dict(params, PageNumber=1))
        found = items_of(first, *path)
        pages = min(MOST_PAGES, -(-number_of(first.get("TotalCount")) // params["PageSize"]))
        for body in self.in_parallel(lambda number: self.call(action, dict(params, PageNumber=number)), range(2, pages + 1)):
            found.extend(items_of(body, *path))
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

    def create_key_pair(self, name: str, tags: Optional[Mapping[str, str]] = None, resource_group_id: Optional[str] = None) -> Dict[str, Any]:
        """The answer's C(PrivateKeyBody) is the only copy there will ever be."""
        return self.call("CreateKeyPair", {"KeyPairName": name, "ResourceGroupId": resource_group_id, "Tag": _tag_list(tags)})

    def delete_key_pairs(self, names: Sequence[str]) -> None:
        """Delete; names that do not exist are ignored."""
        for batch in _batches(names, 100):
            try:
                self.call("DeleteKeyPairs", {"KeyPairNames": _json(batch)})
            except EcsError as error:
                if not error.is_not_found or "KeyPair" not in error.code:
                    raise

    def tag_key_pair(self, name: str, tags: Mapping[str, str]) -> None:
        for batch in _batches(sorted(tags), TAG_BATCH):
            chosen = {key: tags[key] for key in batch}
            self.call("TagResources", {"ResourceType": "keypair", "ResourceId": [name], "Tag": _tag_list(chosen)})

    def untag_key_pair(self, name: str, keys: Sequence[str]) -> None:
        for batch in _batches(sorted(keys), TAG_BATCH):
            self.call("UntagResources", {"ResourceType": "keypair", "ResourceId": [name], "TagKey": batch})

    def move_key_pair(self, name: str, resource_group_id: str) -> None:
        """Put the key pair into another resource group."""
        self.call(
            "JoinResourceGroup",
            {"ResourceType": "keypair", "ResourceId": name, "ResourceGroupId": resource_group_id},
        )

    def attach_key_pair(self, name: str, instance_ids: Sequence[str]) -> List[BindResult]:
        """Bind; one result for each instance, in order. Raises nothing of ECS's."""
        return self._bind("AttachKeyPair", name, instance_ids)

    def detach_key_pair(self, name: str, instance_ids: Sequence[str]) -> List[BindResult]:
        """Unbind; answers like C(attach_key_pair)."""
        return self._bind("DetachKeyPair", name, instance_ids)

    def _bind(self, action: str, name: str, instance_ids: Sequence[str]) -> List[BindResult]:
        def one(batch: List[str]) -> List[BindResult]:
            try:
                body = self.call(action, {"KeyPairName": name, "InstanceIds": _json(batch)})
            except EcsError as error:
                return [BindResult(instance_id, False, error.code, error.message, error) for instance_id in batch]
            answered = {text_of(entry.get("InstanceId")): entry for entry in items_of(body, "Results", "Result")}
            return [_read_bind_result(instance_id, answered.get(instance_id)) for instance_id in batch]

        return [entry for batch in self.in_parallel(one, _batches(instance_ids, BIND_BATCH)) for entry in batch]

    # -- launch templates -----------------------------------------------------------------------------------------

    def describe_launch_template_versions(self) -> List[dict]:
        """All versions of all launch templates."""
        params = {"PageSize": TEMPLATE_PAGE}
        templates = self._pages_by_number("DescribeLaunchTemplates", params, ("LaunchTemplateSets", "LaunchTemplateSet"))
        ids = [text_of(entry.get("LaunchTemplateId")) for entry in templates]
        path = ("LaunchTemplateVersionSets", "LaunchTemplateVersionSet")
        found = self.in_parallel(
            lambda each: self._pages_by_number("DescribeLaunchTemplateVersions", dict(params, LaunchTemplateId=each, DetailFlag=True), path), ids
        )
        return [version for versions in found for version in versions]

    # -- Cloud Assistant ------------------------------------------------------------------------------------------

    def describe_cloud_assistant_status(self, instance_ids: Sequence[str]) -> Dict[str, Agent]:
        """The agent of each instance."""
        path = ("InstanceCloudAssistantStatusSet", "InstanceCloudAssistantStatus")

        def one(batch: List[str]) -> List[dict]:
            params = {"InstanceId": batch, "MaxResults": ASSISTANT_BATCH}
            return self.pages_by_token("DescribeCloudAssistantStatus", params, path)

        # Instances that never had one may be missing from the answer.
        agents = dict.fromkeys(instance_ids, Agent())
        for page in self.in_parallel(one, _batches(instance_ids, ASSISTANT_BATCH)):
            agents.update({text_of(entry.get("InstanceId")): read_agent(entry) for entry in page})
        return agents

    def run_command(self, script_text: str, instance_ids: Sequence[str], timeout: int, username: str = "") -> List[RunBatch]:
        """Start a shell script on every instance (at most 100 each call) and return at once."""
        content = base64.b64encode(script_text.encode("utf-8")).decode("ascii")

        def one(batch: List[str]) -> RunBatch:
            params = {
                "Type": "RunShellScript",
                "CommandContent": content,
                "ContentEncoding": "Base64",
                "Timeout": timeout,
                "TerminationMode": KILL_ALL,
                "Username": username or None,
                "InstanceId": batch,
                # Makes a repeated call the same invocation, so a lost answer is no second run.
                "ClientToken": str(uuid.uuid4()),
            }
            try:
                return RunBatch(word_of(self.call("RunCommand", params).get("InvokeId")), batch)
            except EcsError as error:
                return RunBatch("", batch, error)

        return self.in_parallel(one, _batches(instance_ids, COMMAND_BATCH))

    def wait_for_invocation(self, invoke_id: str, instance_ids: Sequence[str], deadline: float) -> Dict[str, Invocation]:
        """How the command ended in each instance, or stands once I(deadline) (of C(clock)) has come."""
        begun = self.clock()
        waited: Dict[str, float] = {}

        def look() -> Dict[str, Invocation]:
            results = self._invocation_results(invoke_id)
            waited.update({instance_id: self.clock() - begun for instance_id, one in results.items() if one.is_final and instance_id not in waited})
            return {instance_id: results.get(instance_id, Invocation())._replace(waited=waited.get(instance_id, 0.0)) for instance_id in instance_ids}

        return self.poll(look, lambda found: all(one.is_final for one in found.values()), deadline)

    def stop_invocation(self, invoke_id: str, instance_ids: Sequence[str]) -> None:
        """End a command that still runs, with every process that it has started."""
        self.call("StopInvocation", {"InvokeId": invoke_id, "InstanceId": list(instance_ids)})

    def _invocation_results(self, invoke_id: str) -> Dict[str, Invocation]:
        params = {"InvokeId": invoke_id, "MaxResults": RESULT_PAGE, "ContentEncoding": "Base64"}
        return {
            text_of(entry.get("InstanceId")): read_invocation(entry)
            for body in bodies_by_token(self.call, "DescribeInvocationResults", params)
            for entry in items_of(mapping_of(body.get("Invocation")), "InvocationResults", "InvocationResult")
        }


def _batches(items: Sequence[str], size: int) -> List[List[str]]:
    unique = list(dict.fromkeys(items))
    return [unique[start : start + size] for start in range(0, len(unique), size)]


def _json(items: Sequence[str]) -> str:
    return json.dumps(list(items), separators=(",", ":"), ensure_ascii=False)


def _tag_list(tags: Optional[Mapping[str, str]]) -> Optional[List[dict]]:
    if not tags:
        return None
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def _read_bind_result(instance_id: str, entry: Optional[Mapping[str, Any]]) -> BindResult:
    if entry is None:
        return BindResult(instance_id, False, "NoResult", "this instance is missing in the response")
    is_done = word_of(entry.get("Success")).lower() == "true"
    return BindResult(instance_id, is_done, printable(word_of(entry.get("Code"))), shorten(printable(word_of(entry.get("Message"), 1000)), 300))

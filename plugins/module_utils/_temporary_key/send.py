# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Temporary public keys: what may be sent, how it is sent, and what the answer means.

The vendor's public command puts user name and key into a shell line without quotes and runs it as root in the guest. So
everything that gets into it is checked here first, by a list of what is allowed.

Note that this module util is **PRIVATE** to the collection. All but C(send_temp_key) is pure.
"""

import json
import re
import uuid
from calendar import timegm
from time import strptime
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from .._ecs.answer import word_of
from .._ecs.client import KILL_ALL, EcsClient
from .._ecs.invocation import Invocation
from .._errors import AccessError
from .._ids import check_instance_id, check_user_name
from .._openssh.keys import PublicKey
from .._text import printable, shorten

COMMAND_ID = "ACS-ECS-SendSshPublicKey-linux.sh"
"""The vendor's public command; InvokeCommand takes the name for the id."""
LIFETIME = 60
"""Seconds for which Cloud Assistant's server hands a key out."""
COMMAND_TIMEOUT = 60

PREPARE = "prepare the instance once with alicloud.ecs_access.ecs_temp_public_key (prepare: auto)"

# No word may look like an option, and none of these characters means anything to a shell.
_COMMENT = re.compile(r"(?:[A-Za-z0-9_@.+=:,/][A-Za-z0-9_@.+=:,/-]*(?: |\Z))*\Z")
_COMMENT_LIMIT = 255


class KeyRefused(AccessError):
    """A key whose comment must not get into the vendor's command; nothing was sent."""

    code = "key_refused"


class Delivery(NamedTuple):
    """The result of sending a key to one instance."""

    is_done: bool
    problem: str = ""
    """One clause when it failed, with what to do."""
    finished_at: Optional[float] = None
    """Epoch seconds by the service's clock, if it reported them."""


def render_key(key: PublicKey) -> str:
    """The line to send; raises KeyRefused. Type and blob of a PublicKey are checked already, the comment is free text."""
    if len(key.comment) > _COMMENT_LIMIT or not _COMMENT.match(key.comment):
        raise KeyRefused(
            "the comment %r of the public key cannot be sent: it becomes part of a root shell's command line in the instance; "
            "remove it, or use letters, digits and _ @ . + = : , / - only" % shorten(key.comment)
        )
    return key.line


def command_parameters(instance_ids: Sequence[str], user_name: str, key: PublicKey, dry_run: bool = False) -> Dict[str, Any]:
    """The parameters of InvokeCommand, checked; raises NameRefused and KeyRefused."""
    values = {"username": check_user_name(user_name), "sshPublicKey": render_key(key)}
    params = {
        "CommandId": COMMAND_ID,
        "InstanceId": [check_instance_id(instance_id) for instance_id in instance_ids],
        "Parameters": json.dumps(values, separators=(",", ":")),
        "Timeout": COMMAND_TIMEOUT,
        "TerminationMode": KILL_ALL,
    }
    if dry_run:
        params["RepeatMode"] = "DryRun"
    return params


def send_temp_key(client: EcsClient, instance_ids: Sequence[str], user_name: str, key: PublicKey) -> str:
    """Start the delivery to at most 100 instances and return its C(InvokeId); raises NameRefused, KeyRefused and EcsError."""
    params = command_parameters(instance_ids, user_name, key)
    # Makes a repeated call the same invocation, so a lost answer is no second delivery.
    params["ClientToken"] = str(uuid.uuid4())
    return word_of(client.call("InvokeCommand", params).get("InvokeId"))


def read_delivery(ended: Invocation) -> Delivery:
    """The result of the vendor's command."""
    if ended.is_success:
        return Delivery(True, "", _epoch(ended.finished_at))
    if ended.status == "Failed" and ended.exit_code in ("126", "127"):
        return Delivery(False, "its Cloud Assistant agent lacks send_ssh_public_key (2.2.3.196 or newer has it); %s" % PREPARE)
    if ended.status == "Failed":
        text = printable(" ".join(ended.output.split()))
        return Delivery(False, "send_ssh_public_key ended with status %s%s" % (ended.exit_code, ": " + shorten(text, 200) if text else ""))
    return Delivery(False, ended.why)


def _epoch(text: str) -> Optional[float]:
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"):
        try:
            return float(timegm(strptime(text, form)))
        except ValueError:
            continue
    return None


def instance_problems(results: Mapping[str, Invocation], instance_ids: Sequence[str]) -> List[str]:
    """One sentence for each instance that has not received the key."""
    deliveries = [(instance_id, read_delivery(results[instance_id])) for instance_id in instance_ids]
    return ["%s has not received the temporary key: %s." % (name, one.problem) for name, one in deliveries if not one.is_done]

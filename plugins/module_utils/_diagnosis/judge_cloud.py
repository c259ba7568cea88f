# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes in the cloud that prevent a login: status, addresses, security groups, and the agent that could help.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, List, Mapping

from .finding import Finding, blocks, info, warns


def judge_cloud(instance: Mapping[str, Any]) -> List[Finding]:
    """Findings from one entry of what ecs_instance_info returns."""
    name = instance.get("instance_id") or "the instance"
    found = []
    status = instance.get("status")
    if status and status != "Running":
        found.append(blocks("instance_not_running", "%s is %s" % (name, status), "start it"))
    if str(instance.get("os_type") or "linux") == "windows":
        found.append(blocks("instance_is_windows", "%s runs Windows, which does not support key pairs" % name, "log in with RDP"))
    if "ssh_reachable" in instance and instance["ssh_reachable"] is False:
        found.append(
            blocks(
                "security_group",
                "SSH cannot reach %s: %s" % (name, instance.get("ssh_reachable_reason") or "no rule allows it"),
                "add a rule that allows the SSH port from the address that logins come from",
            )
        )
    elif "ssh_reachable" in instance and instance["ssh_reachable"] is None:
        found.append(info("security_group_unknown", "whether SSH can reach %s is not known: %s" % (name, instance.get("ssh_reachable_reason"))))
    if not instance.get("public_ips") and not instance.get("ipv6_ips"):
        found.append(info("no_public_address", "%s has no public address: it can be reached from inside its network only" % name))
    agent = instance.get("cloud_assistant")
    if agent is not None and not agent.get("online"):
        state = "is offline" if agent.get("installed") else "is not installed"
        found.append(
            warns(
                "assistant_offline",
                "the Cloud Assistant agent of %s %s, so nothing can be repaired through it" % (name, state),
                "start or install the agent",
            )
        )
    return found

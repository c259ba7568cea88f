# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet file says, as records. Reading the file is fleet.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ecs_emulator.behaviours import Behaviours
from ecs_emulator.connect import Connect
from ecs_emulator.policies import Statement

DEFAULT_AGENT_VERSION = "2.2.3.1060"


@dataclass(frozen=True)
class AssistantSpec:
    """The Cloud Assistant agent of an instance; output, exit_code and seconds are an api guest's answer to commands.

    replay: a file with the recorded answers of a real guest to an audit, padded to replay_bytes (replay.py).
    """

    installed: bool = True
    online: bool = True
    version: str = DEFAULT_AGENT_VERSION
    output: str = ""
    exit_code: int = 0
    seconds: float = 0.0
    replay: str = ""
    replay_bytes: int = 0


@dataclass(frozen=True)
class RuleSpec:
    """One rule of a security group."""

    protocol: str = "tcp"
    ports: str = "22/22"
    source: str = "0.0.0.0/0"
    source_group: str = ""
    policy: str = "accept"
    priority: int = 1
    direction: str = "ingress"
    description: str = ""


@dataclass(frozen=True)
class SecurityGroupSpec:
    """A security group and its rules."""

    security_group_id: str
    name: str
    region: str
    rules: tuple[RuleSpec, ...]


@dataclass(frozen=True)
class KeyPairSpec:
    """A key pair that exists from the start; without a public key one is made and its private half thrown away."""

    name: str
    region: str
    public_key: str = ""
    resource_group_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LaunchTemplateSpec:
    """A launch template: the key pair that each of its versions names, the first version first; empty for none."""

    name: str
    launch_template_id: str
    region: str
    key_pairs: tuple[str, ...]


@dataclass(frozen=True)
class InstanceSpec:
    """One instance."""

    instance_id: str
    name: str
    region: str
    backend: str = "api"
    status: str = "Running"
    os_type: str = "linux"
    image: str = "debian12"
    login_user: str = "root"
    password_login: bool = True
    key_pair: str = ""
    zone: str = ""
    vpc_id: str = ""
    private_ip: str = ""
    public_ip: str | None = None
    eip: str = ""
    instance_type: str = "ecs.e-c1m1.large"
    resource_group_id: str = ""
    description: str = ""
    host_name: str = ""
    lock: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    security_group_ids: tuple[str, ...] = ()
    assistant: AssistantSpec = AssistantSpec()
    connect: Connect = field(default_factory=Connect)
    publish_ssh: bool = True
    """Whether this machine can reach a container's port 22."""
    capabilities: tuple[str, ...] = ()
    """What root of a container may do besides what every container's root may: SYS_ADMIN mounts, NET_ADMIN changes networks."""
    container: Mapping[str, Any] = field(default_factory=dict)
    """Whatever the container backend wants to know; the API side does not read it."""


@dataclass(frozen=True)
class Timing:
    """How long things take, in seconds."""

    latency: float = 0.0
    transition: float = 0.2
    reboot_lag: float = 0.0
    delivery: float = 0.0
    results_lag: float = 0.0
    sts_lifetime: float = 0.0
    """The longest life of temporary credentials; 0 for as long as asked."""


@dataclass(frozen=True)
class SessionLimits:
    """Session Manager: whether it is on at the start, and its limits."""

    enabled: bool = True
    rate: int = 200 * 1024
    """Bits per second, for each direction of each websocket."""
    announce_rate: bool = False
    """Whether clients are told the rate even if it is the default."""
    burst_seconds: float = 3.0
    """How much more than its rate a client may send at once, in seconds of that rate."""
    connect_delay_seconds: float = 1.0
    idle_seconds: float = 180.0
    longest_seconds: float = 3 * 3600.0
    url_seconds: float = 600.0
    per_instance: int = 20
    per_region: int = 1000


@dataclass(frozen=True)
class UserSpec:
    """A RAM user: an access key that may do what its policy allows."""

    name: str
    access_key_id: str
    access_key_secret: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Limits:
    """What an account may do."""

    invocations_per_day: int = 5000
    """Commands; the behaviour invocation_quota says what counts."""
    records_kept: int = 10000
    """Invocations; the oldest go first."""
    calls_per_minute: Mapping[str, int] = field(default_factory=dict)
    """By action; ``*`` for every other one."""


@dataclass(frozen=True)
class Fleet:
    """Everything a fleet file says."""

    access_key_id: str
    access_key_secret: str
    account_id: str
    region: str
    regions: tuple[str, ...]
    instances: tuple[InstanceSpec, ...]
    key_pairs: tuple[KeyPairSpec, ...]
    security_groups: tuple[SecurityGroupSpec, ...]
    resource_groups: Mapping[str, str]
    roles: Mapping[str, str]
    """Role ARN to external id; empty when any well-formed role may be assumed."""
    behaviours: Behaviours
    timing: Timing
    sessions: SessionLimits = field(default_factory=SessionLimits)
    limits: Limits = field(default_factory=Limits)
    users: tuple[UserSpec, ...] = ()
    launch_templates: tuple[LaunchTemplateSpec, ...] = ()

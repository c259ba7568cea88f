# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cloud knows, as mutable records. Rules are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ecs_emulator.backends import Guest
from ecs_emulator.connect import Connect
from ecs_emulator.schedule import Schedule
from ecs_emulator.specs import InstanceSpec, LaunchTemplateSpec, SecurityGroupSpec


@dataclass
class KeyPair:
    """A key pair; the private half is never kept."""

    key_pair_id: str
    name: str
    public_key: str
    fingerprint: str
    created: float
    resource_group_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Instance:
    """One instance: what the API shows, and the guest behind it."""

    spec: InstanceSpec
    status: str
    created: float
    started: float
    private_ip: str
    public_ip: str
    resource_group_id: str
    tags: dict[str, str]
    agent_installed: bool
    agent_online: bool
    guest: Guest | None = None
    key_pair_name: str = ""
    ever_bound: bool = False
    injected_keys: list[str] = field(default_factory=list)
    """Public keys that boots have put into the guest and later boots have not yet removed."""
    agent_pending_install: bool = False
    invocations: int = 0
    active_commands: int = 0
    last_invoked: float = 0.0
    offline_since: float | None = None
    connect: Connect = field(default_factory=Connect)

    @property
    def instance_id(self) -> str:
        """The id."""
        return self.spec.instance_id

    @property
    def region(self) -> str:
        """The region's id."""
        return self.spec.region

    @property
    def is_windows(self) -> bool:
        """Whether key pairs and shell scripts are out of the question."""
        return self.spec.os_type == "windows"

    @property
    def public_address(self) -> str:
        """The public address that the API reports: the guest's own where it has one."""
        if self.spec.public_ip == "" or (self.spec.public_ip is None and not self.spec.publish_ssh):
            return ""
        return (self.guest.ssh_host if self.guest else None) or self.public_ip


@dataclass
class Region:
    """What belongs to one region."""

    region_id: str
    instances: dict[str, Instance] = field(default_factory=dict)
    key_pairs: dict[str, KeyPair] = field(default_factory=dict)
    security_groups: dict[str, SecurityGroupSpec] = field(default_factory=dict)
    launch_templates: dict[str, LaunchTemplateSpec] = field(default_factory=dict)


@dataclass
class Execution:
    """A Cloud Assistant command on one instance."""

    instance_id: str
    status: str = "Pending"
    exit_code: int | None = None
    error_code: str = ""
    error_info: str = ""
    output: bytes = b""
    dropped: int = 0
    created: float = 0.0
    started: float | None = None
    finished: float | None = None
    stopped: float | None = None
    repeats: int = 0


@dataclass
class FileDelivery:
    """A file of Cloud Assistant on its way to all its instances."""

    invoke_id: str
    region: str
    name: str
    target_dir: str
    content: str
    """As the call gave it."""
    content_type: str
    owner: str
    group: str
    mode: str
    overwrite: bool
    timeout: int
    description: str
    resource_group_id: str
    tags: dict[str, str]
    created: float
    executions: dict[str, Execution] = field(default_factory=dict)


@dataclass
class Invocation:
    """A Cloud Assistant command on all its instances."""

    invoke_id: str
    command_id: str
    region: str
    command_type: str
    name: str
    content: bytes
    timeout: int
    username: str
    working_dir: str
    repeat_mode: str
    frequency: str
    schedule: Schedule | None
    """Of the mode Period."""
    tags: dict[str, str]
    resource_group_id: str
    termination_mode: str
    created: float
    sequence: int
    file_name: str
    """What agents call the file of the script."""
    executions: dict[str, Execution] = field(default_factory=dict)
    history: list[Execution] = field(default_factory=list)
    """How earlier runs of a repeated command ended, oldest first."""


class KeptCommand(NamedTuple):
    """A command that RunCommand kept."""

    command_id: str
    region: str
    name: str
    description: str
    command_type: str
    content: bytes
    takes_parameters: bool
    timeout: int
    working_dir: str
    created: float

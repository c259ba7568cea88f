# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's public commands that have to do with SSH. Pure."""

from __future__ import annotations

import hashlib
from typing import Mapping, NamedTuple

from ecs_emulator.errors import ApiError

PROVIDER = "AlibabaCloud.ECS.Applications"
_PREFIX = "cmd-"


class Definition(NamedTuple):
    """One parameter of a command."""

    name: str
    required: bool
    default: str
    description: str


class PublicCommand(NamedTuple):
    """A command that anybody may invoke, by id or by name."""

    name: str
    description: str
    content: str
    parameters: tuple[Definition, ...]
    timeout: int = 60
    command_type: str = "RunShellScript"

    @property
    def command_id(self) -> str:
        """The id that DescribeCommands shows."""
        return "c-" + hashlib.sha256(self.name.encode()).hexdigest()[:20]


PUBLIC_COMMANDS = (
    PublicCommand(
        name="ACS-ECS-SendSshPublicKey-linux.sh",
        description="Sends SSH public keys.",
        # Not quoted, as with the vendor: what is put in place of a name becomes part of the script.
        content="send_ssh_public_key --username {{username}} --ssh-public-key {{sshPublicKey}}",
        parameters=(
            Definition("username", False, "root", "The user that may log in with the key."),
            Definition("sshpublickey", True, "", "The public key."),
        ),
    ),
    PublicCommand(
        name="ACS-ECS-EnableSshPublicKey-linux.sh",
        description="Prepares an instance for temporary SSH public keys.",
        content="acs-plugin-manager -e -P config_ecs_instance_connect --params --install",
        parameters=(),
    ),
)


def find_public_command(reference: str) -> PublicCommand | None:
    """The command with this id, this name, or this name after ``cmd-``."""
    for command in PUBLIC_COMMANDS:
        if reference in (command.command_id, command.name, _PREFIX + command.name):
            return command
    return None


def complete_values(command: PublicCommand, given: Mapping[str, str]) -> dict[str, str]:
    """The value of every parameter; ``given`` has names in lower case."""
    known = {definition.name for definition in command.parameters}
    if set(given) - known:
        raise ApiError(403, "Parameter.NotMatched", "The specified parameters do not match those of the command.")
    if any("\0" in value for value in given.values()):
        raise ApiError(403, "InvalidParameterCharset.Parameters", "The specified parameters contain invalid characters.")
    values = {}
    for definition in command.parameters:
        value = given.get(definition.name, "") or definition.default
        if definition.required and not value:
            raise ApiError(400, "Parameter.MissingValue", "The parameter %s has no value." % definition.name)
        values[definition.name] = value
    return values

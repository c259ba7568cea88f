# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps to a key pair. C(action) is what a step is called in the module's result.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

from typing import List, Mapping, Optional, Sequence, Type, TypeVar

from .._openssh.keys import PublicKey


class Step:
    """One thing to do."""

    action = ""


class RestrictFile(Step):
    """Keep all others from reading the private key."""

    action = "restrict_private_key_file"


class FinishFile(Step):
    """Give a key that an interrupted run left beside its path its place."""

    action = "recover_private_key_file"


class WriteFile(Step):
    """Keep the private key that is made."""

    action = "write_private_key"


class Delete(Step):
    action = "delete_key_pair"


class Detach(Step):
    action = "detach_key_pair"

    def __init__(self, instance_ids: Sequence[str]) -> None:
        self.instance_ids = list(instance_ids)


class _New(Step):
    """A key pair that is made gets its tags and its group with the same call."""

    def __init__(self, tags: Mapping[str, str], resource_group_id: Optional[str]) -> None:
        self.tags = tags
        self.resource_group_id = resource_group_id


class Create(_New):
    action = "create_key_pair"


class Import(_New):
    """Without a key, of the one that will be made."""

    action = "import_key_pair"

    def __init__(self, key: Optional[PublicKey], tags: Mapping[str, str], resource_group_id: Optional[str]) -> None:
        super().__init__(tags, resource_group_id)
        self.key = key


class PutBack(Step):
    """Import the old key again because its successor failed."""

    action = "put_back_key_pair"


class Move(Step):
    action = "move_key_pair"

    def __init__(self, resource_group_id: str) -> None:
        self.resource_group_id = resource_group_id


class Untag(Step):
    action = "untag_key_pair"

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = keys


class Tag(Step):
    action = "tag_key_pair"

    def __init__(self, tags: Mapping[str, str]) -> None:
        self.tags = tags


SomeStep = TypeVar("SomeStep", bound=Step)


def find_step(steps: Sequence[Step], kind: Type[SomeStep]) -> Optional[SomeStep]:
    """The step of this kind, of which a plan has one at most."""
    return next((step for step in steps if isinstance(step, kind)), None)


def actions_of(steps: Sequence[Step]) -> List[str]:
    return [step.action for step in steps]

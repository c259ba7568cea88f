# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every cloud module does around its own work: arguments, checks, the client, and the way to fail.

Note that this module util is **PRIVATE** to the collection.
"""

from typing import Any, Callable, Dict, Mapping, Optional, Tuple, TypeVar

from ansible.module_utils.basic import AnsibleModule

from .._errors import AccessError, ModuleFailure
from .._text import printable, printable_all
from .client import EcsClient
from .options import cloud_argument_spec
from .settings import CloudSettings, read_settings, require_region


class CloudTask:
    """What the class of a cloud module works with: parameters, the shared options read, and one client, made when first used."""

    def __init__(self, params: Mapping[str, Any], check_mode: bool) -> None:
        self.params = params
        self.check_mode = check_mode
        self._settings: Optional[CloudSettings] = None
        self._client: Optional[EcsClient] = None

    @property
    def settings(self) -> CloudSettings:
        if self._settings is None:
            self._settings = read_settings(self.params)
        return self._settings

    @property
    def secrets(self) -> Tuple[str, ...]:
        """What must not be shown, of what has been read."""
        return self._settings.secrets if self._settings else ()

    @property
    def client(self) -> EcsClient:
        if self._client is None:
            require_region(self.settings.region)
            self._client = EcsClient(self.settings)
        return self._client

    def check_range(self, name: str, low: int, high: int) -> None:
        """ModuleFailure unless the option is a number from I(low) to I(high)."""
        if not low <= self.params[name] <= high:
            raise ModuleFailure("%s is %d; it can be from %d to %d" % (name, self.params[name], low, high))


class EcsModule(CloudTask):
    """An AnsibleModule with the shared options.

    C(run(work)) calls I(work) with this object, exits with the dictionary that it returns, and turns every expected
    exception into one sentence.
    """

    def __init__(self, argument_spec: Dict[str, Any], **kwargs: Any) -> None:
        self.ansible = AnsibleModule(argument_spec=dict(cloud_argument_spec(), **argument_spec), **kwargs)
        super().__init__(self.ansible.params, self.ansible.check_mode)

    @property
    def settings(self) -> CloudSettings:
        settings = super().settings
        # Values from the environment are unknown to Ansible's own masking until here.
        self.ansible.no_log_values.update(settings.secrets)
        return settings

    def warn(self, text: str) -> None:
        self.ansible.warn(printable(text))

    def run(self, work: Callable[["EcsModule"], Dict[str, Any]]) -> None:
        result = answer_of(work, self)
        if result.get("failed"):
            self.ansible.fail_json(**result)
        if self._client and self._client.left_out:
            self.warn("%d entries of the responses have no valid instance id and are left out" % self._client.left_out)
        self.ansible.exit_json(**result)


SomeTask = TypeVar("SomeTask", bound=CloudTask)


def answer_of(work: Callable[[SomeTask], Dict[str, Any]], task: SomeTask) -> Dict[str, Any]:
    """The result of I(work), or of its failure, as it may be shown."""
    try:
        return printable_all(without_marks(work(task)))
    except AccessError as exc:
        return printable_all(dict(without_marks(exc.answer()), msg=exc.text, failed=True))


def without_marks(value: Any) -> Any:
    """A result without the keys that Ansible's own wire format gives a meaning: anybody can give a tag such a name."""
    if isinstance(value, dict):
        return {key: without_marks(item) for key, item in value.items() if not str(key).startswith("__ansible_")}
    return [without_marks(item) for item in value] if isinstance(value, list) else value

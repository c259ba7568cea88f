# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory file asks for.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import Instance
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import CloudSettings, SettingsError, check_region

from .._output.similar import did_you_mean
from .filters import Filter, is_match, parse_filter


class WantedInstances(t.NamedTuple):
    """What to list. An instance is wanted if any of C(include) and none of C(exclude) describes it."""

    regions: list[str]
    include: list[Filter]
    exclude: list[Filter]

    def describes(self, instance: Instance) -> bool:
        return any(is_match(instance, each) for each in self.include) and not any(is_match(instance, each) for each in self.exclude)


def read_wanted(options: t.Mapping[str, t.Any]) -> WantedInstances:
    """Check the options; raises SettingsError and FilterError."""
    regions = [str(region).strip() for region in options["regions"] if region]
    first = [parse_filter(options["filters"], "filters")] if options["filters"] or not options["include_filters"] else []
    return WantedInstances(
        regions=list(dict.fromkeys(check_region(region) for region in regions)),
        # No filter at all means every instance, but include_filters alone mean only theirs.
        include=first + _filters(options, "include_filters"),
        exclude=_filters(options, "exclude_filters"),
    )


def _filters(options: t.Mapping[str, t.Any], name: str) -> list[Filter]:
    return [parse_filter(each, f"{name}[{number}]") for number, each in enumerate(options[name])]


def fingerprint(settings: CloudSettings, wanted: WantedInstances) -> str:
    """Different for everything that changes which instances are listed. Holds no secret."""
    account = [
        settings.access_key_id,
        settings.profile,
        settings.credentials_uri,
        settings.ram_role_name,
        settings.assume_role_arn,
        settings.endpoint,
    ]
    return hashlib.sha256(json.dumps([account, wanted]).encode()).hexdigest()[:16]


def check_options(config: t.Iterable[str], known: t.Collection[str]) -> None:
    """SettingsError for an option that does not exist."""
    for name in config:
        if name not in known:
            raise SettingsError(f"there is no option {str(name)!r}{did_you_mean(name, known)}")


def templated(templar: t.Any, value: t.Any) -> t.Any:
    """The value with every template in it replaced."""
    if isinstance(value, dict):
        return {key: templated(templar, item) for key, item in value.items()}
    if isinstance(value, list):
        return [templated(templar, item) for item in value]
    return templar.template(value) if isinstance(value, str) and templar.is_template(value) else value


def names_plugin(path: str, name: str) -> bool:
    """Whether the file is meant for the plugin. Other plugins' files are looked at too, so nothing here may fail."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(65536)
    except OSError:
        return False
    pattern = rf"""^[\s{{]*["']?plugin["']?\s*:\s*["']?{re.escape(name)}["']?\s*([,}}#]|$)"""
    return bool(re.search(pattern, text, re.MULTILINE))

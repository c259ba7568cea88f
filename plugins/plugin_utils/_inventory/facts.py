# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory makes of an instance: host variables, the address to connect to, what is cached.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import Instance
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_address, is_instance_id, is_region

# The collection's playbooks look for these, whatever hostvars_prefix and hostvars_suffix say.
FIXED_NAMES = {"instance_id": "ecs_instance_id", "region": "ecs_region", "login_user": "ecs_login_user"}


def find_forgery(instance: Instance) -> str | None:
    """Why an answer of the API cannot be trusted, or None: ids and addresses become words of commands."""
    if not is_instance_id(instance.instance_id):
        return f"{instance.instance_id!r} is not an instance id"
    if not is_region(instance.region):
        return f"{instance.region!r}, which the API gives for {instance.instance_id}, is not a region"
    for address in [*instance.public_ips, *instance.private_ips, *instance.ipv6_ips]:
        if not is_address(address):
            return f"{address!r}, which the API gives for {instance.instance_id}, is not an IP address"
    return None


def render_hostvars(instance: Instance, prefix: str, suffix: str) -> dict[str, t.Any]:
    """The host variables that I(instance) becomes, without C(ansible_host)."""
    values = instance._asdict()
    del values["image_user"]
    values.update(login_user=instance.login_user, public_ip=instance.public_ip, private_ip=instance.private_ip)
    hostvars = {f"{prefix}{name}{suffix}": value for name, value in values.items()}
    hostvars.update({fixed: values[name] for name, fixed in FIXED_NAMES.items()})
    return hostvars


def find_address(instance: Instance, connect_with: t.Sequence[str]) -> str | None:
    """The first address of the wanted kinds that the instance has."""
    addresses = {
        "public": instance.public_ip,
        "private": instance.private_ip,
        "ipv6": (instance.ipv6_ips or [""])[0],
        "instance_id": instance.instance_id,
    }
    return next((addresses[kind] for kind in connect_with if addresses[kind]), None)


def to_cache(instance: Instance) -> dict[str, t.Any]:
    """Nothing but text, numbers and lists: a cache may give dictionaries with certain keys a meaning, and the keys of tags are foreign text."""
    return dict(instance._asdict(), tags=[[key, value] for key, value in instance.tags.items()])


def from_cache(cached: t.Mapping[str, t.Any]) -> Instance:
    """The instance that C(to_cache) was given."""
    return Instance(**dict(cached, tags=dict(cached["tags"])))

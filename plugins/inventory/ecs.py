# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory of ECS instances. Glue to Ansible only: what is decided is decided in plugin_utils/_inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ecs
version_added: 1.0.0
short_description: ECS instances as inventory hosts
author:
  - The alicloud.ecs_access founders (@alicloud)
description:
  - Every ECS instance of the given regions becomes a host, with an address to connect to and host variables with what
    the API reports about it.
  - The name of the inventory file must end in C(ecs.yml) or C(ecs.yaml), for example C(prod.ecs.yml).
  - A host that another inventory source has already keeps its name and its variables; the instance is then named by its id, and with
    O(strict=true) this is an error. Only sources that were read before can be checked, so list this one last.
  - An instance with an invalid id, region or address is left out with a warning.
  - Needs the RAM action C(ecs:DescribeInstances), and C(ecs:DescribeRegions) for O(regions=all).
extends_documentation_fragment:
  - alicloud.ecs_access.ecs_plugin
  - constructed
  - inventory_cache
options:
  plugin:
    description: Marks the file as an inventory of this plugin.
    type: str
    required: true
    choices: [alicloud.ecs_access.ecs]
  regions:
    description:
      - The regions to list. V(all) means every region that the account can use.
      - If not set, O(region) alone.
    type: list
    elements: str
    default: []
  strict_regions:
    description:
      - Whether a region that cannot be read is an error. Otherwise it is a warning, as long as another region can be read; then its
        instances are missing and nothing is written to the cache.
    type: bool
    default: false
  filters:
    description:
      - Which instances to list. If not set, all are listed, whatever their status and operating system.
      - Every key must match. A key with a list of values matches any of them.
      - Keys are V(instance_id), V(name) (with the wildcards V(*) and V(?)), V(status), V(os_type) (V(linux) or V(windows)),
        V(zone), V(vpc_id), V(vswitch_id), V(security_group_id), V(resource_group_id), V(key_pair_name), V(image_id),
        V(instance_type), and V(tags), a mapping of tag keys to values, where an empty value matches any.
      - The API applies the filters that it supports, so narrow filters need fewer pages.
    type: dict
    default: {}
  include_filters:
    description: More filters. An instance is listed if it matches O(filters), if given, or any of these.
    type: list
    elements: dict
    default: []
  exclude_filters:
    description: Instances that match any of these filters are not listed.
    type: list
    elements: dict
    default: []
  hostnames:
    description:
      - The names of hosts, in order of preference; the first that is not empty is used.
      - Supported are V(name), V(hostname) (the one inside the instance), V(instance_id), V(private_ip), V(public_ip) and
        V(tag:KEY) (the value of a tag). Everything else is a Jinja2 expression over the host variables.
      - If several instances would get the same name, their instance ids are used instead. The same applies to names that
        Ansible would misinterpret, such as V(localhost), the name of a group, C(../x) or C(web*). A warning reports them.
    type: list
    elements: str
    default: [name, instance_id]
  connect_with:
    description:
      - The address for C(ansible_host), in order of preference; the first that the instance has is used.
      - V(public) is the public address or else the elastic IP address, V(private) the first private address, V(ipv6) the first
        IPv6 address, and V(instance_id) the id, for connection plugins that need no address.
      - If the instance has none of them, C(ansible_host) is the instance id, so that the name of an instance
        is never looked up in DNS and connected to.
      - With an empty list, C(ansible_host) is not set, for host names that are in the SSH configuration.
    type: list
    elements: str
    choices: [public, private, ipv6, instance_id]
    default: [public, private]
  hostvars_prefix:
    description:
      - The prefix of the host variables listed in the notes.
      - C(ecs_instance_id), C(ecs_region) and C(ecs_login_user) are always set, because the collection's
        playbooks use them.
    type: str
    default: ecs_
  hostvars_suffix:
    description: The suffix of the host variables listed in the notes.
    type: str
    default: ''
notes:
  - >-
    Host variables, all with the prefix C(ecs_) unless O(hostvars_prefix) is set; a missing value is an empty text
    or list. C(instance_id), C(name), C(hostname), C(description), C(region), C(zone), C(status), C(os_type), C(os_name),
    C(image_id), C(instance_type), C(cpu), C(memory_mib), C(network_type), C(vpc_id), C(vswitch_id), C(security_group_ids),
    C(resource_group_id), C(key_pair_name), C(login_user), C(public_ip), C(public_ips), C(eip), C(private_ip), C(private_ips),
    C(ipv6_ips), C(charge_type), C(created_at), C(expires_at), C(tags).
  - C(ecs_login_user) is the user that gets the key pair on the image, C(root) or C(ecs-user), and empty on Windows. The plugin
    does not set C(ansible_user), because it would override C(-u) and C(group_vars); use O(compose) to set it.
  - Text from the API (names, descriptions, tags) is never evaluated as a template, and neither are values that O(compose)
    makes of it.
  - O(region), O(regions), the credentials, O(endpoint) and the filters may be templates, for example with a lookup.
  - If a file cannot be read as inventory, Ansible only warns and continues without its hosts. Set
    E(ANSIBLE_INVENTORY_UNPARSED_FAILED) to make it an error.
  - There is a separate cache for each combination of account, endpoint, regions and filters, so changing any of these never returns old
    data. Hosts, groups and variables are created from it each time.
"""

EXAMPLES = r"""
---
# The smallest file, prod.ecs.yml, is the first line alone: every instance of the region in ALIBABA_CLOUD_REGION_ID, with credentials
# from the environment or the default chain. Try it with: ansible-inventory -i prod.ecs.yml --graph
plugin: alicloud.ecs_access.ecs

# Running Linux instances of two regions; "regions: [all]" reads every region
regions: [cn-hangzhou, eu-central-1]
filters:
  status: Running
  os_type: linux
  tags:
    env: [staging, prod]
    owner:              # any value
exclude_filters:
  - name: 'tmp-*'

# Logged in to as the user of their image
compose:
  ansible_user: ecs_login_user

# Groups by tag, zone and key pair
keyed_groups:
  - key: ecs_tags.role
    prefix: role
  - key: ecs_zone
    separator: ''
groups:
  without_key_pair: ecs_key_pair_name == ''

# From a bastion inside the VPC
network: vpc
connect_with: [private]

# Names from a tag, else made from two facts
hostnames:
  - tag:Name
  - ecs_name ~ '-' ~ ecs_region

# Another account's credentials; cached for ten minutes
profile: audit
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.ansible/cache/ecs
cache_timeout: 600
"""

import os
import typing as t

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.plugins.loader import connection_loader
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.instance import Instance
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import cloud_argument_spec
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import CloudSettings, read_settings, require_region
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.draft import InventoryDraft
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.facts import find_address, find_forgery, from_cache, render_hostvars, to_cache
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.fetch import read_regions
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.filters import request_parameters
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.lookup import read_plain
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.names import choose_names, find_clashes
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.unsafe import mark_unsafe
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._inventory.wanted import (
    WantedInstances,
    check_options,
    fingerprint,
    names_plugin,
    read_wanted,
    templated,
)

_ENDINGS = ("ecs.yml", "ecs.yaml")
_HOSTNAME_FACTS = ("name", "hostname", "instance_id", "private_ip", "public_ip")
_TEMPLATABLE = (*cloud_argument_spec(), "regions", "filters", "include_filters", "exclude_filters")
_CACHE_FORMAT = 2


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Instances become hosts."""

    NAME = "alicloud.ecs_access.ecs"
    inventory: t.Any

    def verify_file(self, path: str) -> bool:
        if not super().verify_file(path):
            return False
        if path.endswith(_ENDINGS):
            return True
        if path.endswith((".yml", ".yaml")) and names_plugin(path, self.NAME):
            self.display.warning(
                f"{path}: the inventory plugin {self.NAME} reads only files whose name ends in ecs.yml or ecs.yaml; "
                f"rename it, for example to {os.path.splitext(os.path.basename(path))[0]}.ecs.yml"
            )
        return False

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        problem = None
        try:
            check_options(config, self.option_definitions)
            options = {name: self._value(name, config) for name in _TEMPLATABLE}
            # Only what the file says: the environment is read with the settings, where a profile in the file beats an
            # access key in the environment.
            settings = read_settings({name: options[name] for name in cloud_argument_spec() if name in config})
            instances = self._instances(settings, read_wanted(options), path, cache)
            self._populate(instances)
            # Every task is forked from this process. What is loaded here, none of them has to load and parse again.
            connection_loader.get("alicloud.ecs_access.ecs_ssh", class_only=True)
        except (AnsibleParserError, AccessError) as exc:
            problem = str(exc)
        if problem:
            # Outside of the handler, so that no exception of the SDK hangs on to this one and is shown with it.
            raise AnsibleParserError(f"{path}: {problem}")

    # -- options --------------------------------------------------------------------------------------------------

    def _value(self, name: str, config: t.Mapping[str, t.Any]) -> t.Any:
        value = self.get_option(name)
        if name not in config:
            return value
        self.templar.available_variables = self._vars
        try:
            return templated(self.templar, value)
        except AnsibleError as exc:
            raise AnsibleParserError(f"{name} cannot be templated: {exc}") from None

    # -- instances ------------------------------------------------------------------------------------------------

    def _instances(self, settings: CloudSettings, wanted: WantedInstances, path: str, cache: bool) -> list[Instance]:
        """From the cache if it may be used and has them, otherwise from the API."""
        if not wanted.regions:
            wanted = wanted._replace(regions=[require_region(settings.region)])
        if not self.get_option("cache"):
            return self._read(settings, wanted)[0]
        key = f"{self.get_cache_key(path)}_{fingerprint(settings, wanted)}"
        if cache:
            cached = self._cache.get(key)
            if isinstance(cached, dict) and cached.get("format") == _CACHE_FORMAT:
                return [from_cache(each) for each in cached["instances"]]
        instances, complete = self._read(settings, wanted)
        if complete:
            self._cache[key] = {"format": _CACHE_FORMAT, "instances": [to_cache(each) for each in instances]}
        return instances

    def _read(self, settings: CloudSettings, wanted: WantedInstances) -> tuple[list[Instance], bool]:
        client = EcsClient(settings, settings.region or next((each for each in wanted.regions if each != "all"), "cn-hangzhou"))
        queries = [query for each in wanted.include for query in request_parameters(each)]
        listing = read_regions(client, wanted.regions, queries)
        for region, error in listing.errors.items():
            if self.get_option("strict_regions") or listing.is_empty:
                raise AnsibleParserError(f"region {region}: {error}")
            self.display.warning(f"The instances of region {region} are missing from the inventory: {error}")
        return [each for each in listing.instances if wanted.describes(each)], not listing.errors

    # -- hosts ----------------------------------------------------------------------------------------------------

    def _populate(self, instances: list[Instance]) -> None:
        candidates: dict[str, list[str]] = {}
        hostvars: dict[str, dict[str, t.Any]] = {}
        for instance in instances:
            problem = find_forgery(instance)
            if problem:
                self.display.warning(f"A host is left out: {problem}")
                continue
            instance_id = mark_unsafe(instance.instance_id)
            hostvars[instance_id] = self._hostvars(instance)
            candidates[instance_id] = self._candidates(instance, hostvars[instance_id])
        draft = InventoryDraft()
        taken = self._names_of_others(hostvars)
        first = choose_names(candidates, self.inventory.groups, taken).names
        for instance_id, variables in hostvars.items():
            draft.start_host(instance_id, first[instance_id], variables)
        self._construct(draft)
        warnings = draft.drop_groups(taken)
        # Now it is known which groups there will be, and a host must not be called like any of them.
        chosen = choose_names(candidates, {*self.inventory.groups, *draft.members, *draft.children}, taken)
        self._warn(warnings + chosen.warnings)
        clashes = find_clashes(candidates, taken)
        if clashes and self.get_option("strict"):
            raise AnsibleParserError(f"other inventory sources have hosts of these names too: {', '.join(clashes)}")
        self._warn(draft.apply(self.inventory, {instance_id: mark_unsafe(name) for instance_id, name in chosen.names.items()}))

    def _warn(self, warnings: list[str]) -> None:
        for warning in warnings:
            self.display.warning(printable(warning))

    def _names_of_others(self, hostvars: t.Collection[str]) -> set[str]:
        """Hosts that another source of the inventory has, unless they are these very instances."""
        return {name for name, host in self.inventory.hosts.items() if host.vars.get("ecs_instance_id") not in hostvars}

    def _hostvars(self, instance: Instance) -> dict[str, t.Any]:
        hostvars = render_hostvars(instance, self.get_option("hostvars_prefix"), self.get_option("hostvars_suffix"))
        connect_with = self.get_option("connect_with")
        if connect_with:
            address = find_address(instance, connect_with)
            if address is None:
                self.display.v(f"{instance.instance_id} has no address of these kinds: {', '.join(connect_with)}")
            hostvars["ansible_host"] = address or instance.instance_id
        return mark_unsafe(hostvars)

    def _candidates(self, instance: Instance, hostvars: dict[str, t.Any]) -> list[str]:
        found = (self._candidate(preference, instance, hostvars) for preference in self.get_option("hostnames"))
        return [name for name in found if name]

    def _candidate(self, preference: str, instance: Instance, hostvars: dict[str, t.Any]) -> str:
        if preference in _HOSTNAME_FACTS:
            return getattr(instance, preference)
        if preference.startswith("tag:"):
            return instance.tags.get(preference[len("tag:") :], "")
        try:
            name = self._compose(preference, hostvars)
        except Exception as exc:  # noqa: BLE001 - whatever a template can raise
            if self.get_option("strict"):
                raise AnsibleParserError(f"hostnames: {preference!r} fails for {instance.instance_id}: {printable(str(exc))}") from None
            self.display.vvv(f"hostnames: {preference!r} fails for {instance.instance_id}: {printable(str(exc))}")
            return ""
        return "" if name is None else str(name)

    def _compose(self, template: str, variables: t.Mapping[str, t.Any], *args: t.Any, **kwargs: t.Any) -> t.Any:
        """As Ansible's, but a name that stands for a fact needs no template engine, which matters for thousands of hosts."""
        if not self.get_option("use_extra_vars"):
            try:
                return read_plain(template, variables)
            except LookupError:
                pass
        return super()._compose(template, variables, *args, **kwargs)

    def _construct(self, draft: InventoryDraft) -> None:
        """Let Ansible work out composed variables and groups, into I(draft)."""
        inventory, self.inventory = self.inventory, draft
        compose, groups, keyed_groups, strict = (self.get_option(n) for n in ("compose", "groups", "keyed_groups", "strict"))
        try:
            for instance_id, host in draft.hosts.items():
                self._set_composite_vars(compose, host.get_vars(), instance_id, strict=strict)
                variables = host.get_vars()
                self._add_host_to_composed_groups(groups, variables, instance_id, strict=strict, fetch_hostvars=False)
                self._add_host_to_keyed_groups(keyed_groups, variables, instance_id, strict=strict, fetch_hostvars=False)
        finally:
            self.inventory = inventory

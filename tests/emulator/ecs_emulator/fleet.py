# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the fleet file: what exists when the emulator starts.

Every error is a FleetError whose text is one sentence with the place in the file.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Any

import yaml

from ecs_emulator.behaviours import parse_behaviours
from ecs_emulator.connect import Connect, parse_connect
from ecs_emulator.fleet_reader import FleetError, Reader
from ecs_emulator.policies import parse_statement
from ecs_emulator.specs import (
    DEFAULT_AGENT_VERSION,
    AssistantSpec,
    Fleet,
    InstanceSpec,
    KeyPairSpec,
    LaunchTemplateSpec,
    Limits,
    RuleSpec,
    SecurityGroupSpec,
    SessionLimits,
    Timing,
    UserSpec,
)

REGIONS = (
    "cn-hangzhou", "cn-shanghai", "cn-beijing", "cn-qingdao", "cn-zhangjiakou", "cn-shenzhen", "cn-hongkong",
    "ap-southeast-1", "ap-southeast-5", "ap-northeast-1", "us-east-1", "us-west-1", "eu-west-1", "eu-central-1",
)  # fmt: skip
STATUSES = ("Pending", "Running", "Starting", "Stopping", "Stopped")
CAPABILITIES = ("SYS_ADMIN", "NET_ADMIN")
LOCKS = ("financial", "security", "Recycling", "dedicatedhostfinancial", "refunded")


def load_fleet(path: Path) -> Fleet:
    """Read a fleet file; raises FleetError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FleetError("cannot read the fleet file %s: %s" % (path, error.strerror)) from error
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = " (line %d)" % (mark.line + 1) if mark else ""
        raise FleetError("%s%s is not valid YAML" % (path, where)) from error
    try:
        return parse_fleet(content)
    except FleetError as error:
        raise FleetError("%s: %s" % (path, error)) from error


def parse_fleet(content: object) -> Fleet:
    """Turn the content of a fleet file into records; raises FleetError."""
    top = Reader(content, "fleet")
    account = top.section("account")
    access_key_id = account.text("access_key_id", "LTAI5tEmulator" + secrets.token_hex(4))
    access_key_secret = account.text("access_key_secret", secrets.token_hex(15))
    account_id = account.text("account_id", "1234567890123456")
    account.finish()
    region = top.text("region", "cn-hangzhou")
    regions = tuple(dict.fromkeys(top.texts("regions") or REGIONS))
    regions = regions if region in regions else (region,) + regions
    timing = _parse_timing(top.section("timing"))
    sessions = _parse_sessions(top.section("sessions"))
    limits = _parse_limits(top.section("limits"))
    users = tuple(_parse_user(section) for section in top.sections("policies"))
    if len({access_key_id, *(user.access_key_id for user in users)}) != 1 + len(users):
        raise FleetError("policies: an access key is there twice, or is the account's own, which may do everything")
    roles = {role.text("arn"): role.text("external_id", "") for role in top.sections("roles")}
    resource_groups = {group.text("id"): group.text("name", "") for group in top.sections("resource_groups")}
    try:
        behaviours = parse_behaviours(top.mapping("behaviours"))
    except ValueError as error:
        raise FleetError("behaviours: %s" % error) from error
    groups = _Groups(regions)
    for section in top.sections("security_groups"):
        groups.add(section, section.choice("region", regions, region))
    key_pairs = tuple(_parse_key_pair(section, regions, region) for section in top.sections("key_pairs"))
    templates = tuple(_parse_launch_template(section, regions, region) for section in top.sections("launch_templates"))
    instances: list[InstanceSpec] = []
    for section in top.sections("instances"):
        instances.extend(_parse_instances(section, regions, region, groups, len(instances)))
    top.finish()
    _check_instances(instances, key_pairs)
    return Fleet(
        access_key_id, access_key_secret, account_id, region, regions, tuple(instances), key_pairs, groups.specs(),
        resource_groups, roles, behaviours, timing, sessions, limits, users, templates,
    )  # fmt: skip


def _parse_timing(section: Reader) -> Timing:
    timing = Timing(
        latency=section.number("latency_ms", 0) / 1000,
        transition=section.number("transition_ms", 200) / 1000,
        reboot_lag=section.number("reboot_lag_ms", 0) / 1000,
        delivery=section.number("delivery_ms", 0) / 1000,
        results_lag=section.number("results_lag_ms", 0) / 1000,
        sts_lifetime=section.number("sts_lifetime_s", 0),
    )
    section.finish()
    return timing


def _parse_sessions(section: Reader) -> SessionLimits:
    default = SessionLimits()
    limits = SessionLimits(
        enabled=section.flag("enabled", default.enabled),
        rate=int(section.number("rate_kbit", default.rate / 1024) * 1024),
        announce_rate=section.flag("announce_rate", default.announce_rate),
        burst_seconds=section.number("burst_seconds", default.burst_seconds),
        connect_delay_seconds=section.number("connect_delay_seconds", default.connect_delay_seconds),
        idle_seconds=section.number("idle_seconds", default.idle_seconds),
        longest_seconds=section.number("longest_seconds", default.longest_seconds),
        url_seconds=section.number("url_seconds", default.url_seconds),
        per_instance=int(section.number("per_instance", default.per_instance)),
        per_region=int(section.number("per_region", default.per_region)),
    )
    section.finish()
    return limits


def _parse_limits(section: Reader) -> Limits:
    default = Limits()
    by_action = section.section("calls_per_minute")
    limits = Limits(
        invocations_per_day=int(section.number("invocations_per_day", default.invocations_per_day)),
        records_kept=int(section.number("records_kept", default.records_kept)),
        calls_per_minute={action: int(by_action.number(action, 0)) for action in section.mapping("calls_per_minute")},
    )
    section.finish()
    return limits


def _parse_user(section: Reader) -> UserSpec:
    access_key_id = section.text("access_key_id")
    try:
        statements = tuple(parse_statement(entry) for entry in section.entries("statements"))
    except ValueError as error:
        raise FleetError("%s: %s" % (section.place, error)) from error
    user = UserSpec(section.text("user", access_key_id), access_key_id, section.text("access_key_secret", secrets.token_hex(15)), statements)
    section.finish()
    return user


def _parse_connect(section: Reader) -> Connect:
    try:
        return parse_connect(section.mapping("connect"))
    except ValueError as error:
        raise FleetError("%s.connect: %s" % (section.place, error)) from error


def _parse_key_pair(section: Reader, regions: tuple[str, ...], region: str) -> KeyPairSpec:
    spec = KeyPairSpec(
        name=section.text("name"),
        region=section.choice("region", regions, region),
        public_key=section.text("public_key", ""),
        resource_group_id=section.text("resource_group_id", ""),
        tags=section.text_mapping("tags"),
    )
    section.finish()
    return spec


def _parse_launch_template(section: Reader, regions: tuple[str, ...], default_region: str) -> LaunchTemplateSpec:
    name, region = section.text("name"), section.choice("region", regions, default_region)
    launch_template_id = section.text("launch_template_id", "") or "lt-" + _digest(region, name)
    spec = LaunchTemplateSpec(name, launch_template_id, region, tuple(section.texts("key_pairs")) or ("",))
    section.finish()
    return spec


class _Groups:
    """Security groups by id; an instance may name one or bring its own."""

    def __init__(self, regions: tuple[str, ...]) -> None:
        self._groups = {"sg-default-%s" % region: SecurityGroupSpec("sg-default-%s" % region, "default", region, (RuleSpec(),)) for region in regions}

    def specs(self) -> tuple[SecurityGroupSpec, ...]:
        return tuple(self._groups.values())

    def add(self, section: Reader, region: str) -> str:
        name = section.text("name", "")
        group_id = section.text("security_group_id", "") or "sg-" + _digest(region, name or section.place)
        rules = tuple(_parse_rule(rule) for rule in section.sections("rules"))
        section.finish()
        known = self._groups.get(group_id)
        if known is not None and (known.rules, known.region) != (rules, region):
            raise FleetError("%s: security group %s is already described with other rules" % (section.place, group_id))
        self._groups[group_id] = SecurityGroupSpec(group_id, name or group_id, region, rules)
        return group_id

    def resolve(self, entry: object, region: str, place: str) -> str:
        """The id for an entry of an instance's list: an id or name of a known group, or a description."""
        if isinstance(entry, dict):
            return self.add(Reader(entry, place), region)
        for group in self._groups.values():
            if group.region == region and entry in (group.security_group_id, group.name):
                return group.security_group_id
        raise FleetError("%s: there is no security group '%s' in region %s" % (place, entry, region))


def _parse_rule(section: Reader) -> RuleSpec:
    rule = RuleSpec(
        protocol=section.choice("protocol", ("tcp", "udp", "icmp", "gre", "all"), "tcp"),
        ports=section.text("ports", "22/22"),
        source=section.text("source", "0.0.0.0/0"),
        source_group=section.text("source_group", ""),
        policy=section.choice("policy", ("accept", "drop"), "accept"),
        priority=int(section.number("priority", 1)),
        direction=section.choice("direction", ("ingress", "egress"), "ingress"),
        description=section.text("description", ""),
    )
    section.finish()
    return rule


def _parse_instances(section: Reader, regions: tuple[str, ...], default_region: str, groups: _Groups, first: int) -> list[InstanceSpec]:
    region = section.choice("region", regions, default_region)
    count = section.optional_number("count")
    name = section.text("name", "instance-%d" % (first + 1))
    instance_id = section.text("instance_id", "") or "i-" + _digest(region, name)
    backend = section.choice("backend", ("container", "api"), "api")
    security_groups = tuple(
        groups.resolve(entry, region, "%s.security_groups[%d]" % (section.place, index))
        for index, entry in enumerate(section.entries("security_groups") or ["sg-default-%s" % region])
    )
    common: dict[str, Any] = dict(
        region=region,
        backend=backend,
        status=section.choice("status", STATUSES, "Running"),
        os_type=section.choice("os_type", ("linux", "windows"), "linux"),
        image=section.text("image", "debian12"),
        login_user=section.text("login_user", "root"),
        password_login=section.flag("password_login", True),
        key_pair=section.text("key_pair", ""),
        zone=section.text("zone", region + "-a"),
        vpc_id=section.text("vpc_id", "vpc-" + _digest(region, "vpc")),
        private_ip=section.text("private_ip", ""),
        public_ip=section.optional_text("public_ip"),
        eip=section.text("eip", ""),
        instance_type=section.text("instance_type", "ecs.e-c1m1.large"),
        resource_group_id=section.text("resource_group_id", ""),
        description=section.text("description", ""),
        host_name=section.text("host_name", ""),
        lock=section.choice("lock", ("",) + LOCKS, ""),
        tags=section.text_mapping("tags"),
        security_group_ids=security_groups,
        assistant=_parse_assistant(section.section("assistant")),
        connect=_parse_connect(section),
        publish_ssh=section.flag("publish_ssh", True),
        capabilities=section.choices("capabilities", CAPABILITIES),
        container=section.mapping("container"),
    )
    section.finish()
    if backend == "container" and common["os_type"] == "windows":
        raise FleetError("%s: a Windows instance cannot have 'backend: container'" % section.place)
    if count is None:
        return [InstanceSpec(instance_id=instance_id, name=name, **common)]
    digits = len(str(count))
    return [InstanceSpec(instance_id="%s%0*d" % (instance_id, digits, n), name="%s-%0*d" % (name, digits, n), **common) for n in range(1, count + 1)]


def _parse_assistant(section: Reader) -> AssistantSpec:
    spec = AssistantSpec(
        installed=section.flag("installed", True),
        online=section.flag("online", True),
        version=section.text("version", DEFAULT_AGENT_VERSION),
        output=section.text("output", ""),
        exit_code=int(section.number("exit_code", 0)),
        seconds=section.number("seconds", 0),
        replay=section.text("replay", ""),
        replay_bytes=int(section.number("replay_bytes", 0)),
    )
    section.finish()
    return spec


def _check_instances(instances: list[InstanceSpec], key_pairs: tuple[KeyPairSpec, ...]) -> None:
    seen = set()
    pairs = {(pair.region, pair.name) for pair in key_pairs}
    for instance in instances:
        if instance.instance_id in seen:
            raise FleetError("two instances have the id '%s'; give each a name or instance_id of its own" % instance.instance_id)
        seen.add(instance.instance_id)
        if instance.key_pair and (instance.region, instance.key_pair) not in pairs:
            raise FleetError(
                "instance '%s' is bound to key pair '%s', which key_pairs does not have in region %s" % (instance.name, instance.key_pair, instance.region)
            )


def _digest(region: str, name: str) -> str:
    """A stable id in the form of real ones: twenty lower-case letters and digits."""
    return hashlib.sha256(("%s/%s" % (region, name)).encode()).hexdigest()[:20]

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What recover_access repairs on a host, and what it reports instead.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.finding import BLOCKS, Finding

from .binding import Binding
from .diagnosis import read_findings

# Binding the new key pair puts the key there.
_KEY_CAUSES = {"key_missing", "key_file_missing", "key_file_empty", "key_of_other_user"}
# Binding repairs owner and mode of .ssh and of its key file, also where there is no key file yet.
_REPAIRED_BY_BINDING = {"directory_not_enterable", "directory_wrong_owner", "directory_writable", "key_file_unreadable", "key_file_writable"}

_COMMAND, _START, _PUBKEY, _FILES = "command", "start", "pubkey", "files"


class _Rule(NamedTuple):
    """How a cause is repaired: by its command, by its command once sshd accepts its configuration, by sshd_pubkey or by ssh_access."""

    repair: str
    on_request: bool = False
    """Only if ecs_access_repair lists the cause, because it may be intended."""


_RULES = {
    "privsep_directory_missing": _Rule(_COMMAND),
    "account_expired": _Rule(_COMMAND, on_request=True),
    "account_locked": _Rule(_COMMAND, on_request=True),
    "password_expired": _Rule(_COMMAND, on_request=True),
    "nologin_file": _Rule(_COMMAND, on_request=True),
    "host_keys_missing": _Rule(_COMMAND, on_request=True),
    "sshd_not_running": _Rule(_START),
    "sshd_socket_inactive": _Rule(_START),
    "sshd_masked": _Rule(_START, on_request=True),
    "sshd_not_to_be_run": _Rule(_START, on_request=True),
    "pubkey_authentication_off": _Rule(_PUBKEY),
    "key_file_unreadable": _Rule(_FILES),
    "key_file_wrong_owner": _Rule(_FILES),
    "key_file_writable": _Rule(_FILES),
    "directory_not_enterable": _Rule(_FILES),
    "directory_wrong_owner": _Rule(_FILES),
    "directory_writable": _Rule(_FILES),
    "home_not_enterable": _Rule(_FILES),
    "home_writable": _Rule(_FILES),
}
ON_REQUEST = [cause for cause, rule in _RULES.items() if rule.on_request]


class Removal(NamedTuple):
    """Instances of one region that lose the key of one key pair: a batch for one call of ecs_attach_key_pair."""

    region: str
    instance_ids: list[str]
    key_pair_name: str


class FirstStep(NamedTuple):
    """What is tried on a host right after the key pair was bound."""

    log_in: bool
    check: bool
    """Whether to find the causes inside the instance if no login is proven."""


class RepairPlan(NamedTuple):
    """What is repaired on one host, in the order of the fields."""

    causes: list[str]
    commands: list[str]
    start: str
    """The command that starts sshd; empty if none is needed."""

    pubkey: bool
    files: bool


class Repair(NamedTuple):
    """What came of the plan."""

    repaired: list[str]
    blocking: list[Finding]
    errors: list[str]


class Recovery(NamedTuple):
    """All that is known of a host at the end of the run."""

    binding: Binding
    blocking: list[Finding]
    errors: list[str]
    """What went wrong with repairs."""

    repaired: list[str]
    bind_again: bool
    proven: bool
    refusal: str
    problem: str
    """The task that failed before the login was tried, and its message; empty if none did."""

    key_made: bool
    check_mode: bool

    @property
    def awaits_binding(self) -> bool:
        """In check mode the key can only be expected to work, because binding it was not carried out."""
        return self.check_mode and (self.key_made or self.binding.changed or self.bind_again)

    @property
    def will_work(self) -> bool:
        return self.awaits_binding and not self.blocking and self.binding.is_instance and (self.bind_again or self.binding.live is True)

    @property
    def tries_login(self) -> bool:
        return not self.proven and self.binding.live is True and not self.awaits_binding

    def to_outcome(self) -> dict[str, Any]:
        by_binding = [f"{change.account}: {change.text}" for change in self.binding.file_changes if change.kind in ("owner", "mode")]
        return {
            "bound": self.binding.bound,
            "live": self.binding.live,
            "login": self.proven,
            "repaired": self.repaired + by_binding,
            "failed": not (self.proven or self.will_work),
            "why": self._explain(),
        }

    def _explain(self) -> str:
        if self.proven:
            return ""
        if self.will_work:
            return "check mode: the key pair would be made live, and the login tested"
        if self.blocking:
            return "; ".join([f"{finding.evidence} => {finding.fix}" for finding in self.blocking] + self.errors)
        if self.problem:
            return "; ".join(text for text in (self.binding.msg, self.problem) if text)
        if self.binding.failed:
            return self.binding.msg
        return f"the key is live, but the login from here failed: {self.refusal or 'not tried'}"


def request_error(causes: Any) -> str:
    """Why the value of ecs_access_repair is refused; empty if it is not."""
    if isinstance(causes, Sequence) and not isinstance(causes, str) and all(cause in ON_REQUEST for cause in causes):
        return ""
    return f"ecs_access_repair is a list of any of: {', '.join(ON_REQUEST)}."


def plan_first_step(binding: Binding, key_made: bool, check_mode: bool) -> FirstStep:
    """A key that is live is tried; only a running instance that can be asked is checked from inside."""
    works = binding.live is True and not (check_mode and (key_made or binding.changed))
    can_ask = works or binding.reason in ("login_refused", "guest") or (check_mode and key_made)
    return FirstStep(works, binding.is_instance and can_ask)


def find_blocking(check: Mapping[str, Any]) -> list[Finding]:
    """What keeps the key out, apart from the key itself, which is not bound yet."""
    return [finding for finding in read_findings(check) or [] if finding.severity == BLOCKS and finding.cause not in _KEY_CAUSES]


def plan_repair(blocking: Iterable[Finding], requested: Sequence[str]) -> RepairPlan:
    """Repairs that are safe, and those that were asked for by name. A cause without a command where one is needed stays."""
    causes: dict[str, None] = {}
    commands: dict[str, list[str]] = {_COMMAND: [], _START: []}
    for finding in blocking:
        rule = _RULES.get(finding.cause)
        if rule is None or (rule.on_request and finding.cause not in requested):
            continue
        if rule.repair in commands:
            if not finding.fix_command:
                continue
            commands[rule.repair].append(finding.fix_command)
        causes[finding.cause] = None
    kinds = {_RULES[cause].repair for cause in causes}
    return RepairPlan(list(causes), commands[_COMMAND], next(iter(commands[_START]), ""), _PUBKEY in kinds, _FILES in kinds)


def conclude_repair(
    plan: RepairPlan, blocking: list[Finding], commands: Iterable[Mapping[str, Any]], modules: Iterable[Mapping[str, Any]], check_mode: bool
) -> Repair:
    """I(blocking) is what the last check found; in check mode there was no second one, and what is planned counts as repaired."""
    left = [] if check_mode else [finding.cause for finding in blocking]
    repaired = [cause for cause in plan.causes if cause not in left]
    # The host may answer anything.
    errors = [str(result.get("stderr") or "").strip() for result in commands if result.get("rc", 0) != 0]
    errors += [str(result.get("msg") or "") for result in modules]
    return Repair(repaired, [finding for finding in blocking if finding.cause not in repaired], [text for text in errors if text])


def may_bind_again(blocking: Iterable[Finding]) -> bool:
    """Whether nothing is left that binding does not repair itself."""
    return all(finding.cause in _REPAIRED_BY_BINDING for finding in blocking)


def group_by_previous_pair(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]], variable: str) -> list[Removal]:
    """The hosts whose I(variable) names the key pair to remove, by region and key pair."""
    found: dict[tuple[str, str], list[str]] = {}
    for host in hosts:
        variables = hostvars[host]
        if variables.get(variable):
            found.setdefault((variables["ecs_region"], variables[variable]), []).append(variables["ecs_instance_id"])
    return [Removal(region, ids, name) for (region, name), ids in found.items()]


def previous_key_outcome(outcome: Mapping[str, Any], pair: str, binding: Binding, check_mode: bool) -> dict[str, Any]:
    """The outcome of a host with a proven login after the previous key was removed; I(pair) is empty if there was none."""
    if not pair:
        return {
            **outcome,
            "why": "no other key pair was bound when this run began, so no previous key was removed; "
            "if an earlier run has replaced one, name it in ecs_access_previous_key_pair_name",
        }
    if binding.changed:
        outcome = {**outcome, "changed": True}
    if binding.failed or binding.live is not False:
        return {**outcome, "failed": True, "why": f"the key of {pair} was kept: {binding.msg}"}
    if check_mode and binding.changed:
        return {**outcome, "why": f"check mode: the key of {pair} would be removed"}
    return {**outcome, "why": f"the key of {pair} does not work any more"}

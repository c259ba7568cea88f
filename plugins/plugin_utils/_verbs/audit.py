# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit, and the role access_report.

What an instance answered lies in a file of its own in the run's folder, and is judged one after the other.
Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import datetime
import getpass
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible import context
from ansible.errors import AnsibleError
from ansible.utils.display import Display
from ansible_collections.alicloud.ecs_access.plugins.module_utils._audit.ask import BATCH, CHAPTERS
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ids import is_instance_id
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.private_key_file import is_in_collection
from ansible_collections.alicloud.ecs_access.plugins.module_utils._text import printable

from .._audit.accepted import Acceptance, read_acceptances
from .._audit.document import Audit
from .._audit.facts import Facts
from .._audit.files import PAGE, check_folder, read_audit, write_audit
from .._audit.finding import SEVERITIES, counts_for
from .._audit.join import Joiner
from .._audit.judge import judge
from .._audit.merge import merge
from .._audit.outcome import Rows, cost_text
from .._audit.picture import Instance, Origin, Picture
from .._audit.roster import Expected, Roster, read_expected, read_roster
from .._audit.shape import read_host
from .._people.people_of_host import Host
from .._people.source import TeamReader
from .._people.team import Team
from .._playbooks.targets import read_pattern
from .._playbooks.variables import read_list
from . import cloud, steps
from .account import account_lines, find_account
from .host import prepare_connection
from .texts import collection_version
from .tools import StepFailed, Tools, describe, reason

HOST_STEPS = ("host",)

_FACTS, _ANSWERS = "facts", "answers"
_MOST_CHANGES = 15


def title(tools: Tools) -> str:
    return "Who can log in"


def columns(tools: Tools) -> list[str]:
    return ["via", "people", "root", *SEVERITIES[:3]]


def ending(tools: Tools) -> list[str]:
    """What has changed, and where the page is."""
    done = tools.store.read("audit")
    if not done:
        return []
    changes = done["changes"] or []
    lines = [*changes[:_MOST_CHANGES], *([f"and {len(changes) - _MOST_CHANGES} more changes"] if len(changes) > _MOST_CHANGES else [])]
    return [*lines, *account_lines(tools), f"The page is in {done['page']}"]


def check(tools: Tools) -> None:
    _acceptances(tools)
    folder = tools.path("ecs_access_audit_dir")
    if not folder:
        raise StepFailed("Set the folder for the audit with -e ecs_access_audit_dir=FOLDER.")
    if is_in_collection(os.path.join(folder, PAGE)):
        raise StepFailed(f"The folder {folder} lies in an installed collection and would be deleted with its next upgrade. Choose another one.")
    steps.require_kept(tools, "ecs_access_audit_dir", "The audit", folder)
    for path in [*_paths(tools, "ecs_access_merge"), *_paths(tools, "ecs_access_compare")]:
        read_audit(path)
    check_folder(folder)
    reader = TeamReader()
    for host in _hosts(tools):
        _team(tools, reader, host)
    _check_quota(tools)


def _check_quota(tools: Tools) -> None:
    """Commands are limited for a whole account and day, and recover_access needs some too."""
    hosts = [tools.of_host(host) for host in _hosts(tools)]
    count = sum(bool(each.get("ecs_instance_id")) and not _uses_ssh(tools, each) for each in hosts)
    quota = _number(tools.get("ecs_access_daily_quota", 5000), "ecs_access_daily_quota")
    text = cost_text(count, len(CHAPTERS), BATCH, quota)
    if text:
        Display().display(text)
    if count * len(CHAPTERS) * 2 > quota and not tools.is_on("ecs_access_exceed_half_quota"):
        raise StepFailed(f"{text} That is more than half of it. Set ecs_access_daily_quota to the account's own, audit fewer hosts, or set "
                         "ecs_access_exceed_half_quota=true.")  # fmt: skip


def _number(value: Any, name: str) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise StepFailed(f"{name} must be a number, not {str(value)[:40]!r}.") from None


def cloud_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    """Host keys of those that are asked over SSH."""
    over_ssh = [each for host, each in zip(chunk["hosts"], chunk["instance_ids"]) if _uses_ssh(tools, tools.of_host(host))]
    cloud.read_host_keys(tools, chunk, over_ssh)
    return {"changed": False}


def host_step(tools: Tools) -> dict[str, Any]:
    """Ask over SSH. A host does not fail yet: Cloud Assistant may have an answer."""
    if tools.host not in _hosts(tools) or not _uses_ssh(tools, tools.variables):
        return {"changed": False}
    try:
        if getattr(tools.action._connection, "transport", "") != "local":
            prepare_connection(tools)
        result = tools.on_host("ssh_access_info", {})
        found, problem = _first(result), reason(result)
    except AnsibleError as exc:
        found, problem = None, describe(exc)
    _store(tools, tools.host, found, "ssh", problem)
    return {"changed": False}


def ask_step(tools: Tools, chunk: cloud.Chunk) -> dict[str, Any]:
    """Ask those through Cloud Assistant that have not answered."""
    waiting: dict[str, list[str]] = {}
    for host, instance_id in zip(chunk["hosts"], chunk["instance_ids"]):
        if not _is_seen(tools, host):
            waiting.setdefault(instance_id, []).append(host)
    if not waiting or _via(tools) == "ssh":
        return {"changed": False}
    # Whether the quota allows the whole run was decided before it began.
    ids = [instance_id for instance_id in waiting if is_instance_id(instance_id)]
    arguments: dict[str, Any] = {"region": chunk["region"], "instance_ids": ids, "fail_on": "never", "exceed_half_quota": True}
    if not tools.check_mode:
        # In files, so that thousands of answers are never in memory together. In check mode the module writes none.
        arguments.update(dest=tools.store.subfolder(_ANSWERS), return_instances=False)
    result = tools.on_controller("ecs_ssh_access_info", arguments)
    answers = {row.get("instance_id"): row for row in result.get("instances") or []}
    for instance_id, host in ((instance_id, host) for instance_id, hosts in waiting.items() for host in hosts):
        row = answers.get(instance_id) or (tools.store.read_in(_ANSWERS, instance_id) if instance_id in ids else None) or {}
        over_ssh = (tools.store.read(_FACTS, host) or {}).get("why")
        texts = [f"over SSH: {over_ssh}" if over_ssh else "", f"through Cloud Assistant: {row.get('why') or reason(result)}"]
        _store(tools, host, row if row.get("seen") is True else None, "assistant", "; ".join(filter(None, texts)))
    return {"changed": False}


def judge_step(tools: Tools) -> dict[str, Any]:
    """Join what was read with the team, write the files, and fill the rows of this batch."""
    audit = _audit(tools)
    folder = tools.path("ecs_access_audit_dir")
    write_audit(folder, audit)
    fail_on, batch = _fail_on(tools), set(tools.names("ansible_play_batch"))
    rows = Rows(audit, lambda finding: counts_for(finding, fail_on))
    for host in _hosts(tools):
        if host in batch:
            _note(tools, host, rows.row(_instance_id(host, tools.of_host(host))))
    tools.store.write("audit", {"changes": audit.changes, "page": os.path.join(folder, PAGE)})
    return {"changed": False}


def _note(tools: Tools, host: str, row: Mapping[str, Any]) -> None:
    variables = tools.of_host(host)
    names = [variables.get("ecs_instance_id", ""), variables.get("ansible_host", ""), host]
    tools.store.write("row", {"names": names, "tried": True, "changed": False, **row}, host)


def _audit(tools: Tools) -> Audit:
    now = datetime.datetime.now(datetime.timezone.utc)
    parts = [read_audit(path) for path in _paths(tools, "ecs_access_merge")]
    before = next((read_audit(path) for path in _paths(tools, "ecs_access_compare")), None)
    picture = _picture(tools, now)
    return judge(merge([*parts, picture]) if parts else picture, before, _acceptances(tools), now)


class _Named(NamedTuple):
    """An instance under one of its names in the inventory."""

    host: str
    team: Team
    roster: Roster
    variables: Mapping[str, Any]

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(self.variables.get("group_names") or ())


def _picture(tools: Tools, now: datetime.datetime) -> Picture:
    reader, rosters = TeamReader(), dict[int, tuple[Team, Roster]]()
    hosts = _hosts(tools)
    joined = []
    for host in hosts:
        team, variables = _team(tools, reader, host), tools.of_host(host)
        if id(team) not in rosters:
            # The team is kept, so that no other gets its place in memory.
            rosters[id(team)] = (team, read_roster(team))
        joined.append(_Named(host, team, rosters[id(team)][1], variables))
    given = next((roster for _team_, roster in rosters.values() if roster.given), Roster())
    account = find_account(tools, (named.variables for named in joined))
    joiner = Joiner(_origin(tools, now, given, len(tools.variables.get("groups", {}).get("all") or hosts), account))
    same: dict[str, list[_Named]] = {}
    for named in joined:
        same.setdefault(_instance_id(named.host, named.variables), []).append(named)
    for names in same.values():
        # An instance that has several names in the inventory is one.
        facts = [_facts(tools, named.host) for named in names]
        chosen = next((number for number, each in enumerate(facts) if each.seen), 0)
        first = names[chosen]
        groups = tuple(dict.fromkeys(group for named in names for group in named.groups))
        joiner.add(_instance(first.host, groups, first.variables), facts[chosen], first.roster, _expected(names, now.date()))
    return joiner.finish()


def _expected(names: Sequence[_Named], today: datetime.date) -> dict[str, Expected]:
    """The access that any of an instance's names gives."""
    expected: dict[str, Expected] = {}
    for named in names:
        more = read_expected(named.team, Host(named.host, named.groups), today) if named.roster.given else {}
        expected.update({person: want for person, want in more.items() if person not in expected or want.gives_more_than(expected[person])})
    return expected


def _origin(tools: Tools, now: datetime.datetime, roster: Roster, inventory: int, account: str | None) -> Origin:
    limits = [read_pattern(tools.get("ecs_access_hosts")), str(context.CLIARGS.get("subset") or "")]
    user = tools.get("awx_user_name") or tools.get("tower_user_name") or _user()
    return Origin(
        generated_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        collection=f"alicloud.ecs_access {collection_version()}",
        run_by=printable(str(user)),
        limit=printable("; ".join(filter(None, limits))),
        team=roster.given,
        owner=roster.owner,
        inventory=inventory,
        account=account,
    )


def _instance(host: str, groups: Sequence[str], variables: Mapping[str, Any]) -> Instance:
    """What the inventory knows of a host; its own word on that does not count."""
    tags = variables.get("ecs_tags")
    texts = sorted(printable(f"{key}={value}" if value else str(key)) for key, value in tags.items()) if isinstance(tags, Mapping) else []
    name = printable(host)
    return Instance(_instance_id(host, variables), name, str(variables.get("ecs_region") or "") or None, tuple(sorted(map(printable, groups))), tuple(texts))


def _instance_id(host: str, variables: Mapping[str, Any]) -> str:
    return str(variables.get("ecs_instance_id") or printable(host))


def _team(tools: Tools, reader: TeamReader, host: str) -> Team:
    """The team of one host; raises StepFailed if it cannot be used."""
    variables = tools.raw(host)
    team = reader.read(variables, tools.template_for(variables))
    if team.blocking:
        raise StepFailed(f"The team cannot be used: {'; '.join(team.blocking[:5])}. The playbook check_team lists everything that is wrong.")
    return team


def _facts(tools: Tools, host: str) -> Facts:
    stored = tools.store.read(_FACTS, host)
    if not stored:
        return Facts(why="not tried yet")
    if stored["access"] is None:
        return Facts(why=printable(str(stored["why"]))[:500] or None, via=None)
    return read_host(stored["access"])._replace(via=stored["via"])


def _store(tools: Tools, host: str, found: Any, via: str, problem: str) -> None:
    tools.store.write(_FACTS, {"access": found if isinstance(found, Mapping) else None, "via": via, "why": problem}, host)


def _first(result: Mapping[str, Any]) -> Any:
    """The answer of the host in a result that the host wrote."""
    instances = result.get("instances")
    return instances[0] if isinstance(instances, list) and instances else None


def _is_seen(tools: Tools, host: str) -> bool:
    return bool((tools.store.read(_FACTS, host) or {}).get("access"))


def _uses_ssh(tools: Tools, variables: Mapping[str, Any]) -> bool:
    """Over SSH where the inventory has a way to the host; one that is only an instance id would go through a tunnel."""
    via, instance_id = _via(tools), variables.get("ecs_instance_id")
    if via != "auto" or not instance_id:
        return via != "assistant"
    return str(variables.get("ansible_host") or instance_id) != str(instance_id)


def _via(tools: Tools) -> str:
    return str(tools.get("ecs_access_via", "auto") or "auto")


def _fail_on(tools: Tools) -> str:
    return str(tools.get("ecs_access_fail_on", "high") or "high")


def _acceptances(tools: Tools) -> list[Acceptance]:
    return read_acceptances(tools.get("ecs_access_accepted", []) or [])


def _paths(tools: Tools, name: str) -> list[str]:
    value = tools.get(name, []) or []
    paths: Iterable[Any] = read_list(value, name)
    return [os.path.abspath(os.path.expanduser(str(path))) for path in paths]


def _hosts(tools: Tools) -> list[str]:
    """The hosts to audit: none, where parts are only put together."""
    hosts = tools.names("ansible_play_hosts_all")
    return [] if hosts == ["localhost"] and not tools.get("ecs_access_hosts", "") and tools.get("ecs_access_merge") else hosts


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"

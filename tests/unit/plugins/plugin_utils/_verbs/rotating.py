# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of pictures of hosts, on which the steps of rotate_key_pair run as the playbook would run them."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.look_rotation import next_rotation
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.record import Rotation
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.offer import Answers
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import rotate_key_pair, steps
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.store import RunStore
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.tools import Tools

OLD = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPVoWFOqcpnDYKpCV4AESiQyBP2Ps2ZdePPBGX2Hvxt"
NEW = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6sbKpsFKGPnoLvqJ2jPzUdlo3A2GNmiXqSFR+bMhGD"


def fingerprint(line: str) -> str:
    return parse_public_key(line).fingerprint_sha256


class Killed(BaseException):
    """The end of a run that nothing catches."""


class PictureOfHost:
    """Keys by account, with the options of their lines, and what the record has."""

    def __init__(self, number: int) -> None:
        self.instance_id, self.name = f"i-{number}", f"web-{number}"
        self.status, self.pair, self.reachable = "Running", "team", True
        self.keys: dict[str, dict[str, str]] = {"root": {OLD: ""}}
        self.rotation: Rotation | None = None
        self.stubborn = False
        """sshd accepts the old key whatever the files hold."""

    def opens(self, user: str, line: str) -> bool:
        return line in self.keys.get(user, {}) or (self.stubborn and line == OLD)


class PictureOfCloud:
    """What every fleet answers. After I(kill_after) writes the run is killed."""

    def __init__(self, hosts: dict[str, Any]) -> None:
        self.hosts = hosts
        self.writes: list[str] = []
        self.kill_after = 0
        self.without_agent: set[str] = set()

    def wrote(self, what: str) -> None:
        self.writes.append(what)
        if len(self.writes) == self.kill_after:
            raise Killed

    def ecs_instance_info(self, arguments, check):
        hosts = [host for host in self.hosts.values() if host.instance_id in arguments["instance_ids"]]
        agents = [{"version": "2.2.3.309", "online": host.name not in self.without_agent} for host in hosts]
        return {
            "instances": [
                {"instance_id": host.instance_id, "status": host.status, "key_pair_name": host.pair, "os_type": "linux", "cloud_assistant": agent}
                for host, agent in zip(hosts, agents)
            ]
        }

    def ecs_host_key_info(self, arguments, check):
        return {"instances": []}


class PictureOfFleet(PictureOfCloud):
    """Everything outside of the controller. After I(kill_after) writes the run is killed."""

    def __init__(self, count: int = 3) -> None:
        super().__init__({host.name: host for host in map(PictureOfHost, range(1, count + 1))})
        self.pairs = {"team": OLD}
        self.templates: list[str] = []
        self.lies: dict[tuple, dict] = {}
        """What a host answers instead, by its name, the module and the step."""

    # -- the cloud ----------------------------------------------------------------------------------------------------

    def ecs_key_pair_info(self, arguments, check):
        pairs = [
            {"name": name, "fingerprint": "", "public_key": line, "instance_ids": [h.instance_id for h in self.hosts.values() if h.pair == name],
             "launch_templates": self.templates}
            for name, line in self.pairs.items() if name in arguments.get("names", self.pairs)
        ]  # fmt: skip
        return {"key_pairs": pairs}

    def ecs_key_pair(self, arguments, check):
        name, changed = arguments["name"], False
        if arguments.get("state") == "absent":
            if not check:
                del self.pairs[name]
                self.wrote(f"delete {name}")
            return {"changed": True}
        known = self.pairs.get(name)
        if known is None and not check:
            self.pairs[name], changed = arguments.get("public_key", NEW), True
            self.wrote(f"import {name}")
        actions = ["import_key_pair"] if changed or known is None else []
        return {"changed": bool(actions), "actions": actions, "key_pair": {"public_key": NEW if known or not check else ""}}

    def ecs_attach_key_pair(self, arguments, check):
        if check:
            return {"changed": True, "instances": [{"instance_id": each, "failed": False, "changed": True} for each in arguments["instance_ids"]]}
        rows = []
        for host in self.hosts.values():
            if host.instance_id in arguments["instance_ids"]:
                host.pair = arguments["key_pair_name"]
                host.keys["root"][self.pairs[host.pair]] = ""
                rows.append({"instance_id": host.instance_id, "failed": False, "changed": True, "live": True, "bound": True, "msg": ""})
        self.wrote("attach")
        return {"changed": True, "instances": rows}

    # -- a host -------------------------------------------------------------------------------------------------------

    def access_rotation(self, host, arguments):
        step = arguments.get("step", "look")
        if step != "look":
            host.rotation = next_rotation(host.rotation, arguments)
            self.wrote(f"{step} {host.name}")
            return {"rotation": host.rotation._asdict()}
        wanted = {text if text.startswith("SHA256:") else fingerprint(text) for text in arguments["keys"]}
        places = [
            {"user": user, "path": "/x", "options": options, "public_key": line, "read": True}
            for user, keys in sorted(host.keys.items()) for line, options in keys.items() if fingerprint(line) in wanted
        ]  # fmt: skip
        rotation = host.rotation._asdict() if host.rotation else None
        ended = rotation if rotation and rotation["ended"] and rotation["pair"] == arguments.get("pair") else None
        return {"places": places, "unsearched": [], "rotation": rotation, "ended": ended}

    def ssh_access(self, host, arguments):
        for user in arguments["users"]:
            for key in user["authorized_keys"]:
                host.keys[user["name"]][key["key"]] = key.get("options", "")
        for text in arguments.get("revoked_keys", ()):
            for keys in host.keys.values():
                for line in [line for line in keys if text in (line, fingerprint(line))]:
                    del keys[line]
        self.wrote(f"{'revoke' if 'revoked_keys' in arguments else 'add'} {host.name}")
        return {"changed": True, "actions": []}


class PictureTools(Tools):
    """One task on one host, without Ansible behind it."""

    def __init__(self, fleet: PictureOfFleet, host: str, variables: dict, folder: Path, lost: set, check_mode: bool = False) -> None:
        self.fleet, self.store, self.check_mode = fleet, RunStore(str(folder)), check_mode
        hostvars = {name: {"ecs_instance_id": one.instance_id, "ecs_region": "r", "inventory_hostname": name} for name, one in fleet.hosts.items()}
        batch = [name for name in fleet.hosts if name not in lost]
        self.variables = {**variables, **hostvars[host], "hostvars": hostvars, "ansible_play_hosts_all": list(fleet.hosts), "ansible_play_batch": batch}
        play_context, task = types.SimpleNamespace(remote_user="root"), types.SimpleNamespace(diff=False, tags=[])
        self.action = types.SimpleNamespace(_connection=None, _play_context=play_context, _low_level_execute_command=self._command, _task=task)

    def get(self, name, default=None):
        value = self.variables.get(name)
        return default if value is None else value

    def on_controller(self, module, arguments, check=False):
        return getattr(self.fleet, module)(arguments, check or self.check_mode)

    def on_host(self, module, arguments, connection=None):
        self._command()
        answer = self.fleet.lies.get((self.host, module, arguments.get("step")))
        if answer is None and self.check_mode and (module == "ssh_access" or arguments.get("step") in ("start", "end")):
            return {"changed": True, "rotation": None}
        return getattr(self.fleet, module)(self.fleet.hosts[self.host], arguments) if answer is None else answer

    def _command(self, *arguments, **options):
        if not self.fleet.hosts[self.host].reachable:
            raise AnsibleConnectionFailure("Connection refused")


class Playbook:
    """Runs the plays; I(shown) is what the summary had, by host."""

    def __init__(self, fleet: PictureOfFleet, folder: Path, monkeypatch) -> None:
        self.fleet, self.folder, self.runs, self.rows, self.plan = fleet, folder, 0, {}, ""
        self.planned: dict = {}
        monkeypatch.setattr(rotate_key_pair, "prepare_connection", lambda tools, key="": None)
        monkeypatch.setattr(rotate_key_pair, "offer_keys", self._offer)
        monkeypatch.setattr(steps, "show_summary", self._show)

    def _offer(self, tools, user, public_keys, key):
        host = self.fleet.hosts[tools.host]
        offered = [OLD] if public_keys else []
        accepted = frozenset(fingerprint(line) for line in [*offered, NEW] if host.opens(user, line))
        refused = frozenset(fingerprint(line) for line in [*offered, NEW]) - accepted
        return Answers(accepted, refused, fingerprint(NEW) if host.opens(user, NEW) else "")

    def _show(self, tools, playbook, title, columns, ending):
        self.rows = tools.store.rows(list(self.fleet.hosts))
        return {"changed": False}

    def run(self, mode: str, serial: int = 100, check_mode: bool = False, **variables) -> dict:
        """Every play; answers the rows. Hosts that failed take no part in what follows, as in Ansible."""
        self.runs += 1
        given = {"ecs_access_old_key": "team", "ecs_access_key_pair_name": "team-2", "ecs_access_private_key_path": str(self.folder / "key")}
        full = {**given, "ecs_access_mode": mode, "ecs_access_overlap": "0", **variables}
        folder, lost, names = self.folder / f"run-{self.runs}", set(), list(self.fleet.hosts)
        folder.mkdir(parents=True)

        def tools(host):
            return PictureTools(self.fleet, host, full, folder, lost, check_mode)

        def on_hosts(batch, step):
            for host in [name for name in batch if name not in lost]:
                one = tools(host)
                try:
                    result = step(one)
                except (AccessError, ValueError, AnsibleError) as exc:
                    result = steps.end_host(one, {"failed": True, "why": str(exc)})
                if result.get("failed"):
                    lost.add(host)

        def chunk(batch):
            left = [name for name in batch if name not in lost]
            return {"region": "r", "hosts": left, "instance_ids": [self.fleet.hosts[name].instance_id for name in left]}

        rotate_key_pair.cloud_step(tools(names[0]), chunk(names))
        on_hosts(names, rotate_key_pair.host_step)
        self.planned = planned = rotate_key_pair.plan_step(tools(names[0]))
        self.plan = tools(names[0]).store.read("plan")["plan_id"]
        if mode == "apply" and not planned.get("failed"):
            self._apply(tools, on_hosts, chunk, lost, [names[start : start + serial] for start in range(0, len(names), serial)])
        self.rows = tools(names[0]).store.rows(names)
        return self.rows

    def _apply(self, tools, on_hosts, chunk, lost, batches):
        for first, second in ((rotate_key_pair.bind_step, rotate_key_pair.add_step), (rotate_key_pair.decide_step, rotate_key_pair.remove_step)):
            for batch in batches:
                left = [name for name in batch if name not in lost]
                if not left:
                    continue
                try:
                    first(tools(left[0]), chunk(batch)) if first is rotate_key_pair.bind_step else first(tools(left[0]))
                except AccessError:
                    return
                on_hosts(batch, second)
                if not set(left) - lost:
                    return
        left = [name for name in self.fleet.hosts if name not in lost]
        if left:
            rotate_key_pair.delete_step(tools(left[0]))

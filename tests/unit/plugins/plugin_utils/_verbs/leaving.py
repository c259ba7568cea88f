# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of pictures of hosts that somebody leaves, on which the steps of offboard run as the playbook would run them."""

from __future__ import annotations

from pathlib import Path

from ansible.errors import AnsibleError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.shape import SCHEMA
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.offer import Answers
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import offboard, steps

from .rotating import NEW, OLD, PictureOfCloud, PictureTools, fingerprint

HIS, ADMIN = OLD, NEW
ROBOT = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB4CMTb4MQ8dUwsPAxQWRl0mXRYNTMSqBbhCnyZgTQf2"
TEAM = [{"name": "paul", "state": "absent", "authorized_keys": [HIS]}, {"name": "robot", "authorized_keys": [ROBOT]}]


class PictureOfHost:
    """Keys by account, whether paul's is locked, and what else acts in this name."""

    def __init__(self, number: int) -> None:
        self.instance_id, self.name = f"i-{number}", f"web-{number}"
        self.status, self.pair, self.reachable = "Running", "", True
        self.keys = {"root": [ADMIN], "paul": [HIS, ROBOT], "deploy": [HIS]}
        self.locked = False
        self.jobs = ["crontab", "processes"]
        self.units: list[str] = []
        self.stubborn = False
        """sshd accepts his key whatever the files hold."""


class PictureOfFleet(PictureOfCloud):
    """Everything outside of the controller. After I(kill_after) writes the run is killed: those within ssh_access count too."""

    def __init__(self, count: int = 3) -> None:
        super().__init__({host.name: host for host in map(PictureOfHost, range(1, count + 1))})
        self.accounts: list[dict] = []
        self.facts: dict[str, list] = {}
        self.hosts["web-1"].pair = "pauls"
        self.unbinds = True
        """Whether the API lets the pair be unbound."""

    # -- the cloud ----------------------------------------------------------------------------------------------------

    def ecs_key_pair_info(self, arguments, check):
        return {"key_pairs": [{"name": "pauls", "fingerprint": "", "public_key": HIS}, {"name": "team", "fingerprint": "", "public_key": ADMIN}]}

    def ecs_attach_key_pair(self, arguments, check):
        assert (arguments["key_pair_name"], arguments["state"]) == ("pauls", "absent")
        rows = []
        for host in self.hosts.values():
            if host.instance_id in arguments["instance_ids"]:
                if not self.unbinds:
                    rows.append({"instance_id": host.instance_id, "failed": True, "changed": False, "msg": "Forbidden.RAM"})
                    continue
                if not check:
                    host.pair = ""
                    self.wrote(f"unbind {host.name}")
                rows.append({"instance_id": host.instance_id, "failed": False, "changed": True, "msg": ""})
        return {"changed": any(row["changed"] for row in rows), "instances": rows}

    # -- a host -------------------------------------------------------------------------------------------------------

    def access_rotation(self, host, arguments, check):
        wanted = {text if text.startswith("SHA256:") else fingerprint(text) for text in arguments["keys"]}
        places = [
            {"user": user, "path": "/x", "options": "", "public_key": line, "read": True, "shared": False}
            for user, keys in sorted(host.keys.items()) for line in keys if fingerprint(line) in wanted or user in arguments["users"]
        ]  # fmt: skip
        users = [{"name": name, "uid": 1, "local": True} for name in arguments["users"] if name in host.keys]
        return {"places": places, "unsearched": [], "users": users}

    def ssh_access_info(self, host, arguments, check):
        parts = {part: [] for part in ("login_methods", "root", "private_keys", "at_next_boot", "unread")}
        return {"instances": [{"schema": SCHEMA, "seen": True, "accounts": self.accounts, **parts, **self.facts}]}

    def ssh_access(self, host, arguments, check):
        actions = []
        his = [user for user in arguments["users"] if user["name"] == "paul"]
        for user in his:
            if user["state"] == "locked" and not host.locked:
                actions.append(("lock user paul", lambda: setattr(host, "locked", True)))
            if user["state"] == "absent" and "paul" in host.keys:
                actions.append(("remove user paul", lambda: host.keys.pop("paul")))
            for key in user.get("authorized_keys", ()):
                if key["key"] in host.keys.get("paul", ()):
                    actions.append(("user paul: remove key", lambda line=key["key"]: host.keys["paul"].remove(line)))
        for line in arguments["revoked_keys"]:
            for name, keys in host.keys.items():
                if line in keys:
                    actions.append((f"user {name}: remove key", lambda keys=keys, line=line: keys.remove(line)))
        actions += [(f"remove {job}", lambda job=job: host.jobs.remove(job)) for job in (list(host.jobs) if his else ())]
        for text, act in [] if check else actions:
            act()
            self.wrote(f"{text} on {host.name}")
        bound = host.pair == "pauls"
        return {
            "changed": bool(actions),
            "actions": [text for text, _act in actions],
            "remains": host.units,
            **({"failed": True, "msg": "bound"} if bound else {}),
        }


class LeavingTools(PictureTools):
    """One task on one host, without Ansible behind it."""

    def raw(self, host):
        return self.variables

    def template_for(self, variables):
        return lambda value: value

    def on_host(self, module, arguments, connection=None, check=False):
        self._command()
        return getattr(self.fleet, module)(self.fleet.hosts[self.host], arguments, check or self.check_mode)


class Playbook:
    """Runs the plays; I(rows) is what the summary had, by host."""

    def __init__(self, fleet: PictureOfFleet, folder: Path, monkeypatch) -> None:
        self.fleet, self.folder, self.runs, self.rows, self.plan = fleet, folder, 0, {}, {}
        self.verdict: dict = {}
        monkeypatch.setattr(offboard, "prepare_connection", lambda tools, key="": None)
        monkeypatch.setattr(offboard, "offer_keys", self._offer)
        monkeypatch.setattr(steps, "show_summary", self._show)

    def _offer(self, tools, user, public_keys, key):
        host = self.fleet.hosts[tools.host]
        held = [] if user == "paul" and host.locked else host.keys.get(user, [])
        accepted = {fingerprint(line) for line in (HIS, ADMIN) if line in held or (host.stubborn and line == HIS)}
        refused = {fingerprint(HIS), fingerprint(ADMIN)} - accepted
        # The administrator's key opens root; that of deploy is at hand as well.
        opened = fingerprint(ADMIN) if ADMIN in held else "SHA256:deploy" if user == "deploy" and key else ""
        return Answers(frozenset(accepted), frozenset(refused), opened)

    def _show(self, tools, playbook, title, columns, ending):
        assert all(isinstance(line, str) for line in ending)
        return {"changed": False}

    def run(self, mode: str, hosts=None, check_mode=False, **variables) -> dict:
        """Every play; answers the rows. Hosts that failed take no part in what follows, as in Ansible."""
        self.runs += 1
        (self.folder / "deploy").parent.mkdir(parents=True, exist_ok=True)
        (self.folder / "deploy").write_text("key")
        controls = {"deploy": str(self.folder / "deploy")}
        full = {"ecs_access_person": "paul", "ssh_users_accounts": TEAM, "ecs_access_private_keys": controls, "ecs_access_mode": mode, **variables}
        folder, lost, names = self.folder / f"run-{self.runs}", set(), list(hosts or self.fleet.hosts)
        folder.mkdir(parents=True)

        def tools(host):
            made = LeavingTools(self.fleet, host, full, folder, lost, check_mode)
            made.variables["ansible_play_hosts_all"] = names
            return made

        def on_hosts(step):
            for host in [name for name in names if name not in lost]:
                one = tools(host)
                try:
                    result = step(one)
                except (AccessError, ValueError, AnsibleError) as exc:
                    result = steps.end_host(one, {"failed": True, "why": str(exc)})
                if result.get("failed"):
                    lost.add(host)

        def chunk():
            left = [name for name in names if name not in lost]
            return {"region": "r", "hosts": left, "instance_ids": [self.fleet.hosts[name].instance_id for name in left]}

        first = tools(names[0])
        offboard.check(first)
        offboard.cloud_step(first, chunk())
        on_hosts(offboard.host_step)
        self.verdict = offboard.plan_step(tools(names[0]))
        self.plan = first.store.read("plan")
        if mode == "apply" and not self.verdict.get("failed") and set(names) - lost:
            offboard.bind_step(tools(names[0]), chunk())
            on_hosts(offboard.remove_step)
            self.verdict = offboard.verdict_step(tools(names[0]))
        self.rows = first.store.rows(names)
        return self.rows

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an instance can take temporary keys; if not, why, and what to do about it.

The order of the checks is the one in which things fail in practice: the system cannot be checked as long as the agent
is offline, and sshd's settings cannot as long as sshd rejects them.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple
from typing import List as ListOf

from .._assistant.shape import LINE, WORDS, List, Maybe, Table, Text
from .._ecs.instance import Agent, Instance
from .._ecs.items import Problem
from .._openssh.obstacles import find_obstacles
from .._openssh.rules import Account
from .._text import printable, shorten

OLDEST_AGENT = "2.2.3.196"
CLOCK_TOLERANCE = 5
"""Seconds by which clocks may differ before it is worth a word."""

AGENT_LOG = "/usr/local/share/aliyun-assist/*/log/aliyun_assist_main.log"
PLUGIN_LOG = "/usr/local/share/aliyun-assist/*/log/acs_plugin_manager.log"
_HELPER = "/config_ecs_instance_connect/ecs_config_instance_connect"
_CONFIG = "/etc/ssh/sshd_config"
_ACCESS_KEYWORDS = ("allowusers", "denyusers", "allowgroups", "denygroups", "permitrootlogin", "authenticationmethods")

_USER = {
    "name": LINE, "exists": bool, "uid": Maybe(int), "home": Maybe(Text()), "shell": Maybe(Text()), "groups": Maybe(WORDS), "settings": Maybe(Table(WORDS)),
    "ours": Maybe(bool), "error": Maybe(LINE),
}  # fmt: skip
_SEEN = {"plugin": bool, "command": List(Text(), 2), "manager": Text(), "users": List(_USER, 500)}
PREPARE_ANSWER = {
    "done": List(LINE, 100), "clock": float, "up": bool, "sshd_error": Text(), "seen": _SEEN, "wanted": bool, "trial": Maybe(List(Text(), 2)),
    "install": Maybe({"code": int, "output": Text()}), "after": Maybe(_SEEN), "after_error": Maybe(Text()), "undone": Maybe(bool), "still": Maybe(Text()),
}  # fmt: skip
SERVED_ANSWER = {"missing": List({"name": LINE, "code": int, "others": int}, 1)}


def find_instance_problem(instance: Instance) -> Optional[Problem]:
    """Why the instance cannot take keys, by what ECS reports."""
    if instance.is_windows:
        return Problem("windows", "it runs Windows", "temporary keys are for Linux; leave it out")
    if not instance.is_running:
        return Problem("not_running", "it is %s" % (instance.status or "in an unknown state"), "start it and run again")
    return None


def find_agent_problem(agent: Agent) -> Optional[Problem]:
    """Why the instance cannot take keys, by what DescribeCloudAssistantStatus reports."""
    if not agent.installed:
        return Problem("agent_missing", "the Cloud Assistant agent is not installed", "install it (InstallCloudAssistant) and reboot the instance")
    if not agent.online:
        return Problem(
            "agent_offline",
            "the Cloud Assistant agent is offline",
            "start it (aliyun-service, aliyun.service) and let it reach *.axt.aliyun.com:443; its log is %s" % AGENT_LOG,
        )
    if agent.version and version_tuple(agent.version) < version_tuple(OLDEST_AGENT):
        return Problem(
            "agent_too_old",
            "its Cloud Assistant agent %s is too old" % agent.version,
            "temporary keys need %s or newer: upgrade the agent (InstallCloudAssistant)" % OLDEST_AGENT,
        )
    return None


def version_tuple(version: str) -> Tuple[int, ...]:
    """Numbers that can be compared."""
    return tuple(int(word) for word in re.findall(r"\d+", version))


def find_guest_problem(answer: Mapping[str, Any], may_prepare: bool) -> Optional[Problem]:
    """The problem that the guest's program found; raises KeyError, TypeError and ValueError for an unexpected response.

    With I(may_prepare), a problem that the preparation would fix is left out as long as it was not tried.
    """
    if answer["sshd_error"]:
        return Problem(
            "sshd_broken",
            "sshd rejects its own configuration (%s), so nothing was changed" % _one_line(answer["sshd_error"]),
            "repair it until 'sshd -t' is silent: the next restart would lock all users out",
        )
    if not answer["up"] and "install" not in answer:
        return Problem("sshd_down", "no SSH server runs in it", "start it: systemctl status ssh sshd")
    if "install" in answer and answer.get("undone"):
        return _find_install_problem(answer)
    seen = answer["seen"]
    if not seen["plugin"] and not may_prepare:
        return _NOT_PREPARED
    checks = (_find_command_problem, _find_pubkey_problem, _find_account_problem, _find_access_problem)
    for check in checks:
        for row in seen["users"]:
            problem = check(row, seen)
            if problem is not None:
                return problem
    if answer.get("trial"):
        block, error = answer["trial"]
        if error:
            return Problem("sshd_broken", "sshd would reject the plugin's lines (%s)" % _one_line(error), "see 'sshd -T' in the instance")
        return _swallowed(block)
    if answer["wanted"] and not seen["plugin"] and not seen["manager"]:
        return Problem("agent_too_old", "acs-plugin-manager is missing in it", "upgrade the Cloud Assistant agent to %s or newer" % OLDEST_AGENT)
    if answer["wanted"] and "install" not in answer and not may_prepare:
        return _NOT_PREPARED
    return None


_NOT_PREPARED = Problem("not_prepared", "its sshd does not query temporary keys (plugin config_ecs_instance_connect)", "run with prepare=auto once")


def _find_command_problem(row: Mapping[str, Any], seen: Mapping[str, Any]) -> Optional[Problem]:
    settings = row.get("settings") or {}
    command = " ".join(settings.get("authorizedkeyscommand") or ["none"])
    if row.get("ours") or not row["exists"]:
        return None
    if _HELPER in command:
        user = " ".join(settings.get("authorizedkeyscommanduser") or ["nobody"])
        return Problem(
            "foreign_command",
            "AuthorizedKeysCommand is the plugin's but runs as %s" % user,
            "set AuthorizedKeysCommandUser ecs-instance-connect in %s" % _CONFIG,
        )
    if command != "none":
        return Problem(
            "foreign_command",
            "another AuthorizedKeysCommand is in effect for %s: %s" % (row["name"], _one_line(command)),
            "sshd supports only one, and the vendor's installer would silently keep this one: remove it, or make it call the plugin's too",
        )
    if not seen["command"]:
        return None
    block, line = seen["command"]
    if _HELPER in line or block:
        return _swallowed(block)
    return Problem(
        "foreign_command",
        "%s has the line '%s', which the vendor's installer mistakes for its own" % (_CONFIG, _one_line(line)),
        "remove that line and run again",
    )


def _swallowed(block: str) -> Problem:
    where = "the block '%s' at the end of %s swallows" % (_one_line(block), _CONFIG) if block else "an earlier setting overrides"
    return Problem(
        "command_not_in_force",
        "%s the plugin's AuthorizedKeysCommand, so sshd would not use it" % where,
        "move the block into a file that is read last, or put 'Match all' after it; sshd -T -C user=NAME,host=x,addr=192.0.2.1 shows the effective settings",
    )


def _find_pubkey_problem(row: Mapping[str, Any], seen: Mapping[str, Any]) -> Optional[Problem]:
    if (row.get("settings") or {}).get("pubkeyauthentication") == ["no"]:
        return Problem("pubkey_off", "PubkeyAuthentication is set to no for %s" % row["name"], "enable it: role alicloud.ecs_access.ssh_server")
    return None


def _find_account_problem(row: Mapping[str, Any], seen: Mapping[str, Any]) -> Optional[Problem]:
    if not row["exists"]:
        return Problem("user_missing", "there is no account %s in it" % row["name"], "create it: role alicloud.ecs_access.ssh_users")
    if row.get("error"):
        return Problem("guest", "sshd -T does not show the settings for %s: %s" % (row["name"], _one_line(row["error"])), "see sshd -T")
    return None


def _find_access_problem(row: Mapping[str, Any], seen: Mapping[str, Any]) -> Optional[Problem]:
    account = Account(row["name"], row["uid"], row["home"], tuple(row["groups"]))
    for obstacle in find_obstacles(row["settings"], account):
        if obstacle.keyword in _ACCESS_KEYWORDS:
            return Problem("login_refused", "sshd refuses %s: %s" % (row["name"], obstacle.text), obstacle.fix)
    return None


_LOG = "its log is %s" % PLUGIN_LOG
_NETWORK = "let the instance reach Alibaba Cloud's internal services (security group, routes, DNS); " + _LOG
_REINSTALL = "remove it (acs-plugin-manager -r -P config_ecs_instance_connect) and run again; " + _LOG
_DISK = "check disk space and permissions of /usr/local/share/aliyun-assist; " + _LOG
_CODES: Dict[int, Tuple[str, str]] = {
    232: ("another run of the plugin manager holds its lock", "run again in a minute; " + _LOG),
    233: ("the plugin manager found no reachable server", _NETWORK),
    234: ("the plugin was found neither online nor in the instance", "check whether it is available in this region; " + _LOG),
    235: ("the downloaded file is not a zip file", _NETWORK),
    236: ("the plugin's package could not be unpacked", _DISK),
    237: ("the plugin's config.json could not be read", _REINSTALL),
    238: ("the plugin's program is missing", _REINSTALL),
    239: ("the plugin's checksum is wrong", _NETWORK),
    240: ("the plugin could not be downloaded", _NETWORK),
    241: ("the list of installed plugins could not be read", "repair installed_plugins in /usr/local/share/aliyun-assist/plugin; " + _LOG),
    242: ("the list of installed plugins could not be written", _DISK),
    243: ("the server returned no information about the plugin", _NETWORK),
    244: ("the plugin could not be made executable", _DISK),
    245: ("an old version of the plugin could not be removed", _DISK),
    246: ("the plugin could not be run", "check for noexec mounts and security modules; " + _LOG),
    247: ("the plugin did not end in time", "check whether sshd restarts; " + _LOG),
    -1: ("the plugin manager did not end in time", "set a longer prepare_timeout; " + _LOG),
}


def _find_install_problem(answer: Mapping[str, Any]) -> Problem:
    install = answer["install"]
    code, after = int(install["code"]), answer.get("after") or {}
    undone = "everything was restored" if not answer.get("still") else "sshd's configuration is broken now: %s" % answer["still"]
    if answer["up"] is False:
        undone += ", but sshd does not run"
    if code:
        what, remedy = _CODES.get(code, ("the plugin's installer failed", _LOG))
        said = _one_line(install.get("output") or "")
        return Problem("plugin_failed", "%s (exit status %d%s); %s" % (what, code, ": " + said if said else "", undone), remedy)
    if answer.get("after_error"):
        return Problem("plugin_failed", "sshd rejected what the plugin wrote (%s); %s" % (_one_line(answer["after_error"]), undone), _LOG)
    for row in after.get("users") or []:
        problem = _find_command_problem(row, after)
        if problem is not None:
            return problem._replace(why="%s; %s" % (problem.why, undone))
    return Problem("plugin_failed", "the plugin reports that it is installed, but sshd does not use it; %s" % undone, _LOG)


def find_served_problem(answer: Mapping[str, Any]) -> Optional[Problem]:
    """Why the vendor's program does not return a key when it is run as sshd runs it; raises KeyError, TypeError and ValueError."""
    if not answer["missing"]:
        return None
    (found,) = answer["missing"]
    name, code, others = found["name"], found["code"], found["others"]
    if code == _TIMED_OUT:
        how = "does not answer within 5 seconds"
    elif code:
        how = "ends with status %d" % int(code)
    else:
        how = "returns %s" % ("other keys only" if others else "no key")
    return Problem(
        "key_server",
        "Cloud Assistant has accepted the key for %s, but the plugin's program in the instance %s when it is run as sshd runs it" % (name, how),
        "let the instance reach *.axt.aliyun.com:443 within 5 seconds (security group, routes, DNS, proxy)",
    )


_TIMED_OUT = 124


class Clock(NamedTuple):
    """How an instance's clock stands to ours. I(ahead) is in seconds, negative when it is behind."""

    ahead: float = 0.0

    @property
    def told(self) -> str:
        """One sentence, or nothing when the clocks agree."""
        if abs(self.ahead) <= CLOCK_TOLERANCE:
            return ""
        if self.ahead > 0:
            effect = "treats temporary keys as expired %d s early" % self.ahead
        else:
            effect = "may accept temporary keys for %d s longer" % -self.ahead
        where = "ahead of" if self.ahead > 0 else "behind"
        return "its clock is %d s %s this controller's, so it %s" % (abs(self.ahead), where, effect)

    def find_problem(self, lifetime: int) -> Optional[Problem]:
        if self.ahead < lifetime:
            return None
        return Problem("clock", self.told + ", so no key is ever valid", "set its clock: chronyc makestep, timedatectl (and check the clock of this machine)")


def read_clock(guest: float, sent: float, received: float) -> Clock:
    """The guest looked at its clock at a moment between I(sent) and I(received) of ours."""
    if guest < sent:
        return Clock(guest - sent)
    return Clock(max(0.0, guest - received))


def _one_line(text: str) -> str:
    return shorten(printable(" ".join(str(text)[:1000].split())), 200)


def list_done(answer: Mapping[str, Any]) -> ListOf[str]:
    """What the preparation changed."""
    return [_one_line(text) for text in answer.get("done") or []]

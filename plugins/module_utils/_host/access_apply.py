# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a plan, step by step, keeping count of what has been done.

Note that this module util is **PRIVATE** to the collection.
"""

import pwd
from typing import List

from ansible_collections.alicloud.ecs_access.plugins.module_utils._host.key_writer import create_home, remove_key_file, write_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._host.sudoers_files import remove_fragment, write_fragment
from ansible_collections.alicloud.ecs_access.plugins.module_utils._host.tools import HostError, describe_error, end_processes, run_tool
from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.access_state import Plan, Step
from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.accounts import Account
from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.keys_location import UID_TO_COME

_NO_SUCH_GROUP = 6
_MAIL_OR_HOME_MISSING = 12


class Unfinished(Exception):
    """A step failed. C(done) are the sentences of the steps before it."""

    def __init__(self, step: Step, reason: str, done: List[str]) -> None:
        super().__init__("could not %s: %s" % ("; ".join(step.what), reason))
        self.done = done


def apply_plan(plan: Plan) -> List[str]:
    """Do all steps; raises Unfinished at the first that fails."""
    calls = {
        "run": _run, "remove_group": _remove_group, "write_fragment": _write_fragment, "remove_fragment": _remove_fragment,
        "write_keys": _write_keys, "remove_key_file": _remove_key_file, "create_home": _create_home, "end_sessions": _end_sessions,
    }  # type: Dict[str, Callable[[Step], None]]
    done = []  # type: List[str]
    for step in plan.steps:
        try:
            calls[step.call](step)
        except HostError as exc:
            raise Unfinished(step, str(exc), done)
        except OSError as exc:
            raise Unfinished(step, describe_error(exc), done)
        done += step.what
    return done


def _run(step: Step) -> None:
    argv = step.args["argv"]
    code, said = run_tool(argv, step.args["stdin"])
    if code != 0 and not (argv[0] == "userdel" and code == _MAIL_OR_HOME_MISSING):
        ended = "it was killed by signal %d" % -code if code < 0 else "return code %d" % code
        raise HostError("%s says: %s" % (argv[0], said or ended))


def _remove_group(step: Step) -> None:
    code, said = run_tool(["groupdel", step.args["name"]])
    # Removing its last user may have taken the group along.
    if code not in (0, _NO_SUCH_GROUP):
        raise HostError("groupdel says: " + said)


def _write_fragment(step: Step) -> None:
    write_fragment(step.args["path"], step.args["text"])


def _remove_fragment(step: Step) -> None:
    remove_fragment(step.args["path"])


def _write_keys(step: Step) -> None:
    account = _account(step)
    write_key_file(account, step.args["path"].replace(UID_TO_COME, str(account.uid)), step.args["content"], step.args["before"])


def _remove_key_file(step: Step) -> None:
    remove_key_file(_account(step), step.args["path"])


def _create_home(step: Step) -> None:
    create_home(_account(step))


def _end_sessions(step: Step) -> None:
    account = _account(step)
    end_processes(account.uid, account.name)


def _account(step: Step) -> Account:
    """The account as it is now: a step before this one may have made it."""
    try:
        entry = pwd.getpwnam(step.args["name"])
    except KeyError:
        raise HostError("there is no user %s any more" % step.args["name"])
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_gecos, entry.pw_dir, entry.pw_shell)

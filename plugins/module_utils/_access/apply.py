# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a plan, step by step, keeping count of what has been done.

Note that this module util is **PRIVATE** to the collection.
"""

import os
import pwd
from typing import List

from .._openssh.key_paths import UID_TO_COME
from .._system.account_files import read_shadows
from .._system.accounts import Account, expiry_text
from .._system.processes import end_processes
from .._system.run import HostError, describe_error, run_tool
from .state import LEAVING, Plan, Step
from .sudoers_files import remove_fragment, write_fragment
from .write_keys import create_home, remove_key_file, write_key_file, write_shared_file

_NO_SUCH_GROUP = 6
_MAIL_OR_HOME_MISSING = 12


class Unfinished(Exception):
    """Steps failed. C(done) are the sentences of those that did not."""

    def __init__(self, reasons: List[str], done: List[str]) -> None:
        super().__init__("; ".join(reasons))
        self.done = done


def apply_plan(plan: Plan) -> List[str]:
    """Do all steps. Those that take a person's access away are all tried; of the others the first that fails is the last.

    Raises Unfinished in the end if anything failed.
    """
    calls = {
        "run": _run,
        "remove_group": _remove_group,
        "write_fragment": _write_fragment,
        "remove_fragment": _remove_fragment,
        "write_keys": _write_keys,
        "remove_key_file": _remove_key_file,
        "create_home": _create_home,
        "end_sessions": _end_sessions,
    }  # type: Dict[str, Callable[[Step], None]]
    done, reasons, giving = [], [], True  # type: List[str], List[str], bool
    for step in plan.steps:
        leaving = step.phase in LEAVING
        if not leaving and not giving:
            continue
        try:
            calls[step.call](step)
            done += step.what
        except (HostError, OSError) as exc:
            reason = describe_error(exc) if isinstance(exc, OSError) else str(exc)
            reasons.append("could not %s: %s" % ("; ".join(step.what), reason))
            giving = giving and leaving
    if reasons:
        raise Unfinished(reasons, done)
    return done


def _run(step: Step) -> None:
    argv = step.args["argv"]
    code, said = run_tool(argv, step.args["stdin"])
    # userdel also says so where there is no mail to remove. What became of a home is looked at.
    if code != 0 and not (argv[0] == "userdel" and code == _MAIL_OR_HOME_MISSING):
        ended = "it was killed by signal %d" % -code if code < 0 else "return code %d" % code
        raise HostError("%s says: %s" % (argv[0], said or ended))
    _check_outcome(step)


def _check_outcome(step: Step) -> None:
    """Whether a tool did what it did not complain about: it may read damaged files otherwise than the name service."""
    argv, home = step.args["argv"], step.args.get("home", "")
    if home and os.path.lexists(home):
        raise HostError("userdel removed the account and left the home %s" % home)
    if argv[0] == "usermod" and "-e" in argv:
        wanted = argv[argv.index("-e") + 1]
        found = read_shadows().get(argv[-1])
        if found is not None and found.expires != wanted:
            raise HostError("usermod did not complain, and %s still expires: %s" % (argv[-1], expiry_text(found.expires)))


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
    if step.args["shared"]:
        write_shared_file(step.args["path"], step.args["content"], step.args["before"])
        return
    account = _account(step)
    write_key_file(account, step.args["path"].replace(UID_TO_COME, str(account.uid)), step.args["content"], step.args["before"])


def _remove_key_file(step: Step) -> None:
    remove_key_file(_account(step), step.args["path"])


def _create_home(step: Step) -> None:
    create_home(_account(step))


def _end_sessions(step: Step) -> None:
    account = _account(step)
    end_processes(account.uid, account.gid, account.name)


def _account(step: Step) -> Account:
    """The account as it is now: a step before this one may have made it."""
    try:
        entry = pwd.getpwnam(step.args["name"])
    except KeyError:
        raise HostError("there is no user %s any more" % step.args["name"])
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_gecos, entry.pw_dir, entry.pw_shell)

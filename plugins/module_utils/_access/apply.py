# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a plan, step by step, keeping count of what has been done.

Note that this module util is **PRIVATE** to the collection.
"""

import os
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

from .._openssh.rules import expand_pattern
from .._system.account_files import find_account, read_passwd, read_shadows
from .._system.accounts import Account, expiry_text
from .._system.files import remove_file, write_file
from .._system.nodes import read_regular
from .._system.processes import end_processes
from .._system.run import HostError, describe_error, run_tool
from .report import sentences
from .state import Plan, UserView
from .steps import (
    LEAVING,
    Action,
    CreateHome,
    EditFile,
    EndSessions,
    RemoveFile,
    RemoveFragment,
    RemoveGroup,
    RemoveKeyFile,
    RunTool,
    WriteFragment,
    WriteKeys,
)
from .sudoers_files import remove_fragment, write_fragment
from .write_keys import create_home, remove_key_file, write_key_file, write_shared_file

_NO_SUCH_GROUP = 6
_MAIL_OR_HOME_MISSING = 12


class Outcome(NamedTuple):
    """What came of the steps: the effects of those that were done, why others failed, and where revoked keys stay for that."""

    done: Tuple[Action, ...] = ()
    failures: Tuple[str, ...] = ()
    unremoved: Tuple[str, ...] = ()


def apply_plan(plan: Plan) -> Outcome:
    """Do all steps. Those that take a person's access away are all tried; of the others the first that fails is the last."""
    done: List[Action] = []
    failures: List[str] = []
    unremoved: List[str] = []
    giving = True
    for step in plan.steps:
        leaving = step.phase in LEAVING
        if not leaving and not giving:
            if isinstance(step, WriteKeys) and step.revokes:
                unremoved.append("not done for that reason: %s" % "; ".join(sentences(step.actions)))
            continue
        try:
            _CALLS[type(step)](step)
            done += step.actions
        except (HostError, OSError) as exc:
            reason = describe_error(exc)
            said = "could not %s: %s" % ("; ".join(sentences(step.actions)), reason)
            revokes = isinstance(step, WriteKeys) and step.revokes
            (unremoved if revokes else failures).append(said)
            giving = giving and leaving
    return Outcome(tuple(done), tuple(failures), tuple(unremoved))


def with_uids(views: Dict[str, UserView]) -> Dict[str, UserView]:
    """The same with the numbers that new accounts were given."""
    accounts = read_passwd().accounts
    made = [name for name, view in views.items() if view.exists and view.uid is None and name in accounts]
    return {**views, **{name: views[name]._replace(uid=accounts[name].uid) for name in made}}


def _run(step: RunTool) -> None:
    code, said = run_tool(list(step.argv), step.stdin)
    # userdel also reports that where there is no mail to remove. Whether a home is gone is checked below.
    if code != 0 and not (step.argv[0] == "userdel" and code == _MAIL_OR_HOME_MISSING):
        ended = "it was killed by signal %d" % -code if code < 0 else "return code %d" % code
        raise HostError("%s failed: %s" % (step.argv[0], said or ended))
    _check_outcome(step)


def _check_outcome(step: RunTool) -> None:
    """Whether a tool that reported success did its work: it may read damaged files differently from the name service."""
    if step.gone_home and os.path.lexists(step.gone_home):
        raise HostError("userdel removed the account but not the home %s" % step.gone_home)
    if step.expiry:
        found = read_shadows().get(step.expiry.user)
        if found is not None and found.expires != step.expiry.days:
            raise HostError("usermod reported success, but %s still expires: %s" % (step.expiry.user, expiry_text(found.expires)))


def _remove_group(step: RemoveGroup) -> None:
    code, said = run_tool(["groupdel", step.name])
    # Removing its last user may have taken the group along.
    if code not in (0, _NO_SUCH_GROUP):
        raise HostError("groupdel failed: " + said)


def _write_fragment(step: WriteFragment) -> None:
    write_fragment(step.folder, step.names, step.text)


def _remove_fragment(step: RemoveFragment) -> None:
    remove_fragment(step.folder, step.names)


def _write_keys(step: WriteKeys) -> None:
    if step.shared:
        write_shared_file(step.path, step.content, step.before)
        return
    account = _account(step.name)
    path = step.path if step.pattern is None else os.path.normpath(expand_pattern(step.pattern, account.name, account.uid, account.home))
    write_key_file(account, path, step.content, step.before)


def _remove_key_file(step: RemoveKeyFile) -> None:
    remove_key_file(_account(step.name), step.path)


def _remove_file(step: RemoveFile) -> None:
    remove_file(step.path)


def _edit_file(step: EditFile) -> None:
    if read_regular(step.path, len(step.before) + 1) != step.before:
        raise HostError("%s was changed by another process during this run; run it again" % step.path)
    write_file(step.path, step.content)


def _create_home(step: CreateHome) -> None:
    create_home(_account(step.name))


def _end_sessions(step: EndSessions) -> None:
    account = _account(step.name)
    end_processes(account.uid, account.gid, account.name)


_CALLS: Dict[type, Callable[[Any], None]] = {
    RunTool: _run,
    RemoveGroup: _remove_group,
    WriteFragment: _write_fragment,
    RemoveFragment: _remove_fragment,
    WriteKeys: _write_keys,
    RemoveKeyFile: _remove_key_file,
    RemoveFile: _remove_file,
    EditFile: _edit_file,
    CreateHome: _create_home,
    EndSessions: _end_sessions,
}


def _account(name: str) -> Account:
    """The account as it is now: a step before this one may have made it."""
    account = find_account(name)
    if account is None:
        raise HostError("user %s no longer exists" % name)
    return account

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of this host in a run: read before it is planned, enlarged before anything is done, exact once it is.

Note that this module util is **PRIVATE** to the collection.
"""

import time
from typing import Any, Dict, FrozenSet, List, Mapping, Optional

from .._system.account_files import find_account, read_passwd, read_shadows
from .guard import Login
from .record import Owned, merge
from .record_files import PATH, RecordFile
from .record_plan import Policy, Seen, Shrunk, next_owned, refuse_shrinking, shrink
from .state import Plan, UserView
from .wanted import Wanted


class Ledger:
    """What one owner gave on this host."""

    def __init__(self, params: Mapping[str, Any], login: Login) -> None:
        protected = frozenset(params.get("protected") or ())
        self._policy = Policy(
            owner=params["owner"],
            unlisted=params["unlisted"],
            unlisted_max=params["unlisted_max"],
            spared=protected | {"root"} | frozenset(login.users),
            login=frozenset(login.users),
            may_be_empty=bool(params["allow_no_users"]),
            protected=protected,
            leaves=bool(params.get("_leaves")),
        )
        self._file = RecordFile(params.get("instance_id"))
        self.notes: List[str] = []
        if self._file.problem:
            self.notes.append("the record %s %s: nobody who is no longer listed loses anything in this run" % (PATH, self._file.problem))
        self._own: Owned = self._file.record.owners.get(self._policy.owner, {})
        self._others = self._file.record.others(self._policy.owner)
        self._wanted: Optional[Wanted] = None
        self._shrunk: Optional[Shrunk] = None
        self._removed: List[str] = []

    def extend(self, wanted: Wanted) -> Wanted:
        """The wanted state with what is taken back; raises Conflict."""
        names = set(self._own) | wanted.user_names
        local = read_passwd().accounts
        accounts = {name: local[name] for name in names if name in local}
        for name in names - set(accounts):
            found = find_account(name)
            if found is not None:
                accounts[name] = found
        seen = Seen(accounts, frozenset(local), read_shadows())
        self._wanted = wanted
        self._shrunk = shrink(wanted, self._own, self._others, seen, self._policy)
        self.notes += self._shrunk.notes
        return self._shrunk.wanted

    def check(self, plan: Plan) -> None:
        """Raises Conflict for a plan that takes too much back."""
        if self._shrunk is not None:
            self._removed = [name for name in self._shrunk.unlisted if name in plan.after and not plan.after[name].exists]
            refuse_shrinking(self._shrunk, plan, self._own, self._others, self._policy)

    def open(self, plan: Plan) -> None:
        """Before anything is done: whatever happens to this run, nothing that it gives is forgotten."""
        self._write(merge(self._own, self._next(plan, plan.after)))

    def close(self, plan: Plan, after: Mapping[str, UserView]) -> None:
        """Once everything is done."""
        self._write(self._next(plan, after))

    def answer(self) -> Dict[str, Any]:
        """For the module's result."""
        unlisted: FrozenSet[str] = frozenset(self._shrunk.unlisted) if self._shrunk else frozenset()
        found = {"path": PATH, "owner": self._policy.owner, "state": self._file.state, "unlisted": sorted(unlisted)}
        return dict(found, removed=self._removed, notes=list(self.notes))

    def _next(self, plan: Plan, after: Mapping[str, UserView]) -> Owned:
        if self._wanted is None or self._shrunk is None:
            raise AssertionError("extend comes first")
        return next_owned(self._wanted, self._shrunk, self._own, self._others, plan.before, after, time.strftime("%Y-%m-%d", time.gmtime()))

    def _write(self, owned: Owned) -> None:
        record = self._file.record
        self._file.write(record._replace(owners={**record.owners, self._policy.owner: owned}))

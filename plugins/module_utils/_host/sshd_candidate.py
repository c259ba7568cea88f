# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to change so that public-key login becomes effective: candidates, judged by sshd on a private copy of the tree.

Note that this module util is **PRIVATE** to the collection.
"""

import grp
import os
import pwd
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._host.sshd_tool import ConfigRefused, Origin, Sshd, SshdError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._host.sshd_tree import Changes, SshdTree, decode, encode, find_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._model import sshd_config, sshd_obstacles

_SWITCH = "pubkeyauthentication"

Verdict = Dict[str, sshd_obstacles.Effective]
"""User name to the settings that sshd applies to that user."""


class Plan(NamedTuple):
    """The files to change (none: nothing to do) and what sshd applies with and without them."""

    changes: Changes
    place: str
    """V(drop_in), V(main_file) or V(none)."""
    before: Verdict
    after: Verdict


class Planner:
    """Looks at one host's configuration for the sake of some users."""

    def __init__(self, sshd: Sshd, tree: SshdTree, users: Sequence[str], connecting: Optional[str], origin: Origin):
        self._sshd = sshd
        self._tree = tree
        self._users = list(users)
        self._identities = self._users + [name for name in [connecting] if name and name not in self._users]
        self._connecting = connecting
        self._origin = origin

    def current(self) -> Verdict:
        """What holds now; SshdError if the configuration on disk is broken already."""
        try:
            return self._ask(self._tree.main)
        except ConfigRefused as exc:
            raise SshdError(
                "the sshd configuration of this host is broken already, and sshd would not come back after a restart: "
                "%s; mend it first, nothing was changed" % exc
            )

    def general(self, config: Optional[str] = None) -> sshd_obstacles.Effective:
        """What the files (by default those on disk) say apart from any user, the ports for instance."""
        return self._sshd.effective(config or self._tree.main, "root", self._origin)

    def plan_present(self) -> Plan:
        """The least change; SshdError, naming file and line, if something that isn't ours is in the way."""
        before = self.current()
        if self._is_on(before):
            self._refuse_obstacles(before)
            return Plan({}, "none", before, before)
        refusals = []
        for place, changes in self._candidates():
            try:
                after = self.judge(changes)
            except ConfigRefused as exc:
                refusals.append(str(exc))
                continue
            if self._is_on(after):
                self._refuse_side_effects(before, after)
                self._refuse_obstacles(after)
                return Plan(changes, place, before, after)
        if refusals:
            raise SshdError("sshd refuses every candidate: %s; nothing was changed" % "; ".join(refusals))
        raise SshdError(self._explain_off(after))

    def plan_absent(self) -> Plan:
        """Take out what this module ever put in."""
        before = self.current()
        changes = {path: None for path in self._own_drop_ins()}  # type: Dict[str, Optional[bytes]]
        if sshd_config.has_block(self._tree.main_text):
            changes[self._tree.main] = encode(sshd_config.without_block(self._tree.main_text))
        if not changes:
            return Plan({}, "none", before, before)
        try:
            after = self.judge(changes)
        except ConfigRefused as exc:
            raise SshdError("sshd refuses its configuration without our setting: %s; nothing was changed" % exc)
        self._refuse_side_effects(before, after)
        self._refuse_no_way_in(after)
        return Plan(changes, "none", before, after)

    def judge(self, changes: Changes) -> Verdict:
        """What sshd would apply with I(changes) made; ConfigRefused if it does not accept the whole."""
        with self._tree.copy(changes) as candidate:
            try:
                return self._ask(candidate.main)
            except ConfigRefused as exc:
                raise ConfigRefused(candidate.real_paths(str(exc)))

    def connecting_obstacles(self, verdict: Verdict) -> List[str]:
        """What would keep the user that this run logs in as from coming back, if sshd read the files as they are."""
        if self._connecting is None:
            return []
        keywords = ("allowusers", "allowgroups", "denyusers", "denygroups", "permitrootlogin", "authenticationmethods")
        found = sshd_obstacles.find_obstacles(verdict[self._connecting], get_account(self._connecting))
        return [self._sentence(obstacle) for obstacle in found if obstacle.keyword in keywords]

    def _ask(self, config: str) -> Verdict:
        self._sshd.check(config)
        if self._tree.may_differ_between_users():
            return {user: self._sshd.effective(config, user, self._origin) for user in self._identities}
        # Without a Match block there is nothing that could differ between users: ask once, however many they are.
        return dict.fromkeys(self._identities, self.general(config))

    def _candidates(self) -> Iterator[Tuple[str, Changes]]:
        """In order of preference: a file of our own, then lines of our own at the top of the main file."""
        own = self._own_drop_ins()
        main_text = self._tree.main_text
        plain_main = sshd_config.without_block(main_text)
        patterns = sshd_config.include_patterns(
            sshd_config.parse_directives(self._tree.main, main_text), everywhere=False
        )
        for path in [sshd_config.drop_in_path(pattern) for pattern in patterns]:
            if path is None or not os.path.isdir(os.path.dirname(path)):
                continue
            changes = {name: None for name in own}  # type: Dict[str, Optional[bytes]]
            changes[path] = encode(sshd_config.DROP_IN_TEXT)
            if plain_main != main_text:
                changes[self._tree.main] = encode(plain_main)
            yield "drop_in", changes
        changes = {name: None for name in own}
        changes[self._tree.main] = encode(sshd_config.with_block(main_text))
        yield "main_file", changes

    def _own_drop_ins(self) -> List[str]:
        folders = {os.path.join(sshd_config.CONFIG_DIR, "sshd_config.d")}
        folders.update(os.path.dirname(path) for path in self._tree.files)
        paths = [os.path.join(folder, sshd_config.DROP_IN_NAME) for folder in sorted(folders)]
        return [path for path in paths if os.path.lexists(path)]

    def _is_on(self, verdict: Verdict) -> bool:
        return all(verdict[user].get(_SWITCH) == ["yes"] for user in self._users)

    def _refuse_side_effects(self, before: Verdict, after: Verdict) -> None:
        for user in self._identities:
            others = [key for key in sshd_config.changed_keywords(before[user], after[user]) if key != _SWITCH]
            if others:
                raise SshdError(
                    "the change would also alter %s for %s, which it must not; nothing was changed" % (", ".join(others), user)
                )

    def _refuse_obstacles(self, verdict: Verdict) -> None:
        sentences = []
        for user in self._users:
            account = get_account(user)
            paths = sshd_obstacles.key_files(verdict[user], account) + [sshd_obstacles.revoked_keys_file(verdict[user]) or ""]
            existing = tuple(path for path in paths if path and os.access(path, os.R_OK))
            sentences += [self._sentence(obstacle) for obstacle in sshd_obstacles.find_obstacles(verdict[user], account, existing)]
        if sentences:
            raise SshdError(
                "public-key login can't be made effective, because of settings that this module does not change: %s; "
                "nothing was changed" % "; ".join(sentences)
            )

    def _refuse_no_way_in(self, verdict: Verdict) -> None:
        for user in self._identities:
            switches = (_SWITCH, "passwordauthentication", "kbdinteractiveauthentication", "challengeresponseauthentication",
                        "gssapiauthentication", "hostbasedauthentication")
            if not any(verdict[user].get(name) == ["yes"] for name in switches):
                raise SshdError(
                    "without our setting every way of authentication would be off for %s; turn one on elsewhere first, "
                    "nothing was changed" % user
                )

    def _sentence(self, obstacle: sshd_obstacles.Obstacle) -> str:
        places = [directive.place for directive in self._tree.directives() if directive.keyword == obstacle.keyword]
        where = " (%s)" % ", ".join(places) if places else ""
        return "%s: %s%s: %s" % (obstacle.user, obstacle.text, where, obstacle.fix)

    def _explain_off(self, verdict: Verdict) -> str:
        users = [user for user in self._users if verdict[user].get(_SWITCH) != ["yes"]]
        culprits = self._find_culprits(users)
        if culprits:
            where = ", ".join(
                "%s (%s)" % (item.place, "Match %s" % item.match if item.match else "read first") for item in culprits
            )
            return (
                "PubkeyAuthentication stays off for %s, whatever is set globally, because of %s; change or remove that "
                "setting if it is not wanted any more, nothing was changed" % (", ".join(users), where)
            )
        return (
            "PubkeyAuthentication stays off for %s although no file says so; look at the options that sshd is started "
            "with, nothing was changed" % ", ".join(users)
        )

    def _find_culprits(self, users: List[str]) -> List[sshd_config.Directive]:
        """The lines without which the setting would be on: found by leaving each out in a copy."""
        lines = [
            directive for directive in self._tree.directives()
            if directive.keyword == _SWITCH and [word.lower() for word in directive.arguments] == ["no"] and directive.match
        ]
        guilty = []
        top = encode(sshd_config.with_block(self._tree.main_text))
        for directive in lines:
            content = decode(self._tree.files[directive.path]).split("\n")
            content[directive.line - 1] = ""
            changes = {self._tree.main: top, directive.path: encode("\n".join(content))}  # type: Dict[str, Optional[bytes]]
            if directive.path == self._tree.main:
                changes[directive.path] = encode(sshd_config.with_block("\n".join(content)))
            try:
                verdict = self.judge(changes)
            except ConfigRefused:
                continue
            if any(verdict[user].get(_SWITCH) == ["yes"] for user in users):
                guilty.append(directive)
        return guilty or lines


def get_account(name: str) -> sshd_obstacles.Account:
    """The user with all groups, as NSS knows them; an unknown user has uid -1."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return sshd_obstacles.Account(name)
    groups = []
    for gid in os.getgrouplist(name, entry.pw_gid):
        try:
            groups.append(grp.getgrgid(gid).gr_name)
        except KeyError:
            groups.append(str(gid))
    return sshd_obstacles.Account(name, entry.pw_uid, entry.pw_dir, tuple(groups))


def diff_of(changes: Changes) -> List[Dict[str, str]]:
    """One entry per file, in the form that Ansible prints as a unified diff."""
    return [
        {
            "before": decode(find_file(path) or b""),
            "after": decode(content or b""),
            "before_header": path,
            "after_header": path if content is not None else "%s (removed)" % path,
        }
        for path, content in sorted(changes.items())
    ]

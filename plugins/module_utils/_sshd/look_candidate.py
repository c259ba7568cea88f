# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to change so that public-key login becomes effective: candidates, judged by sshd on a private copy of the tree.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import grp
import os
import pwd
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from .._names import DROP_IN, FORMER_DROP_INS
from .._openssh import rules, sshd_config
from .._openssh.obstacles import Obstacle, find_obstacles
from .._system.sshd import ConfigRefused, Origin, Sshd, SshdError
from .._system.sshd_tree import Changes, SshdTree, decode, encode, find_file
from . import hardening
from .plan import SWITCH, Plan, Verdict


class Planner:
    """Looks at one host's configuration for the sake of some users."""

    def __init__(self, sshd: Sshd, tree: SshdTree, users: Sequence[str], connecting: Optional[str], origin: Origin):
        self.sshd = sshd
        self.tree = tree
        self._users = list(users)
        self.identities = self._users + [name for name in [connecting] if name and name not in self._users]
        self.connecting = connecting
        self.origin = origin

    def current(self) -> Verdict:
        """What holds now; SshdError if the configuration on disk is already invalid."""
        try:
            return self._ask(self.tree.main)
        except ConfigRefused as exc:
            raise SshdError(
                "the sshd configuration of this host is already invalid, and sshd would not start after a restart: %s; fix it first, nothing was changed" % exc
            )

    def general(self, config: Optional[str] = None) -> rules.Effective:
        """What the files (by default those on disk) set for all users, the ports for instance."""
        return self.sshd.effective(config or self.tree.main, "root", self.origin)

    def plan_present(self) -> Plan:
        """The least change; SshdError, naming file and line, if something that isn't ours is in the way."""
        before = self.current()
        settings = self.own_settings()
        if self.is_on(before) and not self._has_former_names():
            self.refuse_obstacles(self._users, before)
            return Plan({}, "none", before, before, settings)
        if not self.is_on(before):
            settings.update(sshd_config.SWITCH_ON)
        plan = self.find_candidate(before, settings, self.is_on)
        if not self.is_on(plan.after):
            raise SshdError(self._explain_off(plan.after))
        self.refuse_side_effects(before, plan.after, [SWITCH])
        self.refuse_obstacles(self._users, plan.after)
        return plan

    def find_candidate(self, before: Verdict, settings: sshd_config.Settings, holds: Callable[[Verdict], bool]) -> Plan:
        """I(settings) where they do what they are for and where none of them goes out of force; else where they would be read first."""
        refusals = []
        standing = hardening.standing(settings, before.general)
        plan = None
        for place, changes in self._candidates(settings):
            try:
                plan = Plan(changes, place, before, self.judge(changes), settings)
            except ConfigRefused as exc:
                refusals.append(str(exc))
                continue
            if holds(plan.after) and standing <= hardening.standing(settings, plan.after.general):
                break
        if plan is None:
            raise SshdError("sshd refuses every candidate: %s; nothing was changed" % "; ".join(dict.fromkeys(refusals)))
        return plan

    def plan_absent(self) -> Plan:
        """Take out what this module ever put in."""
        before = self.current()
        settings = self.own_settings()
        # Without it keys would open accounts again that were revoked for good.
        kept = {name: value for name, value in settings.items() if name == "RevokedKeys"}
        if not self._without_ours() or (kept == settings and not self._has_former_names()):
            return Plan({}, "none", before, before, kept)
        plan = self.find_candidate(before, kept, lambda after: True)
        self.refuse_side_effects(before, plan.after, [name.lower() for name in sshd_config.OWN_KEYWORDS])
        self._refuse_no_way_in(plan.after)
        user = self.connecting
        if user:
            known = self._find_obstacles(user, before)
            found = [self._sentence(obstacle) for obstacle in self._find_obstacles(user, plan.after) if obstacle not in known]
            if found:
                raise SshdError("without the settings of this module the user of this connection could not log in: %s; nothing was changed" % "; ".join(found))
        return plan

    def own_settings(self) -> Dict[str, str]:
        """What this module has ever set here and what is still in our place."""
        found = sshd_config.block_settings(self.tree.main_text)
        for path in self._own_drop_ins():
            found.update(sshd_config.own_settings(decode(find_file(path) or b"")))
        return found

    def judge(self, changes: Changes) -> Verdict:
        """What sshd would apply with I(changes) made; ConfigRefused if it does not accept the whole."""
        with self.tree.copy(changes) as candidate:
            try:
                return self._ask(candidate.main)
            except ConfigRefused as exc:
                raise ConfigRefused(candidate.real_paths(str(exc)))

    def _ask(self, config: str) -> Verdict:
        self.sshd.check(config)
        general = self.sshd.general(config)
        if self.tree.may_differ_between_users():
            return Verdict(general, {user: self.sshd.effective(config, user, self.origin) for user in self.identities})
        # Without a Match block there is nothing that could differ between users: ask once, however many they are.
        return Verdict(general, dict.fromkeys(self.identities, general))

    def _candidates(self, settings: sshd_config.Settings) -> Iterator[Tuple[str, Changes]]:
        """In order of preference: a file of our own, then lines of our own at the top of the main file."""
        changes = self._without_ours()
        if not settings:
            yield "none", changes
            return
        main_text = self.tree.main_text
        patterns = sshd_config.include_patterns(sshd_config.parse_directives(self.tree.main, main_text), everywhere=False)
        for path in [sshd_config.drop_in_path(pattern) for pattern in patterns]:
            if path is not None and os.path.isdir(os.path.dirname(path)):
                yield "drop_in", dict(changes, **{path: encode(sshd_config.drop_in_text(settings))})
        yield "main_file", dict(changes, **{self.tree.main: encode(sshd_config.with_block(main_text, settings))})

    def _without_ours(self) -> Dict[str, Optional[bytes]]:
        """What takes everything of ours out."""
        changes: Dict[str, Optional[bytes]] = {path: None for path in self._own_drop_ins()}
        if sshd_config.has_block(self.tree.main_text):
            changes[self.tree.main] = encode(sshd_config.without_block(self.tree.main_text))
        return changes

    def _own_drop_ins(self) -> List[str]:
        folders = {os.path.join(sshd_config.CONFIG_DIR, "sshd_config.d")}
        folders.update(os.path.dirname(path) for path in self.tree.files)
        # Where there are two, the settings of the later one count as ours.
        paths = [os.path.join(folder, name) for name in FORMER_DROP_INS + (DROP_IN,) for folder in sorted(folders)]
        return [path for path in paths if os.path.lexists(path)]

    def _has_former_names(self) -> bool:
        """Whether something of ours has a name that an earlier version gave it."""
        return sshd_config.has_former_block(self.tree.main_text) or any(os.path.basename(path) in FORMER_DROP_INS for path in self._own_drop_ins())

    def is_on(self, verdict: Verdict) -> bool:
        """Whether each of the users may come by key, as far as this one setting goes."""
        return all(verdict.takes_keys(user) for user in self._users)

    def refuse_side_effects(self, before: Verdict, after: Verdict, allowed: Sequence[str]) -> None:
        """SshdError if the effective value of anything but I(allowed) differs for anybody."""
        for (who, old), (_same, new) in zip(before.rows("everybody"), after.rows("everybody")):
            others = [key for key in sshd_config.changed_keywords(old, new) if key not in allowed]
            if others:
                raise SshdError("the change would also alter %s for %s, which it must not; nothing was changed" % (", ".join(others), who))

    def find_obstacles(self, user: str, verdict: Verdict, keywords: Optional[Sequence[str]] = None) -> List[str]:
        """What keeps this user from logging in by key, with its place and its remedy; only what I(keywords) do, if given."""
        found = self._find_obstacles(user, verdict)
        return [self._sentence(obstacle) for obstacle in found if keywords is None or obstacle.keyword in keywords]

    def _find_obstacles(self, user: str, verdict: Verdict) -> List[Obstacle]:
        effective = verdict.users[user]
        account = get_account(user)
        paths = rules.key_files(effective, account) + [rules.revoked_keys_file(effective) or ""]
        existing = tuple(path for path in paths if path and os.access(path, os.R_OK))
        return find_obstacles(effective, account, existing)

    def refuse_obstacles(self, users: Sequence[str], verdict: Verdict) -> None:
        """SshdError if a setting that isn't ours keeps one of I(users) from logging in by key."""
        sentences = [sentence for user in users for sentence in self.find_obstacles(user, verdict)]
        if sentences:
            raise SshdError(
                "public-key login cannot be made effective, because of settings that this module does not change: %s; nothing was changed"
                % "; ".join(sentences)
            )

    def _refuse_no_way_in(self, verdict: Verdict) -> None:
        for user in self.identities:
            switches = (
                SWITCH,
                "passwordauthentication",
                "kbdinteractiveauthentication",
                "challengeresponseauthentication",
                "gssapiauthentication",
                "hostbasedauthentication",
            )
            if not any(verdict.users[user].get(name) == ["yes"] for name in switches):
                raise SshdError(
                    "without the setting of this module no authentication method would be enabled for %s; enable one first, nothing was changed" % user
                )

    def _sentence(self, obstacle: Obstacle) -> str:
        places = [directive.place for directive in self.tree.directives() if directive.keyword == obstacle.keyword]
        where = " (%s)" % ", ".join(places) if places else ""
        return "%s: %s%s: %s" % (obstacle.user, obstacle.text, where, obstacle.fix)

    def _explain_off(self, verdict: Verdict) -> str:
        users = [user for user in self._users if not verdict.takes_keys(user)]
        culprits = self._find_culprits(users)
        if culprits:
            where = ", ".join("%s (%s)" % (item.place, "Match %s" % item.match if item.match else "read first") for item in culprits)
            return (
                "PubkeyAuthentication stays off for %s, whatever is set globally, because of %s; change or remove that "
                "setting if it is no longer wanted, nothing was changed" % (", ".join(users), where)
            )
        return "PubkeyAuthentication stays off for %s although no file sets it; check the options that sshd is started with, nothing was changed" % ", ".join(
            users
        )

    def _find_culprits(self, users: List[str]) -> List[sshd_config.Directive]:
        """The lines without which the setting would be on: found by leaving each out in a copy."""
        lines = [
            directive
            for directive in self.tree.directives()
            if directive.keyword == SWITCH and [word.lower() for word in directive.arguments] == ["no"] and directive.match
        ]
        guilty = []
        settings = dict(self.own_settings(), **sshd_config.SWITCH_ON)
        top = encode(sshd_config.with_block(self.tree.main_text, settings))
        for directive in lines:
            content = decode(self.tree.files[directive.path]).split("\n")
            content[directive.line - 1] = ""
            changes: Dict[str, Optional[bytes]] = {self.tree.main: top, directive.path: encode("\n".join(content))}
            if directive.path == self.tree.main:
                changes[directive.path] = encode(sshd_config.with_block("\n".join(content), settings))
            try:
                verdict = self.judge(changes)
            except ConfigRefused:
                continue
            if any(verdict.takes_keys(user) for user in users):
                guilty.append(directive)
        return guilty or lines


def get_account(name: str) -> rules.Account:
    """The user with all groups, as NSS knows them; an unknown user has uid -1."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return rules.Account(name)
    groups = []
    for gid in os.getgrouplist(name, entry.pw_gid):
        # A group without a name is none to sshd.
        with contextlib.suppress(KeyError):
            groups.append(grp.getgrgid(gid).gr_name)
    return rules.Account(name, entry.pw_uid, entry.pw_dir, tuple(groups))


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

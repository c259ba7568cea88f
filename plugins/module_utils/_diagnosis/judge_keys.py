# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether sshd finds the key: the files that it reads, access to them as the account, their text, and where the key is instead.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import List, NamedTuple, Tuple

from .._openssh.authorized_keys import parse_key_file
from .facts import Facts, KeyFileFacts
from .finding import BLOCKS, Finding, blocks, shell_quote, warns
from .fix import as_user
from .judge_command import judge_command
from .judge_key_line import admits, judge_line
from .judge_key_text import find_damage
from .judge_paths import add_key, is_full, judge_path


class _Source(NamedTuple):
    """One file: findings about the way to it, those about the key's lines in it, and whether one line admits the key."""

    path: Tuple[Finding, ...]
    lines: Tuple[Finding, ...]
    has_key: bool
    admits: bool


def judge_keys(facts: Facts) -> List[Finding]:
    """As if every file system were there; where one is not, that is the reason for whatever is missing."""
    found = _judge_keys(facts)
    if facts.session.unmounted and any(finding.severity == BLOCKS for finding in found):
        mount = facts.session.unmounted[0]
        return [
            blocks(
                "home_not_mounted",
                "/etc/fstab mounts %s at %s, where the keys of %s are, but it is not mounted" % (mount.source, mount.path, facts.request.user),
                "mount it",
                "mount %s" % shell_quote(mount.path),
            )
        ]
    return found


def _judge_keys(facts: Facts) -> List[Finding]:
    """Nothing where one source admits the key; otherwise why none does, the nearest miss first."""
    if not facts.account.found:
        return []
    sources = [_look(facts, item) for item in facts.key_files]
    command = judge_command(facts)
    for source in sources:
        if source.admits and not source.path:
            return list(source.lines)
    if command.admits:
        return list(command.findings)
    holding = [source for source in sources if source.has_key]
    if holding:
        return [finding for source in holding for finding in source.path + (() if source.admits else source.lines)]
    unknown = any(one.cause == "key_missing" for one in command.findings)
    found = [] if unknown else list(command.findings)
    for item in facts.key_files:
        damage = find_damage(item.content, facts.request.key)
        if damage is not None:
            place = item.path if damage.line == 0 else "%s:%d" % (item.path, damage.line)
            found += judge_path(facts, item)
            found.append(blocks(damage.cause, "%s: %s" % (place, damage.clause), damage.fix))
    return found or _absent(facts, sources) or list(command.findings)


def _look(facts: Facts, item: KeyFileFacts) -> _Source:
    key = facts.request.key
    lines = [line for line in parse_key_file(item.content) if line.key is not None and (key is None or line.key.same_key(key))]
    judged = [judge_line(facts, "%s:%d" % (item.path, line.number), line) for line in lines]
    # The first line that admits the key is the one that counts, with all that it commands.
    good = [findings for findings in judged if admits(findings)]
    shown = good[0] if good else [finding for findings in judged for finding in findings]
    return _Source(tuple(judge_path(facts, item)), tuple(shown), bool(lines), bool(good))


def _absent(facts: Facts, sources: List[_Source]) -> List[Finding]:
    """The key is in no file that sshd reads for this user."""
    user, key = facts.request.user, facts.request.key
    if not facts.key_files:
        return []
    own = [place for name, place in facts.other_files if name == user]
    paths = " and ".join(item.path for item in facts.key_files)
    if own:
        return [
            blocks(
                "key_file_elsewhere",
                "AuthorizedKeysFile makes sshd read the keys of %s from %s, but the key is at %s" % (user, paths, own[0]),
                "put the key where sshd looks, or change AuthorizedKeysFile",
                add_key(facts),
            )
        ]
    first = [finding for source in sources[:1] for finding in source.path]
    if first and facts.key_files[0].status != "missing":
        return first
    if not first and facts.key_files[0].status == "missing":
        # A missing home, which has a finding of its own.
        return []
    others = sorted(set(name for name, _place in facts.other_files))
    if others:
        return first + [
            blocks(
                "key_of_other_user",
                "the key is not in %s; it is at %s, for the user %s" % (paths, facts.other_files[0][1], ", ".join(others)),
                "log in as %s, or add the key for %s" % (" or ".join(others), user),
                add_key(facts),
            )
        ]
    if first:
        return first
    if key is None:
        return [blocks("key_file_empty", "%s contains no key" % paths, "add a key (alicloud.ecs_access.ssh_access)")]
    text = [item for item in facts.key_files if item.content.strip()]
    if facts.key_files[0].status == "ok" and not text:
        return [
            blocks(
                "key_file_empty",
                "%s is empty%s" % (facts.key_files[0].path, ", and its file system is full" if is_full(facts) else ""),
                "%sadd the key (alicloud.ecs_access.ssh_access)" % ("make room, then " if is_full(facts) else ""),
                add_key(facts),
            )
        ]
    return [
        blocks(
            "key_missing",
            "%s: %d keys, but not %s"
            % (paths, sum(1 for item in text for line in parse_key_file(item.content) if line.key is not None), key.fingerprint_sha256),
            "add the key (alicloud.ecs_access.ssh_access), or log in with one that is there",
            add_key(facts),
        )
    ]


def judge_selinux(facts: Facts) -> List[Finding]:
    """Labels that deny sshd access although every mode is right."""
    return [
        warns(
            "selinux_label",
            "%s has the SELinux type %s, which sshd may not read" % (path, kind),
            "restore the default label of its path",
            as_user(facts.request.user, "restorecon", "-RF", "--", path) if path.startswith(facts.account.home.rstrip("/") + "/") else "",
        )
        for path, kind in facts.selinux
    ]


def judge_views(facts: Facts) -> List[Finding]:
    """A listener with mounts of its own, such as a unit with ProtectHome, may find other key files than this check does."""
    files = [item for item in facts.key_files if item.status != "missing" or item.seen_by_sshd != "same"]
    if not facts.server.own_mounts or not files or any(item.seen_by_sshd == "same" for item in files):
        return []
    hidden = all(item.seen_by_sshd == "missing" for item in files) and not facts.command.command
    server = "sshd (process %d) runs in a mount namespace of its own" % facts.server.listener
    paths = " and ".join(item.path for item in files)
    fix = "see 'systemctl cat %s' (ProtectHome, TemporaryFileSystem and the like), or restart it if something was mounted later" % (facts.server.unit or "sshd")
    if hidden:
        return [blocks("sshd_sees_other_files", "%s, in which %s does not exist" % (server, paths), fix)]
    return [warns("sshd_sees_other_files", "%s, in which %s is another file than the one checked here" % (server, paths), fix)]

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The new content of the client's files: host keys, our own configuration, and the lines that include it.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import re
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .._names import line_marks
from .._openssh import known_hosts as hosts
from .._openssh.keys import PublicKey
from .._text import text_lines
from . import config as model
from .files import ClientFile

_MOST_SHOWN = 10


class Wanted(NamedTuple):
    """What was asked for."""

    is_present: bool
    name: str
    config_path: str
    dotted_names: bool
    common: model.Common
    entries: Tuple[model.Entry, ...]
    host_keys: Mapping[str, Sequence[PublicKey]]

    @property
    def marks(self) -> Tuple[str, ...]:
        """The comments of the host keys that are ours."""
        return line_marks(self.name)

    @property
    def ids(self) -> List[str]:
        return [entry.instance_id for entry in self.entries]


class Found(NamedTuple):
    """The files as they are."""

    config: ClientFile
    own: ClientFile
    known_hosts: ClientFile
    has_others: bool
    """Whether there are files of ours with other names, which need the lines that include them."""
    taken: FrozenSet[str] = frozenset()
    """Names that the rest of the configuration has, in lower case."""


class Change(NamedTuple):
    """A file and its new content; I(after) is None if the file must not exist."""

    file: ClientFile
    after: Optional[bytes]
    mode: int

    @property
    def is_needed(self) -> bool:
        return self.after != self.file.content or (self.after is not None and self.mode != self.file.mode)

    def to_diff(self) -> Dict[str, str]:
        """In the form that Ansible prints."""
        has_modes = self.after is not None and self.file.exists and self.mode != self.file.mode
        return {
            "before_header": self.file.path + (" (mode %04o)" % self.file.mode if has_modes else ""),
            "after_header": self.file.path + (" (mode %04o)" % self.mode if has_modes else ""),
            "before": _shown(self.file.content),
            "after": _shown(self.after),
        }


class Plan(NamedTuple):
    """What to write, in an order that keeps the configuration valid at every moment, and the result."""

    changes: Tuple[Change, ...]
    names: Mapping[str, Tuple[str, ...]]
    """By instance id."""
    rekeyed: Tuple[str, ...]
    known: Tuple[str, ...]
    """Ids of instances that a host key is known of."""
    warnings: Tuple[str, ...]


def read_wanted(params: Mapping[str, Any]) -> Tuple[Wanted, List[str]]:
    """The module's options and warnings about them; raises ConfigError or KeyFormatError for invalid ones."""
    if not re.match(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z", params["name"]):
        raise model.ConfigError("name: %r can only have letters, digits, _ and -" % params["name"])
    for option in ("config_path", "known_hosts_path"):
        model.check_path(params[option], option)
    is_strict = params["host_key_checking"] == "strict"
    common = model.Common(params["known_hosts_path"], is_strict, tuple(params["proxy_command"]), params["temporary_key"], params["tunnel"])
    is_present = params["state"] == "present"
    if is_present and (common.temporary_key or common.tunnel != "never") and not common.proxy:
        raise model.ConfigError("temporary_key and tunnel need proxy_command; the role ssh_client sets it")
    entries, warnings = _read_entries(params["instances"] if is_present else [], common)
    keys = _read_host_keys(params["host_keys"], {entry.instance_id for entry in entries})
    return Wanted(is_present, params["name"], params["config_path"], params["dotted_names"], common, tuple(entries), keys), warnings


def plan_client(wanted: Wanted, found: Found, folder: str) -> Plan:
    """I(folder) is where our own files lie."""
    names, refused = model.choose_names(wanted.entries, sorted(found.taken), wanted.dotted_names)
    warnings = ["Reached by id only, because %s: %s" % (reason, _listed(refused[reason], " and %d more")) for reason in sorted(refused)]
    own = model.render_config(wanted.entries, names, wanted.common).encode("utf-8") if wanted.is_present else None
    text = (found.known_hosts.content or b"").decode("latin-1")
    edit = hosts.edit_known_hosts(text, wanted.host_keys, wanted.marks, keep=wanted.ids)
    known = hosts.find_known(edit.text, wanted.ids)
    unknown = [instance_id for instance_id in wanted.ids if instance_id not in known]
    if unknown and wanted.common.strict:
        warnings.append("ssh will refuse these until their host keys could be read: %s" % _listed(unknown))
    changes = [_change_known_hosts(found.known_hosts, text, edit.text, wanted.marks), Change(found.own, own, 0o600), _change_config(wanted, found, folder)]
    return Plan(tuple(changes if wanted.is_present else changes[::-1]), names, edit.replaced, tuple(known), tuple(warnings))


def _read_entries(given: Sequence[Mapping[str, Any]], common: model.Common) -> Tuple[List[model.Entry], List[str]]:
    entries: List[model.Entry] = []
    warnings = []
    seen: Set[str] = set()
    for item in given:
        entry = model.Entry(
            item["instance_id"], tuple(item["names"]), item["address"], item["port"], item["user"], item["identity_file"] or "", item["region"] or ""
        )
        model.check_entry(entry)
        if entry.instance_id in seen:
            raise model.ConfigError("instance %s is listed twice" % entry.instance_id)
        seen.add(entry.instance_id)
        if common.temporary_key and not entry.identity_file:
            raise model.ConfigError("instance %s: temporary_key needs identity_file" % entry.instance_id)
        if entry.address or common.needs_tunnel(entry):
            entries.append(entry)
        else:
            warnings.append("%s has no address, so ssh cannot reach it; it is left out." % entry.instance_id)
    return entries, warnings


def _read_host_keys(given: Sequence[Mapping[str, Any]], listed: Set[str]) -> Dict[str, List[PublicKey]]:
    return {
        item["instance_id"]: [hosts.parse_host_key("%s %s" % (key.get("type"), key.get("key"))) for key in item["host_keys"]]
        for item in given
        if item.get("instance_id") in listed and item.get("host_keys")
    }


def _change_known_hosts(file: ClientFile, before: str, after: str, marks: Sequence[str]) -> Change:
    mode = file.mode & ~0o022
    if after == before:
        return Change(file, file.content, mode)
    was_alone = all(line.endswith(tuple(" " + mark for mark in marks)) for line in text_lines(before))
    return Change(file, after.encode("latin-1") if after or not was_alone else None, mode)


def _change_config(wanted: Wanted, found: Found, folder: str) -> Change:
    if wanted.is_present:
        # ssh reads no file that others can write.
        return Change(found.config, model.add_include(found.config.content, folder), found.config.mode & ~0o022)
    after = model.remove_include(found.config.content)
    if found.has_others and after != found.config.content:
        after = model.add_include(found.config.content, folder)
    return Change(found.config, after, found.config.mode)


def _listed(words: Sequence[str], more: str = "") -> str:
    rest = len(words) - _MOST_SHOWN
    return ", ".join(words[:_MOST_SHOWN]) + (more % rest if more and rest > 0 else "")


def _shown(content: Optional[bytes]) -> str:
    return (content or b"").decode("utf-8", "backslashreplace")

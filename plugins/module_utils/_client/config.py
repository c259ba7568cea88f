# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSH client configuration: our own file with one block per instance, and the lines that include it.

Whoever may name an instance must not be able to write configuration. So a name becomes a C(Host) pattern only if it is
made of letters, digits, C(_) and C(-), and takes nothing away from another host.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

import re
import shlex
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from .._errors import AccessError
from .._ids import is_instance_id
from .._names import PRODUCT, block_marks
from .._text import text_lines

HEADER = "# Written by Ansible, role alicloud.ecs_access.ssh_client. Changes will be overwritten.\n"

# Lines by our marks; the first are the ones that are written.
_BEGINS, _ENDS = zip(*[(marks.begin.encode("ascii"), marks.end.encode("ascii")) for marks in block_marks("ssh_client")])
_MADE = b" (it made this file)"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}\Z")
_DOTTED_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}\Z")
_REGION = re.compile(r"[a-z0-9-]{1,64}\Z")
_ADDRESS = re.compile(r"[A-Za-z0-9:][A-Za-z0-9:._-]{0,254}\Z")
# Quotes, tokens, variables, patterns: ssh's versions disagree on how to write these literally.
_PATH = re.compile(r"/[^\x00-\x1f\x7f\"'\\%$*?\[\]]*\Z")


class ConfigError(AccessError):
    """What was given cannot become configuration, or what is there cannot be read. The message is one sentence."""


class Entry(NamedTuple):
    """One instance to connect to."""

    instance_id: str
    names: Tuple[str, ...]
    address: str
    port: int = 22
    user: str = ""
    identity_file: str = ""
    region: str = ""


class Common(NamedTuple):
    """What all instances have in common."""

    known_hosts: str
    strict: bool
    proxy: Tuple[str, ...] = ()
    """The program, with arguments, that registers keys and opens tunnels; without it there is neither."""
    temporary_key: bool = False
    tunnel: str = "never"

    def needs_tunnel(self, entry: Entry) -> bool:
        """Whether the way to an instance leads through Session Manager."""
        return self.tunnel == "always" or (self.tunnel == "auto" and not entry.address)


def check_entry(entry: Entry) -> None:
    """Raise ConfigError unless everything but the names can be written unchanged."""
    if not is_instance_id(entry.instance_id):
        raise ConfigError("%r is not an instance id" % _shorten(entry.instance_id))
    where = "instance %s: " % entry.instance_id
    if entry.address and not _ADDRESS.match(entry.address):
        raise ConfigError(where + "%r is not an address" % _shorten(entry.address))
    if entry.user and not _USER.match(entry.user):
        raise ConfigError(where + "%r cannot be a user's name" % _shorten(entry.user))
    if not 1 <= entry.port <= 65535:
        raise ConfigError(where + "the port must be from 1 to 65535, not %d" % entry.port)
    if entry.region and not _REGION.match(entry.region):
        raise ConfigError(where + "%r is not a region" % _shorten(entry.region))
    if entry.identity_file:
        check_path(entry.identity_file, where + "identity_file")


def check_path(path: str, what: str) -> None:
    """ConfigError unless I(path) can stand in a configuration file."""
    if not _PATH.match(path):
        raise ConfigError("%s: the path %r must be absolute and without quotes, \\, %%, $, *, ?, [ and ]" % (what, _shorten(path)))


def choose_names(entries: Sequence[Entry], taken: Sequence[str] = (), dotted: bool = False) -> Tuple[Dict[str, Tuple[str, ...]], Dict[str, List[str]]]:
    """(names by instance id, refused names by reason).

    I(taken) are names that the user's own configuration has; they stay the user's.
    """
    claims: Dict[str, set] = {}
    for entry in entries:
        for name in entry.names:
            claims.setdefault(name.lower(), set()).add(entry.instance_id)
    ids = {entry.instance_id.lower() for entry in entries}
    own = {name.lower() for name in taken}
    chosen: Dict[str, Tuple[str, ...]] = {}
    refused: Dict[str, List[str]] = {}
    for entry in entries:
        good = []
        for name in dict.fromkeys(entry.names):
            if name == entry.instance_id or not name:
                continue
            reason = _find_objection(name, ids, own, len(claims[name.lower()]) > 1, dotted)
            if reason is None:
                good.append(name)
            else:
                refused.setdefault(reason, []).append("%s (%s)" % (ascii(_shorten(name)), entry.instance_id))
        chosen[entry.instance_id] = tuple(good)
    return chosen, refused


def _find_objection(name: str, ids: set, taken: set, is_shared: bool, dotted: bool) -> Optional[str]:
    lowered = name.lower()
    if not (_DOTTED_NAME if dotted else _NAME).match(name):
        if _DOTTED_NAME.match(name):
            return "names with a dot could be other hosts' names (see dotted_names)"
        return "a name can only have letters, digits, _ and -"
    if lowered == "localhost":
        return "localhost always means this machine"
    if lowered in ids:
        return "it is the id of another instance"
    if is_shared:
        return "several instances have this name"
    if lowered in taken:
        return "the SSH configuration already has a host of this name"
    return None


def find_hosts(config: bytes) -> List[str]:
    """The literal names in the C(Host) lines of a configuration."""
    names: List[str] = []
    for line in text_lines(config.decode("utf-8", "replace")):
        match = re.match(r"\s*host(?:\s*=\s*|\s+)(.*)", line, re.IGNORECASE)
        if match:
            words = match.group(1).replace('"', " ").split()
            names.extend(word for word in words if not re.search(r"[*?!]", word) and not word.startswith("#"))
    return names


def render_config(entries: Sequence[Entry], names: Dict[str, Tuple[str, ...]], common: Common) -> str:
    """Our own file. Entries must have passed C(check_entry)."""
    blocks = [HEADER]
    for entry in sorted(entries, key=lambda entry: entry.instance_id):
        lines = ["", "Host " + " ".join((entry.instance_id,) + names.get(entry.instance_id, ()))]
        lines += ["    " + line for line in _render_options(entry, common)]
        blocks.append("\n".join(lines) + "\n")
    return "".join(blocks)


def _render_options(entry: Entry, common: Common) -> List[str]:
    lines = ["HostName " + (entry.address or entry.instance_id), "Port %d" % entry.port]
    if entry.user:
        lines.append("User " + entry.user)
    if entry.identity_file:
        lines += ['IdentityFile "%s"' % entry.identity_file, "IdentitiesOnly yes"]
    if common.temporary_key or common.needs_tunnel(entry):
        lines += _render_proxy(entry, common)
    return lines + [
        "HostKeyAlias " + entry.instance_id,
        'UserKnownHostsFile "%s"' % common.known_hosts,
        "StrictHostKeyChecking " + ("yes" if common.strict else "accept-new"),
        # The address tells nothing about the instance, and what is known comes from Cloud Assistant alone.
        "CheckHostIP no",
        "UpdateHostKeys no",
    ]


def _render_proxy(entry: Entry, common: Common) -> List[str]:
    is_tunnel = common.needs_tunnel(entry)
    words = list(common.proxy)
    words += ["--region", entry.region] if entry.region else []
    words += ["--public-key", entry.identity_file + ".pub"] if common.temporary_key else []
    words += [] if is_tunnel else ["--address", entry.address]
    # ssh fills in the user and the port: those of the command line, where they are given there.
    command = "ProxyCommand %s -- %s %%r %%p" % (" ".join(_quote(word) for word in words), entry.instance_id)
    # A session carries 24 KB/s.
    return [command, "ProxyUseFdpass " + ("no" if is_tunnel else "yes")] + (["Compression yes"] if is_tunnel else [])


def _quote(word: str) -> str:
    """A word for the shell that ssh hands the command to once it has replaced its %-tokens."""
    if re.search(r"[\x00-\x1f\x7f]", word):
        raise ConfigError("%r cannot be part of a ProxyCommand" % _shorten(word))
    return shlex.quote(word).replace("%", "%%")


# -- the lines in the user's own file ---------------------------------------------------------------------------------


def add_include(config: Optional[bytes], *folders: str) -> bytes:
    """The user's configuration (None: there is none) with our lines at its top, where they are in force for every host.

    C(Include) gives the state of a surrounding C(Host) back when it ends, so nothing below changes its meaning.
    """
    for folder in folders:
        check_path(folder, "the folder of the configuration")
    rest = remove_include(config)
    made = config is None or rest is None
    lines = [_BEGINS[0] + (_MADE if made else b"")] + [b'Include "%s/*.conf"' % folder.encode("utf-8") for folder in folders] + [_ENDS[0]]
    return b"\n".join(lines) + b"\n" + (rest or b"")


def remove_include(config: Optional[bytes]) -> Optional[bytes]:
    """The user's configuration without our lines, byte for byte; None when nothing of the file was the user's."""
    if config is None:
        return None
    lines = config.splitlines(keepends=True)
    bare = [line.strip() for line in lines]
    begins = [index for index, line in enumerate(bare) if line in _BEGINS or line in [begin + _MADE for begin in _BEGINS]]
    ends = [index for index, line in enumerate(bare) if line in _ENDS]
    if not begins and not ends:
        return config
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        raise ConfigError("the lines BEGIN and END of %s do not match; remove what is left of that block by hand" % PRODUCT)
    rest = b"".join(lines[: begins[0]] + lines[ends[0] + 1 :])
    return None if not rest and bare[begins[0]].endswith(_MADE) else rest


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."

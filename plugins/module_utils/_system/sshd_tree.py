# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration as a tree of files, and private copies of it in which a candidate can be tested whole.

A copy keeps every file under its own path below a root-only folder, and only the Include lines are changed, so that
they point into the copy. sshd expands the wildcards itself: whether Include is known, in force and early enough shows
in what sshd then prints, for every version and without privileges that a container doesn't have.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import glob
import os
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from .._openssh import sshd_config
from .nodes import NotRegular, read_regular
from .private_folder import private_folder
from .sshd import SshdError

_MAX_DEPTH = 16
_MAX_SIZE = 1024 * 1024

Changes = Mapping[str, Optional[bytes]]
"""Path to the new content, None for a file that must not exist."""


def decode(content: bytes) -> str:
    """Text of a configuration file; bytes that are not UTF-8 survive the way back."""
    return content.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The opposite of decode."""
    return text.encode("utf-8", "surrogateescape")


def find_file(path: str) -> Optional[bytes]:
    """Content of a regular file, None if nothing is there; SshdError for anything else."""
    try:
        content = read_regular(path, _MAX_SIZE + 1)
    except FileNotFoundError:
        return None
    except NotRegular:
        raise SshdError("%s is not a regular file; sshd cannot be configured through it safely" % path)
    except OSError as exc:
        raise SshdError("cannot read %s: %s" % (path, exc.strerror))
    if len(content) > _MAX_SIZE:
        raise SshdError("%s is larger than 1 MiB; this is unlikely to be an sshd configuration" % path)
    return content


class LatestChange(NamedTuple):
    """When the configuration was last changed, by the inodes' own clock, and which file or folder of it."""

    at: float
    path: str


class SshdTree:
    """The main file and everything that it includes, as read once."""

    def __init__(self, main: str = sshd_config.MAIN_CONFIG):
        self.main = main
        self.files: Dict[str, bytes] = {}
        # In the order in which sshd reads them; a line of a file that is included twice may be under two conditions.
        self._directives: Dict[sshd_config.Directive, None] = {}
        # Files that include others twice, and those again, would be walked a thousand times: once for a condition is enough.
        self._walked: Dict[Tuple[str, str], int] = {}
        self._read(main, "", ())
        if main not in self.files:
            raise SshdError("%s does not exist; is the OpenSSH server installed?" % main)

    @property
    def main_text(self) -> str:
        """The main file as text."""
        return decode(self.files[self.main])

    def directives(self) -> List[sshd_config.Directive]:
        """Every setting in the order in which sshd reads it, with the condition that it stands under."""
        return list(self._directives)

    def may_differ_between_users(self) -> bool:
        """Whether the word Match stands anywhere outside comment lines: without it nothing can depend on the user."""
        lines = [line.strip().lower() for content in self.files.values() for line in content.split(b"\n")]
        return any(b"match" in line and not line.startswith(b"#") for line in lines)

    def latest_change(self) -> LatestChange:
        """The latest edit, rename or removal: one that took a file away shows in its folder only."""
        paths = set(self.files)
        for pattern in sshd_config.include_patterns(self.directives()):
            paths.update(glob.glob(os.path.dirname(pattern)))
        return max(LatestChange(os.stat(path).st_ctime, path) for path in paths)

    @contextlib.contextmanager
    def copy(self, changes: Changes) -> Iterator["CandidateTree"]:
        """A private copy with I(changes) made in it; gone when the block ends."""
        with private_folder() as folder:
            wanted: Dict[str, Optional[bytes]] = dict(self.files)
            wanted.update(changes)
            for path, content in wanted.items():
                if content is not None:
                    _write_copy(folder, path, content)
            yield CandidateTree(folder, folder + self.main)

    def _read(self, path: str, condition: str, above: Tuple[str, ...]) -> None:
        if self._walked.get((path, condition), _MAX_DEPTH + 1) <= len(above):
            return
        self._walked[path, condition] = len(above)
        content = self.files.get(path)
        if content is None:
            content = find_file(path)
        if content is None:
            return
        self.files[path] = content
        for directive in sshd_config.parse_directives(path, decode(content)):
            if condition and not directive.match:
                directive = directive._replace(match=condition)
            self._directives.setdefault(directive)
            if len(above) >= _MAX_DEPTH:
                continue
            for pattern in sshd_config.include_patterns([directive]):
                for included in sorted(glob.glob(pattern)):
                    if included not in above + (path,) and not os.path.isdir(included):
                        self._read(included, directive.match, above + (path,))


class CandidateTree:
    """A copy on disk. I(main) is its main file, for C(sshd -f)."""

    def __init__(self, folder: str, main: str):
        self._folder = folder
        self.main = main

    def real_paths(self, message: str) -> str:
        """A message of sshd with the paths that the person knows."""
        return message.replace(self._folder, "")


def _write_copy(folder: str, path: str, content: bytes) -> None:
    text = sshd_config.rewrite_includes(decode(content), lambda pattern: folder + pattern)
    target = folder + path
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    with open(target, "wb") as handle:
        handle.write(encode(text))

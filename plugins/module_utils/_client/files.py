# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the SSH client in the home of the user who runs this: looked at without surprise, replaced in one step.

Note that this module util is **PRIVATE** to the collection.
"""

import errno
import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from typing import Iterable, Iterator, NamedTuple, Optional, Sequence, Set

from .._names import temporary_names
from .._system.files import READABLE_DIRECTORY, closing, replace_file, sync_folder
from .._system.lock import lock
from .._system.run import HostError

_LARGEST = 16 * 1024 * 1024


class ClientFileError(HostError):
    """A file cannot be used. The message is one sentence."""


class ClientFile(NamedTuple):
    """A file as it is."""

    path: str
    """The file itself, behind all links."""
    content: Optional[bytes]
    """None when there is none."""
    mode: int

    @property
    def exists(self) -> bool:
        return self.content is not None


def look_at_file(path: str) -> ClientFile:
    """The file at I(path), or the one that a link there leads to; raises ClientFileError where it cannot be changed safely."""
    real = os.path.realpath(path)
    try:
        descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as exc:
        if exc.errno in (errno.ENOENT, errno.ENOTDIR):
            if os.path.islink(path):
                raise ClientFileError("%s is a symbolic link to a file that does not exist (%s); fix or remove it" % (path, real)) from None
            return ClientFile(real, None, 0o600)
        raise ClientFileError("cannot read %s: %s" % (real, exc.strerror)) from None
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise ClientFileError("%s is not a regular file" % real)
        if info.st_uid != os.geteuid():
            raise ClientFileError("%s belongs to user id %d, not to the user of this run (%d)" % (real, info.st_uid, os.geteuid()))
        if info.st_size > _LARGEST:
            raise ClientFileError("%s is too large for a file of the SSH client" % real)
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            return ClientFile(real, stream.read(), stat.S_IMODE(info.st_mode))
    finally:
        os.close(descriptor)


def write_file(path: str, content: bytes, mode: int) -> None:
    """Make I(content) the file at I(path), which is not a link; readers see the old file or the new one."""
    folder, name = os.path.split(path)
    try:
        with closing(os.open(folder, READABLE_DIRECTORY)) as descriptor:
            replace_file(descriptor, name, content, mode)
    except OSError as exc:
        raise ClientFileError("cannot write %s: %s" % (path, exc.strerror)) from None


def clear_temporaries(paths: Iterable[str]) -> None:
    """Remove what a run that was killed has left beside these files, for a caller who keeps other runs out."""
    for path in paths:
        folder, name = os.path.split(path)
        for left in temporary_names(name):
            with suppress(OSError):
                os.unlink(os.path.join(folder, left))


def remove_file(path: str) -> None:
    """Remove a file; do nothing if it does not exist."""
    try:
        os.unlink(path)
    except OSError as exc:
        if exc.errno != errno.ENOENT:
            raise ClientFileError("cannot remove %s: %s" % (path, exc.strerror)) from None


def find_configs(folder: str) -> Set[str]:
    """Names of the files in a folder of ours that ssh would include."""
    try:
        return {name for name in os.listdir(folder) if name.endswith(".conf")}
    except OSError:
        return set()


def move_file(path: str, now: str) -> None:
    """Give a file its new place in one step, for good."""
    folder, name = os.path.split(path)
    target, new = os.path.split(now)
    try:
        with closing(os.open(folder, READABLE_DIRECTORY)) as source, closing(os.open(target, READABLE_DIRECTORY)) as destination:
            os.rename(name, new, src_dir_fd=source, dst_dir_fd=destination)
            sync_folder(destination)
            sync_folder(source)
    except OSError as exc:
        raise ClientFileError("cannot move %s: %s" % (path, exc.strerror)) from None


def make_folder(path: str) -> None:
    """A folder that only its owner may enter; one that exists is left as it is."""
    try:
        os.mkdir(path, 0o700)
    except OSError as exc:
        if exc.errno != errno.EEXIST or not os.path.isdir(path):
            raise ClientFileError("cannot make the folder %s: %s" % (path, exc.strerror)) from None


def remove_folder(path: str) -> None:
    """Remove a folder if nothing is in it."""
    with suppress(OSError):
        os.rmdir(path)


@contextmanager
def locked_folders(paths: Sequence[str]) -> Iterator[None]:
    """Keep other runs out; a folder that does not exist yet is made by this run alone or not at all."""
    with ExitStack() as stack:
        # In one order everywhere, so that no two runs wait for each other.
        for path in sorted({os.path.realpath(path) for path in paths}):
            try:
                descriptor = stack.enter_context(closing(os.open(path, READABLE_DIRECTORY)))
            except FileNotFoundError:
                continue
            except OSError as exc:
                raise ClientFileError("cannot open the folder %s: %s" % (path, exc.strerror)) from None
            lock(descriptor, 300, "another run has been working in %s for 300 seconds; try again later" % path)
        yield

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a private key: looked at without trust, reserved before anything else is done, filled in one step.

While a run works the path holds an empty file that the run has locked; the content is written beside it
(C(.NAME.ecs_key_pair)) and renamed over it. Whatever moment a run is killed at, the next one finds one of: nothing, an
empty file that nobody holds, a whole key beside it (finished then), or the file complete.

Note that this module util is **PRIVATE** to the collection.
"""

import errno
import fcntl
import os
import stat
from contextlib import contextmanager, suppress
from typing import Iterator, Optional

from .._errors import AccessError
from .plan import KeyFile
from .private_key import PrivateKeyError, is_complete, read_public_half

_MODE = 0o600
# More than an encrypted RSA-4096 key needs. Space for a key that cannot be had twice is taken before it is asked for.
_SPACE = 16384
_LARGEST = 65536
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
# A folder that may be entered and not listed will do, where the system has a word for it.
_FOLDER_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC


class KeyFileError(AccessError):
    """The path cannot be used."""

    code = "key_file"


def check_private_key_file(path: str, option: str) -> None:
    """Raise KeyFileError for a private key that another user can have put at I(path), or can change."""
    _read(os.path.realpath(os.path.expanduser(path)), option)


def look_at_key_file(path: str, passphrase: Optional[str]) -> KeyFile:
    """What is at I(path); raises KeyFileError or PrivateKeyError when a private key may not be kept there."""
    _check_folder(path)
    content, mode = _read(path)
    if content:
        return KeyFile(path, "key", read_public_half(content, passphrase, path), mode)
    beside, _mode = _read(_beside(path))
    beside = (beside or b"").rstrip(b"\0")
    if is_complete(beside):
        try:
            return KeyFile(path, "unfinished", read_public_half(beside, passphrase, _beside(path)), None)
        except PrivateKeyError:
            # Half-written after all; it will be written over.
            pass
    return KeyFile(path, "missing")


def restrict_key_file(path: str) -> None:
    """Take everybody else's access to the key away."""
    descriptor = os.open(path, _READ_FLAGS)
    try:
        os.fchmod(descriptor, _MODE)
    except OSError as exc:
        raise KeyFileError("%s: cannot set mode 0600: %s" % (path, exc.strerror)) from None
    finally:
        os.close(descriptor)


class Reservation:
    """The right to fill one path. Made by C(reserved_key_file)."""

    def __init__(self, path: str, descriptor: int, is_new: bool) -> None:
        self.path = path
        self._descriptor = descriptor
        self._is_new = is_new
        self._beside = -1
        self._is_filled = False
        self.is_written = False
        """Whether the whole content is safe on disk; if it is not in its place yet, the next run puts it there."""

    def take_space(self) -> None:
        """Have the room for a key on disk, so that filling cannot fail for lack of it."""
        if self._beside < 0:
            _remove(_beside(self.path))
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._beside = os.open(_beside(self.path), flags, _MODE)
            os.fchmod(self._beside, _MODE)
            _write(self._beside, bytes(_SPACE))
            os.fsync(self._beside)

    def fill(self, content: bytes) -> None:
        """Make I(content) the file, durably; readers see nothing of it or all of it."""
        self.take_space()
        _write(self._beside, content)
        os.ftruncate(self._beside, len(content))
        os.fsync(self._beside)
        self.is_written = True
        self._rename()

    def finish(self) -> None:
        """Give the key that an interrupted run left beside the path its place."""
        descriptor = os.open(_beside(self.path), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._beside = descriptor
        _check_owner(_beside(self.path), os.fstat(descriptor), "private_key_path")
        content = os.read(descriptor, _LARGEST)
        self.is_written = True
        os.fchmod(descriptor, _MODE)
        os.ftruncate(descriptor, len(content.rstrip(b"\0")))
        os.fsync(descriptor)
        self._rename()

    def _rename(self) -> None:
        os.rename(_beside(self.path), self.path)
        self._is_filled = True
        folder = os.open(os.path.dirname(self.path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _close(self) -> None:
        if not self._is_filled:
            if self._beside >= 0 and not self.is_written:
                _remove(_beside(self.path))
            if self._is_new:
                _remove(self.path)
        if self._beside >= 0:
            os.close(self._beside)
        os.close(self._descriptor)


@contextmanager
def reserved_key_file(path: str) -> Iterator[Reservation]:
    """Hold I(path) for this run alone; raises KeyFileError. Leaves nothing behind unless it was filled."""
    reservation = None
    try:
        reservation = _reserve(path)
        yield reservation
    except OSError as exc:
        raise KeyFileError("private_key_path: cannot write %s: %s" % (path, exc.strerror or "input/output error")) from None
    finally:
        if reservation is not None:
            reservation._close()


def _reserve(path: str) -> Reservation:
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    is_new = True
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, _MODE)
    except FileExistsError:
        is_new = False
        descriptor = os.open(path, flags)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = os.fstat(descriptor)
        now = os.stat(path, follow_symlinks=False)
        if held.st_size or (held.st_dev, held.st_ino) != (now.st_dev, now.st_ino):
            raise KeyFileError("private_key_path: %s was just written by another run; run again" % path)
        os.fchmod(descriptor, _MODE)
    except BlockingIOError:
        os.close(descriptor)
        raise KeyFileError("private_key_path: another run is making the key for %s at this moment" % path) from None
    except BaseException:
        os.close(descriptor)
        raise
    return Reservation(path, descriptor, is_new)


def is_in_collection(path: str) -> bool:
    """Whether an upgrade of a collection would delete the file."""
    folders = os.path.realpath(path).split(os.sep)[:-1]
    return "ansible_collections" in folders and len(folders) - folders.index("ansible_collections") > 2


def _check_folder(path: str) -> None:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise KeyFileError("private_key_path: the folder %s does not exist" % folder)
    if is_in_collection(path) and not os.path.exists(path):
        raise KeyFileError("private_key_path: %s would be in an installed collection and be deleted by its next upgrade" % path)
    if not os.access(folder, os.W_OK | os.X_OK) and not os.path.exists(path):
        raise KeyFileError("private_key_path: the folder %s is not writable" % folder)


def _open_folder(folder: str, option: str) -> int:
    """A descriptor of a folder that nobody else can put files into; raises KeyFileError and OSError."""
    descriptor = os.open(folder, _FOLDER_FLAGS)
    info = os.fstat(descriptor)
    if info.st_mode & stat.S_IWOTH or info.st_uid not in _trusted():
        os.close(descriptor)
        raise KeyFileError("%s: others can put files into the folder %s; use one that only you can write, such as ~/.ssh" % (option, folder))
    return descriptor


def _check_owner(path: str, info: os.stat_result, option: str) -> None:
    if info.st_uid not in _trusted():
        raise KeyFileError("%s: %s belongs to user id %d, so its key is not taken for yours; remove it or give another path" % (option, path, info.st_uid))
    if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise KeyFileError("%s: %s can be changed by others (mode %04o); remove it or give another path" % (option, path, stat.S_IMODE(info.st_mode)))


def _trusted() -> tuple:
    return (0, os.geteuid())


def _read(path: str, option: str = "private_key_path") -> tuple:
    """Content and mode of a regular file, (None, None) when there is none; raises KeyFileError for anything else."""
    folder, name = os.path.split(path)
    if os.path.isdir(path):
        raise KeyFileError("%s: %s is a folder; give the path of a file in it" % (option, path))
    try:
        place = _open_folder(folder, option)
        try:
            descriptor = os.open(name, _READ_FLAGS, dir_fd=place)
        finally:
            os.close(place)
    except OSError as exc:
        if exc.errno == errno.ENOENT:
            return None, None
        if exc.errno == errno.ELOOP:
            raise KeyFileError("%s: %s is a symbolic link; give the file itself" % (option, path)) from None
        raise KeyFileError("%s: cannot read %s: %s" % (option, path, exc.strerror)) from None
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise KeyFileError("%s: %s is not a regular file" % (option, path))
        _check_owner(path, info, option)
        if info.st_size > _LARGEST:
            raise KeyFileError("%s: %s holds something else than one private key" % (option, path))
        return os.read(descriptor, _LARGEST), stat.S_IMODE(info.st_mode)
    finally:
        os.close(descriptor)


def _beside(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, ".%s.ecs_key_pair" % name)


def _write(descriptor: int, content: bytes) -> None:
    """Put I(content) at the start of the file."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    written = 0
    while written < len(content):
        written += os.write(descriptor, content[written:])


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)

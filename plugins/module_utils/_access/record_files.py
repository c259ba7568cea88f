# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of the record: root's alone, replaced atomically, and trusted only as far as it is root's.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import os
import stat
from typing import Optional

from .._names import STATE_DIR
from .._system.files import READABLE_DIRECTORY, closing, replace_file, walk
from .._system.nodes import READ
from .._system.run import HostError
from .._text import printable
from .record import MAX_SIZE, Place, Record, RecordError, parse_record, render_record

FILE = "people.json"
PATH = STATE_DIR + "/" + FILE
_SET_ASIDE = FILE + ".set-aside"
# Where an image that was copied differs from the original, the first that is there.
_MACHINE_IDS = ("/var/lib/cloud/data/instance-id", "/sys/class/dmi/id/product_uuid", "/etc/machine-id")


def find_place(instance: Optional[str]) -> Place:
    """The instance that this is."""
    for path in _MACHINE_IDS:
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
            text = printable(stream.read(200).strip())
            if text:
                return Place(instance or "", text)
    return Place(instance or "")


def read_record_file() -> Optional[bytes]:
    """The content of the file, None if there is none; RecordError where it is not to be trusted."""
    try:
        with closing(_open_folder()) as folder:
            _check(os.fstat(folder), STATE_DIR)
            with closing(os.open(FILE, READ | os.O_NOFOLLOW, dir_fd=folder)) as descriptor:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                    raise RecordError("is not a regular file with one link", "damaged")
                _check(status, PATH)
                if status.st_size > MAX_SIZE:
                    raise RecordError("is larger than %d KiB" % (MAX_SIZE // 1024), "damaged")
                return _read(descriptor)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise RecordError("cannot be read (%s)" % exc.strerror, "damaged")


def _read(descriptor: int) -> bytes:
    content = b""
    while len(content) <= MAX_SIZE:
        part = os.read(descriptor, 65536)
        if not part:
            return content
        content += part
    raise RecordError("is larger than %d KiB" % (MAX_SIZE // 1024), "damaged")


def write_record_file(content: bytes) -> None:
    """Put the record in place; HostError where that is not possible."""
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(STATE_DIR, 0o700)
        with closing(_open_folder()) as folder:
            if os.fstat(folder).st_uid != 0:
                raise HostError("%s does not belong to root; check who made it, and remove it" % STATE_DIR)
            os.fchmod(folder, 0o700)
            replace_file(folder, FILE, content, 0o600, (0, 0))
    except OSError as exc:
        raise HostError("the record %s cannot be written: %s" % (PATH, exc.strerror))


class RecordFile:
    """The record of this host as it was found. C(state): present, missing, damaged, foreign or future; C(problem) is what is wrong with it."""

    def __init__(self, instance: Optional[str]) -> None:
        self.place = find_place(instance)
        self.record = Record(self.place)
        self.state, self.problem = "present", ""
        self._content: Optional[bytes] = None
        try:
            self._content = read_record_file()
            if self._content is None:
                self.state = "missing"
            else:
                self.record = parse_record(self._content, self.place)
        except RecordError as exc:
            self.state, self.problem = exc.code, str(exc)

    @property
    def content(self) -> Optional[bytes]:
        """The bytes of the file, also where they are damaged; None if there is none, or if others than root may have written it."""
        return self._content

    def write(self, record: Record) -> None:
        """Put it in place of what was found, unless a newer version wrote that."""
        if self.state == "future":
            return
        place = Place(self.place.instance or self.record.place.instance, self.place.machine)
        content = render_record(record._replace(place=place))
        if content == self._content:
            return
        if self.state in ("damaged", "foreign"):
            set_aside()
        write_record_file(content)
        self._content = content


def set_aside() -> None:
    """Keep a record that is not usable under another name, for a person to look at."""
    with contextlib.suppress(OSError), closing(_open_folder()) as folder:
        os.rename(FILE, _SET_ASIDE, src_dir_fd=folder, dst_dir_fd=folder)


def _open_folder() -> int:
    parent, name = os.path.split(STATE_DIR)
    with closing(walk(os.path.realpath(parent))) as above:
        return os.open(name, READABLE_DIRECTORY, dir_fd=above)


def _check(status: os.stat_result, path: str) -> None:
    if status.st_uid != 0 or status.st_mode & 0o022:
        raise RecordError("cannot be trusted, because %s can be changed by others than root" % path, "damaged")

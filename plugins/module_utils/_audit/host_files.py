# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One file for each instance, in a folder that nobody else can read or has made.

Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import json
import os
from typing import Iterator

from .._errors import AccessError
from .._ids import check_instance_id
from .._system.files import READABLE_DIRECTORY, closing, replace_file, walk
from .host import Host


class DestError(AccessError):
    """The folder cannot be used."""

    code = "dest"


@contextlib.contextmanager
def opened_dest(path: str) -> Iterator[int]:
    """The folder as a descriptor, made where it is missing; raises DestError."""
    path = os.path.abspath(path)
    parent, name = os.path.split(path)
    try:
        with closing(walk(os.path.realpath(parent))) as above:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=above)
            descriptor = os.open(name, READABLE_DIRECTORY, dir_fd=above)
    except OSError as exc:
        raise DestError("dest: cannot use the folder %s: %s" % (path, exc.strerror))
    with closing(descriptor):
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise DestError("dest: the folder %s is not yours alone (mode 0700); use another, which is made as it has to be" % path)
        yield descriptor


def write_host(folder: int, host: Host) -> None:
    """Replace the file of the instance, as a whole; raises DestError."""
    name = "%s.json" % check_instance_id(str(host["instance_id"]))
    content = json.dumps(host, indent=1, sort_keys=True, ensure_ascii=True) + "\n"
    try:
        replace_file(folder, name, content.encode("ascii"), 0o600)
    except OSError as exc:
        raise DestError("dest: cannot write %s: %s" % (name, exc.strerror))

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public keys that a task gives, as text or in a file.

Note that this module util is **PRIVATE** to the collection.
"""

from typing import Any, Mapping

from .._openssh.keys import PublicKey, parse_public_key
from .private_key_file import KeyFileError

_LARGEST = 65536


def read_given_key(given: Mapping[str, Any], place: str = "") -> PublicKey:
    """The key in the option C(public_key), or in the file C(public_key_path); raises KeyFormatError and KeyFileError.

    I(place) is put in front of the options' names in messages.
    """
    path = given["public_key_path"]
    if path is None:
        return parse_public_key(given["public_key"] or "", place + "public_key")
    try:
        with open(path, "rb") as stream:
            return parse_public_key(stream.read(_LARGEST).decode("utf-8", "replace"), path)
    except OSError as exc:
        raise KeyFileError("%spublic_key_path: cannot read %s: %s" % (place, path, exc.strerror)) from None

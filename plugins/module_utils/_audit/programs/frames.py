# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all chapters share: records are printed in frames, of which each has its own checksum.

The output of a command is cut at 24 KiB, in front or in the middle: what does not fit is asked for again by its numbers.
This file is sent in front of the chapters and behind what it imports from here, so it runs on Python 2.7 and 3.
Note that this module util is **PRIVATE** to the collection.
"""

import base64
import binascii
import glob
import grp
import hashlib
import json
import os
import pwd
import re
import struct
import sys
import time
import zlib

from ..._system.server import slurp

# Options, in which quotes may hide blanks, a type, the text of the key, in which sshd passes over other blanks than these two, and the comment.
KEY = re.compile(
    br'\s*(?!#)((?:(?:\\"|\\(?!")|[^\s"\\]|"(?:\\"|\\(?!")|[^"\\])*")+\s+)??)([^\s"]+)[ \t]+((?:[\r\v\f]*A){4}[^ \t]+)[ \t]*([^\r\n]*)'
)  # fmt: skip
NETWORK = re.compile("(nfs|cifs|smb|9p|afs|ceph|gluster|lustre|fuse|autofs)")


def text(value):
    # type: (bytes) -> str
    return value.decode("utf-8", "replace")


def show(records, request, marker):
    # type: (list, dict, str) -> None
    """Print the records from number C(first) on, as many as C(most) bytes hold; all of them are counted and summed up."""
    lines = [json.dumps(record, separators=(",", ":")) for record in records]
    digest = hashlib.sha256("\n".join(lines).encode("ascii")).hexdigest()[:16]
    clock = "%Y%m%d%H%M%S"
    head = {"total": len(lines), "digest": digest, "now": time.strftime(clock), "utc": time.strftime(clock, time.gmtime())}
    shown = []  # type: list[str]
    room = request["most"]
    for number in range(request["first"], len(lines)):
        content = "%d %s" % (number, lines[number])
        room -= len(content) + len(marker) + 10
        if room < 0 and shown:
            break
        shown.append(content)
    # In front and at the end: one of them is left whatever is cut.
    ends = ["head " + json.dumps(head)]
    framed = ["%s%08x %s" % (marker, zlib.crc32(content.encode("ascii")) & 0xFFFFFFFF, content) for content in ends + shown + ends]
    sys.stdout.write("\n".join([""] + framed + [""]))


def remote(path):
    # type: (str) -> str
    """The kind of the file system behind a network that a path lies on, and that may never answer; empty for any other."""
    kind, path = "", os.path.normpath(path) + "/"
    for line in text(slurp("/proc/self/mounts")).split("\n"):
        point, name = (line.split(" ") + ["", ""])[1:3]
        if point != "/" and path.startswith(point + "/") and NETWORK.match(name):
            kind = name
    return kind


def directory_names(known):
    # type: (set[str]) -> list[str]
    """Names that are in no file of accounts, as far as they own a home or are in a group: a directory's accounts cannot be counted."""
    names = set(name for group in grp.getgrall() for name in group.gr_mem)
    for home in [] if remote("/home") else glob.glob("/home/*"):
        try:
            if not remote(home):
                names.add(pwd.getpwuid(os.lstat(home).st_uid).pw_name)
        except (KeyError, OSError):
            continue
    return sorted(names - known)[:5000]


def fingerprint(blob):
    # type: (bytes) -> str
    return "SHA256:" + text(base64.b64encode(hashlib.sha256(blob).digest())).rstrip("=")


def read_key(line):
    # type: (bytes) -> list | None
    """[type in the line, type of the key, fingerprint, bits, options, comment]; None for what sshd takes for no key."""
    found = KEY.match(line.split(b"\0")[0])  # where a line ends to sshd
    if not found:
        return None
    options, kind, body, comment = found.groups()
    try:
        blob, parts, at = base64.b64decode(body), [], 0
        while at < len(blob):
            (size,) = struct.unpack(">I", blob[at : at + 4])
            parts.append(blob[at + 4 : at + 4 + size])
            at += 4 + size
        own = text(parts[0])
        number = {"ssh-rsa": parts[-1], "ssh-dss": parts[1]}.get(own, b"")
        if at != len(blob):
            return None
    except Exception:  # noqa: BLE001
        return None
    named = re.search("nistp([0-9]+)", own)
    bits = len(bin(int(binascii.hexlify(number), 16))) - 2 if number else int(named.group(1)) if named else 256
    return [text(kind)[:60], own[:60], fingerprint(blob), bits, text(options).strip()[:2001], text(comment).strip()[:100]]

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account of an instance that tries to read everything that root is sent: files, arguments, environments."""

from __future__ import annotations

import contextlib
from typing import Iterator

from lab.instance import Instance

USER = "watcher"
# Looks all the time, from before the start, at whatever there is to open, and remembers where it saw the word.
_PROGRAM = r"""
import glob, os, sys
word, seen_path = open(sys.argv[1], "rb").read(), sys.argv[2]
places = ["/proc/[0-9]*/cmdline", "/proc/[0-9]*/environ", "/usr/local/share/aliyun-assist/work/script/*", "/run/ecs-assistant-*/*",
          "/tmp/*", "/tmp/*/*", "/var/tmp/*", "/root/.ansible/tmp/*/*", "/run/*.sh"]
mine, seen, rounds = str(os.getpid()), {}, 0
while True:
    for place in places:
        for path in glob.glob(place):
            if path.split("/")[2] == mine:
                continue
            try:
                with open(path, "rb") as stream:
                    text = stream.read(1 << 20)
            except (OSError, IOError):
                continue
            if word in text:
                seen[path] = text.replace(b"\0", b" ")[:300].decode("utf-8", "replace")
            if b"ecs-assistant-" in text:
                seen.setdefault("scripts", path)
    rounds += 1
    with open(seen_path + ".new", "w") as stream:
        stream.write("rounds %d\n" % rounds + "".join("%s: %r\n" % pair for pair in seen.items()))
    os.rename(seen_path + ".new", seen_path)
"""


class Seen(str):
    """What the account has written down: a line for each place where it saw the word, and C(scripts) if it saw one of ours at all."""

    @property
    def places(self) -> list[str]:
        """Where the word was."""
        return [line for line in self.splitlines() if not line.startswith(("rounds ", "scripts: "))]

    @property
    def rounds(self) -> int:
        """How often it has looked everywhere."""
        return int(self.split()[1])


class Watcher:
    """A running watch."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def seen(self) -> Seen:
        """What it has seen so far."""
        return Seen(self._instance.exec(f"cat /home/{USER}/seen"))


@contextlib.contextmanager
def watching(instance: Instance, word: str) -> Iterator[Watcher]:
    """Have an ordinary account look for a word, which is in nobody's arguments because of that."""
    home = f"/home/{USER}"
    instance.exec(f"id {USER} > /dev/null 2>&1 || useradd --create-home --shell /bin/sh {USER}\nrm -f {home}/seen")
    instance.put(f"{home}/watch.py", _PROGRAM, owner=USER)
    start = (
        f"setsid nice -n 5 setpriv --reuid {USER} --regid {USER} --init-groups python3 {home}/watch.py {home}/word {home}/seen > {home}/log 2>&1 < /dev/null &"
    )
    instance.put(f"{home}/word", word, "0600", USER)
    instance.exec(f"cd {home}; {start}\nfor _ in $(seq 100); do [ -e {home}/seen ] && exit 0; sleep 0.1; done; cat {home}/log; exit 1")
    try:
        yield Watcher(instance)
    finally:
        instance.exec(f"pkill -KILL -u {USER}; userdel --remove --force {USER} > /dev/null 2>&1; true")

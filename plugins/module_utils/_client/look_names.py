# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask ssh which names the user's own configuration already has: by C(Include), by a pattern, by C(Match).

Note that this module util is **PRIVATE** to the collection.
"""

import re
import shutil
import subprocess
import time
import uuid
from typing import FrozenSet, List, Optional, Sequence

from .config import find_hosts

_SECONDS, _MOST_SECONDS = 5, 60
# Where there is none of these, the names can be read.
_NEEDS_SSH = re.compile(rb"(?im)^\s*(?:include\b|match\b|host\b[^\n]*[*?!])")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


def find_taken(config: bytes, names: Sequence[str], home: str) -> FrozenSet[str]:
    """Those of the names that mean something in a configuration, beyond what every name means."""
    listed = {name.lower() for name in find_hosts(config)}
    program = shutil.which("ssh")
    if program is None or not _NEEDS_SSH.search(config):
        return frozenset(listed)
    late = time.monotonic() + _MOST_SECONDS
    nobody = "n%s" % uuid.uuid4().hex
    usual = _ask(program, config, nobody, home)
    asked = [name for name in dict.fromkeys(names) if usual is not None and _NAME.match(name) and name.lower() not in listed]
    for name in asked:
        # Patterns of Host match letters as they are, names of hosts do not.
        if time.monotonic() < late and any(_ask(program, config, form, home) != usual for form in (name, name.lower())):
            listed.add(name.lower())
    return frozenset(listed)


def _ask(program: str, config: bytes, name: str, home: str) -> Optional[List[str]]:
    """What ssh would do for a name, the name itself left out; None when it does not accept the configuration."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": home}
    try:
        ended = subprocess.run(  # pylint: disable=ansible-bad-function # on whatever system the person works
            [program, "-G", "-F", "/dev/stdin", name],
            input=config,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.decode("utf-8", "replace").lower().replace(name.lower(), "NAME").split("\n") if ended.returncode == 0 else None

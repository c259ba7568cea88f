# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads host keys of instances through Cloud Assistant, which does not depend on any address.

The script reads only. Which lines of its output are believed is decided by I(read_host_keys), not in the guest.

Note that this module util is **PRIVATE** to the collection. The client is handed in: nothing here knows the SDK.
"""

import uuid
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from .._openssh.known_hosts import Reading, read_host_keys
from .._text import text_lines
from .ask import DELIVERY_SECONDS, Ended, wait_for_batch
from .command import MOST_OUTPUT

# A private key's file tells its public half by itself; a .pub file beside it may be another key's.
_SCRIPT = """\
#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
export PATH LC_ALL
files=$(sshd -T 2>/dev/null </dev/null | sed -n 's/^hostkey //p')
[ -n "$files" ] || files=$(ls /etc/ssh/ssh_host_*_key 2>/dev/null)
echo '%(marker)s begin'
printf '%%s\\n' "$files" | while IFS= read -r file; do
[ -f "$file" ] || continue
ssh-keygen -y -P '' -f "$file" 2>/dev/null </dev/null || head -c 4096 "$file.pub" 2>/dev/null
echo
done
echo '%(marker)s end'
"""


class HostKeysReply(NamedTuple):
    """The answer of one instance, or why there is none."""

    reading: Reading = Reading((), ())
    why: str = ""


def ask_host_keys(client: Any, instance_ids: Sequence[str], timeout: int) -> Dict[str, HostKeysReply]:
    """Ask all at the same time. I(timeout) is how many seconds the command may run in an instance."""
    marker = "ecs-access-%s" % uuid.uuid4().hex
    batches = client.run_command(_SCRIPT % {"marker": marker}, list(instance_ids), timeout)
    deadline = client.clock() + timeout + DELIVERY_SECONDS
    replies: Dict[str, HostKeysReply] = {}
    for batch in batches:
        for instance_id, ended in wait_for_batch(client, batch, deadline).items():
            replies[instance_id] = _read_reply(ended, marker)
    return replies


def _read_reply(ended: Ended, marker: str) -> HostKeysReply:
    if ended.output is None:
        return HostKeysReply(why=ended.why)
    if len(ended.output) > MOST_OUTPUT:
        return HostKeysReply(why="the response from the instance is longer than %d bytes" % MOST_OUTPUT)
    lines = _cut_out(text_lines(ended.output), marker)
    if lines is None:
        return HostKeysReply(why="the response from the instance was cut off")
    reading = read_host_keys(lines)
    return HostKeysReply(reading, "" if reading.keys else "the instance returned no usable host key")


def _cut_out(lines: List[str], marker: str) -> Optional[List[str]]:
    """The lines of our script, whatever else the agent or a login script printed around them."""
    try:
        begin = lines.index(marker + " begin")
        return lines[begin + 1 : lines.index(marker + " end", begin)]
    except ValueError:
        return None

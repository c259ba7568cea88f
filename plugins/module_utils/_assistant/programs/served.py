# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries temporary keys as sshd would at a login: runs the vendor's program as its own account, for five seconds at most.

Sent as text and run as root: Python 2.7 and 3, standard library. Every judgement is the controller's.
Note that this module util is **PRIVATE** to the collection.
"""

import json
import os
import pwd
import subprocess
import sys
import time

PLUGIN = "config_ecs_instance_connect"
HELPER = "/usr/local/share/aliyun-assist/plugin/%s/ecs_config_instance_connect" % PLUGIN
ACCOUNT = "ecs-instance-connect"
ATTEMPTS = 3  # the service may need a moment to tell what it has taken
TIMED_OUT = 124


def ask(name, fingerprint):
    # type: (str, str) -> tuple[int, list[str]]
    """(exit status, blobs of the keys) for a user."""
    account = pwd.getpwnam(ACCOUNT)

    def become():
        # type: () -> None
        os.setgroups([account.pw_gid])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)

    with open(os.devnull, "r+b") as nothing:
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            ["/usr/bin/timeout", "5s", HELPER, name, fingerprint],
            stdin=nothing,
            stdout=subprocess.PIPE,
            stderr=nothing,
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
            close_fds=True,
            preexec_fn=become,
        )
    output = process.communicate()[0].decode("utf-8", "replace")
    return process.returncode, [line.split()[1] for line in output.splitlines() if len(line.split()) > 1]


def find_missing(keys):
    # type: (list[list[str]]) -> list[dict]
    """The first key that is not returned, with the exit status and the number of other keys. Empty if all are returned."""
    for name, blob, fingerprint in keys:
        for attempt in range(ATTEMPTS):
            time.sleep(min(attempt, 1))
            code, told = ask(name, fingerprint)
            if blob in told or code == TIMED_OUT:
                break
        if blob not in told:
            return [{"name": name, "code": code, "others": len(told)}]
    return []


def main(request):
    # type: (dict[str, list[list[str]]]) -> None
    try:
        answer = {"missing": find_missing(request["keys"])}  # type: dict
    except Exception as exc:  # noqa: BLE001
        answer = {"error": str(exc)}
    print("\n" + sys.argv[2] + json.dumps(answer))  # pylint: disable=ansible-bad-function

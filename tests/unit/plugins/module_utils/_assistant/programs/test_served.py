# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest asks the vendor's program for keys as sshd would, with a program that answers what each test wants."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.command import parse_output
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.programs import served
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.readiness import SERVED_ANSWER
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.served_command import ServedRequest, render_served

from .conftest import MARKER, MOST_SENT, find_interpreters, made_world

SET_UP = """
mount -t tmpfs -o mode=755 tmpfs /usr/local/share
mkdir -p $(dirname {helper})
{account}
cat > {helper} <<'HELPER'
#!/bin/sh
{program}
HELPER
chmod 755 {helper}
cat > /run/ask <<'ASK'
{ask}
ASK
sh /run/ask
"""
ACCOUNT = f"useradd -r -M -s /sbin/nologin {served.ACCOUNT}"
JOHN = ("john", "AAAAjohn", "SHA256:john")
MARY = ("mary", "AAAAmary", "SHA256:mary")


def missing(world, program, *keys, account=ACCOUNT):
    script = SET_UP.format(helper=served.HELPER, account=account, program=program, ask=render_served(ServedRequest(keys), MARKER))
    return [list(one.values()) for one in parse_output(world.run(script), MARKER, SERVED_ANSWER)["missing"]]


def test_what_is_sent_is_small(long_key):
    keys = tuple((name, long_key.split()[1], "SHA256:" + "x" * 43) for name in ("ecs-user", "deploy"))
    assert len(render_served(ServedRequest(keys), "ecs-access-%s:" % ("0" * 32)).encode()) <= MOST_SENT


@pytest.mark.parametrize("interpreter", find_interpreters())
def test_every_python_finds_the_key_among_others(can_unshare, interpreter):
    with made_world(interpreter) as world:
        assert missing(world, "echo; echo ssh-rsa; echo ssh-rsa AAAAother \303\266; echo ssh-rsa AAAAjohn x y", JOHN) == []


def test_it_is_asked_as_sshd_asks_it(world):
    """As its own account with no other rights, by user and fingerprint."""
    program = (
        f'[ "$(id -un):$(id -Gn)" = {served.ACCOUNT}:{served.ACCOUNT} ] && [ "$#" = 2 ] && [ "$2" = "SHA256:$1" ] && [ -z "$(cat)" ] && echo ssh-rsa AAAA$1'
    )
    assert missing(world, program, JOHN, MARY) == []


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("true", ["john", 0, 0]),
        ("exit 3", ["john", 3, 0]),
        ("echo ssh-rsa AAAAmary; echo ssh-rsa AAAAx", ["john", 0, 2]),
        ("echo ssh-rsa AAAAjohnx", ["john", 0, 1]),
    ],
)
def test_what_it_tells_instead(world, program, found):
    assert missing(world, program, JOHN) == [found]


def test_one_that_hangs_is_ended(world):
    assert missing(world, "sleep 60", JOHN) == [["john", 124, 0]]


def test_a_moment_is_granted(world):
    assert missing(world, "[ -e /run/once/x ] && echo ssh-rsa AAAAjohn; touch /run/once/x", JOHN, account=ACCOUNT + "\nmkdir -m 777 /run/once") == []


def test_without_the_account_it_is_one_sentence(world):
    with pytest.raises(Exception, match=served.ACCOUNT):
        missing(world, "true", JOHN, account="")

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest's preparation for temporary keys, whole, with a plugin manager that does what each test wants."""

import socket

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.command import parse_output
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.programs import prepare
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.prepare_command import PrepareRequest, render_prepare
from ansible_collections.alicloud.ecs_access.plugins.module_utils._temporary_key.readiness import PREPARE_ANSWER, find_guest_problem

from .conftest import MARKER, MOST_SENT, find_interpreters, made_world

FAITHFUL = f"""
mkdir -p $(dirname {prepare.HELPER}); install -m 755 /bin/true {prepare.HELPER}
getent passwd {prepare.ACCOUNT} >/dev/null || useradd -r -M -s /sbin/nologin {prepare.ACCOUNT}
grep -q '^[^#]*AuthorizedKeysCommand' /etc/ssh/sshd_config || cat >> /etc/ssh/sshd_config <<'LINES'
{prepare.LINES}LINES
"""
# An agent, and an sshd of this world; the machine's own /usr/local/share is out of sight.
SET_UP = """
mount -t tmpfs -o mode=755 tmpfs /usr/local/share
mkdir -p /usr/local/share/aliyun-assist/2.2.3.1060
cat > /usr/local/share/aliyun-assist/2.2.3.1060/acs-plugin-manager <<'MANAGER'
#!/bin/sh
{manager}
MANAGER
chmod 755 /usr/local/share/aliyun-assist/2.2.3.1060/acs-plugin-manager
{config}
cp -p /etc/ssh/sshd_config /run/config.before
{sshd}
cat > /run/ask <<'ASK'
{ask}
ASK
sh /run/ask
{more}
kill "$daemon" 2>/dev/null
cmp -s /etc/ssh/sshd_config /run/config.before && echo SAME
ls -A /etc/ssh | grep ecs-access && echo LEFT
exit 0
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(world, manager: str = FAITHFUL, config: str = "", write: bool = True, more: str = "", seconds: int = 20, users=("john",)):
    """(answer, whether sshd_config is as it was). Nothing may be left behind."""
    script = SET_UP.format(
        manager=manager, config=config, more=more, ask=render_prepare(PrepareRequest(tuple(users), write, seconds), MARKER),
        sshd=f"ssh-keygen -A >/dev/null; timeout 50 /usr/sbin/sshd -D -o Port={free_port()} -o ListenAddress=127.0.0.1 & daemon=$!; sleep 0.5"
        if "Nonsense" not in config else "daemon=",
    )  # fmt: skip
    output = world.run(script)
    assert "LEFT" not in output.splitlines(), output
    return parse_output(output, MARKER, PREPARE_ANSWER), "SAME" in output.splitlines()


def test_what_is_sent_is_small():
    assert len(render_prepare(PrepareRequest(("ecs-user", "deploy"), True, 120), "ecs-access-%s:" % ("0" * 32)).encode()) <= MOST_SENT


@pytest.mark.parametrize("interpreter", find_interpreters())
def test_every_python_prepares(can_unshare, interpreter):
    with made_world(interpreter) as world:
        answer, same = ask(world)
        assert (find_guest_problem(answer, True), same) == (None, False), answer
        assert answer["done"][0] == "plugin installed"
        answer, same = ask(world, manager="exit 240", config="grep -q ^AuthorizedKeysCommand /etc/ssh/sshd_config")
        # The helper is gone with the mount, and cannot come back.
        assert (find_guest_problem(answer, True).reason, same) == ("plugin_failed", True)


def test_looking_changes_nothing(world):
    answer, same = ask(world, write=False)
    assert (answer["wanted"], answer["done"], same) == (True, [], True)
    assert find_guest_problem(answer, False).reason == "not_prepared"


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("echo Nonsense yes >> /etc/ssh/sshd_config", "sshd_broken"),
        ("printf 'AuthorizedKeysCommand /bin/other %%u\\nAuthorizedKeysCommandUser nobody\\n' >> /etc/ssh/sshd_config", "foreign_command"),
        ("echo AuthorizedKeysCommandUser nobody >> /etc/ssh/sshd_config", "foreign_command"),
        ("printf 'Match User mary\\n X11Forwarding no\\n' >> /etc/ssh/sshd_config", "command_not_in_force"),
        ("sed -i '1i AuthorizedKeysCommand none' /etc/ssh/sshd_config", "foreign_command"),
        ("sed -i '1i PubkeyAuthentication no' /etc/ssh/sshd_config", "pubkey_off"),
    ],
)
def test_what_is_in_the_way_is_named_and_the_installer_not_run(world, config, reason):
    answer, same = ask(world, manager=FAITHFUL + "touch /run/ran", config=config, more="[ -e /run/ran ] && echo RAN >> /etc/ssh/sshd_config")
    assert (find_guest_problem(answer, True).reason, same) == (reason, True)


def test_a_match_block_for_the_very_user_is_no_obstacle(world):
    answer, same = ask(world, config="printf 'Match User john\\n X11Forwarding no\\n' >> /etc/ssh/sshd_config")
    assert (find_guest_problem(answer, True), same) == (None, False), answer


def test_an_access_list_is_named_although_the_preparation_went_well(world):
    """Who may log in is judged by the controller; the preparation serves other users too."""
    answer, same = ask(world, config="sed -i '1i DenyUsers john' /etc/ssh/sshd_config")
    assert (find_guest_problem(answer, True).reason, same) == ("login_refused", False)


def test_an_unknown_user(world):
    answer, same = ask(world, users=("john", "nobody-here"))
    assert (find_guest_problem(answer, True).reason, same) == ("user_missing", True)


@pytest.mark.parametrize(
    "manager",
    [
        "exit 240",
        FAITHFUL + "exit 246",
        "echo Nonsense yes >> /etc/ssh/sshd_config",
        "sed -i 1,5d /etc/ssh/sshd_config",
        "echo half > /etc/ssh/sshd_config; sleep 60",
        FAITHFUL + "sleep 60",
        FAITHFUL + f"chmod 777 {prepare.HELPER}",
        FAITHFUL.replace("timeout 5s", "timeout 6s") + "sed -i 's/CommandUser.*/CommandUser nobody/' /etc/ssh/sshd_config",
        "rm /etc/ssh/sshd_config",
    ],
)
def test_an_installer_that_goes_wrong_is_undone_byte_for_byte(world, manager):
    answer, same = ask(world, manager=manager, seconds=2, more="stat -c %a%u%g /etc/ssh/sshd_config | grep -qx 64400 || exit 9")
    problem = find_guest_problem(answer, True)
    assert (problem.reason in ("plugin_failed", "foreign_command"), same, answer["done"]) == (True, True, []), answer
    assert "everything was restored" in problem.why


@pytest.mark.parametrize("saved", [prepare.SAVED, prepare.FORMER])
def test_a_run_that_was_cut_off_is_undone(world, saved):
    """The file that the cut-off run saved is put back, then the work is done anew."""
    config = f"cp -p /etc/ssh/sshd_config {saved}; echo Broken line >> /etc/ssh/sshd_config"
    answer, _same = ask(world, config=config + "\n# Nonsense", more="grep -q Broken /etc/ssh/sshd_config && exit 9", manager="exit 240")
    assert "cut off" in answer["done"][0]
    assert answer["sshd_error"] == ""

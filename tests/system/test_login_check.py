# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every world in which a login fails: a real ssh is refused, the check names the cause first, its fix lets the same ssh in."""

from __future__ import annotations

import shutil
import time
from typing import Callable, Iterator

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_client import judge_client
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from lab import ssh as lab_ssh
from lab.instance import Instance
from worlds import clients, scenarios
from worlds.scenarios import Healthy, Scenario
from worlds.world import World

pytestmark = pytest.mark.long

# What every login prints that runs its command: an exit status alone would also be that of a forced command.
MARK = "inside"
PROOFS = {"works": "logged in through a private sshd", "refused": "a private sshd refused", "fails": "but its session ran no command"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Callable:
    """keys("rsa:2048"): one key of each kind, made once."""
    folder = tmp_path_factory.mktemp("keys")
    made = {}

    def get(kind: str):
        if kind not in made:
            name, _colon, bits = kind.partition(":")
            made[kind] = lab_ssh.make_key(folder, f"{name}{bits}", name, int(bits) if bits else None)
        return made[kind]

    return get


@pytest.fixture(scope="module")
def get_world(keys: Callable) -> Iterator[Callable]:
    """get_world(instance): its world, put back to how it was."""
    worlds: dict[str, World] = {}

    def get(instance: Instance) -> World:
        if instance.name not in worlds:
            worlds[instance.name] = World(instance, keys("ed25519"))
        else:
            worlds[instance.name].reset()
        return worlds[instance.name]

    yield get
    for world in worlds.values():
        world.close()


def _is_in(world: World, user: str, key=None, client: tuple = ()) -> bool:
    done = world.login(f"echo {MARK}", user=user, key=key, options=client)
    return done.returncode == 0 and MARK in done.stdout


def _gets_in(world: World, user: str, key=None, client: tuple = ()) -> bool:
    """A reload closes the port for a moment."""
    for pause in (0, 0.3, 1, 2):
        time.sleep(pause)
        if _is_in(world, user, key, client):
            return True
    return False


@pytest.mark.parametrize("scenario", scenarios.ALL, ids=lambda scenario: scenario.id)
def test_the_cause_comes_first_and_its_fix_works(fleet, get_world: Callable, keys: Callable, scenario: Scenario) -> None:
    name = scenario.images[0] if scenario.images and "debian12" not in scenario.images else "debian12"
    _break_explain_and_mend(get_world(fleet[name]), keys, scenario)


# What hangs on versions of OpenSSH and PAM, on paths and on defaults, on the other distributions as well.
EVERYWHERE = (
    "account_expired", "password_expired-must-change", "nologin_file", "home_not_enterable", "directory_not_enterable-recipe-without-chown",
    "key_file_wrong_owner", "key_missing", "from_mismatch", "pubkey_authentication_off-match", "allow_users", "algorithm_not_accepted",
    "revoked_keys_unreadable", "sshd_not_running", "sshd_config_broken", "host_keys_missing-modes", "config_not_loaded", "hosts_deny",
    "pam_access", "limit_maxlogins", "shell_startup_exits",
)  # fmt: skip


@pytest.mark.parametrize("image", ["debian11", "debian13", "el-like"])
@pytest.mark.parametrize("scenario", [item for item in scenarios.ALL if item.id in EVERYWHERE], ids=lambda scenario: scenario.id)
def test_the_same_on_other_distributions(fleet, get_world: Callable, keys: Callable, scenario: Scenario, image: str) -> None:
    _break_explain_and_mend(get_world(fleet[image]), keys, scenario)


@pytest.mark.on_image("debian12")
@pytest.mark.parametrize("healthy", scenarios.HEALTHY, ids=lambda healthy: healthy.id)
def test_a_login_that_works_has_nothing_in_its_way(fleet, get_world: Callable, keys: Callable, healthy: Healthy) -> None:
    world = get_world(fleet["debian12"])
    key = keys(healthy.key) if healthy.key else world.key
    if healthy.key:
        world.sh(f"printf '%s\\n' '{key.public}' >> $A")
    world.sh(healthy.setup)
    assert _is_in(world, healthy.user, key), "the world is broken although it should not be"
    checked = world.check(user=healthy.user, public_key=key.public, prove=True)
    assert checked.can_log_in is True, checked.findings
    assert [finding for finding in checked.findings if finding["severity"] != "info"] == []
    assert "logged in through a private sshd" in checked.result["proof"]


@pytest.mark.on_image("debian12")
@pytest.mark.parametrize("client", clients.ALL, ids=lambda client: client.id)
def test_the_clients_own_ssh_tells_the_cause(fleet, get_world: Callable, keys: Callable, client: clients.Client, tmp_path) -> None:
    world = get_world(fleet["debian12"])
    for name, key in (("key", world.key), ("other", keys("ecdsa:256"))):
        shutil.copy(key.path, tmp_path / name)
        (tmp_path / f"{name}.pub").write_text(key.public + "\n")
    lab_ssh.write_known_hosts(tmp_path / "known", [world.instance])
    try:
        clients.run(tmp_path, client.setup, world.instance)
        done = clients.login(tmp_path, client.arguments, world.instance, client.host)
        fingerprint = parse_public_key(world.key.public).fingerprint_sha256
        assert [finding.cause for finding in judge_client(done.stderr, done.returncode, fingerprint)] == [client.cause], done.stderr
        clients.run(tmp_path, client.fix, world.instance)
        mended = clients.login(tmp_path, client.fixed or client.arguments, world.instance)
        assert mended.returncode == 0, mended.stderr
        assert judge_client(mended.stderr, 0, fingerprint) == []
    finally:
        clients.run(tmp_path, "[ ! -e pid ] || { . ./pid; kill $SSH_AGENT_PID; }", world.instance)


@pytest.mark.on_image("debian12")
def test_a_refusal_that_no_file_tells_is_found_by_the_proof(fleet, get_world: Callable) -> None:
    world = get_world(fleet["debian12"])
    world.sh("pam 'account required pam_exec.so /bin/false'")
    assert not _is_in(world, "bob")
    asked = world.check()
    assert (asked.first, asked.can_log_in) == ("pam_not_asked", "unknown"), "a look runs no program that it does not know"
    checked = world.check(prove=True)
    assert (checked.first, checked.can_log_in) == ("pam_refuses", False)


@pytest.mark.on_image("debian12")
@pytest.mark.parametrize("session", ["command", "shell", "sftp"])
def test_the_private_login_asks_for_what_the_login_is_for(fleet, get_world: Callable, session: str) -> None:
    world = get_world(fleet["debian12"])
    checked = world.check(session=session, prove=True)
    assert (checked.can_log_in, checked.findings) == (True, []), checked.result
    assert "logged in through a private sshd" in checked.result["proof"]
    world.sh("echo '[ -e /licence ] || exit 1' > $H/.bash_profile; chown bob $H/.bash_profile")
    checked = world.check(session=session, prove=True)
    assert checked.can_log_in is (session != "shell"), checked.result
    assert [finding["cause"] for finding in checked.findings if finding["severity"] == "blocks"] == (["shell_startup_exits"] if session == "shell" else [])


@pytest.mark.on_image("debian12")
def test_the_proof_leaves_nothing_behind_even_when_it_is_killed(fleet, get_world: Callable) -> None:
    world = get_world(fleet["debian12"])
    listing = "find /run /tmp /root /home /etc /var/tmp -newer /opt/base/mark ! -path '/run/systemd/*' ! -path '/run/user*' | sort"
    # The start-up file makes the session last, so that the module can be killed in the middle of it.
    world.sh("echo 'sleep 3' > $H/.bashrc; chown bob $H/.bashrc; sleep 1; touch /opt/base/mark; sleep 0.1")
    before = world.sh(listing)
    run = "cd /; PYTHONPATH=/opt/check exec python3 -m ansible_collections.alicloud.ecs_access.plugins.modules.ssh_login_check"
    world.sh("(" + run + ") <<'END' >/dev/null 2>&1 &\n" + '{"ANSIBLE_MODULE_ARGS": {"user": "bob", "prove": true}}\nEND\nMODULE=$!; sleep 2')
    assert "private-sshd" in world.sh("ps axww -o args"), "the private login is not under way"
    world.sh("kill -9 $MODULE; sleep 5")
    assert "/fd/" not in world.sh("ps axww -o args | grep -v grep")
    after = [line for line in world.sh(listing).splitlines() if line not in before.splitlines()]
    assert [line for line in after if line.startswith(("/tmp", "/root", "/home", "/etc", "/run/tmp", "/run/ecs"))] == []
    assert world.login().returncode == 0


def _break_explain_and_mend(world: World, keys: Callable, scenario: Scenario) -> None:
    key = keys(scenario.key) if scenario.key else world.key
    if scenario.key:
        world.sh(f"printf '%s\\n' '{key.public}' >> $A")
    world.sh(scenario.setup)
    for _attempt in range(scenario.strangers):
        assert not _is_in(world, scenario.user, keys("ecdsa:256"))
    assert not _is_in(world, scenario.user, key, scenario.client), "the world is healthy although it should not be"
    checked = world.check(user=scenario.user, public_key=key.public, prove=bool(scenario.proof), **dict(scenario.check))
    assert checked.first == scenario.cause, checked.findings
    assert checked.can_log_in == scenario.verdict, checked.findings
    assert len(set(checked.blocking)) <= 1, checked.findings
    if scenario.proof:
        assert PROOFS[scenario.proof] in checked.result["proof"], checked.result["proof"]
    fix = scenario.fix or checked.findings[0]["fix_command"]
    said = world.sh(fix)
    assert _gets_in(world, scenario.user, key, scenario.client), f"{fix}: {said}"
    after = world.check(user=scenario.user, public_key=key.public)
    assert scenario.cause not in [finding["cause"] for finding in after.findings if finding["severity"] == "blocks"], after.findings

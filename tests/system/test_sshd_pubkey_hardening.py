# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No login by password, less for root: real passwords typed into real ssh work before and not after, and keys always work."""

from __future__ import annotations

import contextlib
import re

import pytest
from lab.sshd_host import STATE, running_hosts

DROP_IN = "/etc/ssh/sshd_config.d/00-alicloud-ecs-access.conf"
MAIN = "/etc/ssh/sshd_config"
# Both doors of a password open: the second by the name that old and new versions know, and by the one that wins in old ones.
OPEN = "PasswordAuthentication yes\\nChallengeResponseAuthentication yes\\nKbdInteractiveAuthentication yes\\n"
CLOUD_INIT = f"printf '{OPEN}' > /etc/ssh/sshd_config.d/50-cloud-init.conf"
READ_FIRST = f"printf '{OPEN}' > /etc/ssh/sshd_config.d/00-a.conf"
IN_MAIN = f"sed -i '1i {OPEN}' /etc/ssh/sshd_config"
KEYS_OFF = "; echo 'PubkeyAuthentication no' >> /etc/ssh/sshd_config"


@pytest.fixture(scope="module")
def hosts(start_fleet, request, lab_folder, controller_key):
    images = request.config.getoption("--images").split(",")
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(running_hosts(start_fleet, images, lab_folder / "sshd_hardening", controller_key))


@pytest.fixture
def host_of(hosts):
    """host_of("debian12"): `op`, whom the run is connected as, has a key here; root has a password."""

    def get(image):
        hosts[image].reset()
        hosts[image].let_op_in()
        return hosts[image]

    return get


def login_by_password(host, user):
    """What comes of each way of typing the password."""
    return {method: host.password_login(user, method) for method in ("password", "keyboard-interactive")}


IN = {"password": True, "keyboard-interactive": True}
OUT = {"password": False, "keyboard-interactive": False}


@pytest.mark.parametrize(
    ("image", "world", "first", "place"),
    [
        pytest.param("debian12", CLOUD_INIT, None, DROP_IN, id="debian12: keys work already, cloud-init opens passwords"),
        pytest.param("debian12", CLOUD_INIT + KEYS_OFF, DROP_IN, DROP_IN, id="debian12: keys are off", marks=pytest.mark.long),
        pytest.param("debian12", READ_FIRST + KEYS_OFF, DROP_IN, MAIN, id="debian12: opened by a drop-in before ours", marks=pytest.mark.long),
        pytest.param("debian11", CLOUD_INIT + KEYS_OFF, DROP_IN, DROP_IN, id="debian11: keys are off", marks=pytest.mark.long),
        pytest.param("debian13", CLOUD_INIT, None, DROP_IN, id="debian13: keys work already", marks=pytest.mark.long),
        pytest.param("el-like", IN_MAIN + KEYS_OFF, MAIN, MAIN, id="el-like: keys are off", marks=pytest.mark.long),
    ],
)
def test_no_login_by_password(host_of, image, world, first, place):
    host = host_of(image)
    host.configure(world)
    assert login_by_password(host, "op") == IN
    options = {"users": ["alice"], "password_authentication": False}
    before = host.snapshot()
    planned = host.run(check=True, **options)
    assert host.snapshot() == before

    result = host.run(**options)
    assert result["status"] == "changed", result["msg"]
    assert login_by_password(host, "op") == OUT
    assert login_by_password(host, "root") == OUT
    assert (host.login(), host.login("root")) == ("alice", "root")

    expected = [f"write {first}", f"reload {host.unit}"] if first else []
    expected += [f"remove {first}"] if first not in (None, place) else []
    expected = [*expected, f"write {place}", f"reload {host.unit}"]
    assert sorted(result["actions"]) == sorted(expected)
    same = ("changed", "place", "actions", "effective", "hardening")
    assert {key: planned[key] for key in same} == {key: result[key] for key in same}
    assert shown_diff(planned) == shown_diff(result)
    assert "+PasswordAuthentication no +KbdInteractiveAuthentication no" in shown_diff(result)
    assert result["hardening"]["*"]["PasswordAuthentication"] == {"before": "yes", "after": "no"}
    assert result["trial"] == {"alice": "let in", "op": "let in"}
    assert re.fullmatch("logged in as alice@.* by public key, and logged in as op@.* by public key", result["proof"])
    assert host.exec(f"ls {STATE}").split() == ["last-change", "rollback.sh"]

    after = host.snapshot()
    assert host.run(**options)["changed"] is False
    # Omitted means left alone, also where keys need our place.
    assert host.run(users=["alice"])["changed"] is False
    assert host.snapshot() == after


def shown_diff(result):
    return result["output"].split("TASK [", 1)[1].split("changed: [")[0]


@pytest.mark.long
@pytest.mark.parametrize("image", ["debian12", "el-like"])
def test_root_by_key_only_and_then_not_at_all_and_back_again(host_of, image):
    host = host_of(image)
    host.configure(f"{IN_MAIN if image == 'el-like' else CLOUD_INIT}; sed -i '1i PermitRootLogin yes' {MAIN}")
    assert host.password_login("root", "password")
    assert host.run(users=["alice", "root"], permit_root_login="prohibit-password")["changed"]
    assert (host.login("root"), host.password_login("root", "password")) == ("root", False)
    assert host.password_login("op", "password")
    assert host.run(users=["alice", "root"], permit_root_login="prohibit-password")["changed"] is False

    # What YAML makes of a plain no.
    result = host.run(users=["alice"], permit_root_login=False, password_authentication=False)
    assert result["hardening"]["*"]["PermitRootLogin"] == {"before": "prohibit-password", "after": "no"}
    assert "Permission denied" in host.login("root")
    assert (host.login(), login_by_password(host, "op")) == ("alice", OUT)

    back = host.run(users=["alice"], password_authentication=True, proof="skip")
    assert back["changed"], back["msg"]
    assert login_by_password(host, "op") == IN
    assert "Permission denied" in host.login("root")
    absent = host.run(state="absent", proof="skip")
    assert absent["changed"], absent["msg"]
    assert host.login("root") == "root"
    assert host.exec("grep -r ecs_access /etc/ssh || true") == ""


@pytest.mark.on_image("debian12")
@pytest.mark.long
def test_no_login_by_password_where_systemd_holds_the_port(host_of):
    host = host_of("debian12")
    host.configure(CLOUD_INIT + KEYS_OFF)
    host.exec("systemctl stop ssh.service; systemctl enable --now ssh.socket")
    host.wait_for_port()
    assert login_by_password(host, "op") == IN
    result = host.run(users=["alice"], password_authentication=False)
    assert (result["changed"], result["service"]) == (True, "ssh.socket"), result
    assert login_by_password(host, "op") == OUT
    assert host.login() == "alice"
    assert host.run(users=["alice"], password_authentication=False)["changed"] is False


MATCH = "printf 'Match User alice\\n  PasswordAuthentication yes\\n' >> /etc/ssh/sshd_config"
REFUSED = [
    pytest.param("true", {"password_authentication": False, "proof": "skip"}, "never applied without a proof of login", id="no proof"),
    pytest.param(
        MATCH,
        {"password_authentication": False},
        r"passwordauthentication yes in the block Match User alice \(/etc/ssh/sshd_config:\d+\)",
        id="Match block opens passwords",
    ),
    pytest.param(
        "echo 'KbdInteractiveAuthentication yes' > /etc/ssh/more; printf 'Match Address 192.0.2.0/24\\nInclude /etc/ssh/more\\n' >> /etc/ssh/sshd_config",
        {"password_authentication": False},
        r"kbdinteractiveauthentication yes in the block Match Address 192.0.2.0/24 \(/etc/ssh/more:1\)",
        id="file that is included in a Match block opens passwords",
    ),
    pytest.param(
        "printf 'Match Address 192.0.2.0/24\\nPermitRootLogin yes\\n' >> /etc/ssh/sshd_config",
        {"permit_root_login": "prohibit-password"},
        r"permitrootlogin yes in the block Match Address",
        id="Match block opens root",
    ),
    pytest.param(
        "echo 'AuthenticationMethods publickey,password' >> /etc/ssh/sshd_config",
        {"password_authentication": False},
        r"^sshd refuses every candidate: Disabled method .password. in AuthenticationMethods list ((?!Disabled).)*$",
        id="methods that need a password",
    ),
    pytest.param(
        "chmod 0666 /home/op/.ssh/authorized_keys",
        {"password_authentication": False},
        "op could not log in any more, having no public key that works: .*/home/op/.ssh/authorized_keys",
        id="key file is not safe",
    ),
    pytest.param(
        "rm /home/op/.ssh/authorized_keys",
        {"password_authentication": False},
        "op could not log in any more, having no public key that works",
        id="user of this run has no key",
    ),
    pytest.param(
        "printf 'PubkeyAuthentication no\\nMatch User alice\\nPubkeyAuthentication yes\\n' >> /etc/ssh/sshd_config",
        {"password_authentication": False},
        "PubkeyAuthentication is off for op, who could not log in",
        id="keys of this user off",
    ),
    pytest.param(
        "true",
        {"permit_root_login": "no", "users": ["alice", "root"]},
        "permit_root_login: no would keep root out, but root is one of the users",
        id="root is one of the users",
    ),
    pytest.param(
        "true", {"permit_root_login": "forced-commands-only", "proof_user": "root"}, "would keep root out, but the proof logs in as root", id="root proves"
    ),
    pytest.param(
        "true", {"state": "absent", "users": [], "password_authentication": False}, "remove password_authentication and permit_root_login from", id="absent"
    ),
]


@pytest.mark.on_image("debian12")
@pytest.mark.long
@pytest.mark.parametrize(("world", "options", "sentence"), REFUSED)
def test_refused_before_anything_is_changed(host_of, world, options, sentence):
    host = host_of("debian12")
    host.configure(f"{CLOUD_INIT}; {world}")
    before, login = host.snapshot(), host.login()
    for check in (True, False):
        result = host.run(check=check, **{"users": ["alice"], **options})
        assert result["status"] == "failed"
        assert re.search(sentence, result["msg"]), result["msg"]
        assert host.snapshot() == before
    assert host.login() == login


@pytest.mark.on_image("debian12")
def test_a_run_that_is_logged_in_as_root_needs_root(host_of):
    host = host_of("debian12")
    variables = {"ansible_user": "root", "ansible_password": None}
    message = host.run(variables=variables, users=["alice"], permit_root_login="no")["msg"]
    assert "permit_root_login: no would keep root out, but this run is logged in as root" in message
    assert "use prohibit-password, or connect as another user" in message


@pytest.mark.on_image("debian12")
def test_user_without_a_key_is_refused_and_only_warned_of_in_check_mode(host_of):
    host = host_of("debian12")
    host.exec("id bob 2>/dev/null || useradd -m bob")
    before = host.snapshot()
    options = {"users": ["alice", "bob"], "password_authentication": False}
    assert "bob could not log in any more, having no public key that works" in host.run(**options)["msg"]
    planned = host.run(check=True, **options)
    assert planned["changed"] is True
    assert "bob could not log in any more" in planned["output"]
    assert "A real run is refused unless an earlier task adds one" in planned["output"]
    assert host.snapshot() == before


@pytest.mark.on_image("debian12")
@pytest.mark.parametrize(
    ("world", "kept"),
    [
        pytest.param(CLOUD_INIT, False, id="keys work already"),
        pytest.param(CLOUD_INIT + KEYS_OFF, True, id="keys are off at first", marks=pytest.mark.long),
    ],
)
def test_a_hardening_that_can_not_be_proven_is_undone_alone(host_of, tmp_path, world, kept):
    """The first login as the user of this run works, the second doesn't: as if the key stopped working in between."""
    host = host_of("debian12")
    host.configure(world)
    wrapper = tmp_path / "ssh"
    wrapper.write_text(f"""#!/bin/sh
case "$*" in
*PreferredAuthentications=publickey*'User="op"'*)
    [ ! -e {tmp_path}/once ] || exec ssh -o User=nobody "$@"
    touch {tmp_path}/once ;;
esac
exec ssh "$@"
""")
    wrapper.chmod(0o755)
    result = host.run(variables={"ansible_ssh_executable": str(wrapper)}, users=["alice"], password_authentication=False)
    assert result["status"] == "failed"
    assert "no login as op@" in result["msg"]
    assert "the former configuration was put back" in result["msg"]
    assert ("Login by key, which was turned on first, has been proven and stays on" in result["msg"]) is kept
    assert "proof: skip" not in result["msg"]
    assert login_by_password(host, "op") == IN
    assert host.login() == "alice"

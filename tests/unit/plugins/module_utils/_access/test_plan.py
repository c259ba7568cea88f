# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for a host that is given as text: what is done, what is refused, how it reads."""

import base64
import struct

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.plan import plan_access, settle_accounts
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.report import render_diff, sentences, user_results
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.state import (
    Conflict,
    Fragment,
    HomeState,
    KeyFile,
    Snapshot,
    SudoSet,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.steps import CreateHome, RunTool, WriteKeys
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import parse_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.accounts import Account, parse_group, parse_passwd, parse_shadow
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers import parse_rules

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
ann:x:1001:1001:Ann:/home/ann:/bin/bash
bob:x:1002:1002::/home/bob:/bin/sh
+::::::
"""
SHADOW = "root:*:1::::::\nann:$6$s$hash:1:0:99999:7:::\nbob:!$6$s$hash:1:0:99999:7::1:\n"
GROUP = "root:x:0:\nsudo:x:27:ann\ndev:x:2000:ann\nops:x:2001:\nann:x:1001:\nbob:x:1002:\n"
RULES = "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n"


def blob(number):
    parts = (b"ssh-ed25519", bytes([number] * 32))
    return base64.b64encode(b"".join(struct.pack(">I", len(part)) + part for part in parts)).decode()


K = "ssh-ed25519 " + blob(1)
L = "ssh-ed25519 " + blob(2)
CRYPT = "$6$salt$" + "x" * 86


def host(rules=RULES, keys=None, **fields):
    files = {"ann": K + " ann@laptop\n", "bob": "", **(keys or {})}
    snapshot = Snapshot(
        parse_passwd(PASSWD),
        parse_shadow(SHADOW),
        parse_group(GROUP),
        homes={"ann": HomeState(True, 1001), "bob": HomeState(True, 1002), "eve": HomeState(False)},
        key_files={name: (key_file(f"/home/{name}/.ssh/authorized_keys", text),) for name, text in files.items()}
        | {"eve": (KeyFile("/home/eve/.ssh/authorized_keys"),)},
        sudo=SudoSet(True, "/etc/sudoers.d", {}, parse_rules("/etc/sudoers", rules)),
    )
    return snapshot._replace(**fields)


def key_file(path, text, **fields):
    return KeyFile(path, bool(text), tuple(parse_key_file(text.encode())), **fields)


def plan_for(snapshot, params):
    wanted = parse_wanted(params)
    return plan_access(snapshot, wanted, settle_accounts(snapshot, wanted))


def plan(snapshot=None, host_groups=(), revoked_keys=(), **user):
    users = [{"name": "ann", **user}] if user else []
    return plan_for(snapshot or host(), {"groups": list(host_groups), "users": users, "revoked_keys": list(revoked_keys)})


def commands(made):
    return [" ".join(step.argv) for step in made.steps if isinstance(step, RunTool)]


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        pytest.param({"state": "present"}, [], id="nothing asked: nothing done"),
        pytest.param({"shell": "/bin/sh"}, ["usermod -s /bin/sh ann"], id="shell"),
        pytest.param({"comment": ""}, ["usermod -c  ann"], id="an empty comment clears"),
        pytest.param({"group": "ops"}, ["usermod -g ops ann"], id="primary group"),
        pytest.param({"groups": ["ops"]}, ["usermod -a -G ops ann"], id="groups are appended"),
        pytest.param({"groups": ["dev"]}, [], id="already a member"),
        pytest.param({"groups": ["ann"]}, [], id="member of the primary group"),
        pytest.param({"groups": ["dev"], "append_groups": False}, ["usermod -G dev ann"], id="other groups are left"),
        pytest.param({"groups": [], "append_groups": False}, ["usermod -G  ann"], id="all groups are left"),
        pytest.param({"groups": ["ops"], "append_groups": False}, ["usermod -a -G ops ann", "usermod -G ops ann"], id="join before leaving"),
        pytest.param({"expires": "2030-12-31"}, ["usermod -e 22279 -- ann"], id="expiry"),
        pytest.param({"expires": "never"}, [], id="never expired anyway"),
        pytest.param({"state": "locked"}, ["usermod -L -e 1 -- ann"], id="locked: expired, too"),
        pytest.param({"sudo": "password"}, [], id="sudo by group: has it"),
        pytest.param({"sudo": "none"}, ["usermod -G dev ann"], id="no sudo: out of the admin group, not of others"),
        pytest.param({"name": "bob", "state": "present"}, ["usermod -U -e  -- bob"], id="unlocked"),
        pytest.param({"name": "bob", "state": "locked"}, [], id="locked before"),
        pytest.param({"name": "bob", "state": "present", "expires": "2030-12-31"}, ["usermod -U -e 22279 -- bob"], id="unlocked until"),
        pytest.param({"password_hash": CRYPT}, ["chpasswd -e"], id="password"),
        pytest.param({"password_hash": CRYPT, "update_password": "on_create"}, [], id="password only for new accounts"),
        pytest.param({"state": "absent"}, ["usermod -e 1 -- ann", "userdel -- ann"], id="absent"),
        pytest.param({"state": "absent", "remove_home": True}, ["usermod -e 1 -- ann", "userdel -r -- ann"], id="absent with home"),
        pytest.param({"name": "eve", "state": "absent"}, [], id="absent before"),
        pytest.param({"name": "eve"}, ["useradd -d /home/eve -s /bin/bash -c  -m -U -p * -- eve"], id="new"),
        pytest.param({"name": "eve", "state": "locked"}, ["useradd -d /home/eve -s /bin/bash -c  -m -U -p !* -e 1 -- eve"], id="new and locked"),
        pytest.param(
            {"name": "eve", "uid": 7, "group": "dev", "groups": ["ops"], "system": True, "create_home": False},
            ["useradd -d /home/eve -s /bin/bash -c  -M -g dev -p * -r -u 7 -G ops -- eve"],
            id="new with everything",
        ),
    ],
)
def test_account(user, expected):
    assert commands(plan(**user)) == expected


def test_a_password_never_stands_on_a_command_line_in_the_diff_or_in_actions():
    made = plan(name="eve", password_hash=CRYPT, sudo="password")
    assert [step.stdin for step in made.steps if isinstance(step, RunTool) and step.argv == ("chpasswd", "-e")] == [f"eve:{CRYPT}\n"]
    shown = " ".join(commands(made)) + str(render_diff(made)) + str(sentences(made.actions)) + str(user_results(made.after, ["eve"]))
    assert CRYPT not in shown
    assert "$6$" not in str(render_diff(made))


def test_a_locked_user_gets_a_locked_password():
    made = plan(state="locked", password_hash=CRYPT)
    assert [step.stdin for step in made.steps if isinstance(step, RunTool) and step.stdin] == [f"ann:!{CRYPT}\n"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        pytest.param({"name": "eve", "uid": 1001}, "uid 1001 is taken by user ann", id="uid taken"),
        pytest.param({"uid": 5}, "has uid 1001, not 5", id="uid of a present account"),
        pytest.param({"home": "/srv/ann"}, "has the home /home/ann, not /srv/ann", id="home of a present account"),
        pytest.param({"groups_": [{"name": "new", "gid": 2000}]}, "gid 2000 is taken by group dev", id="gid taken"),
        pytest.param({"groups_": [{"name": "dev", "gid": 5}]}, "has gid 2000, not 5", id="gid of a present group"),
        pytest.param({"groups_": [{"name": "ann", "state": "absent"}]}, "it is the primary group of ann", id="group in use"),
        pytest.param({"group": "nobody"}, "there is no group nobody", id="unknown primary group"),
        pytest.param({"groups": ["nobody"]}, "there is no group nobody", id="unknown group"),
        pytest.param({"name": "eve", "sudo": "password"}, "needs an account with a password", id="sudo password without a password"),
        pytest.param({"sudo": "none", "groups": ["sudo"]}, "the listed group sudo may run everything", id="contradiction"),
        pytest.param({"name": "zoe", "account": "existing"}, "the user does not exist on this host", id="existing is not there"),
        pytest.param({"shell": "/bin/zsh", "snapshot": host(missing_shells=frozenset(["/bin/zsh"]))}, "/bin/zsh does not exist", id="no such shell"),
        pytest.param({"name": "eve", "snapshot": host(missing_tools=frozenset(["useradd"]))}, "useradd not found", id="no shadow tools"),
        pytest.param(
            {"name": "eve", "home": "/data/eve", "snapshot": host(missing_dirs=frozenset(["/data"]))},
            "the parent directory of the home",
            id="no place for the home",
        ),
        pytest.param({"name": "eve", "snapshot": host(homes={"eve": HomeState(True, 1005)})}, "set uid: 1005 to take it over", id="home of another"),
        pytest.param(
            {"name": "eve", "snapshot": host(homes={"eve": HomeState(True, problem="the home /home/eve is a symbolic link")})},
            "is a symbolic link",
            id="home is a link",
        ),
        pytest.param(
            {"authorized_keys": [K], "snapshot": host(key_files={"ann": (KeyFile("/x", True, None, problem="/x is a link"),)})},
            "user ann: /x is a link",
            id="key file is a link",
        ),
        pytest.param(
            {"authorized_keys": [L], "snapshot": host(key_files={"ann": (KeyFile("/x", True, obstacle="/x is immutable"),)})},
            "user ann: /x is immutable",
            id="48 immutable",
        ),
        pytest.param({"authorized_keys": [K], "snapshot": host(key_files={"ann": ()})}, "sshd reads no key file", id="AuthorizedKeysFile none"),
        pytest.param({"sudo": "nopasswd", "snapshot": host(sudo=SudoSet(False, None))}, "sudo is not installed", id="no sudo"),
        pytest.param({"sudo": "nopasswd", "snapshot": host(sudo=SudoSet(True, None))}, "includes no directory", id="no sudoers.d"),
        pytest.param(
            {"name": "eve", "snapshot": host(nss={"eve": Account("eve", 9, 9, "", "/home/eve", "/bin/sh")})},
            "set account: existing",
            id="an account of LDAP",
        ),
    ],
)
def test_conflict(given, sentence):
    given = dict(given)
    with pytest.raises(Conflict) as caught:
        plan(given.pop("snapshot", None), given.pop("groups_", ()), **given)
    assert sentence in str(caught.value)


def test_an_immutable_file_that_is_right_is_no_conflict():
    snapshot = host(key_files={"ann": (key_file("/x", K, obstacle="/x is immutable"),)})
    assert not plan(snapshot, authorized_keys=[K]).changed


@pytest.mark.parametrize(
    ("rules", "user", "gain", "fragment"),
    [
        pytest.param(RULES, {"sudo": "password"}, "sudo", None, id="Debian: group sudo"),
        pytest.param("%wheel ALL=(ALL) ALL\n", {"sudo": "password"}, "wheel", None, id="el: group wheel"),
        pytest.param("root ALL=(ALL) ALL\n", {"sudo": "password"}, None, "bob ALL=(ALL:ALL) ALL", id="no group is granted: own rule"),
        pytest.param(RULES, {"sudo": "nopasswd"}, None, "bob ALL=(ALL:ALL) NOPASSWD: ALL", id="nopasswd: own rule"),
        pytest.param(RULES, {"sudo": "password", "sudo_commands": ["/bin/ls"]}, None, "bob ALL=(ALL:ALL) /bin/ls", id="commands: own rule"),
    ],
)
def test_sudo(rules, user, gain, fragment):
    groups = {**parse_group(GROUP), **parse_group("wheel:x:10:\n")}
    made = plan(host(rules, groups=groups), name="bob", state="present", **user)
    gained = [step.argv[3] for step in made.steps if isinstance(step, RunTool) and step.argv[:3] == ("usermod", "-a", "-G")]
    assert gained == ([gain] if gain else [])
    assert [text.splitlines()[-1] for text in made.fragments.values()] == ([fragment] if fragment else [])
    assert made.after["bob"].sudo == user["sudo"]


def test_commands_take_the_user_out_of_the_admin_group():
    made = plan(sudo="nopasswd", sudo_commands=["/bin/ls"])
    assert commands(made) == ["usermod -G dev ann"]
    assert sentences(made.actions)[0].startswith("set the sudo rule"), "given before taken"


def test_who_only_loses_keys_does_not_keep_sudo_by_what_is_in_the_way():
    keys = {"ann": (key_file("/home/ann/.ssh/authorized_keys", K + "\n", problem="/home/ann/.ssh is a symbolic link and is not followed"),)}
    made = plan(host(key_files=keys), sudo="none", authorized_keys=[{"key": K, "state": "absent"}])
    assert commands(made) == ["usermod -G dev ann"]
    assert made.failures == ("user ann: /home/ann/.ssh is a symbolic link and is not followed",)


def test_several_rules_are_several_lines_and_what_ends_is_no_membership():
    made = plan(sudo_rules=[{"sudo": "nopasswd", "commands": ["/bin/ls"]}, {"sudo": "nopasswd", "until": "2027-01-31"}])
    assert [text.splitlines()[1:] for text in made.fragments.values()] == [
        ["ann ALL=(ALL:ALL) NOPASSWD: /bin/ls", "ann ALL=(ALL:ALL) NOTAFTER=20270131235959Z NOPASSWD: ALL"]
    ]
    assert commands(made) == ["usermod -G dev ann"]


def test_sudo_none_names_what_others_still_grant():
    made = plan(host(RULES + "ann ALL=(ALL) NOPASSWD: ALL\n"), sudo="none")
    assert made.warnings == ("user ann still has sudo by /etc/sudoers:3: ann ALL=(ALL) NOPASSWD: ALL",)


def test_some_commands_only_names_what_others_grant_besides():
    shell = "ann ALL=(root) NOPASSWD: /bin/bash"
    made = plan(host(RULES + shell + "\n"), sudo="nopasswd", sudo_commands=["/bin/ls"])
    assert made.warnings == ("user ann also has sudo by /etc/sudoers:3: " + shell,)
    assert plan(host(RULES + shell + "\n"), sudo="nopasswd").warnings == ()


@pytest.mark.parametrize(
    "rules", ["User_Alias OPS = ann\nOPS ALL=(ALL) ALL\n", "\n#1001 ALL=(ALL) ALL\n", "\n%#2000 ALL=(ALL) ALL\n", "\nbob,\tALL ALL=(ALL) ALL\n"]
)
def test_sudo_none_overlooks_no_way_to_name_a_user(rules):
    (warning,) = plan(host(RULES + rules), sudo="none").warnings
    assert warning.startswith("user ann still has sudo by /etc/sudoers:4: ")


def test_a_fragment_with_a_wrong_mode_is_repaired():
    text = "# Managed by alicloud-ecs-access (ssh_access); changes here are overwritten.\nann ALL=(ALL:ALL) NOPASSWD: ALL\n"
    for sound, actions in ((True, []), (False, ["repair owner and mode of the sudo rule of user ann"])):
        sudo = SudoSet(True, "/etc/sudoers.d", {"/etc/sudoers.d/95-alicloud-ecs-access-ann": Fragment(text, sound)}, parse_rules("/etc/sudoers", RULES))
        assert sentences(plan(host(sudo=sudo), sudo="nopasswd").actions) == actions


OURS, EARLIER = "/etc/sudoers.d/95-alicloud-ecs-access-ann", "/etc/sudoers.d/95-ecs_access-ann"
SET = "# Managed by alicloud-ecs-access (ssh_access); changes here are overwritten.\nann ALL=(ALL:ALL) NOPASSWD: ALL\n"
LONG_AGO = SET.replace("alicloud-ecs-access (ssh_access)", "alicloud.ecs_access.ssh_access")
LIMITED = LONG_AGO.replace("NOPASSWD: ALL", "NOPASSWD: /bin/ls")


class TestFragmentsOfEarlierVersions:
    """They count as ours, and win over the one with the new name; a user has one afterwards."""

    @pytest.mark.parametrize(
        ("present", "actions"),
        [
            pytest.param({EARLIER: LONG_AGO}, ["rename the file of the sudo rule of user ann"], id="the same rule"),
            pytest.param({EARLIER: SET}, ["rename the file of the sudo rule of user ann"], id="killed between new text and new name"),
            pytest.param({EARLIER: LIMITED}, ["set the sudo rule of user ann: ann ALL=(ALL:ALL) NOPASSWD: ALL"], id="another rule"),
            pytest.param({EARLIER: LIMITED, OURS: SET}, ["set the sudo rule of user ann: ann ALL=(ALL:ALL) NOPASSWD: ALL"], id="an earlier version came again"),
        ],
    )
    def test_are_taken_over(self, present, actions):
        made = plan(self.host(present), sudo="nopasswd")
        assert sentences(made.actions) == actions
        assert made.fragments == {EARLIER: None, OURS: SET}
        assert (made.before["ann"].rule.text, made.after["ann"].rule.text) == (present[EARLIER].splitlines()[-1], SET.splitlines()[-1])
        (step,) = made.steps
        assert (step.folder, step.names, step.text) == ("/etc/sudoers.d", ("95-alicloud-ecs-access-ann", "95-ecs_access-ann"), SET)

    @pytest.mark.parametrize("user", [{"sudo": "none", "groups": []}, {"sudo": "password"}, {"state": "absent"}])
    def test_are_removed(self, user):
        made = plan(self.host({EARLIER: LIMITED, OURS: SET}), **user)
        assert made.fragments == {EARLIER: None, OURS: None}
        assert "remove the sudo rule of user ann" in sentences(made.actions)
        assert made.after["ann"].rule is None

    def test_are_left_alone_where_sudo_is(self):
        made = plan(self.host({EARLIER: LIMITED}), state="present")
        assert (made.steps, made.after["ann"].rule.text) == ((), LIMITED.splitlines()[-1])

    def host(self, present):
        fragments = {path: Fragment(text) for path, text in present.items()}
        return host(sudo=SudoSet(True, "/etc/sudoers.d", fragments, parse_rules("/etc/sudoers", RULES)))


def test_an_absent_user_loses_rule_and_keys_before_the_account():
    sudo = SudoSet(True, "/etc/sudoers.d", {"/etc/sudoers.d/95-alicloud-ecs-access-ann": Fragment("ann ALL=(ALL) ALL\n")}, [])
    assert sentences(plan(host(sudo=sudo), state="absent").actions) == [
        "expire user ann",
        "remove the sudo rule of user ann",
        "end the processes of user ann",
        "remove /home/ann/.ssh/authorized_keys",
        "remove user ann",
    ]


def test_a_home_that_somebody_else_lives_in_stays_and_the_account_goes():
    tenant = {**parse_passwd(PASSWD), "x": Account("x", 9, 9, "", "/home/ann/x", "/bin/sh")}
    made = plan(host()._replace(accounts=tenant), state="absent", remove_home=True)
    assert commands(made) == ["usermod -e 1 -- ann", "userdel -- ann"]
    assert made.failures == ("user ann: the home /home/ann is not removed, because user x lives in it",)


def test_an_account_with_the_number_of_another_loses_no_processes_and_no_files_of_both():
    twins = {**parse_passwd(PASSWD), "twin": Account("twin", 1001, 1001, "", "/home/ann", "/bin/sh")}
    files = {"ann": (key_file("/home/ann/.ssh/authorized_keys", K, shared=("twin",)),)}
    made = plan(host(key_files=files)._replace(accounts=twins), name="ann", state="absent")
    assert sentences(made.actions) == ["expire user ann"]
    assert "its group is also that of others" in made.failures[0]
    assert made.warnings == ("user twin has the same uid (1001) as user ann, whose processes are not ended",)


def test_an_account_of_a_directory_service_is_not_called_removed():
    nss = {"ldap": Account("ldap", 5000, 5000, "", "/home/ldap", "/bin/bash")}
    made = plan(host(nss=nss), name="ldap", account="existing", state="absent")
    assert (made.steps, made.failures) == (
        (), ("user ldap is defined outside of /etc/passwd; lock or remove it where it is defined",),
    )  # fmt: skip


def test_a_person_who_is_to_go_goes_before_anybody_comes():
    users = [{"name": "eve"}, {"name": "ann", "state": "absent"}]
    made = plan_for(host(), {"users": users})
    assert next(action for action in sentences(made.actions) if "user" in action) == "expire user ann"


class TestSharedFiles:
    """Files that sshd also reads for somebody else."""

    CENTRAL = key_file("/etc/ssh/keys", L + "\n", shared=("every account",))
    OWN = key_file("/home/ann/.ssh/authorized_keys", K + "\n")

    def test_the_next_private_place_is_used(self):
        made = plan(host(key_files={"ann": (self.CENTRAL, KeyFile("/home/ann/.ssh/authorized_keys"))}), authorized_keys=[K])
        assert [step.path for step in made.steps] == ["/home/ann/.ssh/authorized_keys"]

    def test_without_a_private_place_the_key_is_refused(self):
        with pytest.raises(Conflict, match="sshd reads /etc/ssh/keys for every account too"):
            plan(host(key_files={"ann": (self.CENTRAL,)}), authorized_keys=[K])

    def test_exclusive_leaves_them_and_says_so(self):
        made = plan(host(key_files={"ann": (self.CENTRAL, self.OWN)}), authorized_keys=[K], exclusive=True)
        assert (made.steps, len(made.warnings)) == ((), 1)
        assert "/etc/ssh/keys holds other keys and is not changed" in made.warnings[0]

    def test_a_key_is_not_taken_out_for_one_of_them(self):
        with pytest.raises(Conflict, match="list it in revoked_keys"):
            plan(host(key_files={"ann": (self.CENTRAL, self.OWN)}), authorized_keys=[{"key": L, "state": "absent"}])

    def test_absent_leaves_them(self):
        made = plan(host(key_files={"ann": (self.CENTRAL, self.OWN)}), state="absent")
        assert "remove /home/ann/.ssh/authorized_keys" in sentences(made.actions)
        assert "remove /etc/ssh/keys" not in sentences(made.actions)

    def test_a_revoked_key_leaves_them_once(self):
        made = plan(host(key_files={"ann": (self.CENTRAL,), "bob": (self.CENTRAL,)}), revoked_keys=[L])
        assert [step.path for step in made.steps] == ["/etc/ssh/keys"]
        assert made.after["ann"].keys == made.after["bob"].keys == ()


def test_a_rule_left_by_a_user_who_is_gone_is_removed():
    sudo = SudoSet(True, "/etc/sudoers.d", {"/etc/sudoers.d/95-alicloud-ecs-access-eve": Fragment("eve ALL=(ALL) ALL\n")}, [])
    assert sentences(plan(host(sudo=sudo), name="eve", state="absent").actions) == ["remove the sudo rule of user eve"]


def test_check_mode_knows_users_groups_and_keys_that_do_not_exist_yet():
    made = plan_for(host(), {"groups": [{"name": "new"}], "users": [{"name": "eve", "groups": ["new"], "authorized_keys": [K + " eve"]}]})
    assert sentences(made.actions)[:2] == ["create group new", "create user eve in groups new"]
    assert sentences(made.actions)[2].startswith("user eve: add key SHA256:")
    assert "group new: absent\nuser eve: absent\n" in render_diff(made)["before"]


def test_revoked_keys_leave_accounts_that_are_not_listed():
    made = plan(revoked_keys=[K])
    assert sentences(made.actions) == [f"user ann: remove revoked key {made.before['ann'].keys[0].key.fingerprint_sha256} (ann@laptop)"]
    assert made.after["ann"].keys == ()


def test_a_revoked_key_behind_a_link_is_a_failure_and_a_link_without_it_is_not():
    files = {"bob": (key_file("/home/bob/.ssh/authorized_keys", K, problem="it is a symbolic link"),)}
    made = plan(host(key_files=files), revoked_keys=[K])
    assert made.unremoved == ("a revoked key of user bob could not be removed: it is a symbolic link",)
    assert made.steps == ()
    assert not plan(host(key_files=files), revoked_keys=[L]).unremoved


def test_what_cannot_be_searched_for_revoked_keys_is_a_failure_and_the_rest_is_done():
    files = {"bob": (KeyFile("/home/bob/.ssh/authorized_keys", True, None, problem="it is a FIFO"),)}
    made = plan(host(key_files={**host().key_files, **files}), revoked_keys=[K])
    assert made.unremoved == ("the keys of user bob could not be searched for revoked ones: it is a FIFO",)
    assert [step.name for step in made.steps] == ["ann"]


def test_lines_of_the_account_file_behind_which_somebody_could_be_fail_what_takes_access_away():
    snapshot = host(damage=("/etc/passwd:9, which is not a valid account line",))
    assert not plan(snapshot, sudo="password").failures
    for user in ({"state": "absent"}, {"state": "locked"}, {"revoked_keys": [K]}):
        assert plan(snapshot, **user).failures == ("an account may be hidden in /etc/passwd:9, which is not a valid account line",)


def test_a_key_in_the_second_file_is_not_added_to_the_first():
    files = {"ann": (KeyFile("/home/ann/.ssh/authorized_keys"), key_file("/home/ann/.ssh/authorized_keys2", K))}
    assert not plan(host(key_files=files), authorized_keys=[K]).changed
    made = plan(host(key_files=files), authorized_keys=[L], exclusive=True)
    assert [(step.path, step.content) for step in made.steps] == [
        ("/home/ann/.ssh/authorized_keys", (L + "\n").encode()),
        ("/home/ann/.ssh/authorized_keys2", b""),
    ]


def test_an_existing_account_gets_keys_and_sudo_only():
    nss = {"ldap": Account("ldap", 5000, 5000, "", "/home/ldap", "/bin/bash")}
    files = {"ldap": (KeyFile("/home/ldap/.ssh/authorized_keys"),)}
    made = plan(
        host(nss=nss, key_files=files, homes={"ldap": HomeState(False)}),
        name="ldap",
        account="existing",
        sudo="password",
        authorized_keys=[K],
    )
    assert [type(step) for step in made.steps] == [CreateHome, WriteKeys, RunTool]
    assert commands(made) == ["gpasswd -a ldap sudo"]


def test_a_revoked_key_of_the_bound_pair_is_removed_and_the_task_fails():
    key = parse_public_key(K)
    made = plan(host(bound=(key,)), revoked_keys=[K])
    assert [step.name for step in made.steps] == ["ann"]
    assert len(made.failures) == 1
    assert key.fingerprint_sha256 in made.failures[0]
    assert not plan(host(bound=(key,)), revoked_keys=[L]).failures


@pytest.mark.parametrize(
    ("rule", "user", "changes"),
    [
        pytest.param("bob ALL=(ALL:ALL) NOPASSWD: ALL", {"sudo": "nopasswd"}, False, id="exactly that"),
        pytest.param("%ops ALL=(ALL:ALL) NOPASSWD: ALL", {"sudo": "nopasswd"}, True, id="of a group that is not theirs"),
        pytest.param("%bob ALL=(ALL:ALL) NOPASSWD: ALL", {"sudo": "nopasswd"}, False, id="of the primary group"),
        pytest.param("bob ALL=(ALL) NOPASSWD: ALL", {"sudo": "nopasswd"}, True, id="as other users"),
        pytest.param("bob ALL=(ALL) NOPASSWD: ALL", {"sudo": "nopasswd", "sudo_runas": "ALL"}, False, id="as these users"),
        pytest.param("bob ALL=(ALL:ALL) ALL", {"sudo": "nopasswd"}, True, id="with a password"),
        pytest.param("bob ALL=(ALL:ALL) NOPASSWD: /bin/a", {"sudo": "nopasswd"}, True, id="less"),
        pytest.param("bob ALL=(ALL:ALL) NOPASSWD: /bin/a, /bin/b", {"sudo": "nopasswd", "sudo_commands": ["/bin/a"]}, True, id="more"),
        pytest.param("bob ALL=(ALL:ALL) NOPASSWD: /bin/a, /bin/b", {"sudo": "nopasswd", "sudo_commands": ["/bin/a", "/bin/b"]}, False, id="these commands"),
        pytest.param("bob ALL=(ALL:ALL) NOPASSWD: ALL\nbob web1=ALL", {"sudo": "nopasswd"}, True, id="and a rule that is not understood"),
        pytest.param("bob ALL=(ALL:ALL) NOPASSWD: ALL\nbob ALL=(ALL:ALL) ALL", {"sudo": "nopasswd"}, True, id="overridden by a later one"),
    ],
)
def test_what_a_rule_of_others_gives_exactly_is_not_given_twice(rule, user, changes):
    made = plan(host(RULES + rule + "\n"), name="bob", state="locked", **user)
    assert [action.kind for action in made.actions if "sudo" in action.kind] == (["set_sudo_rule"] if changes else [])
    if not changes:
        assert made.after["bob"].rule is not None
        assert made.after["bob"].sudo == "nopasswd"


def test_a_rule_of_ours_stays_beside_one_of_others():
    text = "bob ALL=(ALL:ALL) NOPASSWD: ALL\n"
    ours = {"/etc/sudoers.d/95-alicloud-ecs-access-bob": Fragment("# Managed by alicloud-ecs-access (ssh_access); changes here are overwritten.\n" + text)}
    sudo = SudoSet(True, "/etc/sudoers.d", ours, parse_rules("/etc/sudoers", RULES + text))
    assert not plan(host(sudo=sudo), name="bob", state="locked", sudo="nopasswd").changed

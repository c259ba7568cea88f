# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh_access on real systems: people log in and become root as they should, and not otherwise."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

MODULE = "alicloud.ecs_access.ssh_access"
PASSWORD = "only-for-these-containers"
# Everything that a run could touch: kind, mode, owner, link target and content.
SNAPSHOT = (
    "find /etc /home /root /run/sudo -xdev ! -path '/root/.ansible*' ! -name '.pwd.lock' "
    "-printf '%p %y %m %U:%G %l\\n' 2>/dev/null | sort; find /etc /home /root/.ssh -xdev -type f -exec sha256sum {} + 2>/dev/null | sort"
)


@pytest.fixture
def crypt(instance):
    """A hash that this system's own library made."""
    return subprocess.run(["openssl", "passwd", "-6", "-salt", "fixedsalt", PASSWORD], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def access(ansible, instance):
    """access(users=[...]): the module's result; access(..., fails=True) for a refusal's message."""

    def run(fails=False, check=False, user="root", key=None, **options):
        # Results carry their diff from this verbosity on.
        result = ansible(instance, MODULE, options, check=check, diff=True, become=user != "root", user=user, key=key, options=["-vvv"])
        assert ("users" not in result) == fails, result.get("msg")
        assert "Traceback" not in json.dumps(result)
        return result["msg"] if fails else result

    return run


@pytest.fixture
def login(ssh, instance):
    """login("john", key, "id -un"): what the command prints, None when sshd refuses."""

    def run(user, key, command="id -un"):
        done = ssh(instance, user, key, command)
        if done.returncode == 255:
            # An account that PAM refuses is cut off without a word.
            assert "Permission denied" in done.stderr or "Connection closed" in done.stderr or not done.stderr, done.stderr
            return None
        return done.stdout.strip()

    return run


def refusals(playbook, instance, cases):
    """Run cases of (id, options) as tasks of one play and answer id -> message; a case that does not fail is an error."""
    tasks = [{"name": name, MODULE: options, "ignore_errors": True} for name, options in cases]
    run = playbook(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}], indent=1), [instance])
    assert {entry.task: entry.status for entry in run.results} == {name: "ignored" for name, _options in cases}, run.output[-2000:]
    assert "Traceback" not in run.output
    return {entry.task: entry.result["msg"] for entry in run.results}


def test_a_team_gets_in(instance, access, login, make_key, new_name, crypt):
    john, mary, team = new_name("john"), new_name("mary"), new_name("team")
    keys = [make_key("john"), make_key("mary-laptop"), make_key("mary-phone", "rsa", 2048), make_key("stranger")]
    wanted = {
        "groups": [{"name": team}],
        "users": [
            {"name": john, "groups": [team], "sudo": "nopasswd", "authorized_keys": [keys[0].public]},
            {
                "name": mary,
                "comment": "Mary",
                "sudo": "password",
                "password_hash": crypt,
                "authorized_keys": [keys[1].public, {"key": keys[2].public, "options": ["no-port-forwarding", 'environment="A=b c"']}],
            },
        ],
    }
    before = instance.exec(SNAPSHOT)
    planned = access(check=True, **wanted)
    assert planned["changed"]
    assert instance.exec(SNAPSHOT) == before, "check mode touches nothing"

    done = access(**wanted)
    assert (done["actions"], done["diff"]) == (planned["actions"], planned["diff"])
    assert [login(john, keys[0]), login(mary, keys[1]), login(mary, keys[2])] == [john, mary, mary]
    assert login(john, keys[3]) is None
    assert login(john, keys[0], "sudo -n id -u") == "0"
    assert team in login(john, keys[0], "id -Gn").split()
    assert login(mary, keys[1], "sudo -n id -u 2>&1") != "0"
    assert login(mary, keys[1], f"echo {PASSWORD} | sudo -S -p '' id -u") == "0"
    group = "wheel" if instance.name == "el-like" else "sudo"
    assert group in instance.exec(f"id -Gn {mary}").split()
    assert instance.exec(f"stat -c '%a %U %G' /home/{mary}/.ssh /home/{mary}/.ssh/authorized_keys").splitlines() == [
        f"700 {mary} {mary}",
        f"600 {mary} {mary}",
    ]
    assert instance.exec(f"stat -c '%a %u %g' /etc/sudoers.d/95-alicloud-ecs-access-{john}").strip() == "440 0 0"

    after = instance.exec(SNAPSHOT)
    again = access(**wanted)
    assert (again["changed"], again["actions"]) == (False, [])
    assert instance.exec(SNAPSHOT) == after
    assert again["diff"]["before"] == again["diff"]["after"]
    assert [user["name"] for user in again["users"]] == [john, mary]
    assert all(isinstance(user["uid"], int) for user in done["users"])


@pytest.mark.one_image
def test_the_recipe_without_chown_is_mended(instance, access, login, make_key, new_name):
    name, old, new = new_name("vendor"), make_key(), make_key()
    instance.exec(f"useradd -m -s /bin/sh -p '*' {name}; mkdir -m 700 /home/{name}/.ssh")
    instance.put(f"/home/{name}/.ssh/authorized_keys", old.public + "\n", "0600")
    assert login(name, old) is None
    result = access(users=[{"name": name, "authorized_keys": [new.public]}])
    assert any("owner of" in action for action in result["actions"])
    assert (login(name, old), login(name, new)) == (name, name)


def test_locked_unlocked_gone(instance, access, login, make_key, new_name, crypt):
    name, key = new_name("leaver"), make_key()
    user = {"name": name, "sudo": "nopasswd", "password_hash": crypt, "authorized_keys": [key.public]}
    access(users=[user])
    assert login(name, key) == name

    access(users=[{**user, "state": "locked"}])
    assert login(name, key) is None
    assert not access(users=[{**user, "state": "locked"}])["changed"]
    assert key.public in instance.exec(f"cat /home/{name}/.ssh/authorized_keys")

    assert access(users=[user])["users"][0]["state"] == "present"
    assert login(name, key) == name
    assert crypt in instance.exec(f"getent shadow {name}"), "the password is as it was"

    instance.exec(f"su -s /bin/sh {name} -c 'sleep 600 >/dev/null 2>&1 &'")
    result = access(users=[{"name": name, "state": "absent"}])
    assert result["users"] == [{**result["users"][0], "state": "absent", "authorized_keys": []}]
    assert login(name, key) is None
    left = instance.exec(f"getent passwd {name}; ls /etc/sudoers.d/*{name} /home/{name}/.ssh/authorized_keys; pgrep -x sleep -a", check=False)
    assert left == ""
    assert instance.exec(f"ls -d /home/{name}").strip() == f"/home/{name}", "the home stays"
    assert not access(users=[{"name": name, "state": "absent"}])["changed"]


# Names are those of facts in the peers' tests and of our own list; "{k1}" stands for a public key.
KEY_FILES = [
    # id, what is in the file, keys wanted, exclusive, what must be in it
    (
        "existing-comments",
        "# top\n{k1} one\n# middle\n{k2} two\n",
        ["{k2}", "{k1}", "{k3}"],
        False,
        "# top\n{k1} one\n# middle\n{k2} two\n{k3}\n",
    ),
    ("touch-empty", "", ["{k1}"], False, "{k1}\n"),
    ("four-keys-one-string", "", ["{k1} a\n# not a key\n\n{k2} b\n{k3} c\n"], False, "{k1} a\n{k2} b\n{k3} c\n"),
    ("exclusive-two", "{k1}\n# stays\n{k2}\n{k3}\n", ["{k3}", "{k1}"], True, "{k1}\n# stays\n{k3}\n"),
    ("quoted-command", "", ["command=\"echo foo 'bar baz'\" {k1}"], False, "command=\"echo foo 'bar baz'\" {k1}\n"),
    (
        "two-permitopen",
        "",
        ['permitopen="10.9.8.1:8080",permitopen="10.9.8.1:9001" {k1}'],
        False,
        'permitopen="10.9.8.1:8080",permitopen="10.9.8.1:9001" {k1}\n',
    ),
    ("comment-with-words", "{k1} old\n", ["{k1} new one with words"], False, "{k1} new one with words\n"),
    ("comment-without-newline", "# old comment", ["{k1}"], False, "# old comment\n{k1}\n"),
    ("key-without-newline", "{k1} a", ["{k2}"], False, "{k1} a\n{k2}\n"),
    ("duplicates", "# x\n# x\n\n\n{k1} a\n{k1} a\n", ["{k2}"], False, "# x\n# x\n\n\n{k1} a\n{k1} a\n{k2}\n"),
    (
        "malformed",
        'ssh-rsa\nssh-rsa notbase64!!\ncommand="open {k1}\nhello\n',
        ["{k2}"],
        False,
        'ssh-rsa\nssh-rsa notbase64!!\ncommand="open {k1}\nhello\n{k2}\n',
    ),
    ("nul bytes", "\0{k1} a\n\0\0\n", ["{k2}"], False, "\0{k1} a\n\0\0\n{k2}\n"),
    ("crlf", "{k1} a\r\n# b\r\n", ["{k2}"], False, "{k1} a\r\n# b\r\n{k2}\r\n"),
    ("trailing-blank", "{k1} \n", ["{k2}"], False, "{k1} \n{k2}\n"),
    ("options-kept", 'no-pty,from="127.0.0.0/8" {k1} a\n', ["{k1}"], False, 'no-pty,from="127.0.0.0/8" {k1} a\n'),
    ("options-reordered-line", "{k1} a\nrestrict {k2} b\n", ["restrict {k1}"], False, "restrict {k1} a\nrestrict {k2} b\n"),
]


@pytest.mark.one_image
def test_key_files_of_the_peers_lists(instance, access, make_key, new_name):
    keys = {f"k{number}": " ".join(make_key().public.split()[:2]) for number in (1, 2, 3)}

    def fill(text):
        for name, key in keys.items():
            text = text.replace("{%s}" % name, key)
        return text

    names = [new_name("keys") for _case in KEY_FILES]
    for name, (_id, before, *_rest) in zip(names, KEY_FILES):
        instance.exec(f"useradd -m {name}; install -d -m 700 -o {name} -g {name} /home/{name}/.ssh")
        instance.put(f"/home/{name}/.ssh/authorized_keys", fill(before), "0600", f"{name}:{name}")
    users = [
        {"name": name, "authorized_keys": [fill(key) for key in wanted], "exclusive": exclusive}
        for name, (_id, _before, wanted, exclusive, _after) in zip(names, KEY_FILES)
    ]
    access(users=users)
    found = {case[0]: instance.run(f"cat /home/{name}/.ssh/authorized_keys").stdout.decode() for name, case in zip(names, KEY_FILES)}
    assert found == {case[0]: fill(case[4]) for case in KEY_FILES}
    assert access(users=users)["actions"] == []


@pytest.mark.one_image
def test_38_modes_and_owners_that_sshd_refuses(instance, access, login, make_key, new_name):
    key = make_key()
    twists = {
        "file 0666": "chmod 666 .ssh/authorized_keys",
        "folder 0777": "chmod 777 .ssh",
        "home 0777": "chmod 777 .",
        "home 0600": "chmod 600 .",
        "file of root": "chown 0:0 .ssh/authorized_keys",
        "folder of root": "chown 0:0 .ssh",
        "file 0000": "chmod 0 .ssh/authorized_keys",
        "foreign group": "chgrp 0 .ssh .ssh/authorized_keys",
    }
    names = {twist: new_name("modes") for twist in twists}
    users = [{"name": name, "authorized_keys": [key.public]} for name in names.values()]
    access(users=users)
    for twist, name in names.items():
        instance.exec(f"cd /home/{name} && {twists[twist]}")
    result = access(users=users)
    assert result["changed"]
    for twist, name in names.items():
        assert any(f"user {name}: " in action for action in result["actions"]), twist
        assert login(name, key) == name, twist
    assert not access(users=users)["changed"]


HOSTILE = {
    "35 symlinked authorized_keys": ("ln -s /etc/shadow .ssh/authorized_keys", "authorized_keys is a symbolic link and is not followed"),
    "36 symlinked .ssh": ("rmdir .ssh; ln -s /etc/cron.d .ssh", ".ssh is a symbolic link and is not followed"),
    "home that is a symlink": (
        "mv /home/{name} /home/{name}.real; ln -s {name}.real /home/{name}",
        "the home /home/{name} is a symbolic link",
    ),
    "46 hard link": ("echo '# x' > twin; chown {name}: twin; ln twin .ssh/authorized_keys", "has 2 hard links"),
    "47 FIFO": ("mkfifo .ssh/authorized_keys", "is not a regular file"),
    "directory": ("mkdir .ssh/authorized_keys", "is not a regular file"),
    "another's file": ("echo '# not yours' > /root/victim{name}; ln /root/victim{name} .ssh/authorized_keys", "has 2 hard links"),
    "device": ("mknod .ssh/authorized_keys c 1 3", "is not a regular file"),
    "100 MB": ("truncate -s 100M .ssh/authorized_keys; chown {name}: .ssh/authorized_keys", "is larger than 4 MiB"),
    "home of another": ("chown nobody /home/{name}", "belongs to uid 65534 and not to the account"),
    "root's secret": (
        "echo 'secret of root' > .ssh/authorized_keys; chmod 600 .ssh/authorized_keys",
        "belongs to root and does not contain keys only",
    ),
}


@pytest.mark.one_image
def test_hostile_homes_are_refused_and_nothing_changes(instance, playbook, make_key, new_name):
    key, names = make_key(), {case: new_name("hostile") for case in HOSTILE}
    for case, name in names.items():
        instance.exec(
            f"useradd -m {name}; cd /home/{name}; install -d -m 700 -o {name} -g {name} .ssh; " + HOSTILE[case][0].format(name=name),
            privileged=True,
        )
    before = instance.exec(SNAPSHOT)
    found = refusals(
        playbook,
        instance,
        [(case, {"users": [{"name": new_name("newcomer")}, {"name": name, "authorized_keys": [key.public]}]}) for case, name in names.items()],
    )
    for case, name in names.items():
        assert HOSTILE[case][1].format(name=name) in found[case]
        assert "\n" not in found[case]
    assert instance.exec(SNAPSHOT) == before


@pytest.mark.one_image
def test_48_an_immutable_file_is_named_before_anything_is_done(instance, access, make_key, new_name):
    name, newcomer, key = new_name("fixed"), new_name("newcomer"), make_key()
    access(users=[{"name": name, "authorized_keys": [key.public]}])
    path = f"/home/{name}/.ssh/authorized_keys"
    instance.exec(f"chattr +i {path}", privileged=True)
    try:
        said = access(fails=True, users=[{"name": newcomer}, {"name": name, "authorized_keys": [make_key().public]}])
        assert said == f"user {name}: {path} is immutable or append-only (chattr -ia {path})"
        assert instance.exec(f"getent passwd {newcomer}", check=False) == ""
        assert not access(users=[{"name": name, "authorized_keys": [key.public]}])["changed"]
    finally:
        instance.exec(f"chattr -i {path}", privileged=True)


@pytest.mark.one_image
def test_wrong_input_gets_one_sentence_and_changes_nothing(instance, playbook, make_key, new_name):
    key, other = make_key().public, make_key().public
    name, present = new_name("wrong"), new_name("there")
    instance.exec(f"useradd -m -u 4242 {present}; groupadd -g 4343 g{present}")

    def user(**options):
        return {"users": [{"name": name, **options}]}

    cases = {
        "name with a colon": ({"users": [{"name": "a:b"}]}, "user name 'a:b' is not usable"),
        "name with a newline": ({"users": [{"name": "a\nb"}]}, "is not usable"),
        "name with a path": ({"users": [{"name": "../x"}]}, "is not usable"),
        "name with a dash": ({"users": [{"name": "-x"}]}, "is not usable"),
        "uid taken": (user(uid=4242), f"uid 4242 is taken by user {present}"),
        "gid taken": ({"groups": [{"name": "x" + name, "gid": 4343}]}, f"gid 4343 is taken by group g{present}"),
        "unknown primary group": (user(group="nothere"), "there is no group nothere on this host"),
        "unknown shell": (user(shell="/bin/nosuch"), "the shell /bin/nosuch does not exist"),
        "users twice": ({"users": [{"name": name}, {"name": name}]}, f"users: {name} is listed more than once"),
        "sudo password without a password": (user(sudo="password"), "needs an account with a password"),
        "sudo rule that visudo rejects": (user(sudo="nopasswd", sudo_commands=["^/bin/l[s$"]), "visudo rejects the sudo rules: "),
        "sudo command with a newline": (user(sudo="nopasswd", sudo_commands=["/bin/ls\nALL"]), "control character"),
        "key option with a newline": (user(authorized_keys=[{"key": key, "options": 'command="a\nb"'}]), "newline"),
        "empty exclusive list": (user(authorized_keys=[], exclusive=True), "exclusive with no key to keep would remove every key"),
        "damaged key": (user(authorized_keys=[other, key[:60]]), "authorized_keys[1]"),
        "plain password": (user(password_hash="secret"), "password_hash is not the output of crypt(3)"),
        "root away": ({"users": [{"name": "root", "state": "absent"}]}, "root stays present"),
        "unknown existing account": (user(account="existing"), "the user does not exist on this host"),
        "parent of the home is missing": (user(home="/no/such/place"), "the parent directory of the home"),
        "uid of a present account": ({"users": [{"name": present, "uid": 5}]}, "the uid of a user is never changed"),
    }
    before = instance.exec(SNAPSHOT)
    first = {"users": [{"name": new_name("newcomer"), "authorized_keys": [key]}]}
    found = refusals(
        playbook,
        instance,
        [(case, {**options, "users": first["users"] + options.get("users", [])}) for case, (options, _said) in cases.items()],
    )
    for case, (_options, said) in cases.items():
        assert said in found[case], case
        assert "\n" not in found[case], case
    assert instance.exec(SNAPSHOT) == before


@pytest.mark.one_image
def test_a_later_rule_of_somebody_elses_is_not_passed_over(instance, access, make_key, new_name):
    """The outcome of all rules in sudo's order is what was asked, or the task fails and names the line."""
    name, key = new_name("later"), make_key()
    other = f"/etc/sudoers.d/wheel-{name}"
    user = {"name": name, "sudo": "nopasswd", "authorized_keys": [key.public]}
    try:
        instance.exec(f"groupadd -f team-{name}; printf '# before\\n%%team-{name} ALL=(ALL:ALL) ALL\\n' > {other}; chmod 0440 {other}")
        assert access(users=[user])["changed"]
        failed = access(users=[{**user, "groups": [f"team-{name}"]}])
        assert f"sudo asks {name} for a password for ALL, though sudo: nopasswd was asked: {other}:2" in failed["msg"]
        limited = access(users=[{**user, "sudo_commands": ["/usr/bin/true"]}])
        assert f"sudo allows {name} every command as root, though only some were asked: {other}:2" in limited["msg"]
        instance.exec(f"rm {other}")
        assert not access(users=[{**user, "sudo_commands": ["/usr/bin/true"]}])["changed"]
    finally:
        instance.exec(f"rm -f {other}; userdel -r {name}; groupdel team-{name}; rm -f /etc/sudoers.d/95-*{name}", check=False)


def test_sudo_rules(instance, access, login, make_key, new_name, crypt):
    key = make_key()
    plain, dotted, limited, as_user = new_name("sudoer"), new_name("robert.d.b"), new_name("limited"), new_name("runas")
    users = [
        {"name": plain, "sudo": "nopasswd", "authorized_keys": [key.public]},
        {"name": dotted, "sudo": "nopasswd", "authorized_keys": [key.public]},
        {"name": limited, "sudo": "nopasswd", "sudo_commands": ["/usr/bin/id -u", "/usr/bin/true"], "authorized_keys": [key.public]},
        {"name": as_user, "sudo": "nopasswd", "sudo_runas": "nobody", "authorized_keys": [key.public]},
    ]
    access(users=users)
    assert login(plain, key, "sudo -n id -u") == "0"
    assert login(dotted, key, "sudo -n id -u") == "0", "a dot in the file's name would make sudo ignore it"
    assert login(limited, key, "sudo -n id -u") == "0"
    assert login(limited, key, "sudo -n cat /etc/shadow >/dev/null 2>&1 || echo no") == "no"
    assert login(as_user, key, "sudo -n -u nobody id -un") == "nobody"
    assert login(as_user, key, "sudo -n id -u >/dev/null 2>&1 || echo no") == "no"
    assert instance.exec("visudo -c >/dev/null && echo fine").strip() == "fine"
    assert not access(users=users)["changed"]

    instance.exec(f"chmod 0644 /etc/sudoers.d/95-alicloud-ecs-access-{plain}")
    assert access(users=users)["actions"] == [f"repair owner and mode of the sudo rule of user {plain}"]
    access(users=[{"name": plain, "sudo": "none"}, {"name": limited, "sudo": "password", "password_hash": crypt}])
    assert login(plain, key, "sudo -n id -u >/dev/null 2>&1 || echo no") == "no"
    assert login(limited, key, f"echo {PASSWORD} | sudo -S -p '' id -u") == "0"
    assert instance.exec(f"ls /etc/sudoers.d/*{plain} /etc/sudoers.d/*{limited}", check=False) == ""


@pytest.mark.one_image
def test_a_set_that_is_broken_before_is_left_alone(instance, access, new_name):
    name = new_name("broken")
    instance.put("/etc/sudoers.d/50-broken", "this is no rule\n", "0440")
    try:
        before = instance.exec(SNAPSHOT)
        said = access(fails=True, users=[{"name": name, "sudo": "nopasswd"}])
        assert said.startswith("the sudoers files of this host are already broken")
        assert "/etc/sudoers.d/50-broken" in said
        assert instance.exec(SNAPSHOT) == before
    finally:
        instance.exec("rm /etc/sudoers.d/50-broken")


@pytest.mark.one_image
def test_the_set_is_judged_as_a_whole(instance, access, new_name):
    """A fragment that is right by itself and wrong in the set: the same alias twice."""
    name = new_name("whole")
    instance.put("/etc/sudoers.d/50-alias", "Cmnd_Alias LIST = /usr/bin/ls\n", "0440")
    try:
        access(users=[{"name": name, "sudo": "nopasswd", "sudo_commands": ["LIST"]}])
        assert f"{name} ALL=(ALL:ALL) NOPASSWD: LIST" in instance.exec(f"cat /etc/sudoers.d/95-alicloud-ecs-access-{name}")
    finally:
        access(users=[{"name": name, "state": "absent"}])
        instance.exec("rm /etc/sudoers.d/50-alias")


@pytest.mark.one_image
def test_revoked_keys_leave_every_account(instance, access, login, make_key, new_name):
    lost, kept = make_key(), make_key()
    one, two = new_name("victim"), new_name("victim")
    access(users=[{"name": name, "authorized_keys": [lost.public, kept.public]} for name in (one, two)])
    instance.exec(f"cp -p /home/{two}/.ssh/authorized_keys /home/{two}/.ssh/authorized_keys2")
    result = access(revoked_keys=[lost.public])
    # The second default file is searched, too, where sshd is told to read the first one alone. (What other accounts of this
    # instance keep from being searched becomes void in sshd.)
    removed = [action.split(":")[0] for action in result["actions"] if "revoked key SHA256:" in action]
    assert removed == [f"user {one}", f"user {two}", f"user {two}"], result["actions"]
    assert (login(one, lost), login(two, lost), login(one, kept), login(two, kept)) == (None, None, one, two)
    assert not access(revoked_keys=[lost.public])["changed"]


@pytest.mark.one_image
def test_a_new_account_does_not_inherit_a_home(instance, access, new_name):
    name = new_name("heir")
    instance.exec(f"useradd -m -u 4711 {name}; userdel {name}")
    said = access(fails=True, users=[{"name": name}])
    assert "already exists and belongs to uid 4711" in said
    access(users=[{"name": name, "uid": 4711}])
    access(users=[{"name": name, "state": "absent", "remove_home": True}])
    assert instance.exec(f"ls -d /home/{name}", check=False) == ""


@pytest.fixture
def sshd_config(instance):
    """sshd_config("lines at the top", "Match blocks at the end"): sshd reads them until the test ends."""
    unit = "sshd" if instance.name == "el-like" else "ssh"
    instance.exec("cp -p /etc/ssh/sshd_config /root/sshd_config.before")

    def configure(top, end=""):
        script = "sed -i '/^AuthorizedKeysFile/d' $0; cat > $0.new; cat $0 >> $0.new; cat /root/sshd_config.end >> $0.new; mv $0.new $0"
        instance.put("/root/sshd_config.end", end)
        done = instance.run(f"sh -ec '{script}' /etc/ssh/sshd_config && sshd -t && systemctl reload {unit}", stdin=top.encode())
        assert done.returncode == 0, done.stderr

    yield configure
    instance.exec(f"mv /root/sshd_config.before /etc/ssh/sshd_config; rm -r /root/sshd_config.end; systemctl reload {unit}")


@pytest.mark.one_image
def test_50_keys_elsewhere_are_found_there(instance, access, login, make_key, new_name, sshd_config):
    """Every form of AuthorizedKeysFile; accounts and groups that decide about it are made in the very same run."""
    key, more = make_key(), make_key()
    plain, joining, leaving = new_name("plain"), new_name("joining"), new_name("leaving")
    central, matched, grouped, percent, nowhere = (new_name(stem) for stem in ("central", "matched", "grouped", "percent", "nowhere"))
    team = new_name("team")
    instance.exec(f"useradd -m {joining}; groupadd {team}; useradd -m -G {team} {leaving}; mkdir -m 755 -p /etc/ssh/keys")
    instance.put(f"/etc/ssh/keys/{central}", more.public + "\n", "0600")
    sshd_config(
        "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u\n",
        f"Match User {matched}\n  AuthorizedKeysFile /etc/ssh/keys/%u\n"
        f"Match User {percent}\n  AuthorizedKeysFile %h/of%%all/%u.%U\n"
        f"Match User {nowhere}\n  AuthorizedKeysFile none\n"
        f"Match Group nogroup,{team} User *\n  AuthorizedKeysFile /etc/ssh/keys/by-number.%U/keys\n",
    )
    try:
        users = [{"name": who, "authorized_keys": [key.public]} for who in (plain, central, matched, percent)]
        users += [{"name": who, "groups": [team], "authorized_keys": [key.public]} for who in (grouped, joining)]
        users += [{"name": leaving, "groups": [], "append_groups": False, "authorized_keys": [key.public]}]
        access(users=users)
        listed = [user["name"] for user in users]
        assert [login(who, key) for who in listed] == listed
        assert login(central, more) == central, "a key that was there already is kept, and sshd can read it now"
        numbers = {who: instance.exec(f"id -u {who}").strip() for who in (grouped, joining, percent)}
        expected = [central, matched, f"by-number.{numbers[grouped]}", f"by-number.{numbers[joining]}"]
        assert sorted(instance.exec("ls /etc/ssh/keys").split()) == sorted(expected)
        assert instance.exec(f"ls /home/{percent}/of%all").split() == [f"{percent}.{numbers[percent]}"]
        assert not access(users=users)["changed"]
        assert "sshd reads no key file for this user (AuthorizedKeysFile is none)" in access(
            fails=True, users=[{"name": nowhere, "authorized_keys": [key.public]}]
        )
    finally:
        instance.exec("rm -r /etc/ssh/keys")


@pytest.mark.one_image
def test_keys_that_a_program_serves_are_told_of(instance, playbook, login, make_key, new_name, sshd_config):
    name, own, served = new_name("served"), make_key(), make_key()
    instance.put("/usr/sbin/lab-keys", f"#!/bin/sh\n[ $1 = {name} ] && echo '{served.public}'\n", "0755")
    files = "AuthorizedKeysFile .ssh/authorized_keys\n"
    sshd_config(files + "AuthorizedKeysCommand /usr/sbin/lab-keys %u\nAuthorizedKeysCommandUser nobody\n")
    user = {"name": name, "authorized_keys": [own.public]}
    tasks = [{MODULE: {"users": [user]}}, {MODULE: {"users": [{**user, "exclusive": True}]}}]
    run = playbook(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}], indent=1), [instance])
    assert [entry.status for entry in run.results] == ["changed", "ok"], run.output
    said = "sshd also takes keys from a program (AuthorizedKeysCommand /usr/sbin/lab-keys %u); those are not removed here"
    # Once, and not where nothing is to be removed.
    assert " ".join(run.output.replace("[WARNING]:", " ").split()).count(said) == 1
    assert (login(name, own), login(name, served)) == (name, name)
    instance.exec("rm /usr/sbin/lab-keys")


@pytest.mark.one_image
def test_a_step_that_fails_is_named_and_so_is_what_was_done(instance, ansible, make_key, new_name):
    name, group, key = new_name("half"), new_name("doomed"), make_key()
    instance.exec(f"useradd -m {name}; groupadd {group}; echo 1 > /etc/group.lock")
    try:
        result = ansible(instance, MODULE, {"groups": [{"name": group, "state": "absent"}], "users": [{"name": name, "authorized_keys": [key.public]}]})
    finally:
        instance.exec("rm -f /etc/group.lock")
    assert f"could not remove group {group}: groupdel failed: " in result["msg"]
    assert result["changed"]
    assert [action.split(" SHA256")[0] for action in result["actions"]] == [f"user {name}: add key"]
    assert key.public in instance.exec(f"cat /home/{name}/.ssh/authorized_keys")


class TestGuard:
    """A run that is logged in as an operator with sudo."""

    @pytest.fixture
    def op(self, instance, access, make_key, new_name):
        name, key, spare = new_name("op"), make_key(), make_key()
        access(users=[{"name": name, "sudo": "nopasswd", "authorized_keys": [key.public, spare.public]}])
        return name, key, spare

    @pytest.mark.one_image
    def test_refused(self, instance, access, op, make_key, new_name):
        name, key, _spare = op
        before = instance.exec(SNAPSHOT)
        newcomer = {"name": new_name("newcomer")}
        for user, part in [
            ({"state": "absent"}, f"it would remove user {name}"),
            ({"state": "locked"}, f"it would lock user {name}"),
            ({"sudo": "none"}, f"it would remove the sudo rule of user {name}"),
            ({"authorized_keys": [make_key().public], "exclusive": True}, "it would remove the key SHA256:"),
            ({"authorized_keys": [{"key": key.public, "state": "absent"}]}, "it would remove the key SHA256:"),
            ({"shell": "/usr/sbin/nologin"}, "which allows no login"),
        ]:
            said = access(fails=True, user=name, key=key, users=[newcomer, {"name": name, **user}])
            assert said.startswith(f"nothing was changed, because this run could lock itself out: this run is logged in over SSH as {name}")
            assert part in said
        assert "it would remove the key" in access(fails=True, user=name, key=key, revoked_keys=[key.public])
        assert instance.exec(SNAPSHOT) == before

    @pytest.mark.one_image
    def test_allowed(self, access, login, op):
        name, key, spare = op
        result = access(user=name, key=key, users=[{"name": name, "authorized_keys": [{"key": spare.public, "state": "absent"}]}])
        assert (result["guard"]["applies"], result["guard"]["users"], result["guard"]["become"]) == (True, [name], True)
        assert login(name, spare) is None
        access(user=name, key=key, users=[{"name": name, "sudo": "none"}], allow_self_lockout=True)
        assert login(name, key, "sudo -n id -u >/dev/null 2>&1 || echo no") == "no"

    @pytest.mark.one_image
    def test_sudo_by_a_group_and_a_key_that_is_not_known(self, instance, ansible, access, make_key, new_name):
        """As with a key of an agent: Ansible is told nothing, ssh is. All keys of the account are guarded then."""
        name, key, spare = new_name("op"), make_key(), make_key()
        group = "wheel" if instance.name == "el-like" else "sudo"
        unknown = {"ansible_ssh_private_key_file": "", "ansible_ssh_extra_args": f"-i {key.path}"}
        instance.put("/etc/sudoers.d/50-lab", f"%{group} ALL=(ALL) NOPASSWD: ALL\n", "0440")
        try:
            access(users=[{"name": name, "groups": [group], "authorized_keys": [key.public, spare.public]}])
            state = f"id -Gn {name}; cat /home/{name}/.ssh/authorized_keys"
            before = instance.exec(state)
            for user, part in [
                ({"sudo": "none"}, f"it would remove user {name} from group {group}, which gives this run its sudo"),
                ({"groups": [], "append_groups": False}, f"it would remove user {name} from group {group}, which gives this run its sudo"),
                (
                    {"authorized_keys": [{"key": spare.public, "state": "absent"}]},
                    "(which of the keys this run uses is not known, so all of them are guarded)",
                ),
            ]:
                result = ansible(instance, MODULE, {"users": [{"name": name, **user}]}, become=True, user=name, key=spare, variables=unknown)
                assert part in result["msg"]
            assert instance.exec(state) == before
        finally:
            instance.exec("rm /etc/sudoers.d/50-lab")

    def test_without_ssh_it_says_so(self, playbook, lab_folder):
        """Check mode on the controller itself: nothing is changed there."""
        inventory = lab_folder / "local.yml"
        inventory.write_text("all: {hosts: {here: {ansible_connection: local, ansible_python_interpreter: /usr/bin/python3}}}\n")
        run = playbook(
            json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [{MODULE: {"users": []}}]}], indent=1),
            inventory,
            options=["--check"],
        )
        (entry,) = run.results
        guard = entry.result["guard"]
        assert guard["applies"] is False
        assert "did not come over SSH (connection local)" in guard["reason"]


def test_eight_runs_at_once_lose_no_key(fleet, ansible, make_key, new_name):
    """They wait for a ninth that holds the lock, and that one is killed."""
    instance = next(iter(fleet))
    name, keys = new_name("busy"), [make_key() for _number in range(8)]
    ansible(instance, MODULE, {"users": [{"name": name}]})
    holder = "import fcntl, time; lock = open('/run/alicloud.ecs_access.lock'); fcntl.flock(lock, fcntl.LOCK_EX); time.sleep(600)"
    instance.exec(f'setsid python3 -c "{holder}" > /dev/null 2>&1 & echo $! > /run/lab-holder')

    def add(key):
        return ansible(instance, MODULE, {"users": [{"name": name, "authorized_keys": [key.public]}]})

    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(add, key) for key in keys]
        waiting = "ls -l /proc/[0-9]*/fd 2> /dev/null | grep -c alicloud.ecs_access.lock"
        instance.exec(f"for turn in $(seq 300); do [ $({waiting}) -ge 9 ] && break; sleep 0.3; done; test $turn -lt 300")
        assert not any(run.done() for run in runs)
        instance.exec("kill -9 $(cat /run/lab-holder); rm /run/lab-holder")
        results = [run.result() for run in runs]
    assert [result["msg"] for result in results if "users" not in result] == []
    content = instance.exec(f"cat /home/{name}/.ssh/authorized_keys").splitlines()
    assert sorted(content) == sorted(key.public for key in keys)


def test_no_secret_is_shown(fleet, playbook, make_key, new_name):
    instance = next(iter(fleet))
    name, key = new_name("secret"), make_key()
    crypt = subprocess.run(["openssl", "passwd", "-6", PASSWORD], capture_output=True, text=True, check=True).stdout.strip()
    tasks = [
        {
            MODULE: {"users": [{"name": name, "sudo": "password", "password_hash": crypt, "authorized_keys": [key.public]}]},
            "register": "answer",
        },
        {"ansible.builtin.debug": {"var": "answer"}},
    ]
    run = playbook(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}], indent=1), [instance], options=["-vvvv", "--diff"])
    assert run.returncode == 0, run.output[-2000:]
    assert "access after" in run.output
    secrets = [crypt, crypt.rsplit("$", 1)[1], PASSWORD, *[line for line in key.path.read_text().splitlines() if not line.startswith("-")]]
    assert [secret for secret in secrets if secret in run.output] == []

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fix_command of ssh_login_check, run by root as it stands, gives nothing away that is not the account's own, whatever the account prepared."""

from __future__ import annotations

import json
from typing import Any

import pytest

CHECKS = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: checks, alicloud.ecs_access.ssh_login_check: "{{ item }}", loop: "{{ checks }}"}
"""
# Two other accounts, one with a closed home, one with an open one, and secrets that no account but their owner can read.
OTHERS = r"""
set -e
echo 'root:$6$salt$hash-of-root' | chpasswd -e; sed -i '1i secret-of-shadow:*:20000::::::' /etc/shadow
printf 'secret-of-root is no key\n' > /root/notes
useradd -m -s /bin/bash eve; useradd -m -s /bin/bash zoe; chmod 700 ~eve; chmod 755 ~zoe
for one in eve zoe; do
    install -d -m 700 -o $one -g $one /home/$one/.ssh; echo "secret-of-$one is no key" > /home/$one/.ssh/authorized_keys
    chmod 600 /home/$one/.ssh/authorized_keys; chown $one: /home/$one/.ssh/authorized_keys
done
install -d -m 775 -o eve -g eve /home/eve/project; install -m 664 -o eve -g eve /dev/null /home/eve/project/notes
"""
# For one account: its own folder with a sound key file, and a setting of sshd for it alone.
HELP = r"""
set -e
own() {
    install -d -m 700 -o $U -g $U $H/.ssh; install -m 600 -o $U -g $U /dev/null $H/.ssh/authorized_keys
    printf '%s\n' "$KEY" > $H/.ssh/authorized_keys
}
setting() { printf 'Match User %s\n %s\n' "$U" "$1" >> /etc/ssh/sshd_config; }
"""
# What is there afterwards and was not before, or the other way around, but for the account's own things.
RUN = r"""
look() {
    find /etc /root /home /tmp /opt -xdev -printf '%p\t%y %u:%g %m %l\n'
    find /etc /root /home /tmp -xdev -type f -exec cksum {} + | awk '{ print $3 "\t" $1 }'
}
for folder in /run/advice/*; do
    name=${folder##*/}
    look | sort > /run/before
    for command in $folder/*; do sh -c "$(cat $command)" < /dev/null > /dev/null 2>&1; done
    look | sort > /run/after
    diff /run/before /run/after | grep '^[<>]' | grep -vE "^. (/home|/home/eve)/$name(/|	)" | sed "s/^/$name: /"
done
"""


def settle(attacked, key, worlds: dict[str, tuple]) -> None:
    """One account for each world, and its world."""
    instance = attacked.instance
    instance.exec(OTHERS)
    script = HELP + f"KEY='{key.public}'\n"
    script += "".join(f"U={name}; H=/home/{name}; useradd -m -s /bin/bash $U\n{world[0]}\n" for name, world in worlds.items())
    instance.put("/run/worlds", script)
    instance.exec("sh /run/worlds && sshd -t && { systemctl reload ssh 2>/dev/null || systemctl reload sshd; }")


def ask(attacked, checks: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is said of each account; every one of them is kept out."""
    run = attacked.playbook(CHECKS, extra_vars={"checks": checks})
    results = {one["user"]: result for one, result in zip(checks, run.results[-1].result["results"])}
    assert len(results) == len(checks), run.output
    for user, result in results.items():
        assert result["can_log_in"] is not True, (user, result)
        assert result["findings"], (user, result)
    return results


def commands(result: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(finding["fix_command"] for finding in result["findings"] if finding.get("fix_command")))


def evidence(result: dict[str, Any]) -> str:
    return " ".join(finding["evidence"] for finding in result["findings"])


def carry_out(instance, results: dict[str, dict[str, Any]]) -> list[str]:
    """Run what was advised for each account in turn: what it did to things that are not the account's."""
    instance.exec(f"mkdir -p {' '.join(f'/run/advice/{user}' for user in results)}")
    for user, result in results.items():
        for number, command in enumerate(commands(result)):
            instance.put(f"/run/advice/{user}/{number}", command)
    instance.put("/run/carry-out", RUN)
    return instance.exec("sh /run/carry-out; rm -rf /run/advice").splitlines()


# How each account is set up; True: asked with the key that it wants to log in with.
WORLDS = {
    "hashes": ("own; ln -sf /etc/shadow $H/.ssh/authorized_keys", False),
    "closed": ("own; ln -sf /root/notes $H/.ssh/authorized_keys", False),
    "strange": ("own; ln -sf /home/eve/.ssh/authorized_keys $H/.ssh/authorized_keys", False),
    "opened": ("own; chmod 644 /home/zoe/.ssh/authorized_keys; ln -sf /home/zoe/.ssh/authorized_keys $H/.ssh/authorized_keys", False),
    "hard": ("own; ln -f /etc/shadow $H/.ssh/authorized_keys", False),
    "named": ("setting 'AuthorizedKeysFile /etc/shadow'", False),
    "rootssh": ("ln -s /root/.ssh $H/.ssh", True),
    "etcssh": ("ln -s /etc $H/.ssh", True),
    "roothome": ("usermod -d /root $U", True),
    "evehome": ("usermod -d /home/eve $U", True),
    "zoehome": ("usermod -d /home/zoe $U", True),
    "inroot": ("install -d /root/keys; cp /root/.ssh/authorized_keys /root/keys/$U; setting 'AuthorizedKeysFile /root/keys/%u'", True),
    "ineve": ("H=/home/eve/$U; usermod -d $H $U; install -d -m 700 -o $U -g $U $H; own", True),
    "common": ("touch /etc/ssh/common; setting 'AuthorizedKeysFile /etc/ssh/common'; U=eve; setting 'AuthorizedKeysFile /etc/ssh/common'", True),
    "jail": ("own; install -d -o zoe /home/zoe/jail; setting 'ChrootDirectory /home/zoe/jail'", True),
    "asked": (
        "install -m 755 -o zoe /bin/true /home/zoe/keys; "
        "setting 'AuthorizedKeysCommand /home/zoe/keys'; echo ' AuthorizedKeysCommandUser nobody' >> /etc/ssh/sshd_config", True,
    ),
}  # fmt: skip
LINKS = {"hashes": "/etc/shadow", "strange": "/home/eve/.ssh/authorized_keys", "rootssh": "/root/.ssh"}


@pytest.mark.long
def test_what_is_advised_leaves_alone_what_is_not_the_account_s(attacked, make_key):
    """Owners, modes and content of everything else are as before, no content is told, and nobody gets in anywhere else."""
    wanted = make_key("wanted")
    settle(attacked, wanted, WORLDS)
    checks = [{"user": user, **({"public_key": wanted.public} if with_key else {})} for user, (_setup, with_key) in WORLDS.items()]
    results = ask(attacked, checks)
    secrets = ("hash-of-root", "secret-of-")
    wrong = [f"{user}: {secret} is told" for user, result in results.items() for secret in secrets if secret in json.dumps(result)]
    wrong += [f"{user}: that a link leads to {target} is not told" for user, target in LINKS.items() if target not in evidence(results[user])]
    wrong += carry_out(attacked.instance, results)
    assert not wrong, "\n".join([*wrong, *(f"{user}: {command}" for user, result in results.items() for command in commands(result))])
    assert attacked.lets_in("root", attacked.key)
    assert not attacked.lets_in("root", wanted)


# How each account is set up, who makes the swap, and what it is.
SWAPS = {
    "hashes": ("own; chown root: $H/.ssh/authorized_keys", "$U", "ln -sfn /etc/shadow $H/.ssh/authorized_keys"),
    "rootssh": ("own; chown root: $H/.ssh/authorized_keys", "$U", "mv $H/.ssh $H/old; ln -s /root/.ssh $H/.ssh"),
    "append": ("true", "$U", "ln -s /root/.ssh $H/.ssh"),
    "folder": ("own; chown root: $H/.ssh", "$U", "mv $H/.ssh $H/old; ln -s /root/.ssh $H/.ssh"),
    "modes": ("own; chmod 777 $H/.ssh", "$U", "mv $H/.ssh $H/old; ln -s /home/eve/project $H/.ssh"),
    "mode": ("own; chmod 666 $H/.ssh/authorized_keys", "$U", "ln -sfn /home/eve/project/notes $H/.ssh/authorized_keys"),
    # A kernel without fs.protected_hardlinks lets the account do this itself.
    "hard": ("own; chown root: $H/.ssh/authorized_keys", "root", "ln -f /home/eve/.ssh/authorized_keys $H/.ssh/authorized_keys"),
    "inzoe": ("usermod -d /home/zoe/$U $U", "zoe", "ln -s /root /home/zoe/$U"),
    "intmp": ("usermod -d /tmp/$U $U", "zoe", "ln -s /etc /tmp/$U"),
    "revoked": ("own; setting 'RevokedKeys /home/zoe/revoked'", "zoe", "ln -s /etc/nologin /home/zoe/revoked"),
    "asked": (
        "install -m 755 -o zoe /bin/true /home/zoe/keys; "
        "setting 'AuthorizedKeysCommand /home/zoe/keys'; echo ' AuthorizedKeysCommandUser nobody' >> /etc/ssh/sshd_config",
        "zoe", "ln -sf /home/eve/project/notes /home/zoe/keys",
    ),
}  # fmt: skip
# One of each kind: an owner, an append, a mode, a way to the home, and a program.
SOME = ("hashes", "append", "modes", "inzoe", "asked")


@pytest.mark.parametrize("chosen", [pytest.param(SOME, id="some"), pytest.param(tuple(SWAPS), id="all", marks=pytest.mark.long)])
def test_what_is_advised_is_still_harmless_after_a_swap(attacked, make_key, chosen):
    """The account, or another one, puts a link into the way between the answer and its execution."""
    instance, wanted = attacked.instance, make_key("wanted")
    instance.exec("chmod 755 /home")
    swaps = {user: SWAPS[user] for user in chosen}
    settle(attacked, wanted, swaps)
    results = ask(attacked, [{"user": user, "public_key": wanted.public} for user in swaps])
    for user, (_setup, who, swap) in swaps.items():
        instance.exec(f"set -e; export U={user} H=/home/{user}; runuser -u {who} -- sh -ec '{swap}'")
    wrong = carry_out(instance, results)
    assert not wrong, "\n".join([*wrong, *(f"{user}: {command}" for user, result in results.items() for command in commands(result))])
    assert attacked.lets_in("root", attacked.key)
    assert not attacked.lets_in("root", wanted)


@pytest.mark.long
def test_no_account_is_advised_into_a_group_that_is_or_gives_root(attacked, make_key):
    """By its number, by the distribution's habit, by a rule of sudo and by what its files are; a harmless group may be."""
    instance, wanted = attacked.instance, make_key("wanted")
    instance.exec("""
        groupadd -o -g 0 toor; groupadd ops; groupadd -f docker; groupadd developers
        printf 'User_Alias ADMINS = %%ops\\nADMINS ALL=(ALL) NOPASSWD: ALL\\n' > /etc/sudoers.d/admins; chmod 440 /etc/sudoers.d/admins; visudo -cq
    """)
    admins = instance.exec("getent group sudo > /dev/null && echo sudo || echo wheel").strip()
    groups = {"one": "root", "two": "toor", "three": admins, "four": "ops", "five": "disk", "six": "docker", "seven": "developers"}
    settle(attacked, wanted, {user: (f"own; setting 'AllowGroups {group}'",) for user, group in groups.items()})
    results = ask(attacked, [{"user": user, "public_key": wanted.public} for user in groups])
    carry_out(instance, results)
    member = {user: instance.exec(f"id -Gn {user}; id -G {user}").split() for user in groups}
    wrong = [f"{user}: {commands(results[user])}" for user, group in groups.items() if {group, "0"} & set(member[user]) and group != "developers"]
    assert not wrong, "\n".join(wrong)
    assert attacked.lets_in("seven", wanted) or not commands(results["seven"])

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest's program, run whole: as the shell script that is sent, by several Pythons, in worlds that are thrown away."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._guest import login_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._guest.command import Request, parse_output, render_command
from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.attachment_guest import key_digest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._model.openssh_key import parse_public_key

from .conftest import World, find_interpreters, made_world

FILE = "/home/john/.ssh/authorized_keys"


def write(world: World, text: str, mode: str = "0600", owner: str = "john:john") -> None:
    world.run("mkdir -p -m 700 /home/john/.ssh && chown john:john /home/john/.ssh")
    world.path(FILE).write_bytes(text.encode())
    world.run(f"chmod {mode} {FILE} && chown {owner} {FILE}")


def look_of(world: World, *paths: str) -> list[str]:
    return world.run("stat -c '%a %U:%G' " + " ".join(paths)).splitlines()


def test_the_program_is_small_and_self_contained():
    source = Path(login_key.__file__).read_bytes()
    assert len(source) <= 16 * 1024
    assert b"ansible_collections" not in source


@pytest.mark.parametrize("interpreter", find_interpreters(), ids=lambda path: Path(path).parents[1].name if path else "launcher")
def test_every_python_does_the_same(can_unshare, keys, interpreter):
    with made_world(interpreter) as world:
        if interpreter:
            version = world.run("python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])'").strip()
            assert Path(interpreter).parents[1].name.startswith(version + ".")
        assert world.ask(keys[0], write=False).logins[0].state == "absent"
        assert not world.path("/home/john/.ssh").exists()
        guest = world.ask(keys[0])
        assert (guest.live, guest.done) == (True, ["john: keys in authorized_keys"])
        assert look_of(world, "/home/john/.ssh", FILE) == ["700 john:john", "600 john:john"]
        assert world.path(FILE).read_text() == keys[0] + "\n"
        assert world.ask(keys[0]).done == []
        replaced = world.ask(keys[1], drop=[key_digest(parse_public_key(keys[0]))])
        assert replaced.live
        assert world.path(FILE).read_text() == keys[1] + "\n"
        gone = world.ask(keys[1], state="absent")
        assert gone.logins[0].state == "absent"
        assert world.path(FILE).read_text() == ""
        # The manual recipe's leftovers, a link, and an account that is not there.
        world.run("chown root:root /home/john/.ssh /home/john/.ssh/authorized_keys")
        assert world.ask(keys[0]).live
        assert look_of(world, "/home/john/.ssh", FILE) == ["700 john:john", "600 john:john"]
        world.run(f"rm {FILE} && ln -s /etc/shadow {FILE}")
        assert "symbolic link" in world.ask(keys[0]).obstacles[0]
        assert "no such account" in world.ask(keys[0], users=["ghost"]).obstacles[0]


class TestOtherLinesSurvive:
    def test_byte_for_byte(self, world, keys):
        odd = "# a comment\n\n  \nssh-rsa\nnot a key at all\r\n%s\r\nfrom=\"10.0.0.1\" %s\n%s\n%s\n" % (keys[1], keys[2], keys[1], keys[1])
        write(world, odd)
        world.ask(keys[0])
        assert world.path(FILE).read_bytes() == odd.encode() + keys[0].encode() + b"\n"
        world.ask(keys[0], state="absent")
        assert world.path(FILE).read_bytes() == odd.encode()

    def test_a_last_line_without_newline_is_not_glued(self, world, keys):
        write(world, "# old comment")
        assert world.ask(keys[0]).live
        assert world.path(FILE).read_text() == "# old comment\n%s\n" % keys[0]

    def test_absent_removes_the_key_with_any_options_and_any_comment(self, world, keys):
        write(world, 'no-pty,command="echo \\"a b\\"" %s\n%s\n  %s again\n%s' % (keys[0], keys[1], keys[0], keys[0]))
        assert world.ask(keys[0], state="absent").done == ["john: keys in authorized_keys"]
        assert world.path(FILE).read_text() == keys[1] + "\n"

    @pytest.mark.parametrize("option", ['command="/bin/true"', 'from="192.0.2.1"', "cert-authority", 'no-pty,expiry-time="20200101"'])
    def test_a_line_that_narrows_the_key_is_left_alone_and_said(self, world, keys, option):
        write(world, "%s %s\n" % (option, keys[0]))
        guest = world.ask(keys[0])
        assert not guest.live
        assert "options that narrow it" in guest.obstacles[0]
        assert world.path(FILE).read_text() == "%s %s\n" % (option, keys[0])

    def test_harmless_options_do_not_matter(self, world, keys):
        line = 'no-agent-forwarding,environment="command=x" %s\n' % keys[0]
        write(world, line)
        assert world.ask(keys[0]).live
        assert world.path(FILE).read_text() == line


class TestHostileHomes:
    def test_a_linked_directory_is_not_followed(self, world, keys):
        world.run("mkdir /root/target && ln -s /root/target /home/john/.ssh")
        guest = world.ask(keys[0])
        assert "symbolic link" in guest.obstacles[0]
        assert list(world.path("/root/target").iterdir()) == []

    def test_a_fifo_does_not_hang(self, world, keys):
        write(world, "")
        world.run(f"rm {FILE} && mkfifo {FILE} && chown john {FILE}")
        assert "not a regular file" in world.ask(keys[0]).obstacles[0]

    def test_something_of_roots_moved_there_is_not_given_away(self, world, keys):
        world.run(f"mkdir -m 700 /home/john/.ssh && echo secret > {FILE} && chmod 600 {FILE}")
        assert "belongs to root" in world.ask(keys[0]).obstacles[0]
        assert look_of(world, "/home/john/.ssh", FILE)[1] == "600 root:root"
        world.run("rm /home/john/.ssh/authorized_keys && touch /home/john/.ssh/backup.tar")
        assert "belongs to root" in world.ask(keys[0]).obstacles[0]
        assert look_of(world, "/home/john/.ssh") == ["700 root:root"]

    def test_a_hard_link_to_a_file_of_roots_is_not_given_away(self, world, keys):
        world.run(f"mkdir -m 700 /home/john/.ssh && : > /home/keep && chmod 600 /home/keep && ln /home/keep {FILE}")
        assert "belongs to root" in world.ask(keys[0]).obstacles[0]
        assert look_of(world, "/home/keep") == ["600 root:root"]

    def test_a_home_that_others_can_change_is_not_called_live(self, world, keys):
        world.run("chmod 777 /home/john")
        guest = world.ask(keys[0])
        assert not guest.live
        assert "can be changed by others" in guest.obstacles[0]

    def test_modes_and_owners_are_put_right(self, world, keys):
        write(world, keys[0] + "\n", "0666")
        world.run("chmod 777 /home/john/.ssh")
        guest = world.ask(keys[0])
        assert guest.live
        assert guest.done == ["john: mode of .ssh", "john: mode of authorized_keys"]
        assert look_of(world, "/home/john/.ssh", FILE) == ["700 john:john", "600 john:john"]

    def test_a_missing_home_is_said(self, world, keys):
        world.run("rm -r /home/john")
        assert "/home/john is missing" in world.ask(keys[0]).obstacles[0]

    def test_a_full_disk_leaves_the_old_file(self, world, keys):
        write(world, keys[1] + "\n")
        script = "mount -t tmpfs -o size=16k,mode=755 tmpfs /home/john && chown john: /home/john\n"
        script += "install -d -m 700 -o john -g john /home/john/.ssh\n"
        script += f"echo '{keys[1]}' > {FILE}; chown john: {FILE}; chmod 600 {FILE}\n"
        script += "dd if=/dev/zero of=/home/john/fill bs=1k count=64 2>/dev/null\n"
        text = render_command(Request("present", True, ("john",), "", keys[0]), "M:")
        output = world.run(script + "(\n" + text + ")\n" + f"cat {FILE}; ls -A /home/john/.ssh")
        answer = parse_output(output, "M:")
        assert "Errno 28" in answer["users"][0]["error"]
        assert output.endswith(keys[1] + "\nauthorized_keys\n")


class TestConcurrently:
    def test_no_key_is_lost(self, world, keys):
        with ThreadPoolExecutor(4) as pool:
            guests = list(pool.map(world.ask, [keys[0], keys[1], keys[2], keys[0]]))
        assert all(guest.live for guest in guests)
        assert sorted(world.path(FILE).read_text().splitlines()) == sorted(keys)

    def test_one_waits_for_the_other(self, world, keys):
        text = render_command(Request("present", True, ("john",), "", keys[0]), "M:")
        script = "exec 9>/run/alicloud.ecs_access.lock; flock 9\n(\nexec 9>&-\n" + text + ") &\n"
        # It has seconds to write without the lock, and does so at once when it gets it.
        script += f"sleep 2; [ -e {FILE} ] && echo early; flock -u 9; wait; cat {FILE}"
        lines = world.run(script).splitlines()
        assert "early" not in lines
        assert lines[-1] == keys[0]


class TestCheckChangesNothing:
    @pytest.mark.parametrize("state", ["present", "absent"])
    def test_nowhere(self, world, keys, state):
        write(world, keys[1] + "\n" + (keys[0] if state == "absent" else ""), "0644")

        def everything():
            found = {}
            for top in ("home", "root", "run", "changes"):
                for folder, _folders, files in os.walk(world.folder / top):
                    for name in files:
                        path = Path(folder, name)
                        info = path.lstat()
                        found[str(path)] = (path.read_bytes() if stat.S_ISREG(info.st_mode) else None, info.st_mode, info.st_mtime_ns)
                    found[folder] = os.stat(folder).st_mode
            return found

        before = everything()
        guest = world.ask(keys[0], state=state, write=False)
        assert guest.done
        assert everything() == before


class TestWaysIn:
    def test_another_key_of_root_is_one(self, world, keys):
        world.run(f"mkdir -m 700 /root/.ssh; printf '%s\\n' '{keys[0]}' '{keys[1]}' > /root/.ssh/authorized_keys")
        world.run("usermod -p '*' root; echo 'PermitRootLogin prohibit-password' > /etc/ssh/sshd_config")
        assert world.ask(keys[0], state="absent", write=False, users=["root"]).ways_in == ("root",)

    def test_the_key_that_goes_is_none(self, world, keys):
        world.run(f"mkdir -m 700 /root/.ssh; echo '{keys[0]}' > /root/.ssh/authorized_keys; usermod -p '!' root")
        assert world.ask(keys[0], state="absent", write=False, users=["root"]).ways_in == ()

    @pytest.mark.parametrize(
        ("root_login", "passwords", "counts"), [("yes", "yes", True), ("prohibit-password", "yes", False), ("yes", "no", False)]
    )
    def test_a_password_counts_only_where_it_is_accepted(self, world, keys, root_login, passwords, counts):
        world.run(f"mkdir -m 700 /root/.ssh; echo '{keys[0]}' > /root/.ssh/authorized_keys; usermod -p '$6$x$yyyyyyyyyyyyyyyyyyyy' root")
        world.run(f"printf 'PermitRootLogin {root_login}\\nPasswordAuthentication {passwords}\\n' > /etc/ssh/sshd_config")
        ways = world.ask(keys[0], state="absent", write=False, users=["root"]).ways_in
        assert ways == (("root",) if counts else ())

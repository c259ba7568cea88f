# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest's program, run whole: as the shell script that is sent, by several Pythons, in worlds that are thrown away."""

import ast
import base64
import inspect
import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.command import (
    Request,
    parse_output,
    program_text,
    render_command,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.programs import login_key, prepare, served
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.shape import GuestError
from ansible_collections.alicloud.ecs_access.plugins.module_utils._binding.guest import ANSWER, key_digest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import server

from .conftest import MOST_SENT, World, find_interpreters, made_world

FILE = "/home/john/.ssh/authorized_keys"


def write(world: World, text: str, mode: str = "0600", owner: str = "john:john") -> None:
    world.run("mkdir -p -m 700 /home/john/.ssh && chown john:john /home/john/.ssh")
    world.path(FILE).write_bytes(text.encode())
    world.run(f"chmod {mode} {FILE} && chown {owner} {FILE}")


def look_of(world: World, *paths: str) -> list[str]:
    return world.run("stat -c '%a %U:%G' " + " ".join(paths)).splitlines()


def test_no_spelling_hides_a_key_that_sshd_accepts(long_key):
    """OpenSSH passes over some blanks within the text of a key, and a line ends at a NUL: the key that goes must not stay in one of these."""
    kind, body = long_key.split()[:2]
    gone = key_digest(parse_public_key(long_key))
    for line in (
        f"{kind} {body}\0AAAA\n",
        f"{kind} {body}\r\n",
        f'no-pty,command="a b" {kind}\t {body} c\n',
        f"{kind} {body[:20]}\f{body[20:40]}\v{body[40:]} c\n",
        f"{kind} A\fAAA{body[4:]}\n",
        f"{kind} {body} {'x' * 20000}\n",
    ):
        assert login_key.digest(line.encode()) == gone


def test_what_is_sent_is_small_and_self_contained(long_key):
    gone = key_digest(parse_public_key(long_key))
    text = render_command(Request("present", True, ("ecs-user", "deploy"), "ecs-user", long_key, (gone,)), "ecs-access-%s:" % ("0" * 32))
    # The script; its input is one word behind "set --".
    given = text.partition("set -- ")[2].split()[0]
    assert len(text.encode()) - len(given) <= MOST_SENT
    assert len(base64.b64encode(text.encode())) <= 24 * 1024
    assert "ansible_collections" not in text


@pytest.mark.parametrize("program", [login_key, prepare, served])
def test_what_is_sent_is_the_same_code(program):
    """But for docstrings, the import of what is in front of it instead, and what it has no word of."""

    def statements(source: str) -> list[str]:
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
                del node.body[0]
        return [ast.dump(node) for node in tree.body if not (isinstance(node, ast.ImportFrom) and node.level)]

    own, text = inspect.getsource(program), program_text(program)
    front, sent = statements(inspect.getsource(server)) if "_system.server" in own else [], statements(text)
    # What both import is imported once.
    whole = front + [each for each in statements(own) if not (each.startswith("Import") and each in front)]
    left_out = [each for each in whole if each not in sent]
    assert sent == [each for each in whole if each not in left_out]
    assert not set(left_out) & set(statements(own))
    names = [re.search(r"(?:name|id)='(\w+)'", each)[1] for each in left_out]
    assert not set(names) & set(re.findall(r"\w+", text))


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
        odd = '# a comment\n\n  \nssh-rsa\nnot a key at all\r\n%s\r\nfrom="10.0.0.1" %s\n%s\n%s\n' % (keys[1], keys[2], keys[1], keys[1])
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
        assert "options that restrict it" in guest.obstacles[0]
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
        answer = parse_output(output, "M:", ANSWER)
        assert "Errno 28" in answer["rows"][0]["error"]
        assert output.endswith(keys[1] + "\nauthorized_keys\n")


class TestRootsLeftovers:
    """What the vendor's manual recipe leaves in a home: root's unreadable .ssh and key file."""

    def leave(self, world, text=""):
        world.run(f"umask 077; mkdir /home/john/.ssh; cat > {FILE} <<'KEYS'\n{text}KEYS\n")

    def test_they_become_the_accounts(self, world, keys):
        self.leave(world, "# ours\n\n%s\n" % keys[1])
        looked = world.ask(keys[0], write=False)
        assert looked.done == ["john: owner of .ssh", "john: owner of authorized_keys", "john: keys in authorized_keys"]
        assert look_of(world, "/home/john/.ssh", FILE) == ["700 root:root", "600 root:root"]
        guest = world.ask(keys[0])
        assert (guest.live, guest.done) == (True, looked.done)
        assert look_of(world, "/home/john/.ssh", FILE) == ["700 john:john", "600 john:john"]
        assert world.path(FILE).read_text() == "# ours\n\n%s\n%s\n" % (keys[1], keys[0])

    def test_a_directory_that_can_only_be_listed(self, world, keys):
        self.leave(world)
        world.run("chmod 744 /home/john/.ssh")
        assert world.ask(keys[0]).live
        assert look_of(world, "/home/john/.ssh", FILE) == ["700 john:john", "600 john:john"]

    def test_what_the_account_can_read_stays_roots(self, world, keys):
        self.leave(world, keys[0] + "\n")
        world.run(f"chmod 755 /home/john/.ssh; chmod 644 {FILE}")
        assert (world.ask(keys[0]).live, world.ask(keys[0]).done) == (True, [])
        assert "the directory of /home/john/.ssh/authorized_keys belongs to root" in world.ask(keys[1]).obstacles[0]
        assert look_of(world, "/home/john/.ssh", FILE) == ["755 root:root", "644 root:root"]
        assert world.path(FILE).read_text() == keys[0] + "\n"

    def test_a_key_goes_out_of_them_and_they_stay_roots(self, world, keys):
        self.leave(world, "%s\n%s\n" % (keys[0], keys[1]))
        assert world.ask(keys[0], state="absent").done == ["john: keys in authorized_keys"]
        assert look_of(world, "/home/john/.ssh", FILE) == ["700 root:root", "600 root:john"]
        assert world.path(FILE).read_text() == keys[1] + "\n"

    def test_nothing_is_given_away_in_a_home_that_is_not_the_accounts(self, world, keys):
        world.run("chown root:root /home/john")
        self.leave(world, keys[1] + "\n")
        for state in ("present", "absent"):
            assert "permission denied" in world.ask(keys[0], state=state).obstacles[0]
        assert look_of(world, "/home/john/.ssh", FILE) == ["700 root:root", "600 root:root"]

    @pytest.mark.parametrize("content", ["secret\n", "%s\nsecret\n", "ssh-rsa secret\n"])
    @pytest.mark.parametrize("state", ["present", "absent"])
    def test_what_is_more_than_keys_stays_roots(self, world, keys, content, state):
        text = content.replace("%s", keys[0])
        self.leave(world, text)
        assert "belongs to root" in world.ask(keys[0], state=state).obstacles[0]
        assert look_of(world, "/home/john/.ssh", FILE) == ["700 root:root", "600 root:root"]
        assert world.path(FILE).read_text() == text


class TestOtherPlaces:
    """AuthorizedKeysFile outside of homes, and for several accounts."""

    def set(self, world, files, more=""):
        world.run(f"sed -i '1i AuthorizedKeysFile {files}' /etc/ssh/sshd_config; mkdir -p /etc/ssh/keys; {more}")

    def test_a_new_file_can_be_read_by_sshd_as_the_account(self, world, keys):
        self.set(world, "/etc/ssh/keys/%u")
        assert world.ask(keys[0], write=False).done == ["john: keys in john"]
        assert world.ask(keys[0]).live
        assert look_of(world, "/etc/ssh/keys/john") == ["644 root:root"]
        assert world.run("cat /etc/ssh/keys/john") == keys[0] + "\n"

    def test_owner_and_mode_stay(self, world, keys):
        self.set(world, "/etc/ssh/keys/%u", f"echo '{keys[1]}' > /etc/ssh/keys/john; chmod 640 /etc/ssh/keys/john; chown john: /etc/ssh/keys/john")
        assert world.ask(keys[0]).live
        assert look_of(world, "/etc/ssh/keys/john") == ["640 john:john"]
        assert world.run("cat /etc/ssh/keys/john") == f"{keys[1]}\n{keys[0]}\n"

    def test_the_file_in_the_home_is_preferred_unless_another_has_the_key(self, world, keys):
        self.set(world, "/etc/ssh/keys/%u .ssh/authorized_keys", f"echo '{keys[1]}' > /etc/ssh/keys/john")
        assert world.ask(keys[0]).done == ["john: keys in authorized_keys"]
        assert (world.ask(keys[1]).live, world.ask(keys[1]).done) == (True, [])
        assert world.ask(keys[1], state="absent").done == ["john: keys in john"]

    @pytest.mark.parametrize(
        ("spoil", "clause"),
        [
            ("chmod 777 /etc/ssh/keys", "can be changed by others"),
            ("chown john /etc/ssh/keys; chmod 777 /etc/ssh", "can be changed by others"),
            ("touch /etc/ssh/keys/john; chmod 666 /etc/ssh/keys/john", "can be changed by others"),
            ("rmdir /etc/ssh/keys", "keys is missing"),
            ("mv /etc/ssh/keys /etc/ssh/real; ln -s real /etc/ssh/keys", "symbolic link"),
            ("ln -s /etc/shadow /etc/ssh/keys/john", "symbolic link"),
            ("chown john /etc/ssh/keys", ""),
        ],
    )
    def test_only_where_nobody_else_can_change_it(self, world, keys, spoil, clause):
        self.set(world, "/etc/ssh/keys/%u", spoil)
        guest = world.ask(keys[0])
        assert guest.live is (not clause)
        assert clause in "".join(guest.obstacles)
        assert world.run("cat /etc/shadow").count("ssh-") == 0

    def test_a_file_of_all_accounts_is_left_alone(self, world, keys):
        self.set(world, "/etc/ssh/keys/all", f"echo '{keys[1]}' > /etc/ssh/keys/all")
        assert "it reads /etc/ssh/keys/all for other accounts too" in world.ask(keys[0]).obstacles[0]
        assert world.ask(keys[0], state="absent").unseen == []
        assert "remove it there by hand" in world.ask(keys[1], state="absent").unseen[0]
        assert world.run("cat /etc/ssh/keys/all") == keys[1] + "\n"

    @pytest.mark.parametrize("link", ["ln -s mary /etc/ssh/keys/john", "rmdir /etc/ssh/keys; ln -s /root /etc/ssh/keys; ln -s mary /root/john"])
    def test_a_link_to_the_file_of_another_is_one(self, world, keys, link):
        self.set(world, "/etc/ssh/keys/%u", "useradd mary; " + link)
        assert "for other accounts too" in world.ask(keys[0]).obstacles[0]

    def test_a_home_of_two_accounts_with_one_number(self, world, keys):
        world.run("useradd -o -u 3000 -g john -d /home/john twin")
        assert "for other accounts too" in world.ask(keys[0]).obstacles[0]

    def test_the_home_of_an_account_that_cannot_use_it(self, world, keys):
        """As the account operator has root's."""
        world.run("useradd -M -N -d /root operator; sed -i '1i PermitRootLogin yes' /etc/ssh/sshd_config; usermod -p '*' root")
        assert world.ask(keys[0], users=["root"]).live
        assert "for other accounts too" in world.ask(keys[0], users=["operator"]).obstacles[0]

    def test_a_path_that_is_roots_own_by_name(self, world, keys):
        self.set(world, "/root/.ssh/keys", "usermod -p '*' root")
        assert world.ask(keys[0], users=["root"]).done == ["root: keys in keys"]
        assert "for other accounts too" in world.ask(keys[0]).obstacles[0]

    def test_no_file(self, world, keys):
        self.set(world, "none")
        guest = world.ask(keys[0])
        assert guest.obstacles == ["john: AuthorizedKeysFile names no file that is this account's own"]
        assert guest.unseen == []


class TestFacts:
    @pytest.mark.parametrize(
        ("spoil", "clause"),
        [
            ("touch /run/nologin", "logins are disabled by /run/nologin"),
            ("usermod -s /bin/none john", "its shell /bin/none does not allow logins"),
            ("usermod -e 2020-01-01 john", "the account has expired"),
            ("chage -d 0 john", "its password has expired"),
            ("usermod -L john; setting 'UsePAM no'", "the account is locked"),
            ("setting 'ChrootDirectory /jail/%u/'", "ChrootDirectory is /jail/john, which is missing"),
            ("setting 'RevokedKeys /etc/revoked'", "RevokedKeys names /etc/revoked, which cannot be read"),
            ("setting 'RevokedKeys /etc/revoked'; echo '{key}' > /etc/revoked", "the key is in RevokedKeys"),
            ("setting 'RevokedKeys /etc/k'; echo '{key}' > /run/k; ssh-keygen -qkf /etc/k /run/k", "the key is in RevokedKeys"),
            ("setting 'RevokedKeys /etc/k'; ssh-keygen -qkf /etc/k /dev/null", ""),
            ("setting 'RevokedKeys /dev/null'", ""),
            ("groupadd staff2; usermod -G staff2 john; setting 'AllowGroups staff2'", ""),
            ("setting 'DenyGroups john'", "DenyGroups has john"),
            ("setting 'Nonsense yes'", "sshd rejects its own configuration: /etc/ssh/sshd_config: line 1: Bad configuration option"),
            ("chown root /usr/sbin; chmod 777 /usr/sbin", None),
        ],
    )
    def test_what_keeps_the_key_out_is_seen(self, world, keys, spoil, clause):
        world.run('setting() { sed -i "1i $1" /etc/ssh/sshd_config; }\n' + spoil.replace("{key}", keys[0]))
        if clause is None:
            with pytest.raises(GuestError, match="no OpenSSH server that root alone can change"):
                world.ask(keys[0])
        else:
            guest = world.ask(keys[0])
            assert (len(guest.obstacles), guest.live) == (bool(clause), not clause), guest
            assert clause in "".join(guest.obstacles)

    def test_the_answer_stays_small(self, world, keys):
        """Whatever an account writes into its file, or nothing could be said of all others."""
        write(world, "".join('command="%s" %s\n' % ("x" * 9000, keys[0]) for _number in range(50)))
        output = world.run(render_command(Request("absent", False, ("john",), "", keys[0], (key_digest(parse_public_key(keys[0])),)), "M:"))
        assert len(output) < 16 * 1024
        assert world.ask(keys[0], state="absent").logins[0].state == "absent"
        assert world.path(FILE).read_text() == ""

    @pytest.mark.parametrize("line", ['command="%s\\"' % ('\\"' * 5000), "x" * 500000, '"' * 99999, " " * 99999 + "#", 'a="\\\\" ' * 9999])
    def test_a_strange_line_takes_no_time(self, world, keys, line):
        write(world, line + "\n")
        assert world.ask(keys[0]).live
        assert world.path(FILE).read_text() == line + "\n" + keys[0] + "\n"


class TestConcurrently:
    def test_no_key_is_lost(self, world, keys):
        with ThreadPoolExecutor(4) as pool:
            guests = list(pool.map(world.ask, [keys[0], keys[1], keys[2], keys[0]]))
        assert all(guest.live for guest in guests)
        assert sorted(world.path(FILE).read_text().splitlines()) == sorted(keys)

    def test_one_waits_for_the_other(self, world, keys):
        text = render_command(Request("present", True, ("john",), "", keys[0]), "M:")
        script = "exec 9>/run/alicloud-ecs-access.lock; flock 9\n(\nexec 9>&-\n" + text + ") &\n"
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

    def test_the_second_key_of_someone_with_sudo_is_one(self, world, keys):
        """Not that of someone without, and behind lines that give no login."""
        write(world, "".join('command="x" %s %d\n' % (keys[1], number) for number in range(9)) + keys[2] + "\n" + keys[0] + "\n")
        world.run("useradd -m -s /bin/sh mary; cp -r /home/john/.ssh /home/mary; chown -R mary: /home/mary; usermod -p '*' john")
        assert world.ask(keys[0], state="absent", write=False).ways_in == ()
        world.run("echo 'john ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/john")
        assert world.ask(keys[0], state="absent", write=False).ways_in == ("john",)
        assert world.ask(keys[2], state="absent", write=False).ways_in == ("john",)
        write(world, keys[0] + "\n")
        assert world.ask(keys[0], state="absent", write=False).ways_in == ()

    @pytest.mark.parametrize(("root_login", "passwords", "counts"), [("yes", "yes", True), ("prohibit-password", "yes", False), ("yes", "no", False)])
    def test_a_password_counts_only_where_it_is_accepted(self, world, keys, root_login, passwords, counts):
        world.run(f"mkdir -m 700 /root/.ssh; echo '{keys[0]}' > /root/.ssh/authorized_keys; usermod -p '$6$x$yyyyyyyyyyyyyyyyyyyy' root")
        world.run(f"printf 'PermitRootLogin {root_login}\\nPasswordAuthentication {passwords}\\n' > /etc/ssh/sshd_config")
        ways = world.ask(keys[0], state="absent", write=False, users=["root"]).ways_in
        assert ways == (("root",) if counts else ())

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sshd serves a host: the words of systemd, and paths that root alone can change. The programs that instances are sent are tested in _assistant."""

import os
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import server
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.server import (
    KILLED,
    LIMIT,
    MAIN_CONFIG,
    NOT_STARTED,
    Ended,
    Server,
    ask_sshd,
    choose_unit,
    find_server,
    is_roots,
    parse_arguments,
    read_command,
    read_settings,
    run,
    slurp,
    value_of,
)

NOBODY = 65534


@pytest.fixture
def roots():
    """A folder that root alone can change, as are those above it."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    folder = tempfile.mkdtemp(prefix="test-server-", dir="/root")
    yield Path(folder)
    shutil.rmtree(folder)


def put(path, content="", mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(mode)
    return path


def unit(name, state="inactive", command="", **properties):
    """What C(systemctl show) prints of a unit, as far as it matters; a property with several values has several lines."""
    start = "{ path=%s ; argv[]=%s ; ignore_errors=no ; start_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }"
    pre = [("ExecStartPre", start % ("/usr/sbin/sshd", "/usr/sbin/sshd -t")), ("ExecStart", start % (command.split(" ")[0], command))]
    more = [(key, value) for key, values in properties.items() for value in (values if isinstance(values, list) else [values])]
    lines = [("Type", "notify"), *(pre if command else []), *more, ("Id", name), ("Description", "Id=ssh.service"), ("LoadState", "loaded")]
    return "\n".join("%s=%s" % line for line in [*lines, ("ActiveState", state), ("SubState", "x")])


class TestIsRoots:
    def test_a_file_of_roots(self, roots):
        path = put(roots / "folder" / "sshd")
        assert is_roots(str(path))
        assert is_roots("/root/" + os.path.relpath(path, "/root"))
        assert is_roots(str(path.parent) + "/")
        assert is_roots("//root//./" + os.path.relpath(path, "/root"))

    @pytest.mark.parametrize("path", ["", "relative", "usr/bin", "./x", "/nowhere/at/all"])
    def test_what_is_not_there_or_no_whole_path(self, path):
        assert not is_roots(path)

    @pytest.mark.parametrize("mode", [0o664, 0o646, 0o777])
    def test_others_may_write_to_it_or_to_a_folder_above(self, roots, mode):
        path = put(roots / "folder" / "sshd")
        path.chmod(mode)
        assert not is_roots(str(path))
        path.chmod(0o600)
        path.parent.chmod(mode | 0o111)
        assert not is_roots(str(path))

    def test_somebody_else_owns_it_or_a_folder_above(self, roots):
        path = put(roots / "folder" / "sshd")
        os.chown(path, NOBODY, 0)
        assert not is_roots(str(path))
        os.chown(path, 0, 0)
        os.chown(path.parent, NOBODY, 0)
        assert not is_roots(str(path))

    def test_links_of_roots_lead_to_something_of_roots(self, roots):
        put(roots / "real" / "sshd")
        (roots / "one").symlink_to("real")
        (roots / "two").symlink_to(roots / "one")
        (roots / "real" / "back").symlink_to("../two/sshd")
        assert is_roots(str(roots / "two" / "back"))

    @pytest.mark.parametrize("link", ["target", "../{name}/target", "{folder}/target", "via/target", "../{name}/via/../{name}/target"])
    def test_what_a_link_leads_to_counts(self, roots, link):
        target = put(roots / "target")
        (roots / "via").symlink_to(".")
        (roots / "link").symlink_to(link.format(name=roots.name, folder=roots))
        assert is_roots(str(roots / "link")) is os.path.exists(roots / "link")
        os.chown(target, NOBODY, 0)
        assert not is_roots(str(roots / "link"))

    def test_a_link_of_somebody_else(self, roots):
        put(roots / "real" / "sshd")
        (roots / "link").symlink_to("real")
        os.lchown(roots / "link", NOBODY, 0)
        assert not is_roots(str(roots / "link" / "sshd"))

    def test_a_link_through_a_folder_that_others_may_change(self, roots):
        put(roots / "real" / "sshd")
        (roots / "open").mkdir()
        (roots / "open").chmod(0o777)
        (roots / "open" / "link").symlink_to("../real")
        (roots / "link").symlink_to("open/link")
        assert not is_roots(str(roots / "link" / "sshd"))

    def test_up_from_a_link_is_up_from_where_it_leads(self, roots):
        """As the kernel sees it, not as the text reads."""
        put(roots / "a" / "sshd")
        put(roots / "b" / "sshd", mode=0o666)
        (roots / "b" / "c").mkdir()
        (roots / "a" / "link").symlink_to("../b/c")
        assert is_roots(str(roots / "a" / "sshd"))
        assert not is_roots(str(roots / "a" / "link" / ".." / "sshd"))
        assert not is_roots("%s/a/link/../sshd" % roots)
        (roots / "b" / "sshd").chmod(0o644)
        assert is_roots("%s/a/link/../sshd" % roots)

    def test_links_without_end(self, roots):
        (roots / "self").symlink_to("self")
        (roots / "one").symlink_to("two")
        (roots / "two").symlink_to("one")
        (roots / "deep").symlink_to("deep/deep")
        assert not any(is_roots(str(roots / name)) for name in ("self", "one", "deep"))


@pytest.mark.parametrize(
    ("words", "options", "config"),
    [
        pytest.param([], (), MAIN_CONFIG, id="none"),
        pytest.param(["-D"], (), MAIN_CONFIG, id="nothing special"),
        pytest.param(["-D", "-oCiphers=aes256-ctr"], ("-o", "Ciphers=aes256-ctr"), MAIN_CONFIG, id="crypto policy of EL 8"),
        pytest.param(["-o", "Port=22", "-f", "/srv/sshd"], ("-o", "Port=22"), "/srv/sshd", id="another file"),
        pytest.param(["-f/srv/sshd", "-p", "2222"], ("-p", "2222"), "/srv/sshd", id="glued value"),
        pytest.param(["-D", "-o", "UsePAM", "no", "-e"], ("-o", "UsePAM no"), MAIN_CONFIG, id="quotes lost where systemd shows them"),
        pytest.param(["-o", "AllowUsers=a", "b", "-p22"], ("-o", "AllowUsers=a b", "-p", "22"), MAIN_CONFIG, id="several words"),
        pytest.param(["-o", "AllowUsers=a b"], ("-o", "AllowUsers=a b"), MAIN_CONFIG, id="several words in one"),
        pytest.param(["-De", "-Dp", "2222", "-iof"], ("-p", "2222", "-o", "f"), MAIN_CONFIG, id="flags in one word"),
        pytest.param(["-E", "/x/-f", "-h", "/of", "-c/opf", "-u0", "-C", "user=o"], (), MAIN_CONFIG, id="values of other options"),
        pytest.param(["-o", "Ciphers=-aes128-cbc", "-4"], ("-o", "Ciphers=-aes128-cbc"), MAIN_CONFIG, id="a dash in a value"),
    ],
)
def test_parse_arguments(words, options, config):
    assert parse_arguments(words) == (options, config)


class TestReadCommand:
    def test_a_plain_one(self):
        assert read_command(unit("ssh.service", command="/usr/sbin/sshd -D")) == ("/usr/sbin/sshd", ("-D",))

    def test_none(self):
        assert read_command(unit("ssh.socket")) == read_command("") == ("", ())

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ('OPTIONS="-o AllowUsers=a b"', ("-D", "-o", "AllowUsers=a", "b")),
            ("OPTIONS=\"-o 'AllowUsers=a b'\"", ("-D", "-o", "AllowUsers=a b")),
            ("OPTIONS=-oPort=22 -oUsePAM=no", ("-D", "-oPort=22", "-oUsePAM=no")),
            ("  OPTIONS='-u0'  ", ("-D", "-u0")),
            ('OPTIONS=""', ("-D",)),
            ("# OPTIONS=-4", ("-D",)),
            ("#OPTIONS=-4\n;OPTIONS=-4\n# don't\nOTHER=-4", ("-D",)),
            ("OPTIONS=-4\nOPTIONS=-6", ("-D", "-6")),
        ],
    )
    def test_the_environment_file(self, roots, line, words):
        """Each word as systemd cuts it; what belongs together is parse_arguments' business."""
        path = put(roots / "sshd", "# Options\n%s\n" % line)
        text = unit("sshd.service", command="/usr/sbin/sshd -D $OPTIONS", EnvironmentFiles="%s (ignore_errors=yes)" % path)
        assert read_command(text) == ("/usr/sbin/sshd", words)
        assert read_command(text.replace("EnvironmentFiles=", "EnvironmentFile=")) == ("/usr/sbin/sshd", words)

    def test_several_files_and_the_unit_itself(self, roots):
        files = ["%s (ignore_errors=yes)" % put(roots / "1", "CRYPTO='-oMACs=a'\nOPTIONS=-4\n"), "/nowhere (ignore_errors=yes)"]
        files.append("%s (ignore_errors=no)" % put(roots / "2", "OPTIONS=-6"))
        text = unit(
            "sshd.service", command="/opt/sshd -D $OPTIONS ${CRYPTO} $LAST -o${NAME}=no", EnvironmentFiles=files,
            Environment='OPTIONS=-v "LAST=-o Banner=none" NAME=UsePAM',
        )  # fmt: skip
        assert read_command(text) == ("/opt/sshd", ("-D", "-6", "-oMACs=a", "-o", "Banner=none", "-oUsePAM=no"))

    def test_a_file_that_others_can_change_says_nothing(self, roots):
        path = put(roots / "sshd", "OPTIONS=-oPermitRootLogin=yes", 0o666)
        text = unit("sshd.service", command="/usr/sbin/sshd -D $OPTIONS", EnvironmentFiles="%s (ignore_errors=yes)" % path)
        assert read_command(text) == ("/usr/sbin/sshd", ("-D",))

    def test_a_linked_file_is_read(self, roots):
        """As that of the crypto policies of EL 8."""
        put(roots / "usr" / "policy.txt", "CRYPTO_POLICY='-oCiphers=aes256-ctr -oMACs=b'")
        (roots / "policy.config").symlink_to("usr/policy.txt")
        text = unit("sshd.service", command="/usr/sbin/sshd -D $CRYPTO_POLICY", EnvironmentFiles="%s/policy.config (ignore_errors=yes)" % roots)
        assert parse_arguments(read_command(text)[1]) == (("-o", "Ciphers=aes256-ctr", "-o", "MACs=b"), MAIN_CONFIG)


SERVICE = "/usr/sbin/sshd -D"


class TestChooseUnit:
    def chosen(self, *units):
        text, up = choose_unit(list(units))
        return value_of(text, "Id"), up

    def test_none(self):
        assert self.chosen() == ("", False)

    @pytest.mark.parametrize("name", ["ssh.service", "sshd.service"])
    @pytest.mark.parametrize(("state", "up"), [("active", True), ("reloading", True), ("inactive", False), ("failed", False)])
    def test_one_service(self, name, state, up):
        assert self.chosen(unit(name, state, SERVICE)) == (name, up)

    def test_the_active_one_of_two(self):
        assert self.chosen(unit("ssh.service", "failed", SERVICE), unit("sshd.service", "active", SERVICE)) == ("sshd.service", True)

    @pytest.mark.parametrize(("accept", "name"), [("no", "ssh.service"), ("yes", "ssh@0.service")])
    def test_a_socket_that_waits(self, accept, name):
        units = [unit("ssh.service", command=SERVICE), unit("ssh@0.service", command="/usr/sbin/sshd -i")]
        assert self.chosen(*units, unit("ssh.socket", "active", Accept=accept)) == (name, True)
        assert self.chosen(*units, unit("ssh.socket", "inactive", Accept=accept)) == ("ssh.service", False)

    def test_a_socket_and_its_service_that_runs_already(self):
        assert self.chosen(unit("ssh.service", "active", SERVICE), unit("ssh.socket", "active", Accept="no")) == ("ssh.service", True)

    def test_the_socket_of_the_other_name(self):
        units = [unit("sshd.service", command=SERVICE), unit("sshd@0.service", command=SERVICE), unit("ssh.socket")]
        assert self.chosen(*units, unit("sshd.socket", "active", Accept="yes")) == ("sshd@0.service", True)

    def test_a_template_alone(self):
        assert self.chosen(unit("sshd@0.service", command=SERVICE), unit("sshd.socket", Accept="yes")) == ("sshd@0.service", False)


class TestFindServer:
    @pytest.fixture
    def host(self, roots, monkeypatch):
        """host(unit, ...): what is found where systemd shows these units and sshd is a program in a folder of root's alone."""
        program = put(roots / "sbin" / "sshd", mode=0o755)
        monkeypatch.setattr(server, "PROGRAMS", (str(roots / "none"), str(program)))

        def find(*units):
            monkeypatch.setattr(server, "run", lambda argv: Ended(0 if units else 1, "\n\n".join(units) + "\n", ""))
            return find_server()

        find.program = program
        return find

    def test_a_service_with_its_options(self, host, roots):
        path = put(roots / "default", 'OPTIONS="-o AllowUsers=a b"')
        text = unit("sshd.service", "active", "%s -D $OPTIONS" % host.program, EnvironmentFiles="%s (ignore_errors=yes)" % path, MainPID="42")
        masked = unit("ssh.service", "active", "/opt/other").replace("=loaded", "=masked")
        assert host(masked, text) == Server(str(host.program), ("-o", "AllowUsers=a b"), MAIN_CONFIG, "sshd.service", 42, True)

    def test_a_service_that_is_down(self, host, monkeypatch):
        monkeypatch.setattr(server, "slurp", lambda path: b"")
        found = host(unit("ssh.service", "inactive", "%s -D -f /etc/other" % host.program, MainPID="0"))
        assert found == Server(str(host.program), (), "/etc/other", "ssh.service", 0, False)

    @pytest.mark.parametrize(("accept", "name"), [("no", "ssh.service"), ("yes", "ssh@0.service")])
    def test_a_socket(self, host, accept, name):
        units = [unit("ssh.service", command="%s -D" % host.program), unit("ssh@0.service", command="%s -i" % host.program)]
        found = host(*units, unit("ssh.socket", "active", Accept=accept))
        assert found == Server(str(host.program), (), MAIN_CONFIG, name, 0, True)

    @pytest.mark.parametrize(("number", "up"), [("", False), ("self\n", True), ("999999999\n", False)])
    def test_without_systemd_the_number_that_sshd_wrote_tells_whether_it_runs(self, host, monkeypatch, number, up):
        monkeypatch.setattr(server, "slurp", lambda path: number.encode() if path == "/run/sshd.pid" else b"")
        assert host() == Server(str(host.program), (), MAIN_CONFIG, "", 0, up)

    def test_a_unit_whose_program_is_gone(self, host):
        assert host(unit("ssh.service", "active", "/nowhere/sshd -D -p 23")).program == str(host.program)

    def test_a_program_that_others_can_change(self, host, roots):
        mine = put(roots / "mine", mode=0o775)
        with pytest.raises(OSError, match=r"root alone can change .*mine"):
            host(unit("ssh.service", "active", "%s -D" % mine))
        host.program.parent.chmod(0o777)
        with pytest.raises(OSError, match=r"root alone can change .*sshd"):
            host()

    def test_no_server(self, host):
        host.program.unlink()
        with pytest.raises(OSError, match="there is no OpenSSH server"):
            host()


class TestRun:
    def test_what_it_says_and_how_it_ends(self):
        assert run(("sh", "-c", "cat; echo err >&2; exit 3"), b"in") == Ended(3, "in", "err\n")

    def test_one_that_is_not_there(self):
        ended = run(("no-such-program",))
        assert (ended.code, ended.out, "No such file" in ended.err) == (NOT_STARTED, "", True)

    def test_a_plain_environment(self, monkeypatch):
        monkeypatch.setenv("SECRET", "x")
        assert "SECRET" not in run(("env",)).out
        assert run(("env",), env=os.environ).out.count("SECRET=x") == 1
        assert run(("pwd",)).out == "/\n"

    def test_one_that_is_late_ends_with_its_children(self, tmp_path):
        start = time.time()
        ended = run(("sh", "-c", "(sleep 2; touch %s/late) & sleep 60" % tmp_path), seconds=0.3)
        assert (ended.code, "did not end" in ended.err, time.time() - start < 5) == (KILLED, True, True)
        time.sleep(2.2)
        assert not (tmp_path / "late").exists()

    def test_one_that_says_too_much(self):
        for argv in (("yes",), ("sh", "-c", "yes >&2")):
            ended = run(argv)
            assert (ended.code, ended.err) == (KILLED, "it did not end within 30 seconds or %d bytes" % LIMIT)

    def test_a_child_that_lives_on_is_not_waited_for(self):
        start = time.time()
        assert run(("sh", "-c", "sleep 20 & echo done"))[:2] == (0, "done\n")
        assert time.time() - start < 5


class TestSlurp:
    def test_a_file(self, tmp_path):
        assert slurp(str(put(tmp_path / "file", "text"))) == b"text"

    def test_what_is_no_file(self, tmp_path):
        os.mkfifo(tmp_path / "fifo")
        for path in (tmp_path / "fifo", tmp_path, tmp_path / "none", "/dev/null", "/dev/zero"):
            assert slurp(str(path)) == b""

    def test_one_that_is_too_big(self, tmp_path):
        with pytest.raises(OSError, match="more than 3 bytes"):
            slurp(str(put(tmp_path / "file", "text")), 3)


class TestAskSshd:
    @pytest.fixture
    def sshd(self, tmp_path):
        """sshd(script): a Server whose program is this shell script."""

        def make(script):
            return Server(str(put(tmp_path / "sshd", "#!/bin/sh\n" + script, 0o755)), ("-o", "Port=22"), "/etc/x", "", 0, True)

        return make

    def test_with_its_own_options(self, sshd):
        assert ask_sshd(sshd('echo "$*"'), "-t").out == "-f /etc/x -o Port=22 -t\n"

    def test_the_directory_that_is_missing_while_a_socket_waits(self, sshd, tmp_path):
        script = '[ -d %s/run ] && exit 0; printf "Missing privilege separation directory: %s/run\\r\\n" >&2; exit 255' % (tmp_path, tmp_path)
        assert ask_sshd(sshd(script), "-t").code == 0
        assert stat.S_IMODE(os.stat(tmp_path / "run").st_mode) == 0o755

    def test_the_settings_of_an_account(self, sshd):
        lines = ["usepam yes", "allowusers a", "allowusers b c", "pubkeyacceptedalgorithms ssh-ed25519-cert-v01@openssh.com,ssh-ed25519", "banner"]
        script = "case $* in *user=john,host=*lport=22) printf '%s\\n' ;; *) exit 1 ;; esac" % "\\n".join(lines)
        found = read_settings(sshd(script), "john", re.compile("allow|pub|ban"))
        assert found == {"allowusers": ["a", "b", "c"], "pubkeyacceptedalgorithms": ["ssh-ed25519"], "banner": []}

    def test_an_old_one_that_knows_fewer_criteria(self, sshd):
        assert read_settings(sshd("case $* in *laddr*) exit 1 ;; esac; echo port 22"), "john", re.compile("port")) == {"port": ["22"]}

    def test_one_that_rejects_its_configuration(self, sshd):
        script = "echo first >&2; echo '/etc/x: line 2: Bad option' >&2; echo '/etc/x: terminating' >&2; exit 255"
        with pytest.raises(OSError, match=r"sshd -T: /etc/x: line 2: Bad option; /etc/x: terminating$"):
            read_settings(sshd(script), "john", re.compile("port"))

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of the connection ecs_assistant, run by a real shell."""

from __future__ import annotations

import base64
import os
import pwd
import random
import shlex
import stat
import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._assistant import script

TOKEN = "0123456789abcdef0123456789abcdef"
SECRET = "pa55-w0rd"


class Agent:
    """Runs scripts and takes files as the vendor's agent does, except that /run and the home are folders of the test's."""

    def __init__(self, folder, *, keeps: bool = True) -> None:
        self.run_folder = folder / "run"
        self.script_folder = folder / "script"
        for each in (self.run_folder, self.script_folder):
            each.mkdir()
        self.keeps = keeps
        self.shell = ""
        self.texts: list[str] = []

    def run(self, text: str) -> str:
        assert len(base64.b64encode(text.encode())) <= 24 * 1024  # what RunCommand takes
        self.texts.append(text)
        text = text.replace("/run", str(self.run_folder)).replace("cut -d: -f6", f"echo {self.run_folder.parent}")
        if self.shell:
            text = text.replace("cut -d: -f7", f"echo {self.shell}")
        if not self.keeps:
            return subprocess.run(["sh", "-c", text], capture_output=True, check=True).stdout.decode()
        path = self.script_folder / f"t-{len(self.texts)}.sh"
        path.write_text(text)
        path.chmod(0o755)
        return subprocess.run(["sh", "-c", str(path)], capture_output=True, check=True).stdout.decode()

    def send(self, files) -> None:
        folder = self.run_folder / script.folder_of(TOKEN).rpartition("/")[2]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name, content in files:
            assert 0 < len(base64.b64encode(content)) <= 32 * 1000  # what SendFile takes
            (folder / name).write_bytes(content)


def _run(agent: Agent, command: str, data: bytes) -> tuple[int, bytes, bytes, int]:
    payload = script.pack(command, data)
    assert script.parse_piece(TOKEN, agent.run(script.render_begin(TOKEN))) == "ready"
    agent.send(payload.files)
    reply = script.parse_reply(TOKEN, "motd\n" + agent.run(script.render_run(TOKEN, payload)))
    text = reply.text
    while len(text) < reply.size:
        text += script.parse_piece(TOKEN, agent.run(script.render_fetch(TOKEN, len(text))))
    if reply.size > script.PIECE:
        agent.run(script.render_cleanup(TOKEN))
    assert os.listdir(agent.run_folder) == []
    assert os.listdir(agent.script_folder) == []
    return (reply.status, *script.unpack(reply, text), len(agent.texts))


@pytest.fixture(params=[True, False], ids=["kept", "as an argument"])
def agent(request, tmp_path) -> Agent:
    return Agent(tmp_path, keeps=request.param)


@pytest.mark.parametrize("size", [0, 1, 1000, 23_900, 24_100, 80_000])
def test_bytes_go_there_and_back_unchanged(agent, size: int) -> None:
    data = random.Random(size).randbytes(size)
    status, out, err, _count = _run(agent, "cat; echo 'err \"$x\"' >&2; exit 7", data)
    assert (status, out, err) == (7, data, b'err "$x"\n')


def test_a_quiet_command_is_two_scripts(agent) -> None:
    assert _run(agent, "true", b"") == (0, b"", b"", 2)


@pytest.mark.parametrize("command", ["{}", "/bin/sh -c {}", "/bin/bash -c {}", "/usr/bin/env sh -c {}", "/bin/sh -c {} && true", "/bin/sh -c {} x"])
def test_no_script_holds_anything_of_the_task(agent, command: str) -> None:
    text = f"echo {SECRET}; printf '%s|' \"a  b\" '$x' \"it's\" \\\\; true"
    line = text if command == "{}" else command.format(shlex.quote(text))
    status, out, _err, _count = _run(agent, line, b"input " + SECRET.encode())
    assert (status, out) == (0, SECRET.encode() + b"\na  b|$x|it's|\\|")
    assert not any(SECRET in each for each in agent.texts)


@pytest.mark.parametrize("command", ["/bin/sh -c {}", "/bin/bash -c {}", "{}"])
def test_no_argument_holds_the_command_as_ansible_writes_it(agent, command: str) -> None:
    text = f": {SECRET}; cat /proc/$$/cmdline /proc/$PPID/cmdline"
    _status, out, _err, _count = _run(agent, text if command == "{}" else command.format(shlex.quote(text)), b"")
    assert b"command" in out
    assert SECRET.encode() not in out


def test_the_umask_is_that_of_a_login(agent) -> None:
    assert _run(agent, "umask", b"")[1] in (b"0022\n", b"022\n")


def test_environment_of_a_login(agent) -> None:
    _status, out, _err, _count = _run(agent, 'echo "$USER $LOGNAME ${SHELL:+shell} $TMPDIR$folder"', b"")
    name = pwd.getpwuid(os.getuid()).pw_name
    assert out.decode() == f"{name} {name} shell \n"


@pytest.mark.parametrize(
    ("command", "shell", "name"),
    [
        ("{}", "/bin/bash", b"bash"), ("{}", "/bin/sh", b"sh"), ("/bin/sh -c {}", "/bin/bash", b"sh"), ("/bin/bash -c {}", "/bin/sh", b"bash"),
        ("{}", "/usr/sbin/nologin", b"sh"), ("{}", "/bin/false", b"sh"), ("{}", "/no/such/bash", b"sh"), ("{}", "/tmp/x;y", b"sh"),
    ],
)  # fmt: skip
def test_the_shell_is_that_of_a_login_if_it_is_one(agent, command: str, shell: str, name: bytes) -> None:
    agent.shell = shlex.quote(shell)
    text = "cat /proc/$$/comm"
    assert _run(agent, text if command == "{}" else command.format(shlex.quote(text)), b"")[1].strip() == name


def test_a_folder_that_is_there_already_is_not_used(tmp_path) -> None:
    agent = Agent(tmp_path)
    (agent.run_folder / f"ecs-assistant-{TOKEN}").mkdir(mode=0o777)
    with pytest.raises(subprocess.CalledProcessError):
        agent.run(script.render_begin(TOKEN))


def test_input_that_has_not_come_whole_is_not_run(tmp_path) -> None:
    agent = Agent(tmp_path)
    payload = script.pack("touch ran", b"x" * 100)
    agent.run(script.render_begin(TOKEN))
    agent.send([(payload.files[0][0], payload.files[0][1][:-20])])
    with pytest.raises(subprocess.CalledProcessError):
        agent.run(script.render_run(TOKEN, payload))
    assert not (tmp_path / "ran").exists()
    assert os.listdir(agent.run_folder) == []


@pytest.mark.parametrize("kind", ["another script", "a link", "a relative name"])
def test_only_this_very_script_is_removed(tmp_path, kind: str) -> None:
    agent = Agent(tmp_path)
    text = script.render_cleanup(TOKEN).replace("/run", str(agent.run_folder))
    own, other = tmp_path / "own.sh", tmp_path / "other.sh"
    own.write_text(text)
    other.write_text("an innocent text\n")
    if kind == "another script":
        words = ["sh", "-c", text, str(other)]
    elif kind == "a link":
        (tmp_path / "link.sh").symlink_to(own)
        words = ["sh", str(tmp_path / "link.sh")]
    else:
        words = ["sh", "own.sh"]
    subprocess.run(words, check=True, capture_output=True, cwd=tmp_path)
    assert own.exists()
    assert other.exists()


def test_an_answer_of_somebody_else_is_refused() -> None:
    with pytest.raises(script.ReplyError):
        script.parse_reply(TOKEN, "other:0:0:0:\n")
    with pytest.raises(script.ReplyError):
        script.unpack(script.Reply(0, 0, 4, "AAAA"), "AAAA")

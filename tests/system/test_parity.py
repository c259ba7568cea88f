# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same tasks over ssh, ecs_ssh and ecs_assistant: the same answers, and the same files afterwards."""

from __future__ import annotations

import re

import pytest
import yaml
from lab.parity import WAYS, Parity, differences, write_sent
from lab.ssh import make_key
from lab.temporary import Runner, running_cloud

COMMANDS = r"""
    - {name: both outputs and a status, ansible.builtin.shell: "echo out; echo err >&2; printf 'no end'; exit 3"}
    - {name: a shell without a module, ansible.builtin.raw: "echo out; echo err >&2; umask; pwd; exit 193"}
    - {name: what is not text, ansible.builtin.raw: 'printf "a\377\000b\r\nc"; printf "\344\275\240" >&2'}
    - name: quotes
      ansible.builtin.raw: |
        printf '%s\n' "it's" '"$HOME"' "\$(id)" 'back\slash' "*" $'tab' ünïcødé; cat <<'END'
          two  spaces
        END
    - {name: who, ansible.builtin.raw: "id; umask; echo $HOME $USER $LOGNAME $SHELL $PWD; echo ~"}
    - {name: a module as another, ansible.builtin.command: "sh -c 'id; umask; pwd; echo $HOME $USER'", become: true, become_user: ops}
    - {name: as who is there already, ansible.builtin.command: id -un, become: true, become_user: ops, vars: {ansible_user: ops}}
    - name: environment
      ansible.builtin.shell: 'echo "$WORD"; env | grep -c ^WORD; echo $PATH'
      environment: {WORD: "a b'c \"d\" $e \\ `f` ü"}
"""
FILES = r"""
    - {name: every byte, ansible.builtin.copy: {src: "{{ sent }}/every byte", dest: "{{ place }}/a b'c\"d$e\\f*ü", mode: "0640", owner: ops}}
    - {name: fetch, ansible.builtin.fetch: {src: "{{ place }}/a b'c\"d$e\\f*ü", dest: "{{ sent }}/back-{{ inventory_hostname }}", flat: true}}
    - {name: script, ansible.builtin.script: {cmd: "{{ sent }}/script.sh 'one two' three$HOME"}}
"""
SLOW = r"""
    - {name: in the background, ansible.builtin.shell: "sleep 2; id -un; exit 4", async: 60, poll: 1}
    - {name: in the background as another, ansible.builtin.command: id -un, async: 60, poll: 1, become: true, become_user: ops}
    - {name: started, ansible.builtin.shell: "sleep 3; echo done >> {{ place }}/started", async: 60, poll: 0, register: job}
    - name: waited for
      ansible.builtin.async_status: {jid: "{{ job.ansible_job_id }}"}
      register: waited
      until: waited is finished
      retries: 30
      delay: 1
    - {name: out of time in the background, ansible.builtin.command: sleep 40, async: 3, poll: 1}
    - {name: out of time, ansible.builtin.command: sleep 41, timeout: 4}
    - {name: after that, ansible.builtin.command: id -un}
"""
MORE = r"""
    - {name: as another, ansible.builtin.copy: {content: "mine\n", dest: "/tmp/{{ inventory_hostname }}", mode: "0600"}, become: true, become_user: ops}
    - {name: no mode, ansible.builtin.copy: {content: "x", dest: "{{ place }}/no mode"}}
    - {name: no mode for a folder, ansible.builtin.file: {path: "{{ place }}/folder", state: directory}}
    - {name: template, ansible.builtin.template: {src: "{{ sent }}/template.j2", dest: "{{ place }}/template", mode: "4711"}, vars: {greeting: "it's {[ }"}}
    - {name: fetch nothing, ansible.builtin.fetch: {src: "{{ place }}/nothing", dest: "{{ sent }}/none", flat: true}}
    - {name: who as another, ansible.builtin.raw: "id; umask; pwd; echo $HOME $USER", become: true, become_user: ops}
    - {name: as root who is there already, ansible.builtin.command: id -un, become: true}
    - {name: input, ansible.builtin.command: {cmd: "sha256sum", stdin: "{{ 'ü\n' * 100000 }}"}}
    - {name: much output, ansible.builtin.shell: "head -c 300000 /dev/zero | tr '\\0' x; seq 40000 >&2"}
    - {name: much raw output, ansible.builtin.raw: "seq 60000; seq 50000 >&2"}
    - {name: no such command, ansible.builtin.command: /no/such/program}
    - {name: no such shell command, ansible.builtin.raw: no-such-program}
    - {name: a status of a signal, ansible.builtin.shell: kill -9 $$}
    - {name: a status that means more to the agent, ansible.builtin.raw: exit 194}
    - {name: another shell, ansible.builtin.shell: {cmd: "echo $BASH_VERSION; [[ a == a ]] && echo yes", executable: /bin/bash, chdir: "{{ place }}"}}
    - {name: another raw shell, ansible.builtin.raw: "[[ a == a ]] && echo yes", args: {executable: /bin/bash}}
    - {name: created already, ansible.builtin.command: {cmd: echo, creates: /etc/passwd}}
    - {name: by su, ansible.builtin.command: id, become: true, become_method: ansible.builtin.su, become_user: ops}
    - {name: by su without a module, ansible.builtin.raw: "id; pwd; umask", become: true, become_method: ansible.builtin.su, become_user: ops}
    - {name: nobody, ansible.builtin.command: id, become: true, become_user: no-such-user}
    - {name: raw environment, ansible.builtin.raw: 'echo "$WORD"', environment: {WORD: "a b'c \"d\" $e"}}
    - {name: script in Python, ansible.builtin.script: {cmd: "{{ sent }}/script.py a 'b c'"}, environment: {WORD: w}}
    - {name: script with an interpreter, ansible.builtin.script: {cmd: "{{ sent }}/script.py", executable: /usr/bin/python3}}
    - {name: script as another, ansible.builtin.script: {cmd: "{{ sent }}/script.sh x"}, become: true, become_user: ops}
    - {name: script in another folder, ansible.builtin.script: {cmd: "{{ sent }}/script.sh", chdir: /no/such}}
    - {name: large, ansible.builtin.copy: {src: "{{ sent }}/large", dest: "{{ place }}/large", mode: "0600"}}
    - {name: large once more, ansible.builtin.copy: {src: "{{ sent }}/large", dest: "{{ place }}/large", mode: "0600"}}
    - {name: fetch large, ansible.builtin.fetch: {src: "{{ place }}/large", dest: "{{ sent }}/large-{{ inventory_hostname }}", flat: true}}
    - {name: fetch a folder, ansible.builtin.fetch: {src: "{{ place }}", dest: "{{ sent }}/no", flat: true}}
    - {name: fetch as another, ansible.builtin.fetch: {src: "{{ place }}/large", dest: "{{ sent }}/no", flat: true}, become: true, become_user: ops}
    - {name: empty, ansible.builtin.copy: {src: "{{ sent }}/empty", dest: "{{ place }}/empty"}}
    - {name: a tree, ansible.builtin.copy: {src: "{{ sent }}/tree", dest: "{{ place }}/", mode: preserve, directory_mode: "0711"}}
    - {name: nowhere, ansible.builtin.copy: {content: x, dest: "{{ place }}/no/such/place"}}
    - {name: not mine, ansible.builtin.copy: {content: x, dest: "{{ place }}/not mine"}, become: true, become_user: ops}
    - {name: a name with a line, ansible.builtin.copy: {content: x, dest: "{{ place }}/a\nb", mode: "0000"}}
    - {name: a name like an option, ansible.builtin.copy: {content: x, dest: "{{ place }}/-rf", mode: "1777"}}
    - {name: slurp, ansible.builtin.slurp: {src: "{{ place }}/large"}}
    - {name: stat, ansible.builtin.stat: {path: "{{ place }}/large", checksum_algorithm: sha256}}
    - {name: line, ansible.builtin.lineinfile: {path: "{{ place }}/line", line: "ü", create: true}}
    - {name: link, ansible.builtin.file: {src: /etc/passwd, dest: "{{ place }}/link", state: link}}
    - {name: checked, ansible.builtin.copy: {content: y, dest: "{{ place }}/empty"}, check_mode: true, diff: true}
    - {name: the last results, ansible.builtin.setup: {gather_subset: ["!all", "!min", user_id, python, distribution, pkg_mgr, service_mgr]}}
    - {name: another connection, ansible.builtin.meta: reset_connection}
    - {name: after another connection, ansible.builtin.wait_for_connection: {timeout: 30}}
"""


@pytest.fixture(scope="module")
def cloud(start_fleet):
    # A tunnel is another test's: here ecs_ssh goes to the instance's own address.
    with running_cloud(start_fleet, ["web"]) as fleet:
        yield fleet


@pytest.fixture
def parity(cloud, tmp_path):
    with Runner.open(cloud, tmp_path) as runner:
        write_sent(tmp_path)
        yield Parity(runner, "web", make_key(tmp_path, "standing"))


def assert_the_same(parity, tasks, **more):
    run = parity.run(tasks, sent=str(parity.runner.folder / "sent"), **more)
    # Nothing was left out, or was answered by the connection instead of the instance.
    told = [task for task in yaml.safe_load(tasks) if "ansible.builtin.meta" not in task]
    assert len(run.results) == len(WAYS) * len(told), run.output
    assert [result for result in run.results if result.status == "unreachable"] == [], run.output
    assert differences(run) == [], run.output
    first, *others = [parity.files(host) for host in WAYS]
    for other in others:
        assert other == first
    return run


def few(tasks, *names):
    """These of them."""
    blocks = re.split(r"(?m)^(?=    - )", tasks)
    chosen = [block for block in blocks if any(f"name: {name}" + end in block for name in names for end in (",", "\n"))]
    assert len(chosen) == len(names)
    return "".join(chosen)


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param(few(COMMANDS, "both outputs and a status", "what is not text", "a module as another", "environment"), id="some"),
        pytest.param(COMMANDS, id="every", marks=pytest.mark.long),
    ],
)
def test_the_same_answers(parity, commands):
    assert_the_same(parity, commands + FILES)
    backs = [(parity.runner.folder / "sent" / f"back-{host}").read_bytes() for host in WAYS]
    assert backs == [bytes(range(256)) * 40] * len(WAYS)


@pytest.mark.long
@pytest.mark.parametrize("pipelining", ["1", "0"])
def test_the_same_answers_to_everything_else(parity, pipelining):
    assert_the_same(parity, MORE, environment={"ANSIBLE_PIPELINING": pipelining}, ansible_ecs_assistant_pipelining=pipelining == "1")


@pytest.mark.long
def test_without_pipelining(parity):
    assert_the_same(parity, COMMANDS + FILES, environment={"ANSIBLE_PIPELINING": "0"}, ansible_ecs_assistant_pipelining=False)


@pytest.mark.long
def test_the_same_in_the_background_and_out_of_time(parity):
    assert_the_same(parity, SLOW)


@pytest.mark.long
@pytest.mark.parametrize("interpreter", ["auto", "auto_silent", "/no/such/python", "{{ ansible_playbook_python }}"])
def test_the_same_python_is_found(parity, interpreter):
    ping = "    - {name: ping, ansible.builtin.ping: {}}\n    - {name: which, ansible.builtin.setup: {gather_subset: ['!all', '!min', python]}}\n"
    assert_the_same(parity, ping, ansible_python_interpreter=interpreter)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Banners, comments and names of an instance that look like templates are never run on the controller, wherever they end up."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest

from .account import Canaries
from .rooted import answer_for, answers

DIAGNOSE = "alicloud.ecs_access.diagnose"
# What people do with results: copy them, keep them in a file, give the file to the next run.
KEEP = """
- hosts: all
  gather_facts: false
  tasks:
    - %(task)s
      register: found
      ignore_errors: true
    - ansible.builtin.set_fact:
        kept: "{{ found }}"
        said: "{{ found.msg | default('') }} {{ found | to_json }}"
    - ansible.builtin.debug:
        msg: "{{ said }} {{ kept }}"
    - ansible.builtin.copy:
        dest: "{{ file }}"
        content: "{{ {'found': kept} | to_nice_yaml }}"
      delegate_to: localhost
      vars:
        ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""
SHOW = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        var: found
"""


def fill(instance: Any, canaries: Canaries, public_key: str) -> None:
    """Text like this everywhere: key comments, options, host keys, the banner, the account's name, sudo, and what sshd quotes."""
    template = canaries.template
    blob = " ".join(public_key.split()[:2])
    instance.exec("useradd -m -s /bin/bash bob && install -d -m 700 -o bob /home/bob/.ssh")
    environment = template("environment").replace('"', "")
    lines = [f"{blob} {template('comment')}", f'environment="A={environment}" {blob}', f"# {template('remark')}", f"broken {template('broken')}"]
    instance.put("/home/bob/.ssh/authorized_keys", "\n".join(lines) + "\n", "0600", "bob:bob")
    instance.put("/etc/issue.net", template("banner") + "\n")
    instance.put("/etc/sudoers.d/text", f"# {template('sudo')}\n", "0440")
    instance.put("/run/gecos", template("gecos"))
    instance.put("/run/comment", template("hostkey"))
    instance.put("/run/allow", f"Banner /etc/issue.net\nAllowUsers root bob\n# {template('config')}\nXAuthLocation /{canaries.path('xauth')}\n")
    instance.exec("""
        sed -i "s|^\\(bob:[^:]*:[^:]*:[^:]*:\\)[^:]*|\\1$(cat /run/gecos)|" /etc/passwd && getent passwd bob | grep -q lookup
        for key in /etc/ssh/ssh_host_*_key.pub; do echo "$(cut -d' ' -f1,2 $key) $(cat /run/comment)" > /run/key && cat /run/key > $key; done
        cat /run/allow /etc/ssh/sshd_config > /run/sshd_config && cat /run/sshd_config > /etc/ssh/sshd_config && sshd -t
        systemctl reload ssh 2>/dev/null || systemctl reload sshd
    """)


def keep_and_give_back(attacked: Any, canaries: Canaries, task: dict[str, Any], connection: str = "") -> list[str]:
    """One task, all that people do with its result, and the canaries that this left."""
    file = canaries.beside("result.yml")
    head = KEEP % {"task": json.dumps(task)[1:-1]}
    variables = {"file": str(file)} | ({"ansible_connection": connection} if connection else {})
    run = attacked.controller.playbook(head, [attacked.instance], extra_vars=variables, environment=attacked.cloud.environment())
    assert run.returncode == 0, run.output
    given = attacked.controller.playbook(SHOW, [], options=["-e", f"@{file}"])
    assert given.returncode == 0 and "found" in given.stdout, given.output
    return canaries.seen()


@pytest.fixture
def filled(attacked, tmp_path, make_key: Callable) -> tuple[Any, Canaries, Any]:
    """An instance full of such text; a key that bob is allowed to use."""
    canaries, key = Canaries(tmp_path), make_key("bob")
    fill(attacked.instance, canaries, key.public)
    return attacked, canaries, key


def test_results_that_are_kept_in_a_file_and_given_to_the_next_run_do_not_run(filled) -> None:
    attacked, canaries, public = filled[0], filled[1], filled[2].public
    ids = [attacked.instance.instance_id]
    tasks = {
        "ssh_access": {"users": [{"name": "bob", "authorized_keys": [public], "exclusive": True}]},
        "ssh_login_check": {"user": "bob", "public_key": public},
        "ecs_host_key_info": {"instance_ids": ids},
    }
    left = {}
    for module, arguments in tasks.items():
        task = {f"alicloud.ecs_access.{module}": arguments}
        left[module] = keep_and_give_back(attacked, canaries, task, "local" if module.startswith("ecs") else "")
    assert left == {module: [] for module in tasks}
    # The file is read as variables: what a person writes there is evaluated.
    own = canaries.beside("own.yml")
    own.write_text(f'found: "{canaries.template("own")}"\n')
    attacked.controller.playbook(SHOW, [], options=["-e", f"@{own}"])
    assert canaries.seen() == ["own"]


@pytest.mark.long
def test_a_playbook_that_quotes_them_runs_none(filled, make_key: Callable) -> None:
    attacked, canaries, key = filled
    # Whoever is refused sees the banner, and so does the table.
    team = {"ecs_access_hosts": "all", "ssh_users_accounts": [{"name": "bob"}]}
    refused = attacked.playbook("alicloud.ecs_access.onboard", extra_vars=team, key=make_key("refused"))
    # The table breaks lines wherever they end.
    shown = " ".join(refused.stdout.split())
    assert "Permission denied" in shown and "banner" in shown, refused.output
    assert canaries.seen() == []
    # The shell of a person who cannot log in is quoted.
    attacked.instance.put("/run/shell", "/bin/" + canaries.template("shell"))
    attacked.instance.exec("""sed -i "s|^\\(bob:.*\\):[^:]*$|\\1:$(cat /run/shell)|" /etc/passwd && grep -q "^bob.*/bin/{{" /etc/passwd""")
    run = attacked.playbook(
        DIAGNOSE, extra_vars={
            "ecs_access_hosts": "all", "ecs_access_user": "bob",
            "ecs_access_private_key_path": str(key.path), "ecs_access_public_key": key.public,
        }, variables={"ecs_region": attacked.cloud.region}, options=["-v"],
    )  # fmt: skip
    screen, _title, statistics = run.stdout.partition("CUSTOM STATS")
    assert "lookup(" in screen and "lookup(" not in statistics, run.output
    assert canaries.seen() == []


@pytest.mark.long
def test_a_playbook_that_quotes_a_made_up_answer_runs_none_of_it(attacked, tmp_path) -> None:
    """The table of a playbook puts such text together with its own."""
    canaries = Canaries(tmp_path)
    text = canaries.template
    finding = {"cause": "nologin_file", "severity": "blocks", "evidence": text("evidence"), "fix": text("fix"), "fix_command": text("command")}
    variables = {"ecs_region": attacked.cloud.region}
    answer_for(attacked.instance, ["ssh_login_check"], {"changed": False, "can_log_in": False, "findings": [finding]})
    run = attacked.playbook(DIAGNOSE, extra_vars={"ecs_access_hosts": "all", "ecs_access_user": "bob"}, variables=variables)
    assert answers(attacked.instance) == 1 and canaries.seen() == [], run.output
    answer_for(attacked.instance, ["access_host"], {"access": {"failed": True, "msg": text("msg")}, "sshd": {"failed": True, "msg": text("msg")}})
    run = attacked.playbook("alicloud.ecs_access.onboard", extra_vars={"ecs_access_hosts": "all", "ssh_users_accounts": [{"name": "bob"}]}, variables=variables)
    assert answers(attacked.instance) == 2 and canaries.seen() == [], run.output

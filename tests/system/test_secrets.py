# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret that modules are given stands afterwards in what was printed, in results and diffs, in the cloud's log, or on the instance."""

from __future__ import annotations

import json
import re

OURS = "alicloud.ecs_access."
HASH = "$6$saltsalt$" + "Q" * 86
TOKEN = "security-token-of-nobody-0123456789"
# What programs tell and leave on an instance; the account files are where a hash belongs.
FOLDERS = "/tmp /var/tmp /var/log /var/lib /run /root /home"
LEFT = f"journalctl --no-pager -o cat; find {FOLDERS} -xdev -type f -size -4096k -not -path '*/journal/*' -exec cat {{}} + | tr -d '\\0'"


def test_no_secret_stays_anywhere(fleet, one_instance, playbook, make_key, new_name, tmp_path):
    """Secrets in their own options, and private keys that were pasted where a public one belongs."""
    instance, name = one_instance, new_name("person")
    person, pasted, team = make_key(), make_key("pasted"), tmp_path / "team"
    # As variables: Ansible shows the lines of a playbook in which a task fails.
    given = {"pasted": pasted.path.read_text(), "crypt": HASH, "secret": fleet.access_key_secret, "token": TOKEN}
    text, account = (
        "{{ pasted }}",
        {"access_key_id": fleet.access_key_id, "access_key_secret": "{{ secret }}", "region": fleet.region, "endpoint": fleet.endpoint},
    )
    ids = [instance.instance_id]
    on_host = [
        ("ssh_access", {"users": [{"name": name, "sudo": "password", "password_hash": "{{ crypt }}", "authorized_keys": [person.public]}]}),
        ("ssh_login_check", {"user": name, "public_key": person.public, "prove": True}),
        ("sshd_pubkey", {"users": [name]}),
        # Whatever machine a module of the cloud runs on, its journal is kept clean.
        ("ecs_instance_info", {**account, "security_token": "{{ token }}"}),
        ("ssh_access", {"users": [{"name": name, "authorized_keys": [{"key": text}]}]}),
        ("ssh_access", {"revoked_keys": [text]}),
        ("ssh_login_check", {"user": name, "public_key": text}),
        ("sshd_pubkey", {"revoked_keys": [text]}),
        ("ecs_key_pair", {**account, "name": "pasted", "public_key": text}),
        ("ecs_temp_public_key", {**account, "instance_ids": ids, "public_key": text}),
        ("ecs_temp_public_key", {**account, "instance_ids": ids, "keys": [{"username": name, "public_key": text}]}),
        ("ssh_client_config", {"instances": [], "host_keys": [{"instance_id": "i-x", "host_keys": [{"type": "ssh-rsa", "key": text}]}]}),
    ]
    on_controller = [
        ("ecs_key_pair", {**account, "name": new_name("pair"), "private_key_path": str(team)}),
        ("ecs_key_pair_info", {**account, "include_public_key": True}),
        ("ecs_host_key_info", {**account, "instance_ids": ids}),
        ("ecs_key_pair", {**account, "name": "pasted", "public_key": text}),
    ]

    def tasks(calls):
        asked = [{OURS + module: arguments, "ignore_errors": True, "register": "answer"} for module, arguments in calls]
        return [*asked, {"ansible.builtin.debug": {"var": "answer"}}]

    local = {"hosts": "localhost", "connection": "local", "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
    plays = [{"hosts": "all", "gather_facts": False, "tasks": tasks(on_host)}, {**local, "gather_facts": False, "tasks": tasks(on_controller)}]
    run = playbook(json.dumps(plays, indent=1), [instance], extra_vars=given, options=["-vvvv", "--diff"], environment={"REQUESTS_CA_BUNDLE": fleet.ca_file})
    said = [(entry.action.rpartition(".")[2], entry.status, str(entry.result.get("msg", ""))) for entry in run.results]
    assert [one[0] for one in said] == [*(call[0] for call in on_host), "debug", *(call[0] for call in on_controller), "debug"], run.output[-3000:]
    # What was pasted is refused, each time; the rest went well, but for a host that lacks the SDK.
    refused = [number for number, (_action, _status, message) in enumerate(said) if "holds a private key; nothing was sent" in message]
    assert refused == [*range(4, 12), len(on_host) + 4], said
    assert [entry for number, entry in enumerate(said) if number not in (3, *refused) and entry[1] not in ("ok", "changed")] == []
    left = instance.exec(LEFT, timeout=300)
    assert re.search(f"Invoked with .*{name}", left), "modules do not log here, so that nothing is proven"
    secrets = [HASH, HASH.rpartition("$")[2], fleet.access_key_secret, TOKEN]
    for path in (person.path, pasted.path, team):
        secrets += path.read_text().splitlines()[1:-1]
    assert len(secrets) > 20
    shadow = instance.exec(f"getent shadow {name}")
    assert HASH in shadow
    places = {"output": run.output, "results": repr(run.results), "log of the cloud": fleet.log.read_text(), "instance": left}
    assert {place: [secret[:12] for secret in secrets if secret in text] for place, text in places.items()} == {place: [] for place in places}

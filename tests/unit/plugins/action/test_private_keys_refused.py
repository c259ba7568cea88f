# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module that takes public keys as text refuses a private one in its action, before it is sent, shown or logged."""

import importlib
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

ROOM = "ansible_collections.alicloud.ecs_access.plugins.action.%s"
MODULES = Path(__file__).resolve().parents[4] / "plugins" / "modules"
KEY = "-" * 5 + "BEGIN OPENSSH PRIVATE KEY" + "-" * 5
# Options that hold keys themselves, not a path or a name.
OPTIONS = {"public_key": KEY, "authorized_keys": [KEY], "revoked_keys": [KEY], "host_keys": [{"host_keys": [{"type": "ssh-rsa", "key": KEY}]}]}


def options_of(module):
    """Those of OPTIONS that the module has, at whatever depth."""
    text = (MODULES / f"{module}.py").read_text(encoding="utf-8").split("RETURN = ")[0]
    fragments = re.findall(r"^  - alicloud\.ecs_access\.(\w+)$", text, re.MULTILINE)
    text += "".join((MODULES.parent / "doc_fragments" / f"{name}.py").read_text(encoding="utf-8") for name in fragments)
    return [name for name in OPTIONS if re.search(rf"^ +{name}:\n +(?:description|type):", text, re.MULTILINE)]


CASES = [(path.stem, option) for path in sorted(MODULES.glob("*.py")) for option in options_of(path.stem)]


def test_all_are_found():
    assert {module for module, _option in CASES} == {
        "access_host", "ecs_key_pair", "ecs_temp_public_key", "ssh_access", "ssh_client_config", "ssh_login_check", "sshd_pubkey"
    }  # fmt: skip


@pytest.mark.parametrize(("module", "option"), CASES)
def test_a_private_key_gets_no_further(module, option, monkeypatch):
    kind = importlib.import_module(ROOM % module).ActionModule
    action = kind.__new__(kind)
    sent = []
    action._task = SimpleNamespace(args={option: OPTIONS[option]}, async_val=0, check_mode=False, action=module)
    action._connection = SimpleNamespace(transport="ssh", become=None, has_native_async=False)
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
    monkeypatch.setattr(action, "_execute_module", lambda **more: sent.append(more) or {}, raising=False)
    try:
        said = action.run(task_vars={})
    except AnsibleActionFail as exc:
        said = {"failed": True, "msg": str(exc)}
    assert sent == []
    assert said["failed"]
    assert said["msg"].startswith(option)
    assert "holds a private key; nothing was sent" in said["msg"]
    assert "BEGIN" not in str(said)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is loaded before the workers are forked: all that a playbook's tasks need, and no other playbook's part."""

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import parts

ROOT = Path(__file__).resolve().parents[5]
PLUGINS = "ansible_collections.alicloud.ecs_access.plugins."
PREPARE = """
import sys
from ansible.plugins.loader import filter_loader, init_plugin_loader
init_plugin_loader([sys.argv[2]])
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs import parts
parts.prepare(sys.argv[1])
print(*sys.modules)
"""


@pytest.mark.parametrize("playbook", parts.PLAYBOOKS)
def test_every_playbook_has_a_part(playbook):
    assert (ROOT / "playbooks" / f"{playbook}.yml").exists()
    assert parts.load_part(playbook).__name__ == f"{PLUGINS}plugin_utils._verbs.{playbook}"


def test_nothing_is_left_to_load_in_the_workers_and_nothing_foreign_is_loaded():
    done = subprocess.run([sys.executable, "-c", PREPARE, "onboard", str(ROOT / ".work" / "collections")], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix(PLUGINS) for name in done.stdout.split() if name.startswith(PLUGINS)}
    assert {"action.access_step", "action.access_host", "action.ssh_access", "action.sshd_pubkey", "plugin_utils._verbs.onboard"} <= loaded
    assert not {"plugin_utils._verbs.audit", "plugin_utils._verbs.diagnose", "modules.ssh_access"} & loaded

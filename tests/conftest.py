# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for all tests: where nothing may be missing, a skipped test is a failed run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent

_STRICT = "ECS_ACCESS_FAIL_ON_SKIP"
# Files that take longest: a process that comes to one of them last lets the others wait. The order matters little, and nothing but time.
_FIRST = (
    "system/test_ssh_access.py", "system/test_sshd_pubkey.py", "system/test_playbooks.py", "system/test_instances.py", "system/test_playbook_calls.py",
    "system/test_fuzz.py", "system/test_people_record.py", "system/test_emulator_guests.py", "system/test_audit.py", "system/test_playbook_matrix.py",
    "system/test_parity.py", "system/test_readme.py", "system/test_ssh_access_faults.py",
    "unit/test_permissions_page.py", "unit/plugins/inventory/test_ecs.py", "unit/plugins/module_utils/_assistant/programs/test_login_key.py",
    "unit/plugins/modules/test_every_sink.py", "unit/plugins/modules/test_ecs_key_pair.py", "unit/plugins/modules/test_ecs_temp_public_key.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; each stays in its own order."""
    rank = {str(_HERE / name): number for number, name in enumerate(_FIRST)}
    items.sort(key=lambda item: rank.get(str(item.path), len(rank)))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what was skipped: on a machine that cannot give what a test needs, that is all that tells."""
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"skipped: {report.nodeid}: {report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and os.environ.get(_STRICT) and reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal notes of a change, and what the script puts back by it, at every step that a run can be killed at."""

import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._names import DROP_IN, FORMER_DROP_INS
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd import journal, rollback
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system import files

OLD, NEW = b"PubkeyAuthentication yes\n", b"PubkeyAuthentication yes\nPermitRootLogin no\n"


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


class Host:
    """A folder of sshd's with a drop-in that an earlier version made, and the state of a change that takes it over."""

    def __init__(self, folder):
        self.folder = folder / "sshd_config.d"
        self.folder.mkdir()
        self.former, self.now = self.folder / FORMER_DROP_INS[0], self.folder / DROP_IN
        self.former.write_bytes(OLD)
        self.state = folder / "state"
        self.changes = {str(self.former): None, str(self.now): NEW}

    def arm(self):
        (self.state / "armed").mkdir(parents=True)
        (self.state / "armed" / "change").write_text("x\n")
        (self.state / "armed" / "timer").write_text("none.timer\n")
        (self.state / rollback.SCRIPT_NAME).write_text(rollback.SCRIPT)
        journal._write_entries(str(self.state / "armed"), self.changes)

    def roll_back(self):
        script = ["sh", str(self.state / rollback.SCRIPT_NAME), "any", "test", "--locked", "--boot"]
        return subprocess.run(script, capture_output=True, text=True, check=True).stderr

    @property
    def content(self):
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


def test_a_drop_in_of_an_earlier_version_is_renamed_first(host):
    assert journal.find_moves(host.changes) == [(str(host.former), str(host.now))]


@pytest.mark.parametrize("there", ["both", "a link", "no new one"])
def test_what_is_no_renaming(host, there):
    if there == "both":
        host.now.write_bytes(OLD)
    elif there == "a link":
        host.former.rename(host.folder / "real")
        host.former.symlink_to("real")
    else:
        host.changes[str(host.now)] = None
    assert journal.find_moves(host.changes) == []


@pytest.mark.parametrize("step", ["armed", "renamed", "written"])
def test_whatever_has_been_done_is_undone(host, step):
    host.arm()
    if step != "armed":
        files.rename_file(str(host.former), str(host.now))
    if step == "written":
        files.write_file(str(host.now), NEW)
    assert host.roll_back() == ""
    assert host.content == {host.former.name: OLD}
    outcome = (host.state / "rolled-back" / "outcome").read_text()
    assert "left as it is" not in outcome


def test_what_somebody_else_has_changed_since_stays(host):
    host.arm()
    files.rename_file(str(host.former), str(host.now))
    host.now.write_bytes(b"Port 23\n")
    host.roll_back()
    assert host.content == {host.former.name: OLD, host.now.name: b"Port 23\n"}
    assert "left as it is, because it was changed since: %s" % host.now in (host.state / "rolled-back" / "outcome").read_text()


def test_a_plain_change_is_undone(host):
    host.changes = {str(host.folder / "main"): NEW, str(host.former): NEW}
    host.arm()
    files.write_file(str(host.folder / "main"), NEW)
    files.write_file(str(host.former), NEW)
    host.roll_back()
    assert host.content == {host.former.name: OLD}


def test_units_of_a_run_that_was_killed_within_commit_go(tmp_path, monkeypatch):
    stopped = []
    monkeypatch.setattr(journal._names, "UNIT_DIR", str(tmp_path))
    monkeypatch.setattr(journal, "run_program", stopped.append)
    journal.clear_units()
    assert stopped == []
    (tmp_path / "sysinit.target.wants").mkdir()
    (tmp_path / "sysinit.target.wants" / rollback.BOOT_UNIT).symlink_to("../" + rollback.BOOT_UNIT)
    journal.clear_units()
    (tmp_path / rollback.BOOT_UNIT).write_text("")
    journal.clear_units()
    assert [path.name for path in tmp_path.rglob("*")] == ["sysinit.target.wants"]
    assert stopped == [["systemctl", "stop", "alicloud-ecs-access-sshd-*.timer"]] * 2

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is removed from a host and in which order, and what only has a name of ours and stays."""

import os

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils import _names
from ansible_collections.alicloud.ecs_access.plugins.module_utils._assistant.programs import prepare
from ansible_collections.alicloud.ecs_access.plugins.module_utils._leaving import left_files

PLACES = {
    (_names, "STATE_DIR"): "/var/lib/alicloud-ecs-access",
    (_names, "UNIT_DIR"): "/etc/systemd/system",
    (_names, "ACCOUNTS_LOCKS"): ("/run/alicloud.ecs_access.lock", "/run/alicloud-ecs-access.lock"),
    (_names, "SSHD_LOCK"): "/run/alicloud-ecs-access-sshd.lock",
    (left_files, "_JOURNAL"): "/var/lib/alicloud-ecs-access/sshd",
    (left_files, "_SETTINGS"): ("/etc/ssh", "/etc/ssh/sshd_config.d", "/etc/sudoers.d", "/etc/systemd/system"),
    (left_files, "_TRANSIENT"): "/run/systemd/transient",
    (left_files, "_RUN"): "/run",
    (left_files, "_SAVED"): (prepare.SAVED, prepare.FORMER, prepare.CANDIDATE, prepare.BACKUP),
}
ALL = {
    "/etc/systemd/system/alicloud-ecs-access-sshd-rollback.service": "",
    "/etc/ssh/.sshd_config.alicloud-ecs-access-saved": "",
    "/etc/ssh/sshd_config.before-temporary-keys": "",
    "/etc/ssh/.sshd_config.alicloud-ecs-access": "",
    "/etc/sudoers.d/.95-ecs_access-ann.ecs_access-new": "",
    "/run/alicloud-ecs-access-copy-999999999-x/d0/file": "",
    "/run/ecs_access-copy-999999999-x/file": "",
    "/var/lib/alicloud-ecs-access/sshd/last-change/0.before": "",
    "/var/lib/alicloud-ecs-access/sshd/new-abc/0.before": "",
    "/var/lib/alicloud-ecs-access/sshd/rollback.sh": "",
    "/var/lib/alicloud-ecs-access/people.json": "",
    "/var/lib/alicloud-ecs-access/people.json.set-aside": "",
    "/var/lib/alicloud-ecs-access/.people.json.alicloud-ecs-access": "",
    "/run/alicloud.ecs_access.lock": "",
    "/run/alicloud-ecs-access.lock": "",
    "/run/alicloud-ecs-access-sshd.lock": "",
}
OTHERS = {
    "/etc/ssh/sshd_config": "",
    "/etc/ssh/alicloud-ecs-access-revoked-keys": "",
    "/etc/ssh/sshd_config.d/00-alicloud-ecs-access.conf": "",
    "/etc/sudoers.d/95-alicloud-ecs-access-ann": "",
    "/etc/sudoers.d/.hidden": "",
    "/run/systemd/transient/run-1.timer": "",
}


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host of its own, whose files all are root's."""

    def moved(value):
        return tuple(map(moved, value)) if isinstance(value, tuple) else str(tmp_path) + value

    for (module, name), value in PLACES.items():
        monkeypatch.setattr(module, name, moved(value))
    # As root, but for the folder above, where anybody may run tests.
    monkeypatch.setattr(left_files, "is_roots", lambda path: os.path.isdir(path) and not os.stat(path).st_mode & 0o002)
    monkeypatch.setattr(left_files, "look_at", lambda path: owned(os.lstat(path), 0))
    for path, text in {**ALL, **OTHERS}.items():
        put(tmp_path, path, text)
    wants = tmp_path / "etc/systemd/system/sysinit.target.wants"
    wants.mkdir()
    (wants / "alicloud-ecs-access-sshd-rollback.service").symlink_to("../alicloud-ecs-access-sshd-rollback.service")
    return tmp_path


def owned(status, uid):
    return os.stat_result([*list(status)[:4], uid, *list(status)[5:]])


def put(root, path, text=""):
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def paths(root, found):
    return [entry.path[len(str(root)) :] for entry in found]


def files(root):
    return {str(path)[len(str(root)) :] for path in root.rglob("*") if not path.is_dir()}


def test_all_of_it_goes_and_nothing_else(host):
    left = left_files.find_left({})
    assert left.kept == ()
    removed = paths(host, left_files.remove_left(left.entries))
    assert files(host) == set(OTHERS)
    assert not (host / "var/lib/alicloud-ecs-access").exists()
    # The record goes last, but for the locks.
    assert removed[-5:] == [
        "/var/lib/alicloud-ecs-access/people.json",
        "/var/lib/alicloud-ecs-access",
        "/run/alicloud.ecs_access.lock",
        "/run/alicloud-ecs-access.lock",
        "/run/alicloud-ecs-access-sshd.lock",
    ]
    assert left_files.find_left({}) == left_files.Left()


def test_a_timer_is_stopped(host, monkeypatch):
    put(host, "/run/systemd/transient/alicloud-ecs-access-sshd-0123.timer")
    stopped = []
    monkeypatch.setattr(left_files, "run_program", stopped.append)
    list(left_files.remove_left(left_files.find_left({}).entries))
    assert stopped == [["systemctl", "stop", "alicloud-ecs-access-sshd-0123.timer"]]


STATE = "var/lib/alicloud-ecs-access"


def _link(root):
    (root / STATE / "sshd").rename(root / "elsewhere")
    (root / STATE / "sshd").symlink_to(root / "elsewhere")


def _state_link(root):
    (root / STATE).rename(root / "elsewhere")
    (root / STATE).symlink_to(root / "elsewhere")


def _record_link(root):
    (root / STATE / "people.json").rename(root / "elsewhere")
    (root / STATE / "people.json").symlink_to(root / "elsewhere")


def _fifo(root):
    os.mkfifo(root / "etc/ssh/.x.alicloud-ecs-access")


@pytest.mark.parametrize(
    ("spoil", "path", "why"),
    [
        pytest.param(_link, f"/{STATE}/sshd", "it is a symbolic link", id="a folder is a link"),
        pytest.param(_state_link, f"/{STATE}", "it is a symbolic link", id="the state is a link"),
        pytest.param(_record_link, f"/{STATE}/people.json", "it is a symbolic link", id="the record is a link"),
        pytest.param(lambda root: (root / STATE / "sshd").chmod(0o777), f"/{STATE}/sshd", "it can be changed by others than root", id="open to all"),
        pytest.param(lambda root: put(root, f"{STATE}/notes"), f"/{STATE}/notes", "it has no name that this collection gives", id="a file of another"),
        pytest.param(_fifo, "/etc/ssh/.x.alicloud-ecs-access", "it is not a regular file", id="a FIFO"),
    ],
)
def test_what_is_not_plainly_ours_stays_and_is_named(host, spoil, path, why):
    spoil(host)
    before = files(host)
    left = left_files.find_left({})
    assert [(kept.path[len(str(host)) :], kept.why) for kept in left.kept] == [(path, why)]
    list(left_files.remove_left(left.entries))
    assert {name for name in before if name == path or name.startswith(("/elsewhere/", f"{path}/"))} <= files(host)


def test_another_accounts_file_stays(host, monkeypatch):
    path = str(host / STATE / "people.json")
    monkeypatch.setattr(left_files, "look_at", lambda name: owned(os.lstat(name), 1000 if name == path else 0))
    assert [(kept.path, kept.why) for kept in left_files.find_left({}).kept] == [(path, "it belongs to uid 1000")]


def test_a_copy_that_a_living_process_uses_stays(host):
    put(host, f"/run/alicloud-ecs-access-copy-{os.getpid()}-x/file")
    (kept,) = left_files.find_left({}).kept
    assert kept.why == "the process that uses it may be at work"


def test_what_must_stay_keeps_its_folder(host):
    record = str(host / STATE / "people.json")
    left = left_files.find_left({record: "it could not be kept"})
    list(left_files.remove_left(left.entries))
    assert left.kept == ((record, "it could not be kept"),)
    assert files(host) == {*OTHERS, f"/{STATE}/people.json"}

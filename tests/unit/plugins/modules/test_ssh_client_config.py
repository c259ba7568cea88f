# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an earlier version has left is taken over, and ssh finds its instances whatever moment the run is killed at."""

import os
import shutil
import signal
import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._client import files

INSTANCE = {"instance_id": "i-bp1aaaaaaaaaaaaaaaaa", "names": ["web-1"], "address": "192.0.2.1"}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
CALLS = ("rename", "unlink", "rmdir", "mkdir", "fsync", "fchmod")


@pytest.fixture
def home(tmp_path):
    """As an earlier version has left it, with the files of two runs of different names."""
    folder = tmp_path / "ssh"
    former = folder / "ecs_access.d"
    former.mkdir(parents=True)
    (former / "default.conf").write_text("Host i-bp1aaaaaaaaaaaaaaaaa web-1\n    HostName 192.0.2.1\n")
    (former / "other.conf").write_text("Host db-1\n    HostName 192.0.2.2\n")
    block = f'# BEGIN alicloud.ecs_access ssh_client\nInclude "{former}/*.conf"\n# END alicloud.ecs_access ssh_client\n'
    (folder / "config").write_text(block + "Host mine\n    HostName 192.0.2.3\n")
    (folder / "known").write_text(f"i-bp1aaaaaaaaaaaaaaaaa {KEY} alicloud.ecs_access/default\n")
    return folder


@pytest.fixture
def run(run_module, home):
    def call(**options):
        paths = {"config_path": str(home / "config"), "known_hosts_path": str(home / "known")}
        result = run_module("ssh_client_config", **dict({"instances": [INSTANCE], **paths}, **options))
        assert not result["failed"], result
        return result

    return call


def reached(home):
    """Where ssh would go for each of the names, and how many files say so."""
    said = [subprocess.run(["ssh", "-F", home / "config", "-G", name], capture_output=True, text=True, check=True).stdout for name in ("web-1", "db-1", "mine")]
    return [line.split()[1] for text in said for line in text.splitlines() if line.startswith("hostname ")]


def found(home):
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def test_an_earlier_version_is_taken_over(run, home):
    foretold = run(check_mode=True)
    assert found(home) == ["config", "ecs_access.d/default.conf", "ecs_access.d/other.conf", "known"]
    done = run()
    assert (foretold["changed"], done["changed"]) == (True, True)
    assert found(home) == ["alicloud-ecs-access.d/default.conf", "alicloud-ecs-access.d/other.conf", "config", "known"]
    assert "ecs_access" not in (home / "config").read_text()
    assert (home / "known").read_text() == f"i-bp1aaaaaaaaaaaaaaaaa {KEY} alicloud-ecs-access/default\n"
    assert reached(home) == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert run()["changed"] is False


def test_a_home_without_anything(run, home):
    shutil.rmtree(home)
    assert run(check_mode=True)["files"] == [str(home / "alicloud-ecs-access.d/default.conf"), str(home / "config")]
    assert not home.exists()
    assert run()["changed"] is True
    assert found(home) == ["alicloud-ecs-access.d/default.conf", "config"]
    assert run()["changed"] is False
    run(state="absent")
    assert found(home) == []


def test_absent_takes_the_former_names_out_too(run, home):
    run(state="absent")
    assert found(home) == ["alicloud-ecs-access.d/other.conf", "config"]
    assert reached(home) == ["web-1", "192.0.2.2", "192.0.2.3"]
    run(state="absent", name="other")
    assert (home / "config").read_text() == "Host mine\n    HostName 192.0.2.3\n"
    assert found(home) == ["config"]


def killed_at(step, run):
    """Whether a run was killed before the I(step)th thing that it does to the file system, rather than come to its end."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    left = [step]

    def counted(function):
        def call(*args, **kwargs):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return call

    for name in CALLS:
        setattr(files.os, name, counted(getattr(os, name)))
    try:
        run()
    finally:
        os._exit(0)


def test_whatever_moment_it_is_killed_at(run, home, tmp_path):
    shutil.copytree(home, tmp_path / "before")
    for step in range(1, 100):
        shutil.rmtree(home)
        shutil.copytree(tmp_path / "before", home)
        is_killed = killed_at(step, run)
        assert reached(home) == ["192.0.2.1", "192.0.2.2", "192.0.2.3"], step
        names = [os.path.basename(path) for path in found(home) if path.endswith(".conf") and not os.path.basename(path).startswith(".")]
        assert sorted(names) == ["default.conf", "other.conf"], step
        if not is_killed:
            break
        run()
        assert found(home) == ["alicloud-ecs-access.d/default.conf", "alicloud-ecs-access.d/other.conf", "config", "known"], step
        assert reached(home) == ["192.0.2.1", "192.0.2.2", "192.0.2.3"], step
    assert step > 15


def test_what_a_killed_run_left_goes_even_where_nothing_is_to_be_written(run, home):
    run()
    left = [home / f"{name}.alicloud-ecs-access" for name in (".config", ".known", "alicloud-ecs-access.d/.default.conf")]
    before = found(home)
    for path in left:
        path.write_text("half")
    assert run(check_mode=True)["changed"] is False
    assert all(path.exists() for path in left)
    assert run()["changed"] is False
    assert found(home) == before

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The five minutes of the README, pasted line by line from the built artifact into an empty home; the screen is that of the README."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALL = "ansible-galaxy collection install alicloud.ecs_access"


def blocks(text: str) -> list[tuple[str, str]]:
    """Kind and content of each block of code."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory) -> Path:
    sys.path.insert(0, str(ROOT / "tests" / "tools"))
    import collection_tree

    folder = tmp_path_factory.mktemp("artifact")
    tree = collection_tree.copy(folder / "tree")
    program = Path(sys.executable).parent / "ansible-galaxy"
    subprocess.run([program, "collection", "build", "--output-path", folder], cwd=tree, check=True, capture_output=True, timeout=300)
    (path,) = folder.glob("*.tar.gz")
    return path


@pytest.fixture
def home():
    """An empty one. Its path is short, as homes are: ssh's sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="home-") as folder:
        yield Path(folder)


@pytest.fixture(
    params=["here", pytest.param("2.16", marks=pytest.mark.long), pytest.param("newest", marks=pytest.mark.long)],
    ids=lambda core: f"core {core}",
)
def programs(request, tmp_path) -> Path:
    """The programs of a virtual environment that has ansible-core."""
    if request.param == "here":
        return Path(sys.executable).parent
    newest = request.param == "newest"
    python = next(name for name in [*(["python3.14", "python3.13", "python3.12"] if newest else []), sys.executable] if runs(name))
    folder = tmp_path / "venv"
    subprocess.run([python, "-m", "venv", folder], check=True, timeout=120)
    wanted = ["ansible-core" if newest else f"ansible-core=={request.param}.*", "-r", ROOT / "meta" / "ee-requirements.txt"]
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", *wanted], check=True, timeout=500)
    return folder / "bin"


def runs(python: str) -> bool:
    """Whether there is such a program; a name alone may be one that only says what to install."""
    path = shutil.which(python)
    return bool(path) and subprocess.run([path, "-c", "import venv"], capture_output=True, check=False, timeout=60).returncode == 0


def test_the_five_minutes_work_as_pasted(start_fleet, artifact, home, programs):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (_kind, first), *_others = blocks(text)
    five = text[text.index("## Five minutes on a real account") : text.index("## How the playbooks are called")]
    command, _gap, screen = first.partition("\n\n")
    files = dict(zip(("my.ecs.yml", "team.yml"), [content for kind, content in blocks(five) if kind == "yaml"]))
    pasted = [content for kind, content in blocks(five) if kind == ""]
    instances = [{"name": name, "backend": "container", "image": "debian12", "tags": {"role": "web"}} for name in ("web-1", "web-2")]
    with start_fleet({"instances": instances}) as fleet:
        # On the embedded cloud the endpoint has to be named, and who vouches for it; everything else is the README's.
        keep = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}
        environment = {
            **keep, "HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1",
            "ALIBABA_CLOUD_ECS_ENDPOINT": fleet.endpoint, "REQUESTS_CA_BUNDLE": fleet.ca_file,
        }  # fmt: skip
        for name, content in files.items():
            (home / name).write_text(content)
        script = "\n".join(["set -e", *pasted]).replace(INSTALL, f"ansible-galaxy collection install {artifact}")
        assert str(artifact) in script
        script = script.replace("KEY_ID=...", f"KEY_ID={fleet.access_key_id}").replace("SECRET=...", f"SECRET={fleet.access_key_secret}")
        script = script.replace("python -m pip install", "python -m pip install -q --no-index")
        line = command.removeprefix("$ ")
        paste = f"{script}\n{line}\necho second run\n{line}\n"
        bash = shutil.which("bash") or "bash"
        done = subprocess.run(
            [bash, "-c", paste], cwd=home, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=550, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        once, again = done.stdout.split("second run\n")
        assert screen.strip("\n") in once, done.stdout
        assert "2 hosts done, 0 changed" in again

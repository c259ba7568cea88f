# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ecs_key_pair when it is killed anywhere, when the disk is full, when answers get lost; and where secrets may turn up.

Kills are real (SIGKILL) and come from outside of the product: a process that has imported the module forks, and the child
kills itself just before the Nth line that it would execute in the files where the steps are.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ecs_emulator.client import ApiFailure
from ecs_emulator.testing import running

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / ".work" / "collections"
BIN = Path(sys.executable).parent

# Reads one JSON object per line: {"options": {...}, "kill_at": N or null, "out": FILE}; answers with two, {"pid": N} at once
# and {"killed": true or false} in the end.
FORKER = """
import json, os, signal, sys
from ansible.module_utils import basic
from ansible_collections.alicloud.ecs_access.plugins.modules import ecs_key_pair
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs import sdk
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair import private_key
sdk.load_client_class()
private_key.make_private_key("ecdsa", 256, None, "warm")
try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:
    from contextlib import contextmanager
    @contextmanager
    def patch_module_args(options):
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
        yield

# Where the steps are. Before apply nothing has been done yet.
WATCHED = ("modules/ecs_key_pair.py", "_key_pair/apply.py", "_key_pair/private_key_file.py")

def child(order):
    seen = 0
    armed = False
    def trace(frame, event, argument):
        nonlocal seen, armed
        if not frame.f_code.co_filename.endswith(WATCHED):
            return None
        armed = armed or frame.f_code.co_name == "apply"
        if armed and event == "line":
            seen += 1
            if seen == order["kill_at"]:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    target = os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    with patch_module_args(order["options"]):
        if order["kill_at"]:
            sys.settrace(trace)
        ecs_key_pair.main()

for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if pid == 0:
        try:
            child(order)
        finally:
            sys.stdout.flush()
            os._exit(0)
    print(json.dumps({"pid": pid}), flush=True)
    _pid, status = os.waitpid(pid, 0)
    print(json.dumps({"killed": os.WIFSIGNALED(status)}), flush=True)
"""


class Forker:
    """Runs the module again and again without importing it again."""

    def __init__(self, folder: Path) -> None:
        self._out = folder / "out"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(COLLECTIONS),
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
        }
        self._process = subprocess.Popen([sys.executable, "-c", FORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def run(self, options: dict, kill_at: int | None = None) -> dict | None:
        """The module's result; None when it was killed."""
        self.start(options, kill_at)
        return self.wait()

    def start(self, options: dict, kill_at: int | None = None) -> int:
        """The process id of the run."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"options": options, "kill_at": kill_at, "out": str(self._out)}) + "\n")
        self._process.stdin.flush()
        return self._answer()["pid"]

    def _answer(self) -> dict:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def wait(self) -> dict | None:
        """How the started run ended, as C(run) tells it."""
        if self._answer()["killed"]:
            return None
        text = self._out.read_text()
        assert "Traceback" not in text, text
        return json.loads(text[text.index("{") :])

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@pytest.fixture(scope="module")
def forker(tmp_path_factory):
    made = Forker(tmp_path_factory.mktemp("forker"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def cloud():
    with running({"instances": [{"instance_id": "i-web", "name": "web"}]}) as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def empty_cloud(request):
    yield
    if "cloud" in request.fixturenames:
        cloud = request.getfixturevalue("cloud")
        cloud.clear_faults()
        remove_pair(cloud)


def access(cloud, **more):
    given = {
        "region": cloud.region,
        "endpoint": cloud.endpoint,
        "access_key_id": cloud.access_key_id,
        "access_key_secret": cloud.access_key_secret,
        "name": "deploy",
        "api_timeout": 5,
    }
    return dict(given, **more)


def cloud_key(cloud):
    """Type and base64 of the key pair in the cloud; None when there is none."""
    found = cloud.call("DescribeKeyPairs", KeyPairName="deploy", IncludePublicKey="true")["KeyPairs"]["KeyPair"]
    return found[0]["PublicKey"].split()[:2] if found else None


def remove_pair(cloud):
    with contextlib.suppress(ApiFailure):
        cloud.call("DeleteKeyPairs", KeyPairNames='["deploy"]')


def file_key(path, passphrase=""):
    """Type and base64 of the public half of a private key file; None when it holds no whole key."""
    done = subprocess.run(["ssh-keygen", "-y", "-P", passphrase, "-f", str(path)], capture_output=True, text=True, check=False)
    return done.stdout.split()[:2] if done.returncode == 0 else None


def private_halves(folder):
    """Every key that can be had from the folder, whatever the file is called."""
    found = []
    for entry in folder.iterdir():
        assert stat.S_IMODE(entry.lstat().st_mode) & 0o077 == 0, "%s can be read by others" % entry
        content = entry.read_bytes().rstrip(b"\0")
        if content:
            copy = folder.parent / "half"
            copy.write_bytes(content)
            copy.chmod(0o600)
            found.append(file_key(copy))
    return found


def settled(forker, cloud, options, path):
    """After a successful run: file and cloud agree, nothing is left over, and one more run finds nothing to do."""
    assert cloud_key(cloud) == file_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    again = forker.run(options)
    assert again.get("changed") is False, again


# -- killed between any two steps -----------------------------------------------------------------------------------------


def test_killed_anywhere_while_making_a_key_here(forker, cloud, tmp_path):
    options = access(cloud, key_type="ecdsa", tags={"team": "web"})
    folder = tmp_path / "keys"
    for number in range(1, 2000):
        folder.mkdir()
        path = folder / "key"
        options["private_key_path"] = str(path)
        killed = forker.run(options, number) is None
        at_kill = cloud_key(cloud)
        # What the cloud knows can be used: its private half is on disk.
        assert at_kill is None or at_kill in private_halves(folder), number
        result = forker.run(options)
        assert not result.get("failed"), (number, result)
        assert at_kill in (None, cloud_key(cloud)), number
        settled(forker, cloud, options, path)
        path.unlink()
        folder.rmdir()
        remove_pair(cloud)
        if not killed:
            break
    assert 40 < number < 1999


def test_killed_anywhere_while_the_cloud_makes_a_key(forker, cloud, tmp_path):
    options = access(cloud, generate="cloud")
    folder = tmp_path / "keys"
    orphans = 0
    for number in range(1, 2000):
        folder.mkdir()
        path = folder / "key"
        options["private_key_path"] = str(path)
        killed = forker.run(options, number) is None
        at_kill = cloud_key(cloud)
        result = forker.run(options)
        if result.get("failed"):
            # The answer was the only copy: said, and never used silently.
            orphans += 1
            assert "its private key is not at %s" % path in result["msg"], (number, result)
            assert cloud_key(cloud) == at_kill
            assert at_kill not in private_halves(folder)
            assert forker.run(dict(access(cloud), state="absent"))["changed"]
            assert forker.run(options)["changed"]
        settled(forker, cloud, options, path)
        path.unlink()
        folder.rmdir()
        remove_pair(cloud)
        if not killed:
            break
    assert 40 < number < 1999
    assert orphans < 40, "an answer must be on disk within a few lines"


def test_killed_anywhere_while_replacing(forker, cloud, tmp_path):
    folder = tmp_path / "keys"
    folder.mkdir()
    path = folder / "key"
    old = tmp_path / "old"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(old)], check=True)
    import_old = access(cloud, public_key_path=str(old) + ".pub")
    options = access(cloud, key_type="ecdsa", on_mismatch="replace", private_key_path=str(path))
    for number in range(1, 2000):
        assert not forker.run(import_old).get("failed")
        killed = forker.run(options, number) is None
        at_kill = cloud_key(cloud)
        # The old key, no key for a moment, or the new one with its private half.
        assert at_kill in [None, file_key(old), *private_halves(folder)], number
        result = forker.run(options)
        assert not result.get("failed"), (number, result)
        settled(forker, cloud, options, path)
        path.unlink()
        remove_pair(cloud)
        if not killed:
            break
    assert 40 < number < 1999


@pytest.mark.parametrize(("generate", "action"), [("local", "ImportKeyPair"), ("cloud", "CreateKeyPair")])
def test_killed_while_the_service_works_on_the_request(cloud, forker, tmp_path, generate, action):
    path = tmp_path / "keys" / "key"
    path.parent.mkdir()
    options = access(cloud, private_key_path=str(path), generate=generate)
    cloud.faults(action, "delay", latency_ms=3000)
    pid = forker.start(options)
    # From here on the next thing that the module does is to ask the service, which takes its time.
    ready = path if generate == "local" else path.with_name(".key.ecs_key_pair")
    cloud.wait_until(lambda: ready.exists() and ready.stat().st_size > 0, 20)
    time.sleep(1)
    os.kill(pid, signal.SIGKILL)
    assert forker.wait() is None
    cloud.wait_until(lambda: cloud_key(cloud) is not None, 20)
    result = forker.run(options)
    if generate == "local":
        assert not result.get("failed"), result
        settled(forker, cloud, options, path)
    else:
        assert "its private key is not at" in result["msg"]


# -- no room --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(folder, options):
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a small disk takes root: %s" % mounted.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("generate", ["local", "cloud"])
@pytest.mark.parametrize("size", ["size=4k,nr_inodes=100", "size=12k,nr_inodes=100", "size=1m,nr_inodes=1", "size=1m,nr_inodes=2", "size=1m,ro"])
def test_no_room_is_noticed_before_the_cloud_hears_of_it(forker, cloud, tmp_path, generate, size):
    with small_disk(tmp_path / "disk", size) as folder:
        cloud.clear_requests()
        result = forker.run(access(cloud, private_key_path=str(folder / "key"), generate=generate))
        assert result["failed"]
        assert "No space left on device" in result["msg"] or "is not writable" in result["msg"], result["msg"]
        assert list(folder.iterdir()) == []
        assert set(cloud.request_counts()) <= {"DescribeKeyPairs"}
        assert cloud_key(cloud) is None


def test_an_existing_key_on_a_full_disk_is_still_fine(forker, cloud, tmp_path):
    with small_disk(tmp_path / "disk", "size=32k,nr_inodes=100") as folder:
        options = access(cloud, private_key_path=str(folder / "key"), key_type="ecdsa")
        assert forker.run(options)["changed"]
        with contextlib.suppress(OSError), open(str(folder / "filler"), "wb") as filler:
            while True:
                filler.write(b"x" * 1024)
                filler.flush()
        assert forker.run(options)["changed"] is False


# -- answers get lost, with the real ansible --------------------------------------------------------------------------------


class Ansible:
    """The real command; everything that it prints and logs is kept for a search."""

    def __init__(self, cloud, folder):
        self.printed = ""
        self._cloud = cloud
        self._folder = folder

    def run(self, options, *arguments, **variables):
        environment = {
            "PATH": "%s:%s" % (BIN, os.environ["PATH"]),
            "HOME": str(self._folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_LOG_PATH": str(self._folder / "ansible.log"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
            "DEBUG": "sdk",
        }
        environment.update(self._cloud.environment)
        environment.update(variables)
        command = ["ansible", "localhost", "-vvvv", "--diff", "-m", "alicloud.ecs_access.ecs_key_pair", "-a", json.dumps(options)]
        done = subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False)
        self.printed += done.stdout + done.stderr
        return done


@pytest.fixture
def ansible(cloud, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return Ansible(cloud, home)


def test_secrets_turn_up_nowhere(cloud, ansible, tmp_path):
    path = tmp_path / "key"
    options = {"name": "deploy", "private_key_path": str(path), "passphrase": "open-sesame-1", "tags": {"a": "b"}}
    assert ansible.run(options, "--check").returncode == 0
    cloud.faults("ImportKeyPair", "reset_after")
    assert ansible.run(options).returncode == 0
    assert ansible.run(options).returncode == 0
    cloud.faults("DescribeKeyPairs", "reset", times=9)
    lost = ansible.run(dict(options, api_retries=1))
    assert lost.returncode == 2
    assert "the connection broke before the answer" in lost.stdout
    cloud.clear_faults()
    assert ansible.run(options, ALIBABA_CLOUD_ECS_ENDPOINT="http://127.0.0.1:9").returncode == 2
    wrong = ansible.run(options, ALIBABA_CLOUD_ACCESS_KEY_SECRET="another-secret-2")
    assert wrong.returncode == 2
    assert "SignatureDoesNotMatch" in wrong.stdout
    sts = cloud.call("AssumeRole", version="2015-04-01", RoleArn="acs:ram::1:role/a", RoleSessionName="me")["Credentials"]
    temporary = ansible.run(
        options,
        ALIBABA_CLOUD_ACCESS_KEY_ID=sts["AccessKeyId"],
        ALIBABA_CLOUD_ACCESS_KEY_SECRET=sts["AccessKeySecret"],
        ALIBABA_CLOUD_SECURITY_TOKEN=sts["SecurityToken"],
    )
    assert temporary.returncode == 0
    role = {"assume_role_arn": "acs:ram::1:role/a", "sts_endpoint": cloud.endpoint}
    assert ansible.run(dict(options, **role)).returncode == 0
    cloud.faults("AssumeRole", "reset", times=9)
    assert ansible.run(dict(options, api_retries=0, **role)).returncode == 2
    cloud.clear_faults()
    cloud_made = {"name": "deploy", "private_key_path": str(tmp_path / "cloud-key"), "generate": "cloud"}
    remove_pair(cloud)
    assert ansible.run(cloud_made).returncode == 0

    private_lines = []
    for name, passphrase in (("key", "open-sesame-1"), ("cloud-key", "")):
        # The files hold the public half too, and that is shown.
        public = file_key(tmp_path / name, passphrase)[1]
        lines = [line for line in (tmp_path / name).read_text().splitlines() if "PRIVATE KEY" not in line]
        private_lines += [line for line in lines if len(line) > 40 and line not in public]
    assert len(private_lines) > 30
    secrets = [
        cloud.access_key_secret,
        "open-sesame-1",
        "another-secret-2",
        sts["AccessKeySecret"],
        sts["SecurityToken"],
        "PRIVATE KEY-----",
        *private_lines,
    ]
    places = {
        "output": ansible.printed,
        "log": (tmp_path / "home" / "ansible.log").read_text(),
        "requests": json.dumps(cloud.requests()),
    }
    assert all(len(text) > 1000 for text in places.values())
    leaks = {(place, secret) for place, text in places.items() for secret in secrets if secret in text}
    assert leaks == set()
    left = [str(entry) for entry in (tmp_path / "home").rglob("*") if entry.is_file() and entry.name != "ansible.log"]
    for entry in left:
        assert not any(secret in Path(entry).read_text(errors="replace") for secret in secrets), entry


def test_a_returned_key_is_shown_because_it_was_asked_for(ansible):
    done = ansible.run({"name": "deploy", "key_type": "ecdsa", "return_private_key": True})
    assert done.returncode == 0
    assert "PRIVATE KEY" in done.stdout

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the system tests: one fleet of real instances for the whole session, and the tools to work on it."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Callable, Iterator

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "emulator"), str(Path(__file__).resolve().parent)]

from lab import ssh as lab_ssh
from lab.controller import Controller
from lab.fleet import Fleet, running_fleet
from lab.images import IMAGES
from lab.instance import Instance
from lab.ssh import KeyFile

# Instances that only the API knows, for what must be reported and not done.
API_ONLY = [
    {"name": "stopped", "backend": "api", "status": "Stopped"},
    {"name": "windows", "backend": "api", "os_type": "windows"},
    {"name": "agent-offline", "backend": "api", "assistant": {"online": False}},
]
_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--images", default=",".join(IMAGES), help="images whose instances take part; all of them by default")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes minutes; `make long` runs these, `make test` the others")
    config.addinivalue_line("markers", "on_image(name): takes place on this image; deselected where it takes no part")
    config.addinivalue_line("markers", "one_image: hardly depends on the distribution; long on every image but the first")


def _images(config: pytest.Config) -> list[str]:
    return config.getoption("--images").split(",")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What needs an image that takes no part is not in the run, instead of being skipped in it."""
    chosen = set(_images(config))
    gone = [item for item in items if not _needed_images(item) <= chosen]
    items[:] = [item for item in items if item not in gone]
    if gone:
        config.hook.pytest_deselected(items=gone)


def _needed_images(item: pytest.Item) -> set[str]:
    needed = {name for mark in item.iter_markers("on_image") for name in mark.args}
    callspec = getattr(item, "callspec", None)
    for value in callspec.params.values() if callspec else ():
        # A scenario of a world says itself on which images it takes place, debian12 being understood.
        names = [value] if isinstance(value, str) else getattr(value, "images", ())
        needed.update(list(names)[:1] if set(names) <= set(IMAGES) else [])
    return needed


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``instance`` runs once on each image."""
    if "instance" in metafunc.fixturenames:
        marks = [pytest.mark.long] if metafunc.definition.get_closest_marker("one_image") else []
        first, *others = _images(metafunc.config)
        metafunc.parametrize("instance", [first, *(pytest.param(name, marks=marks) for name in others)], indirect=True, scope="session")


@pytest.fixture(scope="session")
def lab_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="session")
def controller_key(lab_folder: Path) -> KeyFile:
    """The key that Ansible logs in with as root; in no key pair of the cloud."""
    return lab_ssh.make_key(lab_folder, "controller")


@pytest.fixture(scope="session")
def start_fleet(lab_folder: Path, controller_key: KeyFile) -> Callable:
    """start_fleet({"instances": [...]}): a context manager with a fleet of the test's own, for what the shared one must not suffer."""
    return lambda fleet, tls=True: running_fleet(fleet, lab_folder / f"fleet-{next(_numbers)}", controller_key, tls)


@pytest.fixture(scope="session")
def fleet(start_fleet: Callable, request: pytest.FixtureRequest, lab_folder: Path) -> Iterator[Fleet]:
    """The shared fleet: fleet["debian12"] and so on; tests leave its instances running and reachable."""
    images = [{"name": name, "backend": "container", "image": name} for name in _images(request.config)]
    with start_fleet({"instances": images + API_ONLY}) as started:
        lab_ssh.write_known_hosts(lab_folder / "known_hosts", started)
        yield started


@pytest.fixture(scope="session")
def instance(fleet: Fleet, request: pytest.FixtureRequest) -> Instance:
    """An instance of each image in turn."""
    return fleet[request.param]


@pytest.fixture(scope="session")
def one_instance(fleet: Fleet) -> Instance:
    """One instance, for what does not depend on the distribution."""
    return next(iter(fleet))


@pytest.fixture(scope="session")
def known_hosts(lab_folder: Path) -> Path:
    """Host keys of the shared fleet; lab.ssh.write_known_hosts makes such a file for another one."""
    return lab_folder / "known_hosts"


@pytest.fixture(scope="session")
def controller(lab_folder: Path, controller_key: KeyFile, known_hosts: Path) -> Iterator[Controller]:
    """controller.ansible(...), controller.playbook(...), controller.inventory(...)."""
    made = Controller(lab_folder, controller_key, known_hosts)
    yield made
    made.close()


@pytest.fixture(scope="session")
def ansible(controller: Controller) -> Callable:
    """ansible(instance, module, args, check=..., diff=..., become=..., user=..., key=...): the module's result."""
    return controller.ansible


@pytest.fixture(scope="session")
def playbook(controller: Controller) -> Callable:
    """playbook(text or path or FQCN, instances, extra_vars=..., environment=...): a Run."""
    return controller.playbook


@pytest.fixture(scope="session")
def ssh(known_hosts: Path) -> Callable:
    """ssh(instance, user, key, command): one login with exactly this key."""

    def login(instance: Instance, user: str, key: KeyFile, command: str = "true", known_hosts: Path = known_hosts, **more):
        return lab_ssh.ssh(instance, user, key, command, known_hosts, **more)

    return login


@pytest.fixture
def make_key(tmp_path: Path) -> Callable[..., KeyFile]:
    """make_key(name, kind="ed25519", bits=None, passphrase=""): a new key pair in this test's folder."""

    def make(name: str = "", kind: str = "ed25519", bits: int | None = None, passphrase: str = "") -> KeyFile:
        return lab_ssh.make_key(tmp_path, name or f"key{next(_numbers)}", kind, bits, passphrase)

    return make


@pytest.fixture(scope="session")
def new_name() -> Callable[[str], str]:
    """new_name("john"): a name that no other test of the session uses, because instances are shared."""
    return lambda stem: f"{stem}{next(_numbers)}"

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers and keys that the tests of the embedded cloud share."""

from __future__ import annotations

from typing import Iterator

import pytest
from ecs_emulator.testing import Emulator, running

from .emulator_tools import public_line

THREE = {"instances": [{"name": "web", "count": 3}]}


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """Three Linux instances, for tests that change nothing or clean up."""
    with running(THREE) as emulator:
        yield emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Three Linux instances of the test's own."""
    with running(THREE) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def rsa_line() -> str:
    """One RSA public key line."""
    return public_line()

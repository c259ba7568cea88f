# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An embedded cloud, a client of it whose pauses are recorded instead of waited for, and a limit to the time that a test takes."""

import time

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import read_settings
from ecs_emulator.testing import running


@pytest.fixture
def make_client():
    """C(make_client(cloud, **options)): a client; C(client.pauses) are the seconds it would have slept."""

    def make(cloud, **options):
        given = {
            "region": cloud.region,
            "endpoint": cloud.endpoint,
            "access_key_id": cloud.access_key_id,
            "access_key_secret": cloud.access_key_secret,
            "api_timeout": 5,
        }
        pauses = []
        client = EcsClient(read_settings(dict(given, **options), {}), sleep=pauses.append, jitter=lambda: 0.5)
        client.pauses = pauses
        return client

    return make


@pytest.fixture
def cloud():
    with running({"instances": [{"instance_id": "i-web", "name": "web", "count": 3}]}) as emulator:
        yield emulator


@pytest.fixture
def soon():
    """A quadratic way of doing it needs minutes for each of the texts of such a test."""
    start = time.process_time()
    yield
    assert time.process_time() - start < 5

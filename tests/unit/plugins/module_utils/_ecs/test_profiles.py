# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the CLI's configuration: which file, which profile, what; never a secret."""

import json

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.profiles import find_profile_problem

KEYS = {"name": "a", "mode": "AK", "access_key_id": "id", "access_key_secret": "SECRET"}


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        ({"current": "b", "profiles": [KEYS]}, None, "current is b, and there is no profile of that name (it has a)"),
        ({"current": "a", "profiles": [KEYS]}, "c", "there is no profile c (it has a)"),
        ({"current": "a", "profiles": []}, None, "has no profiles"),
        ([], None, "has no profiles"),
        ({"current": "a", "profiles": [{**KEYS, "mode": "Magic"}]}, None, "the profile a has the mode Magic, which is not known"),
        ({"current": "a", "profiles": [{"name": "a", "mode": "AK"}]}, None, "has the mode AK, and no access_key_id and no access_key_secret"),
        (
            {"current": "a", "profiles": [{"name": "a", "mode": "ChainableRamRoleArn", "source_profile": "z", "ram_role_arn": "acs:x"}]},
            None,
            "the profile a builds on z, and there is no profile of that name",
        ),
        ({"current": "a", "profiles": [KEYS]}, None, "the profile a (mode AK) gave no usable credentials"),
        (b"\xef\xbb\xbf{}", None, "byte order mark"),
        (b'{"access_key_secret": "SECRET"', None, "is not valid JSON"),
        (None, None, ""),
    ],
)
def test_the_profile_is_explained(tmp_path, monkeypatch, content, name, problem: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    if content is not None:
        (tmp_path / ".aliyun").mkdir()
        (tmp_path / ".aliyun/config.json").write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    found = find_profile_problem(name)
    assert problem in found and bool(found) == bool(problem)
    assert "SECRET" not in found

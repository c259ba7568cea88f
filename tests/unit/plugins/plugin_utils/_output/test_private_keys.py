# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys are found wherever they were pasted."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._output.private_keys import find_private_key

DASHES = "-" * 5
KINDS = ["OPENSSH PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"]
KEYS = [f"{DASHES}BEGIN {kind}{DASHES}\nAAAA\n" for kind in KINDS] + [
    "PuTTY-User-Key-File-3: ssh-ed25519",
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU",
    f" ssh-rsa AAAA {DASHES}begin rsa private key",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_private_key_is_found_where_it_stands(key):
    assert find_private_key({"users": [{"name": "a"}, {"name": "b", "authorized_keys": ["ssh-rsa AAAA", key]}]}) == "users[1].authorized_keys[1]"
    assert find_private_key({"users": [{"authorized_keys": [{"key": key}]}]}) == "users[0].authorized_keys[0].key"
    assert find_private_key({"revoked_keys": key}) == "revoked_keys"
    assert find_private_key({"users": [{"authorized_keys": [{"key": "x", "options": {key: 1}}]}]}) == "a name in users[0].authorized_keys[0].options"


@pytest.mark.parametrize("text", ["ssh-rsa AAAA my private key", f"{DASHES}BEGIN PUBLIC KEY{DASHES}", "", None, 5, ["-----"]])
def test_what_is_none(text):
    assert find_private_key({"users": [{"authorized_keys": [text]}]}) is None

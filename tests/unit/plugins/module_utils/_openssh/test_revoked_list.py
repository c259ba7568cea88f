# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of revoked keys: what is added to them, and which are left alone."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import key_of_blob, parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.revoked_list import is_text_list, missing_keys, with_keys

K = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHmOVHLYjRb/ZCUlrdiQxHEtRp+9A5wOeWnghpH/rwYB"
L = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHNHfDUxMRoV6mgeRSmBRvP3zTX3gSz3XdATtSDyEiAM"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("", K + "\n", id="empty"),
        pytest.param("# gone\n" + L, f"# gone\n{L}\n{K}\n", id="no newline at the end"),
        pytest.param(K + " bob\n", K + " bob\n", id="there under another comment"),
        pytest.param("restrict " + K + "\n", f"restrict {K}\n{K}\n", id="a line with options, which is none to sshd"),
        pytest.param("# " + K + "\n", f"# {K}\n{K}\n", id="as a comment"),
    ],
)
def test_what_is_added(content, expected):
    key = parse_public_key(K)
    assert with_keys(content.encode(), [key]) == expected.encode()
    assert missing_keys(expected.encode(), [key]) == []


def test_binary_lists_are_told_from_text():
    assert is_text_list(K.encode() + b"\n")
    assert not is_text_list(b"SSHKRL\n\0\0")
    assert not is_text_list(K.encode() + b"\n\0")


def test_a_key_from_its_blob():
    assert key_of_blob(parse_public_key(K).blob).line == K

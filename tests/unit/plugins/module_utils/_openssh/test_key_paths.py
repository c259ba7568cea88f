# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where sshd reads keys: what its configuration says, and for users who are not in their groups yet."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.key_paths import (
    SshdWords,
    read_words,
    settle_groups,
)
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.sshd_config import parse_directives


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", SshdWords()),
        ("AuthorizedKeysFile a b\nAuthorizedKeysFile c\n", SshdWords(("a", "b"))),
        ("Match User x\nAuthorizedKeysFile c\n", SshdWords(keys_in_match=True, key_files_in_match=("c",))),
        ("AllowGroups a\nDenyGroups b\nAllowGroups c\n", SshdWords(allow_groups=("a", "c"), deny_groups=("b",))),
        ("AuthorizedKeysCommand none\n", SshdWords()),
        ("AuthorizedKeysCommand /bin/keys %u\n", SshdWords(keys_command="/bin/keys %u")),
        ("AuthorizedKeysCommand none\nMatch User x\nAuthorizedKeysCommand /bin/keys\n", SshdWords(keys_command="/bin/keys")),
    ],
)
def test_words(text, words):
    assert read_words(parse_directives("/etc/ssh/sshd_config", text)) == words


@pytest.mark.parametrize(
    ("line", "settled"),
    [
        ("Match Group team", 'Match User "*"'),
        ("match group other", 'Match User "!*"'),
        ("Match Group other,te?m", 'Match User "*"'),
        ("Match Group *,!team", 'Match User "!*"'),
        ("Match Group=team", 'Match User "*"'),
        ("Match User ann Group team Address 192.0.2.0/24", 'Match User "ann" User "*" Address "192.0.2.0/24"'),
        ("Match all", "Match all"),
        ("  Match  Group  team  # those", 'Match User "*"'),
        ("# Match Group team", "# Match Group team"),
        ("AllowGroups team", "AllowGroups team"),
        ("", ""),
    ],
)
def test_group_criteria_are_decided(line, settled):
    assert settle_groups(line, ["ann", "team"]) == settled

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else is let in by a key file. No home of these accounts exists."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.key_paths import SshdWords
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.accounts import Account
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.key_sharing import EVERYBODY, KeySharing

USUAL = ".ssh/authorized_keys"


def account(name: str, uid: int, home: str) -> Account:
    return Account(name, uid, uid, "", home, "/bin/sh")


ANN = account("ann", 4001, "/nowhere/ann")
OTHERS = [account("twin", 4001, "/nowhere/ann"), account("bob", 4002, "/nowhere/bob"), account("dots", 0, "/nowhere/./x/../ann/")]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        pytest.param(USUAL, ("dots", "twin"), id="a home, however it is written"),
        pytest.param("/etc/ssh/keys/%u", (), id="by name"),
        pytest.param("/etc/ssh/keys/%U", ("twin",), id="by number"),
        pytest.param("/etc/ssh/keys/%u/../all", ("bob", "dots", "twin"), id="by name, in words only"),
        pytest.param("/etc/ssh/keys/all", EVERYBODY, id="one for all"),
        pytest.param("/etc/ssh/keys/%%u", EVERYBODY, id="a percent sign is no token"),
    ],
)
def test_sharers(pattern, names):
    assert KeySharing([ANN, *OTHERS]).sharers(ANN, pattern) == names


def test_a_file_that_a_match_block_names_for_somebody_else():
    words = SshdWords((USUAL,), True, key_files_in_match=("/nowhere/ann/.ssh/authorized_keys", "/etc/keys/%u"))
    assert KeySharing([ANN, OTHERS[1]], words).sharers(ANN, USUAL) == ("bob",)
    assert KeySharing([ANN, OTHERS[1]]).sharers(ANN, USUAL) == ()

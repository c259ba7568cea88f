# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways in are taken away only where a login proves that another one is left."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd.hardening import Hardening
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd.plan_hardening import refuse_unprovable
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sshd import SshdError

CLOSING = [Hardening(False), Hardening(None, "no"), Hardening(None, "prohibit-password"), Hardening(True, "forced-commands-only")]


@pytest.mark.parametrize("asked", CLOSING)
@pytest.mark.parametrize(
    ("proof", "connecting", "over_ssh", "sentence"),
    [
        ("skip", "op", True, "never applied without a proof of login; remove proof: skip, nothing was changed"),
        ("required", None, False, "this run is not connected by ssh; nothing was changed"),
        ("required", None, True, "the host does not report who this run is logged in as; nothing was changed"),
    ],
)
def test_refused_without_a_login_that_proves(asked, proof, connecting, over_ssh, sentence):
    with pytest.raises(SshdError) as refused:
        refuse_unprovable(asked, proof, connecting, over_ssh)
    assert str(refused.value).endswith(sentence)


@pytest.mark.parametrize("asked", [Hardening(), Hardening(True), Hardening(None, "yes"), Hardening(True, "yes")])
def test_what_takes_nothing_away_needs_no_proof(asked):
    refuse_unprovable(asked, "skip", None, False)


@pytest.mark.parametrize("asked", CLOSING)
def test_a_run_over_ssh_may(asked):
    refuse_unprovable(asked, "required", "op", True)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a connection would still come through."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.listening import find_listening_problem

BOTH = ["0.0.0.0:22", "[::]:22"]


@pytest.mark.parametrize(
    ("listen", "address", "port", "problem"),
    [
        pytest.param(BOTH, "192.0.2.7", 22, None, id="everywhere"),
        pytest.param(BOTH, "2001:db8::7", 22, None, id="everywhere, IPv6"),
        pytest.param(["192.0.2.7:22"], "192.0.2.7", 22, None, id="this very address"),
        pytest.param(["[2001:db8::7]:22"], "2001:db8::7", 22, None, id="this very address, IPv6"),
        pytest.param([*BOTH, "0.0.0.0:2222"], "192.0.2.7", 2222, None, id="one of two ports"),
        pytest.param(
            ["0.0.0.0:2222"], "192.0.2.7", 22, "sshd would listen on 0.0.0.0:2222, and not on 192.0.2.7:22, to which this run is connected", id="another port"
        ),
        pytest.param(
            ["127.0.0.1:22"], "192.0.2.7", 22, "sshd would listen on 127.0.0.1:22, and not on 192.0.2.7:22, to which this run is connected", id="loopback only"
        ),
        pytest.param(["[::]:22"], "192.0.2.7", 22, "sshd would listen on [::]:22, and not on 192.0.2.7:22, to which this run is connected", id="IPv6 only"),
        pytest.param([], "192.0.2.7", 22, None, id="an sshd that does not tell"),
    ],
)
def test_find_listening_problem(listen, address, port, problem):
    assert find_listening_problem({"listenaddress": listen}, address, port) == problem


def test_no_connection_at_all():
    settings = {"listenaddress": BOTH, "persourcemaxstartups": ["0"]}
    assert "refuses every connection" in find_listening_problem(settings, "192.0.2.7", 22)
    assert find_listening_problem(dict(settings, persourcemaxstartups=["none"]), "192.0.2.7", 22) is None

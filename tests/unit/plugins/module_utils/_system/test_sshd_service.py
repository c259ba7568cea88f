# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the listener was started with."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.server import parse_arguments

MAIN = "/etc/ssh/sshd_config"


@pytest.mark.parametrize(
    ("words", "options", "config"),
    [
        pytest.param(["-D"], (), MAIN, id="nothing special"),
        pytest.param(["-D", "-oCiphers=aes256-ctr"], ("-o", "Ciphers=aes256-ctr"), MAIN, id="crypto policy of EL 8"),
        pytest.param(["-o", "Port=22", "-f", "/srv/sshd"], ("-o", "Port=22"), "/srv/sshd", id="another file"),
        pytest.param(["-f/srv/sshd", "-p", "2222"], ("-p", "2222"), "/srv/sshd", id="glued value; a port is no file"),
        pytest.param(["-o", "UsePAM", "no", "-D"], ("-o", "UsePAM no"), MAIN, id="quotes lost in a process title"),
    ],
)
def test_parse_arguments(words, options, config):
    assert parse_arguments(words) == (options, config)

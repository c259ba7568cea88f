# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that a configuration has without writing them out, asked of the real ssh."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._client.look_names import find_taken

NAMES = ("web", "prod-web", "db")


@pytest.mark.parametrize(
    ("config", "taken"),
    [
        ("", set()),
        ("Host web other\n  User eve\n", {"web", "other"}),
        ("Host *\n  ServerAliveInterval 30\n", set()),
        ("Host * !db\n  User eve\n", {"db"}),
        ("Host prod-*\n  User eve\n", {"prod-web"}),
        ("Match host web\n  Port 2222\n", {"web"}),
        ("Match originalhost d?\n  Port 2222\n", {"db"}),
        ("Host *\n  Hostname %h.example.com\n", set()),
        ("Host prod-*\n  Nonsense yes\n", set()),
    ],
)
def test_what_the_rest_of_a_configuration_has(tmp_path, config: str, taken: set) -> None:
    assert find_taken(config.encode(), NAMES, str(tmp_path)) == taken


def test_names_of_an_included_file(tmp_path) -> None:
    (tmp_path / "more").write_text("Host db\n  HostName 192.0.2.1\n")
    assert find_taken(f"Include {tmp_path}/more\n".encode(), NAMES, str(tmp_path)) == {"db"}

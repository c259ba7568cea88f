# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that the tests of this package give to people, and a team of variables."""

from __future__ import annotations

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._people.team import Team, read_team

ANNA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO8wYMOdond7NfyrYRxXB+EX63TVAoZRsLQhDq6OCGvN anna"
BEN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIb0NUfIJRQJujq8xYQ1A32VZ8P07ZTSr6u0Zf6lp7A3 ben"
EMIL = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHd4nzyMP4BzP7kwsp0WDyZmTEUjMzqS+cIpcfrpM/Pd emil"
WEAK = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCpaozGVxnJdghfTFwY8dYY3OrE7l9zmgqMdjzoUd7cbNEJ+pLmD/s7RH4Gy3SUYbmmDFLGUeuE41aJ8EZYB6AF+9vfPXbqOHKoEaho"
    "lNJOB2Zlc1JguqO0J0wchhduadfqtOz37doDDH6g/xRdyr+A48NAyRjYwIJn5nP6N1MN3w== weak"
)


def no_file(name: object) -> str:
    raise ValueError(f"the key file {name} cannot be read: No such file or directory")


def team_of(**variables: object) -> Team:
    """The team of these variables, without their common prefix."""
    return read_team({f"ssh_users_{name}": value for name, value in variables.items()}, no_file)

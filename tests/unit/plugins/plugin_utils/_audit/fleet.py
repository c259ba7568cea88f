# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleets that the tests of the audit share with the script that makes pages to look at."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "tools"))

from audit_fleet import (  # noqa: F401 pylint: disable=unused-import
    NOW,
    account,
    audit_of,
    big_fleet,
    fingerprint_of,
    host,
    key_method,
    key_of,
    password_method,
    picture_of,
    right,
    small_fleet,
    team_of,
)

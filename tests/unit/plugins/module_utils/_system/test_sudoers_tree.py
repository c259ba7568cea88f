# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Include lines of sudoers."""

from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers_tree import find_includes, replace_includes


def test_includes():
    text = '@include /etc/sudoers.local\n#includedir /etc/sudoers.d\n@includedir "/etc/more rules"\n#1000 ALL=ALL\n# include nothing\n'
    assert find_includes(text) == [("/etc/sudoers.local", False), ("/etc/sudoers.d", True), ("/etc/more rules", True)]
    assert replace_includes("#includedir /etc/sudoers.d\nroot ALL=ALL\n", {"/etc/sudoers.d": "/run/x/d0"}) == ("#includedir /run/x/d0\nroot ALL=ALL\n")


def test_a_line_of_backslashes_takes_no_time():
    assert find_includes("@include " + "\\\\" * 60 + " x\n") == []

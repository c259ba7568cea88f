# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of a run hand to each other."""

from __future__ import annotations

import os

from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._verbs.store import RunStore


def test_rows_come_back_and_nobody_else_reads_them(tmp_path):
    store = RunStore(str(tmp_path))
    assert store.read("row", "web-1") is None
    store.write("row", {"failed": True}, "../web-1")
    store.update("answers", {"i-1": {"live": True}})
    store.update("answers", {"i-2": {"live": False}})
    assert RunStore(str(tmp_path)).rows(["../web-1", "web-2"]) == {"../web-1": {"failed": True}}
    assert sorted(store.read("answers")) == ["i-1", "i-2"]
    assert os.stat(store.folder).st_mode & 0o777 == 0o700
    assert {os.stat(os.path.join(store.folder, name)).st_mode & 0o777 for name in os.listdir(store.folder)} == {0o600}


def test_only_so_many_different_words_are_claimed(tmp_path):
    store = RunStore(str(tmp_path))
    assert [store.claim("reason", word, 2) for word in ("a", "b", "c", "a", "b", "c")] == [True, True, False, True, True, False]


def test_files_of_a_module_are_read_one_at_a_time(tmp_path):
    store = RunStore(str(tmp_path))
    folder = store.subfolder("given")
    assert store.read_in("given", "i-1") is None
    os.mkdir(folder, 0o700)
    with open(os.path.join(folder, "i-1.json"), "w", encoding="utf-8") as stream:
        stream.write('{"seen": true}')
    assert store.read_in("given", "i-1") == {"seen": True}

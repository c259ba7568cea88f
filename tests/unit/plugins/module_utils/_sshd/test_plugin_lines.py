# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's lines go out of sshd_config, and nothing else: byte for byte what was there, as far as nobody has edited it since."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd import look_plugin
from ansible_collections.alicloud.ecs_access.plugins.module_utils._sshd.plugin_lines import has_plugin_lines, without_plugin_lines

COMMAND = "AuthorizedKeysCommand /usr/bin/timeout 5s /usr/local/share/aliyun-assist/plugin/config_ecs_instance_connect/ecs_config_instance_connect %u %f\n"
USER = "AuthorizedKeysCommandUser ecs-instance-connect\n"
LINES = f"\n{COMMAND}{USER}"


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        pytest.param(f"Port 22\n{LINES}", "Port 22\n", "Port 22\n", id="appended to a line"),
        pytest.param(f"Port 22{LINES}", "Port 22", "Port 22", id="appended to a line without an end"),
        pytest.param(f"Port 22\n\n{LINES}", "Port 22\n\n", "Port 22\n\n", id="appended to a blank line"),
        pytest.param(f"Port 22\n{LINES}Port 23\n", "Port 22\n", "Port 22\nPort 23\n", id="edited behind them"),
        pytest.param(f"Port 22{LINES}Port 23\n", "Port 22", "Port 22\nPort 23\n", id="edited behind them, without an end"),
        pytest.param(f"# ours\nPort 22\n{LINES}", "Port 22\n", "# ours\nPort 22\n", id="edited in front of them"),
        pytest.param(f"Port 22\n{COMMAND}Port 23\n{USER}", "Port 22\n", "Port 22\nPort 23\n", id="edited between them"),
        pytest.param(f"Port 22\n{LINES}# a note\n", "Port 22\n", "Port 22\n# a note\n", id="a comment behind them"),
        pytest.param(f"{LINES}", "", "", id="an empty file"),
    ],
)
def test_only_the_lines_go(text, before, after):
    assert has_plugin_lines(text)
    assert without_plugin_lines(text, before) == after


@pytest.mark.parametrize(
    "text",
    [
        "AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys\nAuthorizedKeysCommandUser nobody\n",
        f"#{COMMAND}#{USER}",
        "AuthorizedKeysCommandUser ecs-instance-connect other\n",
    ],
)
def test_another_command_is_not_ours(text):
    assert not has_plugin_lines(text)
    assert without_plugin_lines(text, "x") == text


@pytest.fixture
def files(monkeypatch, tmp_path):
    """sshd_config, and what our preparation keeps beside it."""
    for name in ("CONFIG", "SAVED", "FORMER", "BACKUP"):
        monkeypatch.setattr(look_plugin, name, str(tmp_path / name))
    monkeypatch.setattr(look_plugin, "is_roots", lambda path: "SAVED" not in path and (tmp_path / path).exists())
    return tmp_path


@pytest.mark.parametrize(
    ("saved", "state", "without"),
    [
        pytest.param({"BACKUP": "Port 22\n"}, "ours", b"Port 22\n", id="prepared"),
        pytest.param({"FORMER": "Port 22\n"}, "ours", b"Port 22\n", id="cut off, by an earlier version"),
        pytest.param({}, "others", None, id="the vendor's installer was run by hand"),
        pytest.param({"BACKUP": f"Port 22\n{LINES}"}, "others", None, id="they were there before"),
        pytest.param({"SAVED": "Port 22\n"}, "others", None, id="a copy that is not root's"),
    ],
)
def test_lines_are_ours_where_the_copy_from_before_has_none(files, saved, state, without):
    (files / "CONFIG").write_text(f"Port 22\n{LINES}")
    for name, text in saved.items():
        (files / name).write_text(text)
    assert look_plugin.look_at_plugin() == (state, without)


def test_a_link_is_no_copy(files):
    (files / "CONFIG").write_text(f"Port 22\n{LINES}")
    (files / "other").write_text("Port 22\n")
    (files / "BACKUP").symlink_to(files / "other")
    assert look_plugin.look_at_plugin().state == "others"


def test_without_lines_there_is_nothing_to_ask(files):
    (files / "CONFIG").write_text("Port 22\n")
    assert look_plugin.look_at_plugin() == ("none", None)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of sshd_config. What sshd itself makes of such lines is asked in tests/system/test_sshd_pubkey.py."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh import sshd_config


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("PubkeyAuthentication yes", ["PubkeyAuthentication", "yes"], id="plain"),
        pytest.param("  PubkeyAuthentication\tno  ", ["PubkeyAuthentication", "no"], id="tabs and blanks around"),
        pytest.param("PubkeyAuthentication=no", ["PubkeyAuthentication", "no"], id="equals sign"),
        pytest.param("PubkeyAuthentication = no", ["PubkeyAuthentication", "no"], id="equals sign with blanks"),
        pytest.param('PubkeyAuthentication "no"', ["PubkeyAuthentication", "no"], id="quoted value"),
        pytest.param("AllowUsers alice 'b c' d", ["AllowUsers", "alice", "b c", "d"], id="blank inside quotes"),
        pytest.param('ForceCommand "say \\"hi\\""', ["ForceCommand", 'say "hi"'], id="escaped quotes"),
        pytest.param("SetEnv A=b", ["SetEnv", "A=b"], id="later equals sign belongs to the value"),
        pytest.param("# PubkeyAuthentication no", [], id="comment"),
        pytest.param("PubkeyAuthentication no # for now", ["PubkeyAuthentication", "no"], id="comment at the end"),
        pytest.param("", [], id="empty"),
        pytest.param("PubkeyAuthentication no\r", ["PubkeyAuthentication", "no"], id="CRLF"),
    ],
)
def test_split_words(line, words):
    assert sshd_config.split_words(line) == words


def test_directives_know_their_line_and_match_block():
    text = "Include a.conf\n\nMatch User alice\n  dsaauthentication No\nMatch all\nPermitRootLogin no\n"
    found = sshd_config.parse_directives("/etc/ssh/sshd_config", text)
    assert [(item.place, item.keyword, item.arguments, item.match) for item in found] == [
        ("/etc/ssh/sshd_config:1", "include", ("a.conf",), ""),
        ("/etc/ssh/sshd_config:3", "match", ("User", "alice"), "User alice"),
        ("/etc/ssh/sshd_config:4", "pubkeyauthentication", ("No",), "User alice"),
        ("/etc/ssh/sshd_config:5", "match", ("all",), "all"),
        ("/etc/ssh/sshd_config:6", "permitrootlogin", ("no",), "all"),
    ]


def test_rewrite_includes_touches_only_includes():
    text = '# Include commented.conf\n\tinclude=sshd_config.d/*.conf\nInclude /a.conf "b c.conf" # both\nBanner Include\n'
    assert sshd_config.rewrite_includes(text, lambda pattern: "/copy" + pattern) == (
        '# Include commented.conf\nInclude "/copy/etc/ssh/sshd_config.d/*.conf"\nInclude "/copy/a.conf" "/copy/etc/ssh/b c.conf"\nBanner Include\n'
    )


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        pytest.param("/etc/ssh/sshd_config.d/*.conf", "/etc/ssh/sshd_config.d/00-alicloud-ecs-access.conf", id="the usual one"),
        pytest.param("/etc/ssh/local/*", "/etc/ssh/local/00-alicloud-ecs-access.conf", id="any name"),
        pytest.param("/etc/ssh/sshd_config.d/50-*.conf", None, id="our name cannot match"),
        pytest.param("/etc/ssh/one.conf", None, id="a single file"),
        pytest.param("/etc/ssh/*/x.conf", None, id="wildcard in the folder"),
    ],
)
def test_drop_in_path(pattern, path):
    assert sshd_config.drop_in_path(pattern) == path


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("Port 22\n", id="plain"),
        pytest.param("Port 22", id="no newline at the end"),
        pytest.param("\n\nMatch all\r\n", id="blank lines and CRLF"),
    ],
)
def test_block_goes_in_front_and_out_again_without_a_trace(text):
    with_block = sshd_config.with_block(text, {"PermitRootLogin": "no", "PubkeyAuthentication": "yes"})
    assert with_block.split("\n")[1:3] == ["PubkeyAuthentication yes", "PermitRootLogin no"]
    assert with_block.endswith(text)
    assert sshd_config.with_block(with_block, sshd_config.block_settings(with_block)) == with_block
    assert sshd_config.has_block(with_block)
    assert sshd_config.without_block(with_block) == text


def test_what_a_text_of_ours_says_is_found_again():
    settings = {"PubkeyAuthentication": "yes", "PasswordAuthentication": "no"}
    text = sshd_config.drop_in_text(settings)
    assert sshd_config.own_settings(text) == settings
    # Edited by hand: the first value counts, and what we never write is not ours.
    assert sshd_config.own_settings("passwordauthentication=no\nPort 23\nPasswordAuthentication yes\n") == {"PasswordAuthentication": "no"}
    assert sshd_config.block_settings("PermitRootLogin no\n") == {}


def test_a_block_of_an_earlier_version_is_known_and_written_anew():
    former = "# BEGIN alicloud.ecs_access sshd_pubkey\nPubkeyAuthentication yes\n# END alicloud.ecs_access sshd_pubkey\nPort 22\n"
    settings = sshd_config.block_settings(former)
    assert (settings, sshd_config.has_former_block(former), sshd_config.without_block(former)) == ({"PubkeyAuthentication": "yes"}, True, "Port 22\n")
    now = sshd_config.with_block(former, settings)
    assert now == "# BEGIN alicloud-ecs-access sshd_pubkey\nPubkeyAuthentication yes\n# END alicloud-ecs-access sshd_pubkey\nPort 22\n"
    assert not sshd_config.has_former_block(now)


def test_block_without_end_is_left_alone():
    text = "Port 22\n# BEGIN alicloud-ecs-access sshd_pubkey\nPermitRootLogin no\n"
    assert sshd_config.without_block(text) == text
    assert not sshd_config.has_block(text)


def test_effective_settings_keep_repeated_lines_and_new_names():
    output = "port 22\nport 2222\nPubkeyAuthentication yes\npubkeyacceptedkeytypes ssh-rsa\nbanner none\n"
    assert sshd_config.parse_effective(output) == {
        "port": ["22", "2222"],
        "pubkeyauthentication": ["yes"],
        "pubkeyacceptedalgorithms": ["ssh-rsa"],
        "banner": ["none"],
    }


def test_changed_keywords():
    before = {"a": ["1"], "b": ["1"], "c": ["1"]}
    assert sshd_config.changed_keywords(before, {"a": ["1"], "b": ["2"], "d": ["1"]}) == ["b", "c", "d"]

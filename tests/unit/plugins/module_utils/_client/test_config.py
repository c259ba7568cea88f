# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that may become Host patterns, and the block in a person's own file."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._client import config as model

FOLDER = "/home/jane/.ssh/alicloud-ecs-access.d"


def entry(instance_id, *names, **more):
    return model.Entry(instance_id, names, more.pop("address", "192.0.2.1"), **more)


@pytest.mark.parametrize(
    "name", ["*", "a*", "?", "!a", "a b", "-F", "%h", 'a"b', "a'b", "a\nHost x", "Match all", "\u00e4", "a\x00", "", "localhost", "i-2", "I-2", "x.y"]
)
def test_names_that_are_refused(name):
    chosen, refused = model.choose_names([entry("i-1", name), entry("i-2", "good")])
    assert chosen == {"i-1": (), "i-2": ("good",)}
    assert bool(refused) == bool(name)


def test_a_name_of_two_instances_or_of_the_user_goes_to_none():
    chosen, refused = model.choose_names([entry("i-1", "web", "db"), entry("i-2", "WEB", "Bastion")], taken=["bastion"])
    assert chosen == {"i-1": ("db",), "i-2": ()}
    assert sorted(refused) == ["several instances have this name", "the SSH configuration already has a host of this name"]


def test_dots_only_where_wanted():
    assert model.choose_names([entry("i-1", "web.example")], dotted=True)[0] == {"i-1": ("web.example",)}
    assert model.choose_names([entry("i-1", "web.example")])[0] == {"i-1": ()}


@pytest.mark.parametrize("config", [None, b"", b"Host a\n", b"Host a", b"\n\n", b"a\r\nb\r\n", b"\xff\xfe\n# END of it\n", b"#\x0cx\x0b\ny"])
def test_the_block_leaves_no_trace(config):
    added = model.add_include(config, FOLDER)
    assert added.endswith(config or b"") and added.count(b"Include") == 1
    assert model.add_include(added, FOLDER) == added
    assert model.add_include(added, "/elsewhere").replace(b"/elsewhere", FOLDER.encode()) == added
    assert model.remove_include(added) == config


@pytest.mark.parametrize("made", [b"", b" (it made this file)"])
def test_the_block_of_an_earlier_version_is_taken_over(made):
    former = b'# BEGIN alicloud.ecs_access ssh_client%s\nInclude "/home/jane/.ssh/ecs_access.d/*.conf"\n# END alicloud.ecs_access ssh_client\n' % made
    rest = b"" if made else b"Host a\n"
    assert model.remove_include(former + rest) == (None if made else rest)
    assert model.add_include(former + rest, FOLDER) == model.add_include(None if made else rest, FOLDER)
    assert model.add_include(former + rest, FOLDER, "/old").count(b"Include") == 2


@pytest.mark.parametrize("damage", [(b"# END", b"# end"), (b"# BEGIN", b"# begin")])
def test_half_a_block_is_refused(damage):
    with pytest.raises(model.ConfigError):
        model.remove_include(model.add_include(b"Host a\n", FOLDER).replace(*damage))


@pytest.mark.parametrize(
    "change",
    [
        {"address": "192.0.2.1\nProxyCommand x"}, {"address": "-oX"}, {"user": "a b"}, {"user": "-x"}, {"port": 0}, {"port": 65536},
        {"identity_file": '/a"b'}, {"identity_file": "/a\nb"}, {"identity_file": "a"}, {"identity_file": "/%h"}, {"region": "x;y"},
        {"instance_id": "i-*"}, {"instance_id": "i-1\nHost *"}, {"instance_id": "-i"},
    ],
)  # fmt: skip
def test_what_can_not_be_written_is_refused(change):
    with pytest.raises(model.ConfigError):
        model.check_entry(entry("i-1")._replace(**change))


def test_hosts_that_the_user_has():
    assert model.find_hosts(b'Host a "b" *.c !d\n  host=e\nHostName f\n#Host g\nHOST\th # i\n') == ["a", "b", "e", "h", "i"]


def test_words_of_the_program_are_quoted():
    common = model.Common("/k", True, ("/a b/python", "/100%/p"), temporary_key=True)
    text = model.render_config([entry("i-1", identity_file="/it's")], {}, common)
    assert "ProxyCommand '/a b/python' /100%%/p --public-key '/it'\"'\"'s.pub' --address 192.0.2.1 -- i-1 %r %p\n" in text
    assert "ProxyUseFdpass yes" in text
    assert "Compression" not in text


def test_a_session_is_slow_and_so_it_is_compressed():
    text = model.render_config([entry("i-1", address="")], {}, model.Common("/k", True, ("/p",), tunnel="auto"))
    assert "    ProxyUseFdpass no\n    Compression yes\n" in text

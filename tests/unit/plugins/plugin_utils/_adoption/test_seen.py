# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that a host would not give are refused, and foreign texts stay texts."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import AccessError
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._adoption.render import render_team_file, render_text
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._adoption.seen import SCHEMA, Host, check_host_name, read_answer
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._adoption.team_file import make_team_file

from .adopting import Loader, Unsafe, account, encode, held, key, load, right, seen, team_of

HOSTILE = [
    "{{ lookup('pipe','id') }}",
    "{% set x = 1 %}",
    "!!python/object/apply:os.system [id]",
    "*alias",
    "&anchor x",
    "- a list",
    "a: b",
    "a #comment",
    "# comment",
    "%YAML 1.1",
    "--- x",
    "null",
    "Yes",
    "1e3",
    "0x10",
    "2027-01-31",
    "'",
    '"',
    "\\",
    "\\n",
    "<<",
    "=",
    "@at",
    "`tick`",
    "? x",
    "| x",
    "ключ 键",
    "\U0001f511",
    "x]",
    "x, y",
    "{a: b}",
]
UNPRINTABLE = ["a\nssh_users_unlisted: remove", "a\r\nb", "a\x1b[2Jb", "a\u2028b", "a\x85b", "a\x00b", "\ud800", "a\u202eb"]


@pytest.mark.parametrize("comment", HOSTILE)
def test_a_comment_stays_the_text_that_it_is(comment):
    file = make_team_file([seen("a", account("anna", held(1, comment=comment)))])
    found = load(file)["ssh_users_accounts"][0]["authorized_keys"][0]["comment"]
    assert found == comment.strip()
    assert isinstance(found, Unsafe) == ("{" in comment)


@pytest.mark.parametrize("comment", UNPRINTABLE)
def test_a_comment_that_cannot_be_written_is_left_out(comment):
    file = make_team_file([seen("a", account("anna", held(1, comment=comment)))])
    assert "comment" not in load(file)["ssh_users_accounts"][0]["authorized_keys"][0] or comment == "\ud800"
    team_of(file)


@pytest.mark.parametrize("text", [*HOSTILE, *UNPRINTABLE])
def test_no_sentence_of_a_host_leaves_its_comment(text):
    strange = account("ben", left_out=text + "."), {**account("x"), "name": "x " + text}
    file = make_team_file([Host("off", text), seen("a", account("anna", held(1), notes=[text], owner=text[:20]), *strange, unread=(text,))])
    values = load(file)
    assert set(values) == {"ssh_users_accounts", "ssh_users_access"}
    assert {entry["name"] for entry in values["ssh_users_accounts"]} <= {"anna"}
    lines = render_team_file(file).split("\n")
    assert all(line.isprintable() for line in lines)
    assert all(line[:2] in ("# ", "#", "--", "  ", "", "ss") for line in lines)


@pytest.mark.parametrize("name", ["root; rm", "a/b", "a b", "-x", "../x", "{{ x }}", "a\nb", "*", "ALL", "%wheel", "x" * 40, "12", ""])
def test_a_name_that_is_none_is_left_out(name):
    file = make_team_file([seen("a", account("anna", held(1)), account(name, held(2)))])
    assert [entry.name for entry in file.entries] == (["ALL", "anna"] if name == "ALL" else ["anna"])
    team_of(file)


@pytest.mark.parametrize(
    "entry",
    [
        account("ben", held(2, options='command="x')),
        account("ben", held(2, options="made-up")),
        account("ben", held(2, options='environment="A=\n"')),
        account("ben", {"key": key(2) + " comment", "options": "", "comment": ""}),
        account("ben", {"key": key(2) + "\n" + key(3), "options": "", "comment": ""}),
        account("ben", {"key": 'from="x" ' + key(2), "options": "", "comment": ""}),
        account("ben", {"key": "no key", "options": "", "comment": ""}),
        account("ben", held(2), held(2, options="restrict")),
        account("ben", rights=(right(("relative",)),)),
        account("ben", rights=(right(("/bin/a, /bin/b",)),)),
        account("ben", rights=(right(("NOEXEC: /bin/a",)),)),
        account("ben", rights=(right(runas="a b"),)),
        account("ben", rights=(right(runas="(x"),)),
        account("ben", groups=["a b"]),
        account("root", held(2), rights=(right(),)),
    ],
)
def test_what_ssh_access_would_refuse_is_left_out_and_the_rest_stays(entry):
    file = make_team_file([seen("a", account("anna", held(1)), entry)])
    assert [entry.name for entry in file.entries] == ["anna"]
    assert file.left_out[0].why.startswith("a team file cannot have it: ")
    team_of(file)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        7,
        "not base64!",
        encode([]),
        encode({}),
        encode({"schema": "other/1", "accounts": [], "unread": []}),
        encode({"schema": SCHEMA, "accounts": [{"name": "anna"}], "unread": []}),
        encode({"schema": SCHEMA, "accounts": [account("x", system="yes")], "unread": []}),
        encode({"schema": SCHEMA, "accounts": [account(f"x{number}") for number in range(7000)], "unread": []}),
        encode({"schema": SCHEMA, "accounts": [account("x", held(1, comment="x" * 300))], "unread": []}),
    ],
)
def test_an_answer_of_another_form_is_refused(answer):
    with pytest.raises(AccessError):
        read_answer("a", answer)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("web-1", ""),
        ("web-1.example.com", ""),
        ("10.0.0.1", ""),
        ("имя", ""),
        ("a:b", "characters"),
        ("a,b", "characters"),
        ("!a", "characters"),
        ("web*", "characters"),
        ("a b", "characters"),
        ("{{ x }}", "characters"),
        ("prod", "group"),
        ("all", "group"),
    ],
)
def test_a_host_is_named_only_if_its_name_stands_for_it_alone(name, part):
    assert part in check_host_name(name, {"prod": []})
    assert bool(part) == bool(check_host_name(name, {"prod": []}))


@pytest.mark.parametrize("text", [*HOSTILE, *UNPRINTABLE[:-2], "plain", "/usr/bin/id", "a@b", "x "])
def test_every_text_is_read_back(text):
    assert yaml.load(f"- {render_text(text)}\n- [{render_text(text)}, x]\n", Loader) == [text, [text, "x"]]

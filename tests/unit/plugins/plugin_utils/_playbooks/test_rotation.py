# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a shared key is, what comes next, and when the old one may go."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks import rotation
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.rotation import Seen, Spot
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.offer import Answers

OLD_LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPVoWFOqcpnDYKpCV4AESiQyBP2Ps2ZdePPBGX2Hvxt"
NEW_LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6sbKpsFKGPnoLvqJ2jPzUdlo3A2GNmiXqSFR+bMhGD"
OLD, NEW = (parse_public_key(line).fingerprint_sha256 for line in (OLD_LINE, NEW_LINE))
NOW = datetime.datetime(2026, 5, 1, 12, 0, 0, tzinfo=datetime.timezone.utc)
ROOT = Spot("root", "/root/.ssh/authorized_keys", "", True)
DEPLOY = Spot("deploy", "/etc/ssh/keys/deploy", 'from="192.0.2.0/24"', True)


def place(user: str, line: str = OLD_LINE, **more) -> dict:
    return {
        "user": user,
        "path": f"/home/{user}/.ssh/authorized_keys",
        "public_key": line,
        "options": "",
        "read": True,
        **more,
    }


def answers(accepted=(), refused=(), opened="") -> Answers:
    return Answers(frozenset(accepted), frozenset(refused), opened)


@pytest.mark.parametrize(
    ("text", "is_file", "kind"),
    [(OLD, False, "fingerprint"), (OLD + "=", False, "fingerprint"), ("team", False, "pair"), ("team", True, "file"), ("~/a.pub", False, "file"),
     ("keys/a.pub", False, "file")],
)  # fmt: skip
def test_what_the_old_key_is(text, is_file, kind):
    assert rotation.kind_of(text, is_file) == kind


def test_a_part_of_a_fingerprint_is_no_name():
    with pytest.raises(ValueError, match="ecs_access_old_key must be a whole fingerprint, SHA256: and 43 characters"):
        rotation.kind_of("SHA256:short", False)


@pytest.mark.parametrize(("text", "seconds"), [("24h", 86400), ("90m", 5400), (0, 0), ("7d", 604800), ("30", 30), (" 1s ", 1)])
def test_an_overlap(text, seconds):
    assert rotation.read_overlap(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1h", "1w", "1.5h", None])
def test_what_is_no_overlap(text):
    with pytest.raises(ValueError, match="ecs_access_overlap must be a time"):
        rotation.read_overlap(text)


def test_an_answer_is_read_by_the_key_itself():
    answer = {"places": [place("root"), place("deploy", options="restrict"), place("root", NEW_LINE), place("eve", read=False)]}
    seen = rotation.read_seen(answer, OLD, NEW)
    assert [spot.user for spot in seen.old] == ["root", "deploy", "eve"]
    assert [spot.user for spot in seen.new] == ["root"]
    assert seen.old_line == OLD_LINE
    assert seen.accounts == ["deploy", "root"]
    assert seen.holders == ["deploy", "eve", "root"]


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param("text", id="not a place"),
        pytest.param(place("root", "ssh-ed25519 AAAA"), id="not a key"),
        pytest.param(place("root", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"), id="a third key"),
        pytest.param(place("a b"), id="a blank in the name"),
        pytest.param(place('x" -o ProxyCommand=id'), id="a name that would be an option"),
        pytest.param(place("-oProxyCommand=id"), id="a name that begins like one"),
        pytest.param(place("root", options="x" * 9000), id="endless options"),
        pytest.param(place("root", options=None), id="no text"),
    ],
)
def test_what_a_host_makes_up_is_left_out_and_said(odd):
    seen = rotation.read_seen({"places": [odd], "unsearched": "text", "rotation": {"since": "tomorrow"}}, OLD, NEW)
    assert (seen.old, seen.new, seen.since) == ((), (), "")
    assert seen.unsearched == ("1 places of the keys have names or options that are not taken over",)


def test_a_plan_is_the_same_however_far_the_rotation_has_come():
    before = {"i-1": (Seen(old=(ROOT, DEPLOY)), True), "i-2": None}
    halfway = {"i-1": (Seen(old=(ROOT, DEPLOY), new=(ROOT,)), True), "i-2": None}
    after = {"i-1": (Seen(new=(ROOT, DEPLOY)), True), "i-2": None}
    bound_only = {"i-1": (Seen(old=(DEPLOY,)), True), "i-2": None}
    ids = {rotation.plan_id({"r": OLD}, "new", hosts) for hosts in (before, halfway, after, bound_only)}
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("old", "pair", "hosts"),
    [
        pytest.param({"r": NEW}, "new", {"i-1": (Seen(old=(ROOT, DEPLOY)), True), "i-2": None}, id="another key"),
        pytest.param({"r": OLD}, "other", {"i-1": (Seen(old=(ROOT, DEPLOY)), True), "i-2": None}, id="another pair"),
        pytest.param({"r": OLD}, "new", {"i-1": (Seen(old=(ROOT,)), True), "i-2": None}, id="an account less"),
        pytest.param({"r": OLD}, "new", {"i-1": (Seen(old=(ROOT, DEPLOY)), True), "i-2": (Seen(), False)}, id="a host more was seen"),
        pytest.param({"r": OLD}, "new", {"i-1": (Seen(old=(ROOT, DEPLOY)), True)}, id="a host less"),
        pytest.param({"r": OLD}, "new", {"i-1": (Seen(old=(ROOT, DEPLOY)), False), "i-2": None}, id="no longer bound"),
    ],
)
def test_another_plan(old, pair, hosts):
    plan = rotation.plan_id({"r": OLD}, "new", {"i-1": (Seen(old=(ROOT, DEPLOY)), True), "i-2": None})
    assert rotation.plan_id(old, pair, hosts) != plan


def test_the_new_key_gets_the_options_of_the_old_one():
    spare = Spot("eve", "/home/eve/.ssh/authorized_keys", "", False)
    users = rotation.additions(Seen(old=(ROOT, DEPLOY, spare)), NEW_LINE)
    assert users == [
        {"name": "root", "account": "existing", "authorized_keys": [{"key": NEW_LINE}]},
        {"name": "deploy", "account": "existing", "authorized_keys": [{"key": NEW_LINE, "options": DEPLOY.options}]},
    ]


def test_nothing_is_added_twice_and_what_is_wider_is_narrowed():
    wide = DEPLOY._replace(options="")
    assert rotation.additions(Seen(old=(ROOT, DEPLOY), new=(ROOT, DEPLOY)), NEW_LINE) == []
    assert [user["name"] for user in rotation.additions(Seen(old=(ROOT, DEPLOY), new=(ROOT, wide)), NEW_LINE)] == ["deploy"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        pytest.param([DEPLOY, DEPLOY._replace(options="")], [], "in several lines with different options for deploy;", id="two lines"),
        pytest.param([ROOT], [ROOT._replace(options='command="/bin/false"')], "the new key is already there for root, with other", id="a narrower new key"),
        pytest.param([DEPLOY], [DEPLOY._replace(options='from="198.51.100.1"')], "the new key is already there for deploy, with other", id="another address"),
        pytest.param([ROOT._replace(options="cert-authority")], [], "is a certificate authority for root (cert-authority)", id="an authority"),
    ],
)
def test_lines_that_do_not_open_the_same_are_in_the_way(old, new, sentence):
    assert sentence in rotation.conflicts(Seen(old=tuple(old), new=tuple(new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param([ROOT, DEPLOY], [], id="nothing there yet"),
        pytest.param([DEPLOY], [DEPLOY._replace(options='FROM="192.0.2.0/24"')], id="the same in other words"),
        pytest.param([DEPLOY], [DEPLOY._replace(options="")], id="a wider new key is narrowed"),
        pytest.param([DEPLOY, DEPLOY._replace(options="", read=False)], [], id="a file that sshd does not read"),
        pytest.param([ROOT], [DEPLOY], id="another account"),
    ],
)
def test_lines_that_are_in_nobodys_way(old, new):
    assert rotation.conflicts(Seen(old=tuple(old), new=tuple(new))) == ""


def test_where_the_new_key_is_missing():
    spare = Spot("eve", "/home/eve/.ssh/authorized_keys", "", False)
    assert rotation.explain_missing(Seen(old=(ROOT, DEPLOY, spare), new=(ROOT, DEPLOY))) == ""
    assert rotation.explain_missing(Seen(new=(ROOT,))) == ""
    text = "the new key is not in a key file of deploy, root with the options of the old one"
    assert rotation.explain_missing(Seen(old=(ROOT, DEPLOY), new=(DEPLOY._replace(options=""), ROOT._replace(read=False)))) == text


def test_only_so_many_places_are_read():
    seen = rotation.read_seen({"places": [place(f"user{number}") for number in range(501)]}, OLD, NEW)
    assert len(seen.old) == 500
    assert seen.unsearched == ("only the first 500 places of the keys were read",)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"rotation": {"since": "9999-12-31T23:59:59Z"}}, id="the end of time"),
        pytest.param({"rotation": {"since": "2026-05-01T12:00:01Z"}}, id="a time to come"),
        pytest.param({"rotation": {"since": "yesterday"}}, id="no time"),
        pytest.param({"rotation": ["since"]}, id="a list"),
        pytest.param({}, id="nothing"),
    ],
)
def test_a_host_cannot_put_off_the_end_of_the_overlap(answer):
    with pytest.raises(ValueError, match="answered no valid time since when both keys work"):
        rotation.read_beginning(answer, NOW)


def test_the_beginning_that_a_host_has_written_down():
    assert rotation.read_beginning({"rotation": {"since": "2026-05-01T12:00:00Z"}}, NOW) == "2026-05-01T12:00:00Z"


def test_whom_the_team_file_gives_the_old_key():
    users = [
        {"name": "anna", "authorized_keys": [NEW_LINE, {"key": OLD_LINE, "options": "restrict"}]},
        {"name": "ben", "authorized_keys": [{"key": OLD_LINE, "state": "absent"}]},
        {"name": "carl", "authorized_keys": [OLD_LINE], "state": "absent"},
        {"name": "dora"},
        {"name": "emil", "authorized_keys": [NEW_LINE]},
    ]
    assert rotation.team_holders(users, OLD) == ["anna"]


def test_who_is_proven():
    found = {
        "root": answers(accepted={OLD, NEW}, opened=NEW),
        "far": answers(refused={OLD, NEW}),
        "left": answers(accepted={OLD}),
        "mute": answers(),
        "expired": answers(accepted={OLD, NEW}),
        "agent": answers(accepted={OLD, NEW}, opened=OLD),
        "revoked": answers(accepted={OLD}, refused={NEW}),
    }
    logins = rotation.judge_logins(found, OLD, NEW)
    assert logins == rotation.Logins(["root"], ["left", "mute", "agent", "revoked"], ["far", "expired"], ["revoked"])
    text = "the new key opens no login from here for left, mute, agent, revoked; sshd refuses it for revoked (RevokedKeys, or PubkeyAcceptedAlgorithms?)"
    assert rotation.explain_logins(logins) == text
    assert rotation.explain_logins(rotation.Logins(["root"], [], ["far"], [])) == ""
    assert "no login" in rotation.explain_logins(rotation.Logins([], [], ["far"], []))


@pytest.mark.parametrize(
    ("found", "refused"),
    [
        pytest.param({"a": answers(refused={OLD}, opened=NEW)}, "yes", id="refused, with its control"),
        pytest.param({"a": answers(refused={OLD})}, "unknown", id="no control"),
        pytest.param({"a": answers(opened=NEW)}, "unknown", id="not offered"),
        pytest.param({"a": answers(accepted={OLD, NEW}, opened=NEW)}, "no", id="accepted"),
        pytest.param({"a": answers(refused={OLD}, opened=NEW), "b": answers(accepted={OLD})}, "no", id="accepted for one"),
        pytest.param({"a": answers(refused={OLD}, opened=NEW), "b": answers()}, "unknown", id="no connection for one"),
        pytest.param({"a": answers(refused={OLD}, opened=NEW), "b": answers(refused={OLD, NEW})}, "yes", id="one that neither key opens from here"),
        pytest.param({}, "unknown", id="nothing tried"),
    ],
)
def test_whether_the_old_key_is_refused(found, refused):
    assert rotation.judge_refusal(found, OLD, NEW) == refused


@pytest.mark.parametrize(
    ("waiting", "since", "overlap", "removes", "why"),
    [
        pytest.param(["web-6"], ["2026-04-01T00:00:00Z"], 0, False, "web-6 is not proven", id="one is not proven"),
        pytest.param(["a", "b"], [], 0, False, "a, b are not proven", id="two are not"),
        pytest.param([], ["2026-04-30T11:00:00Z", "2026-05-01T11:00:00Z"], 86400, False, "from 2026-05-02T11:00:00Z on", id="the last one counts"),
        pytest.param([], ["2026-04-30T11:59:59Z"], 86400, True, "", id="over"),
        pytest.param([], ["2026-05-01T12:00:00Z"], 0, True, "", id="no overlap"),
        pytest.param([], [], 86400, True, "", id="nobody has the old key"),
    ],
)
def test_when_the_old_key_may_go(waiting, since, overlap, removes, why):
    decision = rotation.decide(waiting, since, overlap, NOW)
    assert decision.remove is removes
    assert why in decision.why


def test_what_keeps_a_pair():
    assert rotation.keeps_pair([], []) == ""
    assert rotation.keeps_pair(["i-1"], ["lt-1 web"]) == "it is bound to i-1 and it is named by the launch template lt-1 web"
    assert rotation.keeps_pair([f"i-{n}" for n in range(7)], []).endswith("i-4 and 2 more")

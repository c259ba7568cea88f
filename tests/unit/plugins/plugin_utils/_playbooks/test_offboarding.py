# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a key is, what is taken from one host, and what proves a refusal."""

from __future__ import annotations

import base64
import struct

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted import parse_wanted
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.facts import Account, Facts, Method, PrivateKey
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks import offboarding
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._playbooks.offboarding import Leaver, plan_taking, read_seen
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._ssh.offer import Answers


def key(number):
    blob = b"".join(struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", bytes([number] * 32)))
    return "ssh-ed25519 " + base64.b64encode(blob).decode()


def print_of(line):
    return parse_public_key(line).fingerprint_sha256


HIS, EXTRA, ROBOT, SHARED = map(key, range(1, 5))
LEAVER = Leaver(
    "paul", ("paul", "pdupont"), {print_of(HIS): HIS, print_of(SHARED): SHARED}, {print_of(ROBOT): ("robot",), print_of(SHARED): ("anna",)}
)  # fmt: skip
SEEN_NOTHING = Facts(seen=True)


def place(user, line, **more):
    return {"user": user, "path": f"/home/{user}/.ssh/authorized_keys", "options": "", "public_key": line, "read": True, "shared": False, **more}


def seen(*places, users=("paul",), local=True, **more):
    return read_seen({"places": list(places), "users": [{"name": name, "uid": 1, "local": local} for name in users], **more}, LEAVER.accounts)


def answers(accepted=(), refused=(), opened=""):
    return Answers(frozenset(accepted), frozenset(refused), opened)


def test_certain_keys_leave_every_account_and_presumed_ones_the_own():
    taking = plan_taking(LEAVER, seen(place("paul", HIS), place("paul", EXTRA), place("paul", ROBOT), place("deploy", HIS)), SEEN_NOTHING)
    assert taking.options["revoked_keys"] == [HIS]
    paul, other = taking.options["users"]
    assert paul == {
        "name": "paul",
        "state": "locked",
        "sudo": "none",
        "end_sessions": True,
        "remains": "remove",
        "authorized_keys": [{"key": EXTRA, "state": "absent"}],
    }
    assert other == {"name": "pdupont", "state": "absent", "remains": "remove", "remove_home": False}
    assert (taking.accounts, taking.opened) == (["paul"], ["deploy", "paul"])
    assert taking.notes == [f"the key {print_of(ROBOT)} in the account paul is kept: it is also that of robot"]
    assert taking.remaining == []
    parse_wanted(taking.options)


def test_a_certain_key_that_is_also_anothers_is_never_taken_and_the_host_fails():
    taking = plan_taking(LEAVER, seen(place("anna", SHARED)), SEEN_NOTHING)
    assert SHARED not in taking.options["revoked_keys"]
    assert taking.remaining == [f"the key {print_of(SHARED)} still opens the account anna, because it is also that of anna; rotate it"]
    assert plan_taking(LEAVER, seen(place("paul", SHARED)), SEEN_NOTHING).remaining == []


def test_what_the_record_has_is_certain_on_that_host():
    facts = Facts(seen=True, accounts=(Account("paul", given_keys=(print_of(EXTRA), print_of(ROBOT))), Account("anna", given_keys=(print_of(key(9)),))))
    taking = plan_taking(LEAVER, seen(place("paul", EXTRA)), facts)
    assert taking.options["revoked_keys"] == [EXTRA, HIS]
    assert taking.options["users"][0]["authorized_keys"] == []


def test_a_presumed_key_elsewhere_is_listed():
    facts = Facts(seen=True, methods=(Method("deploy", "key", "x", print_of(EXTRA)), Method("paul", "key", "x", print_of(EXTRA))))
    (note,) = plan_taking(LEAVER, seen(place("paul", EXTRA)), facts).notes
    assert note == f"the key {print_of(EXTRA)}, which is only presumed to be paul's, stays in the account deploy; give it in ecs_access_keys to take it"


def test_a_presumed_key_in_a_file_of_several_accounts_stays():
    """ssh_access would refuse the whole host for it."""
    taking = plan_taking(LEAVER, seen(place("paul", EXTRA, shared=True)), SEEN_NOTHING)
    assert taking.options["users"][0]["authorized_keys"] == []
    assert "which sshd reads for other accounts too" in taking.notes[0]


def test_private_keys_that_stay_are_named():
    facts = Facts(seen=True, private_keys=(
        PrivateKey("/home/paul/.ssh/id", "paul", print_of(HIS)), PrivateKey("/home/paul/.ssh/old", "paul", None), PrivateKey("/root/id", None, print_of(HIS)),
        PrivateKey("/home/anna/.ssh/id", "anna", print_of(ROBOT)),
    ))  # fmt: skip
    assert [note.split(" (")[0] for note in plan_taking(LEAVER, seen(), facts).notes] == ["the private key /home/paul/.ssh/old", "the private key /root/id"]


def test_private_keys_that_go_with_the_home_do_not_stay():
    facts = Facts(seen=True, private_keys=(PrivateKey("/home/paul/.ssh/old", "paul", None), PrivateKey("/root/id", None, print_of(HIS))))
    leaver = LEAVER._replace(remove="home")
    for found in (seen(), seen(users=())):
        assert [note.split(" (")[0] for note in plan_taking(leaver, found, facts).notes] == ["the private key /root/id"]
    assert len(plan_taking(leaver, seen(local=False), facts).notes) == 3


def test_an_account_of_a_directory_loses_keys_and_sudo():
    taking = plan_taking(LEAVER, seen(place("paul", EXTRA), local=False), SEEN_NOTHING)
    paul = {"name": "paul", "account": "existing", "sudo": "none", "remains": "remove", "authorized_keys": [{"key": EXTRA, "state": "absent"}]}
    assert taking.options["users"][0] == paul
    assert taking.notes == ["the account paul is not in /etc/passwd; lock it where it is defined"]
    parse_wanted(taking.options)


@pytest.mark.parametrize(("remove", "home"), [("account", False), ("home", True)])
def test_accounts_go_if_asked(remove, home):
    taking = plan_taking(LEAVER._replace(remove=remove), seen(), SEEN_NOTHING)
    assert taking.options["users"][0] == {"name": "paul", "state": "absent", "remains": "remove", "remove_home": home}


def test_a_key_of_which_only_the_fingerprint_is_known():
    leaver = Leaver("", (), {print_of(HIS): ""}, {})
    taking = plan_taking(leaver, seen(place("root", HIS)), SEEN_NOTHING)
    assert (taking.options["revoked_keys"], taking.keys) == ([HIS], {print_of(HIS): HIS})
    assert plan_taking(leaver, seen(), SEEN_NOTHING).options["revoked_keys"] == [print_of(HIS)]


@pytest.mark.parametrize("odd", [None, [], {"user": "a b"}, place("../x", HIS), place("paul", "nonsense"), place("paul", HIS, options=3)])
def test_an_odd_answer_of_a_host_is_reported(odd):
    found = seen(odd, unsearched=["x" * 9999])
    assert found.spots == ()
    assert found.unsearched == ("x" * 300, "1 key lines have names or options that are not taken over")
    assert read_seen({"places": 3, "users": [3, {"name": "root", "local": True}]}, LEAVER.accounts) == ((), {}, ())


def test_the_id_of_a_plan():
    def made(leaver=LEAVER, **hosts):
        return offboarding.plan_id(leaver, {"web-1": {"actions": ["x"]}, **hosts})

    assert made() == offboarding.plan_id(LEAVER, {"web-1": {"actions": ["x"]}})
    others = [made(LEAVER._replace(keys={})), made(LEAVER._replace(remove="home")), made(web_2=None), made(web_2={"actions": []})]
    assert len({made(), *others}) == 5


ONE, TWO, OWN = "SHA256:one", "SHA256:two", "SHA256:own"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"root": answers(refused=[ONE, TWO], accepted=[OWN], opened=OWN)}, ("yes", [])),
        ({"root": answers(refused=[ONE], accepted=[OWN], opened=OWN)}, ("unknown", ["root"])),
        ({"root": answers(refused=[ONE, TWO])}, ("unknown", ["root"])),
        ({"root": answers(refused=[ONE, TWO], opened=OWN), "deploy": answers(refused=[ONE, TWO])}, ("unknown", ["deploy"])),
        ({"root": answers(refused=[ONE, TWO], opened=OWN), "deploy": answers(refused=[TWO], accepted=[ONE], opened=ONE)}, ("no", ["deploy"])),
        ({"root": answers(refused=[ONE, TWO], opened=OWN), "paul": answers(refused=[ONE, TWO])}, ("yes", [])),
        ({"root": answers(refused=[ONE, TWO], opened=OWN), "paul": answers()}, ("unknown", ["paul"])),
        ({"paul": answers(refused=[ONE, TWO])}, ("unknown", [])),
        ({"paul": answers(accepted=[ONE])}, ("no", ["paul"])),
        ({}, ("unknown", [])),
    ],
)
def test_a_refusal_needs_its_control(found, expected):
    assert offboarding.judge_refusal(found, [ONE, TWO], ["paul"]) == expected


def test_without_a_key_nothing_is_proven():
    assert offboarding.judge_refusal({"root": answers(opened=OWN)}, [], ["paul"]) == ("unknown", [])


def test_equal_lines_are_shown_once():
    hosts = {f"web-{number}": ["lock user paul", "lock user paul"] for number in range(7)}
    assert offboarding.group_by_text(hosts) == ["web-0, web-1, web-2, web-3, web-4 and 2 more: lock user paul"]
    assert offboarding.group_by_text({"a": ["x", "y", "z"]}, 2) == ["a: x", "a: y", "and 1 more, which the report has"]


def test_what_an_earlier_run_left_pending():
    entry = {"host": "web-3", "instance_id": "i-3", "region": "r", "why": "Stopped"}
    report = {"playbook": "offboard", "person": "paul", "pending": [entry, {"host": 3}, "x", {**entry, "instance_id": "i-1", "more": 1}]}
    assert offboarding.carried(report, "paul", ["i-1"]) == [entry]
    assert offboarding.carried(report, "anna", []) == []
    assert offboarding.carried({**report, "playbook": "audit"}, "paul", []) == []
    assert offboarding.carried({**report, "pending": "x"}, "paul", []) == []
    assert offboarding.carried(None, "paul", []) == []


def test_any_number_of_places_takes_no_longer_than_there_can_be():
    found = seen(*[place("paul", HIS)] * 501)
    assert (len(found.spots), found.unsearched) == (500, ("only the first 500 places of the keys were read",))

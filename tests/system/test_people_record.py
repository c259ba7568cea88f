# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A team file that shrinks takes access back on real systems; a wrong one, and a record that cannot be used, take nothing."""

from __future__ import annotations

import json

import pytest

MODULE = "alicloud.ecs_access.ssh_access"
RECORD = "/var/lib/alicloud-ecs-access/people.json"


@pytest.fixture
def access(ansible, instance):
    """access("owner", users, ...): the module's result."""

    def run(owner, users, check=False, **options):
        result = ansible(instance, MODULE, {"owner": owner, "users": users, **options}, check=check, diff=True, options=["-vvv"])
        assert "Traceback" not in json.dumps(result)
        return result

    return run


@pytest.fixture
def login(ssh, instance):
    """login(user, key): who the session belongs to, None when sshd refuses."""

    def run(user, key, command="id -un"):
        done = ssh(instance, user, key, command)
        return None if done.returncode == 255 else done.stdout.strip()

    return run


@pytest.fixture
def own_record(instance):
    """An empty place for the record; that of other tests comes back."""
    instance.exec(f"mv {RECORD} {RECORD}.before 2>/dev/null; true")
    yield lambda: json.loads(instance.exec(f"cat {RECORD}"))
    instance.exec(f"rm -f {RECORD} {RECORD}.set-aside; mv {RECORD}.before {RECORD} 2>/dev/null; true")


def test_seven_ways_to_shrink_a_file_and_another_owner_who_keeps_his(instance, access, login, make_key, new_name, own_record):
    ann, bob, eve, dan, cat, joe = (new_name(name) for name in ("ann", "bob", "eve", "dan", "cat", "joe"))
    group = new_name("team")
    keys = {name: make_key(name) for name in (ann, bob, eve, dan, cat, joe, "spare", "shared")}
    stranger = make_key("stranger")

    def person(name, *more, **options):
        return {"name": name, "authorized_keys": [keys[name].public, *(keys[key].public for key in more)], **options}

    full = [
        person(ann, "spare", "shared", sudo="nopasswd", groups=[group], expires="2030-01-01"),
        person(bob, sudo="nopasswd"),
        person(eve, sudo="nopasswd"),
        person(dan, groups=[group]),
        person(cat, sudo="nopasswd"),
        person(joe, sudo="nopasswd"),
    ]
    first = access("one", full, groups=[{"name": group}])
    assert first["record"]["state"] == "missing"
    access("two", [{"name": ann, "authorized_keys": [keys["shared"].public]}, {"name": cat, "authorized_keys": [keys[cat].public]}])
    assert instance.exec(f"stat -c '%a %U' {RECORD} $(dirname {RECORD})").splitlines() == ["600 root", "700 root"]
    assert set(own_record()["owners"]) == {"one", "two"}
    instance.exec(f"echo '{stranger.public}' >> /home/{ann}/.ssh/authorized_keys")
    assert access("one", full, groups=[{"name": group}])["changed"] is False

    # A key, a right, a membership and an end are dropped from an entry.
    smaller = [{"name": ann, "authorized_keys": [keys[ann].public]}, *full[1:]]
    planned = access("one", smaller, check=True)
    done = access("one", smaller)
    assert done["actions"] == planned["actions"] != []
    assert [login(ann, keys[key]) for key in (ann, "spare", "shared")] == [ann, None, ann]
    assert login(ann, stranger) == ann, "what was never given is not taken"
    assert login(ann, keys[ann], "sudo -n id -u 2>&1") != "0"
    assert group not in login(ann, keys[ann], "id -Gn").split()
    assert instance.exec(f"chage -l {ann} | sed -n 's/^Account expires.*: //p'").strip() == "never"

    # People are dropped: reported, locked, removed.
    reported = access("one", [entry for entry in smaller if entry["name"] != bob])
    assert (login(bob, keys[bob]), instance.exec(f"id -un {bob}").strip()) == (None, bob)
    assert "no longer listed" in " ".join(reported["record"]["notes"])
    assert instance.exec(f"ls /etc/sudoers.d | grep -c {bob}; true").strip() == "0"
    rest = [entry for entry in smaller if entry["name"] not in (bob, eve, dan)]
    access("one", [*rest, full[3]], unlisted="lock")
    assert login(eve, keys[eve]) is None
    assert instance.exec(f"chage -l {eve} | sed -n 's/^Account expires.*: //p'").strip() == "Jan 02, 1970"
    removed = access("one", rest, unlisted="remove")
    assert instance.exec(f"id {dan} {eve} {bob} 2>/dev/null; true").strip() == ""
    assert access("one", rest, unlisted="remove")["changed"] is False, removed

    # The other owner lists her too: the account and his keys stay, rights of the first go.
    access("one", [rest[0], full[-1]], unlisted="remove")
    assert (login(cat, keys[cat]), login(cat, keys[cat], "sudo -n id -u 2>&1") == "0") == (cat, False)
    assert set(own_record()["owners"]["one"]) == {ann, joe}
    instance.exec(f"userdel -rf {ann}; userdel -rf {cat}; userdel -rf {joe}; rm -rf /home/{bob} /home/{eve} /home/{dan}; groupdel {group}; true")


@pytest.mark.one_image
def test_a_wrong_file_changes_nothing(instance, access, login, make_key, new_name, own_record):
    names = [new_name(f"p{number}") for number in range(5)]
    keys = {name: make_key(name) for name in names}
    users = [{"name": name, "authorized_keys": [keys[name].public], "sudo": "nopasswd" if name == names[0] else "none"} for name in names]
    access("one", users)
    before = own_record()
    refused = {
        "the team file is empty": access("one", []),
        "4 people would lose their account or their last key": access("one", users[:1], unlisted="remove"),
        "nobody who has it would be left": access("one", users[1:]),
    }
    for sentence, result in refused.items():
        assert result["msg"].startswith("nothing was changed: "), result
        assert sentence in result["msg"]
    assert own_record() == before
    assert [login(name, keys[name]) for name in names] == names
    assert access("one", [], allow_no_users=True)["msg"].startswith("nothing was changed: 5 people")
    assert access("one", users[:1], unlisted_max=4)["changed"] is True
    assert [login(name, keys[name]) for name in names] == [names[0], None, None, None, None]
    instance.exec("; ".join(f"userdel -rf {name}" for name in names) + "; true")


RECORDS = {
    "damaged": 'echo \'{"format": 1, "owners": {"one"\' > {}',
    "nested": "python3 -c \"print('['*100000)\" > {}",
    "large": "head -c 2000000 /dev/zero > {}",
    "writable": "chmod 666 {}",
    "linked": "ln {} {}.link",
    "symlink": "mv {} {}.link; ln -s {}.link {}",
    "future": 'sed -i \'s/"format": 1/"format": 2/\' {}',
    "copied": 'sed -i \'s/"instance": "i-one"/"instance": "i-two"/\' {}',
    "missing": "rm {}",
}
IN_MAKE_TEST = ("damaged", "symlink", "missing")


@pytest.mark.one_image
@pytest.mark.parametrize("kind", [pytest.param(kind, marks=[] if kind in IN_MAKE_TEST else pytest.mark.long) for kind in RECORDS])
def test_a_record_that_cannot_be_used_removes_nothing(instance, access, login, make_key, new_name, own_record, kind):
    ann, bob = new_name("ann"), new_name("bob")
    keys = {name: make_key(name) for name in (ann, bob)}
    users = [{"name": name, "authorized_keys": [keys[name].public], "sudo": "nopasswd"} for name in (ann, bob)]
    access("one", users, instance_id="i-one")
    instance.exec(RECORDS[kind].replace("{}", RECORD))
    result = access("one", users[:1], unlisted="remove", instance_id="i-one")
    assert [login(name, keys[name]) for name in (ann, bob)] == [ann, bob]
    state = {"future": "future", "copied": "foreign", "missing": "missing"}.get(kind, "damaged")
    assert result["record"]["state"] == state
    assert (state == "missing") or f"the record {RECORD} " in " ".join(result["record"]["notes"])
    if kind == "future":
        assert own_record()["format"] == 2, "a newer version's record is left to it"
    else:
        assert set(own_record()["owners"]["one"]) == {ann}
        assert instance.exec(f"stat -c '%a %U %F %h' {RECORD}").strip() == "600 root regular file 1"
    instance.exec(f"userdel -rf {ann}; userdel -rf {bob}; rm -f {RECORD}.link; true")


def test_another_account_of_the_same_name_is_not_touched(instance, access, login, make_key, new_name, own_record):
    ann, bob = new_name("ann"), new_name("bob")
    keys = {name: make_key(name) for name in (ann, bob)}
    users = [{"name": name, "authorized_keys": [keys[name].public], "sudo": "nopasswd"} for name in (ann, bob)]
    access("one", users)
    instance.exec(f"usermod -u 54321 {bob}; chown -R {bob} /home/{bob}")
    result = access("one", users[:1], unlisted="remove")
    assert "it is another account" in " ".join(result["record"]["notes"])
    assert login(bob, keys[bob]) == bob
    instance.exec(f"userdel -rf {ann}; userdel -rf {bob}; true")

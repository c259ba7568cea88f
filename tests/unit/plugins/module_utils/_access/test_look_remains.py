# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of users who are gone, in folders that stand in for those of a host."""

import os
import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access import look_remains
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.look_remains import Gone, find_processes_and_keys, find_remains
from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.remains import describe_remain
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import Revoked
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.accounts import Account
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.sudoers import parse_rules

ME = os.getuid()


@pytest.fixture
def host(tmp_path, monkeypatch):
    """host(name, text): a file; all folders that are looked at lie beside it."""
    for constant in ("_CRONTABS", "_CRON_FILES", "_AT_JOBS", "_UNITS", "_FILES"):
        monkeypatch.setattr(look_remains, constant, (str(tmp_path / constant),))
    for constant in ("_CRON_FOLDER", "_LINGER"):
        monkeypatch.setattr(look_remains, constant, str(tmp_path / constant))

    def put(name, text=""):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    return put


def told(users, rules):
    return [describe_remain(remain) for remain in find_remains(users, rules)]


def test_nothing_is_left(host):
    host("_CRON_FOLDER/x", "# * * * * * ann x\n* * * * * bob ann\nMAILTO=ann\n")
    host("_UNITS/x.service", "[Service]\nUser=bob\n")
    rules = parse_rules("/etc/sudoers", "ALL ALL=(ALL) ALL\nbob ALL=(ann) ALL\n%ann ALL=ALL\n")
    assert told([Gone("ann", 4294967000, "/home/ann")], rules) == []
    assert told([], rules) == []


def test_all_of_it_is_named(host):
    crontab, table, at = host("_CRONTABS/ann"), host("_CRON_FOLDER/x", "* * * * * ann x\n@reboot ann y\n"), host("_AT_JOBS/a0001")
    unit, drop_in = host("_UNITS/x.service", "[Service]\nUser = ann\n"), host("_UNITS/y.service.d/z.conf", f"User={ME}\n")
    host("_LINGER/ann")
    files = host("_FILES/deep/file")
    host("_FILES/home/inside")
    home = os.path.join(os.path.dirname(os.path.dirname(files)), "home")
    rules = parse_rules("/etc/sudoers", f"ann ALL=(ALL) ALL\nUser_Alias X = bob, ann\n#{ME} ALL=ALL\n")
    found = told([Gone("ann", ME, home)], rules)
    assert found == [
        "/etc/sudoers:1 names user ann: ann ALL=(ALL) ALL",
        "/etc/sudoers:2 names user ann: User_Alias X = bob, ann",
        f"/etc/sudoers:3 names user ann: #{ME} ALL=ALL",
        f"user ann still has the crontab {crontab}",
        f"{table}:1 runs a command as user ann",
        f"{table}:2 runs a command as user ann",
        f"user ann still has the at job {at}",
        "services of user ann start at boot (loginctl disable-linger ann)",
        f"{unit} runs as user ann",
        f"{drop_in} runs as user ann",
        f"2 files still belong to user ann (uid {ME}), such as {os.path.dirname(files)}, {files}",
    ]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param(r"\ann ALL=ALL", True, id="backslash"),
        pytest.param(r"a\nn ALL=ALL", True, id="backslash within"),
        pytest.param('"ANN" ALL=ALL', True, id="quotes"),
        pytest.param("%Ops ALL=ALL", True, id="group"),
        pytest.param("%#7 ALL=ALL", True, id="number of a group"),
        pytest.param("User_Alias X = bob, %ops", True, id="group in a list"),
        pytest.param("%opsx ALL=ALL", False, id="other group"),
        pytest.param("annx, +ann ALL=ALL", False, id="other names"),
    ],
)
def test_rules_are_found_however_they_name_the_user(host, text, named):
    user = Gone("ann", 4294967000, "/home/ann", removed=False, groups=("%ops", "%#7"))
    assert bool(find_remains([user], parse_rules("/etc/sudoers", text + "\n"))) is named


def test_files_of_who_is_only_locked_are_not_searched_for(host):
    """The number stays taken; what acts in the name of the account is named all the same."""
    host("_FILES/deep/file")
    crontab = host("_CRONTABS/ann")
    assert told([Gone("ann", ME, "/home/ann", removed=False)], []) == [f"user ann still has the crontab {crontab}"]


def test_nobody_is_waited_for(host, tmp_path):
    """A folder that is a pipe by the time it is opened."""
    os.mkfifo(tmp_path / "_FILES")
    assert told([Gone("ann", ME, "/home/ann")], []) == []


def test_what_could_not_be_searched_is_said(host, monkeypatch):
    host("_FILES/a/b/c/file")
    monkeypatch.setattr(look_remains, "_DEEPEST", 1)
    (line,) = told([Gone("ann", 4294967000, "/home/ann")], [])
    assert line == "not all folders could be searched for files of ann; find -uid finds the rest"


def test_private_keys_of_revoked_ones_are_found_in_the_home_and_links_are_not_followed(tmp_path):
    folder = tmp_path / "ann" / ".ssh"
    folder.mkdir(parents=True)
    for name in ("gone", "kept"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True, stdin=subprocess.DEVNULL)
    os.symlink(folder / "gone", folder / "link")
    os.mkfifo(folder / "pipe")
    key = parse_public_key((folder / "gone.pub").read_text())
    account = Account("ann", ME, os.getgid(), "", str(tmp_path / "ann"), "/bin/sh")
    found = find_processes_and_keys(account, ("twin",), Revoked(frozenset({key.blob})))
    assert [(remain.kind, remain.path, remain.text) for remain in found] == [("private_key", str(folder / "gone"), key.fingerprint_sha256)]
    assert find_processes_and_keys(account._replace(home=str(tmp_path / "none")), ("twin",), Revoked(frozenset({key.blob}))) == []


def test_processes_are_found_unless_another_account_has_the_number(monkeypatch):
    account = Account("ann", 4242, 4242, "", "/nonexistent", "/bin/sh")
    assert find_processes_and_keys(account, (), Revoked()) == []
    monkeypatch.setattr(look_remains, "find_processes", lambda uid: [1, 2])
    monkeypatch.setattr(look_remains, "find_strays", lambda uid: {2: True, 3: True})
    (found,) = find_processes_and_keys(account, (), Revoked())
    assert (found.kind, found.number) == ("processes", 3)
    assert find_processes_and_keys(account, ("twin",), Revoked()) == []


@pytest.mark.parametrize(("line", "sole"), [("ann ALL=ALL", True), ("ann, bob ALL=ALL", False), ("User_Alias X = ann", False)])
def test_a_rule_of_sudo_goes_only_if_it_is_about_one_alone(host, monkeypatch, line, sole):
    monkeypatch.setattr(look_remains, "is_roots", lambda path: True)
    assert [remain.removable for remain in find_remains([Gone("ann", 7, "/home/ann")], parse_rules("/etc/sudoers", line + "\n"))] == [sole]


def test_a_rule_in_a_file_that_others_can_change_stays(host, monkeypatch):
    monkeypatch.setattr(look_remains, "is_roots", lambda path: False)
    assert [remain.removable for remain in find_remains([Gone("ann", 7, "/home/ann")], parse_rules("/srv/x", "ann ALL=ALL\n"))] == [False]

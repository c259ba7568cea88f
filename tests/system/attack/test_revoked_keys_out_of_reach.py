# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A revoked key that stays somewhere opens nothing any more, or the task fails and names who has it."""

from __future__ import annotations

import subprocess

import pytest
from lab.leavers import add_accounts, apply, opened, set_immutable, without_logind

# What those who stay do to keep a key, in their folder .ssh; sshd goes on reading all of it.
HIDDEN = {
    "m-honest": "true",
    "m-closed": "chmod 400 authorized_keys; chmod 500 . ..",
    "m-searched": "chmod 100 . ..",
    "m-linked": "cd; mv .ssh elsewhere; ln -s elsewhere .ssh",
    "m-link": "mv authorized_keys ../keys; ln -s ../keys authorized_keys",
    "m-twin": "ln authorized_keys twin",
    "m-huge": "head -c 5000000 /dev/zero | tr '\\0' '\\n' > huge; cat authorized_keys >> huge; cat huge > authorized_keys",
    "m-hugelink": "head -c 5000000 /dev/zero | tr '\\0' '\\n' > huge; cat authorized_keys >> huge; ln -sf huge authorized_keys",
    "m-roots": "ln -sf /etc/team_keys authorized_keys",
    "m-fixed": "true",
}
FIXED = "/home/m-fixed/.ssh/authorized_keys"


def test_what_an_account_does_to_its_files(attacked, make_key):
    """One key is revoked by its line, one by its fingerprint."""
    instance, keys, kept = attacked.instance, [make_key("line"), make_key("fingerprint")], make_key("kept")
    without_logind(instance)
    names = list(HIDDEN)
    mine = {name: keys[number % 2] for number, name in enumerate(names)}
    instance.put("/etc/team_keys", "".join(f"{key.public}\n" for key in (*keys, kept)))
    for name, command in HIDDEN.items():
        add_accounts(instance, [name], mine[name], kept)
        instance.exec(f"cd ~/.ssh; {command}", user=name)
    before = instance.exec("sha256sum /etc/team_keys")

    def open_to_theirs():
        return {name for key in keys for name in opened(attacked, [name for name in names if mine[name] is key], key)}

    assert open_to_theirs() == set(names)
    fingerprint = subprocess.run(["ssh-keygen", "-lf", f"{keys[1].path}.pub"], capture_output=True, text=True, check=True).stdout.split()[1]
    set_immutable(instance, True, FIXED)
    try:
        outcome = apply(attacked, revoked_keys=[keys[0].public, fingerprint])
    finally:
        set_immutable(instance, False, FIXED)
    assert {name for name in open_to_theirs() if not outcome.names(name)} == set()
    assert opened(attacked, ["m-honest", "m-closed"], kept) == {"m-honest", "m-closed"}
    assert instance.exec("sha256sum /etc/team_keys") == before


@pytest.mark.long
def test_how_its_line_is_written(attacked, make_key):
    """sshd takes a line up to the end of it, a number up to a blank, and blanks of most kinds within a key."""
    instance, revoked, kept = attacked.instance, make_key("revoked"), make_key("kept")
    without_logind(instance)
    kind, blob = (word.encode() for word in revoked.public.split()[:2])
    head, tail = blob[:20], blob[20:]
    lines = {
        "by-nul": kind + b" " + blob + b"\0more",
        "by-tab-v": kind + b" " + head + b"\x0b" + tail,
        "by-feed": kind + b" " + head + b"\x0c" + tail,
        "by-return": kind + b" " + head + b"\r" + tail + b"\r",
        "by-option": b'environment="A=\xe2\x80\xa8\xc2\x85\x0b\x1cB" ' + kind + b" " + blob,
        "by-latin": b'environment="A=\xfc" ' + kind + b" " + blob + b" \xfc",
        "by-comment": b"# here\xe2\x80\xa8and \x0c there\n" + kind + b" " + blob,
        "by-long": b'environment="A=' + b"x" * 20000 + b'" ' + kind + b" " + blob + b" " + b"y" * 100000,
        "by-number": b"2048 35 12345\n\t \t" + kind + b"\t\t" + blob,
    }
    add_accounts(instance, lines)
    for name, line in lines.items():
        instance.put(f"/home/{name}/.ssh/authorized_keys", line + b"\n" + kept.public.encode(), "0600", f"{name}:{name}")
    before = opened(attacked, lines, revoked)
    assert before >= {"by-nul", "by-option", "by-latin", "by-comment", "by-long", "by-number"}
    outcome = apply(attacked, revoked_keys=[revoked.public])
    assert {name for name in opened(attacked, before, revoked) if not outcome.names(name)} == set()
    assert opened(attacked, ["by-comment", "by-long"], kept) == {"by-comment", "by-long"}

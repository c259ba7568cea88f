# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No line of passwd, shadow or group hides an account from a task that takes its access away."""

from __future__ import annotations

import pytest
from lab.leavers import add_accounts, apply, apply_each, known, opened, without_logind

PASSWORD = "only-for-these-containers"
# What somebody may take for the end of a line; glibc takes \n alone.
SEPARATORS = {
    "tab-v": b"\x0b", "feed": b"\x0c", "seps": b"\x1c\x1d\x1e", "return": b"\r", "latin": b"\xfc\x85", "paragraph": b"\xe2\x80\xa9",
}  # fmt: skip
# Lines that are no account to glibc, with all of that in them.
NO_ACCOUNT = [b"", b"  ", b"# a comment \xfc \x0c \xe2\x80\xa8 \0:x:0:0:", b"+::::::", b"+@admins::::::", b"-evil::::::", b"+"]


def read_lines(instance, path):
    return instance.run(f"cat {path}").stdout.rstrip(b"\n").split(b"\n")


def write_lines(instance, path, lines):
    mode, owner = instance.exec(f"stat -c '%a %U:%G' {path}").split()
    instance.put(path, b"".join(line + b"\n" for line in lines), mode, owner)


def edit_lines(instance, path, changes):
    """Replace the line of each name by what changes[name](line) answers: lines, or one."""
    new = []
    for line in read_lines(instance, path):
        made = changes.get(line.split(b":")[0].decode(), lambda same: same)(line)
        new += made if isinstance(made, list) else [made]
    write_lines(instance, path, new)


def with_field(number, change):
    def edit(line):
        fields = line.split(b":")
        fields[number] = change(fields[number])
        return b":".join(fields)

    return edit


@pytest.fixture
def keys(make_key):
    return make_key("revoked"), make_key("kept")


def test_separators_in_full_names_hide_nobody(attacked, keys):
    """Two of them set it themselves, one to hide john; the files have lines of other kinds, too."""
    instance, (revoked, kept) = attacked.instance, keys
    names = ["mallory", "eve", "john", *SEPARATORS]
    without_logind(instance)
    add_accounts(instance, names, revoked, kept)
    for name, text in (("mallory", "a\u2028b"), ("eve", "a\u0085john")):
        instance.exec(f"echo {name}:{PASSWORD} | chpasswd")
        instance.exec(f"echo {PASSWORD} | chfn -r '{text}' {name}", user=name)
    edit_lines(instance, "/etc/passwd", {name: with_field(4, lambda _old, text=text: b"a" + text + b"b") for name, text in SEPARATORS.items()})
    for path in ("/etc/passwd", "/etc/shadow", "/etc/group"):
        first, *rest = read_lines(instance, path)
        write_lines(instance, path, [*NO_ACCOUNT, first, *rest])
    # One group, whose password looks like the name of another one's line.
    admins = instance.exec("getent group sudo || getent group wheel").split(":")
    instance.exec(f"useradd -m -G {admins[0]} mary")
    write_lines(instance, "/etc/group", [*read_lines(instance, "/etc/group"), f"odd:\x0c{admins[0]}:4000:{admins[2]}:".encode()])
    assert admins[0] in instance.exec("id -Gn mary").split()
    assert b"\xe2\x80\xa8" in instance.run("getent passwd mallory").stdout
    assert b"\xc2\x85" in instance.run("getent passwd eve").stdout
    assert opened(attacked, names, revoked) == set(names)

    problems = {}
    outcome = apply(attacked, users=[{"name": "mary", "sudo": "none"}])
    problems["rights"] = {admins[0]} & set(instance.exec("id -Gn mary").split())
    outcome = apply(attacked, revoked_keys=[revoked.public])
    problems["revoked key opens"] = opened(attacked, names, revoked)
    problems["revocation"] = outcome.said if outcome.failed else ""
    assert opened(attacked, ["mallory", "return"], kept) == {"mallory", "return"}
    locked, gone = names[::2], names[1::2]
    outcome = apply(attacked, users=[{"name": name, "state": "locked"} for name in locked])
    problems["locked account opens"] = opened(attacked, locked, kept)
    problems["locking"] = outcome.said if outcome.failed else ""
    outcome = apply(attacked, users=[{"name": name, "state": "absent"} for name in gone])
    problems["absent account is there"] = known(instance, gone)
    problems["removal"] = outcome.said if outcome.failed else ""
    assert {name: found for name, found in problems.items() if found} == {}


@pytest.mark.long
def test_a_line_without_its_fields_is_named(attacked, keys):
    """glibc lets such accounts in with what it finds; one of them has its keys in /.ssh, having no home."""
    instance, (revoked, kept) = attacked.instance, keys
    names = ["m-short", "m-shorter", "m-broken"]
    without_logind(instance)
    add_accounts(instance, [*names, "john"], revoked, kept)
    instance.exec("mkdir -m 755 /.ssh && cat /home/m-short/.ssh/authorized_keys > /.ssh/authorized_keys")
    edit_lines(
        instance,
        "/etc/passwd",
        {
            "m-short": lambda line: line.rpartition(b":")[0],
            "m-shorter": lambda line: b":".join(line.split(b":")[:4]),
            "m-broken": with_field(4, lambda _old: b"a\0b"),
        },
    )
    assert opened(attacked, names, revoked) == set(names)
    number = {line.split(b":")[0].decode(): str(count) for count, line in enumerate(read_lines(instance, "/etc/passwd"), 1)}

    # The others are not kept from anything.
    outcome = apply(attacked, users=[{"name": "mary", "authorized_keys": [kept.public]}])
    assert (outcome.failed, opened(attacked, ["mary"], kept)) == (False, {"mary"}), outcome.said
    silent = {}
    for step, key, options in (
        ("revoked", revoked, {"revoked_keys": [revoked.public]}),
        ("locked", kept, {"users": [{"name": name, "state": "locked"} for name in names]}),
        ("absent", kept, {"users": [{"name": name, "state": "absent"} for name in [*names, "john"]]}),
    ):
        outcome = apply(attacked, **options)
        silent[step] = opened(attacked, [name for name in names if not (outcome.names(name) or outcome.names(f"line {number[name]}"))], key)
    if not outcome.failed:
        silent["honest"] = known(instance, ["john"])
    assert {step: who for step, who in silent.items() if who} == {}


@pytest.mark.long
def test_a_name_with_two_lines_is_its_first(attacked, keys, make_key):
    """The second line of some has the home and the number of eve, who stays; glibc passes over blanks in front of a name."""
    instance, (revoked, kept), hers = attacked.instance, keys, make_key("eve")
    names = ["m-second", "m-twice", "m-shadowed", "m-blank", "m-blank-shadow"]
    without_logind(instance)
    add_accounts(instance, [*names, "eve"], revoked, kept)
    instance.put("/home/eve/.ssh/authorized_keys", hers.public + "\n", "0600", "eve:eve")
    (eve,) = [line for line in read_lines(instance, "/etc/passwd") if line.startswith(b"eve:")]
    edit_lines(
        instance,
        "/etc/passwd",
        {
            "m-second": lambda line: [line, line.partition(b":")[0] + b":" + eve.partition(b":")[2]],
            "m-twice": lambda line: [line, line],
            "m-blank": lambda line: b" " + line,
        },
    )
    edit_lines(instance, "/etc/shadow", {"m-shadowed": lambda line: [line, line], "m-blank-shadow": lambda line: b"\t" + line})
    assert opened(attacked, names, revoked) == set(names)

    silent = {}
    outcome = apply(attacked, revoked_keys=[revoked.public])
    silent["revoked"] = {name for name in opened(attacked, names, revoked) if not outcome.names(name)}
    process = "pgrep -u eve sleep"
    instance.run("setsid sleep 7777 > /dev/null 2>&1 < /dev/null &", user="eve")
    assert instance.exec(process)
    for state in ("locked", "absent"):
        # One by one: a task that refuses one of them is not to excuse the others.
        outcomes = apply_each(attacked, *({"users": [{"name": name, "state": state}]} for name in names))
        silent[state] = opened(attacked, [name for name, outcome in zip(names, outcomes) if not outcome.names(name)], kept)
    assert {step: who for step, who in silent.items() if who} == {}
    assert opened(attacked, ["eve"], hers) == {"eve"}
    assert instance.exec(process)


@pytest.mark.long
def test_nothing_of_the_kind_is_written_by_us(attacked, make_key):
    key = make_key()
    texts = ["a\u2028b", "a\u0085b", "a\x0bb", "a\x1cb", "a\rb", "a\nb", "a\0b", "a:b"]
    fields = [{"comment": text} for text in texts] + [{"home": f"/home/{text}"} for text in texts[:2]]
    users = [{"name": f"new{number}", "authorized_keys": [key.public], **field} for number, field in enumerate(fields)]
    before = read_lines(attacked.instance, "/etc/passwd")
    apply_each(attacked, *({"users": [user]} for user in [*users, {"name": "plain", "comment": "Zo\u00eb \u738b, 1"}]))
    added = {line.split(b":")[0]: line.split(b":")[4] for line in read_lines(attacked.instance, "/etc/passwd") if line not in before}
    assert added == {b"plain": "Zo\u00eb \u738b, 1".encode()}

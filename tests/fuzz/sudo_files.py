# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users with sudo rights as a person might list them, and sudoers files as others write them."""

from __future__ import annotations

from random import Random
from typing import Any

ACCOUNTS = {"ops": ["ann", "bob"], "dev": ["bob", "cleo"]}
USERS = ("ann", "bob", "cleo")
# What means something to sudo's reader.
SIGNIFICANT = ' \t,:=\\#"!*?[]()^$%+@&;~-/.aZ0é'
NAMES = (
    "ann", "bob", "cleo", "ALL", "OPS", "Ann", "a.b", "a-b", "a$", "jörg", "1a", "_x", "Defaults", "User_Alias", "DOM\\ann", "ann@example.com", "a+b", "+ops",
    "%ops", "#1001", "a*", "a?", "a;b", "@include", "ann\\", "a^b", "a~b", "a&b", "a(b", "a\\,b", "a b",
)  # fmt: skip
COMMANDS = (
    "ALL", "/bin/ls", "/usr/bin/systemctl restart app.service", "/usr/bin/", '/bin/ls ""', "!/bin/su", "! /bin/su", "sudoedit /etc/hosts", "sudoedit",
    "SERVICES", "/bin/kill -9 [0-9]*", "/bin/ls -la /srv/*", "/usr/bin/tool --a\\=b\\,c", "/usr/bin/tool a\\:b", "/bin/l\\ s", "/bin/l?", "/bin/cat a\\\\b",
    "sha224:" + "0a" * 28 + " /bin/ls", "sha256:" + "0A" * 32 + " /bin/ls -l", "sha512:" + "A" * 86 + "== /bin/ls", "sha256:00 /bin/ls", "/bin/echo \\#1",
    "/bin/ls, /bin/id", "/bin/ls, NOPASSWD: ALL", "NOPASSWD: /bin/ls", "NOEXEC:/bin/ls", "(root) /bin/ls", "/bin/ls # ALL", "/bin/ls#", "ls", "list", "", "/",
    "//", "/bin/ls a=b", "ALL ALL", "ALL=ALL", "CWD=/ /bin/ls", "/bin/ls : ALL = ALL", "/bin/ls\\", "/bin/ls \\*", "/bin/ls \\a", "/*", "a ALL",
)  # fmt: skip
RUNAS = (
    "ALL", "ALL:ALL", "root", "www-data", "www:www", ":www", "#1000", "%ops", "%#27", "a,b:c,d", " a , b : c ", "root:#0", "DBA", "", ":", ",", "a b", "a:%b",
    "-a", "a.b", "1a", "#", "%", "#-1", "a:b:c", "!root", "ALL, !root", "a)", "\\a", '"a"', "+ng", "#99999999999",
)  # fmt: skip
HOSTS = ("ALL", "ALL", "ALL", "web1", "192.0.2.0/24", "ALL, !web1")
WHO = (
    "ann", "bob", "cleo", "root", "ALL", "%ops", "%dev", "%nosuch", '"ann"', '"ALL"', '"%ops"', '%"ops"', "#{ann}", "%#{ops}", "+netgroup", "!ann", "!%ops",
    "! bob", "!!ann", "ADMINS", "!ADMINS", "OTHERS", "UNDEFINED", "a\\nn", "ann\\,bob", "x", '"ann, bob"', "%:ops",
)  # fmt: skip
OTHER_LINES = ("Defaults env_reset", "Defaults:ann !requiretty", "# ann ALL=(ALL) ALL", "", "Host_Alias ADMINS2 = ALL", "Defaults!/bin/ls noexec")


def user_entry(random: Random) -> dict[str, Any]:
    """One entry of ssh_access' users."""
    entry: dict[str, Any] = {"name": damaged(random, random.choice(NAMES), 0.1), "sudo": random.choice(("nopasswd", "password"))}
    entry["account"] = random.choice(("existing", "local"))
    if random.random() < 0.8:
        entry["sudo_commands"] = [damaged(random, random.choice(COMMANDS), 0.4) for _number in range(random.choice((1, 1, 2, 3)))]
    if random.random() < 0.4:
        entry["sudo_runas"] = damaged(random, random.choice(RUNAS), 0.2)
    return entry


def sudoers(random: Random, ids: dict[str, str]) -> str:
    """A sudoers file that grants something to some; wrong ones are for visudo to find."""
    lines = [sudoers_line(random, ids) for _number in range(random.randrange(1, 6))]
    return "".join(damaged(random, line, 0.1) + "\n" for line in lines)


def sudoers_line(random: Random, ids: dict[str, str]) -> str:
    kind = random.random()
    if kind < 0.1:
        return random.choice(OTHER_LINES)
    if kind < 0.3:
        first = "User_Alias " + random.choice(("ADMINS", "OTHERS")) + random.choice(("=", " = ")) + users(random, ids)
        return first + (random.choice((":", " : ")) + "MORE = " + users(random, ids) if random.random() < 0.2 else "")
    rule = random.choice(HOSTS) + random.choice(("=", " = ")) + random.choice(("", "(ALL) ", "(root)", "(ann : ops) "))
    rule += random.choice(("", "NOPASSWD:", "NOPASSWD: SETENV: ")) + random.choice(("ALL", "/bin/ls", "/bin/ls, !/bin/su", "!ALL"))
    if random.random() < 0.1:
        rule += " : ALL = /bin/id"
    blank = random.choice((" ", "\t", "  ", " \\\n ", " \\\n"))
    return users(random, ids) + blank + rule + random.choice(("", "", " # why", "  "))


def users(random: Random, ids: dict[str, str]) -> str:
    comma = random.choice((",", ", ", " , ", ",\t", ",\\\n "))
    return comma.join(random.choice(WHO).format(**ids) for _number in range(random.choice((1, 1, 1, 2, 3))))


def damaged(random: Random, text: str, often: float) -> str:
    """A slip of a finger, or more."""
    while random.random() < often:
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.choice((0, 0, 1)))
        text = text[:start] + random.choice(("", *SIGNIFICANT)) + text[end:]
    return text

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of sudo by somebody else (``sudo_field.yml``): what sudo does for bob, and what ssh_access says it does after it granted something.

By hand, from tests/system: ``python -m worlds.sudo_field --image debian12 [--only 'alias'] [--jobs 2]``.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import re
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from worlds.field import HERE, World
from worlds.field_lab import CODE, FieldInstance, FieldLab

PASSWORD = "only-for-this-container"
GRANTED = "/usr/bin/uptime"
OTHER = "/usr/bin/whoami"


class Rules(NamedTuple):
    """One arrangement."""

    name: str
    grant: dict[str, Any]
    granted: str
    """What sudo asks for the command that was granted: nopasswd, password, or none if it refuses."""
    rest: str
    """The same for another command."""
    setup: str = ""
    other: str = OTHER
    """The other command."""


class Heard(NamedTuple):
    """What was seen and what was said."""

    rules: Rules
    granted: str
    rest: str
    said: str
    """The result's word; failed if the task refused."""
    warnings: list[str]

    @property
    def is_as_written(self) -> bool:
        """Whether sudo does what the table says."""
        return (self.granted, self.rest) == (self.rules.granted, self.rules.rest)

    @property
    def is_honest(self) -> bool:
        """Whether the word of the result is true, or a warning tells where it is not."""
        whole = "sudo_commands" not in self.rules.grant
        true = self.said == self.granted and (self.rest == self.granted if whole else self.rest == "none")
        return true or self.said == "failed" or any("sudo" in warning.lower() for warning in self.warnings)

    def line(self) -> str:
        """For a list of mistakes."""
        told = "; ".join(self.warnings) or "no warning"
        return f"{self.rules.name}: sudo does {self.granted}, for other commands {self.rest}; was told {self.said}, {told}"[:400]


def load() -> list[Rules]:
    """All of them."""
    return [Rules(**entry) for entry in yaml.safe_load((HERE / "sudo_field.yml").read_text())]


def hear(lab: FieldLab, rules: Rules) -> Heard:
    """Make the arrangement, grant, ask sudo itself and read what the module says."""
    setup = f"G=sudo; getent group sudo >/dev/null || G=wheel\necho 'bob:{PASSWORD}' | chpasswd\n{rules.setup}\nchmod 440 /etc/sudoers.d/* 2>/dev/null || :"
    with lab.start(World(rules.name, "logs in", setup)) as instance:
        arguments = {"ANSIBLE_MODULE_ARGS": {"users": [{"name": "bob", **rules.grant}]}}
        module = "ansible_collections.alicloud.ecs_access.plugins.modules.ssh_access"
        output = instance.root(f"cd /; PYTHONPATH={CODE} timeout 100 python3 -m {module}; true", stdin=json.dumps(arguments).encode())
        result = json.loads(output.strip().splitlines()[-1])
        said = "failed" if result.get("failed") else result["users"][0]["sudo"]
        warnings = [_text(warning) for warning in result.get("warnings", [])] + ([str(result["msg"])] if result.get("failed") else [])
        return Heard(rules, _asks(instance, GRANTED), _asks(instance, rules.other), said, warnings)


def _text(warning: Any) -> str:
    """Newer releases of ansible-core give a warning as a record."""
    return str(warning["event"]["msg"] if isinstance(warning, dict) else warning)


def _asks(instance: FieldInstance, command: str) -> str:
    """What sudo asks of bob for a command."""
    bob = "setsid runuser -u bob -- sh -c"
    script = f"""
        if {bob} 'sudo -k; sudo -n {command}' >/dev/null 2>&1 </dev/null; then echo nopasswd
        elif {bob} 'echo {PASSWORD} | sudo -S -p "" {command}' >/dev/null 2>&1; then echo password
        else echo none
        fi
    """
    return instance.root(script).strip()


def main() -> None:
    """The script."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", default="debian12")
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=1)
    chosen = parser.parse_args()
    lab = FieldLab(chosen.image, Path(tempfile.mkdtemp(prefix="field-")))
    try:
        with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
            heard = list(pool.map(lambda rules: hear(lab, rules), [rules for rules in load() if re.search(chosen.only, rules.name)]))
    finally:
        lab.close()
    for one in heard:
        seen = "" if one.is_as_written else f"  BUT EXPECTED {one.rules.granted}/{one.rules.rest}"
        print(f"{'honest' if one.is_honest else 'NOT HONEST':12}{one.line()}{seen}")
    print(f"honest: {sum(one.is_honest for one in heard)} of {len(heard)}")


if __name__ == "__main__":
    main()

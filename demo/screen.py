# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo prints: chapters, changes and tables of the playbooks, and a mark for every claim."""

from __future__ import annotations

import os
import re
import sys

_RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s")
_WIDTH = 100


class Screen:
    """Prints, and counts the claims that hold and those that do not."""

    def __init__(self) -> None:
        self._color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._held = 0
        self._broken: list[str] = []
        self.last_run_changed = 0

    def chapter(self, title: str) -> None:
        """A heading."""
        print(f"\n{self._paint('1', title)}\n{self._paint('2', '-' * _WIDTH)}", flush=True)

    def command(self, line: str) -> None:
        """What one would type."""
        print(self._paint("36", f"  $ {line}"), flush=True)

    def note(self, text: str) -> None:
        """A plain sentence."""
        print(f"  {text}", flush=True)

    def show(self, text: str) -> None:
        """Output of a command, indented."""
        for line in text.rstrip().splitlines():
            print(f"    {line}", flush=True)

    def run(self, cloud, playbook: str, *options: str) -> int:
        """Run a playbook of the collection, show its changes and its table; returns the exit code."""
        typed = " ".join(map(_quote, options)).replace(str(cloud.keys), "~/keys")
        self.command(f"ansible-playbook alicloud.ecs_access.{playbook} -i demo.ecs.yml {typed}")
        self.last_run_changed = 0
        task, quoting = "", False
        for line in cloud.playbook(playbook, *options):
            plain = _plain(line)
            recap = _RECAP.match(plain)
            if recap:
                self.last_run_changed += int(recap[2])
            if plain.startswith("TASK ["):
                task = plain[6:].partition("]")[0].rpartition(" : ")[2]
            if plain.startswith("[ERROR]"):
                # The lines after it quote the playbook. The table shows why hosts were not done.
                quoting = True
                if task in ("", "Check the variables"):
                    print(f"  {line}", flush=True)
            elif plain.startswith(("TASK [", "PLAY ", "fatal: ", "changed: [")):
                quoting = False
            if plain.startswith("changed: ["):
                print(f"    {self._paint('33', 'changed')}  {plain[10:].partition(']')[0]:<10} {task}", flush=True)
            elif plain.startswith("  ") and not quoting:
                print(f"  {line}", flush=True)
        return cloud.last_exit_code

    def check(self, claim: str, held: bool) -> None:
        """A claim of the demo and whether it holds."""
        mark = self._paint("32", "  ok ") if held else self._paint("31", "  NO ")
        print(f"{mark} {claim}", flush=True)
        if held:
            self._held += 1
        else:
            self._broken.append(claim)

    def close(self, seconds: float) -> int:
        """The summary; returns the exit code."""
        print(self._paint("2", "\n" + "-" * _WIDTH))
        if self._broken:
            print(self._paint("31", f"  {len(self._broken)} of {self._held + len(self._broken)} claims do not hold:"))
            for claim in self._broken:
                print(f"    {claim}")
            return 1
        print(self._paint("1;32", f"  All {self._held} claims hold, in {seconds:.0f} seconds, and no instance was restarted."))
        print("  Now your own account: README.md, 'Five minutes on a real account'.\n")
        return 0

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._color else text


def _plain(line: str) -> str:
    return re.sub(r"\033\[[0-9;]*m", "", line)


def _quote(word: str) -> str:
    return f"'{word}'" if re.search(r"[\s{}\"]", word) else word

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every benchmark of this folder, one after the other: two at a time would measure each other.

Into .work/bench go the table (table.txt), all numbers (results.json), and two plots (budgets.png, growth.png).
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from _table import ROWS, read_results, render_growths, render_rows

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / ".work" / "bench"
# Those that need little memory and no real instances first.
ORDER = ("tunnel", "modules", "inventory", "audit", "growth", "ssh_access", "ecs_ssh", "playbooks")


def main() -> int:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    collected = OUTPUT / "rows.jsonl"
    collected.write_text("")
    start, failed, took = time.monotonic(), [], {}
    for name in ORDER:
        begin = time.monotonic()
        if subprocess.run([sys.executable, HERE / f"{name}.py"], env=dict(os.environ, **{ROWS: str(collected)}), check=False).returncode:
            failed.append(name)
        took[name] = round(time.monotonic() - begin)
    rows, growths = read_results(collected.read_text())
    table = f"{render_rows(rows)}\n\n{render_growths(growths)}\n"
    (OUTPUT / "table.txt").write_text(table)
    numbers = {
        "machine": {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "seconds": took,
        "rows": [{**row._asdict(), "figure": row.figure, "verdict": row.verdict} for row in rows],
        "growth": [{**growth._asdict(), "exponent": growth.exponent} for growth in growths],
    }
    (OUTPUT / "results.json").write_text(json.dumps(numbers, indent=2) + "\n")
    from _plots import plot_budgets, plot_growths

    plot_budgets(rows, OUTPUT / "budgets.png")
    plot_growths(growths, OUTPUT / "growth.png")
    print(f"\n{table}\nbench: {time.monotonic() - start:.0f} s, in {OUTPUT}; {', '.join(failed) + ' did not run' if failed else 'every benchmark ran'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

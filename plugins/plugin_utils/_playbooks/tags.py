# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a playbook that C(--tags) and C(--skip-tags) choose from.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .._output.similar import did_you_mean

PARTS = ("bind", "users", "server", "proof")
_PARTS_OF = {"onboard": PARTS, "bind_key_pair": ("bind",)}
# What it does is to be done always.
_WITHOUT_TAGS = ("check_team",)
_OF_ANSIBLE = {"all", "always", "tagged", "untagged", "never"}


def chosen_parts(run_tags: Collection[str], skip_tags: Collection[str], task_tags: Collection[str]) -> set[str]:
    """The parts to do. A tag that the playbook as a whole was given chooses all of it."""
    whole = set(task_tags) - set(PARTS) - {"always"}
    every = not run_tags or {"all", "tagged"} & set(run_tags) or whole & set(run_tags)
    return {part for part in PARTS if (every or part in run_tags) and part not in skip_tags}


def unknown_tag(run_tags: Iterable[str], skip_tags: Iterable[str], task_tags: Collection[str], is_called: bool) -> str:
    """The sentence about a tag that chooses nothing here; empty if there is none.

    A playbook that others import gets their tags too, and to skip what is not there skips nothing: of these only a misspelled part is wrong.
    """
    known = {*PARTS, *_OF_ANSIBLE, *task_tags}
    unknown = [(tag, is_called) for tag in run_tags if tag not in known] + [(tag, False) for tag in skip_tags if tag not in known]
    for tag, is_wrong in unknown:
        hint = did_you_mean(tag, PARTS)
        if hint:
            return f"There is no tag {tag}{hint}"
        if is_wrong:
            return f"There is no tag {tag}: the tags are {', '.join(PARTS)}."
    return ""


def nothing_chosen(playbook: str, run_tags: Collection[str], skip_tags: Collection[str], task_tags: Collection[str]) -> str:
    """The sentence for tags that leave nothing of a playbook but its check and its summary; empty if they leave something."""
    parts, whole = set(_PARTS_OF.get(playbook, ())), set(task_tags) - set(PARTS) - {"always"}
    if playbook in _WITHOUT_TAGS or not (run_tags or skip_tags):
        return ""
    own = parts | whole
    chosen = not run_tags or {"all", "tagged" if own else "untagged"} & set(run_tags) or whole & set(run_tags)
    left = chosen_parts(run_tags, skip_tags, task_tags) & parts if parts else chosen
    if left and not {"all", "tagged" if own else "untagged", *whole} & set(skip_tags):
        return ""
    more = f", or choose from {', '.join(sorted(parts, key=PARTS.index))}" if parts else ""
    return f"With these tags nothing of the playbook {playbook} is done: leave out --tags and --skip-tags{more}."

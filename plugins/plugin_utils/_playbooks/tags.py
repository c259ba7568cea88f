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

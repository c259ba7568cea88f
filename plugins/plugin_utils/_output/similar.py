# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may have been meant by a word that nothing knows.

Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: object, known: Iterable[str]) -> str:
    """The known word that is most like it, empty if none is."""
    return next(iter(difflib.get_close_matches(str(word), known, 1, 0.6)), "")


def did_you_mean(word: object, known: Iterable[str], otherwise: str = "") -> str:
    """The end of a sentence about an unknown word; I(otherwise) where no known one is like it."""
    close = nearest(word, known)
    return f"; did you mean {close}?" if close else otherwise

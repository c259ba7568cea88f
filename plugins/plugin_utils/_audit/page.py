# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file access.html: markup, style, script and data in one, which asks nobody for anything.

Names of accounts, comments of keys and whatever else others chose is data in a block of JSON; the script puts it on the page as text.
The policy in the page lets nothing run but this script, by its digest.
Note that this plugin util is **PRIVATE** to the collection.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from .document import Audit
from .page_data import PageData

_FOLDER = Path(__file__).resolve().parent / "page_parts"
# Inside a script element, and in texts of scripts before 2019.
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def render_page(audit: Audit) -> str:
    """The whole page."""
    style, script = (_read(name) for name in ("page.css", "page.js"))
    policy = f"default-src 'none'; script-src '{digest(script)}'; style-src '{digest(style)}'; base-uri 'none'; form-action 'none'"
    parts = {"@policy@": policy, "@style@": style, "@data@": as_json(PageData(audit).render()), "@script@": script}
    # Each mark stands once in the markup, in this order, so that nothing is looked for in what has been put in.
    rest, page = _read("page.html"), ""
    for mark, text in parts.items():
        before, _mark, rest = rest.partition(mark)
        page += before + text
    return page + rest


def as_json(value: Any) -> str:
    """JSON that can stand in a script element, whatever is in its texts."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.translate({ord(char): escaped for char, escaped in _ESCAPED.items()})


def digest(text: str) -> str:
    """A source of a Content-Security-Policy that stands for exactly this text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")

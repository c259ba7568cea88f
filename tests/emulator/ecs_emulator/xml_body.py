# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer as XML. Pure."""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_xml(root: str, body: dict[str, Any]) -> str:
    """``{"A": {"B": [1, 2]}}`` becomes ``<root><A><B>1</B><B>2</B></A></root>``; what XML cannot hold becomes a question mark."""
    return "<?xml version='1.0' encoding='UTF-8'?>" + _element(root, body)


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    return "<%s>%s</%s>" % (name, _content(value), name)


def _content(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(_element(name, item) for name, item in value.items() if item is not None)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return escape(_NO_XML.sub("?", text))

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire form of a call's parameters, and which of them travel in the URL.

Proxies refuse request lines of more than 8 kB and keep those that they pass in their logs. So what is large or personal goes as form.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

from typing import Any, Dict, Mapping, NamedTuple
from urllib.parse import urlencode

QUERY_LIMIT = 4096
"""Bytes of the query, encoded; the signature is in headers."""

# What may fill a request by itself, and is nobody's business on the way.
_FORM = ("CommandContent", "Content", "Parameters", "PublicKeyBody")


class WireForm(NamedTuple):
    """The parameters of one call."""

    query: Dict[str, str]
    form: Dict[str, str]


def split_params(params: Mapping[str, Any]) -> WireForm:
    """The parameters in the wire form of the API. A list is never torn apart: all of it is in the query, or all in the form."""
    flat = {name: flatten({name: value}) for name, value in params.items()}
    form = [name for name in _FORM if name in flat]
    sizes = {name: len(urlencode(values)) + 1 for name, values in flat.items() if name not in form}
    while sum(sizes.values()) > QUERY_LIMIT:
        largest = max(sizes, key=lambda name: sizes[name])
        del sizes[largest]
        form.append(largest)
    return WireForm(_join(flat, sizes), _join(flat, form))


def _join(flat: Mapping[str, Mapping[str, str]], names: Any) -> Dict[str, str]:
    return {key: value for name in names for key, value in flat[name].items()}


def flatten(params: Mapping[str, Any]) -> Dict[str, str]:
    """Lists and dictionaries in the wire form of the API: C(InstanceId.1), C(Tag.1.Key). None is left out."""
    flat: Dict[str, str] = {}
    for name, value in params.items():
        _flatten_into(flat, name, value)
    return flat


def _flatten_into(flat: Dict[str, str], name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        flat[name] = "true" if value else "false"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _flatten_into(flat, "%s.%s" % (name, key), inner)
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value, 1):
            _flatten_into(flat, "%s.%d" % (name, number), inner)
    else:
        flat[name] = str(value)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's unmodified Python SDKs against a server of this package: alibabacloud-ecs20140526, any version, or aliyun-python-sdk-ecs.

    python python_sdk.py READY_FILE generated|core

Reads operations from standard input, one JSON object {"do": ACTION, "with": PARAMETERS} a line, and answers each with a line: {"body": ...},
{"code": ...} for an error of the service, or {"unknown": true} for an action that this SDK does not have.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any, Callable


def generated(ready: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The generated client, with a class for each request."""
    from alibabacloud_ecs20140526 import models
    from alibabacloud_ecs20140526.client import Client
    from alibabacloud_tea_openapi.models import Config

    scheme, _separator, address = ready["endpoint"].partition("://")
    client = Client(
        Config(
            access_key_id=ready["access_key_id"], access_key_secret=ready["access_key_secret"], region_id=ready["region"], endpoint=address,
            protocol=scheme.upper(), ca=ready["ca_file"],
        )
    )  # fmt: skip

    def call(operation: dict[str, Any]) -> dict[str, Any]:
        method = getattr(client, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation["do"]).lower(), None)
        if method is None:
            return {"unknown": True}
        request = getattr(models, operation["do"] + "Request")()
        request = request.from_map({"RegionId": ready["region"], **operation["with"]}) or request
        try:
            return {"body": method(request).body.to_map()}
        except Exception as exc:  # its class differs between generations
            if not getattr(exc, "code", None):
                raise
            return {"code": exc.code}

    return call


def core(ready: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The older client, whose requests have setters; lists and mappings are flattened by their users."""
    import importlib

    from aliyunsdkcore.acs_exception.exceptions import ServerException
    from aliyunsdkcore.client import AcsClient
    from aliyunsdkcore.http import protocol_type

    scheme, _separator, address = ready["endpoint"].partition("://")
    client = AcsClient(ready["access_key_id"], ready["access_key_secret"], ready["region"], verify=ready["ca_file"] or True)

    def call(operation: dict[str, Any]) -> dict[str, Any]:
        name = operation["do"] + "Request"
        try:
            module = importlib.import_module("aliyunsdkecs.request.v20140526." + name)
        except ImportError:
            return {"unknown": True}
        request = getattr(module, name)()
        request.set_endpoint(address)
        # It asks whether this is its own constant, not whether it is equal.
        request.set_protocol_type(getattr(protocol_type, scheme.upper()))
        for key, value in operation["with"].items():
            value = json.dumps(value) if isinstance(value, dict) else value
            # The setters of lists are called after many things: Tags, InstanceIds.
            setter = getattr(request, f"set_{key}s" if isinstance(value, list) else f"set_{key}", None)
            if setter is not None:
                setter(value)
                continue
            for path, leaf in flatten(key, value):
                request.add_query_param(path, leaf)
        try:
            return {"body": json.loads(client.do_action_with_exception(request))}
        except ServerException as exc:
            return {"code": exc.get_error_code()}

    return call


def flatten(key: str, value: Any) -> list[tuple[str, Any]]:
    """The wire names of a value."""
    if isinstance(value, list):
        return [pair for number, item in enumerate(value, 1) for pair in flatten(f"{key}.{number}", item)]
    if isinstance(value, dict):
        return [pair for name, item in value.items() for pair in flatten(f"{key}.{name}", item)]
    return [(key, value)]


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as stream:
        ready = json.load(stream)
    call = {"generated": generated, "core": core}[sys.argv[2]](ready)
    for line in sys.stdin:
        print(json.dumps(call(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()

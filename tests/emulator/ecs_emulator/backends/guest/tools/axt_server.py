# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the programs of the agent in an instance reach the cloud: HTTP over the socket in the mounted folder. Python 3.6."""

import http.client
import json
import socket
import time
from urllib.parse import urlencode

FOLDER = "/usr/local/share/aliyun-assist/cloud"


class _Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(FOLDER + "/api.sock")


def call(method, path, query=None, body=None, timeout=30):
    """The JSON of an answer; OSError or ValueError when there is none."""
    connection = _Connection("axt.invalid", timeout=timeout)
    try:
        target = path + "?" + urlencode(query) if query else path
        connection.request(method, target, None if body is None else json.dumps(body))
        response = connection.getresponse()
        text = response.read().decode("utf-8")
    except http.client.HTTPException as error:
        raise OSError(str(error))
    finally:
        connection.close()
    # As in the vendor's program, 400 itself is no error.
    if response.status > 400:
        raise OSError("HTTP status %d" % response.status)
    return json.loads(text)


def now():
    """The instance's clock."""
    try:
        with open(FOLDER + "/clock_offset") as stream:
            offset = float(stream.read())
    except (OSError, ValueError):
        offset = 0.0
    # Not time.time(), which the shim of clock.sh has moved already.
    return time.clock_gettime(time.CLOCK_REALTIME) + offset

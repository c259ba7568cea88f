# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata service of an instance, as far as it has the key of the bound pair: inside of the instance, at the service's own address."""

from __future__ import annotations

from lab.instance import Instance
from lab.ssh import KeyFile

_SERVICE = """
import fcntl, http.server, socket, struct, sys

class Service(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        self.answer("a-token")

    def do_GET(self):
        wanted = self.path == "/latest/meta-data/public-keys/0/openssh-key" and self.headers["X-aliyun-ecs-metadata-token"] == "a-token"
        self.answer(sys.argv[1]) if wanted else self.send_error(404)

    def answer(self, text):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

address = struct.pack("16sH2s4s8s", b"lo:1", socket.AF_INET, b"", socket.inet_aton("100.100.100.200"), b"")
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8916, address)
http.server.HTTPServer(("100.100.100.200", 80), Service).serve_forever()
"""


def serve_bound_key(instance: Instance, key: KeyFile) -> None:
    """Let the instance be told that a pair with this key is bound to it."""
    instance.put("/root/metadata.py", _SERVICE)
    instance.exec(f"setsid python3 /root/metadata.py '{key.public}' > /dev/null 2>&1 < /dev/null &", privileged=True)
    instance.exec(
        "for i in $(seq 50); do python3 -c 'import socket; socket.create_connection((\"100.100.100.200\", 80), 1)' 2>/dev/null && exit; sleep 0.1; done; exit 1"
    )

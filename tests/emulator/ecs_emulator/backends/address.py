# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A loopback address for each guest, so that all of them can answer on port 22."""

from __future__ import annotations

import random
import socket
from typing import NamedTuple

from ecs_emulator.backends.podman import PodmanError

# Port 22 is out of reach for an unprivileged user, and where the machine's own sshd listens on every address.
PORTS = (22, 2222, 22022)
TRIES = 16


class Address(NamedTuple):
    """An address and port that this process keeps for one guest, running or stopped."""

    host: str
    port: int
    claim: socket.socket
    """A bound UDP socket: it tells other emulators that the address is taken, and ends with this process."""

    def release(self) -> None:
        """Let others have the address."""
        self.claim.close()


def reserve_address() -> Address:
    """Find an address where nobody listens, and keep it."""
    for port in PORTS:
        for _attempt in range(TRIES):
            host = f"127.42.{random.randint(1, 254)}.{random.randint(1, 254)}"
            claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                claim.bind((host, port))
                with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                    probe.bind((host, port))
            except PermissionError:
                claim.close()
                break
            except OSError:
                claim.close()
            else:
                return Address(host, port, claim)
    raise PodmanError(f"no free address in 127.42.0.0/16 for the ports {', '.join(map(str, PORTS))}.")

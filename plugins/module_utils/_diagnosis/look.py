# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at everything that decides about one login. Nothing is changed.

Note that this module util is **PRIVATE** to the collection.
"""

import os
import time
from typing import Optional

from .._openssh.certificates import Certificate
from .._openssh.keys import PublicKey
from .._system.nodes import read_quietly
from .._system.private_login import local_address
from .._system.sockets import find_connection
from . import look_account, look_key_answer, look_key_command, look_keys, look_pam, look_pam_answer, look_server, look_session
from .facts import Facts, Request

_MOST_DOORS = 16


def make_request(
    user: str, key: Optional[PublicKey], address: Optional[str], port: Optional[int], certificate: Optional[Certificate] = None, session: str = "command"
) -> Request:
    """What was asked, completed by where this run itself came from."""
    connection = find_connection()
    if address is None and connection is not None:
        address = connection.address
    came = connection is not None and address == connection.address
    local = connection.local_address if connection is not None and came else local_address(address or "")
    now = time.time()
    return Request(
        user,
        key,
        address,
        port,
        time.strftime("%Y%m%d%H%M%S", time.localtime(now)),
        time.strftime("%Y%m%d%H%M%S", time.gmtime(now)),
        int(now // 86400),
        time.localtime(now).tm_wday,
        local,
        certificate,
        came_by=connection.port if connection is not None and came else 0,
        session=session,
    )


def read_facts(request: Request, check_mode: bool = False) -> Facts:
    """The facts, in the order in which they build on each other."""
    facts = Facts(request, root=os.geteuid() == 0)
    facts = facts._replace(account=look_account.read_account(request.user), server=look_server.read_server(request))
    doors = tuple(sorted({item.port for item in facts.server.listening if item.program == "sshd"}))[:_MOST_DOORS]
    network = look_session.read_network(request, facts.server.program, facts.port, doors)
    if network.sent_on_to:
        # For sshd the connection comes to that port.
        facts = facts._replace(request=request._replace(port=network.sent_on_to))
        facts = facts._replace(server=look_server.read_server(facts.request))
    facts = facts._replace(
        pam=look_pam.read_pam(),
        network=network,
        fips=read_quietly("/proc/sys/crypto/fips_enabled").strip() == "1",
    )
    if not facts.account.found:
        return facts
    facts = facts._replace(key_files=look_keys.read_key_files(facts))
    facts = facts._replace(
        command=look_key_command.read_key_command(facts),
        revoked=look_keys.read_revoked(facts),
        other_files=look_keys.read_other_files(facts),
        selinux=look_keys.read_selinux(facts),
    )
    facts = facts._replace(session=look_session.read_session(facts), key_answer=look_key_answer.ask(facts, check_mode))
    return facts._replace(pam=facts.pam._replace(answers=look_pam_answer.ask(facts)))

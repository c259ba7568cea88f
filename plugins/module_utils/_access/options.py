# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ssh_access. Team files are checked by them too, without the rest of the module.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

from typing import Any, Dict


def argument_spec() -> Dict[str, Any]:
    """Options of the module."""
    group = dict(
        name=dict(type="str", required=True),
        gid=dict(type="int"),
        system=dict(type="bool", default=False),
        state=dict(type="str", choices=["present", "absent"], default="present"),
    )
    user = dict(
        name=dict(type="str", required=True),
        state=dict(type="str", choices=["present", "locked", "absent"], default="present"),
        account=dict(type="str", choices=["local", "existing"], default="local"),
        uid=dict(type="int"),
        system=dict(type="bool", default=False),
        group=dict(type="str"),
        groups=dict(type="list", elements="str"),
        append_groups=dict(type="bool", default=True),
        shell=dict(type="path"),
        home=dict(type="path"),
        create_home=dict(type="bool", default=True),
        remove_home=dict(type="bool", default=False),
        comment=dict(type="str"),
        password_hash=dict(type="str", no_log=True),
        update_password=dict(type="str", choices=["always", "on_create"], default="always", no_log=False),
        expires=dict(type="str"),
        sudo=dict(type="str", choices=["none", "password", "nopasswd"]),
        sudo_commands=dict(type="list", elements="str"),
        sudo_runas=dict(type="str"),
        sudo_rules=dict(
            type="list",
            elements="dict",
            options=dict(
                sudo=dict(type="str", choices=["password", "nopasswd"], default="nopasswd"),
                commands=dict(type="list", elements="str"),
                runas=dict(type="str"),
                until=dict(type="str"),
            ),
        ),
        authorized_keys=dict(type="list", elements="raw", no_log=False),
        exclusive=dict(type="bool", default=False),
        allow_empty_exclusive=dict(type="bool", default=False),
        end_sessions=dict(type="bool"),
        remains=dict(type="str", choices=["report", "remove"], default="report"),
        create=dict(type="bool", default=True),
    )
    return dict(
        groups=dict(type="list", elements="dict", default=[], options=group),
        users=dict(type="list", elements="dict", default=[], options=user),
        revoked_keys=dict(type="list", elements="str", default=[], no_log=False),
        allow_self_lockout=dict(type="bool", default=False),
        owner=dict(type="str"),
        unlisted=dict(type="str", choices=["report", "lock", "remove"], default="report"),
        unlisted_max=dict(type="int", default=3),
        protected=dict(type="list", elements="str", default=["root"]),
        allow_no_users=dict(type="bool", default=False),
        instance_id=dict(type="str"),
        _leaves=dict(type="bool", default=False),
        _login=dict(type="dict"),
    )

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Password hashes before they are sent: a module notes its options in the journal of the host, and masks only what it finds there letter by letter.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Any, Dict, Mapping

from .._system.accounts import is_password_hash
from .wanted_keys import WantedError


def with_plain_hashes(options: Mapping[str, Any]) -> Dict[str, Any]:
    """The options with each C(password_hash) without blanks around it; WantedError, which never holds the text, for one that is not a hash."""
    users = options.get("users")
    if not isinstance(users, (list, tuple)):
        return dict(options)
    return {**options, "users": [_checked(index, user) for index, user in enumerate(users)]}


def _checked(index: int, user: Any) -> Any:
    password = user.get("password_hash") if isinstance(user, Mapping) else None
    if not isinstance(password, str):
        return user
    if user.get("state") == "absent":
        # No other option of a user who must be removed may keep the user.
        return {option: value for option, value in user.items() if option != "password_hash"}
    if not is_password_hash(password.strip()):
        raise WantedError("users[%d].password_hash is not the output of crypt(3); nothing was sent. Make one with 'openssl passwd -6'" % index)
    return {**user, "password_hash": password.strip()}

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be an instance's id, a region, an address or a login user, wherever it comes from: all become words of commands.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import ipaddress
import re
from typing import Any

from ._errors import AccessError
from ._text import shorten

# Instances of ECS, and servers elsewhere that Cloud Assistant manages.
_ID = re.compile(r"m?i-[A-Za-z0-9]+(-[A-Za-z0-9]+)*\Z")
_LONGEST_ID = 64
# In the vendor's command the name stands in a root shell's command line, without quotes.
_USER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}\Z")
# ssh hands the name to the shell of ProxyCommand, where it must be nothing but a word; those of a Windows domain have a backslash.
_LOGIN = re.compile(r"\w(?:[\w.@+-]|\\(?=\w)){0,127}\Z")
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{1,62}\Z")


class NameRefused(AccessError):
    """A name that must not become a word of a command."""

    code = "name_refused"


def is_instance_id(text: Any) -> bool:
    """Whether the text can be an instance's id: ids become words of commands, names of files and hosts in known_hosts."""
    return isinstance(text, str) and len(text) <= _LONGEST_ID and _ID.match(text) is not None


def check_instance_id(text: str) -> str:
    """The text when it can be an instance's id; raises NameRefused."""
    if not is_instance_id(text):
        raise NameRefused("the instance id %r is not one, such as i-bp1abcdefghijklmnop" % shorten(text))
    return text


def check_user_name(text: str) -> str:
    """The text when it can be an account to log in as; raises NameRefused."""
    if not _USER_NAME.match(text):
        raise NameRefused(
            "the user name %r cannot be sent: it becomes part of a root shell's command line in the instance, so only letters, "
            "digits and _ . @ - are accepted, 64 at most, not beginning with . @ or -" % shorten(text)
        )
    return text


def is_login_name(text: Any) -> bool:
    """Whether the text, which others chose, can be the user of a login by ssh."""
    return isinstance(text, str) and _LOGIN.match(text) is not None


def is_region(text: Any) -> bool:
    """Whether the text can be a region's id: it becomes part of a host name."""
    return isinstance(text, str) and _REGION.match(text) is not None


def is_address(text: str) -> bool:
    """Whether the text is an IP address and nothing else: addresses become words of commands."""
    try:
        return not getattr(ipaddress.ip_address(text), "scope_id", None)
    except ValueError:
        return False

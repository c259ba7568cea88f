# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a profile of the CLI's configuration from being used, in words that hold no secret.

Note that this module util is **PRIVATE** to the collection.
"""

import json
import os
from typing import Any, Optional

CONFIG = "~/.aliyun/config.json"
# Modes of the CLI, and what each cannot do without.
_NEEDS = {
    "AK": ("access_key_id", "access_key_secret"),
    "StsToken": ("access_key_id", "access_key_secret", "sts_token"),
    "RamRoleArn": ("access_key_id", "access_key_secret", "ram_role_arn"),
    "EcsRamRole": (),
    "OIDC": ("oidc_provider_arn", "oidc_token_file", "ram_role_arn"),
    "CredentialsURI": ("credentials_uri",),
    "ChainableRamRoleArn": ("source_profile", "ram_role_arn"),
    "CloudSSO": (),
    "RsaKeyPair": (),
    "RamRoleArnWithEcs": (),
    "External": (),
}
_LARGEST = 1 << 20


def find_profile_problem(name: Optional[str]) -> str:
    """A sentence about the profile of this name, or the current one; empty where nothing is wrong with it that can be seen, or no file is there."""
    path = os.path.expanduser(CONFIG)
    try:
        with open(path, "rb") as stream:
            data = stream.read(_LARGEST)
    except FileNotFoundError:
        return ""
    except OSError as exc:
        return "%s cannot be read: %s" % (CONFIG, exc.strerror)
    if data.startswith(b"\xef\xbb\xbf"):
        return "%s begins with a byte order mark; save it as UTF-8 without one" % CONFIG
    try:
        config = json.loads(data.decode("utf-8"))
    except ValueError:
        return "%s is not valid JSON" % CONFIG
    return _describe(config, name)


def _describe(config: Any, name: Optional[str]) -> str:
    profiles = config.get("profiles") if isinstance(config, dict) else None
    if not isinstance(profiles, list) or not profiles:
        return "%s has no profiles" % CONFIG
    wanted = name or config.get("current") or "default"
    found = [item for item in profiles if isinstance(item, dict) and item.get("name") == wanted]
    if not found:
        asked = "there is no profile %s" % wanted if name else "current is %s, and there is no profile of that name" % wanted
        names = ", ".join(str(item.get("name")) for item in profiles[:10] if isinstance(item, dict))
        return "%s: %s (it has %s)" % (CONFIG, asked, names or "none with a name")
    mode = found[0].get("mode")
    if mode not in _NEEDS:
        return "%s: the profile %s has the mode %s, which is not known (known are %s)" % (CONFIG, wanted, mode or "''", ", ".join(sorted(_NEEDS)))
    missing = [field for field in _NEEDS[mode] if not found[0].get(field)]
    if missing:
        return "%s: the profile %s has the mode %s, and no %s" % (CONFIG, wanted, mode, " and no ".join(missing))
    source = found[0].get("source_profile") if mode == "ChainableRamRoleArn" else None
    if source is not None and not any(isinstance(item, dict) and item.get("name") == source for item in profiles):
        return "%s: the profile %s builds on %s, and there is no profile of that name" % (CONFIG, wanted, source)
    return "%s: the profile %s (mode %s) gave no usable credentials" % (CONFIG, wanted, mode)

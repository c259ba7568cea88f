# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a shared key is rotated: where the old and the new key are, what the next step is, and when the old one may go.

What a host answers is about that host alone: it decides nothing on another one, except that a host which is not proven stops the removal.

Note that this plugin util is **PRIVATE** to the collection. It is pure.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.alicloud.ecs_access.plugins.module_utils._access.wanted_keys import parse_keys
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import Revoked
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.key_options import option_names, same_options
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import KeyFormatError, parse_public_key

from .._ssh.offer import Answers

FINGERPRINT, FILE, PAIR = "fingerprint", "file", "pair"
MOST_ACCOUNTS, MOST_PLACES = 50, 500
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?\Z")
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}\$?\Z")
_OVERLAP = re.compile(r"([0-9]{1,6})([smhd]?)\Z")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_LONGEST_OPTIONS, _MOST_TEXTS, _LONGEST_TEXT = 8192, 20, 300


class Spot(NamedTuple):
    """A line of a key file with a key that was looked for. C(read): whether sshd reads that file now.

    C(shared): sshd reads it for other accounts too.
    """

    user: str
    path: str
    options: str
    read: bool
    shared: bool = False


class Seen(NamedTuple):
    """What one host answered. C(since): when both keys worked there, C(ended): when the old one had left; empty if not recorded."""

    old: tuple[Spot, ...] = ()
    new: tuple[Spot, ...] = ()
    old_line: str = ""
    unsearched: tuple[str, ...] = ()
    since: str = ""
    ended: str = ""

    @property
    def accounts(self) -> list[str]:
        """Accounts into which one of the keys leads now."""
        return sorted({spot.user for spot in (*self.old, *self.new) if spot.read})

    @property
    def holders(self) -> list[str]:
        """Accounts that have the old key in any file."""
        return sorted({spot.user for spot in self.old})


class Logins(NamedTuple):
    """Accounts by what was proven from here.

    C(barred): those that the old key does not open from here either; C(refused): those of C(unproven) for which sshd refused the new key itself.
    """

    proven: list[str]
    unproven: list[str]
    barred: list[str]
    refused: list[str]


class Decision(NamedTuple):
    """Whether the old key may be removed now, and why not."""

    remove: bool
    why: str = ""


def kind_of(text: str, is_file: bool) -> str:
    """What ecs_access_old_key is. Names of key pairs have no slash and no tilde. Raises ValueError for a part of a fingerprint."""
    if _FINGERPRINT.match(text):
        return FINGERPRINT
    if text.startswith("SHA256:"):
        raise ValueError(f"ecs_access_old_key must be a whole fingerprint, SHA256: and 43 characters as ssh-keygen -l shows them, not '{text[:80]}'.")
    return FILE if is_file or "/" in text or text.startswith("~") else PAIR


def read_overlap(text: Any) -> int:
    """Seconds. Raises ValueError."""
    found = _OVERLAP.match(str(text).strip())
    if not found:
        raise ValueError(f"ecs_access_overlap must be a time such as 24h, 90m or 0, not '{text}'.")
    return int(found[1]) * _SECONDS[found[2]]


def read_seen(answer: Mapping[str, Any], old: str, new: str) -> Seen:
    """The answer of a host; I(old) and I(new) are fingerprints. What is not of the right form is left out and reported."""
    spots: dict[str, list[Spot]] = {old: [], new: []}
    line, odd = "", 0
    places = _list(answer.get("places"))
    for place in places[:MOST_PLACES]:
        found = read_spot(place)
        if found is None or found[0] not in spots:
            odd += 1
            continue
        fingerprint, spot, text = found
        spots[fingerprint].append(spot)
        line = text if fingerprint == old and not line else line
    unsearched = [str(text)[:_LONGEST_TEXT] for text in _list(answer.get("unsearched"))[:_MOST_TEXTS]]
    unsearched += [f"{odd} places of the keys have names or options that are not taken over"] if odd else []
    unsearched += [f"only the first {MOST_PLACES} places of the keys were read"] if len(places) > MOST_PLACES else []
    rotation = answer.get("rotation")
    times = [str(rotation.get(field) or "") if isinstance(rotation, Mapping) else "" for field in ("since", "ended")]
    since, ended = (text if parse_time(text) else "" for text in times)
    return Seen(tuple(spots[old]), tuple(spots[new]) if new else (), line, tuple(unsearched), since, ended)


def read_spot(place: Any) -> tuple[str, Spot, str] | None:
    """Fingerprint, place and line of a key in the answer of a host; None for what is not of the right form."""
    if not isinstance(place, Mapping):
        return None
    texts = [place.get(field) for field in ("user", "path", "options", "public_key")]
    if not all(isinstance(value, str) for value in texts):
        return None
    user, path, options, text = map(str, texts)
    if not _ACCOUNT.match(user) or len(options) > _LONGEST_OPTIONS:
        return None
    try:
        # The key counts, not what is said of it.
        key = parse_public_key(text)._replace(comment="")
    except KeyFormatError:
        return None
    return key.fingerprint_sha256, Spot(user, path[:_LONGEST_TEXT], options, place.get("read") is True, place.get("shared") is True), key.line


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def plan_id(old: Mapping[str, str], pair: str, hosts: Mapping[str, tuple[Seen, bool] | None]) -> str:
    """The same for as long as the same accounts of the same hosts are concerned, however far the rotation has come.

    I(old): fingerprints by region. I(hosts): what was seen by name, and whether one of the pairs is bound to it; None for what was not.
    """
    seen = {name: [_plan_accounts(*found), found[1]] if found else None for name, found in hosts.items()}
    text = json.dumps({"old": dict(old), "pair": pair, "hosts": seen}, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _plan_accounts(seen: Seen, bound: bool) -> list[str]:
    users = {spot.user for spot in (*seen.old, *seen.new)}
    # A pair that is bound brings its key to the image's own user.
    return sorted(users - {"root", "ecs-user"} if bound else users)


def additions(seen: Seen, line: str) -> list[dict[str, Any]]:
    """Users of ssh_access: the new key for every account that the old one leads into, with the options that it has there."""
    users = []
    for user in dict.fromkeys(spot.user for spot in seen.old if spot.read):
        options = next(spot.options for spot in seen.old if spot.user == user and spot.read)
        held = next((spot for spot in seen.new if spot.user == user and spot.read), None)
        if held is None or (options and held.options != options):
            users.append({"name": user, "account": "existing", "authorized_keys": [{"key": line, **({"options": options} if options else {})}]})
    return users


def conflicts(seen: Seen) -> str:
    """Why the new key cannot take the place of the old one by itself: what the lines open is not the same. Empty if nothing is in the way."""
    old: dict[str, list[str]] = {}
    for spot in seen.old:
        if spot.read:
            old.setdefault(spot.user, []).append(spot.options)
    held = [spot for spot in seen.new if spot.read and spot.options and spot.user in old]
    reasons = [
        ("the old key is in several lines with different options for {}; make them the same",
         [user for user, options in old.items() if not all(same_options(options[0], other) for other in options)]),
        ("the new key is already there for {}, with other options than the old one; make them the same, or remove that line",
         [spot.user for spot in held if not same_options(spot.options, old[spot.user][0])]),
        ("the old key is a certificate authority for {} (cert-authority), and what it has signed cannot be rotated; take that line out first",
         [user for user, options in old.items() if any("cert-authority" in option_names(text) for text in options)]),
    ]  # fmt: skip
    return "; ".join(text.format(_name(sorted(set(users)))) for text, users in reasons if users)


def explain_missing(seen: Seen) -> str:
    """Why the old key may not go: accounts that it leads into, and the new one not in the same way. Empty if there are none."""
    problem = conflicts(seen)
    if problem:
        return problem
    old = {spot.user: spot.options for spot in seen.old if spot.read}
    held = {spot.user for spot in seen.new if spot.read and spot.user in old and same_options(spot.options, old[spot.user])}
    users = sorted(set(old) - held)
    return f"the new key is not in a key file of {_name(users)} with the options of the old one" if users else ""


def team_holders(users: Iterable[Mapping[str, Any]], fingerprint: str) -> list[str]:
    """People whom the team file gives the old key: the next run of it would bring the key back."""
    present = [user for user in users if user.get("state", "present") == "present"]
    held = {user["name"]: parse_keys(f"user {user['name']}", user.get("authorized_keys") or [], Revoked(), []) for user in present}
    return sorted(name for name, keys in held.items() if any(key.present and key.key.fingerprint_sha256 == fingerprint for key in keys))


def judge_logins(answers: Mapping[str, Answers], old: str, new: str) -> Logins:
    """What was proven, by account."""
    proven = [user for user, found in answers.items() if found.opened == new]
    # Where sshd accepts both keys and then no login, as for an account that has expired, the account is what is refused.
    barred = [user for user, found in answers.items() if user not in proven and (old in found.refused or ({old, new} <= found.accepted and not found.opened))]
    unproven = [user for user in answers if user not in proven and user not in barred]
    return Logins(proven, unproven, barred, [user for user in unproven if new in answers[user].refused])


def explain_logins(logins: Logins) -> str:
    """Why a host is not proven; empty if it is."""
    if logins.unproven:
        hint = f"; sshd refuses it for {_name(logins.refused)} (RevokedKeys, or PubkeyAcceptedAlgorithms?)" if logins.refused else ""
        return f"the new key opens no login from here for {_name(logins.unproven)}{hint}"
    return "" if logins.proven else "no login with the new key could be proven from here"


def judge_refusal(answers: Mapping[str, Answers], old: str, new: str) -> str:
    """yes, no or unknown: whether the old key is refused where the new one is accepted on the same connection."""
    if any(old in found.accepted for found in answers.values()):
        return "no"
    proven = [user for user, found in answers.items() if old in found.refused and found.opened == new]
    left = [user for user, found in answers.items() if user not in proven and old not in found.refused]
    return "yes" if proven and not left else "unknown"


def decide(waiting: Iterable[str], since: Iterable[str], overlap: int, now: datetime.datetime) -> Decision:
    """I(waiting): hosts without a proof. I(since): when both keys worked, for each host that has the old one."""
    names = sorted(waiting)
    if names:
        return Decision(False, f"the old key stays everywhere, because {_name(names)} {'is' if len(names) == 1 else 'are'} not proven")
    times = [time for time in map(parse_time, since) if time]
    until = max(times) + datetime.timedelta(seconds=overlap) if times else now
    if until > now:
        return Decision(False, f"both keys work; the old one can be removed from {until.strftime(_TIME)} on")
    return Decision(True)


def read_beginning(answer: Mapping[str, Any], now: datetime.datetime) -> str:
    """Since when both keys work, as a host has written it down. Raises ValueError for a time to come: it would keep the old key on all hosts."""
    found = answer.get("rotation")
    time = parse_time(str(found.get("since") or "")) if isinstance(found, Mapping) else None
    if time is None or time > now:
        raise ValueError("the host answered no valid time since when both keys work, although that was written down just now")
    return show_time(time)


def parse_time(text: str) -> datetime.datetime | None:
    """A time of the record; None for anything else."""
    try:
        return datetime.datetime.strptime(text, _TIME).replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return None


def show_time(time: datetime.datetime) -> str:
    return time.strftime(_TIME)


def keeps_pair(instance_ids: Sequence[str], templates: Sequence[str]) -> str:
    """Why a key pair is not deleted; empty if nothing names it."""
    reasons = [f"it is bound to {_name(instance_ids)}"] if instance_ids else []
    reasons += [f"it is named by the launch template {_name(templates)}"] if templates else []
    return " and ".join(reasons)


def _name(words: Sequence[str]) -> str:
    return ", ".join(words[:5]) + (f" and {len(words) - 5} more" if len(words) > 5 else "")

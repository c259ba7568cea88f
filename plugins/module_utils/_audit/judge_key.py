# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether sshd would let a key log in: by the settings of the account, the file that it stands in, and its line.

What cannot be known from here is unknown, with the reason. Where several things are in the way, the first in sshd's order is named.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import List, NamedTuple, Optional, Tuple

from .._openssh import rules
from .._openssh.key_options import KeyOption, KeyOptionsError, parse_options, unknown_options
from .._openssh.keys import KEY_TYPES
from .._openssh.obstacles import find_obstacles
from .people import Person
from .records import Facts, FileRecord, KeyRecord

_LONGEST_OPTIONS = 2000
# What one lists a key type as, that its signatures are called otherwise.
_SIGNATURES = {"rsa-sha2-256": "ssh-rsa", "rsa-sha2-512": "ssh-rsa"}
_STATES = {
    "denied": "the account cannot read %s",
    "not_regular": "%s is not a regular file",
    "too_large": "%s is larger than 1 MiB, so it was not read",
    "error": "%s cannot be read",
    "remote": "%s is on a network file system, so it was not read",
}
_NOT_READ = ("too_large", "remote", "error")


class Verdict(NamedTuple):
    """Whether a login method works: yes, no or unknown; C(why) is a sentence where it is not yes."""

    effective: str
    why: Optional[str] = None


YES = Verdict("yes")


def no(why: str) -> Verdict:
    return Verdict("no", why)


def unknown(why: str) -> Verdict:
    return Verdict("unknown", why)


def read_options(text: str) -> Tuple[List[KeyOption], Optional[Verdict]]:
    """The options of a line, or why sshd ignores the line."""
    if len(text) > _LONGEST_OPTIONS:
        return [], unknown("its options are longer than %d characters" % _LONGEST_OPTIONS)
    try:
        options = parse_options(text, "the line")
    except KeyOptionsError as exc:
        return [], no("sshd ignores the line: %s" % exc)
    strange = unknown_options(options)
    return options, no("sshd ignores the line: it does not support the key option %s" % ", ".join(strange)) if strange else None


def judge_key(facts: Facts, person: Person, file: FileRecord, key: KeyRecord) -> Verdict:
    """One line of a file of one account."""
    options, ignored = read_options(key.options)
    if person.state != "open":
        return no(person.why)
    if person.settings is None:
        return unknown("sshd was not asked about this account")
    forced = any(option.name.lower() == "command" for option in options)
    checks = (
        judge_settings(facts, person, "publickey", forced),
        _judge_file(facts, person, file),
        ignored,
        _judge_type(person, key),
        _judge_revoked(facts, person, key),
        _judge_expiry(facts, options),
    )
    found = [verdict for verdict in checks if verdict is not None]
    return next((verdict for verdict in found if verdict.effective == "no"), next(iter(found), YES))


def judge_settings(facts: Facts, person: Person, method: str, forced: bool = False) -> Optional[Verdict]:
    """What sshd's settings have against a login of this account."""
    settings = person.settings or {}
    why, sure = "", True
    refusal = rules.find_refusal(settings, person.for_rules)
    if method == "publickey" and rules.value_of(settings, "pubkeyauthentication", "yes") != "yes":
        why = "PubkeyAuthentication is no"
    elif not rules.admits(settings, person.for_rules, method, forced):
        why = "PermitRootLogin is %s" % rules.root_login(settings)
    elif refusal is not None and not refusal.sure:
        why, sure = "%s depends on the address of the login" % refusal.keyword, False
    elif not rules.suffices(settings, method):
        why = "AuthenticationMethods is %s, so that this alone is not enough" % " ".join(rules.words_of(settings, "authenticationmethods"))
    elif refusal is not None:
        # The sentences of that list stand in one place; what is about key files and types is judged below.
        why = next((one.text for one in find_obstacles(settings, person.for_rules) if one.keyword == refusal.keyword), refusal.keyword)
    if not why:
        return None
    if facts.found["match"] and sure and set(facts.found["match"]) & {"address", "host", "localaddress", "localport", "rdomain"}:
        return unknown("%s, but Match blocks of sshd's configuration depend on where a login comes from" % why)
    return no(why) if sure else unknown(why)


def _judge_file(facts: Facts, person: Person, file: FileRecord) -> Optional[Verdict]:
    if file.state != "ok":
        why = _STATES.get(file.state, "%s cannot be read") % file.path
        return unknown(why) if file.state in _NOT_READ else no(why)
    if rules.value_of(person.settings or {}, "strictmodes", "yes") == "no":
        return None
    for path, uid, gid, mode in file.open_to:
        others = mode & 0o022
        if uid in (0, person.account.uid) and facts.host["debian"] and others == 0o020 and gid == person.account.gid:
            # Debian's sshd tolerates a group of the account's own, if it has no other member.
            return unknown("the group of %s can change it (mode %04o), which sshd tolerates only while the group has no other member" % (path, mode))
        if uid not in (0, person.account.uid):
            return no("%s belongs to the user id %d, and StrictModes is yes" % (path, uid))
        if others:
            return no("%s can be changed by others (mode %04o), and StrictModes is yes" % (path, mode))
    return None


def _judge_type(person: Person, key: KeyRecord) -> Optional[Verdict]:
    settings = person.settings or {}
    if key.key_type not in KEY_TYPES:
        return unknown("keys of the type %s are not known to this collection" % key.key_type)
    if _SIGNATURES.get(key.written_type, key.written_type) != key.key_type:
        return no("sshd ignores the line: it has the type %s and a key of the type %s" % (key.written_type, key.key_type))
    if not rules.accepted_algorithms(settings, key.key_type):
        return no("PubkeyAcceptedAlgorithms has no algorithm of a key of the type %s" % key.key_type)
    if key.key_type == "ssh-rsa" and key.bits < rules.required_rsa_bits(settings):
        return no("the RSA key has %d bits, and sshd takes %d or more" % (key.bits, rules.required_rsa_bits(settings)))
    return None


def _judge_revoked(facts: Facts, person: Person, key: KeyRecord) -> Optional[Verdict]:
    path = rules.revoked_keys_file(person.settings or {})
    if path is None:
        return None
    records = [record for record in facts.of("revoked") if record.path == path]
    if not records:
        return unknown("the list of revoked keys %s was not read" % path)
    if any(record.fingerprint == key.fingerprint for record in records):
        return no("the key is revoked by %s" % path)
    states = {record.state for record in records if not record.fingerprint}
    if "missing" in states:
        return no("the list of revoked keys %s does not exist, so sshd refuses every key" % path)
    return unknown("the list of revoked keys %s is binary, so it was not searched" % path) if "binary" in states else None


def _judge_expiry(facts: Facts, options: List[KeyOption]) -> Optional[Verdict]:
    for option in options:
        if option.name.lower() == "expiry-time" and rules.has_expired(option.value or "", facts.now, facts.utc):
            return no("the key expired: expiry-time is %s" % option.value)
    return None

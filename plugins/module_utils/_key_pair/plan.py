# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pairs of ECS: what there is, what is wanted, and the steps between.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import hashlib
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Type

from .._ecs.answer import text_of
from .._ecs.tags import TagChange, plan_tags, read_tags
from .._errors import AccessError
from .._openssh.keys import KeyFormatError, PublicKey, fingerprints_equal, parse_public_key
from .steps import Create, Delete, Detach, FinishFile, Import, Move, RestrictFile, SomeStep, Step, Tag, Untag, WriteFile, actions_of, find_step

IMPORTABLE_TYPES = ("ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")

UNKNOWN_FINGERPRINT = "(of the key that will be made)"


class KeyPairConflict(AccessError):
    """What is wanted needs consent or is not possible."""

    code = "conflict"


class KeyPair(NamedTuple):
    """One key pair as ECS has it."""

    name: str
    fingerprint: str
    public_key: Optional[PublicKey]
    tags: Dict[str, str]
    resource_group_id: str
    creation_time: str

    def holds(self, key: PublicKey) -> bool:
        """Whether this is I(key): by blob, or where the service did not give one by either form of fingerprint."""
        if self.public_key is not None:
            return self.public_key.same_key(key)
        sha1 = hashlib.sha1(key.blob).hexdigest()
        return any(fingerprints_equal(self.fingerprint, known) for known in (key.fingerprint_md5, sha1))

    def to_dict(self) -> Dict[str, Any]:
        key = self.public_key
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "key_type": key.key_type if key else None,
            "public_key": key.line if key else None,
            "tags": self.tags,
            "resource_group_id": self.resource_group_id,
            "creation_time": self.creation_time,
        }


class KeyFile(NamedTuple):
    """What is known of the private key file. C(state): none (no path given), missing, key, unfinished.

    Unfinished: the file itself is missing or empty, but an interrupted run left a complete key beside it.
    """

    path: str = ""
    state: str = "none"
    public_key: Optional[PublicKey] = None
    mode: Optional[int] = None


class Wanted(NamedTuple):
    """The key pair to have. C(source): given (public_key), local or cloud (where a missing key is made).

    C(None) means: leave tags and resource group alone, take an existing key of any type and size.
    """

    name: str
    source: str
    public_key: Optional[PublicKey] = None
    key_file: KeyFile = KeyFile()
    return_private_key: bool = False
    on_mismatch: str = "fail"
    key_type: Optional[str] = None
    key_size: Optional[int] = None
    tags: Optional[Dict[str, str]] = None
    purge_tags: bool = True
    resource_group_id: Optional[str] = None


class Plan(NamedTuple):
    """What to do, and how it looks before and after."""

    steps: List[Step]
    before: Dict[str, Any]
    after: Dict[str, Any]
    warnings: Sequence[str] = ()

    @property
    def changed(self) -> bool:
        return bool(self.steps)

    @property
    def actions(self) -> List[str]:
        return actions_of(self.steps)

    def find(self, kind: Type[SomeStep]) -> Optional[SomeStep]:
        return find_step(self.steps, kind)


class _Target(NamedTuple):
    """What is planned for: I(desired) is the key, unless it has yet to be made."""

    wanted: Wanted
    desired: Optional[PublicKey]
    tags: TagChange
    resource_group_id: str

    def importing(self) -> Import:
        return Import(self.desired, self.tags.after, self.resource_group_id or None)

    def creating(self) -> Create:
        return Create(self.tags.after, self.resource_group_id or None)


def find_name_problem(name: str, imported: bool) -> Optional[str]:
    """One sentence on why ECS would refuse the name, or None. Imports take all letters and periods, creation ASCII."""
    if not 2 <= len(name) <= 128:
        return "name must have 2 to 128 characters, not %d" % len(name)
    if name.lower().startswith(("http://", "https://")):
        return "name must not start with http:// or https://"
    if not _is_letter(name[0], imported):
        return "name must start with a letter, not with %r" % name[0]
    marks = ".:_-" if imported else ":_-"
    for char in name:
        if not (_is_letter(char, imported) or "0" <= char <= "9" or char in marks):
            return "name may hold letters, digits and %s only, not %r" % (" ".join(marks), char)
    return None


def check_importable(key: PublicKey, source: str) -> PublicKey:
    """Return I(key) when ImportKeyPair takes its type, else raise KeyFormatError."""
    if key.key_type not in IMPORTABLE_TYPES:
        raise KeyFormatError(
            "%s is of type %s, which ECS key pairs do not take; give an RSA or ECDSA key (other types can still be given "
            "to people with the ssh_access module)" % (source, key.key_type)
        )
    return key


def read_key_pair(raw: Mapping[str, Any]) -> KeyPair:
    """One entry of DescribeKeyPairs as a record."""
    try:
        key: Optional[PublicKey] = parse_public_key(text_of(raw.get("PublicKey")), "PublicKey")
    except KeyFormatError:
        key = None
    return KeyPair(
        name=text_of(raw["KeyPairName"]),
        fingerprint=text_of(raw.get("KeyPairFingerPrint")).lower().replace(":", ""),
        public_key=key,
        tags=read_tags(raw.get("Tags")),
        resource_group_id=text_of(raw.get("ResourceGroupId")),
        creation_time=text_of(raw.get("CreationTime")),
    )


def plan_present(current: Optional[KeyPair], wanted: Wanted) -> Plan:
    """The steps to I(wanted); raises KeyPairConflict. Nothing that exists is replaced unless C(on_mismatch) allows it."""
    desired = wanted.public_key if wanted.source == "given" else wanted.key_file.public_key
    if wanted.source != "given" and desired is not None and not _is_of_kind(desired, wanted):
        raise KeyPairConflict(
            "%s already holds %s, not the %s that is asked for; move the file away to have a new key made"
            % (wanted.key_file.path, _kind(desired), _wanted_kind(wanted))
        )
    tags = plan_tags(current.tags if current else {}, wanted.tags, wanted.purge_tags)
    target = _Target(wanted, desired, tags, wanted.resource_group_id or (current.resource_group_id if current else ""))
    if current is None:
        return _complete(None, target, _plan_new(target))
    reason = _find_mismatch(current, wanted, desired)
    if reason is None:
        return _complete(current, target, [])
    if wanted.on_mismatch == "keep":
        target = target._replace(wanted=wanted._replace(key_file=KeyFile()), desired=None)
        return _complete(current, target, [], ["%s; left alone because of on_mismatch=keep" % reason])
    if wanted.on_mismatch == "fail":
        raise KeyPairConflict("%s; choose with on_mismatch=replace or on_mismatch=keep" % reason)
    return _complete(current, target, _plan_replace(current, target, reason))


def plan_absent(current: Optional[KeyPair], bound: Sequence[str], force_detach: bool) -> Plan:
    """The steps to no key pair; raises KeyPairConflict when instances are bound to it (I(bound): their ids)."""
    if current is None:
        return Plan([], {}, {})
    if bound and not force_detach:
        raise KeyPairConflict(describe_bound(current.name, bound) + "; unbind them first or set force_detach=true")
    return Plan([Detach(bound), Delete()] if bound else [Delete()], current.to_dict(), {})


def describe_bound(name: str, bound: Sequence[str]) -> str:
    """Which instances hold the key pair; a long list is cut."""
    shown = ", ".join(sorted(bound)[:10])
    more = " and %d more" % (len(bound) - 10) if len(bound) > 10 else ""
    return "key pair %s is bound to %d instance%s (%s%s)" % (name, len(bound), "" if len(bound) == 1 else "s", shown, more)


def _plan_new(target: _Target) -> List[Step]:
    wanted = target.wanted
    if wanted.source == "cloud":
        if target.desired is not None:
            raise KeyPairConflict(
                "%s already holds a private key, but there is no key pair %s; import that key with generate=local, or "
                "give another private_key_path" % (wanted.key_file.path, wanted.name)
            )
        _require_place(wanted)
        return [target.creating(), *_write_if_path(wanted)]
    if target.desired is not None:
        return [target.importing()]
    _require_place(wanted)
    return [*_write_if_path(wanted), target.importing()]


def _find_mismatch(current: KeyPair, wanted: Wanted, desired: Optional[PublicKey]) -> Optional[str]:
    """Why the existing pair is not what is wanted, or None."""
    if desired is not None:
        if current.holds(desired):
            return None
        where = "public_key" if wanted.source == "given" else wanted.key_file.path
        return "key pair %s exists with another key (fingerprint %s) than %s (fingerprint %s)" % (
            current.name,
            current.fingerprint,
            where,
            desired.fingerprint_md5,
        )
    if wanted.key_file.state == "missing":
        return "key pair %s exists, but its private key is not at %s (made elsewhere, moved, or lost when an earlier run was interrupted)" % (
            current.name,
            wanted.key_file.path,
        )
    if current.public_key is not None and not _is_of_kind(current.public_key, wanted):
        return "key pair %s exists with %s, not the %s that is asked for" % (
            current.name,
            _kind(current.public_key),
            _wanted_kind(wanted),
        )
    return None


def _is_of_kind(key: PublicKey, wanted: Wanted) -> bool:
    type_fits = wanted.key_type is None or wanted.key_type in key.key_type
    return type_fits and (wanted.key_size is None or wanted.key_size == key.bits)


def _kind(key: PublicKey) -> str:
    return "an %s key of %d bits" % (key.key_type, key.bits)


def _wanted_kind(wanted: Wanted) -> str:
    return " ".join([wanted.key_type or "key"] + (["of %d bits" % wanted.key_size] if wanted.key_size else []))


def _plan_replace(current: KeyPair, target: _Target, reason: str) -> List[Step]:
    wanted = target.wanted
    if current.public_key is None:
        raise KeyPairConflict("%s; it cannot be replaced because ECS did not return its public key, which is needed to restore it" % reason)
    if target.desired is not None:
        if wanted.source == "cloud":
            raise KeyPairConflict("%s; a key made by the cloud cannot take its place in that file: move the file away first" % reason)
        return [Delete(), target.importing()]
    _require_place(wanted)
    if wanted.source == "cloud":
        return [Delete(), target.creating(), *_write_if_path(wanted)]
    return [*_write_if_path(wanted), Delete(), target.importing()]


def _plan_file(wanted: Wanted) -> List[Step]:
    if wanted.key_file.state == "unfinished":
        return [FinishFile()]
    if wanted.key_file.state == "key" and wanted.key_file.mode != 0o600:
        return [RestrictFile()]
    return []


def _require_place(wanted: Wanted) -> None:
    if wanted.key_file.state == "none" and not wanted.return_private_key:
        raise KeyPairConflict(
            "key pair %s does not exist and there is no path for its private key; give private_key_path (or "
            "return_private_key=true), or import a key with public_key or public_key_path" % wanted.name
        )


def _write_if_path(wanted: Wanted) -> List[Step]:
    return [WriteFile()] if wanted.key_file.state == "missing" else []


def _complete(current: Optional[KeyPair], target: _Target, steps: List[Step], warnings: Sequence[str] = ()) -> Plan:
    """Adds the steps of the file and of the attributes, and how it looks before and after."""
    wanted, desired, tags = target.wanted, target.desired, target.tags
    before = current.to_dict() if current else {}
    after = dict(before or {"name": wanted.name, "creation_time": None}, tags=tags.after)
    if steps:
        after["fingerprint"] = desired.fingerprint_md5 if desired else UNKNOWN_FINGERPRINT
        after["key_type"] = desired.key_type if desired else None
        after["public_key"] = desired.line if desired else None
    else:
        steps = _plan_attributes(current, target)
    after["resource_group_id"] = target.resource_group_id
    if wanted.key_file.state == "key" and wanted.key_file.mode is not None:
        before = dict(before, private_key_mode="%04o" % wanted.key_file.mode)
        after["private_key_mode"] = "0600"
    return Plan(_plan_file(wanted) + steps, before, after, warnings)


def _plan_attributes(current: Optional[KeyPair], target: _Target) -> List[Step]:
    steps: List[Step] = []
    if current is not None and target.resource_group_id != current.resource_group_id:
        steps.append(Move(target.resource_group_id))
    if target.tags.to_remove:
        steps.append(Untag(target.tags.to_remove))
    if target.tags.to_set:
        steps.append(Tag(target.tags.to_set))
    return steps


def _is_letter(char: str, imported: bool) -> bool:
    return char.isalpha() if imported else "a" <= char <= "z" or "A" <= char <= "Z"

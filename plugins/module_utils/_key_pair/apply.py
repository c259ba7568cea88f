# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does what was planned for a key pair. Whatever it is interrupted by, no key is lost that was not made by this very run.

Note that this module util is **PRIVATE** to the collection.
"""

from contextlib import contextmanager
from typing import Iterator, List, Mapping, Optional, Sequence, Type

from .._ecs.answer import text_of
from .._ecs.client import EcsClient
from .._ecs.errors import EcsError
from .._ecs.tags import is_reserved
from .._errors import AccessError, ModuleFailure
from .._openssh.keys import PublicKey
from .plan import KeyPair, KeyPairConflict, Plan, Wanted, plan_present, read_key_pair
from .private_key import DEFAULT_SIZE, MadeKey, encrypt_private_key, make_private_key, read_public_half
from .private_key_file import Reservation, reserved_key_file, restrict_key_file
from .steps import Create, Delete, Detach, FinishFile, Import, Move, PutBack, RestrictFile, Step, Tag, Untag, WriteFile

_IMPORT_ATTEMPTS = 3


class KeyPairApply:
    """C(done) are the actions so far, also when one fails; C(made) is the key that was made."""

    def __init__(self, client: EcsClient, name: str, passphrase: Optional[str]) -> None:
        self._client = client
        self._name = name
        self._passphrase = passphrase
        self.done: List[str] = []
        self.made: Optional[MadeKey] = None

    def find(self) -> Optional[KeyPair]:
        """The key pair as ECS has it now."""
        raw = self._client.find_key_pair(self._name)
        return read_key_pair(raw) if raw else None

    def apply(self, plan: Plan, current: Optional[KeyPair], wanted: Wanted) -> None:
        """The steps to a key pair."""
        with self._progress():
            if plan.find(FinishFile):
                with reserved_key_file(wanted.key_file.path) as place:
                    place.finish()
                self._did(FinishFile)
            if plan.find(RestrictFile):
                restrict_key_file(wanted.key_file.path)
                self._did(RestrictFile)
            creation, importing = plan.find(Create), plan.find(Import)
            if creation:
                self._create(creation, plan, current, wanted)
            elif importing:
                key = importing.key or self._make(plan, wanted)
                with self._replacing(plan, current):
                    self._import(importing, key, wanted)
            else:
                self._set_attributes(plan)

    def remove(self, plan: Plan) -> None:
        """The steps to no key pair."""
        with self._progress():
            detaching = plan.find(Detach)
            if detaching:
                self._detach(detaching.instance_ids)
            if plan.find(Delete):
                self._delete()

    # -- a key of our own -----------------------------------------------------------------------------------------

    def _make(self, plan: Plan, wanted: Wanted) -> PublicKey:
        with self._place_for_key(plan, wanted) as place:
            key_type = wanted.key_type or "rsa"
            self.made = make_private_key(key_type, wanted.key_size or DEFAULT_SIZE[key_type], self._passphrase, self._name)
            if place is not None:
                place.fill(self.made.content)
                self._did(WriteFile)
        return self.made.public_key

    def _import(self, step: Import, key: PublicKey, wanted: Wanted) -> None:
        """Import until it is certain: an answer that got lost is looked up, never repeated blindly."""
        for attempt in range(1, _IMPORT_ATTEMPTS + 1):
            try:
                self._client.import_key_pair(self._name, key.line, step.tags, step.resource_group_id)
                self._did(Import)
                return
            except EcsError as error:
                if not _may_exist(error):
                    raise
                found = self.find()
                if found is not None and found.holds(key):
                    self._did(Import)
                    # It may be another run's import of the same key, with other tags.
                    self._set_attributes(plan_present(found, wanted._replace(source="given", public_key=key)))
                    return
                if found is not None:
                    raise KeyPairConflict("key pair %s was created with another key by another process at the same time; run again" % self._name) from None
                if attempt == _IMPORT_ATTEMPTS:
                    raise

    # -- a key of the cloud's -------------------------------------------------------------------------------------

    def _create(self, step: Create, plan: Plan, current: Optional[KeyPair], wanted: Wanted) -> None:
        with self._place_for_key(plan, wanted) as place, self._replacing(plan, current):
            try:
                answer = self._client.create_key_pair(self._name, step.tags, step.resource_group_id)
            except EcsError as error:
                if error.is_answer_lost:
                    self._report_orphan(error)
                raise
            self._did(Create)
            try:
                content = text_of(answer.get("PrivateKeyBody")).encode("ascii", "replace")
                public_key = read_public_half(content, None, "the answer of ECS")
                if self._passphrase:
                    content = encrypt_private_key(content, self._passphrase)
                if place is not None:
                    place.fill(content)
                    self._did(WriteFile)
            except BaseException:
                # The pair is worth nothing without its private half, and it is this run's own.
                if place is None or not place.is_written:
                    self._delete()
                raise
            self.made = MadeKey(content, public_key)

    def _report_orphan(self, error: EcsError) -> None:
        found = self.find()
        if found is not None:
            error.hint = "Key pair %s exists now (fingerprint %s), but its private key is lost: delete it with state=absent and run again." % (
                self._name,
                found.fingerprint,
            )

    @contextmanager
    def _place_for_key(self, plan: Plan, wanted: Wanted) -> Iterator[Optional[Reservation]]:
        if not plan.find(WriteFile):
            yield None
            return
        with reserved_key_file(wanted.key_file.path) as place:
            place.take_space()
            yield place

    # -- what is there --------------------------------------------------------------------------------------------

    @contextmanager
    def _replacing(self, plan: Plan, current: Optional[KeyPair]) -> Iterator[None]:
        """Delete the old pair if that is planned, and import it again if what follows fails."""
        if not plan.find(Delete) or current is None or current.public_key is None:
            yield
            return
        self._delete()
        try:
            yield
        except Exception as exc:
            outcome = self._put_back(current, current.public_key)
            if outcome:
                raise ModuleFailure(
                    "%s; the old key of %s could not be restored either (%s), its public half is in previous_key_pair" % (exc, self._name, outcome),
                    previous_key_pair=current.to_dict(),
                ) from None
            raise

    def _put_back(self, old: KeyPair, key: PublicKey) -> Optional[str]:
        """Import the old public key again; returns why not, or None."""
        try:
            self._client.import_key_pair(old.name, key.line, _own_tags(old.tags), old.resource_group_id or None)
        except EcsError as error:
            found = self.find() if _may_exist(error) else None
            if found is None or not found.holds(key):
                return error.text
        self._did(PutBack)
        return None

    def _set_attributes(self, plan: Plan) -> None:
        move, untag, tag = plan.find(Move), plan.find(Untag), plan.find(Tag)
        if move:
            self._client.move_key_pair(self._name, move.resource_group_id)
            self._did(Move)
        if untag:
            self._client.untag_key_pair(self._name, untag.keys)
            self._did(Untag)
        if tag:
            self._client.tag_key_pair(self._name, tag.tags)
            self._did(Tag)

    def _delete(self) -> None:
        self._client.delete_key_pairs([self._name])
        self._did(Delete)

    def _detach(self, bound: Sequence[str]) -> None:
        failed = [one for one in self._client.detach_key_pair(self._name, bound) if not one.is_done]
        if len(failed) < len(bound):
            self._did(Detach)
        if failed:
            first = failed[0]
            raise ModuleFailure(
                "%s could not be unbound from %d of %d instances, for example %s: %s"
                % (self._name, len(failed), len(bound), first.instance_id, first.message or first.code)
            )

    # -- progress -------------------------------------------------------------------------------------------------

    def _did(self, step: Type[Step]) -> None:
        self.done.append(step.action)

    @contextmanager
    def _progress(self) -> Iterator[None]:
        """A failure on the way reports what had been done before it."""
        try:
            yield
        except AccessError as exc:
            exc.result = dict(exc.result, actions=self.done, changed=bool(self.done))
            raise


def _may_exist(error: EcsError) -> bool:
    return error.is_answer_lost or error.code == "KeyPair.AlreadyExist"


def _own_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    return {key: value for key, value in tags.items() if not is_reserved(key)}

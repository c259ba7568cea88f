# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with the API, in our own words.

EcsError
 +-- code of the API     InvalidKeyPairName.NotFound, Throttling.User, ...   (status > 0)
 +-- ConnectionFailed    nothing was sent: name not resolved, refused, TLS, proxy
 +-- AnswerLost          sent, but no answer came: the service may or may not have acted
 +-- BadAnswer           an answer that is not from this API (a proxy's page, a wrong endpoint)
 +-- NoCredentials       nobody to sign as

Transport exceptions of the SDK carry whole URLs, so their text never gets in here.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

import re
from typing import Any, Dict, Iterable, NamedTuple, Optional

from .._errors import AccessError
from .._text import printable
from .answer import word_of

CONNECTION_FAILED = "ConnectionFailed"
ANSWER_LOST = "AnswerLost"
BAD_ANSWER = "BadAnswer"
NO_CREDENTIALS = "NoCredentials"


class EcsError(AccessError):
    """One failed API call."""

    def __init__(
        self,
        action: str,
        code: str,
        message: str = "",
        request_id: str = "",
        status: int = 0,
        hint: str = "",
        retry_after: float = 0,
    ) -> None:
        super().__init__(message, code)
        self.action = action
        self.message = message
        self.request_id = request_id
        self.status = status
        self.hint = hint
        self.retry_after = retry_after

    def __str__(self) -> str:
        text = "%s failed: %s" % (self.action, self.message.rstrip(". ") or self.code)
        if self.status and self.code not in self.message:
            text += " [%s]" % self.code
        return "%s. %s" % (text, self.hint) if self.hint else text

    def to_dict(self) -> Dict[str, str]:
        """The C(failure) of a module's result."""
        return {
            "action": self.action,
            "code": self.code,
            "message": self.message,
            "request_id": self.request_id,
            "hint": self.hint,
        }

    def answer(self) -> Dict[str, Any]:
        return dict(self.result, failure=self.to_dict())

    @property
    def is_throttling(self) -> bool:
        return "Throttling" in self.code or self.status == 429

    @property
    def is_answer_lost(self) -> bool:
        """Whether the service may have acted although the call failed."""
        return self.code in (ANSWER_LOST, BAD_ANSWER) or (self.status >= 500 and not self._is_refusal)

    @property
    def is_temporary(self) -> bool:
        """Whether the same call may succeed a moment later."""
        return self.is_throttling or self.status >= 500 or self.code in (ANSWER_LOST, CONNECTION_FAILED, "IdempotentProcessing")

    @property
    def is_not_found(self) -> bool:
        return "notfound" in self.code.lower()

    @property
    def is_dry_run_success(self) -> bool:
        """Whether a call with DryRun would have worked: the API may report that as an error, in one spelling or another."""
        return bool(re.match(r"DryRun[._]?(Operation|Success)?\Z", self.code, re.IGNORECASE))

    @property
    def _is_refusal(self) -> bool:
        # Said at the door, before anything was done.
        return self.is_throttling or "ServiceUnavailable" in self.code


class _Hint(NamedTuple):
    pattern: str
    text: str


# First match wins. {action} is the API's name of the call, {ram_action} what a RAM policy calls it.
_HINTS = (
    _Hint(r"^InvalidAccessKeyId", "This access key does not exist: check access_key_id (ALIBABA_CLOUD_ACCESS_KEY_ID)."),
    _Hint(
        r"^(SignatureDoesNotMatch|IncompleteSignature|InvalidSecurityToken\.MismatchWithAccessKey)",
        "The secret does not belong to this access key: check access_key_secret (ALIBABA_CLOUD_ACCESS_KEY_SECRET).",
    ),
    _Hint(r"SecurityToken", "The temporary credentials are expired or damaged: get new ones and give all three parts."),
    _Hint(
        r"^(InvalidTimeStamp|IllegalTimestamp|InvalidTimestamp)",
        "The clock of this machine differs from the service's by more than 15 minutes: set it (NTP).",
    ),
    _Hint(r"^(SignatureNonceUsed|InvalidNonce)", "The same request arrived twice; run again."),
    _Hint(
        r"^(Forbidden\.RAM|NoPermission|Forbidden\.SubUser|Forbidden\.Unauthorized|ImplicitDeny|ExplicitDeny)",
        "The identity lacks the RAM action {ram_action}: add it to its policy.",
    ),
    _Hint(r"^Forbidden\.AssumeRole|EntityNotExist\.Role", "The role does not exist or does not trust this identity."),
    _Hint(r"^(InvalidRegionId|RegionId\.ApiNotSupported)", "There is no such region for ECS: check region."),
    _Hint(r"Throttling", "The account calls this API too often: lower api_concurrency or raise api_retries."),
    _Hint(r"^QuotaExceed\.KeyPair", "The region's quota of key pairs (500) is used up: delete some, or ask for more."),
    _Hint(r"^QuotaExceed\.Tags", "A key pair holds at most 20 tags."),
    _Hint(r"ExceedQuota", "The account's quota of Cloud Assistant commands and files for a day is used up: ask for more in Quota Center."),
    _Hint(r"^QuotaExceed", "A quota of the account is used up: see Quota Center in the console."),
    _Hint(r"^InvalidPublicKeyBody", "ECS takes RSA and ECDSA public keys here, not ed25519."),
    _Hint(r"^(InvalidKeyPair|InvalidKeyPairName)\.NotFound", "There is no key pair of this name in this region."),
    _Hint(r"^KeyPair\.AlreadyExist", "A key pair of this name exists already in this region."),
    _Hint(r"KeypairAlreadyAttachedInstance", "Instances are still bound to the key pair: unbind them first."),
    _Hint(r"^InvalidResourceGroup", "There is no such resource group: check resource_group_id."),
    _Hint(r"WindowsInstance", "Windows instances have no key pairs: leave them out."),
    _Hint(r"(InvalidInstance(Id)?s?|InstanceNot)\.?(NotFound|ValueNotSupported|Found)", "Check the instance id and the region."),
    _Hint(r"^IncorrectInstanceStatus", "The instance is in a state that does not allow this: wait or start it, then run again."),
    _Hint(r"^(InvalidAction|UnsupportedOperation|InvalidVersion)", "The endpoint does not offer this call: check endpoint."),
    _Hint(r"^(InternalError|ServiceUnavailable|ServiceFailure)", "The service has a problem of its own: run again later."),
)

_STS_ACTIONS = ("AssumeRole", "GetCallerIdentity")

# These answers quote the string that was signed; it holds every parameter, for old signatures the token as well.
_QUOTING = re.compile(r"^(SignatureDoesNotMatch|IncompleteSignature|InvalidSecurityToken)")


def find_hint(code: str, action: str) -> str:
    """What to do about I(code), or an empty text."""
    for hint in _HINTS:
        if re.search(hint.pattern, code):
            product = "sts" if action in _STS_ACTIONS else "ecs"
            return hint.text.format(action=action, ram_action="%s:%s" % (product, action))
    return ""


def make_api_error(
    action: str,
    status: int,
    code: Optional[str],
    message: Optional[str],
    request_id: Optional[str] = None,
    retry_after: float = 0,
    secrets: Iterable[str] = (),
) -> EcsError:
    """An EcsError from an error body, with I(secrets) blanked in case the service quotes them."""
    code = _plain(code)[:100] or "HTTP%d" % status
    text = "the signature is wrong" if _QUOTING.match(code) else _plain(message)
    for secret in secrets:
        text = text.replace(secret, "********")
    if len(text) > 300:
        text = text[:297] + "..."
    return EcsError(action, code, text or code, _plain(request_id)[:100], status, find_hint(code, action), retry_after)


def _plain(value: Any) -> str:
    # The SDK turns a missing field into the text "None".
    return "" if value in (None, "None") else printable(word_of(value, 2000))


def is_about_one_instance(code: str) -> bool:
    """Whether ECS refuses a whole batch with this code because of one instance in it."""
    return code.startswith(("InvalidInstance", "DependencyViolation", "IncorrectInstanceStatus", "InstanceLocked"))

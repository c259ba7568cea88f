# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs decide, findings explain: what a program disproved is shown as information only, what nobody could ask is unknown.

This is the one place where the answers of programs meet what was read in files.
Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import FrozenSet, List

from .facts import PAM_STAGES, Answer, Facts
from .finding import BLOCKS, INFO, Finding, warns
from .key_log import describe_refusal, is_unmatched
from .proof import Proof

# What sshd has judged when it accepts the public half of a key. Not PermitRootLogin and AuthenticationMethods: it looks at
# those when a key has been used.
KEY_CAUSES = frozenset(
    (
        "account_locked",
        "shell_missing",
        "deny_users",
        "deny_users_unknown",
        "allow_users",
        "allow_users_unknown",
        "deny_groups",
        "allow_groups",
        "pubkey_authentication_off",
        "revoked_keys_unreadable",
        "authorized_keys_file_none",
        "home_missing",
        "home_not_mounted",
        "home_not_enterable",
        "home_wrong_owner",
        "home_writable",
        "directory_not_enterable",
        "directory_wrong_owner",
        "directory_writable",
        "key_file_unreadable",
        "key_file_wrong_owner",
        "key_file_writable",
        "key_file_not_regular",
        "key_file_dangling_link",
        "key_file_missing",
        "key_file_empty",
        "key_file_elsewhere",
        "key_of_other_user",
        "key_missing",
        "key_glued",
        "key_commented_out",
        "key_wrapped",
        "key_truncated",
        "key_damaged",
        "key_type_mismatch",
        "key_type_misspelt",
        "key_line_malformed",
        "key_has_odd_blanks",
        "key_file_utf16",
        "key_file_bom",
        "key_file_line_ends",
        "private_key_pasted",
        "key_in_rfc4716_form",
        "key_in_putty_form",
        "key_in_pem_form",
        "option_unknown",
        "option_malformed",
        "from_mismatch",
        "from_unknown",
        "key_expired",
        "cert_authority_only",
        "keys_command_missing",
        "keys_command_unsafe",
        "keys_command_user_missing",
        "keys_command_not_run",
        "keys_command_fails",
        "algorithm_not_accepted",
        "key_type_unsupported",
        "rsa_key_too_small",
        "key_revoked",
    )
)
# What PAM has judged when its account stage accepts a login.
PAM_CAUSES = frozenset(("account_expired", "password_expired", "shadow_entry_missing", "nologin_file", "pam_tally"))
# What a login that ran its command has disproved, wherever it came from.
SESSION_CAUSES = PAM_CAUSES | frozenset(
    (
        "account_locked",
        "shell_missing",
        "shell_not_executable",
        "shell_interpreter_missing",
        "shell_nologin",
        "shell_startup_exits",
        "shell_startup_hangs",
        "shell_startup_unsure",
        "shell_startup_prints",
        "shell_unknown",
        "library_path",
        "sftp_not_offered",
        "sftp_server_missing",
        "ssh_rc_hangs",
        "motd_hangs",
        "limit_maxlogins",
        "limit_nofile",
        "limit_memory",
        "limit_nproc",
        "max_sessions",
        "forced_command_missing",
        "chroot_missing",
        "chroot_unsafe",
        "chroot_without_shell",
        "pam_not_asked",
        "deny_groups",
        "allow_groups",
        "pubkey_authentication_off",
        "authentication_methods",
        "revoked_keys_unreadable",
    )
)
# And one from the real address.
_REAL_CAUSES = frozenset(
    (
        "deny_users",
        "deny_users_unknown",
        "allow_users",
        "allow_users_unknown",
        "shell_not_allowed",
        "pam_access",
        "pam_deny",
        "pam_listfile",
        "pam_module_missing",
        "pam_refuses",
        "pam_succeed_if",
        "pam_time",
        "pam_not_configured",
    )
)
# Of those: what stands against every key and every certificate.
_OF_ALL_KEYS = frozenset(
    (
        "account_locked",
        "shell_missing",
        "deny_users",
        "allow_users",
        "deny_groups",
        "allow_groups",
        "pubkey_authentication_off",
        "revoked_keys_unreadable",
    )
)
# What holds for one client address only, so that an answer for another proves nothing.
_BY_ADDRESS = frozenset(("from_unknown", "deny_users_unknown", "allow_users_unknown"))


def weigh(facts: Facts, found: List[Finding]) -> List[Finding]:
    """The findings, each as far as the programs bear it out, and those that only the programs know of."""
    found = _weigh_pam(facts, found)
    found = weigh_key(facts, found)
    network = facts.network
    found = found + not_asked(network.wrappers, "whether TCP wrappers let the address in", "hosts_deny_not_asked")
    return found + not_asked(network.filter, "whether the packet filter lets the address in", "firewall_not_asked")


def trusts_authorities(facts: Facts) -> bool:
    """Whether a certificate could let the account in."""
    return facts.setting("trustedusercakeys", "none") != "none" or any(b"cert-authority" in item.content.lower() for item in facts.key_files)


def _weigh_pam(facts: Facts, found: List[Finding]) -> List[Finding]:
    """The answer of PAM; the state of the account counts as PAM judges it."""
    for item in facts.pam.answers:
        if item.stage == "account" and item.answer.yes:
            found = demote(found, PAM_CAUSES, "PAM accepts the account all the same")
        found = found + not_asked(item.answer, PAM_STAGES[item.stage], "pam_not_asked")
    return found


def weigh_key(facts: Facts, found: List[Finding]) -> List[Finding]:
    """The answer of sshd about the key."""
    answer = facts.key_answer
    if answer.yes:
        causes = KEY_CAUSES if facts.request.address else KEY_CAUSES - _BY_ADDRESS
        return demote(found, causes, "sshd accepts the key all the same%s" % (", at " + answer.place if answer.place else ""))
    certified = facts.request.certificate
    if answer.yes is False and certified is not None:
        # What our reading says is about the key alone.
        found = [finding for finding in found if finding.cause not in KEY_CAUSES or finding.cause in _OF_ALL_KEYS]
    elif answer.yes is False and not is_unmatched(answer) and trusts_authorities(facts):
        why = "sshd also takes certificates for this account, and none was given"
        return demote(found, KEY_CAUSES - _OF_ALL_KEYS, why) + [warns("certificate_not_given", why, "check again with the certificate as public_key")]
    if any(finding.severity == BLOCKS for finding in found):
        return found
    if answer.yes is False:
        return found + [describe_refusal(answer, certified, facts.setting("trustedusercakeys", "none"))]
    return found + not_asked(answer, "whether sshd accepts the key", "key_not_asked")


def weigh_proof(found: List[Finding], proof: Proof) -> List[Finding]:
    """What a real login has shown. It proves nothing about the key files, since it came with a key of its own."""
    if not proof.ran:
        return found
    causes = SESSION_CAUSES | _REAL_CAUSES if proof.real else SESSION_CAUSES
    # Its key has no command; ForceCommand overrides those of keys. A command that ran and is known to refuse has refused.
    return demote(found, causes if proof.forced else causes - {"forced_command_missing"}, "a private login got in all the same")


def not_asked(answer: Answer, what: str, cause: str) -> List[Finding]:
    """What a question that could not be asked leaves open; nothing where no login depends on it."""
    if answer.yes is not None or not answer.relevant:
        return []
    return [warns(cause, "%s could not be found out: %s" % (what, answer.why), "log in with the key to find out")]


def demote(found: List[Finding], causes: FrozenSet[str], why: str) -> List[Finding]:
    """Findings that a program disproved, as information."""
    return [
        finding._replace(severity=INFO, evidence="%s; %s" % (finding.evidence, why), fix="", fix_command="")
        if finding.cause in causes and finding.severity != INFO
        else finding
        for finding in found
    ]

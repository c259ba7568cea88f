# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole verdict, in the order in which a login meets its obstacles.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import List, NamedTuple, Tuple

from . import judge_account, judge_key_line, judge_keys, judge_log, judge_network, judge_pam, judge_server, judge_session, judge_settings, key_log
from .facts import Facts
from .finding import BLOCKS, WARNS, Finding, in_order, warns
from .proof import Proof, findings_of
from .weigh import weigh, weigh_proof

_JUDGES = (
    judge_network.judge_network,
    judge_log.judge_log,
    judge_server.judge_server,
    judge_server.judge_loaded,
    key_log.judge_negotiation,
    judge_account.judge_account,
    judge_settings.judge_access,
    judge_settings.judge_methods,
    judge_settings.judge_revoked_file,
    judge_settings.judge_key_places,
    judge_account.judge_home,
    judge_keys.judge_keys,
    judge_keys.judge_views,
    judge_keys.judge_selinux,
    judge_key_line.judge_certificate,
    judge_settings.judge_algorithms,
    judge_settings.judge_root,
    judge_account.judge_aging,
    judge_pam.judge_pam,
    judge_pam.judge_auth_only,
    judge_pam.judge_limits,
    judge_account.judge_shell,
    judge_session.judge_sftp,
    judge_settings.judge_session_settings,
    judge_session.judge_session,
)
# Warnings that leave open how a login ends.
_DECISIVE = frozenset(
    (
        "config_not_loaded",
        "from_unknown",
        "deny_users_unknown",
        "allow_users_unknown",
        "selinux_label",
        "keys_command_not_run",
        "not_root",
        "per_source_penalty",
        "max_startups",
        "sshd_listens_on",
        "no_common_algorithm",
        "client_signs_with_sha1",
        "algorithm_sha1_only",
        "match_depends_on_address",
        "permit_root_login",
        "pam_tally",
        "sftp_only",
        "key_not_asked",
        "shell_startup_unsure",
        "shell_unknown",
        "library_path",
        "sshd_sees_other_files",
        "certificate_not_given",
        "pam_not_asked",
        "hosts_deny_not_asked",
        "firewall_not_asked",
        "forced_command_failed",
    )
)


class Verdict(NamedTuple):
    """C(can_log_in) is true, false or unknown."""

    can_log_in: str
    findings: Tuple[Finding, ...]


def judge(facts: Facts) -> Verdict:
    """All findings in order, and their verdict."""
    found = [finding for judge_one in _JUDGES for finding in judge_one(facts)]
    found = _limits_of_this_check(facts) + weigh(facts, found)
    return conclude(found)


def conclude(found: List[Finding]) -> Verdict:
    """The verdict on findings from anywhere."""
    ordered = in_order(found)
    if any(finding.severity == BLOCKS for finding in ordered):
        # What sshd has in force may be better than what its files set, but not than anything else.
        stale = any(finding.cause == "config_not_loaded" for finding in ordered)
        of_files = all(finding.severity != BLOCKS or _is_of_config(finding) for finding in ordered)
        return Verdict("unknown" if stale and of_files else "false", tuple(ordered))
    if any(finding.severity == WARNS and finding.cause in _DECISIVE for finding in ordered):
        return Verdict("unknown", tuple(ordered))
    return Verdict("true", tuple(ordered))


def _limits_of_this_check(facts: Facts) -> List[Finding]:
    found = []
    if not facts.root:
        found.append(warns("not_root", "the check did not run as root, so most of the relevant files cannot be read", "run it with become: true"))
    if facts.request.address is None:
        for item in facts.server.directives:
            words = item.match.lower().split()
            if item.keyword == "match" and ("address" in words or "host" in words):
                found.append(
                    warns(
                        "match_depends_on_address",
                        "%s applies by address, and where the login comes from is not known" % item.place,
                        "check again with the address that it comes from",
                    )
                )
                break
    return found


def _is_of_config(finding: Finding) -> bool:
    return finding.cause in (
        "deny_users",
        "allow_users",
        "deny_groups",
        "allow_groups",
        "pubkey_authentication_off",
        "authentication_methods",
        "revoked_keys_unreadable",
        "authorized_keys_file_none",
        "key_file_elsewhere",
        "algorithm_not_accepted",
        "rsa_key_too_small",
        "permit_root_login",
        "max_sessions",
        "max_auth_tries",
        "chroot_missing",
        "forced_command_refuses",
        "refuse_connection",
    )


def with_proof(verdict: Verdict, proof: Proof) -> Verdict:
    """Add what a real login showed."""
    found = weigh_proof(list(verdict.findings), proof)
    return conclude(found + findings_of(proof, found))

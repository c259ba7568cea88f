# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of sshd's settings, as they apply to this user from this address, prevent a login with a key.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import List, Optional

from .._openssh import rules
from .._openssh.authorized_keys import parse_key_file
from .._openssh.sshd_config import Directive
from .facts import Facts
from .finding import Finding, blocks, shell_quote, warns
from .fix import join_group, set_mode
from .judge_key_line import judge_forced


def judge_access(facts: Facts) -> List[Finding]:
    """DenyUsers, AllowUsers, DenyGroups, AllowGroups in sshd's order."""
    user, address, account = facts.request.user, facts.request.address, facts.account
    if not account.found:
        return []
    refusal = rules.find_refusal(facts.server.effective, account_of(facts), address)
    if refusal is None:
        return []
    keyword, listed = refusal.keyword, facts.words(refusal.keyword)
    if not refusal.sure and refusal.word:
        return [_depends("deny_users_unknown", "DenyUsers has %s" % refusal.word)]
    if not refusal.sure:
        return [_depends("allow_users_unknown", "AllowUsers has %s" % " ".join(listed))]
    at = _at(facts, keyword, refusal.word or None)
    if keyword == "denyusers":
        return [blocks("deny_users", "DenyUsers has %s%s" % (refusal.word, at), "take %s out of it" % refusal.word)]
    if keyword == "allowusers":
        where = " from %s" % address if any("@" in word for word in listed) else ""
        return [blocks("allow_users", "AllowUsers does not cover %s%s (it has %s)%s" % (user, where, " ".join(listed), at), "add %s to it" % user)]
    if keyword == "denygroups" and refusal.word:
        return [
            blocks(
                "deny_groups",
                "DenyGroups has %s, a group of %s%s" % (refusal.word, user, at),
                "take %s out of that group, or the group out of DenyGroups" % user,
            )
        ]
    if keyword == "denygroups":
        return [blocks("deny_groups", "DenyGroups is set%s, and sshd then refuses users who are in no group" % at, "add %s to a group" % user)]
    return [
        blocks(
            "allow_groups",
            "AllowGroups (%s) has none of the groups of %s (%s)%s" % (" ".join(listed), user, ", ".join(account.groups), at),
            "make %s a member of one of them" % user,
            join_group(facts, [word for word in listed if not set(word) & set("*?!")]),
        )
    ]


def account_of(facts: Facts) -> rules.Account:
    """The account, as the rules know it."""
    account = facts.account
    return rules.Account(facts.request.user, account.uid, account.home, account.groups)


def judge_methods(facts: Facts) -> List[Finding]:
    """Whether sshd tries keys at all, and whether a key is enough."""
    if not facts.server.effective:
        return []
    found = []
    if facts.setting("refuseconnection", "no") == "yes":
        found.append(blocks("refuse_connection", "RefuseConnection is yes%s" % _at(facts, "refuseconnection"), "remove it"))
    if facts.setting("pubkeyauthentication", "yes") == "no":
        where = find_place(facts, "pubkeyauthentication", "no")
        command = ""
        if where is not None and where.path in facts.server.fixed:
            command = "sed -i '%ds/.*/PubkeyAuthentication yes/' %s && %s" % (where.line, shell_quote(where.path), reload_command(facts))
        found.append(
            blocks(
                "pubkey_authentication_off",
                "PubkeyAuthentication is no%s" % _at(facts, "pubkeyauthentication", "no"),
                "set it to yes (alicloud.ecs_access.sshd_pubkey does it safely)",
                command,
            )
        )
    if not rules.suffices(facts.server.effective, "publickey"):
        methods = facts.words("authenticationmethods")
        found.append(
            blocks(
                "authentication_methods",
                "AuthenticationMethods is %s: a key alone does not satisfy it%s" % (" ".join(methods), _at(facts, "authenticationmethods")),
                "add publickey as one of its lists, or log in with all methods that it requires",
            )
        )
    tries = facts.setting("maxauthtries", "6")
    if tries.isdigit() and int(tries) == 0:
        found.append(blocks("max_auth_tries", "MaxAuthTries is %s, too few for any key%s" % (tries, _at(facts, "maxauthtries")), "set it to 6"))
    elif tries.isdigit() and int(tries) < 3:
        found.append(
            warns(
                "max_auth_tries",
                "MaxAuthTries is %s: an agent with more keys than that may never get to the right one%s" % (tries, _at(facts, "maxauthtries")),
                "set it to 6, or use ssh with IdentitiesOnly=yes and one key",
            )
        )
    return found


def judge_root(facts: Facts) -> List[Finding]:
    """PermitRootLogin."""
    account, value = account_of(facts), rules.root_login(facts.server.effective)
    if rules.admits(facts.server.effective, account, "publickey"):
        return []
    if rules.admits(facts.server.effective, account, "publickey", True) and _commands(facts):
        return []
    if rules.admits(facts.server.effective, account, "publickey", any(b"command=" in item.content for item in facts.key_files)):
        return [
            warns(
                "permit_root_login",
                "PermitRootLogin is forced-commands-only%s: root can log in only with a key that has command=" % _at(facts, "permitrootlogin"),
                "set it to prohibit-password",
            )
        ]
    return [
        blocks(
            "permit_root_login",
            "PermitRootLogin is %s%s" % (value, _at(facts, "permitrootlogin", value)),
            "log in as another user and use sudo, or set it to prohibit-password",
        )
    ]


def _commands(facts: Facts) -> bool:
    """Whether the line that sshd takes has a command."""
    path, _colon, number = facts.key_answer.place.rpartition(":")
    lines = [line for item in facts.key_files if item.path == path for line in parse_key_file(item.content) if str(line.number) == number]
    return any("command=" in line.options.lower() for line in lines)


def judge_algorithms(facts: Facts) -> List[Finding]:
    """Whether sshd takes signatures of such a key, and the key itself."""
    key = facts.request.key
    if key is None or not facts.server.effective or facts.request.certificate is not None:
        return []
    found = []
    accepted = rules.accepted_algorithms(facts.server.effective, key.key_type)
    if not accepted:
        wanted = rules.RSA_ALGORITHMS if key.key_type == "ssh-rsa" else (key.key_type,)
        where = _at(facts, "pubkeyacceptedalgorithms")
        cause = "key_type_unsupported" if key.key_type == "ssh-dss" else "algorithm_not_accepted"
        policy = "; the host runs in FIPS mode" if facts.fips and key.key_type == "ssh-ed25519" else ""
        found.append(
            blocks(
                cause,
                "PubkeyAcceptedAlgorithms has none of %s%s%s" % (", ".join(wanted), where, policy),
                "use a key of another type, or add %s" % wanted[0],
            )
        )
    elif accepted == ["ssh-rsa"]:
        found.append(
            warns(
                "algorithm_sha1_only",
                "PubkeyAcceptedAlgorithms has ssh-rsa (SHA-1) only, which new clients do not offer%s" % _at(facts, "pubkeyacceptedalgorithms"),
                "add rsa-sha2-512",
            )
        )
    required = rules.required_rsa_bits(facts.server.effective)
    if key.key_type == "ssh-rsa" and key.bits < required:
        found.append(
            blocks(
                "rsa_key_too_small",
                "the key has %d bits, RequiredRSASize requires %d%s" % (key.bits, required, _at(facts, "requiredrsasize")),
                "use a longer RSA key, or an Ed25519 key",
            )
        )
    path, _problem, listed = facts.revoked
    if listed:
        found.append(blocks("key_revoked", "%s lists the key%s" % (path, _at(facts, "revokedkeys")), "use another key"))
    options = facts.words("pubkeyauthoptions")
    if key.key_type.startswith("sk-") and "verify-required" in options:
        found.append(
            warns(
                "security_key_verification",
                "PubkeyAuthOptions has verify-required: the token must ask for its PIN%s" % _at(facts, "pubkeyauthoptions"),
                "create the key with 'ssh-keygen -O verify-required'",
            )
        )
    return found


def judge_revoked_file(facts: Facts) -> List[Finding]:
    """A RevokedKeys file that cannot be read makes sshd refuse every key of everybody."""
    path, problem, _listed = facts.revoked
    if not problem:
        return []
    command = "touch -- %s" % shell_quote(path) if problem == "it does not exist" and path in facts.server.fixed else ""
    return [
        blocks(
            "revoked_keys_unreadable",
            "RevokedKeys names %s, but %s, so sshd refuses every key%s" % (path, problem, _at(facts, "revokedkeys")),
            "create a file there that sshd can read (empty is enough), or remove the setting",
            command,
        )
    ]


def judge_key_places(facts: Facts) -> List[Finding]:
    """AuthorizedKeysFile none."""
    if facts.command.command or not facts.words("authorizedkeysfile") or rules.key_file_patterns(facts.server.effective):
        return []
    return [
        blocks(
            "authorized_keys_file_none",
            "AuthorizedKeysFile is none%s, so there is no place for a key" % _at(facts, "authorizedkeysfile"),
            "set it to .ssh/authorized_keys",
        )
    ]


def judge_session_settings(facts: Facts) -> List[Finding]:
    """Settings that end a session after the key has been accepted."""
    found = []
    if facts.setting("maxsessions", "10") == "0":
        found.append(blocks("max_sessions", "MaxSessions is 0, so no command and no shell can be started%s" % _at(facts, "maxsessions"), "set it to 10"))
    grace = facts.setting("logingracetime", "120")
    if grace.isdigit() and 0 < int(grace) < 5:
        found.append(
            warns(
                "login_grace_time",
                "LoginGraceTime is %s s: a slow network or a key with a passphrase takes longer%s" % (grace, _at(facts, "logingracetime")),
                "set it to 120",
            )
        )
    forced = facts.setting("forcecommand", "none")
    if forced != "none":
        found += judge_forced(facts, "ForceCommand %s%s" % (forced, _at(facts, "forcecommand")), forced)
    return found + _judge_chroot(facts)


def _judge_chroot(facts: Facts) -> List[Finding]:
    nodes = facts.session.chroot
    if not nodes:
        return []
    where = _at(facts, "chrootdirectory")
    target = nodes[-1]
    if target.kind != "directory":
        return [
            blocks(
                "chroot_missing",
                "ChrootDirectory %s does not exist (%s)%s" % (facts.setting("chrootdirectory"), target.path, where),
                "create it as a directory of root's, or remove the setting",
            )
        ]
    for node in nodes:
        if node.uid != 0 or node.mode & 0o022:
            return [
                blocks(
                    "chroot_unsafe",
                    "ChrootDirectory: %s (owner %s, mode %04o) must belong to root and be writable by root only%s"
                    % (node.path, node.owner or node.uid, node.mode, where),
                    "make root its owner",
                    set_mode(facts, node, "go-w") if node.uid == 0 else "",
                )
            ]
    sftp_only = facts.setting("forcecommand", "none").startswith("internal-sftp")
    if not sftp_only and not facts.session.chroot_shell:
        return [
            blocks(
                "chroot_without_shell",
                "ChrootDirectory %s does not hold the shell %s%s" % (target.path, facts.account.shell or "/bin/sh", where),
                "use ForceCommand internal-sftp, or install the shell there",
            )
        ]
    return []


def find_place(facts: Facts, keyword: str, value: Optional[str] = None) -> Optional[Directive]:
    """The line that most likely set this value: the first one outside of Match if that is the one in force."""
    lines = [item for item in facts.server.directives if item.keyword == keyword]
    if value is not None:
        wanted = [item for item in lines if value.lower() in [word.lower() for word in item.arguments]]
        lines = wanted or lines
    plain = [item for item in lines if not item.match]
    if value is None and plain:
        effective = [word.lower() for word in facts.words(keyword)]
        same = [item for item in lines if [word.lower() for word in item.arguments] == effective]
        plain = [item for item in same if not item.match] or ([] if same else plain)
        lines = same or lines
    return next(iter(plain or lines), None)


def reload_command(facts: Facts) -> str:
    """Make a change of the files count, once sshd has accepted them."""
    return "sshd -t && systemctl try-reload-or-restart %s" % (facts.server.unit or "sshd")


def _at(facts: Facts, keyword: str, value: Optional[str] = None) -> str:
    for option in facts.server.listener_options:
        if option.split("=")[0].split(" ")[0].lower() == keyword:
            return " (on the command line of sshd)"
    place = find_place(facts, keyword, value)
    if place is None:
        return ""
    return " (%s%s)" % (place.place, ", Match %s" % place.match if place.match else "")


def _depends(cause: str, what: str) -> Finding:
    return warns(cause, "%s, and where the login comes from is not known" % what, "check again with the address that it comes from")

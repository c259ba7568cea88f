# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging facts about a login: what needs a world that a container cannot be, and the fine print of patterns and texts."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis import facts as facts_of
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.facts import Answer, Facts, PamAnswer, PamEntry, Request
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_client import judge_client
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_cloud import judge_cloud
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_key_line import judge_line
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.judge_network import find_rule
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.pam_files import find_access_rule, find_limit, parse_stack
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.proof import Proof, render_config
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.startup_text import find_unconditional_end
from ansible_collections.alicloud.ecs_access.plugins.module_utils._diagnosis.verdict import judge, with_proof
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.authorized_keys import parse_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.sshd_config import Directive
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.accounts import Shadow
from ansible_collections.alicloud.ecs_access.plugins.module_utils._system.records import Listening, Node

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBF9wCb7TxxP9gb3hE8ODe/Tc+uIUNYipthBw65i3Nf6"
DIRECTORY = Node("/home/bob", "directory", 2001, 2001, 0o755, "bob", "bob")
EFFECTIVE = {
    "usepam": ("yes",),
    "pubkeyauthentication": ("yes",),
    "authorizedkeysfile": (".ssh/authorized_keys .ssh/authorized_keys2",),
    "strictmodes": ("yes",),
    "permitrootlogin": ("without-password",),
    "maxauthtries": ("6",),
    "authenticationmethods": ("any",),
    "pubkeyacceptedalgorithms": ("ssh-ed25519,rsa-sha2-512,rsa-sha2-256",),
    "port": ("22",),
    "logingracetime": ("120",),
}


def healthy(**changes) -> Facts:
    """The facts of a login that works."""
    content = (KEY + " bob\n").encode()
    path = "/home/bob/.ssh/authorized_keys"
    file_node = Node(path, "file", 2001, 2001, 0o600, "bob", "bob")
    folder = Node("/home/bob/.ssh", "directory", 2001, 2001, 0o700, "bob", "bob")
    facts = Facts(
        Request("bob", parse_public_key(KEY), "198.51.100.7", None, "20261120120000", "20261120120000", 20777),
        facts_of.AccountFacts(
            found=True,
            uid=2001,
            gid=2001,
            home="/home/bob",
            shell="/bin/bash",
            groups=("bob",),
            password_field="x",
            shadow=Shadow("!", changed=20000, maximum=99999),
            shell_node=Node("/bin/bash", "file", mode=0o755),
            shells=("/bin/bash",),
            home_node=DIRECTORY,
        ),
        facts_of.ServerFacts(
            program="/usr/sbin/sshd",
            unit="ssh",
            listener=1,
            listening=(Listening("0.0.0.0", 22, "sshd", 1),),
            effective=EFFECTIVE,
        ),
        (facts_of.KeyFileFacts(path, "ok", (file_node,), (file_node, folder, DIRECTORY), "", content),),
    )
    return facts._replace(**changes)


def first(facts: Facts) -> str:
    findings = judge(facts).findings
    return findings[0].cause if findings else ""


def with_settings(**settings: str) -> Facts:
    facts = healthy()
    return facts._replace(server=facts.server._replace(effective={**EFFECTIVE, **{name: (value,) for name, value in settings.items()}}))


def test_a_healthy_login_has_no_findings() -> None:
    assert judge(healthy()) == ("true", ())


def test_any_key_will_do_when_none_is_named() -> None:
    facts = healthy()
    assert judge(facts._replace(request=facts.request._replace(key=None))).can_log_in == "true"


def test_without_root_nothing_is_certain() -> None:
    verdict = judge(healthy(root=False))
    assert (verdict.can_log_in, verdict.findings[0].cause) == ("unknown", "not_root")


def test_an_older_configuration_in_force_leaves_the_outcome_open() -> None:
    facts = with_settings(pubkeyauthentication="no")
    stale = facts._replace(server=facts.server._replace(loaded_at=100.0, changed_at=200.0, changed_path="/etc/ssh/sshd_config"))
    assert judge(facts).can_log_in == "false"
    assert judge(stale).can_log_in == "unknown"


def test_what_blocks_comes_before_what_warns() -> None:
    facts = with_settings(logingracetime="2", maxsessions="0")
    assert [finding.severity for finding in judge(facts).findings] == ["blocks", "warns"]


@pytest.mark.parametrize(
    ("setting", "value", "cause"),
    [
        ("denyusers", "b?b", "deny_users"),
        ("allowusers", "alice *@10.*", "allow_users"),
        ("allowgroups", "wheel", "allow_groups"),
        ("denygroups", "bob", "deny_groups"),
        ("refuseconnection", "yes", "refuse_connection"),
        ("authenticationmethods", "publickey,password", "authentication_methods"),
        ("pubkeyacceptedalgorithms", "rsa-sha2-512", "algorithm_not_accepted"),
        ("forcecommand", "/bin/false", "forced_command_refuses"),
        ("maxsessions", "0", "max_sessions"),
        ("maxauthtries", "0", "max_auth_tries"),
    ],
)
def test_settings_that_stop_a_key(setting: str, value: str, cause: str) -> None:
    assert first(with_settings(**{setting: value})) == cause


def test_the_evidence_names_the_line_that_is_in_force() -> None:
    facts = with_settings(pubkeyauthentication="no")
    lines = (
        Directive("/etc/ssh/sshd_config", 7, "pubkeyauthentication", ("no",), ""),
        Directive("/etc/ssh/sshd_config", 90, "pubkeyauthentication", ("no",), "User games"),
    )
    server = facts.server._replace(directives=lines, fixed=frozenset(["/etc/ssh/sshd_config"]))
    finding = judge(facts._replace(server=server)).findings[0]
    assert "/etc/ssh/sshd_config:7" in finding.evidence
    assert finding.fix_command.startswith("sed -i '7s/.*/PubkeyAuthentication yes/' /etc/ssh/sshd_config && sshd -t && ")


def test_fips_is_said_where_it_is_the_reason() -> None:
    facts = with_settings(pubkeyacceptedalgorithms="rsa-sha2-512")._replace(fips=True)
    assert "FIPS" in judge(facts).findings[0].evidence


def test_a_wrong_selinux_type_is_a_warning_that_leaves_the_outcome_open() -> None:
    verdict = judge(healthy(selinux=(("/home/bob/.ssh", "default_t"),)))
    assert (verdict.can_log_in, verdict.findings[0].fix_command) == ("unknown", "runuser -u bob -- restorecon -RF -- /home/bob/.ssh")


def test_a_group_that_is_private_may_write_for_debian_only() -> None:
    facts = healthy()
    item = facts.key_files[0]
    open_file = item.secured[0]._replace(mode=0o660, private_group=True)
    facts = facts._replace(key_files=(item._replace(secured=(open_file,) + item.secured[1:]),))
    assert first(facts) == "key_file_writable"
    assert first(facts._replace(server=facts.server._replace(debian=True))) == ""


def test_full_start_ups_and_a_port_of_somebody_elses() -> None:
    facts = healthy()
    assert first(facts._replace(server=facts.server._replace(startups=(10, 10)))) == "max_startups"
    other = facts.server._replace(listening=(Listening("0.0.0.0", 22, "nginx", 7),), listener=0)
    assert first(facts._replace(server=other)) == "port_taken"


def test_an_address_that_is_not_known_is_not_guessed() -> None:
    facts = with_settings(allowusers="bob@10.0.0.*")
    verdict = judge(facts._replace(request=facts.request._replace(address=None)))
    assert (verdict.can_log_in, verdict.findings[0].cause) == ("unknown", "allow_users_unknown")


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ('from="10.0.0.0/8"', "from_mismatch"),
        ('expiry-time="20200101Z"', "key_expired"),
        ("nonsense", "option_unknown"),
        ("from=10.0.0.1", "option_malformed"),
        ("cert-authority", "cert_authority_only"),
        ('command="/usr/sbin/nologin"', "forced_command_refuses"),
        ('expiry-time="20261120120001"', ""),
        ('from="198.51.100.0/24",no-pty', ""),
        ('expiry-time="202611201159"', "key_expired"),
    ],
)
def test_key_options(options: str, cause: str) -> None:
    (line,) = parse_key_file(f"{options} {KEY}\n".encode())
    assert "".join(finding.cause for finding in judge_line(healthy(), "FILE:1", line)) == cause


def test_hosts_deny_counts_exceptions_and_networks() -> None:
    assert find_rule("ALL: ALL EXCEPT 198.51.100.\n", "198.51.100.7") is None
    assert find_rule("# no\nftpd: ALL\nsshd, ftpd : 198.51.100.0/255.255.255.0 : deny\n", "198.51.100.7")[0] == 3
    assert find_rule("sshd: [2001:db8::]/32", "2001:db8::9") is None
    assert find_rule("sshd: 10.0.0.", None) is None


def test_access_conf_and_limits() -> None:
    text = "# x\n+:root:ALL\n-:ALL EXCEPT (ssh):ALL\n"
    assert find_access_rule(text, "bob", ("bob",), None).line == 3
    assert find_access_rule(text, "bob", ("bob", "ssh"), None) is None
    limits = [("/etc/security/limits.conf", "* hard nproc 10\n@ops hard nproc 20\nbob - nproc 0 # no\n")]
    assert find_limit(limits, "bob", 2001, ("ops",), "nproc") == (0, "/etc/security/limits.conf:3")
    assert find_limit(limits, "root", 0, (), "nproc") is None


def test_pam_stacks() -> None:
    lines = parse_stack("@include common-auth\naccount [success=1 default=ignore] pam_unix.so\n-session optional pam_systemd.so\n# auth x y\n")
    assert [(line.kind, line.control, line.module) for line in lines] == [
        ("@include", "", "common-auth"),
        ("account", "[success=1 default=ignore]", "pam_unix.so"),
        ("session", "optional", "pam_systemd.so"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("exit 0\n", 1),
        ("# exit\nexport A=1\nexec zsh\n", 3),
        ('[ -z "$PS1" ] && return\nexit\n', None),
        ("case $- in\n  *i*) ;;\n  *) return;;\nesac\nexec fish\n", None),
        ("if [ -x /bin/zsh ]; then\n  exec zsh\nfi\n", None),
        ("case $- in *i*) ;; *) return;; esac\nexec zsh\n", None),
        ("f() { return 1; }\nexit 2\n", 2),
        ("f() {\n  exit 1\n}\n", None),
        ("exec 2>/dev/null\n", None),
        ("[ -f x ] && exit 1\n", None),
    ],
)
def test_start_up_files_that_end_the_shell(text: str, line) -> None:
    found = find_unconditional_end(text)
    assert (found and found[0]) == line


@pytest.mark.parametrize(
    ("log", "status", "cause"),
    [
        ("", 0, ""),
        ("ssh: connect to host web-1 port 22: Connection refused\n", 255, "connection_refused"),
        ("ssh: connect to host web-1 port 22: Connection timed out\n", 255, "connection_timeout"),
        ("Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures\n", 255, "too_many_keys"),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n", 255, "host_key_changed"),
        (
            "debug1: send_pubkey_test: no mutual signature algorithm\nbob@web-1: Permission denied (publickey).\n",
            255,
            "no_mutual_signature_algorithm",
        ),
        ("kex_exchange_identification: Connection closed by remote host\n", 255, "closed_before_login"),
        ('Load key "/k": invalid format\nbob@web-1: Permission denied (publickey).\n', 255, "private_key_unreadable"),
        ("debug1: Authentications that can continue: publickey\nbob@web-1: Permission denied (publickey).\n", 255, "key_not_offered"),
        (
            "debug1: Authentications that can continue: publickey\ndebug1: Offering public key: k ED25519 %s\n"
            "bob@web-1: Permission denied (publickey).\n" % parse_public_key(KEY).fingerprint_sha256,
            255,
            "permission_denied",
        ),
        ("@       WARNING: REVOKED HOST KEY DETECTED!               @\nHost key verification failed.\n", 255, "host_key_revoked"),
        ('Load key "d": Is a directory\nbob@web-1: Permission denied (publickey).\n', 255, "private_key_is_directory"),
        ("kex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535\n", 255, "proxy_command_failed"),
        ("something new\n", 255, "ssh_failed"),
        ("", 1, "command_failed"),
    ],
)
def test_what_the_client_says(log: str, status: int, cause: str) -> None:
    findings = judge_client(log, status, parse_public_key(KEY).fingerprint_sha256)
    assert "".join(finding.cause for finding in findings) == cause


def test_what_the_cloud_says() -> None:
    instance = {
        "instance_id": "i-1",
        "status": "Stopped",
        "os_type": "linux",
        "public_ips": [],
        "ssh_reachable": False,
        "ssh_reachable_reason": "refused by a rule of sg-1",
        "cloud_assistant": {"installed": False, "online": False},
    }
    assert [finding.cause for finding in judge_cloud(instance)] == [
        "instance_not_running",
        "security_group",
        "no_public_address",
        "assistant_offline",
    ]
    assert judge_cloud({"instance_id": "i-1", "status": "Running", "public_ips": ["203.0.113.1"], "ssh_reachable": True}) == []


def test_a_refusal_that_nothing_explains_becomes_a_finding() -> None:
    proof = Proof(False, False, "a private sshd refused bob: fatal: Access denied", "fatal: Access denied")
    assert [finding.cause for finding in with_proof(judge(healthy()), proof).findings] == ["login_refused"]
    known = judge(with_settings(denyusers="bob"))
    assert [finding.cause for finding in with_proof(known, proof).findings] == ["deny_users"]


def test_the_private_sshd_trusts_one_key_and_judges_the_address_in_question() -> None:
    text = render_config(with_settings(allowusers="bob@198.51.100.*", revokedkeys="none", listenaddress="0.0.0.0:22"), KEY, "/bin/echo")
    lines = text.splitlines()
    assert lines[:3] == ["AuthorizedKeysFile none", f"AuthorizedKeysCommand /bin/echo {KEY}", "AuthorizedKeysCommandUser root"]
    assert not any(line.lower().startswith(("allowusers", "listenaddress")) for line in lines)
    assert sum(line.lower().startswith("authorizedkeysfile") for line in lines) == 1
    refusing = render_config(with_settings(allowusers="bob@10.*"), KEY, "/bin/echo")
    assert "AllowUsers bob@10.*" in refusing


def asked(facts: Facts, **answers: Answer) -> Facts:
    """The facts, with what programs answered."""
    network = facts.network._replace(**{name: answer for name, answer in answers.items() if name in ("wrappers", "filter")})
    pam = facts.pam._replace(answers=(PamAnswer("account", answers["account"]),) if "account" in answers else ())
    return facts._replace(network=network, pam=pam, key_answer=answers.get("key", facts.key_answer))


def test_what_sshd_accepts_is_not_refused_by_our_reading() -> None:
    read = with_settings(allowusers="alice")
    assert judge(asked(read, key=Answer(True, "", "/f:3"))).can_log_in == "true"
    (finding,) = judge(asked(read, key=Answer(True, "", "/f:3"))).findings
    assert (finding.cause, finding.severity) == ("allow_users", "info")
    assert "sshd accepts the key all the same, at /f:3" in finding.evidence


def test_an_answer_about_the_key_says_nothing_about_the_session() -> None:
    assert judge(asked(with_settings(maxsessions="0"), key=Answer(True))).can_log_in == "false"
    assert judge(asked(with_settings(permitrootlogin="no", authenticationmethods="publickey,password"), key=Answer(True))).can_log_in == "false"


def test_a_refusal_that_our_reading_does_not_explain_is_one_all_the_same() -> None:
    verdict = judge(asked(healthy(), key=Answer(False, "Certificate invalid: expired")))
    assert (verdict.can_log_in, verdict.findings[0].cause) == ("false", "key_refused")
    assert "Certificate invalid: expired" in verdict.findings[0].evidence


def test_files_only_by_design_is_a_login_that_works() -> None:
    facts = with_settings(forcecommand="internal-sftp")
    assert judge(facts).can_log_in == "unknown"
    assert judge(facts._replace(account=facts.account._replace(shell="/usr/sbin/nologin"))).can_log_in == "true"
    assert judge(with_settings(forcecommand="/opt/x", chrootdirectory="none")).can_log_in == "true"


@pytest.mark.parametrize(
    ("question", "cause"), [("key", "key_not_asked"), ("account", "pam_not_asked"), ("filter", "firewall_not_asked"), ("wrappers", "hosts_deny_not_asked")]
)
def test_what_could_not_be_asked_leaves_the_outcome_open(question: str, cause: str) -> None:
    verdict = judge(asked(healthy(), **{question: Answer(None, "it takes root")}))
    assert (verdict.can_log_in, [finding.cause for finding in verdict.findings]) == ("unknown", [cause])
    assert judge(asked(with_settings(maxsessions="0"), **{question: Answer(None, "it takes root")})).can_log_in == "false"


def test_pam_decides_about_the_age_of_an_account() -> None:
    facts = healthy()
    old = facts._replace(account=facts.account._replace(shadow=Shadow("!", changed=0)))
    assert first(old) == "password_expired"
    assert judge(asked(old, account=Answer(True))).can_log_in == "true"
    refusing = old._replace(
        pam=old.pam._replace(answers=(PamAnswer("account", Answer(False, "expired"), 12, PamEntry("account", "required", "pam_unix", (), "/f:1")),))
    )
    assert [finding.cause for finding in judge(refusing).findings] == ["password_expired"]


def test_a_command_of_the_key_is_not_what_a_private_login_ran() -> None:
    facts = healthy()
    line = b'command="/opt/gone" ' + KEY.encode() + b"\n"
    commanded = facts._replace(
        key_files=(facts.key_files[0]._replace(content=line),),
        session=facts.session._replace(missing_commands=frozenset(["/opt/gone"])),
        key_answer=Answer(True),
    )
    got_in = Proof(True, True, "bob logged in through a private sshd", real=True)
    assert with_proof(judge(commanded), got_in).can_log_in == "false"
    forced = commanded._replace(server=facts.server._replace(effective={**EFFECTIVE, "forcecommand": ("/opt/menu",)}))
    assert judge(forced).can_log_in == "true"
    gone = with_settings(forcecommand="/opt/gone")
    gone = gone._replace(session=gone.session._replace(missing_commands=frozenset(["/opt/gone"])))
    assert first(gone) == "forced_command_missing"
    assert with_proof(judge(gone), got_in._replace(forced=True)).can_log_in == "true"


@pytest.mark.parametrize("status", [0, 1])
def test_a_forced_command_that_refuses_is_no_login(status: int) -> None:
    verdict = with_proof(judge(with_settings(forcecommand="/usr/sbin/nologin")), Proof(True, True, "it ran", status=status, forced=True))
    assert (verdict.can_log_in, [finding.cause for finding in verdict.findings]) == ("false", ["forced_command_refuses"])


@pytest.mark.parametrize(("waited", "cause"), [(False, "shell_startup_exits"), (True, "shell_startup_hangs")])
def test_a_session_that_fails_is_explained_by_the_line_that_may_end_it(waited: bool, cause: str) -> None:
    facts = healthy()
    unsure = judge(facts._replace(session=facts.session._replace(startup=(("/home/bob/.bashrc", "set -e\nfalse\n"),))))
    assert unsure.can_log_in == "unknown"
    verdict = with_proof(unsure, Proof(True, False, "its session ran no command", waited=waited))
    assert (verdict.can_log_in, verdict.findings[0].cause) == ("false", cause)
    assert "/home/bob/.bashrc:1" in verdict.findings[0].evidence


def test_a_shell_behind_a_closed_directory_is_met_after_the_key() -> None:
    facts = healthy()
    closed = Node("/usr/bin", "directory", mode=0o700, fixed=True)
    behind = facts._replace(account=facts.account._replace(shell_closed_at=closed), key_answer=Answer(True))
    verdict = judge(behind)
    assert [finding.cause for finding in verdict.findings] == ["shell_not_executable"]
    assert verdict.findings[0].fix_command == "chmod a+x -- /usr/bin"
    without_key = behind._replace(key_files=(behind.key_files[0]._replace(content=b""),), key_answer=Answer(False))
    assert first(without_key) == "key_file_empty"


COMMAND = facts_of.KeyCommandFacts("/usr/local/bin/keys %u", (Node("/usr/local/bin/keys", "file", mode=0o755),), "nobody")


@pytest.mark.parametrize(
    ("answer", "outcome", "cause"),
    [
        (Answer(True), "true", ""),
        (Answer(False), "false", "key_missing"),
        (Answer(False, "Failed publickey for bob from 198.51.100.7 port 1 ssh2"), "false", "key_missing"),
        (Answer(False, "AuthorizedKeysCommand /usr/local/bin/keys failed, status 3"), "false", "keys_command_fails"),
        (Answer(None, "it did not end within 20 seconds", late=True), "false", "keys_command_fails"),
        (Answer(False, "User bob not allowed because account is locked"), "false", "account_locked"),
        (Answer(None, "that takes root"), "unknown", "keys_command_not_run"),
    ],
)
def test_what_a_keys_command_returns_is_for_sshd_to_see(answer: Answer, outcome: str, cause: str) -> None:
    facts = with_settings(authorizedkeysfile="none")._replace(command=COMMAND, key_files=(), key_answer=answer)
    verdict = judge(facts)
    assert (verdict.can_log_in, verdict.findings[0].cause if verdict.findings else "") == (outcome, cause)


def test_a_refusal_by_a_module_that_was_not_asked_names_its_line() -> None:
    facts, why = healthy(), Answer(None, "/etc/pam.d/sshd:1: asking pam_exec would change something")
    for stage, accepted, other in (("account", False, "session_fails"), ("session", True, "login_refused")):
        unasked = judge(facts._replace(pam=facts.pam._replace(answers=(PamAnswer(stage, why),))))
        assert unasked.can_log_in == "unknown"
        verdict = with_proof(unasked, Proof(accepted, False, "a private sshd let bob down"))
        assert (verdict.can_log_in, verdict.findings[0].cause) == ("false", "pam_refuses")
        assert "/etc/pam.d/sshd:1" in verdict.findings[0].evidence
        assert with_proof(unasked, Proof(not accepted, False, "a private sshd let bob down")).findings[0].cause == other


def test_the_key_of_a_private_login_has_no_command_that_root_may_need() -> None:
    assert "permitrootlogin prohibit-password" in render_config(with_settings(permitrootlogin="forced-commands-only"), KEY, "/bin/echo")
    assert "permitrootlogin no" in render_config(with_settings(permitrootlogin="no"), KEY, "/bin/echo")
    facts = with_settings(permitrootlogin="forced-commands-only")
    root = facts._replace(request=facts.request._replace(user="root"), account=facts.account._replace(uid=0))
    assert with_proof(judge(root), Proof(True, True, "root logged in", real=True)).can_log_in == "false"

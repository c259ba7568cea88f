# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""More of the table: accounts that cannot be looked up, PAM, limits, and what runs once the key has been accepted."""

from __future__ import annotations

from worlds.scenario import Scenario

OFF = "sed -i 1d $C; restart"
LIMIT = "echo '%s' > /etc/security/limits.d/x.conf"
UNLIMIT = "rm /etc/security/limits.d/x.conf"

ACCOUNT = (
    Scenario("user_not_looked_up", "sed -i 's/^passwd:.*/passwd: db/' /etc/nsswitch.conf", "sed -i 's/^passwd:.*/passwd: files/' /etc/nsswitch.conf"),
    Scenario("passwd_line_malformed", "sed -i 's/^bob:x:2001:/bob:x:/' /etc/passwd", "sed -i 's/^bob:x:/bob:x:2001:/' /etc/passwd"),
    Scenario("shell_missing", "sed -i 's,^bob:.*,&\\r,' /etc/passwd", note="line-end"),
    Scenario(
        "shell_not_executable",
        "cp /bin/bash /usr/local/bin/odd; chmod 0700 /usr/local/bin/odd; usermod -s /usr/local/bin/odd bob",
        note="by-the-account",
        proof="fails",
    ),
    Scenario(
        "shell_interpreter_missing",
        "printf '#!/bin/nosuch -l\\n' > /usr/local/bin/odd; chmod 0755 /usr/local/bin/odd; usermod -s /usr/local/bin/odd bob",
        proof="fails",
    ),
    Scenario("nologin_file", "systemctl stop systemd-user-sessions", note="systemd", proof="refused"),
)

PAM = (
    Scenario(
        "pam_time",
        "pam 'account required pam_time.so'; echo 'sshd;*;bob;!Al0000-2400' > /etc/security/time.conf",
        ": > /etc/security/time.conf",
        proof="refused",
    ),
    Scenario(
        "pam_access",
        'pam "account required pam_access.so accessfile=/etc/ssh/access"; echo "-:bob:$ADDR" > /etc/ssh/access',
        ": > /etc/ssh/access",
        note="address",
    ),
    Scenario(
        "pam_listfile",
        "pam 'account required pam_listfile.so onerr=fail item=group sense=allow file=/etc/ssh/groups'; echo admins > /etc/ssh/groups",
        "echo bob >> /etc/ssh/groups",
        note="group",
    ),
    Scenario("pam_succeed_if", "pam 'account required pam_succeed_if.so uid >= 3000'", "sed -i 1d /etc/pam.d/sshd", note="uid"),
    Scenario(
        "pam_deny",
        "echo 'account requisite pam_deny.so' >> /etc/pam.d/mine; pam 'account include mine'",
        "sed -i 1d /etc/pam.d/sshd",
        note="included",
    ),
    Scenario("pam_deny", "pam 'session required pam_deny.so'", "sed -i 1d /etc/pam.d/sshd", note="session", proof="fails"),
    Scenario(
        "pam_not_configured",
        "mv /etc/pam.d/sshd /etc/security/; echo 'account required pam_deny.so' > /etc/pam.d/other",
        "mv /etc/security/sshd /etc/pam.d/",
        proof="refused",
    ),
    Scenario("pam_refuses", "pam 'account required pam_localuser.so file=/etc/ssh/moduli'", "sed -i 1d /etc/pam.d/sshd", note="localuser"),
    Scenario("limit_nproc", LIMIT % "bob hard nproc 0", UNLIMIT, proof="fails"),
    Scenario("limit_nofile", LIMIT % "bob - nofile 2", UNLIMIT, proof="fails"),
    Scenario("limit_memory", LIMIT % "bob - as 1000", UNLIMIT, proof="fails"),
    Scenario("limit_maxlogins", LIMIT % "* hard maxsyslogins 0", UNLIMIT, note="system"),
    Scenario("limit_maxlogins", LIMIT % "@bob hard maxlogins 0", UNLIMIT, note="group"),
)

SESSION = (
    Scenario("ssh_rc_hangs", "echo 'sleep 600' > $S/rc", "rm $S/rc"),
    Scenario("ssh_rc_hangs", "printf 'while true; do\\n  sleep 1\\ndone\\n' > /etc/ssh/sshrc", "rm /etc/ssh/sshrc", note="system"),
    Scenario("shell_startup_hangs", "echo 'sleep 600' > $H/.bashrc", ": > $H/.bashrc"),
    Scenario("shell_startup_exits", "echo 'exit 1' > /etc/bash.bashrc", ": > /etc/bash.bashrc", note="system"),
    # The files alone do not tell: the real login does.
    Scenario("shell_startup_exits", "printf 'set -e\\nfalse\\n' > $H/.bashrc", ": > $H/.bashrc", note="set-e", proof="fails"),
    Scenario("sftp_only", "match 'Match User bob' 'ForceCommand internal-sftp'", "sed -i '/Match User/,$d' $C; restart", verdict="unknown"),
    Scenario("sftp_only", 'keys \'command="internal-sftp" %s\\n\' "$K"', "sed -i 's/command=\"internal-sftp\" //' $A", note="key", verdict="unknown"),
    Scenario(
        "keys_command_fails",
        "rm $A; printf '#!/bin/sh\\nexec sleep 600\\n' > /usr/local/bin/keys; chmod 0755 /usr/local/bin/keys; "
        "conf 'LoginGraceTime 3' 'AuthorizedKeysCommand /usr/local/bin/keys %u' 'AuthorizedKeysCommandUser nobody'",
        "printf '#!/bin/sh\\necho %s\\n' \"$K\" > /usr/local/bin/keys",
        note="hangs",
    ),
)

ALL = ACCOUNT + PAM + SESSION

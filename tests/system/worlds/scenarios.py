# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table: what is broken, which cause the check must name first, and what mends it where the check gives no command for it.

Setups and fixes are scripts of root's in the instance; see world.PRELUDE for what they may call. $K is the key line, $A bob's
authorized_keys, $H his home, $C sshd_config, $ADDR the address that logins come from.
"""

from __future__ import annotations

from worlds import doors, inside, places
from worlds.scenario import WITH_KEY, Healthy, Scenario

ACCOUNT = (
    Scenario("user_missing", "userdel -f bob", "useradd -M -s /bin/bash -u 2001 -d /home/bob bob"),
    Scenario("account_locked", "usermod -p '!' bob; conf 'UsePAM no'", proof="refused"),
    Scenario("account_locked", "usermod -L bob; conf 'UsePAM no'", note="usermod-L"),
    Scenario("account_expired", "chage -E 1 bob", proof="refused"),
    Scenario("account_expired", "chage -E 2020-01-01 bob; usermod -p '*' bob; conf 'UsePAM no'", note="without-pam"),
    Scenario("password_expired", "chage -d 0 bob", note="must-change", proof="fails"),
    Scenario("password_expired", "usermod -p '*' bob; chage -d 2020-01-01 -M 30 bob", note="old", proof="fails"),
    Scenario("password_expired", "usermod -p '*' bob; chage -d 2020-01-01 -M 30 -I 5 bob", note="inactive", proof="refused"),
    Scenario("shadow_entry_missing", "sed -i /^bob:/d /etc/shadow", proof="refused"),
    Scenario("shell_missing", "usermod -s /bin/nosuch bob", proof="refused"),
    Scenario("shell_not_executable", "usermod -s /etc/hostname bob", proof="refused"),
    Scenario("shell_not_executable", "usermod -s /etc bob", note="directory"),
    Scenario("shell_nologin", "usermod -s /usr/sbin/nologin bob", proof="fails"),
    Scenario("shell_nologin", "usermod -s /bin/false bob", note="false"),
    Scenario(
        "shell_not_allowed",
        "pam 'account required pam_shells.so'; cp /bin/bash /usr/local/bin/odd; usermod -s /usr/local/bin/odd bob",
        proof="refused",
    ),
    Scenario("nologin_file", "echo maintenance > /etc/nologin", proof="refused"),
    Scenario("nologin_file", "echo booting > /run/nologin", note="run"),
    Scenario("nologin_file", "echo maintenance > /etc/nologin; usermod -p '*' bob; conf 'UsePAM no'", note="without-pam"),
    Scenario("home_missing", "mv $H /home/gone", "rmdir $H 2>/dev/null; mv /home/gone $H", proof="works"),
    Scenario("home_missing", "usermod -d /home/typo bob", "usermod -d $H bob", note="typo"),
    Scenario("home_missing", "mv $H /home/gone; touch $H", "rm $H; mv /home/gone $H", note="file"),
)

PATHS = (
    Scenario("home_not_enterable", "chmod 0600 $H"),
    Scenario("home_not_enterable", "chown root:root $H; chmod 0700 $H", note="root's"),
    Scenario("directory_not_enterable", "chmod 0700 /home", note="above", fix="chmod 0755 /home"),
    Scenario("home_wrong_owner", "chown eve $H; chmod 0755 $H", "chown bob $H"),
    Scenario("home_writable", "chmod 0777 $H"),
    Scenario("home_writable", "usermod -aG bob eve; chmod 0775 $H", note="group"),
    Scenario("directory_wrong_owner", "chown eve $S; chmod 0755 $S", "chown bob $S"),
    Scenario("directory_writable", "chmod 0777 $S"),
    Scenario("directory_writable", "chgrp users $S; chmod 0770 $S", note="group"),
    Scenario("directory_not_enterable", "chown root:root $S; chmod 0700 $S", "chown bob: $S", note="root's"),
    Scenario("directory_not_enterable", "chmod 0600 $S"),
    Scenario("directory_not_enterable", "rm -r $S; mkdir $S; " + WITH_KEY + "; chmod 0700 $S; chmod 0600 $A", "chown bob: $S $A", note="recipe-without-chown"),
    Scenario("key_file_unreadable", "chown root:root $A; chmod 0600 $A", "chown bob: $A", note="root's"),
    Scenario("key_file_unreadable", "chmod 0200 $A"),
    Scenario("key_file_wrong_owner", "chown eve $A; chmod 0644 $A", "chown bob $A"),
    Scenario("key_file_writable", "chmod 0666 $A"),
    Scenario("key_file_writable", "chgrp users $A; chmod 0664 $A", note="group"),
    Scenario("key_file_not_regular", "rm $A; mkfifo $A; chown bob $A", "rm $A; " + WITH_KEY, note="fifo"),
    Scenario("key_file_not_regular", "rm $A; mkdir $A; chown bob $A", "rmdir $A; " + WITH_KEY, note="directory"),
    Scenario("key_file_not_regular", "rm -r $S; touch $S; chown bob $S", "rm $S; install -d -o bob -m 0700 $S; " + WITH_KEY, note="ssh-is-a-file"),
    Scenario("key_file_dangling_link", "rm $A; ln -s /nowhere/keys $A", "rm $A; " + WITH_KEY),
    Scenario("key_file_missing", "rm $A"),
    Scenario("key_file_missing", "rm -r $S", note="no-ssh-directory"),
    Scenario("key_file_missing", "mv $A $S/authorized_key", note="misspelt"),
    Scenario("key_file_empty", ": > $A"),
    Scenario(
        "directory_writable",
        "mkdir -p /srv/keys; chmod 1777 /srv/keys; cp $A /srv/keys/bob; chmod 0644 /srv/keys/bob; conf 'AuthorizedKeysFile /srv/keys/%u'",
        note="sticky-custom",
    ),
    Scenario(
        "directory_not_enterable",
        "mkdir -p /srv/keys; cp $A /srv/keys/bob; chmod 0644 /srv/keys/bob; chmod 0700 /srv/keys; conf 'AuthorizedKeysFile /srv/keys/%u'",
        note="custom",
    ),
    Scenario(
        "key_file_unreadable",
        "mkdir -p /srv/keys; cp $A /srv/keys/bob; chown root: /srv/keys/bob; chmod 0600 /srv/keys/bob; conf 'AuthorizedKeysFile /srv/keys/%u'",
        note="custom",
    ),
)

KEY_TEXT = (
    Scenario("key_missing", "sed -i 's/.*//' $A; cat /etc/ssh/ssh_host_ed25519_key.pub > $A"),
    Scenario(
        "key_of_other_user",
        "mv $A /home/eve/.ssh/authorized_keys; chown eve /home/eve/.ssh/authorized_keys; "
        "cat /etc/ssh/ssh_host_ed25519_key.pub > $A; chown bob $A; chmod 0600 $A",
    ),
    Scenario("key_glued", "keys '# old comment%s\\n' \"$K\"", WITH_KEY, note="comment"),
    Scenario("key_glued", "keys '%s%s\\n' \"$(cut -d' ' -f1,2 /etc/ssh/ssh_host_rsa_key.pub) x\" \"$K\"", WITH_KEY, note="key"),
    Scenario("key_commented_out", "keys '#%s\\n' \"$K\"", WITH_KEY),
    Scenario("key_wrapped", "keys '%s\\n' \"$K\"; sed -i 's/\\(.\\{72\\}\\)/\\1\\n/' $A", WITH_KEY),
    Scenario("key_truncated", "keys '%s\\n' \"$(echo $K | cut -c1-75)\"", WITH_KEY),
    Scenario("key_damaged", "keys '%s\\n' \"$TYPE $(echo $B | tr 'a-z' 'A-Z')\"", WITH_KEY),
    Scenario("key_type_mismatch", "keys '%s\\n' \"ssh-rsa $B bob\"", WITH_KEY),
    Scenario("key_line_malformed", "keys '%s\\n' \"$B bob\"", WITH_KEY, note="no-type"),
    Scenario("key_line_malformed", 'keys \'"%s"\\n\' "$K"', WITH_KEY, note="quotes"),
    Scenario("private_key_pasted", "ssh-keygen -q -t ed25519 -N '' -f /tmp/k; cat /tmp/k > $A; rm /tmp/k /tmp/k.pub", WITH_KEY),
    Scenario("key_in_rfc4716_form", "ssh-keygen -e -m RFC4716 -f $A > /tmp/k; cat /tmp/k > $A", WITH_KEY),
    Scenario("key_in_pem_form", "ssh-keygen -e -m PEM -f /etc/ssh/ssh_host_rsa_key.pub > $A", WITH_KEY),
    Scenario("key_in_putty_form", "keys 'PuTTY-User-Key-File-3: ssh-ed25519\\nEncryption: none\\nPublic-Lines: 2\\n%s\\n' $B", WITH_KEY),
    Scenario("key_file_utf16", "iconv -f UTF-8 -t UTF-16 $A > /tmp/k; cat /tmp/k > $A", WITH_KEY),
    Scenario("key_file_bom", "keys '\\357\\273\\277%s\\n' \"$K\"", WITH_KEY),
    Scenario("option_unknown", "keys 'no-potato %s\\n' \"$K\"", WITH_KEY),
    Scenario("option_malformed", "keys 'from=10.0.0.1 %s\\n' \"$K\"", WITH_KEY, note="unquoted"),
    Scenario("option_malformed", 'keys \'command="true %s\\n\' "$K"', WITH_KEY, note="open-quote"),
    Scenario("option_malformed", "keys 'no-pty, no-X11-forwarding %s\\n' \"$K\"", WITH_KEY, note="blank"),
    Scenario("from_mismatch", 'keys \'from="192.0.2.0/24" %s\\n\' "$K"', 'sed -i "s,192.0.2.0/24,$ADDR," $A'),
    Scenario("from_mismatch", 'keys \'from="*,!%s" %s\\n\' $ADDR "$K"', WITH_KEY, note="negated"),
    Scenario("option_malformed", 'keys \'from="%s/16" %s\\n\' $ADDR "$K"', WITH_KEY, note="from-no-network"),
    Scenario("key_expired", 'keys \'expiry-time="20200101" %s\\n\' "$K"', WITH_KEY),
    Scenario("cert_authority_only", "keys 'cert-authority %s\\n' \"$K\"", WITH_KEY),
    Scenario("forced_command_refuses", 'keys \'command="/bin/false" %s\\n\' "$K"', WITH_KEY),
    Scenario(
        "forced_command_refuses",
        'keys \'no-pty,command="echo \\047Please login as the user \\\\"admin\\\\" rather than the user \\\\"root\\\\".\\047;exit 142" %s\\n\' "$K"',
        WITH_KEY,
        note="cloud-init",
    ),
    Scenario("forced_command_missing", 'keys \'command="/opt/gone/run --all" %s\\n\' "$K"', WITH_KEY),
)

SETTINGS = (
    Scenario("pubkey_authentication_off", "conf 'PubkeyAuthentication no'", proof="refused"),
    Scenario("pubkey_authentication_off", "match 'Match User bob' '  PubkeyAuthentication no'", note="match"),
    Scenario("pubkey_authentication_off", "match \"Match Address $ADDR\" 'PubkeyAuthentication no'", note="match-address", proof="refused"),
    Scenario("deny_users", "conf 'DenyUsers mallory bob'", "sed -i /DenyUsers/d $C; restart", proof="refused"),
    Scenario("deny_users", 'conf "DenyUsers bob@$ADDR"', "sed -i /DenyUsers/d $C; restart", note="host", proof="refused"),
    Scenario("allow_users", "conf 'AllowUsers alice eve'", "sed -i 's/AllowUsers/& bob/' $C; restart", proof="refused"),
    Scenario("allow_users", "conf 'AllowUsers bob@192.0.2.*'", "sed -i /AllowUsers/d $C; restart", note="host", proof="refused"),
    Scenario("deny_groups", "groupadd parked; usermod -aG parked bob; conf 'DenyGroups parked'", "gpasswd -d bob parked", proof="refused"),
    Scenario("allow_groups", "groupadd ssh-users; conf 'AllowGroups ssh-users'", proof="refused"),
    Scenario(
        "permit_root_login",
        "mkdir -p /root/.ssh; printf '%s\\n' \"$K\" >> /root/.ssh/authorized_keys; chmod 0700 /root/.ssh; "
        "chmod 0600 /root/.ssh/authorized_keys; conf 'PermitRootLogin no'",
        "sed -i 1d $C; restart",
        user="root",
        proof="refused",
    ),
    Scenario(
        "permit_root_login",
        "mkdir -p /root/.ssh; printf '%s\\n' \"$K\" >> /root/.ssh/authorized_keys; chmod 0700 /root/.ssh; "
        "chmod 0600 /root/.ssh/authorized_keys; conf 'PermitRootLogin forced-commands-only'",
        "sed -i 1d $C; restart",
        user="root",
        note="forced-commands-only",
    ),
    Scenario("authentication_methods", "conf 'AuthenticationMethods publickey,password'", "sed -i 1d $C; restart", proof="refused"),
    Scenario(
        "authentication_methods",
        "match 'Match User bob' '  AuthenticationMethods password'",
        "sed -i '/Match User/,$d' $C; restart",
        note="match",
    ),
    Scenario("authorized_keys_file_none", "conf 'AuthorizedKeysFile none'", "sed -i 1d $C; restart", proof="works"),
    Scenario("key_file_elsewhere", "conf 'AuthorizedKeysFile /etc/ssh/keys/%u'", proof="works"),
    Scenario("key_file_elsewhere", "conf 'AuthorizedKeysFile .ssh/authorised_keys'", note="typo"),
    Scenario("revoked_keys_unreadable", "conf 'RevokedKeys /etc/ssh/revoked'", proof="refused"),
    Scenario("key_revoked", "printf '%s\\n' \"$K\" > /etc/ssh/revoked; conf 'RevokedKeys /etc/ssh/revoked'", ": > /etc/ssh/revoked"),
    Scenario(
        "key_revoked",
        "printf '%s\\n' \"$K\" > /tmp/k.pub; ssh-keygen -q -k -f /etc/ssh/krl /tmp/k.pub; conf 'RevokedKeys /etc/ssh/krl'",
        "sed -i 1d $C; restart",
        note="krl",
    ),
    Scenario("algorithm_not_accepted", "conf 'PubkeyAcceptedKeyTypes rsa-sha2-512,ecdsa-sha2-nistp256'", "sed -i 1d $C; restart", proof="refused"),
    Scenario("algorithm_not_accepted", "conf 'PubkeyAcceptedKeyTypes ssh-ed25519'", "sed -i 1d $C; restart", key="rsa:2048", note="rsa"),
    Scenario(
        "rsa_key_too_small",
        "conf 'RequiredRSASize 4096'",
        "sed -i 1d $C; restart",
        key="rsa:2048",
        images=("debian12", "debian13", "el-like"),
        proof="refused",
    ),
    Scenario("max_auth_tries", "conf 'MaxAuthTries 0'", "sed -i 1d $C; restart"),
    Scenario("max_sessions", "conf 'MaxSessions 0'", "sed -i 1d $C; restart", proof="fails"),
    Scenario("forced_command_refuses", "conf 'ForceCommand /bin/false'", "sed -i 1d $C; restart", note="setting"),
    Scenario("forced_command_missing", "match 'Match User bob' 'ForceCommand /opt/gone'", "sed -i '/Match User/,$d' $C; restart", note="setting"),
    Scenario("chroot_missing", "conf 'ChrootDirectory /srv/jail/%u'", "sed -i 1d $C; restart", proof="fails"),
    Scenario("chroot_unsafe", "mkdir -p /srv/jail; chown bob /srv/jail; conf 'ChrootDirectory /srv/jail'", "sed -i 1d $C; restart"),
    Scenario("chroot_without_shell", "mkdir -p /srv/jail; conf 'ChrootDirectory /srv/jail'", "sed -i 1d $C; restart"),
    Scenario(
        "keys_command_missing",
        "rm $A; conf 'AuthorizedKeysCommand /opt/gone' 'AuthorizedKeysCommandUser nobody'",
        "printf '#!/bin/sh\\necho %s\\n' \"$K\" > /usr/local/bin/keys; chmod 0755 /usr/local/bin/keys; sed -i s,/opt/gone,/usr/local/bin/keys, $C; restart",
    ),
    Scenario(
        "keys_command_unsafe",
        "rm $A; printf '#!/bin/sh\\necho %s\\n' \"$K\" > /usr/local/bin/keys; chmod 0777 /usr/local/bin/keys; "
        "conf 'AuthorizedKeysCommand /usr/local/bin/keys' 'AuthorizedKeysCommandUser nobody'",
    ),
    Scenario(
        "keys_command_unsafe",
        "rm $A; printf '#!/bin/sh\\necho %s\\n' \"$K\" > /usr/local/bin/keys; chmod 0755 /usr/local/bin/keys; "
        "chown bob /usr/local/bin/keys; conf 'AuthorizedKeysCommand /usr/local/bin/keys' 'AuthorizedKeysCommandUser nobody'",
        "chown root: /usr/local/bin/keys",
        note="owner",
    ),
    Scenario(
        "keys_command_fails",
        "rm $A; printf '#!/bin/sh\\nexit 3\\n' > /usr/local/bin/keys; chmod 0755 /usr/local/bin/keys; "
        "conf 'AuthorizedKeysCommand /usr/local/bin/keys %u' 'AuthorizedKeysCommandUser nobody'",
        "printf '#!/bin/sh\\necho %s\\n' \"$K\" > /usr/local/bin/keys",
    ),
    Scenario(
        "keys_command_user_missing",
        "rm $A; printf '#!/bin/sh\\necho %s\\n' \"$K\" > /usr/local/bin/keys; chmod 0755 /usr/local/bin/keys; "
        "conf 'AuthorizedKeysCommand /usr/local/bin/keys' 'AuthorizedKeysCommandUser nosuchuser'",
        "sed -i s/nosuchuser/nobody/ $C; restart",
    ),
    Scenario("refuse_connection", "match 'Match User bob' 'RefuseConnection yes'", "sed -i '/Match User/,$d' $C; restart", images=("debian13",)),
)

SERVER = (
    Scenario("sshd_not_running", "stop", proof="works"),
    Scenario("sshd_masked", "stop; systemctl mask -q $UNIT.service ssh.socket 2>/dev/null", images=("debian11", "debian12", "debian13")),
    Scenario("sshd_config_broken", "stop; sed -i '3iPubkeyAuthentikation yes' $C; restart", "sed -i /Authentikation/d $C; restart"),
    Scenario("host_keys_missing", "rm /etc/ssh/ssh_host_*", note="running", images=("debian12", "debian11", "el-like")),
    Scenario("host_keys_missing", "chmod 0644 /etc/ssh/ssh_host_*_key; restart", note="modes", fix="chmod 0600 /etc/ssh/ssh_host_*_key; restart"),
    Scenario("privsep_directory_missing", "rmdir /run/sshd"),
    Scenario("sshd_stopped", "kill -STOP $(cat /run/sshd.pid)", proof="works"),
    Scenario("sshd_local_only", "conf 'ListenAddress 127.0.0.1'", "sed -i 1d $C; restart"),
    Scenario("listen_address_unknown", "conf 'ListenAddress 192.0.2.44'", "sed -i 1d $C; restart"),
    Scenario("sshd_other_port", "conf 'Port 2222'", "sed -i 1d $C; restart", check=(("port", 22),)),
    Scenario(
        "port_taken",
        "stop; python3 -c 'import socket, time; s = socket.create_server((\"\", 22)); time.sleep(600)' & sleep 0.5; SQUATTER=$!; restart",
        "kill $SQUATTER; restart",
    ),
    Scenario("sshd_not_to_be_run", "touch /etc/ssh/sshd_not_to_be_run; stop; restart", images=("debian11", "debian12", "debian13")),
    Scenario("config_not_loaded", "conf 'PubkeyAuthentication no'; sleep 0.05; sed -i 1d $C", verdict="unknown"),
    Scenario("hosts_deny", "echo 'sshd: ALL' > /etc/hosts.deny", ": > /etc/hosts.deny", proof="works"),
    Scenario("hosts_deny", 'echo "ALL: $ADDR" > /etc/hosts.deny', 'echo "sshd: $ADDR" > /etc/hosts.allow', note="address"),
)

PAM = (
    Scenario(
        "pam_access",
        "pam 'account required pam_access.so'; echo '-:ALL EXCEPT root:ALL' > /etc/security/access.conf",
        "echo '+:bob:ALL' > /etc/security/access.conf",
        proof="refused",
    ),
    Scenario(
        "pam_access",
        "pam 'account required pam_access.so'; printf '+:root:ALL\\n-:bob:ALL\\n' > /etc/security/access.conf",
        "echo '+:ALL:ALL' > /etc/security/access.conf",
        note="user",
    ),
    Scenario(
        "pam_listfile",
        "pam 'account required pam_listfile.so onerr=fail item=user sense=deny file=/etc/ssh/denied'; echo bob > /etc/ssh/denied",
        ": > /etc/ssh/denied",
        proof="refused",
    ),
    Scenario(
        "pam_listfile",
        "pam 'account required pam_listfile.so onerr=fail item=user sense=allow file=/etc/ssh/allowed'; echo eve > /etc/ssh/allowed",
        note="allow",
    ),
    Scenario(
        "pam_listfile",
        "pam 'account required pam_listfile.so onerr=fail item=user sense=deny file=/etc/ssh/denied'",
        "touch /etc/ssh/denied",
        note="no-file",
    ),
    Scenario(
        "pam_succeed_if",
        "groupadd wheel 2>/dev/null; pam 'account required pam_succeed_if.so user ingroup wheel'",
        "usermod -aG wheel bob",
        proof="refused",
    ),
    Scenario("pam_deny", "pam 'account requisite pam_deny.so'", "sed -i 1d /etc/pam.d/sshd", proof="refused"),
    Scenario("pam_module_missing", "pam 'account required pam_nosuch.so'", "sed -i 1d /etc/pam.d/sshd", proof="refused"),
    Scenario("limit_maxlogins", "echo 'bob hard maxlogins 0' > /etc/security/limits.d/x.conf", "rm /etc/security/limits.d/x.conf", proof="fails"),
)

SESSION = (
    Scenario("shell_startup_exits", "echo 'exit 0' > $H/.bashrc", ": > $H/.bashrc", proof="fails"),
    Scenario("shell_startup_exits", "echo 'exec /bin/false' > $H/.bashrc", ": > $H/.bashrc", note="exec"),
)


ROOT_KEY = "mkdir -p /root/.ssh; printf '%s\\n' \"$K\" > /root/.ssh/authorized_keys; chmod 0700 /root/.ssh; chmod 0600 /root/.ssh/authorized_keys"
HEALTHY = (
    Healthy("plain", ":"),
    Healthy("private-group-may-write", "chmod 0775 $H; chmod 0664 $A"),
    Healthy("linked-ssh-directory", "mv $S $H/keys; ln -s keys $S"),
    Healthy("windows-line-ends", "printf '# mine\\r\\n%s\\r\\n' \"$K\" > $A"),
    Healthy("junk-around-the-key", "printf '\\n# ssh-rsa\\nnonsense\\nssh-rsa\\n   %s' \"$K\" > $A"),
    Healthy(
        "root-owned-central-file",
        "mkdir /srv/keys; cp $A /srv/keys/bob; chown root: /srv/keys/bob; chmod 0644 /srv/keys/bob; rm -r $S; conf 'AuthorizedKeysFile /srv/keys/%u'",
    ),
    Healthy("allowed-by-address", 'conf "AllowUsers eve bob@$ADDR"'),
    Healthy("from-covers-the-address", 'printf \'from="%s.0.0/16" %s\\n\' ${ADDR%.*.*} "$K" > $A'),
    Healthy("second-line-lets-in", 'printf \'from="192.0.2.1" %s\\n%s\\n\' "$K" "$K" > $A'),
    Healthy("expires-later", 'printf \'expiry-time="20990101" %s\\n\' "$K" > $A'),
    Healthy("locked-password-with-pam", "usermod -L bob"),
    Healthy("star-password-without-pam", "usermod -p '*' bob; conf 'UsePAM no'"),
    Healthy("match-for-somebody-else", "match 'Match User eve' 'PubkeyAuthentication no' 'ForceCommand /bin/false'"),
    Healthy(
        "keys-from-a-command",
        "rm -r $S; printf '#!/bin/sh\\necho %s\\n' \"$K\" > /usr/local/bin/keys; chmod 0755 /usr/local/bin/keys; "
        "conf 'AuthorizedKeysCommand /usr/local/bin/keys %u' 'AuthorizedKeysCommandUser nobody'",
    ),
    Healthy("broken-command-but-a-file", "conf 'AuthorizedKeysCommand /opt/gone' 'AuthorizedKeysCommandUser nobody'"),
    Healthy("publickey-is-demanded", "conf 'AuthenticationMethods publickey'"),
    Healthy("no-word-negates-users", "conf 'AllowUsers !bob *'"),
    Healthy("no-word-negates-groups", "conf 'AllowGroups !bob *'"),
    Healthy("loose-modes-without-strictmodes", "chmod 0777 $H $S; chmod 0666 $A; conf 'StrictModes no'"),
    Healthy("root-despite-nologin", ROOT_KEY + "; echo no > /etc/nologin", user="root"),
    Healthy("start-up-file-for-terminals", "printf 'case $- in *i*) ;; *) return;; esac\\nexec zsh\\n' > $H/.bashrc"),
    Healthy("denied-but-allowed-first", "echo 'sshd: ALL' > /etc/hosts.deny; echo \"sshd: $ADDR\" > /etc/hosts.allow"),
    Healthy("empty-revocation-list", ": > /etc/ssh/revoked; conf 'RevokedKeys /etc/ssh/revoked'"),
    Healthy("rsa-key", ":", key="rsa:2048"),
    Healthy("ecdsa-key", ":", key="ecdsa:384"),
    Healthy("no-stack-of-its-own", "rm /etc/pam.d/sshd"),
    Healthy("locks-of-passwords", "pam 'account required pam_faillock.so'"),
    Healthy("limits-with-room", "printf 'bob - nproc 200\\nbob - nofile 64\\nbob hard maxlogins 5\\n' > /etc/security/limits.d/x.conf"),
    Healthy("time-that-fits", "pam 'account required pam_time.so'; echo 'sshd;*;bob;Al0000-2400' > /etc/security/time.conf"),
    Healthy("start-up-file-that-waits-for-nobody", "printf 'while true; do break; done\\nsleep 0\\n' > $H/.bashrc; echo true > $S/rc"),
    Healthy("other-mounts-are-missing", "echo '/dev/nosuch /mnt/data ext4 noauto 0 0' >> /etc/fstab"),
    Healthy(
        "firewall-with-a-hole",
        "iptables -A INPUT -i lo -j ACCEPT; iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT; "
        "iptables -A INPUT -p tcp --dport 22 -j ACCEPT; iptables -P INPUT DROP",
    ),
    Healthy(
        "rules-for-others",
        "iptables -A INPUT ! -s $ADDR -p tcp --dport 22 -j DROP; iptables -A INPUT -i docker0 -j DROP; iptables -A FORWARD -j DROP; "
        "iptables -N alone; iptables -A alone -j DROP; iptables -A OUTPUT -p tcp --dport 22 -j REJECT",
    ),
    Healthy("ignored-by-pam-access", "pam 'account required pam_access.so'; echo ' -:bob:ALL' > /etc/security/access.conf"),
    Healthy("jump-over-a-denial", "pam 'account [default=1] pam_permit.so' 'account requisite pam_deny.so'"),
    Healthy("text-in-a-start-up-file", "printf 'cat >/dev/null <<END\\nexit 1\\nEND\\n' > $H/.bashrc"),
    Healthy("behind-a-socket", "stop; systemctl start ssh.socket", images=("debian12",)),
)

ALL = ACCOUNT + PATHS + KEY_TEXT + SETTINGS + SERVER + PAM + SESSION + doors.ALL + inside.ALL + places.ALL

# Runs after setup-common.sh: gives a Debian system the names and the layout of Alibaba Cloud Linux 3.
# Copyright (c) 2026 The alicloud.ecs_access founders
# SPDX-License-Identifier: GPL-3.0-or-later

# What it is, and that it is not the real thing.
rm -f /etc/debian_version /etc/os-release /usr/lib/os-release
cat > /usr/lib/os-release <<'TEXT'
NAME="Alibaba Cloud Linux"
VERSION="3 (look-alike)"
ID="alinux"
ID_LIKE="rhel fedora centos anolis"
VERSION_ID="3"
VARIANT="look-alike for tests, made of Debian packages"
VARIANT_ID="look-alike"
PLATFORM_ID="platform:al8"
PRETTY_NAME="Alibaba Cloud Linux 3 (look-alike)"
TEXT
ln -s ../usr/lib/os-release /etc/os-release
echo 'Alibaba Cloud Linux release 3 (look-alike)' > /etc/redhat-release
ln -s redhat-release /etc/system-release
ln -s redhat-release /etc/alinux-release

# Groups: wheel (10) instead of sudo. systemd-sysusers would make Debian's own groups again at every boot.
sed -i -E '/^[ug] +(sudo|uucp) /d' /usr/lib/sysusers.d/basic.conf
groupdel sudo
userdel uucp
if getent group uucp > /dev/null; then groupdel uucp; fi
groupadd -g 10 wheel
cat > /etc/sudoers <<'TEXT'
Defaults   !visiblepw
Defaults    always_set_home
Defaults    match_group_by_gid
Defaults    env_reset
Defaults    env_keep =  "COLORS DISPLAY HOSTNAME HISTSIZE KDEDIR LS_COLORS"
Defaults    secure_path = /sbin:/bin:/usr/sbin:/usr/bin
root	ALL=(ALL) 	ALL
%wheel	ALL=(ALL)	ALL
#includedir /etc/sudoers.d
TEXT
chmod 0440 /etc/sudoers
visudo -cq

# Accounts: no adduser scripts, private homes, bash.
dpkg --purge --force-depends --force-remove-essential adduser
ln -s useradd /usr/sbin/adduser
sed -i -e 's/^#\?\s*HOME_MODE.*/HOME_MODE 0700/' -e '/^CREATE_HOME/d' /etc/login.defs
echo 'CREATE_HOME yes' >> /etc/login.defs
useradd -D -s /bin/bash

# sshd: the unit sshd.service and one file of configuration, without Include and without drop-ins.
systemctl disable ssh.service
rm -rf /etc/ssh/sshd_config.d /lib/systemd/system/ssh.socket /lib/systemd/system/ssh@.service /etc/default/ssh /etc/init.d/ssh
sed -e 's#/etc/default/ssh#/etc/sysconfig/sshd#' -e '/^Alias=/d' -e 's/^Description=.*/Description=OpenSSH server daemon/' \
  /lib/systemd/system/ssh.service > /lib/systemd/system/sshd.service
rm /lib/systemd/system/ssh.service
mkdir -p /etc/sysconfig /usr/libexec/openssh
echo 'OPTIONS=""' > /etc/sysconfig/sshd
ln -s /usr/lib/openssh/sftp-server /usr/libexec/openssh/sftp-server
sed -i 's/\$SSHD_OPTS/$OPTIONS/' /lib/systemd/system/sshd.service
systemctl enable sshd.service
cat > /etc/ssh/sshd_config <<'TEXT'
HostKey /etc/ssh/ssh_host_rsa_key
HostKey /etc/ssh/ssh_host_ecdsa_key
HostKey /etc/ssh/ssh_host_ed25519_key
SyslogFacility AUTHPRIV
PermitRootLogin yes
AuthorizedKeysFile	.ssh/authorized_keys
PasswordAuthentication yes
ChallengeResponseAuthentication no
UsePAM yes
X11Forwarding yes
PrintMotd no
AcceptEnv LANG LC_CTYPE LC_NUMERIC LC_TIME LC_COLLATE LC_MONETARY LC_MESSAGES
Subsystem	sftp	/usr/libexec/openssh/sftp-server
TEXT
chmod 0600 /etc/ssh/sshd_config

# The platform Python is 3.6 where the machine that builds the image has one that runs here.
if [ -e /usr/bin/python3.6 ]; then
  if /usr/bin/python3.6 -c 'import ctypes, json, ssl, hashlib, zlib, bz2, pwd, grp, fcntl, selectors'; then
    ln -s /usr/bin/python3.6 /usr/libexec/platform-python
  else
    rm -rf /usr/bin/python3.6 /usr/lib/python3.6 /usr/lib/libpython3.6m.so.1.0
  fi
fi
[ -e /usr/libexec/platform-python ] || ln -s /usr/bin/python3 /usr/libexec/platform-python

# Runs inside every new system: makes it fit to be cloned into many instances.
# Copyright (c) 2026 The alicloud.ecs_access founders
# SPDX-License-Identifier: GPL-3.0-or-later

# No two instances share an identity: both are made at first boot.
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id /etc/ssh/ssh_host_*
cat > /etc/systemd/system/ssh-host-keys.service <<'UNIT'
[Unit]
Description=Make this instance's SSH host keys
Before=ssh.service sshd.service ssh.socket
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable ssh-host-keys.service

# Nobody can log in with a password that nobody set.
passwd -l root

# Work that a short-lived container has no use for, and that keeps a boot from ending soon.
systemctl mask \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer logrotate.timer \
  console-getty.service getty.target systemd-remount-fs.service systemd-networkd-wait-online.service
# A manager of services for each user who logs in: in a container on a busy machine one that ends can keep the next login waiting
# for half a minute. Sessions are logind's all the same. Whoever wants one unmasks it.
systemctl mask user@.service

echo localhost > /etc/hostname
rm -rf /var/log/*
mkdir -p /var/log/journal && rmdir /var/log/journal

# What happens in a guest between power-on and systemd: a new boot id, and what the vendor's cloud-init does with the key pair.
# Arguments: BOOT_ID LOGIN_USER PUBLIC_KEY PREVIOUS_BLOBS PASSWORD_LOGIN AGENT_VERSION AGENT_TOOLS; PUBLIC_KEY is empty when no pair
# is bound, AGENT_TOOLS has the names of the agent's programs.
# Copyright (c) 2026 The alicloud.ecs_access founders
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
umask 022
boot_id=$1 user=$2 key=$3 previous=$4 password_login=$5 agent_version=$6 agent_tools=$7

mkdir -p /run/ecs-access
printf '%s\n' "$boot_id" > /run/ecs-access/boot-id
mount --bind /run/ecs-access/boot-id /proc/sys/kernel/random/boot_id
mount -o remount,bind,ro /proc/sys/kernel/random/boot_id

# A reboot inside the guest ends the container; this mark tells it from a power-off.
rm -rf /var/lib/ecs-access
mkdir -p -m 0700 /var/lib/ecs-access
mkdir -p /run/systemd/system/reboot.target.wants
cat > /run/systemd/system/ecs-access-reboot.service <<'UNIT'
[Unit]
Description=Tell the host that this is a reboot
DefaultDependencies=no
Before=umount.target

[Service]
Type=oneshot
ExecStart=/usr/bin/touch /var/lib/ecs-access/reboot
UNIT
ln -sf ../ecs-access-reboot.service /run/systemd/system/reboot.target.wants/

# The first boot makes host keys. An RSA key of the usual 3072 bits costs a second of CPU, a third of the whole boot; the rest is systemd's.
[ -e /etc/ssh/ssh_host_rsa_key ] || ssh-keygen -q -t rsa -b 2048 -N '' -C "root@$(cat /etc/hostname)" -f /etc/ssh/ssh_host_rsa_key

# The image's login user, as the vendor's images come with it.
if ! getent passwd "$user" > /dev/null; then
  useradd --create-home --shell /bin/bash "$user"
  passwd --lock "$user" > /dev/null
  mkdir -p -m 0750 /etc/sudoers.d
  printf '%s ALL=(ALL) NOPASSWD:ALL\n' "$user" > /etc/sudoers.d/90-cloud-init-users
  chmod 0440 /etc/sudoers.d/90-cloud-init-users
fi

# Its authorized_keys, written as that user: what earlier boots injected goes, the bound pair comes, the rest stays.
group=$(id -g "$user")
home=$(getent passwd "$user" | cut -d: -f6)
if [ -n "$key$previous" ]; then
  setpriv --reuid "$user" --regid "$group" --init-groups sh -eu -s -- "$home" "$key" "$previous" <<'SCRIPT'
umask 077
ssh=$1/.ssh file=$1/.ssh/authorized_keys key=$2 previous=$3
mkdir -p "$ssh"
chmod 0700 "$ssh"
[ -e "$file" ] || : > "$file"
set -- $key
blob=${2-}
awk -v previous="$previous" -v blob="$blob" -v key="$key" '
  BEGIN { n = split(previous, list, " "); for (i = 1; i <= n; i++) gone[list[i]] = 1; delete gone[blob] }
  /^[ \t]*#/ { print; next }
  { for (i = 1; i <= NF; i++) { if ($i in gone) next; if (blob != "" && $i == blob) found = 1 } print }
  END { if (blob != "" && !found) print key }
' "$file" > "$file.injected"
mv "$file.injected" "$file"
SCRIPT
fi

# Password logins, where cloud-init puts them: a drop-in if sshd reads drop-ins, else the line itself.
if grep -Eqi '^[[:space:]]*Include[[:space:]]+"?/etc/ssh/sshd_config\.d/\*\.conf' /etc/ssh/sshd_config; then
  mkdir -p /etc/ssh/sshd_config.d
  printf 'PasswordAuthentication %s\n' "$password_login" > /etc/ssh/sshd_config.d/50-cloud-init.conf
  chmod 0600 /etc/ssh/sshd_config.d/50-cloud-init.conf
elif grep -Eqi '^[[:space:]]*PasswordAuthentication[[:space:]=]' /etc/ssh/sshd_config; then
  sed -i -E "s/^[[:space:]]*PasswordAuthentication[[:space:]=].*/PasswordAuthentication $password_login/I" /etc/ssh/sshd_config
else
  printf 'PasswordAuthentication %s\n' "$password_login" >> /etc/ssh/sshd_config
fi

# The agent's programs, out of the folder that the host mounts.
assist=/usr/local/share/aliyun-assist
mkdir -p "$assist/plugin" "$assist/$agent_version/log"
for tool in $agent_tools; do
  install -m 0755 "$assist/cloud/tools/$tool" "$assist/$agent_version/$tool"
  ln -sf "$assist/$agent_version/$tool" "/usr/local/sbin/$tool"
done
sh "$assist/cloud/tools/clock.sh"

: > /run/ecs-access/go

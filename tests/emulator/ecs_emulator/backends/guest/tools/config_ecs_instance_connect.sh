# The plugin that lets sshd ask Cloud Assistant's server for temporary keys, with the vendor's known faults: it looks into
# sshd_config only, appends at its end whatever stands there, tests nothing, restarts sshd, and is content with anybody's command.
# Copyright (c) 2026 The alicloud.ecs_access founders
# SPDX-License-Identifier: GPL-3.0-or-later
config=/etc/ssh/sshd_config
user=ecs-instance-connect
folder=/usr/local/share/aliyun-assist/plugin/config_ecs_instance_connect
helper=$folder/ecs_config_instance_connect
command_line="AuthorizedKeysCommand /usr/bin/timeout 5s $helper %u %f"
user_line="AuthorizedKeysCommandUser $user"

restart_sshd() {
  sudo systemctl daemon-reload
  for unit in ssh.service sshd.service; do
    if sudo systemctl list-units "$unit" | grep -q "$unit"; then
      sudo systemctl restart "$unit" && return 0
    fi
  done
  return 1
}

has_directive() {
  grep -q "^[^#]*$1[[:blank:]]" "$config"
}

install_plugin() {
  cp -f "$(dirname "$0")/ecs_config_instance_connect" "$helper"
  chmod 0755 "$helper" "$folder"
  if ! getent passwd "$user" > /dev/null; then
    useradd -r -M -s /sbin/nologin "$user"
    usermod -L "$user"
  fi
  has_directive AuthorizedKeysCommand && return 0
  has_directive AuthorizedKeysCommandUser && return 0
  has_directive AuthorizedKeysCommandRunAs && return 0
  printf '\n%s\n%s\n' "$command_line" "$user_line" >> "$config"
  restart_sshd
}

uninstall_plugin() {
  if grep -qxF "$command_line" "$config" && grep -qxF "$user_line" "$config"; then
    grep -vxF -e "$command_line" -e "$user_line" "$config" > "$config.without" || true
    cat "$config.without" > "$config"
    rm -f "$config.without" "$helper"
    restart_sshd
    return
  fi
  userdel "$user"
}

case $1 in
  --install) action=install ;;
  --uninstall) action=uninstall ;;
  *)
    printf 'Usage:\n\t--install     install ecs instance connect\n\t--uninstall   uninstall ecs instance connect\n'
    exit 0
    ;;
esac
"${action}_plugin"
code=$?
if [ $code -eq 0 ]; then echo "$action finished ..."; else echo "$action failed"; fi
exit $code

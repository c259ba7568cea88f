# Runs one command of Cloud Assistant; the script is on stdin. Its output goes to stdout when it has ended;
# stderr gets one line: "exit CODE" or "error CODE WORDS". Arguments: JOB USER WORKING_DIRECTORY (empty: the user's home).
# Copyright (c) 2026 The alicloud.ecs_access founders
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
umask 022
job=/var/lib/ecs-access/$1 user=$2 directory=$3

end() {
  rm -rf "$job"
  echo "$*" >&2
  exit 0
}

until [ -e /run/ecs-access/go ]; do sleep 0.05; done # nothing answers before the system boots
mkdir -p "$job"
chmod 0711 /var/lib/ecs-access "$job"
cat > "$job/script"

entry=$(getent passwd "$user") || end error AccountNotExists The account does not exist in the instance.
home=$(printf '%s' "$entry" | cut -d: -f6)
group=$(printf '%s' "$entry" | cut -d: -f4)
if [ -n "$directory" ]; then
  cd "$directory" 2> /dev/null || end error DirectoryNotExists The working directory does not exist in the instance.
else
  cd "$home" 2> /dev/null || end error DefaultWorkingDirectoryNotAvailable The home directory of the account does not exist.
fi
chown "$user:$group" "$job/script"
chmod 0700 "$job/script"

# A file, not a pipe: a process that the script leaves behind must not keep the command from ending.
setsid setpriv --reuid "$user" --regid "$group" --init-groups env -i \
  HOME="$home" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  sh -c "$job/script" > "$job/output" 2>&1 < /dev/null &
echo $! > "$job/pid.new"
mv "$job/pid.new" "$job/pid"
wait $!
code=$?
head -c 1048576 "$job/output"
end exit "$code"

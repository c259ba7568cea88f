# Kills one command of Cloud Assistant. Arguments: JOB MODE; the mode Process kills the process of the script and nothing else,
# ProcessTree also its children and theirs, except those whose parent has ended.
# Copyright (c) 2026 The alicloud.ecs_access founders
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
job=/run/ecs-access/jobs/$1 mode=$2

# A process behind those that it has begun.
list_tree() {
  for child in $(printf '%s\n' "$processes" | awk -v parent="$1" '$1 == parent { print $2 }'); do
    list_tree "$child"
  done
  echo "$1"
}

tries=0
until [ -e "$job/pid" ] || [ $tries -ge 100 ]; do
  tries=$((tries + 1))
  sleep 0.05
done
[ -e "$job/pid" ] || exit 0
processes=
if [ "$mode" = ProcessTree ]; then
  processes=$(cat /proc/[0-9]*/status 2> /dev/null | awk '/^Pid:/ { pid = $2 } /^PPid:/ { print $2, pid }')
fi
# Children first, as the agent does, and at once; a shell may still find time to write that its child was killed.
kill -s KILL $(list_tree "$(cat "$job/pid")") 2> /dev/null

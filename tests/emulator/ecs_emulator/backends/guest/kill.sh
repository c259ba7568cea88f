# Kills the process group of one command of Cloud Assistant. Argument: JOB.
# Copyright (c) 2026 The alicloud.ecs_access founders
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
job=/var/lib/ecs-access/$1
tries=0
until [ -e "$job/pid" ] || [ $tries -ge 100 ]; do
  tries=$((tries + 1))
  sleep 0.05
done
if [ -e "$job/pid" ]; then kill -s KILL -- "-$(cat "$job/pid")"; fi

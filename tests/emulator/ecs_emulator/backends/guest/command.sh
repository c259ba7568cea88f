# Runs one command of Cloud Assistant as the vendor's agent does; the script is on stdin, its output goes to stdout as it comes.
# stderr gets the line "begun" when the script starts and one line when it has ended: "exit CODE" or "error CODE WORDS".
# Arguments: JOB USER WORKING_DIRECTORY FILE_NAME PIPE; USER and WORKING_DIRECTORY may be empty, PIPE says what becomes of the pipe
# once the script has ended: "closed" or "drained".
# Copyright (c) 2026 The alicloud.ecs_access founders
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
umask 022
job=/run/ecs-access/jobs/$1 user=$2 directory=$3 name=$4 pipe=$5

end() {
  rm -rf "$job"
  echo "$*" >&2
  exit 0
}

until [ -e /run/ecs-access/go ]; do sleep 0.05; done # nothing answers before the system boots
mkdir -p "$job"
chmod 0700 /run/ecs-access/jobs
cat > "$job/content"
mkfifo -m 0600 "$job/pipe"

entry=$(getent passwd "${user:-root}") || end error AccountNotExists The account does not exist in the instance.
uid=$(printf '%s' "$entry" | cut -d: -f3)
group=$(printf '%s' "$entry" | cut -d: -f4)
home=$(printf '%s' "$entry" | cut -d: -f6)
if [ -n "$user" ] && { [ "$uid" = 0 ] || [ "$group" = 0 ]; }; then
  end error AccountNotExists "UserInvalid_$user"
fi
if [ -n "$directory" ]; then
  [ -d "$directory" ] || end error DirectoryNotExists The working directory does not exist in the instance.
elif [ -d "$home" ]; then
  directory=$home
elif [ -n "$user" ]; then
  end error DefaultWorkingDirectoryNotAvailable The home directory of the account does not exist.
else
  directory=/
fi
cd "$directory" || end error ExecutionException The working directory cannot be entered.

# The script is kept, for everybody to read; one that cannot be saved is run all the same, its text an argument of sh.
folder=/usr/local/share/aliyun-assist/work/script
[ -z "$user" ] || folder=/tmp
file=$folder/$name command=$folder/$name
[ ! -e "$file" ] || end error ExecutionException "ScriptFileExisted: $file"
if ! { mkdir -p "$folder" && cp "$job/content" "$file" && chmod 0755 "$file"; } 2> /dev/null; then
  rm -f "$file"
  command=$(cat "$job/content" && echo x)
  command=${command%x}
fi

setsid setpriv --reuid "$uid" --regid "$group" --init-groups env -i \
  HOME="$home" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  sh -c "$command" > "$job/pipe" 2>&1 < /dev/null &
script=$!
exec 3< "$job/pipe"
setsid cat <&3 2> /dev/null 3<&- &
reader=$!
echo "$script" > "$job/pid.new"
mv "$job/pid.new" "$job/pid"
echo begun >&2
wait "$script"
code=$?

# The agent gives the last output 200 ms, then it closes the pipe: whoever still writes gets SIGPIPE. Older ones read on.
if [ "$pipe" = drained ]; then
  sleep 1
  kill -s KILL -- "-$reader"
  setsid cat <&3 > /dev/null 2>&1 &
else
  sleep 0.2
  kill -s KILL -- "-$reader"
  dd bs=65536 count=2 iflag=nonblock <&3 2> /dev/null # what a reader that had no time has left in it
fi
exec 3<&-
end exit "$code"

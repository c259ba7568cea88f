# Puts one file where SendFile wants it, in the order of the vendor's agent: written first, protected afterwards. Its content is on
# stdin; stderr gets the line "sent" or "error CODE WORDS". Arguments: DIRECTORY NAME OVERWRITE OWNER GROUP MODE.
# Copyright (c) 2026 The alicloud.ecs_access founders
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
umask 022
directory=$1 file=$1/$2 overwrite=$3 owner=$4 group=$5 mode=$6

end() {
  cat > /dev/null # podman loses what is said before its input has been read
  echo "$*" >&2
  exit 0
}

until [ -e /run/ecs-access/go ]; do sleep 0.05; done # nothing answers before the system boots
mkdir -p "$directory" 2> /dev/null || end error FilePathInvalid The directory cannot be made.
if [ -e "$file" ] && [ "$overwrite" != true ]; then end error FileAlreadyExists A file of this name exists.; fi
cat 2> /dev/null > "$file" || end error FileCreateFail The file cannot be written.
chmod "$mode" "$file" || end error FileCreateFail The mode cannot be set.
if [ "$owner:$group" != root:root ]; then
  getent passwd "$owner" > /dev/null || end error AccountNotExists The owner does not exist in the instance.
  getent group "$group" > /dev/null || end error UserGroupNotExists The group does not exist in the instance.
  chown "$owner:$group" "$file" || end error FileCreateFail The owner cannot be set.
fi
end sent

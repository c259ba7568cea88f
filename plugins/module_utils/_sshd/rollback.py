# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that puts the former sshd configuration back. It is the only code that does so, whoever calls it.

The module calls it when a step fails, a timer when no proof arrives, and a unit at boot. It is plain sh and coreutils,
takes everything that differs from the journal's files (never from its own text), and can be run any number of times.

Note that this module util is **PRIVATE** to the collection.
"""

from .._names import BOOT_UNIT, PRODUCT, SSHD_LOCK

SCRIPT_NAME = "rollback.sh"

SCRIPT = (
    r"""#!/bin/sh
# Puts the sshd configuration back that was in force before an unproven change of Ansible
# (alicloud.ecs_access.sshd_pubkey). Usage: rollback.sh CHANGE|any WHY [--locked] [--boot]
set -u
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
state=$(cd "$(dirname "$0")" && pwd) || exit 1
armed=$state/armed
change=$1
why=$2
locked=
boot=
for word in "$@"; do
    case $word in
    --locked) locked=1 ;;
    --boot) boot=1 ;;
    esac
done

if [ -z "$locked" ] && command -v flock >/dev/null 2>&1; then
    # A run that is at work finishes first; one that hangs must not keep the host in an unproven state, nor must a full disk.
    if (: >>@LOCK@) 2>/dev/null; then
        exec 9>>@LOCK@
        flock -w 30 9
    fi
fi

[ -d "$armed" ] || exit 0
if [ "$change" != any ] && [ "$change" != "$(cat "$armed/change")" ]; then
    exit 0
fi

sum_of() {
    if [ -e "$1" ]; then
        sum=$(sha256sum <"$1")
        echo "${sum%% *}"
    else
        echo absent
    fi
}

# Each step is taken for all files before the next one, and only if it succeeded for all of them.
read_entry() {
    number=${entry%.path}
    path=$(cat "$entry")
    temporary=$(dirname "$path")/.$(basename "$path").@PRODUCT@
    now=$(sum_of "$path")
}

# Only what is still as the change has made it is put back.
is_ours() {
    printf '%s\n' "$now" | grep -qxF -f "$number.after"
}

# The journal stays armed: the timer's process tries again, and so do the next run and the next boot.
give_up() {
    for entry in "$armed"/*.path; do
        read_entry
        rm -f "$temporary"
    done
    [ -z "$locked$boot" ] || exit 1
    exec 9>&-
    sleep 30
    exec /bin/sh "$0" "$change" "$why"
}

failed=
true >"$armed/outcome"
for entry in "$armed"/*.path; do
    read_entry
    rm -f "$temporary"
    if [ -e "$number.before" ] && is_ours; then
        # Where a disk has no room for a copy, it mostly has for a name.
        { cp -a "$number.before" "$temporary" && sync "$temporary"; } || { rm -f "$temporary" && ln "$number.before" "$temporary"; } || failed=1
    fi
done
[ -z "$failed" ] || give_up
for entry in "$armed"/*.moved; do
    # What was renamed gets its former name back in one step, and its content below.
    [ -e "$entry" ] || continue
    number=${entry%.moved}
    path=$(cat "$number.path")
    new=$(cat "$entry")
    if [ ! -e "$path" ] && [ -e "$new" ] && sum_of "$new" | grep -qxF -f "$number.after" -f "$number.hash"; then
        mv -f "$new" "$path" || failed=1
    fi
done
[ -z "$failed" ] || give_up
for entry in "$armed"/*.path; do
    read_entry
    if ! is_ours; then
        rm -f "$temporary"
        # Either it was never changed, or it has been edited since.
        [ "$now" = "$(cat "$number.hash")" ] || echo "left as it is, because it was changed since: $path" >>"$armed/outcome"
    elif [ -e "$number.before" ]; then
        if mv -f "$temporary" "$path"; then
            echo "put back: $path" >>"$armed/outcome"
        else
            failed=1
        fi
    fi
done
[ -z "$failed" ] || give_up
for entry in "$armed"/*.path; do
    read_entry
    if [ ! -e "$number.before" ] && [ "$now" != absent ] && is_ours; then
        if rm -f "$path"; then
            echo "removed again: $path" >>"$armed/outcome"
        else
            failed=1
        fi
    fi
done
sync
[ -z "$failed" ] || give_up

if [ -z "$boot" ]; then
    unit=$(cat "$armed/unit")
    listener=$(cat "$armed/listener")
    verb=$(cat "$armed/verb")
    # A service that has failed takes its folder below /run with it, and sshd -t asks for it.
    [ -d /run/sshd ] || mkdir -m 0755 /run/sshd
    # SIGHUP would end a healthy listener if the files have become invalid meanwhile.
    if "$(cat "$armed/program")" -t -f "$(cat "$armed/config")" >>"$armed/outcome" 2>&1; then
        if [ "$verb" != none ] && systemctl is-active --quiet "$listener"; then
            systemctl "$verb" "$listener" >>"$armed/outcome" 2>&1
            sleep 1
        fi
        if ! systemctl is-active --quiet "$unit"; then
            systemctl reset-failed "$unit" "$listener" 2>/dev/null
            systemctl start "$unit" >>"$armed/outcome" 2>&1
        fi
    fi
fi

echo "$why" >"$armed/why"
timer=$(cat "$armed/timer")
rm -rf "$state/rolled-back"
mv "$armed" "$state/rolled-back"
rm -f "/etc/systemd/system/sysinit.target.wants/@BOOT_UNIT@" "/etc/systemd/system/@BOOT_UNIT@"
sync
[ -n "$boot" ] || systemctl stop "$timer" 2>/dev/null
exit 0
""".replace("@BOOT_UNIT@", BOOT_UNIT)
    .replace("@PRODUCT@", PRODUCT)
    .replace("@LOCK@", SSHD_LOCK)
)

# DefaultDependencies=no, because the default ones would put it after the sockets that it has to precede.
BOOT_UNIT_TEXT = """# Exists only while a change of sshd waits for its proof (alicloud.ecs_access.sshd_pubkey).
[Unit]
Description=Undo a change of sshd that was not proven before the reboot
DefaultDependencies=no
RequiresMountsFor={state}
After=local-fs.target systemd-remount-fs.service
Before=sockets.target ssh.socket sshd.socket ssh.service sshd.service {units} shutdown.target
Conflicts=shutdown.target
ConditionPathExists={state}/armed

[Service]
Type=oneshot
ExecStart=/bin/sh {state}/rollback.sh any "the host was rebooted before the proof arrived" --boot
"""

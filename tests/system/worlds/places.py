# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""More of the table: where keys are, and what was done to their text on the way there."""

from __future__ import annotations

from worlds.scenario import WITH_KEY, Scenario

OFF = "sed -i 1d $C; restart"
FULL = "mkdir /srv/home; mount -t tmpfs -o size=64k tmpfs /srv/home; cp -a $H/. /srv/home/; mount --bind /srv/home $H"

PATHS = (
    Scenario("directory_not_enterable", "chmod 0700 /", "chmod 0755 /", note="root-directory"),
    Scenario("home_not_mounted", "mkdir /srv/vol; cp -a $H/. /srv/vol/; rm -r $S; echo '/srv/vol /home/bob none bind 0 0' >> /etc/fstab"),
    Scenario("key_file_empty", FULL + "; : > $A; head -c 1M /dev/zero > $H/big 2>/dev/null", "rm $H/big; " + WITH_KEY, note="disk-full"),
    Scenario("key_file_elsewhere", "match 'Match User bob' 'AuthorizedKeysFile /etc/ssh/keys/%u'", note="match"),
    Scenario("key_file_elsewhere", "conf 'AuthorizedKeysFile ~/.ssh/authorized_keys'", OFF, note="tilde"),
    Scenario("directory_writable", "chown bob:users $S; acl $S", note="acl"),
)

KEY_TEXT = (
    Scenario("key_has_odd_blanks", "keys 'ssh-ed25519\\302\\240%s bob\\n' $B", WITH_KEY, note="no-break"),
    Scenario("key_has_odd_blanks", "keys '\\342\\200\\213%s\\n' \"$K\"", WITH_KEY, note="zero-width"),
    Scenario("option_malformed", "keys 'from=\\342\\200\\234%s\\342\\200\\235 %s\\n' $ADDR \"$K\"", WITH_KEY, note="curly-quotes"),
    Scenario("key_damaged", "keys '%s %s %s bob\\n' $TYPE $(echo $B | cut -c1-50) $(echo $B | cut -c51-)", WITH_KEY, note="blank-inside"),
    Scenario("key_damaged", "keys '%s %s bob\\n' $TYPE $(echo $B | sed 's/.\\(.....\\)$/A\\1/')", WITH_KEY, note="letter"),
    Scenario("key_file_line_ends", "keys '# mine\\r%s\\r' \"$K\"", WITH_KEY),
    Scenario("key_type_misspelt", "keys '%s\\n' \"SSH-ED25519 $B bob\"", WITH_KEY, note="case"),
    Scenario("key_type_misspelt", "keys '%s\\n' \"ssh-ed2519 $B bob\"", WITH_KEY, note="letter"),
    Scenario("option_malformed", "keys 'Public key: %s\\n' \"$K\"", WITH_KEY, note="words"),
    Scenario("from_mismatch", 'keys \'from="*.example.com" %s\\n\' "$K"', WITH_KEY, note="name"),
)

SETTINGS = (
    Scenario("pubkey_authentication_off", "match 'Match LocalPort 22' 'PubkeyAuthentication no'", "sed -i '/Match LocalPort/,$d' $C; restart", note="port"),
    Scenario("forced_command_refuses", 'keys \'command="exit 142" %s\\n%s\\n\' "$K" "$K"', WITH_KEY, note="first-line"),
    Scenario(
        "revoked_keys_unreadable",
        "ssh-keygen -q -k -f /tmp/krl /etc/ssh/ssh_host_rsa_key.pub; head -c 60 /tmp/krl > /etc/ssh/krl; conf 'RevokedKeys /etc/ssh/krl'",
        OFF,
        note="cut-off",
    ),
    Scenario("authentication_methods", "conf 'AuthenticationMethods publickey,publickey'", OFF, note="two-keys"),
    Scenario("deny_groups", "conf 'DenyGroups bob'", OFF, note="primary"),
    Scenario("allow_groups", "groupadd ssh-users; match \"Match Address $ADDR\" 'AllowGroups ssh-users'", note="match"),
)

ALL = PATHS + KEY_TEXT + SETTINGS

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A revoked key that cannot be removed is refused by sshd itself, whatever its account does, and nobody else is kept out."""

from __future__ import annotations

import pytest
from lab.bound_key import serve_bound_key
from lab.leavers import add_accounts, apply, opened, set_immutable, without_logind

OURS = "/etc/ssh/alicloud-ecs-access-revoked-keys"
FIXED = "/home/m-fixed/.ssh/authorized_keys"
SERVER = "$(systemctl is-active -q ssh && echo ssh || echo sshd)"


@pytest.fixture
def stuck(attacked, make_key):
    """An instance with accounts that keep the revoked key by force; some of them another one, too: (instance, revoked, kept)."""
    instance, revoked, kept = attacked.instance, make_key("revoked"), make_key("kept")
    without_logind(instance)
    add_accounts(instance, ["m-fixed", "m-twin", "mary"], revoked, kept)
    instance.exec("ln ~/.ssh/authorized_keys ~/twin", user="m-twin")
    set_immutable(instance, True, FIXED)
    assert opened(attacked, ["m-fixed", "m-twin", "mary"], revoked) == {"m-fixed", "m-twin", "mary"}
    yield instance, revoked, kept
    set_immutable(instance, False, FIXED)


def effective(instance):
    """The RevokedKeys file that sshd would read."""
    return dict(line.split(" ", 1) for line in instance.exec("/usr/sbin/sshd -T").splitlines() if " " in line)["revokedkeys"]


def test_it_opens_nothing_and_the_others_still_log_in(attacked, stuck):
    instance, revoked, kept = stuck
    # Ansible's commands run with it.
    instance.exec("sed -i '1i umask 000' /root/.bashrc")
    assert attacked.ssh("root", attacked.key, "umask").stdout.strip() == "0000"
    outcome = apply(attacked, revoked_keys=[revoked.public])
    names = ["m-fixed", "m-twin", "mary"]
    assert opened(attacked, names, revoked) == set()
    assert opened(attacked, names, kept) == set(names)
    assert not outcome.failed, outcome.said
    assert all(name in outcome.said for name in ("m-fixed", "m-twin"))
    assert effective(instance) == OURS
    assert instance.exec(f"stat -c '%U %a' {OURS}").strip() == "root 644"
    assert not instance.exec("ls /etc/systemd/system/*alicloud* /var/lib/alicloud-ecs-access/sshd/armed 2> /dev/null; true").strip()
    assert instance.exec("find /var/lib/alicloud-ecs-access /etc/ssh /etc/systemd/system ! -type l -perm /022").strip() == ""
    # Whatever the account does from now on.
    instance.put("/home/mary/.ssh/authorized_keys", revoked.public + "\n", "0600", "mary:mary")
    assert opened(attacked, ["mary"], revoked) == set()
    before = instance.exec(f"stat -c %Y {OURS}")
    again = apply(attacked, revoked_keys=[revoked.public])
    assert not again.failed, again.said
    assert instance.exec(f"stat -c %Y {OURS}") == before


@pytest.mark.long
def test_a_list_of_the_administrator_gets_it_as_well(attacked, stuck, make_key):
    instance, revoked, kept = stuck
    other = make_key("other")
    add_accounts(instance, ["eve"], other, kept)
    instance.put("/etc/ssh/gone", f"# gone\n{other.public}", "0644")
    instance.exec(f"sed -i '1i RevokedKeys /etc/ssh/gone' /etc/ssh/sshd_config && systemctl reload {SERVER}")
    outcome = apply(attacked, revoked_keys=[revoked.public])
    assert not outcome.failed, outcome.said
    assert opened(attacked, ["m-fixed", "m-twin"], revoked) == set()
    assert opened(attacked, ["eve"], other) == set()
    assert opened(attacked, ["m-fixed", "m-twin", "eve"], kept) == {"m-fixed", "m-twin", "eve"}
    assert effective(instance) == "/etc/ssh/gone"
    assert instance.exec("cat /etc/ssh/gone").startswith(f"# gone\n{other.public}\n")


@pytest.mark.long
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param("chown m-twin /etc/ssh/gone", id="owned by an account"),
        pytest.param("ssh-keygen -qkf /etc/ssh/gone /etc/ssh/ssh_host_ed25519_key.pub", id="a binary list"),
        pytest.param("printf '\\nMatch User m-twin\\n    RevokedKeys none\\n' >> /etc/ssh/sshd_config", id="not for everybody"),
    ],
)
def test_where_that_cannot_be_done_the_task_fails_and_changes_nothing_of_sshd(attacked, stuck, spoil):
    instance, revoked, kept = stuck
    instance.put("/etc/ssh/gone", "# gone\n", "0644")
    instance.exec(f"sed -i '1i RevokedKeys /etc/ssh/gone' /etc/ssh/sshd_config && {spoil} && systemctl reload {SERVER}")
    before = instance.exec("sha256sum /etc/ssh/gone /etc/ssh/sshd_config")
    outcome = apply(attacked, revoked_keys=[revoked.public])
    assert outcome.names("m-fixed") and outcome.names("m-twin")
    assert "RevokedKeys" in outcome.said
    assert instance.exec("sha256sum /etc/ssh/gone /etc/ssh/sshd_config") == before
    assert opened(attacked, ["mary"], kept) == {"mary"}


@pytest.mark.long
def test_the_key_of_this_very_run_is_not_revoked_there(attacked, stuck):
    """The administrator allows it to lock itself out; a list that keeps its login out is taken back nevertheless."""
    instance, _revoked, kept = stuck
    instance.exec(f"printf '%s\\n' '{attacked.key.public}' >> /home/m-twin/.ssh/authorized_keys")
    instance.exec("cp /root/.ssh/authorized_keys /root/team && ln -sf /root/team /root/.ssh/authorized_keys")
    outcome = apply(attacked, revoked_keys=[attacked.key.public], allow_self_lockout=True)
    assert outcome.names("m-twin")
    assert attacked.lets_in("root", attacked.key)
    assert effective(instance) == "none"
    assert opened(attacked, ["m-twin"], kept) == {"m-twin"}


def test_the_key_of_the_bound_pair_goes_and_the_task_fails(attacked, make_key):
    """It would be back after the next reboot."""
    instance, bound, other = attacked.instance, make_key("bound"), make_key("other")
    add_accounts(instance, ["mary"], bound, other)
    serve_bound_key(instance, bound)
    fine = apply(attacked, revoked_keys=[other.public])
    assert not fine.failed, fine.said
    outcome = apply(attacked, revoked_keys=[bound.public])
    assert outcome.failed
    assert "bound to this instance" in outcome.said
    assert opened(attacked, ["mary"], bound) == set()

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A team is set up on three running instances of the embedded cloud; every claim on the screen is checked."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from cloud import Cloud, Instance
from screen import Screen

PEOPLE_KEYS = {"john": "ed25519", "mary-laptop": "ed25519", "mary-desktop": "rsa", "wei-laptop": "ed25519", "wei-phone": "ecdsa"}
LOST_KEY = "wei-lost"
STRANGER = "stranger"


def main() -> int:
    screen = Screen()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ecs-access-demo-") as folder, Cloud(Path(folder)) as cloud:
        play(screen, cloud)
    return screen.close(time.monotonic() - started)


def play(screen: Screen, cloud: Cloud) -> None:
    """All steps, in the order in which a new user would type them."""
    for name, kind in {**PEOPLE_KEYS, LOST_KEY: "ed25519", STRANGER: "ed25519"}.items():
        cloud.make_key(name, kind)
    web = [instance for instance in cloud.instances if instance.container]
    boots = {instance.name: instance.boot_id() for instance in web}

    screen.chapter("The instances of the account")
    screen.command("ansible-inventory -i demo.ecs.yml --graph")
    screen.show(cloud.inventory_graph())
    for instance in web:
        cloud.plant_key(instance, "wei", LOST_KEY)
    screen.note("Three real systems are running; on each, wei still has the key of a lost laptop.")

    screen.chapter("A key pair, created here, imported, and live on running instances")
    code = screen.run(cloud, "bind_key_pair", "-e", "ecs_access_hosts=all", *cloud.key_pair_options)
    screen.check("the playbook reports that two of five instances failed", code != 0)
    for instance in web:
        screen.check(f"root logs in on {instance.name} with the new key", cloud.can_log_in(instance, "root", "team"))
    screen.check("the private key's file is readable by its owner only", cloud.key_mode("team") == 0o600)

    screen.chapter("The team")
    people = cloud.people_keys(john="john", mary="mary-laptop", wei="wei-laptop")
    onboard = ["-e", "@team.yml", "-e", "ecs_access_hosts=role_web", "-e", people, *cloud.key_pair_options]
    screen.check("every user was set up on every instance", screen.run(cloud, "onboard", *onboard) == 0)

    screen.chapter("Logins with ssh")
    for instance in web:
        check_logins(screen, cloud, instance)

    screen.chapter("A second run")
    code = screen.run(cloud, "onboard", *onboard)
    screen.check("the second run changed nothing", code == 0 and screen.last_run_changed == 0)

    screen.chapter("No instance was restarted")
    for instance in web:
        screen.check(f"{instance.name} was not rebooted", instance.boot_id() == boots[instance.name])


def check_logins(screen: Screen, cloud: Cloud, instance: Instance) -> None:
    """Every user with every key, and the keys that must be refused."""
    owners = {name: name.partition("-")[0] for name in PEOPLE_KEYS}
    inside = [name for name, owner in owners.items() if cloud.can_log_in(instance, owner, name)]
    screen.check(f"{instance.name}: every user logs in with each of their keys: {', '.join(inside)}", inside == list(owners))
    screen.check(f"{instance.name}: john can become root with sudo", cloud.answer(instance, "john", "john", "sudo -n id -un") == "root")
    screen.check(f"{instance.name}: mary cannot", cloud.answer(instance, "mary", "mary-laptop", "sudo -n id -un") is None)
    screen.check(f"{instance.name}: the lost laptop's key is refused", cloud.is_refused(instance, "wei", LOST_KEY))
    screen.check(f"{instance.name}: a stranger's key is refused", cloud.is_refused(instance, "john", STRANGER))


if __name__ == "__main__":
    sys.exit(main())

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A team gets onto three running instances of the embedded cloud; every claim on the screen is checked."""

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
    """The story, in the order in which a newcomer would type it."""
    for name, kind in {**PEOPLE_KEYS, LOST_KEY: "ed25519", STRANGER: "ed25519"}.items():
        cloud.make_key(name, kind)
    web = [instance for instance in cloud.instances if instance.container]
    boots = {instance.name: instance.boot_id() for instance in web}

    screen.chapter("What the account has")
    screen.command("ansible-inventory -i demo.ecs.yml --graph")
    screen.show(cloud.inventory_graph())
    for instance in web:
        cloud.plant_key(instance, "wei", LOST_KEY)
    screen.note("Three real systems run; on each, wei still has the key of a laptop that was lost.")

    screen.chapter("A key pair, made here, imported, and live on what runs")
    code = screen.run(cloud, "bind_key_pair", "-e", "ecs_access_hosts=all", *cloud.key_pair_options)
    screen.check("the playbook says that two of five could not be done", code != 0)
    for instance in web:
        screen.check(f"root logs in on {instance.name} with the new key", cloud.can_log_in(instance, "root", "team"))
    screen.check("the private key's file is readable by its owner only", cloud.key_mode("team") == 0o600)

    screen.chapter("The team")
    people = cloud.people_keys(john="john", mary="mary-laptop", wei="wei-laptop")
    onboard = ["-e", "@team.yml", "-e", "ecs_access_hosts=role_web", "-e", people, *cloud.key_pair_options]
    screen.check("everyone was brought onto every instance", screen.run(cloud, "onboard", *onboard) == 0)

    screen.chapter("Seen from outside, with ssh")
    for instance in web:
        check_logins(screen, cloud, instance)

    screen.chapter("Once more")
    code = screen.run(cloud, "onboard", *onboard)
    screen.check("the second run changed nothing", code == 0 and screen.last_run_changed == 0)

    screen.chapter("And nothing was restarted")
    for instance in web:
        screen.check(f"{instance.name} still runs the boot it was found in", instance.boot_id() == boots[instance.name])


def check_logins(screen: Screen, cloud: Cloud, instance: Instance) -> None:
    """Every person with every key, and those who must stay outside."""
    owners = {name: name.partition("-")[0] for name in PEOPLE_KEYS}
    inside = [name for name, owner in owners.items() if cloud.can_log_in(instance, owner, name)]
    screen.check(f"{instance.name}: everyone with each of their keys: {', '.join(inside)}", inside == list(owners))
    screen.check(f"{instance.name}: john becomes root with sudo", cloud.answer(instance, "john", "john", "sudo -n id -un") == "root")
    screen.check(f"{instance.name}: mary does not", cloud.answer(instance, "mary", "mary-laptop", "sudo -n id -un") is None)
    screen.check(f"{instance.name}: the lost laptop's key is refused", cloud.is_refused(instance, "wei", LOST_KEY))
    screen.check(f"{instance.name}: a stranger's key is refused", cloud.is_refused(instance, "john", STRANGER))


if __name__ == "__main__":
    sys.exit(main())

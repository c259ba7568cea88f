# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: ``serve`` and ``images``."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
from pathlib import Path

from ecs_emulator.fleet import FleetError, load_fleet
from ecs_emulator.images.build import RECIPES, build_images
from ecs_emulator.server import Server
from ecs_emulator.specs import Fleet


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parse(arguments)
    if options.command == "images":
        return build_images(options.names, options.force)
    logging.basicConfig(level=options.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        fleet = load_fleet(options.fleet)
        host, port = _parse_listen(options.listen)
        options.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return asyncio.run(_serve(options, fleet, host, port))
    except FleetError as error:
        print("ecs_emulator: %s" % error, file=sys.stderr)
    except OSError as error:
        print("ecs_emulator: cannot serve on %s: %s" % (options.listen, error.strerror or error), file=sys.stderr)
    return 1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ecs_emulator", description="An embedded Alibaba Cloud ECS.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve until SIGTERM or SIGINT")
    serve.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT", help="port 0 takes a free one")
    serve.add_argument("--fleet", type=Path, required=True, help="YAML file that says what exists")
    serve.add_argument("--state", type=Path, required=True, help="directory for what instances keep while it runs")
    serve.add_argument("--ready-file", type=Path, help="JSON file (0600) that appears once it serves")
    serve.add_argument("--allow-host", action="append", default=[], metavar="NAME", help="further name in Host headers")
    serve.add_argument("--tls", action="store_true", help="serve https and wss; the ready file names the certificate of the authority")
    serve.add_argument("--log-level", default="warning", choices=("debug", "info", "warning", "error"))
    images = commands.add_parser("images", help="build the images of container instances that are missing or out of date")
    images.add_argument("names", nargs="*", metavar="NAME", help="which ones; all when none is named (%s)" % ", ".join(RECIPES))
    images.add_argument("--force", action="store_true", help="build anew, whatever the cache holds")
    return parser.parse_args(arguments)


def _parse_listen(text: str) -> tuple[str, int]:
    host, _unused, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise FleetError("--listen is HOST:PORT, not '%s'" % text)
    return host.strip("[]"), int(port)


async def _serve(options: argparse.Namespace, fleet: Fleet, host: str, port: int) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    server = Server(fleet, options.state, host, port, options.allow_host, tls=options.tls)
    starting = loop.create_task(server.start())

    def stop() -> None:
        # Once only: a second signal must not cut the cleaning up short.
        if not stopping.is_set():
            stopping.set()
            starting.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await starting
    except asyncio.CancelledError:
        return 0
    try:
        if options.ready_file:
            write_ready_file(options.ready_file, server.ready_facts())
        print("serving %s (%d instances)" % (server.endpoint, len(server.cloud.instances)), flush=True)
        await stopping.wait()
    finally:
        if options.ready_file:
            options.ready_file.unlink(missing_ok=True)
        await server.stop()
    return 0


def write_ready_file(path: Path, facts: dict) -> None:
    """Make the file appear complete and readable by its owner only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix="." + path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(facts, stream, indent=2)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise

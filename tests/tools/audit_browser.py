# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the audit in a real browser: audit_browser.py FOLDER

Needs the program chromium. Takes pictures of the small fleet into FOLDER (desktop and phone, light, dark, print), and checks that a page
asks nobody for anything, that hostile names and addresses do nothing, that the keyboard works, and how long a big fleet takes.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import audit_fleet
from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._audit.page import render_page

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--hide-scrollbars", "--remote-debugging-port=0",
)  # fmt: skip
HOSTILE = "</script><img src=x onerror=window.hit=1><svg onload=window.hit=1>{{7*7}}"
ADDRESSES = (
    f"person={quote(HOSTILE)}&tab={quote(HOSTILE)}",
    "tab=__proto__&group=constructor&root=1&unexpected=1",
    "person=" + "(a%2B)%2B%24" * 400,
    "key=%E0%A4%A&region=%00",
)
MOST_LOAD, MOST_FILTER = 2.0, 0.1
"""Seconds of the browser's own time on the processor: the wall clock of a machine that does other things measures those."""

FILTER = """(() => {
  const fields = document.getElementById('filters');
  %s;
  fields.dispatchEvent(new Event('input', {bubbles: true}));
  document.body.offsetHeight;
})()"""
TOUCH_ALL = """document.querySelectorAll('#grid [data-row], #grid [data-column], .tabs button, details').forEach((node) => {
  node.click();
  node.open = true;
})"""
VIEWS = {
    "desktop": (1280, "", "light"),
    "desktop-dark": (1280, "", "dark"),
    "phone": (390, "", "light"),
    "phone-dark": (390, "", "dark"),
    "print": (800, "print", "light"),
}
STEPS = ("fields.elements.person.value = 'person-01'", "fields.elements.person.value = ''", "fields.elements.root.checked = true",
         "fields.elements.root.checked = false", "fields.elements.group.value = 'role_3'", "fields.elements.group.value = ''",
         "fields.elements.unexpected.checked = true", "fields.elements.key.value = 'abc'")  # fmt: skip


class Tab:
    """One page of the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._number = socket, 0
        self.events: list[dict[str, Any]] = []

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        while True:
            message = json.loads((await self._socket.receive()).data)
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message.get("result", {})
            self.events.append(message)

    async def run(self, script: str) -> Any:
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def open(self, path: Path, address: str = "") -> None:
        # From another page, because a new fragment alone loads nothing.
        for url in ("about:blank", path.as_uri() + (f"#{address}" if address else "")):
            self.events.clear()
            await self.call("Page.navigate", url=url)
            while not self.has("Page.loadEventFired"):
                await asyncio.sleep(0.05)
                await self.run("1")

    async def seconds(self) -> float:
        metrics = (await self.call("Performance.getMetrics"))["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

    def has(self, method: str) -> bool:
        return any(event.get("method") == method for event in self.events)

    def complaints(self) -> list[str]:
        """Requests but for the page itself, errors, and what the policy has stopped."""
        asked = [event["params"]["request"]["url"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        wrong = [
            json.dumps(event)[:300]
            for event in self.events
            if event.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown", "Page.javascriptDialogOpening")
        ]
        return asked[1:] + wrong


@contextlib.asynccontextmanager
async def browser() -> AsyncIterator[Tab]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = ["chromium", *FLAGS, f"--user-data-dir={folder}", "about:blank"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            found = next((match for line in process.stderr or () if (match := re.search(r"ws://([\d.:]+)/", line))), None)
            if found is None:
                raise RuntimeError("chromium did not start")
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://{found.group(1)}/json") as answer:
                    page, *_others = [each for each in await answer.json() if each["type"] == "page"]
                async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    tab = Tab(socket)
                    await tab.call("Performance.enable", timeDomain="threadTicks")
                    for domain in ("Page", "Runtime", "Network", "Log"):
                        await tab.call(f"{domain}.enable")
                    yield tab
        finally:
            process.kill()
            process.wait()


async def take_pictures(tab: Tab, page: Path, folder: Path) -> None:
    for name, (width, media, scheme) in VIEWS.items():
        await tab.call("Emulation.setDeviceMetricsOverride", width=width, height=1200, deviceScaleFactor=1, mobile=width < 500)
        await tab.call("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])
        await tab.open(page)
        if media:
            await tab.run("dispatchEvent(new Event('beforeprint'))")
        picture = await tab.call("Page.captureScreenshot", captureBeyondViewport=True)
        (folder / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))
        assert not tab.complaints(), tab.complaints()
    await tab.call("Emulation.setEmulatedMedia", media="", features=[])
    await tab.call("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)


async def check_keyboard(tab: Tab, page: Path) -> None:
    await tab.open(page)
    await tab.run("document.getElementById('grid').focus()")
    for key in ("ArrowDown", "ArrowRight", "Enter"):
        for kind in ("rawKeyDown", "keyUp"):
            await tab.call("Input.dispatchKeyEvent", type=kind, key=key)
    title = await tab.run("document.getElementById('dialog').open && document.getElementById('dialog-title').textContent")
    assert title == "ben on build-1", title
    assert not tab.complaints(), tab.complaints()


async def check_hostile(tab: Tab, folder: Path, plain: Path) -> None:
    names = {f"web-{HOSTILE}": (f"group {HOSTILE}",), "x": ("g",)}
    answer = audit_fleet.host(
        accounts=[audit_fleet.account("root", 0), audit_fleet.account("<svg/onload=window.hit=1>", 1001)],
        login_methods=[
            audit_fleet.key_method("root", comment=HOSTILE, source=HOSTILE),
            audit_fleet.password_method("<svg/onload=window.hit=1>", source=HOSTILE),
        ],
        at_next_boot=[HOSTILE],
        unread=[{"what": HOSTILE, "why": HOSTILE}],
    )
    audit = audit_fleet.audit_of(dict.fromkeys(names, answer), audit_fleet.team_of(accounts=[{"name": "anna"}]), names)
    page = folder / "hostile.html"
    page.write_text(render_page(audit), encoding="utf-8")
    for path in (page, plain):
        for address in ("", *ADDRESSES):
            await tab.open(path, address)
            await tab.run(TOUCH_ALL)
            await tab.run("dispatchEvent(new Event('beforeprint'))")
            assert await tab.run("window.hit === undefined && !document.querySelector('img, svg, iframe')"), (path, address)
            assert not tab.complaints(), tab.complaints()


async def check_speed(tab: Tab, folder: Path) -> None:
    page = folder / "big.html"
    page.write_text(render_page(audit_fleet.big_fleet()), encoding="utf-8")
    before = await tab.seconds()
    await tab.open(page)
    loaded = await tab.seconds() - before if (await tab.seconds()) > before else await tab.seconds()
    print(f"big fleet: {page.stat().st_size} bytes, opens in {loaded:.3f} s of the processor")
    assert loaded < MOST_LOAD
    for step in STEPS:
        before = await tab.seconds()
        await tab.run(FILTER % step)
        took = await tab.seconds() - before
        print(f"{step}: {took:.3f} s")
        assert took < MOST_FILTER, step
    assert not tab.complaints(), tab.complaints()


async def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "small.html"
    page.write_text(render_page(audit_fleet.small_fleet()), encoding="utf-8")
    async with browser() as tab:
        await take_pictures(tab, page, folder)
        await check_keyboard(tab, page)
        await check_hostile(tab, folder, page)
        await check_speed(tab, folder)
    print(f"everything is as it must be; the pictures are in {folder}")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).resolve()))

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud modules, the inventory and connections run in this process, against whatever answers; their pauses are not waited for."""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import io
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping
from unittest import mock

from ansible.module_utils import basic
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.session import EcsSession
from hostile import CANARY, raw_characters

MODULES = "ansible_collections.alicloud.ecs_access.plugins.modules."
LONGEST = 60.0
"""Seconds that a case may take on a busy machine."""


class Outcome:
    """What a module printed, and what is wrong with that by itself."""

    def __init__(self, result: dict[str, Any], problems: list[str]) -> None:
        self.result, self.problems = result, problems


class _Clock:
    """Time that passes at once for whoever sleeps."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> float:
        return time.monotonic() + self.skipped

    def sleep(self, seconds: float) -> None:
        self.skipped += seconds


@contextlib.contextmanager
def hurried() -> Iterator[None]:
    """No client waits for anything."""
    clock = _Clock()
    defaults = (None, clock.now, clock.sleep, lambda: 0.5)
    with mock.patch.object(EcsSession.__init__, "__defaults__", defaults), mock.patch("time.sleep", clock.sleep):
        yield


@contextlib.contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Only these variables of the cloud."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALIBABA_CLOUD_", "ALICLOUD_"))}
    with mock.patch.dict(os.environ, {**kept, **variables}, clear=True):
        yield


def run_module(name: str, options: Mapping[str, Any], check_mode: bool = False) -> Outcome:
    """The module's real main()."""
    warned: list[str] = []
    printed, said = io.StringIO(), io.StringIO()
    problems: list[str] = []
    with (
        timed(problems), hurried(), _arguments({**options, "_ansible_check_mode": check_mode, "_ansible_diff": True}),
        mock.patch.object(basic.AnsibleModule, "warn", lambda _self, text, **_more: warned.append(text)),
        contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said),
    ):  # fmt: skip
        try:
            importlib.import_module(MODULES + name).main()
            problems.append("it did not end")
        except SystemExit:
            pass
        except BaseException:  # noqa: BLE001 whatever it is, it is a finding
            problems.append(traceback.format_exc())
    result: dict[str, Any] = {}
    try:
        result = json.loads(printed.getvalue())
    except ValueError:
        problems.append(f"no JSON: {printed.getvalue()[:500]!r}")
    problems += [f"raw: {text[:200]!r}" for text in raw_characters([result, warned])]
    if "Traceback" in printed.getvalue() + said.getvalue() or "exception" in result:
        problems.append(f"traceback: {printed.getvalue()[:1500]} {said.getvalue()[:1500]}")
    return Outcome(result, problems)


def call(work: Callable[[], Any], expected: tuple[type[BaseException], ...]) -> list[str]:
    """What is wrong with a piece of work that may end with one of the expected exceptions."""
    problems: list[str] = []
    printed = io.StringIO()
    with timed(problems), hurried(), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            work()
        except expected as exc:
            problems += [f"raw: {text[:200]!r}" for text in raw_characters(str(exc))]
        except BaseException:  # noqa: BLE001
            problems.append(traceback.format_exc())
    return problems + [f"raw: {text[:200]!r}" for text in raw_characters(printed.getvalue())]


@contextlib.contextmanager
def timed(problems: list[str]) -> Iterator[None]:
    """Report what took too long; what does not end at all ends the process, with the place where it hung."""
    started = time.monotonic()
    faulthandler.dump_traceback_later(5 * LONGEST, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        took = time.monotonic() - started
        if took > LONGEST:
            problems.append(f"it took {took:.0f} seconds")


def canary_problems() -> list[str]:
    """Whether something was run."""
    if not Path(CANARY).exists():
        return []
    Path(CANARY).unlink()
    return ["something of an answer was run"]


@contextlib.contextmanager
def _arguments(arguments: Mapping[str, Any]) -> Iterator[None]:
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:
        # ansible-core 2.16
        with mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()):
            yield
    else:
        with patch_module_args(dict(arguments)):
            yield

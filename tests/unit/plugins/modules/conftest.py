# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's real main() in this process and gives back what it would print, on every supported core."""

import importlib
import json
import os
from contextlib import contextmanager
from unittest import mock

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_bytes

from ...documented_results import differences

MODULES = "ansible_collections.alicloud.ecs_access.plugins.modules."


@contextmanager
def module_arguments(arguments):
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:
        # ansible-core 2.16
        with mock.patch.object(basic, "_ANSIBLE_ARGS", to_bytes(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))):
            yield
    else:
        with patch_module_args(arguments):
            yield


@pytest.fixture
def run_module(capfd, monkeypatch):
    """C(run(module, check_mode=False, **options)) returns the result; C(result["failed"]) says whether it failed.

    C(result["_output"]) is everything the module printed, to search for secrets.
    """
    # Where the machine runs is none of the tests' business: no file and no metadata service may lend credentials.
    for variable in list(os.environ):
        network = ("http_proxy", "https_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle")
        if variable.startswith(("ALIBABA_CLOUD_", "ALICLOUD_")) or variable.lower() in network:
            monkeypatch.delenv(variable)

    def run(module, check_mode=False, diff=True, **options):
        # Where controller code has been imported too, warnings would go to its display instead of the result.
        warned = []
        monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.warn", lambda self, warning, **more: warned.append(warning))
        arguments = dict(options, _ansible_check_mode=check_mode, _ansible_diff=diff)
        capfd.readouterr()
        with module_arguments(arguments), pytest.raises(SystemExit) as exit_info:
            importlib.import_module(MODULES + module).main()
        printed = capfd.readouterr()
        result = json.loads(printed.out)
        result["warnings"] = warned
        result["failed"] = bool(result.get("failed"))
        assert exit_info.value.code == (1 if result["failed"] else 0)
        # Whatever a test is about, the result is as documented.
        assert differences(module, result) == []
        result["_output"] = printed.out + printed.err + "\n".join(map(str, warned))
        return result

    return run

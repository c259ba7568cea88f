# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared options are the same for modules and for plugins."""

from __future__ import annotations

import yaml
from ansible_collections.alicloud.ecs_access.plugins.doc_fragments.ecs import ModuleDocFragment as ForModules
from ansible_collections.alicloud.ecs_access.plugins.doc_fragments.ecs_plugin import ModuleDocFragment as ForPlugins
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.options import OPTION_ENV, cloud_argument_spec

MODULES = yaml.safe_load(ForModules.DOCUMENTATION)["options"]
PLUGINS = yaml.safe_load(ForPlugins.DOCUMENTATION)["options"]


def signature(options):
    return {name: {key: option.get(key) for key in ("type", "default", "choices")} for name, option in options.items()}


def test_same_options_types_defaults_and_choices():
    assert signature(PLUGINS) == signature(cloud_argument_spec()) == signature(MODULES)


def test_same_environment_variables_in_the_same_order():
    variables = {name: tuple(each["name"] for each in option["env"]) for name, option in PLUGINS.items() if "env" in option}
    assert variables == OPTION_ENV


def test_no_variable_that_awx_refuses():
    assert not [name for names in OPTION_ENV.values() for name in names if name.startswith("ANSIBLE_")]

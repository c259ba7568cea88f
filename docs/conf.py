# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the options of all plugins and roles are rendered as pages."""

project = "alicloud.ecs_access"
title = html_short_title = "alicloud.ecs_access"
copyright = "The alicloud.ecs_access founders"
extensions = ["sphinx_antsibull_ext"]
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_use_index = False
html_copy_source = False
default_role = "any"
# References to Ansible's own pages stay plain text: building these pages needs no network.
suppress_warnings = ["ref.any", "ref.ref"]

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the documentation is rendered: pages in Markdown, options of plugins and roles by antsibull-docs."""

project = "alicloud.ecs_access"
title = html_title = html_short_title = "alicloud.ecs_access"
copyright = "The alicloud.ecs_access founders"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
myst_heading_anchors = 3
pygments_style = "ansible"
highlight_language = "text"
# Options of commands keep their two dashes.
smartquotes = False
html_theme = "sphinx_ansible_theme"
html_theme_options = {
    "navigation_depth": 2,
    "show_extranav": False,
    "topbar_links": {"Repository": "https://github.com/alicloud/ecs_access", "Issues": "https://github.com/alicloud/ecs_access/issues"},
}
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_show_sphinx = False
html_use_index = False
html_copy_source = False
# Ansible's own pages are not part of this site, and building it needs no network: references to them stay plain text. Those to pages
# of this collection have to lead somewhere.
nitpick_ignore_regex = [
    ("std:ref", r"ansible_collections\.ansible\.(builtin|posix)\..*|(?!.*alicloud)[a-z_]+"),
    ("std:envvar", r"ANSIBLE_\w+"),
]

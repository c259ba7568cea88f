# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeLaunchTemplates, DescribeLaunchTemplateVersions."""

from __future__ import annotations

from ecs_emulator.actions import Context, action
from ecs_emulator.errors import ApiError
from ecs_emulator.paging import page_of
from ecs_emulator.specs import LaunchTemplateSpec
from ecs_emulator.timestamps import iso_seconds

_LIMIT = 50


@action("DescribeLaunchTemplates")
def describe_launch_templates(context: Context) -> dict:
    """Templates of a region by id and name."""
    params = context.params.without("NextToken", "MaxResults")
    ids, names = params.list("LaunchTemplateId"), params.list("LaunchTemplateName")
    found = [
        template
        for template in context.region.launch_templates.values()
        if (not ids or template.launch_template_id in ids) and (not names or template.name in names)
    ]
    page = page_of(found, params, limit=_LIMIT)
    return dict(_numbers(page.fields), LaunchTemplateSets={"LaunchTemplateSet": [_show_template(context, template) for template in page.items]})


@action("DescribeLaunchTemplateVersions")
def describe_launch_template_versions(context: Context) -> dict:
    """The versions of one template, the newest first."""
    params = context.params.without("NextToken", "MaxResults")
    template = _find(context)
    wanted = [int(number) for number in params.list("LaunchTemplateVersion") if number.isdigit()]
    found = [number for number in range(len(template.key_pairs), 0, -1) if not wanted or number in wanted]
    page = page_of(found, params, limit=_LIMIT)
    shown = [_show_version(context, template, number) for number in page.items]
    return dict(_numbers(page.fields), LaunchTemplateVersionSets={"LaunchTemplateVersionSet": shown})


def _find(context: Context) -> LaunchTemplateSpec:
    launch_template_id, name = context.params.get("LaunchTemplateId"), context.params.get("LaunchTemplateName")
    if not launch_template_id and not name:
        raise context.params.missing("LaunchTemplateId")
    for template in context.region.launch_templates.values():
        if launch_template_id in ("", template.launch_template_id) and name in ("", template.name):
            return template
    raise ApiError(404, "InvalidLaunchTemplate.NotFound", "The specified launch template does not exist.")


def _numbers(fields: dict) -> dict:
    return {key: fields[key] for key in ("TotalCount", "PageNumber", "PageSize")}


def _show_template(context: Context, template: LaunchTemplateSpec) -> dict:
    created = iso_seconds(context.cloud.created)
    return {
        "LaunchTemplateId": template.launch_template_id,
        "LaunchTemplateName": template.name,
        "CreateTime": created,
        "ModifiedTime": created,
        "CreatedBy": context.cloud.fleet.account_id,
        "DefaultVersionNumber": 1,
        "LatestVersionNumber": len(template.key_pairs),
        "ResourceGroupId": "",
        "Tags": {"Tag": []},
    }


def _show_version(context: Context, template: LaunchTemplateSpec, number: int) -> dict:
    created = iso_seconds(context.cloud.created)
    return {
        "LaunchTemplateId": template.launch_template_id,
        "LaunchTemplateName": template.name,
        "VersionNumber": number,
        "VersionDescription": "",
        "DefaultVersion": number == 1,
        "CreateTime": created,
        "ModifiedTime": created,
        "CreatedBy": context.cloud.fleet.account_id,
        "LaunchTemplateData": {"KeyPairName": template.key_pairs[number - 1]},
    }

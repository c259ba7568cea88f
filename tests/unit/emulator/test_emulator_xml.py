# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers in XML, for who asks for them."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
import uuid
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from alibabacloud_ecs20140526 import models
from ecs_emulator import signature
from ecs_emulator.testing import running
from ecs_emulator.xml_body import render_xml

from .emulator_tools import sdk


def ask(emulator, action, **parameters):
    """Content type and text of an answer to a request in the older style."""
    query = {
        "Action": action, "Version": "2014-05-26", "RegionId": emulator.region, "AccessKeyId": emulator.access_key_id,
        "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureNonce": uuid.uuid4().hex,
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **parameters,
    }  # fmt: skip
    query["Signature"] = signature.compute_rpc(emulator.access_key_secret, "GET", query).signature
    try:
        with urllib.request.urlopen(emulator.endpoint + "/?" + urlencode(query)) as answer:
            return answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.headers["Content-Type"], answer.read().decode()


@pytest.mark.parametrize("parameters", [{"Format": "XML"}, {"Format": "xml"}, {}])
def test_xml_is_answered_where_it_is_asked_for(shared, parameters):
    kind, text = ask(shared, "DescribeInstances", **parameters)
    assert kind == "text/xml; charset=utf-8"
    root = ElementTree.fromstring(text)
    assert root.tag == "DescribeInstancesResponse"
    assert [item.text for item in root.findall("Instances/Instance/InstanceName")] == ["web-1", "web-2", "web-3"]
    assert root.findtext("TotalCount") == "3"
    assert root.findtext("Instances/Instance/IoOptimized") == "true"


def test_errors_are_xml_too(shared):
    kind, text = ask(shared, "DescribeInstances", Format="XML", RegionId="nowhere")
    root = ElementTree.fromstring(text)
    assert (kind, root.tag, root.findtext("Code")) == ("text/xml; charset=utf-8", "Error", "InvalidRegionId.NotFound")
    assert ElementTree.fromstring(ask(shared, "NoSuchThing", Format="XML")[1]).findtext("Code") == "InvalidAction.NotFound"


def test_json_is_answered_to_everybody_else(shared):
    assert ask(shared, "DescribeRegions", Format="JSON")[0] == "application/json; charset=utf-8"
    for algorithm in (None, "v2"):
        assert sdk(shared, algorithm).describe_regions(models.DescribeRegionsRequest()).body.regions.region
    with running({"instances": [], "behaviours": {"default_format": "json"}}) as emulator:
        assert ask(emulator, "DescribeRegions")[0] == "application/json; charset=utf-8"
        assert ask(emulator, "DescribeRegions", Format="XML")[0] == "text/xml; charset=utf-8"


def test_what_becomes_of_values():
    body = {"A": {"B": [1, "<&\x00>"], "C": []}, "D": None, "E": False, "F": {}}
    assert render_xml("R", body) == "<?xml version='1.0' encoding='UTF-8'?><R><A><B>1</B><B>&lt;&amp;?&gt;</B></A><E>false</E><F></F></R>"

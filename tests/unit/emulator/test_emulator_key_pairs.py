# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pairs: creating, importing, finding, deleting, attaching and detaching."""

from __future__ import annotations

import base64
import hashlib

import pytest
from alibabacloud_ecs20140526 import models
from cryptography.hazmat.primitives import serialization
from ecs_emulator.testing import running

from .emulator_tools import as_json, code, ids, public_line, sdk


def pairs(emulator, **filters):
    return emulator.call("DescribeKeyPairs", **filters)["KeyPairs"]["KeyPair"]


def bound(emulator):
    return {instance.spec.name: instance.key_pair_name for instance in emulator.cloud.instances.values()}


@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_vendor_sdk_from_import_to_delete(emulator, rsa_line, algorithm):
    client = sdk(emulator, algorithm)
    tags = [models.ImportKeyPairRequestTag(key="owner", value="a b+c*~é")]
    imported = client.import_key_pair(
        models.ImportKeyPairRequest(region_id=emulator.region, key_pair_name="团队.key", public_key_body=rsa_line + " me@host\n", tag=tags)
    ).body
    blob = base64.b64decode(rsa_line.split()[1])
    assert imported.key_pair_finger_print == hashlib.md5(blob).hexdigest()
    found = client.describe_key_pairs(
        models.DescribeKeyPairsRequest(region_id=emulator.region, key_pair_name="团队.key", include_public_key=True)
    ).body.key_pairs.key_pair[0]
    assert found.public_key == rsa_line + " me@host"
    assert [(tag.tag_key, tag.tag_value) for tag in found.tags.tag] == [("owner", "a b+c*~é")]
    attached = client.attach_key_pair(
        models.AttachKeyPairRequest(region_id=emulator.region, key_pair_name="团队.key", instance_ids=as_json(*ids(emulator)))
    ).body
    assert str(attached.fail_count) == "0"
    assert [str(result.success).lower() for result in attached.results.result] == ["true"] * 3
    seen = client.describe_instances(models.DescribeInstancesRequest(region_id=emulator.region, key_pair_name="团队.key")).body.instances.instance
    assert [instance.instance_id for instance in seen] == ids(emulator)
    client.detach_key_pair(models.DetachKeyPairRequest(region_id=emulator.region, key_pair_name="团队.key", instance_ids=as_json(*ids(emulator))))
    client.delete_key_pairs(models.DeleteKeyPairsRequest(region_id=emulator.region, key_pair_names='["团队.key"]'))
    assert pairs(emulator) == []


def test_created_key_is_pkcs1_rsa_2048_and_fits_its_fingerprint(emulator):
    created = emulator.call("CreateKeyPair", KeyPairName="made")
    pem = created["PrivateKeyBody"]
    assert pem.startswith("-----BEGIN RSA ")
    assert pem.endswith("\n")
    private = serialization.load_pem_private_key(pem.encode(), None)
    assert private.key_size == 2048
    line = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    assert created["KeyPairFingerPrint"] == hashlib.md5(base64.b64decode(line.split()[1])).hexdigest()
    assert pairs(emulator, IncludePublicKey=True)[0]["PublicKey"] == line
    assert "PublicKey" not in pairs(emulator)[0]


@pytest.mark.parametrize("name", ["a", "a" * 129, "1abc", "_ab", "has space", "http://a", "https://a", "a.b", "团队"])
def test_names_that_create_refuses(shared, name):
    assert code(shared.call, "CreateKeyPair", KeyPairName=name) == (400, "InvalidKeyPairName.Malformed")


@pytest.mark.parametrize("name", ["a", "a" * 129, "1abc", "has space", "http://a", "HTTPS://a"])
def test_names_that_import_refuses(shared, rsa_line, name):
    refused = code(shared.call, "ImportKeyPair", KeyPairName=name, PublicKeyBody=rsa_line)
    assert refused == (400, "InvalidKeyPairName.Malformed")


def test_imported_keys_must_be_of_a_known_type(emulator, rsa_line):
    def refused(body):
        return code(emulator.call, "ImportKeyPair", KeyPairName="k1", PublicKeyBody=body) == (
            400, "InvalidPublicKeyBody.Malformed",
        )  # fmt: skip

    kind, blob = rsa_line.split()
    assert refused(public_line("ed25519"))
    assert refused(kind)
    assert refused("%s %s" % (kind, blob[:-40]))
    assert refused("%s %s" % (kind, "!" + blob[1:]))
    assert refused("ecdsa-sha2-nistp256 " + blob)
    longer = base64.b64decode(blob) + b"\0\0\0\x04more"
    assert refused("%s %s" % (kind, base64.b64encode(longer).decode()))
    assert refused("-----BEGIN RSA PUBLIC KEY-----")
    assert refused(rsa_line + "\n" + rsa_line)
    assert pairs(emulator) == []
    emulator.call("ImportKeyPair", KeyPairName="k1", PublicKeyBody=public_line("ecdsa", "with a comment"))
    assert code(emulator.call, "ImportKeyPair", KeyPairName="k1", PublicKeyBody=rsa_line) == (400, "KeyPair.AlreadyExist")
    assert code(emulator.call, "CreateKeyPair", KeyPairName="k1") == (400, "KeyPair.AlreadyExist")
    assert code(emulator.call, "ImportKeyPair", KeyPairName="k2") == (400, "MissingParameter")


def test_quota_of_500_pairs_per_region_and_paging(rsa_line):
    with running({"instances": []}) as emulator:
        for number in range(500):
            emulator.call("ImportKeyPair", KeyPairName="key-%03d" % number, PublicKeyBody=rsa_line)
        assert code(emulator.call, "ImportKeyPair", KeyPairName="one-more", PublicKeyBody=rsa_line) == (403, "QuotaExceed.KeyPair")
        assert code(emulator.call, "CreateKeyPair", KeyPairName="one-more") == (403, "QuotaExceed.KeyPair")
        emulator.call("ImportKeyPair", RegionId="cn-beijing", KeyPairName="one-more", PublicKeyBody=rsa_line)
        first = emulator.call("DescribeKeyPairs")
        assert (len(first["KeyPairs"]["KeyPair"]), first["TotalCount"]) == (10, 500)
        assert code(emulator.call, "DescribeKeyPairs", PageSize=51)[0] == 400
        assert code(emulator.call, "DescribeKeyPairs", PageNumber=0)[0] == 400
        names = [pair["KeyPairName"] for page in range(1, 11) for pair in pairs(emulator, PageSize=50, PageNumber=page)]
        assert names == ["key-%03d" % number for number in range(500)]
        assert pairs(emulator, PageSize=50, PageNumber=11) == []


def test_filters(emulator, rsa_line):
    for name, tags in (("web.a", [{"Key": "env", "Value": "prod"}]), ("web-b", [{"Key": "env", "Value": "test"}]), ("db", [])):
        emulator.call("ImportKeyPair", KeyPairName=name, PublicKeyBody=rsa_line, Tag=tags)

    def names(**filters):
        return [pair["KeyPairName"] for pair in pairs(emulator, **filters)]

    assert names(KeyPairName="web*") == ["web.a", "web-b"]
    assert names(KeyPairName="web?a") == []
    assert names(KeyPairName="web.b") == []
    assert names(KeyPairName="*b*") == ["web.a", "web-b", "db"]
    assert names(Tag=[{"Key": "env"}]) == ["web.a", "web-b"]
    assert names(Tag=[{"Key": "env", "Value": "prod"}]) == ["web.a"]
    assert names(KeyPairFingerPrint=pairs(emulator)[0]["KeyPairFingerPrint"]) == ["web.a", "web-b", "db"]
    assert names(KeyPairFingerPrint="00") == []
    assert names(RegionId="cn-beijing") == []


def test_delete_spares_all_when_one_is_bound(emulator, rsa_line):
    for name in ("free", "used"):
        emulator.call("ImportKeyPair", KeyPairName=name, PublicKeyBody=rsa_line)
    emulator.call("AttachKeyPair", KeyPairName="used", InstanceIds=as_json(ids(emulator)[0]))
    refused = code(emulator.call, "DeleteKeyPairs", KeyPairNames=as_json("free", "used"))
    assert refused == (400, "InvalidParameter.KeypairAlreadyAttachedInstance")
    assert len(pairs(emulator)) == 2
    emulator.call("DeleteKeyPairs", KeyPairNames=as_json("free", "never-was"))
    assert [pair["KeyPairName"] for pair in pairs(emulator)] == ["used"]
    too_many = as_json(*("n%d" % number for number in range(101)))
    for wrong in (too_many, "not json", "[]", '{"a": 1}', "[1]"):
        assert code(emulator.call, "DeleteKeyPairs", KeyPairNames=wrong) == (400, "InvalidKeyPairNames.ValueNotSupported")


def test_delete_of_an_unknown_pair_may_be_an_error():
    with running({"instances": [], "behaviours": {"delete_unknown_key_pair": "error"}}) as emulator:
        assert code(emulator.call, "DeleteKeyPairs", KeyPairNames='["nope"]') == (404, "InvalidKeyPair.NotFound")


MIXED = {
    "key_pairs": [{"name": "old"}, {"name": "new"}],
    "instances": [
        {"name": "a", "key_pair": "old"},
        {"name": "b", "status": "Stopped"},
        {"name": "windows", "os_type": "windows"},
        {"name": "far", "region": "cn-beijing"},
    ],
}


def test_attach_replaces_and_detach_only_undoes_its_own(emulator):
    with running(MIXED) as emulator:
        a, b = ids(emulator)[:2]
        answer = emulator.call("AttachKeyPair", KeyPairName="new", InstanceIds=as_json(a, b))
        assert (answer["TotalCount"], answer["FailCount"]) == (2, 0)
        assert answer["Results"]["Result"][0] == {"InstanceId": a, "Code": "200", "Message": "successful", "Success": True}
        assert bound(emulator) == {"a": "new", "b": "new", "windows": "", "far": ""}
        emulator.call("DetachKeyPair", KeyPairName="old", InstanceIds=as_json(a))
        assert bound(emulator)["a"] == "new"
        emulator.call("DetachKeyPair", KeyPairName="new", InstanceIds=as_json(a))
        assert bound(emulator)["a"] == ""


def test_attach_fails_as_a_whole_and_binds_nothing():
    with running(MIXED) as emulator:
        a, _unused, windows, far = ids(emulator)

        def attach(*instance_ids, name="new"):
            return code(emulator.call, "AttachKeyPair", KeyPairName=name, InstanceIds=as_json(*instance_ids))

        assert attach(a, windows) == (403, "DependencyViolation.WindowsInstance")
        assert attach(a, far) == (404, "InvalidInstanceId.NotFound")
        assert attach(a, "i-unknown") == (404, "InvalidInstanceId.NotFound")
        assert attach(a, name="unknown") == (404, "InvalidKeyPairName.NotFound")
        assert attach(*("i-%d" % number for number in range(51))) == (400, "InvalidInstanceIds.ValueNotSupported")
        assert attach() == (400, "InvalidInstanceIds.ValueNotSupported")
        assert code(emulator.call, "AttachKeyPair", KeyPairName="new") == (400, "MissingParameter")
        assert bound(emulator) == {"a": "old", "b": "", "windows": "", "far": ""}


def test_attach_may_answer_per_instance_and_in_strings():
    choices = {"attach_unknown_instance": "item", "attach_windows_instance": "item", "detach_not_bound": "item", "result_types": "string"}
    with running(dict(MIXED, behaviours=choices)) as emulator:
        a, _unused, windows, far = ids(emulator)
        answer = emulator.call("AttachKeyPair", KeyPairName="new", InstanceIds=as_json(a, windows, far))
        assert (answer["TotalCount"], answer["FailCount"]) == ("3", "2")
        assert [(item["Code"], item["Success"]) for item in answer["Results"]["Result"]] == [
            ("200", "true"), ("DependencyViolation.WindowsInstance", "false"), ("InvalidInstanceId.NotFound", "false"),
        ]  # fmt: skip
        assert bound(emulator)["a"] == "new"
        detached = emulator.call("DetachKeyPair", KeyPairName="old", InstanceIds=as_json(a))
        assert detached["FailCount"] == "1"
        assert bound(emulator)["a"] == "new"


def test_uncertain_answers_about_imported_keys(rsa_line):
    choices = {"imported_fingerprint": "sha1", "describe_public_key": "absent"}
    with running({"instances": [], "behaviours": choices}) as emulator:
        blob = base64.b64decode(rsa_line.split()[1])
        emulator.call("ImportKeyPair", KeyPairName="odd", PublicKeyBody=rsa_line)
        (pair,) = pairs(emulator, IncludePublicKey=True)
        assert pair["KeyPairFingerPrint"].replace(":", "") == hashlib.sha1(blob).hexdigest()
        assert "PublicKey" not in pair

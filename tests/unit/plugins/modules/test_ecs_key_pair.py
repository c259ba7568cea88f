# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against a cloud that enforces the API's rules: what is in the cloud and on disk afterwards."""

import errno
import os
import stat
import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs import session
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.client import EcsClient
from ansible_collections.alicloud.ecs_access.plugins.module_utils._errors import LibraryMissing
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair import private_key_file
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import parse_public_key
from ecs_emulator.testing import running

FLEET = {
    "instances": [{"instance_id": "i-web", "name": "web", "count": 12}],
    "resource_groups": [{"id": "rg-a"}, {"id": "rg-b"}],
}


@pytest.fixture
def cloud():
    with running(FLEET) as emulator:
        yield emulator


@pytest.fixture
def run(run_module, cloud):
    """Runs the module; a failure of the machinery, a traceback, is never what a test expects."""

    def run_it(name="deploy", **options):
        result = run_module("ecs_key_pair", **dict(access(cloud), name=name, **options))
        assert "Traceback" not in result["_output"]
        assert cloud.access_key_secret not in result["_output"]
        return result

    return run_it


def access(cloud):
    return {
        "region": cloud.region,
        "endpoint": cloud.endpoint,
        "access_key_id": cloud.access_key_id,
        "access_key_secret": cloud.access_key_secret,
        "api_timeout": 5,
    }


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Public key files of three keys; the private halves are beside them."""
    folder = tmp_path_factory.mktemp("keys")
    for name, options in {"one": ["rsa", "2048"], "two": ["ecdsa", "256"], "ed": ["ed25519", "256"]}.items():
        subprocess.run(["ssh-keygen", "-q", "-t", options[0], "-b", options[1], "-N", "", "-C", name, "-f", str(folder / name)], check=True)
    return {path.stem: path for path in folder.glob("*.pub")}


def pairs(cloud):
    """Name -> public key, as the cloud has them."""
    found = cloud.call("DescribeKeyPairs", IncludePublicKey="true", PageSize=50)["KeyPairs"]["KeyPair"]
    return {entry["KeyPairName"]: parse_public_key(entry["PublicKey"]) for entry in found}


def writes(cloud):
    return {action: count for action, count in cloud.request_counts().items() if not action.startswith("Describe")}


def tags(cloud, name="deploy"):
    found = cloud.call("DescribeKeyPairs", KeyPairName=name)["KeyPairs"]["KeyPair"][0]
    return {tag["TagKey"]: tag["TagValue"] for tag in found.get("Tags", {}).get("Tag", [])}


def public_half(path, passphrase=""):
    done = subprocess.run(["ssh-keygen", "-y", "-P", passphrase, "-f", str(path)], capture_output=True, text=True, check=True)
    return parse_public_key(done.stdout)


def mode_of(path):
    return stat.S_IMODE(os.stat(str(path)).st_mode)


def bind(cloud, name, *instances):
    cloud.call("AttachKeyPair", KeyPairName=name, InstanceIds="[%s]" % ",".join('"%s"' % item for item in instances))


# -- making a key here ------------------------------------------------------------------------------------------------


def test_made_here_check_mode_then_real_then_again(run, cloud, tmp_path):
    path = tmp_path / "key"
    options = {"private_key_path": str(path), "tags": {"snake_case": "a", "CamelCase": "b", "spaced key": 1}}

    predicted = run(check_mode=True, **options)
    assert (predicted["changed"], predicted["actions"]) == (True, ["write_private_key", "import_key_pair"])
    assert (os.listdir(str(tmp_path)), writes(cloud)) == ([], {})

    made = run(**options)
    assert (made["changed"], made["actions"]) == (True, predicted["actions"])
    assert "private_key" not in made
    assert "PRIVATE" not in made["_output"]
    assert made["private_key_path"] == str(path)
    assert mode_of(path) == 0o600
    assert pairs(cloud)["deploy"].same_key(public_half(path))
    assert tags(cloud) == {"snake_case": "a", "CamelCase": "b", "spaced key": "1"}
    assert made["key_pair"]["name"] == "deploy"
    assert made["key_pair"]["fingerprint"] == public_half(path).fingerprint_md5
    assert made["key_pair"]["tags"] == {"snake_case": "a", "CamelCase": "b", "spaced key": "1"}
    assert made["diff"]["before"] == {}
    assert made["diff"]["after"]["name"] == "deploy"
    assert made["key_pair"]["creation_time"].startswith("2")

    content = path.read_bytes()
    cloud.clear_requests()
    for check_mode in (True, False):
        again = run(check_mode=check_mode, **options)
        assert (again["changed"], again["actions"]) == (False, [])
        assert again["diff"]["before"] == again["diff"]["after"]
    # A quiet run is one read and no write.
    assert cloud.request_counts() == {"DescribeKeyPairs": 2}
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("options", "key_type", "bits"),
    [
        ({}, "ssh-rsa", 3072),
        ({"key_size": 2048}, "ssh-rsa", 2048),
        ({"key_type": "ecdsa"}, "ecdsa-sha2-nistp256", 256),
        ({"key_type": "ecdsa", "key_size": 521}, "ecdsa-sha2-nistp521", 521),
    ],
)
def test_types_and_sizes(run, cloud, tmp_path, options, key_type, bits):
    assert run(private_key_path=str(tmp_path / "key"), **options)["changed"]
    found = pairs(cloud)["deploy"]
    assert (found.key_type, found.bits) == (key_type, bits)
    assert not run(private_key_path=str(tmp_path / "key"), **options)["changed"]


def test_with_a_passphrase(run, cloud, tmp_path):
    path = tmp_path / "key"
    options = {"private_key_path": str(path), "passphrase": "open sesame", "key_type": "ecdsa"}
    made = run(**options)
    assert "open sesame" not in made["_output"].replace("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "")
    with pytest.raises(subprocess.CalledProcessError):
        public_half(path, "wrong")
    assert pairs(cloud)["deploy"].same_key(public_half(path, "open sesame"))
    assert not run(**options)["changed"]
    # The public half is readable without.
    assert not run(private_key_path=str(path))["changed"]


def test_returned_only_when_asked_for_and_made(run, cloud, tmp_path):
    made = run(return_private_key=True, key_type="ecdsa")
    path = tmp_path / "returned"
    path.write_text(made["private_key"])
    path.chmod(0o600)
    assert pairs(cloud)["deploy"].same_key(public_half(path))
    again = run(return_private_key=True)
    assert not again["changed"]
    assert "private_key" not in again
    assert not run()["changed"]


def test_nowhere_to_put_it(run, cloud):
    for check_mode in (True, False):
        refused = run(check_mode=check_mode)
        assert "give private_key_path (or return_private_key=true)" in refused["msg"]
    assert writes(cloud) == {}


def test_an_existing_key_file_is_imported(run, cloud, keys, tmp_path):
    path = tmp_path / "key"
    path.write_bytes(keys["one"].with_suffix("").read_bytes())
    path.chmod(0o600)
    result = run(private_key_path=str(path))
    assert (result["changed"], result["actions"]) == (True, ["import_key_pair"])
    assert pairs(cloud)["deploy"].same_key(parse_public_key(keys["one"].read_text()))


def test_an_existing_file_that_others_can_read_ends_0600(run, cloud, keys, tmp_path):
    path = tmp_path / "key"
    content = keys["one"].with_suffix("").read_bytes()
    path.write_bytes(content)
    path.chmod(0o644)
    assert run(private_key_path=str(path), check_mode=True)["actions"] == ["restrict_private_key_file", "import_key_pair"]
    assert mode_of(path) == 0o644
    result = run(private_key_path=str(path))
    assert result["actions"] == ["restrict_private_key_file", "import_key_pair"]
    assert (mode_of(path), path.read_bytes()) == (0o600, content)
    assert not run(private_key_path=str(path))["changed"]
    path.chmod(0o640)
    result = run(private_key_path=str(path))
    assert result["actions"] == ["restrict_private_key_file"]
    assert (result["diff"]["before"]["private_key_mode"], result["diff"]["after"]["private_key_mode"]) == ("0640", "0600")


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        pytest.param(lambda path: path.write_text("notes"), "holds something else than one private key", id="other content"),
        pytest.param(lambda path: path.mkdir(), "is a folder; give the path of a file in it", id="folder"),
        pytest.param(lambda path: path.symlink_to("/etc/hostname"), "is a symbolic link", id="symlink"),
    ],
)
def test_what_is_in_the_way_is_never_touched(run, cloud, tmp_path, prepare, sentence):
    prepare(tmp_path / "key")
    for check_mode in (True, False):
        assert sentence in run(private_key_path=str(tmp_path / "key"), check_mode=check_mode)["msg"]
    assert cloud.request_counts() == {}


def test_a_missing_folder(run, cloud, tmp_path):
    for check_mode in (True, False):
        refused = run(private_key_path=str(tmp_path / "no" / "key"), check_mode=check_mode)
        assert refused["msg"] == "private_key_path: the folder %s does not exist" % (tmp_path / "no")
    assert cloud.request_counts() == {}


def test_an_ed25519_key_file_is_refused(run, cloud, keys, tmp_path):
    path = tmp_path / "key"
    path.write_bytes(keys["ed"].with_suffix("").read_bytes())
    assert "is of type ssh-ed25519, which ECS key pairs do not take" in run(private_key_path=str(path))["msg"]
    assert cloud.request_counts() == {}


# -- importing --------------------------------------------------------------------------------------------------------


def test_import_and_again_in_every_disguise(run, cloud, keys):
    text = keys["one"].read_text()
    result = run(public_key=text)
    assert (result["changed"], result["actions"]) == (True, ["import_key_pair"])
    assert "private_key" not in result
    assert result["key_pair"]["fingerprint"] == parse_public_key(text).fingerprint_md5
    fields = text.split()
    for disguise in (
        text,
        "%s %s" % (fields[0], fields[1]),
        "  %s\t%s  another comment\r\n" % (fields[0], fields[1]),
        "# my key\n\n" + text + "\n",
    ):
        for check_mode in (True, False):
            assert not run(public_key=disguise, check_mode=check_mode)["changed"], repr(disguise)
    assert not run(public_key_path=str(keys["one"]))["changed"]
    assert writes(cloud) == {"ImportKeyPair": 1}


@pytest.mark.parametrize(
    ("on_mismatch", "sentence"),
    [("fail", "choose with on_mismatch=replace or on_mismatch=keep")],
)
def test_another_key_is_refused_by_default(run, cloud, keys, on_mismatch, sentence):
    run(public_key_path=str(keys["one"]))
    before = pairs(cloud)
    for check_mode in (True, False):
        assert sentence in run(public_key_path=str(keys["two"]), on_mismatch=on_mismatch, check_mode=check_mode)["msg"]
    assert pairs(cloud) == before


def test_another_key_with_keep_is_a_warning_and_tags_still_count(run, cloud, keys):
    run(public_key_path=str(keys["one"]))
    before = pairs(cloud)
    kept = run(public_key_path=str(keys["two"]), on_mismatch="keep", tags={"a": "1"})
    assert kept["actions"] == ["tag_key_pair"]
    assert pairs(cloud) == before
    assert "left alone because of on_mismatch=keep" in kept["_output"]


def test_another_key_with_replace(run, cloud, keys):
    old = run(public_key_path=str(keys["one"]), tags={"a": "1"}, resource_group_id="rg-a")
    options = {"public_key_path": str(keys["two"]), "on_mismatch": "replace"}
    assert run(check_mode=True, **options)["actions"] == ["delete_key_pair", "import_key_pair"]
    assert pairs(cloud)["deploy"].same_key(parse_public_key(keys["one"].read_text()))
    result = run(**options)
    assert result["actions"] == ["delete_key_pair", "import_key_pair"]
    assert result["previous_key_pair"] == old["key_pair"]
    assert pairs(cloud)["deploy"].same_key(parse_public_key(keys["two"].read_text()))
    assert (result["key_pair"]["tags"], result["key_pair"]["resource_group_id"]) == ({"a": "1"}, "rg-a")
    assert not run(**options)["changed"]


@pytest.mark.parametrize("fault", [{"fault": "error", "code": "QuotaExceed.KeyPair", "status": 403}, {"fault": "reset", "times": 3}])
def test_a_replacement_that_is_refused_puts_the_old_key_back(run, cloud, keys, fault):
    run(public_key_path=str(keys["one"]), tags={"a": "1"}, resource_group_id="rg-a")
    cloud.faults("ImportKeyPair", **fault)
    refused = run(public_key_path=str(keys["two"]), on_mismatch="replace", tags={"b": "2"})
    assert refused["failed"]
    assert refused["failure"]["action"] == "ImportKeyPair"
    assert refused["actions"] == ["delete_key_pair", "put_back_key_pair"]
    assert pairs(cloud)["deploy"].same_key(parse_public_key(keys["one"].read_text()))
    assert tags(cloud) == {"a": "1"}


def test_a_replacement_whose_old_key_can_not_come_back_says_so_and_gives_it(run, cloud, keys):
    old = run(public_key_path=str(keys["one"]))
    cloud.faults("ImportKeyPair", "error", code="QuotaExceed.KeyPair", status=403, times=2)
    refused = run(public_key_path=str(keys["two"]), on_mismatch="replace")
    assert "could not be restored either" in refused["msg"]
    assert refused["previous_key_pair"]["public_key"] == old["key_pair"]["public_key"]


def test_a_bound_pair_is_not_replaced(run, cloud, keys):
    run(public_key_path=str(keys["one"]))
    bind(cloud, "deploy", "i-web01", "i-web02")
    for check_mode in (True, False):
        refused = run(public_key_path=str(keys["two"]), on_mismatch="replace", check_mode=check_mode)
        assert refused["msg"] == (
            "key pair deploy is bound to 2 instances (i-web01, i-web02) and cannot be replaced; bind another key pair to them first (ecs_attach_key_pair)"
        )
    assert pairs(cloud)["deploy"].same_key(parse_public_key(keys["one"].read_text()))
    assert cloud.instance("i-web01").key_pair_name == "deploy"


def test_the_same_key_under_another_name_is_a_warning(run, cloud, keys):
    run(name="first", public_key_path=str(keys["one"]))
    for check_mode in (True, False):
        result = run(name="second", public_key_path=str(keys["one"]), check_mode=check_mode)
        assert "the same key is also known as key pair first" in result["_output"]
    assert sorted(pairs(cloud)) == ["first", "second"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param({"name": "x"}, "name must have 2 to 128 characters, not 1", id="short name"),
        pytest.param({"name": "x" * 129}, "name must have 2 to 128 characters, not 129", id="long name"),
        pytest.param({"name": "http://x"}, "name must not start with http:// or https://", id="URL as name"),
        pytest.param({"name": "two words"}, "not ' '", id="space in name"),
        pytest.param({"name": "all*"}, "not '*'", id="wildcard in name"),
        pytest.param({"name": "a.b", "generate": "cloud"}, "name may hold letters, digits and : _ - only, not '.'", id="cloud"),
        pytest.param({"public_key": "ssh-rsa AAAA"}, "the ssh-rsa key is truncated or damaged", id="malformed key"),
        pytest.param({"public_key": ""}, "public_key is empty", id="empty key"),
        pytest.param({"public_key_path": "/no/such/file"}, "public_key_path: cannot read /no/such/file: No such file", id="no file"),
        pytest.param({"public_key_path": "/etc"}, "public_key_path: cannot read /etc: Is a directory", id="a folder"),
        pytest.param({"key_size": 1024}, "key_size 1024 does not fit key_type rsa; choose one of 2048, 3072, 4096", id="size"),
        pytest.param({"generate": "cloud", "key_type": "ecdsa"}, "generate=cloud makes RSA keys of 2048 bits only", id="cloud type"),
        pytest.param({"tags": {"aliyun": "1"}}, "reserved for the service", id="reserved tag"),
        pytest.param({"tags": {str(n): "" for n in range(21)}}, "tags holds 21 tags", id="21 tags"),
        pytest.param({"passphrase": ""}, "passphrase is empty", id="empty passphrase"),
        pytest.param({"region": ""}, "no region is given", id="no region"),
        pytest.param({"region": "x y"}, "region 'x y' is not a region id", id="region"),
        pytest.param({"endpoint": "http://192.0.2.1"}, "plain http to 192.0.2.1", id="http off loopback"),
    ],
)
def test_wrong_input_is_one_sentence_and_no_request(run_module, cloud, tmp_path, options, sentence):
    defaults = dict(access(cloud), name="deploy")
    if not any(key in options for key in ("public_key", "public_key_path")):
        defaults["private_key_path"] = str(tmp_path / "key")
    for check_mode in (True, False):
        result = run_module("ecs_key_pair", check_mode=check_mode, **dict(defaults, **options))
        assert result["failed"]
        assert sentence in result["msg"]
        assert "Traceback" not in result["_output"]
    assert cloud.request_counts() == {}
    assert os.listdir(str(tmp_path)) == []


def test_wrong_keys_are_refused_before_any_request(run, cloud, keys):
    private = keys["one"].with_suffix("").read_text()
    text = keys["one"].read_text()
    for key, sentence in {
        private: "public_key holds a private key; give the public half",
        text[:200]: "public_key",
        keys["ed"].read_text(): "public_key is of type ssh-ed25519, which ECS key pairs do not take",
        text + keys["two"].read_text(): "public_key holds 2 lines; give exactly one OpenSSH public key",
    }.items():
        refused = run(public_key=key)
        assert sentence in refused["msg"]
        assert private.splitlines()[3] not in refused["msg"]
    assert "holds a private key" in run(public_key_path=str(keys["one"].with_suffix("")))["msg"]
    assert cloud.request_counts() == {}


@pytest.mark.parametrize(("encoding", "sentence"), [("utf-8-sig", ""), ("utf-16", "has NUL characters, as text in UTF-16 has; save it as UTF-8")])
def test_a_public_key_that_was_saved_on_windows(run, cloud, keys, tmp_path, encoding, sentence):
    path = tmp_path / "windows.pub"
    path.write_bytes(keys["one"].read_text().replace("\n", "\r\n").encode(encoding))
    result = run(public_key_path=str(path))
    assert (result.get("failed", False), result.get("changed", False)) == (bool(sentence), not sentence)
    assert result.get("msg", "") == (f"{path} {sentence}" if sentence else "")
    assert bool(cloud.request_counts()) == (not sentence)


# -- the cloud refuses, or does not answer ------------------------------------------------------------------------------


def test_an_unknown_region_changes_nothing_on_disk(run, tmp_path):
    refused = run(region="xx-nowhere-1", private_key_path=str(tmp_path / "key"))
    assert refused["failure"]["code"] == "InvalidRegionId.NotFound"
    assert "check region" in refused["msg"]
    assert os.listdir(str(tmp_path)) == []


def test_a_wrong_secret_changes_nothing_on_disk(run, tmp_path):
    refused = run(access_key_secret="not-the-secret", private_key_path=str(tmp_path / "key"))
    assert refused["failure"]["code"] == "SignatureDoesNotMatch"
    assert "not-the-secret" not in refused["msg"] + str(refused["failure"])
    assert os.listdir(str(tmp_path)) == []


def test_throttling_everywhere_is_waited_out(run, cloud, tmp_path, monkeypatch):
    monkeypatch.setattr(session, "backoff_seconds", lambda *_args: 0)
    for action in ("DescribeKeyPairs", "ImportKeyPair", "TagResources"):
        cloud.faults(action, "error", code="Throttling.User", status=400, times=2)
    assert run(private_key_path=str(tmp_path / "key"))["changed"]
    assert run(private_key_path=str(tmp_path / "key"), tags={"a": "1"})["changed"]
    cloud.faults("DeleteKeyPairs", "error", code="Throttling.User", status=400, times=2)
    assert run(state="absent")["changed"]
    assert pairs(cloud) == {}


def test_an_import_whose_answer_is_lost_has_arrived(run, cloud, tmp_path):
    cloud.faults("ImportKeyPair", "reset_after")
    result = run(private_key_path=str(tmp_path / "key"), tags={"a": "1"})
    assert result["actions"] == ["write_private_key", "import_key_pair"]
    assert pairs(cloud)["deploy"].same_key(public_half(tmp_path / "key"))
    assert tags(cloud) == {"a": "1"}
    assert writes(cloud) == {"ImportKeyPair": 1}


def test_an_import_that_never_arrived_is_sent_again(run, cloud, tmp_path):
    cloud.faults("ImportKeyPair", "reset")
    assert run(private_key_path=str(tmp_path / "key"))["changed"]
    assert pairs(cloud)["deploy"].same_key(public_half(tmp_path / "key"))


def test_an_import_that_is_refused_keeps_the_key_for_the_next_run(run, cloud, tmp_path):
    path = tmp_path / "key"
    cloud.faults("ImportKeyPair", "error", code="QuotaExceed.KeyPair", status=403)
    refused = run(private_key_path=str(path))
    assert refused["failure"]["code"] == "QuotaExceed.KeyPair"
    assert (refused["changed"], refused["actions"]) == (True, ["write_private_key"])
    kept = public_half(path)
    assert run(private_key_path=str(path))["actions"] == ["import_key_pair"]
    assert pairs(cloud)["deploy"].same_key(kept)


@pytest.fixture
def overtake(monkeypatch, cloud):
    """C(overtake(path)): just before our import, somebody else imports that public key under the same name."""

    def arrange(path):
        real = EcsClient.import_key_pair

        def import_late(self, name, *args):
            monkeypatch.setattr(EcsClient, "import_key_pair", real)
            cloud.call("ImportKeyPair", KeyPairName=name, PublicKeyBody=path.read_text())
            return real(self, name, *args)

        monkeypatch.setattr(EcsClient, "import_key_pair", import_late)

    return arrange


def test_somebody_else_imports_another_key_at_the_same_moment(run, cloud, keys, overtake):
    overtake(keys["two"])
    refused = run(public_key_path=str(keys["one"]))
    assert refused["msg"] == "key pair deploy was created with another key by another process at the same time; run again"
    assert pairs(cloud)["deploy"].same_key(parse_public_key(keys["two"].read_text()))


def test_somebody_else_imports_the_same_key_at_the_same_moment(run, cloud, keys, overtake):
    overtake(keys["one"])
    result = run(public_key_path=str(keys["one"]), tags={"a": "1"})
    assert result["changed"]
    assert tags(cloud) == {"a": "1"}
    assert result["key_pair"]["tags"] == {"a": "1"}


# -- made by the cloud ----------------------------------------------------------------------------------------------------


def test_made_by_the_cloud(run, cloud, tmp_path):
    path = tmp_path / "key"
    options = {"private_key_path": str(path), "generate": "cloud"}
    assert run(check_mode=True, **options)["actions"] == ["create_key_pair", "write_private_key"]
    assert (os.listdir(str(tmp_path)), writes(cloud)) == ([], {})
    made = run(**options)
    assert made["actions"] == ["create_key_pair", "write_private_key"]
    assert "PRIVATE" not in made["_output"]
    assert mode_of(path) == 0o600
    assert pairs(cloud)["deploy"].same_key(public_half(path))
    assert os.listdir(str(tmp_path)) == ["key"]
    assert not run(**options)["changed"]


def test_made_by_the_cloud_with_a_passphrase(run, cloud, tmp_path):
    path = tmp_path / "key"
    run(private_key_path=str(path), generate="cloud", passphrase="open sesame")
    with pytest.raises(subprocess.CalledProcessError):
        public_half(path, "wrong")
    assert pairs(cloud)["deploy"].same_key(public_half(path, "open sesame"))


def test_made_by_the_cloud_and_the_answer_is_lost(run, cloud, tmp_path):
    options = {"private_key_path": str(tmp_path / "key"), "generate": "cloud"}
    cloud.faults("CreateKeyPair", "reset_after")
    lost = run(**options)
    assert "but its private key is lost: delete it with state=absent and run again" in lost["msg"]
    assert os.listdir(str(tmp_path)) == []
    assert list(pairs(cloud)) == ["deploy"]
    # Never reused silently.
    assert "its private key is not at" in run(**options)["msg"]
    assert run(state="absent")["changed"]
    assert run(**options)["changed"]
    assert pairs(cloud)["deploy"].same_key(public_half(tmp_path / "key"))


def test_made_by_the_cloud_where_a_key_is_in_the_way(run, cloud, keys, tmp_path):
    path = tmp_path / "key"
    content = keys["one"].with_suffix("").read_bytes()
    path.write_bytes(content)
    path.chmod(0o600)
    assert "import that key with generate=local" in run(private_key_path=str(path), generate="cloud")["msg"]
    assert (path.read_bytes(), pairs(cloud)) == (content, {})


def test_a_key_of_the_cloud_that_can_not_be_written_leaves_no_orphan(run, cloud, tmp_path, monkeypatch):
    real = private_key_file._write

    def fail_for_content(descriptor, content):
        if content.strip(b"\0"):
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor, content)

    with monkeypatch.context() as patch:
        patch.setattr(private_key_file, "_write", fail_for_content)
        refused = run(private_key_path=str(tmp_path / "key"), generate="cloud")
    assert "Input/output error" in refused["msg"]
    assert refused["actions"] == ["create_key_pair", "delete_key_pair"]
    assert (pairs(cloud), os.listdir(str(tmp_path))) == ({}, [])


# -- a key pair without its private key -------------------------------------------------------------------------------------


def test_a_lost_private_key_is_noticed_and_replaced_on_request(run, cloud, tmp_path):
    path = tmp_path / "key"
    run(private_key_path=str(path))
    old = pairs(cloud)["deploy"]
    path.unlink()
    for check_mode in (True, False):
        assert "its private key is not at %s" % path in run(private_key_path=str(path), check_mode=check_mode)["msg"]
    assert os.listdir(str(tmp_path)) == []
    result = run(private_key_path=str(path), on_mismatch="replace")
    assert result["actions"] == ["write_private_key", "delete_key_pair", "import_key_pair"]
    assert pairs(cloud)["deploy"].same_key(public_half(path))
    assert not pairs(cloud)["deploy"].same_key(old)


def test_another_type_on_request(run, cloud, tmp_path):
    run(return_private_key=True, key_type="ecdsa")
    assert "not the rsa that is asked for" in run(return_private_key=True, key_type="rsa")["msg"]
    assert run(return_private_key=True, key_type="rsa", on_mismatch="replace")["changed"]
    assert pairs(cloud)["deploy"].key_type == "ssh-rsa"


# -- tags and resource group -------------------------------------------------------------------------------------------------


def test_tags_add_purge_and_leave(run, cloud, keys):
    options = {"public_key_path": str(keys["one"])}
    run(tags={"a": "1", "b": "2"}, **options)
    for more, expected, actions in (
        ({"tags": {"c": "3"}, "purge_tags": False}, {"a": "1", "b": "2", "c": "3"}, ["tag_key_pair"]),
        ({"tags": {"c": "3"}}, {"c": "3"}, ["untag_key_pair"]),
        ({}, {"c": "3"}, []),
        ({"tags": {}, "purge_tags": False}, {"c": "3"}, []),
        ({"tags": {}}, {}, ["untag_key_pair"]),
    ):
        before = tags(cloud)
        predicted = run(check_mode=True, **options, **more)
        assert (predicted["actions"], tags(cloud)) == (actions, before)
        done = run(**options, **more)
        assert (done["actions"], tags(cloud)) == (actions, expected)
        assert done["diff"] == predicted["diff"]
        assert not run(**options, **more)["changed"]


def test_resource_group(run, cloud, keys):
    options = {"public_key_path": str(keys["one"])}
    assert run(resource_group_id="rg-a", **options)["key_pair"]["resource_group_id"] == "rg-a"
    assert run(resource_group_id="rg-b", **options)["actions"] == ["move_key_pair"]
    assert not run(**options)["changed"]
    assert run(**options)["key_pair"]["resource_group_id"] == "rg-b"


# -- deleting -------------------------------------------------------------------------------------------------------------------


def test_delete_and_again(run, cloud, keys):
    run(public_key_path=str(keys["one"]))
    assert run(state="absent", check_mode=True)["actions"] == ["delete_key_pair"]
    assert list(pairs(cloud)) == ["deploy"]
    gone = run(state="absent")
    assert (gone["changed"], gone["key_pair"], pairs(cloud)) == (True, {}, {})
    assert gone["diff"]["after"] == {}
    for check_mode in (True, False):
        assert not run(state="absent", check_mode=check_mode)["changed"]


def test_delete_in_use(run, cloud, keys):
    run(public_key_path=str(keys["one"]))
    bound = ["i-web%02d" % number for number in range(1, 13)]
    bind(cloud, "deploy", *bound)
    for check_mode in (True, False):
        refused = run(state="absent", check_mode=check_mode)
        assert "is bound to 12 instances (i-web01, i-web02" in refused["msg"]
        assert "and 2 more); unbind them first or set force_detach=true" in refused["msg"]
    assert list(pairs(cloud)) == ["deploy"]
    assert run(state="absent", force_detach=True, check_mode=True)["actions"] == ["detach_key_pair", "delete_key_pair"]
    assert cloud.instance("i-web01").key_pair_name == "deploy"
    assert run(state="absent", force_detach=True)["actions"] == ["detach_key_pair", "delete_key_pair"]
    assert pairs(cloud) == {}
    assert {cloud.instance(item).key_pair_name for item in bound} == {""}


def test_a_detach_that_fails_for_one_deletes_nothing(run, cloud, keys):
    run(public_key_path=str(keys["one"]))
    bind(cloud, "deploy", "i-web01", "i-web02")
    cloud.faults("DetachKeyPair", "partial", message="odd")
    refused = run(state="absent", force_detach=True)
    assert "could not be unbound from 1 of 2 instances" in refused["msg"]
    # The other one has lost it.
    assert (refused["changed"], refused["actions"]) == (True, ["detach_key_pair"])
    assert list(pairs(cloud)) == ["deploy"]
    cloud.faults("DetachKeyPair", "partial", message="odd")
    refused = run(state="absent", force_detach=True)
    assert (refused["changed"], refused["actions"]) == (False, [])


def test_deleted_by_somebody_else_meanwhile(run, cloud, keys):
    run(public_key_path=str(keys["one"]))
    cloud.faults("DeleteKeyPairs", "reset_after")
    assert run(state="absent")["changed"]
    assert pairs(cloud) == {}


def test_the_private_key_file_stays(run, tmp_path):
    run(private_key_path=str(tmp_path / "key"))
    run(state="absent")
    assert mode_of(tmp_path / "key") == 0o600


# -- what is not known of the real service -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behaviours",
    [{"describe_public_key": "absent"}, {"describe_public_key": "absent", "imported_fingerprint": "sha1"}],
)
def test_without_public_keys_in_the_answers(run_module, keys, tmp_path, behaviours):
    with running(dict(FLEET, behaviours=behaviours)) as cloud:

        def run(**options):
            return run_module("ecs_key_pair", **dict(access(cloud), name="deploy", **options))

        assert run(public_key_path=str(keys["one"]))["changed"]
        assert not run(public_key_path=str(keys["one"]))["changed"]
        assert "exists with another key" in run(public_key_path=str(keys["two"]))["msg"]
        refused = run(public_key_path=str(keys["two"]), on_mismatch="replace")
        assert "did not return its public key" in refused["msg"]


def test_missing_library(run_module, cloud, monkeypatch):
    def missing(*_args):
        raise LibraryMissing("alibabacloud-tea-openapi") from ImportError("No module named 'alibabacloud_tea_openapi'")

    monkeypatch.setattr(session, "Caller", missing)
    refused = run_module("ecs_key_pair", name="deploy", state="absent", **access(cloud))
    assert refused["msg"].startswith("Failed to import the required Python library (alibabacloud-tea-openapi)")


def test_no_name(run_module):
    assert run_module("ecs_key_pair")["msg"] == "missing required arguments: name"

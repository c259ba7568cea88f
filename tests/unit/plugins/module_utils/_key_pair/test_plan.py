# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what there is and what is wanted to the steps between."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair import plan as kp
from ansible_collections.alicloud.ecs_access.plugins.module_utils._key_pair.steps import Import
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import KeyFormatError, PublicKey

# Not keys that parse: plans compare blobs and never look inside.
A = PublicKey("ssh-rsa", b"\0\0\0\7ssh-rsa\0\0\0\3\1\0\1\0\0\0\2\0\xff", "a")
B = PublicKey("ecdsa-sha2-nistp256", b"b" * 104, "b")


def pair(key=A, tags=None, group="", fingerprint=None):
    return kp.KeyPair("deploy", fingerprint or (key or A).fingerprint_md5, key, tags or {}, group, "2026-01-31T08:00Z")


def given(key, **more):
    return kp.Wanted("deploy", "given", key, **more)


def file(state, key=None, mode=None):
    return kp.KeyFile("/k", state, key, 0o600 if state == "key" and mode is None else mode)


def local(state="none", key=None, mode=None, **more):
    return kp.Wanted("deploy", "local", key_file=file(state, key, mode), **more)


def cloud(state="none", key=None, **more):
    return kp.Wanted("deploy", "cloud", key_file=file(state, key), **more)


@pytest.mark.parametrize(
    ("current", "wanted", "steps"),
    [
        pytest.param(None, given(A), ["import_key_pair"], id="import"),
        pytest.param(pair(), given(A), [], id="import again"),
        pytest.param(pair(), given(A._replace(comment="other")), [], id="another comment is the same key"),
        pytest.param(pair(), given(B, on_mismatch="replace"), ["delete_key_pair", "import_key_pair"], id="replace"),
        pytest.param(pair(), given(B, on_mismatch="keep"), [], id="keep"),
        pytest.param(None, local("missing"), ["write_private_key", "import_key_pair"], id="make"),
        pytest.param(None, local(return_private_key=True), ["import_key_pair"], id="make and return"),
        pytest.param(None, local("key", A), ["import_key_pair"], id="killed after the file: go on with that key"),
        pytest.param(
            None, local("unfinished", A), ["recover_private_key_file", "import_key_pair"], id="killed before the rename"
        ),
        pytest.param(pair(), local("key", A), [], id="made before"),
        pytest.param(pair(), local("unfinished", A), ["recover_private_key_file"], id="cloud has it, file has not"),
        pytest.param(pair(), local("key", A, mode=0o644), ["restrict_private_key_file"], id="readable by all"),
        pytest.param(pair(), local(), [], id="exists, nothing asked about its private half"),
        pytest.param(
            pair(),
            local("missing", on_mismatch="replace"),
            ["write_private_key", "delete_key_pair", "import_key_pair"],
            id="private half gone: replace",
        ),
        pytest.param(
            pair(), local("key", B, on_mismatch="replace"), ["delete_key_pair", "import_key_pair"], id="file wins"
        ),
        pytest.param(pair(), local("missing", on_mismatch="keep"), [], id="private half gone: keep"),
        pytest.param(pair(), local("unfinished", B, on_mismatch="keep"), [], id="keep touches no file"),
        pytest.param(pair(B), local(key_type="ecdsa"), [], id="type as asked"),
        pytest.param(
            pair(B),
            local(key_type="rsa", return_private_key=True, on_mismatch="replace"),
            ["delete_key_pair", "import_key_pair"],
            id="another type",
        ),
        pytest.param(None, cloud("missing"), ["create_key_pair", "write_private_key"], id="cloud"),
        pytest.param(None, cloud(return_private_key=True), ["create_key_pair"], id="cloud and return"),
        pytest.param(pair(), cloud("key", A), [], id="cloud, made before"),
        pytest.param(
            pair(),
            cloud("missing", on_mismatch="replace"),
            ["delete_key_pair", "create_key_pair", "write_private_key"],
            id="orphan of the cloud: replace",
        ),
        pytest.param(pair(tags={"a": "1"}), given(A), [], id="no tags given: keep"),
        pytest.param(pair(tags={"a": "1"}), given(A, tags={}), ["untag_key_pair"], id="empty tags: clear"),
        pytest.param(pair(tags={"a": "1"}), given(A, tags={}, purge_tags=False), [], id="empty tags, no purge"),
        pytest.param(pair(tags={"a": "1"}), given(A, tags={"a": "2"}), ["tag_key_pair"], id="another value"),
        pytest.param(
            pair(tags={"a": "1"}), given(A, tags={"b": "2"}), ["untag_key_pair", "tag_key_pair"], id="another tag"
        ),
        pytest.param(
            pair(tags={"a": "1"}), given(B, tags={"b": "2"}, on_mismatch="keep"), ["untag_key_pair", "tag_key_pair"],
            id="keep the key, change the tags",
        ),
        pytest.param(pair(tags={"acs:rm": "1"}), given(A, tags={}), [], id="tags of the service stay"),
        pytest.param(pair(group="rg-a"), given(A, resource_group_id="rg-b"), ["move_key_pair"], id="move"),
        pytest.param(pair(group="rg-a"), given(A, resource_group_id="rg-a"), [], id="already there"),
        pytest.param(None, given(A, tags={"a": "1"}, resource_group_id="rg-a"), ["import_key_pair"], id="all in one call"),
        pytest.param(
            pair(None, fingerprint=A.fingerprint_md5.upper()), given(A), [], id="no public key in the answer: by MD5"
        ),
        pytest.param(
            pair(None, fingerprint="23:DD:D9:69:55:64:AD:EF:2B:6B:10:1F:51:7A:D3:7D:4C:3F:DF:DC"), given(A), [],
            id="no public key in the answer: by SHA-1",
        ),
    ],
)  # fmt: skip
def test_plan_present(current, wanted, steps):
    plan = kp.plan_present(current, wanted)
    assert plan.actions == steps
    assert plan.changed is bool(steps)
    assert (plan.before == plan.after) is not bool(steps) or "recover_private_key_file" in steps


@pytest.mark.parametrize(
    ("current", "wanted", "sentence"),
    [
        pytest.param(pair(), given(B), "exists with another key", id="another key"),
        pytest.param(pair(), local("key", B), "than /k (fingerprint", id="another key in the file"),
        pytest.param(pair(), local("missing"), "its private key is not at /k", id="no private key"),
        pytest.param(pair(), cloud("missing"), "lost when an earlier run was interrupted", id="an orphan of the cloud"),
        pytest.param(None, local(), "give private_key_path (or return_private_key=true)", id="nowhere to put it"),
        pytest.param(None, cloud(), "give private_key_path (or return_private_key=true)", id="cloud: nowhere either"),
        pytest.param(None, cloud("key", A), "import that key with generate=local", id="cloud: a key is in the way"),
        pytest.param(pair(), cloud("key", B, on_mismatch="replace"), "move the file away first", id="cloud: another key"),
        pytest.param(pair(B), local("key", B, key_type="rsa"), "/k already holds an ecdsa-sha2-nistp256 key", id="type"),
        pytest.param(pair(B), local(key_type="rsa"), "not the rsa that is asked for", id="type of the pair"),
        pytest.param(pair(B), local(key_size=384), "not the key of 384 bits that is asked for", id="size of the pair"),
        pytest.param(
            pair(None, fingerprint="00"), given(A, on_mismatch="replace"), "did not return its public key",
            id="nothing to put back",
        ),
    ],
)  # fmt: skip
def test_conflicts(current, wanted, sentence):
    with pytest.raises(kp.KeyPairConflict) as caught:
        kp.plan_present(current, wanted)
    assert sentence in str(caught.value)


def test_keep_warns():
    assert kp.plan_present(pair(), given(B, on_mismatch="keep")).warnings[0].endswith("left alone because of on_mismatch=keep")


def test_a_replaced_pair_keeps_tags_and_group_that_nobody_mentions():
    plan = kp.plan_present(pair(tags={"a": "1"}, group="rg-a"), given(B, on_mismatch="replace"))
    importing = plan.find(Import)
    assert (importing.tags, importing.resource_group_id) == ({"a": "1"}, "rg-a")


def test_before_and_after():
    plan = kp.plan_present(pair(tags={"a": "1"}), given(A, tags={"b": "2"}, resource_group_id="rg-b"))
    assert plan.before["tags"] == {"a": "1"}
    assert plan.before["resource_group_id"] == ""
    assert plan.after == dict(plan.before, tags={"b": "2"}, resource_group_id="rg-b")


@pytest.mark.parametrize(
    ("current", "bound", "force", "steps"),
    [
        (None, [], False, []),
        (pair(), [], False, ["delete_key_pair"]),
        (pair(), ["i-1"], True, ["detach_key_pair", "delete_key_pair"]),
    ],
)
def test_plan_absent(current, bound, force, steps):
    plan = kp.plan_absent(current, bound, force)
    assert (plan.actions, plan.after) == (steps, {})


def test_a_pair_in_use_is_not_deleted_and_its_instances_are_named():
    with pytest.raises(kp.KeyPairConflict) as caught:
        kp.plan_absent(pair(), ["i-2", "i-1"], False)
    assert str(caught.value) == ("key pair deploy is bound to 2 instances (i-1, i-2); unbind them first or set force_detach=true")


def test_a_long_list_of_instances_is_cut():
    text = kp.describe_bound("deploy", ["i-%02d" % number for number in range(25)])
    assert text.endswith("i-08, i-09 and 15 more)")


@pytest.mark.parametrize(
    ("name", "imported", "problem"),
    [
        ("deploy", False, None),
        ("d:e_p-1", False, None),
        ("de", False, None),
        ("d" * 128, False, None),
        ("team.web", True, None),
        ("部署-key", True, None),
        ("Schlüssel", True, None),
        ("x", False, "name must have 2 to 128 characters, not 1"),
        ("d" * 129, True, "name must have 2 to 128 characters, not 129"),
        ("http://x", True, "name must not start with http:// or https://"),
        ("HTTPS://x", True, "name must not start with http:// or https://"),
        ("1st", True, "name must start with a letter, not with '1'"),
        ("_x", True, "name must start with a letter, not with '_'"),
        ("team.web", False, "name may hold letters, digits and : _ - only, not '.'"),
        ("Schlüssel", False, "name may hold letters, digits and : _ - only, not 'ü'"),
        ("two words", True, "name may hold letters, digits and . : _ - only, not ' '"),
        ("all*", True, "name may hold letters, digits and . : _ - only, not '*'"),
        ("x\n", True, "name may hold letters, digits and . : _ - only, not '\\n'"),
        ("x²", True, "name may hold letters, digits and . : _ - only, not '²'"),
    ],
)
def test_names(name, imported, problem):
    assert kp.find_name_problem(name, imported) == problem


def test_ed25519_is_refused_with_the_way_out():
    with pytest.raises(KeyFormatError) as caught:
        kp.check_importable(PublicKey("ssh-ed25519", b"x"), "public_key")
    assert str(caught.value) == (
        "public_key is of type ssh-ed25519, which ECS key pairs do not take; give an RSA or ECDSA key (other types can still "
        "be given to people with the ssh_access module)"
    )


def test_reading_an_entry_of_the_api():
    found = kp.read_key_pair(
        {
            "KeyPairName": "deploy",
            "KeyPairFingerPrint": "AB:CD",
            "PublicKey": "damaged",
            "Tags": {"Tag": [{"TagKey": "a", "TagValue": "1"}]},
        }
    )
    assert found == kp.KeyPair("deploy", "abcd", None, {"a": "1"}, "", "")

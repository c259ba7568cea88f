# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in a certificate, with vectors made by ssh-keygen 9.2."""

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.certificates import is_certificate, parse_certificate
from ansible_collections.alicloud.ecs_access.plugins.module_utils._openssh.keys import KeyFormatError

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJedgN3XH3nfqBNLm+vnblS/rIjIKjAzZ2onZy/GxdYx"
CERTIFICATE = (
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIAFTdFdMvMq5YfDujerrOT9NZ"
    "3ZzcfVo965S7VIg/f3eAAAAIJedgN3XH3nfqBNLm+vnblS/rIjIKjAzZ2onZy/GxdYxAAAAAAAAABEAAAABAAAACmJvYkBsYXB0b3AAAAAOAAA"
    "AA2JvYgAAAANvcHMAAAAAaVW5AAAAAABrNuyAAAAASQAAAA1mb3JjZS1jb21tYW5kAAAAEAAAAAwvb3B0L2p1bXAgbWUAAAAOc291cmNlLWFkZ"
    "HJlc3MAAAAOAAAACjEwLjAuMC4wLzgAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmc"
    "AAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzA"
    "AAAC3NzaC1lZDI1NTE5AAAAIGDfsak+qLfg+zW1/+di0pon0ZtJxtDujeOUU/Xb2ApZAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEDUil53DJIVlSO"
    "tdn6sP0KKdpj1kj2DpOcZN29Mn11XP5ir+mmCglBTHF3wJ2ar7X1pRHQrAhyreioskST5I80K"
)
HOST_KEY = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBFSGlKI60aShzbNdnCG37ZKw6sI8kbffSiWRgj"
    "wzRDXewfg1gfrHnvlDblyAjySdfBMObUada4oEmgKN09ig9Ag="
)
HOST_CERTIFICATE = (
    "ecdsa-sha2-nistp256-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgnW8e7"
    "YRbTTZB9l6J8jw3ykJwoxz6fBogvwZLH0Ur5tQAAAAIbmlzdHAyNTYAAABBBFSGlKI60aShzbNdnCG37ZKw6sI8kbffSiWRgjwzRDXewfg1gfr"
    "HnvlDblyAjySdfBMObUada4oEmgKN09ig9AgAAAAAAAAAAAAAAAIAAAABaAAAAAAAAAAAAAAAAP//////////AAAAAAAAAAAAAAAAAAAAMwAAA"
    "Atzc2gtZWQyNTUxOQAAACBg37GpPqi34Ps1tf/nYtKaJ9GbScbQ7o3jlFP129gKWQAAAFMAAAALc3NoLWVkMjU1MTkAAABAAkzAtVmVlD99Ei4"
    "S4G7KXuBS1vM4VUfniH7qn6ggj8rIHn4VmLrTtjXk7C2LqzqdLPtbMWShHO7QqdhtfKxzDg=="
)
AUTHORITY = "SHA256:pVcWEf1BO2ARYwg637iXrHfmvTJYi21V7606dzyI3Ag"


def test_what_stands_in_a_certificate() -> None:
    found = parse_certificate("# mine\n" + CERTIFICATE + " bob@laptop\n")
    assert (found.line, found.key.line, found.for_users, found.serial, found.name) == (CERTIFICATE, KEY, True, 17, "bob@laptop")
    assert (found.principals, found.authority) == (("bob", "ops"), AUTHORITY)
    assert found.options == {"source-address": "10.0.0.0/8", "force-command": "/opt/jump me"}
    assert found.ends - found.begins == 365 * 86400
    assert "serial 17, for bob, ops, valid from 2026-01-01" in found.describe()


def test_a_host_certificate_for_ever() -> None:
    found = parse_certificate(HOST_CERTIFICATE)
    assert (found.for_users, found.key.line, found.principals) == (False, HOST_KEY, ())
    assert "host certificate 'h', serial 0, for nobody by name, valid for ever" in found.describe()


def test_what_is_a_certificate() -> None:
    assert is_certificate("\n" + CERTIFICATE)
    assert not is_certificate(KEY)
    assert not is_certificate(CERTIFICATE + "\n" + KEY)
    assert not is_certificate("")


@pytest.mark.parametrize("text", [CERTIFICATE[:-8], CERTIFICATE[:80], CERTIFICATE.split()[0], CERTIFICATE.replace("ed25519", "rsa", 1)])
def test_a_damaged_one_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(KeyFormatError, match="damaged certificate"):
        parse_certificate(text)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates are trusted, and what is said of files that give none."""

import os
import ssl
import subprocess

import pytest
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs import trust
from ansible_collections.alicloud.ecs_access.plugins.module_utils._ecs.settings import SettingsError
from ecs_emulator.testing import running
from ecs_emulator.tls import make_tls


@pytest.fixture
def ca_file(tmp_path):
    return str(make_tls(tmp_path / "tls", []).ca_file)


def test_without_variables_there_is_none():
    assert trust.find_ca_bundle({"REQUESTS_CA_BUNDLE": "", "SSL_CERT_DIR": "/x"}) is None


def test_the_first_variable_that_is_set(ca_file):
    assert trust.find_ca_bundle({"SSL_CERT_FILE": "/no", "CURL_CA_BUNDLE": ca_file}) == ca_file
    assert trust.find_ca_bundle({"SSL_CERT_FILE": "/no", "CURL_CA_BUNDLE": "/no", "REQUESTS_CA_BUNDLE": ca_file}) == ca_file


def test_a_folder_is_trusted_too(ca_file, tmp_path):
    folder = tmp_path / "authorities"
    folder.mkdir()
    name = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", ca_file], check=True, capture_output=True, text=True).stdout.strip()
    os.symlink(ca_file, str(folder / (name + ".0")))
    assert trust.find_ca_bundle({"REQUESTS_CA_BUNDLE": str(folder)}) == str(folder)
    assert isinstance(trust.make_context({"REQUESTS_CA_BUNDLE": str(folder)}), ssl.SSLContext)


def test_a_bundle_is_parsed_once(ca_file, monkeypatch):
    """One of a company has hundreds of certificates."""
    loaded, load = [], trust._load
    monkeypatch.setattr(trust, "_load", lambda context, path: loaded.append(path) or load(context, path))
    context = trust.make_context({"SSL_CERT_FILE": ca_file})
    assert loaded.count(ca_file) == 1
    with open(ca_file, encoding="ascii") as stream:
        assert ssl.PEM_cert_to_DER_cert(stream.read()) in context.get_ca_certs(binary_form=True)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
@pytest.mark.parametrize(("content", "words"), [(None, "No such file or directory"), ("", "no certificates"), ("nonsense", "no certificates")])
def test_a_file_that_gives_none_is_named_with_its_variable(variable, content, words, tmp_path):
    path = tmp_path / "a\x1b[31mfile"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError) as caught:
        trust.make_context({variable: str(path)})
    text = str(caught.value)
    assert variable in text
    assert words in text
    assert "\x1b" not in text
    assert "Set it to a file of certificates, or unset it" in text


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_api_and_tunnel_believe_the_same(variable, monkeypatch, make_client):
    from ansible_collections.alicloud.ecs_access.plugins.plugin_utils._tunnel.socket import find_context
    from darabonba.core import DaraCore

    monkeypatch.setattr(DaraCore, "_sessions", {})
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    with running({"instances": [{"name": "web"}]}, tls=True) as emulator:
        monkeypatch.setenv(variable, emulator.ca_file)
        assert [one.name for one in make_client(emulator).describe_instances()] == ["web"]
        believed = find_context("wss://127.0.0.1/session").get_ca_certs()
    assert "ecs_emulator CA" in str(believed)

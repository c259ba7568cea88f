# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose certificates are trusted, by the API's client and the tunnel alike.

The system's authorities, those that come with the SDK, and those of the first variable that is set: people behind the proxy of a company
set one or another. OpenSSL ignores files that it cannot use, and the SDK does not name them: they are looked at here.

Note that this module util is **PRIVATE** to the collection.
"""

import os
import ssl
from typing import Mapping, Optional

from .._text import printable, shorten
from .settings import SettingsError

_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def find_ca_bundle(environ: Mapping[str, str]) -> Optional[str]:
    """The file or folder that the user names; raises SettingsError where it cannot be used."""
    return _load_named(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), environ)


def make_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """What a client of ours believes; raises SettingsError."""
    context = ssl.create_default_context()
    sdk_bundle = _find_sdk_bundle()
    if sdk_bundle:
        _load(context, sdk_bundle)
    _load_named(context, environ)
    return context


def _find_sdk_bundle() -> Optional[str]:
    try:
        import certifi
    except ImportError:
        return None
    return str(certifi.where())


def _load_named(context: ssl.SSLContext, environ: Mapping[str, str]) -> Optional[str]:
    """Trust what the first variable that is set names: its path, or None where none is set."""
    variable = next((name for name in _VARIABLES if environ.get(name)), None)
    if variable is None:
        return None
    path = environ[variable]
    try:
        _load(context, path)
    except ssl.SSLError:
        raise SettingsError(_SENTENCE % (variable, _show(path), "it holds no certificates (PEM)")) from None
    except OSError as exc:
        raise SettingsError(_SENTENCE % (variable, _show(path), exc.strerror or "it cannot be read")) from None
    return path


_SENTENCE = "the variable %s names %s, which gives no certificates to trust: %s. Set it to a file of certificates, or unset it"


def _load(context: ssl.SSLContext, path: str) -> None:
    if os.path.isdir(path):
        context.load_verify_locations(capath=path)
    else:
        context.load_verify_locations(cafile=path)


def _show(path: str) -> str:
    return printable(shorten(path, 200))

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API errors with their documented codes, and the body in which they travel.

Constructors below fix code, HTTP status and text in one place, so that an action only says what went wrong.
"""

from __future__ import annotations

from urllib.parse import quote


class ApiError(Exception):
    """An error answer of the API."""

    def __init__(self, status: int, code: str, message: str, access_denied_detail: dict | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.access_denied_detail = access_denied_detail

    def to_body(self, request_id: str, host_id: str) -> dict:
        """The JSON body of this answer."""
        body = {
            "RequestId": request_id,
            "HostId": host_id,
            "Code": self.code,
            "Message": self.message,
            "Recommend": "https://api.aliyun.com/troubleshoot?q=%s&product=Ecs&requestId=%s" % (quote(self.code), request_id),
        }
        return dict(body, AccessDeniedDetail=self.access_denied_detail) if self.access_denied_detail else body


def invalid_parameter(name: str, code: str = "") -> ApiError:
    """A value that the parameter does not take."""
    return ApiError(400, code or "InvalidParameter.%s" % name, 'The specified parameter "%s" is not valid.' % name)


def unsupported_value(name: str) -> ApiError:
    """A value of the right form that is over a limit or not supported, ``Invalid<Name>.ValueNotSupported``."""
    return ApiError(400, "Invalid%s.ValueNotSupported" % name, 'The specified value of parameter "%s" is not supported.' % name)


def region_not_found() -> ApiError:
    """No such region."""
    return ApiError(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist.")


def instance_not_found() -> ApiError:
    """No such instance in this region."""
    return ApiError(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")


def key_pair_not_found() -> ApiError:
    """No such key pair in this region."""
    return ApiError(404, "InvalidKeyPairName.NotFound", "The specified KeyPairName does not exist in our records.")


def resource_group_not_found() -> ApiError:
    """No such resource group."""
    return ApiError(404, "InvalidResourceGroup.NotFound", "The ResourceGroup provided does not exist in our records.")


def incorrect_instance_status() -> ApiError:
    """The operation is not possible in the instance's present status."""
    return ApiError(403, "IncorrectInstanceStatus", "The current status of the resource does not support this operation.")


def dry_run() -> ApiError:
    """The answer to a request with DryRun that would have succeeded."""
    return ApiError(400, "DryRunOperation", "Request validation has been passed with DryRun flag set.")

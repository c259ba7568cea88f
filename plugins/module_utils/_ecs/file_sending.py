# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SendFile: content that must not be in a command, whose text every account of an instance can read.

Note that this module util is **PRIVATE** to the collection.
"""

import base64
import uuid
from typing import NamedTuple

from .._errors import AccessError
from .answer import items_of, word_of
from .invocation import Invocation, read_invocation
from .session import EcsSession

FILE_LIMIT = 24000
"""Bytes of one file: in base64, SendFile takes 32 KB."""

_REASONS = {
    "FileAlreadyExists": "there is a file of this name already",
    "FileCreateFail": "it could not be written there; is the file system full or read-only?",
    "FilePathInvalid": "its folder is not there and could not be made",
}


class FileRefused(AccessError):
    """A file that did not arrive. The text is one sentence."""

    code = "file_refused"


class SentFile(NamedTuple):
    """A file on its way."""

    invoke_id: str
    instance_id: str
    path: str


class FileSending(EcsSession):
    """Files for instances."""

    def send_file(self, instance_id: str, folder: str, name: str, content: bytes, timeout: int) -> SentFile:
        """Start to send a file that root alone will be able to read; raises EcsError.

        The agent writes it for everybody to read and closes it afterwards, so I(folder) must be closed already.
        """
        params = {
            "InstanceId": [instance_id],
            "TargetDir": folder,
            "Name": name,
            "Content": base64.b64encode(content).decode("ascii"),
            "ContentType": "Base64",
            "FileMode": "0600",
            "Overwrite": True,
            "Timeout": timeout,
            # Makes a repeated call the same delivery.
            "ClientToken": str(uuid.uuid4()),
        }
        return SentFile(word_of(self.call("SendFile", params).get("InvokeId")), instance_id, "%s/%s" % (folder, name))

    def wait_for_file(self, file: SentFile, deadline: float) -> None:
        """Return once the file is there; raises FileRefused and EcsError."""
        ended = self.poll(lambda: self._look(file), lambda found: found.is_final, deadline)
        if ended.is_success:
            return
        if not ended.is_final:
            why = "it has not arrived in time (%s)" % (ended.status or "no result")
        else:
            why = "%s [%s]" % (_REASONS[ended.error_code], ended.error_code) if ended.error_code in _REASONS else ended.reason
        raise FileRefused("Cloud Assistant could not send the file %s to %s: %s" % (file.path, file.instance_id, why))

    def _look(self, file: SentFile) -> Invocation:
        body = self.call("DescribeSendFileResults", {"InvokeId": file.invoke_id, "InstanceId": file.instance_id, "MaxResults": 10})
        for sent in items_of(body, "Invocations", "Invocation"):
            for entry in items_of(sent, "InvokeInstances", "InvokeInstance"):
                if word_of(entry.get("InstanceId")) == file.instance_id:
                    return read_invocation(entry)
        return Invocation()

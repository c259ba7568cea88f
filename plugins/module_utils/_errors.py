# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every exception of ours has one root and stands in this drawing; a unit test compares it with the code.

AccessError
 +-- ModuleFailure           a module cannot go on, and reports what it had done
 +-- LibraryMissing          a Python library cannot be imported
 +-- PythonTooOld            for the SDK
 +-- SettingsError           an option is missing or wrong
 +-- NameRefused             of a login user or an instance, before it becomes a word of a command
 +-- JsonRefused             an answer that is not JSON, or larger or deeper than it may be
 +-- EcsError                one failed call of the API; its codes are in _ecs/errors.py
 +-- GuestError              no usable answer from an instance, or nothing can be sent to it
 +-- FileRefused             a file that Cloud Assistant did not bring to an instance
 +-- ReplyError              an unexpected response from an instance to the connection ecs_assistant
 +-- KeyFormatError          not a public key
 +-- KeyOptionsError         options before a public key that sshd would refuse
 +-- HostError               a program or a file of the host refused
 |    +-- ClientFileError    a file of the SSH client
 |    +-- SshdError          what a person has to know of sshd
 |         +-- ConfigRefused  it does not accept its configuration
 +-- ConfigError             what cannot become configuration of the SSH client
 +-- WantedError             users, groups or keys of a task are not usable
 +-- Conflict                ... or do not fit this host
 |    +-- InTheWay           which an account can bring about by itself
 +-- RecordError             the record of what was given on a host is not usable
 +-- RotationError           the rotation of a key cannot be recorded on a host
 +-- UnsafePath              why a key file or home must not be touched
 +-- NotRoot                 an audit reads nothing without root
 +-- DestError               the folder for what an audit found cannot be used
 +-- KeyPairConflict         the wanted key pair needs consent, or is not possible
 +-- PrivateKeyError         a private key cannot be made or read
 |    +-- PassphraseNeeded   to read the public half
 +-- KeyFileError            a path cannot be the file of a private key
 +-- KeyRefused              a public key that must not get into the vendor's command
 +-- FilterError             of the inventory: cannot be understood
 +-- FolderError             the folder of a run cannot be trusted or used
 +-- CloudProblem            no way to an instance before a login
 +-- TunnelError             through Session Manager
 +-- StepFailed              a step of a playbook cannot be done
 +-- WireError               a frame of Session Manager that is not a message

Each is defined where it is raised. Modules and plugins catch the root, once, where they end.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

import traceback
from typing import Any, Dict


class AccessError(Exception):
    """What can be expected to go wrong. C(text) is one sentence that can be shown as it is, C(code) is for programs.

    C(result) is what a module had done until then.
    """

    code = "error"

    def __init__(self, text: str = "", code: str = "") -> None:
        super().__init__(text)
        self.code = code or self.code
        self.result: Dict[str, Any] = {}

    @property
    def text(self) -> str:
        return str(self)

    def answer(self) -> Dict[str, Any]:
        """What a module that fails with it answers besides C(msg)."""
        return self.result

    def to_dict(self) -> Dict[str, str]:
        return {"code": self.code, "message": self.text}


class ModuleFailure(AccessError):
    """The module cannot go on, and I(result) is part of its answer."""

    code = "module"

    def __init__(self, text: str, **result: Any) -> None:
        super().__init__(text)
        self.result = result


class LibraryMissing(AccessError):
    """A Python library cannot be imported here; C(__cause__) is the reason."""

    code = "library_missing"

    def __init__(self, library: str) -> None:
        super().__init__(library)
        self.library = library

    def __str__(self) -> str:
        from ansible.module_utils.basic import missing_required_lib

        return missing_required_lib(self.library)

    def answer(self) -> Dict[str, Any]:
        return dict(self.result, exception="".join(traceback.format_exception(type(self), self, self.__traceback__)))

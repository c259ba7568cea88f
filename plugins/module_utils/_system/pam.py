# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask PAM itself whether it lets an account in: the account stage alone, as sshd asks it after a key was accepted.

To be called in a child only (see child.py): modules are foreign code, and a private mount hides the system's log from them.
Note that this module util is **PRIVATE** to the collection.
"""

import contextlib
import ctypes
import os
import socket
from typing import List, NamedTuple, Optional

from . import spaces

SUCCESS, NEW_TOKEN_REQUIRED = 0, 12
_TTY, _REMOTE_HOST, _CONVERSATION_ERROR = 3, 4, 19
_FOLDER = "/etc/pam.d"
_LOG = "/dev/log"


class Verdict(NamedTuple):
    """What PAM answered, in its own number and words, what it showed to the user, and what its modules wrote to the log."""

    code: int
    text: str
    shown: List[str]
    log: List[str]


class _Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


_TALK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(_Message)), ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p)


class _Conversation(ctypes.Structure):
    _fields_ = [("talk", _TALK), ("data", ctypes.c_void_p)]


class Pam:
    """PAM, as this process sees it from now on; with mounts of its own where it may have them."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libpam.so.0")
        self._library.pam_strerror.restype = ctypes.c_char_p
        self._log: Optional[socket.socket] = None
        self.is_private = False
        with contextlib.suppress(spaces.NotPossible):
            spaces.own_mounts()
            self.is_private = True
            self._catch_log()

    def ask(self, user: str, remote: str) -> Verdict:
        """The answer of the whole stack of sshd."""
        shown: List[str] = []
        handle = ctypes.c_void_p()
        conversation = _Conversation(_talker(shown), None)
        code = self._library.pam_start(b"sshd", user.encode("utf-8", "surrogateescape"), ctypes.byref(conversation), ctypes.byref(handle))
        if code == SUCCESS:
            if remote:
                self._library.pam_set_item(handle, _REMOTE_HOST, remote.encode())
            self._library.pam_set_item(handle, _TTY, b"ssh")
            code = self._library.pam_acct_mgmt(handle, 0)
        text = (self._library.pam_strerror(handle, code) or b"").decode("utf-8", "replace")
        self._library.pam_end(handle, code)
        return Verdict(code, text, shown[:20], self._logged())

    def ask_of(self, stack: str, user: str, remote: str) -> Verdict:
        """The answer of another stack than the host's; only where C(is_private)."""
        spaces.mount_memory(_FOLDER)
        try:
            with open(_FOLDER + "/sshd", "w", encoding="utf-8", errors="surrogateescape") as stream:
                stream.write(stack)
            return self.ask(user, remote)
        finally:
            spaces.unmount(_FOLDER)

    def _catch_log(self) -> None:
        """What modules log comes here instead of into the journal."""
        # The process may have logged before it came here.
        ctypes.CDLL(None).closelog()
        real = os.path.realpath(_LOG)
        folder = os.path.dirname(real)
        if not os.path.exists(real):
            return
        if folder == "/dev":
            # Nothing may be laid over that folder, so the log goes nowhere.
            spaces.mount_over("/dev/null", real)
            return
        spaces.mount_memory(folder)
        self._log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._log.bind(real)
        self._log.setblocking(False)

    def _logged(self) -> List[str]:
        found: List[str] = []
        with contextlib.suppress(BlockingIOError):
            while self._log is not None and len(found) < 50:
                line = self._log.recv(4096).decode("utf-8", "replace").rstrip("\0\n")
                found.append(line.partition("]: ")[2] or line)
        return found


def _talker(shown: List[str]) -> ctypes.CFUNCTYPE:  # type: ignore[valid-type]
    """Keeps what modules show; a question is not answered."""

    def talk(count, messages, _answers, _data):  # type: ignore[no-untyped-def] # called by C
        for index in range(count):
            shown.append((messages[index].contents.text or b"").decode("utf-8", "replace")[:500])
            if messages[index].contents.style in (1, 2):
                return _CONVERSATION_ERROR
        return SUCCESS

    return _TALK(talk)

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every exception of ours has one root and stands in this drawing; a unit test compares it with the code.

AccessError

Each is defined where it is raised. Modules and plugins catch the root, once, where they end.

Note that this module util is **PRIVATE** to the collection. It is pure.
"""

from typing import Any, Dict


class AccessError(Exception):
    """What can be expected to go wrong. I(text) is one sentence that can be shown as it is; C(code) is for programs.

    C(result) is what a module had done until then, for its answer.
    """

    code = "error"

    def __init__(self, text: str = "", code: str = "") -> None:
        super().__init__(text)
        self.code = code or self.code
        self.result: Dict[str, Any] = {}

    @property
    def text(self) -> str:
        return str(self)

    def to_dict(self) -> Dict[str, str]:
        return {"code": self.code, "message": self.text}

# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why sshd does not recognize a key in an authorized_keys file: what happened to its text.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

import difflib
import re
from typing import List, NamedTuple, Optional, Tuple

from .._openssh.authorized_keys import KeyLine, parse_key_file
from .._openssh.keys import KEY_TYPES, KeyFormatError, PublicKey, parse_key_fields

_BOM = b"\xef\xbb\xbf"
_FORMS = (
    (
        "PRIVATE KEY",
        "private_key_pasted",
        "holds a private key",
        "remove it, treat that key as compromised, and add the public half of a new one",
    ),
    (
        "BEGIN SSH2 PUBLIC KEY",
        "key_in_rfc4716_form",
        "holds a key in RFC 4716 form, which sshd does not read",
        "put the key there in OpenSSH's form, the output of 'ssh-keygen -i -f FILE'",
    ),
    (
        "PuTTY-User-Key-File",
        "key_in_putty_form",
        "holds a key in PuTTY's form, which sshd does not read",
        "put the line there that PuTTYgen shows under 'Public key for pasting into OpenSSH authorized_keys file'",
    ),
    (
        "BEGIN RSA PUBLIC KEY",
        "key_in_pem_form",
        "holds a key in PEM form, which sshd does not read",
        "put the key there in OpenSSH's form, the output of 'ssh-keygen -i -m PEM -f FILE'",
    ),
    (
        "BEGIN PUBLIC KEY",
        "key_in_pem_form",
        "holds a key in PEM form, which sshd does not read",
        "put the key there in OpenSSH's form, the output of 'ssh-keygen -i -m PKCS8 -f FILE'",
    ),
)
# No-break, zero-width and other blanks that come with text from web pages.
_ODD_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]")
# A shorter beginning of a key is the same for every key of its type.
_TELLING = 44
# How many characters may differ where a key was typed, and what consoles and editors end a cut line with.
_FEW = 3
_CUT_MARK = re.compile(r"[^A-Za-z0-9+/=]{1,3}\Z")


class Damage(NamedTuple):
    """What is wrong with the text: a cause, the line (0 for the file as a whole), a clause and what to do."""

    cause: str
    line: int
    clause: str
    fix: str


def find_damage(content: bytes, key: Optional[PublicKey]) -> Optional[Damage]:
    """Why this key cannot be found although it, or what looks like it, is in the file; None if nothing looks like it.

    Without a key, the first thing that was meant to be one.
    """
    if not content.strip(b"\0 \t\r\n") and b"\0" in content:
        return Damage("key_file_empty", 0, "contains zero bytes only, as after a loss of power", "write the keys again")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or _is_wide(content[:512]):
        return Damage(
            "key_file_utf16",
            0,
            "is UTF-16 text, which sshd cannot read",
            "save it as plain text, for example with 'iconv -f UTF-16 -t UTF-8'",
        )
    lines = parse_key_file(content)
    form = _foreign_form(lines)
    found = None if key is None else _damage_of(lines, content, key)
    if found is not None and not (form and found.cause == "key_line_malformed"):
        return found
    if form is not None or key is not None:
        return form
    for line in lines:
        if line.kind == "unknown":
            return _unreadable(line, line.text, _first_word(line.text) or "")
    return None


def _is_wide(head: bytes) -> bool:
    """Whether every other byte is zero, as in UTF-16 of plain letters."""
    return b"\0\0" not in head and head.count(b"\0") * 3 > len(head)


def _damage_of(lines: List[KeyLine], content: bytes, key: PublicKey) -> Optional[Damage]:
    for line in lines:
        if key.base64 in line.text and not (line.key is not None and line.key.same_key(key)):
            return _describe(line, key)
    for line in lines:
        if key.base64 not in line.text and key.base64 in "".join(line.text.split()):
            return Damage("key_damaged", line.number, "there is a space in the middle of the key", "remove it")
    for disguise, clause in _disguises(key.base64):
        for line in lines:
            if disguise in line.text:
                return Damage("key_damaged", line.number, clause, "add the key unchanged")
    for line in lines:
        for word in line.text.split():
            damage = _damage_of_word(word, line, content, key)
            if damage is not None:
                return damage
    return None


def _disguises(wanted: str) -> List[Tuple[str, str]]:
    """What web forms and the like make of a key, and what to call it."""
    made = [
        (wanted.replace("+", " "), "the + signs of the key were replaced with spaces"),
        (wanted.replace("+", "-").replace("/", "_"), "- and _ stand in the key for + and /"),
        (wanted.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"), "the key is percent-encoded"),
    ]
    return [(text, clause) for text, clause in made if text != wanted]


def _damage_of_word(word: str, line: KeyLine, content: bytes, key: PublicKey) -> Optional[Damage]:
    """What happened to a word that begins like the key or nearly equals it."""
    wanted = key.base64
    cut = _CUT_MARK.sub("", word)
    if len(cut) >= _TELLING and word != wanted and wanted.startswith(cut):
        if wanted.encode("ascii") in b"".join(content.split()):
            return Damage("key_wrapped", line.number, "the key is broken into several lines", "join them into one line")
        return Damage("key_truncated", line.number, "the key is cut off", "add the complete key")
    if len(word) == len(wanted) and word.lower() == wanted.lower():
        return Damage("key_damaged", line.number, "upper and lower case of the key were changed", "add the key unchanged")
    if len(word) == len(wanted) and sum(one != other for one, other in zip(word, wanted)) in (1, 2):
        return Damage("key_damaged", line.number, "a character of the key was changed", "add the key unchanged")
    if len(word) != len(wanted) and abs(len(word) - len(wanted)) <= _FEW:
        kept = _same_start(word, wanted) + _same_start(word[::-1], wanted[::-1])
        if kept >= min(len(word), len(wanted)) - _FEW:
            which = "are missing" if len(word) < len(wanted) else "were added"
            return Damage("key_damaged", line.number, "characters of the key %s" % which, "add the key unchanged")
    return None


def _same_start(one: str, other: str) -> int:
    return next((index for index, (left, right) in enumerate(zip(one, other)) if left != right), min(len(one), len(other)))


def _describe(line: KeyLine, key: PublicKey) -> Damage:
    before = line.text.split(key.base64)[0].rstrip()
    typed = before.endswith(KEY_TYPES)
    glued = re.search(r"(\S)(%s)\Z" % "|".join(re.escape(name) for name in KEY_TYPES), before)
    if line.text.startswith("\ufeff"):
        return Damage(
            "key_file_bom",
            line.number,
            "the line starts with a byte order mark that no editor shows, so sshd does not know its key type",
            "remove the mark",
        )
    if "\0" in before:
        return Damage("key_line_malformed", line.number, "there are zero bytes before the key, where sshd ends the line", "remove them: tr -d '\\0'")
    if "\r" in before:
        return Damage(
            "key_file_line_ends",
            line.number,
            "the lines end with a carriage return alone, so sshd reads all of them as one line",
            "end each line with a newline, for example with: tr '\\r' '\\n'",
        )
    odd = _ODD_BLANKS.search(line.text)
    if odd:
        return Damage(
            "key_has_odd_blanks",
            line.number,
            "there is a non-ASCII space (%s) in the line" % ascii(odd.group(0)).strip("'"),
            "replace it with a plain space",
        )
    if glued and (line.kind in ("comment", "key") or line.text[: glued.start(2)].rstrip("\"'") == ""):
        if glued.group(1) in "\"'":
            return Damage("key_line_malformed", line.number, "the key is in quotes", "remove the quotes")
        if glued.group(1) == "#" and not line.text.split("#")[0].strip() and before.strip("# ") in KEY_TYPES:
            return Damage("key_commented_out", line.number, "the key is commented out", "remove the # in front of it")
        return Damage("key_glued", line.number, "there is no line break between the key and the text before it", "start a new line before the key")
    if line.kind == "comment":
        return Damage("key_commented_out", line.number, "the key is commented out", "remove the # in front of it")
    last = _last_word(before)
    if not typed and difflib.get_close_matches(last.lower(), KEY_TYPES, 1, 0.85):
        return Damage(
            "key_type_misspelt",
            line.number,
            "there is no key type %s" % last,
            "write %s in front of the key" % key.key_type,
        )
    if not typed:
        return Damage("key_line_malformed", line.number, "there is no key type right before the key", "write %s in front of it" % key.key_type)
    return _unreadable(line, before + " " + key.base64, before.split()[-1], key)


def _unreadable(line: KeyLine, text: str, kind: str, key: Optional[PublicKey] = None) -> Damage:
    """A line that is neither comment nor key; the reason is the parser's, in short."""
    if key is not None and kind in KEY_TYPES and kind != key.key_type:
        return Damage(
            "key_type_mismatch",
            line.number,
            "the key type is given as %s but the key is of type %s" % (kind, key.key_type),
            "write %s in front of the key" % key.key_type,
        )
    options = text[: text.rindex(kind)].strip() if key is not None else ""
    if key is not None and not options and kind not in KEY_TYPES:
        return Damage("option_malformed", line.number, "there is no space between the options and the key type (%s)" % kind[:80], "put one there")
    if key is not None and not options:
        return Damage("key_glued", line.number, "something is glued to the end of the key", "start a new line after the key")
    if key is not None:
        return Damage(
            "option_malformed",
            line.number,
            "the text before the key cannot be read as key options (%s)" % options[:80],
            'fix or remove the options: NAME or NAME="VALUE", separated by commas without spaces',
        )
    try:
        parse_key_fields(text.strip(), "the line")
    except KeyFormatError as exc:
        return Damage("key_line_malformed", line.number, str(exc), "fix or remove the line")
    return Damage("key_line_malformed", line.number, "the line is not a key", "fix or remove the line")


def _foreign_form(lines: List[KeyLine]) -> Optional[Damage]:
    for line in lines:
        for mark, cause, clause, fix in _FORMS:
            if mark in line.text and line.key is None:
                return Damage(cause, line.number, clause, fix)
    return None


def _last_word(text: str) -> str:
    words = text.split()
    return words[-1] if words else ""


def _first_word(text: str) -> Optional[str]:
    words = text.split(None, 1)
    return words[0] if words else None

"""Character classes of PHP's regular expressions, written for the `regex` package, where classes can also be nested
and subtracted: every character that `regex` would read differently is escaped.
"""

from __future__ import annotations

import re

from xsrun.filters.pattern_escapes import UNICODE_BLANKS, Walk, read_escape, refused

#: `[:alpha:]`, `[:^alpha:]`, and the collating elements that PCRE2 does not have.
POSIX_CLASS = re.compile(r"\[([:.=])(\^?)([^\]\\]*?)\1\]")
_CLASS_SPECIAL = frozenset("\\[]^-&|~")

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}
_UNICODE_POSIX = _POSIX | {
    "alnum": r"\p{L}\p{N}",
    "alpha": r"\p{L}",
    "blank": UNICODE_BLANKS,
    "cntrl": r"\p{Cc}",
    "digit": r"\p{Nd}",
    "graph": r"\p{L}\p{M}\p{N}\p{P}\p{S}",
    "lower": r"\p{Ll}",
    "print": r"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}",
    "punct": r"\p{P}$+<=>\^`\|\~",
    "upper": r"\p{Lu}",
}


class ClassReader:
    """Reads one character class and writes it for `regex`; the walk stands just after its `[`."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.parts: list[str] = []

    def read(self) -> str:
        walk = self.walk
        start = walk.position
        negated = walk.body.startswith("^", walk.position)
        walk.position += negated
        first = True
        while first or not walk.body.startswith("]", walk.position):
            if walk.position >= len(walk.body):
                raise refused(f"missing terminating ] for character class at offset {start - 1}")
            self._member()
            first = False
        walk.position += 1
        return f"[{'^' if negated else ''}{''.join(self.parts)}]" if self.parts else r"[\s\S]" if negated else "(?!)"

    def _member(self) -> None:
        walk = self.walk
        single = self._item()
        if single is None:
            return
        after = walk.body[walk.position + 1 : walk.position + 2]
        if not walk.body.startswith("-", walk.position) or after in ("", "]"):
            self.parts.append(class_literal(single))
            return
        walk.position += 1
        end = self._item()
        if end is None:
            raise refused(f"invalid range in character class at offset {walk.position - 1}")
        if end < single:
            raise refused(f"range out of order in character class at offset {walk.position - 1}")
        self.parts.append(f"{class_literal(single)}-{class_literal(end)}")

    def _item(self) -> str | None:
        """One character, or None after a set was added to the parts."""
        walk = self.walk
        posix = POSIX_CLASS.match(walk.body, walk.position)
        if posix is not None:
            self._posix(posix)
            return None
        char = walk.body[walk.position]
        walk.position += 1
        if char != "\\":
            return char
        if walk.position >= len(walk.body):
            raise refused("\\ at end of pattern")
        if walk.body[walk.position] in "QE":
            self._quoted()
            return None
        single, text = read_escape(walk, in_class=True)
        if single is None:
            self.parts.append(text)
        return single

    def _posix(self, match: re.Match[str]) -> None:
        self.walk.position = match.end()
        if match.group(1) != ":":
            raise refused(f"POSIX collating elements are not supported at offset {match.start()}")
        members = (_UNICODE_POSIX if self.walk.unicode else _POSIX).get(match.group(3))
        if members is None:
            raise refused(f"unknown POSIX class name at offset {match.start()}")
        self.parts.append(f"[^{members}]" if match.group(2) else members)

    def _quoted(self) -> None:
        walk = self.walk
        if walk.body[walk.position] == "E":
            walk.position += 1
            return
        end = walk.body.find("\\E", walk.position)
        stop = len(walk.body) if end < 0 else end
        self.parts.extend(map(class_literal, walk.body[walk.position + 1 : stop]))
        walk.position = min(stop + 2, len(walk.body))


def class_literal(char: str) -> str:
    """A character that stands for itself inside a class of `regex`."""
    return "\\" + char if char in _CLASS_SPECIAL else char

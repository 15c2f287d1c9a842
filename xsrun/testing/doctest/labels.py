"""What the lines below a block say of it: what it is given, what it gives, or what it answers when it fails.

Pages say so above a block of JSON ("**Response:**", "This returns the following:", "Payload:"), with nothing at all
(JSON right below a program), or in a sentence ("Returns `5`"). A label that speaks of a shape ("Result structure")
states no value, and neither does one that speaks of errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from xsrun.testing.doctest.page import Block

#: Words after a fence of what may state a value; those of `_UNMARKED` do so only below a label.
_JSON = frozenset(("json", "json5", "jsonc"))
_UNMARKED = frozenset(("", "text", "txt", "plaintext", "output", "console", "js", "javascript", "yaml", "yml"))
_RESULT = re.compile(
    r"\b(?:returns?|returned|results?|outputs?|responses?|responds?|answers?|gives|prints|yields|produces|displays"
    r"|evaluates to|becomes|contains|holds|is now)\b|(?:=>|→|->)\W*$",
    re.I,
)
_INPUT = re.compile(
    r"\b(?:inputs?|requests?|payloads?|body|arguments?|param(?:eter)?s?|given|call(?:ed)? (?:it )?with)\b", re.I
)
_FAILURE = re.compile(
    r"\b(?:errors?|fail(?:s|ed|ure|ures)?|invalid|unauthori[sz]ed|forbidden|denied|missing|rejected|throws?|not found"
    r"|[45]\d\d)\b",
    re.I,
)
_SHAPE = re.compile(r"\b(?:structures?|shapes?|formats?|schemas?|fields|types?|properties|envelope)\b", re.I)
_HEADING = re.compile(r"^#{1,6}\s|^(?:-{3,}|\*{3,}|_{3,}|={3,})$")
_DECORATION = re.compile(r"^[\s>#*_/+-]+|[\s*_]+$")
#: Lines of prose that may stand between a program and what it gives.
_FARTHEST = 6
#: Words that a label may have without a colon at its end.
_LABEL_WORDS = 4

_SENTENCE = re.compile(
    r"^(?:(?:this|it|that|which|the|example|sample|expected|actual)\s+)*(?:(?:function|query|call|block|example|code|statement"
    r"|program|snippet)\s+)?(?P<word>returns?|results?|outputs?|responses?|gives|prints|yields|evaluates\s+to)"
    r"(?:\s+is)?(?P<colon>\s*:)?\W*?\s*(?P<value>[`\"'\[{(\w-].*)$",
    re.I,
)
_TICKED = re.compile(r"^(`+)\s*(.+?)\s*\1\s*\.?$")
_STATUS_CODE = re.compile(r"[1-5]\d\d")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A block or sentence below a program, and what it is: "input", "result", "failure", "shape" or "other".

    `plain`: no label says so, JSON stands right below the program.
    """

    role: str
    line: int
    text: str
    plain: bool = False


def labelled_below(block: Block) -> Iterator[Labelled]:
    """The blocks of data below a program, up to the next program or heading of something else."""
    here, first = block, True
    while here.following is not None and not here.following.is_program:
        lines, following = here.between, here.following
        if len(lines) > _FARTHEST or any(_HEADING.match(line) and _role(line) == "other" for line in lines):
            return
        role = _role_above(lines)
        plain = not lines and first and following.language in _JSON
        if following.language in _JSON or (following.language in _UNMARKED and role in ("result", "failure")):
            yield Labelled("result" if plain else role, following.line, following.text, plain)
        here, first = following, False


def sentence_below(block: Block) -> str | None:
    """The text of the value in a sentence below a program, "Returns `5`", or None."""
    for line in block.between[:_FARTHEST]:
        if _HEADING.match(line):
            return None
        match = _SENTENCE.match(_DECORATION.sub("", line).replace("**", ""))
        value = _value_in(match) if match is not None else None
        if value is not None:
            return value
    return None


def _value_in(match: re.Match[str]) -> str | None:
    value = match["value"].strip()
    ticked = _TICKED.match(value)
    if ticked is not None:
        value = ticked.group(2)
    elif value.endswith("."):
        value = value[:-1]
    about_http = match["word"].lower().startswith("response") and _STATUS_CODE.fullmatch(value)
    return None if about_http or value.endswith(":") else value


def _role_above(lines: list[str]) -> str:
    """What the label nearest above a block says."""
    if not lines:
        return "other"
    role = _role(lines[-1])
    above = lines[-2] if len(lines) > 1 else ""
    if role == "other" and _HEADING.match(above) and lines[-1].endswith(":"):
        return _role(above)
    if role == "result" and _HEADING.match(above) and _role(above) in ("failure", "shape"):
        return _role(above)
    return role


def _role(line: str) -> str:
    """What one line says of the block below it."""
    text = _DECORATION.sub("", line)
    is_label = bool(_HEADING.match(line)) or text.endswith((":", ":**", ">", "→")) or len(text.split()) <= _LABEL_WORDS
    if not is_label:
        return "other"
    result = _RESULT.search(text)
    if _FAILURE.search(text):
        return "failure"
    if result and _SHAPE.search(text):
        return "shape"
    return "result" if result else "input" if _INPUT.search(text) else "other"

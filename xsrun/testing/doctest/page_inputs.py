"""The inputs that a page gives for its examples: `// Input: {...}` in the block, or an "Input:" remark beside it."""

from __future__ import annotations

import re
from typing import Any

from xsrun.runtime.values import from_json
from xsrun.syntax.lexer import Comment
from xsrun.testing.doctest.expected import read_value
from xsrun.testing.doctest.page import Block
from xsrun.testing.expectations import literal

_REMARK = re.compile(
    r"^\W*(?:example\s+|sample\s+|test\s+)?(?:inputs?|request(?:\s+body)?|payload|body)\W*:?\W*?(\{.*\})?\W*$", re.I
)
_COMMENT = re.compile(r"^\s*(?:example\s+|test\s+)?inputs?\s*:\s*(.*)$", re.I)
_RESPONSE = re.compile(r"^\W*(?:example\s+|sample\s+)?(?:responses?|returns?|results?|outputs?)\b.*$", re.I)


def given_inputs(block: Block, comments: list[Comment]) -> dict[str, Any] | None:
    """The input object that the page states for a block, or None when it states none."""
    for comment in comments:
        match = _COMMENT.match(comment.text)
        if match is not None:
            found = _object(match.group(1))
            if found is not None:
                return found
    for line in [*reversed(block.before), *block.between]:
        match = _REMARK.match(line)
        if match is not None and match.group(1):
            found = _object(match.group(1).strip("`* "))
            if found is not None:
                return found
    following = block.following
    if following is not None and following.language == "json" and any(map(_REMARK.match, block.between)):
        return _object(following.text)
    return None


def stated_response(block: Block) -> tuple[int, str] | None:
    """The JSON block that follows as the response: its line and text."""
    following = block.following
    if following is None or following.language not in ("json", "jsonc", "js") or len(block.between) > 4:
        return None
    if any(map(_REMARK.match, block.between)):
        after = following.following
        named = after is not None and any(map(_RESPONSE.match, following.between))
        return (after.line, after.text) if after is not None and named and after.language == "json" else None
    return (following.line, following.text) if any(map(_RESPONSE.match, block.between)) else None


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = from_json(text)
    except ValueError:
        tree = read_value(text)
        value = literal(tree) if tree is not None else None
    return value if isinstance(value, dict) else None

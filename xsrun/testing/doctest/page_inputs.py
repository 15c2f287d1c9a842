"""The inputs that a page gives for its examples: `// Input: {...}` in the block, or an "Input:" remark beside it."""

from __future__ import annotations

import re

from xsrun.names.fixed_values import fixed_value
from xsrun.syntax.tokens import Comment
from xsrun.testing.doctest.expected import read_value
from xsrun.testing.doctest.labels import labelled_below
from xsrun.testing.doctest.page import Block
from xsrun.values.conversion import Value, from_json

_REMARK = re.compile(
    r"^\W*(?:example\s+|sample\s+|test\s+)?(?:inputs?|request(?:\s+body)?|payload|body)\W*:?\W*?(\{.*\})\W*$", re.I
)
_COMMENT = re.compile(r"^\s*(?:example\s+|test\s+)?inputs?\s*:\s*(.*)$", re.I)


def given_inputs(block: Block, comments: list[Comment]) -> dict[str, Value] | None:
    """The input object that the page states for a block, or None when it states none."""
    for comment in comments:
        match = _COMMENT.match(comment.text)
        if match is not None:
            found = _object(match.group(1))
            if found is not None:
                return found
    for line in [*reversed(block.before), *block.between]:
        match = _REMARK.match(line)
        if match is not None:
            found = _object(match.group(1).strip("`* "))
            if found is not None:
                return found
    return next((_object(below.text) for below in labelled_below(block) if below.role == "input"), None)


def _object(text: str) -> dict[str, Value] | None:
    try:
        value = from_json(text)
    except ValueError:
        tree = read_value(text)
        value = fixed_value(tree) if tree is not None else None
    return value if isinstance(value, dict) else None

"""What a page says that an example gives: where it says so, and whether a value is that.

A page's value is read as a XanoScript expression, which JSON is too. `...` stands for anything: alone for a value,
among items or keys for any more of them, inside a text for any part of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from xsrun.names.places import ungrouped
from xsrun.running.assertions import show
from xsrun.syntax.nodes import (
    Entry,
    Expression,
    Group,
    ListLiteral,
    Literal,
    ObjectLiteral,
    Placeholder,
    Spread,
    Timestamp,
    Unary,
    Word,
)
from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source
from xsrun.syntax.tokens import Comment
from xsrun.values.conversion import Value, from_json

_MARK = re.compile(
    r"^\s*(?P<word>(?:returns?|results?|outputs?|response|gives)\s*:|(?:returns|=>|→|->)\s)\s*(?P<value>.*)$", re.I
)
_WITH_REMARK = re.compile(r"^(.*?\S)\s*(?:\(.*\)|[-–—].*|//.*|#.*)$")
#: Dots with a remark: `33a3... (truncated) ...`, and `...encrypted...` as a whole text.
_OMISSION = re.compile(r"\.\.\.\s*\([^)]*\)(?:\s*\.\.\.)?|^\.\.\.\s*[a-z][a-z ]*\.\.\.$")
#: Lines of a comment that a value may go over.
_LONGEST = 200


@dataclass(slots=True)
class StatedValue:
    """A value that a page states, and the line on which it does. `own_line`: the comment stands alone.

    `word` is how the page calls the value, in lower case: "result", "returns", or nothing.
    """

    line: int
    value: Expression
    own_line: bool
    word: str = ""


def stated_in(comments: list[Comment]) -> Iterator[StatedValue]:
    """The values stated in comments: `// Returns: {...}`, over several lines too, `// => 3`."""
    by_line = {comment.line: comment for comment in comments}
    for comment in comments:
        match = _MARK.match(comment.text)
        if match is None:
            continue
        lines = [match["value"]]
        number = comment.line
        value = read_value(lines[0])
        while value is None and len(lines) < _LONGEST:
            number += 1
            following = by_line.get(number)
            if following is None or not following.own_line or _MARK.match(following.text):
                break
            lines.append(following.text)
            value = read_value("\n".join(lines))
        value = value or _before_remark(lines[0])
        if value is not None:
            yield StatedValue(comment.line, value, comment.own_line, match["word"].strip(" :\t").lower())


def stated_beside(comments: list[Comment]) -> Iterator[StatedValue]:
    """The values that comments beside expressions state, also without a word before them: `1 + 1  // 2`."""
    marked = {stated.line: stated for stated in stated_in(comments)}
    yield from marked.values()
    for comment in comments:
        if not comment.own_line and comment.line not in marked:
            value = read_value(comment.text) or _before_remark(comment.text.strip())
            if value is not None:
                yield StatedValue(comment.line, value, False)


def _before_remark(text: str) -> Expression | None:
    """The value before a remark: `0 (not null)`, `3 - as a number`."""
    match = _WITH_REMARK.match(text)
    return read_value(match.group(1)) if match is not None else None


def read_value(text: str) -> Expression | None:
    """The value that a text states, or None when it is prose."""
    text = text.strip().rstrip(";")
    if not text or "\0" in text:
        return None
    parsed = parser().parse(Source(text, "<expected>"), "expression")
    if parsed.tree is None or any(found.severity == "error" for found in parsed.diagnostics):
        return None
    tree: Expression = parsed.tree
    return tree if _is_value(tree) else None


def read_data(text: str) -> Expression | None:
    """The value that a block of data states: JSON, or else what `read_value` reads."""
    try:
        return _tree_of(from_json(text))
    except ValueError:
        return read_value(text)


def _tree_of(value: Value) -> Expression:
    if isinstance(value, dict):
        return ObjectLiteral([Entry(str(key), _tree_of(item)) for key, item in value.items()])
    return ListLiteral([_tree_of(item) for item in value]) if isinstance(value, list) else Literal(value)


def _is_value(node: Expression) -> bool:
    """Is a node made of literals and wildcards alone?"""
    if isinstance(node, (Group,)):
        return _is_value(node.expression)
    if isinstance(node, ListLiteral):
        return all(_is_value(item) for item in node.items)
    if isinstance(node, ObjectLiteral):
        return all(
            isinstance(e, (Spread, Placeholder)) or (isinstance(e, Entry) and _is_value(e.value)) for e in node.entries
        )
    if isinstance(node, Unary):
        return node.operator == "-" and isinstance(node.operand, Literal)
    return isinstance(node, (Literal, Placeholder, Timestamp))


# Comparing -----------------------------------------------------------------------------------------------------------


def differences(expected: Expression, actual: Value, path: str = "") -> Iterator[str]:
    """Where a value is not what a page states; nothing when it is."""
    expected = ungrouped(expected)
    if isinstance(expected, Placeholder):
        return
    if isinstance(expected, ObjectLiteral):
        yield from _object_differences(expected, actual, path)
    elif isinstance(expected, ListLiteral):
        yield from _list_differences(expected, actual, path)
    else:
        wanted = _plain(expected)
        if not _same(wanted, actual):
            yield f"{path or 'value'}: the page says {show(wanted)}, xsrun gives {show(actual)}"


def same_in_any_order(expected: Expression, actual: Value) -> bool:
    """Is a value what a page states when the order of items in lists does not count?"""
    expected = ungrouped(expected)
    if isinstance(expected, ObjectLiteral) and isinstance(actual, dict):
        entries = [entry for entry in expected.entries if isinstance(entry, Entry)]
        known = {entry.key for entry in entries}
        whole = len(entries) < len(expected.entries) or known >= actual.keys()
        return whole and all(
            entry.key in actual and same_in_any_order(entry.value, actual[entry.key]) for entry in entries
        )
    if not isinstance(expected, ListLiteral) or not isinstance(actual, list):
        return not any(differences(expected, actual))
    items = [item for item in expected.items if not isinstance(item, (Placeholder, Spread))]
    left = list(actual)
    for item in items:
        found = next((index for index, one in enumerate(left) if same_in_any_order(item, one)), None)
        if found is None:
            return False
        del left[found]
    return not left or len(items) < len(expected.items)


def _plain(node: Expression) -> Value:
    if isinstance(node, Unary) and isinstance(node.operand, Literal):
        return -node.operand.value if node.operand.value.__class__ in (int, float) else node.operand.value
    return node.value if isinstance(node, (Literal, Timestamp)) else node.text if isinstance(node, Word) else None


def _same(wanted: Value, actual: Value) -> bool:
    if isinstance(wanted, bool) or isinstance(actual, bool) or wanted is None or actual is None:
        return wanted is actual
    if isinstance(wanted, float) or isinstance(actual, float):
        numbers = isinstance(wanted, (int, float)) and isinstance(actual, (int, float))
        # pages round: `3.14159|sin` is 0 there
        return numbers and math.isclose(wanted, actual, rel_tol=1e-6, abs_tol=1e-5)
    if isinstance(wanted, str) and isinstance(actual, str) and "..." in wanted:
        pattern = ".*".join(re.escape(part) for part in _OMISSION.sub("...", wanted).split("..."))
        return re.fullmatch(pattern, actual, re.DOTALL) is not None
    return bool(wanted == actual)


def _object_differences(expected: ObjectLiteral, actual: Value, path: str) -> Iterator[str]:
    entries = [entry for entry in expected.entries if isinstance(entry, Entry)]
    opened = len(entries) < len(expected.entries)
    if not isinstance(actual, dict) and not (actual == [] and not entries):
        yield f"{path or 'value'}: the page says an object, xsrun gives {show(actual)}"
        return
    given = actual if isinstance(actual, dict) else {}
    for entry in entries:
        if entry.key not in given:
            yield f"{path}.{entry.key}: missing"
        else:
            yield from differences(entry.value, given[entry.key], f"{path}.{entry.key}")
    for key in [] if opened else given:
        if all(entry.key != key for entry in entries):
            yield f"{path}.{key}: not on the page, xsrun gives {show(given[key])}"


def _list_differences(expected: ListLiteral, actual: Value, path: str) -> Iterator[str]:
    if not isinstance(actual, list):
        yield f"{path or 'value'}: the page says a list, xsrun gives {show(actual)}"
        return
    items = [item for item in expected.items if not isinstance(item, (Placeholder, Spread))]
    opened = len(items) < len(expected.items)
    if len(items) > len(actual) or (len(items) < len(actual) and not opened):
        yield f"{path or 'value'}: the page says {len(items)} items, xsrun gives {len(actual)}"
        return
    for index, item in enumerate(items):
        yield from differences(item, actual[index], f"{path}[{index}]")

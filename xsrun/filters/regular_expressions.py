"""The filters that match, take apart and replace with regular expressions. The pattern is the piped value."""

from __future__ import annotations

import re

from xsrun.hints import TYPE_CHECKING
from xsrun.registry import filter
from xsrun.running.context import Context
from xsrun.values.characters import characters, value_of
from xsrun.values.conversion import Value, text_of_bytes, to_bytes

if TYPE_CHECKING:
    from xsrun.filters.patterns import Match, Pattern

#: What PHP's preg_quote protects.
_QUOTED = ".\\+*?[^]$(){}=!<>|:-#"
_REFERENCE = rb"\\\\|[\\$](\d\d?)|\$\{(\d\d?)\}"


def _compiled(pattern: str) -> Pattern:
    """The compiled pattern. What compiles it is loaded by the first program that has one."""
    from xsrun.filters.patterns import compile_pattern

    return compile_pattern(pattern)


def _searched(pattern: str) -> Pattern | None:
    """The pattern of a filter that looks for matches; None, which matches nothing, for one without delimiters."""
    from xsrun.filters.patterns import Undelimited

    try:
        return _compiled(pattern)
    except Undelimited:
        return None


@filter("regex_matches")
def regex_matches(pattern: str, subject: str) -> bool:
    """Whether a pattern matches anywhere in the subject.

    The pattern has delimiters and may have modifiers, as in PHP: `/^[a-z]+$/i`. Without the modifier `u` it sees
    bytes, with it characters. One without delimiters matches nothing.

    >>> "/^a.*c$/"|regex_matches:"abbbbc"
    true
    >>> "#^https?://#i"|regex_matches:"HTTPS://example.com"
    true
    """
    compiled = _searched(pattern)
    return compiled is not None and compiled.search(subject) is not None


@filter("regex_get_first_match")
def regex_get_first_match(pattern: str, subject: str) -> list[Value] | dict[str, Value] | None:
    """The first match and its groups, as PHP's preg_match gives them; null without a match.

    Groups at the end that took no part are left out, others are "". With named groups the result is an object that
    holds each of them by name and by number.

    >>> "/([A-Z]+)-([0-9]+)/"|regex_get_first_match:"ID: ABC-123"
    ["ABC-123", "ABC", "123"]
    >>> "/(?<year>\\d+)/"|regex_get_first_match:"in 2024"
    {"0": "2024", "year": "2024", "1": "2024"}
    """
    compiled = _searched(pattern)
    match = compiled.search(subject) if compiled is not None else None
    if compiled is None or match is None:
        return None
    last = max((number for number in range(1, compiled.groups + 1) if match.group(number) is not None), default=0)
    return _by_name(compiled, [compiled.text(match.group(number)) for number in range(last + 1)])


@filter("regex_get_all_matches")
def regex_get_all_matches(pattern: str, subject: str) -> list[Value] | dict[str, Value]:
    """All matches: a list of whole matches, then one list for each group (PHP's pattern order).

    [] when nothing matches. With named groups the result is an object that holds each list by name and by number.

    >>> "/([a-z])([0-9])/"|regex_get_all_matches:"a1 b2"
    [["a1", "b2"], ["a", "b"], ["1", "2"]]
    """
    compiled = _searched(pattern)
    if compiled is None:
        return []
    groups: list[list[Value]] = [[] for _ in range(compiled.groups + 1)]
    for batch in compiled.batches(subject):
        for number, texts in enumerate(groups):
            texts.extend(compiled.text(match.group(number)) for match in batch)
    return _by_name(compiled, groups) if groups[0] else []


@filter("regex_replace")
def regex_replace(context: Context, pattern: str, replacement: str, subject: str) -> Value:
    """The subject with every match replaced.

    In the replacement `$1`, `${1}` and `\\1` stand for a group, `$0` for the whole match.

    >>> "/\\s+/"|regex_replace:"-":"a  b   c"
    "a-b-c"
    >>> "/(\\w+) (\\w+)/"|regex_replace:"$2 $1":"hello world"
    "world hello"
    """
    compiled = _compiled(pattern)
    template = _template(to_bytes(replacement))
    parts: list[bytes] = []
    size = position = 0
    text = compiled.subject(subject)
    for batch in compiled.batches(subject):
        made: list[bytes] = []
        for match in batch:
            start, end = match.span()
            if end < position:  # \K may end a match before the last one
                continue
            made.append(_bytes(text[position:start]))
            made += _filled(template, match)
            position = end
        parts.append(b"".join(made))
        size += len(parts[-1])
        context.check_size(size)
    if not parts:
        return subject if isinstance(subject, str) else text_of_bytes(to_bytes(subject))
    return text_of_bytes(b"".join([*parts, _bytes(text[position:])]))


@filter("regex_quote", elementwise=True)
def regex_quote(value: str, delimiter: str | None = None) -> Value:
    """A text with a backslash before every character that means something in a pattern, and before the delimiter.

    >>> "1.5 (net)"|regex_quote
    "1\\\\.5 \\\\(net\\\\)"
    >>> "a/b"|regex_quote:"/"
    "a\\\\/b"
    """
    mark = characters(delimiter or "")[:1]
    table = {ord(char): "\\" + char for char in _QUOTED + mark} | {0: "\\000"}
    return value_of(characters(value).translate(table))


def _by_name(pattern: Pattern, groups: list[Value]) -> list[Value] | dict[str, Value]:
    if not pattern.names:
        return groups
    result: dict[str, Value] = {}
    for number, group in enumerate(groups):
        name = pattern.names.get(number)
        if name is not None and (group or name not in result):
            result[name] = group
        result[str(number)] = group
    return result


def _bytes(part: str | bytes | None) -> bytes:
    return part if part.__class__ is bytes else to_bytes(part or "")


def _template(replacement: bytes) -> list[bytes | int]:
    """The replacement cut into literal parts and group numbers, in turn."""
    parts: list[bytes | int] = []
    literal: list[bytes] = []
    position = 0
    for found in re.finditer(_REFERENCE, replacement):
        literal.append(replacement[position : found.start()])
        number = found.group(1) or found.group(2)
        if number:
            parts += [b"".join(literal), int(number)]
            literal = []
        else:
            literal.append(b"\\")
        position = found.end()
    return [*parts, b"".join([*literal, replacement[position:]])]


def _filled(template: list[bytes | int], match: Match) -> list[bytes]:
    groups = match.re.groups
    return [
        part if isinstance(part, bytes) else _bytes(match.group(part)) if part <= groups else b"" for part in template
    ]

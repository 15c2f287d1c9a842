"""Queries that look at whole values: `term`, `terms`, `ids`, `exists`, `range`, `prefix`, `wildcard`, `regexp`."""

from __future__ import annotations

import time
from collections.abc import Callable

from xsrun.services.search.fields import bound_of, text_of_scalar, words_of
from xsrun.services.search.scope import (
    KEYWORD,
    Matches,
    SearchScope,
    base_field,
    check_options,
    field_and_options,
    quoted,
)
from xsrun.services.search.unsupported import SearchError, refuse_clause
from xsrun.values.conversion import Value, to_text
from xsrun.values.like import like_matcher

#: Seconds that the pattern of a query may take.
_LONGEST = 3.0
#: Characters of values that regular expressions look at, as many as a keyword has when an index makes its own.
_LONGEST_VALUE = 256


def term(scope: SearchScope, body: Value) -> Matches:
    field, options = field_and_options(body, "value")
    check_options("term", options, "value", "case_insensitive")
    return terms_of(scope, field, [options.get("value")], insensitive=options.get("case_insensitive") is True)


def terms(scope: SearchScope, body: Value) -> Matches:
    field, options = field_and_options(body, "value")
    values = options.get("value")
    if not isinstance(values, list):
        if isinstance(values, dict) or "index" in options:
            refuse_clause("query", "terms lookup")
        raise SearchError("parsing_exception", f"[terms] query requires a list of values for [{field}]")
    return terms_of(scope, field, values)


def terms_of(scope: SearchScope, field: str, values: list[Value], *, insensitive: bool = False) -> Matches:
    """The parts whose field is one of the values, or has one as a word where the field is not a keyword."""
    if field == "_id":
        return dict.fromkeys(ids_of(scope, values), 1.0)
    found: Matches = {}
    for value in values:
        if value is None:
            raise SearchError("illegal_argument_exception", f"value cannot be null for [{field}]")
        text = text_of_scalar(value) if isinstance(value, (str, bool, int, float)) else to_text(value)
        compared = "text = ? COLLATE NOCASE" if insensitive else "text = ?"
        found |= dict.fromkeys(scope.select(f"field = ? AND {compared}", base_field(field), text), 1.0)
        words = words_of(text)
        if len(words) == 1 and (insensitive or words[0] == text) and not field.endswith(KEYWORD):
            found |= scope.words(quoted(words[0]), [field])
    return found


def ids(scope: SearchScope, body: Value) -> Matches:
    values = body.get("values") if isinstance(body, dict) else None
    return dict.fromkeys(ids_of(scope, values if isinstance(values, list) else [values]), 1.0)


def ids_of(scope: SearchScope, values: list[Value]) -> list[int]:
    wanted = {to_text(value) for value in values}
    sql = f"SELECT part, id FROM part WHERE {scope.inside} AND path = ?"
    return [int(part) for part, key in scope.store.rows(sql, *scope.place_and_names, scope.path) if key in wanted]


def exists(scope: SearchScope, body: Value) -> Matches:
    field = base_field(to_text(body.get("field") if isinstance(body, dict) else None))
    found = scope.select("(field = ? OR field GLOB ?)", field, f"{field}.*")
    return dict.fromkeys(found, 1.0)


def bounds(scope: SearchScope, body: Value) -> Matches:
    field, options = field_and_options(body, "")
    if "" in options:
        raise SearchError("parsing_exception", f"[range] takes an object with the bounds of [{field}]")
    check_options("range", options, "gt", "gte", "lt", "lte", "from", "to", "format", "time_zone")
    if "time_zone" in options:
        refuse_clause("option of `range`", "time_zone")
    signs = {"gt": ">", "gte": ">=", "from": ">=", "lt": "<", "lte": "<=", "to": "<="}
    conditions = ["field = ?"]
    values: list[Value] = [base_field(field)]
    for name, sign in signs.items():
        bound = bound_of(options.get(name), scope.now)
        if bound is not None:
            conditions.append(f"{'text' if isinstance(bound, str) else 'number'} {sign} ?")
            values.append(bound)
    return dict.fromkeys(scope.select(" AND ".join(conditions), *values), 1.0)


def prefix(scope: SearchScope, body: Value) -> Matches:
    return _patterned(scope, body, "prefix", lambda text: like_matcher(_escaped(text) + "%"))


def wildcard(scope: SearchScope, body: Value) -> Matches:
    """`*` stands for any characters and `?` for one, as `%` and `_` do in SQL."""
    return _patterned(scope, body, "wildcard", lambda text: like_matcher(_escaped(text).translate(_WILD)))


def regexp(scope: SearchScope, body: Value) -> Matches:
    return _patterned(scope, body, "regexp", _expression)


_WILD = str.maketrans({"*": "%", "?": "_"})


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _expression(text: str) -> Callable[[str], bool]:
    """What tells whether a text is as a regular expression says, all texts within a time."""
    import regex

    try:
        compiled = regex.compile(text, regex.DOTALL)
    except regex.error:
        raise SearchError("illegal_argument_exception", f"the pattern [{text}] cannot be read") from None
    end = time.monotonic() + _LONGEST

    def fits(value: str) -> bool:
        if len(value) > _LONGEST_VALUE:
            return False
        try:
            return compiled.fullmatch(value, timeout=max(end - time.monotonic(), 0.001)) is not None
        except TimeoutError:
            raise SearchError("too_complex_to_determinize_exception", f"the pattern [{text}] takes too long") from None

    return fits


def _patterned(scope: SearchScope, body: Value, name: str, matcher: Callable[[str], Callable[[str], bool]]) -> Matches:
    """The parts of whose field a whole value, or a word where it is not a keyword, matches a pattern."""
    field, options = field_and_options(body, "value")
    check_options(name, options, "value", "wildcard", "case_insensitive", "flags", "rewrite")
    text = to_text(options.get("value", options.get("wildcard")))
    lower = options.get("case_insensitive") is True
    matches = matcher(text.lower() if lower else text)
    sql = f"SELECT value.part, text FROM value JOIN part USING (part) WHERE {scope.inside} AND path = ? AND field = ?"
    rows = scope.store.rows(sql, *scope.place_and_names, scope.path, base_field(field))

    def fits(value: str) -> bool:
        whole = value.lower() if lower else value
        return matches(whole) or (not field.endswith(KEYWORD) and any(map(matches, words_of(whole))))

    return {int(part): 1.0 for part, value in rows if fits(str(value))}

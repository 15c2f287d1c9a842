"""Queries that look at words: `match`, `match_phrase`, `multi_match`."""

from __future__ import annotations

import re

from xsrun.services.search.fields import number_of, words_of
from xsrun.services.search.scope import (
    KEYWORD,
    Matches,
    Options,
    SearchScope,
    base_field,
    boosted,
    check_options,
    field_and_options,
    quoted,
    text_fields,
)
from xsrun.services.search.unsupported import refuse_clause
from xsrun.services.search.value_clauses import terms_of
from xsrun.values.conversion import Value, to_text


def match(scope: SearchScope, body: Value) -> Matches:
    field, options = field_and_options(body, "query")
    known = ("query", "operator", "minimum_should_match", "fuzziness", "prefix_length", "max_expansions", "lenient")
    check_options("match", options, *known, "analyzer", "zero_terms_query", "fuzzy_transpositions")
    value = options.get("query")
    if field.endswith(KEYWORD) or field == "_id" or not isinstance(value, str):
        return terms_of(scope, field, [value])
    return match_words(scope, [field], words_of(value), options)


def match_words(
    scope: SearchScope, fields: list[str], words: list[str], options: Options, *, begins: bool = False
) -> Matches:
    """The parts that have enough of the words: one, or all with the operator `and`. With `begins` the last word need
    only be begun."""
    needed = len(words) if to_text(options.get("operator")).lower() == "and" else 1
    needed = minimum_of(options.get("minimum_should_match"), len(words), needed)
    found: list[Matches] = []
    for number, word in enumerate(words):
        last = begins and number == len(words) - 1
        query = quoted(word, begins=last)
        if options.get("fuzziness") is not None and not last:
            query = " OR ".join(map(quoted, similar(scope, word, options["fuzziness"]))) or query
        found.append(scope.words(query, fields))
    return at_least(found, needed)


def at_least(found: list[Matches], needed: int) -> Matches:
    """The parts that are in enough of several matches; their scores add up."""
    total: Matches = {}
    times: dict[int, int] = {}
    for one in found:
        for part, score in one.items():
            total[part] = total.get(part, 0.0) + score
            times[part] = times.get(part, 0) + 1
    return {part: score for part, score in total.items() if times[part] >= needed}


def minimum_of(given: Value, clauses: int, otherwise: int) -> int:
    """How many clauses must match: a number, a negative one, or a share (`75%`)."""
    if given is None:
        return otherwise
    text = to_text(given).strip()
    found = re.fullmatch(r"(-?\d+)(%?)", text)
    if found is None:
        refuse_clause("option", f"minimum_should_match: {text}")
    number = int(found[1])
    if found[2]:
        number = int(clauses * number / 100)
    return max(number if number >= 0 else clauses + number, 0)


def similar(scope: SearchScope, word: str, fuzziness: Value) -> list[str]:
    """The words of the index that are within a distance of one (`AUTO`: by its length)."""
    text = to_text(fuzziness).upper()
    if text.startswith("AUTO"):
        distance = 0 if len(word) < 3 else 1 if len(word) < 6 else 2
    else:
        distance = int(number_of(text) or 0)
    return [one for one in scope.vocabulary() if abs(len(one) - len(word)) <= distance and near(one, word, distance)]


def near(one: str, other: str, distance: int) -> bool:
    """Can a word be made of another with so many changes: a letter more, less, another, or two exchanged?"""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, right in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1] <= distance


def match_phrase(scope: SearchScope, body: Value, *, begins: bool = False) -> Matches:
    field, options = field_and_options(body, "query")
    check_options("match_phrase", options, "query", "analyzer", "max_expansions")
    return phrase(scope, [base_field(field)], to_text(options.get("query")), begins=begins)


def phrase(scope: SearchScope, fields: list[str], text: str, *, begins: bool = False) -> Matches:
    words = words_of(text)
    return scope.words(quoted(" ".join(words), begins=begins) if words else "", fields)


def multi_match(scope: SearchScope, body: Value) -> Matches:
    options = dict(body) if isinstance(body, dict) else {}
    known = ("query", "fields", "type", "operator", "minimum_should_match", "fuzziness", "prefix_length", "tie_breaker")
    check_options("multi_match", options, *known, "lenient", "analyzer", "max_expansions", "slop")
    kind = to_text(options.get("type")) or "best_fields"
    names = options.get("fields")
    fields = text_fields(scope, names if isinstance(names, list) else ["*"] if names is None else [names])
    text = to_text(options.get("query"))
    words = words_of(text)
    if kind in ("cross_fields", "bool_prefix"):
        plain = [name for name, _ in fields]
        return match_words(scope, plain, words, options, begins=kind == "bool_prefix") if plain else {}
    each: list[Matches] = []
    for name, boost in fields:
        if kind in ("phrase", "phrase_prefix"):
            found = phrase(scope, [name], text, begins=kind == "phrase_prefix")
        elif kind in ("best_fields", "most_fields"):
            found = match_words(scope, [name], words, options)
        else:
            refuse_clause("type of `multi_match`", kind)
        each.append(boosted(found, boost))
    return at_least(each, 1) if kind == "most_fields" else best(each)


def best(found: list[Matches]) -> Matches:
    """The parts of any of several matches, each with its best score."""
    total: Matches = {}
    for one in found:
        for part, score in one.items():
            total[part] = max(score, total.get(part, 0.0))
    return total

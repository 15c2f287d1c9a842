"""Operators and filters of texts."""

from __future__ import annotations

from xsrun.database import postgres_text
from xsrun.database.operators.declare import operator


@operator("like", "text", "text", result="bool", postgres="({0} LIKE {1})")
def like(value: str, pattern: str) -> bool:
    """SQL's LIKE: `%` any characters, `_` one, a backslash takes the next one as it is."""
    return postgres_text.like(value, pattern)


@operator("ilike", "text", "text", result="bool", postgres='({0} COLLATE "default" ILIKE {1})')
def ilike(value: str, pattern: str) -> bool:
    """LIKE without regard to case."""
    return postgres_text.like(postgres_text.lower(value), postgres_text.lower(pattern))


#: The search of SQLite for plain ASCII, which is most of what is looked for: its `lower` knows those letters alone, and
#: the only other character whose small letter is one of them is the Kelvin sign. What is asked of the parameter alone
#: is asked once, since it is a query of its own.
_INCLUDES = (
    "(CASE WHEN (SELECT {1} GLOB '*[^ -~]*' OR {1} GLOB '*[%_\\]*') THEN xs_includes({0}, {1}) "
    "WHEN (SELECT {1} GLOB '*[kK]*') "
    "THEN instr(lower(replace({0}, char(8490), 'k')), (SELECT lower({1}))) > 0 "
    "ELSE instr(lower({0}), (SELECT lower({1}))) > 0 END)"
)


@operator(
    "includes",
    "text",
    "text",
    result="bool",
    postgres="({0} COLLATE \"default\" ILIKE '%' || {1} || '%')",
    sqlite=_INCLUDES,
)
def includes(value: str, search: str) -> bool:
    """Whether a text holds another one, without regard to case.

    >>> db.add "fruit" { data = {name: "Apple"} }
    ... db.query "fruit" {
    ...   where = $db.fruit.name|includes:"PPL"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return postgres_text.includes(postgres_text.lower(value), postgres_text.lower(search))


@operator("matches", "text", "text", result="bool", postgres='({0} COLLATE "default" ~ {1})')
def matches(value: str, pattern: str) -> bool:
    """`~`: whether a POSIX regular expression is found in the text."""
    return postgres_text.matches(value, pattern)


@operator("imatches", "text", "text", result="bool", postgres='({0} COLLATE "default" ~* {1})')
def imatches(value: str, pattern: str) -> bool:
    """`~*`: the same without regard to case."""
    return postgres_text.matches(value, pattern, ignore_case=True)


@operator(
    "search",
    "text",
    "text",
    result="bool",
    body="SELECT NOT EXISTS (SELECT 1 FROM xs_words($2) AS wanted WHERE wanted <> ALL (ARRAY(SELECT xs_words($1)))) "
    "AND EXISTS (SELECT xs_words($2))",
)
def search(value: str, query: str) -> bool:
    """Full-text search: whether the text has every word of the query. Words are taken as they are, not stemmed."""
    wanted = postgres_text.words(query)
    return bool(wanted) and set(wanted) <= set(postgres_text.words(value))


@operator(
    "search_rank",
    "text",
    "text",
    result="decimal",
    body="SELECT coalesce(avg((word = ANY (ARRAY(SELECT xs_words($2))))::int), 0)::float8 FROM xs_words($1) AS word",
)
def search_rank(value: str, query: str) -> float:
    """How well a text fits the words of a search: the share of its words that are among them.

    The engine's own figures come from another formula; the order is what to go by.

    >>> db.add "note" { data = {body: "red apple pie"} }
    ... db.query "note" {
    ...   eval = {rank: $db.note.body|search_rank:"apple"}
    ...   return = {type: "single"}
    ... } as $row
    ... var $found { value = $row.rank > 0.3 }
    {"row": ..., "found": true}
    """
    found = postgres_text.words(value)
    wanted = set(postgres_text.words(query))
    return sum(word in wanted for word in found) / len(found) if found else 0.0


@operator("to_lower", "text", result="text", postgres='lower({0} COLLATE "default")')
def to_lower(value: str) -> str:
    """The text in lower case.

    >>> db.add "fruit" { data = {name: "ApPle"} }
    ... db.query "fruit" {
    ...   where = ($db.fruit.name|to_lower) == "apple"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return postgres_text.lower(value)


@operator("to_upper", "text", result="text", postgres='upper({0} COLLATE "default")')
def to_upper(value: str) -> str:
    """The text in upper case.

    >>> db.add "fruit" { data = {name: "apple"} }
    ... db.query "fruit" {
    ...   where = ($db.fruit.name|to_upper) == "APPLE"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return postgres_text.upper(value)


@operator(
    "unaccent",
    "text",
    result="text",
    postgres="normalize(regexp_replace(normalize({0}, NFD), '[\\u0300-\\u036f]', '', 'g'), NFC)",
)
def unaccent(value: str) -> str:
    """The text without accents: those that are marks on a letter; ß, ø and ł stay.

    >>> db.add "town" { data = {name: "Málaga"} }
    ... db.query "town" {
    ...   where = ($db.town.name|unaccent) == "Malaga"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return postgres_text.unaccent(value)


@operator("concat", "text", "text", result="text", postgres="({0} || {1})")
def concat(stored: str, value: str) -> str:
    """The text with another one after it.

    >>> db.add "person" { data = {first: "Ann", last: "Lee"} }
    ... db.query "person" {
    ...   where = ($db.person.first|concat:" "|concat:$db.person.last) == "Ann Lee"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return stored + value


@operator(
    "substr",
    "text",
    "int",
    "int",
    result="text",
    body="SELECT substr($1, first::int + 1, greatest(last - first, 0)::int) FROM (SELECT first, "
    "CASE WHEN $3 IS NULL THEN length($1) WHEN $3 < 0 THEN length($1) + $3 "
    "ELSE least(first + $3, length($1)) END AS last FROM (SELECT "
    "least(CASE WHEN $2 < 0 THEN greatest(length($1) + $2, 0) ELSE $2 END, length($1)) AS first) AS a) AS b",
    defaults=(None,),
    nulls=True,
)
def substr(value: str | None, start: int | None, length: int | None) -> str | None:
    """Part of a text: where it begins, counted from 0 (from the end when negative), and how many characters it has.

    >>> db.add "fruit" { data = {name: "apple"} }
    ... db.query "fruit" {
    ...   where = ($db.fruit.name|substr:0:2) == "ap"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    if value is None or start is None:
        return None
    size = len(value)
    first = min(max(size + start, 0) if start < 0 else start, size)
    last = size if length is None else size + length if length < 0 else min(first + length, size)
    return value[first : max(last, first)]

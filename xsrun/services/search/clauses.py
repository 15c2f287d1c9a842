"""The queries of Elasticsearch on local documents: each clause gives the parts that match, with their scores.

A field without a mapping counts as text and as keyword at once: `match` looks at its words, `term` takes the whole
value or one of its words. `.keyword` behind a field's name is the whole value alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from xsrun.services.search.query_text import search_text
from xsrun.services.search.scope import Matches, Options, SearchScope, boosted, check_options
from xsrun.services.search.unsupported import SearchError, refuse_clause
from xsrun.services.search.value_clauses import bounds, exists, ids, prefix, regexp, term, terms, wildcard
from xsrun.services.search.word_clauses import at_least, best, match, match_phrase, minimum_of, multi_match
from xsrun.values.conversion import Value, to_text


def search(scope: SearchScope, query: Value) -> Matches:
    """The parts that match a query: an object with one clause. Raises SearchError for what is none."""
    if not isinstance(query, dict) or len(query) != 1:
        found = "no query" if not isinstance(query, dict) or not query else ", ".join(map(str, query))
        raise SearchError("parsing_exception", f"a query is an object with one clause, not {found}")
    ((name, body),) = query.items()
    clause = CLAUSES.get(name)
    if clause is None:
        if name in KNOWN:
            refuse_clause("query", name)
        raise SearchError("parsing_exception", f"unknown query [{name}]")
    return boosted(clause(scope, body), _boost_of(body))


def _boost_of(body: Value) -> Value:
    """The boost of a clause: beside its field, or in the options of that."""
    if not isinstance(body, dict) or "boost" in body:
        return body.get("boost") if isinstance(body, dict) else None
    inner = next(iter(body.values()), None) if len(body) == 1 else None
    return inner.get("boost") if isinstance(inner, dict) else None


# Clauses of clauses --------------------------------------------------------------------------------------------------


def clauses_of(body: Options, name: str) -> list[Value]:
    given = body.get(name)
    return given if isinstance(given, list) else [] if given is None else [given]


def boolean(scope: SearchScope, body: Value) -> Matches:
    """`bool`: all of `must` and `filter`, none of `must_not`, and of `should` one where nothing else is asked for."""
    if not isinstance(body, dict):
        raise SearchError("parsing_exception", "[bool] query malformed")
    check_options("bool", body, "must", "filter", "should", "must_not", "minimum_should_match")
    must = [search(scope, one) for one in clauses_of(body, "must")]
    filters = [dict.fromkeys(search(scope, one), 0.0) for one in clauses_of(body, "filter")]
    should = [search(scope, one) for one in clauses_of(body, "should")]
    least = 0 if must or filters else min(len(should), 1)  # where nothing else is asked for, not even 0 lets it be less
    needed = max(minimum_of(body.get("minimum_should_match"), len(should), least), least)
    found = at_least([*must, *filters], len(must) + len(filters)) if must or filters else None
    if should:
        wished = at_least(should, needed)
        if found is None:
            found = wished
        else:
            found = {p: s + wished.get(p, 0.0) for p, s in found.items() if not needed or p in wished}
    if found is None:
        found = scope.everything()
    for one in clauses_of(body, "must_not"):
        for part in search(scope, one):
            found.pop(part, None)
    return found


def nested(scope: SearchScope, body: Value) -> Matches:
    """`nested`: whole documents, or objects around, of whose objects at a path one matches."""
    if not isinstance(body, dict):
        raise SearchError("parsing_exception", "[nested] query malformed")
    check_options("nested", body, "path", "query", "score_mode", "ignore_unmapped")
    inner = search(replace(scope, path=to_text(body.get("path"))), body.get("query"))
    mode = to_text(body.get("score_mode")) or "avg"
    gathered: dict[int, list[float]] = {}
    for owner, parts in owners(scope, inner).items():
        gathered[owner] = [inner[part] for part in parts]
    modes: dict[str, Callable[[list[float]], float]] = {
        "avg": lambda scores: sum(scores) / len(scores),
        "sum": sum,
        "max": max,
        "min": min,
        "none": lambda _: 0.0,
    }
    if mode not in modes:
        raise SearchError("illegal_argument_exception", f"illegal score mode [{mode}]")
    return {owner: modes[mode](scores) for owner, scores in gathered.items()}


def owners(scope: SearchScope, inner: Iterable[int]) -> dict[int, list[int]]:
    """The parts of a scope whose documents hold other parts, with those."""
    sql = f"SELECT part, name, id, path FROM part WHERE {scope.inside}"
    wanted = set(inner)
    own: dict[tuple[Value, Value], int] = {}
    held: list[tuple[tuple[Value, Value], int]] = []
    for part, name, key, path in scope.store.rows(sql, *scope.place_and_names):
        if path == scope.path:
            own[name, key] = int(part)
        if part in wanted:
            held.append(((name, key), int(part)))
    found: dict[int, list[int]] = {}
    for document, part in held:
        if document in own:
            found.setdefault(own[document], []).append(part)
    return found


def constant_score(scope: SearchScope, body: Value) -> Matches:
    check_options("constant_score", body if isinstance(body, dict) else {}, "filter")
    return dict.fromkeys(search(scope, body.get("filter") if isinstance(body, dict) else None), 1.0)


def dis_max(scope: SearchScope, body: Value) -> Matches:
    options = body if isinstance(body, dict) else {}
    check_options("dis_max", options, "queries", "tie_breaker")
    return best([search(scope, one) for one in clauses_of(options, "queries")])


def query_string(scope: SearchScope, body: Value) -> Matches:
    options = body if isinstance(body, dict) else {}
    known = ("query", "fields", "default_field", "default_operator", "lenient", "analyze_wildcard", "analyzer")
    check_options("query_string", options, *known)
    return search_text(scope, options)


CLAUSES: dict[str, Callable[[SearchScope, Value], Matches]] = {
    "match_all": lambda scope, _: scope.everything(),
    "match_none": lambda _scope, _body: {},
    "term": term,
    "terms": terms,
    "ids": ids,
    "exists": exists,
    "range": bounds,
    "prefix": prefix,
    "wildcard": wildcard,
    "regexp": regexp,
    "match": match,
    "match_phrase": match_phrase,
    "match_phrase_prefix": lambda scope, body: match_phrase(scope, body, begins=True),
    "multi_match": multi_match,
    "bool": boolean,
    "nested": nested,
    "constant_score": constant_score,
    "dis_max": dis_max,
    "query_string": query_string,
    "simple_query_string": query_string,
}
#: Queries of Elasticsearch that are left to a real server.
KNOWN = frozenset(
    re.findall(
        r"\w+",
        "boosting combined_fields distance_feature function_score fuzzy geo_bounding_box geo_distance geo_polygon "
        "geo_shape has_child has_parent intervals knn match_bool_prefix more_like_this neural parent_id percolate "
        "pinned rank_feature script script_score semantic shape span_containing span_first span_near span_not span_or "
        "span_term span_within sparse_vector terms_set text_expansion type weighted_tokens wrapper",
    )
)

"""A whole search: which documents match, in which order, what is shown of them, and the aggregations over them."""

from __future__ import annotations

from fnmatch import fnmatchcase

from xsrun.hints import NamedTuple
from xsrun.services.search.aggregations import Aggregator, both
from xsrun.services.search.clauses import search
from xsrun.services.search.fields import number_of
from xsrun.services.search.scope import Matches, Options, SearchScope, base_field
from xsrun.services.search.unsupported import SearchError, refuse_clause
from xsrun.values.conversion import Value, from_json, to_text

#: Members of a search that change nothing here.
_IDLE = frozenset(
    ("track_total_hits", "track_scores", "timeout", "explain", "version", "seq_no_primary_term", "profile")
)
#: Documents that `from` and `size` may reach, as with Elasticsearch.
WINDOW = 10_000


class _Found(NamedTuple):
    part: int
    name: str
    id: str
    source: dict[str, Value]
    score: float


def search_answer(scope: SearchScope, body: Options) -> dict[str, Value]:
    """The answer to a search."""
    for name in body:
        if name not in _IDLE and name not in _ANSWERED:
            refuse_clause("part of a search", name)
    query = body.get("query")
    found = scope.everything() if not query else search(scope, query)
    least = number_of(body.get("min_score"))
    if least is not None:
        found = {part: score for part, score in found.items() if score >= least}
    asked = body.get("aggs") or body.get("aggregations")
    results = Aggregator(hits_of).all_of(scope, found, asked) if asked else None
    if body.get("post_filter"):
        found = both(found, search(scope, body["post_filter"]))
    answer: dict[str, Value] = {
        "took": 0,
        "timed_out": False,
        "_shards": shards(),
        "hits": hits_of(scope, found, {"size": 10, **body}),
    }
    return answer if results is None else {**answer, "aggregations": results}


_ANSWERED = frozenset(("query", "size", "from", "sort", "_source", "aggs", "aggregations", "min_score", "post_filter"))


def shards() -> dict[str, Value]:
    return {"total": 1, "successful": 1, "skipped": 0, "failed": 0}


def hits_of(scope: SearchScope, found: Matches, options: Options) -> Value:
    """The hits of some parts: how many there are, the best score, and those from `from` on, `size` of them."""
    size, start = (_whole(options.get(name), otherwise) for name, otherwise in (("size", 3), ("from", 0)))
    if size + start > WINDOW:
        raise SearchError("illegal_argument_exception", f"Result window is too large, from + size must be <= {WINDOW}")
    sort = _sort_of(options.get("sort"))
    rows = _ordered(scope, _documents(scope, found), sort)
    shown = [
        _hit(one, options, sort, [_sort_value(scope, one, name, how) for name, how in sort])
        for one in rows[start : start + size]
    ]
    scored = not sort or any(name == "_score" for name, _ in sort)
    best = max(found.values(), default=None) if size and scored else None
    return {"total": {"value": len(found), "relation": "eq"}, "max_score": best, "hits": shown}


def _whole(value: Value, otherwise: int) -> int:
    number = otherwise if value is None or value == "" else number_of(value)
    if number is None or number < 0:
        raise SearchError("illegal_argument_exception", f"[{to_text(value)}] is not a size")
    return int(number)


def _documents(scope: SearchScope, found: Matches) -> list[_Found]:
    sql = (
        "SELECT part, part.name, part.id, source FROM part JOIN document USING (place, name, id) "
        f"WHERE {scope.inside} AND path = ? ORDER BY document.number"
    )
    rows = scope.store.rows(sql, *scope.place_and_names, scope.path)
    return [
        _Found(int(part), str(name), str(key), from_json(str(source)), found[int(part)])
        for part, name, key, source in rows
        if part in found
    ]


def _hit(one: _Found, options: Options, sort: list[tuple[str, Options]], values: list[Value]) -> Options:
    scored = not sort or any(name == "_score" for name, _ in sort)
    hit: Options = {"_index": one.name, "_id": one.id, "_score": one.score if scored else None}
    source = options.get("_source", True)
    if source is not False and source != "false":
        hit["_source"] = picked(one.source, source)
    scripted = _scripted(options.get("script_fields"))
    if scripted:
        hit["fields"] = scripted
    if sort:
        hit["sort"] = values
    return hit


def _scripted(asked: Value) -> Options:
    """`script_fields` that only give a parameter back, as programs use them to mark what they asked."""
    fields: Options = {}
    for name, body in (asked or {}).items():
        script = body.get("script") if isinstance(body, dict) else None
        source = to_text(script.get("source")) if isinstance(script, dict) else ""
        parameters = script.get("params") if isinstance(script, dict) else None
        key = source.removeprefix("params.")
        if not source.startswith("params.") or not isinstance(parameters, dict) or key not in parameters:
            refuse_clause("script", source or name)
        fields[name] = [parameters[key]]
    return fields


# What is shown -------------------------------------------------------------------------------------------------------


def picked(source: dict[str, Value], asked: Value) -> dict[str, Value]:
    """The members of a document that `_source` asks for: all, by name or pattern, or all but some."""
    if isinstance(asked, dict):
        wanted = _names(asked.get("includes", asked.get("include")))
        unwanted = _names(asked.get("excludes", asked.get("exclude")))
    else:
        wanted, unwanted = ([] if asked is True or asked is None or asked == "true" else _names(asked)), []
    found = _picked(source, "", wanted, unwanted)
    return found if isinstance(found, dict) else {}


def _names(given: Value) -> list[str]:
    if isinstance(given, str):
        given = given.split(",")
    if not isinstance(given, list) and given:
        raise SearchError("parsing_exception", "[_source] takes names of fields")
    return [to_text(one).strip() for one in given or []]


def _picked(value: Value, path: str, wanted: list[str], unwanted: list[str]) -> Value:
    if isinstance(value, list):
        kept = [_picked(one, path, wanted, unwanted) if isinstance(one, (dict, list)) else one for one in value]
        return [one for one in kept if one is not None]
    if not isinstance(value, dict):
        return value
    found: dict[str, Value] = {}
    for name, member in value.items():
        below = f"{path}.{name}" if path else name
        if any(fnmatchcase(below, one) for one in unwanted):
            continue
        if not wanted or any(fnmatchcase(below, one) or below.startswith(f"{one}.") for one in wanted):
            found[name] = _picked(member, below, [], unwanted)
        elif isinstance(member, (dict, list)) and any(one.startswith(f"{below}.") or "*" in one for one in wanted):
            part = _picked(member, below, wanted, unwanted)
            if part:
                found[name] = part
    return found if found or not wanted else None


# Order ---------------------------------------------------------------------------------------------------------------


def _sort_of(given: Value) -> list[tuple[str, Options]]:
    """What to sort by, each with its options."""
    found: list[tuple[str, Options]] = []
    for one in given if isinstance(given, list) else [] if not given else [given]:
        if isinstance(one, str):
            found.append((one, {"order": "desc" if one == "_score" else "asc"}))
            continue
        if not isinstance(one, dict):
            raise SearchError("parsing_exception", "[sort] takes names of fields, or objects")
        for name, how in one.items():
            if name in ("_script", "_geo_distance"):
                refuse_clause("sort", name)
            options = dict(how) if isinstance(how, dict) else {"order": how}
            order = options.get("order")
            if order is not None and order not in ("asc", "desc", "ASC", "DESC"):
                raise SearchError("illegal_argument_exception", f"No enum constant SortOrder.{to_text(order)}")
            for option in options:
                if option not in ("order", "missing", "mode", "unmapped_type", "format", "numeric_type"):
                    refuse_clause("option of a sort", option)
            found.append((str(name), {"order": "desc" if name == "_score" else "asc"} | options))
    return found


def _ordered(scope: SearchScope, rows: list[_Found], sort: list[tuple[str, Options]]) -> list[_Found]:
    if not sort:
        return sorted(rows, key=lambda one: -one.score)
    for name, how in reversed(sort):
        descending = to_text(how["order"]).lower() == "desc"
        values = {one.part: _sort_value(scope, one, name, how) for one in rows}
        last = to_text(how.get("missing", "_last")) != "_first"

        def key(one: _Found, values: dict[int, Value] = values, down: bool = descending, last: bool = last) -> Value:
            value = values[one.part]
            absent = value is None
            kind = 1 if isinstance(value, str) else 0
            return (absent if last != down else not absent, kind, 0 if absent else value)

        rows = sorted(rows, key=key, reverse=descending)
    return rows


def _sort_value(scope: SearchScope, one: _Found, name: str, how: Options) -> Value:
    """What a document is sorted by: the least of its values, the greatest when it goes down."""
    if name in ("_score", "_doc", "_id"):
        return {"_score": one.score, "_doc": one.part, "_id": one.id}[name]
    sql = "SELECT text, number FROM value WHERE part = ? AND field = ?"
    rows = scope.store.rows(sql, one.part, base_field(name))
    values: list[Value] = [text if number is None else number for text, number in rows]
    if not values:
        return None
    descending = to_text(how["order"]).lower() == "desc"
    mode = to_text(how.get("mode")) or ("max" if descending else "min")
    numbers = [value for value in values if isinstance(value, float)]
    if numbers and mode in ("avg", "sum"):
        return sum(numbers) / (len(numbers) if mode == "avg" else 1)
    chosen = numbers or values
    best = max(chosen) if mode == "max" else min(chosen)
    return int(best) if isinstance(best, float) and best.is_integer() else best

"""Aggregations over the parts that a search found: buckets and numbers, one in another."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from xsrun.dates.calendar import iso_text, moment, utc_moment
from xsrun.services.search.clauses import owners, search
from xsrun.services.search.fields import bound_of, number_of
from xsrun.services.search.scope import Matches, Options, SearchScope, base_field
from xsrun.services.search.unsupported import SearchError, object_in, objects_in, refuse_clause
from xsrun.values.conversion import Value, from_json, to_text

#: Gives the hits of some parts, by the members of a search (`searches.hits_of`).
Hits = Callable[[SearchScope, Matches, Options], Value]
_SUBS = ("aggs", "aggregations")
_KNOWN = frozenset(
    re.findall(
        r"\w+",
        "adjacency_matrix auto_date_histogram avg_bucket bucket_script bucket_selector bucket_sort children composite "
        "cumulative_sum derivative diversified_sampler extended_stats geo_bounds geo_centroid geo_distance "
        "geohash_grid geotile_grid max_bucket median_absolute_deviation min_bucket moving_fn multi_terms parent "
        "percentile_ranks percentiles rare_terms sampler scripted_metric significant_terms significant_text "
        "stats_bucket sum_bucket top_metrics variable_width_histogram weighted_avg",
    )
)


class Aggregator:
    """Aggregates in a scope. `hits` shows documents for `top_hits`."""

    def __init__(self, hits: Hits) -> None:
        self._hits = hits

    def all_of(self, scope: SearchScope, found: Matches, asked: Value) -> dict[str, Value]:
        """The results of aggregations by name."""
        if not isinstance(asked, dict):
            raise SearchError("parsing_exception", "aggregations are an object by name")
        return {str(name): self._one(scope, found, body) for name, body in asked.items()}

    def _one(self, scope: SearchScope, found: Matches, body: Value) -> Value:
        members = body if isinstance(body, dict) else {}
        kinds = [name for name in members if name not in (*_SUBS, "meta")]
        if len(kinds) != 1:
            raise SearchError("parsing_exception", "an aggregation has one type")
        kind = kinds[0]
        options = object_in(members[kind], kind)
        subs: Value = next((members[name] for name in _SUBS if name in members), {})
        if kind in _METRICS:
            return _METRICS[kind](values_in(scope, found, options))
        if kind == "top_hits":
            return {"hits": self._hits(scope, found, options)}
        make = getattr(self, f"_{kind}", None)
        if make is None:
            if kind in _KNOWN:
                refuse_clause("aggregation", kind)
            raise SearchError("parsing_exception", f"unknown aggregation type [{kind}]")
        return make(scope, found, options, subs)

    def _bucket(self, scope: SearchScope, found: Matches, subs: Value) -> dict[str, Value]:
        return {"doc_count": len(found), **self.all_of(scope, found, subs)}

    # Buckets of one --------------------------------------------------------------------------------------------------

    def _filter(self, scope: SearchScope, found: Matches, body: Value, subs: Value) -> Value:
        return self._bucket(scope, both(found, search(scope, body)), subs)

    def _global(self, scope: SearchScope, found: Matches, body: Value, subs: Value) -> Value:
        return self._bucket(scope, scope.everything(), subs)

    def _missing(self, scope: SearchScope, found: Matches, body: Value, subs: Value) -> Value:
        there = search(scope, {"exists": {"field": base_field(field_of(body))}})
        return self._bucket(scope, {part: one for part, one in found.items() if part not in there}, subs)

    def _nested(self, scope: SearchScope, found: Matches, body: Value, subs: Value) -> Value:
        inner = replace(scope, path=to_text(body.get("path")))
        held = owners(scope, inner.parts())
        parts = {part: found[owner] for owner, parts in held.items() if owner in found for part in parts}
        return self._bucket(inner, parts, subs)

    def _reverse_nested(self, scope: SearchScope, found: Matches, body: Value, subs: Value) -> Value:
        outer = replace(scope, path=to_text(body.get("path")) if isinstance(body, dict) else "")
        return self._bucket(outer, dict.fromkeys(owners(outer, found), 1.0), subs)

    # Buckets of many -------------------------------------------------------------------------------------------------

    def _filters(self, scope: SearchScope, found: Matches, body: Value, subs: Value) -> Value:
        asked = body.get("filters")
        if isinstance(asked, list):
            return {"buckets": [self._filter(scope, found, one, subs) for one in asked]}
        named = object_in(asked, "filters")
        return {"buckets": {name: self._filter(scope, found, one, subs) for name, one in named.items()}}

    def _terms(self, scope: SearchScope, found: Matches, body: Value, subs: Value) -> Value:
        for option in body:
            if option not in ("field", "size", "order", "min_doc_count", "missing", "shard_size"):
                refuse_clause("option of the aggregation `terms`", option)
        parts: dict[Value, Matches] = {}
        for part, values in keyed_values(scope, found, field_of(body)).items():
            for value in dict.fromkeys(values):
                parts.setdefault(value, {})[part] = found[part]
        if isinstance(body.get("missing"), (dict, list)):
            raise SearchError("parsing_exception", "[missing] takes one value")
        if body.get("missing") is not None:
            without = {part: one for part, one in found.items() if not any(part in held for held in parts.values())}
            if without:
                parts.setdefault(body["missing"], {}).update(without)
        least = int(number_of(body.get("min_doc_count", 1)) or 0)
        buckets: list[Options] = [
            {**key_of(value), **self._bucket(scope, held, subs)} for value, held in parts.items() if len(held) >= least
        ]
        order_buckets(buckets, body.get("order"))
        size = int(number_of(body.get("size", 10)) or 10)
        return {
            "doc_count_error_upper_bound": 0,
            "sum_other_doc_count": sum(one["doc_count"] for one in buckets[size:]),
            "buckets": buckets[:size],
        }

    def _range(self, scope: SearchScope, found: Matches, body: Value, subs: Value) -> Value:
        return self._ranges(scope, found, body, subs)

    def _date_range(self, scope: SearchScope, found: Matches, body: Value, subs: Value) -> Value:
        return self._ranges(scope, found, body, subs)

    def _ranges(self, scope: SearchScope, found: Matches, body: Value, subs: Value) -> Value:
        numbers = values_in(scope, found, {"field": field_of(body)}, by_part=True)
        buckets = []
        for asked in objects_in(body.get("ranges"), "ranges"):
            low, high = (_number_bound(asked, name, scope.now) for name in ("from", "to"))
            held = {
                part: found[part]
                for part, values in numbers.items()
                if any((low is None or one >= low) and (high is None or one < high) for one in values)
            }
            ends = {name: one for name, one in (("from", low), ("to", high)) if one is not None}
            key = asked.get("key") or "-".join("*" if one is None else str(one) for one in (low, high))
            buckets.append({"key": key, **ends, **self._bucket(scope, held, subs)})
        return {"buckets": buckets}

    def _histogram(self, scope: SearchScope, found: Matches, body: Value, subs: Value) -> Value:
        step = number_of(body.get("interval")) or 0.0
        if step <= 0:
            raise SearchError("illegal_argument_exception", "[interval] must be >0 for histogram aggregation")
        return self._steps(scope, found, body, subs, lambda number: number // step * step, dated=False)

    def _date_histogram(self, scope: SearchScope, found: Matches, body: Value, subs: Value) -> Value:
        unit = to_text(
            next((body[name] for name in ("calendar_interval", "fixed_interval", "interval") if name in body), "")
        )
        start = _STARTS.get({"1y": "year", "1M": "month", "1d": "day", "1h": "hour", "1m": "minute"}.get(unit, unit))
        if start is None:
            refuse_clause("interval of `date_histogram`", unit)
        return self._steps(scope, found, body, subs, lambda number: start_of(number, start), dated=True)

    def _steps(
        self,
        scope: SearchScope,
        found: Matches,
        body: Options,
        subs: Value,
        key: Callable[[float], float],
        *,
        dated: bool,
    ) -> Value:
        held: dict[float, Matches] = {}
        for part, values in values_in(scope, found, {"field": field_of(body)}, by_part=True).items():
            for number in values:
                held.setdefault(key(number), {})[part] = found[part]
        buckets = []
        for number in sorted(held):
            shown: Options = {"key": int(number) if dated else number}
            if dated:
                shown = {"key_as_string": iso_text(utc_moment(int(number))), **shown}
            buckets.append({**shown, **self._bucket(scope, held[number], subs)})
        return {"buckets": buckets}


def both(found: Matches, other: Matches) -> Matches:
    return {part: score for part, score in found.items() if part in other}


# Values --------------------------------------------------------------------------------------------------------------


def field_of(body: Value) -> str:
    """The field of an aggregation. Raises SearchError when it has none."""
    field = body.get("field") if isinstance(body, dict) else None
    if not isinstance(field, str):
        if isinstance(body, dict) and "script" in body:
            refuse_clause("option of an aggregation", "script")
        raise SearchError(
            "illegal_argument_exception", "Required one of fields [field, script], but none were specified."
        )
    return field


def _number_bound(asked: Options, name: str, now: int) -> float | None:
    """An end of a range: a number or a time. Raises SearchError for another text."""
    bound = bound_of(asked.get(name), now)
    if isinstance(bound, str):
        raise SearchError("parsing_exception", f"[{name}] is neither a number nor a time: [{bound}]")
    return None if bound is None else float(bound)


def rows_of(scope: SearchScope, found: Matches, field: str) -> list[tuple[int, str, float | None]]:
    """DocumentPart, text and number of the values of a field."""
    sql = (
        f"SELECT value.part, text, number FROM value JOIN part USING (part) WHERE {scope.inside} "
        "AND path = ? AND field = ?"
    )
    rows = scope.store.rows(sql, *scope.place_and_names, scope.path, base_field(field))
    return [(int(part), str(text), number) for part, text, number in rows if part in found]


def keyed_values(scope: SearchScope, found: Matches, field: str) -> dict[int, list[Value]]:
    """The values of a field by part: numbers and booleans as such, dates as texts."""
    values: dict[int, list[Value]] = {}
    for part, text, number in rows_of(scope, found, field):
        value: Value = text
        if text in ("true", "false"):
            value = text == "true"
        elif number is not None and text[:1] in "-0123456789" and not ("-" in text[1:] or ":" in text):
            value = from_json(text)
        values.setdefault(part, []).append(value)
    return values


def key_of(value: Value) -> Options:
    if isinstance(value, bool):
        return {"key": int(value), "key_as_string": "true" if value else "false"}
    return {"key": value}


def values_in(scope: SearchScope, found: Matches, options: Options, *, by_part: bool = False) -> Value:
    """The numbers of a field in all parts, in a list or by part; with `missing`, that for the parts without any."""
    field = field_of(options)
    held: dict[int, list[Value]] = {}
    for part, text, number in rows_of(scope, found, field):
        held.setdefault(part, []).append(text if number is None else number)
    if by_part:
        return {p: [one for one in values if isinstance(one, float)] for p, values in held.items()}
    missing = number_of(options.get("missing"))
    if missing is not None:
        held.update({part: [missing] for part in found if part not in held})
    return [one for values in held.values() for one in values]


def _numbers(values: Value) -> list[float]:
    return [one for one in values if isinstance(one, float)]


def _stats(values: Value) -> Value:
    numbers = _numbers(values)
    return {
        "count": len(numbers),
        "min": min(numbers, default=None),
        "max": max(numbers, default=None),
        "avg": statistics.fmean(numbers) if numbers else None,
        "sum": sum(numbers),
    }


_METRICS: dict[str, Callable[[Value], Value]] = {
    "avg": lambda values: {"value": _stats(values)["avg"]},
    "sum": lambda values: {"value": _stats(values)["sum"]},
    "min": lambda values: {"value": _stats(values)["min"]},
    "max": lambda values: {"value": _stats(values)["max"]},
    "stats": _stats,
    "value_count": lambda values: {"value": len(values)},
    "cardinality": lambda values: {"value": len(Counter(values))},
}
#: How the start of a calendar interval is cut.
_STARTS: dict[str, int] = {"year": 1, "month": 2, "day": 3, "hour": 4, "minute": 5}


def start_of(milliseconds: float, parts: int) -> float:
    """The start of the year, month, day, hour or minute of a time."""
    found = moment(int(milliseconds))
    if found is None:
        reason = f"[{milliseconds:.0f}] is not a time of the years 1 to 9999"
        raise SearchError("illegal_argument_exception", reason)
    cut = [found.year, found.month, found.day, found.hour, found.minute][:parts] + [1, 1][: max(3 - parts, 0)]
    hour, minute = [*cut[3:], 0, 0][:2]
    return datetime(cut[0], cut[1], cut[2], hour, minute, tzinfo=UTC).timestamp() * 1000


def order_buckets(buckets: list[Options], order: Value) -> None:
    """Order the buckets of `terms`: the fullest first, or by key, count or a number of an aggregation in them."""
    buckets.sort(key=lambda one: _comparable(one["key"]))
    asked = order if isinstance(order, list) else [order or {"_count": "desc"}]
    for one in reversed(objects_in(asked, "order")):
        for path, direction in one.items():
            buckets.sort(key=partial(_bucket_rank, path), reverse=direction == "desc")


def _bucket_rank(path: str, bucket: Options) -> tuple[int, Value]:
    return _comparable(_at(bucket, path))


def _at(bucket: Options, path: str) -> Value:
    if path in ("_key", "_term", "_count"):
        return bucket["doc_count" if path == "_count" else "key"]
    value: Value = bucket
    for name in path.replace(">", ".").split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value.get("value") if isinstance(value, dict) else value


def _comparable(value: Value) -> tuple[int, Value]:
    return (0, 0.0) if value is None else (1, float(value)) if isinstance(value, (int, float)) else (2, str(value))

"""The requests of Algolia that programs send, answered on local documents.

All words of a query must be there, the last one need only be begun, and longer words may have a mistake or two. Without
words the records come in the order of the setting `customRanking`, else as they were written.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from urllib.parse import parse_qsl, unquote, urlsplit

from xsrun.dates.calendar import iso_text, utc_moment
from xsrun.lazy_regex import pattern
from xsrun.services.search.aggregations import keyed_values
from xsrun.services.search.clauses import search
from xsrun.services.search.documents import DocumentStore, new_id
from xsrun.services.search.fields import number_of, words_of
from xsrun.services.search.scope import Matches, Options, SearchScope
from xsrun.services.search.searches import picked
from xsrun.services.search.unsupported import SearchAnswer, SearchError, clause_error, objects_in, refuse_clause
from xsrun.services.search.word_clauses import at_least, match_words
from xsrun.values.conversion import Value, from_json, to_text
from xsrun.values.json_errors import JsonError

PLACE = "algolia"
#: Parameters of a search that change nothing of what this index answers.
_IDLE = frozenset(
    re.findall(
        r"\w+",
        "analytics analyticsTags attributesToHighlight attributesToSnippet clickAnalytics enablePersonalization "
        "getRankingInfo highlightPostTag highlightPreTag percentileComputation responseFields snippetEllipsisText "
        "typoTolerance userToken",
    )
)
_ANSWERED = frozenset(
    re.findall(
        r"\w+",
        "query filters facetFilters facets hitsPerPage page attributesToRetrieve restrictSearchableAttributes "
        "maxValuesPerFacet",
    )
)
#: Hits that a page may have.
_MOST_HITS = 1_000
_FILTER = pattern(
    r"\s*(?:(?P<mark>[()])|(?P<word>AND|OR|NOT)\b|(?P<name>\"[^\"]+\"|'[^']+'|[\w.]+)\s*(?P<sign>:|<=|>=|!=|=|<|>)\s*"
    r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s()]+)(?:\s+TO\s+(?P<to>[^\s()]+))?)"
)


class LocalAlgolia:
    """Answers requests of one application."""

    def __init__(self, store: DocumentStore, application: str, now: int) -> None:
        self._store = store
        self._place = f"{PLACE}/{application}"
        self._now = now

    def answer(self, method: str, path: str, body: Value) -> SearchAnswer:
        """The answer to a request; `path` may have a query string."""
        parts = urlsplit(path)
        names = [unquote(one) for one in parts.path.strip("/").split("/") if one]
        asked: Options = dict(body) if isinstance(body, dict) else {}
        if method == "GET":
            asked = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **asked}
        try:
            if names[:2] != ["1", "indexes"]:
                refuse_clause("request", f"{method} /{'/'.join(names)}")
            return SearchAnswer(200, self._routed(method, names[2:], asked))
        except SearchError as error:
            return SearchAnswer(error.status_code, {"message": error.reason, "status": error.status_code})

    def _routed(self, method: str, names: list[str], body: Options) -> Value:
        match (method, names):
            case ("GET", []):
                listed = [{"name": name, "entries": len(self._scope(name).parts())} for name in self._names()]
                return {"items": listed, "nbPages": 1}
            case ("POST", ["*", "queries"]):
                return {
                    "results": [
                        self._search(to_text(one.get("indexName")), _parameters(one))
                        for one in objects_in(body.get("requests"), "requests")
                    ]
                }
            case ("POST", [name, "query"]) | ("GET", [name]):
                return self._search(name, _parameters(body))
            case ("POST", [name, "batch"]):
                keys = [self._batched(name, one) for one in objects_in(body.get("requests") or [], "requests")]
                return {"taskID": self._task(), "objectIDs": keys}
            case ("POST", [name, "clear"]):
                self._store.clear(self._place, name)
                return self._done("updatedAt")
            case ("PUT" | "GET", [name, "settings"]):
                return self._settings(method, name, body)
            case ("POST", [name, key, "partial"]):
                return self._changed(name, key, body)
            case ("POST", [name]):
                return {**self._done("createdAt"), "objectID": self._saved(name, new_id(), body)}
            case ("PUT", [name, key]):
                return {**self._done("updatedAt"), "objectID": self._saved(name, key, body)}
            case ("GET", [name, key]):
                return self._object(name, key)
            case ("DELETE", [name, key]):
                self._store.delete(self._place, name, key)
                return self._done("deletedAt")
            case ("DELETE", [name]):
                self._store.drop(self._place, name)
                return self._done("deletedAt")
            case _:
                raise clause_error("request", f"{method} /1/indexes/{'/'.join(names)}")

    # Records ---------------------------------------------------------------------------------------------------------

    def _names(self) -> list[str]:
        return self._store.names(self._place)

    def _task(self) -> int:
        return self._now

    def _done(self, when: str) -> Options:
        return {when: iso_text(utc_moment(self._now)), "taskID": self._task()}

    def _saved(self, name: str, key: str, record: Value) -> str:
        if not isinstance(record, dict):
            raise SearchError("invalid", "a record is an object")
        self._store.put(self._place, name, key, {**record, "objectID": key})
        return key

    def _object(self, name: str, key: str) -> Options:
        found = self._store.get(self._place, name, key)
        if found is None:
            raise SearchError("missing", "ObjectID does not exist", 404)
        return found.source

    def _changed(self, name: str, key: str, changes: Options) -> Options:
        found = self._store.get(self._place, name, key)
        for value in changes.values():
            if isinstance(value, dict) and "_operation" in value:
                refuse_clause("operation of a record", to_text(value["_operation"]))
        self._saved(name, key, {**(found.source if found else {}), **changes})
        return {**self._done("updatedAt"), "objectID": key}

    def _batched(self, name: str, request: Value) -> str:
        action, record = to_text(request.get("action")), request.get("body")
        record = record if isinstance(record, dict) else {}
        key = to_text(record.get("objectID"))
        if action == "addObject":
            return self._saved(name, key or new_id(), record)
        if not key and action != "clear":
            raise SearchError("invalid", "Missing mandatory attribute `objectID`")
        if action == "updateObject":
            return self._saved(name, key, record)
        if action in ("partialUpdateObject", "partialUpdateObjectNoCreate"):
            if action == "partialUpdateObject" or self._store.get(self._place, name, key) is not None:
                self._changed(name, key, record)
        elif action == "deleteObject":
            self._store.delete(self._place, name, key)
        elif action == "clear":
            self._store.clear(self._place, name)
        else:
            refuse_clause("action of a batch", action)
        return key

    def _settings(self, method: str, name: str, body: Options) -> Options:
        known = self._store.told(self._place, name, "settings") or {}
        if method == "GET":
            return known
        self._store.tell(self._place, name, "settings", {**known, **body})
        return self._done("updatedAt")

    # Searches --------------------------------------------------------------------------------------------------------

    def _scope(self, name: str) -> SearchScope:
        return SearchScope(self._store, self._place, (name,), self._now)

    def _search(self, name: str, asked: Options) -> Options:
        for parameter in asked:
            if parameter not in _IDLE | _ANSWERED:
                refuse_clause("parameter of a search", parameter)
        scope, settings = self._scope(name), self._store.told(self._place, name, "settings") or {}
        text = to_text(asked.get("query"))
        found = self._filtered(scope, self._worded(scope, text, asked, settings), asked)
        size, page = _count(asked, "hitsPerPage", 20), _count(asked, "page", 0)
        records = self._ordered(scope, found, settings, by_score=bool(words_of(text)))
        shown = asked.get("attributesToRetrieve", settings.get("attributesToRetrieve"))
        wanted: Value = True if not shown or "*" in _names_in(shown) else [*_names_in(shown), "objectID"]
        answer: Options = {
            "hits": [picked(one, wanted) for one in records[page * size : (page + 1) * size]],
            "nbHits": len(found),
            "page": page,
            "nbPages": -(-len(found) // size) if size else 0,
            "hitsPerPage": size,
            "exhaustiveNbHits": True,
            "query": text,
            "params": "",
            "processingTimeMS": 0,
        }
        if asked.get("facets"):
            answer["facets"] = self._facets(scope, found, asked, settings)
        return answer

    def _worded(self, scope: SearchScope, text: str, asked: Options, settings: Options) -> Matches:
        words = words_of(text)
        if not words:
            return scope.everything()
        given = asked.get("restrictSearchableAttributes") or settings.get("searchableAttributes") or []
        plain = [one.replace("unordered(", "").rstrip(")") for text in _names_in(given) for one in text.split(",")]
        wanted = [one.strip() for one in plain]
        fields = [
            one for one in scope.fields() if not wanted or any(one == w or one.startswith(f"{w}.") for w in wanted)
        ]
        each = []
        for number, word in enumerate(words):
            distance = 0 if len(word) < 4 else 1 if len(word) < 8 else 2
            exact = match_words(scope, fields, [word], {}, begins=number == len(words) - 1) if fields else {}
            near = match_words(scope, fields, [word], {"fuzziness": distance}) if fields and distance else {}
            each.append({**{part: score / 10 for part, score in near.items()}, **exact})
        return at_least(each, len(each))

    def _filtered(self, scope: SearchScope, found: Matches, asked: Options) -> Matches:
        queries: list[Value] = []
        if to_text(asked.get("filters")).strip():
            queries.append(filter_query(to_text(asked["filters"])))
        given = asked.get("facetFilters")
        if given:
            given = _decoded(given) if isinstance(given, str) and given.startswith("[") else given
            queries += [_facet_query(one) for one in (given if isinstance(given, list) else [given])]
        for query in queries:
            kept = search(scope, query)
            found = {part: score for part, score in found.items() if part in kept}
        return found

    def _ordered(
        self, scope: SearchScope, found: Matches, settings: Options, *, by_score: bool
    ) -> list[dict[str, Value]]:
        sql = (
            "SELECT part, source FROM part JOIN document USING (place, name, id) WHERE place = ? AND name = ? "
            "AND path = '' ORDER BY document.number"
        )
        rows = [(part, source) for part, source in scope.store.rows(sql, scope.place, *scope.names) if part in found]
        records = [(found[int(part)], from_json(str(source))) for part, source in rows]
        for rule in reversed(_names_in(settings.get("customRanking") or [])):
            name, down = rule.partition("(")[2].rstrip(")"), rule.startswith("desc")
            records = sorted(records, key=partial(_rank, name), reverse=down)
        if by_score:
            records.sort(key=lambda one: -one[0])
        return [record for _, record in records]

    def _facets(self, scope: SearchScope, found: Matches, asked: Options, settings: Options) -> Options:
        names = _names_in(asked["facets"])
        if "*" in names:
            given = _names_in(settings.get("attributesForFaceting") or [])
            names = [one.rpartition("(")[2].rstrip(")") for one in given if not one.startswith("filterOnly")]
        most = int(number_of(asked.get("maxValuesPerFacet", 100)) or 100)
        facets: Options = {}
        for name in names:
            held = keyed_values(scope, found, name)
            counts = Counter(_shown(value) for values in held.values() for value in dict.fromkeys(values))
            if counts:
                facets[name] = dict(sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:most])
        return facets


def _rank(name: str, one: tuple[float, dict[str, Value]]) -> float:
    """What `customRanking` compares of a record."""
    return number_of(one[1].get(name)) or 0.0


def _shown(value: Value) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else to_text(value)


def _names_in(given: Value) -> list[str]:
    if isinstance(given, str):
        given = _decoded(given) if given.startswith("[") else given.split(",")
    names = given if isinstance(given, list) else [] if given is None else [given]
    return [to_text(one).strip() for one in names]


def _decoded(text: str) -> Value:
    try:
        return from_json(text)
    except JsonError as error:
        raise SearchError("invalid", f"a parameter is not JSON: {error}") from None


def _count(asked: Options, name: str, default: int) -> int:
    number = number_of(asked.get(name, default))
    if number is None or not 0 <= number <= _MOST_HITS:
        raise SearchError("invalid", f"Invalid value for `{name}`, expected integer between 0 and {_MOST_HITS}")
    return int(number)


def _parameters(asked: Options) -> Options:
    """The parameters of a search, also where they stand in the text `params`."""
    own = {name: value for name, value in asked.items() if name not in ("params", "indexName", "type")}
    return {**dict(parse_qsl(to_text(asked.get("params")), keep_blank_values=True)), **own}


# Filters -------------------------------------------------------------------------------------------------------------


def _facet_query(given: Value) -> Value:
    """One of `facetFilters`: `name:value`, or several of which one must hold."""
    if isinstance(given, list):
        return {"bool": {"should": [_facet_query(one) for one in given], "minimum_should_match": 1}}
    name, _, value = to_text(given).partition(":")
    unwanted = value.startswith("-")
    query: Value = {"term": {f"{name}.keyword": value.removeprefix("-").removeprefix("\\")}}
    return {"bool": {"must_not": [query]}} if unwanted else query


def filter_query(text: str) -> Value:
    """The query of a text of `filters`: conditions with `AND`, `OR`, `NOT` and parentheses."""
    tokens, at = [], 0
    while text[at:].strip():
        found = _FILTER.match(text, at)
        if found is None:
            raise SearchError("invalid", f"filters: Unexpected token at col {at}: {text}")
        at = found.end()
        tokens.append(found)
    tokens.reverse()
    query = _either(tokens, text)
    if tokens:
        raise SearchError("invalid", f"filters: a parenthesis is not opened: {text}")
    return query


def _either(tokens: list[Value], text: str) -> Value:
    parts = [_both(tokens, text)]
    while tokens and tokens[-1]["word"] == "OR":
        tokens.pop()
        parts.append(_both(tokens, text))
    return parts[0] if len(parts) == 1 else {"bool": {"should": parts, "minimum_should_match": 1}}


def _both(tokens: list[Value], text: str) -> Value:
    parts = [_single(tokens, text)]
    while tokens and tokens[-1]["word"] == "AND":
        tokens.pop()
        parts.append(_single(tokens, text))
    return parts[0] if len(parts) == 1 else {"bool": {"must": parts}}


def _single(tokens: list[Value], text: str) -> Value:
    if not tokens:
        raise SearchError("invalid", f"filters: the text ends too early: {text}")
    token = tokens.pop()
    if token["word"] == "NOT":
        return {"bool": {"must_not": [_single(tokens, text)]}}
    if token["mark"] == "(":
        query = _either(tokens, text)
        if not tokens or tokens.pop()["mark"] != ")":
            raise SearchError("invalid", f"filters: a parenthesis is not closed: {text}")
        return query
    if token["name"] is None:
        raise SearchError("invalid", f"filters: Unexpected `{token.group().strip()}`: {text}")
    return _condition(token["name"].strip("\"'"), token["sign"], token["value"].strip("\"'"), token["to"])


def _condition(name: str, sign: str, value: str, to: str | None) -> Value:
    if to is not None:
        return {"range": {name: {"gte": number_of(value), "lte": number_of(to)}}}
    if sign in (":", "="):
        number = number_of(value) if sign == "=" else None
        return (
            {"term": {f"{name}.keyword": value}}
            if number is None
            else {"range": {name: {"gte": number, "lte": number}}}
        )
    number = number_of(value)
    if number is None:
        raise SearchError("invalid", f"filters: `{value}` is not a number")
    if sign == "!=":
        return {"bool": {"must_not": [{"range": {name: {"gte": number, "lte": number}}}]}}
    return {"range": {name: {{"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}[sign]: number}}}

"""The requests of Elasticsearch and OpenSearch that programs send, answered on local documents.

An index comes into being with its first document, and one that nobody made is empty: programs are tried before there is
a cluster. A mapping is kept and given back, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from urllib.parse import parse_qsl, unquote, urlsplit

from xsrun.services.search.clauses import search
from xsrun.services.search.documents import DocumentStore, new_id
from xsrun.services.search.scope import Options, SearchScope
from xsrun.services.search.searches import picked, search_answer, shards
from xsrun.services.search.unsupported import SearchAnswer, SearchError, object_in, objects_in, refuse_clause
from xsrun.values.conversion import Value, from_json, to_text
from xsrun.values.json_errors import JsonError

_ACTIONS = ("index", "create", "update", "delete")


class LocalElastic:
    """Answers requests for one service."""

    def __init__(self, store: DocumentStore, place: str, now: int) -> None:
        self._store = store
        self._place = place
        self._now = now

    def answer(self, method: str, path: str, body: Value) -> SearchAnswer:
        """The answer to a request; `path` may have a query string, `body` is JSON, or the lines of `_bulk`."""
        parts = urlsplit(path)
        names = [unquote(one) for one in parts.path.strip("/").split("/") if one]
        options: Options = dict(parse_qsl(parts.query, keep_blank_values=True))
        try:
            return self._routed(method, names, options, body)
        except SearchError as error:
            cause: Value = {"type": error.kind, "reason": error.reason}
            return SearchAnswer(
                error.status_code, {"error": {"root_cause": [cause], **cause}, "status": error.status_code}
            )

    def _routed(self, method: str, names: list[str], options: Options, body: Value) -> SearchAnswer:
        if not names:
            return SearchAnswer(
                200, {"name": "xsrun", "cluster_name": "xsrun", "tagline": "A stand-in for a search server"}
            )
        first = next((number for number, name in enumerate(names) if name.startswith("_")), len(names))
        index, rest = ",".join(names[:first]), names[first:]
        if not rest:
            return self._index(method, index, body)
        action, key = rest[0], rest[1] if len(rest) > 1 else ""
        if action in ("_doc", "_create", "_source", "_update"):
            return self._document(method, index, action, key, options, body)
        handler: Callable[[str, Options, Value], Value] | None = {
            "_search": self._search,
            "_count": self._count,
            "_bulk": self._bulk,
            "_mget": self._mget,
            "_msearch": self._msearch,
            "_delete_by_query": self._delete_by_query,
            "_refresh": self._nothing,
            "_flush": self._nothing,
        }.get(action)
        if handler is not None:
            return SearchAnswer(200, handler(index, options, body))
        if action not in ("_mapping", "_mappings", "_settings"):
            refuse_clause("request", f"{method} /{'/'.join(names)}")
        return self._about(method, index, action.rstrip("s"), body)

    # Indexes ---------------------------------------------------------------------------------------------------------

    def _index(self, method: str, index: str, body: Value) -> SearchAnswer:
        there = index in self._store.names(self._place)
        if method == "PUT":
            if there:
                raise SearchError("resource_already_exists_exception", f"index [{index}] already exists")
            about = body if isinstance(body, dict) else {}
            self._store.tell(self._place, index, "_mapping", about.get("mappings") or {})
            self._store.tell(self._place, index, "_setting", about.get("settings") or {})
            return SearchAnswer(200, {"acknowledged": True, "shards_acknowledged": True, "index": index})
        if not there:
            raise SearchError("index_not_found_exception", f"no such index [{index}]", 404)
        if method == "DELETE":
            self._store.drop(self._place, index)
            return SearchAnswer(200, {"acknowledged": True})
        if method == "HEAD":
            return SearchAnswer(200, "")
        about = {"mappings": self._told(index, "_mapping"), "settings": self._told(index, "_setting"), "aliases": {}}
        return SearchAnswer(200, {index: about})

    def _told(self, index: str, what: str) -> Value:
        return self._store.told(self._place, index, what) or {}

    def _about(self, method: str, index: str, what: str, body: Value) -> SearchAnswer:
        if method in ("PUT", "POST"):
            self._store.tell(self._place, index, what, {**self._told(index, what), **object_in(body, what)})
            return SearchAnswer(200, {"acknowledged": True})
        name = {"_mapping": "mappings", "_setting": "settings"}[what]
        return SearchAnswer(200, {index: {name: self._told(index, what)}})

    def _nothing(self, _index: str, _options: Options, _body: Value) -> Value:
        return {"_shards": {"total": 1, "successful": 1, "failed": 0}}

    # Documents -------------------------------------------------------------------------------------------------------

    def _document(self, method: str, index: str, action: str, key: str, options: Options, body: Value) -> SearchAnswer:
        if method in ("GET", "HEAD"):
            return self._read(index, action, key, options)
        if method == "DELETE":
            return self._delete(index, key)
        if action == "_update":
            return self._update(index, key, body)
        if not isinstance(body, dict):
            raise SearchError("parse_exception", "request body is required")
        create = action == "_create" or options.get("op_type") == "create"
        return self._write(index, key or new_id(), body, create=create)

    def _read(self, index: str, action: str, key: str, options: Options) -> SearchAnswer:
        found = self._store.get(self._place, index, key)
        if found is None:
            return SearchAnswer(404, {"_index": index, "_id": key, "found": False})
        if action == "_source":
            return SearchAnswer(200, found.source)
        head = {"_index": index, "_id": key, "_version": found.version, "_seq_no": found.number, "_primary_term": 1}
        return SearchAnswer(200, {**head, "found": True, "_source": picked(found.source, options.get("_source", True))})

    def _write(self, index: str, key: str, source: dict[str, Value], *, create: bool = False) -> SearchAnswer:
        before = self._store.get(self._place, index, key)
        if create and before is not None:
            reason = f"[{key}]: version conflict, document already exists (current version [{before.version}])"
            raise SearchError("version_conflict_engine_exception", reason, 409)
        made = self._store.put(self._place, index, key, source)
        done = "created" if before is None else "updated"
        return SearchAnswer(201 if before is None else 200, _written(index, key, made.version, made.number, done))

    def _update(self, index: str, key: str, body: Value) -> SearchAnswer:
        asked = body if isinstance(body, dict) else {}
        for name in asked:
            if name not in ("doc", "doc_as_upsert", "upsert", "detect_noop"):
                refuse_clause("part of an update", name)
        before = self._store.get(self._place, index, key)
        if before is None:
            upsert = asked.get("doc") if asked.get("doc_as_upsert") else asked.get("upsert")
            if not isinstance(upsert, dict):
                raise SearchError("document_missing_exception", f"[{key}]: document missing", 404)
            return self._write(index, key, upsert)
        merged = _merged(before.source, asked.get("doc"))
        if merged == before.source:
            return SearchAnswer(200, _written(index, key, before.version, before.number, "noop"))
        return self._write(index, key, merged)

    def _delete(self, index: str, key: str) -> SearchAnswer:
        before = self._store.delete(self._place, index, key)
        if before is None:
            return SearchAnswer(404, _written(index, key, 1, 0, "not_found"))
        return SearchAnswer(200, _written(index, key, before.version + 1, before.number, "deleted"))

    def _mget(self, index: str, options: Options, body: Value) -> Value:
        asked = body if isinstance(body, dict) else {}
        keys = asked.get("ids") or []
        if not isinstance(keys, list):
            raise SearchError("parsing_exception", "[ids] takes a list")
        wanted = objects_in(asked.get("docs") or [{"_id": key} for key in keys], "docs")
        docs = [
            self._read(to_text(one.get("_index")) or index, "_doc", to_text(one.get("_id")), options) for one in wanted
        ]
        return {"docs": [one.body for one in docs]}

    def _bulk(self, index: str, _options: Options, body: Value) -> Value:
        lines = iter(_lines(body))
        items: list[Value] = []
        with self._store.changing():
            self._carry_out(index, lines, items)
        errors = any("error" in one for item in items for one in item.values())
        return {"took": 0, "errors": errors, "items": items}

    def _carry_out(self, index: str, lines: Iterator[Value], items: list[Value]) -> None:
        """Do what the lines of `_bulk` say; the outcomes go to a list."""
        for line in lines:
            if not isinstance(line, dict) or len(line) != 1 or next(iter(line)) not in _ACTIONS:
                raise SearchError("illegal_argument_exception", "Malformed action/metadata line in _bulk")
            ((action, given),) = line.items()
            about = object_in(given, action)
            source = None if action == "delete" else next(lines, None)
            name, key = to_text(about.get("_index")) or index, to_text(about.get("_id"))
            items.append({action: self._bulk_item(action, name, key, source)})

    def _bulk_item(self, action: str, index: str, key: str, source: Value) -> Value:
        verb, kind = {
            "index": ("PUT", "_doc"),
            "create": ("PUT", "_create"),
            "update": ("POST", "_update"),
            "delete": ("DELETE", "_doc"),
        }[action]
        try:
            found = self._document(verb, index, kind, key, {}, source)
        except SearchError as error:
            cause = {"type": error.kind, "reason": error.reason}
            return {"_index": index, "_id": key, "status": error.status_code, "error": cause}
        return {**found.body, "status": found.status}

    # Searches --------------------------------------------------------------------------------------------------------

    def _scope(self, index: str) -> SearchScope:
        wanted = [one.strip() for one in index.split(",")] if index and index != "_all" else ["*"]
        found = [name for name in self._store.names(self._place) if any(fnmatchcase(name, one) for one in wanted)]
        return SearchScope(self._store, self._place, tuple(found or wanted), self._now)

    def _search(self, index: str, options: Options, body: Value) -> Value:
        asked = dict(body) if isinstance(body, dict) else {}
        for name in ("size", "from", "_source"):
            if name in options:
                asked[name] = options[name]
        if "q" in options:
            asked["query"] = {"query_string": {"query": options["q"]}}
        return search_answer(self._scope(index), asked)

    def _count(self, index: str, _options: Options, body: Value) -> Value:
        asked = body if isinstance(body, dict) else {}
        for name in asked:
            if name != "query":
                raise SearchError("parsing_exception", f"request does not support [{name}]")
        return {"count": len(self._matching(index, asked.get("query"))), "_shards": shards()}

    def _matching(self, index: str, query: Value) -> dict[int, float]:
        scope = self._scope(index)
        return search(scope, query) if query else scope.everything()

    def _msearch(self, index: str, options: Options, body: Value) -> Value:
        lines = _lines(body)
        answers = [
            self._search(to_text(head.get("index")) or index, options, asked)
            for head, asked in zip(objects_in(lines[::2], "_msearch"), lines[1::2], strict=False)
        ]
        return {"took": 0, "responses": [{**one, "status": 200} for one in answers]}

    def _delete_by_query(self, index: str, _options: Options, body: Value) -> Value:
        scope = self._scope(index)
        found = self._matching(index, body.get("query") if isinstance(body, dict) else None)
        sql = f"SELECT part, name, id FROM part WHERE {scope.inside}"
        for part, name, key in self._store.rows(sql, *scope.place_and_names):
            if part in found:
                self._store.delete(self._place, str(name), str(key))
        return {"took": 0, "timed_out": False, "total": len(found), "deleted": len(found), "failures": []}


def _written(index: str, key: str, version: int, number: int, done: str) -> Options:
    return {
        "_index": index,
        "_id": key,
        "_version": version,
        "result": done,
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "_seq_no": number,
        "_primary_term": 1,
    }


def _merged(source: dict[str, Value], changes: Value) -> dict[str, Value]:
    """A document with some members changed, objects member by member."""
    merged = dict(source)
    for name, value in object_in(changes, "doc").items():
        before = merged.get(name)
        merged[name] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def _lines(body: Value) -> list[Value]:
    """The documents of a body of lines, or of a list. Raises SearchError for a line that is not JSON."""
    if isinstance(body, list):
        return body
    try:
        return [from_json(line) for line in to_text(body).split("\n") if line.strip()]
    except JsonError as error:
        raise SearchError("json_parse_exception", str(error)) from None

"""What the statements of search services share: a request to the real service, or to the index on this machine."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from xsrun.errors import InputError, MissingParamError, XanoScriptError
from xsrun.registry import StandIn
from xsrun.running.context import Context
from xsrun.services.cloud import Cloud
from xsrun.services.http_messages import Headers, OutgoingRequest, ReceivedResponse
from xsrun.services.search.documents import DocumentStore
from xsrun.services.search.elastic import LocalElastic
from xsrun.statements.api_request import METHODS
from xsrun.values.conversion import Value, from_json, not_allowed, to_json, to_text
from xsrun.values.json_errors import JsonError

TIMEOUT = 30.0
_INDEX = """\
Otherwise an index in `.xsrun/cloud/search.db` beside the workspace answers. It has no mappings: a field is text and
keyword at once, scores are other numbers, an index that nobody made is empty, and what it cannot do is an error that
names the clause. It does match, match_phrase, multi_match, query_string, term, terms, ids, range, exists, prefix,
wildcard, regexp, bool, nested, constant_score and dis_max; sort, from, size, `_source`; and the aggregations terms,
filter, filters, range, histogram, date_histogram, nested, missing, top_hits and the simple numbers."""
#: Adds what proves who asks to the headers of a request: method, address, headers, body.
Authorize = Callable[[str, str, Headers, bytes | None], Headers]
JSON = "application/json"
LINES = "application/x-ndjson"


def index_stands_in(how: str) -> StandIn:
    """An index on SQLite in place of a server; `how` says when the server is asked."""
    return StandIn("an index on SQLite stands for the server", how)


def elastic_stands_in(service: str, proof: str) -> StandIn:
    """The same for a server with Elasticsearch's interface, which `proof` signs a program in to."""
    return index_stands_in(
        f"The server at the address of the statement is asked where `--allow-net` names its host, with {proof}; "
        f"`--cloud-endpoint {service}=URL` names one for all statements.\n{_INDEX}"
    )


class SearchServer:
    """The server of one statement: `service` as it is named by `--cloud-endpoint`, at an address that may be empty."""

    def __init__(self, context: Context, service: str, statement: str, address: str, authorize: Authorize) -> None:
        self._context = context
        self._statement = statement
        self._service = service
        self._authorize = authorize
        cloud: Cloud = context.service("cloud")
        self._address = cloud.endpoints.reach(context, service, statement, address)

    def ask(self, method: str, path: str, body: Value = None) -> tuple[int, Value]:
        """Status and document of an answer. `body` goes as JSON, a text as it is."""
        if self._address is None:
            store: DocumentStore = self._context.service("search")
            return LocalElastic(store, self._service, self._context.now()).answer(method, path, body)
        return self.send(method, self._address + path, body)

    def send(self, method: str, url: str, body: Value) -> tuple[int, Value]:
        """Ask the real server. Raises XanoScriptError when it does not answer."""
        data = None if body is None else (body if isinstance(body, str) else to_json(body)).encode()
        headers: Headers = [] if data is None else [("Content-Type", LINES if isinstance(body, str) else JSON)]
        request = OutgoingRequest(method, url, self._authorize(method, url, headers, data), data, TIMEOUT)
        answer: ReceivedResponse = self._context.service("http").exchange(self._context, request, self._statement)
        if answer.error is not None:
            raise XanoScriptError(f"{self._statement}: {answer.error}")
        return answer.status, answer.result

    def result(self, method: str, path: str, body: Value = None) -> Value:
        """The document of an answer. Raises XanoScriptError with the reason when the server refuses."""
        status, document = self.ask(method, path, body)
        return checked(self._statement, status, document)


def checked(statement: str, status: int, document: Value) -> Value:
    if status < 400:
        return document
    raise XanoScriptError(f"{statement}: {reason_in(document)} (HTTP {status})", result=document)


def reason_in(document: Value) -> str:
    """Why a server refused, in its own words."""
    if isinstance(document, dict):
        error = document.get("error", document.get("message"))
        if isinstance(error, dict):
            return ": ".join(to_text(error[name]) for name in ("type", "reason") if error.get(name))
        if isinstance(error, str):
            return error
    return to_text(document)[:200] if isinstance(document, str) and document else "the service gave no reason"


def basic(name: Value, password: Value) -> str:
    return base64.b64encode(f"{to_text(name)}:{to_text(password)}".encode()).decode()


def chosen(name: str, value: Value, default: str, *known: str) -> str:
    """An attribute that takes one of a few words, in any case. Raises InputError for another."""
    text = to_text(value).strip() or default
    found = next((one for one in known if one.lower() == text.lower()), None)
    if found is None:
        raise not_allowed(text, name, f"one of: {', '.join(known)}")
    return found


def method_of_request(value: Value, default: str) -> str:
    return chosen("method", value, default, *METHODS)


def document_of(name: str, value: Value) -> Value:
    """A value that goes as JSON; a text is read as JSON. Raises InputError for a text that is none."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return from_json(value)
    except JsonError as error:
        raise InputError(f"The {name} is not JSON: {error}", name) from None


# Requests ------------------------------------------------------------------------------------------------------------


def index_path(index: Value, action: str, key: Value = None) -> str:
    """The path of an index with what is asked of it. Raises MissingParamError without an index."""
    name = to_text(index).strip()
    if not name:
        raise MissingParamError("index")
    path = f"/{quote(name, safe=',*-_.~')}/{action}"
    text = to_text(key)
    return f"{path}/{quote(text, safe='-_.~')}" if text else path


def document(server: SearchServer, method: str, index: Value, key: Value, doc: Value) -> Value:
    """Read, write or delete a document; a document that is not there gives the number 404."""
    if method not in ("GET", "POST", "PUT", "DELETE"):
        hint = "method is one of GET, POST, PUT, DELETE"
        raise not_allowed(method, "method", hint)
    if not to_text(key) and method != "POST":
        raise MissingParamError("doc_id")
    body = document_of("doc", doc) if method in ("POST", "PUT") else None
    path = index_path(index, "_doc", key)
    status, found = server.ask(method, path, {} if body is None and method in ("POST", "PUT") else body)
    return 404 if status == 404 else checked(server._statement, status, found)


def query(
    server: SearchServer,
    index: Value,
    body: dict[str, Value],
    return_type: Value,
) -> Value:
    """Search an index, or count what matches."""
    if chosen("return_type", return_type, "search", "search", "count", "aggregate") == "count":
        asked = body.get("query")
        return server.result("POST", index_path(index, "_count"), {"query": asked} if asked else {})
    return server.result("POST", index_path(index, "_search"), body)


def search_body(
    payload: Value,
    expression: Value,
    size: Value,
    start: Value,
    sort: Value,
    included: Value,
    dsl: Value = None,
    aggregations: Value = None,
) -> dict[str, Value]:
    """The body of a search: the payload, and of the other attributes what the payload leaves open."""
    given = document_of("payload", payload)
    if given is not None and given != [] and not isinstance(given, dict):
        raise InputError("The payload is not an object.", "payload", hint="write payload = {query: {match_all: {}}}")
    body = dict(given or {})
    conditions = document_of("expression", expression)
    added: dict[str, Value] = {
        "query": document_of("query", dsl) or (expression_query(conditions) if conditions else None),
        "size": None if size == "" else size,
        "from": None if start == "" else start,
        "sort": [_sort(one) for one in document_of("sort", sort) or []] or None,
        "_source": _included(included) or None,
        "aggs": None if "aggregations" in body else document_of("aggregations", aggregations),
    }
    return body | {name: value for name, value in added.items() if value is not None and name not in body}


def _sort(one: Value) -> Value:
    """`{field, order}` as search servers write it."""
    if isinstance(one, dict) and "field" in one:
        return {to_text(one["field"]): {"order": to_text(one.get("order")) or "asc"}}
    return one


def _included(value: Value) -> list[Value]:
    """Names of fields: a list, the JSON of one, or a text with commas."""
    if isinstance(value, str):
        text = value.strip()
        value = document_of("included_fields", text) if text.startswith("[") else text.split(",")
    return [to_text(one).strip() for one in value or [] if to_text(one).strip()]


_RANGES = {"gt": "gt", ">": "gt", "gte": "gte", ">=": "gte", "lt": "lt", "<": "lt", "lte": "lte", "<=": "lte"}
_EQUAL = ("", "eq", "=", "==", "match", "is")
_UNEQUAL = ("ne", "neq", "!=", "<>", "not", "is not")


def expression_query(conditions: Value) -> Value:
    """The query of `[{field, value, op}, ...]`, all of which must hold. Raises InputError for another operator."""
    given = conditions if isinstance(conditions, list) else [conditions]
    must: list[Value] = []
    must_not: list[Value] = []
    for one in given:
        if not isinstance(one, dict) or not to_text(one.get("field")):
            raise InputError("A condition has no field.", "expression", hint='{field: "price", op: "lt", value: 10}')
        field, value = to_text(one["field"]), one.get("value")
        operator = to_text(one.get("op", one.get("operator"))).strip().lower()
        if operator in _EQUAL:
            must.append({"match": {field: value}})
        elif operator in _UNEQUAL:
            must_not.append({"match": {field: value}})
        elif operator in _RANGES:
            must.append({"range": {field: {_RANGES[operator]: value}}})
        elif operator in ("in", "contains", "like", "includes", "exists"):
            must.append(_other_condition(operator, field, value))
        else:
            hint = "eq, ne, gt, gte, lt, lte, in, contains, exists"
            raise not_allowed(operator, "expression.op", hint)
    return {"bool": {name: clauses for name, clauses in (("must", must), ("must_not", must_not)) if clauses}}


def _other_condition(operator: str, field: str, value: Value) -> Value:
    if operator == "in":
        return {"terms": {field: value if isinstance(value, list) else [value]}}
    if operator == "exists":
        return {"exists": {"field": field}}
    text = to_text(value).strip("%*")
    return {"wildcard": {field: {"value": f"*{text}*", "case_insensitive": True}}}


def bulk_lines(operations: Value, index: Value) -> str:
    """The lines of `_bulk` for `[{action, id, doc}, ...]`."""
    given = document_of("operations", operations)
    lines: list[str] = []
    for position, one in enumerate(given if isinstance(given, list) else [given]):
        if not isinstance(one, dict):
            raise XanoScriptError(
                f"operations.{position} is not an object.", hint='write it as {action: "index", id: "1", doc: {...}}'
            )
        action = chosen("operations.action", one.get("action"), "index", *_BULK)
        key = to_text(one.get("id", one.get("_id")))
        about = {"_index": to_text(one.get("index") or index)} | ({"_id": key} if key else {})
        lines.append(to_json({action: about}))
        if action != "delete":
            doc = one.get("doc", one.get("body"))
            lines.append(to_json({"doc": doc} if action == "update" else doc or {}))
    return "\n".join(lines) + "\n" if lines else ""


_BULK = ("index", "create", "update", "delete")


def split_address(url: Value) -> tuple[str, str]:
    """The address of the server and the path in it, of the `url` of a request; a path alone names no server."""
    text = to_text(url).strip()
    if not text:
        raise MissingParamError("url")
    parts = urlsplit(text)
    if not parts.netloc:
        return "", "/" + text.lstrip("/")
    path = parts.path or "/"
    return f"{parts.scheme}://{parts.netloc}", f"{path}?{parts.query}" if parts.query else path

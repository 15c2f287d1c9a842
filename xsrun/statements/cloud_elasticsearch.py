"""`cloud.elasticsearch.*`: a server of Elasticsearch, or an index on this machine that stands for it."""

from __future__ import annotations

from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services.http_messages import Headers
from xsrun.statements import cloud_search as searching
from xsrun.statements.cloud_search import Authorize, SearchServer, basic, chosen, elastic_stands_in
from xsrun.values.conversion import Value, to_text

API_KEY, BASIC, BEARER = "API Key", "Basic", "Bearer"


STAND_IN = elastic_stands_in(
    "elasticsearch", '`auth_type` "API Key" (the default), "Basic" or "Bearer", `key_id` and `access_key`'
)


def _authorize(context: Context, auth_type: Value, key_id: Value, access_key: Value) -> Authorize:
    """The header of an account: a key, a name with a password, or a token."""
    context.keep_secret(access_key)
    kind = chosen("auth_type", auth_type, API_KEY, API_KEY, BASIC, BEARER)
    if kind == BEARER:  # in either of the two, since documentation says of both that they are left out
        proof = f"Bearer {to_text(access_key) or to_text(key_id)}"
    else:
        proof = f"{'Basic' if kind == BASIC else 'ApiKey'} {basic(key_id, access_key)}"
    anonymous = not to_text(key_id) and not to_text(access_key)

    def authorize(_method: str, _url: str, headers: Headers, _body: bytes | None) -> Headers:
        return headers if anonymous else [*headers, ("Authorization", proof)]

    return authorize


def _server(
    context: Context, name: str, base_url: Value, auth_type: Value, key_id: Value, access_key: Value
) -> SearchServer:
    authorize = _authorize(context, auth_type, key_id, access_key)
    address = to_text(base_url).strip().rstrip("/")
    return SearchServer(context, "elasticsearch", f"cloud.elasticsearch.{name}", address, authorize)


@statement("cloud.elasticsearch.document", stand_in=STAND_IN)
def elasticsearch_document(
    context: Context,
    auth_type: Value = None,
    key_id: Value = None,
    access_key: Value = None,
    region: Value = None,
    method: Value = "GET",
    index: Value = None,
    base_url: Value = None,
    doc_id: Value = None,
    doc: Value = None,
    body: Value = None,
) -> Value:
    """Read, write or delete a document of an index in Elasticsearch: what the server answers.

    `method` is GET (the document is `_source` of the answer), PUT or POST to write `doc` (POST without a `doc_id` gets
    one; documentation also writes `body`), or DELETE. A document that is not there gives the number 404.

    >>> cloud.elasticsearch.document {
    ...   key_id = $env.ES_KEY_ID
    ...   access_key = $env.ES_KEY
    ...   method = "PUT"
    ...   base_url = "https://search.example.com"
    ...   index = "tides"
    ...   doc_id = "oban-1"
    ...   doc = {port: "Oban", level: 3.1}
    ... }
    ... cloud.elasticsearch.document {
    ...   key_id = $env.ES_KEY_ID
    ...   access_key = $env.ES_KEY
    ...   method = "GET"
    ...   index = "tides"
    ...   doc_id = "oban-1"
    ... } as $found
    {"found": {"_index": "tides", "_id": "oban-1", "_version": 1, "_seq_no": 0, "_primary_term": 1, "found": true,
      "_source": {"port": "Oban", "level": 3.1}}}
    """
    server = _server(context, "document", base_url, auth_type, key_id, access_key)
    return searching.document(server, searching.method_of_request(method, "GET"), index, doc_id, doc or body)


@statement("cloud.elasticsearch.query", stand_in=STAND_IN)
def elasticsearch_query(
    context: Context,
    auth_type: Value = None,
    key_id: Value = None,
    access_key: Value = None,
    region: Value = None,
    index: Value = None,
    payload: Value = None,
    expression: Value = None,
    size: Value = None,
    from_: Value = None,
    sort: Value = None,
    included_fields: Value = None,
    return_type: Value = "search",
    base_url: Value = None,
    query: Value = None,
    aggregations: Value = None,
) -> Value:
    """Search an index in Elasticsearch: what the server answers, the documents in `hits.hits`.

    `payload` is the body of the search. What it leaves open comes from the other attributes: `query`, or
    `expression`, a list of `{field, op, value}` that all must hold (eq, ne, gt, gte, lt, lte, in, contains, exists);
    `size`, `from`, `sort` (`[{field, order}]`), and `included_fields` for `_source`. `return_type` is "search", or
    "count" for `{count}` alone.

    >>> cloud.elasticsearch.document {
    ...   key_id = $env.ES_KEY_ID
    ...   access_key = $env.ES_KEY
    ...   method = "PUT"
    ...   base_url = "https://search.example.com"
    ...   index = "tides"
    ...   doc_id = "oban-1"
    ...   doc = {port: "Oban", level: 3.1}
    ... }
    ... cloud.elasticsearch.query {
    ...   key_id = $env.ES_KEY_ID
    ...   access_key = $env.ES_KEY
    ...   index = "tides"
    ...   payload = {query: {match: {port: "oban"}}, _source: ["level"]}
    ... } as $found
    ... var $found { value = $found.hits.hits[0]._source }
    {"found": {"level": 3.1}}
    """
    server = _server(context, "query", base_url, auth_type, key_id, access_key)
    body = searching.search_body(payload, expression, size, from_, sort, included_fields, query, aggregations)
    return searching.query(server, index, body, return_type)


@statement("cloud.elasticsearch.request", stand_in=STAND_IN)
def elasticsearch_request(
    context: Context,
    auth_type: Value = None,
    key_id: Value = None,
    access_key: Value = None,
    region: Value = None,
    method: Value = None,
    url: Value = None,
    query: Value = None,
    payload: Value = None,
) -> Value:
    """Send any request to Elasticsearch: what the server answers.

    `url` is the whole address, `query` the body as JSON (newer documentation writes `payload`); a text goes as it is,
    for `_bulk`. Without a `method` it is POST with a body, else GET. An answer that says that something went wrong
    raises an error with its reason.

    >>> cloud.elasticsearch.document {
    ...   key_id = $env.ES_KEY_ID
    ...   access_key = $env.ES_KEY
    ...   method = "PUT"
    ...   base_url = "https://search.example.com"
    ...   index = "tides"
    ...   doc_id = "oban-1"
    ...   doc = {port: "Oban", level: 3.1}
    ... }
    ... cloud.elasticsearch.request {
    ...   key_id = $env.ES_KEY_ID
    ...   access_key = $env.ES_KEY
    ...   method = "GET"
    ...   url = "https://search.example.com/tides/_count"
    ... } as $found
    ... var $found { value = $found.count }
    {"found": 1}
    """
    address, path = searching.split_address(url)
    server = _server(context, "request", address, auth_type, key_id, access_key)
    body = query or payload or None
    return server.result(searching.method_of_request(method, "GET" if body is None else "POST"), path, body)


@statement("cloud.elasticsearch.bulk", stand_in=STAND_IN)
def elasticsearch_bulk(
    context: Context,
    auth_type: Value = None,
    key_id: Value = None,
    access_key: Value = None,
    base_url: Value = None,
    index: Value = None,
    operations: Value = None,
) -> Value:
    """Carry out several operations on documents at once in Elasticsearch (in the documentation only).

    `operations` is a list of `{action, id, doc}`: index, create, update or delete. The answer has the outcome of each
    in `items`, and says in `errors` whether one failed.

    >>> cloud.elasticsearch.bulk {
    ...   index = "tides"
    ...   operations = [{action: "index", id: "1", doc: {level: 3}}, {action: "delete", id: "2"}]
    ... } as $done
    ... var $done { value = [$done.errors, $done.items[0].index.result, $done.items[1].delete.result] }
    {"done": [false, "created", "not_found"]}
    """
    server = _server(context, "bulk", base_url, auth_type, key_id, access_key)
    return server.result("POST", "/_bulk", searching.bulk_lines(operations, index))

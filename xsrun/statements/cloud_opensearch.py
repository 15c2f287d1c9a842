"""`cloud.aws.opensearch.*`: a domain of Amazon OpenSearch, or an index on this machine that stands for it."""

from __future__ import annotations

from datetime import UTC, datetime

from xsrun.registry import statement
from xsrun.running.context import Context, system_clock
from xsrun.services.aws_signature import AwsAccount, signed_headers
from xsrun.services.http_messages import Headers
from xsrun.services.network import host_and_port
from xsrun.statements import cloud_search as searching
from xsrun.statements.cloud_search import Authorize, SearchServer, basic, chosen, elastic_stands_in
from xsrun.statements.cloud_storage import host_part
from xsrun.values.conversion import Value, to_text

STAND_IN = elastic_stands_in(
    "opensearch",
    '`auth_type` "IAM" (the default: signed with the key `key_id`, its secret `access_key` and `region`) '
    'or "master" (name and password)',
)


def _authorize(
    context: Context, auth_type: Value, key_id: Value, access_key: Value, secret_key: Value, region: Value
) -> Authorize:
    """The headers of an account: signed with a key of IAM, or the name and password of a master user.

    Documentation writes `access_key` and `secret_key` for the key and its secret.
    """
    name, secret = (access_key, secret_key) if to_text(secret_key) else (key_id, access_key)
    context.keep_secret(secret)
    if chosen("auth_type", auth_type, "IAM", "IAM", "master") == "master":
        proof = ("Authorization", f"Basic {basic(name, secret)}")
        return lambda _method, _url, headers, _body: [*headers, proof]
    place = host_part("region", region, "us-east-1")

    def authorize(method: str, url: str, headers: Headers, body: bytes | None) -> Headers:
        service = "aoss" if host_and_port(url)[0].endswith(".aoss.amazonaws.com") else "es"
        account = AwsAccount(to_text(name), to_text(secret), place, service)
        moment = datetime.fromtimestamp(system_clock() / 1000, UTC)
        return signed_headers(account, moment, method, url, headers, body)

    return authorize


def _server(context: Context, name: str, address: Value, authorize: Authorize) -> SearchServer:
    return SearchServer(
        context, "opensearch", f"cloud.aws.opensearch.{name}", to_text(address).strip().rstrip("/"), authorize
    )


@statement("cloud.aws.opensearch.document", stand_in=STAND_IN)
def opensearch_document(
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
    endpoint: Value = None,
    secret_key: Value = None,
    body: Value = None,
) -> Value:
    """Read, write or delete a document of an index in Amazon OpenSearch: what the server answers.

    `method` is GET (the document is `_source` of the answer), PUT or POST to write `doc` (POST without a `doc_id` gets
    one; documentation also writes `body`), or DELETE. A document that is not there gives the number 404.

    >>> cloud.aws.opensearch.document {
    ...   key_id = $env.AWS_KEY
    ...   access_key = $env.AWS_SECRET
    ...   region = "eu-west-1"
    ...   method = "PUT"
    ...   base_url = "https://search.example.com"
    ...   index = "tides"
    ...   doc_id = "oban-1"
    ...   doc = {port: "Oban", level: 3.1}
    ... }
    ... cloud.aws.opensearch.document {
    ...   key_id = $env.AWS_KEY
    ...   access_key = $env.AWS_SECRET
    ...   region = "eu-west-1"
    ...   method = "GET"
    ...   index = "tides"
    ...   doc_id = "oban-1"
    ... } as $found
    {"found": {"_index": "tides", "_id": "oban-1", "_version": 1, "_seq_no": 0, "_primary_term": 1, "found": true,
      "_source": {"port": "Oban", "level": 3.1}}}
    """
    server = _server(
        context,
        "document",
        base_url or endpoint,
        _authorize(context, auth_type, key_id, access_key, secret_key, region),
    )
    return searching.document(server, searching.method_of_request(method, "GET"), index, doc_id, doc or body)


@statement("cloud.aws.opensearch.query", stand_in=STAND_IN)
def opensearch_query(
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
    endpoint: Value = None,
    secret_key: Value = None,
    query: Value = None,
    base_url: Value = None,
) -> Value:
    """Search an index in Amazon OpenSearch: what the server answers, the documents in `hits.hits`.

    `payload` is the body of the search. What it leaves open comes from the other attributes: `query`, or
    `expression`, a list of `{field, op, value}` that all must hold (eq, ne, gt, gte, lt, lte, in, contains, exists);
    `size`, `from`, `sort` (`[{field, order}]`), and `included_fields` for `_source`. `return_type` is "search", or
    "count" for `{count}` alone.

    >>> cloud.aws.opensearch.document {
    ...   key_id = $env.AWS_KEY
    ...   access_key = $env.AWS_SECRET
    ...   region = "eu-west-1"
    ...   method = "PUT"
    ...   base_url = "https://search.example.com"
    ...   index = "tides"
    ...   doc_id = "oban-1"
    ...   doc = {port: "Oban", level: 3.1}
    ... }
    ... cloud.aws.opensearch.query {
    ...   key_id = $env.AWS_KEY
    ...   access_key = $env.AWS_SECRET
    ...   region = "eu-west-1"
    ...   index = "tides"
    ...   payload = {query: {match: {port: "oban"}}, _source: ["level"]}
    ... } as $found
    ... var $found { value = $found.hits.hits[0]._source }
    {"found": {"level": 3.1}}
    """
    server = _server(
        context, "query", base_url or endpoint, _authorize(context, auth_type, key_id, access_key, secret_key, region)
    )
    body = searching.search_body(payload, expression, size, from_, sort, included_fields, query)
    return searching.query(server, index, body, return_type)


@statement("cloud.aws.opensearch.request", stand_in=STAND_IN)
def opensearch_request(
    context: Context,
    auth_type: Value = None,
    key_id: Value = None,
    access_key: Value = None,
    region: Value = None,
    method: Value = None,
    url: Value = None,
    query: Value = None,
) -> Value:
    """Send any request to Amazon OpenSearch: what the server answers.

    `url` is the whole address, `query` the body as JSON; a text goes as it is, for `_bulk`. Without a `method` it
    is POST with a body, else GET. An answer that says that something went wrong raises an error with its reason.

    >>> cloud.aws.opensearch.document {
    ...   key_id = $env.AWS_KEY
    ...   access_key = $env.AWS_SECRET
    ...   region = "eu-west-1"
    ...   method = "PUT"
    ...   base_url = "https://search.example.com"
    ...   index = "tides"
    ...   doc_id = "oban-1"
    ...   doc = {port: "Oban", level: 3.1}
    ... }
    ... cloud.aws.opensearch.request {
    ...   key_id = $env.AWS_KEY
    ...   access_key = $env.AWS_SECRET
    ...   region = "eu-west-1"
    ...   method = "GET"
    ...   url = "https://search.example.com/tides/_count"
    ... } as $found
    ... var $found { value = $found.count }
    {"found": 1}
    """
    address, path = searching.split_address(url)
    server = _server(context, "request", address, _authorize(context, auth_type, key_id, access_key, None, region))
    body = query or None
    return server.result(searching.method_of_request(method, "GET" if body is None else "POST"), path, body)

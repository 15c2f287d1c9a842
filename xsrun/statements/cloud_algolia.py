"""`cloud.algolia.*`: an application of Algolia, or an index on this machine that stands for it."""

from __future__ import annotations

from urllib.parse import quote

from xsrun.errors import MissingParamError
from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services.cloud import Cloud
from xsrun.services.http_messages import Headers
from xsrun.services.search.algolia import LocalAlgolia
from xsrun.services.search.documents import DocumentStore
from xsrun.statements import cloud_search as searching
from xsrun.statements.cloud_search import checked, document_of, index_stands_in
from xsrun.values.conversion import Value, to_text

STAND_IN = index_stands_in("""\
Algolia is asked where `--allow-net` names its host (APPLICATION.algolia.net, APPLICATION-dsn.algolia.net), with the key
of the statement; `--cloud-endpoint algolia=URL` names another server. Otherwise an index in `.xsrun/cloud/search.db`
beside the workspace answers: it knows the words, filters, facets, pages and the settings `searchableAttributes`,
`customRanking` and `attributesForFaceting`, ranks in its own way, highlights nothing, and names the parameter that it
cannot do.""")


def _ask(
    context: Context, name: str, application: Value, api_key: Value, address: str, method: str, path: str, body: Value
) -> Value:
    """The answer of Algolia, or of the index on this machine. An empty address is that of the application."""
    context.keep_secret(api_key)
    statement_name = f"cloud.algolia.{name}"
    account = to_text(application).strip()
    if not address and account:
        reads = method == "GET" or path.endswith(("/query", "/queries"))
        address = f"https://{quote(account.lower(), safe='')}{'-dsn' if reads else ''}.algolia.net"
    cloud: Cloud = context.service("cloud")
    place = cloud.endpoints.reach(context, "algolia", statement_name, address)
    if place is None:
        store: DocumentStore = context.service("search")
        status, found = LocalAlgolia(store, account, context.now()).answer(method, path, body)
        return checked(statement_name, status, found)
    proofs: Headers = [("X-Algolia-Application-Id", account), ("X-Algolia-API-Key", to_text(api_key))]
    server = searching.SearchServer(
        context, "algolia", statement_name, address, lambda _method, _url, headers, _body: [*headers, *proofs]
    )
    return server.result(method, path, None if method in ("GET", "DELETE") else body)


def _path(index: Value, *parts: Value) -> str:
    """The path of an index. Raises MissingParamError without one."""
    name = to_text(index).strip()
    if not name:
        raise MissingParamError("index")
    return "/1/indexes/" + "/".join(quote(to_text(one), safe="-_.~") for one in (name, *parts))


@statement("cloud.algolia.request", stand_in=STAND_IN)
def algolia_request(
    context: Context,
    url: Value,
    payload: Value,
    application_id: Value = None,
    api_key: Value = None,
    method: Value = "POST",
) -> Value:
    """Send a request to Algolia: what it answers.

    `url` is the whole address or its path (`/1/indexes/tides/query`), `payload` the body as JSON. An answer that says
    that something went wrong raises an error with its reason.

    >>> cloud.algolia.request {
    ...   application_id = "HARBOUR"
    ...   api_key = $env.ALGOLIA_KEY
    ...   url = "/1/indexes/tides/oban-1"
    ...   method = "PUT"
    ...   payload = {port: "Oban", level: 3.1}
    ... }
    ... cloud.algolia.request {
    ...   application_id = "HARBOUR"
    ...   api_key = $env.ALGOLIA_KEY
    ...   url = "https://harbour-dsn.algolia.net/1/indexes/tides/query"
    ...   method = "POST"
    ...   payload = {query: "oba"}
    ... } as $found
    ... var $found { value = $found.hits }
    {"found": [{"port": "Oban", "level": 3.1, "objectID": "oban-1"}]}
    """
    address, path = searching.split_address(url)
    verb = searching.method_of_request(method, "POST")
    body = document_of("payload", payload) or {}
    return _ask(context, "request", application_id, api_key, address, verb, path, body)


@statement("cloud.algolia.search", stand_in=STAND_IN)
def algolia_search(
    context: Context,
    app_id: Value = None,
    api_key: Value = None,
    index: Value = None,
    query: Value = None,
    filters: Value = None,
    facets: Value = None,
    hitsPerPage: Value = None,
    page: Value = None,
) -> Value:
    """Search an index of Algolia: `{hits, nbHits, page, nbPages, ...}` (in the documentation only).

    `filters` is a text such as `category:electronics AND price<100`, `facets` the names to count values of.

    >>> cloud.algolia.save_objects {
    ...   app_id = "HARBOUR"
    ...   index = "tides"
    ...   objects = [{objectID: "1", port: "Oban", level: 3}, {objectID: "2", port: "Ullapool", level: 5}]
    ... }
    ... cloud.algolia.search {
    ...   app_id = "HARBOUR"
    ...   index = "tides"
    ...   query = ""
    ...   filters = "level > 4"
    ...   facets = ["port"]
    ... } as $found
    ... var $found { value = {hits: $found.hits, facets: $found.facets} }
    {"found": {"hits": [{"objectID": "2", "port": "Ullapool", "level": 5}], "facets": {"port": {"Ullapool": 1}}}}
    """
    given = {"query": to_text(query), "filters": filters, "facets": facets, "hitsPerPage": hitsPerPage, "page": page}
    body = {name: value for name, value in given.items() if name == "query" or (value is not None and value != "")}
    return _ask(context, "search", app_id, api_key, "", "POST", _path(index, "query"), body)


@statement("cloud.algolia.save_object", stand_in=STAND_IN)
def algolia_save_object(
    context: Context, app_id: Value = None, api_key: Value = None, index: Value = None, object: Value = None
) -> None:
    """Write a record to an index of Algolia, in the place of one with its `objectID` (in the documentation only).

    >>> cloud.algolia.save_object {
    ...   app_id = "HARBOUR"
    ...   index = "tides"
    ...   object = {objectID: "1", port: "Oban"}
    ... }
    {}
    """
    record = document_of("object", object)
    key = to_text(record.get("objectID")) if isinstance(record, dict) else ""
    method, path = ("PUT", _path(index, key)) if key else ("POST", _path(index))
    _ask(context, "save_object", app_id, api_key, "", method, path, record)


@statement("cloud.algolia.save_objects", stand_in=STAND_IN)
def algolia_save_objects(
    context: Context, app_id: Value = None, api_key: Value = None, index: Value = None, objects: Value = None
) -> None:
    """Write several records to an index of Algolia at once (in the documentation only).

    >>> cloud.algolia.save_objects {
    ...   app_id = "HARBOUR"
    ...   index = "tides"
    ...   objects = [{objectID: "1", port: "Oban"}, {objectID: "2", port: "Ullapool"}]
    ... }
    {}
    """
    records = document_of("objects", objects)
    requests = [
        {"action": "updateObject" if isinstance(one, dict) and one.get("objectID") else "addObject", "body": one}
        for one in (records if isinstance(records, list) else [records])
    ]
    _ask(context, "save_objects", app_id, api_key, "", "POST", _path(index, "batch"), {"requests": requests})


@statement("cloud.algolia.delete_object", stand_in=STAND_IN)
def algolia_delete_object(
    context: Context, app_id: Value = None, api_key: Value = None, index: Value = None, objectID: Value = None
) -> None:
    """Delete a record from an index of Algolia (in the documentation only). One that is not there is no error.

    >>> cloud.algolia.delete_object {
    ...   app_id = "HARBOUR"
    ...   index = "tides"
    ...   objectID = "1"
    ... }
    {}
    """
    if not to_text(objectID):
        raise MissingParamError("objectID")
    _ask(context, "delete_object", app_id, api_key, "", "DELETE", _path(index, objectID), None)


@statement("cloud.algolia.set_settings", stand_in=STAND_IN)
def algolia_set_settings(
    context: Context, app_id: Value = None, api_key: Value = None, index: Value = None, settings: Value = None
) -> None:
    """Set the settings of an index of Algolia (in the documentation only).

    >>> cloud.algolia.set_settings {
    ...   app_id = "HARBOUR"
    ...   index = "tides"
    ...   settings = {searchableAttributes: ["port"], customRanking: ["desc(level)"]}
    ... }
    {}
    """
    body = document_of("settings", settings) or {}
    _ask(context, "set_settings", app_id, api_key, "", "PUT", _path(index, "settings"), body)

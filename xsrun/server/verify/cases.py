"""Where the requests come from: workflow tests, histories, HAR files, OpenAPI examples, made-up inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xsrun.database.tables import literal
from xsrun.errors import UsageError
from xsrun.reading import read_text, typed_path
from xsrun.running.masking import is_secret
from xsrun.running.secrets import MASK
from xsrun.server.over_http import request_of
from xsrun.server.routes import Route, Routes
from xsrun.server.verify.asked import AskedRequest
from xsrun.syntax.nodes import Name
from xsrun.syntax.walk import statements
from xsrun.testing.plausible import Plausible
from xsrun.values.conversion import from_json
from xsrun.workspace.construct import text_of

if TYPE_CHECKING:
    from xsrun.values.conversion import Value
    from xsrun.workspace.workspace import LoadedWorkspace

#: Headers of a HAR file that are the browser's or its connection's.
_KEPT_HEADERS = frozenset(("accept", "accept-language", "content-type", "x-data-source", "x-branch"))


def asked_of(route: Route, inputs: dict[str, Value], source: str, name: str = "") -> AskedRequest:
    """The request that carries some inputs to a query."""
    path, body, headers = request_of(route, inputs, [])
    path, _, query = path.partition("?")
    return AskedRequest(
        name or f"{route.verb} /{route.query.name}", route.verb, path, query, headers, body or b"", source
    )


def from_workflow_tests(workspace: LoadedWorkspace, routes: Routes) -> Iterator[AskedRequest]:
    """The `api.call` of workflow tests whose input is written out."""
    for construct in workspace.constructs:
        stack = construct.node.block("stack") if construct.kind == "workflow_test" and construct.node else None
        for item in statements(stack.body if stack is not None else None):
            if item.name != "api.call" or not isinstance(item.target, Name):
                continue
            query = workspace.lookup("query", item.target.text, item.verb, text_of(item.attribute("api_group")))
            route = next((one for group in routes.groups for one in group.routes if one.query is query), None)
            given = item.attribute("input")
            inputs = literal(given) if given is not None else {}
            if route is not None and isinstance(inputs, dict) and None not in _leaves(inputs):
                source = f"{workspace.shown(construct.file)}:{item.line}"
                yield asked_of(route, inputs, source)


def _leaves(value: Value) -> Iterator[Value]:
    """The values in lists and objects; null is what is not written out."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if parts is None:
        yield value
    else:
        for part in parts:
            yield from _leaves(part)


def explored(workspace: LoadedWorkspace, routes: Routes, number: int) -> Iterator[AskedRequest]:
    """So many requests with made-up inputs to each query; the same every time."""
    for group in routes.groups:
        for route in group.routes:
            for seed in range(number):
                context = workspace.context()
                inputs = Plausible(f"{route.label} {seed}").inputs(route.query.declared, context)
                plain = {name: value for name, value in inputs.items() if _is_json(value)}
                yield asked_of(route, plain, f"--explore {seed + 1}")


def _is_json(value: Value) -> bool:
    return value is None or isinstance(value, (str, int, float, bool, list, dict))


def from_history(path: str) -> Iterator[AskedRequest]:
    """The requests in the JSON of `/xsrun/history`; those whose secrets are masked are left out."""
    for one in _list(_document(path), path):
        uri = one.get("uri")
        if not isinstance(uri, str) or MASK in uri or MASK in str(one.get("input")):
            continue
        try:
            parts = urlsplit(uri)
        except ValueError:
            raise UsageError(f"{path} does not hold requests", hint="a uri is not an address") from None
        verb = str(one.get("verb") or "GET").upper()
        given = one.get("input")
        body = b""
        headers: list[tuple[str, str]] = []
        if verb not in ("GET", "HEAD", "DELETE") and given:
            from xsrun.values.conversion import to_json

            body, headers = to_json(given).encode(), [("Content-Type", "application/json")]
        yield AskedRequest(f"{verb} {parts.path}", verb, parts.path, parts.query, headers, body, Path(path).name)


def from_har(path: str) -> Iterator[AskedRequest]:
    """The requests to queries in a HAR file, without what is the browser's, cookies and tokens."""
    document = _document(path)
    log = document.get("log") if isinstance(document, dict) else None
    for entry in _list(log.get("entries") if isinstance(log, dict) else None, path):
        request = _object(entry.get("request"), path)
        try:
            parts = urlsplit(str(request.get("url")))
        except ValueError:
            continue
        if "/api:" not in parts.path:
            continue
        headers = [
            (str(one.get("name")), str(one.get("value")))
            for one in _list(request.get("headers") or [], path)
            if str(one.get("name")).lower() in _KEPT_HEADERS
            and not is_secret(str(one.get("name")))
            and str(one.get("value")).isascii()
        ]
        post = _object(request.get("postData"), path)
        verb = str(request.get("method") or "GET").upper()
        body = str(post.get("text") or "").encode()
        where = parts.path[parts.path.index("/api:") :]
        yield AskedRequest(f"{verb} {where}", verb, where, parts.query, headers, body, Path(path).name)


def from_openapi(path: str, routes: Routes) -> Iterator[AskedRequest]:
    """The examples of an OpenAPI document of the workspace: of parameters, and of bodies in JSON."""
    document = _document(path)
    paths = document.get("paths") if isinstance(document, dict) else None
    if not isinstance(paths, dict):
        raise UsageError(f"{path} is not an OpenAPI document", hint="it has no `paths`")
    known = {(route.verb, f"/{route.query.name}"): route for group in routes.groups for route in group.routes}
    for where, operations in paths.items():
        for verb, operation in operations.items() if isinstance(operations, dict) else ():
            name = where.partition("/api:")[2].partition("/")[2] if "/api:" in where else where.lstrip("/")
            route = known.get((verb.upper(), f"/{name}"))
            if route is not None and isinstance(operation, dict):
                for inputs in _examples(operation, path):
                    yield asked_of(route, inputs, Path(path).name)


def _examples(operation: dict[str, Value], path: str) -> Iterator[dict[str, Value]]:
    parameters = {
        str(one.get("name")).removesuffix("[]"): found
        for one in _list(operation.get("parameters") or [], path)
        if "name" in one and (found := _example(one, path)) is not None
    }
    content = _object(_object(operation.get("requestBody"), path).get("content"), path)
    media = _object(content.get("application/json"), path)
    bodies = [media["example"]] if "example" in media else []
    bodies += [one.get("value") for one in _object(media.get("examples"), path).values() if isinstance(one, dict)]
    for body in bodies or ([{}] if parameters or not content else []):
        if isinstance(body, dict):
            yield {**parameters, **body}


def _example(parameter: dict[str, Value], path: str) -> Value:
    schema = _object(parameter.get("schema"), path)
    return parameter.get("example", schema.get("example", schema.get("default")))


def _document(path: str) -> Value:
    try:
        return from_json(read_text(typed_path(path)))
    except ValueError:
        raise UsageError(f"{path} is not JSON") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _object(found: Value, path: str) -> dict[str, Value]:
    if found is None or found == []:
        return {}
    if not isinstance(found, dict):
        raise UsageError(f"{path} does not hold requests")
    return found


def _list(found: Value, path: str) -> list[dict[str, Value]]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UsageError(f"{path} does not hold requests")
    return found


def without_repeats(asked: Iterable[AskedRequest]) -> list[AskedRequest]:
    """Each request once."""
    found: dict[tuple[str, str, str, bytes], AskedRequest] = {}
    for one in asked:
        found.setdefault((one.verb, one.path, one.query, one.body), one)
    return list(found.values())

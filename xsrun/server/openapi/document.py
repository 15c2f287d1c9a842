"""The OpenAPI document of a group, or of all groups of a workspace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xsrun import __version__
from xsrun.database.tables import literal
from xsrun.fields.declared import Declared
from xsrun.fields.json_schemas import input_schema, object_schema
from xsrun.language.types import TYPES, Schema
from xsrun.server.openapi.responses import ResponseOutcome, Responses
from xsrun.server.openapi.schemas import ROW_OF, referring, row_schema
from xsrun.server.routes import ApiGroup, Route
from xsrun.workspace.construct import text_of

if TYPE_CHECKING:
    from xsrun.documents import Json
    from xsrun.workspace.workspace import LoadedWorkspace

OPENAPI = "3.1.0"
#: Verbs whose inputs are sent in the query string.
_QUERY_VERBS = frozenset(("GET", "HEAD", "DELETE"))
#: Types that go into a query string as JSON.
_AS_JSON = frozenset(name for name, one in TYPES.items() if one.stored in ("json", "vector") and name != "file")
_ERROR = "#/components/schemas/Error"
_ERRORS = {
    400: "An input is missing or wrong, or the program refuses the request.",
    401: "There is no token, or it is not accepted.",
    403: "The caller may not do this.",
    404: "There is no such thing.",
    429: "There were too many requests.",
    500: "The program failed.",
}
_TEMPLATE = re.compile(r"[^A-Za-z0-9._-]+")


class DocumentMaker:
    """Makes documents of the routes of one workspace."""

    def __init__(self, workspace: LoadedWorkspace) -> None:
        self.workspace = workspace
        self.used: dict[str, Schema] = {}
        self.responses = Responses(workspace, self.row)

    def document(self, groups: list[ApiGroup], server: str, title: str) -> dict[str, Json]:
        """The document of some groups; `server` is the address that its paths begin at."""
        self.used = {}
        several = len(groups) != 1
        paths: dict[str, dict[str, Json]] = {}
        taken: dict[str, int] = {}
        for group in groups:
            for route in group.routes:
                operation, name = self.operation(route), operation_id(route)
                taken[name] = taken.get(name, 0) + 1
                if taken[name] > 1:
                    operation["operationId"] = f"{name}_{taken[name]}"
                path = f"{group.base if several else ''}/{route.query.name}"
                paths.setdefault(path, {})[route.verb.lower()] = operation
        about = "" if several else groups[0].description
        base = server if several else server + groups[0].base
        return {
            "openapi": OPENAPI,
            "info": {"title": title, "version": "1.0.0", **({"description": about} if about else {})},
            "servers": [{"url": base}],
            "tags": [
                {"name": group.name, **({"description": group.description} if group.description else {})}
                for group in groups
            ],
            "paths": paths,
            "components": self.components(),
            "x-generator": f"xsrun {__version__}",
        }

    def components(self) -> dict[str, Json]:
        """What operations refer to: the error body, the rows of tables, the token."""
        error: Json = {
            "type": "object",
            "description": "An error of the engine or of the program.",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}, "payload": {}},
            "required": ["code", "message"],
        }
        bearer: Json = {"type": "http", "scheme": "bearer", "description": "A token of security.create_auth_token"}
        return {"schemas": {"Error": error, **self.used}, "securitySchemes": {"bearer": bearer}}

    def row(self, table: str) -> Schema | None:
        """A reference to the row of a declared table."""
        construct = self.workspace.lookup("table", table)
        if construct is None or construct.node is None:
            return None
        name = f"table.{_TEMPLATE.sub('_', table)}"
        if name not in self.used:
            self.used[name] = row_schema(self.workspace.columns_of(table))
        return {**self.used[name], ROW_OF: name}

    # Operations ----------------------------------------------------------------------------------------------------

    def operation(self, route: Route) -> dict[str, Json]:
        """One query."""
        query = route.query
        description = text_of(query.attribute("description")) or ""
        docs = text_of(query.attribute("docs")) or ""
        listed = literal(query.attribute("tags"))
        operation: dict[str, Json] = {
            "operationId": operation_id(route),
            "summary": description.strip().partition("\n")[0][:120] or f"{route.verb} {query.name}",
            "tags": [route.group.name],
        }
        if text := "\n\n".join(part.strip() for part in (description, docs) if part.strip()):
            operation["description"] = text
        if isinstance(listed, list) and listed:
            operation["x-tags"] = [tag for tag in listed if isinstance(tag, str)]
        operation["x-file"] = f"{query.file}:{query.line}"
        operation.update(self.request(route))
        if route.auth:
            operation["security"] = [{"bearer": []}]
        operation["responses"] = self.answers(route, self.responses.outcome(query))
        return operation

    def request(self, route: Route) -> dict[str, Json]:
        """Parameters and body of an operation."""
        declared = {one.name: one for one in route.query.declared}
        parameters = [path_parameter(name, declared.get(name)) for name in route.parameters]
        others = [one for name, one in declared.items() if name not in route.parameters]
        if not others:
            return {"parameters": parameters} if parameters else {}
        if route.verb in _QUERY_VERBS and not any(one.type == "file" for one in others):
            return {"parameters": [*parameters, *(query_parameter(one) for one in others)]}
        made: dict[str, Json] = {"parameters": parameters} if parameters else {}
        made["requestBody"] = body_of(others)
        return made

    def answers(self, route: Route, outcome: ResponseOutcome) -> dict[str, Json]:
        """The responses of an operation by status."""
        statuses = {400, 403, 404, 500} | outcome.statuses | ({401} if route.auth else set())
        found: dict[str, Json] = {}
        for status in sorted({200} | outcome.succeeds):
            if 200 <= status < 600:
                found[str(status)] = success(status, outcome)
        for status in sorted(statuses):
            content: Json = {"application/json": {"schema": {"$ref": _ERROR}}}
            found.setdefault(str(status), {"description": _ERRORS[status], "content": content})
        if outcome.open:
            found["default"] = {"description": "Whatever the program sends."}
        return found


def success(status: int, outcome: ResponseOutcome) -> dict[str, Json]:
    """A response that is not an error."""
    if status in (204, 304):
        return {"description": "There is no body."}
    if outcome.streams:
        return {"description": "A stream.", "content": {"*/*": {"schema": {}}}}
    shown = referring(outcome.schema)
    content: dict[str, Json] = {"application/json": {"schema": shown}}
    for media_type in outcome.media_types:
        schema = shown if "json" in media_type else {"type": "string"}
        content[media_type or "*/*"] = {"schema": schema}
    if outcome.open:
        content.setdefault("*/*", {"schema": {}})
    return {"description": "The response.", "content": content}


def operation_id(route: Route) -> str:
    """A unique name for an operation: group, verb and path."""
    words = re.findall(r"[A-Za-z0-9]+", f"{route.group.canonical} {route.verb.lower()} {route.query.name}")
    return "_".join(words)


def path_parameter(name: str, declared: Declared | None) -> dict[str, Json]:
    """A parameter in the path. One that no input declares is a text."""
    schema: Schema = {"type": "string"} if declared is None else input_schema(declared)
    if declared is not None and declared.required and declared.type in ("int", "decimal"):
        # only digits lead to the query (semantics 7.1)
        schema = {**schema, "type": "integer", "minimum": max(0, schema.get("minimum", 0))}
        schema.pop("format", None)
    elif schema.get("type") == "string":
        schema = {**schema, "minLength": max(1, schema.get("minLength", 1))}
    made: dict[str, Json] = {"name": name, "in": "path", "required": True, "schema": schema}
    return described(made, declared)


def query_parameter(declared: Declared) -> dict[str, Json]:
    """An input in the query string."""
    schema = input_schema(declared)
    made: dict[str, Json]
    if declared.list_size is not None and declared.type not in _AS_JSON:
        made = {
            "name": f"{declared.name}[]",
            "in": "query",
            "style": "form",
            "explode": True,
            "schema": schema,
        }
    elif declared.list_size is not None or declared.type in _AS_JSON or declared.type.startswith("geo_"):
        made = {"name": declared.name, "in": "query", "content": {"application/json": {"schema": schema}}}
    else:
        made = {"name": declared.name, "in": "query", "schema": schema}
    return described({**made, "required": declared.required}, declared)


def described(made: dict[str, Json], declared: Declared | None) -> dict[str, Json]:
    return {**made, "description": declared.description} if declared is not None and declared.description else made


def body_of(inputs: list[Declared]) -> dict[str, Json]:
    """The body that carries some inputs: JSON, or a form where files are among them."""
    schema = object_schema(inputs)
    files = any(one.type == "file" for one in inputs)
    kinds = ("multipart/form-data",) if files else ("application/json", "application/x-www-form-urlencoded")
    return {
        "required": any(one.required for one in inputs),
        "content": {kind: {"schema": schema} for kind in kinds},
    }

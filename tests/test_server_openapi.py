"""OpenAPI documents, the documentation page, and who may see them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from http_server import Client, running
from openapi_spec_validator import OpenAPIV31SpecValidator

import xsrun
from xsrun.server import create_application
from xsrun.server.history import History
from xsrun.server.http_request import HttpRequest
from xsrun.server.openapi.document import DocumentMaker
from xsrun.server.pages import Pages
from xsrun.server.routes import ApiGroup
from xsrun.server.settings import Settings
from xsrun.server.snapshot import Snapshot

ROOT = Path(__file__).parents[1]

TABLE = """table boat {
  auth = true
  schema {
    int id
    timestamp created_at?=now
    text name filters=trim
    email owner?
    enum kind? { values = ["sail", "motor"] }
    decimal? draft
    password pin? { visibility = "internal" }
    object size? {
      schema {
        int length
        int beam?
      }
    }
    text[] tags?
  }
}
"""
GROUP = 'api_group Marina {\n  canonical = "mr"\n  description = "Boats and berths."\n}\n'
SHUT = "api_group shut {\n  swagger = {active: false}\n}\n"


def query(name: str, verb: str, inputs: str, stack: str, response: str, more: str = "") -> str:
    return (
        f'query "{name}" verb={verb} {{\n  api_group = "Marina"\n{more}\n  input {{\n{inputs}\n  }}\n'
        f"  stack {{\n{stack}\n  }}\n  response = {response}\n}}\n"
    )


GET = '    db.get boat {\n      field_name = "id"\n      field_value = $input.boat_id\n    } as $boat\n'
PAGE = (
    '    db.query boat {\n      return = {type: "list", paging: {page: $input.page, per_page: 10, totals: true}}\n'
    "    } as $boats\n"
)
CALL = "    function.run dues {\n      input = {length: $input.length}\n    } as $dues\n"
CONDITION = '    precondition ($boat != null) {\n      error_type = "notfound"\n    }\n'
BUILD = (
    "    var $names { value = [] }\n    db.query boat {\n    } as $boats\n"
    "    foreach ($boats) {\n      each as $boat {\n"
    "        array.push $names {\n          value = $boat.name\n        }\n      }\n    }\n"
)
LOOP = (
    "    var $first { value = 1 }\n    var $second { value = $first }\n    for (2) {\n      each as $i {\n"
    '        var.update $second { value = $first }\n        var.update $first { value = "x" }\n      }\n    }\n'
)
FILES = {
    "table/boat.xs": TABLE,
    "api/group.xs": GROUP,
    "api/shut.xs": SHUT,
    "function/dues.xs": (
        "function dues {\n  input {\n    int length\n  }\n  stack {\n    conditional {\n"
        "      if ($input.length > 20) {\n"
        '        return {\n          value = "ask"\n        }\n      }\n    }\n  }\n  response = $input.length * 3\n}\n'
    ),
    "api/get.xs": query(
        "boats/{boat_id}",
        "GET",
        '    int boat_id {\n      description = "Which boat."\n    }',
        GET + CONDITION,
        "$boat",
        '  description = "One boat."\n  auth = "boat"',
    ),
    "api/page.xs": query(
        "boats",
        "GET",
        '    int page?=1 filters=min:1\n    text[] tags?\n    json where?\n    enum kind? { values = ["sail"] }',
        PAGE,
        "$boats",
    ),
    "api/add.xs": query(
        "boats",
        "POST",
        "    text name filters=min:2|max:40\n    email? owner?\n    object size {\n      schema {\n        int length\n"
        "      }\n    }\n    password pin\n    timestamp since?\n    object berth? {\n      schema {\n"
        "        timestamp from?=now\n      }\n    }",
        "    db.add boat {\n      data = {name: $input.name}\n    } as $boat\n"
        '    util.set_header {\n      value = "HTTP/1.1 201 Created"\n    }\n',
        "$boat",
    ),
    "api/photo.xs": query(
        "boats/{boat_id}/photo", "POST", "    int boat_id\n    file photo\n    text note?", "", "null"
    ),
    "api/dues.xs": query(
        "dues", "GET", "    int length", CALL, '{dues: $dues, unit: "EUR", ok: true, n: $input.length}'
    ),
    "api/names.xs": query("names", "GET", "", BUILD, "$names"),
    "api/loop.xs": query("loop", "GET", "", LOOP, "$second"),
    "api/throw.xs": query("throw", "GET", "", '    throw {\n      name = "x"\n      value = 1\n    }\n', '"never"'),
    "api/count.xs": query(
        "count",
        "GET",
        "",
        '    db.query boat {\n      return = {type: "count"}\n    } as $n\n',
        "{n: $n, t: now, s: 1 ~ 2}",
    ),
    "api/hidden.xs": 'query "x" verb=GET {\n  api_group = "shut"\n  input {\n  }\n  stack {\n  }\n  response = 1\n}\n',
}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running(create_application(xsrun.Workspace.from_sources(FILES))) as made:
        yield made


@pytest.fixture(scope="module")
def document(client: Client) -> Any:
    reply = client.get("/apispec:mr?type=json")
    assert reply.headers["access-control-allow-origin"] == "*"
    return reply.json


def answer(document: Any, path: str, verb: str = "get", status: str = "200") -> Any:
    return document["paths"][path][verb]["responses"][status]["content"]["application/json"]["schema"]


def test_the_document_is_valid(client: Client, document: Any) -> None:
    OpenAPIV31SpecValidator(document).validate()
    whole = client.get("/xsrun/openapi.json").json
    OpenAPIV31SpecValidator(whole).validate()
    assert "/api:mr/boats" in whole["paths"] and "/boats" in document["paths"]
    assert document["openapi"] == "3.1.0"
    assert document["info"] == {"title": "Marina", "version": "1.0.0", "description": "Boats and berths."}
    assert document["servers"] == [{"url": f"http://127.0.0.1:{client.port}/api:mr"}]


SAMPLES = sorted({path.relative_to(ROOT / "samples").parts[0] for path in (ROOT / "samples").rglob("*.xs")})


@pytest.mark.parametrize("path", [ROOT / "samples" / name for name in SAMPLES], ids=SAMPLES)
def test_documents_of_the_samples_are_valid(path: Path) -> None:
    workspace = xsrun.Workspace.load(path)
    groups = [group for group in Snapshot.of(workspace).routes.groups if group.routes]
    made = DocumentMaker(workspace).document(groups, "http://localhost", "sample")
    OpenAPIV31SpecValidator(json.loads(json.dumps(made))).validate()


def test_parameters(document: Any) -> None:
    (boat,) = document["paths"]["/boats/{boat_id}"]["get"]["parameters"]
    assert boat == {
        "name": "boat_id",
        "in": "path",
        "required": True,
        "schema": {"type": "integer", "description": "Which boat.", "minimum": 0},
        "description": "Which boat.",
    }
    listed = {one["name"]: one for one in document["paths"]["/boats"]["get"]["parameters"]}
    assert listed["page"]["schema"] == {"type": "integer", "format": "int64", "minimum": 1, "default": 1}
    assert (listed["tags[]"]["explode"], listed["tags[]"]["schema"]["items"]) == (True, {"type": "string"})
    assert "application/json" in listed["where"]["content"]
    assert listed["kind"]["schema"] == {"type": "string", "enum": ["sail"]}
    assert not any(one["required"] for one in listed.values())


def test_bodies(document: Any) -> None:
    body = document["paths"]["/boats"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert body["required"] is True
    assert schema["required"] == ["name", "size", "pin"]
    assert schema["properties"]["name"] == {"type": "string", "minLength": 2, "maxLength": 40}
    assert schema["properties"]["owner"]["type"] == ["string", "null"]
    assert schema["properties"]["size"]["required"] == ["length"]
    assert "berth" not in schema["required"]  # an object is made of its members' defaults, now among them
    assert set(schema["properties"]["berth"]["properties"]) == {"from"}
    assert schema["properties"]["pin"]["writeOnly"] is True
    form = document["paths"]["/boats/{boat_id}/photo"]["post"]["requestBody"]["content"]
    assert list(form) == ["multipart/form-data"]
    assert form["multipart/form-data"]["schema"]["properties"]["photo"]["format"] == "binary"


def test_rows_of_tables(document: Any) -> None:
    assert answer(document, "/boats/{boat_id}") == {
        "anyOf": [{"$ref": "#/components/schemas/table.boat"}, {"type": "null"}]
    }
    row = document["components"]["schemas"]["table.boat"]
    assert "pin" not in row["properties"]
    assert row["properties"]["draft"]["type"] == ["number", "null"]
    assert row["properties"]["kind"]["anyOf"][0]["enum"] == ["sail", "motor", ""]
    assert row["properties"]["size"]["properties"]["length"]["type"] == "integer"
    created = document["paths"]["/boats"]["post"]["responses"]["201"]
    assert created["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/table.boat"}


def test_pages_of_rows(document: Any) -> None:
    plain, paged = answer(document, "/boats")["anyOf"]
    assert plain == paged["properties"]["items"]
    assert plain == {"type": "array", "items": {"$ref": "#/components/schemas/table.boat"}}
    assert paged["properties"]["nextPage"] == {"type": ["integer", "null"]}


def test_responses_are_read_from_expressions_and_functions(document: Any) -> None:
    assert answer(document, "/dues")["properties"] == {
        "dues": {"anyOf": [{"type": "string"}, {"type": "number"}]},
        "unit": {"type": "string"},
        "ok": {"type": "boolean"},
        "n": {"type": "integer", "format": "int64"},
    }
    assert answer(document, "/names") == {"type": "array", "items": {}}
    assert answer(document, "/loop") == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert answer(document, "/count")["properties"]["n"] == {"type": "integer"}
    thrown = answer(document, "/throw")["anyOf"]
    assert thrown[0] == {"type": "string"} and thrown[1]["required"] == ["payload", "statement"]


def test_errors_and_security(document: Any) -> None:
    operation = document["paths"]["/boats/{boat_id}"]["get"]
    assert operation["security"] == [{"bearer": []}]
    assert set(operation["responses"]) == {"200", "400", "401", "403", "404", "500"}
    assert answer(document, "/boats/{boat_id}", status="404") == {"$ref": "#/components/schemas/Error"}
    assert "security" not in document["paths"]["/names"]["get"]
    assert operation["description"] == "One boat."


def test_yaml(client: Client, document: Any) -> None:
    reply = client.get("/apispec:mr?type=yaml")
    assert reply.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(reply.body) == document
    assert b"&id" not in reply.body


# Pages ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/api:mr", "/api:mr/"])
def test_the_page_needs_nothing_from_elsewhere(client: Client, path: str) -> None:
    reply = client.get(path)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'self'" in reply.headers["content-security-policy"]
    for asset in ("/xsrun/docs.js", "/xsrun/docs.css"):
        assert asset.encode() in reply.body
        text = client.get(asset).body
        assert b"://" not in text.replace(b"http://www.w3.org", b"")
    assert b"://" not in reply.body


def test_history_and_overview_are_for_this_machine_alone(client: Client) -> None:
    client.get("/api:mr/names")
    assert client.get("/xsrun/history").json["entries"][0]["uri"] == "/api:mr/names"
    for path in ("/", "/xsrun/history", "/xsrun/openapi.json"):
        assert client.get(path, headers={"Host": "evil.test"}).status == 404
        assert client.get(path, headers={"Origin": "http://a.b"}).status == 404


def test_groups_can_shut_their_documentation(client: Client) -> None:
    assert client.get("/apispec:shut").status == 404
    assert client.get("/api:shut").status == 404
    assert client.get("/api:shut/x").json == 1
    pages = Pages(History(0), Settings())
    group = ApiGroup("g", "g", swagger={"token": "abc"})
    local = HttpRequest("GET", "/", b"", {b"host": b"localhost:1"})
    far = HttpRequest("GET", "/", b"", {b"host": b"localhost"}, client="10.0.0.7")
    told = HttpRequest("GET", "/", b"token=abc", {}, client="10.0.0.7")
    assert [pages.is_open(group, one) for one in (local, far, told)] == [True, False, True]


def test_no_pages_without_docs() -> None:
    with running(create_application(xsrun.Workspace.from_sources(FILES), docs=False)) as client:
        for path in ("/", "/api:mr", "/apispec:mr", "/xsrun/history", "/xsrun/docs.js"):
            assert client.get(path).status == 404
        assert client.get("/api:mr/names").status == 200

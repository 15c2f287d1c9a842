"""Every builtin against the reference of the language: its names, attributes and arguments, and which are needed.

The reference (tests/conformance/reference) was compiled from the official language server, the documentation and the
engine's schema. Where xsrun knows better, the difference stands here with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import xsrun
from xsrun import registry
from xsrun.language import catalogue
from xsrun.language.catalogue.pages import topic_names
from xsrun.language.types import TYPES

REFERENCE = Path(__file__).parent / "conformance" / "reference"
KINDS: dict[str, registry.Kind] = {"db_query": "query_filter", "input": "input_filter"}
MARKS = {"db_query": " (db)", "input": " (input)"}

#: Attributes that a statement cannot do without, though the engine's schema lets them be left out: it fails later.
NEEDED = {
    "api.lambda": {"code"},
    "redis.ratelimit": {"max", "ttl"},
    "security.create_auth_token": {"table"},
    "security.decrypt": {"data", "key"},
    "security.encrypt": {"data", "key"},
    "security.jwe_decode": {"key", "token"},
    "security.jwe_decode_legacy": {"key", "token"},
    "security.jwe_encode": {"key"},
    "security.jwe_encode_legacy": {"key"},
    "security.jws_decode": {"key", "token"},
    "security.jws_encode": {"key"},
    "storage.append_file": {"data", "pathname"},
}
#: Attributes that newer engines or pages of the documentation know beside those of the reference (semantics 1.7, 4.8).
MORE = {
    "function.run": {"async"},
    "function.call": {"async", "runtime_mode"},
    "ai.agent.run": {"async"},
    "db.query": {"limit"},
    "cloud.aws.opensearch.query": {"base_url"},
    "cloud.elasticsearch.request": {"payload"},
    "api.call": {"path_params", "query", "body"},
    "stream.from_request": {"separator"},
}
#: Filters whose arguments differ from the reference: name -> (reference, xsrun), with the reason.
FILTERS = {
    "merge": ("value", "value:more...", "merges any number of arrays, as PHP's array_merge does"),
    "merge_recursive": ("value", "value:more...", "merges any number of arrays, as PHP's does"),
    "sprintf": ("args", "args...", "the engine does not count its arguments (evidence G2)"),
    "substr (db)": ("start:length", "start:length?", "the length may be left out, as with the filter of values"),
}


def statements() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((REFERENCE / "statements.json").read_text(encoding="utf-8"))
    return entries


def filters() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((REFERENCE / "filters.json").read_text(encoding="utf-8"))
    return entries


def plain(entry: dict[str, Any]) -> str:
    name = "contains" if entry["name"] == "contains_db" else entry["name"]
    return str(name).removesuffix(MARKS.get(entry["category"], " "))


def test_the_catalogue_has_every_name_of_the_reference() -> None:
    assert list(catalogue.statements()) == [entry["name"] for entry in statements()]
    for entry in filters():
        assert catalogue.entry(KINDS.get(entry["category"], "filter"), plain(entry)) is not None, entry["name"]


@pytest.mark.parametrize("entry", [one for one in statements() if one["contexts"] != "nested"], ids=lambda e: e["name"])
def test_the_attributes_of_a_statement(entry: dict[str, Any]) -> None:
    name = entry["name"]
    record = registry.find_statement(name)
    assert record is not None
    listed = {
        one["name"]: one["required"] for one in entry["attributes"] if one["name"] not in registry.COMMON_ATTRIBUTES
    }
    others = set(entry.get("docs_only_attributes") or ())
    assert {one.name for one in record.attributes} == listed.keys() | others | MORE.get(name, set())
    required = {attribute for attribute, needed in listed.items() if needed} | NEEDED.get(name, set())
    assert {one.name for one in record.attributes if one.required} == required
    assert {one for one in NEEDED.get(name, ()) if listed[one]} == set(), "the reference says so itself"
    stood_for = {first for one in record.attributes for first in one.stands_for}
    assert {one.name for one in record.attributes if one.stands_for} <= others | {"sql"}
    assert stood_for <= listed.keys()


def form(arguments: list[dict[str, Any]]) -> str:
    return ":".join(one["name"] + ("" if one["required"] else "?") for one in arguments)


@pytest.mark.parametrize("entry", filters(), ids=lambda e: e["name"])
def test_the_arguments_of_a_filter(entry: dict[str, Any]) -> None:
    record = registry.find(KINDS.get(entry["category"], "filter"), plain(entry))
    assert record is not None
    listed, known = form(entry["args"]), record.signature.partition(":")[2]
    if entry["name"] in FILTERS:
        assert (listed, known) == FILTERS[entry["name"]][:2]
    else:
        assert known == listed


def needed() -> Iterator[tuple[str, str]]:
    for record in registry.every("statement"):
        for attribute in record.attributes:
            if attribute.required and record.name not in ("if",):
                yield record.name, attribute.name


@pytest.mark.parametrize(("name", "attribute"), list(needed()))
def test_check_and_run_ask_for_the_same_attributes(name: str, attribute: str) -> None:
    """What a statement needs, both refuse without, and both take it in another spelling of the documentation."""
    record, entry = registry.find_statement(name), catalogue.statements()[name]
    assert record is not None
    header = {"variable": f"{name} $x", "name": f"{name} t", "expr": f"{name} ([])"}.get(entry["target"] or "", name)
    header += " if ($this)" if "if (" in entry["header"] else ""
    values = {one.name: "{}" if one.type == "object" else '"x"' for one in record.attributes if one.required}
    given = {key: value for key, value in values.items() if key != attribute}
    for spelled in ({}, *({one.name: '"x"'} for one in record.attributes if attribute in one.stands_for)):
        body = "\n".join(f"{key} = {value}" for key, value in {**given, **spelled}.items())
        text = f"var $x {{ value = [] }}\nconditional {{\nif (false) {{\n{header} {{\n{body}\n}}\n}}\n}}"
        found = [one for one in xsrun.check({"a.xs": text}) if one.code == "XS317" and f"`{attribute}`" in one.message]
        error = xsrun.Workspace.from_sources({"a.xs": text}).run().error
        refused = error is not None and f"`{name}` needs `{attribute}`" in error.message
        assert (bool(found), refused) == ((not spelled), (not spelled)), (spelled, str(error))


def test_every_type_has_its_page_and_can_be_used() -> None:
    assert sorted(topic_names("type")) == sorted(TYPES)
    for name in TYPES:
        if name == "dblink":  # it stands for the columns of a table
            continue
        members = " { schema { int n? } }" if name == "object" else ""
        inputs = f"  input {{\n    {name} x?{members}\n  }}\n"
        source = f"query q verb=GET {{\n{inputs}  stack {{\n  }}\n  response = $input\n}}\n"
        assert [one for one in xsrun.check({"q.xs": source}) if one.severity == "error"] == []
        assert xsrun.Workspace.from_sources({"q.xs": source}).run("q").error is None

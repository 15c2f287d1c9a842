"""`xsrun docs`: every name has a page, and what the pages show is so."""

from __future__ import annotations

import json
from typing import Any

import pytest

import xsrun
from xsrun.analysis.rules.fields import TYPES
from xsrun.cli import docs
from xsrun.cli.arguments import main
from xsrun.errors import STATUS_OF_CODE
from xsrun.language.catalogue.pages import topic_names, topics
from xsrun.language.constructs import KINDS, OPEN_KINDS

CONSTRUCTS = {
    f"{number}.xs": source
    for number, topic in enumerate(topics())
    if topic.kind == "construct"
    for _, source in topic.examples
}
#: Those that have nothing to run, or run for somebody who connects.
IDLE = {"run.service"}


def fields() -> list[Any]:
    return [
        pytest.param(text, id=f"{topic.names[0]}-{number}")
        for topic in topics()
        if topic.kind == "type"
        for number, (_, text) in enumerate(topic.examples, 1)
    ]


def test_every_construct_type_and_error_code_has_a_page() -> None:
    assert set(topic_names("construct")) == set(KINDS) | OPEN_KINDS
    assert set(topic_names("type")) == set(TYPES)
    assert set(topic_names("error code")) == set(STATUS_OF_CODE)
    assert all(topic.text and topic.examples for topic in topics())


def test_constructs_make_a_sound_workspace() -> None:
    problems = [f"{CONSTRUCTS[one.file]}\n{one.message}" for one in xsrun.check(CONSTRUCTS) if one.severity != "info"]
    assert problems == []
    with xsrun.Workspace.from_sources(CONSTRUCTS) as workspace:
        report = workspace.test()
        assert [one.message for one in report.results if one.status != "pass"] == []
        assert report.passed >= 3
        workspace.seed({"pet": [{"name": "Rex"}]})
        runnable = [one for one in workspace.constructs if one.kind not in IDLE and one.items]
        for one in runnable:
            given = {"id": 1, "n": 4, "pet_id": 1, "vars": {}, "type": "pre", "new": {}, "old": {}}
            given |= {"action": "insert", "datasource": "live"}
            result = workspace.run(one.name, kind=one.kind, input=given)
            assert result.error is None, (one.label, result.error)
        assert {"query", "function", "task", "addon", "tool"} <= {one.kind for one in runnable}
        assert workspace.run("Double three", kind="run.job").response == 6


@pytest.mark.parametrize("text", fields())
def test_field_binds_what_its_page_says(text: str) -> None:
    cases = [line.removeprefix("// ") for line in text.splitlines() if line.startswith("//")]
    sources = {
        "pet.xs": next(source for source in CONSTRUCTS.values() if source.startswith("table pet")),
        "f.xs": f"function f {{\n  input {{\n{text}\n  }}\n  stack {{\n  }}\n  response = $input\n}}\n",
    }
    assert [one.message for one in xsrun.check(sources) if one.severity == "error"] == []
    workspace = xsrun.Workspace.from_sources(sources)
    (declared,) = workspace.find("f").declared
    assert cases
    for case in cases:
        sent, sign, expected = case.partition(" gives ") if " gives " in case else case.partition(" fails: ")
        assert sign
        given = {} if sent == "nothing" else {declared.name: json.loads(sent)}
        result = workspace.run("f", input=given)
        if sign == " fails: ":
            assert result.error is not None
            assert result.error.message == expected
        else:
            assert result.error is None, result.error
            assert result.response == {declared.name: json.loads(expected)}


@pytest.mark.parametrize("code", topic_names("error code"))
def test_error_code_is_what_its_example_ends_with(code: str) -> None:
    (topic,) = [one for one in topics() if code in one.names]
    (_, source), (_, body) = topic.examples
    error = xsrun.Workspace.from_sources({"example.xs": source}).run().error
    assert error is not None
    assert error.code == code
    assert error.as_dict() == json.loads(body)
    assert f"Status {error.status}" in topic.text or f"status {error.status}" in topic.text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("int", "int (type)"),
        ("Query", "query (construct)"),
        ("run.job", "run.job (construct)"),
        ("error_code_not_found", "ERROR_CODE_NOT_FOUND (error code)"),
        ("geo_polygon", "geo_polygon (type)"),
        ("|substr", "substr (filter)"),
        ("xs130", "XS130 (error)"),
    ],
)
def test_page_by_name(name: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", name]) == 0
    assert shown in capsys.readouterr().out


def test_word_of_another_language_leads_to_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "string"]) == 2
    assert "did you mean `text`?" in capsys.readouterr().err


def test_overview_names_all_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{title}\n" in shown for title in ("constructs", "types", "statements", "filters", "error codes"))


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "substr", "--json"]) == 0
    page = json.loads(capsys.readouterr().out)["pages"][0]
    assert (page["name"], page["kind"], page["form"]) == ("substr", "filter", "|substr:start:length?")
    assert page["examples"][0].keys() == {"source", "result"}
    assert main(["docs", "int", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pages"][0]["kind"] == "type"
    assert main(["docs", "--json"]) == 0
    names = json.loads(capsys.readouterr().out)
    assert "int" in names["types"]
    assert "db.query" in names["statements"]
    assert main(["docs", "no_such_name", "--json"]) == 2


def test_every_name_of_the_overview_has_a_page() -> None:
    without = [name for names in docs.all_names().values() for name in names if not docs.find_pages(name)]
    assert without == []

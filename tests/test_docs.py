"""`xsrun docs`: every name has a page, and what the pages show is so."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import xsrun
from xsrun.analysis.rules.fields import TYPES
from xsrun.cli.arguments import main
from xsrun.cli.docs import whole_manual
from xsrun.errors import STATUS_OF_CODE
from xsrun.language import catalogue
from xsrun.language.catalogue.pages import topic_names, topics
from xsrun.language.constructs import KINDS, OPEN_KINDS
from xsrun.manual.terminal import shown

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


def test_every_block_of_the_catalogue_has_a_page() -> None:
    nested = {name for name, entry in catalogue.statements().items() if entry["contexts"] == "nested"}
    assert nested <= set(topic_names("block"))


def programs() -> list[Any]:
    return [
        pytest.param(text, id=f"{topic.names[0]}-{number}")
        for topic in topics()
        if topic.kind in ("block", "operator", "topic")
        for number, (language, text) in enumerate(topic.examples, 1)
        if language == "xs"
    ]


@pytest.mark.parametrize("text", programs())
def test_program_gives_what_its_page_says(text: str) -> None:
    assert [one.message for one in xsrun.check({"a.xs": text}) if one.severity != "info"] == []
    with xsrun.Workspace.from_sources({"a.xs": text}) as workspace:
        _, sign, expected = text.partition("\n// gives ")
        if sign:
            result = workspace.run()
            assert result.error is None, result.error
            assert result.variables == json.loads(expected)
        else:
            report = workspace.test()
            assert [one.message for one in report.results if one.status != "pass"] == []
            assert report.passed


def expressions() -> list[tuple[str, str]]:
    lines = [
        line
        for topic in topics()
        for language, text in topic.examples
        if language == "value"
        for line in text.splitlines()
    ]
    return list(zip(lines[::2], lines[1::2], strict=True))


@pytest.mark.parametrize(("expression", "said"), expressions())
def test_expression_gives_what_its_page_says(expression: str, said: str) -> None:
    try:
        given = xsrun.evaluate(expression)
    except xsrun.XanoScriptError as error:
        assert said == f"// fails: {error}"
    else:
        assert said.startswith("// gives ")
        assert given == json.loads(said.removeprefix("// gives "))


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


def test_the_name_of_a_section_lists_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "filters"]) == 0
    listed = capsys.readouterr().out
    assert "capitalize (filter)" in listed and "(statement)" not in listed


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


MANUAL = whole_manual()


def test_every_name_of_the_overview_has_a_page() -> None:
    without = [name for names in MANUAL.names().values() for name in names if not MANUAL.named(name)]
    assert without == []


def test_what_a_page_leads_to_is_there() -> None:
    lost = {page.name: gone for page in MANUAL.pages if (gone := [see for see in page.see if not MANUAL.named(see)])}
    assert lost == {}


def test_no_page_cites_sources_for_contributors() -> None:
    words = re.compile(r"\((?:evidence [\w.]+|(?:semantics|language) \d[\d., ]*)\)|\bevidence [a-zA-Z]\d")
    assert [page.name for page in MANUAL.pages if words.search(shown(page))] == []


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("jwe", {"security.jwe_encode", "jwe_decode"}),
        ("security", {"security.create_uuid", "security.encrypt", "sha256"}),
        ("jw*", {"jws_encode", "security.jwe_encode"}),
        ("db.bulk", {"db.bulk.add", "db.bulk.patch"}),
    ],
)
def test_names_that_begin_so(part: str, names: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", part, "--json"]) == 0
    found = {page["name"] for page in json.loads(capsys.readouterr().out)["pages"]}
    assert names <= found
    assert "db.get" not in found


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("encrypt claims token", "security.jwe_encode"),
        ("unit test mock", "test"),
        ("--junit", "test"),
        ("read a column in any case", "ilike"),
        ("install", "first-steps"),
    ],
)
def test_search(words: str, first: str) -> None:
    best = [name for page in MANUAL.search(words.split())[:3] for name in (page.name, *page.names)]
    assert first in best


def test_words_that_are_no_name_are_searched(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "random", "bytes"]) == 0
    assert "security.random_bytes" in capsys.readouterr().out
    assert main(["docs", "--search", "zebra"]) == 2
    assert "no page has the words `zebra`" in capsys.readouterr().err


def test_page_of_a_command_tells_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "xsrun", "db", "migrate"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("db migrate (command)")
    assert "--dry-run" in page


def test_attributes_tell_their_defaults_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "security.jwe_encode"]) == 0
    shown = capsys.readouterr().out
    assert 'key_algorithm: text, optional, "A256KW" unless given; one of A128KW, ' in shown
    assert "ttl: int, optional" in shown
    assert main(["docs", "storage.create_image", "--json"]) == 0
    parts = {part["name"]: part for part in json.loads(capsys.readouterr().out)["pages"][0]["parameters"]}
    assert parts["access"]["values"] == ["public", "private"]


def test_values_that_are_listed_are_those_that_are_taken() -> None:
    listed = [(page, part) for page in MANUAL.pages for part in page.parts if part.get("values")]
    assert len(listed) > 15
    for page, part in listed:
        assert part.get("default") in (None, *part["values"]), (page.name, part["name"])
    for name, attribute in (("create_secret_key", "format"), ("create_curve_key", "curve")):
        with pytest.raises(xsrun.XanoScriptError):
            raise_error_of(f'security.{name} {{ {attribute} = "no such" }} as $x')


def raise_error_of(text: str) -> None:
    error = xsrun.Workspace.from_sources({"a.xs": text}).run().error
    if error is not None:
        raise error


def test_the_pages_of_python_tell_what_programs_use() -> None:
    """Every option of a workspace with what it does, the attributes of results, and nothing that xsrun calls itself."""
    from xsrun.workspace.options import WorkspaceOptions

    pages = {page.name: page for page in whole_manual().pages if page.kind == "python"}
    options = {part["name"]: part for part in pages["xsrun.Workspace.load"].parts}
    assert options.keys() == WorkspaceOptions.__annotations__.keys()
    assert all(part["text"].endswith(".") for part in options.values())
    assert {"response", "error", "status", "logs"} <= {part["name"] for part in pages["xsrun.Result"].parts}
    own = {name.removeprefix("xsrun.Workspace.") for name in pages if name.startswith("xsrun.Workspace.")}
    assert own == {"load", "from_sources", "seed", "run", "test", "close"}
    assert all(page.about for page in pages.values())

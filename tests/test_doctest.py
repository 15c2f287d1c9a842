"""Examples of documentation pages: reading pages, what blocks are, comparing, and the command."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import xsrun
from xsrun.cli import main
from xsrun.testing.doctest import test_page as run_page
from xsrun.testing.doctest.example import read_example
from xsrun.testing.doctest.expected import differences, read_value
from xsrun.testing.doctest.page import read_page
from xsrun.testing.doctest.page_settings import LIMITS, PageSettings
from xsrun.testing.doctest.stubs import Missing


def settings(**given: Any) -> PageSettings:
    return PageSettings(lambda sources: xsrun.Workspace(sources, limits=LIMITS), **given)


def fenced(*blocks: str, language: str = "xs") -> str:
    return "# Page\n\n" + "\n\n".join(f"```{language}\n{block}\n```" for block in blocks) + "\n"


def statuses(page: str, **given: Any) -> list[str]:
    return [result.status for result in run_page(page, "page.md", settings(**given))]


def only(page: str, **given: Any) -> Any:
    (result,) = run_page(page, "page.md", settings(**given))
    return result


FUNCTION = """function "double" {
  input {
    int n?=4
  }
  stack {
    var $r { value = $input.n * 2 }
  }
  response = {out: $r, at: now}
}"""


DOUBLE = "function f {\n  input {\n    int n?=2\n  }\n  stack {\n  }\n  response = $input.n * 2\n}"


# Pages ---------------------------------------------------------------------------------------------------------------


def test_blocks_have_places_titles_and_languages() -> None:
    page = "intro\n\n## First ##\n```xs\na\nb\n```\ntext\n~~~~json\n```\n~~~~\n### Second\n  ```xano\n  c\n  ```\n"
    blocks = read_page(page, "p.md")
    assert [(one.line, one.language, one.title, one.text) for one in blocks] == [
        (5, "xs", "First", "a\nb\n"),
        (10, "json", "First", "```\n"),
        (14, "xano", "Second", "c\n"),
    ]
    assert blocks[0].between == ["text"]


def test_a_text_without_fences_is_one_block() -> None:
    (block,) = read_page("var $x { value = 1 }\n", "p.txt")
    assert block.is_program and block.line == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (FUNCTION, "constructs"),
        ("input {\n  int a?\n}\nstack {\n  var $x { value = 1 }\n}\nresponse = $x", "members"),
        ("input {\n  int a?\n}", "attributes"),
        ("var $x { value = 1 }", "statements"),
        (FUNCTION + '\nfunction.run "double" as $d', "mixed"),
        ("schedule = [{starts_on: 2026-01-01 00:00:00+0000}]", "attributes"),
        ('$a|to_upper // "X"\n[1, 2]|sum', "expressions"),
        ("var $x { value = 1 }\n$x + 1", "expressions"),
        ("uuid key\ntext name? filters=trim", "fields"),
        ('function "<name>" {\n  ...\n}', "template"),
        ("// nothing here", "empty"),
        ("var $x { value = ) }", "broken"),
    ],
)
def test_what_a_block_is(text: str, kind: str) -> None:
    assert read_example(read_page(fenced(text), "p.md")[0]).kind == kind


# Comparing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "value", "same"),
    [
        ('{"a": 1, "b": "eyJ..."}', {"a": 1, "b": "eyJhbGci"}, True),
        ("{a: 1, ...}", {"a": 1, "c": 2}, True),
        ("{a: 1}", {"a": 1, "c": 2}, False),
        ("[1, 2, ...]", [1, 2, 3], True),
        ("[1, 2]", [1, 2, 3], False),
        ("[...]", [], True),
        ("2.0", 2, True),
        ("1", True, False),
        ("null", None, True),
        ("-3", -3, True),
        ("{}", [], True),
    ],
)
def test_stated_values_and_wildcards(stated: str, value: Any, same: bool) -> None:
    expected = read_value(stated)
    assert expected is not None
    assert (list(differences(expected, value)) == []) is same


@pytest.mark.parametrize("prose", ["an array of products", "the token", "", "$x + 1", "user|first"])
def test_prose_states_no_value(prose: str) -> None:
    assert read_value(prose) is None


# Running -------------------------------------------------------------------------------------------------------------


def test_a_construct_is_compared_with_the_comment_after_it() -> None:
    comment = '// Returns: {\n//   "out": 8,\n//   "at": ...\n// }'
    assert statuses(fenced(f"{FUNCTION}\n{comment}")) == ["passed"]
    wrong = only(fenced(f"{FUNCTION}\n{comment.replace('8', '9')}"))
    assert wrong.status == "differs"
    assert wrong.details == [".out: the page says 9, xsrun gives 8"]


def test_a_json_block_that_follows_is_the_response() -> None:
    page = fenced(FUNCTION) + '\n**Response:**\n\n```json\n{"out": 8, "at": ...}\n```\n'
    assert statuses(page) == ["passed"]


LABELS = (
    "",
    "returns",
    "Returns:",
    "**Returns:**",
    "### Output",
    "The result is:",
    "This returns the following:",
    "Expected output:",
    "**Response:**",
    "Example response",
)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    ("program", "right", "wrong"),
    [
        ("var $a { value = 1 + 1 }", '{"a": 2}', '{"a": 3}'),
        ("var $t { value = 1 }\nvar $a { value = $t + 1 }", "2", "3"),
        (DOUBLE, "4", "5"),
        ("[3, 1]|sort", "[1, 3]", "[3, 1]"),
    ],
)
def test_what_stands_below_is_compared(label: str, program: str, right: str, wrong: str) -> None:
    page = f"```xs\n{program}\n```\n\n{label}\n\n```json\n{{}}\n```\n\ntext\n"
    assert statuses(page.replace("{}", right, 1)) == ["passed"]
    assert statuses(page.replace("{}", wrong, 1)) == ["differs"]


@pytest.mark.parametrize(
    "sentence", ["Returns `{}`", "Returns: {}", "Result: `{}`", "// Returns {}", "**Output:** `{}`.", "This gives `{}`"]
)
def test_a_sentence_below_states_a_value(sentence: str) -> None:
    page = f"```xs\n{DOUBLE}\n```\n\n{sentence}\n"
    assert statuses(page.replace("{}", "4")) == ["passed"]
    assert statuses(page.replace("{}", "5")) == ["differs"]


@pytest.mark.parametrize(
    "below",
    [
        'Input:\n\n```json\n{"a": 3}\n```',
        'Call it with this payload:\n```json\n{"a": 3}\n```',
        'Error response:\n```json\n{"message": "no"}\n```',
        'The result structure is:\n```json\n{"a": 3}\n```',
        '## Another matter\n\nSettings:\n```json\n{"a": 3}\n```',
        'A file may be kept beside it, which is described elsewhere.\n\n```json\n{"a": 3}\n```',
        '```\n{"a": 3}\n```',
        "Returns `true` if the user exists.",
        "Response: 404",
        '```xs\nvar $b { value = 1 }\n```\n\nReturns:\n```json\n{"b": 1}\n```',
    ],
)
def test_what_states_no_result_is_not_compared(below: str) -> None:
    page = f"```xs\nvar $a {{ value = 2 }}\n```\n\n{below}\n"
    assert statuses(page)[0] == "ran"


def test_an_input_below_is_given_and_the_output_after_it_compared() -> None:
    page = f'```xs\n{DOUBLE}\n```\nInput:\n```json\n{{"n": 5}}\n```\nOutput:\n```\n%s\n```\n'
    assert statuses(page % "10") == ["passed"] and statuses(page % "4") == ["differs"]


def test_what_changes_from_run_to_run_is_not_compared() -> None:
    page = "```xs\n{}\n```\n\nResult: `{}`\n"
    assert "from run to run" in only(page.format("|uuid", '"550e8400-e29b-41d4-a716-446655440000"')).message
    later = settings(make_later=lambda sources: xsrun.Workspace(sources, clock=4_000_000_000_000))
    (result,) = run_page(page.format('now|format_timestamp:"Y"', '"1999"'), "page.md", later)
    assert result.status == "ran"


def test_rows_that_nobody_gave_are_missing_input() -> None:
    page = '```xs\ndb.query "post" {\n} as $posts\n```\n\nResult:\n```json\n[{"id": 1}]\n```\n'
    assert "needs rows" in only(page).message and only(page).status == "needs_input"
    assert statuses(page, rows={"post": [{"id": 1}]}) != ["needs_input"]


def test_a_result_that_is_no_value_is_named() -> None:
    page = '```xs\nvar $a { value = 2 }\n```\n\nResult:\n```json\n{"a": integer}\n```\n'
    assert only(page).message.endswith("line 7 does not read as a value and is not compared")


def test_blocks_without_a_language_are_listed_when_they_are_programs() -> None:
    page = '```\nvar $a { value = 1 }\n```\n\n```\nproject/\n  a.xs\n```\n\n```\n{"a": 1}\n```\n'
    (result,) = run_page(page, "page.md", settings())
    assert result.status == "not_xanoscript" and "write ```xs above it" in result.message


def test_inputs_come_from_the_page_or_the_caller() -> None:
    needy = FUNCTION.replace("int n?=4", "int n")
    lacking = only(fenced(needy))
    assert (lacking.status, lacking.message) == ("needs_input", "function double needs n (int)")
    assert statuses(fenced(f"// Input: {{n: 5}}\n{needy}\n// Returns: {{out: 10, ...}}")) == ["passed"]
    assert statuses('Input: `{"n": 5}`\n' + fenced(f"{needy}\n// Returns: {{out: 10, ...}}")) == ["passed"]
    assert statuses(fenced(f"{needy}\n// Returns: {{out: 14, ...}}"), inputs={"n": 7}) == ["passed"]


def test_statements_are_compared_where_the_comment_stands() -> None:
    page = fenced("var $x { value = 1 } // => 1\nvar $x { value = $x + 1 }\n// Result: 2\nmath.add $x { value = 5 }")
    assert statuses(page) == ["passed"]
    assert statuses(fenced("var $x { value = 1 }\n// => 2")) == ["differs"]


def test_expressions_state_their_values_beside_them() -> None:
    assert statuses(fenced('[3, 4]|sum  // 7\n"a"|to_upper  // "A"')) == ["passed"]
    assert statuses(fenced("var $x { value = 2 }\n$x * 3  // 6")) == ["passed"]
    assert statuses(fenced("1 + 1  // 3")) == ["differs"]


def test_what_is_missing_is_said() -> None:
    assert only(fenced("var $y { value = $x + 1 }")).message == "reads $x, which it does not set: --var x=VALUE"
    assert statuses(fenced("var $y { value = $x + 1 }\n// => 3"), variables={"x": 2}) == ["passed"]
    assert only(fenced('function.run "none" as $x')).message == "calls function none, which is not on the page"
    assert "the network" in only(fenced('api.request {\n  url = "https://a.test"\n  method = "GET"\n} as $x')).message
    assert statuses(fenced("var $x { value = $auth.id }"), auth={"id": 5, "table": "user"}) == ["ran"]


def test_blocks_use_what_other_blocks_define() -> None:
    page = fenced('function.run "double" {\n  input = {n: 3}\n} as $d\nvar $o { value = $d.out }\n// => 6', FUNCTION)
    assert statuses(page) == ["passed", "ran"]


def test_a_second_block_may_define_a_name_anew() -> None:
    other = FUNCTION.replace("* 2", "* 3")
    page = fenced(f"{FUNCTION}\n// Returns: {{out: 8, ...}}", f"{other}\n// Returns: {{out: 12, ...}}")
    assert statuses(page) == ["passed", "passed"]


def test_tests_in_a_block_are_run() -> None:
    test = '\n  test "t" {\n    expect.to_equal ($response.out) { value = 8 }\n  }\n}'
    assert statuses(fenced(FUNCTION.removesuffix("\n}") + test)) == ["passed"]
    assert statuses(fenced(FUNCTION.removesuffix("\n}") + test.replace("8", "9"))) == ["failed"]


def test_what_is_shown_as_wrong_may_fail() -> None:
    page = "❌ Wrong:\n" + fenced("var $x { value = ) }")
    assert statuses(page) == ["ran"]
    assert statuses(fenced("var $x { value = ) }")) == ["failed"]


def test_known_differences_name_their_rule() -> None:
    result = only(fenced("var $x { value = 0 }\n$x || 10  // 10"))
    assert result.status == "differs"
    assert any("`||` gives a boolean" in text for text in result.details)


def test_calls_on_a_line_are_expressions() -> None:
    assert only(fenced('object.keys({a: 1, b: 2})   // ["a", "b"]')).status == "passed"
    assert only(fenced('object.keys({a: 1})   // ["b"]')).status == "differs"
    assert only(fenced("var $x { value = {a: 1} }\nobject.values($x)  // [1]")).status == "passed"
    assert "debug.log { value" in only(fenced('debug.log("x")')).message


def test_templates_are_not_seen_in_texts_and_comments() -> None:
    assert only(fenced('"<b>"|strlen  // 3')).status == "passed"
    assert only(fenced("// $x = {...}\nvar $x { value = {a: 1} }")).status == "ran"
    assert only(fenced('var $x { value = "it\'s {...}" }\n// => "it\'s {...}"')).status == "passed"
    for named in ('agent "<name>" {\n}', 'db.query "<table>" {\n} as $rows', "var $x { value = {...} }"):
        assert only(fenced(named)).status == "not_xanoscript"


MIDDLEWARE = """middleware "mark" {
  input {
    json vars?
  }
  stack {
  }
  response = {mark: 2}STRATEGY
}
"""


def test_a_merged_result_is_not_the_response_of_the_middleware() -> None:
    merging, replacing = (
        MIDDLEWARE.replace("STRATEGY", ""),
        MIDDLEWARE.replace("STRATEGY", '\n  response_strategy = "replace"'),
    )
    assert only(fenced(merging + "// Original: {a: 1}\n// Result: {a: 1, mark: 2}")).status == "ran"
    assert only(fenced(merging + "// Returns: {mark: 2}")).status == "passed"
    assert only(fenced(replacing + "// Result: {mark: 3}")).status == "differs"


def test_sets_are_compared_in_any_order() -> None:
    union = "array.union ([3, 1]) { value = [2] } as $all"
    assert only(fenced(f"{union}\n// Returns: [1, 2, 3]")).status == "passed"
    assert only(fenced(f"{union}\n// Returns: [1, 2, 4]")).status == "differs"
    later = only(fenced(f"{union}\nvar $copy {{ value = $all }}\n// Returns: [1, 2, 3]"))
    assert later.status == "differs"
    assert "known: union" in later.details[-1]
    assert only(fenced("var $x { value = [2, 1] }\n// Returns: [1, 2]")).status == "differs"


def test_errors_stand_on_the_lines_of_the_page() -> None:
    page = fenced("var $x { value = 1 }\nvar $y { value = [1]|get:0|json_decode:{ }", FUNCTION)
    assert "(line 5)" in run_page(page, "page.md", settings())[0].message


# The command ---------------------------------------------------------------------------------------------------------


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.md").write_text(fenced("1 + 1  // 2"), encoding="utf-8")
    (tmp_path / "b.txt").write_text("var $x { value = 1 }\n// => 2\n", encoding="utf-8")
    assert main(["doctest", str(tmp_path / "a.md")]) == 0
    assert capsys.readouterr().out.endswith("1 block: 1 passed\n")
    assert main(["doctest", str(tmp_path), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [block["status"] for block in document["blocks"]] == ["passed", "differs"]
    assert set(document["blocks"][0]) == {"file", "line", "title", "status", "message"}
    assert main(["doctest", str(tmp_path / "none.md")]) == 2
    (tmp_path / "c.md").write_text(fenced("var $x { value = $y }"), encoding="utf-8")
    assert main(["doctest", str(tmp_path / "c.md")]) == 0
    assert "1 block: 1 needs input\n1 block was not run to the end: give" in capsys.readouterr().out


def test_the_command_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(fenced("var $y { value = $x }\n// => [1]")))
    assert main(["doctest", "-", "--var", "x=[1]"]) == 0
    assert "1 passed" in capsys.readouterr().out


def test_stubs_are_programs() -> None:
    missing = Missing()
    page = fenced(
        'db.add "berth" {\n  data = {name: "x", depth: 3}\n} as $b\nfunction.run "f/g" {\n  input = {a: 1}\n} as $r'
    )
    run_page(page, "page.md", settings(), missing)
    text = missing.text()
    workspace = xsrun.Workspace.from_sources({"stubs.xs": text})
    assert {(one.kind, one.name) for one in workspace.constructs} == {("table", "berth"), ("function", "f/g")}
    assert not [problem for problem in xsrun.check({"stubs.xs": text}) if problem.severity == "error"]
    assert "text name?" in text and "int depth?" in text and "int a?" in text


def test_fill_makes_the_tables_that_sql_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    text = 'db.direct_query {\n  sql = "SELECT state, count(*) AS n FROM boats GROUP BY state"\n} as $r\n'
    page.write_text(f"```xs\n{text}```\n", encoding="utf-8")
    main(["doctest", "--json", str(page)])
    plain = json.loads(capsys.readouterr().out)["blocks"][0]
    assert (plain["status"], "needs rows: --seed FILE" in plain["message"]) == ("needs_input", True)
    main(["doctest", "--json", "--fill", str(page)])
    filled = json.loads(capsys.readouterr().out)["blocks"][0]
    assert filled["status"] == "ran"
    assert 'rows {"boats":[{"id":1,"state":' in filled["message"]

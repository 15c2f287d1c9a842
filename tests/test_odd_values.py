"""Values that few programs have, at every place that takes one: each is a value or an error, never a fault of xsrun."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import xsrun
from xsrun.cli import main
from xsrun.errors import InternalError
from xsrun.services.recording import Recording
from xsrun.values.digits import index_of, index_or_key, whole_of_digits

FUNCTION = "function f {{\n  input {{\n    {field}\n  }}\n  stack {{\n  }}\n  response = $input\n}}\n"
TABLE = "table t {{\n  auth = false\n  schema {{\n    int id\n    text name\n    {field}\n  }}\n{more}}}\n"
DIGITS = ("0" * 5000 + "1", *("9" * count for count in (18, 19, 20, 309, 400, 4300, 5000)))
#: places of a number in a program
PLACES = [
    "var $a {{ value = {n} }}",
    "var $a {{ value = -{n} }}",
    "var $a {{ value = {n}.5 }}",
    "var $a {{ value = 1e{n} }}",
    "var $a {{ value = [1][{n}] }}",
    "var $l {{ value = [1] }}\nvar $a {{ value = $l.{n} }}",
    "var $l {{ value = [1] }}\nvar $a {{ value = $l[{n}] }}",
    "var $l {{ value = [1] }}\nvar $a {{ value = $l|get:{n} }}",
    'var $l {{ value = [1] }}\nvar $a {{ value = $l|get:"{n}" }}',
    'var $l {{ value = [1] }}\nvar $a {{ value = $l|set:"{n}":1 }}',
    'var $l {{ value = [1] }}\nvar.update $l["{n}"] {{ value = 1 }}',
    "var $l {{ value = [1] }}\narray.push $l.{n} {{ value = 1 }}",
    "var $l {{ value = [1] }}\nvar $a {{ value = $l|transform:${n} }}",
    "var $a {{ value = {{{n}: 1}} }}\nvar $b {{ value = $a|map:$index }}",
    "var $a {{ value = {n} .. {n} }}",
    'var $a {{ value = "abc"|substr:{n} }}',
    'var $a {{ value = "a"|regex_matches:"/a{{{n}}}/" }}',
    'var $a {{ value = "{n}" + 1 }}',
    'var $a {{ value = "{n}"|to_int }}',
    'var $a {{ value = "{n}"|to_timestamp }}',
    'var $a {{ value = "[{n}]"|json_decode }}',
    'util.template_engine {{ value = "{{{{ {n} }}}}" }} as $a',
    "util.template_engine {{ value = \"{{{{ '{n}'|date }}}}\" }} as $a",
    "util.template_engine {{ value = \"{{{{ {{'{n}': 1}}|keys|first }}}}\" }} as $a",
    'db.add t {{ data = {{id: "{n}"}} }} as $a',
    "db.query t {{ where = $db.t.{n} == 1 }} as $a",
    'redis.set {{ key = "k"\n data = "{n}" }}\nredis.incr {{ key = "k"\n by = 1 }} as $a',
    'util.geo_distance {{ latitude_1 = "1e{n}"\n longitude_1 = {n}\n latitude_2 = 1\n longitude_2 = 1 }} as $a',
    'db.direct_query {{ sql = "select * from x1_{n}" }} as $a',
]
#: fields with a number in them
FIELDS = [
    "int[{n}] a",
    "int[:{n}] a",
    "int[{n}:] a",
    "int a?={n}",
    "int a?=-{n}",
    "text a filters=min:{n}",
    "text a filters=max:{n}",
    "vector[{n}] a",
    "text a filters=pattern:a{{{n}}}",
]


def is_fault(error: BaseException | None) -> bool:
    return isinstance(error, InternalError)


def assert_no_fault(sources: dict[str, str], called: str = "a", **given: object) -> None:
    """Check, format and run programs; whatever they are, no fault of xsrun shows."""
    xsrun.check(sources)
    for text in sources.values():
        try:
            xsrun.format(text)
        except xsrun.XanoScriptError as error:
            assert not is_fault(error)
    with xsrun.Workspace.from_sources(sources) as workspace:
        try:
            error = workspace.run(called, **given).error
        except xsrun.XanoScriptError as raised:
            error = raised
    assert not is_fault(error), repr(error.__cause__ or error)


# Numbers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_long_numbers_in_programs(place: str) -> None:
    for digits in (*DIGITS, "²", "٣"):
        assert_no_fault({"a.xs": place.format(n=digits) + "\n"})


@pytest.mark.parametrize("field", FIELDS)
def test_long_numbers_in_fields(field: str) -> None:
    for digits in DIGITS:
        line = field.format(n=digits)
        assert_no_fault({"a.xs": FUNCTION.format(field=line)}, "f", input={"a": "x"})
        assert_no_fault({"t.xs": TABLE.format(field=line, more=""), "a.xs": "db.query t {\n} as $x\n"})


def test_a_size_beyond_64_bits_is_an_error_at_its_place() -> None:
    (found,) = xsrun.check({"a.xs": FUNCTION.format(field="int[" + "9" * 5000 + "] a")})
    assert (found.code, found.line, found.column) == ("XS141", 3, 8)


def test_whole_numbers_of_digits() -> None:
    assert [whole_of_digits(text) for text in ("0", "007", "9" * 18, "0" * 5000 + "7")] == [0, 7, 10**18 - 1, 7]
    assert [whole_of_digits(text) for text in ("", "-1", " 1", "²", "٣", "9" * 19, "9" * 5000)] == [None] * 7
    assert [index_or_key(text) for text in ("0", "12", "012", "a", "²")] == [0, 12, "012", "a", "²"]
    assert [index_of(text, 3) for text in ("0", "2", "3", "-1", "-3", "-4", "--1", "²")] == [
        0,
        2,
        None,
        2,
        0,
        *[None] * 3,
    ]


# Names ---------------------------------------------------------------------------------------------------------------


def test_inputs_whose_names_are_no_words_keep_apart() -> None:
    fields = ["int _1?=1", 'int "x y"?=2', 'int "_2"?=3', 'int "é"?=4', 'int "3"?=5', 'int "4_"?=6', 'int "class"?=7']
    source = FUNCTION.format(field="\n    ".join(fields))
    with xsrun.Workspace.from_sources({"a.xs": source}) as workspace:
        response = workspace.run("f").response
    assert response == {"_1": 1, "x y": 2, "_2": 3, "é": 4, "3": 5, "4_": 6, "class": 7}


@pytest.mark.parametrize("name", ["\ud800", "a\0b", "\n", "é", "a:b", "x" * 300])
def test_names_of_data_sources(name: str) -> None:
    source = TABLE.format(field="", more="")
    with xsrun.Workspace.from_sources({"t.xs": source, "a.xs": "db.query t {\n} as $x\n"}) as workspace:
        error = workspace.run("a", datasource=name).error
    assert not is_fault(error)
    if name in ("\ud800", "a\0b"):
        assert "No table can be called" in str(error)


# Statements ----------------------------------------------------------------------------------------------------------


def test_a_push_on_a_key_of_a_list_makes_it_an_object() -> None:
    source = "var $a { value = [1] }\narray.push $a.b {\n  value = 2\n}\n"
    with xsrun.Workspace.from_sources({"a.xs": source}) as workspace:
        assert workspace.run("a").response == {"a": {"0": 1, "b": [2]}}


def test_merging_nothing() -> None:
    with xsrun.Workspace.from_sources({"a.xs": "var $a { value = [1] }\narray.merge $a {\n}\n"}) as workspace:
        assert workspace.run("a").response == {"a": [1]}


@pytest.mark.parametrize(
    "main", ["{name: {a: 1}}", "{name: 1}", "[]", "1", '{name: "f", input: [1]}', '{name: "f", input: 1}']
)
def test_a_job_whose_settings_are_no_call(main: str) -> None:
    sources = {"j.xs": f'run.job "x" {{\n  main = {main}\n}}\n', "f.xs": FUNCTION.format(field="int a?")}
    with xsrun.Workspace.from_sources(sources) as workspace:
        error = workspace.run("x", kind="run.job").error
    assert error is not None
    assert not is_fault(error)


@pytest.mark.parametrize("call", ["map('x')", "map(1)", "reduce(true)", "find([])", "map(null)"])
def test_template_filters_that_need_an_arrow_function(call: str) -> None:
    source = f'util.template_engine {{\n  value = "{{{{ [1]|{call} }}}}"\n}} as $r\n'
    with xsrun.Workspace.from_sources({"a.xs": source}) as workspace:
        error = workspace.run("a").error
    assert "needs an arrow function" in str(error)
    assert error is not None and error.line == 1


def test_bytes_where_a_statement_takes_a_name() -> None:
    source = 'var $key { value = "ff41"|hex2bin }\nredis.set {\n  key = $key\n  data = 1\n}\n'
    with xsrun.Workspace.from_sources({"a.xs": source}) as workspace:
        error = workspace.run("a").error
    assert error is not None
    assert (error.message, error.line, error.column) == ("The text is not valid UTF-8", 3, 9)
    assert "base64_encode" in (error.hint or "")


# Blanks --------------------------------------------------------------------------------------------------------------


def test_a_no_break_space_is_a_blank_wherever_one_may_stand() -> None:
    source = """function f {
  input {
    int a filters = min:1
    int[1 : 5] b ?= [1]
  }
  stack {
    var $x { value = {k : $input.a, "q" : 2} }
    conditional {
      if ($x.k == 2) {
        var.update $x { value = $x | set : "z" : [1, 2] }
      }
    }
    debug.log { value = !text "a" } as $y
    util.set_header {
      value = "a"
      duplicates = "replace"
    }
  }
  response = $x
  ---
}
"""
    plain = xsrun.parse(source, recover=True)
    spaced = xsrun.parse(source.replace(" ", "\u00a0"), recover=True)
    assert plain == spaced
    for text in ("function f {\n  input\u00a0{\n    int a\n  }\n  stack {\n  }\n  response = $input\n}\n",):
        assert [found.code for found in xsrun.check({"a.xs": text})] == ["XS520"]
        assert xsrun.parse(xsrun.format(text)) == xsrun.parse(text)
        with xsrun.Workspace.from_sources({"a.xs": text}) as workspace:
            assert workspace.run("f", input={"a": 1}).response == {"a": 1}


def test_a_default_that_begins_with_an_equals_sign() -> None:
    text = FUNCTION.format(field="text s= ={\n    }")
    assert xsrun.parse(xsrun.format(text)) == xsrun.parse(text)


# The command line ----------------------------------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "a.xs"
    path.write_text("var $a { value = 1 }\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "words",
    [
        ["--limit", "steps=inf"],
        ["--limit", "steps=nan"],
        ["--limit", "seconds=-1"],
        ["--limit", "memory=1e400"],
        ["--limit", "size=²"],
        ["--now", "²"],
        ["--now", "9" * 30],
        ["--now", "9" * 5000],
        ["--input", "a=" + "[" * 2000],
        ["--input", "[" * 2000],
        ["--input", '{"a": 1e999}'],
    ],
)
def test_options_with_odd_values(program: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(program), *words]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert "internal error" not in shown


def test_an_id_that_is_no_number_stays_a_text(program: Path) -> None:
    assert main(["run", str(program), "--auth", "user:²"]) == 0


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_a_seed_that_is_nested_too_deeply(program: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    seed = program.with_name(f"rows{suffix}")
    seed.write_text("[" * 20_000 + "]" * 20_000, encoding="utf-8")
    assert main(["run", str(program), "--seed", str(seed)]) == 2
    assert "nested too deeply" in capsys.readouterr().err


#: what may stand in a file that an option names
ODD_FILES = {
    "deep list": b"[" * 3_000,
    "deep object": b'{"a":' * 3_000,
    "zeros": b"\0" * 1000,
    "any bytes": bytes(range(256)) * 20,
    "a long field": b"a,b\n" + b"x" * 200_000 + b",1\n",
    "lone returns": b"a,b\r1,2\r",
    "odd numbers": b'{"t": [{"id": 1e999}, {"id": ' + b"9" * 5000 + b"}, NaN]}",
    "half a character": b'{"t": [{"a": "\\ud800"}]}',
    "utf-16": '{"t": []}'.encode("utf-16"),
}
#: options that take a file, and an ending that they know it by
FILE_OPTIONS = [
    *(("--seed", f"rows.{ending}") for ending in ("json", "yaml", "csv")),
    ("--input", "@rows.json"),
    ("--input", "@rows.jsonl"),
    ("--replay", "rows.json"),
    ("--model", "rows.json"),
    ("--body", "@rows.bin"),
]


@pytest.mark.parametrize("content", ODD_FILES.values(), ids=ODD_FILES.keys())
@pytest.mark.parametrize(("option", "name"), FILE_OPTIONS)
def test_odd_files_that_options_name(
    program: Path,
    option: str,
    name: str,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program.with_name(name.removeprefix("@")).write_bytes(content)
    monkeypatch.chdir(program.parent)
    assert main(["run", str(program), option, name]) in (0, 1, 2)
    told = capsys.readouterr().err
    assert "nternal error" not in told
    assert "Traceback" not in told


def test_rows_of_csv_with_long_fields_and_lone_returns(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program.write_text('db.query t { return = {type: "list"} } as $rows\n', encoding="utf-8")
    seed = program.with_name("t.csv")
    for content, rows in (("a\n" + "x" * 200_000, ["x" * 200_000]), ("a\r1\r2\r", ["1", "2"])):
        seed.write_bytes(content.encode())
        assert main(["run", str(program), "--seed", str(seed), "--json"]) == 0
        assert [row["a"] for row in json.loads(capsys.readouterr().out)["response"]["rows"]] == rows


def test_a_seed_that_holds_itself(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = program.with_name("rows.yaml")
    seed.write_text("fruit: &rows [*rows]", encoding="utf-8")
    assert main(["run", str(program), "--seed", str(seed)]) == 2
    assert "row 1 of `fruit` must be an object of columns, not a list that holds itself" in capsys.readouterr().err


def test_a_target_that_no_file_can_be_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "a" * 5_000]) == 2
    assert capsys.readouterr().err.startswith("error: no such file, folder or construct: aaa")


@pytest.mark.skipif(os.name == "nt", reason="words are texts there, not bytes")
def test_a_body_of_any_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = """query q verb=POST {
  input {
  }
  stack {
    util.get_raw_input {
      encoding = "none"
    } as $r
  }
  response = $r|bin2hex
}
"""
    path = tmp_path / "q.xs"
    path.write_text(source, encoding="utf-8")
    assert main(["run", str(path), "--body", os.fsdecode(b"a\xff")]) == 0
    assert capsys.readouterr().out == '"61ff"\n'


def test_a_recording_that_cannot_be_written_is_refused_at_once(tmp_path: Path, program: Path) -> None:
    assert main(["run", str(program), "--record", str(tmp_path)]) == 2
    with pytest.raises(xsrun.UsageError, match="it is a folder"):
        Recording(tmp_path, replaying=False)

"""Errors of inputs: the engine's text stays as it is, what people read names the input and where it is declared."""

from __future__ import annotations

import xsrun
from xsrun.cli.output import describe_error
from xsrun.errors import InputError
from xsrun.server.log import Log

SOURCES = {
    "function/f.xs": """function f {
  input {
    int age? filters=min:1
    object home? {
      schema {
        text[] codes? filters=pattern:^a$
      }
    }
    text? name
  }
  stack {
  }
  response = $input.age
}
""",
    "function/g.xs": """function g {
  input {
  }
  stack {
    function.run f {
      input = {age: 0, name: "Ann"}
    } as $x
  }
  response = $x
}
""",
}


def failure(called: str, /, **given: object) -> InputError:
    error = xsrun.Workspace.from_sources(SOURCES).run(called, kind="function", input=given).error
    assert isinstance(error, InputError)
    return error


def test_message_and_body_are_the_engines() -> None:
    error = failure("f", age=0, name="Ann")
    body = {"code": "ERROR_CODE_INPUT_ERROR", "message": "Value is less than the minimum value of 1"}
    assert error.as_dict() == {**body, "payload": {"param": "age"}}
    assert (error.file, error.line, error.column) == ("function/f.xs", 3, 9)


def test_shown_with_the_name_and_the_declaration() -> None:
    shown = describe_error(failure("f", age=0, name="Ann"), SOURCES)
    assert "error[ERROR_CODE_INPUT_ERROR]: input `age`: Value is less than the minimum value of 1" in shown
    assert " --> function/f.xs:3:9\n" in shown
    assert "3 |     int age? filters=min:1\n  |         ^^^" in shown


def test_member_of_an_object_and_element_of_a_list() -> None:
    shown = describe_error(failure("f", home={"codes": ["a", "b"]}, name="Ann"), SOURCES)
    assert "input `home.codes.1`: Invalid pattern." in shown
    assert "function/f.xs:6:16" in shown


def test_missing_input_lists_those_there_are() -> None:
    error = failure("f")
    assert error.message == "Missing param: name"
    assert "input `" not in describe_error(error, SOURCES).splitlines()[0]
    assert error.hint == "the inputs are: int age?, object home?, text? name"


def test_call_inside_a_program_shows_both_places() -> None:
    shown = describe_error(failure("g"), SOURCES)
    assert shown.index("function/g.xs:5:5") < shown.index("the input is declared here") < shown.index("f.xs:3:9")


def test_log_of_the_server() -> None:
    lines: list[str] = []
    Log(lines.append).request("GET", "/f", 400, 0.001, failure("f", age=0, name="Ann"))
    assert "function/f.xs:3: ERROR_CODE_INPUT_ERROR: input `age`: Value is less than" in lines[0]
    Log(lines.append).request("GET", "/f", 400, 0.001, failure("f"))
    assert "help: the inputs are: int age?" in lines[1]


def test_unit_test_names_the_input() -> None:
    expectation = "expect.to_equal ($response) {\n      value = 1\n    }"
    test = f'  test "t" {{\n    input = {{age: 0, name: "a"}}\n    {expectation}\n  }}\n'
    sources = {"function/f.xs": SOURCES["function/f.xs"].removesuffix("}\n") + test + "}\n"}
    (outcome,) = xsrun.Workspace.from_sources(sources).test().results
    assert "input `age`: Value is less than the minimum value of 1" in (outcome.message or "")

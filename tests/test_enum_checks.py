"""What `xsrun check` says of values that an enum does not have, and of what `api.call` sends."""

from __future__ import annotations

import pytest

import xsrun

TABLE = """table order {
  auth = false
  schema {
    int id
    enum status { values = ["open", "paid"] }
    enum[] marks? { values = ["new"] }
  }
}
"""
FUNCTION = """function f {{
  input {{
    enum color {{ values = ["red", "green"] }}
    enum folded? filters=lower {{ values = ["red"] }}
    int id?
  }}
  stack {{
    {}
  }}
  response = {}
}}
"""
QUERY = """query "boats/{id}" verb=GET {
  api_group = "harbour"
  input {
    int id
    enum color? { values = ["red", "green"] }
  }
  stack {
  }
  response = $input.color
}
"""
TEST = "workflow_test w {{\n  stack {{\n    {}\n  }}\n}}\n"


def told(sources: dict[str, str], *codes: str) -> list[tuple[str, str, str]]:
    found = [one for one in xsrun.check(sources) if one.code in codes]
    return [(one.code, one.message, one.hint or "") for one in found]


WRONG = [
    ("", '$input.color == "grren"', "did you mean `green`?"),
    ("", '"grren" != ($input.color)', "did you mean `green`?"),
    ('conditional {\nif ($input.color === "blue") {\n}\n}', "null", "its values are red, green"),
    ('switch ($input.color) {\ncase ("grren") {\n} break\n}', "null", "did you mean `green`?"),
    ('db.query order {\nwhere = $db.order.status == "piad"\n} as $rows', "$rows", "did you mean `paid`?"),
    ('db.query order {\nwhere = $db.order.status in ["open", "piad"]\n} as $rows', "$rows", "did you mean `paid`?"),
    ("db.get order {\nfield_value = $input.id\n} as $row", '$row.status == "piad"', "did you mean `paid`?"),
    ("db.get order {\nfield_value = $input.id\n} as $row", '$row.status == "piad" ? 1 : 2', "did you mean `paid`?"),
]


@pytest.mark.parametrize(("statements", "response", "hint"), WRONG)
def test_a_comparison_that_always_comes_out_the_same(statements: str, response: str, hint: str) -> None:
    sources = {"t.xs": TABLE, "f.xs": FUNCTION.format(statements, response)}
    ((_, message, help_),) = told(sources, "XS623")
    assert "is never" in message and help_ == hint


@pytest.mark.parametrize(
    ("statements", "response"),
    [
        ("", '$input.color == "green" || $input.color == "" || $input.color == null'),
        ("", '$input.folded == "RED"'),
        ("", '($input.color|to_upper) == "GREEN"'),
        ("", "$input.color == $input.folded"),
        ('db.get order {\nfield_value = 1\n} as $row\nvar $row { value = {status: "lost"} }', '$row.status == "lost"'),
        ("db.get order {\nfield_value = 1\n} as $row\nvar.update $row.status { value = 1 }", '$row.status == "lost"'),
        ("db.get order {\nfield_value = 1\n} as $row", '$row.marks == "old"'),
        ('db.query other {\nwhere = $db.other.status == "lost"\n} as $rows', "$rows"),
    ],
)
def test_no_false_ones(statements: str, response: str) -> None:
    assert told({"t.xs": TABLE, "f.xs": FUNCTION.format(statements, response)}, "XS623") == []


REQUESTS = [
    ('api_group = "harbour"\ninput = {id: 1, color: "grren"}', "XS725", "`grren` is not one of the values of `color`"),
    ('api_group = "harbour"', "XS706", "`boats/{id}` needs the input `id`"),
    ("input = {id: 1, colour: 1}", "XS704", "`boats/{id}` declares no input `colour`; it is dropped"),
    ('path_params = {id: 1}\nquery = {color: "bleu"}', "XS725", "`bleu` is not one of the values of `color`"),
]


@pytest.mark.parametrize(("attributes", "code", "message"), REQUESTS)
def test_what_api_call_sends(attributes: str, code: str, message: str) -> None:
    sources = {"q.xs": QUERY, "w.xs": TEST.format(f'api.call "boats/{{id}}" verb=GET {{\n{attributes}\n}} as $r')}
    assert [one[:2] for one in told(sources, "XS704", "XS705", "XS706", "XS725")] == [(code, message)]


@pytest.mark.parametrize(
    "call",
    [
        'api.call "boats/{id}" verb=POST {\napi_group = "harbour"\n} as $r',
        'api.call "boats/{id}" verb=GET {\napi_group = "other"\n} as $r',
        'api.call "boats/{id}" verb=GET {\ninput = $sent\n} as $r',
        'expect.to_throw {\nstack {\napi.call "boats/{id}" verb=GET as $r\n}\n}',
    ],
)
def test_requests_to_others(call: str) -> None:
    sources = {"q.xs": QUERY, "w.xs": TEST.format(call)}
    assert told(sources, "XS704", "XS705", "XS706", "XS725") == []


def test_a_test_is_checked_again_when_the_query_takes_something_else() -> None:
    from xsrun.analysis.session import CheckSession

    call = 'api.call "boats/{id}" verb=GET {\napi_group = "harbour"\ninput = {id: 1}\n} as $r'
    session = CheckSession({"q.xs": QUERY, "w.xs": TEST.format(call)})
    assert "XS706" not in {one.code for one in session.diagnostics("w.xs")}
    session.edit("q.xs", QUERY.replace("enum color?", "enum color"))
    assert "XS706" in {one.code for one in session.diagnostics("w.xs")}


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ('"user_" + 7', 'to join texts write "user_" ~ 7'),
        ('"a" + $input.id + "b"', 'to join texts write "a" ~ $input.id'),
        ('7 * "x"', "write a number, or convert the text with |to_int or |to_decimal"),
    ],
)
def test_a_text_is_not_calculated_with(expression: str, hint: str) -> None:
    sources = {"f.xs": FUNCTION.format("", expression)}
    ((_, message, help_),) = told(sources, "XS624")
    assert "Not numeric" in message and help_ == hint
    error = xsrun.Workspace.from_sources(sources).run("f", input={"color": "red"}).error
    assert error is not None and error.message == "Not numeric."


@pytest.mark.parametrize("expression", ['"1" + 7', '" 2.5 " * 2', '"a" ~ 7', '"a" ~ $input.id ~ "b"', "$input.id + 1"])
def test_numbers_in_texts_and_joined_texts_are_fine(expression: str) -> None:
    assert told({"f.xs": FUNCTION.format("", expression)}, "XS624") == []

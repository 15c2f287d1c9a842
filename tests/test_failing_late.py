"""What the engine stores although it cannot work fails when it is reached, and `check` says so beforehand."""

from __future__ import annotations

import pytest

import xsrun

CONSTRUCT = """function f {{
  input {{
    bool go?
    int n?=1
  }}
  stack {{
    var $r {{ value = 1 }}
    try_catch {{
      try {{
        conditional {{
          if ($input.go) {{
            {statement}
          }}
        }}
      }}
      catch {{
        var $r {{ value = $error.message }}
      }}
    }}
  }}
  response = $r
}}
"""


@pytest.mark.parametrize(
    ("statement", "message", "code"),
    [
        ('var $r { value = "ab"|lenght }', "Unable to locate func entry: lenght", "XS403"),
        ('var $r { value = "ab"|split }', "Too few arguments: the filter `split` takes 1, not 0", "XS404"),
        ('var $r { value = shout("ab") }', "Unable to locate func entry: shout", "XS409"),
        ("var $r { value = [1]|map }", "Too few arguments: the filter `map` takes 1, not 0", "XS404"),
        ('db.query "" as $r', "Invalid name: mvpw1:0", "XS421"),
        ('db.add "" { data = {a: 1} } as $r', "Invalid name: mvpw1:0", "XS421"),
        ('function.run "" as $r', "Function does not exist: function:0", "XS421"),
        ("conditional {\nif ($input.n in [1]) {\nvar $r { value = 2 }\n}\n}", "Invalid op: in", "XS407"),
        ("conditional {\nif (!$input.go || $input.n not in [1]) {\n}\n}", "Invalid op: not in", "XS407"),
        ('while ($input.n like "a") {\neach {\n}\n}', "Invalid op: like", "XS407"),
        ("precondition ($input.n ==? 1)", "Invalid op: ==?", "XS407"),
        ("array.filter ([1]) if ($this in [1]) as $r", "Invalid op: in", "XS407"),
    ],
)
def test_what_fails_when_it_is_reached(statement: str, message: str, code: str) -> None:
    sources = {"f.xs": CONSTRUCT.format(statement=statement)}
    workspace = xsrun.Workspace.from_sources(sources)
    assert workspace.run("f").response == 1
    assert workspace.run("f", input={"go": True}).response == message
    assert [found.code for found in xsrun.check(sources) if found.severity == "error"] == [code]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [("`$input.n in [1]`", 2), ("[1]|in:$input.n", 2), ("[1]|some:$$ in [2]", 1), ("!($input.n in [1])", 1)],
)
def test_in_expressions_the_words_of_a_where_work(condition: str, holds: int) -> None:
    statement = f"conditional {{\nif ({condition}) {{\nvar $r {{ value = 2 }}\n}}\n}}"
    workspace = xsrun.Workspace.from_sources({"f.xs": CONSTRUCT.format(statement=statement)})
    assert workspace.run("f", input={"go": True}).response == holds


def test_an_unknown_filter_in_a_where_is_refused() -> None:
    statement = 'db.query crate {\nwhere = $db.crate.label == ("a"|lowercase)\n} as $r'
    workspace = xsrun.Workspace.from_sources({"f.xs": CONSTRUCT.format(statement=statement)})
    error = workspace.run("f").error
    assert error is not None and not error.catchable and "lowercase" in error.message


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('5|to_text:""', "5"),
        ('" a "|trim:"":1:2', "a"),
        ('"a"|concat:"b":"-":""', "a-b"),
        ("[1, 2]|map:$$ + 1:7", [2, 3]),
        ('"abc"|sprintf', "abc"),
        ("[1]|array_merge", [1]),
        ("{a: 1}|array_merge_recursive", {"a": 1}),
        ("0|eq", True),
    ],
)
def test_arguments_that_are_ignored_or_not_counted(expression: str, value: object) -> None:
    assert xsrun.evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$x|trim|to_upper", ["A", ["B"]]),
        ("$x|strlen", [2, [2]]),
        ("$n|to_int", [1, [2]]),
        ("$n|to_text", ["1.5", ["2"]]),
        ("$n|even", [False, [True]]),
        ("($n|even) ? 1 : 2", 1),
        ("($n|to_int) == 1", False),
        ('"a"|trim', "a"),
    ],
)
def test_filters_of_texts_and_numbers_go_into_lists(expression: str, value: object) -> None:
    variables = {"x": [" a", ["b "]], "n": [1.5, ["2"]]}
    assert xsrun.evaluate(expression, variables) == value
    with pytest.raises(xsrun.XanoScriptError):
        xsrun.evaluate("$x|trim", {"x": {"a": 1}})


def test_a_transform_reads_auth_without_an_identity() -> None:
    workspace = xsrun.Workspace.from_sources(
        {"f.xs": CONSTRUCT.format(statement="var $r { value = 5|transform:$auth }")}
    )
    assert workspace.run("f", input={"go": True}).response == {"dbo": "", "id": 0}
    signed = workspace.run("f", input={"go": True}, auth={"id": 7, "table": "user"}).response
    assert signed["id"] == 7
    bare = xsrun.Workspace.from_sources({"f.xs": CONSTRUCT.format(statement="var $r { value = $auth }")})
    assert bare.run("f", input={"go": True}).response == ""  # the message of the access error


@pytest.mark.parametrize(
    ("read", "message"),
    [
        ("$input.n.a.b", "Unable to locate input: n.a"),
        ('$input.n["a"]', "Unable to locate input: n.a"),
        ("$auth.email", "Unable to locate auth: email"),
        ("$auth.extras.manager", "Unable to locate auth: extras.manager"),
        ("$r.a", "Unable to locate var: r.a"),
    ],
)
def test_errors_name_the_root_that_was_read(read: str, message: str) -> None:
    workspace = xsrun.Workspace.from_sources({"f.xs": CONSTRUCT.format(statement=f"var $r {{ value = {read} }}")})
    result = workspace.run("f", input={"go": True}, auth={"id": 1, "table": "user"})
    assert str(result.response).startswith(message)


@pytest.mark.parametrize("expression", ["|nope", "|now", "|split", "nope()", "!|nope"])
def test_a_filter_of_nothing_fails_as_any_other(expression: str) -> None:
    with pytest.raises(xsrun.XanoScriptError) as raised:
        xsrun.evaluate(expression)
    assert not str(raised.value).startswith("internal error")

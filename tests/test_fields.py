"""Declared fields: presence, coercion, filters, error paths."""

from __future__ import annotations

import json
from typing import Any

import pytest

import xsrun
from xsrun.errors import InputError
from xsrun.fields.compiling import compile_fields
from xsrun.fields.declared import NOW, Declared, bind, coerce, default_value, has_zero_value, zero_value
from xsrun.running.context import Context
from xsrun.syntax import nodes

NIL = "00000000-0000-0000-0000-000000000000"
CONTEXT = Context(clock=lambda: 1_700_000_000_000)


def field(type_: str, name: str = "q", flags: str = "", **parts: Any) -> nodes.Field:
    """A field node: flags hold `?` before and after a dot for the two question marks, `text? q?` is `?.?`."""
    before, _, after = flags.partition(".")
    filters = [
        nodes.FieldFilter(key, [*arguments], key.startswith("!")) for key, *arguments in parts.get("filters", [])
    ]
    items = [nodes.Attribute(key, value, "\n", False) for key, value in parts.get("attributes", {}).items()]
    if "schema" in parts:
        items.append(nodes.FieldBlock("schema", parts["schema"]))
    body = nodes.Body(items) if items else None
    return nodes.Field(
        type_, name, parts.get("size"), "?" in before, "?" in after, parts.get("default"), filters, body, 1
    )


def texts(*values: str) -> nodes.ListLiteral:
    return nodes.ListLiteral([nodes.Literal(value, '"') for value in values])


def bound(node: nodes.Field, *values: Any) -> Any:
    """What the field binds for the value, or for an omitted one; the error as `(message, param)`."""
    sent = {node.name: values[0]} if values else {}
    try:
        return bind(compile_fields([node]), sent, CONTEXT).get(node.name, "not bound")
    except InputError as error:
        assert error.status == 400 and error.code == "ERROR_CODE_INPUT_ERROR"
        return error.message, error.payload["param"]


MISSING = ("Missing param: q", "q")


@pytest.mark.parametrize(
    ("flags", "default", "expected"),
    [
        (".", None, ["x", MISSING, MISSING, MISSING]),
        ("?.", None, ["x", MISSING, None, MISSING]),
        (".?", None, ["x", "", MISSING, ""]),
        ("?.?", None, ["x", "", None, None]),
        ("?.?", "d", ["x", "", None, "d"]),
    ],
)
def test_presence_of_text(flags: str, default: str | None, expected: list[Any]) -> None:
    node = field("text", flags=flags, default=nodes.Literal(default, '"') if default else None)
    assert [bound(node, "x"), bound(node, ""), bound(node, None), bound(node)] == expected


@pytest.mark.parametrize("kind", ["text", "email", "password", "uuid", "date", "json"])
def test_empty_text_is_missing(kind: str) -> None:
    assert bound(field(kind), "") == MISSING


@pytest.mark.parametrize("kind", ["int", "decimal", "bool", "timestamp", "vector", "geo_point", "enum"])
def test_empty_text_is_the_wrong_type(kind: str) -> None:
    message, param = bound(field(kind, attributes={"values": texts("a")}), "")
    assert param == "q" and not message.startswith("Missing")


@pytest.mark.parametrize(
    ("kind", "zero"),
    [
        *[("text", ""), ("email", ""), ("enum", ""), ("uuid", ""), ("int", 0), ("decimal", 0), ("bool", False)],
        *[(kind, None) for kind in ("timestamp", "json", "file", "vector", "geo_point", "image")],
    ],
)
def test_omitted_optional(kind: str, zero: Any) -> None:
    assert bound(field(kind, flags=".?")) == zero
    assert bound(field(kind, flags="?.?")) is None


def test_omitted_date_is_not_bound() -> None:
    assert bound(field("date", flags=".?")) == "not bound"
    assert bound(field("date", flags="?.?")) is None


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", 12, "12"),
        ("text", 1.5, "1.5"),
        ("text", 2.0, "2"),
        ("text", True, "true"),
        ("text", " ", " "),
        ("int", 5, 5),
        ("int", "5", 5),
        ("int", " -5 ", -5),
        ("int", 5.0, 5),
        ("int", -(2**63), -(2**63)),
        ("decimal", "1.5e3", 1500.0),
        ("decimal", 2, 2.0),
        ("bool", "false", False),
        ("bool", 1, True),
        ("bool", "0", False),
        ("email", " a@b ", "a@b"),
        ("email", "o'neil+x@mail.example.org", "o'neil+x@mail.example.org"),
        ("uuid", "AAAAAAAA-0000-0000-0000-00000000000f", "AAAAAAAA-0000-0000-0000-00000000000f"),
        ("date", "2024-02-29", "2024-02-29"),
        ("timestamp", 1700000000, 1700000000),
        ("json", '{"a": 1}', {"a": 1}),
        ("json", "plain", "plain"),
        ("json", 0, 0),
        ("vector", [1, 2.5], [1, 2.5]),
        ("vector", "[1, 2]", [1, 2]),
        ("geo_point", {"type": "point", "data": {"lng": 1, "lat": 2}}, {"type": "point", "data": {"lng": 1, "lat": 2}}),
        ("geo_point", "POINT(1 2.5)", {"type": "point", "data": {"lng": 1, "lat": 2.5}}),
        ("image", {"path": "/vault/a.png"}, {"path": "/vault/a.png"}),
        ("gadget", [1, {"a": None}], [1, {"a": None}]),
    ],
)
def test_accepted(kind: str, value: Any, expected: Any) -> None:
    result = bound(field(kind), value)
    assert result == expected and type(result) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("text", ["x"], "Text filter requires an integer, float, string or boolean value"),
        ("text", {}, "Text filter requires an integer, float, string or boolean value"),
        ("int", "five", "Value is not a valid integer"),
        ("int", 1.5, "Value is not a valid integer"),
        ("int", 2**63, "Value is not a valid integer"),
        ("int", True, "Value is not a valid integer"),
        ("int", "9" * 5000, "Value is not a valid integer"),
        ("int", float("nan"), "Value is not a valid integer"),
        ("decimal", "1,5", "Value is not a valid decimal"),
        ("decimal", float("inf"), "Value is not a valid decimal"),
        ("decimal", 10**400, "Value is not a valid decimal"),
        ("bool", "yes", "Value is not a valid boolean"),
        ("bool", 2, "Value is not a valid boolean"),
        ("email", "no at sign", "Invalid email format."),
        ("email", "a@-b", "Invalid email format."),
        ("uuid", "123", "Value is not a valid uuid"),
        ("date", "2023-02-29", "Value is not a valid date"),
        ("date", "1/2/2023", "Value is not a valid date"),
        ("geo_point", {"type": "Point", "coordinates": [1, 2]}, "Only strings are supported for: POINT"),
        ("geo_polygon", "POINT(1 2)", "Only strings are supported for: POLYGON"),
        ("vector", [1, "2"], "Value is not a valid vector"),
        ("file", "a text", "Value is not a valid file"),
    ],
)
def test_refused(kind: str, value: Any, message: str) -> None:
    assert bound(field(kind), value) == (message, "q")


def test_media_input_given_an_upload() -> None:
    assert bound(field("image"), object()) == ("Missing param: path", "q.path")


def test_vector_size() -> None:
    node = field("vector", attributes={"size": nodes.Literal(3)})
    assert bound(node, [1, 2, 3]) == [1, 2, 3]
    assert bound(node, [1, 2]) == ("expected 3 dimensions, not 2", "q")


def test_enum() -> None:
    node = field("enum", attributes={"values": texts("a", "1")})
    assert bound(node, "a") == "a"
    assert bound(node, 1) == "1"
    assert bound(node, "c") == ("Input 'c' is not one of the allowable values.", "q")
    assert bound(field("enum"), "anything") == "anything"


def test_uuid_optional_empty_is_nil() -> None:
    assert bound(field("uuid", flags=".?"), "") == NIL


@pytest.mark.parametrize(
    ("filters", "value", "expected"),
    [
        ([("min", "3"), ("trim",)], "  ab ", ("Input does not meet minimum length requirement of 3 characters", "q")),
        ([("max", "4")], "abcde", ("Input does not meet maximum length requirement of 4 characters", "q")),
        ([("max", "2")], "éé", "éé"),
        ([("startsWith", "SKU-")], "X1", ("Invalid format detected. Expected SKU- but received X1", "q")),
        ([("startsWith", "0")], "X1", "X1"),
        ([("upper",), ("lower",)], "aB", "AB"),
        ([("startsWith", "A"), ("lower",)], "AB", "ab"),
        ([("alphaOk",), ("digitOk",)], "aB1", "aB1"),
        ([("alphaOk",), ("ok", "-_")], "a-B", "a-B"),
        ([("alphaOk",)], "a1", ("Invalid characters detected.", "q")),
        ([("prevent", "bad")], "so bad", ("Invalid characters detected.", "q")),
        ([("pattern", r"^\d{5}$")], "12345", "12345"),
        ([("pattern", r"^\d{5}$")], "12345\n", "12345\n"),
        ([("pattern", r"^\d{5}$")], "٣٣٣٣٣", ("Invalid pattern.", "q")),
        ([("pattern", "/^abc$/i", "only abc")], "ABC", "ABC"),
        ([("pattern", "/^abc$/i", "only abc")], "abd", ("only abc", "q")),
        ([("pattern", "(")], "abd", ("Invalid pattern.", "q")),
        ([("pattern", "^(a+)+$")], "a" * 40 + "b", ("Invalid pattern.", "q")),
        ([("minAlpha", "2")], "a1", ("Weak password detected. Please use at least 2 letters.", "q")),
        ([("!min", "9")], "a", "a"),
        ([("@", "dbo=36"), ("min", "many"), ("max",)], "a", "a"),
    ],
)
def test_text_filters(filters: list[tuple[str, ...]], value: str, expected: Any) -> None:
    assert bound(field("text", filters=filters), value) == expected


def test_number_filters() -> None:
    node = field("int", filters=[("min", "1"), ("max", "9"), ("trim",)])
    assert bound(node, "5") == 5
    assert bound(node, 0) == ("Value is less than the minimum value of 1", "q")
    assert bound(node, 10) == ("Value is greater than the maximum value of 9", "q")
    assert bound(field("decimal", filters=[("min", "0.5")]), 0) == ("Value is less than the minimum value of 0.5", "q")


def test_email_is_lowered_after_the_check() -> None:
    assert bound(field("email", filters=[("lower",)]), "  Me@Ex.com ") == "me@ex.com"


def test_lists() -> None:
    assert bound(field("text", size=(None, None)), "a") == ["a"]
    assert bound(field("text", size=(None, None)), ["a", 1]) == ["a", "1"]
    assert bound(field("text", size=(None, None), flags=".?")) == []
    assert bound(field("int", size=(None, None)), '["x"]') == ["x"]
    assert bound(field("int", size=(None, None)), [1, "x"]) == ("Value is not a valid integer", "q.1")
    assert bound(field("int", size=(None, None)), [1, None]) == ("Missing param: q.1", "q.1")
    assert bound(field("int", size=(None, None)), [1, 2**70]) == ("Value is not a valid integer", "q.1")
    assert bound(field("json", size=(None, None)), [1, None]) == [1, None]
    assert bound(field("text", size=(None, None), filters=[("trim",), ("max", "2")]), [" abc"]) == ["abc"]


def test_list_sizes() -> None:
    node = field("text", size=(1, 2))
    assert bound(node, []) == ("Input does not meet minimum length requirement of 1 items", "q")
    assert bound(node, ["a", "b", "c"]) == ("Input does not meet maximum length requirement of 2 items", "q")
    assert bound(field("text", size=(None, None), filters=[("min", "2")]), ["a"])[0].endswith("2 items")


def test_objects() -> None:
    city = field("text", "city")
    zone = field("enum", "zone", flags=".?", default=nodes.Word("a"), attributes={"values": texts("a", "b")})
    node = field("object", "home", schema=[city, zone])
    assert bound(node, {"city": "Oslo", "other": 1}) == {"city": "Oslo", "zone": "a"}
    assert bound(node, '{"city": "Oslo", "zone": "b"}') == {"city": "Oslo", "zone": "b"}
    assert bound(node, {}) == ("Missing param: home.city", "home.city")
    assert bound(node, "no json") == ("Missing param: home.city", "home.city")
    assert bound(node, {"city": "x", "zone": "z"})[1] == "home.zone"
    relaxed = field("object", "home", flags=".?", schema=[city, zone])
    assert bound(relaxed) == {"city": "", "zone": "a"}
    many = field("object", "items", size=(None, None), schema=[city])
    assert bound(many, [{"city": "x"}, {}]) == ("Missing param: items.1.city", "items.1.city")
    assert bound(field("object", "any"), {"a": 1}) == {"a": 1}


def test_defaults() -> None:
    assert bound(field("int", flags=".?", default=nodes.Literal("7", '"'))) == 7
    assert bound(field("int", flags=".?", default=nodes.Unary("-", nodes.Literal(7)))) == -7
    assert bound(field("int", flags=".?", default=nodes.Word("many"))) == "many"
    assert bound(field("text", default=nodes.Literal(5))) == "5"
    assert bound(field("timestamp", flags=".?", default=nodes.Now())) == 1_700_000_000_000
    assert bound(field("text", flags=".?", default=nodes.Now())) == "now"
    assert bound(field("json", flags=".?", default=nodes.ObjectLiteral([]))) == {}
    assert bound(field("text", flags="?.?", default=nodes.Literal(None))) is None
    assert bound(field("text", flags=".?", default=nodes.Variable("x"))) == ""
    assert compile_fields([field("timestamp", default=nodes.Now())])[0].default is NOW


def test_default_containers_are_not_shared() -> None:
    declared = compile_fields([field("text", size=(None, None), flags=".?", default=texts("a"))])
    bind(declared, {}, CONTEXT)["q"].append("b")
    assert bind(declared, {}, CONTEXT) == {"q": ["a"]}


def test_undeclared_are_dropped_and_first_failure_wins() -> None:
    declared = compile_fields([field("int", "a"), field("int", "b")])
    assert bind(declared, {"a": 1, "b": 2, "c": 3}, CONTEXT) == {"a": 1, "b": 2}
    with pytest.raises(InputError, match="Missing param: a"):
        bind(declared, {"b": "x"}, CONTEXT)
    with pytest.raises(InputError, match="Missing param: a"):
        bind(declared, None, CONTEXT)


def test_link_to_a_table() -> None:
    columns = compile_fields([field("int", "id"), field("text", "name"), field("text", "note", flags=".?")])
    hidden = nodes.ObjectLiteral([nodes.Entry("id", nodes.ObjectLiteral([nodes.Entry("hidden", nodes.Literal(True))]))])
    link = field("dblink", "", attributes={"table": nodes.Literal("pet", '"'), "override": hidden})
    declared = compile_fields([link], columns_of=lambda table: columns if table == "pet" else None)
    assert bind(declared, {"id": 1, "name": "Rex"}, CONTEXT) == {"name": "Rex", "note": ""}
    assert compile_fields([link]) == []


def test_attributes() -> None:
    attributes = {
        "description": nodes.Literal("who", '"'),
        "sensitive": nodes.Literal(True),
        "visibility": nodes.Literal("internal", '"'),
        "table": nodes.Literal("user", '"'),
    }
    (declared,) = compile_fields([field("int", attributes=attributes)])
    assert (declared.description, declared.sensitive, declared.visibility, declared.table) == (
        "who",
        True,
        "internal",
        "user",
    )


def test_columns() -> None:
    number, text, meta, when = (Declared(name="c", type=kind) for kind in ("int", "text", "json", "timestamp"))
    assert coerce(number, 2**70, CONTEXT, column=True) == 2**63 - 1
    assert coerce(number, None, CONTEXT, column=True) is None
    assert coerce(text, "", CONTEXT, column=True) == ""
    assert coerce(meta, "[1]", CONTEXT, column=True) == "[1]"
    assert zero_value(when, CONTEXT, column=True) == 0
    assert zero_value(Declared(name="o", type="object"), CONTEXT, column=True) == {}
    assert default_value(Declared(name="n", type="int", nullable=True), CONTEXT, column=True) is None
    with pytest.raises(InputError) as caught:
        coerce(number, "x", CONTEXT, "shop.c", column=True)
    assert caught.value.param == "shop.c"


@pytest.mark.parametrize("column", [False, True])
@pytest.mark.parametrize("size", [None, (None, None)])
@pytest.mark.parametrize("kind", ["text", "uuid", "bool", "date", "timestamp", "json", "object", "image", "geo_point"])
def test_whether_a_type_has_a_zero_value(kind: str, size: tuple[None, None] | None, column: bool) -> None:
    one = Declared(name="c", type=kind, list_size=size)
    assert has_zero_value(one, column=column) is (zero_value(one, CONTEXT, column=column) is not None)


def test_column_objects_take_defaults_for_absent_members() -> None:
    (declared,) = compile_fields([field("object", "home", schema=[field("text", "city"), field("int", "floor")])])
    assert coerce(declared, {"floor": "2", "junk": 1}, CONTEXT, column=True) == {"city": "", "floor": 2}


def test_passwords_are_checked_then_hashed() -> None:
    passwords = pytest.importorskip("xsrun.fields.passwords")
    node = field("password", filters=[("min", "8"), ("minDigit", "1"), ("minSymbol", "1")])
    assert bound(node, "abc")[0].endswith("8 characters")
    assert bound(node, "abcdefgh")[0] == "Weak password detected. Please use at least 1 numbers."
    assert bound(node, "abcdefg1")[0].endswith("punctuation symbols, like: $@^&*%^.")
    hashed = bound(node, " abcdef-1 ")
    assert passwords.is_hash(hashed)
    assert bound(node, hashed) == hashed
    assert bound(node, "0") == "0"
    assert bound(field("password", flags=".?"), "") == ""


def test_timestamps_and_dates() -> None:
    now = 1_700_000_000_000
    assert bound(field("timestamp"), "now") == now
    assert bound(field("timestamp"), "-1 day") == now - 86_400_000
    assert bound(field("timestamp"), "2024-01-31T10:00:00.5+02:00") == 1_706_688_000_000
    assert bound(field("timestamp"), 1.9) == 1
    assert bound(field("timestamp"), "soonish") == ("Value is not a valid timestamp", "q")
    assert bound(field("timestamp", flags=".?", default=nodes.Literal("+1 week", '"'))) == now + 7 * 86_400_000
    assert bound(field("date", flags=".?", default=nodes.Word("now"))) == "2023-11-14"


def test_examples_of_input_filters() -> None:
    """The docstrings: a field, the value sent, the value bound."""
    from xsrun import registry
    from xsrun.syntax.parser import parse

    for record in registry.every("input_filter"):
        assert record.examples, record.name
        for example in record.examples:
            declaration, sent = example.source.split("\n")
            document = parse(f"function f {{\n  input {{\n    {declaration}\n  }}\n}}\n")
            declared = compile_fields(document.items[0].fields_of("input") or [])
            assert bind(declared, {declared[0].name: json.loads(sent)}, CONTEXT) == {
                declared[0].name: json.loads(example.result)
            }


def test_byte_strings_pass_the_filters() -> None:
    node = field("text", filters=[("trim",), ("max", "4"), ("pattern", "^.+$")])
    assert bound(node, b" \xff\xfe ") == b"\xff\xfe"
    assert bound(node, b"\xff" * 5)[0].endswith("4 characters")
    assert bound(field("enum", attributes={"values": texts("a")}), b"\xff")[1] == "q"


def test_members_of_column_objects_may_be_null() -> None:
    (declared,) = compile_fields([field("object", "home", schema=[field("text", "city")])])
    assert coerce(declared, {"city": None}, CONTEXT, column=True) == {"city": None}


def test_a_long_list_is_looked_through_once_while_nobody_changes_it() -> None:
    (declared,) = compile_fields([field("int", "l", size=(None, None))])
    context = Context()
    numbers = list(range(500))
    assert coerce(declared, numbers, context) is numbers
    assert list(context.proved.values()) == [numbers]
    texts = [*map(str, numbers)]
    assert coerce(declared, texts, context) == numbers
    assert list(context.proved.values()) == [numbers]


def test_a_list_that_is_changed_after_a_call_is_looked_through_again() -> None:
    callee = "function g {\n  input {\n    int[] l\n  }\n  stack {\n  }\n  response = $input.l|count\n}\n"
    call = "function.run g {\n  input = {l: $l}\n} as $a\n"
    program = f'var $l {{ value = (1..500) }}\n{call}array.push $l {{\n  value = "x"\n}}\n{call}'
    with xsrun.Workspace.from_sources({"g.xs": callee, "main.xs": program}) as workspace:
        error = workspace.run("main").error
    assert error is not None
    assert (error.message, error.line) == ("Value is not a valid integer", 8)

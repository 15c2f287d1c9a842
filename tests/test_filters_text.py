"""Text and transform filters: laws that hold for every value, and what hostile values do to them."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import re
import tracemalloc
from typing import Any

import pytest
import regex
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import xsrun
from xsrun import registry
from xsrun.errors import LimitError, XanoScriptError
from xsrun.filters import (
    binary_texts,
    character_sets,
    csv_rows,
    escapes,
    formatting,
    html_tags,
    number_bases,
    pattern_classes,
    patterns,
    regular_expressions,
    text,
    transform,
    urls,
    xml_nodes,
    yaml_documents,
)
from xsrun.filters.query_strings import parse_query
from xsrun.language import catalogue
from xsrun.running.context import Context, Limits
from xsrun.values import comparison, conversion
from xsrun.values.characters import characters, fold, value_of

CONTEXT = Context()
SMALL = Context(limits=Limits(size=1_000))
FAMILIES = ("text", "transform")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
odd_texts = st.text(st.sampled_from("ab \t\n\"'\\,;:=&%+#?[]{}<>/.-_éß日\0"), max_size=14)
#: texts as programs hold them: valid UTF-8 as str, anything else as bytes
byte_texts = st.binary(max_size=30).map(conversion.text_of_bytes)
any_texts = texts | odd_texts | byte_texts
ints = st.integers(conversion.MIN_INT, conversion.MAX_INT)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | ints | floats | odd_texts
keys = st.text(st.sampled_from("abcxyz ~:#"), min_size=1, max_size=4)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=10
)


def implemented() -> list[registry.Builtin]:
    """Every filter of these families, once each."""
    names = [name for name in catalogue.names("filter") if catalogue.family("filter", name) in FAMILIES]
    found = [registry.find_filter(name) for name in names]
    return [builtin for builtin in found if builtin is not None and not builtin.form]


# Laws: what one filter writes another reads --------------------------------------------------------------------------


@given(any_texts)
def test_what_is_encoded_is_decoded(value: Any) -> None:
    assert urls.url_decode(urls.url_encode(value)) == value
    assert urls.url_decode_rfc3986(urls.url_encode_rfc3986(value)) == value
    assert binary_texts.hex2bin(binary_texts.bin2hex(value)) == value
    assert binary_texts.base64_decode(binary_texts.base64_encode(value)) == value
    assert binary_texts.base64_decode_urlsafe(binary_texts.base64_encode_urlsafe(value)) == value
    assert escapes.unescape(escapes.escape(value)) == value
    assert escapes.text_unescape(escapes.text_escape(value)) == value
    assert character_sets.from_utf8(character_sets.to_utf8(value)) == value


@given(any_texts)
def test_encodings_are_those_of_the_standards(value: Any) -> None:
    data = conversion.to_bytes(value)
    assert binary_texts.base64_encode(value) == base64.b64encode(data).decode()
    unpadded = base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert binary_texts.base64_decode_urlsafe(unpadded) == value
    assert set(urls.url_encode_rfc3986(value)) <= set(urls.url_encode_rfc3986("".join(map(chr, range(128)))))


@given(any_texts)
def test_characters_are_given_back(value: Any) -> None:
    assert value_of(characters(value)) == value


@given(any_texts, any_texts)
def test_split_parts_joined_are_the_text(value: Any, separator: Any) -> None:
    parts = text.split(value, separator)
    joined = conversion.to_bytes(separator).join(map(conversion.to_bytes, parts))
    assert joined == conversion.to_bytes(value)


@given(texts, st.integers(-40, 40), st.none() | st.integers(-40, 40))
def test_substr_is_a_slice(value: str, start: int, length: int | None) -> None:
    part = text.substr(value, start, length)
    assert part in value
    begin = start if start >= 0 else max(len(value) + start, 0)
    assert part == value[begin:][: length if length is not None else len(value)]


@given(texts, texts)
def test_searching_agrees_with_itself(value: str, search: str) -> None:
    position = text.index(value, search)
    assert (position is not False) == text.contains(value, search)
    assert text.starts_with(value, search) == (position is not False and position == 0)
    assert text.icontains(value, search) == (text.iindex(value, search) is not False)
    if text.contains(value, search):
        assert text.icontains(value, search)
    assert len(fold(value)) == len(value)


@given(
    st.text("abcdefxyz", max_size=12),
    st.lists(st.tuples(st.sampled_from("abcxy"), st.sampled_from("cfxz")), max_size=4),
)
def test_ranges_of_a_mask_stand_for_their_characters(value: str, ranges: list[tuple[str, str]]) -> None:
    mask = "".join(f"{low}..{high}" for low, high in ranges if low <= high)
    meant = {chr(code) for low, high in ranges if low <= high for code in range(ord(low), ord(high) + 1)}
    if mask:
        assert text.trim(value, mask) == value.strip("".join(meant))


def test_a_mask_of_many_ranges_is_read_once() -> None:
    mask = "\u0001..\uffff" * 2_000
    assert text.trim("a" * 50_000 + "\U0001f600" + "b", mask) == "\U0001f600"
    members, ranges = text._mask(mask)
    assert (members, ranges) == (set(), [("\u0001", "\uffff")])


@given(any_texts, st.none() | odd_texts)
def test_trimming_both_ends_is_trimming_each(value: Any, mask: str | None) -> None:
    assert text.trim(value, mask) == text.rtrim(text.ltrim(value, mask), mask)
    assert text.trim(text.trim(value, mask), mask) == text.trim(value, mask)


@given(st.integers(0, conversion.MAX_INT), st.integers(2, 36), st.integers(2, 36))
def test_bases_convert_back(number: int, base: int, other: int) -> None:
    digits = number_bases.base_convert(str(number), 10, base)
    assert int(digits, base) == number
    assert number_bases.base_convert(number_bases.base_convert(digits, base, other), other, 10) == str(number)


@given(ints)
def test_digits_read_back_as_64_bits(number: int) -> None:
    unsigned = conversion.clamp_int(number & (2**64 - 1))
    assert number_bases.hexdec(number_bases.dechex(number)) == unsigned
    assert number_bases.bindec(number_bases.decbin(number)) == unsigned
    assert number_bases.octdec(number_bases.decoct(number)) == unsigned


@given(ints | floats)
def test_numbers_survive_as_text(number: float) -> None:
    assert transform.to_decimal(transform.to_text(number)) == float(number)
    if isinstance(number, int):
        assert transform.to_int(transform.to_text(number)) == number


@given(st.floats() | ints | odd_texts | st.booleans() | st.none())
def test_casts_always_fit(value: Any) -> None:
    assert conversion.MIN_INT <= transform.to_int(value) <= conversion.MAX_INT
    assert isinstance(transform.to_decimal(value), float)
    assert transform.to_bool(value) in (True, False)


def without_list_objects(value: Any) -> Any:
    """The value as the language holds it: an object with the keys 0, 1, ... is a list."""
    if isinstance(value, list):
        return [without_list_objects(item) for item in value]
    if isinstance(value, dict):
        return conversion.normalize_object({key: without_list_objects(item) for key, item in value.items()})
    return value


@given(anything)
def test_json_round_trip(value: Any) -> None:
    assert transform.json_decode(transform.json_encode(CONTEXT, value)) == without_list_objects(value)


@given(anything, st.integers(0, 6), st.integers(1, 4))
def test_yaml_round_trip(value: Any, inline: int, indent: int) -> None:
    written = yaml_documents.yaml_encode(CONTEXT, value, False, inline, indent)
    assert comparison.strict_equal(yaml_documents.yaml_decode(written), without_list_objects(value))


@given(st.lists(st.lists(odd_texts, min_size=2, max_size=4), max_size=4), st.sampled_from([",", ";", "\t", "|"]))
def test_csv_round_trip(rows: list[list[str]], separator: str) -> None:
    written = csv_rows.csv_encode(CONTEXT, rows, separator, '"', '"')
    assert csv_rows.csv_decode(written, separator, '"', '"') == rows
    assert list(csv.reader(io.StringIO(written, newline=""), delimiter=separator)) == rows


@given(st.dictionaries(st.text(st.sampled_from("abc-_xé"), min_size=1, max_size=5), odd_texts, max_size=5))
def test_query_round_trip(arguments: dict[str, str]) -> None:
    url: Any = "https://example.com/p#top"
    for name, value in arguments.items():
        url = urls.url_addarg(url, name, value)
    for name, value in arguments.items():
        assert urls.url_getarg(url, name) == value
    assert urls.url_parse(url)["fragment"] == "top"
    assert urls.querystring_parse(urls.url_parse(url).get("query", "")) == arguments
    for name in arguments:
        url = urls.url_delarg(url, name)
    assert url == "https://example.com/p#top"


@given(odd_texts)
def test_a_quoted_text_matches_itself(value: str) -> None:
    pattern = f"/^{regular_expressions.regex_quote(value, '/')}$/D"
    assert regular_expressions.regex_matches(pattern, value)
    assert regular_expressions.regex_get_first_match(pattern, value) == [value]


@given(odd_texts, st.sampled_from(["a", "[ab]+", r"\s", "é", "^", "x*"]), odd_texts)
def test_replacing_is_matching_and_joining(value: str, body: str, replacement: str) -> None:
    assume(not re.search(r"[\\$]", replacement))
    done = regular_expressions.regex_replace(CONTEXT, f"/{body}/u", replacement, value)
    assert done == re.sub(body, lambda _: replacement, value)


@given(st.sampled_from(["%d", "%+d", "%5d", "%-5d|", "%05d", "%x", "%X", "%o"]), st.integers(0, 2**31))
def test_sprintf_of_ints_is_that_of_c(template: str, number: int) -> None:
    assert formatting.sprintf(CONTEXT, template, number) == template % number


@given(st.sampled_from(["%f", "%.2f", "%8.3f", "%08.2f", "%-8.1f|", "%.0f"]), floats)
def test_sprintf_of_decimals_is_that_of_c(template: str, number: float) -> None:
    assume(abs(number) < 1e30 and not (number == 0 and math.copysign(1, number) < 0))
    assert formatting.sprintf(CONTEXT, template, number) == template % number


@given(texts)
def test_text_without_markup_keeps_its_text(value: str) -> None:
    assume("\0" not in value)
    plain = value.replace("<", "").replace(">", "")
    assert html_tags.strip_html(plain) == plain
    assert html_tags.strip_html(f"<p class='x'>{plain}</p>") == plain


@given(texts)
def test_sql_literals_cannot_be_left(value: str) -> None:
    assert re.fullmatch(r"'(?:[^']|'')*'", escapes.sql_esc(value))
    assert re.fullmatch(r'"(?:[^"]|"")*"', escapes.sql_alias(value))


# Character sets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", character_sets.list_encodings())
def test_every_listed_encoding_works(name: str) -> None:
    encoded = character_sets.convert_encoding("plain text", name, "UTF-8")
    assert character_sets.convert_encoding(encoded, "UTF-8", name) == "plain text"


@given(texts)
def test_unicode_encodings_keep_everything(value: str) -> None:
    for name in ("UTF-16", "UTF-32LE", "UTF-7", "GB18030"):
        encoded = character_sets.convert_encoding(value, name, "UTF-8")
        assert character_sets.convert_encoding(encoded, "utf8", name.lower()) == value


# Regular expressions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("", "empty regular expression"),
        ("abc", "delimiter must not be alphanumeric"),
        (r"\a\\", "delimiter must not be alphanumeric"),
        ("/abc", "no ending delimiter '/'"),
        ("(abc", "no ending matching delimiter ')'"),
        ("/a/k", "unknown modifier 'k'"),
        ("/(a/", "missing closing parenthesis"),
        ("/a)/", "unmatched closing parenthesis"),
        ("/[a/", "missing terminating ]"),
        ("/*a/", "quantifier does not follow a repeatable item"),
        ("/a**/", "quantifier does not follow a repeatable item"),
        ("/a{3,2}/", "numbers out of order"),
        ("/[b-a]/", "range out of order"),
        (r"/[a-\d]/", "invalid range"),
        (r"/\l/", "unrecognized character follows"),
        (r"/(a)\2/", "non-existent subpattern"),
        (r"/(?<n>a)(?<n>b)/", "two named subpatterns"),
        ("/[[:word2:]]/", "unknown POSIX class name"),
        ("/[:word:]/", "only within a class"),
        ("/[[.x.]]/", "collating elements"),
        (r"/\p{Nonsense}/u", "Regular expression"),
        ("/(a{1000}){1000}/", "too large"),
        ("/" + "(" * 300 + ")" * 300 + "/", "too deeply nested"),
        ("/" + "a" * 70_000 + "/", "too large"),
        ("/a(*ACCEPT)b/", "not supported"),
        (r"/\C/", "not supported"),
    ],
)
def test_patterns_that_are_refused(pattern: str, problem: str) -> None:
    with pytest.raises(XanoScriptError, match=problem.replace("(", r"\(").replace(")", r"\)")):
        patterns.compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["", "abc", r"\a\\", "/abc", "(abc"])
def test_a_pattern_without_delimiters_matches_nothing(pattern: str) -> None:
    assert regular_expressions.regex_matches(pattern, "abc") is False
    assert regular_expressions.regex_get_first_match(pattern, "abc") is None
    assert regular_expressions.regex_get_all_matches(pattern, "abc") == []


@pytest.mark.parametrize(
    ("pattern", "subject"),
    [
        (r"/^(?:(?:.+)+)+\d$/", "a" * 100_000),
        ("/(x+x+)+y/", "x" * 100_000),
        (r"/^(.*?,){25}P/", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16," * 50),
        (r"/(?<=a.*b.*c.*)d/", "d" * 100_000),
        (r"/(a|(?1)b)/", "b" * 1_000),
        ("/(?R)/", "aaa"),
    ],
)
def test_catastrophic_patterns_end_in_an_error(pattern: str, subject: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert patterns.TIMEOUT <= 1
    monkeypatch.setattr(patterns, "TIMEOUT", 0.1)
    monkeypatch.setattr(patterns, "RECURSIVE_TIMEOUT", 0.1)
    with pytest.raises(LimitError, match="backtrack limit"):
        regular_expressions.regex_matches(pattern, subject)


@settings(max_examples=300)
@given(
    st.text(st.sampled_from(r"ab.\d[]^-(){}?*+|:<>=!#,1nkQERwx&~"), max_size=12), st.sampled_from(["", "i", "mu", "xU"])
)
def test_any_pattern_is_run_or_refused(body: str, modifiers: str) -> None:
    assume("~" not in body)
    try:
        regular_expressions.regex_get_all_matches(f"~{body}~{modifiers}", "aab1 é-")
    except XanoScriptError as error:
        assert error.hint or "not supported" in str(error)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6))
def test_a_class_of_literals_holds_them(members: str) -> None:
    pattern = regex.compile("[" + "".join(map(pattern_classes.class_literal, members)) + "]+", regex.V1)
    assert pattern.fullmatch(members)


def test_bytes_go_through_patterns() -> None:
    subject: Any = b"\xffb\xfe"
    assert regular_expressions.regex_replace(CONTEXT, "/b/", "-", subject) == b"\xff-\xfe"
    assert regular_expressions.regex_get_first_match("/[\\x80-\\xff]/", subject) == [b"\xff"]
    with pytest.raises(XanoScriptError, match="Malformed UTF-8"):
        regular_expressions.regex_matches("/a/u", subject)


# Sizes ---------------------------------------------------------------------------------------------------------------


def test_results_that_grow_are_limited() -> None:
    grown = [
        lambda: text.concat(SMALL, "a" * 600, "b" * 600),
        lambda: text.replace(SMALL, "a" * 600, "a", "bb"),
        lambda: formatting.sprintf(SMALL, "%2000d", 1),
        lambda: formatting.sprintf(SMALL, "%s" * 40, *["x" * 50] * 40),
        lambda: regular_expressions.regex_replace(SMALL, "/a/", "$0$0", "a" * 600),
        lambda: yaml_documents.yaml_encode(SMALL, {"a": 1}, False, 2, 2_000),
    ]
    for grow in grown:
        with pytest.raises(LimitError):
            grow()
    assert text.replace(SMALL, "a" * 900, "a", "") == ""


def test_shared_members_count_where_they_are_written() -> None:
    bomb: Any = ["x"]
    for _ in range(60):
        bomb = [bomb, bomb]
    for write in (
        lambda: transform.json_encode(CONTEXT, bomb),
        lambda: yaml_documents.yaml_encode(CONTEXT, bomb),
        lambda: csv_rows.csv_encode(CONTEXT, bomb, ",", '"', '"'),
        lambda: csv_rows.csv_create(CONTEXT, ["a"], bomb, ",", '"', '"'),
    ):
        with pytest.raises(LimitError):
            write()


def test_aliases_cannot_explode() -> None:
    levels = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 20)]
    with pytest.raises(LimitError, match="unfold"):
        yaml_documents.yaml_decode("\n".join(["a0: &a0 [x]", *levels]))
    with pytest.raises(XanoScriptError, match="contains itself"):
        yaml_documents.yaml_decode("a: &a [*a]")


@pytest.mark.parametrize(
    "document",
    [
        "!!python/object/apply:os.getcwd []",
        "!!python/name:os.system x",
        "a: !php/object 'O:8:\"stdClass\":0:{}'",
        "a: !<tag:yaml.org,2002:python/none> x",
        "--- a\n--- b",
        "a: !!binary é",
        "a: !!binary a",
        "a: 1\na: 2",
        "? [a]\n: b",
        "*nothing",
        "[" * 100_000,
        "a: " + "{a: " * 50_000,
        "\x01",
    ],
)
def test_yaml_that_is_refused(document: str) -> None:
    with pytest.raises(XanoScriptError):
        yaml_documents.yaml_decode(document)


@pytest.mark.parametrize(
    "document",
    [
        "",
        "no markup",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1/x.dtd">%x;]><a/>',
        "<a>&undeclared;</a>",
        "<a b='1' b='2'/>",
        "<a>" * 300 + "</a>" * 300,
        "<a>\0</a>",
        b"<a>\xff</a>",
        b"<?xml version='1.0' encoding='klingon'?><a>\xff</a>",
    ],
)
def test_xml_that_is_refused(document: Any) -> None:
    with pytest.raises(XanoScriptError, match="Error parsing XML"):
        xml_nodes.xml_decode(document)


def test_xml_keeps_prefixes_text_and_encoding() -> None:
    assert xml_nodes.xml_decode("<s:a xmlns:s='u'>x<![CDATA[<y>]]>&amp;</s:a>") == {
        "s:a": {"@attributes": {"xmlns:s": "u"}, "value": "x<y>&"}
    }
    assert xml_nodes.xml_decode("<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>")["a"]["value"] == "é"
    latin: Any = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>"
    assert xml_nodes.xml_decode(latin)["a"]["value"] == "é"
    assert xml_nodes.xml_decode("<!DOCTYPE html><p>one <b>two</b> three</p>")["p"]["value"] == [
        "one ",
        {"b": {"@attributes": [], "value": "two"}},
        " three",
    ]


# Hostile values ------------------------------------------------------------------------------------------------------

HOSTILE: list[Any] = [
    None,
    True,
    -1,
    10**18,
    1e308,
    math.nan,
    "",
    "\0",
    "a" * 100_000,
    "[" * 5_000,
    "%" * 50,
    "%1$99999999d",
    "1" * 5_000,
    "/(a+)+$/",
    "<" * 2_000,
    "\\" * 999,
    "é\U0001f600\ud800",
    b"\xff\x00\xfe",
    [],
    {},
    [None, [1, {"a": b"\xff"}]],
    {"key": {"value": []}, "0": 1},
]


@pytest.mark.parametrize("builtin", implemented(), ids=lambda builtin: builtin.name)
def test_hostile_values_raise_errors_of_the_program_only(builtin: registry.Builtin) -> None:
    parameters = builtin.parameters[1:]
    fills: list[Any] = ["/a/", "ISO-8859-1", 2, [1], b"\xff", None]
    for value in HOSTILE:
        for fill in fills if parameters else [None]:
            call(builtin, [value, *[fill] * len(parameters)])
            if parameters:
                call(builtin, [fill, *[value] * len(parameters)])


def call(builtin: registry.Builtin, arguments: list[Any]) -> None:
    """Evaluate a filter with these values; anything but an error of the program fails the test."""
    names = [f"v{number}" for number in range(len(arguments))]
    source = f"$v0|{builtin.name}" + "".join(f":${name}" for name in names[1:])
    try:
        result = xsrun.evaluate(source, dict(zip(names, arguments, strict=True)))
    except XanoScriptError as error:
        assert type(error).__name__ != "InternalError", f"{source} of {arguments!r:.300}: {error}"
        return
    json.dumps(conversion.to_json(result))


@given(st.binary(max_size=40))
def test_queries_are_always_read(data: bytes) -> None:
    value: Any = conversion.text_of_bytes(data)
    assert isinstance(parse_query(data), dict)
    urls.url_parse(value)
    html_tags.strip_html(value)
    csv_rows.csv_decode(value, ",", '"', "\\")


@given(st.text(st.sampled_from("ab:-[]{}&*!'\"#|>%@\n ,?~1."), max_size=20))
def test_yaml_is_read_or_refused(document: str) -> None:
    try:
        yaml_documents.yaml_decode(document)
    except XanoScriptError as error:
        assert str(error).startswith("Error parsing YAML")


@given(
    st.lists(st.sampled_from(["%d", "%s", "%05d", "%3d", "%%", "a", "\n", "%0d", "é", "%x"]), max_size=5).map("".join),
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.text("ab%é", max_size=3) | st.booleans(), max_size=4),
)
def test_sprintf_gives_the_same_by_the_short_way(template: str, arguments: list[Any]) -> None:
    def outcome() -> Any:
        try:
            return formatting.sprintf(CONTEXT, template, *arguments)
        except XanoScriptError as error:
            return error.message

    found = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formatting, "_plain_kinds", lambda _text: None)
        assert outcome() == found


@given(st.text(st.sampled_from("ab \n\u00df\u0130"), max_size=30), st.integers(0, 5))
def test_capitalize_in_pieces(value: str, size: int) -> None:
    """A long text is changed piece by piece, which is not to be seen."""
    whole = text.capitalize(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_PIECE", size)
        assert text.capitalize(value) == whole
        assert "".join(text._pieces(value)) == value


def test_capitalize_takes_a_few_times_the_memory_of_its_text() -> None:
    value = "land ahoy " * 100_000
    tracemalloc.start()
    try:
        assert text.capitalize(value) == "Land Ahoy " * 100_000
        assert tracemalloc.get_traced_memory()[1] < 6 * len(value)
    finally:
        tracemalloc.stop()

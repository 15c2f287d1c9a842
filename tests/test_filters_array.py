"""Paths, and the filters of lists, objects, numbers and comparisons: their laws, and what hostile values do to them."""

from __future__ import annotations

import contextlib
import copy
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from xsrun import registry
from xsrun.errors import LimitError, XanoScriptError
from xsrun.filters import array, array_order, array_selection, array_sets, manipulation, math_functions
from xsrun.filters import math as arithmetic
from xsrun.language import catalogue
from xsrun.running.context import Context, Limits
from xsrun.values import conversion, paths, php_arrays

CONTEXT = Context(limits=Limits(size=100_000))
FAMILIES = ("array", "manipulation", "math", "comparison")
CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "text": conversion.as_text,
    "int": conversion.as_int,
    "number": conversion.as_number,
    "bool": conversion.as_bool,
    "list": conversion.as_list,
    "object": conversion.as_object,
    "array": conversion.as_array,
    "any": lambda value: value,
}

ints = st.integers(conversion.MIN_INT, conversion.MAX_INT)
small_ints = st.integers(-20, 20)
floats = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(st.sampled_from("abXY01 é"), max_size=6)
scalars = st.none() | st.booleans() | ints | floats | words
keys = st.text(st.sampled_from("abcxyz"), min_size=1, max_size=3)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
objects = st.dictionaries(keys, anything, max_size=4)


def value_filters() -> list[registry.Builtin]:
    """The filters of these families that take values."""
    names = [name for name in catalogue.names("filter") if catalogue.family("filter", name) in FAMILIES]
    found = [registry.find_filter(name) for name in names]
    return [builtin for builtin in found if builtin is not None and not builtin.form]


def call(builtin: registry.Builtin, arguments: list[Any]) -> Any:
    """Call a filter as a program does: arguments converted to what its signature asks for."""
    converted = []
    for parameter, argument in zip(builtin.parameters, arguments, strict=False):
        skipped = argument is None and parameter.nullable
        converted.append(argument if skipped else CONVERSIONS[parameter.type](argument))
    return builtin.function(*([CONTEXT] if builtin.wants_context else []), *converted)


def doubled(seed: Any, times: int) -> Any:
    """A list whose members are shared so often that it has 2 ** times leaves."""
    for _ in range(times):
        seed = [seed, seed]
    return seed


# Paths ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("", []),
        ("a", ["a"]),
        ("a.b.0", ["a", "b", "0"]),
        ("a[0][-1]", ["a", "0", "-1"]),
        ("[2]", ["2"]),
        ("a['x.y'].b", ["a", "x.y", "b"]),
        ('["say \\"hi\\""]', ['say "hi"']),
        ("card[number]", ["card", "number"]),
        ("a[", ["a["]),
        ("a.[b.c", ["a", "[b", "c"]),
        ("a[b]c", ["a[b]c"]),
        ("[[x]]", ["[[x]]"]),
        (".", ["", ""]),
        ("01", ["01"]),
    ],
)
def test_the_steps_of_a_path(path: str, steps: list[str]) -> None:
    assert [step.key for step in paths.parse_path(path)] == steps


def test_only_whole_numbers_are_positions() -> None:
    assert [step.position for step in paths.parse_path("0.-1.01.1e3.+1.a")] == [0, -1, None, None, None, None]


def test_brackets_with_a_dollar_sign_are_conditions() -> None:
    (items, condition, name) = paths.parse_path('items[$$.tag == "a.b]"].id')
    assert (items.role, condition.role, name.role) == ("key", "condition", "key")
    assert condition.key == '$$.tag == "a.b]"'


@pytest.mark.parametrize("path", ["[" * 50_000, "a[" * 20_000, "[$" + "(" * 20_000, "[]" * 200])
def test_odd_paths_are_read_quickly(path: str) -> None:
    paths.get_path({"a": 1}, path)


def test_a_path_of_very_many_steps_is_refused() -> None:
    with pytest.raises(XanoScriptError, match="steps"):
        paths.set_path({}, "a." * 10_000, 1)


@pytest.fixture
def conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the compiler: a condition is a Python expression of element, position, list and root."""

    def compiled(text: str) -> paths.Condition:
        code = text.replace("$$", "item").replace("$0", "root")
        return lambda item, index, parent, root: eval(code, {"item": item, "index": index, "root": root})

    monkeypatch.setattr(paths, "_compile_condition", compiled)


@pytest.mark.usefixtures("conditions")
def test_conditions_read_write_and_remove() -> None:
    shop = {"limit": 5, "items": [{"id": 1, "price": 3}, {"id": 2, "price": 9}]}
    assert paths.get_path(shop, "items[$$['price'] > $0['limit']].id") == [2]
    assert paths.get_path(shop, "items[$$['price'] > 99].id", "none") == []
    assert paths.set_path(shop, "items[$$['id'] == 1].price", 4)["items"][0] == {"id": 1, "price": 4}
    assert paths.unset_path(shop, "items[$$['id'] == 1]")["items"] == [{"id": 2, "price": 9}]
    assert not paths.has_path(shop, "items[$$['id'] == 7]")


def test_without_a_compiler_a_condition_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_compile_condition", None)
    with pytest.raises(XanoScriptError, match="cannot be evaluated here"):
        paths.get_path([1], "[$$ > 0]")


def test_a_path_that_branches_endlessly_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "MAX_VISITS", 1_000)
    bomb = doubled({"a": 1}, 60)
    for use in (
        lambda: paths.get_path(bomb, "a"),
        lambda: paths.set_path(bomb, "a", 2),
        lambda: paths.unset_path(bomb, "a"),
    ):
        with pytest.raises(LimitError):
            use()


def test_a_value_nested_too_deeply_is_no_python_error() -> None:
    deep: Any = {"a": 1}
    for _ in range(100_000):
        deep = [deep]
    assert paths.get_path(deep, "a") == [1]
    with pytest.raises(LimitError):
        paths.set_path(deep, "a", 2)
    assert array_order.unique([deep, deep]) == [deep]
    assert array.flatten(CONTEXT, [[[1]]]) == [1]


@given(objects | st.none(), st.lists(keys, min_size=1, max_size=4), anything)
def test_what_is_set_can_be_got(value: Any, way: list[str], new: Any) -> None:
    path = ".".join(way)
    assume(_leads_through_objects(value, way))
    before = copy.deepcopy(value)
    written = paths.set_path(value, path, new)
    assert paths.get_path(written, path, "nothing") == new
    assert paths.has_path(written, path)
    assert value == before
    assert not paths.has_path(paths.unset_path(written, path), path)


def _leads_through_objects(value: Any, way: list[str]) -> bool:
    for key in way:
        if value is None:
            return True
        if not isinstance(value, dict):
            return False
        value = value.get(key)
    return True


@given(anything, st.text(st.sampled_from("ab0-1.[]'$ "), max_size=12))
def test_reading_never_fails(value: Any, path: str) -> None:
    assume("$" not in path)
    assert paths.has_path(value, path) in (True, False)
    paths.get_path(value, path)


@given(st.lists(anything, min_size=1, max_size=6), st.data())
def test_positions_are_indexes(items: list[Any], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(items) - 1))
    assert paths.get_path(items, str(index)) == items[index]
    assert paths.get_path(items, f"[{index}]") == items[index]
    assert paths.get_path(items, str(index - len(items))) is None  # a key that is not there
    assert paths.set_path(items, str(index), "new") == [*items[:index], "new", *items[index + 1 :]]


# Lists ---------------------------------------------------------------------------------------------------------------


@given(st.lists(small_ints | st.floats(-50, 50)))
def test_sorting_numbers(items: list[float]) -> None:
    result = array_order.sort(items, "", "number")
    assert result == sorted(items)
    assert array_order.sort(items, "", "number", False) == sorted(items, reverse=True)


@given(st.lists(words), st.sampled_from(["text", "itext", "natural", "inatural", "anything"]))
def test_sorting_texts_gives_an_ordered_permutation(items: list[str], kind: str) -> None:
    result = array_order.sort(items, "", kind)
    assert sorted(result) == sorted(items)
    assert array_order.sort(result, "", kind) == result
    if kind == "text":
        assert result == sorted(items)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers())), st.booleans())
def test_sorting_is_stable(pairs: list[tuple[int, int]], ascending: bool) -> None:
    rows = [{"key": key, "tag": tag} for key, tag in pairs]
    result = array_order.sort(rows, "key", "number", ascending)
    for key in range(4):
        assert [row for row in result if row["key"] == key] == [row for row in rows if row["key"] == key]


@given(words, words)
@example("a01", "a1")
@example("", " ")
@example("1", "01")
def test_natural_order_is_an_order_of_two(left: str, right: str) -> None:
    assert array_order.natural_order(left, right) == -array_order.natural_order(right, left)
    assert array_order.natural_order(left, left) == 0


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_natural_order_compares_numbers_by_value(left: int, right: int) -> None:
    assert array_order.natural_order(f"v{left}.x", f"v{right}.x") == (left > right) - (left < right) or 0 in (
        left,
        right,
    )


@given(st.lists(anything))
def test_reversing_twice(items: list[Any]) -> None:
    assert array_order.reverse(array_order.reverse(items)) == items


@given(st.lists(anything))
def test_unique_is_idempotent_and_keeps_first_occurrences(items: list[Any]) -> None:
    once = array_order.unique(items)
    assert array_order.unique(once) == once
    assert [item for item in once if not any(item is other for other in items)] == []
    assert array_order.unique(items + items) == once


@given(st.lists(scalars), st.lists(scalars))
def test_difference_and_intersection_share_the_list_between_them(left: list[Any], right: list[Any]) -> None:
    apart, common = array_sets.diff(left, right), array_sets.intersect(left, right)
    assert len(apart) + len(common) == len(left)
    assert array_sets.diff(common, right) == []
    assert array_sets.intersect(apart, right) == []


@given(objects, objects)
def test_merging_objects_with_text_keys(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert array_sets.merge(left, right) == {**left, **right}
    assert set(array_sets.merge_recursive(CONTEXT, left, right)) == {*left, *right}


@given(st.lists(anything), st.lists(anything))
def test_merging_lists(left: list[Any], right: list[Any]) -> None:
    assert array_sets.merge(left, right) == left + right
    assert array_sets.merge_recursive(CONTEXT, left, right) == left + right


@given(st.lists(small_ints), st.integers(-12, 12), st.none() | st.integers(-12, 12))
def test_slicing_as_python_does(items: list[int], offset: int, length: int | None) -> None:
    rest = items[offset:] if offset >= -len(items) else items
    expected = rest if length is None else rest[:length]
    assert array.slice_(items, offset, length) == expected
    without = array.splice({"l": items}, offset, length, "l")["l"]
    assert sorted(without + expected) == sorted(items)


@given(st.lists(anything))
def test_flattening(items: list[Any]) -> None:
    flat = array.flatten(CONTEXT, items)
    assert not any(isinstance(item, list) for item in flat)
    assert array.flatten(CONTEXT, flat) == flat
    assert array.flatten(CONTEXT, [items]) == flat


@given(st.dictionaries(keys, anything))
def test_taking_objects_apart(entries: dict[str, Any]) -> None:
    names, members = manipulation.keys(entries), manipulation.values(entries)
    assert dict(zip(names, members, strict=True)) == entries
    assert manipulation.entries(entries) == [{"key": k, "value": v} for k, v in entries.items()]
    assert array.pick(entries, names) == entries
    assert array.unpick(entries, names) == {}


@given(st.lists(objects), keys)
def test_grouping_loses_only_what_has_no_key(items: list[dict[str, Any]], key: str) -> None:
    groups = php_arrays.members(array_selection.index_by(items, key))
    grouped = [item for group in groups for item in group]
    keyed = [item for item in items if isinstance(item.get(key), str | int | float)]
    assert len(grouped) == len(keyed)


@given(st.lists(anything), anything)
def test_adding_and_taking(items: list[Any], item: Any) -> None:
    assert array.pop(array.push(items, item)) == item
    assert array.shift(array.unshift(items, item)) == item
    assert array.append(items, item) == array.push(items, item)


# Numbers -------------------------------------------------------------------------------------------------------------


@given(st.floats(-1e9, 1e9), st.integers(-3, 6))
def test_rounding_is_near_and_final(value: float, places: int) -> None:
    result = math_functions.rounded(value, places)
    assert abs(result - value) <= 0.5 * 10.0**-places * (1 + 1e-9) + abs(value) * 1e-14
    assert math_functions.rounded(result, places) == result
    assert math_functions.rounded(-value, places) == -result


@given(ints, ints)
def test_int_arithmetic_is_exact_or_decimal(left: int, right: int) -> None:
    for result, exact in (
        (arithmetic.add(left, right), left + right),
        (arithmetic.subtract(left, right), left - right),
        (arithmetic.multiply(left, right), left * right),
    ):
        if conversion.MIN_INT <= exact <= conversion.MAX_INT:
            assert result == exact and isinstance(result, int)
        else:
            assert isinstance(result, float) and math.isclose(result, exact)


@given(ints, ints)
def test_division_and_remainder(left: int, right: int) -> None:
    assume(right != 0)
    rest = arithmetic.modulus(left, right)
    assert abs(rest) < abs(right) and (rest == 0 or (rest < 0) == (left < 0))
    assert isinstance(arithmetic.divide(left, right), int) == (rest == 0 and (left, right) != (conversion.MIN_INT, -1))


@given(small_ints, st.integers(0, 200))
def test_powers(base: int, exponent: int) -> None:
    result, exact = arithmetic.pow_(base, exponent), base**exponent
    assert result == exact if isinstance(result, int) else math.isclose(result, exact, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("base", "exponent", "expected"),
    [
        (2, 10**18, math.inf),
        (-2, 10**18 + 1, math.inf),
        (1, 10**18, 1),
        (-1, 10**18 + 1, -1),
        (0, 10**18, 0),
        (0, -1, math.inf),
        (1e200, 3, math.inf),
        (-1e200, 3, -math.inf),
    ],
)
def test_powers_never_take_long(base: float, exponent: float, expected: float) -> None:
    assert arithmetic.pow_(base, exponent) == expected


def test_outside_their_domain_functions_give_nan() -> None:
    functions = math_functions
    for result in (
        functions.sqrt(-1),
        functions.ln(-1),
        functions.log(2, 1),
        functions.asin(2),
        functions.acosh(0),
        functions.atanh(2),
        functions.sin(math.inf),
        arithmetic.pow_(-8, 0.5),
    ):
        assert math.isnan(result)
    assert (functions.ln(0), functions.atanh(1), functions.exp(1000), functions.sinh(-1000)) == (
        -math.inf,
        math.inf,
        math.inf,
        -math.inf,
    )


@given(ints, ints)
def test_bit_operations_stay_within_64_bits(left: int, right: int) -> None:
    for operation in (arithmetic.bitwise_and, arithmetic.bitwise_or, arithmetic.bitwise_xor):
        assert conversion.MIN_INT <= operation(left, right) <= conversion.MAX_INT
    assert arithmetic.bitwise_xor(arithmetic.bitwise_xor(left, right), right) == left
    assert arithmetic.wrapped(2**64 + left) == left


@given(st.floats(-1e12, 1e12), st.integers(0, 6))
def test_formatted_numbers_read_back(value: float, places: int) -> None:
    text = math_functions.number_format(CONTEXT, value, places, ".", ",")
    # PHP looks at 15 significant digits only, and so rounds the rest twice
    allowed = 0.5 * 10.0**-places + abs(value) * 1e-14 + 2 * math.ulp(value)
    assert float(text.replace(",", "")) == pytest.approx(value, abs=allowed)
    assert len(text.partition(".")[2]) == places


# Hostile values ------------------------------------------------------------------------------------------------------

HOSTILE = [
    *[
        None,
        True,
        False,
        0,
        -1,
        conversion.MAX_INT,
        conversion.MIN_INT,
        0.1,
        -0.0,
        1e308,
        math.inf,
        -math.inf,
        math.nan,
    ],
    *["", "0", "a", "9" * 5000, "-" + "9" * 400, "1e999", "\ud800", "[", "a[$", "." * 300, "é" * 3, b"\xff\xfe"],
    *[[], {}, [[]], [{}], {"0": 1}, {"a": None}, [1, "a", None, [1], {"a": [b"\xff"]}], [math.nan, b"\xff", "x"]],
    *[doubled([], 50), doubled({"a": 1}, 12), list(range(300)), {"a": {"b": {"c": {}}}}],
]


@pytest.mark.parametrize("builtin", value_filters(), ids=lambda builtin: builtin.name)
def test_hostile_values_raise_nothing_but_errors_of_the_language(
    builtin: registry.Builtin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "MAX_VISITS", 10_000)
    chance = random.Random(builtin.name)
    required = sum(1 for parameter in builtin.parameters if parameter.required)
    for _ in range(250):
        arguments = [chance.choice(HOSTILE) for _ in range(chance.randint(required, len(builtin.parameters)))]
        try:
            call(builtin, arguments)
        except XanoScriptError:
            continue


@settings(max_examples=25)
@pytest.mark.parametrize("builtin", value_filters(), ids=lambda builtin: builtin.name)
@given(data=st.data())
def test_no_filter_changes_what_it_is_given(builtin: registry.Builtin, data: st.DataObject) -> None:
    arguments = [data.draw(anything) for parameter in builtin.parameters if parameter.required]
    before = copy.deepcopy(arguments)
    with contextlib.suppress(XanoScriptError):
        call(builtin, arguments)
    assert repr(arguments) == repr(before)


def test_huge_results_are_refused_before_they_are_built() -> None:
    for build in (
        lambda: array.range_(CONTEXT, None, 0, 10**15),
        lambda: manipulation.fill(CONTEXT, "x", 0, 10**15),
        lambda: array.join(CONTEXT, ["x" * 1000] * 1000, ","),
        lambda: array.flatten(CONTEXT, doubled(1, 60)),
        lambda: array.flatten(CONTEXT, doubled([], 60)),
        lambda: math_functions.number_format(CONTEXT, 1, 10**12, ".", ","),
    ):
        with pytest.raises(LimitError):
            build()


def test_shared_members_are_looked_at_once() -> None:
    assert len(array_order.unique([doubled("x", 100), doubled("x", 100), doubled("y", 100)])) == 2


def test_every_filter_of_these_families_is_documented() -> None:
    for builtin in value_filters():
        assert builtin.summary, builtin.name
        assert builtin.examples, builtin.name

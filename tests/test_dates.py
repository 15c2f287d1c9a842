"""Timestamps: laws of reading, shifting and formatting, and that garbage is refused."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xsrun.dates.formats import format_timestamp, parse_with_format
from xsrun.dates.phrases import MAX_LENGTH
from xsrun.dates.timestamps import parse_timestamp_value, shift, time_of_text
from xsrun.dates.zones import date_of_days, days_of_date, find_zone, weekday_of_days, zone_of
from xsrun.errors import XanoScriptError

NOON = 1_700_000_000_000  # Tuesday 2023-11-14 22:13:20 UTC

seconds = st.integers(-(10**11), 10**12)
zones = st.sampled_from(
    ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "+05:45"]
)
small = st.integers(-5000, 5000)


@given(st.integers(-(10**9), 10**9))
def test_calendar_is_its_own_inverse(days: int) -> None:
    assert days_of_date(*date_of_days(days)) == days


@given(st.datetimes(timezones=st.just(UTC)))
def test_calendar_is_that_of_datetime(moment: datetime) -> None:
    days = (moment - datetime(1970, 1, 1, tzinfo=UTC)).days
    assert date_of_days(days) == (moment.year, moment.month, moment.day)
    assert weekday_of_days(days) == moment.isoweekday() % 7


@given(st.integers(-1_000_000_000, 200_000_000_000), zones)
def test_format_then_parse(second: int, zone: str) -> None:
    """From 1938 on, when offsets have no seconds, which P does not show, to 8307: Y reads four digits."""
    text = format_timestamp(second * 1000, "Y-m-d H:i:s P", zone)
    assert parse_with_format(text, "Y-m-d H:i:s P", NOON) == second * 1000
    assert time_of_text(text, NOON) == second * 1000
    assert time_of_text(format_timestamp(second * 1000, "\\@U", zone), NOON) == second * 1000


@given(st.integers(0, 4 * 10**12), zones)
def test_iso_text_is_read_back(milliseconds: int, zone: str) -> None:
    text = format_timestamp(milliseconds, "c", zone)
    assert time_of_text(text, NOON) == milliseconds // 1000 * 1000
    assert parse_timestamp_value(text, NOON, "Asia/Tokyo") == milliseconds // 1000 * 1000


@given(seconds, small, st.sampled_from(["sec", "minutes", "hours", "days", "weeks", "fortnights"]))
def test_add_then_subtract_in_utc(second: int, amount: int, unit: str) -> None:
    there = shift(second * 1000, f"{amount:+d} {unit}")
    assert shift(there, f"{-amount:+d} {unit}") == second * 1000
    assert shift(second * 1000, f"{-amount} {unit} ago") == there


@given(seconds, small, zones)
def test_days_keep_the_time_of_day(second: int, amount: int, zone: str) -> None:
    before = format_timestamp(second * 1000, "H:i:s", zone)
    there = shift(second * 1000, f"{amount:+d} days", zone)
    offsets = {find_zone(zone).offset_at(s) for s in (there // 1000 - 7200, there // 1000 + 7200)}  # type: ignore[union-attr]
    if len(offsets) == 1:
        assert format_timestamp(there, "H:i:s", zone) == before


@given(st.integers(0, 4 * 10**9), st.integers(-60, 60))
def test_months_overflow_as_in_php(second: int, amount: int) -> None:
    """A month is added to the number of the month; days it does not have carry over."""
    year, month, day = date_of_days(second // 86_400)
    there = shift(second * 1000, f"{amount} months")
    assert there // 1000 == days_of_date(year, month + amount, day) * 86_400 + second % 86_400


@given(seconds, st.sampled_from(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]))
def test_next_weekday(second: int, name: str) -> None:
    following, preceding = shift(second * 1000, f"next {name}"), shift(second * 1000, f"last {name}")
    assert format_timestamp(following, "l H:i") == f"{name.title()} 00:00"
    day = second // 86_400
    assert 1 <= following // 86_400_000 - day <= 7
    assert 1 <= day - preceding // 86_400_000 <= 7


@given(seconds, st.integers(-1000, 1000))
def test_working_days(second: int, amount: int) -> None:
    there = shift(second * 1000, f"{amount} weekdays")
    if amount:
        assert format_timestamp(there, "N") in "12345"
    step = second * 1000
    for _ in range(abs(amount) % 12):
        step = shift(step, "+1 weekday" if amount > 0 else "-1 weekday")
    assert (
        shift(second * 1000, f"{(abs(amount) % 12) * (1 if amount > 0 else -1)} weekdays") == step or amount % 12 == 0
    )


@given(seconds)
def test_edges_of_the_month(second: int) -> None:
    first, last = (shift(second * 1000, f"{edge} day of this month") for edge in ("first", "last"))
    assert format_timestamp(first, "j") == "1"
    assert format_timestamp(last, "j") == format_timestamp(last, "t") == format_timestamp(first, "t")
    assert shift(last, "+1 day") == shift(first, "+1 month")


@given(st.integers(-(2**62), 2**62), zones)
def test_no_time_stamp_is_too_far(milliseconds: int, zone: str) -> None:
    assert int(format_timestamp(milliseconds, "U", zone)) == milliseconds // 1000
    assert shift(milliseconds, "+0 days", zone) == milliseconds


@settings(max_examples=300)
@given(st.text(max_size=60) | st.text("0123456789 +-:./TZamondyweklsfirtjuvgchb@", max_size=60))
def test_garbage_is_refused_or_read(text: str) -> None:
    for read in (
        lambda: time_of_text(text, NOON, "Europe/Paris"),
        lambda: shift(NOON, text),
        lambda: parse_timestamp_value(text, NOON),
        lambda: parse_with_format(text, "!Y-m-d", NOON),
        lambda: parse_with_format("2024-01-31", text, NOON),
        lambda: zone_of(text),
    ):
        try:
            assert read() is not None
        except XanoScriptError as error:
            assert error.message
    assert isinstance(format_timestamp(NOON, text), str)


@pytest.mark.parametrize(
    "text",
    [
        "+1 day " * 5000,
        "-" * 900 + "x",
        "jan " + " " * 900 + "x",
        "1" * 900,
        "(" * 900,
        "first monday of " * 60,
        "@" + "9" * 30,
    ],
)
def test_long_garbage_comes_to_an_end(text: str) -> None:
    """A pattern that goes back over its repeats would not, at this length (`faulthandler_timeout` ends the hang)."""
    with contextlib.suppress(XanoScriptError):
        time_of_text(text, NOON)


def test_only_so_much_of_a_text_is_read() -> None:
    assert time_of_text("now" + " now" * ((MAX_LENGTH - 3) // 4), NOON) == NOON
    with pytest.raises(XanoScriptError):
        time_of_text("now" + " now" * (MAX_LENGTH // 4), NOON)


@pytest.mark.parametrize("value", [None, True, [], {}, b"now", float("nan"), float("inf"), 2**70, "1e400", "9" * 20])
def test_values_that_are_no_times(value: object) -> None:
    with pytest.raises(XanoScriptError):
        parse_timestamp_value(value, NOON)


@pytest.mark.parametrize(
    "name", ["Nowhere", "../etc/passwd", "/etc/localtime", "America", "\0", "x" * 5000, "é", "+", "+99:99:99:99"]
)
def test_bad_zones(name: str) -> None:
    with pytest.raises(XanoScriptError, match="timezone"):
        zone_of(name)


def test_zones() -> None:
    assert zone_of(None) is zone_of("UTC") is zone_of("utc") is zone_of("")
    assert zone_of("europe/paris").name == "Europe/Paris"
    assert zone_of("-05:30").offset_at(0).seconds == -19_800
    assert zone_of("EST").offset_at(0).seconds == -18_000
    assert zone_of("GMT+2").offset_at(0).seconds == 7_200


def test_phrases_count_from_now() -> None:
    assert time_of_text("now", NOON) == NOON
    assert time_of_text("+1 day", NOON + 7) == NOON + 7 + 86_400_000
    assert format_timestamp(time_of_text("tomorrow noon", NOON), "c") == "2023-11-15T12:00:00+00:00"
    assert format_timestamp(time_of_text("monday next week", NOON, "Asia/Tokyo"), "D c", "Asia/Tokyo").startswith(
        "Mon 2023-11-20T00:00"
    )
    assert format_timestamp(parse_with_format("10", "H", NOON), "c") == "2023-11-14T10:00:00+00:00"

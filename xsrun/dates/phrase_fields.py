"""What a time text says: the fields that its tokens fill in, and which of them exclude one another."""

from __future__ import annotations

from dataclasses import dataclass, field

from xsrun.dates.zones import Zone


class PhraseError(ValueError):
    """The text is not a time that PHP understands."""


@dataclass(slots=True)
class Phrase:
    """What a text says: absolute fields, None where it says nothing, and shifts that come after them."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    zone: Zone | None = None
    has_date: bool = False
    has_time: bool = False
    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0
    minutes: int = 0
    seconds: int = 0
    milliseconds: int = 0
    weekday: int | None = None
    #: how a weekday is looked for: 0 after that day, 1 from that day on, 2 within its week
    weekday_mode: int = 0
    working_days: int | None = None
    #: "first" for `first monday of`, "last" for `last monday of`; the weekday is counted within the month
    within_month: str | None = None
    #: "first" or "last" day of the month
    month_edge: str | None = None
    zones: int = field(default=0, repr=False)

    def set_time(self, hour: int, minute: int = 0, second: int = 0) -> None:
        if self.has_time:
            raise PhraseError("Double time specification")
        self.has_time = True
        self.hour, self.minute, self.second = hour, minute, second

    def unset_time(self) -> None:
        self.has_time = False
        self.hour = self.minute = self.second = 0

    def set_date(self, year: int | None, month: int | None, day: int | None) -> None:
        if self.has_date:
            raise PhraseError("Double date specification")
        self.has_date = True
        if year is not None:
            self.year = year
        if month is not None:
            self.month = month
        if day is not None:
            self.day = day

    def set_zone(self, zone: Zone | None) -> None:
        """Take a zone, None for one that is not known. A second one counts for nothing, not even when it is unknown."""
        if zone is None and self.zones == 0:
            raise PhraseError("The timezone could not be found in the database")
        self.zones += 1
        if self.zones > 2:
            raise PhraseError("Double timezone specification")
        if zone is not None and self.zones == 1:
            self.zone = zone

    def reverse(self) -> None:
        """`ago`: every shift so far goes the other way."""
        self.years, self.months, self.days = -self.years, -self.months, -self.days
        self.hours, self.minutes, self.seconds = -self.hours, -self.minutes, -self.seconds
        self.milliseconds = -self.milliseconds
        if self.weekday is not None:
            self.weekday = -7 if self.weekday == 0 else -self.weekday
        if self.working_days is not None:
            self.working_days = -self.working_days

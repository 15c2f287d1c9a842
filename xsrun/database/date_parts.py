"""The parts of a date or time, by the names that PostgreSQL's `extract` has for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from xsrun.dates.calendar import EPOCH

DATE_PARTS: dict[str, Callable[[datetime], float]] = {
    "epoch": lambda when: (when - EPOCH).total_seconds(),
    "year": lambda when: when.year,
    "quarter": lambda when: (when.month + 2) // 3,
    "month": lambda when: when.month,
    "week": lambda when: when.isocalendar().week,
    "day": lambda when: when.day,
    "dow": lambda when: when.isoweekday() % 7,
    "isodow": lambda when: when.isoweekday(),
    "doy": lambda when: when.timetuple().tm_yday,
    "hour": lambda when: when.hour,
    "minute": lambda when: when.minute,
    "second": lambda when: when.second + when.microsecond / 1e6,
}

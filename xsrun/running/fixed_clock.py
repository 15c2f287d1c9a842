"""A time that the user fixed, as options name it."""

from __future__ import annotations

from xsrun.errors import UsageError
from xsrun.values.digits import whole_of_digits

#: The last millisecond of the year 9999, in which dates end.
_LATEST = 253_402_300_799_999


def fixed_clock(text: str, option: str) -> int:
    """Milliseconds since 1970, from a number or an ISO time. Raises UsageError that names the option."""
    milliseconds = whole_of_digits(text)
    if milliseconds is not None and milliseconds <= _LATEST:
        return milliseconds
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} needs milliseconds or an ISO time, not `{text}`") from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)

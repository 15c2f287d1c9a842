"""One call of the console's API: what it asks for, and how it is answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xsrun.errors import NotFoundError, UsageError, XanoScriptError
from xsrun.filters.query_strings import parse_query
from xsrun.server.http_response import HttpResponse
from xsrun.values.conversion import Value, from_json
from xsrun.values.digits import whole_of_digits
from xsrun.values.json_errors import JsonError

if TYPE_CHECKING:
    from xsrun.server.console.shared import Shared
    from xsrun.server.http_request import HttpRequest
    from xsrun.server.snapshot import Snapshot
    from xsrun.workspace.workspace import LoadedWorkspace


@dataclass(slots=True)
class ApiCall:
    """A call of the API. `parts` are what the address has in place of its marks, decoded."""

    console: Shared
    snapshot: Snapshot
    request: HttpRequest
    parts: tuple[str, ...] = ()
    query: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.query = parse_query(self.request.query)

    @property
    def workspace(self) -> LoadedWorkspace:
        return self.snapshot.workspace

    def text(self, name: str) -> str:
        """An argument of the address; empty when it is not there."""
        value = self.query.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """The same as a number. Raises XanoScriptError for what is none."""
        text = self.text(name)
        if not text:
            return None
        if not text.isdigit() or (found := whole_of_digits(text)) is None or found >= 2**63:
            raise wrong(f"`{name}` is not a number")
        return found

    def limit(self, default: int = 50, most: int = 500) -> int:
        """How many things are asked for."""
        return max(1, min(self.number("limit") or default, most))

    def body(self) -> dict[str, Value]:
        """The members of the body. Raises XanoScriptError for what is not a JSON object."""
        if not self.request.body:
            return {}
        try:
            found = from_json(self.request.body)
        except JsonError as error:
            raise wrong(f"the body is not JSON: {error}") from None
        if not isinstance(found, dict):
            raise wrong("the body is not a JSON object")
        return found

    def given(self, name: str) -> str:
        """A text of the body. Raises XanoScriptError when it is not there."""
        found = self.body().get(name)
        if not isinstance(found, str) or not found:
            raise wrong(f"`{name}` is missing in the body")
        return found


Handler = Callable[[ApiCall], "dict[str, Value] | HttpResponse"]

#: The functions of the API by verb and pattern of the address behind `/xsrun/api/`, `{}` for a part that varies.
HANDLERS: dict[tuple[str, re.Pattern[str]], Handler] = {}
#: Those that are shown in a frame of their own or loaded by a link, with a ticket in place of the header.
TICKETED: dict[re.Pattern[str], Handler] = {}


def handles(verb: str, address: str) -> Callable[[Handler], Handler]:
    """Let a function answer calls of an address."""

    def note(function: Handler) -> Handler:
        HANDLERS[verb, _pattern(address)] = function
        return function

    return note


def shows(address: str) -> Callable[[Handler], Handler]:
    """Let a function answer what a frame or a link of the page loads."""

    def note(function: Handler) -> Handler:
        TICKETED[_pattern(address)] = function
        return function

    return note


def _pattern(address: str) -> re.Pattern[str]:
    return re.compile("([^/]+)".join(map(re.escape, address.split("{}"))))


def wrong(message: str, hint: str | None = None) -> XanoScriptError:
    """The error of a call that makes no sense."""
    return XanoScriptError(message, code="ERROR_CODE_BAD_REQUEST", status=400, hint=hint)


def missing(message: str) -> XanoScriptError:
    """The error of a thing that is not there."""
    return NotFoundError(message)


def as_error(error: UsageError) -> XanoScriptError:
    """A misuse that the caller of the API has to answer for."""
    return wrong(str(error), error.hint)

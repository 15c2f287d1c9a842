"""What a run gives back."""

from __future__ import annotations

from typing import Any

from xsrun.errors import XanoScriptError
from xsrun.records import made, record


@record
class Result:
    """The outcome of one run. `error` is None when the program ended well; `duration` is in seconds.

    `status` and `headers` are what an HTTP client would get. `variables` are those of a bare list of statements.
    `stream` is what the program sent with `api.stream`; where it kept its chunks, `response` is their text.
    """

    response: Any = None
    error: XanoScriptError | None = None
    status: int = 200
    headers: list[tuple[str, str]] = made(factory=list)
    logs: list[Any] = made(factory=list)
    warnings: list[Any] = made(factory=list)
    variables: dict[str, Any] = made(factory=dict)
    trace: list[Any] | None = None
    duration: float = 0.0
    stream: Any = None

    @property
    def body(self) -> Any:
        """What goes over the wire: the response, or the error's body."""
        return self.response if self.error is None else self.error.as_dict()

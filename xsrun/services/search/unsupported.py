"""What the local index refuses, by name."""

from __future__ import annotations

from xsrun.errors import UnavailableError, XanoScriptError
from xsrun.hints import NamedTuple, NoReturn
from xsrun.values.conversion import Value


def clause_error(kind: str, name: str) -> UnavailableError:
    """The error of a part of a search that only the real service can do."""
    return UnavailableError(
        f"xsrun's stand-in for the search service cannot do the {kind} `{name}`",
        hint="ask a real server with --allow-net or --cloud-endpoint, or give the statement a mock",
    )


def refuse_clause(kind: str, name: str) -> NoReturn:
    """Raise the error of a part of a search that only the real service can do."""
    raise clause_error(kind, name)


def object_in(given: Value, name: str) -> dict[str, Value]:
    """An object that a request must have; nothing, or the empty list that PHP makes of an empty object, is an empty
    one. Raises SearchError for anything else, `name` says for what."""
    if given is None or given == []:
        return {}
    if not isinstance(given, dict):
        raise SearchError("parsing_exception", f"[{name}] takes an object")
    return given


def objects_in(given: Value, name: str) -> list[dict[str, Value]]:
    """A list of objects that a request must have. Raises SearchError for anything else."""
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise SearchError("parsing_exception", f"[{name}] takes a list of objects")
    return given


class SearchAnswer(NamedTuple):
    """A status of HTTP and the document that comes with it."""

    status: int
    body: Value


class SearchError(XanoScriptError):
    """A request that a real server refuses as well; `status_code` is that of its answer."""

    def __init__(self, kind: str, reason: str, status_code: int = 400) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind
        self.reason = reason
        self.status_code = status_code

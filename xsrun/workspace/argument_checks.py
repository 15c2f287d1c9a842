"""Checks of what callers of the Python API pass: misuse is one UsageError."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps

from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar
from xsrun.running.context import Clock, Identity, Limits, Request, system_clock
from xsrun.values.conversion import Value
from xsrun.workspace.construct import Construct

if TYPE_CHECKING:
    from xsrun.services.files import Upload

#: How transactions see one another on SQLite; on PostgreSQL they do so by themselves.
Isolation = Literal["read-committed"]
Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")

#: The classes of values; subclasses would not be seen as what they are.
_PLAIN = frozenset((type(None), bool, int, float, str, bytes))
_INPUT = 'for example {"name": "Ann"}'


def checked(
    *options: str,
) -> Callable[[Callable[Parameters, Returned]], Callable[Parameters, Returned]]:
    """Make a misspelt keyword of a function a UsageError that names the one that is meant.

    `options` are the names that it takes as `**options`, where it has those.
    """

    def decorate(function: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
        code = function.__code__
        known = frozenset((*code.co_varnames[: code.co_argcount + code.co_kwonlyargcount], *options))

        @wraps(function)
        def call(*arguments: Parameters.args, **keywords: Parameters.kwargs) -> Returned:
            for name in keywords:
                if name not in known:
                    raise unknown_keyword(_called(function, arguments), name, sorted(known - {"self", "cls"}))
            return function(*arguments, **keywords)

        return call

    return decorate


def _called(function: Callable[..., Any], arguments: tuple[Any, ...]) -> str:
    """What the caller calls a function: a method by the class that it was called on, `Workspace.run`."""
    if "." not in function.__qualname__:
        return function.__name__
    owner = arguments[0] if isinstance(arguments[0], type) else type(arguments[0])
    return owner.__name__ if function.__name__ == "__init__" else f"{owner.__name__}.{function.__name__}"


def unknown_keyword(function: str, name: str, known: list[str]) -> UsageError:
    """The error of a keyword that a function of the API does not have."""
    from xsrun.diagnostics.suggest import did_you_mean

    hint = did_you_mean(name, known) or f"it takes: {', '.join(known)}"
    return UsageError(f"{function} has no option `{name}`", hint=hint)


def keywords_of(function: Callable[..., None]) -> tuple[str, ...]:
    """The names of the parameters that are given by name only."""
    code = function.__code__
    return code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]


def require(argument: str, value: Value, expected: type | tuple[type, ...], what: str, hint: str | None = None) -> None:
    """Raise UsageError for an argument that is of another class; `what` says in words what it must be."""
    if not isinstance(value, expected):
        raise UsageError(f"{argument} must be {what}, not {_class(value)}", hint=hint)


def endpoints_of(cloud: Mapping[str, str] | None) -> Mapping[str, str]:
    """The addresses of cloud services. Raises UsageError for what is none."""
    if not cloud:
        return {}
    from xsrun.services.cloud.endpoints import Endpoints

    require("cloud", cloud, dict, "a dict of addresses by service", 'for example {"s3": "http://127.0.0.1:9000"}')
    Endpoints(cloud)
    return cloud


def texts_by_name(argument: str, given: Value) -> None:
    """Raise UsageError for what is not a dict of texts."""
    require(argument, given, Mapping, "a dict of texts by file name", 'for example {"a.xs": "..."}')
    for name, text in given.items():
        require(f"the name {name!r} in {argument}", name, str, "a text")
        require(f"{argument}[{name!r}]", text, str, "the text of a file")


def clock_of(given: Clock | int | None) -> Clock:
    """A clock: that of the system, one that stands still at a number of milliseconds, or the caller's own function."""
    if given is None:
        return system_clock
    if callable(given):
        return given
    require("clock", given, int, "milliseconds, or a function that returns them")
    return lambda: given


def is_read_committed(given: Isolation | None) -> bool:
    """Do transactions run at once on SQLite as well?"""
    if given not in (None, "read-committed"):
        raise UsageError(f'isolation must be "read-committed" or None, not {given!r}')
    return given is not None


def limits_of(given: Limits | None) -> Limits:
    """The limits of a workspace."""
    if given is None:
        return Limits()
    require("limits", given, Limits, "an xsrun.Limits", "write xsrun.Limits(steps=1000)")
    return given


def identity_of(given: Value) -> Identity | None:
    """The identity of the caller of a run."""
    if given is None or isinstance(given, Identity):
        return given
    hint = 'write auth={"table": "user", "id": 1}'
    require("auth", given, dict, "a dict with table and id", hint)
    unknown = [name for name in given if name not in ("id", "table", "extras")]
    if unknown or "id" not in given:
        raise UsageError(f"auth has no `{unknown[0]}`" if unknown else "auth needs an id", hint=hint)
    return Identity(given["id"], given.get("table", ""), given.get("extras") or {})


def object_input(given: Value) -> dict[str, Value]:
    """The input of a run: an object of values."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise UsageError(f"the input must be an object of names and values, not {_class(given)}", hint=_INPUT)
    values("input", given)
    return given


def request_of(
    construct: Construct,
    given: dict[str, Value],
    headers: dict[str, str] | None,
    body: bytes | None,
    files: Mapping[str, Upload | list[Upload]] | None,
) -> Request:
    """The request that a run of a construct answers; files are inputs too."""
    for argument, value in {"headers": headers, "files": files}.items():
        require(argument, value, (dict, type(None)), "a dict by name")
    require("body", body, (bytes, type(None)), "bytes", "write text.encode()")
    if files:
        from xsrun.services.files import upload_of

        given = {**given, **{key: upload_of(file) for key, file in files.items()}}
    return Request(
        method=construct.verb or "",
        headers=dict(headers or {}),
        body=body,
        input={**given},
        in_path=construct.path_parameters,
    )


def variables_of(argument: str, given: Value) -> dict[str, Value]:
    """Variables by name, without the dollar sign."""
    if given is None:
        return {}
    require(argument, given, dict, "a dict of values by name", 'for example {"n": 1}')
    for name in given:
        if isinstance(name, str) and name.startswith("$"):
            raise UsageError(f"{argument}: names come without the dollar sign: {name[1:]!r}, not {name!r}")
    values(argument, given)
    variables: dict[str, Value] = given
    return variables


def rows_of(given: Value) -> dict[str, list[Value]]:
    """Rows to seed, by table."""
    hint = 'for example {"user": [{"name": "Ann"}]}'
    require("rows", given, dict, "a dict with a list of rows for each table", hint)
    for table, rows in given.items():
        require(f"rows[{table!r}]", rows, (list, tuple), "a list of rows", hint)
        for number, row in enumerate(rows):
            require(f"rows[{table!r}][{number}]", row, dict, "a dict of columns", hint)
    tables: dict[str, list[Value]] = given
    return tables


def values(argument: str, given: Value) -> None:
    """Raise UsageError for what is not a value of the language, at any depth: a set, a tuple, a datetime, a Decimal."""
    waiting = [(argument, given)]
    while waiting:
        place, value = waiting.pop()
        if value.__class__ in _PLAIN:
            continue
        if value.__class__ is list:
            waiting += [(f"{place}[{number}]", one) for number, one in enumerate(value) if one.__class__ not in _PLAIN]
        elif value.__class__ is dict:
            for name, one in value.items():
                if name.__class__ is not str:
                    raise UsageError(f"{place} has the key {name!r}, which is not a text", hint="keys are texts")
                if one.__class__ not in _PLAIN:
                    waiting.append((f"{place}[{name!r}]", one))
        elif not value.__class__.__module__.startswith("xsrun."):  # files and streams are xsrun's own
            raise UsageError(
                f"{place} is {_class(value)}, which is not a value of the language",
                hint="values are None, bool, int, float, str, list and dict; a time is milliseconds",
            )


def _class(value: Value) -> str:
    """`a set`, `an OrderedDict`."""
    name = type(value).__qualname__
    return f"{'an' if name[0] in 'aeiouAEIO' else 'a'} {name}" if value is not None else "None"


def models_of(given: Value) -> list[str]:
    """The option `models` as a list: one text, several, or none."""
    models = [] if given is None else [given] if isinstance(given, str) else given
    hint = 'for example "http://127.0.0.1:11434/v1#llama3.2", or the name of a file of turns'
    require("models", models, (list, tuple), "a text or a list of texts", hint)
    for one in models:
        require("models", one, str, "a text or a list of texts", hint)
    return list(models)

"""What generated code calls: the slow path of every operator, and reading and writing by path.

The generated code has the common case in line (two ints, a key that is there) and comes here for the rest. Which names
a template may use is listed in `vocabulary`; a rename here is a rename in the templates.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping

from xsrun.errors import (
    CODE_OF_ERROR_TYPE,
    LimitError,
    MissingMemberError,
    MissingVariableError,
    PreconditionError,
    StoppedError,
    ThrownError,
    UnavailableError,
    XanoScriptError,
)
from xsrun.fields.literals import UNBOUND
from xsrun.hints import NoReturn
from xsrun.running.context import Context
from xsrun.values.arithmetic import whole_numbers
from xsrun.values.change import as_index
from xsrun.values.conversion import (
    Value,
    as_int,
    as_list,
    as_object,
    describe,
    normalize_object,
    not_allowed,
    to_json,
    to_text,
)
from xsrun.values.digits import whole_of_digits
from xsrun.values.extent import check_extent
from xsrun.values.ownership import Owned

# Arithmetic (semantics 2.5; the rest is in runtime.arithmetic) -----------------------------------------------------


def refuse_now(_left: Value, _right: Value) -> NoReturn:
    """`now` is not a number in arithmetic: the engine refuses it (evidence v1)."""
    raise XanoScriptError(
        "Not numeric.",
        hint="`now` cannot be calculated with: use now|add_secs_to_timestamp:60, or (now|to_int) + 60",
    )


#: No more than so many texts are put together before their size is looked at.
_FEW_TEXTS = 4


def concatenate_all(context: Context, *parts: Value) -> str:
    """The text of all parts, one after another; refuses to build one beyond the size limit."""
    texts = [part if part.__class__ is str else to_text(part) for part in parts]
    if len(texts) > _FEW_TEXTS:
        context.check_size(sum(map(len, texts)))
    text = "".join(texts)
    limit = context.limits.size
    if limit is not None and len(text) > limit:
        context.check_size(len(text))
    return text


def number_range(context: Context, first: Value, last: Value) -> list[int]:
    """`first..last`, both ends included; counts down when the first is greater (PHP's range)."""
    start, stop = as_int(first), as_int(last)
    context.check_size(abs(stop - start) + 1)
    return whole_numbers(start, stop)


# Reading by path (semantics 1.2) -------------------------------------------------------------------------------------


#: Roots that messages name instead of `var`; variables of a program cannot have these names.
_OWN_ROOTS = frozenset(("auth", "input"))


def missing(path: str, container: Value, root: str = "var") -> NoReturn:
    """No such member: the engine names the root, and the whole path below it without the dollar sign."""
    first, dot, below = path.partition(".")
    if dot and first in _OWN_ROOTS:
        root, path = first, below
    hint = None
    if container is None:
        hint = "the value before the last dot is null; test it, or read it with ?? or |get"
    elif container.__class__ is dict:
        from xsrun.diagnostics.suggest import nearest

        wanted = path.rpartition(".")[2]
        close = nearest(wanted, container)
        keys = ", ".join(list(container)[:8])
        hint = f"did you mean `{close}`?" if close else f"its keys are: {keys}" if keys else "the object is empty"
    elif container.__class__ is not list:
        hint = f"the value before the last dot is {describe(container)}"
    raise MissingMemberError(root, path, hint=hint)


def member(value: Value, key: str, path: str) -> Value:
    """`value.key`; `path` is the whole path for the message."""
    if value.__class__ is dict:
        if key in value:
            return value[key]
    elif value.__class__ is list:
        position = whole_of_digits(key)
        if position is not None and position < len(value):
            return value[position]
    elif hasattr(value, "as_value"):
        return member(value.as_value(), key, path)
    missing(path, value)


def element(value: Value, key: Value, path: str) -> Value:
    """`value[key]`: an index of a list (negative from the end), or a key of an object."""
    if value.__class__ is list:
        index = key if key.__class__ is int else as_index(key)
        if index is not None and -len(value) <= index < len(value):
            return value[index]
    elif value.__class__ is dict:
        text = to_text(key)
        if text in value:
            return value[text]
        if key.__class__ is int and key < 0 and len(value) >= -key:
            return list(value.values())[key]
    elif hasattr(value, "as_value"):
        return element(value.as_value(), key, path)
    missing(f"{path}.{to_text(key) if key.__class__ not in (list, dict) else describe(key)}", value)


_ABSENT = object()


def lookup(value: Value, keys: Iterable[Value]) -> Value:
    """The value at the keys, or null when the path is missing anywhere (semantics 1.2, the left side of `??`)."""
    for key in keys:
        if value.__class__ is dict:
            value = value.get(key if key.__class__ is str else to_text(key))
        elif value.__class__ is list:
            index = key if key.__class__ is int else as_index(key)
            value = value[index] if index is not None and -len(value) <= index < len(value) else None
        elif hasattr(value, "as_value"):
            value = lookup(value.as_value(), (key,))
        else:
            return None
    return value


def maybe(read: Callable[[], Value]) -> Value:
    """The value of a variable that may be unset: then null."""
    try:
        return read()
    except NameError:
        return None


def unlocated_input(name: str, inputs: dict[str, Value]) -> NoReturn:
    """`$input.name` that is not declared, or stayed without a value (semantics 1.1, 3.2)."""
    from xsrun.diagnostics.suggest import nearest

    close = nearest(name, inputs)
    hint = f"did you mean `$input.{close}`?" if close else "only declared inputs exist; declare it in the input block"
    raise MissingMemberError("input", name, hint=hint)


def without_unbound(inputs: dict[str, Value]) -> dict[str, Value]:
    """The inputs that have a value."""
    return {name: value for name, value in inputs.items() if value is not UNBOUND}


def request_values(context: Context) -> dict[str, Value]:
    """The values that `$env.$name` reads: of the request and of the system (semantics 7.3)."""
    request = context.request
    return {
        "remote_ip": request.remote_ip,
        "remote_port": 0,
        "remote_host": request.remote_ip,
        "remote_user": "",
        "remote_passwd": "",
        "request_method": request.method,
        "request_uri": request.uri,
        "request_querystring": request.query,
        "http_headers": title_cased(request.headers),
        "request_auth_token": request.token or "",
        "api_baseurl": request.api_base_url,
        "datasource": context.datasource,
        "branch": "v1",
        "tenant": "",
        "release": "",
        "platform": "xsrun",
        "debugger": False,
    }


def request_variable(context: Context, name: str) -> Value:
    """`$env.$name`."""
    values = request_values(context)
    if name not in values:
        missing(f"env.${name}", values, "env")
    return values[name]


def lambda_environment(context: Context) -> dict[str, Value]:
    """`$env` as JavaScript sees it: the values of the request are members whose names begin with a dollar sign."""
    return {**context.environment, **{f"${name}": value for name, value in request_values(context).items()}}


def title_cased(headers: Mapping[str, str]) -> dict[str, str]:
    """Request headers under the Title-Cased names that the engine gives them (semantics 7.3)."""
    return {"-".join(part.capitalize() for part in name.split("-")): value for name, value in headers.items()}


# Literals ------------------------------------------------------------------------------------------------------------


def spread_list(*parts: tuple[bool, Value]) -> list[Value]:
    """A list literal with `...`: parts alternate between lists of items and spread values."""
    result: list[Value] = []
    for is_spread, value in parts:
        if is_spread:
            result.extend(value.values() if value.__class__ is dict else [] if value is None else as_list(value))
        else:
            result.append(value)
    return result


def spread_object(*parts: tuple[str | None, Value]) -> Value:
    """An object literal with `...`: parts are (key, value); the key of a spread value is None."""
    result: dict[str, Value] = {}
    for key, value in parts:
        if key is not None:
            result[key] = value
        elif value is not None:
            result.update(as_object(value))
    return normalize_object(result)


# Control -------------------------------------------------------------------------------------------------------------


def fail_precondition(error_type: Value, message: Value, payload: Value) -> NoReturn:
    """Raise what a precondition that does not hold raises (semantics 1.3, 3.6)."""
    code = CODE_OF_ERROR_TYPE.get(error_type if error_type.__class__ is str else "")
    if code is None:
        hint = f"error_type is one of {', '.join(CODE_OF_ERROR_TYPE)}"
        raise not_allowed(error_type, "error_type", hint)
    text = message if message.__class__ is str else ""
    if message.__class__ in (int, float):
        text = to_text(message)
    check_extent(payload)
    raise PreconditionError(text or "Precondition failed.", code, payload)


def _shown(value: Value) -> str:
    return describe(value) if value.__class__ in (list, dict) else to_text(value)


def throw(name: Value, value: Value) -> NoReturn:
    check_extent(value)
    raise ThrownError(_shown(name), value, to_json)


def stop(value: Value) -> NoReturn:
    check_extent(value)
    raise StoppedError(value)


def caught(error: BaseException) -> dict[str, Value]:
    """The `$error` record of an exception that a `try` let out; what no program may catch goes on."""
    from xsrun.evaluator.generated.tracebacks import translate

    problem = translate(error)
    if not problem.catchable:
        raise problem from error
    return problem.as_record()


def variables_of(frame_locals: dict[str, Value], owners: Iterable[Owned]) -> dict[str, Value]:
    """The program's variables among the locals of a generated function, without the dollar sign.

    Whoever gets them may keep them: the owners own nothing any more.
    """
    for owned in owners:
        owned.escape(None)
    return {name[2:]: value for name, value in frame_locals.items() if name.startswith("v_")}


def variables_by(readers: dict[str, Callable[[], Value]], owners: Iterable[Owned]) -> dict[str, Value]:
    """The program's variables where `locals()` does not have them all; a reader raises for one that is not set."""
    for owned in owners:
        owned.escape(None)
    values = {}
    for variable, read in readers.items():
        with contextlib.suppress(NameError):
            values[variable] = read()
    return values


def no_value_here(root: str, hint: str | None) -> NoReturn:
    """A root that has a value elsewhere only: `$output` outside of an addon's input, `$db` outside of a query."""
    raise MissingVariableError(root, hint=hint or f"`${root}` has no value here")


def filled_path(label: str, *keys: Value) -> str:
    """The path for a message, with the keys that were computed in place of `{}`."""
    return label.format(*(describe(key) if key.__class__ in (list, dict) else to_text(key) for key in keys))


def missing_statement() -> NoReturn:
    hint = "an export could not write this statement down; write in its place what it did"
    raise XanoScriptError("Missing statement: mvp:placeholder", hint=hint)


def unset_variable(name: str) -> NoReturn:
    raise MissingVariableError(name)


def too_deep(context: Context) -> NoReturn:
    raise LimitError(
        f"Calls are nested more than {context.limits.depth:,} deep.",
        hint="does the recursion end? raise the limit with --limit depth=N if it really needs to go deeper",
    )


def raise_unavailable(statement: str) -> NoReturn:
    """A statement of the language that this version does not carry out."""
    raise UnavailableError(
        f"`{statement}` is not available in this version of xsrun",
        hint="give it a mock in tests, or disable it with a leading ! to run the rest",
    )


# Tests and traces ----------------------------------------------------------------------------------------------------


def mocked_test(context: Context, owner: tuple[str | None, ...]) -> str | None:
    """The name of the unit test that runs, if it is one of this construct's own (semantics 1.8)."""
    test = context.test
    return test[1] if test is not None and test[0] == owner else None


def trace_start(context: Context, label: str, line: int, level: int) -> tuple[int, float] | None:
    trace = context.trace
    return trace.start(label, line, level) if trace is not None else None


def trace_end(context: Context, started: tuple[int, float] | None, value: Value, variable: str) -> None:
    trace = context.trace
    if trace is not None and started is not None:
        trace.end(started, value, variable)


# Calls ---------------------------------------------------------------------------------------------------------------


def call_construct(
    context: Context, depth: int, kind: str, name: str, inputs: dict[str, Value], caller_inputs: dict[str, Value] | None
) -> Value:
    """Run another construct inside this run (semantics 1.7)."""
    workspace = context.workspace
    assert workspace is not None
    context.depth = depth
    return workspace.call(context, kind, name, inputs, caller_inputs=caller_inputs)


def raw_inputs(context: Context) -> dict[str, Value]:
    """What the caller of a query without inputs sent: it is handed on to functions that leave inputs out (G15)."""
    return context.request.input or {}


def start_construct(
    context: Context, depth: int, kind: str, name: str, inputs: dict[str, Value], caller_inputs: dict[str, Value] | None
) -> str:
    """An asynchronous call: it runs later (`running.asynchronous`), under the id of a job."""
    import uuid

    from xsrun.running.asynchronous import AsynchronousCall

    job = str(uuid.uuid4())
    started = AsynchronousCall(lambda: call_construct(context, depth, kind, name, inputs, caller_inputs))
    context.asynchronous[job] = started
    context.deferred.append(lambda _response: started.conclude())
    return job


def await_one(context: Context, job: Value) -> Value:
    """The response of one asynchronous call; its error is raised here."""
    started = context.asynchronous.get(job) if job.__class__ is str else None
    if started is None:
        raise XanoScriptError("Async timeout", hint="the id is not that of an asynchronous call of this run")
    return started.outcome()


def await_all(context: Context, jobs: Value) -> dict[str, Value]:
    """The responses of asynchronous calls by id."""
    return {to_text(job): await_one(context, job) for job in as_list(jobs)}

"""The compiled code of constructs, kept between runs, so that an unchanged file needs no compiler.

It is keyed by the text, by where that stands, and by the version of xsrun and Python. `xsrun.cache` gives back only
what this user wrote: what is unpickled here would run whatever somebody else put there.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable

from xsrun import cache
from xsrun.hints import TYPE_CHECKING, Any
from xsrun.workspace.construct import Construct

if TYPE_CHECKING:
    import ast

    from xsrun.evaluator.generated.linker import Compiled
    from xsrun.fields.declared import Declared

#: What code was made from, beside its text.
Asked = Any
#: That, and the globals of the code: builtins, constructs that it calls, inputs, constants.
Parts = tuple[Asked, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]


def compiled_stack(construct: Construct, trace: bool = False) -> Compiled:
    """The compiled stack of a construct, made once. Raises XanoScriptSyntaxError."""
    found = construct.compiled.get(trace)
    if found is None:
        with construct.lock:
            found = construct.compiled.get(trace)
            if found is None:
                construct.fail_if_broken()
                found = construct.compiled[trace] = _stack(construct, trace)
    return found


def _stack(construct: Construct, trace: bool) -> Compiled:
    """The stack linked from the cache, else compiled and kept."""
    key = _code_key(construct, trace)
    data = cache.read("code", key)
    if data is not None:
        found = _link(construct, data)
        if found is not None:
            return found
    return _compile(construct, trace, key)


def _code_key(construct: Construct, trace: bool) -> str:
    given = ",".join(construct.variables)
    if construct.kind == "stack":
        given += ":" + ",".join(declared.name for declared in construct.declared)
    place = f"{construct.file}:{construct.line}:{trace}:{construct.is_measured}:{tuple(construct.key)}:{given}"
    return cache.digest(cache.fingerprint(), place, construct.text)


def python_of(construct: Construct, text: str, trace: bool = False) -> str:
    """The Python code that the stack of a construct becomes; `text` is its file. Raises XanoScriptSyntaxError."""
    from xsrun.evaluator.listing import listing

    construct.fail_if_broken()
    shown: list[ast.Module] = []
    _compile(construct, trace, _code_key(construct, trace), shown.append)
    return listing(shown[0], text)


def _compile(construct: Construct, trace: bool, key: str, show: Callable[[ast.Module], None] | None = None) -> Compiled:
    from xsrun.evaluator.stack_functions import compile_stack

    asked: dict[tuple[str, str], tuple[str, ...] | None] = {}

    def signature(kind: str, name: str) -> list[Declared] | None:
        declared = construct.signature(kind, name) if construct.signature is not None else None
        asked[kind, name] = _names(construct, declared)
        return declared

    compiled = compile_stack(
        construct.items,
        construct.response,
        construct.file,
        declared=construct.declared,
        variables=construct.variables,
        signature=signature,
        trace=trace,
        owner=construct.key,
        returns_variables=construct.kind == "stack" and construct.response is None,
        at=construct.node,
        show=show,
        measured=construct.is_measured,
    )
    if not _depends_on_tables(construct):
        keep("code", key, compiled, asked)
    return compiled


def keep(kind: str, key: str, compiled: Compiled, about: Asked) -> None:
    """Keep compiled code and what it was made from, unless a constant cannot be kept: then it is compiled each time."""
    linker = compiled.linker
    parts = (about, linker.builtins, linker.callees, linker.fields, linker.constants)
    data = cache.packed((marshal.dumps(compiled.code), parts))
    if data is not None:
        cache.write(kind, key, data)


def _names(caller: Construct, declared: list[Declared] | None) -> tuple[str, ...] | None:
    """What a caller depends on: whether it is the construct itself, and the names of the inputs in their order, with
    the types of those that values may pass unchanged."""
    if declared is None:
        return None
    inputs = (f"{one.name}: {one.plain_type}{' required' * one.required}" for one in declared)
    return ("itself" if declared is caller.declared else "another", *inputs)


def _depends_on_tables(construct: Construct) -> bool:
    """Do the inputs expand to the columns of a table, which another file declares?"""
    fields = construct.node.fields_of("input") if construct.node is not None else None
    return any(field.type == "dblink" for field in fields or [])


def _link(construct: Construct, data: bytes) -> Compiled | None:
    """The stored code with its globals; None when a construct that it calls takes other inputs by now."""
    code, parts = cache.unpacked(data)
    for (kind, name), names in parts[0].items():
        declared = construct.signature(kind, name) if construct.signature is not None else None
        if _names(construct, declared) != names:
            return None
    return linked(construct.file, code, parts, construct.declared)


def linked(file: str, code: bytes, parts: Parts, declared: list[Declared]) -> Compiled:
    """Code that was kept, with its globals."""
    from xsrun.evaluator.generated import tracebacks
    from xsrun.evaluator.generated.linker import Compiled, Linker, link

    _, builtins, callees, fields, constants = parts
    linker = Linker(frozenset())
    linker.builtins, linker.callees, linker.fields, linker.constants = builtins, callees, fields, constants
    loaded = marshal.loads(code)
    tracebacks.remember(file)
    run, direct = link(loaded, linker, declared if fields else [])
    return Compiled(run, direct, loaded, linker)

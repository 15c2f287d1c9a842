"""How builtins are declared: the decorators that make their records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from xsrun.hints import Any, TypeVar
from xsrun.language.catalogue import Kind
from xsrun.registry.builtin import Builtin, Gives, InliningRule, Result, StandIn

Function = TypeVar("Function", bound=Callable[..., Any])

#: kind -> name -> record of what has been declared so far
records: dict[Kind, dict[str, Builtin]] = {"statement": {}, "filter": {}, "query_filter": {}, "input_filter": {}}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _declare(made: Builtin) -> None:
    table, name = records[made.kind], made.name
    if name in table and table[name].function.__qualname__ != made.function.__qualname__:
        raise ValueError(f"{made.kind} {name} is declared twice: {table[name].module} and {made.module}")
    table[name] = made


def _declaring(kind: Kind, name: str, **facts: Any) -> Callable[[Function], Function]:
    """The decorator that declares a function with these facts of its record."""

    def declare(function: Function) -> Function:
        _declare(Builtin(kind, name, function, **facts))
        return function

    return declare


def statement(
    name: str,
    *,
    updates: bool = False,
    stand_in: StandIn | None = None,
    spellings: Mapping[str, str] | None = None,
    literal: str = "",
    values: Mapping[str, Collection[str]] | None = None,
    editor_needs: str = "",
) -> Callable[[Function], Function]:
    """Declare a statement that takes values. Its attributes are the parameters, its `as` binds the result.

    `updates`: the header names a variable or path, whose value is passed as the parameter `target`, and the function
    returns its new value. `stand_in`: what stands on this machine for the service that it is for. `spellings`,
    `literal`, `values` and `editor_needs` tell of attributes, `literal` and `editor_needs` by names with blanks
    between: see `Builtin`.
    """

    return _declaring(
        "statement",
        name,
        updates=updates,
        stand_in=stand_in,
        spellings=spellings,
        literal=_words(literal),
        values=values,
        editor_needs=_words(editor_needs),
    )


def statement_form(
    name: str,
    attributes: str = "",
    *,
    changes_target: bool = False,
    editor_needs: str = "",
) -> Callable[[Function], Function]:
    """Declare a statement form: `function(compiler, node)` emits code through the compiler.

    `attributes` declares what may stand in its braces (`signatures.declared_parameters`). `changes_target`: it changes
    the list or object in the variable or path of its header where that is.
    """

    return _declaring(
        "statement",
        name,
        form=True,
        declared=attributes,
        changes_target=changes_target,
        editor_needs=_words(editor_needs),
    )


def filter(
    name: str,
    *,
    gives: Gives | None = None,
    elementwise: bool = False,
    result: Result | None = None,
    operator: str | None = None,
    inline: InliningRule | None = None,
    counted: bool = True,
    takes_surplus: bool = False,
    takes_missing: bool = False,
) -> Callable[[Function], Function]:
    """Declare a filter: the first parameter is the piped value, the others are the arguments (see `Builtin`)."""

    return _declaring(
        "filter",
        name,
        gives=gives,
        elementwise=elementwise,
        result=result,
        operator=operator,
        inline=inline,
        counted=counted,
        takes_surplus=takes_surplus,
        takes_missing=takes_missing,
    )


def filter_form(name: str, arguments: str = "") -> Callable[[Function], Function]:
    """Declare a filter form: `function(compiler, operand, call)` takes the compiled operand and the `FilterCall`
    node, and returns the code of the result. `arguments` declares what follows its name."""

    return _declaring("filter", name, form=True, declared=arguments)


def input_filter(name: str) -> Callable[[Function], Function]:
    """Declare an input filter: `function(value, *arguments)` returns the value to bind or raises `InputError`."""

    return _declaring("input_filter", name)


def query_filter(name: str, function: Callable[..., Any], arguments: str) -> None:
    """Record a filter of database conditions; the database room declares both its SQL sides (see its operators)."""
    _declare(Builtin("query_filter", name, function, form=True, declared=arguments))

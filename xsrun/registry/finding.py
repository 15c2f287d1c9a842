"""Finding a builtin by name: the one place that imports the modules that hold them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from xsrun.language import catalogue
from xsrun.language.catalogue import Kind
from xsrun.registry.builtin import Builtin
from xsrun.registry.declaring import records

#: Modules of statement names without a namespace of their own.
_CONTROL = "xsrun.statements.control"
_NAMESPACE_MODULES = {
    "function": "xsrun.statements.call",
    "service": "xsrun.statements.call",
    "task": "xsrun.statements.workflow_calls",
    "tool": "xsrun.statements.call",
    "trigger": "xsrun.statements.workflow_calls",
    "middleware": "xsrun.statements.call",
    "addon": "xsrun.statements.call",
    "workflow_test": "xsrun.statements.workflow_calls",
    "await": "xsrun.statements.call",
    "var": _CONTROL,
    "foreach": _CONTROL,
}
_loaded: set[str] = set()


def module_of(kind: Kind, name: str) -> str | None:
    """The module that declares a builtin of this name, or None when the language has no such name."""
    if kind == "statement":
        namespace, dot, _ = name.partition(".")
        return _NAMESPACE_MODULES.get(namespace) or (f"xsrun.statements.{namespace}" if dot else _CONTROL)
    if kind == "query_filter":
        return "xsrun.database.query_filters"
    if kind == "input_filter":
        return "xsrun.filters.input"
    family = catalogue.family(kind, name)
    return f"xsrun.filters.{family}" if family else None


def _load(module: str | None) -> None:
    if module is None or module in _loaded:
        return
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
    _loaded.add(module)  # not before: another thread would take its builtins for missing while it is imported


def find(kind: Kind, name: str, module: str | None = None) -> Builtin | None:
    """The record of a builtin by name or alias, its module imported if need be; None if xsrun has none.

    A caller that knows the module spares the look into the catalogue.
    """
    table = records[kind]
    record = table.get(name)
    if record is None:
        _load(module or module_of(kind, name))
        record = table.get(name)
    if record is None and kind != "statement":
        entry = catalogue.entry(kind, name)
        record = table.get(entry["name"]) if entry is not None else None
    return record


def find_statement(name: str) -> Builtin | None:
    return find("statement", name)


def find_filter(name: str) -> Builtin | None:
    return find("filter", name)


def find_function(name: str) -> Builtin | None:
    """The filter that a call in an expression means: `math.add(5, 3)`; its last word, or all of it (language 2.10)."""
    return find_filter(name.rpartition(".")[2]) or find_filter(name.replace(".", "_"))


def every(kind: Kind) -> Iterator[Builtin]:
    """Every record of a kind, once each, in the catalogue's order, then those the catalogue lacks. Imports all."""
    names = catalogue.names(kind)
    for name in names:
        find(kind, name)
    seen: set[int] = set()
    for name in [*names, *records[kind]]:
        record = records[kind].get(name)
        if record is not None and id(record) not in seen:
            seen.add(id(record))
            yield record

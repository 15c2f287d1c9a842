"""The filters of database conditions as records of the registry, which asks for them here."""

from __future__ import annotations

from collections.abc import Callable

from xsrun import registry
from xsrun.database.operators import OPERATORS
from xsrun.language import catalogue
from xsrun.values.conversion import Value


def _arguments(function: Callable[..., Value], kinds: tuple[str, ...], optional: int) -> str:
    """The declaration of a query filter's arguments: the names of the function's parameters, the operands' kinds."""
    names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    least = len(kinds) - optional
    words = zip(names, kinds, strict=True)
    return ", ".join(f"{name}{'?' if place >= least else ''}: {kind}" for place, (name, kind) in enumerate(words))


for _one in OPERATORS.values():
    _entry = catalogue.entry("query_filter", _one.name)
    if _entry is not None and _one.declared is not None:
        _described = _arguments(_one.declared, _one.operands[1:], len(_one.defaults))
        registry.query_filter(_entry["name"], _one.declared, _described)

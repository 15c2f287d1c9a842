"""The pages of the Python API, made from the docstrings of what `import xsrun` gives."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from xsrun.manual.page import Page
from xsrun.manual.reference import without_citations


def python_pages() -> Iterator[Page]:
    """A page for each function and class, and one for each public method and property of a class."""
    import xsrun

    for name in xsrun.__all__:
        thing = getattr(xsrun, name)
        if inspect.isclass(thing):
            yield from _class_pages(f"xsrun.{name}", thing)
        elif callable(thing):
            yield _page(f"xsrun.{name}", thing)


def _class_pages(name: str, thing: type) -> Iterator[Page]:
    yield Page(name, "python", documentation(thing), f"class {name}", group=name)
    for member, value in inspect.getmembers(thing):
        if member.startswith("_") or _owner(thing, member).__module__.partition(".")[0] != "xsrun":
            continue
        if isinstance(value, property):
            yield Page(f"{name}.{member}", "python", documentation(value), f"{name}.{member}", group=name)
        elif inspect.isroutine(value):
            yield _page(f"{name}.{member}", value, group=name)


def documentation(thing: object) -> str:
    """The docstring, without what tells contributors where a rule comes from."""
    return without_citations(inspect.getdoc(thing) or "")


def _owner(thing: type, member: str) -> type:
    return next((one for one in thing.__mro__ if member in vars(one)), thing)


def _page(name: str, function: Callable[..., Any], group: str = "") -> Page:
    signature = str(inspect.signature(inspect.unwrap(function)))
    signature = signature.replace("self, ", "", 1).replace("(self)", "()", 1).replace("'", "")
    return Page(name, "python", documentation(function), f"{name}{signature}", group=group)

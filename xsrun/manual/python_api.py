"""The pages of the Python API, made from the docstrings of what `import xsrun` gives."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from xsrun.manual.page import Page, Part
from xsrun.manual.reference import without_citations

#: What programs call of classes that xsrun itself calls, too; of the others everything that has no underscore.
_FOR_PROGRAMS = {
    "xsrun.Workspace": ("load", "from_sources", "seed", "run", "test", "close"),
    "xsrun.Report": ("passed", "failed", "skipped", "as_dict"),
    "xsrun.Diagnostic": ("as_dict",),
}


def python_pages() -> Iterator[Page]:
    """A page for each function and class, and one for each method and property of a class that programs use."""
    import xsrun

    for name in xsrun.__all__:
        thing = getattr(xsrun, name)
        if inspect.isclass(thing):
            yield from _class_pages(f"xsrun.{name}", thing)
        elif callable(thing):
            yield _page(f"xsrun.{name}", thing)


def _class_pages(name: str, thing: type) -> Iterator[Page]:
    parts = list(attributes(thing))
    yield Page(name, "python", documentation(thing), f"class {name}", group=name, parts=parts)
    for member, value in inspect.getmembers(thing):
        if member.startswith("_") or _owner(thing, member).__module__.partition(".")[0] != "xsrun":
            continue
        if member not in _FOR_PROGRAMS.get(name, (member,)):
            continue
        if isinstance(value, property):
            yield Page(f"{name}.{member}", "python", documentation(value), f"{name}.{member}", group=name)
        elif inspect.isroutine(value):
            yield _page(f"{name}.{member}", value, group=name)


def documentation(thing: object) -> str:
    """The docstring, without what tells contributors where a rule comes from."""
    return without_citations(inspect.getdoc(thing) or "")


def attributes(thing: type) -> Iterator[Part]:
    """The fields of a record with their types. What a workspace keeps for itself is not for programs."""
    if thing.__name__ == "Workspace":
        return
    for name, annotation in inspect.get_annotations(thing).items():
        if not name.startswith("_") and name != "secrets":
            yield {"name": name, "type": str(annotation), "required": True}


def options_of(function: Callable[..., Any]) -> Iterator[Part]:
    """The options that a function takes by name, as a typed dictionary lists them."""
    last = list(inspect.signature(inspect.unwrap(function)).parameters.values())[-1:]
    if last and last[0].kind is inspect.Parameter.VAR_KEYWORD:
        from xsrun.workspace.options import WorkspaceOptions

        told = re.split(r"`(\w+)`: ", " ".join(documentation(WorkspaceOptions).split()))
        texts = dict(zip(told[1::2], told[2::2], strict=True))
        for name, annotation in WorkspaceOptions.__annotations__.items():
            kind = annotation.__forward_arg__ if hasattr(annotation, "__forward_arg__") else str(annotation)
            yield {"name": name, "type": kind.removesuffix(" | None"), "required": False, "text": texts[name].strip()}


def _owner(thing: type, member: str) -> type:
    return next((one for one in thing.__mro__ if member in vars(one)), thing)


def _page(name: str, function: Callable[..., Any], group: str = "") -> Page:
    signature = str(inspect.signature(inspect.unwrap(function)))
    signature = signature.replace("self, ", "", 1).replace("(self)", "()", 1).replace("'", "")
    signature = signature.replace(": Unpack[WorkspaceOptions]", "").replace("(cls, ", "(")
    parts = list(options_of(function))
    return Page(name, "python", documentation(function), f"{name}{signature}", group=group, parts=parts)

"""The programs on a page that was named: all of them, or the one that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.diagnostics.suggest import some_of
from xsrun.errors import UsageError

if TYPE_CHECKING:
    from xsrun.cli.named import Named
    from xsrun.testing.doctest.example import PageExample

#: Kinds of block on a page that cannot run, and what is said of them.
RESTING = {
    "template": "a template, which leaves places for the reader to fill in",
    "empty": "nothing but comments",
    "fields": "declarations of fields, nothing to run",
    "attributes": "attributes, nothing to run",
}


def examples_of(what: Named, name: str) -> list[PageExample]:
    """The blocks of XanoScript on a page, in order."""
    from xsrun.testing.doctest.example import read_example
    from xsrun.testing.doctest.page import read_page

    return [read_example(block) for block in read_page(what.text or "", name) if block.is_program]


def one_example(what: Named, examples: list[PageExample]) -> PageExample:
    """The only block of a page, or the one at the line that was named. Raises UsageError when there is no such one."""
    shown = what.name
    if what.line is not None:
        fitting = [one for one in examples if one.block.holds(what.line)]
    else:
        fitting = [one for one in examples if one.kind not in RESTING] or examples
    if len(fitting) == 1:
        example = fitting[0]
        if example.kind in RESTING:
            raise UsageError(f"{shown}:{example.block.line} holds {RESTING[example.kind]}")
        return example
    places = some_of([f"{shown}:{one.block.line}" for one in fitting or examples])
    if not examples:
        raise UsageError(f"{shown} holds no XanoScript", hint="a block of it begins with ```xs")
    if what.line is not None:
        raise UsageError(f"there is no program at {shown}:{what.line}", hint=f"there are: {places}")
    one = "they begin at" if what.path is None else "xsrun run FILE:LINE one:"
    page = "-" if what.path is None else shown
    hint = f"xsrun doctest --fill {page} runs them all and makes up what they lack; {one} {places}"
    raise UsageError(f"{shown} holds {len(fitting)} programs", hint=hint)

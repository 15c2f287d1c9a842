"""`output`: which members of a row or of a paging envelope a statement binds."""

from __future__ import annotations

from xsrun.hints import Union
from xsrun.values.conversion import Value

#: Names by their first part: {"a": None} the whole of a, {"a": {"b": None}} only its b.
Tree = dict[str, Union["Tree", None]]


def pick(row: dict[str, Value], output: Value) -> dict[str, Value]:
    """The members of an object that the list names; `a.b` is member b of a, of each element when a is a list."""
    tree = _tree(output)
    return _picked(row, tree)


def _tree(output: Value) -> Tree:
    """The names of a list, taken apart."""
    tree: Tree = {}
    for entry in output if output.__class__ is list else [output]:
        if entry.__class__ is list or entry.__class__ is dict:
            continue  # which names nothing, and may be endless as a text
        at = tree
        names = str(entry).removeprefix("$this.").split(".")
        for name in names[:-1]:
            below = at.setdefault(name, {})
            at = {} if below is None else below
        at[names[-1]] = None
    return tree


def _picked(row: dict[str, Value], tree: Tree) -> dict[str, Value]:
    found = {}
    for name, below in tree.items():
        if name not in row:
            continue
        value = row[name]
        if below is not None and value.__class__ is list:
            value = [_picked(item, below) if item.__class__ is dict else item for item in value]
        elif below is not None and value.__class__ is dict:
            value = _picked(value, below)
        found[name] = value
    return found

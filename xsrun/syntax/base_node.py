"""What all nodes of the syntax tree have in common: fields, a place, and when two are equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Protocol, Self


class Located(Protocol):
    """What stands somewhere in a source text: a node, a token, a comment. Lines and columns count from 1."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...

    @property
    def end_line(self) -> int: ...

    @property
    def end_column(self) -> int: ...


class Node:
    """A node of the tree. Subclasses list their fields in `__slots__`; two nodes are equal when their fields are,
    wherever they stand."""

    __slots__ = ("line", "column", "end_line", "end_column")

    line: int
    column: int
    end_line: int
    end_column: int

    def __init__(self, *values: Any) -> None:
        for name, value in zip(self.__slots__, values, strict=True):
            setattr(self, name, value)
        self.line = self.column = self.end_line = self.end_column = 0

    def at(self, first: Located, last: Located) -> Self:
        """Take the position from the first to the last of two nodes or tokens; returns the node."""
        self.line, self.column = first.line, first.column
        self.end_line, self.end_column = last.end_line, last.end_column
        return self

    def fields(self) -> Iterator[tuple[str, Any]]:
        """The (name, value) pairs of the node's own fields."""
        for name in self.__slots__:
            yield name, getattr(self, name)

    def children(self) -> Iterator[Node]:
        """The nodes directly below, in source order."""
        for _, value in self.fields():
            if isinstance(value, Node):
                yield value
            elif isinstance(value, list):
                for item in value:
                    if isinstance(item, Node):
                        yield item

    def walk(self) -> Iterator[Node]:
        """This node and every node below it, parents first."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(list(node.children())))

    def __eq__(self, other: object) -> bool:
        return same(self, other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.fields())
        return f"{type(self).__name__}({shown})"


def same(one: object, other: object) -> bool:
    """Whether two trees are equal. It does not recurse, so that no chain of operators is too long for it."""
    left, right = [one], [other]
    while left:
        node, twin = left.pop(), right.pop()
        kind = node.__class__
        if kind is not twin.__class__:
            return False
        if isinstance(node, list):
            if not isinstance(twin, list) or len(node) != len(twin):
                return False
            left.extend(node)
            right.extend(twin)
        elif isinstance(node, Node) and isinstance(twin, Node):
            values = _own_values.get(type(node))
            if values is None:
                values = _own_values[type(node)] = _values_getter(type(node))
            left.extend(values(node))
            right.extend(values(twin))
        elif node != twin:
            return False
    return True


def _values_getter(kind: type[Node]) -> Callable[[Node], tuple[Any, ...]]:
    names = [name for name in kind.__slots__ if not name.endswith("_column") and name != "diagnostics"]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda node: tuple(getattr(node, name) for name in names)


_own_values: dict[type, Callable[[Node], tuple[Any, ...]]] = {}

"""Names while a construct is compiled: variables, temporaries, and what `$this` means where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from xsrun.evaluator.changes import Changes
from xsrun.fields.declared import Declared
from xsrun.hints import Any


class Element:
    """What `$$`, `$this`, `$index`, `$parent` and `$result` are inside one per-element expression."""

    __slots__ = ("binds_this", "names")

    def __init__(self, names: dict[str, str], binds_this: bool = True) -> None:
        self.names = names
        self.binds_this = binds_this


def input_locals(declared: Iterable[Declared]) -> dict[str, str]:
    """The local variables of generated code that hold the declared inputs, by their names."""
    return {
        one.name: f"i_{one.name}" if one.name.isidentifier() and one.name.isascii() else f"i_{position}"
        for position, one in enumerate(declared)
    }


class Scope:
    """The names of one generated function.

    `assigned` holds the variables that have a value at the point being compiled, whatever way was taken there; others
    may be unset, and are read with care. `elements` is the stack of per-element expressions around the point.
    """

    def __init__(self, declared: list[Declared] | None = None) -> None:
        self.assigned: set[str] = set()
        #: the variables that the construct changes in place, and those of them that the function being compiled has
        self.changes = Changes()
        self.owners: frozenset[str] = frozenset()
        #: the declared inputs by name, and the local variables that hold them
        self.declared = {one.name: one for one in declared or []}
        self.inputs = input_locals(self.declared.values())
        self.elements: list[Element] = []
        self.loops: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self.counter = 0
        self.temporaries = 0
        #: what `|as:name` named in the statement being compiled
        self.named: dict[str, str] = {}
        #: how many functions inside the function are being compiled
        self.nested = 0

    def fresh(self, stem: str = "local_") -> str:
        """A name that nothing else in the function has."""
        self.counter += 1
        return f"{stem}{self.counter}"

    def temporary(self) -> str:
        """A name for a value inside one expression. The next statement may use it again."""
        self.temporaries += 1
        return f"t{self.temporaries}"

    def restart_temporaries(self) -> None:
        """Begin a statement: the temporaries of the ones before are free."""
        self.temporaries = 0
        self.named = {}

    @contextmanager
    def maybe(self) -> Iterator[None]:
        """Code that may not run, or not to its end: what it assigns is not certain afterwards."""
        before = set(self.assigned)
        try:
            yield
        finally:
            self.assigned = before

    @contextmanager
    def element(self, names: dict[str, str], binds_this: bool = True) -> Iterator[None]:
        """Inside a per-element expression."""
        self.elements.append(Element(names, binds_this))
        try:
            yield
        finally:
            self.elements.pop()

"""Statements that need a service which is not on this machine: each is known, and raises one clear error.

A mock in a unit test takes the place of such a statement before it is reached, so programs with them can be tested.
"""

from __future__ import annotations

from typing import NoReturn

from xsrun import registry
from xsrun.errors import UnavailableError
from xsrun.values.conversion import Value


def declare(name: str, missing: str, summary: str, attributes: str = "") -> None:
    """Declare a statement that only raises its error. `missing` says what it lacks here.

    Its attributes are computed before the error is raised, so that mistakes in them show first; they are declared as
    those of a form (`registry.signatures.declared_parameters`). The network is never touched.
    """

    def raise_it(**_attributes: Value) -> NoReturn:
        refuse(name, missing)

    raise_it.__name__ = raise_it.__qualname__ = name.replace(".", "_")
    raise_it.__module__ = f"xsrun.statements.{name.partition('.')[0]}"
    raise_it.__doc__ = (
        f"{summary}\n\nOn this machine it raises an error: {missing}. In unit tests a `mock` stands for it."
    )
    registry.statement(name, attributes, unavailable=missing)(raise_it)


def refuse(name: str, missing: str) -> NoReturn:
    """Raise the error of a statement that cannot run here. `missing` says what it lacks."""
    raise UnavailableError(
        f"`{name}` cannot run here: {missing}",
        hint="give it a mock to test the rest, or switch it off with a leading !",
    )

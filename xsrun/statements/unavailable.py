"""Statements that need a service which is not on this machine: each is known, and raises one clear error.

A mock in a unit test takes the place of such a statement before it is reached, so programs with them can be tested.
"""

from __future__ import annotations

from typing import NoReturn

from xsrun import registry
from xsrun.errors import UnavailableError
from xsrun.language import catalogue
from xsrun.values.conversion import Value


def declare(name: str, missing: str, summary: str) -> None:
    """Declare a statement of the catalogue that only raises its error. `missing` says what it lacks here.

    Its attributes are those of the catalogue; they are computed before the error is raised, so that mistakes in them
    show first. The network is never touched.
    """

    def declared(**_attributes: Value) -> NoReturn:
        refuse(name, missing)

    declared.__name__ = declared.__qualname__ = name.replace(".", "_")
    declared.__module__ = f"xsrun.statements.{name.partition('.')[0]}"
    declared.__doc__ = (
        f"{summary}\n\nOn this machine it raises an error: {missing}. In unit tests a `mock` stands for it."
    )
    registry.statement(name, unavailable=missing)(declared)


def refuse(name: str, missing: str) -> NoReturn:
    """Raise the error of a statement that cannot run here. `missing` says what it lacks."""
    raise UnavailableError(
        f"`{name}` cannot run here: {missing}",
        hint="give it a mock to test the rest, or switch it off with a leading !",
    )


def declare_all(prefix: str, missing: str, summaries: dict[str, str]) -> None:
    """Declare every statement of the catalogue whose name begins so; `summaries` is by the rest of the name."""
    for name in catalogue.names("statement"):
        if name.startswith(prefix):
            declare(name, missing, summaries[name.removeprefix(prefix)])

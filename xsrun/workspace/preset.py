"""Variables that a caller sets before a bare list of statements."""

from __future__ import annotations

from typing import Any

from xsrun.syntax.nodes import Attribute, Body, Literal, Path, Segment, Statement, Variable


def preset_statements(variables: dict[str, Any]) -> list[Statement]:
    """`var $name { value = $input.name }` for each variable: the values travel as input."""
    made = []
    for name in variables:
        value = Path(Variable("input"), [Segment(name, "name")])
        body = Body([Attribute("value", value, "", False)])
        made.append(Statement("var", Variable(name), None, None, body, None, False, False, 0))
    return made


__all__ = ["Literal", "preset_statements"]

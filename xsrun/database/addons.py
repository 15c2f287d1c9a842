"""Addons: related data fetched for each row of a result (semantics 4.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.database.outputs import pick
from xsrun.database.plans import AddonPlan, setting
from xsrun.runtime.values import Value, to_json

if TYPE_CHECKING:
    from xsrun.database.session import Session

#: (the row as it was read, the object that the addon's result goes into)
Pair = tuple[dict[str, Value], dict[str, Value]]


def add_on(session: Session, addons: list[AddonPlan], operands: tuple[Value, ...], pairs: list[Pair]) -> None:
    """Run addons for rows and put their results where `as` says. Rows that ask for the same are asked for once."""
    for addon in addons:
        make = operands[addon.inputs]
        output = setting(addon.output, operands)
        answers: dict[str, Value] = {}
        for row, shown in pairs:
            inputs = make(row)
            key = to_json(inputs)
            if key not in answers:
                answers[key] = shaped(session, addon, operands, inputs, output)
            place(shown, addon.path, answers[key])


def shaped(session: Session, addon: AddonPlan, operands: tuple[Value, ...], inputs: Value, output: Value) -> Value:
    """The result of one addon, with its own addons, and only what its output names."""
    result = session.context.call("addon", addon.name, inputs)
    rows = result.get("items", [result]) if result.__class__ is dict else result
    if rows.__class__ is not list or not (output or addon.nested):
        return result
    shown = [pick(row, output) if output and row.__class__ is dict else row for row in rows]
    shown = [dict(row) if row.__class__ is dict else row for row in shown]
    pairs = [(row, made) for row, made in zip(rows, shown, strict=True) if row.__class__ is dict]
    if addon.nested:
        add_on(session, addon.nested, operands, pairs)
    if result.__class__ is list:
        return shown
    return {**result, "items": shown} if "items" in result and rows is result["items"] else shown[0]


def place(row: dict[str, Value], path: list[str], value: Value) -> None:
    """Put a value at a path below a row; `x[]` or a list on the way means each of its elements."""
    *way, last = path
    at: Value = row
    for position, name in enumerate(way):
        child = at.get(name)
        if child.__class__ is list:
            at[name] = [dict(item) if item.__class__ is dict else item for item in child]
            for item in at[name]:
                if item.__class__ is dict:
                    place(item, path[position + 1 :], value)
            return
        at[name] = dict(child) if child.__class__ is dict else {}
        at = at[name]
    at[last] = value

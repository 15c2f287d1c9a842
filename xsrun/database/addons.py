"""Addons: related data fetched for each row of a result (semantics 4.7)."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.database.outputs import pick
from xsrun.database.plans import AddonPlan, setting
from xsrun.database.session import Session
from xsrun.values.conversion import Value, to_json

#: the key under which `$output.$this` finds the element
_THIS = "$this"
Ask = Callable[[dict[str, Value]], Value]
#: (the row as it was read, the object that the addon's result goes into)
Pair = tuple[dict[str, Value], dict[str, Value]]


def add_on(session: Session, addons: list[AddonPlan], operands: tuple[Value, ...], pairs: list[Pair]) -> None:
    """Run addons for rows and put their results where `as` says. The same input is asked for once."""
    for addon in addons:
        ask = asking(session, addon, operands)
        for row, shown in pairs:
            if addon.each:
                exchange(row, shown, addon.path, ask)
                continue
            answer = ask(row)
            if addon.merges and answer.__class__ is dict and "items" not in answer:
                shown.update(answer)
            else:
                place(shown, addon.path, answer)


def asking(session: Session, addon: AddonPlan, operands: tuple[Value, ...]) -> Ask:
    """The function that asks an addon for a row; the same input is asked for once."""
    make, output = operands[addon.inputs], setting(addon.output, operands)
    answers: dict[str, Value] = {}

    def ask(row: dict[str, Value]) -> Value:
        inputs = make(row, _THIS)
        key = to_json(inputs)
        if key not in answers:
            answers[key] = shaped(session, addon, operands, inputs, output)
        return answers[key]

    return ask


def exchange(row: dict[str, Value], shown: dict[str, Value], path: list[str], ask: Ask) -> None:
    """Put the addon's answer in the place of each element of the list at a path below a row."""
    first, *rest = path
    if first in row:
        shown[first] = _exchanged(row[first], rest, lambda item: ask({**row, _THIS: item}))


def _exchanged(value: Value, path: list[str], ask: Callable[[Value], Value]) -> Value:
    if value.__class__ is list:
        return [_exchanged(item, path, ask) for item in value]
    if path:
        known = value.__class__ is dict and path[0] in value
        return {**value, path[0]: _exchanged(value[path[0]], path[1:], ask)} if known else value
    return None if value is None else ask(value)


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

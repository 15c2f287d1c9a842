"""Addons: related data fetched for each row of a result (semantics 4.7)."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.database.addon_batches import AddonBatch
from xsrun.database.outputs import pick
from xsrun.database.plans import AddonPlan, setting
from xsrun.database.session import Session
from xsrun.errors import XanoScriptError
from xsrun.values.conversion import Value, to_json

#: the key under which `$output.$this` finds the element
_THIS = "$this"
Ask = Callable[[dict[str, Value]], Value]
#: (the row as it was read, the object that the addon's result goes into)
Pair = tuple[dict[str, Value], dict[str, Value]]


def add_on(session: Session, addons: list[AddonPlan], operands: tuple[Value, ...], pairs: list[Pair]) -> None:
    """Run addons for rows and put their results where `as` says. The same input is asked for once."""
    for addon in addons:
        answers = iter(AddonRuns(session, addon, operands).answers([row for row, _ in pairs]))
        for row, shown in pairs:
            if addon.each:
                exchange(row, shown, addon.path, lambda _element: next(answers))  # noqa: B023 (used at once)
                continue
            answer = next(answers)
            if addon.merges and answer.__class__ is dict and "items" not in answer:
                shown.update(answer)
            else:
                place(shown, addon.path, answer)


class AddonRuns:
    """The runs of one addon for some rows: first what each is given, then their answers."""

    def __init__(self, session: Session, addon: AddonPlan, operands: tuple[Value, ...]) -> None:
        self.session = session
        self.addon = addon
        self.operands = operands
        self.make = operands[addon.inputs]
        #: the inputs that differ, by their JSON; and which of them each place asks for
        self.inputs: dict[str, Value] = {}
        self.places: list[str] = []

    def note(self, row: dict[str, Value]) -> None:
        """A place that asks for what the addon gives for a row."""
        inputs = self.make(row, _THIS)
        key = to_json(inputs)
        self.inputs.setdefault(key, inputs)
        self.places.append(key)

    def answers(self, rows: list[dict[str, Value]]) -> list[Value]:
        """The answer for each place of the rows, in their order."""
        late: XanoScriptError | None = None
        try:
            for row in rows:
                if self.addon.each:
                    exchange(row, {}, self.addon.path, self.note)
                else:
                    self.note(row)
        except XanoScriptError as error:
            late = error  # raised when those before have run, of which one may fail earlier
        results, failure = self.results()
        shaped = self.shaped(results)
        if (first := failure or late) is not None:
            raise first
        found = dict(zip(self.inputs, shaped, strict=True))
        return [found[key] for key in self.places]

    def results(self) -> tuple[list[Value], XanoScriptError | None]:
        """What the addon gives for each of the inputs, and the error that ends them: the addons of those before it run
        first, of which one may fail earlier."""
        session, name = self.session, self.addon.name
        before = session.batch
        batch = before.nested.get(self.addon) if before is not None else None
        batch = AddonBatch(list(self.inputs.values())) if batch is None else batch
        session.batch = batch
        try:
            found = []
            for inputs in self.inputs.values():
                batch.current = inputs
                try:
                    found.append(session.context.call("addon", name, inputs))
                except XanoScriptError as error:
                    return found, error
            return found, None
        finally:
            session.batch = before

    def shaped(self, results: list[Value]) -> list[Value]:
        """Results with their own addons, and only what the output names."""
        output = setting(self.addon.output, self.operands)
        if not output and not self.addon.nested:
            return results
        shapes = [AddonShape(result, output) for result in results]
        nested = self.addon.nested
        if nested:
            try:
                add_on(self.session, nested, self.operands, [pair for shape in shapes for pair in shape.pairs])
            except XanoScriptError:
                for result in results:  # the first of their errors is that of the first result that has one
                    add_on(self.session, nested, self.operands, AddonShape(result, output).pairs)
                raise
        return [shape.answer() for shape in shapes]


class AddonShape:
    """A result of an addon and its rows, as they are shown."""

    def __init__(self, result: Value, output: Value) -> None:
        self.result = result
        rows = result.get("items", [result]) if result.__class__ is dict else result
        self.rows = rows if rows.__class__ is list else []
        shown = [pick(row, output) if output and row.__class__ is dict else row for row in self.rows]
        self.shown = [dict(row) if row.__class__ is dict else row for row in shown]

    @property
    def pairs(self) -> list[Pair]:
        """The rows that are objects, as they were read and as they are shown."""
        both = zip(self.rows, self.shown, strict=True)
        return [(row, made) for row, made in both if row.__class__ is dict]

    def answer(self) -> Value:
        """The result with the rows as they are shown."""
        result = self.result
        if result.__class__ is list:
            return self.shown
        if result.__class__ is not dict:
            return result
        items = "items" in result and self.rows is result["items"]
        return {**result, "items": self.shown} if items else self.shown[0] if self.shown else result


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

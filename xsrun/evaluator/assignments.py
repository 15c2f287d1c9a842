"""Which kinds of values the statements of a construct give its variables (see `kinds`).

A statement that is not listed here may give its target and its result anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from xsrun.evaluator.inference import Kinds
from xsrun.evaluator.kinds import (
    ANY,
    BOOL,
    COUNTER_BITS,
    INT,
    LIST,
    NATURAL,
    NUMBER,
    OTHER,
    TEXT,
    Kind,
    arithmetic,
    holding,
    is_small,
    join,
    member_of,
    written,
)
from xsrun.evaluator.recursion import Recursion, calls
from xsrun.fields.declared import Declared
from xsrun.language.roots import NOT_VARIABLES, POST_PROCESS
from xsrun.names.bindings import name_given_by
from xsrun.names.places import place_of, ungrouped
from xsrun.syntax.nodes import Expression, FilterCall, Node, Path, Statement, Variable

_MATH = {"math.add": "+", "math.sub": "-", "math.mul": "*", "math.div": "/", "math.mod": "%"}
#: Declared types whose bound values are of one class, as long as their filters only refuse some.
_INPUTS = {
    "int": Kind(INT),
    "bool": Kind(BOOL, 0),
    "text": Kind(TEXT | OTHER, 0),
    "decimal": Kind(NUMBER),
}
_PYTHON = {INT: (int,), BOOL: (bool,), TEXT | OTHER: (str, bytes), NUMBER: (int, float)}
#: Statements whose stack has variables of its own.
_APART = frozenset(("expect.to_throw",))
_REFUSING = frozenset(("min", "max"))
#: Stands among the variables for what a function gives back.
_GIVEN_BACK = "what the function gives back"


def kinds_of(
    items: Iterable[Node],
    declared: Iterable[Declared],
    preset: Iterable[str] = (),
    recursion: Recursion | None = None,
) -> Kinds:
    """The kinds of the variables that some statements set, and of the inputs they read.

    `preset` variables have a value before the first statement, of any kind.
    """
    kinds = Kinds({one.name: input_kind(one) for one in declared})
    collector = _Collector(kinds, recursion.name if recursion is not None else None)
    if recursion is not None:
        collector.add(_GIVEN_BACK, partial(kinds.of, recursion.response))
    for item in items:
        collector.collect(item)
    for variable in preset:
        collector.anything(variable)
    assigned = {root: values for root, values in collector.found.items() if _is_variable(root)}
    kinds.settle(assigned)
    return kinds


def _is_variable(root: str) -> bool:
    return root not in NOT_VARIABLES and not root.isdigit()


def input_kind(one: Declared) -> Kind:
    """The kind of a bound input."""
    known = _INPUTS.get(one.type)
    if known is None or one.nullable or any(name not in _REFUSING for name, _ in one.steps):
        return ANY
    if one.list_size is not None:
        return ANY if one.has_default else Kind(LIST, 0)  # a JSON text is bound without a look at its elements
    return known if not one.has_default or one.default.__class__ in _PYTHON[known.classes] else ANY


class _Collector:
    """Gathers what is assigned to each variable, as functions of the kinds that are known by then."""

    def __init__(self, kinds: Kinds, recursive: str | None) -> None:
        self.kinds = kinds
        self.recursive = recursive
        self.found: dict[str, list[Callable[[], Kind]]] = {}
        #: variables that a statement of the stack itself has surely set, wherever a later one stands
        self.set_before: set[str] = set()
        self.is_apart = False
        #: the `each` blocks of loops, whose variables are dealt with
        self.loops: set[int] = set()

    def collect(self, item: Node) -> None:
        """What a statement of the stack itself assigns, whatever stands in it."""
        nodes = list(item.walk())
        statements = [node for node in nodes if isinstance(node, Statement)]
        self.is_apart = any(node.name in _APART for node in statements)
        for statement in statements:
            self.statement(statement)
        for node in nodes:
            if isinstance(node, FilterCall) and (known := name_given_by(node)) is not None:
                self.anything(known)  # it hides a variable of that name for the rest of its statement
        match item:
            case Statement(name="var", disabled=False, target=Variable(name=variable)) if not item.attribute(
                "disabled"
            ):
                self.set_before.add(variable)

    def add(self, variable: str, value: Callable[[], Kind]) -> None:
        self.found.setdefault(variable, []).append(value)

    def anything(self, variable: str) -> None:
        self.add(variable, lambda: ANY)

    def statement(self, node: Statement) -> None:
        name = node.name
        if name in ("for", "foreach"):
            self.loop(node)
            return
        if name == "return":
            self.add(_GIVEN_BACK, partial(self.kinds.of, node.attribute("value")))
        if calls(node, self.recursive) and isinstance(node.result, Variable):
            kinds = self.kinds
            self.add(node.result.name, lambda: kinds.variables.get(_GIVEN_BACK, ANY))
            return
        if name == "util.post_process":
            for variable in POST_PROCESS:
                self.anything(variable)
        mocked = node.attribute("mock") is not None or bool(node.blocks("mock"))
        rule = None if mocked or node.result is not None else _RULES.get(name)
        target = node.target
        value = node.attribute("value")
        if rule is not None and isinstance(target, Variable) and target.name != "var" and value is not None:
            self.add(target.name, partial(rule, self.kinds, node, target, value))
        elif rule is not None and isinstance(target, Path) and name in ("var", "var.update") and value is not None:
            self.path(target, value)
        elif not (name == "each" and id(node) in self.loops):
            self.unknown(target)
            self.unknown(node.result)

    def unknown(self, place: Node | None) -> None:
        """A header or result that may be given anything. One in parentheses is only read."""
        while isinstance(place, FilterCall):
            place = place.operand
        known = place_of(place)
        if known is not None:
            self.anything(known.root)

    def path(self, target: Path, value: Expression) -> None:
        known = place_of(target)
        if known is None:
            return
        kinds, root, depth = self.kinds, known.root, len(known.segments)
        was_set = root in self.set_before and not self.is_apart
        self.add(root, lambda: written(kinds.variables.get(root, ANY), depth, kinds.of(value), was_set=was_set))

    def loop(self, node: Statement) -> None:
        """The variable of a loop, and the list that `foreach.remove` changes."""
        subject = ungrouped(node.target)
        kinds = self.kinds
        for each in node.blocks("each"):
            self.loops.add(id(each))
            if not isinstance(each.target, Variable) or each.target.name == "var":
                self.unknown(each.target)
            elif node.name == "for":
                self.add(each.target.name, partial(_pass_of, kinds, subject))
            elif isinstance(subject, Expression):
                self.add(each.target.name, partial(_item_of, kinds, subject))
        if node.name == "foreach" and any(
            isinstance(inner, Statement) and inner.name in ("remove", "foreach.remove") for inner in node.walk()
        ):
            self.unknown(subject)
        self.unknown(node.result)


def _pass_of(kinds: Kinds, subject: Node | None) -> Kind:
    """What a loop counts with: less than its subject, and than the passes that there is time for."""
    kind = kinds.of(subject) if isinstance(subject, Expression) else ANY
    return Kind(NATURAL, min(kind.bits, COUNTER_BITS) if kind.within(INT) else COUNTER_BITS)


def _item_of(kinds: Kinds, subject: Expression) -> Kind:
    """What a loop over a list gives; a stream gives anything."""
    return member_of(kinds.of(subject))


# Rules of statements with a variable as their header and a `value` ---------------------------------------------------


def _given(kinds: Kinds, _node: Statement, _target: Variable, value: Expression) -> Kind:
    return kinds.of(value)


def _calculated(kinds: Kinds, node: Statement, target: Variable, value: Expression) -> Kind:
    return arithmetic(_MATH[node.name], kinds.of(target), kinds.of(value), counts=is_small(value))


def _text(_kinds: Kinds, _node: Statement, _target: Variable, _value: Expression) -> Kind:
    return Kind(TEXT, 0)


def _pushed(kinds: Kinds, _node: Statement, target: Variable, value: Expression) -> Kind:
    return holding(LIST, join(member_of(kinds.of(target)), kinds.of(value)))


_RULES: dict[str, Callable[[Kinds, Statement, Variable, Expression], Kind]] = {
    "var": _given,
    "var.update": _given,
    **dict.fromkeys(_MATH, _calculated),
    "text.append": _text,
    "text.prepend": _text,
    "array.push": _pushed,
}

"""Paths into values: what `get`, `has`, `set` and their kin, and `var.update $x.a.b`, mean by `"a.b[0].c"`.

A path is a text of steps. Dots separate steps; a step is a key of an object or, where it is a whole number, a position
in a list (a negative one is a key like any other, as in PHP). A name over a list goes to every element (`"items.id"`
plucks). Brackets hold a position (`[0]`), a key (`["a.b"]`, or a bare word, as form fields are spelled:
`card[number]`), nothing (`[]`: every element; the new last element at the end of a path that is written), or a
condition of Xano Transform (`items[$$.price > 5].id`), where `$$` is the element and `$0` the value the path started
from.

Reading never fails: what is not there is `MISSING`. Writing copies each container on the way, one level deep, and
never changes the value it is given.

Conditions are expressions of the language; whoever can compile them says so with `install_conditions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from xsrun.errors import LimitError, XanoScriptError
from xsrun.hints import Final, Literal, NamedTuple
from xsrun.lazy_regex import ASCII, pattern
from xsrun.values.conversion import NOT_ARRAY, Value, describe, normalize_object, to_text, truthy

#: Turns what was at a path (null: nothing) into what will be.
Change = Callable[[Value], Value]
#: (element, its position, the list it is in, the value the path started from) -> whether the element is taken
Condition = Callable[[Value, int, Value, Value], Value]


class _Missing:
    """The type of `MISSING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


#: What `find_path` gives when there is nothing at the path; a null that is there is `None`.
MISSING: Final = _Missing()


class Step(NamedTuple):
    """One step of a path: a key, with its position when it is a whole number; every element; or a condition."""

    key: str
    position: int | None = None
    role: Literal["key", "every", "condition"] = "key"


# Reading the text of a path ------------------------------------------------------------------------------------------

_POSITION = pattern(r"-?(?:0|[1-9]\d{0,17})", ASCII)
_ESCAPED = pattern(r"\\(.)")
_WORD = pattern(r"[^\[\]$\"'`\s]+(?: [^\[\]$\"'`\s]+)*")
#: Deeper paths than this are refused: they are not paths, and writing goes one call deeper a step.
MAX_STEPS = 250
#: Elements that one path may visit. Members can be shared, so that a small value has very many of them.
MAX_VISITS = 5_000_000
TOO_MANY = f"The path leads to more than {MAX_VISITS:,} elements."
TOO_DEEP = "The value is nested too deeply for a path that goes through it."
#: Longer texts are parsed anew each time, so that keys made of data cannot fill the memory.
_LONGEST_KEPT = 200


def parse_path(path: str) -> tuple[Step, ...]:
    """The steps of a path; none for the empty path, which means the value itself."""
    if path.__class__ is not str:  # an int, or bytes that are not UTF-8
        path = to_text(path)
    return _parsed(path) if len(path) <= _LONGEST_KEPT else _parse(path)


def _parse(path: str) -> tuple[Step, ...]:
    if not path:
        return ()
    steps: list[Step] = []
    for part in _split_at_dots(path):
        steps.extend(_steps_of_part(part))
    if len(steps) > MAX_STEPS:
        raise XanoScriptError(f"The path has {len(steps)} steps; at most {MAX_STEPS} are possible.")
    return tuple(steps)


_parsed = lru_cache(maxsize=4096)(_parse)


def _split_at_dots(path: str) -> list[str]:
    """The parts of a path between the dots that are outside brackets. What follows an unclosed one is plain text."""
    if "[" not in path:
        return path.split(".")
    parts: list[str] = []
    start = position = 0
    while position < len(path):
        character = path[position]
        if character == "[":
            closing = _closing_bracket(path, position)
            if closing is None:
                return [*parts, *path[start:].split(".")]
            position = closing
        elif character == ".":
            parts.append(path[start:position])
            start = position + 1
        position += 1
    parts.append(path[start:])
    return parts


def _closing_bracket(text: str, opening: int) -> int | None:
    """The position of the bracket that closes the one at `opening`; brackets inside quotes do not count."""
    depth = 0
    quote = ""
    position = opening
    while position < len(text):
        character = text[position]
        if quote:
            if character == "\\":
                position += 1
            elif character == quote:
                quote = ""
        elif character in "\"'`":
            quote = character
        elif character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    return None


def _steps_of_part(part: str) -> list[Step]:
    """The steps of `name[..][..]`. A part whose brackets do not close, or that goes on after them, is one plain key."""
    opening = part.find("[")
    if opening < 0:
        return [_key_step(part)]
    steps = [_key_step(part[:opening])] if opening else []
    position = opening
    while position < len(part):
        closing = _closing_bracket(part, position) if part[position] == "[" else None
        step = _bracket_step(part[position + 1 : closing]) if closing is not None else None
        if closing is None or step is None:
            return [_key_step(part)]
        steps.append(step)
        position = closing + 1
    return steps


def _key_step(text: str) -> Step:
    return Step(text, int(text) if _POSITION.fullmatch(text) else None)


def _bracket_step(inside: str) -> Step | None:
    """The step that brackets hold, or None when what they hold has no meaning."""
    text = inside.strip()
    if not text:
        return Step("", None, "every")
    quote = text[0]
    if quote in "\"'" and len(text) > 1 and text[-1] == quote:
        return Step(_ESCAPED.sub(r"\1", text[1:-1]))
    if _WORD.fullmatch(text):
        return _key_step(text)
    return Step(text, None, "condition") if "$" in text else None


# Conditions ----------------------------------------------------------------------------------------------------------

_compile_condition: Callable[[str], Condition] | None = None


def install_conditions(compile_condition: Callable[[str], Condition]) -> None:
    """Say how the text of a condition becomes a function; the workspace does, which knows the evaluator."""
    global _compile_condition  # one compiler for the process; this room may not import the evaluator
    _compile_condition = compile_condition


def _condition(step: Step) -> Condition:
    if _compile_condition is None:
        raise XanoScriptError(f"The condition [{step.key}] of a path cannot be evaluated here.")
    return _compile_condition(step.key)


def _positions(container: list[Value], step: Step, root: Value) -> list[int]:
    """The positions of the elements that a step without a key takes."""
    if step.role == "every":
        return list(range(len(container)))
    condition = _condition(step)
    return [index for index, item in enumerate(container) if truthy(condition(item, index, container, root))]


# Reading -------------------------------------------------------------------------------------------------------------


def find_path(value: Value, path: str) -> Value:
    """The value at a path, or `MISSING`."""
    return find_steps(value, parse_path(path))


def find_steps(value: Value, steps: tuple[Step, ...]) -> Value:
    """`find_path` for a path that is parsed already."""
    root = value
    for at, step in enumerate(steps):
        kind = value.__class__
        if step.role != "key":
            if kind is list:
                value = [value[index] for index in _positions(value, step, root)]
                if at + 1 < len(steps) and steps[at + 1].position is None:
                    return _pluck(value, steps[at + 1 :], root, explicit=True)
            elif step.role == "every" or not truthy(_condition(step)(value, 0, [value], root)):
                return MISSING
        elif kind is dict:
            value = value.get(step.key, MISSING)
        elif kind is list:
            if step.position is None:
                return _pluck(value, steps[at:], root, explicit=False)
            value = value[step.position] if 0 <= step.position < len(value) else MISSING
        elif hasattr(value, "as_value"):  # a resource that shows itself as an object
            value = find_steps(value.as_value(), (step,))
        else:
            return MISSING
        if value is MISSING:
            return MISSING
    return value


def _pluck(nodes: list[Value], steps: tuple[Step, ...], root: Value, *, explicit: bool) -> Value:
    """The values that the steps lead to from each node, lists on the way opened.

    Elements that lack a step are left out. When nothing is found at all the result is `MISSING`, unless the path asked
    for elements explicitly, with brackets: no element is an answer to that.
    """
    for step in steps:
        if step.role == "key":
            nodes = list(_children(nodes, step))
        else:
            explicit = True
            nodes = [taken for node in nodes for taken in _taken(node, step, root)]
    return nodes if nodes or explicit else MISSING


def _children(nodes: list[Value], step: Step) -> Iterator[Value]:
    """What a key finds below each node. Lists inside lists are opened, without going a call deeper for each."""
    pending = nodes[::-1]
    visits = 0
    while pending:
        node = pending.pop()
        visits += 1
        if node.__class__ is dict:
            if step.key in node:
                yield node[step.key]
        elif node.__class__ is list:
            if step.position is None:
                pending.extend(reversed(node))
            elif 0 <= step.position < len(node):
                yield node[step.position]
        if visits + len(pending) > MAX_VISITS:
            raise LimitError(TOO_MANY)


def _taken(node: Value, step: Step, root: Value) -> list[Value]:
    """What brackets take of one node: the elements of a list, as a list, or the node itself if its condition holds."""
    if node.__class__ is list:
        return [[node[index] for index in _positions(node, step, root)]]
    if step.role == "every":
        return []
    return [node] if truthy(_condition(step)(node, 0, [node], root)) else []


def get_path(value: Value, path: str, default: Value = None) -> Value:
    """The value at a path, or the default when there is nothing. A null that is there is not replaced."""
    if value.__class__ is dict and path.__class__ is str and (path.isidentifier() or path.isalnum()):
        return value.get(path, default)  # one key and nothing more
    found = find_steps(value, parse_path(path))
    return default if found is MISSING else found


def has_path(value: Value, path: str) -> bool:
    """Whether there is anything at a path, a null included. A condition that no element meets is nothing."""
    if value.__class__ is dict and path.__class__ is str and (path.isidentifier() or path.isalnum()):
        return path in value
    steps = parse_path(path)
    found = find_steps(value, steps)
    return found is not MISSING and not (found == [] and any(step.role != "key" for step in steps))


# Writing -------------------------------------------------------------------------------------------------------------


def set_path(value: Value, path: str, new: Value) -> Value:
    """A copy of a value with another value at a path, objects made where the way is missing (semantics 1.2)."""
    return update_path(value, path, lambda _old: new)


def update_path(value: Value, path: str, change: Change) -> Value:
    """A copy of a value where what is at a path is replaced by what `change` makes of it (null when it is missing).

    Raises when the way leads through a text, a number or `true`.
    """
    try:
        return _Writer(value, parse_path(path), change).updated(value, 0)
    except RecursionError:
        raise LimitError(TOO_DEEP) from None


def unset_path(value: Value, path: str) -> Value:
    """A copy of a value without what is at a path. A list closes up; what is not there changes nothing."""
    steps = parse_path(path)
    if not steps:
        return value
    try:
        return _Writer(value, steps, lambda old: old).removed(value, 0)
    except RecursionError:
        raise LimitError(TOO_DEEP) from None


class _Writer:
    """One writing along a path: the value it started from, the steps, and what becomes of what they lead to."""

    __slots__ = ("change", "root", "steps", "visits")

    def __init__(self, root: Value, steps: tuple[Step, ...], change: Change) -> None:
        self.root = root
        self.steps = steps
        self.change = change
        self.visits = 0

    def _visit(self, count: int) -> None:
        self.visits += count
        if self.visits > MAX_VISITS:
            raise LimitError(TOO_MANY)

    def updated(self, value: Value, at: int) -> Value:
        """The value with what is at the steps from position `at` on changed."""
        if at == len(self.steps):
            return self.change(value)
        step = self.steps[at]
        if step.role != "key":
            return self._updated_elements(value, at)
        if value.__class__ is dict:
            result = value.copy()
            result[step.key] = self.updated(value.get(step.key), at + 1)
            return _list_when_numbered(result, step)
        if value.__class__ is list:
            return self._updated_list(value, at)
        if value is None or value == "" or value is False:  # what PHP turns into an array when it is written to
            fresh = self.updated(None, at + 1)
            return [fresh] if step.position == 0 else {step.key: fresh}
        raise XanoScriptError(
            "Variable is not an object.", hint=f"{step.key!r} cannot be written into {describe(value)}"
        )

    def _updated_list(self, value: list[Value], at: int) -> Value:
        """A key over a list: a position is replaced or added; a name is written into every element that can hold it.

        A position beyond the end, and a name over plain values, make the list an object, as both are PHP arrays.
        """
        step = self.steps[at]
        if step.position is not None and 0 <= step.position <= len(value):
            result = value.copy()
            if step.position == len(value):
                result.append(self.updated(None, at + 1))
            else:
                result[step.position] = self.updated(value[step.position], at + 1)
            return result
        if step.position is None and any(map(_is_container, value)):
            self._visit(len(value))
            return [self.updated(item, at) if _is_container(item) else item for item in value]
        entries = {str(index): item for index, item in enumerate(value)}
        entries[step.key] = self.updated(None, at + 1)
        return entries

    def _updated_elements(self, value: Value, at: int) -> Value:
        """`[]` and conditions: the elements they take are written to; `[]` at the end of the path adds one."""
        step = self.steps[at]
        if step.role == "every" and (at + 1 == len(self.steps) or value is None):
            if value is not None and value.__class__ is not list:
                raise XanoScriptError(NOT_ARRAY, hint=f"the value is {describe(value)}")
            return [*(value or []), self.updated(None, at + 1)]
        if value.__class__ is list:
            result = value.copy()
            self._visit(len(value))
            for index in _positions(value, step, self.root):
                result[index] = self.updated(value[index], at + 1)
            return result
        if step.role == "condition" and truthy(_condition(step)(value, 0, [value], self.root)):
            return self.updated(value, at + 1)
        return value

    def removed(self, value: Value, at: int) -> Value:
        """The value without what is at the steps from position `at` on."""
        if value.__class__ is list:
            return self._removed_from_list(value, at)
        if value.__class__ is not dict:
            return value
        step = self.steps[at]
        result = value.copy()
        if step.role == "key" and step.key in result:
            if at + 1 < len(self.steps):
                result[step.key] = self.removed(result[step.key], at + 1)
            else:
                del result[step.key]
                return normalize_object(result)
        return result

    def _removed_from_list(self, value: list[Value], at: int) -> Value:
        step = self.steps[at]
        self._visit(len(value))
        if step.role != "key":
            positions = _positions(value, step, self.root)
        elif step.position is not None:
            positions = [step.position] if 0 <= step.position < len(value) else []
        else:
            return [self.removed(item, at) for item in value]
        if at + 1 == len(self.steps):
            gone = set(positions)
            return [item for index, item in enumerate(value) if index not in gone]
        result = value.copy()
        for index in positions:
            result[index] = self.removed(value[index], at + 1)
        return result


def _is_container(value: Value) -> bool:
    return value.__class__ is dict or value.__class__ is list


def _list_when_numbered(entries: dict[str, Value], written: Step) -> Value:
    """`normalize_object` after one key was written, without looking at all keys where that cannot matter."""
    if written.position is not None and written.position == len(entries) - 1:
        return normalize_object(entries)
    return entries

"""The values of a program that stands still, as the tree that a client unfolds step by step."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from xsrun.editor.dap.frame_evaluation import around, evaluate_in, target_of
from xsrun.errors import UsageError
from xsrun.records import made, record
from xsrun.running.masking import is_secret, masked_members
from xsrun.running.secrets import MASK, NOTHING
from xsrun.running.trace import SHOWN, beginning
from xsrun.values.change import assign
from xsrun.values.conversion import Value, copy_deep, to_json, type_name
from xsrun.values.ownership import Owned

if TYPE_CHECKING:
    from xsrun.editor.dap.debug_run import DebugRun
    from xsrun.editor.dap.program_frames import ProgramFrame

#: Members that are told at once where the client does not say how many it wants.
_PAGE = 1_000
Told = dict[str, Value]


@record
class Branch:
    """Something that can be unfolded. `root` is where it hangs ("var", "input", "env", ...), `way` the keys to it.

    `hidden`: a name above says that it is a secret.
    """

    run: DebugRun
    frame: ProgramFrame
    value: Value
    root: str
    way: list[Value] = made(factory=list)
    hidden: bool = False

    @property
    def written(self) -> str:
        """How a program names it."""
        return name_of(self.root, self.way)


class VariableTree:
    """What was told of runs that stand still, by the numbers under which the client asks for more."""

    def __init__(self) -> None:
        self._branches: list[Branch] = []
        self._frames: list[tuple[DebugRun, ProgramFrame]] = []

    def clear(self) -> None:
        """Numbers that were given out mean nothing any more."""
        self._branches, self._frames = [], []

    # Calls ----------------------------------------------------------------------------------------------------------

    def number_frame(self, run: DebugRun, frame: ProgramFrame) -> int:
        """The number of a call."""
        self._frames.append((run, frame))
        return len(self._frames)

    def frame(self, number: int) -> tuple[DebugRun, ProgramFrame]:
        """The call of a number. Raises UsageError for one of a moment that has passed."""
        if not 0 < number <= len(self._frames):
            raise UsageError("this call is not there any more")
        return self._frames[number - 1]

    def scopes(self, number: int) -> list[Told]:
        """The roots that a call can read."""
        run, frame = self.frame(number)
        context = run.context
        identity = context.auth
        auth = None if identity is None else {"id": identity.id, "table": identity.table, "extras": identity.extras}
        roots: list[tuple[str, str, Value]] = [("var", "$var", frame.variables), ("input", "$input", frame.inputs)]
        roots += [("this", "$this and the like", frame.elements)] if frame.elements else []
        roots += [("auth", "$auth", auth)] if auth is not None else []
        roots += [("env", "$env", context.environment)]
        return [
            {
                "name": title,
                "variablesReference": self._add(Branch(run, frame, value, root)),
                "namedVariables": len(value),
                "expensive": root == "env",
                **({"presentationHint": "locals"} if root == "var" else {}),
            }
            for root, title, value in roots
        ]

    # Values ---------------------------------------------------------------------------------------------------------

    def _add(self, branch: Branch) -> int:
        self._branches.append(branch)
        return len(self._branches)

    def _branch(self, number: int) -> Branch:
        if not 0 < number <= len(self._branches):
            raise UsageError("this value is not there any more")
        return self._branches[number - 1]

    def children(self, number: int, kind: str | None, start: int, count: int) -> list[Told]:
        """The members of a value, of a long list those that are asked for."""
        branch = self._branch(number)
        count = count or _PAGE
        if branch.value.__class__ is list:
            if kind == "named":
                return []
            members: Iterable[tuple[Value, Value]] = list(enumerate(branch.value))[start : start + count]
        else:
            members = list(branch.value.items())[start : start + count]
        return [self.told(self._member(branch, key, value)) for key, value in members]

    def _member(self, branch: Branch, key: Value, value: Value) -> Branch:
        sensitive = branch.root == "env" or (key.__class__ is str and is_secret(key))
        return Branch(branch.run, branch.frame, value, branch.root, [*branch.way, key], branch.hidden or sensitive)

    def told(self, branch: Branch) -> Told:
        """A value as the client is told of it: a short text, its type, and a number where there is more below."""
        value = branch.value
        key = branch.way[-1] if branch.way else branch.root
        made: Told = {
            "name": f"[{key}]" if key.__class__ is int else str(key),
            "value": self.text(branch),
            "type": type_name(value),
            "variablesReference": 0,
        }
        if branch.root != "result":
            made["evaluateName"] = branch.written
        if (value.__class__ is list or value.__class__ is dict) and value:
            made["variablesReference"] = self._add(branch)
            made["indexedVariables" if value.__class__ is list else "namedVariables"] = len(value)
        return made

    def text(self, branch: Branch) -> str:
        """A value as cut text, with what is secret masked."""
        if branch.hidden and branch.value is not None and branch.value.__class__ not in (list, dict, bool):
            return MASK
        secrets = branch.run.context.secrets or NOTHING
        value = masked_members(beginning(branch.value, [SHOWN]), secrets, below=branch.hidden)
        text = to_json(value)
        if len(text) > SHOWN or (branch.value.__class__ is list and len(branch.value) > SHOWN):
            text = text[: SHOWN - 3] + "..."
        if branch.value.__class__ is list:
            return f"({len(branch.value)}) {text}"
        return text

    # Evaluating and setting -----------------------------------------------------------------------------------------

    def evaluated(self, run: DebugRun, frame: ProgramFrame, text: str) -> Told:
        """The value of an expression in a call."""
        value = run.ask(lambda: evaluate_in(text, around(frame), run.context))
        hidden = any(is_secret(word) for word in text.replace("$", ".").replace("[", ".").split(".")) or "$env" in text
        told = self.told(Branch(run, frame, value, "result", [text], hidden))
        return {"result": told.pop("value"), **{name: item for name, item in told.items() if name != "name"}}

    def set_member(self, number: int, name: str, text: str) -> Told:
        """Give the member of a value another one; returns what the client is told of it."""
        branch = self._branch(number)
        key: Value = int(name.strip("[]")) if branch.value.__class__ is list else name
        way = [*branch.way, key]
        value = self._set(branch.run, branch.frame, branch.root, way, text)
        if branch.value.__class__ is list:
            branch.value = [*branch.value[:key], value, *branch.value[key + 1 :]]
        else:
            branch.value = {**branch.value, key: value}
        return self.told(Branch(branch.run, branch.frame, value, branch.root, way, branch.hidden))

    def set_place(self, run: DebugRun, frame: ProgramFrame, place: str, text: str) -> Told:
        """Give what an expression names another value."""
        root, name, keys = run.ask(lambda: target_of(place, around(frame), run.context))
        value = self._set(run, frame, root, [name, *keys], text)
        return self.told(Branch(run, frame, value, root, [name, *keys]))

    def _set(self, run: DebugRun, frame: ProgramFrame, root: str, way: list[Value], text: str) -> Value:
        """Give a place the value of an expression. Raises UsageError where that cannot be."""
        first, *keys = way
        name = str(first)
        held: dict[str, Mapping[str, Value]] = {
            "var": frame.variables,
            "input": frame.inputs,
            "env": run.context.environment,
        }
        if root not in held:
            raise UsageError(f"{name_of(root, way)} cannot be set", hint="variables, inputs and $env can")

        def change() -> Value:
            value = copy_deep(evaluate_in(text, around(frame), run.context))
            whole = assign(Owned(), held[root].get(name), tuple(keys), value) if keys else value
            if root == "env":
                run.context.environment = {**run.context.environment, name: whole}
            else:
                frame.assign(root, name, whole)
            return value

        return run.ask(change)


def name_of(root: str, way: list[Value]) -> str:
    """How a program names a place: `$x.list[0]`, `$input.name`."""
    keys = list(way)
    if root == "result":
        return str(keys[0]) if keys else ""
    text = f"${root}" if root != "var" or not keys else f"${keys.pop(0)}"
    if root == "this":
        text = f"${keys.pop(0)}" if keys else "$this"
    for key in keys:
        word = key.__class__ is str and key.isidentifier()
        text += f".{key}" if word else f"[{json.dumps(key)}]"
    return text

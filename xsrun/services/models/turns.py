"""Turns of a model from a file: a test says what the model answers, and the agent's tools run as ever.

The file is a JSON list, or JSON lines, of turns: `{"text": "..."}`, `{"object": {...}}` for structured outputs,
`{"tool_calls": [{"name": "...", "arguments": {...}}]}` or `{"error": "..."}`; each may have `"agent"`, whom
it is for, `"reasoning"`, `"usage"` and `"finish_reason"`. Every run begins at the first turn.
"""

from __future__ import annotations

from xsrun.errors import UnavailableError, UsageError, XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.reading import read_text, typed_path
from xsrun.services.models.conversation import Question, ToolRequest, Turn, Usage, whole
from xsrun.values.conversion import Value, from_json, to_json
from xsrun.values.json_errors import JsonError

if TYPE_CHECKING:
    from xsrun.running.context import Context

_MEMBERS = ("agent", "text", "object", "tool_calls", "reasoning", "usage", "finish_reason", "error")
#: The key in a run's scratch room for the number of turns that are used up, by file and turn.
_USED = "turns of models"


class ScriptedTurns:
    """The turns of a file."""

    def __init__(self, name: str, turns: list[dict[str, Value]]) -> None:
        self.name = name
        self.turns = turns

    @classmethod
    def read(cls, name: str) -> ScriptedTurns:
        """Read a file of turns. Raises UsageError for one that has none."""
        path = typed_path(name)
        try:
            text = read_text(path)
        except UnicodeDecodeError:
            raise UsageError(f"{path} is not UTF-8 text") from None
        except OSError as error:
            hint = "--model names a server, such as http://127.0.0.1:11434/v1#llama3.2, or a file of turns"
            raise UsageError(f"cannot read the turns of {path}: {error.strerror}", hint=hint) from None
        return cls(path.name, _turns_in(str(path), text))

    def next(self, context: Context, question: Question) -> Turn:
        """The next turn for an agent in this run. Raises UnavailableError when there is none left."""
        used: set[int] = context.scratch.setdefault(_USED, set())
        for number, turn in enumerate(self.turns):
            if number not in used and turn.get("agent") in (None, question.agent):
                used.add(number)
                return _turn(turn, number, question)
        raise UnavailableError(
            f"{self.name} has no further turn for the agent {question.agent}",
            hint=f"{len(used)} of its {len(self.turns)} turns are used up in this run; add what the model answers next",
        )


def _turns_in(path: str, text: str) -> list[dict[str, Value]]:
    """The turns of a text, each looked over."""
    try:
        whole_text = text.lstrip().startswith("[")
        found = from_json(text) if whole_text else [from_json(line) for line in text.split("\n") if line.strip()]
    except JsonError as error:
        raise UsageError(f"{path} is not JSON: {error}", hint='a turn is written {"text": "..."}, one a line') from None
    for number, turn in enumerate(found, 1):
        unknown = [name for name in turn if name not in _MEMBERS] if isinstance(turn, dict) else []
        says = isinstance(turn, dict) and any(name in turn for name in ("text", "object", "tool_calls", "error"))
        if unknown or not says:
            problem = f"has the member `{unknown[0]}`" if unknown else "says nothing"
            raise UsageError(f"turn {number} of {path} {problem}", hint=f"a turn has: {', '.join(_MEMBERS)}")
        calls = turn.get("tool_calls", [])
        if not isinstance(calls, list) or not all(map(_is_call, calls)):
            hint = '"tool_calls": [{"name": "count_pets", "arguments": {}}]'
            raise UsageError(f"the tool_calls of turn {number} of {path} are not a list of calls", hint=hint)
    return list(found)


def _is_call(given: Value) -> bool:
    """Is this a call of a tool: its name, and its arguments in an object?"""
    return (
        isinstance(given, dict)
        and isinstance(given.get("name"), str)
        and isinstance(given.get("arguments") or {}, dict)
    )


def _turn(turn: dict[str, Value], number: int, question: Question) -> Turn:
    if "error" in turn:
        raise XanoScriptError(str(turn["error"]))
    calls = [
        ToolRequest(str(call.get("id") or f"call_{number + 1}_{place}"), call["name"], call.get("arguments") or {})
        for place, call in enumerate(turn.get("tool_calls", []), 1)
    ]
    text = to_json(turn["object"]) if "object" in turn else str(turn.get("text") or "")
    thought = turn.get("reasoning")
    return Turn(
        text,
        calls,
        str(turn.get("finish_reason") or ("tool-calls" if calls else "stop")),
        _usage(turn.get("usage")),
        [{"type": "text", "text": thought}] if isinstance(thought, str) else [],
        f"turn_{number + 1}",
        question.settings.model,
        {},
    )


def _usage(given: Value) -> Usage:
    found = given if isinstance(given, dict) else {}
    names = ("inputTokens", "outputTokens", "totalTokens", "reasoningTokens", "cachedInputTokens")
    return Usage(*(whole(found.get(name)) for name in names))

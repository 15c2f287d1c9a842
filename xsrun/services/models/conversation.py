"""What is said to a model and what it says, whoever serves it."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.hints import TYPE_CHECKING
from xsrun.records import made, record

if TYPE_CHECKING:
    from xsrun.language.types import Schema
    from xsrun.values.conversion import Value


@record
class ModelSettings:
    """Which model to ask, and how: the members of an agent's `llm`, rendered.

    `base_url` is empty for the provider's own address. `options` are all members as written in the agent.
    """

    provider: str
    model: str = ""
    api_key: str = ""
    base_url: str = ""
    temperature: float | None = None
    options: dict[str, Value] = made(factory=dict)

    @property
    def secrets(self) -> list[str]:
        """What logs and recordings must not show."""
        return [self.api_key] if self.api_key else []

    def text(self, name: str) -> str:
        """An option that is a text; empty where it is not given."""
        found = self.options.get(name)
        return found.strip() if isinstance(found, str) else ""

    def switched_on(self, name: str) -> bool:
        """Is an option true?"""
        return self.options.get(name) in (True, "true", 1)


@record
class ModelTool:
    """A tool as a model sees it: its name there, what it is for, and a JSON Schema of its input."""

    name: str
    description: str
    schema: Schema


@record
class ModelMessage:
    """A message of the conversation before the model's first turn: role "user" or "assistant"."""

    role: str
    content: str


@record
class ToolRequest:
    """A call that a model asks for. `name` is the tool's name as the model knows it."""

    id: str
    name: str
    arguments: dict[str, Value]


@record
class ToolOutcome:
    """What a call gave, for the model: JSON, or a text as it is."""

    request: ToolRequest
    value: Value


@record
class Usage:
    """Tokens; None where the provider does not tell."""

    input: int | None = None
    output: int | None = None
    total: int | None = None
    reasoning: int | None = None
    cached: int | None = None

    def as_dict(self) -> dict[str, Value]:
        """The members as the engine's result has them, those that nobody told left out."""
        told = {
            "inputTokens": self.input,
            "outputTokens": self.output,
            "totalTokens": self.total,
            "reasoningTokens": self.reasoning,
            "cachedInputTokens": self.cached,
        }
        return {name: count for name, count in told.items() if count is not None}


def summed(usages: Iterable[Usage]) -> Usage:
    """The tokens of several turns together."""
    listed = list(usages)
    total = Usage()
    for name in Usage.__match_args__:
        counts = [count for one in listed if (count := getattr(one, name)) is not None]
        setattr(total, name, sum(counts) if counts else None)
    return total


@record
class Turn:
    """One answer of a model.

    `finish` is "stop", "tool-calls", "length", "content-filter" or "other". `reasoning` are its thoughts, each
    `{type: "text", text, signature?}` or `{type: "redacted", data}`. `own` is the answer in the provider's own words,
    which is sent back with the next question. `metadata` is what only this provider tells.
    """

    text: str = ""
    calls: list[ToolRequest] = made(factory=list)
    finish: str = "stop"
    usage: Usage = made(factory=Usage)
    reasoning: list[dict[str, Value]] = made(factory=list)
    id: str = ""
    model: str = ""
    metadata: dict[str, Value] = made(factory=dict)
    warnings: list[dict[str, Value]] = made(factory=list)
    own: Value = None


@record
class ToolExchange:
    """A turn in which the model called tools, and what they gave."""

    turn: Turn
    outcomes: list[ToolOutcome]


@record
class Question:
    """All that a model is told to get its next turn. `output` is the JSON Schema that the answer must have."""

    agent: str
    settings: ModelSettings
    system: str = ""
    messages: list[ModelMessage] = made(factory=list)
    exchanges: list[ToolExchange] = made(factory=list)
    tools: list[ModelTool] = made(factory=list)
    output: Schema | None = None


def whole(value: Value) -> int | None:
    """A count of tokens; None where a provider gives something else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def members(value: Value, name: str) -> dict[str, Value]:
    """A member that is an object; an empty one where it is missing or something else."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def listed(value: Value, name: str) -> list[dict[str, Value]]:
    """The objects in a member that is a list."""
    found = value.get(name) if isinstance(value, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

"""Which model answers: that of the agent, another server that the user names, or a file of turns.

The option `models` (`--model`) is a list of texts: `[TYPE=]URL[#MODEL]` names a server for the agents of a type, or of
all types, and the model to ask there; anything else is a file of turns (`xsrun.services.models.turns`).
"""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING
from xsrun.records import record, replace
from xsrun.services.models.providers import PROVIDERS, XANO_FREE

if TYPE_CHECKING:
    from xsrun.running.context import Context
    from xsrun.services.models.conversation import ModelSettings, Question, Turn
    from xsrun.services.models.turns import ScriptedTurns

_TYPES = (*PROVIDERS, XANO_FREE)


@record(frozen=True)
class ModelServer:
    """A server that answers in place of a provider's own; `model` is empty for the one that the agent names."""

    url: str
    model: str = ""


class Models:
    """The models of a workspace."""

    def __init__(self, given: Iterable[str] = ()) -> None:
        self._servers: dict[str, ModelServer] = {}
        self._turns: ScriptedTurns | None = None
        for text in given:
            self._take(text)

    def _take(self, text: str) -> None:
        kind, server = server_named(text)
        if server is not None:
            self._servers[kind] = server
        elif self._turns is not None:
            raise UsageError("--model names two files of turns", hint="put the turns into one file")
        else:
            from xsrun.services.models.turns import ScriptedTurns

            self._turns = ScriptedTurns.read(text)

    def scripted_turn(self, context: Context, question: Question) -> Turn | None:
        """The next turn of the file, where there is one."""
        return None if self._turns is None else self._turns.next(context, question)

    def resolved(self, settings: ModelSettings) -> ModelSettings:
        """The settings with the server that the user named in place of the agent's."""
        server = self._servers.get(settings.provider) or self._servers.get("")
        if server is None:
            return settings
        # a server for all types, and one for xano-free, speaks as OpenAI does
        speaks = (
            settings.provider if settings.provider in self._servers and settings.provider in PROVIDERS else "openai"
        )
        return replace(settings, provider=speaks, base_url=server.url, model=server.model or settings.model)


def server_named(text: str) -> tuple[str, ModelServer | None]:
    """The type ("" for all) and the server that a text names; None for the name of a file. Raises UsageError."""
    before, scheme, _ = text.partition("://")
    kind, sign, protocol = before.rpartition("=")
    if not scheme or (protocol not in ("http", "https")):
        return "", None
    if sign and kind not in _TYPES:
        raise UsageError(f"--model: there is no type of models `{kind}`", hint=f"the types are: {', '.join(_TYPES)}")
    address, _, model = text[len(kind) + len(sign) :].partition("#")
    return kind, ModelServer(address.rstrip("/"), model)

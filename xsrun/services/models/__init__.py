"""Language models over HTTP: OpenAI and what speaks like it, Anthropic, Google; and a file of turns in their place.

Each provider is one request and one answer, so they are sent through xsrun's own HTTP service, without a library.
Measured on Python 3.11 against pydantic-ai-slim with the three providers' extras: that brings 42 packages and 97 MB
(its OpenAI part alone 28 packages, 50 MB) and imports in 6.6 s of processor time, against none, and 0.02 s. It also
speaks through three HTTP clients of its own, two of another make than ours, so that the network policy, recordings
and masking would have to be built into each; here they are there already. What the official clients send is compared
with what these modules send in `tests/test_models.py`.
"""

from __future__ import annotations

from xsrun.errors import UnavailableError, XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.services.models.conversation import Question, Turn
from xsrun.services.models.providers import PROVIDERS, XANO_FREE
from xsrun.values.conversion import readable, text_of_bytes

if TYPE_CHECKING:
    from xsrun.running.context import Context
    from xsrun.services.http import HttpService
    from xsrun.services.http_messages import ReceivedResponse
    from xsrun.services.models.choice import Models

_STATEMENT = "ai.agent.run"


def ask(context: Context, question: Question) -> Turn:
    """The next turn of a model: what it says, or which tools it wants to have called.

    Raises UnavailableError where nothing on this machine can answer and the network is off, and XanoScriptError with
    the words of a provider that refuses.
    """
    models: Models = context.service("models")
    scripted = models.scripted_turn(context, question)
    if scripted is not None:
        return scripted
    settings = models.resolved(question.settings)
    if settings.provider == XANO_FREE:
        raise UnavailableError(
            f"`{_STATEMENT}` cannot run here: the model of xano-free runs on Xano's servers only",
            hint="let another answer: --model xano-free=http://127.0.0.1:11434/v1#MODEL (Ollama), or a file of turns",
        )
    provider = PROVIDERS.get(settings.provider)
    if provider is None:
        known = ", ".join((*PROVIDERS, XANO_FREE))
        raise XanoScriptError(f"Invalid model type: {settings.provider}", hint=f"the types are: {known}")
    for secret in settings.secrets:
        context.keep_secret(secret)
    question.settings = settings
    http: HttpService = context.service("http")
    received = http.exchange(context, provider.request(question), _STATEMENT)
    if received.error is not None:
        raise XanoScriptError(f"The model did not answer: {received.error}")
    if received.status >= 400:
        raise _refusal(received)
    if not isinstance(received.result, dict):
        begins = readable(text_of_bytes(received.body[:80])) or "nothing"
        raise XanoScriptError(
            "The model did not answer: what came is not JSON", hint=f"HTTP {received.status}, and it begins: {begins}"
        )
    return provider.turn(received.result, question)


def _refusal(received: ReceivedResponse) -> XanoScriptError:
    """What a provider says of a request that it does not take."""
    found = received.result
    error = found.get("error", found) if isinstance(found, dict) else found
    message = error.get("message") if isinstance(error, dict) else error
    words = message if isinstance(message, str) and message else received.reason or "no reason given"
    return XanoScriptError(words.strip()[:2_000], hint=f"the model's server answered with HTTP {received.status}")

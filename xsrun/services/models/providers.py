"""The providers by the `type` of an agent's `llm`."""

from __future__ import annotations

from xsrun.hints import Protocol
from xsrun.services.http_messages import Headers, OutgoingRequest
from xsrun.services.models import anthropic, google, openai
from xsrun.services.models.conversation import Question, Turn
from xsrun.values.conversion import Value, to_json

#: The model that Xano itself serves.
XANO_FREE = "xano-free"


class Provider(Protocol):
    """How one provider is asked. Each is a module of this package."""

    def address(self, question: Question) -> str:
        """Where to post the question."""

    def headers(self, question: Question) -> Headers:
        """The headers, the content type left out."""

    def body(self, question: Question) -> dict[str, Value]:
        """The question in the provider's words."""

    def turn(self, answer: dict[str, Value], question: Question) -> Turn:
        """What the provider's answer means."""


class HttpProvider:
    """A provider's module, with its parts put together into a request."""

    def __init__(self, module: Provider) -> None:
        self.module = module

    def request(self, question: Question) -> OutgoingRequest:
        """The request that asks a question. It may take as long as the run may."""
        headers = [("Content-Type", "application/json"), *self.module.headers(question)]
        body = to_json(self.module.body(question)).encode("utf-8", "surrogatepass")
        return OutgoingRequest(
            "POST", self.module.address(question), headers, body, timeout=None, follow_location=False
        )

    def turn(self, answer: dict[str, Value], question: Question) -> Turn:
        """The turn in an answer."""
        return self.module.turn(answer, question)


PROVIDERS = {
    "openai": HttpProvider(openai),
    "anthropic": HttpProvider(anthropic),
    "google-genai": HttpProvider(google),
}

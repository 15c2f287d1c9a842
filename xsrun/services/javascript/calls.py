"""What `axios` sends: the way `api.request` sends it, with the same rules for hosts and the same recording."""

from __future__ import annotations

import base64
import time

from xsrun.errors import UnavailableError
from xsrun.hints import TYPE_CHECKING
from xsrun.services.javascript import wire

if TYPE_CHECKING:
    from xsrun.documents import Json
    from xsrun.running.context import Context
    from xsrun.services.http_messages import OutgoingRequest, ReceivedResponse


class Calls:
    """The HTTP requests of one call of JavaScript."""

    def __init__(self, context: Context) -> None:
        self._context = context
        #: the errors of refused requests, by message: the run's own error when the code does not handle the refusal
        self.refused: dict[str, UnavailableError] = {}
        #: when the call must be done, on the monotonic clock
        self.deadline = time.monotonic()

    def exchange(self, described: bytes) -> Json:
        """Send a request that the worker describes, and describe the answer.

        Raises LimitError when the run is over, or the answer too large.
        """
        try:
            request = self._request(described)
        except (ValueError, TypeError, KeyError):
            return {"error": "the request is not one that can be sent"}
        try:
            answer: ReceivedResponse = self._context.service("http").exchange(self._context, request, "api.lambda")
        except UnavailableError as error:
            self.refused[error.message] = error
            return {"refused": error.message}
        return {
            "status": answer.status,
            "reason": answer.reason,
            "headers": [[name, value] for name, value in answer.headers],
            "body": base64.b64encode(answer.body).decode(),
            "error": answer.error,
        }

    def _request(self, described: bytes) -> OutgoingRequest:
        from xsrun.services.http_messages import OutgoingRequest

        found = wire.decode(described)
        left = max(self.deadline - time.monotonic(), 0.001)
        return OutgoingRequest(
            str(found["method"]),
            str(found["url"]),
            [(str(name), str(value)) for name, value in found["headers"]],
            None if found["body"] is None else base64.b64decode(found["body"]),
            left if found["timeout"] is None else min(left, float(found["timeout"])),
            bool(found["follow"]),
        )

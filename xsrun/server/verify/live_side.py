"""The live side: requests to an instance, at a bounded rate, without ever showing the token."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from xsrun.errors import UsageError
from xsrun.reading import require_regular, typed_path
from xsrun.records import made, record
from xsrun.server.verify.comparing import SideAnswer
from xsrun.services.http import reason_of
from xsrun.values.conversion import from_json, text_of_bytes
from xsrun.values.digits import whole_of_digits

if TYPE_CHECKING:
    import httpx

    from xsrun.server.verify.asked import AskedRequest

#: How often a request is sent again after 429, and the longest wait before that, in seconds.
_TRIES = 5
_LONGEST_WAIT = 60.0
#: Bytes of an answer that are read.
_LARGEST = 64 * 1024 * 1024
_DATASOURCE = "x-data-source"


class NoAnswerError(Exception):
    """The live side gave no answer; the message says why."""


@record
class LiveOptions:
    """Where the live side is and how to speak to it. `rate` are requests a second, `timeout` is in seconds."""

    url: str
    token: str = ""
    datasource: str = ""
    rate: float = 5.0
    timeout: float = 30.0
    ca_file: str = ""
    sleep: Callable[[float], None] = made(factory=lambda: time.sleep)
    clock: Callable[[], float] = made(factory=lambda: time.monotonic)


class LiveSide:
    """Sends requests to an instance, one at a time."""

    def __init__(self, options: LiveOptions) -> None:
        import httpx

        self.options = options
        self.sent = 0
        verify: ssl.SSLContext | bool = True
        if options.ca_file:
            try:
                require_regular(typed_path(options.ca_file))
                verify = ssl.create_default_context(cafile=typed_path(options.ca_file))
            except (OSError, ssl.SSLError):
                raise UsageError(f"--ca: {options.ca_file} does not hold certificates") from None
        self._client = httpx.Client(verify=verify, timeout=options.timeout, follow_redirects=False)
        self._next = 0.0

    def __enter__(self) -> LiveSide:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def answer(self, asked: AskedRequest) -> SideAnswer:
        """The answer to a request. Raises NoAnswerError."""
        for number in range(_TRIES + 1):
            self._wait_for_turn()
            response, body = self._send(asked)
            if response.status_code != 429 or number == _TRIES or _is_of_a_program(response, body):
                return answer_of(response.status_code, list(response.headers.multi_items()), body)
            given = whole_of_digits(response.headers.get("retry-after", "").strip())
            self.options.sleep(min(float(given if given is not None else 2**number), _LONGEST_WAIT))
        raise AssertionError("the last try answers")

    def _wait_for_turn(self) -> None:
        now = self.options.clock()
        if now < self._next:
            self.options.sleep(self._next - now)
        self._next = max(now, self._next) + (1 / self.options.rate if self.options.rate else 0.0)

    def _send(self, asked: AskedRequest) -> tuple[httpx.Response, bytes]:
        import httpx

        headers = list(asked.headers)
        query = asked.query
        if self.options.token:
            headers = [(name, value) for name, value in headers if name.lower() != "authorization"]
            headers.append(("Authorization", f"Bearer {self.options.token}"))
        if self.options.datasource:
            # a recorded request may name another one, which must not be what is asked, or written to
            headers = [(name, value) for name, value in headers if name.lower() != _DATASOURCE]
            headers.append(("X-Data-Source", self.options.datasource))
            query = "&".join(
                part for part in query.split("&") if unquote(part.partition("=")[0]).lower() != _DATASOURCE
            )
        url = self.options.url.rstrip("/") + asked.path + (f"?{query}" if query else "")
        self.sent += 1
        end = self.options.clock() + self.options.timeout
        timed_out = f"no answer within {self.options.timeout:g} s"
        try:
            with self._client.stream(asked.verb, url, headers=headers, content=asked.body or None) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > _LARGEST:
                        raise NoAnswerError(f"the answer is longer than {_LARGEST:,} bytes")
                    if self.options.clock() > end:  # one that comes drop by drop never times out by itself
                        raise NoAnswerError(timed_out)
                return response, bytes(body)
        except UnicodeError:
            raise NoAnswerError("a header or the address holds what cannot be sent") from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            raise NoAnswerError(self.hidden(reason_of(error, url, timed_out))) from None

    def hidden(self, text: str) -> str:
        """A text without the token."""
        return text.replace(self.options.token, "***") if self.options.token else text


def _is_of_a_program(response: httpx.Response, body: bytes) -> bool:
    """Is a 429 the answer of a program (`error_type = "toomanyrequests"`), and not the instance's?"""
    if "retry-after" in response.headers:
        return False
    try:
        found = from_json(body)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("code") == "ERROR_CODE_TOO_MANY_REQUESTS"


def answer_of(status: int, headers: list[tuple[str, str]], body: bytes) -> SideAnswer:
    """An answer with its body decoded: JSON by its type, and where it is JSON nevertheless."""
    at = time.time_ns() // 1_000_000
    kind = next((value for name, value in headers if name.lower() == "content-type"), "").partition(";")[0].lower()
    if not body:
        return SideAnswer(status, headers, None, True, at)
    if kind.endswith("json") or body.lstrip()[:1] in (b"{", b"["):
        try:
            return SideAnswer(status, headers, from_json(body), True, at)
        except ValueError:
            pass  # it only looks so: the text is compared
    return SideAnswer(status, headers, text_of_bytes(body), False, at)


def is_html(answer: SideAnswer) -> bool:
    """Is the answer a page of a web server, which no query of a workspace gives by itself?"""
    text = answer.value.lstrip()[:15].lower() if isinstance(answer.value, str) else ""
    return text.startswith(("<!doctype html", "<html"))

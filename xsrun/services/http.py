"""Outside HTTP calls, through httpx: checked against the network policy at each hop, and ended at their deadline.

Failures to reach a server are responses with status 0, as the engine reports them (semantics 6.1), in curl's words.
"""

from __future__ import annotations

import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

from xsrun.hints import TYPE_CHECKING, TypeVar
from xsrun.running.context import Context
from xsrun.running.masking import masked_url, secrets_of_request
from xsrun.running.secrets import Secrets
from xsrun.services.http_messages import OutgoingRequest, ReceivedResponse, Tls
from xsrun.services.network import NetworkPolicy, host_and_port, is_loopback

if TYPE_CHECKING:
    import httpx

#: As curl in PHP follows them.
MAX_REDIRECTS = 20
#: Clients that are kept for their connections; programs with many certificates of their own make new ones.
_MOST_CLIENTS = 16


Done = TypeVar("Done")


class TransferError(Exception):
    """The call got no complete response; the message says why."""


def _secrets_of(context: Context) -> Secrets:
    """What a recording must not show."""
    return secrets_of_request(context.secrets, context.request.headers, context.request.input)


class HttpService:
    """Sends requests. Safe to use from several threads at once."""

    def __init__(self) -> None:
        self._clients: dict[tuple[bool, Tls | None], httpx.Client] = {}
        self._lock = threading.Lock()

    def exchange(self, context: Context, request: OutgoingRequest, statement: str) -> ReceivedResponse:
        """The response to a request, recorded or replayed where the policy has a recording.

        Raises UnavailableError for a host that is not allowed, and LimitError for a response larger than a value may
        be or past the time limit of the run.
        """
        policy: NetworkPolicy = context.service("network")
        recording = policy.recording
        if recording is not None and recording.replaying:
            return recording.replay(request, statement, _secrets_of(context))
        begun = time.perf_counter()
        received = self._send(context, policy, request, statement)
        if context.trace is not None:
            asked = f"{request.method} {_secrets_of(context).hide_text(masked_url(request.url))}"
            context.trace.asked("http", asked, time.perf_counter() - begun, received.status, received.error or "")
        if recording is not None:
            recording.add(request, received, _secrets_of(context))
        return received

    def _send(
        self, context: Context, policy: NetworkPolicy, request: OutgoingRequest, statement: str
    ) -> ReceivedResponse:
        clock = _Deadline(request.timeout, context.deadline)
        transfer = _Transfer(self, context, policy, statement, clock)

        def work() -> ReceivedResponse:
            try:
                with transfer.opened(request) as response:
                    body = bytearray()
                    for chunk in transfer.chunks(response):
                        body += chunk
                        context.check_size(len(body))
                return _received(response, bytes(body))
            except TransferError as error:
                return ReceivedResponse(error=str(error))

        received = _in_time(work, clock)
        if received is None:
            received = ReceivedResponse(error=clock.message(transfer.received))
        if received.error is not None and context.deadline is not None and time.monotonic() > context.deadline:
            context.tick()  # the run's own time limit was reached
        return received

    def stream(
        self, context: Context, request: OutgoingRequest, statement: str
    ) -> tuple[ReceivedResponse, Iterator[bytes]]:
        """The head of a response, and its body piece by piece, each decoded.

        A failure is raised by the iterator as TransferError; so is one before the first byte, with a response of
        status 0. `timeout` counts until the head is there and between two pieces.
        """
        policy: NetworkPolicy = context.service("network")
        if policy.recording is not None:
            received = self.exchange(context, request, statement)
            return received, _whole(received)
        clock = _Deadline(request.timeout, context.deadline)
        transfer = _Transfer(self, context, policy, statement, clock)

        def begin() -> _Opened | TransferError:
            try:
                return transfer.opened(request)
            except TransferError as error:
                return error

        response = _in_time(begin, clock)
        if response is None or isinstance(response, TransferError):
            received = ReceivedResponse(error=str(response or clock.message(0)))
            return received, _whole(received)
        return _received(response.response, b""), transfer.pieces(response)

    def client_for(self, url: httpx.URL, tls: Tls) -> httpx.Client:
        """The client for an address: without certificates for plain HTTP, past the proxies for this machine."""
        import httpx

        secure = url.scheme == "https"
        local = is_loopback(url.host)
        key = (local, tls if secure else None)
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                while len(self._clients) >= _MOST_CLIENTS:
                    self._clients.pop(next(iter(self._clients)))
                cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # calls do not share cookies
                verify = ssl_context(tls) if secure else False
                client = httpx.Client(verify=verify, trust_env=not local, cookies=cookies, follow_redirects=False)
                self._clients[key] = client
        return client

    def close(self) -> None:
        """End the connections that are kept."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()


class _Deadline:
    """The deadline of a call: its own timeout, or the end of the run."""

    def __init__(self, timeout: float | None, run: float | None) -> None:
        self.started = time.monotonic()
        ends = [end for end in (None if timeout is None else self.started + timeout, run) if end is not None]
        self.end = min(ends) if ends else None

    def remaining(self) -> float | None:
        return None if self.end is None else max(self.end - time.monotonic(), 0.001)

    def message(self, received: int) -> str:
        elapsed = round((time.monotonic() - self.started) * 1000)
        return f"Operation timed out after {elapsed} milliseconds with {received} bytes received"


class _Opened:
    """A response whose body has not been read; closing it gives the connection back."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response

    def __enter__(self) -> httpx.Response:
        return self.response

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):  # the response is complete, or its failure was reported
            self.response.close()


class _Transfer:
    """One call through all its redirects."""

    def __init__(
        self, service: HttpService, context: Context, policy: NetworkPolicy, statement: str, clock: _Deadline
    ) -> None:
        self.service = service
        self.context = context
        self.policy = policy
        self.statement = statement
        self.clock = clock
        self.received = 0

    def opened(self, request: OutgoingRequest) -> _Opened:
        """Send the request and follow redirects until there is a response to read."""
        import httpx

        try:
            sent = self._built(request)
            for _ in range(MAX_REDIRECTS + 1):
                response = self._sent(sent, request)
                following = response.next_request if request.follow_location else None
                if following is None:
                    return _Opened(response)
                response.close()
                sent = following
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError) as error:
            raise TransferError(self._reason(error, request)) from error
        raise TransferError(f"Maximum ({MAX_REDIRECTS}) redirects followed")

    def _built(self, request: OutgoingRequest) -> httpx.Request:
        import httpx

        url = httpx.URL(request.url if "://" in request.url else f"http://{request.url}")
        given = {name.lower() for name, _ in request.headers}
        headers = [(name, value) for name, value in request.headers if value and name.lower() != "content-length"]
        for name, value in (("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate")):
            if name.lower() not in given:
                headers.append((name, value))
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        return httpx.Request(request.method, url, headers=encoded, content=request.body)

    def _sent(self, sent: httpx.Request, request: OutgoingRequest) -> httpx.Response:
        import httpx

        if sent.url.scheme not in ("http", "https"):
            raise TransferError(f'Protocol "{sent.url.scheme}" not supported')
        if not sent.url.host:
            raise TransferError("URL rejected: No host part in the URL")
        if sent.url.port is not None and sent.url.port > 65_535:
            raise TransferError("URL rejected: Port number was not a decimal number between 0 and 65535")
        # the host that httpx will connect to, not what another parser might read
        address = sent.url.copy_with(username=None, password=None, query=None, fragment=None)
        self.policy.require(self.context, self.statement, str(address))
        client = self.service.client_for(sent.url, request.tls)
        sent.extensions = {**sent.extensions, "timeout": httpx.Timeout(self.clock.remaining()).as_dict()}
        return client.send(sent, stream=True)

    def chunks(self, response: httpx.Response) -> Iterator[bytes]:
        """The decoded body, refused when the time is up."""
        import httpx

        try:
            for chunk in response.iter_bytes():
                self.received += len(chunk)
                yield chunk
                if self.clock.end is not None and time.monotonic() > self.clock.end:
                    raise TransferError(self.clock.message(self.received))
        except httpx.HTTPError as error:
            raise TransferError(self._reason(error, None)) from error

    def pieces(self, opened: _Opened) -> Iterator[bytes]:
        """The decoded body, with no deadline but the run's."""
        self.clock.end = self.context.deadline
        with opened as response:
            yield from self.chunks(response)

    def _reason(self, error: Exception, request: OutgoingRequest | None) -> str:
        return reason_of(error, request.url if request else "", self.clock.message(self.received))


def _whole(received: ReceivedResponse) -> Iterator[bytes]:
    if received.error is not None:
        raise TransferError(received.error)
    yield received.body


def _in_time(work: Callable[[], Done], clock: _Deadline) -> Done | None:
    """What the work returns or raises; None when it is not done in time, and then its result is dropped.

    In a thread of its own, since neither a name lookup nor a server that sends its response slowly can be interrupted.
    """
    done: list[Done] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="xsrun-http", daemon=True)
    thread.start()
    remaining = clock.remaining()
    thread.join(None if remaining is None else remaining + 0.2)  # httpx's own timeouts give a more precise reason
    if failed:
        raise failed[0]
    return done[0] if done else None


def _received(response: httpx.Response, body: bytes) -> ReceivedResponse:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
    return ReceivedResponse(response.status_code, response.reason_phrase, response.http_version, headers, body)


# Failures ------------------------------------------------------------------------------------------------------------


def reason_of(error: Exception, url: str, timed_out: str) -> str:
    """Why a call failed, as curl says it."""
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return timed_out
    if isinstance(error, httpx.DecodingError):
        return "Error while processing content unencoding: the compressed body is broken"
    if isinstance(error, httpx.RemoteProtocolError):
        text = str(error)
        if "without sending a response" in text:
            return "Empty reply from server"
        return "transfer closed with outstanding read data remaining" if "complete message body" in text else text
    if isinstance(error, httpx.UnsupportedProtocol):
        return f"Protocol not supported: {url}"
    if isinstance(error, httpx.InvalidURL):
        return f"URL rejected: {error}"
    if isinstance(error, ValueError):
        return "URL rejected: Malformed input to a URL function"
    return _system_reason(error, url)


def _system_reason(error: BaseException, url: str) -> str:
    """What the operating system said, below httpx's own words."""
    import socket

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return f"Could not resolve host: {host_and_port(url)[0]}"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"SSL certificate problem: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"SSL connect error: {cause.reason or cause}"
        if isinstance(cause, OSError) and cause.strerror:
            return f"Failed to connect to {_host(url)}: {cause.strerror}"
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__


def _host(url: str) -> str:
    host, port = host_and_port(url)
    return f"{host} port {port}" if port else host


# Certificates --------------------------------------------------------------------------------------------------------


def ssl_context(tls: Tls) -> ssl.SSLContext:
    """How to speak TLS: whom to trust, and what to show of oneself. Raises ssl.SSLError for broken certificates."""
    import httpx

    if tls.ca_certificate:
        made = ssl.create_default_context(cadata=tls.ca_certificate)
    else:
        made = httpx.create_ssl_context()
    if not (tls.verify_peer and tls.verify_host):
        made.check_hostname = False
    if not tls.verify_peer:
        made.verify_mode = ssl.CERT_NONE
    if tls.certificate:
        with tempfile.TemporaryDirectory(prefix="xsrun-") as folder:  # Python reads these from files only
            path = Path(folder, "client.pem")
            path.touch(mode=0o600)
            path.write_text(f"{tls.certificate}\n{tls.private_key}\n", encoding="utf-8")
            made.load_cert_chain(path, password=tls.password or None)
    return made

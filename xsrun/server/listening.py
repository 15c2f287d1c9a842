"""Running the application on uvicorn: listening, announcing the addresses, watching files, shutting down."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import webbrowser
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.dispatch.schedule import events_of
from xsrun.errors import UnavailableError, UsageError
from xsrun.extras import installing
from xsrun.running.masking import masked_address
from xsrun.server.application import Application, Send
from xsrun.server.bodies import Receive
from xsrun.server.console.handler import PAGE
from xsrun.server.garbage import settle_server
from xsrun.server.http_request import PEER, Message
from xsrun.server.log import Log
from xsrun.server.reload import Maker, Reloader
from xsrun.server.settings import Settings
from xsrun.server.snapshot import Live
from xsrun.server.supervisor import this_worker
from xsrun.server.tls import Certificate, how_to_trust, keep_fresh
from xsrun.services.network import is_loopback

if TYPE_CHECKING:
    from uvicorn import Server

    from xsrun.workspace.workspace import LoadedWorkspace

#: Seconds that requests have to end after the server was asked to stop.
_GRACE = 5
_LAST_PORT = 65_535


@dataclass(slots=True)
class Listening:
    """Where to listen, and what to do besides serving. `watch` reloads saved files, `tasks` runs tasks when due."""

    host: str = "127.0.0.1"
    port: int = 8000
    watch: bool = True
    tasks: bool = False
    #: open the console in the browser
    open: bool = False
    #: processes that serve
    workers: int = 1
    #: serve over TLS
    certificate: Certificate | None = None


def require_packages() -> None:
    """Raise UnavailableError when the packages of the extra `serve` are missing."""
    from importlib.util import find_spec

    missing = [name for name in ("uvicorn", "python_multipart", "watchfiles", "wsproto") if find_spec(name) is None]
    if missing:
        raise UnavailableError(
            f"serving needs packages that are not installed: {', '.join(missing)}",
            hint=f"install them with: {installing('serve')}",
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises UsageError when the address cannot be used."""
    bare = host.strip("[]")
    if not 0 <= port <= _LAST_PORT:  # some systems take another one in its place
        raise UsageError(f"there is no port {port}", hint="ports are 0 to 65535")
    try:
        family, kind, _, _, address = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind)
        if os.name == "posix":  # elsewhere it would let two servers share a port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind(address)
        except OSError:
            made.close()
            raise
    except (OSError, UnicodeError) as error:
        raise unusable(host, port, error) from None
    made.listen(1024)
    made.setblocking(False)
    return made


def unusable(host: str, port: int, error: Exception) -> UsageError:
    """The error of an address that the system does not take."""
    reason = "that is not the name of a host" if isinstance(error, UnicodeError) else getattr(error, "strerror", None)
    return UsageError(f"cannot listen on {host}:{port}: {reason or 'the system refuses it'}", hint=way_out(error))


def way_out(error: BaseException) -> str:
    """What to do when an address cannot be used."""
    not_here = getattr(error, "errno", None) in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
    if not_here or isinstance(error, (socket.gaierror, UnicodeError)):
        return (
            "--host takes an address of this machine: 127.0.0.1 for this machine alone, 0.0.0.0 for all that reach it"
        )
    if isinstance(error, PermissionError):
        return "ports below 1024 may need special rights: choose another with --port N"
    return "another server listens there: choose another with --port N, or --port 0 for any that is free"


def serve(
    path: Path,
    make: Maker,
    settings: Settings,
    listening: Listening,
    log: Log,
    prepare: Callable[[LoadedWorkspace, list[str]], None] = lambda workspace, made: None,
) -> None:
    """Serve the workspace of a file or folder until the process is told to stop.

    `make` makes a workspace of texts and their folder; `prepare` is called with the first one and the tables that were
    made, to seed them.
    """
    require_packages()
    # uvicorn raises the signal that ended it again, and one may come before it runs: either way the workspace is closed
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    worker = this_worker()
    if worker is not None:
        log.share = worker.share
    reloader = Reloader(path, make, log)
    workspace = reloader.load()
    log.shown_path = workspace.shown
    live = Live(workspace)
    application = Application(live, settings, log, None if worker is None else worker.figures)
    application.console.reload = lambda: reloader.refresh(live)
    bound = listen(listening.host, listening.port) if worker is None else worker.socket
    with suppress(KeyboardInterrupt), closing_workspace(live), bound:
        tables = reloader.upkeep.follow(workspace)
        if worker is None or worker.first:  # one that comes later must not seed what was emptied since
            prepare(workspace, tables)
            announce(live, listening, bound.getsockname()[1], settings, log)
        if worker is not None:
            application.started = worker.serves
        settle_server()
        run(application, bound, listening, reloader)


def announce(live: Live, listening: Listening, port: int, settings: Settings, log: Log) -> None:
    """Tell the user where the server is, and what is wrong with the files."""
    for line in welcome(live, listening, port, settings):
        log.line(line)
    if listening.open:
        webbrowser.open(f"{address(listening, port)}{PAGE}")
    errors = [problem for problem in live.current.workspace.problems if problem.severity == "error"]
    if errors:
        log.line(f"{len(errors)} error{'' if len(errors) == 1 else 's'} in its files:")
        log.problems(errors)


@contextmanager
def closing_workspace(live: Live) -> Iterator[None]:
    """Close the workspace that is live in the end."""
    try:
        yield
    finally:
        live.current.workspace.close()


def run(
    application: Application,
    bound: socket.socket,
    listening: Listening,
    reloader: Reloader | None,
    started: Callable[[Server], None] = lambda server: None,
) -> None:
    """Run an application on a socket until the process is told to stop.

    `started` is given the server, whose `should_exit` ends it.
    """
    server = make_server(application, listening.certificate)
    server.config.load()
    started(server)
    with heard(application.log):
        run_server(server, application, bound, listening, reloader)


@contextmanager
def heard(log: Log) -> Iterator[None]:
    """A time in which what uvicorn warns of stands in a log, in its form."""

    class Heard(logging.Handler):
        """Hands records on to the log."""

        def emit(self, record: logging.LogRecord) -> None:
            log.line(self.format(record), record.levelname.lower())

    logger, handler = logging.getLogger("uvicorn.error"), Heard(logging.WARNING)
    logger.addHandler(handler)
    propagates, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates


def run_server(
    server: Server, application: Application, bound: socket.socket, listening: Listening, reloader: Reloader | None
) -> None:
    """Run a server, and what is done besides, until it ends."""

    async def main() -> None:
        beside: list[asyncio.Task[None]] = []
        if listening.tasks:
            from xsrun.server.leadership import Leadership
            from xsrun.server.schedule import Schedule

            leadership = Leadership.of(application.live.current.workspace)
            schedule = Schedule(application, leads=leadership.held)
            beside.append(asyncio.create_task(schedule.run()))
        if listening.workers > 1:
            beside.append(asyncio.create_task(application.endpoint.metrics.publish_often()))
        if listening.certificate is not None and server.config.ssl is not None:
            fresh = keep_fresh(listening.certificate, server.config.ssl, application.log)
            beside.append(asyncio.create_task(fresh))
        if listening.watch and reloader is not None:
            beside.append(asyncio.create_task(reloader.watch(application.live)))
        try:
            await server.serve(sockets=[bound])
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    factory = server.config.get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())


def make_server(application: Application, certificate: Certificate | None = None) -> Server:
    """A uvicorn server for an application, with error bodies of ours for what is not HTTP too."""
    import uvicorn

    from xsrun.server.protocol import http_protocol

    config = uvicorn.Config(
        behind_proxies(application),
        http=http_protocol(application.settings.head_seconds),
        ws="wsproto",
        ws_max_size=1024 * 1024,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE,
        backlog=1024,
        ssl_certfile=None if certificate is None else str(certificate.certificate),
        ssl_keyfile=None if certificate is None else str(certificate.key),
    )
    return uvicorn.Server(config)


def behind_proxies(application: Application) -> Application | NotingPeers:
    """The application, with the addresses that trusted proxies forward in place of theirs where that is asked for."""
    if not application.settings.proxy_headers:
        return application
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    # uvicorn names the members of a scope one by one
    trusting = ProxyHeadersMiddleware(application, application.settings.trusted_proxies)  # type: ignore[arg-type]
    return NotingPeers(trusting)  # type: ignore[arg-type]


class NotingPeers:
    """Notes which address is connected, before the address that a proxy forwards takes its place."""

    def __init__(self, application: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope.get("client"):
            scope[PEER] = scope["client"][0]
        await self.application(scope, receive, send)


def address(listening: Listening, port: int) -> str:
    """Scheme, host and port by which the server is reached from here."""
    host = listening.host
    shown = "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0", "::") else host
    scheme = "http" if listening.certificate is None else "https"
    return f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{port}"


def welcome(live: Live, listening: Listening, port: int, settings: Settings | None = None) -> list[str]:
    """What the user is told at the start: the addresses, and who can reach them."""
    host, base = listening.host, address(listening, port)
    workspace = live.current.workspace
    groups = [group for group in live.current.routes.groups if group.routes and group.active]
    queries = sum(len(group.routes) for group in groups)
    if settings is not None and not settings.queries:
        lines = [f"console at {base}{PAGE}"]
    else:
        lines = [f"serving {queries} {'query' if queries == 1 else 'queries'} at {base}"]
        lines += [f"  {base}{group.base}  {group.name} ({len(group.routes)})" for group in groups[:20]]
        if len(groups) > 20:
            lines.append(f"  and {len(groups) - 20} more groups")
        if settings is None or settings.docs:
            lines += [f"try the queries at {base}/xsrun/docs", f"console {base}{PAGE}"]
        lines += idle_tasks(live, listening)
    lines += own_clients(live, listening)
    lines.append(f"database {masked_address(workspace.database_url)}" + kept(workspace.database_url))
    if listening.certificate is not None:
        lines += how_to_trust(listening.certificate)
    if not is_loopback(host):
        lines.append("warning: other machines can reach this server; leave --host out to keep it to yourself")
    lines.append("press Ctrl+C to stop")
    return lines


def idle_tasks(live: Live, listening: Listening) -> list[str]:
    """The tasks that have a schedule and do not run by it."""
    constructs = live.current.workspace.constructs
    names = [] if listening.tasks else [one.name for one in constructs if one.kind == "task" and events_of(one)]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return [f"tasks idle, --tasks runs them: {', '.join(names[:5])}{more}"] if names else []


def own_clients(live: Live, listening: Listening) -> list[str]:
    """What several processes do not do for channels."""
    names = [one.name for one in live.current.workspace.constructs if one.kind == "realtime_channel"]
    shared = live.current.workspace.service("realtime").server is not None
    if listening.workers == 1 or not names or shared:
        return []
    return [
        f"warning: each of the {listening.workers} workers knows its own realtime clients alone, so that a message "
        "reaches some of them; name a Redis server by which they share channels, --redis URL, or serve with one worker"
    ]


def kept(url: str) -> str:
    return " (in memory; gone when the server stops)" if url in ("sqlite://", "sqlite:///:memory:") else ""

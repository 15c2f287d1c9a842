"""`xsrun serve`: the workspace over HTTP."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.cli.arguments import number, one_of, whole_number
from xsrun.cli.declared_options import Options
from xsrun.cli.options import add_workspace_options, workspace_settings
from xsrun.diagnostics.color import use_color
from xsrun.errors import UsageError
from xsrun.reading import is_folder, is_there, real_path, typed_path
from xsrun.server.settings import BODY_MEGABYTES, KEPT_REQUESTS, PROGRAMS, RECENT_REQUESTS, TRACE_MODES, TRUSTED_PROXIES

if TYPE_CHECKING:
    from xsrun.server.listening import Listening
    from xsrun.server.log import Log
    from xsrun.server.settings import ConsoleSettings, LimitSettings, ProxySettings, Settings
    from xsrun.server.tls import Certificate
    from xsrun.workspace.workspace import LoadedWorkspace

#: Characters of an admin token: nobody guesses one that is as long and made by chance.
SHORTEST_TOKEN = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", help="a folder or file (default: --workspace, or this folder)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: this machine alone can reach it)"
    )
    parser.add_argument(
        "--port", "-p", type=whole_number, default=8000, metavar="N", help="default 8000; 0 is any that is free"
    )
    parser.add_argument("--tasks", action="store_true", help="run tasks when they are due")
    parser.add_argument("--no-reload", action="store_true", help="do not load files again when they are saved")
    parser.add_argument("--quiet", "-q", action="store_true", help="print problems only, not every request")
    parser.add_argument("--open", action="store_true", help="open the console in the browser")
    parser.add_argument("--no-docs", action="store_true", help="serve no documentation, console, history or OpenAPI")
    parser.add_argument(
        "--max-body",
        type=number,
        default=BODY_MEGABYTES,
        metavar="MEGABYTES",
        help=f"refuse longer bodies (default {BODY_MEGABYTES})",
    )
    parser.add_argument("--memory", action="store_true", help="keep rows in memory: they are gone when it stops")
    parser.add_argument(
        "--debug", type=whole_number, metavar="PORT", help="let a debugger attach on this port (xsrun dap); 0 is any"
    )
    add_console_options(parser)
    add_process_options(parser)
    add_limit_options(parser)
    add_proxy_options(parser)
    add_tls_options(parser)
    add_workspace_options(parser)
    parser.set_defaults(database=None)


def add_console_options(parser: argparse.ArgumentParser) -> None:
    """Options of what the console at /xsrun/ keeps."""
    parser.add_argument(
        "--history",
        type=whole_number,
        default=KEPT_REQUESTS,
        metavar="N",
        help=f"how many requests the console keeps in .xsrun/, 0 for none (default {KEPT_REQUESTS:,})",
    )
    parser.add_argument(
        "--trace-requests",
        type=one_of(*TRACE_MODES),
        metavar="WHEN",
        default=TRACE_MODES[0],
        help="which requests note their statements: always, never, or auto (default), while the console is open and "
        "after a failure of the same query; it costs about as much time as plain statements take",
    )


def console_settings(options: Options) -> ConsoleSettings:
    """The settings of what the console keeps."""
    return {
        "history": min(options.history, RECENT_REQUESTS),
        "kept": max(options.history, 1),
        "lasting_history": options.history > 0,
        "trace": options.trace_requests,
    }


def add_limit_options(parser: argparse.ArgumentParser) -> None:
    """Options of what requests may take, and of what is told about them."""
    parser.add_argument(
        "--programs",
        type=whole_number,
        default=PROGRAMS,
        metavar="N",
        help=f"how many programs run at once, those that sleep not counted (default {PROGRAMS})",
    )
    parser.add_argument(
        "--datasource",
        action="append",
        default=[],
        metavar="NAME",
        help="a data source that requests may name, beside live and those of the workspace (repeatable)",
    )
    parser.add_argument(
        "--slow",
        type=number,
        default=1.0,
        metavar="SECONDS",
        help="name the statements of requests that take longer (default 1; 0 is never)",
    )
    parser.add_argument("--static", metavar="DIR", help="serve the files of a front end beside the queries")
    parser.add_argument(
        "--log-format", type=one_of("text", "json"), default="text", metavar="FORMAT", help="text (default) or json"
    )


def limit_settings(options: Options) -> LimitSettings:
    """The settings of what requests may take. Raises UsageError."""
    if options.programs < 1:
        raise UsageError("--programs takes at least 1")
    static = None if options.static is None else typed_path(options.static)
    if static is not None and not is_folder(static):
        raise UsageError(f"--static: there is no folder {options.static}")
    return {
        "programs": options.programs,
        "datasources": tuple(options.datasource),
        "slow_seconds": options.slow,
        "static": static,
    }


def add_proxy_options(parser: argparse.ArgumentParser) -> None:
    """Options of a server behind a proxy."""
    parser.add_argument(
        "--proxy-headers",
        action="store_true",
        help="take the caller's address and scheme from X-Forwarded-For and X-Forwarded-Proto of trusted proxies",
    )
    parser.add_argument(
        "--trusted-proxies",
        default=TRUSTED_PROXIES,
        metavar="ADDRESSES",
        help=f"addresses and networks of proxies, comma separated, or * (default {TRUSTED_PROXIES})",
    )
    parser.add_argument("--public-url", metavar="URL", help="the address by which clients reach the server")
    parser.add_argument(
        "--admin-token",
        metavar="TOKEN",
        help="who sends it sees history, console and hints from anywhere; at least 16 characters (default: "
        "XSRUN_ADMIN_TOKEN of the process)",
    )


def add_process_options(parser: argparse.ArgumentParser) -> None:
    """Options of a server of several processes."""
    parser.add_argument(
        "--workers",
        type=whole_number,
        default=1,
        metavar="N",
        help="processes that serve (default 1); SIGHUP replaces them one after another",
    )
    parser.add_argument(
        "--token-key-file",
        metavar="FILE",
        help="the secret of auth tokens and signed addresses, the same on every machine: at least 32 bytes (default: "
        "XSRUN_TOKEN_KEY of the process, or a new one kept in .xsrun/)",
    )


def refuse_processes(options: Options) -> None:
    """Raise UsageError where several processes cannot serve."""
    if options.workers == 1:
        return
    if options.workers < 1:
        raise UsageError("--workers takes at least 1")
    if os.name != "posix":
        raise UsageError("--workers works on Linux and macOS only", hint="start several servers on ports of their own")
    if options.database in ("sqlite://", "sqlite:///:memory:"):
        raise UsageError(
            "processes cannot share rows in memory", hint="leave --memory out, or name a database with --database"
        )
    if options.debug is not None:
        raise UsageError("--debug stops the requests of one process", hint="leave --workers out to debug")
    if options.record is not None:
        raise UsageError("processes cannot share a recording that grows", hint="leave --workers out to record")


def supervised(options: Options, log: Log) -> int:
    """Serve with several processes until told to stop. Raises UsageError for an address that cannot be used."""
    from xsrun.server.listening import listen
    from xsrun.server.supervisor import Supervisor

    with listen(options.host, options.port) as bound:
        return Supervisor(bound, options.workers, log).run()


def add_tls_options(parser: argparse.ArgumentParser) -> None:
    """Options of serving over TLS."""
    parser.add_argument(
        "--tls", action="store_true", help="serve https with a certificate of a local authority, kept in .xsrun/tls"
    )
    parser.add_argument("--tls-cert", metavar="FILE", help="serve https with this certificate, in PEM form")
    parser.add_argument("--tls-key", metavar="FILE", help="its key (default: in the same file)")


def certificate_of(root: Path, options: Options) -> Certificate | None:
    """The certificate to serve with, or None for plain HTTP. Raises UsageError."""
    from xsrun.server.tls import given, made
    from xsrun.workspace.services import state_file

    if options.tls_key is not None and options.tls_cert is None:
        raise UsageError("--tls-key needs --tls-cert", hint="--tls makes both")
    if options.tls_cert is not None:
        return given(options.tls_cert, options.tls_key)
    folder = state_file(real_path(root), "tls") if options.tls else None
    return None if folder is None else made(folder, options.host)


def listening_of(root: Path, options: Options) -> Listening:
    """Where to listen, and what to do besides. Raises UsageError."""
    from xsrun.server.listening import Listening

    certificate = certificate_of(root, options)
    own = (options.host, options.port, not options.no_reload, options.tasks, options.open, options.workers)
    return Listening(*own, certificate)


def database_of(path: Path, options: Options) -> str:
    """The URL of the database: what the user names, memory, or a file beside the workspace's files."""
    from xsrun.workspace.services import ROWS, state_file

    if options.memory and options.database is not None:
        raise UsageError("--memory and --database exclude each other", hint="leave one of them out")
    named: str | None = options.database or os.environ.get("XSRUN_DATABASE")
    if options.memory or named:
        return "sqlite://" if options.memory or not named else named
    root = path if is_folder(path) else path.parent
    file = state_file(real_path(root), ROWS)
    return "sqlite://" if file is None else f"sqlite:///{file}"


def proxy_settings(options: Options) -> ProxySettings:
    """The settings of a server behind a proxy. Raises UsageError."""
    token = options.admin_token or os.environ.get("XSRUN_ADMIN_TOKEN") or None
    if token is not None and (len(token) < SHORTEST_TOKEN or not token.isprintable() or not token.isascii()):
        raise UsageError(
            f"--admin-token takes at least {SHORTEST_TOKEN} printable ASCII characters",
            hint="make one with: python -c 'import secrets; print(secrets.token_urlsafe(24))'",
        )
    return {
        "proxy_headers": options.proxy_headers,
        "trusted_proxies": trusted_proxies(options.trusted_proxies),
        "public_url": None if options.public_url is None else public_url(options.public_url),
        "admin_token": token,
    }


def trusted_proxies(given: str) -> str:
    """The addresses of `--trusted-proxies`. Raises UsageError for what is neither an address nor a network."""
    from ipaddress import ip_network

    for one in given.split(","):
        if given.strip() == "*":
            break
        try:
            ip_network(one.strip())
        except ValueError:
            raise UsageError(
                f"--trusted-proxies: {one.strip()!r} is not an address or a network",
                hint="write 10.0.0.5 or 10.0.0.0/8, several with commas between them, or * to trust every connection",
            ) from None
    return given.strip()


def public_url(given: str) -> str:
    """The address of `--public-url` without a slash at its end. Raises UsageError."""
    from urllib.parse import urlsplit

    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"--public-url: {given!r} is not an address", hint="write it as https://api.example.com")
    return given.rstrip("/")


def run(options: Options) -> int:
    """Serve until the process is told to stop."""
    from xsrun.server.settings import Settings
    from xsrun.server.supervisor import is_worker

    settings = Settings(
        max_body=int(options.max_body * 1024 * 1024),
        docs=not options.no_docs,
        **console_settings(options),
        **proxy_settings(options),
        **limit_settings(options),
    )
    if not is_worker():
        return listen(options, settings)
    with suppress(KeyboardInterrupt):  # one that is told to end while it begins has nobody to tell of it
        return listen(options, settings)
    return 0


def open_debugger(workspace: LoadedWorkspace, port: int) -> None:
    """Let debuggers stop the requests that come."""
    from xsrun.editor.dap.dap_doors import ServerDoor

    door = ServerDoor(port)
    door.open(workspace)
    print(f"debugger: {door.address}", file=sys.stderr, flush=True)


def listen(options: Options, settings_of_server: Settings) -> int:
    """Serve a workspace with these settings."""
    from xsrun.server.listening import require_packages, serve
    from xsrun.server.log import Log
    from xsrun.server.supervisor import is_worker
    from xsrun.workspace.services import told_key

    require_packages()
    path = typed_path(options.path or options.workspace or ".")
    if not is_there(path):
        raise UsageError(f"no such file or folder: {path}")
    if not 0 <= options.port <= 65_535:
        raise UsageError(f"--port takes 0 to 65535, not {options.port}")
    options.database = database_of(path, options)
    refuse_processes(options)
    if options.token_key_file is not None:
        os.environ["XSRUN_TOKEN_KEY_FILE"] = str(real_path(typed_path(options.token_key_file)))
    told_key()
    options.base_url = options.base_url or settings_of_server.public_url
    settings = workspace_settings(options)

    def make(texts: dict[str, str], root: Path) -> LoadedWorkspace:
        from xsrun.api import Workspace

        return Workspace(texts, root, **settings)

    def prepare(workspace: LoadedWorkspace, made: list[str]) -> None:
        if options.seed:
            from xsrun.cli.seeds import seed_empty

            for line in seed_empty(workspace, options.seed, made):
                log.line(line)
        if options.debug is not None:
            open_debugger(workspace, options.debug)

    log = Log(quiet=options.quiet, color=use_color(sys.stderr), as_json=options.log_format == "json")
    if options.workers != 1 and not is_worker():
        return supervised(options, log)
    where = listening_of(path if is_folder(path) else path.parent, options)
    serve(path, make, settings_of_server, where, log, prepare)
    return 0

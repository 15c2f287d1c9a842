"""The context of one run: who asks, what the clock says, how far it may go, and the ways out to the world.

Rooms above fulfil the protocols named here: the workspace finds and runs constructs, the database room opens
sessions. Builtins reach upward through the context, never by import.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from xsrun.errors import AccessDeniedError, LimitError, XanoScriptError
from xsrun.hints import TYPE_CHECKING, Any, NoReturn, Protocol
from xsrun.records import made, record
from xsrun.values.conversion import Value, to_json
from xsrun.values.extent import check_extent

if TYPE_CHECKING:
    from xsrun.diagnostics import Diagnostic
    from xsrun.language.constructs import ConstructKey
    from xsrun.running.asynchronous import AsynchronousCall
    from xsrun.running.secrets import Secrets
    from xsrun.running.trace import Trace
    from xsrun.values.streams import StreamedResponse

Clock = Callable[[], int]
#: Waits for so many seconds.
Sleep = Callable[[float], None]

#: The key in a run's scratch room for what `$toolset` reads.
TOOLSET = "toolset"
#: loop passes between two looks at the limits; members that a run may move or copy before it is warned
_BATCH, MANY = 1_000, 300_000_000
_LARGE = 1_000_000  # characters or members of a value that is large enough to ask for the memory before it is built
#: how long a reading of the memory counts: asking the system costs as much as a small program. More than the 5 ms after
#: which Python lets another thread go on, which asking would put off each time.
_READING_SECONDS = 0.01


def system_clock() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


@record
class Limits:
    """How far a run may go before it is stopped. None switches a limit off.

    `steps` counts loop passes and calls, `depth` nested calls, `seconds` wall time, `size` the characters of a text
    or the members of a list or object, `memory` the bytes the process may grow by during the run.
    """

    steps: int | None = 10_000_000
    depth: int | None = 1_000
    seconds: float | None = 60.0
    size: int | None = 16_000_000
    memory: int | None = 768 * 1024 * 1024


@record
class Identity:
    """Who calls: a row of an auth table, and what the token carries besides."""

    id: Value
    table: str = ""
    extras: dict[str, Value] = made(factory=dict)


@record
class Request:
    """The request a run answers: what `$env.$...`, raw input and tokens are read from."""

    method: str = ""
    uri: str = ""
    headers: Mapping[str, str] = made(factory=dict)
    query: str = ""
    body: bytes | None = None
    remote_ip: str = "127.0.0.1"
    api_base_url: str = ""
    token: str | None = None
    #: the inputs as they came, before binding and validation
    input: Value = None
    #: those of them that stood in the path
    in_path: frozenset[str] = frozenset()


@record
class ResponseHead:
    """Headers and status that the program sets with `util.set_header`.

    `stream` is what it sends with `api.stream` in place of its response (`runtime.streams.StreamedResponse`).
    """

    headers: list[tuple[str, str]] = made(factory=list)
    status: int | None = None
    stream: StreamedResponse | None = None


@record
class Answer:
    """What a request was answered with, for what runs after it."""

    body: Value
    headers: list[tuple[str, str]]
    status: int


@record
class LogEntry:
    """One `debug.log` value or `console.log` line, with where it was written."""

    value: Value
    file: str | None = None
    line: int | None = None

    @property
    def text(self) -> str:
        """What a log shows of it."""
        return self.value if isinstance(self.value, str) else to_json(self.value)


#: Runs a construct with what belongs around it: `(context, inputs, proceed)`, where `proceed(inputs)` runs it alone.
Around = Callable[["Context", dict[str, Value], Callable[[dict[str, Value]], Value]], Value]


class DispatcherProtocol(Protocol):
    """What runs around constructs: the identity test, middleware and triggers (`xsrun.dispatch`)."""

    def admit(self, construct: Any, context: Context) -> None:
        """Raises UnauthorizedError when the caller may not run this query."""

    def around(self, construct: Any) -> Around | None:
        """What runs in place of a construct that has middleware; None when it has none."""

    def act(self, context: Context, name: str, given: dict[str, Value]) -> Value:
        """Run an action of a package; `given` are the attributes of the call."""

    def watches(self, table: str) -> bool:
        """Does a trigger wait for writes to this table?"""

    def after_write(self, context: Context, table: str, action: str, new: Value = None, old: Value = None) -> None:
        """Run the triggers of a table for one row that was written."""


class WorkspaceProtocol(Protocol):
    """What a run needs of the workspace: constructs by kind and name, and the services it keeps."""

    dispatcher: DispatcherProtocol | None

    def call(self, context: Context, kind: str, name: str, inputs: dict[str, Value], **options: Any) -> Value:
        """Run a construct as part of this run and return its response; raises what it raises."""

    def direct(self, kind: str, name: str) -> Callable[..., Value]:
        """The function of a construct that takes raw inputs by position, for code that calls it without `call`."""

    def open_session(self, context: Context) -> Any:
        """A database session for this run (`xsrun.database.session.Session`)."""

    def is_watched(self, table: str) -> bool:
        """Does somebody want to know of the writes to a table?"""

    def after_write(self, context: Context, table: str, action: str, new: Value, old: Value) -> None:
        """Tell of a row that was written (`action` "insert", "update", "delete") or a table emptied ("truncate")."""

    def service(self, name: str) -> Any:
        """A service by name: "javascript", "cache", "vault", "http", "network", "tokens"...; made on first use."""


def _memory_reader() -> Callable[[], int]:
    """How to read the bytes of memory that this process holds, on systems that tell cheaply; else always 0."""
    import os

    try:
        page = os.sysconf("SC_PAGE_SIZE")
        descriptor = os.open("/proc/self/statm", os.O_RDONLY)
    except (AttributeError, ValueError, OSError):
        return lambda: 0

    def read() -> int:
        return int(os.pread(descriptor, 64, 0).split()[1]) * page

    return read


_read_memory: Callable[[], int] | None = None


def resident_memory() -> int:
    """Bytes of memory that this process holds; 0 where the system does not tell."""
    global _read_memory
    if _read_memory is None:
        _read_memory = _memory_reader()
    return _read_memory()


#: the last reading of the memory, and when it was made
_last_reading = (float("-inf"), 0)


def recent_memory(moment: float) -> int:
    """The same, read anew when the last reading is more than a few milliseconds older than `moment` (monotonic)."""
    global _last_reading
    at, found = _last_reading
    if moment - at > _READING_SECONDS:
        found = resident_memory()
        _last_reading = moment, found
    return found


class Context:
    """Everything one run carries from statement to statement. Callees share it (semantics 1.1)."""

    __slots__ = (
        "aside",
        "asynchronous",
        "at_once",
        "auth",
        "budget",
        "clock",
        "copied",
        "datasource",
        "deadline",
        "deferred",
        "depth",
        "depth_limit",
        "environment",
        "head",
        "limits",
        "logs",
        "memory_ceiling",
        "moved",
        "proved",
        "request",
        "scratch",
        "secrets",
        "session_slot",
        "sleep",
        "steps",
        "test",
        "trace",
        "warnings",
        "workspace",
    )
    #: what a server does around a time in which the run waits; given the run, which it is not to hold
    aside: Callable[[Context, float], None] | None
    #: the run may not wait (`xsrun.running.at_once`)
    at_once: bool

    def __init__(
        self,
        workspace: WorkspaceProtocol | None = None,
        *,
        limits: Limits | None = None,
        clock: Clock = system_clock,
        sleep: Sleep = time.sleep,
        environment: dict[str, Value] | None = None,
        auth: Identity | None = None,
        request: Request | None = None,
        datasource: str = "live",
        test: tuple[ConstructKey, str] | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.workspace = workspace
        self.limits = limits or Limits()
        self.clock = clock
        #: how the run waits: `util.sleep`
        self.sleep = sleep
        self.environment = environment or {}
        self.auth = auth
        self.request = request or Request()
        self.datasource = datasource
        #: (construct, name) of the unit test that runs, which mocks are looked up by (semantics 1.8)
        self.test = test
        self.trace = trace
        self.aside, self.at_once = None, False
        #: what logs must not show; None while nothing is known to be secret
        self.secrets: Secrets | None = None
        self.head = ResponseHead()
        self.logs: list[LogEntry] = []
        self.warnings: list[Diagnostic | XanoScriptError] = []
        self._count_anew()
        #: asynchronous calls by job id
        self.asynchronous: dict[str, AsynchronousCall] = {}
        #: what runs after the response: stacks of `util.post_process`, and asynchronous calls that nobody waited for
        self.deferred: list[Callable[[Answer], None]] = []
        self.session_slot: Any = None
        #: room for builtins that keep something for the length of a run, by their own key
        self.scratch: dict[str, Any] = {}

    def _count_anew(self) -> None:
        """What is measured against the limits, and what was seen of large values."""
        self.steps = 0
        #: loop passes that may still run before they are counted against the limits
        self.budget = 0
        self.depth = 0
        self.depth_limit = (1 << 60) if self.limits.depth is None else self.limits.depth
        self.deadline: float | None = None
        self.memory_ceiling: int | None = None
        #: the long list that a list input accepted last, by its converter: what was passed on is never changed in place
        #: (`xsrun.values.ownership`), so that it need not be looked through again
        self.proved: dict[Any, list[Value]] = {}
        #: members and characters that were moved because something in front of them was added or taken away
        self.moved = self.copied = 0

    def now(self) -> int:
        """The run's time: milliseconds since the epoch. Tests and `--now` fix it."""
        return self.clock()

    @property
    def session(self) -> Any:
        """The run's database session, opened at first use."""
        if self.session_slot is None:
            if self.workspace is None:
                raise RuntimeError("this run has no workspace and so no database")
            self.session_slot = self.workspace.open_session(self)
        return self.session_slot

    def service(self, name: str) -> Any:
        """A service of the workspace by name, made on first use."""
        if self.workspace is None:
            raise RuntimeError(f"this run has no workspace and so no {name} service")
        return self.workspace.service(name)

    def authentication(self) -> dict[str, Value]:
        """`$auth`: the identity of the caller; without one, the engine answers a bare 403 (semantics 2.6)."""
        identity = self.auth
        if identity is None:
            raise AccessDeniedError(hint="nobody is signed in: run with --auth TABLE:ID, or set auth on the query")
        return {
            **{key: value for key, value in identity.extras.items() if key not in ("id", "extras")},
            "id": identity.id,
            "dbo": {"id": identity.table},
            "extras": identity.extras,
        }

    def identity_or_nobody(self) -> dict[str, Value]:
        """`$auth` whole inside a `transform`: there it can be read without an identity (evidence G12)."""
        return {"dbo": "", "id": 0} if self.auth is None else self.authentication()

    def toolset(self) -> Value:
        """`$toolset`: the token and the parameters of a tool's connection, there while a tool runs (semantics 1.1)."""
        found = self.scratch.get(TOOLSET)
        if found is None:
            hint = "it is there while an agent or MCP server runs a tool"
            raise XanoScriptError("Missing var entry: toolset", hint=hint)
        return found

    def call(self, kind: str, name: str, inputs: dict[str, Value], **options: Any) -> Value:
        """Run another construct inside this run."""
        if self.workspace is None:
            raise RuntimeError("this run has no workspace to call into")
        return self.workspace.call(self, kind, name, inputs, **options)

    def start(self) -> None:
        """Begin to count time and memory; called once, when the run begins."""
        limits = self.limits
        moment = time.monotonic()
        self.deadline = None if limits.seconds is None else moment + limits.seconds
        self.memory_ceiling = None if limits.memory is None else recent_memory(moment) + limits.memory

    def tick(self) -> int:
        """Count a batch of steps against the limits; returns how many may run until the next count."""
        limit = self.limits.steps
        if limit is not None and self.steps >= limit:
            self._stop_looping(limit)
        batch = _BATCH if limit is None else min(_BATCH, limit - self.steps)
        self.steps += batch
        self._look_at_clock_and_memory()
        return batch

    def spend(self, steps: int) -> None:
        """Count work that is done outside the loops of a program as steps: the elements that `map` goes through."""
        before = self.steps
        self.steps = before + steps
        if before // _BATCH != self.steps // _BATCH:
            limit = self.limits.steps
            if limit is not None and self.steps > limit:
                self._stop_looping(limit)
            self._look_at_clock_and_memory()

    def _stop_looping(self, limit: int) -> NoReturn:
        raise LimitError(
            f"Potential infinite loop. Please limit your loop operations to under {limit:,}.",
            hint="does the loop end? raise the limit with --limit steps=N if it really needs more",
        )

    def _look_at_clock_and_memory(self) -> None:
        moment = time.monotonic()
        passed = self.passed_limit(moment, 0 if self.memory_ceiling is None else recent_memory(moment))
        if passed is not None:
            raise passed

    def passed_limit(self, moment: float, memory: int) -> LimitError | None:
        """The error of the limit that the run has passed, if any; `memory` is what the process holds at the moment."""
        if self.deadline is not None and moment > self.deadline:
            return LimitError(
                f"The run took longer than its time limit of {self.limits.seconds:g} s.",
                hint="raise the limit with --limit seconds=N",
            )
        if self.memory_ceiling is not None and memory > self.memory_ceiling:
            assert self.limits.memory is not None
            return LimitError(
                f"The run uses more memory than its limit of {self.limits.memory // 2**20} MB.",
                hint="does a value grow without end? raise the limit with --limit memory=BYTES",
            )
        return None

    def log(self, value: Value, file: str | None = None, line: int | None = None) -> None:
        check_extent(value)  # here, where a line is to blame: the log is written when the run has ended
        self.logs.append(LogEntry(value if self.secrets is None else self.secrets.hide(value), file, line))

    def keep_secret(self, value: Value) -> None:
        """Keep a value, and all that is in it, out of logs, traces and recordings from now on."""
        if self.secrets is None:
            from xsrun.running.secrets import Secrets

            self.secrets = Secrets()
            if self.trace is not None:
                self.trace.secrets = self.secrets
        self.secrets.add(value)

    def count_moved(self, size: int) -> None:
        """Count what moves when a list or text changes at its beginning; a run that moves very much is told once."""
        before, self.moved = self.moved, self.moved + size
        if before < MANY <= self.moved:
            from xsrun.running.costly_changes import moved_much

            self.warnings.append(moved_much(size))

    def count_copied(self, size: int) -> None:
        """Count the members of copies that are made to change one; a run that copies very much is told once."""
        before, self.copied = self.copied, self.copied + size
        if before < MANY <= self.copied:
            from xsrun.running.costly_changes import copied_much

            self.warnings.append(copied_much(size))

    def check_size(self, size: int) -> None:
        """Refuse a value before it is built; `size` is in characters or members."""
        limit = self.limits.size
        if limit is not None and size > limit:
            raise LimitError(
                f"The value would have {size:,} characters or members; the limit is {limit:,}.",
                hint="raise the limit with --limit size=N if the program really needs it",
            )
        if size > _LARGE and self.memory_ceiling is not None:
            # a recent reading: a text of two million characters may grow by one at a time
            passed = self.passed_limit(float("-inf"), recent_memory(time.monotonic()) + size)
            if passed is not None:
                raise passed

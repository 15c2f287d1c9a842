"""A workspace: the constructs of some files, and everything their runs share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from xsrun.diagnostics import Diagnostic
from xsrun.evaluator.generated.operations import too_deep
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.fields.declared import of_call
from xsrun.hints import TYPE_CHECKING, Any, Self, Unpack
from xsrun.reading import AnyPath, FolderAttribute
from xsrun.running.context import Clock, Context, DispatcherProtocol, Identity, Limits, Request, Sleep
from xsrun.running.unfolded_size import check_unfolded
from xsrun.running.watchdog import watched
from xsrun.syntax.source import Source
from xsrun.values.conversion import Value
from xsrun.workspace.argument_checks import (
    Isolation,
    checked,
    clock_of,
    endpoints_of,
    identity_of,
    is_read_committed,
    keywords_of,
    limits_of,
    models_of,
    object_input,
    request_of,
    require,
    rows_of,
    texts_by_name,
    variables_of,
)
from xsrun.workspace.code_cache import compiled_stack
from xsrun.workspace.collection import collect
from xsrun.workspace.construct import Construct
from xsrun.workspace.deep_calls import frames_for, with_room
from xsrun.workspace.environment import own_environment
from xsrun.workspace.loader import read_sources, shown_path
from xsrun.workspace.lookup import ConstructTable
from xsrun.workspace.result import Result, end_session, finish, new_trace
from xsrun.workspace.services import services_of

if TYPE_CHECKING:
    from pathlib import Path

    from xsrun.database.database import Database
    from xsrun.database.session import Session
    from xsrun.fields.declared import Declared
    from xsrun.language.constructs import ConstructKey
    from xsrun.running.carrier import Carrier
    from xsrun.running.trace import Trace
    from xsrun.services.files import Upload
    from xsrun.services.network import Hosts, NetworkPolicy
    from xsrun.services.vault import Vault
    from xsrun.syntax.nodes import Document
    from xsrun.syntax.parsed import Parsed
    from xsrun.workspace.options import WorkspaceOptions


class LoadedWorkspace(ConstructTable):
    """Constructs by kind and name, and the database, cache and engines that their runs share.

    A workspace may run from several threads at once. `close()`, or leaving it as a context manager, ends its
    connections and processes.
    """

    root = FolderAttribute("root_name")
    root_name: AnyPath | None
    #: what runs around constructs; the public API sets it, without it they run bare
    dispatcher: DispatcherProtocol | None = None
    #: how workflow tests reach queries; None runs them where they are called (see `xsrun.server.over_http`)
    carrier: Carrier | None = None
    #: a debugger's way to watch a run, in place of a plain trace
    observer: Callable[[Context], Trace | None] | None = None

    def __init__(
        self,
        sources: dict[str, str],
        root: AnyPath | None = None,
        *,
        database: str = "sqlite://",
        env: dict[str, Value] | None = None,
        clock: Clock | int | None = None,
        limits: Limits | None = None,
        network: NetworkPolicy | Hosts = None,
        vault: Vault | AnyPath | None = None,
        cache: str | None = None,
        strict: bool = False,
        base_url: str | None = None,
        isolation: Isolation | None = None,
        models: str | Iterable[str] | None = None,
        cloud: Mapping[str, str] | None = None,
        allow_run: bool = False,
    ) -> None:
        texts_by_name("sources", sources)
        require("database", database, str, "a URL", "for example sqlite:///file.db")
        require("env", env, (dict, type(None)), "a dict of values by name", 'for example {"KEY": "1"}')
        self.sources = {name: Source(text, name) for name, text in sources.items()}
        self.root, self.strict = root, strict
        self.read_committed = is_read_committed(isolation)
        #: the prefix of the paths of stored files in their addresses; None takes that of the request
        self.base_url = (base_url or os.environ.get("XSRUN_BASE_URL") or "").rstrip("/") or None
        self.database_url = database
        self.network, self.models = network, models_of(models)
        self.limits = limits_of(limits)
        self.clock: Clock = clock_of(clock)
        #: how runs wait: `util.sleep`; another function may take its place
        self.sleep: Sleep = time.sleep
        self._database: Database | None = None
        self._begin_session: Callable[[Database, Context], Session] | None = None
        self._load()
        given = (network, vault, cache, self.models, endpoints_of(cloud), allow_run)
        self._services = services_of(root, {one.kind for one in self.constructs}, *given)
        self.environment = {**own_environment(self.constructs, self.sources.values(), root), **(env or {})}
        self._frames = frames_for(self.limits.depth)

    # Loading -------------------------------------------------------------------------------------------------------

    @classmethod
    @checked(*keywords_of(__init__))
    def load(cls, path: AnyPath, **options: Unpack[WorkspaceOptions]) -> Self:
        """Load a file or a folder, as pulled. Raises UsageError when there is nothing to load."""
        require("path", path, (str, os.PathLike), "the path of a file or folder")
        sources, root = read_sources(path)
        return cls(sources, root, **options)

    @classmethod
    @checked(*keywords_of(__init__))
    def from_sources(cls, sources: dict[str, str], **options: Unpack[WorkspaceOptions]) -> Self:
        """Make a workspace of texts by file name."""
        return cls(sources, **options)

    def _load(self) -> None:
        constructs, self.problems = collect(self.sources.values(), self.structure_problems)
        super().__init__(constructs)
        for construct in constructs:
            construct.columns_of = self.columns_of
            construct.signature = self.signature_of

    def structure_problems(self, parsed: Parsed[Document]) -> list[Diagnostic]:
        """What the tables of the language object to in one file; the public workspace asks the checker."""
        return []

    @property
    def home(self) -> Path | None:
        """The folder of its files; `root` is that of what is kept, which tests have none of."""
        return self.root

    def shown(self, file: str) -> str:
        """The path of one of its files for messages: from the user's folder, not from the workspace's."""
        return shown_path(self.root_name, file)

    # Running -------------------------------------------------------------------------------------------------------

    def context(
        self,
        *,
        env: dict[str, Value] | None = None,
        auth: Identity | None = None,
        request: Request | None = None,
        datasource: str = "live",
        test: tuple[ConstructKey, str] | None = None,
        trace: Trace | None = None,
    ) -> Context:
        """A context for one run in this workspace."""
        context = Context(
            self,
            limits=self.limits,
            clock=self.clock,
            sleep=self.sleep,
            environment={**self.environment, **env} if env else self.environment,
            auth=auth,
            request=request,
            datasource=datasource,
            test=test,
        )
        context.trace = trace if self.observer is None else self.observer(context)
        context.start()
        return context

    @checked()
    def run(
        self,
        name: str | None = None,
        kind: str | None = None,
        input: dict[str, Value] | None = None,
        *,
        verb: str | None = None,
        api_group: str | None = None,
        auth: dict[str, Value] | None = None,
        env: dict[str, Value] | None = None,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        files: Mapping[str, Upload | list[Upload]] | None = None,
        datasource: str | None = None,
        file: str | None = None,
        trace: bool = False,
        variables: dict[str, Value] | None = None,
    ) -> Result:
        """Run one construct. Errors of the program are in `result.error`; misuse by the caller raises UsageError.

        `auth` is `{"id": 1, "table": "user", "extras": {...}}`; `variables` are set before a bare list of statements.
        """
        construct = self.find(name, kind, verb, api_group, file)
        given = object_input(input)
        variables = variables_of("variables", variables)
        require("env", env, (dict, type(None)), "a dict by name")
        request = request_of(construct, given, headers, body, files)
        context = self.context(
            env=env,
            auth=identity_of(auth),
            request=request,
            datasource=datasource or "live",
            trace=new_trace() if trace else None,
        )
        if headers:
            from xsrun.running.masking import proofs_in

            for proof in proofs_in(headers):
                context.keep_secret(proof)
        return self.execute(construct, {**request.input}, context, variables=variables)

    def execute(
        self,
        construct: Construct,
        values: dict[str, Value],
        context: Context,
        *,
        variables: dict[str, Value] | None = None,
        admit: bool = True,
        conclude: bool = True,
    ) -> Result:
        """Run a construct in a context of its own and gather everything into a result.

        `admit`: test the caller's identity first, as over HTTP; tests do not (semantics 8.3). `conclude`: run what the
        program left for after its response; a server that has yet to send it calls `result.after_response` itself.
        """
        return with_room(self._frames, self._execute, construct, values, context, variables, admit, conclude)

    def _execute(
        self,
        construct: Construct,
        values: dict[str, Value],
        context: Context,
        variables: dict[str, Value] | None,
        admit: bool,
        conclude: bool,
    ) -> Result:
        started = time.perf_counter()
        result = Result()
        self._services.begin()
        try:
            if admit and self.dispatcher is not None:
                self.dispatcher.admit(construct, context)
            result.response = watched(context, self.respond, construct, values, context, variables)
            stream = context.head.stream
            if stream is not None and stream.media_type is not None:  # else a server's, which nothing was sent to
                result.stream = stream
                result.response = stream.value if result.response is None else result.response
            check_unfolded(context, result.response)
        except Exception as error:
            result.error = translate(error, construct)
            if context.trace is not None:
                context.trace.fails(error)
        finally:
            finish(context, result, now=conclude)
        result.duration = time.perf_counter() - started
        if construct.kind == "stack" and construct.response is None and isinstance(result.response, dict):
            result.variables = result.response
        return result

    def respond(
        self,
        construct: Construct,
        values: dict[str, Value],
        context: Context,
        variables: dict[str, Value] | None = None,
    ) -> Value:
        """Bind the input and run: the response, or whatever the program raises."""
        if construct.kind in ("run.job", "run.service"):
            from xsrun.workspace.jobs import run_job

            return run_job(construct, context)
        if construct.kind == "stack" and (variables or values):
            return self.run_with_variables(construct, context, variables or {}, values)
        return self.enter(construct, context, values)

    def enter(self, construct: Construct, context: Context, values: dict[str, Value]) -> Value:
        """Bind the input and run, with the middleware around it that the construct has."""
        construct.fail_if_broken()
        dispatcher = self.dispatcher
        if dispatcher is not None:
            around = dispatcher.around(construct)
            if around is not None:
                run = self.invoke
                return around(context, values, lambda given: run(construct, context, construct.bind(given, context)))
        return self.invoke(construct, context, construct.bind(values, context))

    def run_with_variables(
        self, construct: Construct, context: Context, variables: dict[str, Value], values: dict[str, Value]
    ) -> Value:
        """Run a bare list of statements with some variables set before it, and with what it reads as `$input`."""
        construct.fail_if_broken()
        prepared = construct.with_variables(variables, values)
        return self.invoke(prepared, context, prepared.bind(values, context), variables)

    def invoke(
        self,
        construct: Construct,
        context: Context,
        inputs: dict[str, Value],
        variables: dict[str, Value] | None = None,
    ) -> Value:
        """Run the compiled stack, one call deeper, for bound inputs; a bare list may have variables too."""
        limit = context.limits.depth
        if limit is not None and context.depth >= limit:
            too_deep(context)
        trace = context.trace
        run = compiled_stack(construct, trace is not None).run
        context.depth += 1
        try:
            if variables is not None:
                run = partial(run, variables=variables)
            if trace is None:
                return run(context, inputs)
            with trace.inside(construct.label, construct.file, construct.line, inputs):
                return run(context, inputs)
        finally:
            context.depth -= 1

    def call(self, context: Context, kind: str, name: str, inputs: dict[str, Value], **options: Any) -> Value:
        """Run a construct as part of another run (`function.run` and its kin).

        An input that the call leaves out is taken from the caller's declared input of the same name (semantics 1.7):
        `caller_inputs`.
        """
        if kind == "action" and self.dispatcher is not None:
            return self.dispatcher.act(context, name, inputs)
        construct = self.lookup(kind, name)
        if construct is None:
            raise self.no_target(kind, name)
        caller = options.get("caller_inputs")
        if caller:
            names = [d.name for d in construct.declared if d.name not in inputs and d.name in caller]
            inputs = {**inputs, **{name: caller[name] for name in names}}
        return self.enter(construct, context, of_call(construct.declared, inputs))

    def signature_of(self, kind: str, name: str) -> list[Declared] | None:
        """The declared inputs of a construct that other code may call directly; None when calls must come here."""
        construct = self.lookup(kind, name)
        if construct is None or any(problem.severity == "error" for problem in construct.problems):
            return None
        if construct.sensitive:  # `bind` notes what logs must not show
            return None
        if self.dispatcher is not None and self.dispatcher.around(construct) is not None:
            return None
        return construct.declared

    def direct(self, kind: str, name: str) -> Callable[..., Value]:
        """The function of a construct that takes raw inputs by position (`evaluator.compiler.compile_stack`)."""
        construct = self.lookup(kind, name)
        if construct is None:
            raise self.no_target(kind, name)
        return compiled_stack(construct).direct

    # Shared services -----------------------------------------------------------------------------------------------

    def open_session(self, context: Context) -> Session:
        """A database session for a run."""
        if self._begin_session is None:
            from xsrun.database.handlers import open_session

            self._begin_session = open_session
        return self._begin_session(self.database, context)

    @property
    def database(self) -> Database:
        """The workspace's database, opened at first use."""
        with self._services.lock:
            if self._database is None:
                from xsrun.workspace.tables import open_tables

                self._database = open_tables(
                    self.constructs, self.database_url, strict=self.strict, read_committed=self.read_committed
                )
                before = self._services.exchange("database", self._database)
                if before is not None:
                    self._database.follow(before)
            return self._database

    def take_over(self, before: LoadedWorkspace) -> None:
        """Go on with the services of a workspace that this one replaces: rows, connections, cache, files and keys.

        Runs that began in the other one may still end there.
        """
        self._services = before._services
        self.observer = before.observer

    def is_watched(self, table: str) -> bool:
        """Does a trigger wait for writes to this table?"""
        return self.dispatcher is not None and self.dispatcher.watches(table)

    def after_write(self, context: Context, table: str, action: str, new: Value, old: Value) -> None:
        """Run the triggers that wait for this write (see `xsrun.dispatch.triggers`)."""
        if self.dispatcher is not None:
            self.dispatcher.after_write(context, table, action, new, old)

    @checked()
    def seed(self, rows: dict[str, list[dict[str, Value]]], datasource: str = "live") -> None:
        """Put rows into tables, as a program's `db.add` would, keeping explicit ids."""
        from xsrun.database.seeding import seed

        rows = rows_of(rows)
        context = self.context(datasource=datasource)
        try:
            seed(context.session, rows)
        finally:
            end_session(context)

    def service(self, name: str) -> Any:
        """A service by name, made on first use and kept until the workspace is closed."""
        return self._services.get(name)

    def kept(self, name: str) -> Path | None:
        """A place in the folder of what is kept beside the files; None when there is no place for one."""
        return self._services.state(name)

    def close(self) -> None:
        """End connections and child processes. A closed workspace opens them again when it is used again."""
        with self._services.lock:
            self._database = None
            self._services.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def workspace_of(context: Context) -> LoadedWorkspace:
    """The workspace that a run is in."""
    workspace = context.workspace
    assert isinstance(workspace, LoadedWorkspace)
    return workspace

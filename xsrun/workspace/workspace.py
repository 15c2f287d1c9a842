"""A workspace: the constructs of some files, and everything their runs share."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from xsrun.diagnostics import Diagnostic
from xsrun.errors import XanoScriptError
from xsrun.evaluator.generated.operations import too_deep
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.fields.declared import of_call
from xsrun.running.context import Answer, Clock, Context, Dispatcher, Identity, Limits, Request, Sleep
from xsrun.running.trace import Trace
from xsrun.running.unfolded_size import check_unfolded
from xsrun.syntax.source import Source
from xsrun.values.conversion import Value
from xsrun.workspace.argument_checks import (
    checked,
    clock_of,
    identity_of,
    keywords_of,
    limits_of,
    object_input,
    require,
    rows_of,
    texts_by_name,
    variables_of,
)
from xsrun.workspace.collection import collect
from xsrun.workspace.construct import RUNNABLE, Construct
from xsrun.workspace.deep_calls import frames_for, with_room
from xsrun.workspace.environment import own_environment
from xsrun.workspace.loader import read_sources, shown_path
from xsrun.workspace.lookup import not_found, same_file
from xsrun.workspace.result import Result

if TYPE_CHECKING:
    from xsrun.database.engine import Database
    from xsrun.database.session import Session
    from xsrun.fields.declared import Declared
    from xsrun.services.files import Upload
    from xsrun.services.network import Hosts, NetworkPolicy
    from xsrun.services.vault import Vault
    from xsrun.syntax.nodes import Document
    from xsrun.syntax.parser import Parsed
    from xsrun.workspace.carrier import Carrier
    from xsrun.workspace.options import Options


class Workspace:
    """Constructs by kind and name, and the database, cache and engines that their runs share.

    A workspace may run from several threads at once. `close()`, or leaving it as a context manager, ends its
    connections and processes.
    """

    def __init__(
        self,
        sources: dict[str, str],
        root: Path | None = None,
        *,
        database: str = "sqlite://",
        env: dict[str, Value] | None = None,
        clock: Clock | int | None = None,
        limits: Limits | None = None,
        network: NetworkPolicy | Hosts = None,
        vault: Vault | str | os.PathLike[str] | None = None,
        cache: str | None = None,
        strict: bool = False,
        base_url: str | None = None,
    ) -> None:
        texts_by_name("sources", sources)
        require("database", database, str, "a URL", "for example sqlite:///file.db")
        require("env", env, (dict, type(None)), "a dict of values by name", 'for example {"KEY": "1"}')
        self.sources = {name: Source(text, name) for name, text in sources.items()}
        self.root = root
        self.strict = strict
        #: what stands before the paths of stored files in their addresses; None takes that of the request
        self.base_url = (base_url or os.environ.get("XSRUN_BASE_URL") or "").rstrip("/") or None
        self.database_url = database
        self.network = network
        self.vault = vault
        #: a Redis server to use for `redis.*` instead of the workspace's own cache
        self.cache_url = cache or os.environ.get("XSRUN_REDIS_URL") or None
        self.limits = limits_of(limits)
        self.clock: Clock = clock_of(clock)
        #: how runs wait: `util.sleep`; another function may take its place
        self.sleep: Sleep = time.sleep
        self.constructs: list[Construct] = []
        self.problems: list[Diagnostic] = []
        self._by_key: dict[tuple[str, str], list[Construct]] = {}
        self._services: dict[str, Any] = {}
        self._database: Database | None = None
        self._lock = threading.RLock()
        #: what runs around constructs; the public API sets it, without it they run bare
        self.dispatcher: Dispatcher | None = None
        #: how workflow tests reach queries; None runs them where they are called (see `xsrun.server.over_http`)
        self.carrier: Carrier | None = None
        self._load()
        self.environment = {**own_environment(self.constructs, self.sources.values(), root), **(env or {})}
        self._frames = frames_for(self.limits.depth)

    # Loading -------------------------------------------------------------------------------------------------------

    @classmethod
    @checked(*keywords_of(__init__))
    def load(cls, path: str | os.PathLike[str], **options: Unpack[Options]) -> Self:
        """Load a file or a folder, as pulled. Raises UsageError when there is nothing to load."""
        require("path", path, (str, os.PathLike), "the path of a file or folder")
        sources, root = read_sources(path)
        return cls(sources, root, **options)

    @classmethod
    @checked(*keywords_of(__init__))
    def from_sources(cls, sources: dict[str, str], **options: Unpack[Options]) -> Self:
        """Make a workspace of texts by file name."""
        return cls(sources, **options)

    def _load(self) -> None:
        self.constructs, self.problems = collect(self.sources.values(), self.structure_problems)
        for construct in self.constructs:
            construct.columns_of = self.columns_of
            construct.signature = self.signature_of
            self._by_key.setdefault((construct.kind, construct.name), []).append(construct)

    def structure_problems(self, parsed: Parsed[Document]) -> list[Diagnostic]:
        """What the tables of the language object to in one file; the public workspace asks the checker."""
        return []

    def shown(self, file: str) -> str:
        """The path of one of its files for messages: from the user's folder, not from the workspace's."""
        return shown_path(self.root, file)

    # Looking up ----------------------------------------------------------------------------------------------------

    def columns_of(self, table: str) -> list[Declared]:
        """The declared columns of a table, for `dblink` fields; none when no file declares it."""
        from xsrun.fields.declared import compile_fields

        for construct in self._by_key.get(("table", table), ()):
            nodes = construct.node.fields_of("schema") if construct.node is not None else None
            return compile_fields(nodes or [], construct.file)
        return []

    def find(
        self,
        name: str | None,
        kind: str | None = None,
        verb: str | None = None,
        api_group: str | None = None,
        file: str | None = None,
    ) -> Construct:
        """The one runnable construct that fits. Raises UsageError when none or several do."""
        for argument, value in {"name": name, "kind": kind, "verb": verb, "api_group": api_group, "file": file}.items():
            require(argument, value, (str, type(None)), "a text")
        candidates = [c for c in self.constructs if c.kind in RUNNABLE and (kind is None or c.kind == kind)]
        if name is not None:
            wanted = name.removeprefix("/")
            candidates = [c for c in candidates if c.name in (name, wanted)]
        if verb is not None:
            candidates = [c for c in candidates if c.verb in (None, verb.upper())]
        if api_group is not None:
            candidates = [c for c in candidates if c.kind != "query" or c.api_group == api_group]
        if file is not None:
            candidates = [c for c in candidates if same_file(c.file, file)]
        if name is None and len(candidates) > 1:
            jobs = [c for c in candidates if c.kind == "run.job"]
            candidates = jobs if len(jobs) == 1 else [c for c in candidates if c.kind != "workflow_test"] or candidates
        if len(candidates) == 1:
            return candidates[0]
        raise not_found(self.constructs, name, kind, file, candidates)

    def lookup(self, kind: str, name: str, verb: str | None = None, api_group: str | None = None) -> Construct | None:
        """The construct of a kind and name, for queries also of a verb and group, or None."""
        found = self._by_key.get((kind, name))
        if found is None or (verb is None and api_group is None):
            return found[0] if found else None
        fitting = [
            c for c in found if verb in (None, c.verb) and (api_group is None or c.api_group in (None, api_group))
        ]
        return fitting[0] if fitting else None

    # Running -------------------------------------------------------------------------------------------------------

    def context(
        self,
        *,
        env: dict[str, Value] | None = None,
        auth: Identity | None = None,
        request: Request | None = None,
        datasource: str = "live",
        test: tuple[str, str] | None = None,
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
            trace=trace,
        )
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
        for argument, value in {"env": env, "headers": headers, "files": files}.items():
            require(argument, value, (dict, type(None)), "a dict by name")
        require("body", body, (bytes, type(None)), "bytes", "write text.encode()")
        if files:
            from xsrun.services.files import upload_of

            given = {**given, **{key: upload_of(file) for key, file in files.items()}}
        request = Request(
            method=construct.verb or "",
            headers=dict(headers or {}),
            body=body,
            input={**given},
            in_path=construct.path_parameters,
        )
        context = self.context(
            env=env,
            auth=identity_of(auth),
            request=request,
            datasource=datasource or "live",
            trace=Trace() if trace else None,
        )
        return self.execute(construct, {**given}, context, variables=variables)

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
        program left for after its response; a server that has yet to send it calls `after_response` itself.
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
        try:
            if admit and self.dispatcher is not None:
                self.dispatcher.admit(construct, context)
            result.response = self.answer(construct, values, context, variables)
            stream = context.head.stream
            if stream is not None and stream.media_type is not None:  # else a server's, which nothing was sent to
                result.stream = stream
                result.response = stream.value if result.response is None else result.response
            check_unfolded(context, result.response)
        except Exception as error:
            result.error = translate(error)
        finally:
            self._finish(context, result, conclude)
        result.duration = time.perf_counter() - started
        if construct.kind == "stack" and isinstance(result.response, dict):
            result.variables = result.response
        return result

    def answer(
        self,
        construct: Construct,
        values: dict[str, Value],
        context: Context,
        variables: dict[str, Value] | None = None,
    ) -> Value:
        """Bind the input and run: the response, or whatever the program raises."""
        if construct.kind in ("run.job", "run.service"):
            return self.run_job(construct, context)
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
        inputs = prepared.bind(values, context)
        return self.invoke(prepared, context, inputs | {f"\0{name}": value for name, value in variables.items()})

    def run_job(self, construct: Construct, context: Context) -> Value:
        """`run.job`: run the function that `main` names, once, with its input (semantics 7.7)."""
        from xsrun.evaluator.stack_functions import compile_expression

        construct.fail_if_broken()
        main = construct.attribute("main" if construct.kind == "run.job" else "pre")
        if main is None:
            return None
        settings = compile_expression(main, construct.file)(context, {})
        response = self.call(context, "function", settings.get("name", ""), settings.get("input") or {})
        post = construct.attribute("post")
        if post is not None:
            after = compile_expression(post, construct.file)(context, {})
            self.call(context, "function", after.get("name", ""), after.get("input") or {})
        return response

    def invoke(self, construct: Construct, context: Context, inputs: dict[str, Value]) -> Value:
        """Run the compiled stack, one call deeper."""
        limit = context.limits.depth
        if limit is not None and context.depth >= limit:
            too_deep(context)
        trace = context.trace
        run = construct.function(trace is not None)
        context.depth += 1
        try:
            if trace is None:
                return run(context, inputs)
            return self._invoke_traced(run, construct, trace, context, inputs)
        finally:
            context.depth -= 1

    def _invoke_traced(
        self, run: Callable[..., Value], construct: Construct, trace: Trace, context: Context, inputs: dict[str, Value]
    ) -> Value:
        caller = trace.file
        trace.file = construct.file
        trace.depth += 1
        for declared in construct.declared:
            secret = inputs.get(declared.name) if getattr(declared, "sensitive", False) else None
            if isinstance(secret, str) and secret:
                trace.secrets.append(secret)
        try:
            return run(context, inputs)
        finally:
            trace.file = caller
            trace.depth -= 1

    def call(self, context: Context, kind: str, name: str, inputs: dict[str, Value], **options: Any) -> Value:
        """Run a construct as part of another run (`function.run` and its kin).

        An input that the call leaves out is taken from the caller's declared input of the same name (semantics 1.7):
        `caller_inputs`.
        """
        construct = self.lookup(kind, name)
        if construct is None:
            raise self.no_target(kind, name)
        caller_inputs = options.get("caller_inputs")
        if caller_inputs:
            inputs = self._inherit(construct, inputs, caller_inputs)
        return self.enter(construct, context, of_call(construct.declared, inputs))

    def signature_of(self, kind: str, name: str) -> list[Declared] | None:
        """The declared inputs of a construct that other code may call directly; None when calls must come here."""
        construct = self.lookup(kind, name)
        if construct is None or any(problem.severity == "error" for problem in construct.problems):
            return None
        if self.dispatcher is not None and self.dispatcher.around(construct) is not None:
            return None
        return construct.declared

    def direct(self, kind: str, name: str) -> Callable[..., Value]:
        """The function of a construct that takes raw inputs by position (`evaluator.compiler.compile_stack`)."""
        construct = self.lookup(kind, name)
        if construct is None:
            raise self.no_target(kind, name)
        return construct.compiled().direct

    def _inherit(self, construct: Construct, inputs: dict[str, Value], caller: dict[str, Value]) -> dict[str, Value]:
        missing = [d.name for d in construct.declared if d.name not in inputs and d.name in caller]
        return {**inputs, **{name: caller[name] for name in missing}} if missing else inputs

    def no_target(self, kind: str, name: str) -> XanoScriptError:
        """The error of a call whose target is not there (semantics 1.7)."""
        from xsrun.diagnostics.suggest import nearest

        close = nearest(name, [c.name for c in self.constructs if c.kind == kind]) if name else None
        title = kind.replace("_", " ").capitalize()
        return XanoScriptError(
            f"{title} does not exist: {kind}:{name or 0}", hint=f"did you mean `{close}`?" if close else None
        )

    def _finish(self, context: Context, result: Result, conclude: bool) -> None:
        """What follows a run: deferred stacks, the session's end, and the parts of the result."""
        status = result.status if context.head.status is None else context.head.status
        result.status = result.error.status if result.error is not None else status
        result.headers = context.head.headers
        if conclude and context.deferred:
            self._run_deferred(context, result)
        try:
            _end_session(context)
        except Exception as error:
            result.error = result.error or translate(error)
        result.logs = context.logs
        result.warnings = context.warnings
        result.trace = context.trace.entries if context.trace is not None else None
        if result.error is not None:
            result.status = result.error.status

    def after_response(self, context: Context, result: Result) -> None:
        """Run what the program left for after its response, once that is sent (`execute` with `conclude=False`).

        Logs and warnings go into those of the result.
        """
        if not context.deferred:
            return
        context.start()
        self._run_deferred(context, result)
        try:
            _end_session(context)
        except Exception as error:
            context.warnings.append(translate(error))

    def _run_deferred(self, context: Context, result: Result) -> None:
        answer = Answer(result.body, result.headers, result.status)
        while context.deferred:
            try:
                context.deferred.pop(0)(answer)
            except Exception as error:  # the response is out: a failure here is logged, not answered
                context.warnings.append(translate(error))

    # Shared services -----------------------------------------------------------------------------------------------

    def open_session(self, context: Context) -> Session:
        """A database session for a run."""
        return self.database.session(context)

    @property
    def database(self) -> Database:
        """The workspace's database, opened at first use."""
        with self._lock:
            if self._database is None:
                from xsrun.database import open_database

                tables = [c for c in self.constructs if c.kind == "table"]
                broken = {table.name: error for table in tables if (error := table.error()) is not None}
                nodes = {one.name: one.node for one in tables if one.node is not None and one.name not in broken}
                opened = open_database(self.database_url, nodes, strict=self.strict)
                opened.broken.update(broken)
                for one in tables:
                    opened.note_file(one.name, one.file)
                if "database" in self._services:
                    opened.follow(self._services["database"])
                self._services["database"] = self._database = opened
            return self._database

    def take_over(self, before: Workspace) -> None:
        """Go on with the services of a workspace that this one replaces: rows, connections, cache, files and keys.

        Runs that began in the other one may still end there.
        """
        self._lock, self._services = before._lock, before._services

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
        rows = rows_of(rows)
        context = self.context(datasource=datasource)
        try:
            context.session.seed(rows)
        finally:
            if context.session_slot is not None:
                context.session_slot.close()

    def service(self, name: str) -> Any:
        """A service by name, made on first use and kept until the workspace is closed."""
        with self._lock:
            if name not in self._services:
                from xsrun.workspace.services import make_service

                self._services[name] = make_service(name, self)
            return self._services[name]

    def close(self) -> None:
        """End connections and child processes. A closed workspace opens them again when it is used again."""
        with self._lock:
            services, self._services, self._database = self._services, {}, None
        for service in services.values():
            end = getattr(service, "close", None)
            if end is not None:
                end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def workspace_of(context: Context) -> Workspace:
    """The workspace that a run is in."""
    workspace = context.workspace
    assert isinstance(workspace, Workspace)
    return workspace


def _end_session(context: Context) -> None:
    if context.session_slot is not None:
        context.session_slot.close()

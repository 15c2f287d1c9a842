"""Running constructs and snippets from the console: what can be run, with which input, and for whom."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from xsrun.errors import XanoScriptError
from xsrun.language.constructs import RUNNABLE
from xsrun.running.context import Identity, Request
from xsrun.server.console.calls import ApiCall, handles, missing, wrong
from xsrun.server.console.data_views import datasource_of, field_of
from xsrun.server.console.keeping import kept_or_less
from xsrun.server.console.tracing import ConsoleTrace
from xsrun.services.files import FileResource
from xsrun.syntax.source import Source
from xsrun.values.conversion import Value
from xsrun.workspace.construct import Construct, text_of

if TYPE_CHECKING:
    from xsrun.fields.declared import Declared

#: What is run by other means: a file's bare list of statements is its own program.
_LEFT_OUT = frozenset(("workflow_test", "stack"))
#: The name of the file that a snippet stands in.
SNIPPET = "snippet.xs"


@handles("GET", "runnable")
def runnable(call: ApiCall) -> dict[str, Value]:
    """What can be run, with its inputs, and the tables whose rows can be the caller."""
    chosen = [one for one in call.workspace.constructs if one.kind in RUNNABLE - _LEFT_OUT]
    found = [{**_named(one), **_taking(one)} for one in chosen]
    auth = [
        one.name
        for one in call.workspace.constructs
        if one.kind == "table" and getattr(one.attribute("auth"), "value", None) is True
    ]
    return {"constructs": found, "auth": auth, "environment": sorted(call.workspace.environment)}


def _named(one: Construct) -> dict[str, Value]:
    return {
        "kind": one.kind,
        "name": one.name,
        "verb": one.verb,
        "group": one.api_group,
        "label": one.label,
        "file": one.file,
        "line": one.line,
        "broken": any(two.severity == "error" for two in one.problems),
        "description": text_of(one.attribute("description")) or "",
        "auth": text_of(one.attribute("auth")) or "",
    }


def _taking(one: Construct) -> dict[str, Value]:
    try:
        return {"fields": [field_of(field) for field in one.declared]}
    except XanoScriptError as error:
        return {"fields": [], "problem": str(error)}


@handles("POST", "run")
def run(call: ApiCall) -> dict[str, Value]:
    """Run a construct (`kind`, `name`, `verb`, `group`) or a snippet (`text`): `input`, `auth` (table, id), `env`,
    `datasource`. Gives the request as it is kept, with its trace."""
    given = call.body()
    text = given.get("text")
    construct = _snippet(call, text) if isinstance(text, str) else _found(call, given)
    inputs = _object(given.get("input"), "input")
    values = {name: _with_files(value, _field(construct, name)) for name, value in inputs.items()}
    return run_construct(call, construct, values, given)


def run_construct(
    call: ApiCall, construct: Construct, values: dict[str, Value], given: dict[str, Value]
) -> dict[str, Value]:
    """Run a construct, traced, and keep how it went."""
    workspace = call.workspace
    env = _object(given.get("env"), "env")
    context = workspace.context(
        env=env or None,
        auth=_identity(given.get("auth")),
        request=Request(method=construct.verb or "", input=values, in_path=construct.path_parameters),
        datasource=datasource_of(call, given.get("datasource")),
        trace=ConsoleTrace(),
    )
    call.console.watch_triggers(context)
    at = context.now()
    result = workspace.execute(construct, {**values}, context)
    entry = call.console.ran(construct, result, context, at, sent=values)
    kept = kept_or_less(entry)
    call.console.keeper.flush()
    number = entry.number if call.console.history.keeps else None
    return {"number": number, "status": kept.status, "failed": kept.failed, "duration": kept.duration, **kept.detail}


def _found(call: ApiCall, given: dict[str, Value]) -> Construct:
    """The construct that a call names. Raises XanoScriptError."""
    wanted = [given.get(name) or None for name in ("kind", "name", "verb", "group")]
    for one in call.workspace.constructs:
        if [one.kind, one.name, one.verb, one.api_group] == wanted and one.kind in RUNNABLE:
            return one
    raise missing(f"there is no {wanted[0] or 'construct'} {wanted[1] or ''} any more")


def _snippet(call: ApiCall, text: str) -> Construct:
    """The construct of a snippet, among those of the workspace. Raises XanoScriptError."""
    from xsrun.workspace.collection import collect

    if not text.strip():
        raise wrong("there is nothing to run")
    workspace = call.workspace
    constructs, problems = collect([Source(text, SNIPPET)], workspace.structure_problems)
    chosen = next((one for one in constructs if one.kind in RUNNABLE), None)
    if chosen is None:
        first = next((one for one in problems if one.severity == "error"), None)
        raise wrong(first.message if first is not None else "there is nothing to run in this snippet")
    chosen.columns_of, chosen.signature = workspace.columns_of, workspace.signature_of
    return chosen


def _field(construct: Construct, name: str) -> Declared | None:
    return next((one for one in construct.declared if one.name == name), None)


def _with_files(value: Value, declared: Declared | None) -> Value:
    """An input whose files, which come as `{file, mime, base64}`, are files."""
    if isinstance(value, list):
        return [_with_files(one, declared) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"file", "mime", "base64"} and declared is not None and declared.type != "json":
        try:
            content = base64.b64decode(str(value["base64"]), validate=True)
        except binascii.Error:
            raise wrong(f"the file of `{declared.name}` is not base64") from None
        return FileResource(str(value["file"]), content, mime=str(value["mime"]) or None)
    schema = {one.name: one for one in declared.schema} if declared is not None else {}
    return {name: _with_files(one, schema.get(name)) for name, one in value.items()}


def _object(given: Value, name: str) -> dict[str, Value]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise wrong(f"`{name}` is not an object")
    return given


def _identity(given: Value) -> Identity | None:
    """Whom a run is for: `{table, id}`."""
    if not isinstance(given, dict) or given.get("id") in (None, ""):
        return None
    identity = given["id"]
    if isinstance(identity, str) and identity.isdigit() and len(identity) < 19:
        identity = int(identity)
    return Identity(identity, str(given.get("table") or ""))

"""Requests as tests: the text of a unit test with its mocks, or of a workflow test, tried before it is saved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from xsrun.server.console.calls import ApiCall, handles, missing, wrong
from xsrun.server.console.request_views import number_of
from xsrun.server.console.source_views import current_text, write_source
from xsrun.server.console.texts_of_tests import added_test, mocks_of, unit_test, workflow_test
from xsrun.server.routes import slug
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.testing.report import Outcome
    from xsrun.workspace.construct import Construct
    from xsrun.workspace.workspace import LoadedWorkspace


@handles("POST", "request/{}/test")
def unit_test_of(call: ApiCall) -> dict[str, Value]:
    """A request as a unit test of its query: `name`; with `save` it is written into the query's file.

    The input is the request's, what the query asks of the world is mocked by what it got, and the response is expected.
    Gives the text of the file with it, its own text, and how it ends.
    """
    kept, construct = _traced(call)
    name = call.given("name").strip()
    if any(test.label == name for test in construct.tests):
        raise wrong(f'{construct.label} has a test "{name}" already', "choose another name")
    text = current_text(call.workspace, construct.file)
    mocks = mocks_of(construct, kept["trace"])
    tried, outcome = "", None
    for strict in (True, False):
        tried = unit_test(name, kept, strict=strict)
        made = added_test(text, construct, name, tried, mocks)
        outcome = run_one(call.workspace, construct.file, made, name, "unit")
        if outcome is not None and outcome.status == "pass":
            break
    if call.body().get("save"):
        write_source(call, construct.file, made, "")
    return {"file": construct.file, "text": made, "test": tried, "mocks": len(mocks), "outcome": shown(outcome)}


@handles("POST", "tests/workflow")
def workflow_test_of(call: ApiCall) -> dict[str, Value]:
    """Some requests, in their order, as a workflow test: `numbers`, `name`; with `save` it is written into a file of
    its own. What one answers and a later one sends is handed on."""
    given = call.body()
    numbers = given.get("numbers")
    if not isinstance(numbers, list) or not numbers or not all(isinstance(one, int) for one in numbers):
        raise wrong("`numbers` is a list of requests")
    name = call.given("name").strip()
    file = f"workflow_test/{slug(name)}.xs"
    if call.workspace.lookup("workflow_test", name) is not None or file in call.workspace.sources:
        raise wrong(f'there is a workflow test "{name}" already', "choose another name")
    call.console.keeper.flush()
    requests = [_whole(call, number) for number in sorted(numbers)]
    text, outcome = "", None
    for strict in (True, False):
        text = workflow_test(name, requests, strict=strict)
        outcome = run_one(call.workspace, file, text, name, "workflow")
        if outcome is not None and outcome.status == "pass":
            break
    if given.get("save"):
        _write_new(call, file, text)
    return {"file": file, "text": text, "test": text, "mocks": 0, "outcome": shown(outcome)}


def _write_new(call: ApiCall, file: str, text: str) -> None:
    root = call.workspace.root
    if root is None:
        raise wrong("this workspace has no folder that a test could be saved in")
    path = root / file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as made:
            made.write(text)
    except FileExistsError:
        raise wrong(f"there is a file {file} already", "choose another name") from None
    except OSError as error:
        raise wrong(f"{file} cannot be written: {error.strerror}") from None
    call.console.reload()


def _traced(call: ApiCall) -> tuple[dict[str, Value], Construct]:
    """A request with its trace, and the query that it went to, as it is now. Raises XanoScriptError."""
    kept = _whole(call, number_of(call))
    if not kept.get("trace"):
        raise wrong("this request was not traced", "replay it, and save that")
    construct = next((one for one in call.workspace.constructs if one.label == kept["query"]), None)
    if construct is None or construct.file != kept["file"]:
        raise missing(f"there is no {kept['query'] or 'query'} any more")
    return kept, construct


def _whole(call: ApiCall, number: int) -> dict[str, Value]:
    """A request as it is kept, its secrets filled in where this process still knows them: tests need them."""
    kept = call.console.keeper.store.one(number)
    if kept is None:
        raise missing(f"request {number} is not kept any more")
    construct = next((one for one in call.workspace.constructs if one.label == kept["query"]), None)
    if construct is None or not kept["query"]:
        raise wrong(f"request {number} went to no query of this workspace")
    kept["group"] = construct.api_group
    recent = call.console.keeper.recent(number)
    if recent is not None and isinstance(recent.sent, dict) and len(json.dumps(recent.input, default=str)) < 100_000:
        kept["input"] = _plain(recent.sent)
    return kept


def _plain(value: Value) -> Value:
    """An input as JSON: a file is what it is called."""
    return json.loads(json.dumps(value, default=lambda one: getattr(one, "name", "file")))


# Trying --------------------------------------------------------------------------------------------------------------


def run_one(workspace: LoadedWorkspace, file: str, text: str, name: str, kind: str) -> Outcome | None:
    """How a test ends in the workspace with this text of a file; None when it cannot be found."""
    from xsrun.api import Workspace

    texts = {other: one.text for other, one in workspace.sources.items()}
    with Workspace({**texts, file: text}, None, env=dict(workspace.environment)) as made:
        report = made.test(name, kind)
    found = [one for one in report.results if one.name == name and one.test_file == file]
    return found[0] if found else None


def shown(outcome: Outcome | None) -> dict[str, Value]:
    """An outcome as the page shows it."""
    if outcome is None:
        return {"status": "error", "message": "the test cannot be read", "line": 0}
    return {"status": outcome.status, "message": outcome.message, "line": outcome.line, "hint": outcome.hint}

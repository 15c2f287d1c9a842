"""What a type checker sees of the public API. Nothing runs this file: `test_typing.py` gives it to mypy.

A line that ends in `# refused: CODE` must be an error with that code, one that ends in `# is: TYPE` must reveal that
type; every other line must pass.
"""

from __future__ import annotations

from pathlib import Path
from typing import reveal_type

import xsrun
from xsrun.server import create_application

# Options -------------------------------------------------------------------------------------------------------------

workspace = xsrun.Workspace.load(
    Path("backend"),
    database="sqlite:///rows.db",
    env={"KEY": "1"},
    clock=lambda: 5,
    limits=xsrun.Limits(steps=10, memory=None),
    network=["example.com"],
    vault="files",
    strict=True,
)
reveal_type(workspace)  # is: xsrun.api.Workspace
xsrun.Workspace.load("backend", databse="sqlite://")  # refused: call-arg
xsrun.Workspace.load("backend", strict="yes")  # refused: arg-type
xsrun.Workspace.load(1)  # refused: arg-type
xsrun.Workspace.from_sources({"a.xs": ""}, clock=5, network=True)
xsrun.Workspace.from_sources({"a.xs": ""}, limit=xsrun.Limits())  # refused: call-arg
xsrun.Workspace.from_sources({"a.xs": ""}, clock="now")  # refused: arg-type
xsrun.Workspace.from_sources(["a.xs"])  # refused: arg-type
xsrun.Workspace({"a.xs": ""}, vaul="files")  # refused: call-arg
with xsrun.Workspace.from_sources({}) as opened:
    reveal_type(opened)  # is: xsrun.api.Workspace
    reveal_type(opened.constructs[0].line)  # is: int

# Running -------------------------------------------------------------------------------------------------------------

result = workspace.run("items", kind="query", input={"page": 1}, verb="GET", auth={"id": 1, "table": "user"})
workspace.run("items", inputs={"page": 1})  # refused: call-arg
workspace.run("items", trace="yes")  # refused: arg-type
workspace.run("items", body="text")  # refused: arg-type
reveal_type(result.status)  # is: int
reveal_type(result.headers)  # is: list[tuple[str, str]]
reveal_type(result.logs[0])  # is: xsrun.running.context.LogEntry
reveal_type(result.warnings[0].message)  # is: str
reveal_type(result.duration)  # is: float
if result.trace is not None:
    reveal_type(result.trace[0].statement)  # is: str
_ = result.error.message  # refused: union-attr
if result.error is not None:
    reveal_type(result.error.code)  # is: str
    reveal_type(result.error.as_dict()["message"])  # is: str
    result.error.as_dict()["mesage"]  # refused: typeddict-item
_ = result.respons  # refused: attr-defined
workspace.seed({"user": [{"name": "Ann"}]})
workspace.seed({"user": [1]})  # refused: list-item

# Testing -------------------------------------------------------------------------------------------------------------

report = workspace.test("adds", kind="unit")
reveal_type(report)  # is: xsrun.testing.report.Report
reveal_type(report.failed)  # is: int
reveal_type(report.results[0].status)  # is: str
_ = report.result  # refused: attr-defined
workspace.test(patern="adds")  # refused: call-arg

# Texts ---------------------------------------------------------------------------------------------------------------

reveal_type(xsrun.parse("var $x { value = 1 }", recover=True))  # is: xsrun.syntax.nodes.Document
xsrun.parse("var $x { value = 1 }", recovr=True)  # refused: call-arg
reveal_type(xsrun.check({"a.xs": ""})[0].line)  # is: int
reveal_type(xsrun.check([Path("a.xs")])[0].as_dict()["severity"])  # is: str
reveal_type(xsrun.format("var $x { value = 1 }"))  # is: str
xsrun.evaluate("$a + 1", {"a": 1}, env={"KEY": "1"})
xsrun.evaluate("$a + 1", variable={"a": 1})  # refused: call-arg
xsrun.evalute("1")  # refused: attr-defined
xsrun.UsageError("misuse", hint="write it so", lin=1)  # refused: call-arg

# Serving -------------------------------------------------------------------------------------------------------------

reveal_type(create_application(workspace, docs=False))  # is: xsrun.server.application.Application
create_application(workspace, max_bdy=1)  # refused: call-arg
create_application(workspace, programs="many")  # refused: arg-type
create_application("backend")  # refused: arg-type

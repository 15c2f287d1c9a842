"""A test run as a JUnit XML file, in the dialect that CI servers validate (pytest's `xunit2`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree import ElementTree

from xsrun.testing.report import Outcome, Report

#: Characters that XML 1.0 cannot hold.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_document(report: Report, now: int) -> bytes:
    """The XML document: one suite for each construct. `now` is in milliseconds since the epoch."""
    root = ElementTree.Element("testsuites")
    moment = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for construct, outcomes in _grouped(report.results):
        suite = ElementTree.SubElement(root, "testsuite", _suite_attributes(construct, outcomes, moment))
        for outcome in outcomes:
            _add_case(suite, construct, outcome)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _grouped(outcomes: Iterable[Outcome]) -> list[tuple[str, list[Outcome]]]:
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.construct, []).append(outcome)
    return list(groups.items())


def _suite_attributes(construct: str, outcomes: list[Outcome], moment: str) -> dict[str, str]:
    return {
        "name": _clean(construct),
        "tests": str(len(outcomes)),
        "failures": str(sum(one.status == "fail" for one in outcomes)),
        "errors": str(sum(one.status == "error" for one in outcomes)),
        "skipped": str(sum(one.status == "skipped" for one in outcomes)),
        "time": f"{sum(one.duration for one in outcomes):.3f}",
        "timestamp": moment,
        "hostname": "localhost",
    }


def _add_case(suite: ElementTree.Element, construct: str, outcome: Outcome) -> None:
    names = {"classname": _clean(construct), "name": _clean(outcome.name), "time": f"{outcome.duration:.3f}"}
    case = ElementTree.SubElement(suite, "testcase", names)
    if outcome.status == "skipped":
        ElementTree.SubElement(case, "skipped", {"message": "switched off"})
    if not outcome.failed:
        return
    first = outcome.message.partition("\n")[0]
    tag = "error" if outcome.status == "error" else "failure"
    problem = ElementTree.SubElement(case, tag, {"message": _clean(first), "type": outcome.status})
    problem.text = _clean("\n".join(_details(outcome)))


def _details(outcome: Outcome) -> list[str]:
    lines = []
    for message, file, line, more in outcome.problems():
        lines += [f"{file}:{line}: {message}", *(f"  {text}" for text in more)]
    return [*lines, *([f"help: {outcome.hint}"] if outcome.hint else [])]


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)

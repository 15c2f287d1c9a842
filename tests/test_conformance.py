"""Every conformance case, one test each. What does not pass yet is listed in `conformance/pending.json`, and why.

A pending case that passes fails here, so that the list never lies.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import xsrun

FOLDER = Path(__file__).parent / "conformance"


def load_runner() -> Any:
    spec = importlib.util.spec_from_file_location("conformance_run", FOLDER / "run.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RUNNER = load_runner()
PENDING: dict[str, str] = json.loads((FOLDER / "pending.json").read_text(encoding="utf-8"))
DISPUTED = set(re.findall(r"`([^`\s]+)`", (FOLDER / "disputed.md").read_text(encoding="utf-8")))


def suite_of(path: Path, case: dict[str, Any]) -> str:
    """Which runner judges a case: by the file, or where that is named otherwise by the form of the case."""
    if path.stem in RUNNER.SUITES:
        return path.stem
    if "expr" in case:
        return "filters"
    if "check" in case:
        return "feedback"
    return "parse" if "valid" in case else "runtime"


def is_disputed(case: dict[str, Any]) -> bool:
    return (
        bool(case.get("disputed"))
        or case.get("confidence") in ("contested", "likely")
        or any("CONTESTED" in text for text in case.get("checks", ()))
        or case["id"] in DISPUTED
    )


def cases() -> Iterator[Any]:
    for path in [*sorted(FOLDER.glob("*.jsonl")), *sorted((FOLDER / "own").glob("*.jsonl"))]:
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line.strip():
                continue
            case = json.loads(line)
            if not is_disputed(case):
                yield pytest.param(suite_of(path, case), case, id=f"{path.stem}/{case['id']}")


@pytest.mark.parametrize(("suite", "case"), list(cases()))
def test_case(suite: str, case: dict[str, Any], request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.id
    ok, seen = RUNNER.SUITES[suite](case, xsrun)
    if ok is None:
        pytest.skip(str(seen))
    if name in PENDING:
        assert not ok, f"{name} passes now: take it off pending.json"
        pytest.xfail(PENDING[name])
    assert ok, f"seen: {seen}"


def test_pending_cases_exist() -> None:
    known = {parameter.id for parameter in cases()}
    assert set(PENDING) <= known

"""Hostile programs: each ends in time and within its memory, with an error of its own at most (`hardening/run.py`).

What does not pass yet stands in `PENDING` with the reason. A pending case that passes fails here, so that the list
never lies; since most of them only end when their time is over, they run with `-m slow`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "hardening"

WALKS = "what walks a value does not count what it unfolds"
INSIDE = "time and memory are looked at between steps only"
REALM = "a lambda changes what the next one sees"
#: id of a case -> what is missing
PENDING = {
    **dict.fromkeys(
        (
            "shared-api_request",
            "shared-debug_stop",
            "shared-equality",
            "shared-flatten",
            "shared-jws",
            "shared-lambda",
            "shared-throw",
            "shared-trace",
        ),
        WALKS,
    ),
    **dict.fromkeys(
        ("geo-blanks", "memory-limit", "time-filter", "time-passes", "time-password", "time-to-expr"), INSIDE
    ),
    **dict.fromkeys(("js-decode-takeover", "js-module-leak"), REALM),
}
#: cases that pass, and take more than some seconds
LONG = {"check-unknown-reads", "shared-template"}


def load_runner() -> Any:
    """`hardening/run.py` as a module."""
    spec = importlib.util.spec_from_file_location("hardening_run", FOLDER / "run.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RUNNER = load_runner()


def cases() -> Iterator[Any]:
    """Each case, with the marks that its id asks for."""
    for case in RUNNER.read_cases():
        marks = []
        if case["id"] in PENDING:
            marks.append(pytest.mark.xfail(reason=PENDING[case["id"]], strict=True))
        if case["id"] in PENDING or case["id"] in LONG:
            marks.append(pytest.mark.slow)
        yield pytest.param(case, id=case["id"], marks=marks)


@pytest.mark.parametrize("case", list(cases()))
def test_hostile_program(case: dict[str, Any]) -> None:
    assert RUNNER.perform(case) is None


def test_the_list_of_what_is_pending_names_cases() -> None:
    assert {*PENDING, *LONG} <= {case["id"] for case in RUNNER.read_cases()}


def test_a_program_that_does_not_end_is_ended() -> None:
    endless = {"command": ["eval", "1"], "files": {}, "exit": [0], "seconds": 0, "memory": 900}
    assert RUNNER.perform(endless) == "not over after 0 s"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"exit": [2]}, "exit 0: 2\n"),
        ({"shows": "3"}, "does not show '3': 2\n"),
        ({"hides": "2"}, "shows '2'"),
        ({"absent": "a.xs"}, "made the file a.xs"),
        ({"memory": -1}, " MB, allowed -1"),
    ],
)
def test_what_is_wrong_is_told(change: dict[str, Any], told: str) -> None:
    case = {"command": ["eval", "1 + 1"], "files": {"a.xs": ""}, "exit": [0], "seconds": 60, "memory": 900, **change}
    assert RUNNER.perform(case).endswith(told)

"""Hostile programs: each ends in time and within its memory, with an error of its own at most (`hardening/run.py`)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "hardening"


def load_runner() -> Any:
    """`hardening/run.py` as a module."""
    spec = importlib.util.spec_from_file_location("hardening_run", FOLDER / "run.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RUNNER = load_runner()


@pytest.mark.parametrize("case", RUNNER.read_cases(), ids=lambda case: case["id"])
def test_hostile_program(case: dict[str, Any]) -> None:
    assert RUNNER.perform(case) is None


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

"""What SECURITY.md promises is tested by what it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
POLICY = (TESTS.parent / ".github" / "SECURITY.md").read_text(encoding="utf-8")
_NAMED = re.compile(r"`(test_\w+\.py)`")


def promises() -> list[tuple[str, list[str]]]:
    """The rows of the table of promises: what is promised, and the modules that test it."""
    section = POLICY.partition("## What is promised")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    return [(promise.strip(), _NAMED.findall(tests)) for promise, tests in rows[1:]]


@pytest.mark.parametrize(("promise", "modules"), promises(), ids=[promise[:40] for promise, _ in promises()])
def test_a_promise_is_tested(promise: str, modules: list[str]) -> None:
    assert promise.endswith(".") and modules
    assert len(set(modules)) == len(modules)


def test_the_modules_are_there_and_hold_tests() -> None:
    named = set(_NAMED.findall(POLICY))
    assert len(named) >= 20 and len(promises()) >= 15
    without = [
        name for name in named if not (TESTS / name).is_file() or "\ndef test_" not in (TESTS / name).read_text("utf-8")
    ]
    assert without == []


def test_every_part_is_there() -> None:
    headings = re.findall(r"^## (.+)$", POLICY, re.MULTILINE)
    assert headings == [
        "Who is trusted with what",
        "What is promised, and what tests it",
        "What is not promised",
        "Reporting",
    ]

"""The database's conformance cases on a SQLite file and on PostgreSQL; in memory `test_conformance` runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from databases import new_database
from test_conformance import DISPUTED, FOLDER, PENDING, RUNNER, is_disputed, suite_of

import xsrun

FILES = ("runtime", "documented", "feedback", "live_runtime", "own/database")


def touches_database(case: dict[str, Any]) -> bool:
    return ("db." in json.dumps(case) or "seed" in case) and case.get("kind") not in ("parse", "lint", "cli")


def cases() -> Iterator[Any]:
    for name in FILES:
        path: Path = FOLDER / f"{name}.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            known = f"{path.stem}/{case['id']}"
            if touches_database(case) and not is_disputed(case) and known not in PENDING and case["id"] not in DISPUTED:
                yield pytest.param(suite_of(path, case), case, id=known)


class Elsewhere:
    """xsrun as the runner sees it, its workspaces on another database."""

    def __init__(self, backend: str) -> None:
        self._backend = backend
        self._made: list[xsrun.Workspace] = []

    @property
    def Workspace(self) -> Any:  # noqa: N802 - the name of the public API
        return self

    def from_sources(self, sources: dict[str, str], **options: Any) -> xsrun.Workspace:
        made = xsrun.Workspace.from_sources(sources, database=new_database(self._backend), **options)
        self._made.append(made)
        return made

    def close(self) -> None:
        for workspace in self._made:
            workspace.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(xsrun, name)


@pytest.mark.parametrize("backend", ["file", "postgres"])
@pytest.mark.parametrize(("suite", "case"), list(cases()))
def test_case(suite: str, case: dict[str, Any], backend: str) -> None:
    elsewhere = Elsewhere(backend)
    try:
        ok, seen = RUNNER.SUITES[suite](case, elsewhere)
    finally:
        elsewhere.close()
    if ok is None:
        pytest.skip(str(seen))
    assert ok, f"seen: {seen}"

"""Programs checked together: by one process, by several, or from what was kept, always with the same result."""

from __future__ import annotations

from pathlib import Path

import pytest

from xsrun.analysis import check_cache, crew

PROGRAMS = [
    {f"program_{number}/run.xs": f'run.job j{number} {{\n  main = {{name: "f"}}\n}}\n', f"program_{number}/f.xs": text}
    for number, text in enumerate(
        [
            'function f {\n  input {\n  }\n\n  stack {\n  }\n\n  response = "a"|length\n}\n',
            "function f {\n  input {\n    string name\n  }\n\n  stack {\n  }\n\n  response = null\n}\n",
            "function f {\n  input {\n  }\n\n  stack {\n  }\n\n  response = $nothing\n}\n",
        ]
    )
]


def test_several_processes_find_what_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "available_processors", lambda: 2)
    monkeypatch.setenv("XSRUN_CACHE", str(tmp_path / "one"))
    alone = check_cache.check_programs(PROGRAMS)
    assert len({problem.file for problem in alone}) == 3
    monkeypatch.setenv("XSRUN_CACHE", str(tmp_path / "two"))
    monkeypatch.setattr(crew, "_SHARED_FROM", 0)
    assert check_cache.check_programs(PROGRAMS) == alone
    assert len([*(tmp_path / "two" / "check").iterdir()]) == len(PROGRAMS)
    assert check_cache.check_programs(PROGRAMS) == alone

"""The programs and filters under pytest-benchmark, which keeps the figures of a run and compares later ones with them.

    pytest tests/benchmarks/workloads.py --benchmark-autosave
    pytest tests/benchmarks/workloads.py --benchmark-compare --benchmark-compare-fail=median:10%

Each group holds one workload and its Python twin. pytest-benchmark measures one side after the other; the ratios of
the guide `speed` come from `python tests/benchmarks`, whose two sides take turns and so share what slows the machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from evaluator import WORKLOADS, running
from filters import FILTERS, PASSES, VARIABLES, source

import xsrun

SIDES = pytest.mark.parametrize("side", ["xsrun", "python"])


@SIDES
@pytest.mark.parametrize("name", WORKLOADS)
def test_program(benchmark: Any, name: str, side: str) -> None:
    benchmark.group = name
    program, twin = WORKLOADS[name]
    with xsrun.Workspace.from_sources({"main.xs": program}) as workspace:
        run = running(workspace)
        assert benchmark(run if side == "xsrun" else twin) == twin()


@SIDES
@pytest.mark.parametrize("name", FILTERS)
def test_filter(benchmark: Any, name: str, side: str) -> None:
    benchmark.group = f"|{name}, {PASSES:,} times"
    expression, twin = FILTERS[name]
    with xsrun.Workspace.from_sources({"a.xs": source(expression)}) as workspace:

        def ours() -> Any:
            return workspace.run(variables=VARIABLES)

        result = benchmark(ours if side == "xsrun" else repeated(twin))
        assert side == "python" or (result.error is None and result.variables["x"] == twin())


def repeated(twin: Callable[[], Any]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(PASSES):
            twin()

    return run

"""How every benchmark here measures: both sides take turns, in CPU time of the process, and medians are compared.

A busy machine slows both sides alike and lengthens neither's CPU time by waiting; taking turns spreads what remains.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

#: One sample takes at least this long, in seconds, so that the clock's own cost does not matter.
_SAMPLE = 0.01


def seconds(function: Callable[[], Any], times: int) -> float:
    """CPU seconds of one call, over a number of calls."""
    started = time.process_time()
    for _ in range(times):
        function()
    return (time.process_time() - started) / times


def compare(ours: Callable[[], Any], twin: Callable[[], Any], runs: int) -> tuple[float, float]:
    """Median CPU seconds of one call of each, over samples that take turns. What comes first only warms up."""
    times = [max(1, int(_SAMPLE / max(seconds(function, 1), 1e-7))) for function in (ours, twin)]
    samples = [(seconds(ours, times[0]), seconds(twin, times[1])) for _ in range(runs)]
    return statistics.median(one for one, _ in samples), statistics.median(one for _, one in samples)
